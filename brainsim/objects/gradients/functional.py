"""``net.functional(...)``: a network as a pure function of its parameters and inputs, to be differentiated, batched and
trained with JAX."""
from __future__ import annotations

import importlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from brainsim.errors import DimensionMismatchError, UnknownName, Unsupported, WrongType, WrongValue, near
from brainsim.ir.expressions import Foreign
from brainsim.ir.program import Program
from brainsim.ir.state import QueueState, State
from brainsim.lowering.surrogates import derivative
from brainsim.model.surrogates import surrogate as surrogate_of
from brainsim.model.tasks import Threshold
from brainsim.naming import at_the_end, field_of, function_of, owner_of, queue_of, shown, supplied
from brainsim.objects.gradients.ranges import Ranges, ranges
from brainsim.objects.groups.random_state import mixed
from brainsim.objects.looks import html
from brainsim.objects.looks.optional import optional
from brainsim.objects.names.namespace import RunNamespace
from brainsim.objects.recorders.event_monitor import EventMonitor
from brainsim.objects.runs.prepared import Preparable
from brainsim.objects.runs.result import own_name
from brainsim.objects.runs.simulation import Settable, Simulation
from brainsim.options import prefs
from brainsim.passes.wanted import only_wanted
from brainsim.passes.whole_times import noted_times, whole_times
from brainsim.targets import jax_scan
from brainsim.targets.jax_writer import KernelWriter
from brainsim.units import Quantity, get_dimensions
from brainsim.units.dimensions import DIMENSIONLESS, SECOND, Dimension
from brainsim.units.quantities import with_dimension
from brainsim.units.words import unit_text

logger = logging.getLogger("brainsim")
RESETS = ("full", "value", "jump")
LONG_AGO = 2 ** 30      #: steps


def functional(network: Preparable, run: RunNamespace, duration: object, params: Sequence[str] | str | None,
               inputs: Sequence[str], outputs: Sequence[str], batch: int | None, surrogate: object, reset_grad: str,
               checkpoint: object, truncate: int | None) -> "Functional":
    """See `Network.functional`."""
    optional("jax", "Differentiable runs")
    _check_choices(batch, reset_grad, checkpoint, truncate)
    with _prepared_for_jax(network, run):
        simulation = Simulation(network, run, duration)
    return Functional(simulation, simulation.length_of(None), params, inputs, outputs, batch, surrogate, reset_grad,
                      checkpoint, truncate)


def _check_choices(batch: object, reset_grad: object, checkpoint: object, truncate: object) -> None:
    def whole(x: object) -> bool:
        return isinstance(x, (int, np.integer)) and not isinstance(x, bool) and bool(x > 0)
    if reset_grad not in RESETS:
        raise WrongValue("How do gradients pass through a reset?", found=repr(reset_grad),
                         help=f"reset_grad is one of {', '.join(map(repr, RESETS))}")
    if not (checkpoint in (None, "sqrt", "log") or whole(checkpoint)):
        raise WrongValue("There is no such checkpointing", found=repr(checkpoint),
                         help="checkpoint is None, 'sqrt', 'log' or a number of steps")
    for name, value in (("batch", batch), ("truncate", truncate)):
        if value is not None and not whole(value):
            raise WrongValue(f"'{name}' is a whole number above 0, or None", found=repr(value))


@contextmanager
def _prepared_for_jax(network: Preparable, run: RunNamespace) -> Iterator[None]:
    before = prefs["codegen.target"]
    prefs["codegen.target"] = "jax"
    try:
        network.prepare_for(run)
        yield
    finally:
        prefs["codegen.target"] = before


class Pull(NamedTuple):
    """An input for a variable that the network computes: at the beginning of each step it goes a share of the way to
    given values.

    ``values``: as of an input, (steps, elements); it is left alone where they are not numbers. ``share``: 0 to 1, a
    number or one per step (1 at some steps: it starts again from there; small: it is nudged). ``ceiling``: it never
    begins a step above it.
    """

    values: Any
    share: Any = 1.0
    ceiling: Any = np.inf


class Functional:
    """A pure function ``sim(params, inputs, key)`` of a network: calling it twice gives the same answer, and nothing in
    the network changes.

    ``params`` and ``inputs`` are dictionaries by the names that `Network.functional` was given; what is left out has
    the value that it had in the network. Values are plain arrays in SI base units or, outside of JAX's transformations,
    quantities. The result is a dictionary of arrays by the names of ``outputs``, plain numbers in SI base units:
    ``sim.units`` says which, ``sim.with_units(result)`` puts them on.

    ``key`` is a whole number, which gives the random numbers of ``net.compile().run(seed=key)``, or a key of
    `jax.random`.

    The input of a variable that the network computes itself, a state, replaces it at the beginning of each step, or
    pulls at it: see `Pull`.
    """

    def __init__(self, simulation: Simulation, length: float, params: Sequence[str] | str | None, inputs: Sequence[str],
                 outputs: Sequence[str], batch: int | None, surrogate: object, reset_grad: str, checkpoint: object,
                 truncate: int | None):
        self._simulation, self._length, self.batch = simulation, length, batch
        self._jax = importlib.import_module("brainsim.targets.jax_function")
        self._start = simulation.start
        self.duration = Quantity(length, SECOND)
        self.units: dict[str, Quantity | float] = {}          #: of parameters, inputs and outputs
        self._dimensions: dict[str, Dimension] = {}
        params = self._trainable(params) if params in (None, "trainable") else names_in(params, "params")
        chosen = [simulation.settable(n) for n in params]
        places = {s.name: self._place(s) for s in chosen}
        for s, name in zip(chosen, params):
            places[name] = places.pop(s.name)
            self._know(name, s.dimension)
        given = {n: self._input(n) for n in names_in(inputs, "inputs")}
        self._refuse_twice(places, given)
        wanted = {n: self._output(n) for n in names_in(outputs, "outputs")}
        if not wanted:
            raise WrongValue(
                "A function without outputs",
                help="outputs=['G.v', 'G.spikes'] for example: variables, spikes, or the names of monitors")
        program, arrays = self._program(given, wanted)
        self.pure = self._pure(program, arrays, places, given, wanted, surrogate, reset_grad, checkpoint, truncate)
        self._function = self._jax.compiled(self.pure, batch)
        self.params = {n: self._default(p)
                       for n, p in places.items()}  #: present values of the parameters, plain numbers in base units
        self.ranges = self._bounded()      #: bounds and sizes of the parameters, see `constrained`

    # -- calling -------------------------------------------------------------------------------------------------------
    def __call__(self, params: Mapping[str, object] | None = None, inputs: Mapping[str, object] | None = None,
                 key: object = 0) -> dict[str, Any]:
        """Outputs by name: (steps, elements), or (batch, steps, elements) with ``batch``; without the steps where
        ``[-1]`` was asked for.

        Raises `UnknownName` for names that were not given to `Network.functional`, `DimensionMismatchError` for other
        units.
        """
        return self._function(self.as_params(params or {}), self.checked_inputs(inputs or {}),
                              self._jax.key_words(key, mixed, self.batch))

    def key_words(self, key: object) -> tuple[Any, Any]:
        """What the random numbers of one trial are made from."""
        return self._jax.key_words(key, mixed, None)

    def as_params(self, values: Mapping[str, object]) -> dict[str, Any]:
        """Parameters as arrays of JAX in SI base units; raises `UnknownName`, `DimensionMismatchError`, or `WrongValue`
        for another shape."""
        plain = self._plain(values, self.pure.params, "parameter")
        for name, x in plain.items():
            shape, wanted = tuple(np.shape(x)), self.pure.params[name].shape
            own = shape[1:] if self.batch is not None and len(shape) > len(wanted) else shape
            if own not in (wanted, (1,) * len(wanted), ()) or own != shape and shape[0] != self.batch:
                raise WrongValue(
                    f"The parameter '{name}' has another shape", found=str(shape), help=f"{wanted}" +
                    (f", or with a value for each trial {(self.batch, *wanted)}" if self.batch is not None else ""))
        return plain

    def as_inputs(self, values: Mapping[str, object]) -> dict[str, Any]:
        """Inputs as arrays of JAX in SI base units, of any shape."""
        return self._plain(values, self.pure.inputs, "input")

    def checked_inputs(self, values: Mapping[str, object]) -> dict[str, Any]:
        """All inputs as arrays of JAX in SI base units; raises `WrongValue` for one that is missing or has another
        shape."""
        inputs = self.as_inputs(values)
        for name, place in self.pure.inputs.items():
            if name not in inputs:
                raise WrongValue(f"The input '{name}' is missing",
                                 help=f"an array of shape {self.shape_of_input(place)}")
            self._check_input(name, inputs[name].values if isinstance(inputs[name], Pull) else inputs[name], place)
        return inputs

    def trials(self, params: Mapping[str, Any], inputs: Mapping[str, Any], key: Any,
               count: int | None) -> dict[str, Any]:
        """Outputs of so many trials (None: of one, without an axis), whatever ``batch`` is; plain arrays, a key of JAX;
        nothing is checked."""
        words = self._jax.key_words(key, mixed, count)
        return self.pure(params, inputs, words) if count is None else self._jax.side_by_side(self.pure)(params, inputs,
                                                                                                        words)

    def constrained(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters (plain, SI base units) of raw numbers that know no bounds; what an optimiser works on.

        Between two bounds a sigmoid of the raw number, beside one bound a softplus, without bounds a multiple; the
        multiple (and the softplus') is the root mean square of the present values for parameters with a unit, else 1.
        """
        return self.ranges.inside(self._jax.as_arrays(dict(raw)))

    def unconstrained(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The inverse of `constrained`. Raises `WrongValue` for values on or beyond their bounds."""
        return self.ranges.raw(self.as_params(params))

    def _plain(self, values: Mapping[str, object], known: Mapping[str, Any], what: str) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if not isinstance(values, Mapping):
            raise WrongType(f"{what.capitalize()}s are values by name", found=repr(values)[:60],
                            help=f"{{{next(iter(known), 'S.w')!r}: value}}")
        for name, value in values.items():
            if name not in known:
                raise UnknownName(
                    f"There is no {what} '{name}' in this function", help=near(name, known)
                    or (f"it has {', '.join(map(repr, known))}"
                        if known else f"name it in net.functional(..., {what.replace('parameter', 'param')}s=[...])"))
            dimension = self._dimensions[name]
            if isinstance(value, Pull):
                made[name] = Pull(self._number(name, value.values, dimension),
                                  self._number(name, value.share, DIMENSIONLESS),
                                  self._number(name, value.ceiling, dimension))
            else:
                made[name] = self._number(name, value, dimension)
        return self._jax.as_arrays(made)

    def _number(self, name: str, value: object, dimension: Dimension) -> Any:
        """Plain numbers of a value that has this unit, or none."""
        if self._jax.is_traced(value):
            return value
        if np.asarray(value).dtype.kind not in "biuf":
            raise WrongType(f"'{name}' is given as numbers", found=repr(value)[:60],
                            help=f"a number or an array, in {unit_text(dimension)} or without a unit")
        found = get_dimensions(value)
        if found is not DIMENSIONLESS and found is not dimension:
            raise DimensionMismatchError(f"'{name}' cannot have this value", dimension, found,
                                         found=f"{unit_text(found)}, where {unit_text(dimension)} belongs")
        return np.asarray(value)

    def shape_of_input(self, place: Any) -> tuple[int, ...]:
        """(trials,) steps, elements."""
        return (*(() if self.batch is None else (self.batch,)), self.pure.steps, *place.shape)

    def _check_input(self, name: str, value: Any, place: Any) -> None:
        wanted, found = self.shape_of_input(place), tuple(np.shape(value))
        lead = len(wanted) - len(place.shape)
        if found[:lead] != wanted[:lead] or found[lead:] not in (place.shape, (1,) * len(place.shape), ()):
            raise WrongValue(f"The input '{name}' has another shape", found=str(found), help=f"{wanted}: " + (
                "trials, " if self.batch else "") + f"steps ({self.pure.steps} of {self.duration}), elements")

    @property
    def input_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each input of one trial: steps, elements."""
        return {n: (self.pure.steps, *p.shape) for n, p in self.pure.inputs.items()}

    @property
    def needed(self) -> frozenset[str]:
        """Inputs that a call cannot leave out: all of them."""
        return frozenset(self.pure.inputs)

    @property
    def spiking(self) -> bool:
        """Whether surrogates have a part in gradients."""
        return bool(self.pure.traced.layout.spikes)

    def with_units(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Results or parameters, as NumPy arrays with their units."""
        return {n: with_dimension(np.asarray(x, float), self._dimensions[n]) for n, x in result.items()}

    def memory_estimate(self, inputs: Mapping[str, object] | None = None, key: object = 0) -> int:
        """Bytes that a gradient of the outputs with respect to all parameters needs beside arguments and results.
        Compiles it; runs nothing."""
        shapes = {n: np.zeros(self.shape_of_input(p)) for n, p in self.pure.inputs.items()}
        given = self._plain({**shapes, **(inputs or {})}, self.pure.inputs, "input")
        params = self._plain(self.params, self.pure.params, "parameter")
        return self._jax.temporaries(self._function, params, given, self._jax.key_words(key, mixed, self.batch))

    # -- names ---------------------------------------------------------------------------------------------------------
    def _know(self, name: str, dimension: Dimension) -> None:
        self._dimensions[name] = dimension
        self.units[name] = with_dimension(np.float64(1), dimension)

    def _place(self, s: Settable) -> Any:
        """Where a parameter stands."""
        Place = self._jax.Place
        if s.kind == "delay":
            raise Unsupported(f"There is no gradient with respect to '{s.name}': delays are whole steps",
                              help="grad='events' has gradients of delays")
        names = (s.program,) if s.program else tuple(
            p.found.program
            for p in s.places) if s.variable is None else (s.variable.program,)  # type: ignore[attr-defined]
        for reduced, owner in self._simulation.reductions:
            if s.variable is not None and s.variable.moved and s.variable.program in reduced.moved or any(
                    map(reduced.computed_from, names)):
                raise Unsupported(
                    f"'{s.name}' cannot be a parameter of a function: states of {owner} were moved to the neurons and made from it",
                    help="Synapses(..., reduce='off')")
        if s.variable is None:
            return Place("param", names)
        part = None
        if s.group is not s.group.parent:
            part = slice(s.group.first_element, s.group.first_element + len(s.group))
        whole = self._start.values.arrays[s.variable.program][1]
        return Place("array", (s.variable.program,), part, (whole[part] if part else whole).shape)

    def _refuse_twice(self, params: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:
        """`WrongValue` for a variable that would be a parameter and an input that replaces it in every step."""
        for name, place in inputs.items():
            twin = next((n for n, p in params.items()
                         if place.kind == "array" and p.kind == "array" and set(p.names) & set(place.names)), None)
            if twin is not None:
                raise WrongValue(f"'{name}' is both a parameter and an input",
                                 help="the input replaces it in every step: leave it out of params")

    def _variable(self, name: str) -> Settable | None:
        try:
            found = self._simulation.settable(name)
        except UnknownName:
            return None
        return found if found.variable is not None else None

    def _input(self, name: str) -> Any:
        """Where an input stands: a variable that nothing else writes, or the spikes of a group."""
        Place, program = self._jax.Place, self._start.program
        found = self._variable(name)
        if found is not None:
            place = self._place(found)
            self._know(name, found.dimension)
            return place if place.names[0] in program.constant else replace(place, kind="state")
        queue, part, count = self._events(name)
        if queue:
            self._know(name, DIMENSIONLESS)
            kernel = max(n for n, k in enumerate(program.kernels) if queue in k.facts.appends)
            return Place("events", (queue,), part, (count,), False, kernel)
        raise UnknownName(
            f"There is no input '{name}'", help=near(name, [*self._simulation.parameters, *self._all_events()])
            or f"a variable, or the spikes of a group: {', '.join(self._all_events())}")

    def dimension_of(self, name: str) -> Dimension:
        """The dimension of a parameter, an input or an output."""
        return self._dimensions[name]

    def spikes_of(self, name: str) -> str | None:
        """Name of the spikes of the group that a variable belongs to; None if it has no threshold."""
        spikes = f"{owner_of(name)}.spikes"
        return spikes if self._events(spikes)[0] else None

    def _all_events(self) -> list[str]:
        return [shown(q.name) for q in self._start.program.queues if q.name in self._event_queues()]

    def _event_queues(self) -> set[str]:
        program = self._start.program
        pushed = {q for k in program.kernels for q in k.facts.appends} - program.records
        return {q.name for q in program.queues if q.role == "events" and q.name in pushed}

    def _events(self, name: str) -> tuple[str, slice | None, int]:
        """The queue of ``'G.spikes'``, the part that a subgroup is, and how many elements."""
        said = own_name(name, self._start.words)
        group = self._simulation.parts.get(owner_of(said))
        queue = supplied(owner_of(said) if group is None else group.parent.name, field_of(said))
        if queue not in self._event_queues():
            return "", None, 0
        into = next(q.into for q in self._start.program.queues if q.name == queue)
        if group is None:
            return queue, None, self._start.values.sizes[into]
        return queue, slice(group.first_element, group.first_element + len(group)), len(group)

    def _output(self, name: str) -> Any:
        """Where an output stands: a variable at the end of each step, a monitor's record, or the spikes of a group."""
        Place = self._jax.Place
        plain, last = at_the_end(name)
        found = self._variable(plain)
        if found is not None:
            self._know(name, found.dimension)
            return replace(self._place(found), last=last)
        queue, part, _ = self._events(plain)
        if queue:
            self._know(name, DIMENSIONLESS)
            return Place("events", (queue,), part, (), last)
        for r in self._start.recorders:
            place = self._recorded(r, self._record_of(r, plain), name)
            if place is not None:
                return replace(place, last=False) if not last else _refuse_last(name)
        known = [
            *(s for s in self._simulation.parameters), *self._all_events(), *(r.name for r in self._start.recorders),
            *self._start.words
        ]
        raise UnknownName(
            f"There is no output '{name}'", help=near(plain, known)
            or "a variable ('G.v'), the spikes of a group ('G.spikes'), or a monitor")

    def _record_of(self, recorder: Any, name: str) -> str:
        """The name of a record: that of its monitor is enough where it has one only."""
        if isinstance(recorder, EventMonitor) or own_name(f"{name}.", self._start.words) != f"{recorder.name}.":
            return name
        found = [
            q.name for q in self._start.program.queues
            if q.role == "record" and owner_of(q.name) == recorder.name and field_of(q.name) != "t"
        ]
        if len(found) != 1:
            raise UnknownName(f"The monitor '{name}' has several records", help="one of " + ", ".join(found))
        return found[0]

    def _recorded(self, recorder: Any, plain: str, name: str) -> Any:
        Place = self._jax.Place
        said = own_name(plain, self._start.words)
        if isinstance(recorder, EventMonitor) and said == recorder.name or self._start.words.get(
                plain) == recorder.name and isinstance(recorder, EventMonitor):
            source = recorder.source
            queue = queue_of(source.parent.name, recorder.event)
            self._know(name, DIMENSIONLESS)
            part = None if source is source.parent else slice(source.first_element, source.first_element + len(source))
            return Place("events", (queue,), part)
        variable = field_of(said)
        if owner_of(said) == recorder.name and said in {q.name for q in self._start.program.queues}:
            self._know(name,
                       recorder.variables[variable].dimension if variable in recorder.variables else DIMENSIONLESS)
            return Place("record", (said,))
        return None

    # -- the function --------------------------------------------------------------------------------------------------
    def _program(self, given: Mapping[str, Any], wanted: Mapping[str, Any]) -> tuple[Program, dict[str, np.ndarray]]:
        """The kernels that the outputs need, and the arrays, times as whole steps."""
        start = self._start
        program = start.program
        for k in program.kernels:
            for n in k.facts.nodes:
                if isinstance(n, Foreign) and not getattr(start.values.functions[n.function], "traceable", False):
                    raise Unsupported(
                        f"Gradients do not pass through the Python function '{function_of(n.function)}'", help=
                        "write it as an equation or a subexpression, or give it code for JAX: @implementation('jax', f)"
                    )
        arrays = {a.name: start.values.contents(a.name) for a in program.arrays}
        self._noted = {name: float(start.dts[clock]) for name, clock in noted_times(program).items()}
        for name, clock in noted_times(program).items():
            steps = np.nan_to_num(arrays[name] / start.dts[clock], nan=-LONG_AGO, posinf=LONG_AGO, neginf=-LONG_AGO)
            arrays[name] = np.clip(np.round(steps), -LONG_AGO, LONG_AGO).astype(np.int64)
        numbers = {p.kernel: program.kernels[p.kernel].name for p in given.values() if p.kind == "events"}
        names = frozenset(name for p in wanted.values() for name in p.names) | frozenset(name for p in given.values()
                                                                                         for name in p.names)
        smaller = only_wanted(whole_times(program), names)
        self._given = {
            next(n for n, k in enumerate(smaller.kernels) if k.name == name): number
            for number, name in numbers.items()
        }
        return smaller, arrays

    def _pure(self, program: Program, arrays: dict[str, np.ndarray], params: Mapping[str, Any],
              given: Mapping[str, Any], wanted: Mapping[str, Any], surrogate: object, reset_grad: str,
              checkpoint: object, truncate: int | None) -> Any:
        start = self._start
        state = self._state(program, arrays)
        target = jax_scan.JaxTarget()
        made = jax_scan.functions(program, target.write(program))
        spikes = self._spikes(program, surrogate)
        events = {p.names[0] for p in given.values() if p.kind == "events"}
        layout = jax_scan.layout_of(
            program, state, spikes=spikes, soft=soft_queues(program, {*spikes, *events}), differentiable=True,
            resets={k.name: reset_grad for k in program.kernels if k.role == "reset"})
        by_number = {
            n: p.names[0] for p in given.values() if p.kind == "events" for n, old in self._given.items()
            if old == p.kernel
        }
        gone = jax_scan.passing(program, layout.slots)
        shown = frozenset(p.names[0] for p in wanted.values() if p.kind == "events" and not p.last)
        traced = jax_scan.Traced(program, made, layout, given=by_number, shown=shown)
        ticks = jax_scan.next_ticks(state, int(state.end.max(initial=0)) * len(program.clocks) + 1)
        clocks = program.clocks
        scalars = {n: state.params[n] for n, _ in program.params if n not in layout.bounds}
        derived = jax_scan.derived(layout)
        levels = self._jax.levels_of(checkpoint, len(ticks.step))
        kept = {p.names[0] for p in wanted.values() if p.kind == "events" and p.last}
        masks = {q: m for q, m in jax_scan.masks(program, state, layout).items() if q not in gone or q in kept}
        used = {a.name for a in program.arrays}
        return self._jax.Pure(traced, {**{n: x for n, x in arrays.items() if n in used}, **derived}, scalars, masks,
                              ticks, {c: float(start.dts[c]) for c in clocks}, {c: int(start.steps[c]) for c in clocks},
                              dict(params), dict(given), dict(wanted), levels, truncate or 0,
                              program.constant | frozenset(derived), self._noted)

    def _state(self, program: Program, arrays: dict[str, np.ndarray]) -> State:
        """The state that the function begins from."""
        start, values = self._start, self._start.values
        queues = {
            q.name: QueueState(values.queues[q.name][1].data, values.queues[q.name][1].count) for q in program.queues
        }
        params = {n: start.literals[n] if n in start.literals else values.params[n] for n, _ in program.params}
        sizes = {**values.sizes, **{a.space: len(arrays[a.name]) for a in program.arrays}}
        state = State(program, sizes, params, arrays, queues, values.functions,
                      {c: values.times[c] for c in program.listed})
        ends = self._simulation.ends(self._length)
        for k, clock in enumerate(program.clocks):
            state.step[k], state.end[k], state.dt[k] = start.steps[clock], ends[clock], start.dts[clock]
        return state

    def _spikes(self, program: Program, surrogate: object) -> dict[str, Any]:
        """For the queue of each threshold that has no random numbers in it, how gradients pass."""
        made: dict[str, Any] = {}
        chosen = surrogate if isinstance(surrogate, Mapping) else {}
        by_name = {owner_of(own_name(f"{n}.x", self._start.words)): text for n, text in chosen.items()}
        thresholds = {t.queue: t for t in self._simulation.tasks if isinstance(t, Threshold)}
        for unknown in by_name.keys() - {owner_of(q) for q in thresholds}:
            groups = [owner_of(q) for q in thresholds]
            raise UnknownName(f"There is no group '{unknown}' with a threshold", help=near(unknown, groups)
                              or "one of " + ", ".join(groups))
        for number, kernel in enumerate(program.kernels):
            queues = kernel.facts.appends.keys() & thresholds.keys()
            if not queues or kernel.facts.draws:
                continue
            queue = next(iter(queues))
            owner = owner_of(queue)
            if "c.above(" not in KernelWriter(program, kernel, number).function():
                logger.warning("No gradient passes through the spikes of %s: its threshold compares no two values",
                               owner, extra={"topic": "no_margin"})
            text: Any = by_name.get(owner, "superspike(alpha=10)") if isinstance(surrogate, Mapping) else surrogate
            expression = derivative(surrogate_of(text))
            written = KernelWriter(program, kernel, number).text(expression)
            made[queue] = self._jax.spike_of(expression, written)
        return made

    def _trainable(self, asked: str | None) -> list[str]:
        """Names of the parameters that are flagged as trainable."""
        every = (self._simulation.settable(n) for n in self._simulation.parameters)
        found = [s.name for s in every if s.variable is not None and s.variable.bounds is not None]
        if not found and asked is not None:
            raise WrongValue("No parameter of this network is trainable",
                             help="flag it in the equations, 'w : 1 (trainable)', or name it: params=['S.w']")
        return found

    def _bounded(self) -> Ranges:
        variables = {n: self._simulation.settable(n).variable for n in self.params}
        return ranges(self.params, {n: None if v is None else v.bounds for n, v in variables.items()}, self._dimensions)

    def _default(self, place: Any) -> np.ndarray:
        if place.kind == "param":
            return np.asarray(self.pure.scalars[place.names[0]],
                              float) if place.names[0] in self.pure.scalars else np.asarray(
                                  self._start.values.params[place.names[0]], float)
        whole = self._start.values.arrays[place.names[0]][1]
        return np.array(whole[place.part] if place.part else whole)

    # -- looks ---------------------------------------------------------------------------------------------------------
    def _rows(self) -> list[tuple[str, str, str, str]]:
        def shape(x: Sequence[int]) -> str:
            return str(tuple(x))
        rows = [(n, "parameter", unit_text(self._dimensions[n]), shape(np.shape(v))) for n, v in self.params.items()]
        rows += [(n, "input", unit_text(self._dimensions[n]), shape(self.shape_of_input(p)))
                 for n, p in self.pure.inputs.items()]
        return rows + [(n, "output", unit_text(self._dimensions[n]), "") for n in self.pure.outputs]

    def _repr_html_(self) -> str:
        return html.table("Function", ("name", "what", "unit", "shape"), self._rows(),
                          f"{self.pure.steps} steps, {self.duration}")

    def __repr__(self) -> str:
        lines = [
            f"Function of a network: {self.duration}, {self.pure.steps} steps" +
            (f", {self.batch} trials at a time" if self.batch else "")
        ]
        width = max(len(r[0]) for r in self._rows())
        return "\n".join(lines + [
            f"  {n.ljust(width)}  {what}, {unit}{', ' + shape if shape else ''}"
            for n, what, unit, shape in self._rows()
        ])


def soft_queues(program: Program, first: set[str]) -> frozenset[str]:
    """Queues that gradients pass through: these, and those that are filled from them."""
    found = set(first)
    while True:
        filled = {q for k in program.kernels if found.intersection(k.domain.named("queue")) for q in k.facts.appends}
        more = filled - program.records - found
        if not more:
            return frozenset(found)
        found |= more


def _refuse_last(name: str) -> Any:
    raise WrongValue(f"'{name}': a monitor has a record of every step",
                     help="take the last entry of it, or name the variable")


def names_in(given: object, what: str) -> list[str]:
    """A name, or a sequence of names; `WrongType` for anything else."""
    if isinstance(given, str):
        given = [given]
    if not isinstance(given, Sequence) or not all(isinstance(n, str) for n in given):
        raise WrongType(f"'{what}' are names", found=repr(given)[:60], help=f"{what}=['G.v'] for example")
    return list(dict.fromkeys(given))
