"""What a training leaves behind: parameters, and losses and metrics of each epoch."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from brainsim.errors import UnknownName, near
from brainsim.objects.looks import html
from brainsim.objects.looks.exports import Column, Frame, to_pandas
from brainsim.objects.looks.optional import optional
from brainsim.units import Quantity

SHOWN = 8     #: rows of a history in a notebook


@dataclass(frozen=True)
class History(Mapping[str, np.ndarray]):
    """A row per epoch, columns by name: ``history['loss']``; ``to_pandas()``, ``plot()``."""

    rows: tuple[Mapping[str, float], ...] = ()

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.columns:
            raise UnknownName(f"There is no '{name}' in this history", help=near(name, self.columns)
                              or f"it has {', '.join(self.columns)}")
        return np.array([r.get(name, np.nan) for r in self.rows])

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of losses and metrics."""
        return tuple(dict.fromkeys(n for r in self.rows for n in r))

    def to_pandas(self) -> Any:
        """A table with a row per epoch. `Unsupported` without pandas."""
        epochs = Column("epoch", ("epoch",), np.arange(1, len(self.rows) + 1))
        return to_pandas(
            Frame("history", "training", "epoch", tuple(Column(n, ("epoch",), self[n]) for n in self.columns),
                  (epochs,)))

    def plot(self, names: Sequence[str] | None = None, ax: Any = None) -> Any:
        """Losses (or the columns that are named) over epochs; the axes of Matplotlib."""
        ax = ax if ax is not None else optional("matplotlib.pyplot", "Plots").subplots()[1]
        for name in names if names is not None else [n for n in self.columns if n in ("loss", "validation loss")]:
            ax.plot(np.arange(1, len(self.rows) + 1), self[name], label=name)
        ax.set(xlabel="epoch", title="training")
        ax.legend()
        return ax

    def _repr_html_(self) -> str:
        rows = [(k + 1, *(f"{r.get(n, np.nan):.5g}" for n in self.columns)) for k, r in enumerate(self.rows)]
        cut = rows if len(rows) <= SHOWN else [
            *rows[:SHOWN // 2], ("…", *[""] * len(self.columns)), *rows[-SHOWN // 2:]
        ]
        return html.table("History", ("epoch", *self.columns), cut, f"{len(self.rows)} epochs")

    def __repr__(self) -> str:
        return f"History of {len(self.rows)} epochs: {', '.join(self.columns)}"


@dataclass(frozen=True)
class Fit:
    """The outcome of `fit`: ``params`` by name, with units; ``history``; ``best``, the epoch they are from; and why the
    training ended."""

    params: Mapping[str, Any]
    history: History
    best: int
    ended: str
    seconds: float

    @property
    def epochs(self) -> int:
        """How many there were, those before a checkpoint included."""
        return len(self.history.rows)

    @property
    def row(self) -> Mapping[str, float]:
        """Losses and metrics of the epoch that the parameters are from."""
        return self.history.rows[self.best - 1] if self.history.rows else {}

    def _rows(self) -> list[tuple[str, str, str, str]]:
        def spread(x: Any) -> tuple[str, str]:
            if np.ndim(x) == 0:
                return _text(x), ""
            return (_text(np.mean(x)), f"{_text(np.min(x))} … {_text(np.max(x))}") if np.size(x) else ("", "")
        return [(n, str(np.shape(x)), *spread(x)) for n, x in self.params.items()]

    def _about(self) -> str:
        losses = ", ".join(f"{n} {x:.5g}" for n, x in self.row.items())
        return f"{self.epochs} epochs in {self.seconds:.3g} s, {self.ended}; epoch {self.best}: {losses}"

    def _repr_html_(self) -> str:
        return html.table("Fit", ("parameter", "shape", "mean", "from … to"), self._rows(),
                          self._about()) + self.history._repr_html_()

    def __repr__(self) -> str:
        rows = self._rows()
        width = max((len(r[0]) for r in rows), default=0)
        lines = (f"  {n.ljust(width)}  {shape}, {mean}" + (f" ({ends})" if ends else "")
                 for n, shape, mean, ends in rows)
        return "\n".join([f"Fit: {self._about()}", *lines])


def _text(x: Any) -> str:
    return str(x) if isinstance(x, Quantity) else f"{float(x):.5g}"
