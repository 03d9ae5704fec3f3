"""How numbers with a dimension are written: the choice of a scale that reads well, and text that evaluates to the same
number.

``str`` may use any prefix (``3. fA``); ``repr`` only names of the star import (``0.003 * pamp``), so that it can be
evaluated.
"""
from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainsim.units.dimensions import DIMENSIONLESS, Dimension, dimension
from brainsim.units.table import Root, UnitTable, load

TABLE: UnitTable = load()
#: the roots and prefixes that `from brainsim import *` offers
STAR_ROOTS = (
    "metre",
    "gram",
    "second",
    "amp",
    "kelvin",
    "mole",
    "hertz",
    "pascal",
    "joule",
    "watt",
    "coulomb",
    "volt",
    "farad",
    "ohm",
    "siemens",
    "molar",
)  # fmt: skip
STAR_PREFIXES = ("p", "n", "u", "m", "k", "M", "G", "T")
_BASE_NAMES = (("metre", "m"), ("kilogram", "kg"), ("second", "s"), ("amp", "A"), ("kelvin", "K"), ("mole", "mol"),
               ("candela", "cd"))
_THOUSANDS = tuple(p for p, e in TABLE.prefixes.items() if e % 3 == 0)


@dataclass(frozen=True, slots=True)
class Shown:
    """A unit as it is shown: evaluable ``name``, ``symbol`` after a number, ``value`` in base units."""

    name: str
    symbol: str
    value: float


#: units that people registered, by dimension
_REGISTERED: dict[Dimension, tuple[Shown, ...]] = {}


def register(dim: Dimension, shown: Shown) -> None:
    """From now on values of this dimension may be shown in this unit."""
    _REGISTERED[dim] = (*_REGISTERED.get(dim, ()), shown)


def best(values: Any, dim: Dimension, *, evaluable: bool = False) -> Shown:
    """The unit in which the magnitudes that are shown are, in the geometric mean, nearest to 10; registered units win
    ties."""
    size = np.abs(_shown_part(np.asarray(values))).astype(float)
    size = size[np.isfinite(size) & (size > 0)]
    found = _root_form(dim)
    awkward = evaluable and found is not None and found[1] < 0 and bool(found[2])  # divided by a scale: not exact
    plain = base_form(dim) if awkward else _plain_form(dim)
    if not size.size or awkward:
        return plain
    typical = float(np.mean(np.log10(size)))

    def distance(shown: Shown) -> float:
        return abs(typical - math.log10(shown.value) - 1)

    extra = () if evaluable else _REGISTERED.get(dim, ())
    forms = (*extra, plain, *_scaled_forms(dim, evaluable))
    chosen = min(forms, key=distance)
    if evaluable and not np.ndim(values) and not np.iscomplexobj(values) and digits(float(values), chosen) > 12:
        near = [f for f in forms if distance(f) <= 3]
        chosen = min(near, key=lambda f: (digits(float(values), f), distance(f)),
                     default=chosen)
    return chosen


def _shown_part(values: NDArray[Any]) -> NDArray[Any]:
    """The elements that NumPy prints: the ends of long arrays."""
    options = np.get_printoptions()
    if values.size <= options["threshold"]:
        return values
    for axis, length in enumerate(values.shape):
        edge = min(options["edgeitems"], length // 2)
        values = values.take([*range(edge), *range(length - edge, length)], axis)
    return values


def number_text(values: NDArray[Any], precision: int | None = None, *, brief: bool = False) -> str:
    """``"[1. 2.]"``; at most ``precision`` decimals; ``brief`` shows the ends of a long array, on one line."""
    if not np.ndim(values):
        return np.array2string(values, precision=precision,
                               legacy=False)  # one number reads the same whatever NumPy is told
    if not brief:
        return np.array2string(values, precision=precision)
    return " ".join(
        np.array2string(values, precision=precision, threshold=6, edgeitems=2, max_line_width=10**6).split())


def evaluable_text(values: NDArray[Any], shown: Shown, fallback: Shown) -> str:
    """``"1.5 * mvolt"``: evaluated, it gives the number to the last bit (``fallback`` has value 1); arrays as NumPy
    prints them."""
    if not values.size:
        return f"zeros({values.shape}) * {shown.name}"
    if values.ndim:
        text = np.array2string(values / shown.value, separator=", ", prefix="array(")
        return f"array({text}) * {shown.name}"
    if values.dtype.kind == "c":
        unit = shown if values / shown.value * shown.value == values else fallback
        return f"{(values / unit.value).item()!r} * {unit.name}"
    scaled = _exactly_scaled(values, shown.value)
    if scaled is None:
        scaled, shown = values, fallback
    return f"{np.array2string(scaled, floatmode='unique', legacy=False)} * {shown.name}"


def digits(value: float, shown: Shown) -> int:
    """Characters that ``evaluable_text`` needs for a number in this unit."""
    scaled = _exactly_scaled(np.asarray(value), shown.value)
    return 99 if scaled is None else len(np.array2string(scaled, floatmode="unique", legacy=False))


def _exactly_scaled(values: NDArray[np.float64], unit: float) -> NDArray[np.float64] | None:
    """``r`` with ``r * unit == values`` in floating point, few digits preferred; None when there is none."""
    with np.errstate(all="ignore"):
        near = values / unit
        rounded = np.array([float(f"{x:.15g}") for x in near.ravel()]).reshape(near.shape)
        result = np.asarray(rounded)
        for candidate in (near, np.nextafter(near, np.inf), np.nextafter(near, -np.inf)):
            result = np.where(result * unit == values, result, candidate)
        exact = (result * unit == values) | np.isnan(values)
    return np.asarray(result) if exact.all() else None


def latex_symbol(symbol: str) -> str:
    """``"mV/(s^0.5)"`` as LaTeX."""
    body = re.sub(r"\((\S+)\)", r"\1", symbol)   # a fraction has no need of them
    body = re.sub(r"\^(-?[\d.]+)", r"^{\1}", body).replace(" ", r"\,")
    return r"\mathrm{" + re.sub(r"^u(?=\w)", r"\\mu ", body) + "}"


def base_form(dim: Dimension) -> Shown:
    """The product of base units: always exact, since its value is 1."""
    return Shown(*product_text([(n, s, e) for (n, s), e in zip(_BASE_NAMES, dim.exponents) if e]), 1.0)


@lru_cache(maxsize=1024)
def _plain_form(dim: Dimension) -> Shown:
    found = _root_form(dim)
    if found is None or found[0].name == "gram":
        return base_form(dim)
    root, power, rest = found
    return Shown(*product_text([(root.name, root.symbol, power), *rest]), ten_to_the(root.scale * power))


@lru_cache(maxsize=1024)
def _scaled_forms(dim: Dimension, evaluable: bool) -> tuple[Shown, ...]:
    found = _root_form(dim)
    if found is None:
        return ()
    root, power, rest = found
    prefixes = (() if root.name == "kelvin" else STAR_PREFIXES) if evaluable else _THOUSANDS
    forms = [Shown(*product_text([(root.name, root.symbol, power), *rest]), ten_to_the(root.scale * power))]
    for prefix in prefixes:
        name, symbol = prefix + root.name, prefix + root.symbol
        forms.append(
            Shown(*product_text([(name, symbol, power), *rest]),
                  ten_to_the((root.scale + TABLE.prefixes[prefix]) * power)))
    return tuple(forms)


_Factor = tuple[str, str, float]


@lru_cache(maxsize=1024)
def _root_form(dim: Dimension) -> tuple[Root, float, tuple[_Factor, ...]] | None:
    """``dim`` as a power of one named unit, times at most one power of metre, second, kelvin or mole."""
    if dim is DIMENSIONLESS:
        return None
    roots = [TABLE.roots[name] for name in STAR_ROOTS]
    for power in (1.0, 2.0, 3.0, -1.0, 0.5, -2.0, -3.0, -0.5):
        for root in roots:
            if root.dim**power is dim:
                return root, power, ()
    for power in (1.0, -1.0, 2.0):
        for index in (2, 0, 4, 5):
            for other in (-1.0, -0.5, 0.5, -2.0, 1.0, 2.0, -3.0, 3.0):
                divisor = dimension([other if i == index else 0 for i in range(7)])
                for root in roots:
                    if root.dim**power * divisor is dim:
                        return root, power, ((*_BASE_NAMES[index], other),)
    return None


def ten_to_the(scale: float) -> float:
    """``10**scale``, correctly rounded for whole powers."""
    return float(f"1e{int(scale)}") if scale == int(scale) else 10.0**scale


def product_text(factors: list[_Factor] | tuple[_Factor, ...]) -> tuple[str, str]:
    """``("mvolt / (second ** 0.5)", "mV/(s^0.5)")``: an evaluable name and a symbol."""
    above = [f for f in factors if f[2] > 0]
    below = [f for f in factors if f[2] < 0]
    if not above:
        above, below = below, []
    name = " * ".join(n if p == 1 else f"{n} ** {_plain(p)}" for n, _, p in above)
    name += "".join(f" / {n}" if p == -1 else f" / ({n} ** {_plain(-p)})" for n, _, p in below)
    symbol = " ".join(s if p == 1 else f"{s}^{_plain(p)}" for _, s, p in above)
    symbol += "".join(f"/{s}" if p == -1 else f"/({s}^{_plain(-p)})" for _, s, p in below)
    return name, symbol


def _plain(power: float) -> str:
    return str(int(power)) if power == int(power) else repr(power)
