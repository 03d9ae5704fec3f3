"""What a name means: exactly one `Symbol`, with dimension, dtype, place and origin."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from brainsim.language.functions import DType, Fixed, Free, Same
from brainsim.language.trees import Tree
from brainsim.units.dimensions import DIMENSIONLESS, Dimension

Kind = Literal["array", "param", "number", "clock", "index", "size", "count", "subexpression", "local"]
Part = Literal["t", "dt", "step"]
DTYPE_WORDS: dict[str, DType] = {"f8": "float", "f4": "float", "i4": "integer", "i8": "integer", "b1": "boolean"}


_PLAIN = str.maketrans(".@", "__")


def key_of(program: str) -> str:
    """A name of the program as a name in trees."""
    return f"_{program}".translate(_PLAIN)


@dataclass(frozen=True, slots=True)
class Past:
    """A place in a ring of earlier values: ``slots`` (a parameter) in a row for each element, the latest at ``newest``
    (an array of one value).

    ``delay`` is an array of steps over the elements that look back, empty for those that write; ``ahead`` steps after
    the latest.
    """

    newest: str
    slots: str
    delay: str = ""
    ahead: int = 0


@dataclass(frozen=True, slots=True)
class Symbol:
    """A resolved name.

    ``program`` is its name in the update program (``neurongroup.v``); of a ``part`` of a clock, the clock's, and of a
    size, the space's. ``path`` are the index arrays that lead from the
    running element to the element meant: ``()`` is the element itself, ``("synapses.post",)`` the target of a synapse.
    ``shared`` symbols have one value. ``guard`` is the array that must be true for code to write here (R9).
    """

    name: str
    kind: Kind
    program: str = ""
    dimension: Dimension = DIMENSIONLESS
    dtype: str = "f8"
    path: tuple[str, ...] = ()
    shared: bool = False
    writable: bool = False
    constant: bool = False            #: does not change during a step, except by an assignment to it
    guard: str = ""
    value: float | int | bool = 0     #: of a number
    part: Part = "t"                  #: of a clock
    offset: str = ""                  #: parameter to subtract from an index
    definition: Tree | None = None    #: of a subexpression
    scope: "Scope | None" = field(default=None, compare=False,
                                  repr=False)  #: where a subexpression's names are looked up
    origin: str = ""                  #: for people: where it was found
    holder: Any = field(default=None, compare=False, repr=False)          #: who keeps the values; opaque here
    past: Past | None = None          #: an earlier value, of the element that ``path`` leads to

    @property
    def key(self) -> str:
        """A name for it in trees where its own is taken."""
        part = f"_{self.part}" if self.kind == "clock" else ""
        return key_of(self.program) + part + f"_{'_'.join(self.path)}".translate(_PLAIN)

    @property
    def type_word(self) -> DType:
        """float, integer or boolean."""
        return DTYPE_WORDS[self.dtype]

    def via(self, path: tuple[str, ...]) -> "Symbol":
        """The same variable seen from elements that reach it through ``path``."""
        if self.shared or not path or self.kind in ("param", "number", "clock", "size", "count"):
            return self
        scope = self.scope.via(path) if self.scope is not None else None
        return replace(self, path=path + self.path, scope=scope)


@dataclass(frozen=True, slots=True)
class External:
    """A function from outside: a `TimedArray`, a user's function, or one that stands for an expression; ``holder`` is
    the object itself.

    ``dimension`` may be a function of the arguments' dimensions. With ``wants_elements`` the number of the element
    comes last.
    """

    name: str
    kind: Literal["timed_array", "python", "expression"]
    program: str
    argument_dimensions: tuple[Dimension | Fixed | Same | Free, ...]
    dimension: "Dimension | Fixed | Same | Callable[..., Dimension]" = field(compare=False)
    dtype: str = "f8"
    arity: int = 1
    stateless: bool = True
    holder: Any = field(default=None, compare=False, repr=False)
    wants_elements: bool = False
    definition: Tree | None = None    #: of an expression
    owner: str = field(default="", compare=False)    #: the object whose code calls it


class Lookup(Protocol):
    """What names from outside a model mean."""

    def __call__(self, name: str) -> "Symbol | External | None":
        """The meaning of a name, or None."""
        ...

    def names(self) -> list[str]:
        """Names that may have been meant where one has no meaning."""
        ...


@dataclass(frozen=True)
class Scope:
    """Names visible to a piece of user code: its object's own, then the namespaces in the documented order."""

    owner: str
    own: Mapping[str, Symbol]
    outside: Lookup = field(compare=False, repr=False)
    path: tuple[str, ...] = ()

    def find(self, name: str) -> "Symbol | External | None":
        """The meaning of a name, or None."""
        found = self.own.get(name)
        if found is not None:
            return found.via(self.path)
        return self.outside(name)

    def via(self, path: tuple[str, ...]) -> "Scope":
        """The same names seen from elements that reach this object through ``path``."""
        return replace(self, path=path + self.path)
