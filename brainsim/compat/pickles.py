"""Pickles that Brian 2 wrote: quantities, units, equations, and dictionaries and lists of them, as of ``get_states``.

``load(file)`` and ``loads(data)`` read them anywhere, and refuse whatever else a pickle may name. Under
``brainsim run`` Python's own ``pickle`` reads them too.
"""
from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from dataclasses import fields
from typing import IO, Any

from brainsim.errors import Unsupported
from brainsim.language.code_strings import Expression, Statements
from brainsim.language.equations import Equation
from brainsim.model.equations import Equations
from brainsim.model.single_equation import SingleEquation
from brainsim.units.dimensions import DIMENSIONLESS, get_or_create_dimension
from brainsim.units.fundamentalunits import quantity_with_dimensions
from brainsim.units.queries import get_unit


class PickledExpression(Expression):
    """An `Expression` as Brian 2 keeps it."""

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__init__(state["_code"])
        object.__setattr__(self, "__class__", Expression)


class PickledStatements(Statements):
    """`Statements` as Brian 2 keeps them."""

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__init__(state["_code"])
        object.__setattr__(self, "__class__", Statements)


class PickledEquation(SingleEquation):
    """A `SingleEquation` as Brian 2 keeps it."""

    __slots__ = ()

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        (made,) = Equations(_line(state)).equations
        for part in fields(Equation):
            object.__setattr__(self, part.name, getattr(made, part.name))
        object.__setattr__(self, "__class__", SingleEquation)


class PickledEquations(Equations):
    """`Equations` as Brian 2 keeps them."""

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__init__(state["_equations"].values())
        object.__setattr__(self, "__class__", Equations)


def _line(state: Mapping[str, Any]) -> str:
    """The text of an equation."""
    left = f"d{state['varname']}/dt" if state["type"] == "differential equation" else state["varname"]
    right = "" if state["expr"] is None else f" = {state['expr']}"
    unit = "1" if state["dim"] is DIMENSIONLESS else get_unit(state["dim"]).name
    kind = unit if state["var_type"] == "float" else state["var_type"]
    return f"{left}{right} : {kind}" + (f" ({', '.join(state['flags'])})" if state["flags"] else "")


#: what these pickles name: module and name → what it is here
NAMES: dict[tuple[str, str], Any] = {
    ("brian2.units.fundamentalunits", "quantity_with_dimensions"): quantity_with_dimensions,
    ("brian2.units.fundamentalunits", "get_or_create_dimension"): get_or_create_dimension,
    ("brian2.equations.codestrings", "Expression"): PickledExpression,
    ("brian2.equations.codestrings", "Statements"): PickledStatements,
    ("brian2.equations.equations", "SingleEquation"): PickledEquation,
    ("brian2.equations.equations", "Equations"): PickledEquations,
}
#: arrays and containers: module → names
PLAIN = {
    "numpy": {"dtype", "ndarray"},
    "numpy.core.multiarray": {"_reconstruct", "scalar"}, "numpy._core.multiarray": {"_reconstruct", "scalar"},
    "numpy.core.numeric": {"_frombuffer"}, "numpy._core.numeric": {"_frombuffer"},
    "_codecs": {"encode"},
    "builtins": {"set", "frozenset", "complex", "bytearray", "object"},
    "__builtin__": {"set", "frozenset", "complex", "bytearray", "object"},
    "copyreg": {"_reconstructor"}, "copy_reg": {"_reconstructor"},
    "collections": {"OrderedDict"},
}


class AnyReader(pickle.Unpickler):
    """Python's reader, which knows the names of Brian 2 too."""

    def find_class(self, module: str, name: str) -> Any:
        """What a name in a pickle stands for."""
        return NAMES[module, name] if (module, name) in NAMES else super().find_class(module, name)


class Reader(AnyReader):
    """Reads what Brian 2 wrote and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """What a name in a pickle stands for. `Unsupported` for a name that is not in the tables."""
        if (module, name) in NAMES or name in PLAIN.get(module, ()):
            return super().find_class(module, name)
        raise Unsupported(f"A pickle names {module}.{name}, which is not read",
                          help="quantities, units, equations, and containers of them and of NumPy's arrays are")


def load(file: IO[bytes]) -> Any:
    """What Brian 2 wrote to an open file."""
    return Reader(file).load()


def loads(data: bytes) -> Any:
    """What Brian 2 wrote as bytes."""
    return load(io.BytesIO(data))


def teach_python() -> None:
    """From now on, in this process, Python's ``pickle`` reads what Brian 2 wrote."""

    def load(file: IO[bytes], **options: Any) -> Any:
        return AnyReader(file, **options).load()

    def loads(data: bytes, /, **options: Any) -> Any:
        return AnyReader(io.BytesIO(data), **options).load()

    pickle.__dict__.update(Unpickler=AnyReader, load=load, loads=loads)
