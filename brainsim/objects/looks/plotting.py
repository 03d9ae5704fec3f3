"""One-call plots of records and synapses. Matplotlib is imported when the first one is drawn."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from brainsim.errors import WrongValue
from brainsim.objects.looks.optional import optional
from brainsim.units.dimensions import Dimension
from brainsim.units.display import best


def _axes(ax: Any) -> Any:
    return ax if ax is not None else optional("matplotlib.pyplot", "Plots").subplots()[1]


def scaled(name: str, values: np.ndarray, dimension: Dimension) -> tuple[np.ndarray, str]:
    """Numbers of a convenient size, and a label with their unit."""
    if dimension.is_dimensionless:
        return values, name
    unit = best(values, dimension)
    return values / unit.value, f"{name} ({unit.symbol})"


def raster(monitor: Any, ax: Any = None) -> Any:
    """A dot per event."""
    ax = _axes(ax)
    ax.plot(monitor.t_ * 1e3, monitor.i, ".k", markersize=1)
    ax.set(xlabel="time (ms)", ylabel="index", title=monitor.source.name)
    return ax


def traces(monitor: Any, variable: str, ax: Any = None) -> Any:
    """A line per recorded element."""
    ax = _axes(ax)
    values, label = scaled(variable, monitor.recorded_values(variable), monitor.variables[variable].dimension)
    for k, row in zip(monitor.record, values):
        ax.plot(monitor.t_ * 1e3, row, label=str(k))
    ax.set(xlabel="time (ms)", ylabel=label, title=monitor.source.name)
    return ax


def rate(monitor: Any, width: Any = None, ax: Any = None) -> Any:
    """Population rate over time, smoothed by a Gaussian where a width is given."""
    ax = _axes(ax)
    values = np.asarray(monitor.rate_[:] if width is None else monitor.smooth_rate("gaussian", width))
    beyond = (len(values) - len(monitor.t_[:])) // 2  # a window longer than the record gives more values than times
    ax.plot(monitor.t_[:] * 1e3, values[beyond:beyond + len(monitor.t_[:])])
    ax.set(xlabel="time (ms)", ylabel="rate (Hz)", title=monitor.source.name)
    return ax


def synapses(s: Any, variable: str | None, view: Any, kind: str, ax: Any = None) -> Any:
    """Connections or the values of a variable of theirs; `WrongValue` for an unknown kind."""
    if kind not in KINDS:
        raise WrongValue(f"There is no plot of synapses called '{kind}'", help=", ".join(f"'{k}'" for k in KINDS))
    if kind == "histogram" and variable is None:
        raise WrongValue("A histogram shows a variable of the synapses",
                         help=f"{s.name}.plot('w', kind='histogram') for example")
    values, label = np.ones(len(s)), "synapses"
    if variable is not None:
        values, label = scaled(variable, np.broadcast_to(np.asarray(view, float), len(s)), view.dim)
    ax = _axes(ax)
    KINDS[kind](ax, s, values, label)
    return ax


def _name_sides(ax: Any, s: Any) -> None:
    ax.set(xlabel=f"{s.source.name} (source)", ylabel=f"{s.target.name} (target)", title=s.name,
           xlim=(-0.5, len(s.source) - 0.5), ylim=(-0.5, len(s.target) - 0.5))


def _dots(ax: Any, s: Any, values: np.ndarray, label: str) -> None:
    if label == "synapses":
        ax.plot(s.i[:], s.j[:], ".k", markersize=2)
    else:
        ax.figure.colorbar(ax.scatter(s.i[:], s.j[:], c=values, s=4), ax=ax, label=label)
    _name_sides(ax, s)


def _matrix(ax: Any, s: Any, values: np.ndarray, label: str) -> None:
    """The sum over the synapses of each pair; pairs without any stay empty."""
    matrix = np.full((len(s.target), len(s.source)), np.nan)
    matrix[s.j[:], s.i[:]] = 0
    np.add.at(matrix, (s.j[:], s.i[:]), values)
    ax.figure.colorbar(ax.imshow(matrix, origin="lower", aspect="auto", interpolation="nearest"), ax=ax, label=label)
    _name_sides(ax, s)


def _lines(ax: Any, s: Any, values: np.ndarray, label: str) -> None:
    """Source to the left, target to the right, a line per synapse, each side drawn over the full height."""
    left, right = (index / max(len(group) - 1, 1) for index, group in ((s.i[:], s.source), (s.j[:], s.target)))
    for group, x in ((s.source, 0), (s.target, 1)):
        ax.plot(np.full(len(group), x), np.linspace(0, 1, len(group)) if len(group) > 1 else [0], ".k")
    gaps = np.full(len(s), np.nan)      # one line with gaps is drawn faster than many
    ax.plot(np.tile([0, 1, np.nan], len(s)), np.c_[left, right, gaps].ravel(), "-", color="0.5", linewidth=0.5,
            zorder=0)
    ax.set(xticks=[0, 1], xticklabels=[s.source.name, s.target.name], yticks=[], title=s.name)


def _histogram(ax: Any, s: Any, values: np.ndarray, label: str) -> None:
    ax.hist(values, bins="auto")
    ax.set(xlabel=label, ylabel="synapses", title=s.name)


#: plots of synapses by name
KINDS: dict[str, Callable[[Any, Any, np.ndarray, str],
                          None]] = {"dots": _dots, "matrix": _matrix, "lines": _lines, "histogram": _histogram}
