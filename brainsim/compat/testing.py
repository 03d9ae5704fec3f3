"""Two helpers for tests: numbers that agree together with their units, and errors inside errors."""
from __future__ import annotations

from typing import Any

import numpy as np

from brainsim.errors import DimensionMismatchError
from brainsim.units import get_dimensions
from brainsim.units.plain import mismatch


def assert_allclose(actual: Any, desired: Any, rtol: float = 1e-7, atol: Any = 0.0, **options: Any) -> None:
    """`numpy.testing.assert_allclose` for quantities. `DimensionMismatchError` where units differ; ``atol`` may have
    one too."""
    found, wanted = _dimensions(actual), _dimensions(desired)
    if None not in (found, wanted) and found is not wanted and np.any(np.asarray(actual)) and np.any(
            np.asarray(desired)):
        raise mismatch("The two sides have different units", found, wanted)
    np.testing.assert_allclose(np.asarray(actual, dtype=float), np.asarray(desired, dtype=float), rtol=rtol,
                               atol=float(atol), **options)


def exc_isinstance(error: Any, kinds: Any, raise_not_instance: bool = False) -> bool:
    """Whether an error, or one that caused it, is of a kind; ``error`` may be what ``pytest.raises`` gives."""
    first = one = getattr(error, "value", error)
    seen: set[int] = set()
    while isinstance(one, BaseException) and id(one) not in seen:
        if isinstance(one, kinds):
            return True
        seen.add(id(one))
        one = one.__cause__ or one.__context__
    if raise_not_instance and isinstance(first, BaseException):
        raise first
    return False


def _dimensions(value: Any) -> Any:
    try:
        return get_dimensions(value)
    except (DimensionMismatchError, TypeError):    # lists of pairs (index, time) are compared in base units
        return None
