"""Values given over time, for equations and for Python: `TimedArray`."""
from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np

from brainsim.errors import (
    DimensionMismatchError,
    Unsupported,
    WrongIndex,
    WrongType,
    WrongValue,
)
from brainsim.ir.program import Array
from brainsim.model.symbols import External
from brainsim.naming import grid_of, supplied
from brainsim.objects.groups.clock import TOLERANCE, BaseClock, defaultclock
from brainsim.objects.groups.declared import Declared
from brainsim.objects.looks import html
from brainsim.objects.looks.value_text import value_text
from brainsim.objects.names.callables import InEquations
from brainsim.units import Quantity, get_dimensions
from brainsim.units.dimensions import DIMENSIONLESS, SECOND
from brainsim.units.plain import real_numbers
from brainsim.units.quantities import with_dimension

_TIMED = itertools.count()


class TimedArray(InEquations):
    """Values over time: ``ta(t)`` for one-dimensional ``values``, ``ta(t, i)`` for rows of times by columns.

    Value k holds for k dt <= t < (k + 1) dt; before and after, the first and the last value hold. Usable in equations
    and from Python, where the answer is the same.
    """

    def __init__(self, values: Any, dt: Any, name: str | None = None):
        if get_dimensions(dt) is not SECOND:
            raise DimensionMismatchError("'dt' of a TimedArray must be a time", SECOND, get_dimensions(dt))
        numbers = np.array(real_numbers(values))
        if numbers.ndim not in (1, 2):
            raise Unsupported("A TimedArray has one dimension (time) or two (time, index)",
                              found=f"{numbers.ndim} dimensions")
        if not numbers.size:
            raise WrongValue("A TimedArray needs at least one value")
        self.values, self.dim, self.dt_ = np.ascontiguousarray(numbers), get_dimensions(values), float(dt)
        self.name = name or f"_timedarray_{next(_TIMED)}"

    @property
    def dt(self) -> float:
        """The time between two values, in seconds, as a plain number."""
        return self.dt_

    def grid(self, dt: float) -> tuple[float, int]:
        """A fine grid and its points per value, so that multiples of dt land on the right value (R24)."""
        per_row = max(int(2 ** np.ceil(np.log2(8 * self.dt_ / dt))), 1)
        return self.dt_ / per_row, per_row

    def _step_for(self, clock: BaseClock) -> float:
        """The step that times of a clock are multiples of; a small one where they are irregular."""
        return clock.spacing or TOLERANCE * self.dt_

    def row(self, dt: float, t: object) -> np.ndarray:
        """Which value holds at ``t`` for a clock of step ``dt``."""
        grid, per_row = self.grid(dt)
        fine = np.floor(np.asarray(t, dtype=float) / grid + 0.5).astype(np.int64)
        return np.clip(fine // per_row, 0, len(self.values) - 1)

    def lookup(self, clock: BaseClock, t: object, i: object = None) -> np.ndarray:
        """Numbers in base units, as equations on this clock see them."""
        row = self.row(self._step_for(clock), t)
        if self.values.ndim == 1:
            return self.values[row]
        column = np.asarray(i).astype(np.int64)
        inside = (column >= 0) & (column < self.values.shape[1])
        return np.where(inside, self.values[row, np.clip(column, 0, self.values.shape[1] - 1)], np.nan)

    def __call__(self, t: object, i: object = None) -> Any:
        """The value at a time (and index), with its unit."""
        if get_dimensions(t) is not SECOND:
            raise DimensionMismatchError("A TimedArray is a function of time", SECOND, get_dimensions(t))
        if (i is None) != (self.values.ndim == 1):
            raise WrongType("A two-dimensional TimedArray takes a time and an index" if i is
                            None else "A one-dimensional TimedArray takes a time")
        row = self.row(defaultclock.dt_, t)
        if i is None:
            return with_dimension(self.values[row], self.dim)
        column = np.asarray(i)
        if np.any((column < 0) | (column >= self.values.shape[1])):
            raise WrongIndex("The index of a TimedArray is out of range", found=str(i))
        return with_dimension(self.values[row, column], self.dim)

    def external(self, name: str) -> External:
        """A function of the time, and of the column where there are several."""
        args: tuple[object, ...] = (SECOND,) if self.values.ndim == 1 else (SECOND, DIMENSIONLESS)
        return External(name, "timed_array", self.name, args, self.dim, arity=len(args), holder=self)

    def declared(self, clocks: Iterable[BaseClock]) -> Declared:
        """The values in row order, and what equations on these clocks need."""
        n, columns = self.name, self.values.shape[1] if self.values.ndim == 2 else 1
        params: dict[str, float | int] = {supplied(n, "rows"): len(self.values), supplied(n, "columns"): columns}
        for clock in clocks:
            params |= zip(grid_of(n, clock.name), self.grid(self._step_for(clock)))
        values = Array(supplied(n, "values"), "f8", f"{n}.list", role="list")
        return Declared({values.name: (values, self.values.reshape(-1))}, params=params)

    def _repr_html_(self) -> str:
        rows = [("values", value_text(self.values, self.dim)), ("shape", " × ".join(map(str, self.values.shape))),
                ("dt", Quantity(self.dt_, SECOND))]
        return html.table("TimedArray", ("", ""), rows, self.name)

    def __repr__(self) -> str:
        return f"TimedArray({' × '.join(map(str, self.values.shape))} values, dt={Quantity(self.dt_, SECOND)})"
