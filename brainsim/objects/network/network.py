"""Networks: sets of objects that run together, explicitly or by magic."""
from __future__ import annotations

import inspect
import logging
import pickle
import time as wall
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from brainsim.errors import (
    BrainsimError,
    BrianObjectException,
    NotStored,
    UnknownName,
    WrongState,
    WrongType,
    WrongValue,
    inside,
    near,
)
from brainsim.integrators.adaptive import GIVEN_UP
from brainsim.lowering.schedule import checked_schedule, ordered
from brainsim.model.tasks import HostCall, Task
from brainsim.objects.gradients.event_gradients import event_functional, refuse_options_of_the_grid
from brainsim.objects.gradients.functional import functional
from brainsim.objects.groups.clock import BaseClock, Clock, EventClock, check_change, fastest_of, run_length
from brainsim.objects.groups.group import Group, whole
from brainsim.objects.groups.named import BrianObject, Named
from brainsim.objects.groups.random_state import random_state
from brainsim.objects.groups.snapshot import put_back, snapshot
from brainsim.objects.looks import html
from brainsim.objects.looks.description import Description
from brainsim.objects.looks.memory import MemoryEstimate
from brainsim.objects.looks.optional import optional
from brainsim.objects.looks.schedule_summary import Entry, SchedulingSummary
from brainsim.objects.looks.timings import Timings
from brainsim.objects.names.functions import refuse_only_compiled
from brainsim.objects.names.implementations import add_natives
from brainsim.objects.names.namespace import RunNamespace, scalar_value
from brainsim.objects.names.outside import Outside, outsides
from brainsim.objects.names.structure import structure_changed, structure_version
from brainsim.objects.network.describe import describe
from brainsim.objects.network.devices import get_device
from brainsim.objects.network.replaying import (
    Following,
    keep_course,
    kept_for_replay,
    picture,
    reductions,
    take_picture,
)
from brainsim.objects.runs.precision import PrecisionReport, compare
from brainsim.objects.runs.simulation import Simulation
from brainsim.objects.synapses.reduced.merging import merged
from brainsim.objects.synapses.reduced.replay import NOTHING
from brainsim.options import prefs
from brainsim.pipeline import Prepared, Values, choose_target, explain, functions_of, host_kernels, prepare, symbols_of
from brainsim.runtime.progress import Progress, reporter
from brainsim.runtime.scheduler import Stop, advance, graceful_interrupt
from brainsim.stages import STAGES, watched
from brainsim.units import Quantity
from brainsim.units.dimensions import SECOND

logger = logging.getLogger("brainsim")
TEN_SECONDS = Quantity(10.0, SECOND)
RUNNING: list["Network"] = []   #: networks whose run is under way, for `stop`


class Network(Named):
    """Objects that are simulated together: ``Network(G, S, M)``, then ``run``.

    Objects may be given in lists, tuples and dictionaries. An object belongs to one network.
    """

    def __init__(self, *objects: Any, name: str = "network*"):
        self._take_name(name)
        self._objects: list[BrianObject] = []
        self._mark = object()      #: what its objects remember it by, without keeping it alive
        self._t = 0.0
        self._prepared: Prepared | None = None
        self._prepared_for: tuple[object, ...] = ()
        self._externals: list[Outside] = []
        self._clocks: list[BaseClock] = []     #: those of the prepared program
        self._every_clock: list[BaseClock] = []
        self._dts: dict[Clock, float] = {}     #: steps of the clocks at the last run, of those that have one
        self._key: int | None = None
        self._seed_version = -1
        self._origins: dict[BaseClock, int] = {}   #: steps of the clocks when the key was drawn
        random_state.networks.add(self)
        self._stored: dict[str, Mapping[str, Any]] = {}
        self._schedule: tuple[str, ...] | None = None
        self._stop = Stop()
        self._rebind = False
        self._new_values = False
        self._following = Following()
        self._has_hosts = False
        self._watched: list[tuple[weakref.ref[BrianObject], str, np.ndarray]] = []
        self._adaptive: list[BrianObject] = []
        self._timings: dict[str, float] = {}
        self._spent: dict[str, float] = {}      #: seconds by stage of the last run
        self._profile: dict[str, float] | None = None
        self._profiled = False
        self._threads: int | None = None
        self.add(*objects)

    # -- contents ------------------------------------------------------------------------------------------------------
    def add(self, *objects: Any) -> None:
        """Add objects, or containers of objects."""
        for o in objects:
            if isinstance(o, BrianObject):
                if o.network_mark not in (None, self._mark):
                    raise WrongState(f"{o.name} has already been simulated in another network",
                                     help="make a new object")
                if o not in self._objects:
                    self._objects.append(o)
            elif isinstance(o, Mapping):
                self.add(*o.values())
            elif isinstance(o, Iterable) and not isinstance(o, (str, bytes)):
                self.add(*o)
            else:
                raise WrongType("A network consists of simulated objects", found=repr(o))
        structure_changed()

    def remove(self, *objects: Any) -> None:
        """Take objects out."""
        for o in objects:
            if isinstance(o, BrianObject):
                if o in self._objects:
                    self._objects.remove(o)
            elif isinstance(o, Mapping):
                self.remove(*o.values())
            elif isinstance(o, Iterable):
                self.remove(*o)
            else:
                raise WrongType("A network consists of simulated objects", found=repr(o))
        structure_changed()

    @property
    def objects(self) -> list[BrianObject]:
        """The objects, without those contained in others."""
        return list(self._objects)

    def _all(self) -> list[BrianObject]:
        found: dict[int, BrianObject] = {}
        waiting = self._objects[::-1]
        while waiting:
            o = waiting.pop()
            if id(o) not in found:
                found[id(o)] = o
                waiting += o.contained_objects[::-1]
        return list(found.values())

    def __iter__(self) -> Iterator[BrianObject]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __contains__(self, item: object) -> bool:
        return any(o is item or o.name == item for o in self._all())

    def __getitem__(self, name: str) -> BrianObject:
        if not isinstance(name, str):
            raise WrongType("Objects of a network are found by name", found=repr(name))
        for o in self._all():
            if o.name == name:
                return o
        raise UnknownName(f"There is no object '{name}' in {self.name}", help=near(name, [o.name for o in self._all()]))

    def __delitem__(self, name: str) -> None:
        self.remove(self[name])

    # -- time ----------------------------------------------------------------------------------------------------------
    @property
    def t(self) -> Quantity:
        """The present time."""
        return Quantity(self._t, SECOND)

    @property
    def t_(self) -> float:
        """The present time in seconds, as a plain number."""
        return self._t

    @property
    def schedule(self) -> list[str]:
        """Slots of a time step, in order."""
        return list(self._schedule
                    or checked_schedule(tuple(prefs["core.network.default_schedule"])))  # type: ignore[arg-type]

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
        return self._values(self.prepared.tasks)

    def _simulate(self, length: float, run: RunNamespace, say: Any, period: float) -> None:
        began = wall.perf_counter()
        start = self._t
        self._call_hooks("before_run", run)
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
        self._call_hooks("after_run")

    def _call_hooks(self, name: str, run: RunNamespace | None = None) -> None:
        """`before_run` (with the names visible to the run) and `after_run` of classes of users."""
        for o in self._all():
            if getattr(type(o), name) is not getattr(BrianObject, name):
                getattr(o, name)(*(
                    [] if run is None else [{n: value for place in reversed(run.places)
                                             for n, value in place.items()}]))

    def _advance(self, prepared: Prepared, start: float, end: float, say: Any, period: float) -> None:
        state, stop = prepared.state, Stop()
        self._stop = stop
        state.cursor = -1
        hosts = {number: self._host(name, stop)
                 for number, name in host_kernels(prepared).items()} if self._has_hosts else {}
        hosts |= prepared.in_python
        progress = None
        if say is not None:
            length = end - start

            def completed() -> float:
                return min(
                    1.0,
                    max(0.0, (float(state.reached().min(initial=end, where=state.step < state.end)) - start)
                        / length)) if length > 0 else 1.0

            progress = Progress(say, period, Quantity(start, SECOND), Quantity(length, SECOND), completed,
                                lambda s: Quantity(s, SECOND))
            progress.begin()

        def look() -> None:
            self._check_accuracy()
            if progress is not None:
                progress.tick()

        RUNNING.append(self)
        try:
            if prefs["core.stop_on_keyboard_interrupt"]:
                with graceful_interrupt(stop):
                    advance(prepared.executable, state, hosts, stop, look)
            else:
                advance(prepared.executable, state, hosts, stop, look)
        finally:
            RUNNING.remove(self)
            self._sync_clocks(state)
            self._t = float(state.reached().min(initial=end, where=state.step < state.end))
            for clock in self._every_clock:
                if clock not in self._clocks:
                    clock.step = clock.steps_until(self._t, fastest_of(self._every_clock))
        if progress is not None:
            progress.finish(completed())
        if stop.interrupted:
            logger.warning("%s was interrupted at t=%s s; all values are those of that step", self.name, self._t)

    def _host(self, name: str, stop: Stop) -> Callable[[], None]:
        operation: Any = self[name]

        def call() -> None:
            state = self._prepared.state  # type: ignore[union-attr]
            self._sync_clocks(state)
            self._t = operation.clock.t_
            layout = structure_version()
            operation.run()
            if structure_version() != layout:
                self._refresh(stop)

        return call

    def _refresh(self, stop: Stop) -> None:
        """Arrays may have been replaced inside a network operation; anything deeper takes effect at the next run."""
        assert self._prepared is not None
        values = self._values(self._prepared.tasks)
        state = self._prepared.state
        for a in self._prepared.program.arrays:
            if a.name in values.arrays or a.name in values.on_request:
                state.arrays[a.name] = values.contents(a.name)
        self._prepared.executable.bind(state)

    def _sync_clocks(self, state: Any) -> None:
        for k, clock in enumerate(self._clocks):
            clock.step = int(state.step[k])

    def stop(self) -> None:
        """End the run after the step under way."""
        self._stop()

    def _key_now(self) -> int:
        if self._key is None or self._seed_version != random_state.version:
            self._key, self._seed_version, self._origins = random_state.next_key(), random_state.version, {}
        return self._key

    def random_place(self) -> tuple[int | None, int, dict[BaseClock, int]]:
        """Key, the seed it is from, and how many steps it has been used for."""
        return self._key, self._seed_version, {clock: clock.step - origin for clock, origin in self._origins.items()}

    def go_on_from(self, key: int | None, seed_version: int, used: Mapping[BaseClock, int]) -> None:
        """The inverse of `random_place`: random numbers go on as they did from there."""
        self._key, self._seed_version, self._origins = key, seed_version, {
            clock: clock.step - steps for clock, steps in used.items()
        }

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
        reduced = reductions(self._all())
        if not all(r.holds() for r in reduced):
            return False
        for outside in self._externals:
            if not outside.same(run):
                if any(r.relies_on(getattr(outside.found, "program", "")) for r in reduced):
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
        self._check()
        unreduced = self._tasks(run)
        tasks = self._reduced(unreduced)
        values = self._values(tasks)
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
        self._externals = outsides(tasks, self._owners(), run)
        self._has_hosts = bool(host_kernels(self._prepared))
        self._watched = [
            (weakref.ref(o), name, o.variables[name].values) for o in self._objects
            if "equations" in vars(o)  # type: ignore[attr-defined]
            for name in o.equations.diff_eq_names
            if not o.variables[name].moved and o.variables[name].values is not None
        ]  # type: ignore[attr-defined]
        self._adaptive = [o for o in self._objects if GIVEN_UP in getattr(o, "variables", ())]
        self._rebind = True
        for o in self._all():
            o.join_network(self._mark)
        self._every_clock, self._dts = every, dts
        self._prepared_for = self._signature()

    def _check(self) -> None:
        every = self._all()
        for o in every:
            if o.network_mark not in (None, self._mark):
                raise WrongState(f"{o.name} has already been simulated in another network", help="make a new object")
            for needed in map(whole, o.dependencies()):
                if not any(needed is x for x in every):
                    raise WrongValue(f"{o.name} needs {needed.name}, which is not in {self.name}",
                                     help=f"add {needed.name} to the network too")
        names: dict[str, BrianObject] = {}
        for o in every:
            if names.setdefault(o.name, o) is not o:
                raise WrongValue(f"Two objects of {self.name} are called '{o.name}'",
                                 help="give one of them another name")
        clocks: dict[str, BaseClock] = {}
        for o in every:
            if clocks.setdefault(o.clock.name, o.clock) is not o.clock:
                raise WrongValue(f"Two clocks of {self.name} are called '{o.clock.name}'",
                                 help="give one of them another name")

    def _tasks(self, run: RunNamespace) -> list[Task]:
        made: list[Task] = []
        for o in self._all():
            try:
                o.prepare()
                if o.active:
                    made += o.tasks(run)
            except BrianObjectException:
                raise
            except BrainsimError as error:
                raise inside(error, o.name) from error
        return made

    def _reduced(self, tasks: list[Task]) -> list[Task]:
        """Synaptic states moved to the neurons where the equations allow it."""
        for r in reductions(self._all()):
            tasks = r.reduce(ordered(tasks, self.schedule))
        return merged(ordered(tasks, self.schedule), reductions(self._all()))

    def _owners(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        waiting: list[Any] = self._all()[::-1]
        while waiting:
            o = waiting.pop()
            if o.name not in found:
                found[o.name] = o
                waiting += list(o.refers_to())[::-1]
        return found

    def _values(self, tasks: Iterable[Task]) -> Values:
        clocks = {o.clock.name: o.clock for o in self._all()}
        values = Values(clocks=list(clocks),
                        times={name: c.until_after for name, c in clocks.items() if isinstance(c, EventClock)})
        functions = list(functions_of(tasks))
        timed: list[Any] = [f.holder for f in functions if f.kind == "timed_array"]
        for declared in (*(o.declared() for o in self._owners().values()),
                         *(array.declared(clocks.values()) for array in timed)):
            values.arrays.update(declared.arrays)
            values.queues.update(declared.queues)
            values.sizes.update(declared.sizes)
            values.params.update(declared.params)
            values.on_request.update(declared.on_request)
        for function in functions:
            if function.kind == "python":
                values.functions[function.program] = function.holder.plain  # type: ignore[attr-defined]
        for symbol in symbols_of(tasks):
            if symbol.kind == "param" and symbol.origin == "namespace":
                values.params[symbol.program] = scalar_value(symbol.holder, symbol.dtype)
        for array, contents in values.arrays.values():
            values.sizes.setdefault(array.space, len(contents))
        return values

    # -- during and after a run ----------------------------------------------------------------------------------------
    def _check_accuracy(self) -> None:
        for o in self._adaptive:
            o.check_accuracy()  # type: ignore[attr-defined]

    def _warn_of_invalid(self) -> None:
        for owner, name, values in self._watched:
            if not float(np.dot(values, values)) < 1e90 and (o := owner()) is not None:
                self._warn_if_invalid(o, name, values)

    def _warn_if_invalid(self, o: BrianObject, name: str, values: np.ndarray) -> None:
        bad = np.flatnonzero(~(np.abs(values) < 1e50))
        if len(bad) and not vars(o).get("_warned_invalid", False):
            o._warned_invalid = True  # type: ignore[attr-defined]
            logger.warning(
                "%s.%s is %s at index %d: the integration became unstable or divided by zero; a smaller dt or another method may help",
                o.name, name, values[bad[0]], bad[0], extra={"topic": "invalid_values"})

    # -- store and restore ---------------------------------------------------------------------------------------------
    def store(self, name: str = "default", filename: str | Path | None = None) -> None:
        """Keep a copy of everything that a run changes, in memory or in a file."""
        found = self.snapshot()
        if filename is None:
            self._stored[name] = found
            return
        path = Path(filename)
        every = pickle.loads(path.read_bytes()) if path.exists() else {}
        every[name] = found | {"replay": found["replay"].in_file()}
        path.write_bytes(pickle.dumps(every))

    def restore(self, name: str = "default", filename: str | Path | None = None,
                restore_random_state: bool = False) -> None:
        """Go back to a stored state; random numbers go on, unless ``restore_random_state``."""
        every = self._stored if filename is None else pickle.loads(Path(filename).read_bytes())
        if name not in every:
            raise UnknownName(f"Nothing was stored under '{name}'", help=near(name, every) or "call store() first")
        self.put_back(every[name], restore_random_state)

    def snapshot(self) -> dict[str, Any]:
        """A copy of everything that a run changes."""
        for o in self._all():
            o.notice_use()
        clocks = {o.clock for o in self._all()}
        return {
            "t": self._t, "key": self._key, "runs": random_state.runs, "origins":
            {c.name: s for c, s in self._origins.items()}, "host": random_state.host.bit_generator.state, "objects":
            {o.name: snapshot(o) for o in self._all()}, "clocks":
            {c.name: (c.steps_until(self._t, fastest_of(clocks)), c.spacing) for c in clocks}, "replay":
            picture(self._all())
        }

    def put_back(self, found: Mapping[str, Any], restore_random_state: bool = False) -> None:
        """The inverse of `snapshot`; random numbers go on, unless ``restore_random_state``."""
        lost = sorted(set(found["objects"]) - {o.name for o in self._all()})
        if lost:
            raise NotStored(f"'{lost[0]}' was stored and is not in {self.name} now",
                            help="restore into a network of the same objects")
        for o in self._all():
            if o.name not in found["objects"]:
                raise NotStored(f"{o.name} was not part of the network when it was stored",
                                help="make a Network of your own, without it")
            put_back(o, found["objects"][o.name])
            o.clock.go_back_to(*found["clocks"].get(o.clock.name, (o.clock.step, o.clock.spacing)))
        self._t, self._dts = found["t"], {o.clock: o.clock.dt_ for o in self._all() if isinstance(o.clock, Clock)}
        self._following.anew()
        take_picture(self._all(), found.get("replay", NOTHING))
        self._rebind = True
        if restore_random_state:
            self._key, self._seed_version, random_state.runs = found["key"], random_state.version, found["runs"]
            random_state.host.bit_generator.state = found["host"]
            self._origins = {
                c: found["origins"][c.name] for c in {o.clock for o in self._all()} if c.name in found["origins"]
            }
        else:
            self._key = None

    def get_states(self, units: bool = True, format: str = "dict", subexpressions: bool = False,
                   read_only_variables: bool = True, level: int = 0) -> dict[str, Any]:
        """States of all groups, by name."""
        return {
            o.name:
            o.get_states(units=units, format=format, subexpressions=subexpressions,
                         read_only_variables=read_only_variables, level=level) for o in self._all()
            if isinstance(o, Group)
        }

    def set_states(self, values: Mapping[str, Mapping[str, object]], units: bool = True, format: str = "dict",
                   level: int = 0) -> None:
        """The inverse of `get_states`."""
        for name, states in values.items():
            self[name].set_states(states, units=units, format=format, level=level)  # type: ignore[attr-defined]

    # -- looking inside ------------------------------------------------------------------------------------------------
    def explain(self, stage: str = "model", level: int = 0) -> str:
        """A stage of the way to the machine as text: 'model', 'passes' (what each of them did), 'program' or
        'source'."""
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
        active = self._tasks(RunNamespace.of_caller())
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
