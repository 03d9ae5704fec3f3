"""Rules for functions that sort values into bins: see `array_rules`.

Edges without a unit are taken in base units, and that is said: ``numpy.histogram(spikes.t, numpy.arange(0, 1, 0.1))``
counts in bins of a tenth of a second.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from brainsim.units.arguments import Arguments, PlainResult, Rule
from brainsim.units.array_rules import say_base_units
from brainsim.units.dimensions import DIMENSIONLESS, Dimension
from brainsim.units.plain import is_scale_free, split
from brainsim.units.ufuncs import divided, raised, times


def places(values: tuple[int, str], edges: tuple[int, str]) -> Rule:
    """numpy.digitize and searchsorted: where each of the values stands among sorted edges; an index has no unit."""

    def rule(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
        call = Arguments(func, args, kwargs)
        place = call.place(*values)
        assert place is not None
        fit_edges(call, call.take(place), *edges)
        return PlainResult(call.call(), None)

    return rule


def fit_edges(call: Arguments, dim: Dimension, position: int, name: str) -> Dimension:
    """Make edges plain; their dimension: ``dim``, or none where they are plain numbers."""
    place = call.place(position, name)
    if place is None or isinstance(call.get(place), (str, int, np.integer)):
        return dim
    plain, found = split(call.get(place))
    if found is not DIMENSIONLESS or dim is DIMENSIONLESS or is_scale_free(plain):
        call.fit(dim, position, name)
        return dim
    say_base_units(call.func, f"its argument {name!r} has no unit, which counts as base units")
    call.put(place, plain)
    return DIMENSIONLESS


def counts(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.histogram: counts (or a density) and edges with the dimension of the data."""
    call = Arguments(func, args, kwargs)
    along = _along(call, call.take(call.first()))
    weights = call.place(4, "weights")
    of_weight = DIMENSIONLESS if weights is None else call.take(weights)
    return PlainResult(call.call(), (divided(of_weight, along) if _is_density(call, 3) else of_weight, along))


def edges(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.histogram_bin_edges."""
    call = Arguments(func, args, kwargs)
    along = _along(call, call.take(call.first()))
    return PlainResult(call.call(), along)


def counts_in_cells(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.histogram2d(x, y): counts (or a density), and edges with the dimensions of x and y."""
    call = Arguments(func, args, kwargs)
    dims = [call.take(place) for place in (0, 1)]
    for position, name in ((2, "bins"), (3, "range")):
        call.fit_each(dims, position, name)
    return PlainResult(call.call(), (raised(times(*dims), -1.0) if _is_density(call, 4) else None, *dims))


def _along(call: Arguments, dim: Dimension) -> Dimension:
    """Make bins and range plain; the dimension of the edges."""
    found = [fit_edges(call, dim, 1, "bins"), fit_edges(call, dim, 2, "range")]
    return DIMENSIONLESS if DIMENSIONLESS in found else dim


def _is_density(call: Arguments, position: int) -> bool:
    place = call.place(position, "density")
    return bool(place is not None and call.get(place))
