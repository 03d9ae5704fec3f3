"""How often the neurons of a group spike: `PopulationRateMonitor`."""
from __future__ import annotations

from typing import Any

import numpy as np

from brainsim.errors import (
    NoSpikes,
    Unsupported,
    WrongSource,
    WrongType,
)
from brainsim.ir.program import Array
from brainsim.model.tasks import RecordRate, Task
from brainsim.naming import supplied
from brainsim.objects.groups.clock import Clock, seconds
from brainsim.objects.groups.declared import Declared
from brainsim.objects.groups.event_source import EventSource
from brainsim.objects.groups.group import Group
from brainsim.objects.looks import plotting
from brainsim.objects.names.namespace import RunNamespace
from brainsim.objects.recorders.record import Recorder, steps_in_bin
from brainsim.units import Quantity
from brainsim.units.dimensions import SECOND


class PopulationRateMonitor(Recorder):
    """Spikes in each step over (number of neurons times dt), in hertz."""

    _slot = "end"

    def __init__(self, source: Any, name: str = "ratemonitor*", dtype: object = None, codeobj_class: object = None):
        if not isinstance(source, Group):
            raise WrongSource("PopulationRateMonitor records a source of spikes", found=type(source).__name__)
        if not isinstance(source, EventSource) or "spike" not in source.events:
            raise NoSpikes(f"{source.name} has no threshold, so no spikes to count", help="give the group a threshold")
        super().__init__(source, clock=source.clock, name=name)
        if not isinstance(self.clock, Clock):
            raise Unsupported("A PopulationRateMonitor counts spikes per time step, and an EventClock has none",
                              help="SpikeMonitor(group)")
        self._keep("rate", "f8", SECOND ** -1)
        self._counter = np.zeros(1, np.int32)

    def declared(self) -> Declared:
        """The count of the step besides."""
        counter = Array(supplied(self.name, "counter"), "i4", f"{self.name}.once", role="count")
        return super().declared() | Declared({counter.name: (counter, self._counter)})

    def own_tasks(self, run: RunNamespace) -> list[Task]:
        """One rate per tick."""
        if not self.active:
            return []
        return [
            RecordRate(name=self.name, clock=self.clock.name, when=self.when, order=self.order,
                       queue=self.source.event_queue("spike"), source=self.source.own_bounds(),
                       counter=supplied(self.name, "counter"), rate=self._queue("rate"), time=self._queue("t"))
        ]

    def smooth_rate(self, window: object = "gaussian", width: object = None) -> Quantity:
        """The rate under a moving window: 'flat' or 'gaussian' of a ``width`` (full width; standard deviation), or
        weights."""
        weights = _window(window, width, self.clock.dt_)
        return Quantity(np.convolve(self._raw("rate"), weights / weights.sum(), mode="same"), SECOND ** -1)

    def binned_rate(self, bin_size: object) -> tuple[Quantity, Quantity]:
        """Starts of bins of this length, whole ones only, and the mean rate in each, both of shape (bins,)."""
        steps = steps_in_bin(bin_size, self.clock.dt_)
        bins = len(self) // steps
        rates = self._raw("rate")[:bins * steps].reshape(bins, steps).mean(axis=1)
        return Quantity(self._raw("t")[:bins * steps:steps].copy(), SECOND), Quantity(rates, SECOND ** -1)

    def plot(self, width: Any = None, ax: Any = None) -> Any:
        """Rate over time, smoothed by a Gaussian of this width; returns the Matplotlib axes."""
        return plotting.rate(self, width, ax)

    def __repr__(self) -> str:
        return f"PopulationRateMonitor({self.source.name}, {len(self)} times)"


def _window(window: Any, width: Any, dt: float) -> np.ndarray:
    if not isinstance(window, str):
        if width is not None:
            raise WrongType("A window given as weights has no width", found=repr(width))
        if np.asarray(window).dtype.kind not in "iuf":
            raise WrongType("A window is 'flat', 'gaussian' or an array of weights", found=repr(window))
        weights = np.asarray(window, dtype=float)
        if weights.ndim != 1 or len(weights) % 2 == 0:
            raise WrongType("A window given as weights has an odd number of them", found=str(np.shape(window)))
        return weights
    if width is None:
        raise WrongType(f"The window '{window}' needs a width", help="width=5*ms")
    sigma = seconds(width, "width", positive=True)
    if window == "flat":
        return np.ones(int(sigma / 2 / dt) * 2 + 1)
    if window == "gaussian":
        half = int(np.round(2 * sigma / dt))
        return np.exp(-((np.arange(-half, half + 1) * dt) ** 2) / (2 * sigma**2))
    raise Unsupported(f"The window '{window}' is unknown", help="'flat', 'gaussian', or an array of weights")
