"""`Unit`: a quantity with a name, such as ``mV``; it cannot be changed. Products, quotients and powers of units are
units."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from brainsim.errors import WrongType, WrongValue
from brainsim.units import display
from brainsim.units.dimensions import DIMENSIONLESS, Dimension
from brainsim.units.display import Shown
from brainsim.units.plain import NUMBERS, split
from brainsim.units.quantities import Quantity, dimension_argument, scalar
from brainsim.units.ufuncs import divided, raised, times


@dataclass(frozen=True, slots=True)
class Label:
    """How a unit is called: its factors as (name, symbol, power), and its power of ten (None when it is not one)."""

    factors: tuple[tuple[str, str, float], ...]
    scale: float | None
    latex: str = ""


class Ratio(float):
    """The quotient of two units of one dimension, ``mV/volt``: a number that multiplies lists as units do."""

    __slots__ = ()

    def __mul__(self, other: Any) -> Any:
        return float(self) * (np.asarray(other) if isinstance(other, (list, tuple, range)) else other)

    __rmul__ = __mul__


class Unit(Quantity):
    """A named quantity such as ``mV``; products, quotients and powers of units are units. Cannot be changed.

    ``Unit(value, name=..., dispname=...)`` names a scalar quantity: ``Unit(60*second, name='minute', dispname='min')``;
    with a ``scale`` it is ``10**scale`` base units.
    """

    __slots__ = ()

    def __new__(
            cls, value: object = 1.0, dim: object = None, scale: float = 0, name: str = "", dispname: str = "",
            latexname: str = "") -> Unit:
        plain, found = split(value)
        dim = found if dim is None else dimension_argument(dim)
        size = float(plain)
        if scale and size != display.ten_to_the(scale):
            raise WrongValue(f"A unit of scale {scale} is 10**{scale} base units", found=str(size))
        if not 0 < size < np.inf:
            raise WrongValue(f"A unit has to be a positive number, not {size}")
        power = np.log10(size)
        known = float(round(power)) if display.ten_to_the(round(power)) == size else None
        if not name:
            shown = display.base_form(dim)
            factors = ((shown.name, shown.symbol, 1.0),) if known == 0 else ((f"({size!r} * {shown.name})",
                                                                               f"({size!r} {shown.symbol})", 1.0),)
            if dim is DIMENSIONLESS:
                factors = ((f"Unit({size!r})", f"{size:g}", 1.0),)
        else:
            factors = ((name, dispname or name, 1.0),)
        return named_unit(size, dim, Label(factors, known, latexname))

    def __array_finalize__(self, obj: object) -> None:
        """What NumPy makes from a unit (a view, a part, a copy) is a quantity."""
        self.dim = getattr(obj, "dim", DIMENSIONLESS)
        self.__class__ = Quantity  # pyright: ignore[reportAttributeAccessIssue] -- and so no unit any more

    @staticmethod
    def create(dim: object, name: str, dispname: str, latexname: str | None = None, scale: int = 0) -> Unit:
        """The unit of ``10**scale`` base units."""
        return Unit(display.ten_to_the(scale), dim, scale, name, dispname, latexname or "")

    @staticmethod
    def create_scaled_unit(baseunit: Unit, scalefactor: str) -> Unit:
        """``create_scaled_unit(volt, "m")`` is ``mvolt``."""
        if scalefactor not in display.TABLE.prefixes:
            raise WrongValue(f"{scalefactor!r} is no SI prefix", help=f"one of {', '.join(display.TABLE.prefixes)}")
        scale = (baseunit.scale or 0) + display.TABLE.prefixes[scalefactor]
        label = Label(((scalefactor + baseunit.name, scalefactor + baseunit.dispname, 1.0),), scale)
        return named_unit(display.ten_to_the(scale), baseunit.dim, label)

    @property
    def name(self) -> str:
        """The evaluable name, ``"mvolt / second"``."""
        return display.product_text(self._label.factors)[0]

    @property
    def dispname(self) -> str:
        """What stands after a number, ``"mV/s"``."""
        return display.product_text(self._label.factors)[1]

    @property
    def latexname(self) -> str:
        return self._label.latex or display.latex_symbol(self.dispname)

    @property
    def scale(self) -> float | None:
        """The power of ten; None for units such as a minute."""
        scale = self._label.scale
        return int(scale) if scale is not None and scale == int(scale) else scale

    @property
    def iscompound(self) -> bool:
        factors = self._label.factors
        return len(factors) > 1 or factors[0][2] != 1

    def shown(self) -> Shown:
        return Shown(self.name, self.dispname, np.ndarray.item(self))

    def __str__(self) -> str:
        return self.dispname

    def __repr__(self) -> str:
        return self.name

    def _repr_latex_(self) -> str:
        return f"${self.latexname}$"

    def __rmul__(self, other: Any) -> Any:
        if type(other) in NUMBERS and self.dim is not DIMENSIONLESS:
            return scalar(float(other) * np.ndarray.item(self), self.dim)
        return Quantity.__rmul__(self, other)

    def __mul__(self, other: object) -> Any:
        if type(other) is Unit:
            return _combined(self, other, 1.0)
        return Quantity.__mul__(self, other)

    def __truediv__(self, other: object) -> Any:
        if type(other) is Unit:
            return _combined(self, other, -1.0)
        return Quantity.__truediv__(self, other)

    def __rtruediv__(self, other: object) -> Any:
        if type(other) in NUMBERS and other == 1:
            return self**-1
        return Quantity.__rtruediv__(self, other)

    def __pow__(self, other: Any, modulus: object = None) -> Any:
        if type(other) not in NUMBERS or other == 0:
            return Quantity.__pow__(self, other)
        exponent = float(other)
        label = self._label
        factors = tuple((name, symbol, power * exponent) for name, symbol, power in label.factors)
        scale = None if label.scale is None else label.scale * exponent
        size = np.ndarray.item(self) ** exponent if scale is None else display.ten_to_the(scale)
        return named_unit(size, raised(self.dim, exponent), Label(factors, scale))

    def __eq__(self, other: object) -> Any:
        """Two units of different dimensions are simply not the same one, so that units can be looked for in lists."""
        if type(other) is Unit:
            return self.dim is other.dim and np.ndarray.item(self) == np.ndarray.item(other)
        return Quantity.__eq__(self, other)

    __hash__ = Quantity.__hash__

    def _unchangeable(self, *args: Any, **keywords: Any) -> Any:
        raise WrongType(f"The unit {self} cannot be changed", help=f"make a quantity of it first: x = 1*{self.name}")

    __iadd__ = __isub__ = __imul__ = __itruediv__ = __ifloordiv__ = __imod__ = __ipow__ = _unchangeable
    __setitem__ = fill = put = _unchangeable

    def __reduce__(self) -> tuple[Any, ...]:
        return named_unit, (np.ndarray.item(self), self.dim, self._label)

    def __copy__(self) -> Unit:
        return self

    def __deepcopy__(self, memo: Any) -> Unit:
        return self


def register_new_unit(unit: Unit) -> None:
    """From now on values of this dimension may be shown in ``unit``."""
    if not isinstance(unit, Unit):
        raise WrongType(f"Only units can be registered, not {unit!r}")
    display.register(unit.dim, unit.shown())


def named_unit(size: float, dim: Dimension, label: Label) -> Unit:
    made: Any = scalar(size, dim)
    made._label = label
    made.setflags(write=False)
    made.__class__ = Unit
    return made


def _combined(a: Unit, b: Unit, sign: float) -> Any:
    """``a * b**sign``: a unit, or a plain number when nothing is left."""
    dim = times(a.dim, b.dim) if sign > 0 else divided(a.dim, b.dim)
    scale = None if a._label.scale is None or b._label.scale is None else a._label.scale + sign * b._label.scale
    size = np.ndarray.item(a) * np.ndarray.item(b) ** sign if scale is None else display.ten_to_the(scale)
    if dim is DIMENSIONLESS:
        return Ratio(size)
    powers: dict[tuple[str, str], float] = {}
    for label, factor in ((a._label, 1.0), (b._label, sign)):
        for name, symbol, power in label.factors:
            powers[name, symbol] = powers.get((name, symbol), 0.0) + factor * power
    factors = tuple((name, symbol, power) for (name, symbol), power in powers.items() if power)
    return named_unit(size, dim, Label(factors, scale))


def unit_shown(shown: Shown, dim: Dimension) -> Unit:
    """The unit that is written this way."""
    scale = float(np.log10(shown.value))
    power = round(scale) if shown.value == display.ten_to_the(round(scale)) else None
    return named_unit(shown.value, dim, Label(((shown.name, shown.symbol, 1.0),), power))
