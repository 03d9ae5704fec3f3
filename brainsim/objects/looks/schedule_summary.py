"""What runs in a time step, in order, as a value that prints as a table."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from brainsim.objects.looks import html


@dataclass(frozen=True)
class Entry:
    """One scheduled piece: where and how often it runs, and whether at all."""

    name: str
    when: str
    order: int
    dt: object
    clock: str
    active: bool


class SchedulingSummary:
    """The pieces of a time step in their order."""

    def __init__(self, entries: Iterable[Entry]):
        self.entries = list(entries)

    def __str__(self) -> str:
        width = max((len(e.name) for e in self.entries), default=4)
        return "\n".join(f"{e.name:{width}}  {e.when:18} {e.order:4d}  {e.clock}{'' if e.active else '  (inactive)'}"
                         for e in self.entries)

    __repr__ = __str__

    def splitlines(self) -> list[str]:
        """The lines of the table."""
        return str(self).splitlines()

    def _repr_html_(self) -> str:
        rows = [(e.name, e.when, e.order, e.dt, "yes" if e.active else "no") for e in self.entries]
        return html.table("Schedule", ("object", "when", "order", "dt", "active"), rows)
