"""The function that users differentiate: values of parameters and inputs to spike times and states."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from brainsim.errors import DimensionMismatchError, UnknownName, WrongState, WrongValue, near
from brainsim.events.assembly import Hybrid, simulation_of
from brainsim.units import Quantity, get_dimensions
from brainsim.units.dimensions import SECOND, Dimension

Array = Any


@dataclass(frozen=True, eq=False)
class Place:
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
    """Spikes of a source outside: for each its element and place in the element's list, the number of elements and of places, times in seconds."""

    source: str
    index: np.ndarray
    place: np.ndarray
    shape: tuple[int, int]
    times: np.ndarray


@dataclass(frozen=True)
class Output:
    """What is asked for: of a group, its ``'spikes'``, ``'first_spike'``, ``'count'``, or the column of a state (``what`` is its number)."""

    name: str
    group: str
    what: str | int


@dataclass(frozen=True, eq=False, repr=False)
class EventFunction:
    """``sim(params, inputs)`` gives a dictionary of outputs. Pure: fit for `jax.grad`, `jax.jit` and `jax.vmap`; in seconds and base units.

    ``params`` and ``inputs`` map names to arrays; what is left out keeps its value in the network (``sim.params``). ``key`` is accepted for
    the sake of one form of call: nothing here is random. Where a neuron spikes more often than ``max_spikes`` allows, a call outside of JAX
    raises `WrongValue`; within transformations all outputs become NaN.
    """

    net: Hybrid
    values: Mapping[tuple[str, str], tuple[str, np.ndarray]]   #: object and name in its code → name in the program, value
    places: tuple[Place, ...]
    sources: tuple[GivenSpikes, ...]
    asked: tuple[Output, ...]
    times_of: Mapping[str, str] = field(default_factory=dict)   #: name of an input → source

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
        return {name: s.times.copy() for name, source in self.times_of.items() for s in self.sources if s.source == source}

    def __call__(self, params: Mapping[str, Array] | None = None, inputs: Mapping[str, Array] | None = None, key: Array = None) -> dict[str, Array]:
        """The outputs by name."""
        if not jax.config.jax_enable_x64:
            raise WrongState("Exact spike times need double precision in JAX", help="jax.config.update('jax_enable_x64', True), before arrays are made")
        params, inputs = self._checked(dict(params or {}), dict(inputs or {}))
        found, overflow = self._compiled(params, inputs)
        if not isinstance(next(iter(overflow.values()), None), jax.core.Tracer):
            self._refuse_overflow(overflow)
        return found

    def _checked(self, params: dict[str, Array], inputs: dict[str, Array]) -> tuple[dict[str, Array], dict[str, Array]]:
        shapes = {p.name: p.shape for p in self.places}
        times = {name: t.shape for name, t in self.inputs.items()}
        for given, known, what in ((params, shapes, "parameter"), (inputs, times, "input")):
            for name, value in given.items():
                if name not in known:
                    raise UnknownName(f"There is no {what} '{name}' in this function", help=near(name, known) or f"one of {', '.join(known) or 'none'}")
                self._check_unit(name, value)
                value = jnp.asarray(value, float)
                if value.shape not in (known[name], ()):
                    raise WrongValue(f"The {what} '{name}' has another shape", found=str(value.shape),
                                     help=f"give {known[name]}, or one number; jax.vmap adds batches")
                given[name] = jnp.broadcast_to(value, known[name])
        return params, inputs

    def _check_unit(self, name: str, value: object) -> None:
        if isinstance(value, Quantity):
            wanted = next((p.dimension for p in self.places if p.name == name), SECOND)
            if get_dimensions(value) is not wanted:
                raise DimensionMismatchError(f"'{name}' cannot be set to this value", wanted, get_dimensions(value))

    def _refuse_overflow(self, overflow: Mapping[str, Array]) -> None:
        for name, full in overflow.items():
            if bool(full):
                at = self.net.kept[name]
                raise WrongValue(f"A neuron of {name}, or of a group in a circle with it, spiked more than {at} times",
                                 help=f"raise the number: max_spikes={2 * at}; if no number is enough, the reset leaves a neuron above its threshold")

    @cached_property
    def _compiled(self) -> Any:
        simulate = simulation_of(self.net)

        def run(params: Mapping[str, Array], inputs: Mapping[str, Array]) -> tuple[dict[str, Array], dict[str, Array]]:
            changed = {program: value for p in self.places if p.name in params for program, value in ((s, params[p.name]) for s in p.sets)}

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
        lines = [f"Function with exact gradients through spikes, for {self.net.duration} s"]
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
