"""``docs/units_numpy.rst``: what NumPy makes of quantities, found by calling it: ``python -m tests.units.numpy_page``.

Each call is made twice more with plain numbers in two systems of units. Its result changes with the system as its unit
says, or it is a number in base units, and the page says so.
"""
from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from brainsim.units import ms, mV, nA, volt
from brainsim.units.dimensions import DIMENSIONLESS, Dimension
from brainsim.units.words import unit_text

CALLS = Path(__file__).with_name("numpy_calls.txt")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "units_numpy.rst"
HEAD = """NumPy with units
================

.. This page is written by ``python -m tests.units.numpy_page`` and compared with what NumPy does by
   ``tests/units/test_numpy_page.py``.

Every function of NumPy (``numpy``, ``numpy.linalg``, ``numpy.fft``; of ``numpy.random`` those that take arrays) with
quantities, beside Brian 2. The rule: a result has the unit that mathematics gives it. Where it can have none – its
parts have different units, it is written to a file, it is a polynomial – it is plain numbers in base units and a
warning says so (topic ``unit_dropped``); where a number would mean something else, it is refused. *of base units*:
with a unit, but rounded or judged in base units. *base units, not said*: NumPy never asks the quantity, here and in
Brian 2.

In the calls ``V`` and ``W`` are three values in volt, ``M`` two by two, ``A`` three in ampere, ``T`` three in seconds;
``x`` are plain numbers, ``n`` whole numbers, ``b`` truths.
"""
#: how many units of another system are one of the first
VOLT, AMP, SECOND = 0.37, 0.23, 0.59


@dataclass(frozen=True)
class Row:
    """A call, what it gives, and what Brian 2 gives."""

    section: str
    call: str
    here: str
    brian: str


def names(volts: Any = mV, amps: Any = nA, seconds: Any = ms) -> dict[str, Any]:
    """What the calls speak of; with plain numbers in place of units, in another system of units."""
    return dict(np=np, V=np.array([3.25, 1.5, 2.75]) * volts, W=np.array([1.0, 2, 4]) * volts,
                A=np.array([1.0, 2, 3]) * amps, T=np.array([1.0, 2, 4]) * seconds,
                M=np.array([[2.0, 1], [1, 3]]) * volts, x=np.array([0.5, 1, 2]),
                n=np.array([0, 1, 0]), b=np.array([True, False, True]), mV=volts,
                volt=volt if volts is mV else 1000 * volts,
                file=io.BytesIO, Fraction=Fraction, Decimal=Decimal)


def result(call: str, **units: Any) -> Any:
    """What a call gives, or the name that it changes in place."""
    known = names(**units)
    np.random.seed(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if call.startswith("z = "):
            exec(call, known)
            return known["z"]
        return eval(call, known)


def parts(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (tuple, list)) else [value]


def unit_of(value: Any) -> str:
    """A unit, or what else this is."""
    dim = getattr(value, "dim", DIMENSIONLESS)
    if isinstance(dim, Dimension) and dim is not DIMENSIONLESS:
        return unit_text(dim)
    return "nothing" if value is None else "text" if isinstance(value, (str, bytes)) else "number"


def follows_units(call: str, values: list[Any]) -> bool:
    """Whether the numbers change with the system of units as their units say."""
    try:
        some = parts(result(call, volts=1.0, amps=1.0, seconds=1.0))
        other = parts(result(call, volts=VOLT, amps=AMP, seconds=SECOND))
    except Exception:
        return True     # plain numbers of this kind are no argument: nothing to compare
    for value, a, b in zip(values, some, other, strict=True):
        if unit_of(value) in ("nothing", "text") or isinstance(a, list):
            continue
        a, b = np.asarray(a), np.asarray(b)
        if a.dtype.kind not in "biufc":
            continue
        factor = 1.0
        dim = getattr(value, "dim", DIMENSIONLESS)
        if isinstance(dim, Dimension):
            volts = dim.exponents[1]            # each volt has one kilogram, metre² / (second³ ampere)
            factor = VOLT**volts * AMP ** (dim.exponents[3] + volts) * SECOND ** (dim.exponents[2] + 3 * volts)
        if not np.allclose(a * factor, b, equal_nan=True, rtol=1e-9,
                           atol=1e-12 * np.max(np.abs(b), initial=0)):
            return False
    return True


def outcome(call: str) -> str:
    """What a call with quantities gives, in words."""
    said = _Said()
    logger = logging.getLogger("brainsim")
    logger.addHandler(said)
    try:
        values = parts(result(call))
    except Exception:
        return "refused"
    finally:
        logger.removeHandler(said)
    units = list(map(unit_of, values))
    text = units[0] if len(set(units)) == 1 else ", ".join(units)
    if said.heard:
        return "nothing, said" if text == "nothing" else "base units, said" if "number" in units else f"{text}, said"
    if follows_units(call, values):
        return text
    return "base units, not said" if text == "number" else f"{text} (of base units)"


class _Said(logging.Handler):
    heard = False

    def emit(self, record: logging.LogRecord) -> None:
        self.heard = True


def rows() -> Iterator[Row]:
    """All calls, each made now."""
    section = ""
    for line in CALLS.read_text("utf-8").splitlines():
        if line.startswith("# "):
            section = line[2:]
        elif not line.startswith("#"):
            call, brian = line.rsplit(" | ", 1)
            yield Row(section, call, outcome(call), brian)


def page(every: list[Row]) -> str:
    """The text of the page: one line for calls with the same outcome."""
    text = HEAD
    for section, of_section in groupby(every, lambda row: row.section):
        text += f"\n{section}\n{'-' * len(section)}\n\n.. list-table::\n   :header-rows: 1\n   :widths: 60 22 18\n\n"
        text += "   * - Calls\n     - Here\n     - Brian 2\n"
        alike: dict[tuple[str, str], list[str]] = {}
        for row in of_section:
            alike.setdefault((row.here, row.brian), []).append(row.call)
        for (here, brian), calls in alike.items():
            text += "   * - | " + "\n       | ".join(f"``{call}``" for call in calls)
            text += f"\n     - {here}\n     - {brian}\n"
    return text


if __name__ == "__main__":
    PAGE.write_text(page(list(rows())), "utf-8")
