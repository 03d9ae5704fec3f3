"""The functions of the star import that know units: NumPy's names, for quantities and for anything else with a ``dim``.

`sum`, `any`, `all` and `divmod` serve both Python's callers (``sum(generator, start)``) and NumPy's (``sum(x,
axis=0)``).
"""
from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any

import numpy as np

from brainsim.errors import WrongType
from brainsim.units.dimensions import DIMENSIONLESS
from brainsim.units.plain import Part, agree, mismatch, split, words
from brainsim.units.quantities import Quantity, with_dimension


def _pure(name: str) -> Callable[..., Any]:
    """NumPy's function of a pure number; DimensionMismatchError for a number with a unit."""
    ufunc = getattr(np, name)

    def function(x: Any, *args: Any, **keywords: Any) -> Any:
        plain, dim = _parted(x)
        if dim is not DIMENSIONLESS:
            raise mismatch(f"{name} expects a dimensionless argument but got {words(plain, dim)}", dim)
        return ufunc(plain, *args, **keywords)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"As ``numpy.{name}``, of pure numbers only: DimensionMismatchError for a quantity."
    return function


sin, cos, tan = _pure("sin"), _pure("cos"), _pure("tan")
sinh, cosh, tanh = _pure("sinh"), _pure("cosh"), _pure("tanh")
arcsin, arccos, arctan = _pure("arcsin"), _pure("arccos"), _pure("arctan")
arcsinh, arccosh, arctanh = _pure("arcsinh"), _pure("arccosh"), _pure("arctanh")
exp, expm1 = _pure("exp"), _pure("expm1")
log, log10, log1p = _pure("log"), _pure("log10"), _pure("log1p")


def exprel(x: Any) -> Any:
    """``(exp(x) - 1)/x``, which is 1 at 0; of pure numbers only."""
    small = np.asarray(expm1(x), float)  # refuses units
    plain = np.asarray(split(x)[0], float)
    with np.errstate(invalid="ignore"):
        ratio = np.where(plain == 0, 1.0, small / np.where(plain == 0, 1.0, plain))
    ratio = np.where(np.isposinf(plain), np.inf, ratio)
    return ratio if ratio.ndim else float(ratio)


def arange(*args: Any, **keywords: Any) -> Any:
    """As ``numpy.arange(start, stop, step)``; a missing start is 0. DimensionMismatchError when the units differ."""
    given: dict[str, Any] = dict(zip(("stop",) if len(args) == 1 else ("start", "stop", "step", "dtype"), args))
    if given.keys() & keywords.keys():
        raise WrongType(f"arange got {builtins.min(given.keys() & keywords.keys())!r} twice")
    given.update(keywords)
    if "start" in given and "stop" not in given:  # NumPy: one value is the end, whatever its name
        given["stop"] = given.pop("start")
    parts = {name: split(given.pop(name)) for name in ("start", "stop", "step") if given.get(name) is not None}
    if "stop" not in parts:
        raise WrongType("arange needs an end")
    dim = agree(parts.values(), "Cannot calculate arange, the units do not match")
    if dim is not DIMENSIONLESS and "step" not in parts:
        raise mismatch("arange with units needs a step with units", dim)
    start, step = (parts.get(name, (default, dim))[0] for name, default in (("start", 0), ("step", 1)))
    given = {name: value for name, value in given.items() if value is not None}
    return with_dimension(np.arange(start, parts["stop"][0], step, **given), dim)


def linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False,
             dtype: Any = None) -> Any:
    """As ``numpy.linspace``. DimensionMismatchError when the units differ."""
    parts = [split(start), split(stop)]
    dim = agree(parts, "Cannot calculate linspace, the units do not match")
    values, step = np.linspace(parts[0][0], parts[1][0], num, endpoint, retstep=True, dtype=dtype)
    return (with_dimension(values, dim), with_dimension(step, dim)) if retstep else with_dimension(values, dim)


def where(condition: Any, *choices: Any) -> Any:
    """As ``numpy.where``. DimensionMismatchError when the units of the choices differ."""
    return np.where(condition, *(_quantity(choice) for choice in choices))


def dot(a: Any, b: Any, out: Any = None) -> Any:
    """As ``numpy.dot``; the units are multiplied."""
    return np.dot(_quantity(a), _quantity(b), out=out)


def diagonal(x: Any, *args: Any, **keywords: Any) -> Any:
    """As ``numpy.diagonal``, with the unit."""
    return np.diagonal(_quantity(x), *args, **keywords)


def ravel(x: Any, *args: Any, **keywords: Any) -> Any:
    """As ``numpy.ravel``, with the unit."""
    return np.ravel(_quantity(x), *args, **keywords)


def trace(x: Any, *args: Any, **keywords: Any) -> Any:
    """As ``numpy.trace``, with the unit."""
    return np.trace(_quantity(x), *args, **keywords)


def ptp(x: Any, *args: Any, **keywords: Any) -> Any:
    """As ``numpy.ptp``, with the unit."""
    return np.ptp(_quantity(x), *args, **keywords)


def ones_like(x: Any, *args: Any, **keywords: Any) -> Any:
    """Plain ones in the shape of ``x``, whatever its unit: ``ones_like(v)*3*mV``."""
    return np.ones_like(_parted(x)[0], *args, **keywords)


def zeros_like(x: Any, *args: Any, **keywords: Any) -> Any:
    """Plain zeros in the shape of ``x``, whatever its unit (``0*x`` has the unit)."""
    return np.zeros_like(_parted(x)[0], *args, **keywords)


def sum(x: Any, /, *args: Any, **keywords: Any) -> Any:
    """Python's ``sum(iterable, start)`` and NumPy's ``sum(array, axis=...)``, both with units."""
    if "start" in keywords or (args and not _is_axis(args[0])) or (not keywords and _is_for_python(x)):
        return builtins.sum(x, *args, **keywords)
    return np.sum(_quantity(x), *args, **keywords)


def any(x: Any, /, *args: Any, **keywords: Any) -> Any:
    """Python's ``any(iterable)`` and NumPy's ``any(array, axis=...)``."""
    return builtins.any(x) if not args and not keywords and _is_for_python(x) else np.any(
        _quantity(x), *args, **keywords)


def all(x: Any, /, *args: Any, **keywords: Any) -> Any:
    """Python's ``all(iterable)`` and NumPy's ``all(array, axis=...)``."""
    return builtins.all(x) if not args and not keywords and _is_for_python(x) else np.all(
        _quantity(x), *args, **keywords)


def divmod(x: Any, y: Any, /, *args: Any, **keywords: Any) -> Any:
    """Python's ``divmod`` of two numbers and NumPy's of arrays and quantities."""
    if args or keywords or not (_is_single(x) and _is_single(y)):
        return np.divmod(_quantity(x), _quantity(y), *args, **keywords)
    return builtins.divmod(x, y)


def _parted(x: Any) -> Part:
    """The same as `split`; a masked array, which has no unit, stays what it is."""
    return (x, DIMENSIONLESS) if isinstance(x, np.ma.MaskedArray) else split(x)


def _quantity(x: Any) -> Any:
    """A quantity of anything with a unit; what has none stays as it is."""
    if isinstance(x, (Quantity, np.ndarray, str)) or not (np.iterable(x) or hasattr(x, "dim")):
        return x
    try:
        plain, dim = split(x)
    except WrongType:
        return x
    return x if dim is DIMENSIONLESS else Quantity(plain, dim)


def _is_axis(argument: Any) -> bool:
    items = argument if isinstance(argument, tuple) else (argument,)
    whole = (isinstance(item, (int, np.integer)) and not isinstance(item, bool) for item in items)
    return argument is None or (len(items) > 0 and builtins.all(whole))


def _is_for_python(x: Any) -> bool:
    """Generators, sets, dictionaries, flat lists: things that NumPy would not see as an array, or sees no
    differently."""
    if isinstance(x, (list, tuple)):
        return not builtins.any(isinstance(item, (list, tuple)) or np.ndim(item) for item in x)
    return not hasattr(x, "__array__") and not hasattr(x, "__array_interface__")


def _is_single(x: Any) -> bool:
    return not hasattr(x, "__array_ufunc__") and not isinstance(x, (list, tuple))


UNIT_AWARE = (
    "sin cos tan sinh cosh tanh arcsin arccos arctan arcsinh arccosh arctanh exp expm1 exprel log log10 log1p arange "
    "linspace where dot diagonal ravel trace ones_like zeros_like ptp").split()
#: these replace Python's own under the star import, and serve its callers too
LIKE_BUILTINS = ["sum", "any", "all", "divmod"]
__all__ = [*UNIT_AWARE, *LIKE_BUILTINS]  # pyright: ignore[reportUnsupportedDunderAll] -- also of a text
