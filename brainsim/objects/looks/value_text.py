"""Values in few words: one where all agree, else the range; in the unit that suits them."""
from __future__ import annotations

import numpy as np

from brainsim.units.dimensions import Dimension
from brainsim.units.display import best


def value_text(values: object, dimension: Dimension) -> str:
    """``"20 mV"``, ``"0 to 5 mV"``, ``"True"``; empty for no values. ``values`` in base units."""
    return " ".join(value_parts(values, dimension)).strip()


def value_parts(values: object, dimension: Dimension) -> tuple[str, str]:
    """The number or the range, and the symbol of the unit."""
    numbers = np.asarray(values).ravel()
    if not numbers.size:
        return "", ""
    if numbers.dtype == np.bool_:
        return (str(bool(numbers[0])) if
                (numbers == numbers[0]).all() else f"True for {int(numbers.sum())} of {numbers.size}"), ""
    unit = best(numbers, dimension)
    first, last = (f"{end / unit.value:.6g}" for end in (numbers.min(), numbers.max()))
    return (first if first == last else f"{first} to {last}"), "" if dimension.is_dimensionless else unit.symbol
