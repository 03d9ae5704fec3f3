"""What an object holds, with units and coordinates, as a pandas table or an xarray data set."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from brainsim.objects.looks.optional import optional


@dataclass(frozen=True)
class Column:
    """Values over named dimensions (none: one value), in the base unit that is named."""

    name: str
    dims: tuple[str, ...]
    values: np.ndarray
    unit: str = "1"


@dataclass(frozen=True)
class Frame:
    """What an object of a kind holds; ``rows`` is the dimension along which a table has its rows. Coordinates are named
    after dimensions."""

    name: str
    kind: str
    rows: str
    columns: tuple[Column, ...]
    coordinates: tuple[Column, ...] = ()


def to_xarray(table: Frame) -> Any:
    """A data set; every variable and coordinate says its unit in ``attrs['units']``. `Unsupported` without xarray."""
    xarray = optional("xarray", "Data sets")
    variables, coordinates = ({c.name: (c.dims, c.values, {"units": c.unit}) for c in columns}
                              for columns in (table.columns, table.coordinates))
    return xarray.Dataset(variables, coordinates, {"name": table.name, "kind": table.kind})


def to_pandas(table: Frame) -> Any:
    """A table with a row for each element of the first dimension, plain numbers in base units; units by name in
    ``attrs['units']``.

    Columns over a second dimension have two levels, name and coordinate; what has one value is repeated. `Unsupported`
    without pandas.
    """
    pandas = optional("pandas", "Tables")
    rows = table.rows
    own = {c.name: c for c in table.coordinates}
    shown = [
        c for c in (*table.coordinates, *table.columns)
        if not c.dims and c in table.columns or c.dims[:1] == (rows,) and c.name != rows
    ]
    length = next((len(c.values) for c in (*table.coordinates, *table.columns) if c.dims[:1] == (rows,)), 1)
    deep = any(len(c.dims) == 2 for c in shown)
    found: dict[Any, np.ndarray] = {}
    for c in shown:
        if len(c.dims) == 2:
            found |= {(c.name, label): c.values[:, k] for k, label in enumerate(own[c.dims[1]].values)}
        else:
            found[(c.name, "") if deep else c.name] = np.broadcast_to(c.values, length)
    index = pandas.Index(own[rows].values, name=rows) if rows in own else pandas.RangeIndex(length, name=rows)
    frame = pandas.DataFrame(found, index=index)
    if deep:
        frame.columns.names = ["variable", next(c.dims[1] for c in shown if len(c.dims) == 2)]
    frame.attrs = {
        "name": table.name, "kind": table.kind, "units": {c.name: c.unit for c in (*table.coordinates, *shown)}
    }
    return frame
