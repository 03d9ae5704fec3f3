"""One-call plots of records. Matplotlib is imported when the first one is drawn."""
from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from brainsim.errors import Unsupported
from brainsim.units.words import unit_text


def _axes(ax: Any) -> Any:
    if ax is not None:
        return ax
    try:
        pyplot = importlib.import_module("matplotlib.pyplot")
    except ImportError as error:
        raise Unsupported("Plots need Matplotlib", help="pip install brainsim[plot]") from error
    return pyplot.subplots()[1]


def raster(monitor: Any, ax: Any = None) -> Any:
    """A dot per event."""
    ax = _axes(ax)
    ax.plot(monitor.t_ * 1e3, monitor.i, ".k", markersize=1)
    ax.set(xlabel="time (ms)", ylabel="index", title=monitor.source.name)
    return ax


def traces(monitor: Any, variable: str, ax: Any = None) -> Any:
    """A line per recorded element."""
    ax = _axes(ax)
    values = np.asarray(getattr(monitor, variable + "_"))
    unit = unit_text(monitor.source.variables[variable].dimension)
    for k, row in zip(monitor.record, values):
        ax.plot(monitor.t_ * 1e3, row, label=str(k))
    ax.set(xlabel="time (ms)", ylabel=variable if unit == "1" else f"{variable} ({unit})")
    return ax


def rate(monitor: Any, ax: Any = None) -> Any:
    """Population rate over time."""
    ax = _axes(ax)
    ax.plot(monitor.t_ * 1e3, monitor.rate_)
    ax.set(xlabel="time (ms)", ylabel="rate (Hz)", title=monitor.source.name)
    return ax


