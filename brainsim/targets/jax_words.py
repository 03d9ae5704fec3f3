"""The words of generated JAX code: what its functions mean, on arrays of JAX.

A kernel works on all its elements at once. Which of them take part is a mask: None (all), a boolean array, or an array
of floats between 0 and 1 where gradients are to pass through events. What is known while the code is traced (indices
that count up, bounds) stays NumPy, so that reading a whole array costs nothing.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from brainsim.ir.random import M0, M1, MASK, W0, W1, quarter_turn
from brainsim.ir.state import DTYPES


def known(*values: Any) -> bool:
    """Whether values are known while the code is traced."""
    return not any(isinstance(v, jax.Array) for v in values)


def either(of_numpy: Callable[..., Any], of_jax: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy's function of what is known, JAX's of what is not."""
    def call(*args: Any) -> Any:
        return of_numpy(*args) if known(*args) else of_jax(*args)
    return call


def kind(name: str) -> Any:
    """JAX's dtype for one of the program's: half as wide where JAX has no 64-bit numbers."""
    return jax.dtypes.canonicalize_dtype(DTYPES[name])


def floating(x: Any) -> bool:
    """Whether a truth value is a float between 0 and 1."""
    return jnp.issubdtype(jnp.result_type(x), jnp.floating)


# -- arithmetic
# ------------------------------------------------------------------------------------------------------------
def divide(a: Any, b: Any) -> Any:
    """Division of floats; whole numbers become floats first."""
    return either(np.divide, jnp.divide)(a, b)


def power(a: Any, b: Any) -> Any:
    """``a ** b``; whole numbers stay whole for exponents that are known not to be negative."""
    whole = all(jnp.issubdtype(jnp.result_type(x), jnp.integer) or jnp.result_type(x) == jnp.bool_ for x in (a, b))
    if isinstance(b, int) and (b >= 0 or not whole):
        return jnp.asarray(a) ** b if not known(a) else np.asarray(a) ** b
    return jnp.power(jnp.asarray(a, kind("f8")) if whole else a, b)


def cast(t: str, x: Any) -> Any:
    """Conversion; a float becomes an integer by truncation toward zero."""
    if known(x):
        return np.asarray(x).astype(DTYPES[t])[()]
    x = jnp.asarray(x)
    if t == "f4" and x.dtype == jnp.float64:
        x = lax.reduce_precision(x, exponent_bits=8, mantissa_bits=23)      # XLA leaves out a conversion there and back
    return x.astype(kind(t))


def logical_not(a: Any) -> Any:
    """The contrary."""
    return 1 - a if floating(a) else either(np.logical_not, jnp.logical_not)(a)


def logical_and(a: Any, b: Any) -> Any:
    """Both."""
    if floating(a) or floating(b):
        return _as_float(a, b) * _as_float(b, a)
    return either(np.logical_and, jnp.logical_and)(a, b)


def logical_or(a: Any, b: Any) -> Any:
    """One or both."""
    if floating(a) or floating(b):
        a, b = _as_float(a, b), _as_float(b, a)
        return a + b - a * b
    return either(np.logical_or, jnp.logical_or)(a, b)


def _as_float(truth: Any, like: Any) -> Any:
    if floating(truth):
        return truth
    return jnp.asarray(truth).astype(jnp.result_type(like))


def exprel(x: Any) -> Any:
    """(exp(x) - 1) / x, and 1 at 0; the derivative is right there too."""
    x = jnp.asarray(x, jnp.result_type(x, jnp.float32))
    return _exprel(x)


@jax.custom_jvp
def _exprel(x: Any) -> Any:
    small = jnp.abs(x) < 1e-16
    return jnp.where(small, 1, jnp.expm1(x) / jnp.where(small, 1, x)).astype(x.dtype)


@_exprel.defjvp
def _exprel_jvp(primals: Any, tangents: Any) -> Any:
    (x,), (dx,) = primals, tangents
    y = _exprel(x)
    near = jnp.abs(x) < 1e-2
    safe = jnp.where(near, 1, x)
    series = 0.5 + x * (1 / 3 + x * (1 / 8 + x * (1 / 30 + x * (1 / 144 + x / 840))))
    return y, jnp.where(near, series, (jnp.exp(safe) - y) / safe) * dx


def timestep(t: Any, dt: Any) -> Any:
    """Whole steps in a time, with a tolerance of a thousandth of a step."""
    return jnp.trunc((t + 1e-3 * dt) / dt).astype(kind("i8"))


def sign(x: Any) -> Any:
    """-1, 0 or 1 as an integer."""
    return jnp.sign(x).astype(jnp.int32)


def clip(x: Any, low: Any, high: Any) -> Any:
    """x within [low, high]; high where low > high."""
    return jnp.minimum(jnp.maximum(x, low), high)


def poisson_from(rate: Any, u: Any, z: Any) -> Any:
    """A Poisson number by inversion of ``u`` for means up to 60, above that a rounded normal from ``z``."""
    rate, u, z = jnp.broadcast_arrays(*(jnp.asarray(x, jnp.result_type(u)) for x in (rate, u, z)))
    few = (rate > 0) & (rate <= 60)
    mass = jnp.where(few, jnp.exp(-jnp.where(few, rate, 1)), 2)

    def more(s: Any) -> Any:
        return jnp.any((u >= s[2]) & (s[0] < 1000))

    def next_one(s: Any) -> Any:
        k, mass, total = s
        go = (u >= total) & (k < 1000)
        new = mass * (rate / (k + 1))
        return jnp.where(go, k + 1, k), jnp.where(go, new, mass), jnp.where(go, total + new, total)

    k = lax.while_loop(more, next_one, (jnp.zeros_like(rate), mass, mass))[0]
    large = jnp.maximum(0, jnp.floor(rate + jnp.sqrt(jnp.abs(rate)) * z + 0.5))
    return jnp.where(rate > 60, large, jnp.where(rate > 0, k, 0)).astype(jnp.int32)


def binomial_from(n: Any, p: Any, u: Any, z: Any) -> Any:
    """A binomial number by inversion of ``u``, or a rounded normal from ``z`` where n p > 5 and n (1 - p) > 5."""
    n, p, u, z = jnp.broadcast_arrays(*(jnp.asarray(x, jnp.result_type(u)) for x in (n, p, u, z)))
    some = (n > 0) & (p > 0) & (p < 1)
    large = some & (n * p > 5) & (n * (1 - p) > 5)
    q = jnp.where(some & ~large, jnp.where(p > 0.5, 1 - p, p), 0.25)
    mass = jnp.where(some & ~large, jnp.exp(n * jnp.log1p(-q)), 2)

    def more(s: Any) -> Any:
        return jnp.any((u >= s[2]) & (s[0] < n))

    def next_one(s: Any) -> Any:
        k, mass, total = s
        go = (u >= total) & (k < n)
        new = mass * ((n - k) / (k + 1) * (q / (1 - q)))
        return jnp.where(go, k + 1, k), jnp.where(go, new, mass), jnp.where(go, total + new, total)

    k = lax.while_loop(more, next_one, (jnp.zeros_like(q), mass, mass))[0]
    k = jnp.where(p > 0.5, n - k, k)
    rounded = jnp.minimum(n, jnp.maximum(0, jnp.floor(n * p + jnp.sqrt(jnp.abs(n * p * (1 - p))) * z + 0.5)))
    return jnp.where(some, jnp.where(large, rounded, k), jnp.where((n > 0) & (p >= 1), n, 0)).astype(jnp.int32)


# -- random numbers
# --------------------------------------------------------------------------------------------------------
def _product(a: int, b: Any) -> tuple[Any, Any]:
    """High and low 32 bits of a * b, from 16-bit halves."""
    low, high = a & 0xFFFF, a >> 16
    b0, b1 = b & 0xFFFF, b >> 16
    middle = b1 * jnp.uint32(low) + (b0 * jnp.uint32(low) >> 16)
    other = b0 * jnp.uint32(high) + (middle & 0xFFFF)
    return b1 * jnp.uint32(high) + (middle >> 16) + (other >> 16), b * jnp.uint32(a)


def philox(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> tuple[Any, ...]:
    """Philox 4x32-10 (Salmon et al. 2011) on arrays of 32-bit words."""
    c0, c1, c2, c3 = jnp.broadcast_arrays(*(jnp.asarray(c).astype(jnp.uint32) for c in (c0, c1, c2, c3)))
    k0, k1 = jnp.asarray(k0).astype(jnp.uint32), jnp.asarray(k1).astype(jnp.uint32)
    for _ in range(10):
        h0, l0 = _product(M0, c0)
        h1, l1 = _product(M1, c2)
        c0, c1, c2, c3 = h1 ^ c1 ^ k0, l1, h0 ^ c3 ^ k1, l0
        k0, k1 = k0 + jnp.uint32(W0), k1 + jnp.uint32(W1)
    return c0, c1, c2, c3


def _unit(high: Any, low: Any) -> Any:
    """A number on [0, 1): 52 bits, or 24 where there are no doubles."""
    if kind("f8") == jnp.float32:
        return (high >> 8).astype(jnp.float32) * jnp.float32(2 ** -24)
    return (high.astype(jnp.float64) * 1048576.0 + (low >> 12).astype(jnp.float64)) / 4503599627370496.0


def halves(number: Any) -> tuple[Any, Any]:
    """Low and high 32 bits of a whole number."""
    if known(number):
        whole = np.asarray(number).astype(np.int64).astype(np.uint64)
        return (whole & np.uint64(MASK)).astype(np.uint32), (whole >> np.uint64(32)).astype(np.uint32)
    if jnp.asarray(number).dtype.itemsize < 8:
        return jnp.asarray(number).astype(jnp.uint32), jnp.uint32(0)
    whole = jnp.asarray(number).astype(jnp.uint64)
    return (whole & MASK).astype(jnp.uint32), (whole >> 32).astype(jnp.uint32)


def draw(law: str, key: tuple[Any, Any], stream: int, step: Any, index: Any) -> Any:
    """The number of (key, stream, step, index), as in ``ir/random.py``; a pair of indices shares one call where they
    count up from 0."""
    count = len(index) if known(index) and np.ndim(index) == 1 else 0
    low, high = halves(step)
    if count > 32 and isinstance(index, np.ndarray) and index[0] == 0 and counts_up(index):
        blocks = -(-count // 64)
        words = philox(low, high, np.arange(32 * blocks, dtype=np.uint32), np.uint32(stream), *key)
        u, w = _unit(*words[:2]).reshape(blocks, 32), _unit(*words[2:]).reshape(blocks, 32)
        if law == "uniform":
            return jnp.concatenate([u, w], axis=1).reshape(-1)[:count]
        return jnp.concatenate([_normal(u, w, False), _normal(u, w, True)], axis=1).reshape(-1)[:count]
    where = jnp.asarray(index).astype(jnp.uint32)
    words = philox(low, high, (where >> 6 << 5) | (where & 31), np.uint32(stream), *key)
    u, w, second = _unit(*words[:2]), _unit(*words[2:]), (where & 32) != 0
    if law == "uniform":
        return jnp.where(second, w, u)
    return jnp.where(second, _normal(u, w, True), _normal(u, w, False))


def _normal(u: Any, w: Any, second: bool) -> Any:
    """Box and Muller (1958)."""
    turns = jnp.floor(4 * w + 0.5)
    sine, cosine = quarter_turn(4 * w - turns)
    along, across = (sine, cosine) if second else (cosine, -sine)
    quarter = turns % 4
    signed = jnp.where(quarter % 2 == 1, across, along) * jnp.where(quarter >= 2, -1, 1)
    return jnp.sqrt(-2 * jnp.log(1 - u)) * signed


# -- masks
# -----------------------------------------------------------------------------------------------------------------
def both(mask: Any, condition: Any) -> Any:
    """The elements of a mask for which a condition holds."""
    if known(condition) and not floating(condition) and np.all(condition):
        return mask
    return condition if mask is None else logical_and(mask, condition)


def pick(mask: Any, new: Any, old: Any) -> Any:
    """``new`` where the mask holds, ``old`` elsewhere; of a mask of floats, with its gradient."""
    if mask is None:
        return jnp.broadcast_to(new, jnp.shape(old)) if jnp.ndim(new) < jnp.ndim(old) else new
    if floating(mask):
        if not jnp.issubdtype(jnp.result_type(old), jnp.floating):
            return jnp.where(mask > 0, new, old)
        return _mix(*jnp.broadcast_arrays(mask, jnp.asarray(new).astype(jnp.result_type(old)), old))
    return jnp.where(mask, new, old)


@jax.custom_jvp
def _mix(mask: Any, new: Any, old: Any) -> Any:
    return jnp.where(mask > 0, new, old)


@_mix.defjvp
def _mix_jvp(primals: Any, tangents: Any) -> Any:
    mask, new, old = primals
    d_mask, d_new, d_old = tangents
    return jnp.where(mask > 0, new,
                     old), jnp.where(mask > 0, d_new, d_old) + (new - old).astype(old.dtype) * d_mask.astype(old.dtype)


def hard(mask: Any) -> Any:
    """A mask through which no gradient passes."""
    return mask > 0 if mask is not None and floating(mask) else mask


def amount(mask: Any, value: Any) -> Any:
    """``value`` where the mask holds, 0 elsewhere."""
    if mask is None:
        return value
    return mask * value if floating(mask) else jnp.where(mask, value, 0)


# -- places
# ----------------------------------------------------------------------------------------------------------------
def counts_up(index: np.ndarray) -> bool:
    """Whether an index goes up by one."""
    return bool(len(index)) and int(index[-1]) - int(index[0]) == len(index) - 1 and bool((np.diff(index) == 1).all())


def span(index: Any, count: int) -> slice | None:
    """The part of an array of ``count`` elements that an index known beforehand runs through in order."""
    if not (isinstance(index, np.ndarray) and index.ndim == 1 and counts_up(index)):
        return None
    first, last = int(index[0]), int(index[-1]) + 1
    return slice(first, last) if first >= 0 and last <= count else None


def take(x: Any, index: Any) -> Any:
    """``x[index]``; the whole array where the index runs through it. An index outside belongs to an element that takes
    no part."""
    where = span(index, len(x))
    if where is not None:
        return x if where == slice(0, len(x)) else x[where]
    if known(index) and np.ndim(index) == 0:
        return x[int(index)]
    return jnp.asarray(x).at[index].get(mode="clip")


_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": divide,
    "//": jnp.floor_divide, "%": jnp.mod, "**": power,
}


def put(x: Any, index: Any, op: str, value: Any, mask: Any, t: str) -> Any:
    """``x`` after ``x[index] op value`` for the elements of a mask; several may meet in one place: sums and products of
    all, or the last."""
    x = jnp.asarray(x)
    where = span(index, len(x))
    if where is not None:
        old = x if where == slice(0, len(x)) else x[where]
        new = _stored(_changed(mask, old, op, value), old)
        return new if where == slice(0, len(x)) else x.at[where].set(new)
    spread = max(jnp.ndim(v) for v in (index, value, False if mask is None else mask))
    if jnp.ndim(index) == 0 and spread == 0:
        old = x[index]
        return x.at[index].set(_stored(_changed(mask, old, op, value), old))
    shape = jnp.broadcast_shapes(*(jnp.shape(v) for v in (index, value, False if mask is None else mask)))
    index, value = jnp.broadcast_to(index, shape), jnp.broadcast_to(value, shape)
    if op in ("+=", "-="):
        signed = amount(mask, value if op == "+=" else -value)
        return x.at[index].add(jnp.asarray(signed).astype(x.dtype), mode="drop")
    if op == "*=":
        return x.at[index].multiply(jnp.asarray(pick(mask, value, jnp.ones_like(value))).astype(x.dtype), mode="drop")
    if op != "=":
        value = _new(take(x, index), op, value)
    return _last(x, index, value, mask)


def put_once(x: Any, index: Any, op: str, value: Any, mask: Any, t: str) -> Any:
    """`put` where no two elements meet in one place; places outside belong to elements that are not there."""
    x = jnp.asarray(x)
    old = take(x, index)
    return x.at[index].set(_stored(_changed(mask, old, op, value), old), mode="drop")


def _changed(mask: Any, old: Any, op: str, value: Any) -> Any:
    """The value after ``op``, where the mask holds; a sum with a mask of floats keeps nothing for the gradient but the
    mask and what is added."""
    if op in ("+=", "-=") and mask is not None and floating(mask):
        return old + mask * value if op == "+=" else old - mask * value
    return pick(mask, _new(old, op, value), old)


def _new(old: Any, op: str, value: Any) -> Any:
    return value if op == "=" else _OPERATIONS[op[:-1]](old, value)


def _stored(new: Any, old: Any) -> Any:
    return jnp.broadcast_to(jnp.asarray(new).astype(old.dtype), old.shape)


def _last(x: Any, index: Any, value: Any, mask: Any) -> Any:
    """Each place of ``x`` as the last element that goes there sets it."""
    order = jnp.arange(index.shape[0], dtype=jnp.int32)
    at = order if mask is None else jnp.where(mask > 0 if floating(mask) else mask, order, -1)
    winner = jnp.full(x.shape[0], -1, jnp.int32).at[index].max(at, mode="drop")
    chosen, safe = winner >= 0, jnp.maximum(winner, 0)
    new = value[safe].astype(x.dtype)
    if mask is None or not floating(mask):
        return jnp.where(chosen, new, x)
    return pick(jnp.where(chosen, jnp.broadcast_to(mask, index.shape)[safe], 0), new, x)
