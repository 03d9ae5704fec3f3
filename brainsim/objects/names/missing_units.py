"""Numbers of a script that lack a unit: which ones, given a unit, would make an equation fit."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations, product
from typing import Any

from brainsim.errors import DimensionMismatchError
from brainsim.model.symbols import Symbol
from brainsim.units.dimensions import Dimension
from brainsim.units.names import unit

#: what a modeller may have meant, the most likely first
MEANT = ("ms", "mV", "nA", "nS", "Mohm", "pF", "um", "Hz")


def missing_units(plain: Mapping[str, Symbol], fits: Callable[[Mapping[str, Dimension]], None]) -> str:
    """Help that names one or two of the plain numbers of a script; empty when no usual unit of theirs would do.

    ``fits`` gets dimensions for some of the names and raises `DimensionMismatchError` where the equation does not hold
    with them.
    """
    for size in (1, 2):
        for chosen in combinations(sorted(plain), size):
            for units in product(MEANT, repeat=size):
                try:
                    fits({name: unit(u).dim for name, u in zip(chosen, units)})
                except DimensionMismatchError:
                    continue
                holders: list[Any] = [plain[name].holder for name in chosen]
                values = [f"{float(x):g}" for x in holders]
                have = " and ".join(f"{name} is {value}" for name, value in zip(chosen, values))
                write = ", ".join(f"{name} = {value}*{u}" for name, value, u in zip(chosen, values, units))
                return f"{have}, without a unit: {write}?"
    return ""
