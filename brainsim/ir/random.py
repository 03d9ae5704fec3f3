"""The random numbers of the language: Philox 4x32-10 (Salmon et al. 2011), a function of (seed, stream, step, index).

The key is the 64-bit seed; the counter is (step low, step high, index, stream). Words 0 and 1 make the uniform number,
and words 2 and 3 the angle of the Box-Muller normal number. Written twice on purpose: plainly for the interpreter, in
arrays for the NumPy target; both are tested against the published known answers.
"""
from __future__ import annotations

import math

import numpy as np

M0, M1 = 0xD2511F53, 0xCD9E8D57
W0, W1 = 0x9E3779B9, 0xBB67AE85
MASK = 0xFFFFFFFF
TWO_PI = 6.283185307179586


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
    return ((high >> 5) * 67108864 + (low >> 6)) / 9007199254740992.0


def draw(law: str, seed: int, stream: int, step: int, index: int) -> float:
    """One number, ``law`` 'uniform' on [0, 1) or 'normal'."""
    words = philox((step & MASK, (step >> 32) & MASK, index & MASK, stream), (seed & MASK, (seed >> 32) & MASK))
    u = _unit(words[0], words[1])
    if law == "uniform":
        return u
    return math.sqrt(-2.0 * math.log(1.0 - u)) * math.cos(TWO_PI * _unit(words[2], words[3]))


def draw_many(law: str, seed: int, stream: int, step: int, index: np.ndarray) -> np.ndarray:
    """`draw` for an array of indices; same shape as ``index``."""
    u64 = np.uint64
    shift, mask = u64(32), u64(MASK)
    c2 = np.asarray(index).astype(np.int64).astype(u64) & mask
    c0 = np.full_like(c2, step & MASK)
    c1 = np.full_like(c2, (step >> 32) & MASK)
    c3 = np.full_like(c2, stream)
    k0, k1 = seed & MASK, (seed >> 32) & MASK
    for _ in range(10):
        p0, p1 = c0 * u64(M0), c2 * u64(M1)
        c0, c1, c2, c3 = (p1 >> shift) ^ c1 ^ u64(k0), p1 & mask, (p0 >> shift) ^ c3 ^ u64(k1), p0 & mask
        k0, k1 = (k0 + W0) & MASK, (k1 + W1) & MASK
    u = _units(c0, c1)
    if law == "uniform":
        return u
    return np.sqrt(-2.0 * np.log(1.0 - u)) * np.cos(TWO_PI * _units(c2, c3))


def _units(high: np.ndarray, low: np.ndarray) -> np.ndarray:
    return ((high >> np.uint64(5)) * np.uint64(67108864) + (low >> np.uint64(6))) / 9007199254740992.0
