"""What all elements of an object share, such as its time: one value, which ``[:]`` reads too, as in Brian 2."""
from __future__ import annotations

from typing import Any

import numpy as np

from brainsim.units import Quantity


class SharedInt(int):
    """A whole number."""

    __slots__ = ()

    def __getitem__(self, key: object) -> int:
        return int(self) if _is_all(key) else _refuse(self, key)


class SharedFloat(float):
    """A number without unit."""

    __slots__ = ()

    def __getitem__(self, key: object) -> float:
        return float(self) if _is_all(key) else _refuse(self, key)


class SharedQuantity(Quantity):
    """A value with its unit."""

    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        return Quantity(self) if _is_all(key) else super().__getitem__(key)


def shared(value: Any) -> Any:
    """The same value, which may be read by ``[:]``."""
    match value:
        case Quantity():
            return np.ndarray.view(value, SharedQuantity)
        case int():
            return SharedInt(value)
        case float():
            return SharedFloat(value)
    return value


def _is_all(key: object) -> bool:
    return isinstance(key, slice) and key == slice(None)


def _refuse(value: object, key: object) -> Any:
    raise IndexError(f"{value} is one value that all elements share: read it as it is, or by [:], not by [{key!r}]")
