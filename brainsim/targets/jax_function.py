"""A program as a pure function of JAX: (parameters, inputs, key) → outputs, one scan over all steps, differentiable."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from brainsim.errors import WrongType
from brainsim.ir.expressions import Expr
from brainsim.ir.state import DTYPES
from brainsim.targets import jax_scan
from brainsim.targets.jax_step import SCOPE
from brainsim.targets.jax_words import kind

LONG_AGO = 2 ** 30      #: steps
BRANCHES = 8     #: of nested checkpoints, ``checkpoint='log'``


@dataclass(frozen=True)
class ProgramPlace:
    """Where a parameter, an input or an output stands in the program: what kind of thing, its name there, and which
    part of it.

    Kinds: 'array', 'param' (several names: one value for all), 'events' (the mask of a queue), 'record', 'state' (an
    input that a computed variable is pulled to). ``last``: the value at the end only.
    """

    kind: str
    names: tuple[str, ...]
    part: slice | None = None
    shape: tuple[int, ...] = ()
    last: bool = False
    kernel: int = -1          #: of given events, the last kernel that fills the queue


@dataclass(frozen=True, eq=False)
class Pure:
    """Everything that the function closes over; nothing of it changes."""

    traced: jax_scan.Traced
    arrays: Mapping[str, np.ndarray]
    scalars: Mapping[str, float | int]
    queues: Mapping[str, np.ndarray]              #: masks of events under way
    ticks: jax_scan.Ticks
    dt: Mapping[str, float]
    origin: Mapping[str, int]
    params: Mapping[str, ProgramPlace]
    inputs: Mapping[str, ProgramPlace]
    outputs: Mapping[str, ProgramPlace]
    levels: tuple[int,
                  ...] = ()  #: lengths of nested blocks of steps of which only the beginning is kept for the gradient
    truncate: int = 0                             #: after so many steps gradients end
    fixed: frozenset[str] = field(default_factory=frozenset)      #: arrays that no kernel writes
    noted: Mapping[str,
                   float] = field(default_factory=dict)  #: arrays of times that are kept as whole steps, and the step

    @property
    def steps(self) -> int:
        """Ticks of the run."""
        return len(self.ticks.step)

    def __call__(self, params: Mapping[str, Any], inputs: Mapping[str, Any], key: tuple[Any, Any]) -> dict[str, Any]:
        """Recordings by name; arrays (steps, ...) or, of what is wanted at the end only, (...)."""
        step, carry, xs = self.stepper(params, inputs, key)
        carry, found = scan_in_blocks(step, carry, xs, self.steps, self.levels)
        constants = {"arrays": self.with_params(params)[0]}
        return {n: self.output(p, constants, carry, {}) if p.last else found[n] for n, p in self.outputs.items()}

    def stepper(self, params: Mapping[str, Any], inputs: Mapping[str, Any],
                key: tuple[Any, Any]) -> tuple[Callable[..., Any], Any, Any]:
        """One step ``(carry, x) → (carry, outputs)``, the first carry, and the x of all steps: (times, inputs, whether
        gradients end here)."""
        constants, carry = self.begin(params, key)
        matrices = self.traced.begin(constants)
        given = {
            n: self._pulls(n, x) if self.inputs[n].kind == "state" else jnp.asarray(x, kind("f8"))
            for n, x in inputs.items()
        }

        def step(carry: Any, x: Any) -> tuple[Any, Any]:
            tick, now, first = x
            if self.truncate:
                carry = jax.tree.map(lambda c: jnp.where(first, lax.stop_gradient(c), c), carry)
            held, events, before = self.with_inputs(constants, carry["A"], now)
            carry, recorded = self.traced(held, matrices, {"A": before, "Q": carry["Q"]}, {**tick, "given": events})
            return carry, {n: self.output(p, held, carry, recorded) for n, p in self.outputs.items() if not p.last}

        number = np.arange(self.steps)
        first = (number > 0) & (number % self.truncate == 0) if self.truncate else np.zeros(self.steps, bool)
        return step, carry, (self.table(), given, jnp.asarray(first))

    def begin(self, params: Mapping[str, Any], key: tuple[Any, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """What holds for the whole run, and the first state."""
        arrays, scalars = self.with_params(params)
        constants = {
            "arrays": {n: arrays[n] for n in arrays if n in self.fixed}, "params": scalars, "key": key, "dt": self.dt,
            "origin": self.origin
        }
        return constants, {
            "A": {n: jnp.asarray(x).astype(kind(_name(x))) for n, x in arrays.items() if n not in self.fixed}, "Q":
            {q: jnp.asarray(m) for q, m in self.queues.items()}
        }

    def table(self) -> dict[str, dict[str, Any]]:
        """All ticks: for each clock its step, its time, and whether it is due."""
        table = self.ticks.table(self.traced.program.clocks, self.steps)
        return {
            "step": {c: jnp.asarray(x, kind("i8")) for c, x in table["step"].items()}, "t":
            {c: jnp.asarray(x, kind("f8")) for c, x in table["t"].items()}, "due":
            {c: jnp.asarray(x) for c, x in table["due"].items()}
        }

    def with_params(self, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Arrays and scalars with parameters put in."""
        arrays: dict[str, Any] = dict(self.arrays)
        scalars = dict(self.scalars)
        for name, value in params.items():
            place = self.params[name]
            for own in place.names:
                if place.kind == "param":
                    scalars[own] = value
                elif own in arrays:        # what nobody reads is not there
                    value = self._in_steps(own, value).astype(kind(_name(self.arrays[own])))
                    arrays[own] = jnp.broadcast_to(value,
                                                   self.arrays[own].shape) if place.part is None else jnp.asarray(
                                                       arrays[own]).at[place.part].set(value)
        return arrays, scalars

    def _pulls(self, name: str, given: Any) -> tuple[Any, Any, Any]:
        """Values (steps, elements), shares and ceilings (steps,) that a variable is pulled to; alone, an array replaces
        it where it is a number."""
        values, share, ceiling = given if isinstance(given, tuple) else (given, 1.0, np.inf)
        values = jnp.asarray(values, kind("f8"))
        share, ceiling = (jnp.broadcast_to(jnp.asarray(x, kind("f8")), self.steps) for x in (share, ceiling))
        return values, share, ceiling

    def with_inputs(self, constants: Mapping[str, Any], state: Mapping[str, Any], now: Mapping[str, Any],
               ) -> tuple[Mapping[str, Any], dict[str, Any], dict[str, Any]]:
        """Constants with this step's inputs put in, the masks of given events, and the state that given values pull
        at."""
        arrays, events, pulled = dict(constants["arrays"]), {}, dict(state)
        for name, value in now.items():
            place = self.inputs[name]
            own = place.names[0]
            count = self.traced.layout.into[own] if place.kind == "events" else len(self.arrays[own])
            if place.kind == "state":
                whole = state[own]
                before = whole if place.part is None else whole[place.part]
                after = _pulled(before, *value)
                pulled[own] = after if place.part is None else whole.at[place.part].set(after)
                continue
            put_in = jnp.broadcast_to(value, count) if place.part is None else jnp.asarray(
                jnp.zeros(count, kind("f8")) if place.kind == "events" else arrays[own]).at[place.part].set(value)
            if place.kind == "events":
                events[own] = put_in
            else:
                arrays[own] = put_in
        return {**constants, "arrays": arrays}, events, pulled

    def output(self, place: ProgramPlace, constants: Mapping[str, Any], carry: Mapping[str, Any],
               recorded: Mapping[str, Any]) -> Any:
        """The value of an output after a step."""
        own = place.names[0]
        if place.kind in ("record", "events") and own in recorded:
            found = recorded[own]
        elif place.kind == "record":
            found = recorded[own] if own in recorded else jnp.asarray(self.traced.fixed_values[own])
        elif place.kind == "events":
            found = carry["Q"][own]
        else:
            found = carry["A"][own] if own in carry["A"] else jnp.asarray(constants["arrays"][own])
        found = found if place.part is None else found[place.part]
        if place.kind == "events" and found.dtype == bool:
            return found.astype(kind("f8"))
        if own not in self.noted:
            return found
        return jnp.where(abs(found) >= LONG_AGO, jnp.sign(found) * jnp.inf, found.astype(kind("f8")) * self.noted[own])

    def _in_steps(self, array: str, value: Any) -> Any:
        """Times that are noted as whole steps."""
        if array not in self.noted:
            return jnp.asarray(value)
        return jnp.clip(jnp.round(jnp.nan_to_num(value / self.noted[array], nan=-LONG_AGO)), -LONG_AGO, LONG_AGO)


def _pulled(x: Any, to: Any, share: Any, ceiling: Any) -> Any:
    """A variable a share of the way nearer to given values, where they are numbers, and not above a ceiling."""
    known = jnp.isfinite(to)
    return jnp.minimum(x + jnp.where(known, share * (jnp.where(known, to, 0) - x), 0), ceiling).astype(x.dtype)


def _name(x: Any) -> str:
    dtype = np.dtype(x.dtype)
    return next((n for n, d in DTYPES.items() if d == dtype), "f8")


def scan_in_blocks(step: Callable[..., Any], carry: Any, xs: Any, length: int, levels: tuple[int,
                                                                                             ...]) -> tuple[Any, Any]:
    """`lax.scan`; of blocks of so many steps only the beginning is kept, and the rest made again for the gradient
    (Griewank & Walther 2000)."""
    levels = tuple(b for b in levels if 1 < b < length)
    if not levels:
        return lax.scan(step, carry, xs, length=length)
    size, inner = levels[0], levels[1:]
    count, rest = divmod(length, size)

    def block(carry: Any, xs: Any) -> Any:
        return scan_in_blocks(step, carry, xs, size, inner)

    cut = jax.tree.map(lambda x: x[:count * size].reshape(count, size, *x.shape[1:]), xs)
    carry, found = lax.scan(jax.checkpoint(block, prevent_cse=False), carry, cut)
    found = jax.tree.map(lambda y: y.reshape(count * size, *y.shape[2:]), found)
    if not rest:
        return carry, found
    tail = jax.tree.map(lambda x: x[count * size:], xs)
    carry, more = jax.checkpoint(lambda c, x: scan_in_blocks(step, c, x, rest, inner))(carry, tail)
    return carry, jax.tree.map(lambda a, b: jnp.concatenate([a, b]), found, more)


def levels_of(checkpoint: Any, steps: int) -> tuple[int, ...]:
    """Block lengths for ``checkpoint``: None, 'sqrt', 'log' or a number of steps."""
    if checkpoint is None:
        return ()
    if checkpoint == "sqrt":
        return (int(np.ceil(np.sqrt(steps))),)
    if checkpoint == "log":
        return tuple(BRANCHES ** k for k in range(int(np.log(max(2, steps)) / np.log(BRANCHES)), 0, -1))
    return (int(checkpoint),)


def spike_of(derivative: Expr, text: str) -> Callable[..., Any]:
    """H of the margin with a derivative of its own: (a, b, '>' or '>=', scale) → floats of 0 and 1. ``text`` writes the
    derivative of ``l_x``.

    The margin is counted in scales; without one (a spike resets nothing) in thresholds, and in base units where those
    are 0.
    """
    scope = dict(SCOPE)
    exec(compile(f"def slope(l_x):\n    return {text}\n", "<surrogate derivative>", "exec"), scope)
    slope = scope["slope"]

    @jax.custom_jvp
    def strictly(x: Any) -> Any:
        return (x > 0).astype(x.dtype)

    @jax.custom_jvp
    def at_least(x: Any) -> Any:
        return (x >= 0).astype(x.dtype)

    def passed(primals: Any, tangents: Any, whole: Any) -> tuple[Any, Any]:
        return whole(primals[0]), (slope(lax.stop_gradient(primals[0])) * tangents[0]).astype(primals[0].dtype)

    strictly.defjvp(lambda p, t: passed(p, t, strictly))
    at_least.defjvp(lambda p, t: passed(p, t, at_least))

    def spike(a: Any, b: Any, op: str, scale: Callable[[], Any] | None) -> Any:
        size = jnp.abs(lax.stop_gradient(jnp.asarray(b if scale is None else scale())))
        size = jnp.where(size > 0, size, 1)
        return (strictly if op == ">" else at_least)((a - b) / size)

    return spike


def compiled(pure: Pure, batch: int | None) -> Callable[..., Any]:
    """The function, compiled when it is first called for some shapes; with ``batch``, for so many trials at once."""
    return jax.jit(pure if batch is None else side_by_side(pure))


def side_by_side(pure: Pure) -> Callable[..., Any]:
    """The function of many trials: inputs and keys have a first axis, parameters may have one."""
    def many(params: Mapping[str, Any], inputs: Mapping[str, Any], key: tuple[Any, Any]) -> dict[str, Any]:
        own = {n: 0 if jnp.ndim(v) > len(pure.params[n].shape) else None for n, v in params.items()}
        kinds: dict[str, Any] = {n: type(x) for n, x in inputs.items()}
        given = {n: kinds[n](0, None, None) if isinstance(x, tuple) else 0 for n, x in inputs.items()}
        return jax.vmap(pure, in_axes=(own, given, 0))(params, inputs, key)

    return many


def key_words(key: Any, mixed: Callable[[int, int], int], batch: int | None) -> tuple[Any, Any]:
    """The two 32-bit words of the key of the random numbers: from a whole number, as `Simulation.run` has it, or from a
    key of JAX."""
    if isinstance(key, (int, np.integer)):
        first = mixed(int(key), 0)
        keys = [first] if batch is None else [mixed(first, b) for b in range(batch)]
        low, high = (np.array([k >> s & 0xFFFFFFFF for k in keys], np.uint32) for s in (0, 32))
        return (low[0], high[0]) if batch is None else (low, high)
    if not isinstance(key, (jax.Array, np.ndarray)):
        raise WrongType("'key' is a whole number or a key of jax.random", found=repr(key))
    if jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        key = jax.random.key_data(key if batch is None else jax.random.split(key, batch))
    elif batch is not None:
        key = jax.random.split(jax.random.wrap_key_data(jnp.asarray(key)), batch)
        key = jax.random.key_data(key)
    words = jnp.asarray(key).astype(jnp.uint32)
    return words[..., -2], words[..., -1]


def temporaries(function: Callable[..., Any], *args: Any) -> int:
    """Bytes that the compiled gradient of the sum of all outputs needs besides its arguments and results."""
    def total(*args: Any) -> Any:
        return sum(jnp.sum(x) for x in jax.tree.leaves(function(*args)) if jnp.issubdtype(x.dtype, jnp.floating))
    found = jax.jit(jax.grad(total)).lower(*args).compile().memory_analysis()
    assert found is not None
    return int(found.temp_size_in_bytes)


def as_arrays(tree: Any) -> Any:
    """Leaves as arrays of JAX."""
    return jax.tree.map(
        lambda x: jnp.asarray(x,
                              kind("f8") if jnp.issubdtype(jnp.result_type(x), jnp.floating) else None), tree)


def is_traced(x: Any) -> bool:
    """Whether a value is JAX's own."""
    return isinstance(x, jax.Array)
