"""Rules for products of arrays, linear algebra and polynomials: see `array_rules`."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from brainsim.errors import WrongType
from brainsim.units.arguments import Arguments, PlainResult
from brainsim.units.array_rules import takes_base_units
from brainsim.units.dimensions import DIMENSIONLESS
from brainsim.units.plain import split
from brainsim.units.ufuncs import divided, raised, times


def product_of_elements(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    call = Arguments(func, args, kwargs)
    place = call.first()
    shape = np.shape(call.get(place))
    dim = call.take(place)
    if dim is DIMENSIONLESS:
        return PlainResult(call.call(), None)
    if call.kwargs.get("where") is not None or call.kwargs.get("initial") is not None:
        raise WrongType(f"{call.title} with a mask or an initial value does not know units")
    at = call.place(1, "axis")
    axis = None if at is None else call.get(at)
    count = np.prod([shape[i] for i in (range(len(shape)) if axis is None else np.atleast_1d(axis))])
    return PlainResult(call.call(), raised(dim, float(count)))


def multiplies(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """The product of the dimensions of the first two arguments."""
    call = Arguments(func, args, kwargs)
    names = [*range(len(call.args)), *call.kwargs][:2]
    dims = [call.take(place) for place in names]
    return PlainResult(call.call(), times(dims[0], dims[1]) if len(dims) == 2 else raised(dims[0], 2.0))


def sums_of_products(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.einsum, with subscripts as one text or as a list after each array."""
    written = isinstance(args[0], str)
    places = range(1, len(args)) if written else range(0, len(args) - len(args) % 2, 2)
    values, dim = list(args), DIMENSIONLESS
    for place in places:
        values[place], found = split(args[place])
        dim = times(dim, found)
    return PlainResult(func(*values, **kwargs), dim)


def chained(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.linalg.multi_dot."""
    parts = [split(arg) for arg in args[0]]
    dim = DIMENSIONLESS
    for _, found in parts:
        dim = times(dim, found)
    return PlainResult(func([plain for plain, _ in parts], **kwargs), dim)


def norms(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.linalg.norm; order 0 counts."""
    call = Arguments(func, args, kwargs)
    dim = call.take(call.first())
    order = call.place(1, "ord")
    return PlainResult(call.call(),
                  None if order is not None and call.get(order) == 0 and np.ndim(call.get(0)) == 1 else dim)


def determinant(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    plain, dim = split(args[0])
    return PlainResult(func(plain), raised(dim, float(np.shape(plain)[-1])))


def powers(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.linalg.matrix_power(a, n)."""
    call = Arguments(func, args, kwargs)
    dim = call.take(call.first())
    place = call.place(1, "n")
    assert place is not None
    return PlainResult(call.call(), raised(dim, float(call.get(place))))


def solves(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.linalg.solve and tensorsolve."""
    parts = [split(arg) for arg in args]
    return PlainResult(func(*(plain for plain, _ in parts), **kwargs), divided(parts[1][1], parts[0][1]))


def fits(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.linalg.lstsq(a, b): solution, squares of what is left, rank, singular values."""
    call = Arguments(func, args, kwargs)
    of_a, of_b = call.take(0), call.take(1)
    return PlainResult(call.call(), (divided(of_b, of_a), raised(of_b, 2.0), None, of_a))


def factors(*places: int) -> Callable[..., PlainResult]:
    """A matrix comes apart: these parts of the result have its dimension, the others none; a result that is one array
    has it."""

    def rule(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
        call = Arguments(func, args, kwargs)
        dim = call.take(call.first())
        value = call.call()
        if not isinstance(value, tuple):
            return PlainResult(value, dim)
        return PlainResult(value, tuple(dim if k in places else None for k in range(len(value))))

    return rule


def triangular(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.linalg.qr; its mode 'raw' mixes both factors in one array."""
    if "raw" in (*args[1:], kwargs.get("mode")):
        return takes_base_units(func, args, kwargs)
    return factors(1)(func, args, kwargs)


def evaluates(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.polyval(p, x): as the coefficients, at pure numbers; else numbers in base units, which is said."""
    call = Arguments(func, args, kwargs)
    dims = [call.take(place) for place in [*range(len(call.args)), *call.kwargs]]
    return PlainResult(call.call(), dims[0]) if dims[1] is DIMENSIONLESS else takes_base_units(func, args, kwargs)


def divides(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.polydiv(u, v): quotient and remainder."""
    call = Arguments(func, args, kwargs)
    over, under = (call.take(place) for place in [*range(len(call.args)), *call.kwargs])
    return PlainResult(call.call(), (divided(over, under), over))
