"""A compiled network: runs from one start with other values, without compiling and without traces in the network."""
from __future__ import annotations

import copy
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from brainsim.errors import DimensionMismatchError, UnknownName, WrongType, WrongValue, near
from brainsim.model.symbols import Symbol
from brainsim.naming import called, field_of, owner_of, supplied
from brainsim.objects.groups.clock import fastest_of, run_length
from brainsim.objects.groups.equation_group import EquationGroup
from brainsim.objects.groups.group import Group
from brainsim.objects.groups.named import Named
from brainsim.objects.groups.random_state import mixed, random_state
from brainsim.objects.groups.variables import Variable, VariableView
from brainsim.objects.looks import html
from brainsim.objects.looks.value_text import value_text
from brainsim.objects.names.callables import InEquations
from brainsim.objects.names.namespace import RunNamespace, scalar_dtype, scalar_value
from brainsim.objects.names.outside import Outside
from brainsim.objects.neurons.neuron_group import NeuronGroup
from brainsim.objects.neurons.subgroup import Subgroup
from brainsim.objects.recorders.record import Recorder
from brainsim.objects.runs.prepared import Preparable
from brainsim.objects.runs.result import Result, own_name
from brainsim.objects.runs.start import Outcome, Point, Start, Stored, carry_out, start_of
from brainsim.objects.runs.sweep import sweep
from brainsim.objects.synapses.synapses import Synapses, reductions
from brainsim.runtime.scheduler import Stop
from brainsim.units import Quantity, get_dimensions
from brainsim.units.dimensions import SECOND, Dimension
from brainsim.units.words import unit_text

_ONE_AT_A_TIME = threading.RLock()   #: while parameters are set, objects hold other values than their own


@dataclass(frozen=True)
class Settable:
    """A parameter that a run may set: its name, what it is, its dimension, its present value in words, and its
    place."""

    name: str
    kind: str
    dimension: Dimension
    now: str
    group: Any = None
    variable: Variable | None = None
    places: tuple[Outside, ...] = ()
    program: str = ""

    @property
    def changes_structure(self) -> bool:
        """Whether the network has to be prepared anew for another value: queues have another length, or values move."""
        moved = isinstance(self.group, Synapses) and bool(self.group.reduced_states.moved)
        return self.kind == "delay" or self.variable is not None and moved


class Simulation:
    """A network ready to run, from where it stood when it was compiled: ``net.compile()`` makes one.

    ``parameters`` are those that `run` and `sweep` may set, ``outputs`` the names of the monitors. What happens to the
    network later does not reach the simulation, and its runs leave nothing behind in the network.
    """

    def __init__(self, network: Preparable, run: RunNamespace, duration: object):
        self._network = network
        self._namespace = _kept_names(run)
        self._duration = None if duration is None else run_length(duration)
        self._began = network.t_
        self._kept = network.snapshot()
        every = list(network)
        said = {n: o for place in run.places[::-1] for n, o in place.items() if isinstance(o, Named)}
        self._words = {n: o.name for n, o in said.items() if any(o is x for x in every)}
        self._parts = {n: o for n, o in said.items() if isinstance(o, Subgroup) and any(o.parent is x for x in every)}
        self._clocks = {o.clock.name: copy.copy(o.clock) for o in every}
        self._drawn = 0
        self.has_operations = network.has_hosts    #: whether operations of the user's work on the objects themselves
        self.start = self._taken()                 #: where runs begin
        self.tasks = network.prepared.tasks        #: what happens in a step
        self.reductions = [(r, r.synapses.name) for r in reductions(network)]   #: of synapses, with their names
        self._outside_target = bool(network.prepared.in_python)
        #: what the places of synaptic states depend on
        self._tied = frozenset(name for r in reductions(every) for name in (*r.constants, *r.ties))
        self._settable: dict[str, Settable] = {}
        for s in self._found():
            self._settable.setdefault(s.name, s)     # an object's own comes before a constant of the same name
        self._of_one = {s.name: s for s in self._constants_of_one()}

    # -- what there is -------------------------------------------------------------------------------------------------
    @property
    def parameters(self) -> list[str]:
        """Names that a run may set."""
        return list(self._settable)

    @property
    def outputs(self) -> list[str]:
        """Names of the monitors."""
        return [r.name for r in self.start.recorders]

    @property
    def duration(self) -> Quantity | None:
        """Length of a run that is not told its own."""
        return None if self._duration is None else Quantity(self._duration, SECOND)

    @property
    def parts(self) -> Mapping[str, Subgroup]:
        """Parts of groups, by the names that the script has for them."""
        return self._parts

    def ends(self, length: float) -> dict[str, int]:
        """The step at which each clock ends after so many seconds."""
        return self._ends(length)

    @property
    def in_python(self) -> bool:
        """Whether steps return to Python: then runs share one interpreter lock."""
        return self.has_operations or not self.start.target.traits.frees_lock or self._outside_target or any(
            n.arrays for n in self.start.program.natives)

    # -- running -------------------------------------------------------------------------------------------------------
    def run(self, params: Mapping[str, object] | None = None, *, duration: object = None, seed: int | None = None,
            **others: object) -> Result:
        """One run from the start. ``params``: name → a number, an array or a string, as in an assignment.

        Names: ``'G.tau'`` (a variable, its initial value), ``'tau'`` (a constant from outside the model),
        ``'S.delay'``, ``'G.refractory'``. The same ``seed`` gives the same answer, that of ``seed(n)`` before a
        script's run; without one, runs differ. Raises `UnknownName` for a name that is not in ``parameters`` and
        `DimensionMismatchError` for another unit. A parameter that is given as an argument of its own (``others``) is a
        `WrongType` that says how it is written.
        """
        self._refuse_arguments(others)
        if not isinstance(params, Mapping) and params is not None:
            raise WrongType("params= is a dictionary, name → value", found=repr(params)[:60],
                            help=f"sim.run(params={{'{next(iter(self._settable), 'G.v')}': ...}})")
        params = dict(params or {})
        length, seed = self.length_of(duration), self.seed_of(seed)
        if self.has_operations:
            return self.run_on_objects(params, length, seed)
        start, point = self.point(params, length, seed)
        stop = Stop()
        return Result(start, carry_out(start, point, stop), params, seed, length)

    def sweep(self, params: Mapping[str, Any], *, mode: str = "grid", repeats: int = 1, outputs: object = None,
              duration: object = None, seed: int | None = None, n_jobs: int | None = None, client: object = None,
              progress: object = False) -> Any:
        """Runs over values of parameters, as an `xarray.Dataset` with a dimension for each parameter.

        ``params``: name → values. ``mode``: ``'grid'`` combines all with all, ``'zip'`` takes the first of each, then
        the second of each … ``repeats``: runs per point, each with a seed of its own; seeds follow from ``seed`` and
        the place of the run alone, and are in the coordinate ``seed``. ``outputs``: names like ``'M.v'``,
        ``'spikes.num_spikes'`` or ``'G.v'`` (at the end; called ``'G.v_end'`` beside a parameter of that name), or a
        function of the `Result` that gives a number, an array or a dictionary of them; by default counts, rates and
        last values. ``n_jobs``: how many runs go on at a time (default: all processors), with the same answer for any
        number. ``client``: a `dask.distributed.Client`, or the address of a scheduler, to run on a cluster.
        ``progress``: True for a bar, or a function of (runs done, runs in all). Nothing is compiled. An error in a run
        says which parameters it had.
        """
        return sweep(self, params, mode, repeats, outputs, self.length_of(duration), seed, n_jobs, client, progress)

    def _refuse_arguments(self, others: Mapping[str, object]) -> None:
        """`WrongType` for arguments that `run` does not have."""
        for name, value in others.items():
            meant = next((s for s in self._settable if name in (s, field_of(s))), None)
            help = near(
                name,
                ("params", "duration", "seed", *self._settable)) or "its arguments are params=, duration= and seed="
            raise WrongType(f"sim.run takes no argument '{name}'", found=f"{name}={value}"[:60],
                            help=help if meant is None else f"sim.run(params={{'{meant}': {value}}})")

    def length_of(self, duration: object) -> float:
        """Length of a run in seconds."""
        if duration is None and self._duration is None:
            raise WrongType("How long is the run?",
                            help="sim.run(duration=1*second), or net.compile(duration=1*second)")
        if duration is not None:
            return run_length(duration)
        assert self._duration is not None
        return self._duration

    def seed_of(self, seed: int | None) -> int:
        """The seed, or else one that follows from the last call of ``seed(n)``; `WrongType` for anything but a whole
        number."""
        if seed is None:
            self._drawn += 1
            return mixed(~random_state.base & (2**64 - 1), self._drawn) >> 1
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
            raise WrongType("A seed is a whole number", found=repr(seed))
        if seed < 0:
            raise WrongValue("A seed cannot be negative", found=repr(seed))
        return int(seed)

    def point(self, params: Mapping[str, object], length: float, seed: int) -> tuple[Start, Point]:
        """Where a run with these parameters begins, and how it differs from there."""
        chosen = [(self.settable(name), value) for name, value in params.items()]
        with _ONE_AT_A_TIME, random_state.started_from(seed):
            if any(s.changes_structure or self._is_tied(s) for s, _ in chosen):
                with self._on_objects(chosen) as run:
                    self._network.prepare_for(run)
                    return self._taken(), Point({}, {}, mixed(seed, 0), self._ends(length))
            arrays, params_ = self._applied(chosen)
        return self.start, Point(arrays, params_, mixed(seed, 0), self._ends(length))

    def _is_tied(self, s: Settable) -> bool:
        """Whether the place of some synaptic states depends on the value."""
        programs = [x.found.program for x in s.places] + [v.program for v in self._written_by(s)]
        return any(p in self._tied for p in programs)

    def run_on_objects(self, params: Mapping[str, object], length: float, seed: int) -> Result:
        """A run on the network's own objects, for operations that work on them; afterwards they are as before."""
        chosen = [(self.settable(name), value) for name, value in params.items()]
        with _ONE_AT_A_TIME, random_state.started_from(seed), self._on_objects(chosen) as run:
            self._network.run_with_key(length, run, mixed(seed, 0))
            start = self._taken()
        steps = start.steps
        outcome = Outcome({n: x for n, (_, x) in start.values.arrays.items()},
                          {n: q for n, (_, q) in start.values.queues.items()}, steps)
        return Result(self.start, outcome, params, seed, length)

    # -- parameters ----------------------------------------------------------------------------------------------------
    def settable(self, name: str) -> Settable:
        """The parameter of this name; `UnknownName` otherwise."""
        if not isinstance(name, str):
            raise WrongType("Parameters go by names", found=repr(name),
                            help=f"strings, {', '.join(map(repr, self.parameters[:3]))} for example")
        found = self._settable.get(name) or self._settable.get(own_name(name, self._words)) or self._part(name)
        found = found or self._of_one.get(name) or self._of_one.get(own_name(name, self._words))
        if found is None:
            known = [
                *self._settable, *(called(word, s) for word, owner in self._words.items()
                                   for s in self._settable if owner_of(s) == owner)
            ]
            raise UnknownName(f"There is no parameter '{name}' to set", help=near(name, known)
                              or f"one of {', '.join(self.parameters)}")
        return found

    def _part(self, name: str) -> Settable | None:
        """A variable of a part that the script has a name for."""
        owner = owner_of(name)
        whole = self._settable.get(called(self._parts[owner].parent.name, name)) if owner in self._parts else None
        return None if whole is None or whole.variable is None else Settable(
            name, whole.kind, whole.dimension, whole.now, self._parts[owner], whole.variable)

    def _found(self) -> Iterator[Settable]:
        for o in self._network:
            if isinstance(o, Group) and not isinstance(o, Recorder):
                for v in o.variables.values():
                    if _may_be_set(v):
                        driven = isinstance(o, EquationGroup) and v.name in o.equations.diff_eq_names
                        text = "" if v.moved or v.values is None else value_text(v.values, v.dimension)
                        yield Settable(f"{o.name}.{v.name}", "initial value" if driven else "variable", v.dimension,
                                       text, o, v)
                if isinstance(o, NeuronGroup) and isinstance(o.refractory_given, Quantity):
                    yield Settable(f"{o.name}.refractory", "refractory period", SECOND, str(o.refractory_given), o,
                                   program=supplied(o.name, "refractory"))
                for path in o.pathways if isinstance(o, Synapses) else ():
                    name = f"{o.name}.delay" if path.label == "pre" else f"{o.name}.{path.label}.delay"
                    text = "0 s" if path.own_delay.values is None else value_text(path.own_delay.values, SECOND)
                    yield Settable(name, "delay", SECOND, text, o, path.own_delay)
        outside = [x for x in self._network.externals if isinstance(x.found, Symbol)]
        for name in dict.fromkeys(x.name for x in outside):
            places = tuple(x for x in outside if x.name == name)
            yield _constant(name, places)
            if len(places) > 1:
                yield from (_constant(f"{x.owner.name}.{name}", (x,)) for x in places)

    def _constants_of_one(self) -> Iterator[Settable]:
        """The constants as each object uses them, listed by their bare names where nobody else does."""
        for x in self._network.externals:
            if isinstance(x.found, Symbol):
                yield _constant(f"{x.owner.name}.{x.name}", (x,))

    # -- setting them --------------------------------------------------------------------------------------------------
    def _applied(self, chosen: list[tuple[Settable, Any]]) -> tuple[dict[str, np.ndarray], dict[str, float | int]]:
        """Arrays and scalars that differ from the start; objects hold the start's values meanwhile, and their own again
        afterwards."""
        base = {name: x for name, (_, x) in self.start.values.arrays.items()}
        changed = {v.program: base[v.program].copy() for s, _ in chosen for v in self._written_by(s)}
        variables = [
            v for o in self._network if isinstance(o, Group) and not isinstance(o, Recorder)
            for v in o.variables.values() if not v.moved and v.values is not None and v.program in base
        ]
        own = [v.values for v in variables]
        with ExitStack() as stack:
            run, params = self._constants(chosen, stack)
            try:
                for v in variables:
                    v.values = changed.get(v.program, base[v.program])
                self._assign(chosen, run)
            finally:
                for v, values in zip(variables, own):
                    v.values = values
        return changed, params

    def _written_by(self, s: Settable) -> list[Variable]:
        if s.variable is None:
            return []
        symbol = s.variable.linked_to
        return [s.variable if symbol is None else s.group.variable_behind(symbol)]

    def _assign(self, chosen: list[tuple[Settable, Any]], run: RunNamespace) -> None:
        for s, value in chosen:
            if s.variable is not None:
                for path in s.group.pathways if s.kind == "delay" else ():
                    if path.own_delay is s.variable:
                        path.delay_variable()     # the first delay takes its place in memory
                given = value[:] if isinstance(value, VariableView) else value
                s.group.assign_values(s.variable, slice(None), given, True, run)

    def _constants(self, chosen: list[tuple[Settable, Any]],
                   stack: ExitStack) -> tuple[RunNamespace, dict[str, float | int]]:
        """Names with their values for this run, and the program's scalars for them; objects' namespaces agree until the
        stack is closed."""
        params: dict[str, float | int] = {}
        names: dict[str, object] = {}
        for s, value in chosen:
            if s.program:
                params[s.program] = float(_scalar(s, value, "f8"))
            for place in s.places:
                symbol: Any = place.found
                params[symbol.program] = _scalar(s, value, symbol.dtype)
                if place.owner.namespace is not None and (place.name in place.owner.namespace or "." in s.name):
                    stack.enter_context(_holding(place.owner, place.name, value))
                else:
                    names[place.name] = value
        return RunNamespace(names, *self._namespace.places), params

    @contextmanager
    def _on_objects(self, chosen: list[tuple[Settable, Any]]) -> Iterator[RunNamespace]:
        """The network's objects as they were at the start, with parameters set; afterwards as they were before."""
        network = self._network
        before, place = network.snapshot(), network.random_place()
        with ExitStack() as stack:
            run, params = self._constants(chosen, stack)
            for s, _ in chosen:
                if s.program:
                    stack.enter_context(s.group.with_refractory_period(Quantity(params[s.program], SECOND)))
            try:
                network.put_back(self._kept)
                self._assign(chosen, run)
                yield run
            finally:
                network.put_back(before)
                network.go_on_from(*place)

    # -- the start -----------------------------------------------------------------------------------------------------
    def _taken(self) -> Start:
        """The present state of the prepared network."""
        network = self._network
        prepared, values = network.prepared, network.values_now()
        clocks = {o.clock.name: o.clock for o in network}
        fastest = fastest_of(clocks.values())
        steps = {name: c.steps_until(network.t_, fastest) for name, c in clocks.items()}
        recorders = tuple(o.emptied() for o in network if isinstance(o, Recorder))
        return start_of(
            prepared, values, steps, {name: c.spacing or fastest for name, c in clocks.items()}, recorders,
            self._stored(values.arrays), self._words,
            frozenset(v.program for o in network if isinstance(o, Group) for v in o.variables.values() if v.moved))

    def _stored(self, arrays: Mapping[str, object]) -> dict[str, Stored]:
        return {
            f"{o.name}.{v.name}": Stored(v.program, v.dimension, v.shared) for o in self._network
            if isinstance(o, Group) and not isinstance(o, Recorder) for v in o.variables.values()
            if v.program in arrays and v.symbol is None and not v.moved and not v.name.startswith("_")
        }

    def _ends(self, length: float) -> dict[str, int]:
        fastest = fastest_of(self._clocks.values())
        return {name: c.steps_until(self._began + length, fastest) for name, c in self._clocks.items()}

    # -- looks ---------------------------------------------------------------------------------------------------------
    def _repr_html_(self) -> str:
        rows = [(s.name, s.kind, unit_text(s.dimension), s.now) for s in self._settable.values()]
        outputs = ", ".join(self.outputs) or "none"
        about = f"{self._network.name} from t = {Quantity(self._began, SECOND)}; outputs: {outputs}"
        return html.table("Simulation", ("parameter", "kind", "unit", "value"), rows, about)

    def __repr__(self) -> str:
        width = max((len(n) for n in self._settable), default=0)
        said = {n: own for n, own in self._words.items() if n != own}
        lines = [f"Simulation of {self._network.name} from t={Quantity(self._began, SECOND)}"
                 + ("" if self._duration is None else f" for {Quantity(self._duration, SECOND)}")]
        lines += ["  parameters:"] + [
            f"    {s.name.ljust(width)}  {s.kind}, {unit_text(s.dimension)}" + (f", {s.now}" if s.now else "")
            for s in self._settable.values()
        ]
        lines += [f"  outputs: {', '.join(self.outputs) or 'none: add monitors'}"]
        lines += [f"  also known as: {', '.join(f'{n} ({own})' for n, own in said.items())}"] if said else []
        return "\n".join(lines)


def _constant(name: str, places: tuple[Outside, ...]) -> Settable:
    symbol: Any = places[0].found
    return Settable(name, "constant", symbol.dimension,
                    value_text(np.asarray(places[0].value), symbol.dimension), places=places)


def _may_be_set(v: Variable) -> bool:
    linked = "linked" in v.flags and v.linked_to is not None
    return (v.moved or v.values is not None or linked) and v.symbol is None and not v.read_only \
        and not v.name.startswith("_") and "constant over dt" not in v.flags and v.name != "not_refractory"


def _scalar(s: Settable, value: Any, dtype: str) -> float | int:
    """The plain number; raises `DimensionMismatchError` or `WrongType` for what cannot stand in this place."""
    found = get_dimensions(value) if not isinstance(value, str) else None
    if scalar_dtype(value) is None:
        raise WrongType(f"'{s.name}' is a {s.kind} and takes one number",
                        found=f"{type(value).__name__} {value!r}"[:60],
                        help="declare it as a parameter in the equations to give each element its own")
    if found is not s.dimension:
        raise DimensionMismatchError(
            f"'{s.name}' cannot be set to this value", s.dimension, found,
            found=f"{value}, in {unit_text(found)}, where {unit_text(s.dimension)} belongs")
    if dtype != "f8" and float(value) != int(value):
        raise WrongType(f"'{s.name}' was a whole number when the network was compiled", found=str(value),
                        help=f"write it with a point, {s.name} = {s.now}.0, before net.compile()")
    return scalar_value(value, dtype)


@contextmanager
def _holding(owner: Any, name: str, value: object) -> Iterator[None]:
    """A name of an object's namespace with another value."""
    had, before = name in owner.namespace, owner.namespace.get(name)
    owner.namespace[name] = value
    try:
        yield
    finally:
        if had:
            owner.namespace[name] = before
        else:
            del owner.namespace[name]


def _kept_names(run: RunNamespace) -> RunNamespace:
    """What strings may use, with the values of now."""
    return RunNamespace(*(
        {n: v for n, v in place.items() if scalar_dtype(v) is not None or callable(v) or isinstance(v, InEquations)}
        for place in run.places))
