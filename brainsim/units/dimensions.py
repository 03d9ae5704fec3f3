"""Physical dimensions: seven SI exponents, one object per dimension, compared by identity."""
from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from brainsim.errors import WrongType, WrongValue

BASES = ("metre", "kilogram", "second", "ampere", "kelvin", "mole", "candela")
SYMBOLS = ("m", "kg", "s", "A", "K", "mol", "cd")
_KNOWN: dict[tuple[float, ...], Dimension] = {}


class Dimension:
    """Exponents of metre, kilogram, second, ampere, kelvin, mole, candela. Make one with `dimension`."""

    __slots__ = ("exponents", "__weakref__")
    exponents: tuple[float, ...]

    def __init__(self) -> None:
        raise TypeError("use brainsim.units.dimensions.dimension(...)")

    @property
    def is_dimensionless(self) -> bool:
        return self is DIMENSIONLESS

    def __mul__(self, other: Dimension) -> Dimension:
        return dimension([a + b for a, b in zip(self.exponents, other.exponents)])

    def __truediv__(self, other: Dimension) -> Dimension:
        return dimension([a - b for a, b in zip(self.exponents, other.exponents)])

    def __pow__(self, power: float) -> Dimension:
        return dimension([a * power for a in self.exponents])

    def _unchangeable(self, *others: object) -> None:
        raise WrongType(f"The dimension {self!r} cannot be changed")

    __imul__ = __itruediv__ = __ipow__ = _unchangeable

    def __str__(self) -> str:
        parts = [s if e == 1 else f"{s}^{_plain(e)}" for s, e in zip(SYMBOLS, self.exponents) if e]
        return " ".join(parts) or "1"

    def __repr__(self) -> str:
        parts = [b if e == 1 else f"{b} ** {_plain(e)}" for b, e in zip(BASES, self.exponents) if e]
        return " * ".join(parts) or "Dimension()"

    def __reduce__(self) -> tuple[object, ...]:
        return dimension, (self.exponents,)

    def __copy__(self) -> Dimension:
        return self

    def __deepcopy__(self, memo: object) -> Dimension:
        return self


def _plain(exponent: float) -> str:
    return str(int(exponent)) if exponent == int(exponent) else repr(exponent)


def dimension(exponents: Iterable[Any]) -> Dimension:
    """The one `Dimension` with these seven exponents (rounded to the nearest small fraction, so that powers close)."""
    key = tuple(float(e) if float(e).is_integer() else float(Fraction(e).limit_denominator(1000)) for e in exponents)
    found = _KNOWN.get(key)
    if found is None:
        found = object.__new__(Dimension)
        found.exponents = key
        _KNOWN[key] = found
    return found


DIMENSIONLESS = dimension((0,) * 7)
SECOND = dimension((0, 0, 1, 0, 0, 0, 0))


_BASE_WORDS = {
    word: i for i, words in enumerate((
        "length metre metres meter meters m",
        "mass kilogram kilograms kilogramme kilogrammes kg",
        "time second seconds s",
        "current ampere amperes amp amps A",
        "temperature kelvin kelvins K",
        "quantity substance mole moles n mol",
        "luminosity candela candelas candle candles cd",
    )) for word in words.split()
}  # fmt: skip


def get_or_create_dimension(*args: object, **keywords: float) -> Dimension:
    """The dimension with these seven exponents, or with the named ones: ``get_or_create_dimension(length=1, s=-1)``."""
    if args:
        if len(args) != 1 or keywords:
            raise WrongType("Need a sequence of exactly 7 items")
        if isinstance(args[0], Dimension):
            return args[0]
        exponents = list(args[0]) if isinstance(args[0], Iterable) and not isinstance(args[0], str) else []
        if len(exponents) != 7:
            raise WrongType("Need a sequence of exactly 7 items")
        return dimension(exponents)
    exponents = [0.0] * 7
    for name, power in keywords.items():
        if name not in _BASE_WORDS:
            raise WrongValue(f"{name!r} is no base dimension", help=f"one of {', '.join(_BASE_WORDS)}")
        exponents[_BASE_WORDS[name]] = power
    return dimension(exponents)
