"""Parameters within bounds as numbers without any, for optimisers, and back."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer


@dataclass(frozen=True)
class ParameterRange:
    """Where a parameter may lie, in SI base units, and its size, which makes raw numbers of it that are about 1 where
    it has no two bounds."""

    low: float = -np.inf
    high: float = np.inf
    size: float = 1.0

    @property
    def is_whole_line(self) -> bool:
        """Whether there are no bounds."""
        return self.low == -np.inf and self.high == np.inf

    def outside(self, value: Any) -> float | None:
        """One of the values that do not lie between the bounds; None where all do, or where JAX does not know them
        yet."""
        if isinstance(value, Tracer) or self.is_whole_line:
            return None
        values = np.asarray(value, float).ravel()
        return next(iter(values[~((values > self.low) & (values < self.high))].tolist()), None)

    def inside(self, raw: Any) -> Any:
        """The parameter of a raw number: a sigmoid between two bounds, a softplus beside one, a multiple without
        any."""
        raw = jnp.asarray(raw)
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


def _above(x: Any) -> Any:
    """The inverse of softplus, log(exp(x) - 1), without overflow."""
    return x + jnp.log(-jnp.expm1(-x))
