"""Where the parameters of a function of a network may lie, for optimisers that know no bounds."""
from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from brainsim.errors import UnknownName, WrongValue, near
from brainsim.model.bounds import WHOLE_LINE
from brainsim.units.dimensions import DIMENSIONLESS, Dimension
from brainsim.units.quantities import with_dimension


@dataclass(frozen=True)
class Ranges:
    """The range of each parameter (`brainsim.targets.jax_bounds.ParameterRange`), and its dimension."""

    by_name: Mapping[str, Any]
    dimensions: Mapping[str, Dimension]

    def inside(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters (plain, SI base units) of raw numbers; `UnknownName` for others."""
        for n in raw:
            if n not in self.by_name:
                raise UnknownName(f"There is no parameter '{n}' in this function", help=near(n, self.by_name))
        return {n: self.by_name[n].inside(x) for n, x in raw.items()}

    def raw(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The inverse of `inside`, of plain numbers. Raises `WrongValue` for values on or beyond their bounds."""
        for n, x in params.items():
            wrong = self.by_name[n].outside(x)
            if wrong is not None:
                low, high = (str(self._with_unit(n, b)) for b in (self.by_name[n].low, self.by_name[n].high))
                raise WrongValue(f"'{n}' does not lie between its bounds {low} and {high}",
                                 found=str(self._with_unit(n, wrong)),
                                 help="begin inside of them: on a bound the gradient is zero")
        return {n: self.by_name[n].raw(x) for n, x in params.items()}

    def _with_unit(self, name: str, value: float) -> Any:
        return with_dimension(np.float64(value), self.dimensions[name])


def ranges(values: Mapping[str, np.ndarray], bounds: Mapping[str, tuple[float, float] | None],
           dimensions: Mapping[str, Dimension]) -> Ranges:
    """Ranges of parameters with these present values: their size is the root mean square of these, 1 without a unit.
    ``bounds`` of None: the whole line."""
    ParameterRange = importlib.import_module("brainsim.targets.jax_bounds").ParameterRange

    def size(name: str, x: np.ndarray) -> float:
        return float(np.sqrt(np.mean(np.square(x)))) if np.size(x) and dimensions[name] is not DIMENSIONLESS else 1.0

    return Ranges({n: ParameterRange(*(bounds[n] or WHOLE_LINE), size(n, x) or 1.0)
                   for n, x in values.items()}, {n: dimensions[n] for n in values})
