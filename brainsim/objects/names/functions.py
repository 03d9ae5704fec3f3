"""Functions of the user's, written in Python, that equations and strings may call."""
from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from brainsim.errors import (
    BrainsimError,
    BrianObjectException,
    DimensionMismatchError,
    Unsupported,
    WrongType,
    WrongValue,
)
from brainsim.ir.program import Native
from brainsim.ir.state import DTYPES
from brainsim.language.functions import Free, Same
from brainsim.language.trees import Call, Number
from brainsim.model.symbols import External
from brainsim.objects.names.callables import InEquations
from brainsim.objects.names.implementations import Implementations, gives_nothing, target_name, without_units
from brainsim.objects.names.structure import structure_changed
from brainsim.units import Quantity, get_dimensions
from brainsim.units.dimensions import DIMENSIONLESS, Dimension
from brainsim.units.quantities import with_dimension
from brainsim.units.queries import require_unit

TYPES = {"float": "f8", "integer": "i4", "boolean": "b1", "highest": "f8", "any": "f8"}


class Function(InEquations):
    """A Python function for equations: what its arguments and its result are measured in, and how to call it.

    ``arg_units``: per argument a unit, ``1``, ``bool``, ``None`` (any), or the name of an argument with the same unit;
    ``return_unit``: a unit, ``bool``, or a function of the arguments' units. Both may come from `check_units`. A
    function that is not ``stateless`` gives a new value at each call. With ``auto_vectorise`` it gets the numbers of
    the elements as last argument. Code for single targets is added to ``implementations``; where that is enough
    ``pyfunc`` may be None. Raises `WrongValue` where units are missing.
    """

    def __init__(self, pyfunc: Callable[..., Any] | None, sympy_func: object = None, arg_units: Any = None,
                 arg_names: Any = None, return_unit: Any = None, arg_types: Any = None, return_type: str | None = None,
                 stateless: bool = True, auto_vectorise: bool = False):
        if pyfunc is not None and not callable(pyfunc):
            raise WrongType("A Function needs something to call", found=repr(pyfunc))
        self.pyfunc, self.sympy_func = pyfunc, sympy_func
        self.stateless, self.auto_vectorise = stateless, auto_vectorise
        marked = arg_units is None and hasattr(pyfunc, "_arg_units")
        self.arg_units = list(_of(pyfunc, "_arg_units", []) if marked else arg_units or [])
        self.arg_names = list(arg_names or _of(pyfunc, "_arg_names", []))
        self.return_unit = _of(pyfunc, "_return_unit", None) if return_unit is None else return_unit
        for unit in self.arg_units:
            if isinstance(unit, str) and (len(self.arg_names) != len(self.arg_units) or unit not in self.arg_names):
                raise WrongType(
                    f"An argument of '{_name(pyfunc)}' is to have the unit of '{unit}', which is none of its arguments",
                    found=", ".join(self.arg_names), help="give the names of all arguments as arg_names")
        if arg_units is None and not marked or self.return_unit is None:
            raise WrongValue(
                f"The units of the function '{_name(pyfunc)}' are not known",
                help="decorate it with @check_units(x=volt, result=amp), or give arg_units and return_unit")
        self.arg_types = list(arg_types or _of(pyfunc, "_arg_types", ["any"] * len(self.arg_units)))

        if len(self.arg_types) != len(self.arg_units):
            raise WrongValue(
                f"'{_name(pyfunc)}' has {len(self.arg_units)} units and {len(self.arg_types)} types for its arguments")
        self.return_type = return_type or _of(pyfunc, "_return_type", "boolean" if self._gives_truth() else "float")
        self.implementations = Implementations(self)

    def _gives_truth(self) -> bool:
        return self.return_unit is bool or self.return_unit is np.bool_

    @property
    def own_name(self) -> str:
        """What the Python function is called; empty without one, and for a lambda."""
        name = getattr(self.pyfunc, "__name__", "")
        return name if name.isidentifier() else ""

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return self._python(*args, **keywords)

    def _python(self, *args: Any, **keywords: Any) -> Any:
        if self.pyfunc is None or self.implementations and gives_nothing(self.pyfunc):
            raise self._only_compiled()
        return self.pyfunc(*args, **keywords)

    def _only_compiled(self, name: str = "") -> Unsupported:
        name = name or self.own_name
        what = f"The function '{name}'" if name else "A function"
        return Unsupported(
            f"{what} has code for {', '.join(map(repr, self.implementations)) or 'no target'} "
            "and nothing to call in Python",
            help=
            "prefs.codegen.target = 'cython' compiles code for 'cpp'; strings that are evaluated at once, "
            "and other targets, "
            "need a Python function; @implementation('jax', f) gives the target 'jax' one with derivatives")

    # -- in equations --------------------------------------------------------------------------------------------------
    def external(self, name: str) -> External:
        """What equations call."""
        return External(name, "python", f"{name}@{id(self.pyfunc or self):x}", self._arguments(), self._result(),
                        TYPES[self.return_type], len(self.arg_units), self.stateless, holder=self,
                        wants_elements=self.auto_vectorise)

    @property
    def plain(self) -> "Plain":
        """What a program calls."""
        return Plain(self)

    def refuse_only_compiled(self, target: str, name: str = "") -> None:
        """`Unsupported` for a function that this target, which compiles nothing, has no code of; ``name`` is what
        equations call it."""
        if target not in self.implementations and not self.implementations.numpy and (
                self.pyfunc is None or self.implementations and gives_nothing(self.pyfunc)):
            raise self._only_compiled(name)

    def native(self, found: External) -> Native | None:
        """The function as code that is compiled into the network, if it has such code."""
        return self.implementations.native(found.name, found.program, found.dtype)

    def argument_dtypes(self) -> tuple[str, ...]:
        """How compiled code takes the arguments; those of any type as floating-point numbers."""
        elements = ("i4",) if self.auto_vectorise else ()
        return (*("f8" if unit is not bool and t in ("any", "highest") else "b1" if unit is bool else TYPES[t]
                  for t, unit in zip(self.arg_types, self.arg_units)), *elements)

    def _arguments(self) -> tuple[Any, ...]:
        found: list[object] = []
        for unit in self.arg_units:
            if unit is None:
                found.append(Free())
            elif isinstance(unit, str):
                found.append(Same(self.arg_names.index(unit)))
            else:
                found.append(_dimension(unit))
        return tuple(found)

    def _result(self) -> Any:
        unit = self.return_unit
        if callable(unit) and not isinstance(unit, (Quantity, type)):
            return lambda *dims: _dimension(unit(*(_unit(d) for d in dims)))
        return _dimension(unit)

    def numbers(self, *args: Any) -> np.ndarray:
        """The result for plain numbers in base units, as plain numbers; `DimensionMismatchError` for a result in
        another unit."""
        given = list(args)
        own = self.implementations.numpy
        if own is not None:
            return self._plain(self._called(own, given))
        for k, unit in enumerate(self.arg_units):
            if unit is not None and not isinstance(unit, str) and _dimension(unit) is not DIMENSIONLESS:
                given[k] = with_dimension(np.asarray(given[k], dtype=float), _dimension(unit))
            elif unit is bool or unit is np.bool_:
                given[k] = np.asarray(given[k]).astype(bool)
            else:
                given[k] = np.asarray(given[k])
        return self._plain(self._called(self._python, given))

    def _called(self, code: Callable[..., Any], given: Sequence[Any]) -> Any:
        """The result of the user's code, whose errors say which function they are from."""
        try:
            return code(*given)
        except BrainsimError:
            raise
        except Exception as error:
            raise BrianObjectException(
                f"The function '{_name(self.pyfunc)}' failed: {type(error).__name__}: {error}") from error

    def _plain(self, result: Any) -> np.ndarray:
        wanted = self._result()
        found = get_dimensions(result)
        if isinstance(wanted, Dimension) and found is not wanted and found is not DIMENSIONLESS:
            raise DimensionMismatchError(f"'{_name(self.pyfunc)}' returns another unit than it says", wanted, found)
        return np.asarray(result).astype(DTYPES[TYPES[self.return_type]])

    def __repr__(self) -> str:
        return f"Function({_name(self.pyfunc)})"


@dataclass(frozen=True, eq=False)
class Plain:
    """A function as a program calls it: with plain numbers in base units."""

    function: Function

    def __call__(self, *args: Any) -> np.ndarray:
        return self.function.numbers(*args)

    def traced(self, *args: Any) -> Any:
        """The result of the code for JAX; None where there is none."""
        code = self.function.implementations.jax
        return None if code is None else self.function._called(code, args)

    @property
    def stateless(self) -> bool:
        """Whether the same arguments give the same result."""
        return self.function.stateless

    @property
    def traceable(self) -> bool:
        """Whether there is code for JAX, through which gradients pass."""
        return self.function.implementations.jax is not None


def refuse_only_compiled(functions: Iterable[External], target: str) -> None:
    """`Unsupported` where a target that compiles nothing would have to call a function whose code is C or C++ only."""
    for function in functions:
        if isinstance(function.holder, Function):
            function.holder.refuse_only_compiled(target, function.name)


def implementation(target: Any, code: Any = None, namespace: Mapping[str, Any] | None = None,
                   dependencies: Mapping[str, Any] | None = None, discard_units: bool | None = None,
                   name: str | None = None, **compiler: Any) -> Callable[[Any], Function]:
    """Decorator: code of a function for one target; stands above `check_units`.

    ``@implementation('numpy', discard_units=True)`` calls the Python function without units, the units in it being
    plain numbers. ``@implementation('cpp', code)`` and ``'c'``: the text of a function that the target 'cython'
    compiles into the network; its name is that of the Python function, or ``name``. ``namespace`` are arrays and
    numbers that it finds as ``_namespace_key``, ``dependencies`` other functions with code; ``headers sources
    define_macros include_dirs libraries library_dirs runtime_library_dirs extra_compile_args extra_link_args`` are told
    to the compiler. ``@implementation('jax', f)``: a function of JAX's arrays, plain numbers in base units, which the
    target 'jax' makes part of its step and differentiates. Code for 'cython' is kept but not compiled: the Python
    function is called.
    """
    def decorate(function: Any) -> Function:
        made = function if isinstance(function, Function) else Function(function)
        wanted = target_name(target)
        if wanted == "numpy":
            if code is None and discard_units and made.pyfunc is not None:
                made.implementations.add_numpy_implementation(without_units(made.pyfunc))
            elif callable(code):
                made.implementations.add_numpy_implementation(code)
        else:
            if code is None:
                raise WrongType(f"An implementation for '{wanted}' is given as code",
                                help="@implementation('numpy') needs none")
            made.implementations.add_implementation(wanted, code, dependencies, namespace, name, **compiler)
        return made

    return decorate


def declare_types(**types_: str) -> Callable[[Any], Any]:
    """Decorator: ``@declare_types(a='integer', result='boolean')``; stands below `check_units` or `implementation`."""
    for name, word in types_.items():
        if word not in TYPES or word == "any" and name == "result" or word == "highest" and name != "result":
            raise WrongValue(f"'{word}' is no type of '{name}'",
                             help="boolean, integer, float, any; for the result boolean, integer, float, highest")

    def decorate(function: Any) -> Any:
        names = getattr(function, "_arg_names", None) or function.__code__.co_varnames[:function.__code__.co_argcount]
        unknown = [n for n in types_ if n not in names and n != "result"]
        if unknown:
            raise WrongValue(f"'{_name(function)}' has no argument '{unknown[0]}'", found=", ".join(names))
        function._arg_types = [types_.get(n, "any") for n in names]
        function._return_type = types_.get("result", "float")
        if not hasattr(function, "_annotation_attributes"):
            function._annotation_attributes = ["_arg_types", "_return_type"]
        return function

    return decorate


class BinomialFunction(InEquations):
    """A function without arguments that draws from a binomial distribution of ``n`` and ``p``, new for each element and
    call."""

    def __init__(self, n: int, p: float, approximate: bool = True, name: str = "_binomial*"):
        if not 0 <= p <= 1:
            raise WrongValue("p is a probability", found=str(p))
        self.n, self.p, self.name = int(n), float(p), name.rstrip("*")

    def __call__(self, *shape: Any) -> Any:
        return np.random.binomial(self.n, self.p, *shape)

    def external(self, name: str) -> External:
        """A draw."""
        tree = Call("binomial", (Number(self.n), Number(self.p)))
        return External(name, "expression", name, (), DIMENSIONLESS, "i4", 0, stateless=False, holder=self,
                        definition=tree)

    def __repr__(self) -> str:
        return f"BinomialFunction({self.n}, {self.p})"


_REPLACED: dict[str, Function] = {}


def replace_builtin(name: str, function: Function | None) -> None:
    """Have equations call this function where they name a built-in one; None gives the built-in one back."""
    _REPLACED.pop(name, None)
    if function is not None:
        _REPLACED[name] = function
    structure_changed()


def replacement(name: str) -> External | None:
    """What equations call in place of the built-in function of this name, if anything."""
    return _REPLACED[name].external(name) if name in _REPLACED else None


def as_function(value: Any) -> Function | None:
    """What a Python value is as a function in equations: those marked by `check_units` count, others do not."""
    if isinstance(value, Function):
        return value
    if isinstance(value, types.FunctionType) and hasattr(value, "_arg_units"):
        return Function(value)
    return None


def _of(function: Any, mark: str, default: Any) -> Any:
    return getattr(function, mark, default)


def _name(function: Any) -> str:
    return getattr(function, "__name__", repr(function))


def _dimension(unit: Any) -> Dimension:
    return DIMENSIONLESS if unit is bool or unit is np.bool_ else require_unit(unit)


def _unit(dimension: Any) -> Any:
    return with_dimension(np.float64(1.0), dimension) if dimension is not DIMENSIONLESS else 1
