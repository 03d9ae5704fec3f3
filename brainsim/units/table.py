"""The units brainsim names, derived from Pint: for each its power of ten, its dimension and its symbol.

Ours is only the list of *which* names; every number and exponent is Pint's. Pint takes half a second to load, so what
was derived is kept as a small JSON file, keyed by Pint's own definitions and by our list: in the package for one
version of Pint, in the cache for others. A file that cannot be used is ignored. `ship` makes the package's file anew.
"""
from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from brainsim.kept import keep, whole
from brainsim.options import cache_directory
from brainsim.units.dimensions import BASES, Dimension, dimension

#: our name -> Pint's name; the order is the order of preference when several units have one dimension
ROOTS = {
    "metre": "meter",
    "meter": "meter",
    "kilogram": "kilogram",
    "kilogramme": "kilogram",
    "gram": "gram",
    "gramme": "gram",
    "second": "second",
    "amp": "ampere",
    "ampere": "ampere",
    "kelvin": "kelvin",
    "mole": "mole",
    "mol": "mole",
    "candle": "candela",
    "candela": "candela",
    "radian": "radian",
    "steradian": "steradian",
    "hertz": "hertz",
    "newton": "newton",
    "pascal": "pascal",
    "joule": "joule",
    "watt": "watt",
    "coulomb": "coulomb",
    "volt": "volt",
    "farad": "farad",
    "ohm": "ohm",
    "siemens": "siemens",
    "weber": "weber",
    "tesla": "tesla",
    "henry": "henry",
    "lumen": "lumen",
    "lux": "lux",
    "becquerel": "becquerel",
    "gray": "gray",
    "sievert": "sievert",
    "katal": "katal",
    "molar": "molar",
    "liter": "liter",
    "litre": "liter",
}  # fmt: skip
PREFIXES = {
    "y": "yocto",
    "z": "zepto",
    "a": "atto",
    "f": "femto",
    "p": "pico",
    "n": "nano",
    "u": "micro",
    "m": "milli",
    "c": "centi",
    "d": "deci",
    "da": "deca",
    "h": "hecto",
    "k": "kilo",
    "M": "mega",
    "G": "giga",
    "T": "tera",
    "P": "peta",
    "E": "exa",
    "Z": "zetta",
    "Y": "yotta",
}  # fmt: skip
CONSTANTS = {
    "avogadro_constant": "avogadro_constant",
    "boltzmann_constant": "boltzmann_constant",
    "electric_constant": "vacuum_permittivity",
    "electron_mass": "electron_mass",
    "elementary_charge": "elementary_charge",
    "faraday_constant": "faraday_constant",
    "gas_constant": "molar_gas_constant",
    "magnetic_constant": "vacuum_permeability",
    "molar_mass_constant": "atomic_mass_constant * avogadro_constant",
    "zero_celsius": "zero_celsius",
}  # fmt: skip
_FORMAT = 2
SHIPPED = Path(__file__).with_name("table.json")
#: what Pint counts as a unit and the SI does not
_PURE_NUMBERS = frozenset({"radian", "count", "bit"})


@dataclass(frozen=True, slots=True)
class Root:
    """A unit without prefix: ``10**scale`` base units of ``dim``, written ``symbol`` after a number."""

    name: str
    symbol: str
    scale: int
    dim: Dimension


@dataclass(frozen=True, slots=True)
class UnitTable:
    """Everything brainsim takes from Pint."""

    roots: dict[str, Root]
    prefixes: dict[str, int]
    constants: dict[str, tuple[float, Dimension]]


def load() -> UnitTable:
    """The table, from the package or the cache when it is there, else from Pint (and then into the cache)."""
    key = _key()
    stored = _read(SHIPPED, key)
    if stored is None:
        path = cache_directory() / f"units-{key}.json" if key else None
        stored = _read(path, key) if path is not None and whole(path) is not None else None
        if stored is None:
            stored = derive()
            _write(path, {"key": key, **stored})
    return _table(stored)


def derive() -> dict[str, dict[str, Any]]:
    """The table as plain JSON values, computed by Pint in exact fractions."""
    import pint  # half a second, and needed only here

    registry: Any = pint.UnitRegistry(
        non_int_type=Fraction)  # pyright: ignore[reportArgumentType] -- it takes any kind of number

    def value_and_exponents(name: str) -> tuple[Fraction, list[float]]:
        value = registry.Quantity(Fraction(1), name).to_base_units()
        powers = {unit: float(power) for unit, power in value.unit_items() if unit not in _PURE_NUMBERS}
        return Fraction(value.magnitude), [powers.get(_PINT_BASES[base], 0.0) for base in BASES]

    roots = {}
    for name, pint_name in ROOTS.items():
        value, exponents = value_and_exponents(pint_name)
        symbol = registry.get_symbol(pint_name)
        roots[name] = [symbol if symbol.isascii() else name, _power_of_ten(value), exponents]
    prefixes = {
        ours: _power_of_ten(registry.Quantity(Fraction(1), f"{name}meter").to("meter").magnitude)
        for ours, name in PREFIXES.items()
    }
    constants = {}
    for name, pint_name in CONSTANTS.items():
        if name == "zero_celsius":
            constants[name] = [
                float(registry.Quantity(Fraction(0), "degC").to("kelvin").magnitude),
                value_and_exponents("kelvin")[1]
            ]
        else:
            value, exponents = value_and_exponents(pint_name)
            constants[name] = [float(value), exponents]
    return {"roots": roots, "prefixes": prefixes, "constants": constants}


_PINT_BASES = dict(zip(BASES, ("meter", "kilogram", "second", "ampere", "kelvin", "mole", "candela")))


def _power_of_ten(value: Any) -> int:
    """k where ``value`` is exactly ``10**k``; ValueError for any other value."""
    exact = Fraction(str(value)) if isinstance(value, float) else Fraction(value)
    power = len(str(exact.numerator)) - len(str(exact.denominator))
    if exact != Fraction(10) ** power:
        raise ValueError(f"{value} is not a power of ten")
    return power


def _table(stored: Mapping[str, Any]) -> UnitTable:
    roots = {
        name: Root(name, symbol, scale, dimension(exponents))
        for name, (symbol, scale, exponents) in stored["roots"].items()
    }
    constants = {name: (value, dimension(exponents)) for name, (value, exponents) in stored["constants"].items()}
    return UnitTable(roots, dict(stored["prefixes"]), constants)


def _key() -> str:
    """What identifies this Pint's definitions and this list; empty without an installed Pint."""
    try:
        pint = find_spec("pint")
        assert pint is not None and pint.origin is not None
        ours = zlib.crc32(json.dumps([_FORMAT, ROOTS, PREFIXES, CONSTANTS]).encode())
        theirs = 0
        for definitions in ("default_en.txt", "constants_en.txt"):
            theirs = zlib.crc32((Path(pint.origin).parent / definitions).read_bytes(), theirs)
        return f"{ours:08x}-{theirs:08x}"
    except Exception:
        return ""


def _read(path: Path | None, key: str) -> dict[str, object] | None:
    """What a file holds, or None when it is missing, unreadable, of another key, or not what we wrote."""
    if path is None or not key:
        return None
    try:
        stored = json.loads(path.read_text("utf-8"))
        if stored["key"] != key or set(stored["roots"]) != set(ROOTS) or set(stored["prefixes"]) != set(PREFIXES):
            return None
        _table(stored)
        return stored
    except Exception:
        return None


def _write(path: Path | None, stored: dict[str, object]) -> None:
    """Keep it, where files can be kept."""
    if path is not None:
        with suppress(OSError):
            keep(json.dumps(stored).encode(), path)


def ship() -> None:
    """Make the file of the package anew, a line for each name."""
    parts = {what: ",\n".join(f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in entries.items())
             for what, entries in derive().items()}
    text = ",\n".join(
        [f' "key": {json.dumps(_key())}', *(f' "{what}": {{\n{lines}\n }}' for what, lines in parts.items())])
    SHIPPED.write_text("{\n" + text + "\n}\n", "utf-8")
