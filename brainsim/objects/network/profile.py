"""How the time of a run was spent, object by object."""
from __future__ import annotations

from typing import Any

from brainsim.errors import WrongValue
from brainsim.objects.looks import html
from brainsim.objects.network.magic import magic_network
from brainsim.units import Quantity


class ProfilingSummary:
    """Time per object, longest first; ``show`` limits the lines."""

    def __init__(self, rows: list[tuple[str, Quantity]], show: int | None = None):
        self.rows = rows if show is None else rows[:show]
        self.names = [name for name, _ in self.rows]
        self.times = [time for _, time in self.rows]
        self.total = sum(float(time) for _, time in rows)

    def _lines(self) -> list[tuple[str, str, str]]:
        return [(name, f"{float(time):.3g} s", f"{float(time) / self.total:.1%}" if self.total else "")
                for name, time in self.rows]

    def __repr__(self) -> str:
        width = max((len(name) for name in self.names), default=4)
        return "\n".join([
            "Profiling summary", "=" * 17,
            *(f"{name:{width}}  {time:>10}  {share:>6}" for name, time, share in self._lines())
        ])

    def _repr_html_(self) -> str:
        return html.table("Profile", ("object", "time", "share"), self._lines())


def profiling_summary(net: Any = None, show: int | None = None) -> ProfilingSummary:
    """Times of the objects of a network (default: of the visible objects). `WrongValue` when it was not run with
    ``profile=True``."""
    rows = (net or magic_network).profiling_info
    if show is not None and show < 1:
        raise WrongValue("show is the number of lines", found=str(show))
    return ProfilingSummary(sorted(rows, key=lambda row: -float(row[1])), show)
