"""The units by name: `unit("mvolt")` makes any of the two thousand of them; `STANDARD` are those of the star import."""
from __future__ import annotations

import re
from functools import lru_cache

from brainsim.units.display import STAR_PREFIXES, TABLE, ten_to_the
from brainsim.units.quantities import Quantity
from brainsim.units.unit import Label, Unit, named_unit, unit_shown

#: units that take no prefix, or no power
_NO_PREFIX = frozenset({"kilogram", "kilogramme"})
_NO_POWER = frozenset({"liter", "litre"})
_STAR_PREFIXED = (
    "amp metre meter mole second coulomb farad gram gramme hertz joule liter litre molar ohm pascal siemens volt watt"
).split()
#: short names, and what they are short for
ABBREVIATIONS = {
    "ms": "msecond",
    "us": "usecond",
    "Hz": "hertz",
    "kHz": "khertz",
    "MHz": "Mhertz",
    "mV": "mvolt",
    "mA": "mamp",
    "uA": "uamp",
    "nA": "namp",
    "pA": "pamp",
    "mS": "msiemens",
    "uS": "usiemens",
    "nS": "nsiemens",
    "uF": "ufarad",
    "nF": "nfarad",
    "pF": "pfarad",
    "mM": "mmolar",
    "uM": "umolar",
    "nM": "nmolar",
    "cm": "cmetre",
    "mm": "mmetre",
    "um": "umetre",
    "cm2": "cmetre2",
    "cm3": "cmetre3",
    "mm2": "mmetre2",
    "mm3": "mmetre3",
    "um2": "umetre2",
    "um3": "umetre3",
}  # fmt: skip
FUNDAMENTAL = tuple([
    *_STAR_PREFIXED, "kilogram", "kelvin", "cmetre", "cmeter",
    *(p + name for name in _STAR_PREFIXED for p in STAR_PREFIXES)
])  # fmt: skip
#: the 203 names of the star import
STANDARD = (*FUNDAMENTAL, *ABBREVIATIONS)
_NAME = re.compile(rf"({'|'.join(sorted(TABLE.prefixes, key=len, reverse=True))})?({'|'.join(TABLE.roots)})([23])?")


def all_names() -> list[str]:
    """Every unit with every SI prefix, and their squares and cubes."""
    names = []
    for root in TABLE.roots:
        prefixed = [root] if root in _NO_PREFIX else [root, *(prefix + root for prefix in TABLE.prefixes)]
        names += prefixed if root in _NO_POWER else [name + power for name in prefixed for power in ("", "2", "3")]
    return [*names, *(name for name in ABBREVIATIONS if name not in names)]


def unit(name: str) -> Unit:
    """The one unit with this name or abbreviation. KeyError for another name."""
    return _unit(ABBREVIATIONS.get(name, name))


@lru_cache(maxsize=None)
def _unit(name: str) -> Unit:
    if name in TABLE.roots:
        prefix, root, power = "", name, ""
    else:
        parts = _NAME.fullmatch(name)
        if parts is None:
            raise KeyError(name)
        prefix, root, power = parts[1] or "", parts[2], parts[3] or ""
    if (prefix and root in _NO_PREFIX) or (power and root in _NO_POWER):
        raise KeyError(name)
    found, exponent = TABLE.roots[root], int(power or 1)
    scale = (found.scale + TABLE.prefixes.get(prefix, 0)) * exponent
    symbol = f"{prefix}{found.symbol}^{power}" if power else prefix + found.symbol
    return named_unit(ten_to_the(scale), found.dim ** exponent, Label(((name, symbol, 1.0),), scale))


def best_unit(quantity: Quantity, *others: Quantity) -> Unit:
    """The unit in which these values read best."""
    shown = quantity.best_shown(*others)
    try:
        return unit(shown.name)
    except KeyError:
        return unit_shown(shown, quantity.dim)


Quantity.get_best_unit = best_unit  # here, since a quantity is defined before there are units
