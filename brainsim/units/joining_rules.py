"""Rules for what is made of several arrays, or by functions of the user's: see `array_rules`."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from brainsim.errors import DimensionMismatchError
from brainsim.units.arguments import Arguments, PlainResult
from brainsim.units.array_rules import alike, forgets, say_base_units
from brainsim.units.dimensions import DIMENSIONLESS, Dimension
from brainsim.units.plain import Part, agree, agree_but_for_zeros, is_scale_free, split

#: each array stays a column, a row or a layer: a table, whose columns may have different units
TABLES = frozenset({np.column_stack, np.vstack, np.dstack})


def joins(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """A sequence of arrays of one dimension becomes one array; see `joint_dimension`."""
    call = Arguments(func, args, kwargs)
    place = call.first()
    arrays = list(call.get(place))
    parts = [split(array) for array in arrays]
    dim = joint_dimension(func, arrays, parts)
    call.put(place, [plain for plain, _ in parts])
    return PlainResult(call.call(), dim)


def appends(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.append(arr, values)."""
    call = Arguments(func, args, kwargs)
    places = [place for k, name in enumerate(("arr", "values")) if (place := call.place(k, name)) is not None]
    arrays = [call.get(place) for place in places]
    parts = [split(array) for array in arrays]
    dim = joint_dimension(func, arrays, parts)
    for place, (plain, _) in zip(places, parts):
        call.put(place, plain)
    return PlainResult(call.call(), dim)


def blocks(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.block of lists within lists."""
    arrays = list(_leaves(args[0]))
    dim = joint_dimension(func, arrays, [split(array) for array in arrays])
    return PlainResult(func(_without_units(args[0])), dim)


def joint_dimension(func: Callable[..., Any], arrays: list[Any], parts: list[Part]) -> Dimension:
    """The dimension of several arrays in one. Where units differ: none, and that is said, in a table and beside arrays
    of whole numbers, such as indices, which have no unit to give; DimensionMismatchError else."""
    try:
        return agree_but_for_zeros(parts, f"Cannot calculate {func.__name__}, the units do not match")
    except DimensionMismatchError:
        if not (_is_table(func, parts) or _are_beside_indices(arrays, parts)):
            raise
        say_base_units(func, "its result has no unit, because the units of its parts differ")
        return DIMENSIONLESS


def _is_table(func: Callable[..., Any], parts: list[Part]) -> bool:
    along = func in (np.concatenate, np.concat)     # of columns, as numpy.c_ does it
    return func in TABLES or along and all(np.ndim(plain) > 1 for plain, _ in parts)


def _are_beside_indices(arrays: list[Any], parts: list[Part]) -> bool:
    """Whether what has no unit are arrays of whole numbers (no literal numbers, which lack a unit), and the rest has
    one unit."""
    plain = [values.dtype.kind in "iub" and not isinstance(array, (list, tuple)) if isinstance(values, np.ndarray)
             else False for array, (values, dim) in zip(arrays, parts) if dim is DIMENSIONLESS]
    return all(plain) and len({dim for _, dim in parts if dim is not DIMENSIONLESS}) == 1


def _leaves(tree: Any) -> Iterator[Any]:
    if not isinstance(tree, list):
        yield tree
        return
    for branch in tree:
        yield from _leaves(branch)


def _without_units(tree: Any) -> Any:
    return [_without_units(branch) for branch in tree] if isinstance(tree, list) else split(tree)[0]


def chooses(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.where: one argument gives indices; three choose between values of one dimension."""
    if len(args) == 1:
        return forgets()(func, args, kwargs)
    return alike((1, "x"), (2, "y"), agreeing=agree_but_for_zeros)(func, (_truth(args[0]), *args[1:]), kwargs)


def _truth(condition: Any) -> Any:
    return np.asarray(condition).astype(bool) if isinstance(getattr(condition, "dim", None), Dimension) else condition


def extracts(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.compress and extract: a condition, then values whose dimension stays."""
    return alike((1, "a"), (1, "arr"))(func, (_truth(args[0]), *args[1:]), kwargs)


def picks(position: int, name: str) -> Callable[..., PlainResult]:
    """numpy.choose and select: one argument is a list of arrays to choose from."""

    def rule(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
        call = Arguments(func, args, kwargs)
        place = call.place(position, name)
        assert place is not None
        parts = [split(array) for array in call.get(place)]
        other = call.place(2, "default") if func is np.select else None
        default = [] if other is None else [split(call.get(other))]
        dim = agree_but_for_zeros(parts + default, f"Cannot calculate {call.title}, the units do not match")
        call.put(place, [plain for plain, _ in parts])
        if other is not None:
            call.put(other, default[0][0])
        return PlainResult(call.call(), dim)

    return rule


def along_axis(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.apply_along_axis: the user's function gets lines with their unit, its results have one dimension."""

    def apply(func1d: Callable[..., Any], axis: int, arr: Any, *more: Any, **keywords: Any) -> PlainResult:
        lines = np.moveaxis(arr, axis, -1)
        shape = np.shape(lines)[:-1]
        found = [split(func1d(lines[place], *more, **keywords)) for place in np.ndindex(shape)]
        dim = agree(found, f"The results of {func1d} have different units", is_scale_free)
        values = np.array([plain for plain, _ in found])
        within, start = values.ndim - 1, axis % np.ndim(arr)
        values = values.reshape(shape + values.shape[1:])
        own = range(len(shape), len(shape) + within)    # axes of each result, which come where the line was
        return PlainResult(np.moveaxis(values, own, range(start, start + within)), dim)

    return apply(*args, **kwargs)


def over_axes(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.apply_over_axes: the user's function gets the array with its unit, for one axis after another."""

    def apply(user: Callable[..., Any], a: Any, axes: Any) -> PlainResult:
        value, ndim = a, np.ndim(a)
        for axis in np.atleast_1d(axes):
            found = user(value, int(axis))
            value = found if np.ndim(found) == ndim else np.expand_dims(found, int(axis))
        return PlainResult(*split(value))

    return apply(*args, **kwargs)


def by_pieces(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.piecewise(x, conditions, values): the user's functions get values with their unit."""

    def apply(x: Any, condlist: Any, funclist: Any, *more: Any, **keywords: Any) -> PlainResult:
        places, flat = np.arange(np.size(x), dtype=float).reshape(np.shape(x)), np.ravel(x)
        found: list[Part] = []

        def piece(value: Any) -> Callable[..., Any]:
            def of(chosen: Any) -> Any:
                found.append(split(value(flat[chosen.astype(int)], *more, **keywords) if callable(value) else value))
                return found[-1][0]

            return of

        made = func(places, condlist, [piece(value) for value in funclist])
        return PlainResult(made, agree(found, "The pieces have different units", is_scale_free))

    return apply(*args, **kwargs)
