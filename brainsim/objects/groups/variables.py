"""Variables of a group, and the views through which users read and write them."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from brainsim.errors import DimensionMismatchError, Source, Span, WrongIndex, WrongKindOfIndex, WrongType, WrongValue
from brainsim.ir.state import DTYPES, zeros
from brainsim.language.trees import Tree
from brainsim.model.symbols import Symbol
from brainsim.objects.looks import html
from brainsim.objects.looks.value_text import value_text
from brainsim.units import DIMENSIONLESS, Unit, get_dimensions, get_unit
from brainsim.units.dimensions import Dimension
from brainsim.units.plain import no_complex, split
from brainsim.units.quantities import with_dimension
from brainsim.units.words import unit_text


@dataclass
class Variable:
    """One variable of a group. ``values`` has one entry per element (one in all when ``shared``); a subexpression has
    none."""

    name: str
    program: str
    dimension: Dimension = DIMENSIONLESS
    dtype: str = "f8"
    shared: bool = False
    read_only: bool = False
    constant: bool = False
    flags: tuple[str, ...] = ()
    definition: Tree | None = None
    source: Source | None = None
    span: Span | None = None
    guard: str = ""
    values: np.ndarray | None = None
    linked_to: Symbol | None = None     #: of a linked variable, once it is set
    symbol: Symbol | None = None        #: overrides what `Group.symbols` would make
    bounds: tuple[float, float] | None = None  #: of a trainable parameter, in base units, infinite where there is none
    space: str = ""                     #: where it lies, when not over the group's own elements
    #: weakly, who wants to know that values are about to be assigned, and who knows the values that people see
    #: where those stored are not what the equations say
    watched: Callable[[], Callable[["Variable"], None] | None] | None = field(default=None, compare=False, repr=False)
    told: Callable[[], Callable[["Variable"], np.ndarray] | None] | None = field(default=None, compare=False,
                                                                                repr=False)

    @property
    def dim(self) -> Dimension:
        """The dimension, as Brian 2 calls it."""
        return self.dimension

    @property
    def moved(self) -> bool:
        """Whether the values lie elsewhere for now; ``values`` is a copy then."""
        return False

    @property
    def shown(self) -> np.ndarray | None:
        """The values as the equations say, to read."""
        tell = None if self.told is None else self.told()
        return self.values if tell is None else tell(self)

    def changing(self) -> None:
        """Called before values are assigned."""
        note = None if self.watched is None else self.watched()
        if note is not None:
            note(self)
        self.told = None

    @property
    def is_subexpression(self) -> bool:
        """Computed at each use, not stored."""
        return self.definition is not None and self.values is None and "constant over dt" not in self.flags

    # -- as scripts ask for it: G.variables['v'] -----------------------------------------------------------------------
    @property
    def unit(self) -> Unit:
        """The base unit."""
        return get_unit(self.dimension)

    @property
    def scalar(self) -> bool:
        """Whether there is one value for all elements."""
        return self.shared

    @property
    def array(self) -> bool:
        """Whether it is stored."""
        return not self.is_subexpression

    @property
    def dtype_str(self) -> str:
        """The name of its type, 'float64' for example."""
        return DTYPES[self.dtype].name

    @property
    def is_integer(self) -> bool:
        """Whether it holds whole numbers."""
        return DTYPES[self.dtype].kind == "i"

    @property
    def is_boolean(self) -> bool:
        """Whether it holds truth values."""
        return DTYPES[self.dtype].kind == "b"

    @property
    def size(self) -> int:
        """Number of values."""
        return len(self.get_value())

    def get_len(self) -> int:
        """Number of values."""
        return self.size

    def get_value(self) -> np.ndarray:
        """The stored values in base units, shape (elements,) or (1,); `WrongType` where nothing is stored."""
        values = self.shown
        if values is None:
            raise WrongType(f"'{self.name}' stores no values", help=f"read it from its group: G.{self.name}[:]")
        return values

    def get_value_with_unit(self) -> object:
        """The stored values with their unit."""
        return with_dimension(self.get_value(), self.dimension)

    def set_value(self, value: Any) -> None:
        """Store numbers in base units. `WrongType` where nothing is stored, `WrongValue` for what cannot be changed or
        has another shape."""
        if self.read_only:
            raise WrongValue(f"'{self.name}' cannot be set", help="it follows from how the group was made")
        self.changing()
        values = self.get_value()
        try:
            values[...] = value
        except ValueError as error:
            raise WrongValue(f"'{self.name}' has {len(values)} values",
                             found=f"shape {np.shape(value)}") from error
        if self.moved:
            self.values = values

    def allocate(self, count: int) -> None:
        """Zeros (the refractory bookkeeping sets its own)."""
        self.values = zeros(1 if self.shared else count, self.dtype)


class Choice:
    """Some elements of a group, which may stand as an index into its variables: a part of it, or chosen synapses."""

    def indices_for(self, group: "Holder") -> np.ndarray:
        """Their numbers in a whole group; `WrongIndex` or `WrongValue` where they are none of its."""
        raise NotImplementedError


def index_of(item: object, group: "Holder") -> object:
    """The index into a group that an item means."""
    return item.indices_for(group) if isinstance(item, Choice) else item


class Reference:
    """What a linked variable may be set to."""

    def symbol_for(self, owner: Any, linked: Variable) -> Symbol:
        """What the linked name means in ``owner``."""
        raise NotImplementedError


class Holder(Protocol):
    """What a view of a variable asks of the group: to read and to write."""

    name: str
    variables: dict[str, Variable]

    def __len__(self) -> int:
        """Number of elements."""
        ...

    def read_values(self, v: Variable, item: object, level: int = 0,
                    namespace: Mapping[str, object] | None = None) -> np.ndarray:
        """Numbers in base units of the elements that ``item`` means."""
        ...

    def write_values(self, v: Variable, item: object, value: object, check: bool, level: int = 0,
                     namespace: Mapping[str, object] | None = None) -> None:
        """Set them."""
        ...


def to_base_units(value: object, variable: Variable, check: bool) -> np.ndarray:
    """Numbers to store; raises `DimensionMismatchError` when the unit is not the variable's."""
    array = np.asarray(value)
    if array.dtype.kind == "O" and isinstance(value, np.ndarray):
        array = np.asarray(split(value)[0])
    if array.dtype.kind == "c":
        raise no_complex(value)
    if array.dtype.kind not in "biuf":
        raise WrongType(f"'{variable.name}' holds numbers", found=f"{type(value).__name__} of {array.dtype}")
    dims = get_dimensions(value)
    if check and dims is not variable.dimension and not (dims is DIMENSIONLESS and not array.any()):
        raise DimensionMismatchError(
            f"'{variable.name}' cannot be set to this value", variable.dimension, dims,
            found=f"a value in {unit_text(dims)}, where {unit_text(variable.dimension)} belongs"
            if dims is not DIMENSIONLESS else f"a value without unit, where {unit_text(variable.dimension)} belongs",
            help=_unit_help(variable.dimension, dims))
    return array


def _unit_help(wanted: Dimension, found: Dimension) -> str:
    if found is DIMENSIONLESS:
        return "multiply by a unit, *mV for example, or assign to the name with an underscore to give base units"
    return "divide by the unit" if wanted is DIMENSIONLESS else ""


class VariableView:
    """``G.v``: read with ``[...]``, write with ``= ``; behaves like an array with its unit in arithmetic.

    Indices are whole numbers, slices, lists, boolean arrays, strings in the language of the equations, or subgroups.
    """

    __array_priority__ = 2000

    def __init__(self, group: Holder, variable: Variable, with_units: bool):
        self.group, self.variable, self.with_units = group, variable, with_units
        self.name = variable.name

    # -- reading -------------------------------------------------------------------------------------------------------
    def __getitem__(self, item: object) -> object:
        if isinstance(item, tuple) and any(x is None or x is Ellipsis for x in item):
            return np.asanyarray(self.whole())[item]    # what plotting functions ask of any array
        return self._wrap(self.group.read_values(self.variable, item))

    def get_item(self, item: object, level: int = 0, namespace: Mapping[str, object] | None = None) -> object:
        """``view[item]`` with names from ``namespace``, or from ``level`` frames further up."""
        return self._wrap(self.group.read_values(self.variable, item, level=level, namespace=namespace))

    def _wrap(self, values: np.ndarray) -> np.ndarray:
        return with_dimension(values, self.variable.dimension) if self.with_units else values

    def whole(self) -> np.ndarray:
        """All values, with their unit where the view has one."""
        return self._wrap(self.group.read_values(self.variable, slice(None)))

    def get_value(self) -> np.ndarray:
        """The numbers in base units."""
        return np.asarray(self.whole())

    # -- writing -------------------------------------------------------------------------------------------------------
    def __setitem__(self, item: object, value: object) -> None:
        self.group.write_values(self.variable, item, value, self.with_units)

    def set_item(self, item: object, value: object, level: int = 0,
                 namespace: Mapping[str, object] | None = None) -> None:
        """``view[item] = value`` with names from ``namespace``, or from ``level`` frames further up."""
        self.group.write_values(self.variable, item, value, self.with_units, level=level, namespace=namespace)

    def _in_place(self, op: str, other: object) -> "VariableView":
        if isinstance(other, str):
            raise WrongType(f"'{self.name} {op} string' is not possible",
                            help=f"write {self.name} = '{self.name} {op[0]} {other}'")
        here = self.whole()
        new = {
            "+=": lambda: here + other, "-=": lambda: here - other, "*=": lambda: here * other, "/=":
            lambda: here / other, "**=": lambda: here**other, "//=": lambda: here // other, "%=": lambda: here % other
        }[op]()
        self.group.write_values(self.variable, slice(None), new, self.with_units)
        return self

    def __iadd__(self, other: object) -> "VariableView":
        return self._in_place("+=", other)

    def __isub__(self, other: object) -> "VariableView":
        return self._in_place("-=", other)

    def __imul__(self, other: object) -> "VariableView":
        return self._in_place("*=", other)

    def __itruediv__(self, other: object) -> "VariableView":
        return self._in_place("/=", other)

    def __ipow__(self, other: object) -> "VariableView":
        return self._in_place("**=", other)

    def __ifloordiv__(self, other: object) -> "VariableView":
        return self._in_place("//=", other)

    def __imod__(self, other: object) -> "VariableView":
        return self._in_place("%=", other)

    # -- behaving like an array ----------------------------------------------------------------------------------------
    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if not self.with_units or copy is not False:
            return np.array(self.whole(), dtype=dtype, subok=True)
        raise ValueError("a view of a variable always gives a copy")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **kwargs: object) -> object:
        if method != "__call__" and "out" in kwargs:
            return NotImplemented
        values = [x.whole() if isinstance(x, VariableView) else x for x in inputs]
        return getattr(ufunc, method)(*values, **kwargs)

    def __array_function__(self, function: Callable[..., object], types: object, args: Iterable[object],
                           kwargs: Mapping[str, object]) -> object:
        return function(*map(_without_views, args), **{k: _without_views(v) for k, v in kwargs.items()})

    def __rpow__(self, base: Any) -> Any:
        if self.dim is not DIMENSIONLESS:
            raise WrongType(f"'{self.name}' has a unit and cannot be an exponent", help="divide it by a unit")
        return base ** self.whole()

    def __len__(self) -> int:
        return len(self.whole())

    def __iter__(self) -> object:
        return iter(self.whole())

    def __bool__(self) -> bool:
        return bool(self.whole())

    def __float__(self) -> float:
        return float(self.whole())

    def __int__(self) -> int:
        return int(self.whole())

    def __index__(self) -> int:
        if self.variable.dtype not in ("i4", "i8"):
            raise TypeError(f"'{self.name}' is not an integer variable")
        return int(self.whole())

    @property
    def shape(self) -> tuple[int, ...]:
        """One dimension: the group's elements (none when shared)."""
        return np.shape(self.whole())

    @property
    def ndim(self) -> int:
        """1, or 0 when shared."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype:
        """Type of the numbers."""
        return DTYPES[self.variable.dtype]

    @property
    def dim(self) -> Dimension:
        """Physical dimension."""
        return self.variable.dimension if self.with_units else DIMENSIONLESS

    @property
    def unit(self) -> Unit:
        """The base unit of the dimension."""
        return get_unit(self.dim)

    def __getattr__(self, name: str) -> object:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.whole(), name)

    def _repr_html_(self) -> str:
        unit = unit_text(self.dim)
        return html.table(f"{self.group.name}.{self.name}", ("values", "unit"),
                          [(value_text(self.get_value(), self.dim), unit)], f"shape {self.shape}")

    def __repr__(self) -> str:
        return f"<{self.group.name}.{self.name}{'' if self.with_units else '_'}: {self.whole()!r}>"

    __str__ = __repr__      # as in Brian 2; ``print(G.v[:])`` shows the values alone


def _without_views(x: object) -> Any:
    if isinstance(x, VariableView):
        return x.whole()
    if isinstance(x, (list, tuple)):
        return type(x)(_without_views(v) for v in x)
    return x


def _operator(name: str) -> None:
    def forward(self: VariableView, *others: object) -> object:
        values = [o.whole() if isinstance(o, VariableView) else o for o in others]
        return getattr(np.asanyarray(self.whole()), name)(*values)

    forward.__name__ = name
    setattr(VariableView, name, forward)


for _name in ("add sub mul truediv floordiv mod pow radd rsub rmul rtruediv rfloordiv rmod neg pos abs "
              "lt le gt ge eq ne and or xor invert matmul rmatmul").split():
    _operator(f"__{_name}__")


def _as_exponent(self: VariableView, base: object) -> object:
    if self.dim is not DIMENSIONLESS:
        raise WrongType(f"'{self.name}' has a unit and cannot be an exponent", help="divide it by a unit")
    return base ** self.whole()


setattr(VariableView, "__rpow__", _as_exponent)  # noqa: B010
VariableView.__hash__ = object.__hash__


def element_indices(item: object, count: int, owner: str) -> np.ndarray:
    """Whole-number, slice, list and boolean indices as an array of element numbers; `WrongIndex` or `WrongType`
    otherwise."""
    if isinstance(item, slice):
        return np.arange(count)[item]
    if isinstance(item, tuple):
        raise WrongIndex(f"{owner} takes one index", found=f"{len(item)} indices", help="1-d indices: G.v[0:5]")
    array = np.asarray(item)
    if array.dtype == np.bool_:
        if array.shape != (count,):
            raise WrongIndex(f"A boolean index into {owner} needs one entry per element",
                             found=f"{array.size} entries for {count} elements")
        return np.flatnonzero(array)
    if array.size == 0:
        return np.zeros(0, int)
    if array.dtype.kind not in "iu":
        raise WrongKindOfIndex(
            f"An index into {owner} is a whole number, a slice, a list of them, a boolean array or a string",
            found=f"{type(item).__name__} of {array.dtype}")
    array = array.astype(np.int64)
    bad = (array < -count) | (array >= count)
    if bad.any():
        raise WrongIndex(f"Index {array[bad].ravel()[0]} is out of range for {owner}",
                         found=f"{count} elements, 0 to {count - 1}" if count else "no elements")
    return np.where(array < 0, array + count, array)


def check_length(values: np.ndarray, count: int, name: str) -> None:
    """An array assigned to a variable has one value, or one per element."""
    if values.ndim and values.size != 1 and values.shape != (count,):
        raise WrongValue(f"'{name}' cannot be set to an array of another length",
                         found=f"{values.shape} values for {count} elements", help="give one value, or one per element")
