"""Rules for NumPy's functions: each calls a function on plain arrays and says which dimension the result has."""
from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np

from brainsim.errors import WrongType
from brainsim.units.arguments import Arguments, PlainResult, Rule, bare, plain_all, title
from brainsim.units.dimensions import DIMENSIONLESS, Dimension
from brainsim.units.plain import Part, agree, agree_but_for_scale, is_scale_free, split
from brainsim.units.ufuncs import divided, raised, times

logger = logging.getLogger("brainsim")


def keeps(*partners: tuple[int, str]) -> Rule:
    """The result has the dimension of the first argument; ``partners`` (place, name) have to have it too."""
    return gives(lambda dim: dim, *partners)


def gives(change: Callable[[Dimension], Any], *partners: tuple[int, str]) -> Rule:
    """The dimension of the result follows from the first argument's."""

    def rule(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
        call = Arguments(func, args, kwargs)
        dim = call.take(call.first())
        for position, name in partners:
            call.fit(dim, position, name)
        return PlainResult(call.call(), change(dim))

    return rule


def forgets(*partners: tuple[int, str]) -> Rule:
    """The result is a number, an index, a truth or a text, whatever the unit of the first argument."""
    return gives(lambda dim: None, *partners)


def alike(*names: tuple[int, str], result: Callable[[Dimension], Any] = lambda dim: dim,
          agreeing: Callable[[list[Part], str], Dimension] = agree_but_for_scale) -> Rule:
    """These arguments have to have one dimension, which (changed by ``result``) is that of the outcome."""

    def rule(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
        call = Arguments(func, args, kwargs)
        places = [
            place for position, name in names
            if (place := call.place(position, name)) is not None and call.get(place) is not None
        ]
        parts: list[Part] = [split(call.get(place)) for place in places]
        dim = agreeing(parts, f"Cannot calculate {call.title}, the units do not match")
        for place, (plain, _) in zip(places, parts):
            call.put(place, plain)
        return PlainResult(call.call(), result(dim))

    return rule


def ignores(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """The result is the same in every unit, and no argument needs the unit of another."""
    return PlainResult(func(*bare(args), **bare(kwargs)), None)


def takes_base_units(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """Functions of the numbers in base units, with results that have none, where scripts for Brian 2 count on it; said
    every time. Of pure numbers they are NumPy's."""
    if plain_all((args, kwargs), strict=False) is None:
        say_base_units(func, "its result has no unit; divide by a unit to choose the scale")
    return ignores(func, args, kwargs)


def saves(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.save and kin: a file holds numbers."""
    if plain_all((args, kwargs), strict=False) is None:
        say_base_units(func, "the file does not name them")
    return ignores(func, args, kwargs)


def say_base_units(func: Callable[..., Any], consequence: str) -> None:
    """A message that the numbers in base units were taken, and what follows from it."""
    logger.warning("%s took values in base units, and %s", title(func), consequence, extra={"topic": "unit_dropped"})


def each_its_own(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """One result for each array, with that array's dimension."""
    parts = [split(array) for array in args]
    value = func(*(plain for plain, _ in parts), **kwargs)
    return PlainResult(value, tuple(dim for _, dim in parts) if isinstance(value, (list, tuple)) else parts[0][1])


def interpolates(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.interp(x, xp, fp, left, right, period)."""
    call = Arguments(func, args, kwargs)
    x, fp = call.place(0, "x"), call.place(2, "fp")
    assert x is not None and fp is not None
    along, values = call.take(x), call.take(fp)
    call.fit(along, 1, "xp")
    call.fit(along, 5, "period")
    call.fit(values, 3, "left")
    call.fit(values, 4, "right")
    return PlainResult(call.call(), values)


def close(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.isclose and allclose: NumPy's absolute tolerance 1e-8 has no meaning for volts, so it is 0 unless given
    with a unit."""
    call = Arguments(func, args, kwargs)
    parts = [split(call.get(place)) for place in (0, 1)]
    dim = agree(parts, f"Cannot calculate {call.title}, the units do not match", is_scale_free)
    for place, (plain, _) in enumerate(parts):
        call.put(place, plain)
    call.fit(dim, 3, "atol")
    if dim is not DIMENSIONLESS and call.place(3, "atol") is None:
        call.kwargs["atol"] = 0.0
    return PlainResult(call.call(), None)


def covaries(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.cov(m, y): the square of one dimension; of two different ones the numbers in base units, which is said."""
    call = Arguments(func, args, kwargs)
    dim = call.take(call.first())
    place = call.place(1, "y")
    if place is not None and call.take(place) is not dim:
        return takes_base_units(func, args, kwargs)
    return PlainResult(call.call(), raised(dim, 2.0))


def unwraps(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.unwrap: the period of an angle is a pure number, any other has to be given."""
    call = Arguments(func, args, kwargs)
    dim = call.take(call.first())
    if dim is not DIMENSIONLESS and "period" not in kwargs:
        raise WrongType("numpy.unwrap of values with a unit needs their period", help="unwrap(x, period=...)")
    call.fit(dim, 4, "period")
    return PlainResult(call.call(), dim)


def uniques(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """Values with the dimension of the data, then indices and counts without."""
    call = Arguments(func, args, kwargs)
    dim = call.take(call.first())
    value = call.call()
    return PlainResult(value, (dim, *[None] * (len(value) - 1)) if isinstance(value, tuple) else dim)


def shared(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.intersect1d: values with the dimension of both, then indices."""
    made = alike((0, "ar1"), (1, "ar2"))(func, args, kwargs)
    return PlainResult(made.value, (made.dim, None, None)) if isinstance(made.value, tuple) else made


def weighed(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.bincount(x, weights): sums of weights."""
    call = Arguments(func, args, kwargs)
    place = call.place(1, "weights")
    dim = DIMENSIONLESS if place is None else call.take(place)
    return PlainResult(call.call(), dim)


def recast(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.astype(x, dtype)."""
    return PlainResult(args[0].astype(*args[1:], **kwargs), None)


def averages(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.average: weights may have any unit; ``returned`` gives their sum too."""
    call = Arguments(func, args, kwargs)
    dim = call.take(call.first())
    weights = call.place(2, "weights")
    of_weight = DIMENSIONLESS if weights is None or call.get(weights) is None else call.take(weights)
    value = call.call()
    return PlainResult(value, (dim, of_weight) if isinstance(value, tuple) else dim)


def integrates(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.trapezoid(y, x, dx)."""
    call = Arguments(func, args, kwargs)
    dim = call.take(call.first())
    for position, name in ((1, "x"), (2, "dx")):
        place = call.place(position, name)
        if place is not None and call.get(place) is not None:
            dim = times(dim, call.take(place))
    return PlainResult(call.call(), dim)


def slopes(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.gradient(f, *spacing): one slope for each axis."""
    parts = [split(arg) for arg in args]
    plain_kwargs = plain_all(kwargs, strict=True, name="gradient")
    value = func(*(plain for plain, _ in parts), **plain_kwargs)
    spacings = [dim for _, dim in parts[1:]] or [DIMENSIONLESS]
    dims = [divided(parts[0][1], spacing) for spacing in spacings]
    if isinstance(value, (list, tuple)):
        return PlainResult(value, tuple(dims if len(dims) == len(value) else dims * len(value)))
    return PlainResult(value, dims[0])


def filled_like(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.full_like: shape of the first, dimension of the second."""
    call = Arguments(func, args, kwargs)
    call.take(call.first())
    place = call.place(1, "fill_value")
    assert place is not None
    plain, dim = split(call.get(place))
    call.put(place, plain)
    return PlainResult(call.call(), dim)


def writes(position: int, name: str) -> Rule:
    """The first argument is changed in place by values that have to fit it."""

    def rule(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
        call = Arguments(func, args, kwargs)
        place = call.first()
        target = call.get(place)
        plain, dim = (np.asarray(target),
                      getattr(target, "dim", DIMENSIONLESS)) if isinstance(target, np.ndarray) else split(target)
        call.put(place, plain)
        call.fit(dim, position, name)
        return PlainResult(call.call(), None)

    return rule


def text(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    return PlainResult(repr(args[0]) if func.__name__ == "array_repr" else str(args[0]), None)
