"""The function that users differentiate: values of parameters and inputs to spike times and states."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from brainsim.errors import DimensionMismatchError, UnknownName, WrongState, WrongType, WrongValue, near
from brainsim.events.assembly import Hybrid, simulation_of
from brainsim.units import Quantity, get_dimensions
from brainsim.units.dimensions import DIMENSIONLESS, SECOND, Dimension
from brainsim.units.quantities import with_dimension
from brainsim.units.words import unit_text

Array = Any


@dataclass(frozen=True, eq=False)
class NamedParameter:
    """A parameter: the names in the program that it sets, its dimension, and its values in the network (base units)."""

    name: str
    sets: tuple[str, ...]
    dimension: Dimension
    now: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of its values."""
        return self.now.shape


@dataclass(frozen=True, eq=False)
class GivenSpikes:
    """Spikes of a source outside: for each its element and place in the element's list, the number of elements and of
    places, times in seconds."""

    source: str
    index: np.ndarray
    place: np.ndarray
    shape: tuple[int, int]
    times: np.ndarray


@dataclass(frozen=True)
class Output:
    """What is asked for: of a group, its ``'spikes'``, ``'first_spike'``, ``'count'``, or the column of a state
    (``what`` is its number)."""

    name: str
    group: str
    what: str | int
    dimension: Dimension = DIMENSIONLESS


@dataclass(frozen=True, eq=False, repr=False)
class EventFunction:
    """``sim(params, inputs)`` gives a dictionary of outputs. Pure: fit for `jax.grad`, `jax.jit` and `jax.vmap`; in
    seconds and base units.

    ``params`` and ``inputs`` map names to arrays; what is left out keeps its value in the network (``sim.params``).
    ``key`` is accepted for the sake of one form of call: nothing here is random. Where a neuron spikes more often than
    ``max_spikes`` allows, a call outside of JAX raises `WrongValue`; within transformations all outputs become NaN.
    """

    net: Hybrid
    #: object and name in its code → name in the program, value
    values: Mapping[tuple[str, str], tuple[str, np.ndarray]]
    places: tuple[NamedParameter, ...]
    sources: tuple[GivenSpikes, ...]
    asked: tuple[Output, ...]
    times_of: Mapping[str, str] = field(default_factory=dict)   #: name of an input → source
    ranges: Any = None                                          #: where the parameters may lie, see `constrained`

    batch = None            #: `jax.vmap` runs trials side by side, as does training
    spiking = False         #: no surrogate has a part in gradients
    needed: ClassVar[frozenset[str]] = frozenset()      #: inputs that are left out keep their values

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs."""
        return tuple(o.name for o in self.asked)

    @property
    def params(self) -> dict[str, np.ndarray]:
        """Values of the parameters in the network, in base units."""
        return {p.name: p.now.copy() for p in self.places}

    @property
    def inputs(self) -> dict[str, np.ndarray]:
        """Times of the given spikes in the network, in seconds, in the order in which they were given."""
        return {
            name: s.times.copy() for name, source in self.times_of.items() for s in self.sources if s.source == source
        }

    @property
    def input_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each input of one trial."""
        return {name: t.shape for name, t in self.inputs.items()}

    @property
    def units(self) -> dict[str, Quantity | float]:
        """Of parameters, inputs and outputs."""
        return {n: with_dimension(np.float64(1), d) for n, d in self._dimensions.items()}

    def with_units(self, result: Mapping[str, Array]) -> dict[str, Any]:
        """Results or parameters, as NumPy arrays with their units."""
        return {n: with_dimension(np.asarray(x, float), self._dimensions[n]) for n, x in result.items()}

    @cached_property
    def _dimensions(self) -> dict[str, Dimension]:
        return {
            **{p.name: p.dimension for p in self.places}, **dict.fromkeys(self.times_of, SECOND),
            **{o.name: o.dimension for o in self.asked}
        }

    # -- for those that train ------------------------------------------------------------------------------------------
    def as_params(self, values: Mapping[str, object]) -> dict[str, Array]:
        """Parameters as arrays of JAX in SI base units, of the shape that they have; raises `UnknownName`,
        `DimensionMismatchError` or `WrongValue`."""
        return self._checked(values, {})[0]

    def as_inputs(self, values: Mapping[str, object]) -> dict[str, Array]:
        """Inputs as arrays of JAX in seconds, of any shape."""
        for name, value in values.items():
            self._check_name(name, self.inputs, "input")
            self._check_unit(name, value)
        return {name: jnp.asarray(value, float) for name, value in values.items()}

    def trials(self, params: Mapping[str, Array], inputs: Mapping[str, Array], key: Array,
               count: int | None) -> dict[str, Array]:
        """Outputs of so many trials (None: of one, without an axis); nothing is checked, and outputs of a neuron with
        too many spikes are NaN."""
        one = self._compiled
        return one(params, inputs)[0] if count is None else jax.vmap(lambda x: one(params, x)[0],
                                                                     axis_size=count)(inputs)

    def constrained(self, raw: Mapping[str, Array]) -> dict[str, Array]:
        """Parameters of raw numbers that know no bounds: see `Functional.constrained`."""
        return self.ranges.inside(raw)

    def unconstrained(self, params: Mapping[str, object]) -> dict[str, Array]:
        """The inverse of `constrained`. Raises `WrongValue` for values on or beyond their bounds."""
        return self.ranges.raw(self.as_params(params))

    # -- calling -------------------------------------------------------------------------------------------------------
    def __call__(self, params: Mapping[str, Array] | None = None, inputs: Mapping[str, Array] | None = None,
                 key: Array = None) -> dict[str, Array]:
        """The outputs by name."""
        if jnp.result_type(float) != jnp.float64:
            raise WrongState("Exact spike times need double precision in JAX",
                             help="jax.config.update('jax_enable_x64', True), before arrays are made")
        params, inputs = self._checked({} if params is None else params, {} if inputs is None else inputs)
        found, overflow = self._compiled(params, inputs)
        if not isinstance(next(iter(overflow.values()), None), Tracer):
            self._refuse_overflow(overflow)
        return found

    def _checked(self, params: Mapping[str, Any],
                 inputs: Mapping[str, Any]) -> tuple[dict[str, Array], dict[str, Array]]:
        shapes = {p.name: p.shape for p in self.places}
        return self._shaped(params, shapes, "parameter"), self._shaped(inputs, self.input_shapes, "input")

    def _shaped(self, given: Mapping[str, Any], known: Mapping[str, tuple[int, ...]], what: str) -> dict[str, Array]:
        if not isinstance(given, Mapping):
            raise WrongType(f"{what.capitalize()}s are values by name", found=repr(given)[:60],
                            help=f"{{{next(iter(known), 'S.w')!r}: value}}")
        made = {}
        for name, value in given.items():
            self._check_name(name, known, what)
            self._check_unit(name, value)
            value = jnp.asarray(value, float)
            if value.shape not in (known[name], ()):
                raise WrongValue(f"The {what} '{name}' has another shape", found=str(value.shape),
                                 help=f"give {known[name]}, or one number; jax.vmap adds batches")
            if what == "input" and not isinstance(value, Tracer) and bool(jnp.any(value < 0)):
                raise WrongValue(f"'{name}': there are no spikes before the run begins",
                                 found=f"{float(jnp.min(value))} s", help="infinity stands for no spike")
            made[name] = jnp.broadcast_to(value, known[name])
        return made

    def _check_name(self, name: str, known: Mapping[str, object], what: str) -> None:
        if name not in known:
            raise UnknownName(f"There is no {what} '{name}' in this function", help=near(name, known)
                              or f"one of {', '.join(known) or 'none'}")

    def _check_unit(self, name: str, value: object) -> None:
        if isinstance(value, Quantity):
            wanted, found = self._dimensions[name], get_dimensions(value)
            if found is not wanted:
                raise DimensionMismatchError(f"'{name}' cannot be set to this value", wanted, found,
                                             found=f"{unit_text(found)}, where {unit_text(wanted)} belongs")

    def _refuse_overflow(self, overflow: Mapping[str, Array]) -> None:
        for name, full in overflow.items():
            if bool(full):
                at = self.net.kept[name]
                raise WrongValue(
                    f"A neuron of {name}, or of a group in a circle with it, spiked more than {at} times", help=
                    f"raise the number: max_spikes={2 * at}; if no number is enough, the reset leaves a neuron above "
                    f"its threshold"
                )

    @cached_property
    def _compiled(self) -> Any:
        simulate = simulation_of(self.net)

        def run(params: Mapping[str, Array], inputs: Mapping[str, Array]) -> tuple[dict[str, Array], dict[str, Array]]:
            changed = {
                program: value for p in self.places if p.name in params
                for program, value in ((s, params[p.name]) for s in p.sets)
            }

            def read(owner: str, name: str) -> Array:
                program, value = self.values[owner, name]
                return changed.get(program, value)

            times = {self.times_of[name]: t for name, t in inputs.items()}
            given = {s.source: _in_lists(s, times.get(s.source, s.times)) for s in self.sources}
            found, overflow = simulate(read, given)
            broken = jnp.any(jnp.stack([jnp.asarray(False), *overflow.values()]))
            return {o.name: _output(o, found[o.group], broken) for o in self.asked}, overflow

        return jax.jit(run)

    def __repr__(self) -> str:
        lines = [
            f"Function with exact gradients through spikes, for {with_dimension(np.float64(self.net.duration), SECOND)}"
        ]
        shapes = {**{p.name: p.shape for p in self.places}, **{n: t.shape for n, t in self.inputs.items()}}
        for what, names in (("parameters", self.params), ("inputs", self.inputs)):
            lines.append(f"  {what}: " + (", ".join(f"{n} {shapes[n]}" for n in names) or "none"))
        return "\n".join([*lines, f"  outputs: {', '.join(self.outputs)}"])


def _in_lists(s: GivenSpikes, times: Array) -> Array:
    """Times by element, in order, filled up with infinity."""
    return jnp.sort(jnp.full(s.shape, jnp.inf).at[s.index, s.place].set(times), axis=1)


def _output(o: Output, found: Any, broken: Array) -> Array:
    match o.what:
        case "count":
            return jnp.sum(jnp.isfinite(found.spikes), axis=1)
        case "spikes":
            made = found.spikes
        case "first_spike":
            made = found.spikes[:, 0]
        case column:
            made = found.x[:, column]
    return jnp.where(broken, jnp.nan, made)
