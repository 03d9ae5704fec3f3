"""What each function of the language computes, on scalars and on arrays alike (NumPy's floating-point rules
throughout)."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np


def exprel(x: np.ndarray) -> np.ndarray:
    """(exp(x) - 1) / x, and 1 at 0."""
    x = np.asarray(x) if np.asarray(x).dtype == np.float32 else np.asarray(x, dtype=float)
    small, one = np.abs(x) < 1e-16, x.dtype.type(1)
    return np.where(small, one, np.expm1(x) / np.where(small, one, x))[()]


def timestep(t: np.ndarray, dt: np.ndarray) -> np.ndarray:
    """Whole steps in a time, with a tolerance of a thousandth of a step."""
    return np.trunc((t + 1e-3 * dt) / dt).astype(np.int64)


def clip(x: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """x within [low, high]; high where low > high."""
    return np.minimum(np.maximum(x, low), high)


def sign(x: np.ndarray) -> np.ndarray:
    """-1, 0 or 1 as an integer."""
    return np.sign(x).astype(np.int32)


def poisson_from(rate: float, u: float, z: float) -> np.ndarray:
    """A Poisson number by inversion of ``u`` for means up to 60, above that a rounded normal from ``z``."""
    return _elementwise(_poisson, rate, u, z)


def binomial_from(n: float, p: float, u: float, z: float) -> np.ndarray:
    """A binomial number by inversion of ``u``, or a rounded normal from ``z`` where n p > 5 and n (1 - p) > 5."""
    return _elementwise(_binomial, n, p, u, z)


def _elementwise(one: Callable[..., float], *args: float) -> np.ndarray:
    arrays = np.broadcast_arrays(*args)
    values = np.array([one(*row) for row in zip(*(a.ravel().tolist() for a in arrays))], dtype=np.int32)
    return values.reshape(arrays[0].shape)[()]


def _poisson(rate: float, u: float, z: float) -> int:
    if not rate > 0:
        return 0
    if rate > 60:
        return max(0, int(np.floor(rate + np.sqrt(rate) * z + 0.5)))
    k, mass = 0, np.exp(-rate)
    total = mass
    while u >= total and k < 1000:
        k += 1
        mass = mass * (rate / k)
        total = total + mass
    return k


def _binomial(n: float, p: float, u: float, z: float) -> int:
    if not (n > 0 and p > 0):
        return 0
    if p >= 1:
        return int(n)
    if n * p > 5 and n * (1 - p) > 5:
        return int(min(n, max(0.0, np.floor(n * p + np.sqrt(n * p * (1 - p)) * z + 0.5))))
    if p > 0.5:
        return int(n) - _binomial(n, 1 - p, u, z)
    k, mass = 0, np.exp(n * np.log1p(-p))
    total = mass
    while u >= total and k < n:
        mass = mass * ((n - k) / (k + 1.0) * (p / (1 - p)))
        k += 1
        total = total + mass
    return k


FUNCTIONS: dict[str, Callable[..., object]] = {
    "abs": np.abs, "arccos": np.arccos, "arccosh": np.arccosh, "arcsin": np.arcsin, "arcsinh": np.arcsinh,
    "arctan": np.arctan, "arctanh": np.arctanh, "ceil": np.ceil, "clip": clip, "cos": np.cos, "cosh": np.cosh,
    "exp": np.exp, "expm1": np.expm1, "exprel": exprel, "floor": np.floor, "log": np.log, "log10": np.log10,
    "log1p": np.log1p, "sign": sign, "sin": np.sin, "sinh": np.sinh, "sqrt": np.sqrt, "tan": np.tan, "tanh": np.tanh,
    "timestep": timestep, "poisson_from": poisson_from, "binomial_from": binomial_from,
}
