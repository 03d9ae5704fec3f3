"""How far a simulated trace is from a recorded one: residuals whose squares add up to the loss, all without unit.

Every loss has a scale of its own: 1 is about as bad as a model that says nothing.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax, nn

SOFT = 0.02     #: width of a crossing of the level of spikes, in parts of the range of the data
WORST = 1e3     #: a residual; stands for numbers that are none


@dataclass(frozen=True, eq=False)
class Recording:
    """What is fitted: (traces, samples), base units. ``compared``: where voltages are; ``spikes``: 1 where there is
    one; ``level``: of spikes, or inf."""

    values: np.ndarray
    dt: float
    compared: np.ndarray
    spikes: np.ndarray | None = None
    level: float = np.inf

    @property
    def scale(self) -> float:
        """Standard deviation of what is compared, below the level of spikes."""
        return float(np.std(np.minimum(self.values, self.level)[self.compared])) or 1.0

    @property
    def raster(self) -> np.ndarray:
        """The spikes, for a loss that needs them."""
        assert self.spikes is not None
        return self.spikes


@dataclass(frozen=True, eq=False)
class Trace:
    """What the model does at the same times: (traces, samples). ``spikes``: how many since the sample before; None: to
    be seen in the values."""

    values: Any
    spikes: Any = None


Residuals = Callable[[Trace, Recording], Any]


def voltage(found: Trace, wanted: Recording) -> Any:
    """Differences from the recording, each by its standard deviation: the squares are the mean squared error by the
    variance."""
    apart = jnp.minimum(found.values, wanted.level) - np.minimum(wanted.values, wanted.level)
    weight = wanted.compared / (wanted.scale * np.sqrt(max(wanted.compared.sum(), 1)))
    return jnp.ravel(jnp.where(wanted.compared, apart, 0) * weight)


def spike_times(found: Trace, wanted: Recording, tau: float = 10e-3) -> Any:
    """Differences of spike trains filtered by an exponential (van Rossum 2001): the squares are the unmatched spikes by
    the recorded ones."""
    apart = _spikes(found, wanted) - wanted.raster
    keep = np.exp(-wanted.dt / tau)
    _, filtered = lax.scan(lambda x, s: (x * keep + s, x * keep + s), jnp.zeros(len(wanted.values)), apart.T)
    return jnp.ravel(filtered) * np.sqrt(2 * wanted.dt / tau / max(wanted.raster.sum(), 1))


def features(found: Trace, wanted: Recording, windows: int = 10) -> Any:
    """Mean and standard deviation of the voltage and number of spikes, in each of so many equal parts of the trace."""
    def of(values: Any, spikes: Any) -> list[Any]:
        parts = np.array_split(np.arange(wanted.values.shape[1]), windows)
        low = jnp.minimum(values, wanted.level)
        return [
            jnp.stack([f(x[:, p]) for p in parts])
            for f, x in ((lambda v: v.mean(1), low), (lambda v: jnp.sqrt(v.var(1) + 1e-12), low), (lambda s: s.sum(1),
                                                                                                   spikes))
        ]
    scales = (wanted.scale, wanted.scale, max(wanted.raster.sum() / windows / len(wanted.values), 1))
    pairs = zip(of(found.values, _spikes(found, wanted)), of(jnp.asarray(wanted.values), jnp.asarray(wanted.raster)),
                scales)
    apart = jnp.concatenate([jnp.ravel(a - b) / s for a, b, s in pairs])
    return apart / np.sqrt(apart.size)


def _spikes(found: Trace, wanted: Recording) -> Any:
    """Spikes of the model, or for one without threshold crossings of the level, a little smooth so that there is a
    gradient."""
    if found.spikes is not None:
        return found.spikes
    width = SOFT * np.ptp(wanted.values)
    above = nn.sigmoid((found.values - wanted.level) / width)
    return nn.relu(jnp.diff(above, axis=1, prepend=above[:, :1]))


@dataclass(frozen=True)
class Loss:
    """A loss by name. ``needs_spikes``: of the recording. ``reset_by_data``: the model is reset when the recording has
    a spike."""

    residuals: Residuals
    needs_spikes: bool = False
    reset_by_data: bool = False


LOSSES = {
    "mse": Loss(voltage),
    "between_spikes": Loss(voltage, needs_spikes=True, reset_by_data=True),
    "spike_times": Loss(spike_times, needs_spikes=True),
    "features": Loss(features, needs_spikes=True),
}


def finite(residuals: Any) -> Any:
    """Residuals without numbers that are none, and not beyond `WORST`."""
    return jnp.clip(jnp.where(jnp.isfinite(residuals), residuals, WORST), -WORST, WORST)
