"""The random numbers of the language: Philox 4x32-10 (Salmon et al. 2011), a function of (seed, stream, step, index).

The key is the 64-bit seed; the counter is (step low, step high, pair, stream). One call serves an
index and the one 32 further on within each 64: words 0 and 1 make the uniform number of the first, words 2 and 3 that
of the second (52 bits each). The two normal numbers are
the Box-Muller pair (1958) of the same two uniform numbers. Sine and cosine of a whole turn are a fixed polynomial, so
that targets need not agree about a library's last digit. Written twice on purpose: plainly for the interpreter, in
arrays for the NumPy target; both are tested against the published known answers.
"""
from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

M0, M1 = 0xD2511F53, 0xCD9E8D57
W0, W1 = 0x9E3779B9, 0xBB67AE85
MASK = 0xFFFFFFFF


def philox(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """Four 32-bit words."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = M0 * c0, M1 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & MASK, (p0 >> 32) ^ c3 ^ k1, p0 & MASK
        k0, k1 = (k0 + W0) & MASK, (k1 + W1) & MASK
    return c0, c1, c2, c3


def _unit(high: int, low: int) -> float:
    return (high * 1048576.0 + (low >> 12)) / 4503599627370496.0


def quarter_turn(f: Any) -> tuple[Any, Any]:
    """(sine, cosine) of ``f`` quarter turns, -0.5 <= f <= 0.5, by Taylor's series; works on arrays."""
    y = f * f
    sine = cosine = 0.0
    for a in reversed(SINE):
        sine = sine * y + a
    for b in reversed(COSINE):
        cosine = cosine * y + b
    return sine * f, cosine


SINE = tuple((-1) ** k * (math.pi / 2) ** (2 * k + 1) / math.factorial(2 * k + 1) for k in range(8))
COSINE = tuple((-1) ** k * (math.pi / 2) ** (2 * k) / math.factorial(2 * k) for k in range(9))


def pair(index: int) -> int:
    """The counter that an index shares with the one 32 further on."""
    return (index >> 6 << 5) | (index & 31)


def draw(law: str, seed: int, stream: int, step: int, index: int) -> float:
    """One number, ``law`` 'uniform' on [0, 1) or 'normal'."""
    words = philox((step & MASK, (step >> 32) & MASK, pair(index & MASK), stream), (seed & MASK, (seed >> 32) & MASK))
    u, w = _unit(words[0], words[1]), _unit(words[2], words[3])
    second = bool(index & 32)
    if law == "uniform":
        return w if second else u
    turns = math.floor(4.0 * w + 0.5)
    sine, cosine = quarter_turn(4.0 * w - turns)
    along, across = (sine, cosine) if second else (cosine, -sine)
    return math.sqrt(-2.0 * math.log(1.0 - u)) * (along, across, -along, -across)[turns % 4]


def draw_many(law: str, seed: int, stream: int, step: int | np.ndarray, index: np.ndarray,
              log: Callable[..., np.ndarray] = np.log) -> np.ndarray:
    """`draw` for an array of indices and one step, or for steps and indices that broadcast together."""
    u64 = np.uint64
    shift, mask = u64(32), u64(MASK)
    where = np.asarray(index).astype(np.int64).astype(u64) & mask
    c2 = (where >> u64(6) << u64(5)) | (where & u64(31))
    steps = np.asarray(step, dtype=np.int64).astype(u64)
    low, high, block, streams = np.broadcast_arrays(steps & mask, steps >> shift, c2, u64(stream))
    c0, c1, c2, c3 = _philox_many(low, high, block, streams, seed)
    u, w = _units(c0, c1), _units(c2, c3)
    second = (where & u64(32)).astype(bool)
    if law == "uniform":
        return np.where(second, w, u)
    turns = np.floor(4.0 * w + 0.5)
    sine, cosine = quarter_turn(4.0 * w - turns)
    along, across = np.where(second, sine, cosine), np.where(second, cosine, -sine)
    quarter = turns % 4
    signed = np.where(quarter % 2 == 1, across, along) * np.where(quarter >= 2, -1.0, 1.0)
    return np.sqrt(-2.0 * log(1.0 - u)) * signed


def uniforms(seed: int, stream: int, step: np.ndarray, first: int, blocks: int) -> np.ndarray:
    """The uniform numbers of the indices from ``first``, a multiple of 64, for 64 times ``blocks``; shape (steps,
    indices)."""
    pairs = np.arange(first // 2, first // 2 + 32 * blocks, dtype=np.uint64)[None, :] & np.uint64(MASK)
    steps = np.asarray(step, np.int64).astype(np.uint64)[:, None]
    words = _philox_many(steps & np.uint64(MASK), steps >> np.uint64(32), pairs, np.full((1, 1), stream, np.uint64),
                         seed)
    both = [_units(*words[:2]), _units(*words[2:])]
    shape = (len(steps), blocks, 32)
    return np.concatenate([u.reshape(shape) for u in both], axis=2).reshape(len(steps), 64 * blocks)


def _philox_many(c0: np.ndarray, c1: np.ndarray, c2: np.ndarray, c3: np.ndarray, seed: int) -> tuple[np.ndarray, ...]:
    u64 = np.uint64
    shift, mask = u64(32), u64(MASK)
    k0, k1 = seed & MASK, (seed >> 32) & MASK
    for _ in range(10):
        p0, p1 = c0 * u64(M0), c2 * u64(M1)
        c0, c1, c2, c3 = (p1 >> shift) ^ c1 ^ u64(k0), p1 & mask, (p0 >> shift) ^ c3 ^ u64(k1), p0 & mask
        k0, k1 = (k0 + W0) & MASK, (k1 + W1) & MASK
    return c0, c1, c2, c3


def _units(high: np.ndarray, low: np.ndarray) -> np.ndarray:
    return (high * np.float64(1048576.0) + (low >> np.uint64(12))) / 4503599627370496.0
