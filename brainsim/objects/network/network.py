"""Networks: sets of objects that run together, explicitly or by magic."""
from __future__ import annotations

import inspect
import logging
import time as wall
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from brainsim.errors import (
    UnknownName,
    WrongState,
    WrongValue,
    near,
)
from brainsim.lowering.schedule import checked_schedule, ordered
from brainsim.model.tasks import HostCall
from brainsim.objects.gradients.event_gradients import event_functional, refuse_options_of_the_grid
from brainsim.objects.gradients.functional import functional
from brainsim.objects.groups.clock import Clock, check_change, fastest_of, run_length
from brainsim.objects.groups.equation_group import EquationGroup
from brainsim.objects.groups.group import Group
from brainsim.objects.groups.named import BrianObject
from brainsim.objects.groups.random_state import random_state
from brainsim.objects.looks import html
from brainsim.objects.looks.description import Description
from brainsim.objects.looks.memory import MemoryEstimate
from brainsim.objects.looks.optional import optional
from brainsim.objects.looks.schedule_summary import Entry, SchedulingSummary
from brainsim.objects.looks.timings import Timings
from brainsim.objects.names.functions import refuse_only_compiled
from brainsim.objects.names.implementations import add_natives
from brainsim.objects.names.namespace import RunNamespace
from brainsim.objects.names.outside import Outside, outsides
from brainsim.objects.names.structure import structure_changed, structure_version
from brainsim.objects.network.advance import Advancing
from brainsim.objects.network.describe import describe
from brainsim.objects.network.devices import get_device
from brainsim.objects.network.prepare import check, owners, reduced, tasks_of, values_of
from brainsim.objects.network.replaying import (
    Following,
    keep_course,
    kept_for_replay,
)
from brainsim.objects.runs.precision import PrecisionReport, compare
from brainsim.objects.runs.simulation import Simulation
from brainsim.objects.synapses.synapses import reductions
from brainsim.options import prefs
from brainsim.pipeline import Prepared, Values, choose_target, explain, functions_of, host_kernels, prepare
from brainsim.runtime.progress import reporter
from brainsim.stages import STAGES, watched
from brainsim.units import Quantity
from brainsim.units.dimensions import SECOND

logger = logging.getLogger("brainsim")
TEN_SECONDS = Quantity(10.0, SECOND)


class Network(Advancing):
    """Objects that are simulated together: ``Network(G, S, M)``, then ``run``.

    Objects may be given in lists, tuples and dictionaries. An object belongs to one network.
    """

    def __init__(self, *objects: Any, name: str = "network*"):
        super().__init__(name)
        self._prepared_for: tuple[object, ...] = ()
        self._externals: list[Outside] = []
        self._schedule: tuple[str, ...] | None = None
        self._new_values = False
        self._following = Following()
        self._watched: list[tuple[weakref.ref[EquationGroup], str, np.ndarray]] = []
        self._timings: dict[str, float] = {}
        self._spent: dict[str, float] = {}      #: seconds by stage of the last run
        self._profile: dict[str, float] | None = None
        self._profiled = False
        self._threads: int | None = None
        self.add(*objects)

    # -- time ----------------------------------------------------------------------------------------------------------
    @property
    def schedule(self) -> list[str]:
        """Slots of a time step, in order."""
        return list(self._schedule
                    or checked_schedule(tuple(prefs["core.network.default_schedule"])))

    @schedule.setter
    def schedule(self, slots: Any) -> None:
        self._schedule = None if slots is None else checked_schedule(slots)
        structure_changed()

    # -- running -------------------------------------------------------------------------------------------------------
    def run(self, duration: Any, report: object = None, report_period: Any = TEN_SECONDS,
            namespace: Mapping[str, object] | None = None, profile: bool | None = None, level: int = 0,
            threads: int | None = None) -> None:
        """Simulate for ``duration`` (a time; 0 prepares everything). Names are looked up in ``namespace``, or in the
        caller's frame.

        ``report``: 'text', 'stderr', 'bar' or a function of (elapsed, completed, start, duration). ``threads``: how
        many threads the compiled target may use, by default ``prefs.codegen.threads``; results are the same for any
        number. Raises `WrongValue` for a negative duration, and whatever is wrong with the model; the network stays
        usable.
        """
        length = run_length(duration, "run(0*ms) prepares everything; a network goes back in time by restore()")
        say = reporter(report)
        if threads is not None and (not isinstance(threads, int) or not 1 <= threads <= 64):
            raise WrongValue("threads= is a whole number from 1 to 64", found=repr(threads))
        self._threads = threads
        self._profiled = bool(profile)
        start = self._t
        self._simulate(length, RunNamespace.given(namespace, level), say, float(report_period))
        get_device().ran(self._timings["run"], (self._t - start) / length if length else 1.0)
        self._profile = dict(self._prepared.spent) if profile and self._prepared is not None else None

    def compile(self, duration: Any = None, namespace: Mapping[str, object] | None = None,
                level: int = 0) -> Simulation:
        """Prepare everything now, once, for many runs from here: ``sim.run(params={'G.tau': 5*ms})``,
        ``sim.sweep({...})``.

        ``duration``: how long those runs are unless they say otherwise. Names are looked up as `run` does, now. What
        happens to the network later does not reach the simulation.
        """
        if duration is not None:
            run_length(duration, "duration= is how long each run of the simulation is, 1*second for example")
        run = RunNamespace.given(namespace, level)
        self._profiled = False
        self.prepare_for(run)
        return Simulation(self, run, duration)

    def functional(self, duration: Any, params: Sequence[str] | str | None = None, inputs: Sequence[str] = (),
                   outputs: Sequence[str] = (), batch: int | None = None, surrogate: Any = "superspike(alpha=10)",
                   reset_grad: str = "full", checkpoint: Any = None, truncate: int | None = None,
                   namespace: Mapping[str, object] | None = None, level: int = 0, grad: str = "surrogate",
                   **options: Any) -> Any:
        """The network as a pure function of JAX, ``sim(params, inputs, key)`` → outputs, for ``jax.grad``, ``jit``,
        ``vmap``.

        ``params``: names as for `compile`: variables and their initial values (``'S.w'``, ``'G.v'``), constants
        (``'tau'``); None or ``'trainable'`` for those that the equations flag, ``'w : 1 (trainable, bounds=(0, 1))'``.
        ``inputs``: variables that the caller gives for each step, or the spikes of a group (``'inp.spikes'``): arrays
        (steps, elements); what the network computes itself (``'G.v'``) is replaced at the beginning of steps, or pulled
        at (`brainsim.objects.gradients.functional.Pull`). ``outputs``: variables at the end of each step, ``'G.v[-1]'``
        at the end of the run only, ``'G.spikes'`` (floats 0 and 1), or the names of monitors. ``batch``: so many trials
        at a time; inputs and outputs get a first axis. ``surrogate``: the derivative that stands for that of a spike
        (`brainsim.model.surrogates`), by name or as a formula in the margin x; or one for each group, ``{'G':
        'sigmoid(alpha=4)'}``. ``reset_grad``: ``'full'`` differentiates the reset, ``'value'`` holds back the gradient
        of the spike in it, ``'jump'`` that of the values before and after. ``checkpoint``: ``'sqrt'``, ``'log'`` or a
        number of steps, for less memory and more time. ``truncate``: gradients end after so many steps.
        ``grad='events'``: continuous time and exact gradients instead, of delays and spike times too; see
        `event_functional` for inputs, outputs and the options ``max_spikes`` and ``step``. Raises `UnknownName` for
        names that do not exist and `Unsupported` for what has no gradient.
        """
        if grad not in ("surrogate", "events"):
            raise WrongValue("grad= is 'surrogate' or 'events'", found=repr(grad))
        known = ("max_spikes", "step") if grad == "events" else ()
        for name in options:
            if name not in known:
                asked = near(name, [*inspect.signature(self.functional).parameters, *known])
                raise UnknownName(f"net.functional has no option '{name}'",
                                  help="it belongs to grad='events'" if name in ("max_spikes", "step") else asked)
        if grad == "events":
            refuse_options_of_the_grid(batch, surrogate, reset_grad, checkpoint, truncate)
            return event_functional(self, duration, params, inputs, outputs or None, namespace=namespace, level=level,
                                    **options)
        return functional(self, RunNamespace.given(namespace, level), duration, params, inputs, outputs, batch,
                          surrogate, reset_grad, checkpoint, truncate)

    def prepare_for(self, run: RunNamespace) -> None:
        """Everything up to a built program, unless what there is still holds."""
        if self._ready(run):
            return
        spent: dict[str, float] = {}
        with watched(spent, "resolve"):
            self._prepare(run)
        self._spent = spent

    def run_with_key(self, length: float, run: RunNamespace, key: int) -> None:
        """A run of so many seconds with random numbers from this key."""
        self._key, self._seed_version, self._origins, self._profiled = key, random_state.version, {}, False
        self._simulate(length, run, None, float(TEN_SECONDS))

    @property
    def prepared(self) -> Prepared:
        """The built program; `WrongState` before anything was prepared."""
        if self._prepared is None:
            raise WrongState(f"{self.name} has not been prepared", help="run(0*ms) prepares everything")
        return self._prepared

    @property
    def has_hosts(self) -> bool:
        """Whether network operations take part."""
        return self._has_hosts

    @property
    def externals(self) -> tuple[Outside, ...]:
        """Names from outside that the prepared program uses."""
        return tuple(self._externals)

    def values_now(self) -> Values:
        """Arrays, queues, sizes and scalars of all objects, as a prepared program needs them."""
        return values_of(self._all(), self.prepared.tasks)

    def _simulate(self, length: float, run: RunNamespace, say: Any, period: float) -> None:
        began = wall.perf_counter()
        start = self._t
        hooked = self._with_hooks()
        self._call_before(hooked, run)
        self.prepare_for(run)
        assert self._prepared is not None
        state, prepared = self._prepared.state, self._prepared
        key = self._key_now()
        if self._rebind:
            state.seed = key
            prepared.executable.bind(state)
            self._rebind = False
        elif self._new_values or key != state.seed:
            state.seed = key
            prepared.executable.load_params(state)
        self._new_values = False
        end = start + length if self._every_clock else start
        fastest = fastest_of(self._every_clock)
        for k, clock in enumerate(self._clocks):
            state.step[k], state.end[k], state.dt[k] = clock.steps_until(start, fastest), clock.steps_until(
                end, fastest), clock.spacing or fastest
            clock.step = int(state.step[k])
            state.origin[k] = self._origins.setdefault(clock, clock.step)
        self._timings["prepare"] = wall.perf_counter() - began
        replay = self._following.begin(self._all, state)
        self._advance(prepared, start, end, say, period)
        if replay is not None:
            replay.end(state)
        self._timings["run"] = self._spent["run"] = wall.perf_counter() - began - self._timings["prepare"]
        self._check_accuracy()
        self._warn_of_invalid()
        for o in hooked:
            o.after_run()

    def _with_hooks(self) -> list[BrianObject]:
        """Objects of users' classes that want to be told of runs."""
        plain = BrianObject.before_run, BrianObject.after_run
        return [o for o in self._all() if (type(o).before_run, type(o).after_run) != plain]

    def _call_before(self, hooked: list[BrianObject], run: RunNamespace) -> None:
        """`before_run`, with the names visible to the run."""
        names = {n: x for place in reversed(run.places) for n, x in place.items()} if hooked else {}
        for o in hooked:
            o.before_run(names)

    # -- preparing -----------------------------------------------------------------------------------------------------
    def _signature(self) -> tuple[object, ...]:
        return (structure_version(), prefs["codegen.target"], prefs["codegen.math"], prefs["codegen.passes"],
                prefs["codegen.compiler"], prefs["codegen.threads"] if self._threads is None else self._threads,
                prefs["legacy.refractory_timing"], self._profiled)

    def _ready(self, run: RunNamespace) -> bool:
        """Whether the prepared program still holds; new values of outside names are taken over."""
        if self._prepared is None or self._prepared_for != self._signature():
            return False
        params = self._prepared.state.params
        states = reductions(self._all())
        if not all(r.holds() for r in states):
            return False
        for outside in self._externals:
            if not outside.same(run):
                if any(r.relies_on(outside.found.program) for r in states):
                    return False
                if not outside.refresh(run, params):
                    return False
                self._new_values = True
        return True

    def _prepare(self, run: RunNamespace) -> None:
        for o in self._all():
            o.notice_use()
        every = list(dict.fromkeys(o.clock for o in self._all()))
        dts = {clock: clock.dt_ for clock in every if isinstance(clock, Clock)}
        for clock, dt in dts.items():
            if self._dts.get(clock, dt) != dt:
                check_change(self._t, self._dts[clock], dt)
        for each in every:
            each.step = each.steps_until(self._t, fastest_of(every))
        check(self._all(), self.name, self._mark)
        unreduced = tasks_of(self._all(), run)
        tasks = reduced(self._all(), unreduced, self.schedule)
        values = values_of(self._all(), tasks)
        target = choose_target(self._threads)
        if target.traits.calls_functions:
            refuse_only_compiled(functions_of(tasks), target.name)
        else:
            add_natives(values, functions_of(tasks))
        self._prepared = prepare(tasks, values, self.schedule, target, self._profiled)
        self._following.anew()
        keep_course(self._all(), unreduced, values, self.schedule, self._prepared)
        by_name = {o.clock.name: o.clock for o in self._all()}
        self._clocks = [by_name[name] for name in self._prepared.program.clocks]
        self._externals = outsides(tasks, owners(self._all()), run)
        self._has_hosts = bool(host_kernels(self._prepared))
        self._watched = [(weakref.ref(o), name, values) for o in self._with_equations()
                         for name, values in o.integrated_values()]
        self._rebind = True
        for o in self._all():
            o.join_network(self._mark)
        self._every_clock, self._dts = every, dts
        self._prepared_for = self._signature()

    # -- during and after a run ----------------------------------------------------------------------------------------
    def _warn_of_invalid(self) -> None:
        for owner, name, values in self._watched:
            if not float(np.dot(values, values)) < 1e90 and (o := owner()) is not None:
                o.warn_if_invalid(name, values)

    # -- looking inside ------------------------------------------------------------------------------------------------
    def explain(self, stage: str = "model", level: int = 0) -> str:
        """A stage of the way to the machine as text: 'model', 'passes' (what each of them did), 'program', 'plan' (how
        compiled code runs each loop) or 'source'."""
        run = RunNamespace.of_caller(level)
        self.prepare_for(run)
        assert self._prepared is not None
        return explain(self._prepared, stage)

    def describe(self, format: str = "markdown", level: int = 0) -> Description:
        """Tables for a paper (Nordlie et al. 2009): populations, connections, equations, values. ``str`` of it is
        Markdown or LaTeX.

        Names of the script that equations use have the values they have now. `WrongValue` for another format.
        """
        return describe(self.name, self._objects, RunNamespace.of_caller(level), format)

    def memory_estimate(self, duration: Quantity | None = None) -> MemoryEstimate:
        """Bytes of all objects as they are, and of the records of a further run of this ``duration`` where one is
        given. Builds nothing.

        `Synapses.memory_estimate` counts synapses that are yet to be made.
        """
        length = 0.0 if duration is None else run_length(duration,
                                                         "without one, memory_estimate() counts what exists now")
        lines = [line for o in self._all() for line in o.memory_lines(o.clock.steps_until(length))]
        return MemoryEstimate([*lines, *kept_for_replay(self.name, self._all())])

    def scheduling_summary(self) -> SchedulingSummary:
        """What runs in a time step, in order; inactive objects too."""
        clocks = {o.clock.name: o.clock for o in self._all()}
        active = tasks_of(self._all(), RunNamespace.of_caller())
        idle = [
            HostCall(name=o.name, clock=o.clock.name, when=o.when, order=o.order) for o in self._all() if not o.active
        ]
        return SchedulingSummary(
            Entry(t.name, t.when, t.order, clocks[t.clock].pace, t.clock, not any(t is x for x in idle))
            for t in ordered([*active, *idle], self.schedule))

    @property
    def profiling_info(self) -> list[tuple[str, Quantity]]:
        """Name and time of each scheduled object in the last run; `WrongValue` unless it ran with ``profile=True``."""
        if self._profile is None:
            raise WrongValue(f"{self.name} has not been profiled", help="run(..., profile=True)")
        return [(name, Quantity(spent, SECOND)) for name, spent in self._profile.items()]

    def precision_report(self, duration: Any, seed: int = 0, namespace: Mapping[str, object] | None = None,
                         level: int = 0) -> PrecisionReport:
        """What single precision would do to this model: a run from here in float64 and one in float32, with the same
        seed, compared.

        For each trace, each variable at the end and each record of events: how far the two are apart, and from when on.
        The network is as before afterwards.
        """
        run = RunNamespace.given(namespace, level)
        return compare(
            self, lambda: self.compile(duration, {n: v for place in run.places[::-1]
                                                  for n, v in place.items()}).run(seed=seed))

    def timings(self) -> Timings:
        """Seconds by stage: of the objects since they were made, of the last preparation and the last run."""
        objects = [o.seconds_spent for o in self._all()]
        return Timings({name: sum(part.get(name, 0.0) for part in [*objects, self._spent]) for name in STAGES})

    def get_profiling_info(self) -> list[tuple[str, Quantity]]:
        """As `profiling_info`."""
        return self.profiling_info

    def to_pandas(self) -> dict[str, Any]:
        """A table for each object that has values, by name."""
        return {o.name: o.to_pandas() for o in self._objects if isinstance(o, Group)}

    def to_xarray(self) -> Any:
        """An `xarray.DataTree` with a data set for each object that has values; ``tree.to_netcdf(file)`` keeps it."""
        tree = optional("xarray", "Data sets").DataTree.from_dict(
            {o.name: o.to_xarray() for o in self._objects if isinstance(o, Group)}, name=self.name)
        tree.attrs["t"] = self.t_
        return tree

    def _repr_html_(self) -> str:
        rows = [(o.name, type(o).__name__, o.clock.pace) for o in self._objects]
        return html.table("Network", ("object", "kind", "dt"), rows, f"{self.name}, t = {self.t}")

    def __repr__(self) -> str:
        return f"Network({', '.join(o.name for o in self._objects)}; t={self.t})"
