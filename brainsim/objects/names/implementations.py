"""Code of users' functions for single targets: C and C++ that is compiled into the network, and Python without
units."""
from __future__ import annotations

import logging
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from brainsim.errors import Unsupported, WrongType, WrongValue, near
from brainsim.ir.program import Array, Native, Section
from brainsim.ir.state import DTYPES
from brainsim.model.symbols import External
from brainsim.naming import field_of, native
from brainsim.objects.names.structure import structure_changed
from brainsim.options import FOR_FUNCTIONS, prefs
from brainsim.pipeline import Values
from brainsim.units import Quantity, Unit

logger = logging.getLogger("brainsim")
SECTIONS = ("hashdefine_code", "support_code")
COMPILER = ("sources", *FOR_FUNCTIONS)
#: targets whose code is compiled, best first
COMPILED = ("c", "cpp")


@dataclass(frozen=True)
class Implementation:
    """Code for one target, what it is called there, what it needs."""

    code: Any
    name: str | None = None
    namespace: Mapping[str, Any] = field(default_factory=dict)
    dependencies: Mapping[str, Any] = field(default_factory=dict)
    compiler: Mapping[str, Any] = field(default_factory=dict)

    def get_code(self, owner: object = None) -> Any:
        """The code, the same for every group that uses it."""
        return self.code


class Implementations(Mapping[str, Any]):
    """Code of a function by target. Targets that have none call the Python function, with units."""

    def __init__(self, function: Any):
        self._function = function
        self._code: dict[str, Implementation] = {}
        self._mentioned = False

    @property
    def numpy(self) -> Callable[..., Any] | None:
        """A function of plain numbers, when there is one."""
        found = self._code.get("numpy")
        if found is not None or not prefs["codegen.runtime.numpy.discard_units"] or self._function.pyfunc is None:
            return None if found is None else found.code
        return without_units(self._function.pyfunc)

    @property
    def jax(self) -> Callable[..., Any] | None:
        """A function of JAX's arrays, when there is one."""
        found = self._code.get("jax")
        return None if found is None else found.code

    def add_implementation(self, target: Any, code: Any, dependencies: Mapping[str, Any] | None = None,
                           namespace: Mapping[str, Any] | None = None, name: str | None = None,
                           compiler_kwds: Mapping[str, Any] | None = None, **compiler: Any) -> None:
        """Code for a target: for 'numpy' a Python function of plain numbers, for 'jax' one of JAX's arrays, for 'c' and
        'cpp' the text of a function.

        ``namespace``: arrays and numbers that the code finds as ``_namespace_name``; ``dependencies``: further
        functions, by name; ``name``: what the function is called in the code. Raises `WrongType` or `WrongValue` for
        what no compiler takes.
        """
        more = {**(compiler_kwds or {}), **compiler}
        wanted = target_name(target)
        if wanted == "jax" and not callable(code):
            raise WrongType("An implementation for 'jax' is a function of JAX's arrays", found=repr(code),
                            help="@implementation('jax', lambda x: jnp.maximum(x, 0))")
        if wanted not in ("numpy", "jax"):
            _check_code(code, wanted)
        for word in more:
            if word not in COMPILER:
                raise WrongValue(f"'{word}' is nothing that a compiler is told", found=repr(word),
                                 help=near(word, COMPILER) or ", ".join(COMPILER))
        self._code[wanted] = Implementation(code, name, dict(namespace or {}), dict(dependencies or {}), more)
        structure_changed()

    def add_numpy_implementation(self, wrapped_func: Callable[..., Any], dependencies: object = None,
                                 discard_units: bool | None = None, compiler_kwds: object = None) -> None:
        """A Python function of plain numbers in base units; with ``discard_units`` the units in it become plain numbers
        too."""
        self._code["numpy"] = Implementation(without_units(wrapped_func) if discard_units else wrapped_func)

    def add_dynamic_implementation(self, target: Any, code: Any, **ignored: Any) -> None:
        """Code that depends on the group that uses it: not there."""
        raise Unsupported("Implementations made for each group are not there", help="use add_implementation")

    def native(self, name: str, program: str, dtype: str) -> Native | None:
        """The function compiled into the network, if it has code for that; ``program`` is its name there, ``name`` that
        in equations."""
        target = next((t for t in COMPILED if t in self._code), None)
        if target is None:
            self._mention_others()
            return None
        mine = self._code[target]
        every = list(self._with_dependencies(target))
        return Native(
            function=program, call=mine.name or self._function.own_name or name,
            language="c" if target == "c" else "c++", arguments=self._function.argument_dtypes(), result=dtype,
            sections=tuple(_section(i.code) for i in every), arrays=tuple(
                (f"_namespace{'' if k.startswith('_') else '_'}{k}", native(k)) for i in every
                for k in i.namespace), compiler=tuple((word, _words(word, value)) for i in (*every, _from_preferences())
                                                      for word, value in i.compiler.items()))

    def arrays(self) -> dict[str, np.ndarray]:
        """The namespace as arrays, by their names in the program; a number is an array of one value."""
        target = next((t for t in COMPILED if t in self._code), None)
        found: dict[str, np.ndarray] = {}
        for one in self._with_dependencies(target) if target else ():
            for key, value in one.namespace.items():
                found[native(key)] = _array(key, value)
        return found

    def _with_dependencies(self, target: str, seen: frozenset[str] = frozenset()) -> Iterator[Implementation]:
        mine = self._code[target]
        for key, needed in mine.dependencies.items():
            inner = getattr(needed, "implementations", None)
            if not isinstance(inner, Implementations) or target not in inner._code:
                raise Unsupported(
                    f"The {target} code of '{self._function.own_name}' needs '{key}', which has no code for '{target}'",
                    help="give random numbers and results of built-in functions as arguments, or write them in the code"
                )
            if key not in seen:
                yield from inner._with_dependencies(target, seen | {key})
        yield mine

    def _mention_others(self) -> None:
        for target in self._code:
            if target not in ("numpy", "jax") and not self._mentioned:
                self._mentioned = True
                if self._function.pyfunc is None or gives_nothing(self._function.pyfunc):
                    raise Unsupported(
                        f"The code of a function for '{target}' is not compiled here, and there is no Python function",
                        help="give code for 'cpp', or a Python function")
                logger.info(
                    "'%s' has code for '%s', which is not compiled: its Python function is called; "
                    "code for 'cpp' is compiled",
                    self._function.own_name, target, extra={"topic": "function_code"})

    def __getitem__(self, target: Any) -> Any:
        return self._code[target_name(target)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._code)

    def __len__(self) -> int:
        return len(self._code)


def add_natives(values: Values, functions: Iterable[External]) -> None:
    """Hand over the code of users' functions that can be compiled, and the arrays it reads.

    Raises `WrongValue` where two functions mean different arrays by one name, and whatever is wrong with their
    settings.
    """
    for function in functions:
        holder: Any = function.holder
        made = holder.native(function) if function.kind == "python" else None
        if made is None:
            continue
        values.natives[function.program] = made
        for name, array in holder.implementations.arrays().items():
            if name in values.arrays and not np.array_equal(values.arrays[name][1], array):
                raise WrongValue(
                    f"Two functions have different things called '{field_of(name)}' in their namespaces",
                    help="give one of them another name")
            values.arrays[name] = (Array(name, next(k for k, d in DTYPES.items() if d == array.dtype), name), array)
            values.sizes[name] = len(array)


def _from_preferences() -> Implementation:
    """What ``prefs.codegen.cpp`` tells the compiler for every function."""
    return Implementation("",
                          compiler={word: value for word in FOR_FUNCTIONS if (value := prefs[f"codegen.cpp.{word}"])})


def _check_code(code: Any, target: str) -> None:
    if not isinstance(code, (str, Mapping)):
        raise WrongType(f"An implementation for '{target}' is given as code", found=repr(code),
                        help="a text, or a dictionary with 'support_code'")
    for key in code if isinstance(code, Mapping) else ():
        if key not in SECTIONS and target in COMPILED:
            raise WrongValue(f"There is no section '{key}' in code for '{target}'", help=near(key, SECTIONS)
                             or ", ".join(SECTIONS))


def _section(code: str | Mapping[str, str]) -> Section:
    return Section("", code) if isinstance(code, str) else Section(*(str(code.get(key) or "") for key in SECTIONS))


def _words(word: str, value: Any) -> tuple[str, ...]:
    """One of the compiler's settings, as texts; a macro as ``NAME=value``."""
    if isinstance(value, str) or not isinstance(value, (list, tuple)):
        raise WrongType(f"'{word}' is a list", found=repr(value), help=f"{word}=[{value!r}]")
    if word == "define_macros":
        return tuple(m if isinstance(m, str) else m[0] if m[1] is None else f"{m[0]}={m[1]}" for m in value)
    return tuple(map(str, value))


def _array(key: str, value: Any) -> np.ndarray:
    array = np.atleast_1d(np.asarray(value))
    if array.dtype not in DTYPES.values():
        kind = {"i": np.int64, "u": np.int64, "f": np.float64, "b": np.bool_}.get(array.dtype.kind)
        if kind is None:
            raise WrongType(f"'{key}' in the namespace of a function is not an array of numbers",
                            found=f"{type(value).__name__} of {array.dtype}")
        array = array.astype(kind)
    return np.ascontiguousarray(array).reshape(-1)


def without_units(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function where the units among its globals are plain numbers."""
    plain = getattr(function, "_orig_func", function)
    if not isinstance(plain, types.FunctionType):
        return plain
    scope = {
        k:
        float(v)
        if isinstance(v, (Unit, Quantity)) and np.ndim(v) == 0 else np.asarray(v) if isinstance(v, Quantity) else v
        for k, v in plain.__globals__.items()
    }
    return types.FunctionType(plain.__code__, scope, plain.__name__, plain.__defaults__, plain.__closure__)


def gives_nothing(function: Any) -> bool:
    """Whether a Python function has no body: it stands for code in another language."""
    code = getattr(getattr(function, "_orig_func", function), "__code__", None)
    return code is not None and code.co_code in _NO_BODY


def _empty() -> None:
    pass


def _described() -> None:
    """Nothing more."""


_NO_BODY = {f.__code__.co_code for f in (_empty, _described)}


def target_name(target: Any) -> str:
    """What a target is called: by its name, or by a class of Brian 2's."""
    if isinstance(target, str):
        return target
    return getattr(target, "class_name", None) or getattr(target, "__name__", str(target)).lower()
