"""Values by name as a dictionary, or as a pandas table, and back."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from brainsim.errors import Unsupported
from brainsim.objects.looks.optional import optional


def in_format(values: dict[str, Any], format: str, units: bool = False) -> Any:
    """The values themselves (``'dict'``) or a ``DataFrame`` with one column per name (``'pandas'``); `Unsupported`
    otherwise.

    A table holds plain numbers in base units, so it cannot be asked for with units; what has one value is repeated.
    """
    if format == "dict":
        return values
    if format != "pandas":
        raise Unsupported(f"The format '{format}' is unknown", help="'dict' or 'pandas'")
    if units:
        raise Unsupported("A pandas table has no units", help="get_states(..., units=False, format='pandas')")
    pandas = optional("pandas", "Tables")
    plain = {name: np.asarray(v) for name, v in values.items()}
    length = max((v.size for v in plain.values()), default=0)
    return pandas.DataFrame({name: np.resize(v, length) if v.ndim == 0 else v for name, v in plain.items()})


def from_format(values: Any, format: str, units: bool = False) -> Mapping[str, Any]:
    """The inverse of `in_format`."""
    if format == "dict":
        return values
    if format != "pandas":
        raise Unsupported(f"The format '{format}' is unknown", help="'dict' or 'pandas'")
    if units:
        raise Unsupported("A pandas table has no units", help="set_states(..., units=False, format='pandas')")
    return {str(name): values[name].to_numpy() for name in values.columns}
