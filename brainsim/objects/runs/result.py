"""What one run of a compiled network left behind: its records, and the values at its end."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from brainsim.errors import UnknownAttribute, UnknownName, near
from brainsim.naming import called, owner_of, supplied
from brainsim.objects.looks import html
from brainsim.objects.looks.exports import Column, Frame, to_xarray
from brainsim.objects.looks.optional import optional
from brainsim.objects.recorders.event_monitor import EventMonitor, SpikeMonitor
from brainsim.objects.recorders.rate_monitor import PopulationRateMonitor
from brainsim.objects.recorders.record import Recorder
from brainsim.objects.runs.start import Outcome, Start, Stored, record_of
from brainsim.units import Quantity
from brainsim.units.dimensions import SECOND
from brainsim.units.quantities import with_dimension
from brainsim.units.words import unit_text


class Result:
    """The records of one run, ``result.M``, and the values of variables at its end, ``result['G.v']`` with units.

    Monitors go by their names or by what the script calls them, and are as after `Network.run`, apart from the network.
    ``params``, ``seed`` and ``duration`` say what was run.
    """

    def __init__(self, start: Start, outcome: Outcome, params: Mapping[str, object], seed: int, duration: float):
        self.params, self.seed, self.duration = dict(params), seed, Quantity(duration, SECOND)
        self._start, self._outcome = start, outcome
        self._monitors: dict[str, Recorder] = {}

    @property
    def monitors(self) -> list[Recorder]:
        """All monitors."""
        return [self._monitor(r) for r in self._start.recorders]

    @property
    def stored(self) -> Mapping[str, Stored]:
        """Variables that have a value at the end, by name."""
        return self._start.stored

    def _monitor(self, template: Recorder) -> Recorder:
        if template.name not in self._monitors:
            self._monitors[template.name] = record_of(template, self._outcome)
        return self._monitors[template.name]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.monitor_called(name)

    def monitor_called(self, name: str) -> Recorder:
        """The monitor of this name, whatever else the result has by it; `UnknownAttribute` otherwise."""
        own = self._start.words.get(name, name)
        for template in self._start.recorders:
            if template.name == own:
                return self._monitor(template)
        spiking = [r for r in self._start.recorders if isinstance(r, SpikeMonitor)]
        if name == "spikes" and len(spiking) == 1:
            return self._monitor(spiking[0])
        raise UnknownAttribute(
            f"The result has no monitor '{name}'", found=", ".join(r.name for r in self._start.recorders)
            or "no monitors", help=near(name, self._names())
            or ("values of variables are read by result['G.v']" if self._start.stored else ""))

    def __getitem__(self, name: str) -> Any:
        place = self._start.stored.get(own_name(name, self._start.words))
        if place is None:
            moved = own_name(name, self._start.words) in self._start.moved
            raise UnknownName(
                f"There are no values of '{name}'",
                help="they were kept at the neurons; Synapses(..., reduce='off') keeps them per synapse"
                if moved else near(name, self._start.stored))
        values = self._outcome.arrays[place.program]
        return with_dimension(values[0] if place.shared else values.copy(), place.dimension)

    def _names(self) -> list[str]:
        own_names = [r.name for r in self._start.recorders]
        return own_names + [word for word, own in self._start.words.items() if own in own_names]

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._names()})

    def to_xarray(self) -> Any:
        """An `xarray.DataTree`: a data set for each monitor, and ``end`` with the values at the end, in base units."""
        xarray = optional("xarray", "Data sets")
        places = self._start.stored
        columns = tuple(
            Column(n, () if p.shared else (
                f"{owner_of(n)} element",), np.asarray(self[n]), unit_text(p.dimension))
            for n, p in places.items())
        tree = xarray.DataTree.from_dict(
            {**{m.name: m.to_xarray() for m in self.monitors}, "end": to_xarray(Frame("end", "values", "", columns))})
        tree.attrs.update(
            {"seed": self.seed, "duration": float(self.duration), **{n: str(v) for n, v in self.params.items()}})
        return tree

    def summary(self) -> dict[str, Any]:
        """What a sweep keeps of a run unless it is told otherwise: counts and mean rates of spikes, mean rates, last
        values of traces."""
        found: dict[str, Any] = {}
        for m in self.monitors:
            word = next((w for w, own in self._start.words.items() if own == m.name), m.name)
            if isinstance(m, EventMonitor):
                found[f"{word}.{'num_spikes' if isinstance(m, SpikeMonitor) else 'num_events'}"] = m.num_events
                if float(self.duration) > 0:
                    found[f"{word}.rate"] = Quantity(
                        self._events(m) / len(m.source) / float(self.duration), SECOND**-1)
            elif isinstance(m, PopulationRateMonitor):
                found[f"{word}.rate"] = Quantity(m.rate_[-self._entries(m):].mean() if self._entries(m) else 0.0,
                                                 SECOND**-1)
            elif len(m):
                last = {v: m.recorded_values(v)[:, -1] for v in m.record_names if v != "t"}
                found |= {f"{word}.{v}": with_dimension(x, m.variables[v].dimension) for v, x in last.items()}
        return found

    def _events(self, m: EventMonitor) -> int:
        """Events of this run."""
        return m.num_events - int(self._start.values.arrays[supplied(m.name, "count")][1].sum())

    def _entries(self, m: Recorder) -> int:
        return len(m) - int(self._start.values.queues[f"{m.name}.t"][1].count[0])

    def _repr_html_(self) -> str:
        rows = [(n, v) for n, v in self.params.items()] + [("seed", self.seed), ("duration", self.duration)]
        return html.table("Result", ("parameter", "value"), rows) + "".join(m._repr_html_() for m in self.monitors)

    def __repr__(self) -> str:
        said = ", ".join(f"{n}={v}" for n, v in self.params.items())
        monitors = ", ".join(map(repr, self.monitors)) or "no monitors"
        return f"Result({said}{', ' if said else ''}duration={self.duration}, seed={self.seed}; {monitors})"


def own_name(name: str, words: Mapping[str, str]) -> str:
    """``"G.v"`` with the object's own name, where the script calls it otherwise."""
    owner = owner_of(name)
    return name if owner == name else called(words.get(owner, owner), name)
