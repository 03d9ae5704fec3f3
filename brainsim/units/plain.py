"""Values apart from their dimension, and the question whether several values have one dimension.

Anything with a ``dim`` that NumPy can read counts as a value with a dimension: quantities, state variables, views.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable
from numbers import Real
from typing import Any

import numpy as np

from brainsim.errors import DimensionMismatchError, WrongType
from brainsim.units.dimensions import DIMENSIONLESS, Dimension
from brainsim.units.display import best, number_text
from brainsim.units.words import unit_text

#: a value without dimension, and its dimension
Part = tuple[Any, Dimension]
NUMBERS = frozenset({float, int, bool, np.float64, np.float32, np.int64, np.int32, np.bool_})


def split(value: object) -> Part:
    """A value without its dimension, and its dimension. WrongType for text and other things that are no numbers."""
    if type(value) in NUMBERS:
        return value, DIMENSIONLESS
    dim = getattr(value, "dim", None)
    if isinstance(dim, Dimension):
        return np.asarray(value), dim
    if isinstance(value, (list, tuple)):
        return _split_sequence(value)
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise WrongType("A masked array stands for no numbers here: what is masked would come back",
                        help="x.filled(...), or a mask of the plain numbers, numpy.ma.array(x/mV, mask=...)")
    plain = np.asarray(value)
    if plain.dtype.kind == "O":
        return _split_objects(plain, value)
    if plain.dtype.kind not in "fiubc":
        raise WrongType(f"Object of type {type(value)} does not have dimensions")
    return plain, DIMENSIONLESS


def _split_objects(objects: Any, value: object) -> Part:
    """Quantities in an array of objects; a fraction and other real numbers of Python."""
    if objects.ndim:
        plain, dim = _split_sequence(list(objects.flat))
        return plain.reshape(objects.shape), dim
    number = objects.item()
    if isinstance(number, Real) or not isinstance(number, str) and number is not value and hasattr(number, "dim"):
        return split(number if hasattr(number, "dim") else float(number))
    raise WrongType(f"Object of type {type(value)} does not have dimensions")


def _split_sequence(values: list[object] | tuple[object, ...]) -> Part:
    if set(map(type, values)) <= NUMBERS:
        return np.asarray(values), DIMENSIONLESS
    parts = [split(value) for value in values]
    dim = agree(parts, "Mixing quantities with different dimensions is not allowed")
    return np.asarray([plain for plain, _ in parts]), dim


def real_numbers(value: object) -> np.ndarray:
    """An array of float64 in base units, for what stands in a model. WrongType for complex values, of which NumPy would
    keep the real part."""
    plain = np.asarray(value)
    if plain.dtype.kind == "c":
        raise no_complex(value)
    return np.asarray(plain, float)


def no_complex(value: object) -> WrongType:
    """The error to raise where a complex value is to stand in a model."""
    return WrongType("A model holds real numbers", found=f"{value}",
                     help="take its real part, x.real, or its size, abs(x)")


def dimensions_of(value: object) -> Dimension:
    """The dimension of a number, quantity, array or list of them. WrongType for anything else."""
    return split(value)[1]


def is_zero(value: object) -> bool:
    """Zero means the same in every unit."""
    return bool(np.all(np.asarray(value) == 0))


def is_scale_free(value: object) -> bool:
    """Zero, infinity and not-a-number mean the same in every unit."""
    plain = np.asarray(value)
    return bool(np.all((plain == 0) | ~np.isfinite(plain)))


def agree(parts: Iterable[Part], what: str | Callable[[], str], free: Callable[[object], bool] = is_zero) -> Dimension:
    """The one dimension of several values; pure numbers for which ``free`` holds fit any. DimensionMismatchError
    else."""
    parts = list(parts)
    found = DIMENSIONLESS
    for _, dim in parts:
        if dim is not DIMENSIONLESS:
            found = dim
            break
    for plain, dim in parts:
        if dim is not found and not (dim is DIMENSIONLESS and free(plain)):
            names = list(dict.fromkeys(d for _, d in parts if d is found or d is dim))
            raise mismatch(what if isinstance(what, str) else what(), *names)
    return found


def agree_but_for_scale(parts: Iterable[Part], what: str) -> Dimension:
    """The one dimension of several values; zero, infinity and not-a-number fit any."""
    return agree(parts, what, is_scale_free)


def agree_but_for_zeros(parts: Iterable[Part], what: str) -> Dimension:
    """The same; and zeros with a unit fit plain numbers, which they leave plain."""
    parts = list(parts)
    measured = [part for part in parts if part[1] is not DIMENSIONLESS]
    if len({dim for _, dim in measured}) == 1 and all(is_zero(plain) for plain, _ in measured):
        rest = [part for part in parts if part[1] is DIMENSIONLESS]
        return measured[0][1] if all(is_scale_free(plain) for plain, _ in rest) else DIMENSIONLESS
    return agree_but_for_scale(parts, what)


def mismatch(what: str, *dims: Dimension) -> DimensionMismatchError:
    """The error to raise: ``what``, then the units in order; a side without unit brings advice."""
    advice = "multiply the plain number by its unit" if DIMENSIONLESS in dims and len(dims) > 1 else ""
    return DimensionMismatchError(what, *map(unit_text, dims), help=advice)


def words(plain: object, dim: Dimension) -> str:
    """A value in a message: best unit, one line, long arrays by their ends."""
    if dim is DIMENSIONLESS and not isinstance(plain, np.ndarray):
        return str(plain)
    shown = best(plain, dim)
    text = number_text(
        np.asarray(plain) / shown.value if dim is not DIMENSIONLESS else np.asarray(plain), brief=True)
    return f"{text} {shown.symbol}".rstrip()
