"""Parameters of a fit between their bounds: places 0 to 1 for the optimisers, values in SI base units for the model."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from brainsim.errors import DimensionMismatchError, UnknownName, WrongType, WrongValue, near
from brainsim.objects.looks.value_text import value_text
from brainsim.units import get_dimensions
from brainsim.units.dimensions import Dimension
from brainsim.units.words import unit_text

WIDE = 10.0     #: positive bounds that differ by this factor or more are a logarithmic scale
AROUND = 0.2    #: of a value without bounds: other starts are up to this share of it away


@dataclass(frozen=True)
class SearchRange:
    """A parameter: bounds, or for a value alone (``low`` is -inf) the value at place 0.5 and its size as the scale."""

    name: str
    dimension: Dimension
    low: float
    high: float
    middle: float

    @property
    def bounded(self) -> bool:
        """Whether there are bounds."""
        return np.isfinite(self.low)

    @property
    def logarithmic(self) -> bool:
        """Whether equal steps are equal factors."""
        return self.bounded and self.low > 0 and self.high / self.low >= WIDE

    def value(self, place: Any) -> Any:
        """The value in base units at a place; works on arrays of NumPy and of JAX."""
        if not self.bounded:
            return self.middle + abs(self.middle) * (place - 0.5)
        if self.logarithmic:
            return self.low * (self.high / self.low) ** place
        return self.low + (self.high - self.low) * place

    def place(self, value: float) -> float:
        """The place of a value; `WrongValue` outside of the bounds."""
        if not self.low <= value <= self.high:
            raise WrongValue(f"'{self.name}' starts outside of its bounds",
                             found=f"{self.text(value)}, bounds {self.bounds}")
        if not self.bounded:
            return 0.5 + (value - self.middle) / abs(self.middle)
        if self.logarithmic:
            return float(np.log(value / self.low) / np.log(self.high / self.low))
        return (value - self.low) / (self.high - self.low)

    def text(self, value: float) -> str:
        """A value with its unit."""
        return value_text(np.float64(value), self.dimension)

    @property
    def bounds(self) -> str:
        """Bounds in words."""
        return value_text(np.array([self.low, self.high]), self.dimension) if self.bounded else "none"


@dataclass(frozen=True)
class Space:
    """All parameters of a fit, in order; places are arrays (..., parameters)."""

    ranges: tuple[SearchRange, ...]

    def __len__(self) -> int:
        return len(self.ranges)

    @property
    def names(self) -> tuple[str, ...]:
        """Names, in order."""
        return tuple(r.name for r in self.ranges)

    @property
    def limits(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest places."""
        bounded = np.array([r.bounded for r in self.ranges])
        return np.where(bounded, 0.0, -np.inf), np.where(bounded, 1.0, np.inf)

    def values(self, places: Any) -> dict[str, Any]:
        """Values in base units by name."""
        return {r.name: r.value(places[..., k]) for k, r in enumerate(self.ranges)}

    def slopes(self, places: np.ndarray, step: float = 1e-6) -> np.ndarray:
        """Derivatives of values with respect to places."""
        return np.array([(r.value(x + step) - r.value(x - step)) / (2 * step) for r, x in zip(self.ranges, places)])

    def starts(self, count: int, begin: Mapping[str, float], rng: np.random.Generator) -> np.ndarray:
        """Places (count, parameters): first ``begin``, elsewhere the middle; then a Latin hypercube (McKay et al.
        1979), not quite up to the bounds."""
        if unknown := begin.keys() - set(self.names):
            name = min(unknown)
            raise UnknownName(f"There is no parameter '{name}' to start from", help=near(name, self.names)
                              or f"there are {', '.join(self.names)}")
        first = np.array([r.place(begin[r.name]) if r.name in begin else 0.5 for r in self.ranges])
        cells = np.array([rng.permutation(max(count - 1, 0)) for _ in self.ranges]).T.reshape(-1, len(self))
        spread = (cells + rng.uniform(size=cells.shape)) / max(count - 1, 1)
        bounded = np.array([r.bounded for r in self.ranges])
        return np.vstack([first, np.where(bounded, 0.02 + 0.96 * spread, 0.5 + 2 * AROUND * (spread - 0.5))])


def space_of(params: Mapping[str, Any], dimensions: Mapping[str, Dimension]) -> Space:
    """From name → (low, high), or name → a value without bounds. Raises `WrongValue`, `WrongType` or
    `DimensionMismatchError`."""
    return Space(tuple(_range(name, given, dimensions[name]) for name, given in params.items()))


def _range(name: str, given: Any, dimension: Dimension) -> SearchRange:
    parts = list(given) if isinstance(given, (tuple, list)) or np.ndim(given) == 1 else [given]
    if isinstance(given, str) or len(parts) not in (1, 2) or any(isinstance(p, str) or np.ndim(p) for p in parts):
        raise WrongType(f"'{name}' has two bounds, or one value to start from", found=repr(given)[:60],
                        help=f"'{name}': (low, high)")
    numbers = [number(name, p, dimension) for p in parts]
    if len(numbers) == 1:
        if numbers[0] == 0:
            raise WrongValue(f"'{name}' starts from 0 and has no scale", help=f"give it bounds, '{name}': (low, high)")
        return SearchRange(name, dimension, -np.inf, np.inf, numbers[0])
    low, high = numbers
    if not low < high:
        raise WrongValue(
            f"The bounds of '{name}' are the wrong way round" if low > high else f"The bounds of '{name}' are the same",
            found=f"{parts[0]} to {parts[1]}", help=f"'{name}': (low, high)")
    return SearchRange(name, dimension, low, high, np.nan)


def number(name: str, value: Any, dimension: Dimension) -> float:
    """A finite number in base units; raises `DimensionMismatchError` for another unit, `WrongValue` for nan and
    infinity."""
    if get_dimensions(value) is not dimension:
        raise DimensionMismatchError(
            f"'{name}' cannot have this value", dimension, get_dimensions(value),
            found=f"{value}, in {unit_text(get_dimensions(value))}, where {unit_text(dimension)} belongs")
    found = float(np.asarray(value))
    if not np.isfinite(found):
        raise WrongValue(f"'{name}' needs finite numbers", found=str(value))
    return found
