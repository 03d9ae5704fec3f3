"""Where the time went, stage by stage (docs/architecture.rst names the stages)."""
from __future__ import annotations

from collections.abc import Iterator, Mapping

from brainsim.objects.looks import html


class Timings(Mapping[str, float]):
    """Seconds by stage, in the order of the stages; each without those inside it. ``total`` is the sum."""

    def __init__(self, seconds: Mapping[str, float]):
        self._seconds = dict(seconds)

    @property
    def total(self) -> float:
        """All stages together, in seconds."""
        return sum(self._seconds.values())

    def __getitem__(self, stage: str) -> float:
        return self._seconds[stage]

    def __iter__(self) -> Iterator[str]:
        return iter(self._seconds)

    def __len__(self) -> int:
        return len(self._seconds)

    def _lines(self) -> list[tuple[str, str, str]]:
        share = {name: spent / self.total if self.total else 0.0 for name, spent in self.items()}
        return [(name, f"{1e3 * spent:.3g} ms", f"{share[name]:.1%}")
                for name, spent in self.items()] + [("total", f"{1e3 * self.total:.3g} ms", "")]

    def __repr__(self) -> str:
        return "\n".join(f"{name:<10} {spent:>10}  {share:>6}".rstrip() for name, spent, share in self._lines())

    def _repr_html_(self) -> str:
        return html.table("Timings", ("stage", "time", "share"), self._lines())
