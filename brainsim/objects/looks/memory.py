"""How many bytes a network takes, counted before it is built."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from brainsim.errors import WrongType, WrongValue
from brainsim.objects.looks import html


def check_amounts(p: object, n: object, synapses: object) -> None:
    """`WrongType` or `WrongValue` for amounts of synapses that cannot be."""
    if p is not None and synapses is not None:
        raise WrongValue("Give p or the number of synapses, not both")
    for name, x, most in (("p", p, 1.0), ("n", n, np.inf), ("synapses", synapses, np.inf)):
        if x is None and name != "n":
            continue
        what = "a probability, from 0 to 1" if name == "p" else "a number from 0 on"
        if not isinstance(x, (int, float, np.integer, np.floating)) or isinstance(x, bool):
            raise WrongType(f"{name}= of memory_estimate is {what}", found=repr(x))
        if not 0 <= x <= most or np.isinf(x):
            raise WrongValue(f"{name}= of memory_estimate is {what}", found=str(x),
                             help="give the number of synapses as synapses=" if name == "p" else "")


@dataclass(frozen=True)
class Line:
    """``count`` values of ``each`` bytes that an object keeps; ``count`` is None where it depends on what happens in
    the run."""

    owner: str
    what: str
    count: int | None
    each: int

    @property
    def bytes(self) -> int:
        """In all; 0 where that is not known."""
        return (self.count or 0) * self.each


class MemoryEstimate:
    """Bytes by object and in all; ``int`` of it is the number. Small queues and the program itself are not counted.

    Records are counted as long as they will be; they grow by doubling, so up to twice as much may be set aside for
    them.
    """

    def __init__(self, lines: Iterable[Line]):
        self.lines = tuple(line for line in lines if line.count != 0)

    @property
    def total(self) -> int:
        """Bytes in all."""
        return sum(line.bytes for line in self.lines)

    @property
    def by_object(self) -> dict[str, int]:
        """Bytes of each object."""
        found: dict[str, int] = {}
        for line in self.lines:
            found[line.owner] = found.get(line.owner, 0) + line.bytes
        return found

    def __int__(self) -> int:
        return self.total

    def _rows(self) -> list[tuple[str, str, str, str, str]]:
        return [(line.owner, line.what, "one per event" if line.count is None else f"{line.count:,}", str(line.each),
                 "" if line.count is None else readable(line.bytes)) for line in self.lines]

    def __repr__(self) -> str:
        rows = [("object", "values", "number", "bytes each", "in all"), *self._rows(),
                ("total", "", "", "", readable(self.total))]
        widths = [max(len(r[k]) for r in rows) for k in range(5)]
        return "\n".join("  ".join(c.ljust(w) if k < 2 else c.rjust(w)
                                   for k, (c, w) in enumerate(zip(r, widths))).rstrip() for r in rows)

    def _repr_html_(self) -> str:
        return html.table("Memory", ("object", "values", "number", "bytes each", "in all"), self._rows(),
                          f"{readable(self.total)} in all")


def readable(count: int) -> str:
    """Bytes in words: '1.25 GB'; a kilobyte has 1000."""
    size, unit = float(count), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, larger
    return f"{count} bytes" if unit == "bytes" else f"{size:.3g} {unit}"
