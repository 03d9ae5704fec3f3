"""Names from outside a model: constants, units, functions, a group's own namespace, and the caller's variables – in
that order."""
from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from brainsim.errors import UnknownName
from brainsim.language.functions import CONSTANTS, FUNCTIONS
from brainsim.model.symbols import External, Symbol
from brainsim.objects.names.callables import InEquations
from brainsim.objects.names.functions import Function, as_function, replacement
from brainsim.units import get_dimensions
from brainsim.units.dimensions import Dimension
from brainsim.units.names import unit
from brainsim.units.plain import no_complex

logger = logging.getLogger("brainsim")
PACKAGE = str(Path(__file__).resolve().parents[2]) + os.sep
_WARNED: set[str] = set()


class RunNamespace:
    """Where a call was made from: the locals and globals of its frame, or the dictionary given instead."""

    __slots__ = ("places",)

    def __init__(self, *places: Mapping[str, object]):
        self.places = places

    @classmethod
    def of_caller(cls, level: int = 0) -> "RunNamespace":
        """The first frame outside brainsim, or the one ``level`` calls above it."""
        frame = sys._getframe(1)
        while frame.f_code.co_filename.startswith(PACKAGE) and frame.f_back is not None:
            frame = frame.f_back
        for _ in range(level):
            frame = frame.f_back or frame
        if frame.f_locals is frame.f_globals:
            return cls(frame.f_globals)
        return cls(frame.f_locals, frame.f_globals)

    @classmethod
    def given(cls, namespace: Mapping[str, object] | None, level: int) -> "RunNamespace":
        """The dictionary, or else the caller's frame."""
        return cls(namespace) if namespace is not None else cls.of_caller(level)

    def get(self, name: str) -> object:
        """The value of a name, or None."""
        for place in self.places:
            if name in place:
                return place[name]
        return None


@dataclass(frozen=True, eq=False)
class Namespaces:
    """The outside look-up of an object: constants, units, functions, its namespace, the run's namespace (documented
    order)."""

    owner: str
    own: Mapping[str, object] | None
    run: RunNamespace

    def __call__(self, name: str) -> Symbol | External | None:
        """The meaning of a name, or None."""
        owner, own, run = self.owner, self.own, self.run
        fixed = fixed_symbol(name)
        if fixed is not None or name in FUNCTIONS:
            _warn_of_conflict(name, fixed, own, run)
        if fixed is not None or name in FUNCTIONS or replacement(name) is not None:
            return fixed or replacement(name)
        value = own[name] if own is not None and name in own else run.get(name)
        if own is not None and name in own:
            _warn_of_another(owner, name, value, run.get(name))
        return outside_symbol(owner, name, value)

    def names(self) -> list[str]:
        """Names of values and functions that equations may use."""
        every = {**{n: v for place in self.run.places for n, v in place.items()}, **(self.own or {})}
        return [n for n, v in every.items() if scalar_dtype(v) is not None or isinstance(v, InEquations)]


def fixed_symbol(name: str) -> Symbol | None:
    """A constant (pi, e, inf) or a unit."""
    if name in CONSTANTS:
        return Symbol(name, "number", value=float(CONSTANTS[name]), constant=True, origin="constant")
    found = unit_value(name)
    if found is not None:
        return Symbol(name, "number", dimension=found[1], value=found[0], constant=True, origin="unit")
    return None


@lru_cache(maxsize=4096)
def unit_value(name: str) -> tuple[float, Dimension] | None:
    """Size in base units and dimension of a unit; None when there is no unit of this name."""
    try:
        found = unit(name)
    except KeyError:
        return None
    return float(found), found.dim


def outside_symbol(owner: str, name: str, value: object) -> Symbol | External | None:
    """What a Python value means in an equation; None when nothing (then the name is unknown)."""
    if value is None:
        return None
    if isinstance(value, InEquations):
        return replace(value.external(name), owner=owner)
    function = as_function(value)
    if function is not None:
        return replace(function.external(name), owner=owner)
    dtype = scalar_dtype(value)
    if dtype is None:
        if isinstance(value, (complex, np.ndarray)) and not np.ndim(value) and np.iscomplexobj(value):
            raise no_complex(value)
        if isinstance(value, (np.ndarray, list, tuple)):
            raise UnknownName(
                f"'{name}' in {owner} is not a scalar value", found=f"an array of shape {np.shape(value)}",
                help=f"declare '{name}' as a parameter of the group and assign the array to it, or use a TimedArray")
        return None
    return Symbol(name, "param", f"{owner}.{name}", get_dimensions(value), dtype, constant=True, origin="namespace",
                  holder=value)


def scalar_dtype(value: object) -> str | None:
    """The dtype of a Python scalar in the program, None for anything else."""
    if isinstance(value, (bool, np.bool_)):
        return "b1"
    if isinstance(value, (int, np.integer)):
        return "i8"
    if isinstance(value, (float, np.floating)):
        return "f8"
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return {"f": "f8", "i": "i8", "u": "i8", "b": "b1"}.get(value.dtype.kind)
    return None


def scalar_value(value: Any, dtype: str) -> float | int:
    """The plain number of such a scalar, in base units."""
    return float(value) if dtype == "f8" else int(value)


def _warn_of_another(owner: str, name: str, value: Any, other: Any) -> None:
    if other is value or scalar_dtype(other) is None or scalar_dtype(value) is None:
        return
    if get_dimensions(value) is not get_dimensions(other) or float(value) != float(other):
        _warn_once(f"{owner}: '{name}' is {value} from its own namespace, not {other} from the script")


def _warn_of_conflict(name: str, fixed: Symbol | None, own: Mapping[str, object] | None, run: RunNamespace) -> None:
    value: Any = own[name] if own is not None and name in own else run.get(name)
    if isinstance(value, InEquations) or as_function(value) is not None:
        if not _is_meant(name, value):
            what = fixed.origin if fixed else "function"
            _warn_once(f"'{name}' is a {what} of the language; your own '{name}' is not used in equations: rename it")
        return
    if value is None or scalar_dtype(value) is None:
        return
    if not fixed or not (get_dimensions(value) is fixed.dimension
                         and float(value) == fixed.value):
        what = fixed.origin if fixed else "function"
        _warn_once(
            f"'{name}' is a {what} of the language; your own variable '{name}' is not used in equations: "
            f"rename it (its value: {value})"
        )


def _is_meant(name: str, value: object) -> bool:
    """Whether equations do call the function of the script: it stands in place of the built-in one."""
    given = replacement(name)
    return given is not None and (
        given.holder is value or isinstance(given.holder, Function) and given.holder.pyfunc is value)


def _warn_once(text: str) -> None:
    if text not in _WARNED:
        _WARNED.add(text)
        logger.warning(text, extra={"topic": "resolution_conflict"})
