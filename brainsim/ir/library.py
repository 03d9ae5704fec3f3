"""The functions of the C library, called from Python: with them, strict arithmetic has the same bits everywhere on one
machine.

NumPy brings functions of its own, which differ from the C library's in the last place now and then.
"""
from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

#: names in the language and in C
NAMES = {
    "arccos": "acos", "arccosh": "acosh", "arcsin": "asin", "arcsinh": "asinh", "arctan": "atan", "arctanh": "atanh",
    "cos": "cos", "cosh": "cosh", "exp": "exp", "expm1": "expm1", "log": "log", "log10": "log10", "log1p": "log1p",
    "sin": "sin", "sinh": "sinh", "tan": "tan", "tanh": "tanh"
}
FILES = {"linux": "libm.so.6", "darwin": "libSystem.dylib", "win32": "ucrtbase.dll"}


@lru_cache(maxsize=None)
def functions() -> dict[str, Callable[..., Any]]:
    """By their names in the language, ``pow`` and ``exprel`` included; empty where the library is not found."""
    try:
        library = ctypes.CDLL(FILES.get(sys.platform, "libm.so"))
        found = {name: _elementwise(library, c, 1) for name, c in NAMES.items()}
        return {**found, "pow": _elementwise(library, "pow", 2), "exprel": _exprel(found["expm1"])}
    except (OSError, AttributeError):
        return {}


@lru_cache(maxsize=None)
def has(name: str) -> bool:
    """Whether the library has something of this name."""
    try:
        return hasattr(ctypes.CDLL(FILES.get(sys.platform, "libm.so")), name)
    except OSError:
        return False


def _elementwise(library: ctypes.CDLL, name: str, count: int) -> Callable[..., Any]:
    def of_kind(name: str, kind: Any) -> Any:
        function = getattr(library, name)
        function.restype, function.argtypes = kind, [kind] * count
        return np.frompyfunc(function, count, 1)

    double, single = of_kind(name, ctypes.c_double), of_kind(f"{name}f", ctypes.c_float)

    def call(*args: Any) -> Any:
        arrays = [np.asarray(a) for a in args]
        narrow = any(a.dtype == np.float32 for a in arrays) and not any(a.dtype == np.float64 and a.ndim
                                                                        for a in arrays)
        kind = np.float32 if narrow else np.float64
        return np.asarray((single if narrow else double)(*arrays)).astype(kind)[()]

    return call


def _exprel(expm1: Callable[..., Any]) -> Callable[..., Any]:
    def exprel(x: Any) -> Any:
        x = np.asarray(x) if np.asarray(x).dtype == np.float32 else np.asarray(x, dtype=float)
        small, one = np.abs(x) < 1e-16, x.dtype.type(1)
        return np.where(small, one, expm1(x) / np.where(small, one, x))[()]

    return exprel


def power(a: Any, b: Any) -> Any:
    """``a ** b`` of floats; a square is a product, as in C."""
    if isinstance(b, (int, float)) and b == 2:
        return np.multiply(a, a)
    return functions()["pow"](a, b) if functions() else np.power(a, b)
