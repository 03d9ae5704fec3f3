"""Quantities to and from Pint. Pint takes half a second to load, so it is imported when the first of them is
converted."""
from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainsim.errors import WrongValue
from brainsim.units.dimensions import BASES, Dimension, dimension


def to_pint(values: NDArray[np.float64], dim: Dimension, registry: Any = None) -> Any:
    """A Pint quantity in SI base units, of ``registry``, else of Pint's application registry."""
    import pint

    registry = registry or pint.get_application_registry()
    unit = " * ".join(f"{base.replace('metre', 'meter')} ** {power}" for base, power in zip(BASES, dim.exponents)
                      if power)
    return registry.Quantity(values if values.ndim else values.item(), unit or "dimensionless")


def from_pint(quantity: Any) -> tuple[Any, Dimension]:
    """The numbers of a Pint quantity in SI base units, and its dimension. WrongValue for units outside the SI."""
    in_base = quantity.to_base_units()
    powers = {str(unit).replace("meter", "metre"): float(power) for unit, power in in_base.unit_items()}
    powers.pop("radian", None)
    strange = sorted(set(powers) - set(BASES))
    if strange:
        raise WrongValue(f"The unit {strange[0]!r} of Pint is no product of SI base units")
    return in_base.magnitude, dimension([powers.get(base, 0.0) for base in BASES])
