"""A quantity as text: in a chosen unit, in the one in which it reads best, and as what evaluates to it."""
from __future__ import annotations

from typing import Any

import numpy as np

from brainsim.errors import WrongType
from brainsim.units import display
from brainsim.units.dimensions import DIMENSIONLESS, Dimension
from brainsim.units.display import Shown
from brainsim.units.plain import mismatch


class AsText(np.ndarray):
    """An array with a dimension, as far as it is written down; its one kind is `Quantity`."""

    __slots__ = ()
    dim: Dimension

    def in_unit(self, unit: AsText, precision: int | None = None, python_code: bool = False) -> str:
        """``"3000. uV"``: in ``unit``, with at most ``precision`` decimals. DimensionMismatchError when it does not
        fit."""
        if unit.dim is not self.dim:
            raise mismatch(f"The value cannot be written in {unit}", self.dim, unit.dim)
        return self._written(unit.shown(), precision, python_code)

    def in_best_unit(self, precision: int | None = None, python_code: bool = False, *others: AsText) -> str:
        """``"3. mV"``: in the unit in which these values read best."""
        return self._written(self.best_shown(*others), precision, python_code)

    def best_shown(self, *others: AsText) -> Shown:
        """The unit in which these values read best."""
        return display.best(np.concatenate([np.ravel(_plain(q)) for q in (self, *others)]), self.dim)

    def shown(self) -> Shown:
        """How this value is written when it serves as a unit."""
        if self.ndim:
            raise WrongType("An array cannot serve as a unit")
        return Shown(f"({self!r})", f"({self})", np.ndarray.item(self))

    def _written(self, unit: Shown, precision: int | None, python_code: bool) -> str:
        if python_code:
            return display.evaluable_text(_plain(self), unit, display.base_form(self.dim))
        if self.dim is DIMENSIONLESS and not self.ndim and precision is None:
            return str(np.ndarray.item(self) / unit.value)
        return f"{display.number_text(_plain(self) / unit.value, precision)} {unit.symbol}".rstrip()

    def __str__(self) -> str:
        return self.in_best_unit()

    def __repr__(self) -> str:
        if self.dim is DIMENSIONLESS:
            text = np.array2string(_plain(self), separator=", ", floatmode="unique")
            return f"Quantity({text if self.ndim == 0 else f'array({text})'})"
        values = _plain(self)
        return display.evaluable_text(values, display.best(values, self.dim, evaluable=True),
                                      display.base_form(self.dim))

    def __format__(self, spec: str) -> str:
        """Without a specification as ``str``; with one, ``f"{v:.3f}"``, the number in base units, without the unit.
        WrongType for an array."""
        if not spec:
            return str(self)
        if self.ndim:
            raise WrongType(f"An array of quantities cannot be written as '{spec}'",
                            help="format its elements, or write f'{x/mV}'")
        return format(np.ndarray.item(self), spec)

    def _repr_html_(self) -> str:
        return f"<span>{str(self).replace(chr(10), '<br>')}</span>"

    def _repr_latex_(self) -> str:
        unit = self.best_shown()
        numbers = display.number_text(_plain(self) / unit.value, brief=True)
        return f"${numbers}\\,{display.latex_symbol(unit.symbol)}$"


def _plain(quantity: Any) -> Any:
    return np.ndarray.view(quantity, np.ndarray)
