"""What single precision does to a model: the same run in float64 and in float32, side by side."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from brainsim.ir.state import DTYPES, zeros
from brainsim.objects.groups.equation_group import EquationGroup
from brainsim.objects.groups.group import Group
from brainsim.objects.groups.variables import Variable
from brainsim.objects.looks import html
from brainsim.objects.looks.value_text import value_text
from brainsim.objects.names.structure import structure_changed
from brainsim.objects.recorders.event_monitor import EventMonitor
from brainsim.objects.recorders.record import Recorder
from brainsim.objects.runs.prepared import Preparable
from brainsim.objects.runs.result import Result
from brainsim.objects.synapses.synapses import reductions
from brainsim.units import Quantity
from brainsim.units.dimensions import SECOND, Dimension

APART = 1e-3   #: of the range of a trace: from there on the two runs count as different


@dataclass(frozen=True)
class Difference:
    """A variable in both runs, values in base units: the largest and the root-mean-square difference, and the range of
    the values.

    ``record`` is the monitor, empty for values at the end; ``parted`` is when a trace first differed by more than a
    thousandth of its range.
    """

    name: str
    dimension: Dimension
    largest: float
    rms: float
    span: float
    record: str = ""
    parted: float | None = None

    @property
    def relative(self) -> float:
        """The largest difference in terms of the range of values; 0 where both runs agree."""
        return self.largest / self.span if self.largest else 0.0


@dataclass(frozen=True)
class EventsApart:
    """Events in both runs, and the time in seconds of the first that only one of them has (None where all agree)."""

    name: str
    double: int
    single: int
    parted: float | None


class PrecisionReport:
    """The same run in double and in single precision. ``variables``, ``events``; ``double`` and ``single`` are the two
    results.

    Networks that amplify small differences part after some time whatever their precision; rates and distributions tell
    more there than single spikes.
    """

    def __init__(self, double: Result, single: Result):
        self.double, self.single = double, single
        self.variables: list[Difference] = []
        self.events: list[EventsApart] = []
        for one, other in zip(double.monitors, single.monitors):
            if isinstance(one, EventMonitor):
                self.events.append(_events(one, other))
            else:
                self.variables += [_trace(one, other, v) for v in one.record_names if v != "t"]
        for name, place in double.stored.items():
            a, b = (np.asarray(r[name], float).ravel() for r in (double, single))
            if a.size and np.isfinite(a).all() and np.asarray(double[name]).dtype.kind == "f":
                self.variables.append(_difference(name, place.dimension, a, b))

    @property
    def parted(self) -> Quantity | None:
        """When the runs first differed in an event, or in a trace by more than a thousandth of its range; None if they
        never did."""
        times = [x.parted for x in (*self.events, *self.variables) if x.parted is not None]
        return Quantity(min(times), SECOND) if times else None

    def _rows(self) -> Iterator[tuple[str, ...]]:
        for d in self.variables:
            when = "" if not d.record else "no" if d.parted is None else value_text(d.parted, SECOND)
            sizes = value_text(d.largest, d.dimension), value_text(d.rms, d.dimension), f"{d.relative:.2g}"
            yield d.name, "all times" if d.record else "at the end", *sizes, when
        for e in self.events:
            yield e.name, "events", f"{e.double} and {e.single}", "", "", "no" if e.parted is None else value_text(
                e.parted, SECOND)

    _head = ("what", "compared", "largest difference", "rms", "of its range", "parted at")

    def __repr__(self) -> str:
        rows = [self._head, *self._rows()]
        widths = [max(len(r[k]) for r in rows) for k in range(len(self._head))]
        text = ["  ".join(c.ljust(w) for c, w in zip(r, widths)).rstrip() for r in rows]
        about = f"float64 and float32, {self.double.duration}, seed {self.double.seed}"
        return "\n".join([about, *text])

    def _repr_html_(self) -> str:
        return html.table("Single precision", self._head, self._rows(),
                          f"{self.double.duration}, seed {self.double.seed}")


def compare(network: Preparable, run: Callable[[], Result]) -> PrecisionReport:
    """The report on a network; ``run`` carries out one run. The network is as before afterwards."""
    found = []
    for dtype in ("f8", "f4"):
        before = network.snapshot()
        place = network.random_place()
        try:
            with stored_as(network, dtype):
                found.append(run())
        finally:
            network.put_back(before)
            network.go_on_from(*place)
    return PrecisionReport(*found)


@contextmanager
def stored_as(network: Preparable, dtype: str) -> Iterator[None]:
    """All state variables, parameters and sums that are floats with this type; what was changed in them is for
    `Network.put_back`."""
    variables = [
        v for o in network if isinstance(o, Group) and not isinstance(o, Recorder) for v in o.variables.values()
        if _is_float_state(o, v)
    ]
    states = reductions(network)
    for reduced in states:
        for v in [v for v in reduced.synapses.variables.values() if v.moved and reduced.moved[v.program] != "sum"]:
            reduced.bring_back(v)
    before = [(v, v.dtype, None if v.moved else v.values) for v in variables]
    try:
        for v in variables:
            v.dtype = dtype
            if not v.moved and v.values is not None:
                v.values = _converted(v.values, dtype)
        for reduced in states:
            reduced.convert(dtype)
        structure_changed()
        yield
    finally:
        for v, was, values in before:
            v.dtype = was
            if values is not None:
                v.values = values
        structure_changed()


def _is_float_state(o: Group, v: Variable) -> bool:
    own = v.name in o.equations if isinstance(o, EquationGroup) else v.name == "rates"
    return v.dtype in ("f8", "f4") and v.symbol is None and own


def _converted(values: np.ndarray, dtype: str) -> np.ndarray:
    made = zeros(len(values), dtype)
    made[:] = values.astype(DTYPES[dtype])
    return made


def _difference(name: str, dimension: Dimension, a: np.ndarray, b: np.ndarray, record: str = "",
                parted: float | None = None) -> Difference:
    off = np.abs(a - b)
    span = float(a.max() - a.min()) or float(np.abs(a).max())
    return Difference(name, dimension, float(off.max()), float(np.sqrt(np.mean(off ** 2))), span, record, parted)


def _trace(one: Any, other: Any, variable: str) -> Difference:
    """Times come last in the arrays of a monitor."""
    a, b = (np.atleast_2d(np.asarray(m.recorded_values(variable), float)) for m in (one, other))
    dimension = one.variables[variable].dimension
    if not a.size:
        return Difference(f"{one.name}.{variable}", dimension, 0.0, 0.0, 0.0, one.name)
    span = float(a.max() - a.min()) or float(np.abs(a).max())
    apart = np.flatnonzero((np.abs(a - b) > APART * span).any(axis=0))
    return _difference(f"{one.name}.{variable}", dimension, a, b, one.name,
                       float(one.t_[apart[0]]) if len(apart) else None)


def _events(one: Any, other: Any) -> EventsApart:
    if not one.record:
        return EventsApart(one.name, one.num_events, other.num_events, None)
    both = [set(zip(np.asarray(m.t_).tolist(), np.asarray(m.i[:]).tolist())) for m in (one, other)]
    only = both[0] ^ both[1]
    return EventsApart(one.name, one.num_events, other.num_events, min(t for t, _ in only) if only else None)
