"""Parameters within bounds as numbers without any, for optimisers, and back."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from brainsim.errors import UnknownName, WrongValue, near
from brainsim.units.dimensions import DIMENSIONLESS, Dimension
from brainsim.units.quantities import with_dimension


@dataclass(frozen=True)
class Range:
    """Where a parameter may lie, in SI base units, and its size, which makes raw numbers of it that are about 1 where it has no two bounds."""

    low: float = -np.inf
    high: float = np.inf
    size: float = 1.0

    @property
    def is_whole_line(self) -> bool:
        """Whether there are no bounds."""
        return self.low == -np.inf and self.high == np.inf

    def inside(self, raw: Any) -> Any:
        """The parameter of a raw number: a sigmoid between two bounds, a softplus beside one, a multiple without any."""
        if np.isfinite(self.low) and np.isfinite(self.high):
            return self.low + (self.high - self.low) * jax.nn.sigmoid(raw)
        if np.isfinite(self.low):
            return self.low + self.size * jax.nn.softplus(raw)
        if np.isfinite(self.high):
            return self.high - self.size * jax.nn.softplus(raw)
        return raw * self.size

    def raw(self, value: Any) -> Any:
        """The inverse of `inside`."""
        if np.isfinite(self.low) and np.isfinite(self.high):
            return jnp.log(value - self.low) - jnp.log(self.high - value)
        if np.isfinite(self.low):
            return _above((value - self.low) / self.size)
        if np.isfinite(self.high):
            return _above((self.high - value) / self.size)
        return value / self.size


@dataclass(frozen=True)
class Ranges:
    """The ranges of all parameters of a function, with their dimensions."""

    by_name: Mapping[str, Range]
    dimensions: Mapping[str, Dimension]

    def inside(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters (plain, SI base units) of raw numbers; `UnknownName` for others."""
        for n in raw:
            if n not in self.by_name:
                raise UnknownName(f"There is no parameter '{n}' in this function", help=near(n, self.by_name))
        return {n: self.by_name[n].inside(jnp.asarray(x)) for n, x in raw.items()}

    def raw(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The inverse of `inside`, of plain numbers. Raises `WrongValue` for values on or beyond their bounds."""
        for n, x in params.items():
            self._check(n, x)
        return {n: self.by_name[n].raw(x) for n, x in params.items()}

    def _check(self, name: str, value: Any) -> None:
        r = self.by_name[name]
        if isinstance(value, jax.core.Tracer) or r.is_whole_line or bool(np.all((np.asarray(value) > r.low) & (np.asarray(value) < r.high))):
            return
        ends = " and ".join(str(with_dimension(np.float64(x), self.dimensions[name])) for x in (r.low, r.high))
        worst = np.asarray(value, float).ravel()
        worst = worst[~((worst > r.low) & (worst < r.high))][0]
        raise WrongValue(f"'{name}' does not lie between its bounds {ends}", found=str(with_dimension(worst, self.dimensions[name])),
                         help="begin inside of them: on a bound the gradient is zero")


def range_of(value: np.ndarray, bounds: tuple[float, float], dimension: Dimension) -> Range:
    """The range of a parameter whose present values are these: its size is their root mean square, 1 without a unit."""
    size = float(np.sqrt(np.mean(np.square(value)))) if np.size(value) and dimension is not DIMENSIONLESS else 1.0
    return Range(*bounds, size or 1.0)


def _above(x: Any) -> Any:
    """The inverse of softplus, log(exp(x) - 1), without overflow."""
    return x + jnp.log(-jnp.expm1(-x))
