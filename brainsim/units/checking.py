"""`check_units`: a function says which units it takes and gives, and every call is held to it."""
from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numpy as np

from brainsim.errors import DimensionMismatchError, WrongType
from brainsim.units.dimensions import DIMENSIONLESS, Dimension
from brainsim.units.plain import mismatch, split, words
from brainsim.units.queries import get_unit, require_unit
from brainsim.units.words import unit_text

P = ParamSpec("P")
R = TypeVar("R")


def check_units(**units: Any) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorator: ``@check_units(v=volt, n=1, on=bool, w='v', anything=None, result=amp)``.

    For an argument a unit, ``1``, ``bool``, the name of another argument with the same unit, or ``None`` for any; for
    ``result`` also a function from the units of the arguments to a unit. A plain 0 is a pure number here; ``None``
    passes as an argument. DimensionMismatchError for a wrong unit, WrongType for a wrong kind of value. The marks
    ``_arg_names``, ``_arg_units`` and ``_return_unit`` let equations use the function.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)
        names = tuple(
            name for name, p in signature.parameters.items() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        )
        for name, wanted in units.items():
            if name != "result" and isinstance(wanted, str) and wanted not in signature.parameters:
                raise WrongType(
                    f"Function {function.__name__!r} expects its argument {name!r} to have the same units as argument "
                    f"{wanted!r}, but there is no argument of that name")

        @functools.wraps(function)
        def checked(*args: Any, **keywords: Any) -> Any:
            given = signature.bind(*args, **keywords)
            given.apply_defaults()
            for name, wanted in units.items():
                if name in given.arguments and wanted is not None and given.arguments[
                        name] is not None and not _left_open(given.arguments[name], wanted):
                    _check_argument(function.__name__, name, given.arguments, wanted)
            result = function(*args, **keywords)
            if units.get("result") is not None:
                _check_result(function.__name__, result, _expected_result(units["result"], names, given.arguments))
            return result

        returned = units.get("result")
        marks = {
            "_orig_func": function,
            "_arg_names": names,
            "_arg_units": [_mark(units.get(name)) for name in names],
            "_return_unit": _mark(returned),
            "_returns_bool": returned is bool,
            "_orig_arg_names": names,
        }
        for mark, value in marks.items():
            setattr(checked, mark, value)
        return checked

    return decorate


def _mark(wanted: Any) -> Any:
    return np.bool_ if wanted is bool else wanted


def _left_open(value: Any, wanted: Any) -> bool:
    """Whether this is text where a quantity belongs: an expression, which is checked when it is evaluated."""
    return isinstance(value, str) and (hasattr(wanted, "dim") or wanted not in (bool, np.bool_, str))


def _check_argument(function: str, name: str, arguments: dict[str, Any], wanted: Any) -> None:
    value = arguments[name]
    if wanted is bool or wanted is np.bool_:
        if not _is_truth(value):
            raise WrongType(f"Function {function!r} expected a boolean value for argument {name!r} but got {value!r}")
    elif wanted is str:
        if not isinstance(value, str):
            raise WrongType(f"Function {function!r} expected a text for argument {name!r} but got {value!r}")
    elif isinstance(wanted, str):
        found, other = split(value)[1], split(arguments[wanted])[1]
        if found is not other:
            what = f"Function {function!r} expected the argument {name!r} to have the same units as argument {wanted!r}"
            raise mismatch(what, found, other)
    else:
        try:
            plain, found = split(value)
        except (WrongType, DimensionMismatchError):
            raise WrongType(f"Argument {name!r} of function {function!r} is not a quantity", found=repr(value),
                            help=f"a value in {unit_text(require_unit(wanted))}") from None
        if found is not (dim := require_unit(wanted)):
            what = (f"Function {function!r} expected a quantity with unit {unit_text(dim)} for argument {name!r} "
                    f"but got {words(plain, found)}")
            raise mismatch(what, found)


def _expected_result(wanted: Any, names: tuple[str, ...], arguments: dict[str, Any]) -> Dimension | type:
    if wanted is bool or wanted is np.bool_:
        return bool
    if callable(wanted) and not hasattr(wanted, "dim"):
        wanted = wanted(*(_unit_of(arguments.get(name)) for name in names))
    return split(wanted)[1]


def _unit_of(value: object) -> Any:
    try:
        dim = split(value)[1]
    except WrongType:
        return None
    return 1 if dim is DIMENSIONLESS else get_unit(dim)


def _check_result(function: str, result: Any, wanted: Dimension | type) -> None:
    if isinstance(wanted, Dimension):
        plain, found = split(result)
        if found is not wanted:
            what = (f"The return value of function {function!r} was expected to have unit {unit_text(wanted)} "
                    f"but was {words(plain, found)}")
            raise mismatch(what, found)
    elif not _is_truth(result):
        raise WrongType(
            f"The return value of function {function!r} was expected to be a boolean value, but was {result!r}")


def _is_truth(value: Any) -> bool:
    return isinstance(value, (bool, np.bool_)) or (isinstance(value, np.ndarray) and value.dtype == bool)
