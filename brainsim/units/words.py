"""A dimension in words, with the names a neuroscientist would use."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from brainsim.units.dimensions import BASES, Dimension

_Exponents = tuple[float, ...]

# In order of preference. molar stands for mole/metre**3 up to a factor, as its use here is to name a dimension.
_NAMED: tuple[tuple[str, _Exponents], ...] = (
    ("second", (0, 0, 1, 0, 0, 0, 0)),
    ("metre", (1, 0, 0, 0, 0, 0, 0)),
    ("volt", (2, 1, -3, -1, 0, 0, 0)),
    ("amp", (0, 0, 0, 1, 0, 0, 0)),
    ("siemens", (-2, -1, 3, 2, 0, 0, 0)),
    ("ohm", (2, 1, -3, -2, 0, 0, 0)),
    ("farad", (-2, -1, 4, 2, 0, 0, 0)),
    ("coulomb", (0, 0, 1, 1, 0, 0, 0)),
    ("mole", (0, 0, 0, 0, 0, 1, 0)),
    ("molar", (-3, 0, 0, 0, 0, 1, 0)),
    ("kilogram", (0, 1, 0, 0, 0, 0, 0)),
    ("kelvin", (0, 0, 0, 0, 1, 0, 0)),
    ("joule", (2, 1, -2, 0, 0, 0, 0)),
    ("watt", (2, 1, -3, 0, 0, 0, 0)),
    ("newton", (1, 1, -2, 0, 0, 0, 0)),
    ("pascal", (-1, 1, -2, 0, 0, 0, 0)),
    ("candela", (0, 0, 0, 0, 0, 0, 1)),
)
_ORDER = {name: number for number, (name, _) in enumerate(_NAMED)}
_POWERS = (1, -1, 2, -2, 3, -3, 0.5, -0.5)
_Term = tuple[str, float]


@lru_cache(maxsize=None)
def unit_text(dim: Dimension) -> str:
    """The shortest name of the SI unit: ``volt``, ``siemens/metre**2``, ``second**-0.5``; ``1`` without dimension."""
    if dim.is_dimensionless:
        return "1"
    for terms, exponents in _candidates():
        if exponents == dim.exponents:
            return _written(terms)
    bases = ["amp" if base == "ampere" else base for base in BASES]
    return _written([(base, e) for base, e in zip(bases, dim.exponents, strict=True) if e])


def _candidates() -> Iterator[tuple[list[_Term], _Exponents]]:
    """Units, powers of units, and products of two, the most usual first."""
    singles = [((name, power), tuple(power * e for e in exponents)) for power in _POWERS for name, exponents in _NAMED]
    for term, exponents in singles:
        yield [term], exponents
    pairs = [(a, b) for a in singles for b in singles if a[0][0] != b[0][0] and a[0][1] > 0]
    for a, b in sorted(pairs, key=lambda pair: _weight(pair[0][0], pair[1][0])):
        yield [a[0], b[0]], tuple(x + y for x, y in zip(a[1], b[1], strict=True))


def _weight(first: _Term, second: _Term) -> tuple[float, int]:
    """How unusual a product of two is."""
    unusual = sum(power if power >= 1 else 2.5 for power in (abs(first[1]), abs(second[1])))
    return unusual, _ORDER[second[0]]


def _written(terms: list[_Term]) -> str:
    above = [_power(name, e) for name, e in terms if e > 0]
    below = [_power(name, -e) for name, e in terms if e < 0]
    if not above and len(terms) == 1 and terms[0][1] != int(terms[0][1]):
        return _power(*terms[0])
    under = "".join(f"/{term}" for term in below)
    return ("*".join(above) or "1") + under


def _power(name: str, exponent: float) -> str:
    if exponent == 1:
        return name
    return f"{name}**{int(exponent) if exponent == int(exponent) else exponent}"
