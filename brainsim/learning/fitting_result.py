"""What a fit found: parameters with units and their standard errors, all starts, losses on the way; it simulates and
draws itself."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from brainsim.learning.fitting_methods import Trial
from brainsim.learning.fitting_objective import Objective
from brainsim.learning.fitting_space import number
from brainsim.objects.looks import html
from brainsim.objects.looks.exports import Column, Frame, to_pandas
from brainsim.objects.looks.optional import optional
from brainsim.objects.looks.plotting import scaled
from brainsim.units import Quantity
from brainsim.units.dimensions import SECOND, Dimension
from brainsim.units.quantities import with_dimension
from brainsim.units.words import unit_text


@dataclass(frozen=True, eq=False)
class Fitted:
    """The result of `fit`: ``params`` (name → value with unit, as ``sim.run(params=...)`` takes them), ``loss``,
    ``trials`` from the best to the worst."""

    objective: Objective          #: at the last stage
    free: Objective               #: the model by itself
    share: np.ndarray
    trials: tuple[Trial, ...]
    method: str
    loss_name: str
    dimension: Dimension          #: of the recorded variable
    seconds: float
    _kept: dict[str, Any] = field(default_factory=dict)     #: what was computed when it was asked for

    @property
    def best(self) -> Trial:
        """The start that led to the smallest loss."""
        return self.trials[0]

    @property
    def loss(self) -> float:
        """The smallest loss; see `fit` for its scale."""
        return self.best.loss

    @property
    def history(self) -> np.ndarray:
        """Losses of the best start on its way, one for each evaluation or iteration."""
        return self.best.history

    @property
    def runs(self) -> int:
        """How often the model ran in the search, from all starts; with its derivatives by all parameters or without."""
        return sum(t.runs for t in self.trials)

    @property
    def params(self) -> dict[str, Any]:
        """Values with units."""
        return self._with_units(self.best.end)

    @property
    def errors(self) -> dict[str, Any]:
        """Standard errors with units, for white noise and losses that compare voltages; from the Jacobian at the
        solution. Empty for others."""
        if "errors" not in self._kept:
            self._kept["errors"] = self._errors() if self.loss_name in (
                "mse", "between_spikes") and not self.share.any() else {}
        return self._kept["errors"]

    @property
    def rms(self) -> Any:
        """Root mean square of the difference from the recording, with its unit; None for losses that do not compare
        voltages."""
        if self.loss_name not in ("mse", "between_spikes"):
            return None
        return with_dimension(np.float64(np.sqrt(self.loss) * self.objective.recording.scale), self.dimension)

    def simulate(self, params: Mapping[str, Any] | None = None) -> Quantity:
        """What the model does by itself, with its own spikes, at the times of the samples; shape of the data.
        ``params``: some others than the best."""
        space, place = self.objective.space, self.best.end
        if params is not None:
            dimensions = {r.name: r.dimension for r in space.ranges}
            given = {
                n: number(n, x, dimensions[n]) if n in dimensions else 0.0
                for n, x in {**self.params, **params}.items()
            }
            place = space.starts(1, given, np.random.default_rng(0))[0]
        return self._values(self.free, place, np.zeros_like(self.share))

    def followed(self) -> Quantity:
        """What the loss compared with the data: pulled, restarted or reset by it as asked for."""
        return self._values(self.objective, self.best.end, self.share)

    def _values(self, objective: Objective, place: np.ndarray, share: np.ndarray) -> Quantity:
        with jax.enable_x64(True):
            return with_dimension(np.asarray(jax.jit(lambda p: objective.trace(p, share).values)(place)),
                                  self.dimension)

    def plot(self, ax: Any = None, trace: int = 0) -> Any:
        """The data and the model by itself, of one trace."""
        ax = ax if ax is not None else optional("matplotlib.pyplot", "Plots").subplots(figsize=(9, 3))[1]
        recording, name = self.objective.recording, self.objective.model.output
        time = np.arange(recording.values.shape[1]) * recording.dt * 1e3
        both, label = scaled(name, np.stack([recording.values[trace],
                                             np.asarray(self.simulate())[trace]]), self.dimension)
        ax.plot(time, both[0], color="0.6", linewidth=1, label="data")
        ax.plot(time, both[1], color="C3", linewidth=1, label="model")
        ax.set(xlabel="time (ms)", ylabel=label)
        ax.legend(loc="upper right")
        return ax

    def to_pandas(self) -> Any:
        """A row for each start, the best first: parameters in base units, loss, number of iterations; units in
        ``attrs['units']``."""
        space = self.objective.space
        ends = space.values(np.array([t.end for t in self.trials]))
        columns = [Column(r.name, ("start",), np.asarray(ends[r.name]), unit_text(r.dimension)) for r in space.ranges]
        columns += [Column("loss", ("start",), np.array([t.loss for t in self.trials]), "1"),
                    Column("iterations", ("start",), np.array([len(t.history) for t in self.trials]), "1")]
        return to_pandas(Frame("fit", "fit", "start", tuple(columns)))

    # -- looks ---------------------------------------------------------------------------------------------------------
    def _with_units(self, place: np.ndarray) -> dict[str, Any]:
        space = self.objective.space
        return {
            r.name: with_dimension(np.float64(x), r.dimension) for r, x in zip(space.ranges,
                                                                               space.values(np.asarray(place)).values())
        }

    def _errors(self) -> dict[str, Any]:
        """From the curvature of the sum of squares (Seber & Wild 1989, section 2.1)."""
        with jax.enable_x64(True):
            jacobian = np.asarray(self.objective.jacobian(self.best.end, self.share))
        free = max(1, int(self.objective.recording.compared.sum()) - len(self.objective.space))
        covariance = np.linalg.pinv(jacobian.T @ jacobian) * self.loss / free
        sizes = np.sqrt(np.diag(covariance)) * np.abs(self.objective.space.slopes(self.best.end))
        return {r.name: with_dimension(np.float64(x), r.dimension) for r, x in zip(self.objective.space.ranges, sizes)}

    def _rows(self) -> list[tuple[str, str, str, str]]:
        space, errors = self.objective.space, self.errors
        values = space.values(self.best.end)
        return [(r.name, r.text(values[r.name]), r.text(float(np.asarray(errors[r.name]))) if errors else "", r.bounds)
                for r in space.ranges]

    def _about(self) -> str:
        layout, near = self.objective.model.layout, f" (rms {self.rms})" if self.rms is not None else ""
        length = Quantity(layout.samples * self.objective.recording.dt, SECOND)
        return (
            f"{self.method!r}, loss {self.loss_name!r} {self.loss:.4g}{near}, {_count(layout.traces, 'trace')} of "
            f"{length}, "
            f"{_count(len(self.trials), 'start')}, {self.seconds:.1f} s")

    def _repr_html_(self) -> str:
        return html.table("Fit", ("parameter", "value", "standard error", "bounds"), self._rows(), self._about())

    def __repr__(self) -> str:
        rows = self._rows()
        wide = [max(len(r[k]) for r in rows) for k in range(3)]
        return "\n".join([
            f"Fit by {self._about()}", *("  " + "  ".join(
                (n.ljust(wide[0]), v.rjust(wide[1]),
                 ("± " + e).ljust(wide[2] + 2) if e else "", f"bounds {b}")).rstrip() for n, v, e, b in rows)
        ])


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
