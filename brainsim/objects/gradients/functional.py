"""``net.functional(...)``: a network as a pure function of its parameters and inputs, to be differentiated, batched and
trained with JAX."""
from __future__ import annotations

import importlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from brainsim.errors import DimensionMismatchError, UnknownName, WrongType, WrongValue, near
from brainsim.objects.gradients.places import Places, names_in
from brainsim.objects.gradients.ranges import Ranges, ranges
from brainsim.objects.gradients.tracing import Tracing
from brainsim.objects.groups.random_state import mixed
from brainsim.objects.looks import html
from brainsim.objects.looks.optional import optional
from brainsim.objects.names.namespace import RunNamespace
from brainsim.objects.runs.prepared import Preparable
from brainsim.objects.runs.simulation import Simulation
from brainsim.options import prefs
from brainsim.units import Quantity, get_dimensions
from brainsim.units.dimensions import DIMENSIONLESS, SECOND, Dimension
from brainsim.units.quantities import with_dimension
from brainsim.units.words import unit_text

logger = logging.getLogger("brainsim")
RESETS = ("full", "value", "jump")


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
        self._simulation, self.batch = simulation, batch
        self._jax = importlib.import_module("brainsim.targets.jax_function")
        self._start, self.duration = simulation.start, Quantity(length, SECOND)
        self._places = Places(simulation, self._jax)
        params = self._trainable(params) if params in (None, "trainable") else names_in(params, "params")
        chosen = [simulation.settable(n) for n in params]
        places = {s.name: self._places.place_of(s) for s in chosen}
        for s, name in zip(chosen, params):
            places[name] = places.pop(s.name)
            self._places.know(name, s.dimension)
        given = {n: self._places.input_of(n) for n in names_in(inputs, "inputs")}
        self._places.refuse_twice(places, given)
        wanted = {n: self._places.output_of(n) for n in names_in(outputs, "outputs")}
        if not wanted:
            raise WrongValue(
                "A function without outputs",
                help="outputs=['G.v', 'G.spikes'] for example: variables, spikes, or the names of monitors")
        tracing = Tracing(simulation, length, self._jax)
        program, arrays = tracing.program(given, wanted)
        self.pure = tracing.pure(program, arrays, places, given, wanted, surrogate, reset_grad, checkpoint, truncate)
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
            dimension = self._places.dimensions[name]
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
    def units(self) -> dict[str, Quantity | float]:
        """Of parameters, inputs and outputs."""
        return self._places.units

    @property
    def spiking(self) -> bool:
        """Whether surrogates have a part in gradients."""
        return bool(self.pure.traced.layout.spikes)

    def with_units(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Results or parameters, as NumPy arrays with their units."""
        return {n: with_dimension(np.asarray(x, float), self._places.dimensions[n]) for n, x in result.items()}

    def memory_estimate(self, inputs: Mapping[str, object] | None = None, key: object = 0) -> int:
        """Bytes that a gradient of the outputs with respect to all parameters needs beside arguments and results.
        Compiles it; runs nothing."""
        shapes = {n: np.zeros(self.shape_of_input(p)) for n, p in self.pure.inputs.items()}
        given = self._plain({**shapes, **(inputs or {})}, self.pure.inputs, "input")
        params = self._plain(self.params, self.pure.params, "parameter")
        return self._jax.temporaries(self._function, params, given, self._jax.key_words(key, mixed, self.batch))

    def dimension_of(self, name: str) -> Dimension:
        """The dimension of a parameter, an input or an output."""
        return self._places.dimensions[name]

    def spikes_of(self, name: str) -> str | None:
        """Name of the spikes of the group that a variable belongs to; None if it has no threshold."""
        return self._places.spikes_of(name)

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
        return ranges(self.params, {n: None if v is None else v.bounds for n, v in variables.items()},
                      self._places.dimensions)

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
        rows = [(n, "parameter", unit_text(self._places.dimensions[n]), shape(np.shape(v)))
                for n, v in self.params.items()]
        rows += [(n, "input", unit_text(self._places.dimensions[n]), shape(self.shape_of_input(p)))
                 for n, p in self.pure.inputs.items()]
        return rows + [(n, "output", unit_text(self._places.dimensions[n]), "") for n in self.pure.outputs]

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
