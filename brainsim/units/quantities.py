"""`Quantity`: an array in SI base units that knows its dimension.

Its numbers are float64, in Python arithmetic also complex; other types of numbers come from `astype` alone.
NumPy's ufuncs follow the rules of `ufuncs`, its other functions those of `array_functions`; either keeps the unit, or
refuses. A result without dimension is a plain float or ndarray.
"""
from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np

from brainsim.errors import WrongType
from brainsim.units import pint_bridge
from brainsim.units.array_functions import PlainResult, call_with_units
from brainsim.units.as_text import AsText
from brainsim.units.dimensions import DIMENSIONLESS, Dimension, get_or_create_dimension
from brainsim.units.plain import NUMBERS, agree, is_scale_free, mismatch, no_complex, split
from brainsim.units.ufuncs import Outcome, divided, outcome, outcome_of_reduction, times
from brainsim.units.words import unit_text

logger = logging.getLogger("brainsim")
_DOUBLE = np.dtype(float)    # one object: compared by identity, this costs nothing
_new, _view, _get, _set = np.ndarray.__new__, np.ndarray.view, np.ndarray.__getitem__, np.ndarray.__setitem__


def with_dimension(value: Any, dim: Dimension) -> Any:
    """A number or array with a dimension; a plain float or array when ``dim`` is dimensionless."""
    if dim is DIMENSIONLESS:
        return value.item() if isinstance(value, (np.float64, np.complex128)) else value
    made = _view(_floats(value), Quantity)
    made.dim = dim
    return made


def _floats(value: Any) -> Any:
    """An array of float64, or of complex numbers where there are some."""
    array = np.asarray(value)
    return array if array.dtype is _DOUBLE or array.dtype.kind == "c" else np.asarray(array, float)


class Quantity(AsText):
    """Numbers with a physical dimension, stored in SI base units.

    ``Quantity(value, dim=None)``: ``value`` is a number, an array, a quantity or a list of them; ``dim`` a `Dimension`
    or a unit's. DimensionMismatchError when elements differ. Usually made by ``3*mV`` or ``[1, 2]*mV``.
    """

    __slots__ = ("dim", "_label")
    # a property in NumPy's description, but NumPy reads it of the class
    __array_priority__ = 1000  # pyright: ignore[reportIncompatibleMethodOverride, reportAssignmentType]
    dim: Dimension
    #: the unit in which it reads best; from `unit`, where units are defined
    get_best_unit: ClassVar[Callable[..., Any]]
    #: kept for scripts that set it; plotting works either way
    use_matplotlib_units_fix: ClassVar[Callable[[], None]] = staticmethod(lambda: None)

    def __new__(cls, value: object, dim: object = None, dtype: Any = None, copy: bool = False,
                force_quantity: bool = False) -> Quantity:
        if isinstance(value, (list, tuple)) and _mixes(value):
            raise WrongType("Mixing quantities and plain numbers is not allowed", found=repr(value),
                            help="give every element its unit")
        plain, found = split(value)
        array = _floats(plain if dtype is None or np.dtype(dtype).kind != "c" else np.asarray(plain, dtype))
        wanted = found if dim is None else dimension_argument(dim)
        if found is not DIMENSIONLESS and wanted is not found:
            raise mismatch("A quantity was given another dimension", found, wanted)
        made = _view(array.copy() if copy else array, Quantity)
        made.dim = wanted
        return made

    def __array_finalize__(self, obj: object) -> None:
        self.dim = getattr(obj, "dim", DIMENSIONLESS)

    @staticmethod
    def with_dimensions(value: object, *args: object, **keywords: float) -> Quantity:
        """``with_dimensions(2, metre=1, second=-1)`` or ``with_dimensions(2, dim)``."""
        return Quantity(value, get_or_create_dimension(*args, **keywords))

    # -- what it is
    # ------------------------------------------------------------------------------------------------------

    @property
    def dimensions(self) -> Dimension:
        return self.dim

    @property
    def is_dimensionless(self) -> bool:
        return self.dim is DIMENSIONLESS

    def has_same_dimensions(self, other: object) -> bool:
        """Whether ``other`` (quantity, unit, number) has this dimension."""
        return split(other)[1] is self.dim

    def to_pint(self, registry: Any = None) -> Any:
        """The same as a Pint quantity in SI base units (of ``registry``, else of Pint's application registry)."""
        return pint_bridge.to_pint(np.array(self), self.dim, registry)

    @staticmethod
    def from_pint(quantity: Any) -> Quantity:
        """The Pint quantity in SI base units. WrongValue for units outside the SI (bit, pixel)."""
        return Quantity(*pint_bridge.from_pint(quantity))

    # -- arithmetic
    # ------------------------------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **keywords: Any) -> Any:
        for operand in inputs:
            handler = getattr(type(operand), "__array_ufunc__", None)
            if handler not in (None, np.ndarray.__array_ufunc__,
                               Quantity.__array_ufunc__) and not hasattr(operand, "dim"):
                return NotImplemented
        if method == "at":
            return _ufunc_at(ufunc, *inputs)
        indices = inputs[1:] if method in ("reduce", "accumulate", "reduceat") else ()
        parts = tuple(split(x) for x in (inputs[:1] if indices or method not in ("__call__", "outer") else inputs))
        dims: Outcome
        if method in ("__call__", "outer"):
            dims = outcome(ufunc, parts)
        else:
            dims = outcome_of_reduction(ufunc, method, parts[0],
                                        _count(parts[0][0], keywords) if method == "reduce" else None)
            if keywords.get("initial") is not None:
                keywords["initial"] = fitting(keywords["initial"], dims,
                                              f"{ufunc.__name__}.reduce: the initial value has another unit")
        outs = out if isinstance(out, tuple) else (out,) if out is not None else ()
        every = dims if isinstance(dims, tuple) else (dims,) * max(len(outs), 1)
        for target, dim in zip(outs, every):
            _check_target(target, dim, inputs)
        if outs:
            keywords["out"] = tuple(_plain(t) if isinstance(t, Quantity) else t for t in outs)
        value = getattr(ufunc, method)(*(plain for plain, _ in parts), *indices, **keywords)
        if outs:
            written = tuple(_with_its_unit(target, dim) for target, dim in zip(outs, every))
            return written[0] if len(written) == 1 else written
        if isinstance(value, tuple):
            return tuple(
                with_dimension(v, d)
                for v, d in zip(value, every if isinstance(dims, tuple) else (dims,) * len(value)))
        return with_dimension(value, every[0])

    def __array_function__(self, func: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        outs = kwargs.pop("out", None) if "out" in kwargs else None
        target = outs[0] if isinstance(outs, tuple) else outs
        if target is not None:
            kwargs = {**kwargs, "out": _plain(target) if isinstance(target, Quantity) else target}
        result = call_with_units(func, args, kwargs)
        if target is None:
            return _measured(result)
        dim = result.dim if isinstance(result.dim, Dimension) else DIMENSIONLESS
        _check_target(target, dim)
        if isinstance(target, Quantity):
            target.dim = dim
        return target

    def __mul__(self, other: object) -> Any:
        if type(other) in NUMBERS:
            return with_dimension(_view(self, np.ndarray) * other, self.dim)
        return _operate(np.multiply, self, other)

    def __rmul__(self, other: object) -> Any:
        if type(other) in NUMBERS:
            return with_dimension(_view(self, np.ndarray) * other, self.dim)
        return _operate(np.multiply, other, self)

    def __divmod__(self, other: object) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: object) -> Any:
        return other // self, other % self

    def __float__(self) -> float:
        number = np.ndarray.item(self)
        if isinstance(number, complex):
            raise no_complex(self)
        return float(number)

    def __hash__(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride] -- one number has one
        if self.ndim:
            raise WrongType("An array of quantities cannot be hashed")
        number = np.ndarray.item(self)
        return hash(number) if self.dim is DIMENSIONLESS else hash((number, self.dim))

    def __round__(self, digits: int | None = None) -> Any:
        return with_dimension(np.round(_plain(self), digits or 0), self.dim)

    # -- elements
    # --------------------------------------------------------------------------------------------------------

    def __getitem__(self, key: Any) -> Any:
        found = _get(self, key)
        return found if isinstance(found, Quantity) else with_dimension(found, self.dim)

    def __setitem__(self, key: Any, value: Any) -> None:
        _set(_plain(self), key, self._storable(value, "Inconsistent units in assignment"))

    def _storable(self, value: Any, what: str) -> Any:
        """``value`` without its unit, for this array. WrongType for a complex one in an array of real numbers."""
        plain = fitting(value, self.dim, what)
        if np.iscomplexobj(plain) and self.dtype.kind != "c":
            raise WrongType("An array of real numbers cannot hold a complex value", help="make it complex: x + 0j*x")
        return plain

    def __iter__(self) -> Iterator[Any]:
        if not self.ndim:
            raise WrongType("A scalar quantity cannot be iterated over")
        return (self[i] for i in range(len(self)))

    @property
    def flat(self) -> Flat:  # pyright: ignore[reportIncompatibleMethodOverride] -- its elements have units
        return Flat(self)

    @flat.setter
    def flat(self, value: Any) -> None:
        self.flat[:] = value

    def item(self, *args: Any) -> Any:
        """One element, with its unit."""
        return with_dimension(np.ndarray.item(self, *args), self.dim)

    def tolist(self) -> Any:
        """Nested lists of scalar quantities."""
        if self.dim is DIMENSIONLESS:
            return _plain(self).tolist()
        return [x.tolist() for x in self] if self.ndim else self.item()

    def fill(self, value: Any) -> None:
        _plain(self).fill(self._storable(value, "Inconsistent units in fill"))

    def put(self, indices: Any, values: Any, mode: Any = "raise") -> None:
        _plain(self).put(indices, self._storable(values, "Inconsistent units in put"), mode)

    def compress(  # pyright: ignore[reportIncompatibleMethodOverride] -- one signature for NumPy's three
            self, condition: Any, axis: Any = None, out: Any = None) -> Any:
        """As ``numpy.compress``, with units."""
        return np.compress(condition, self, axis, out=out)

    def astype(self, dtype: Any, *args: Any, **keywords: Any) -> Any:
        """A copy with numbers of another type, in base units: whole numbers that lose digits are told of, truths have
        no unit. WrongType for what is no number."""
        kind = np.dtype(dtype).kind
        if kind not in "fciub" or kind != "c" and self.dtype.kind == "c":
            raise WrongType(f"A quantity of {self.dtype} cannot become {np.dtype(dtype)}",
                            help="divide by the unit first, e.g. (x/mV).astype(str)")
        plain = _plain(self).astype(dtype, *args, **keywords)
        if kind in "iu" and not np.array_equal(plain, _plain(self)):
            logger.warning("astype(%s) made whole numbers of %s, the base unit; for other units divide first, e.g. "
                           "(x/mV).astype(int)", np.dtype(dtype), unit_text(self.dim),
                           extra={"topic": "unit_rounded"})
        if kind == "b":
            return plain
        made = _view(plain, Quantity)
        made.dim = self.dim
        return made

    # -- copies
    # ----------------------------------------------------------------------------------------------------------

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (np.array(self), self.dim)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return self.__reduce__()

    def __copy__(self) -> Quantity:
        return _restored(np.array(self), self.dim)

    def __deepcopy__(self, memo: Any) -> Quantity:
        return _restored(np.array(self), self.dim)


class Flat:
    """``q.flat``: the elements of a quantity one after another, with their unit."""

    __slots__ = ("_of",)

    def __init__(self, of: Quantity) -> None:
        self._of = of

    def __len__(self) -> int:
        return self._of.size

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        return with_dimension(_plain(self._of).flat[key], self._of.dim)

    def __setitem__(self, key: Any, value: Any) -> None:
        _check_target(self._of, self._of.dim)
        _plain(self._of).flat[key] = self._of._storable(value, "Inconsistent units in assignment")


def _operate(ufunc: np.ufunc, a: Any, b: Any) -> Any:
    """``ufunc(a, b)`` for an operator: NotImplemented leaves it to the other operand, or to Python."""
    try:
        x = (_view(a, np.ndarray), a.dim) if isinstance(a, Quantity) else split(a)
        y = (_view(b, np.ndarray), b.dim) if isinstance(b, Quantity) else split(b)
    except WrongType:
        if isinstance(a, np.ma.MaskedArray) or isinstance(b, np.ma.MaskedArray):
            raise  # else it would drop the unit
        if ufunc is np.multiply and isinstance(a, _REPEATABLE) | isinstance(b, _REPEATABLE):
            raise  # else Python would try to repeat the text
        return NotImplemented
    for operand in (a, b):
        if getattr(operand, "__array_ufunc__", True) is None:
            return NotImplemented
    if ufunc is np.multiply:
        dim = times(x[1], y[1])
    elif ufunc is np.divide:
        dim = divided(x[1], y[1])
    elif x[1] is y[1] and ufunc in _SUMS:
        dim = x[1]
    else:
        dim = outcome(ufunc, (x, y))
        assert isinstance(dim, Dimension)       # of the operators only divmod has two
    return with_dimension(ufunc(x[0], y[0]), dim)


def _mixes(values: Any) -> bool:
    """Whether a list holds values with a unit beside plain numbers other than zero."""
    measured = [getattr(v, "dim", DIMENSIONLESS) is not DIMENSIONLESS for v in values]
    return any(measured) and any(type(v) in NUMBERS and v != 0 for v in values)


_SUMS = frozenset({np.add, np.subtract})
_REPEATABLE = (str, bytes, list, tuple)


def _in_place(ufunc: np.ufunc, target: Quantity, other: Any) -> Any:
    """Scalars are replaced, arrays are changed where they are, so that other names for them see it."""
    if not target.ndim:
        return _operate(ufunc, target, other)
    return ufunc(target, other, out=target)


def _ufunc_at(ufunc: np.ufunc, target: Any, indices: Any, *operands: Any) -> None:
    parts = (split(target), *map(split, operands))
    dim = outcome(ufunc, parts)
    if dim is not parts[0][1]:
        raise mismatch(f"{ufunc.__name__}.at would change the unit of some elements", parts[0][1],
                       *[d for d in (dim,) if isinstance(d, Dimension)])
    _check_target(target, parts[0][1])
    ufunc.at(_plain(target) if isinstance(target, Quantity) else target, indices, *(plain for plain, _ in parts[1:]))


def _with_its_unit(target: Any, dim: Dimension) -> Any:
    """An array that a result was written into; a plain one is seen with its new unit from now on."""
    if isinstance(target, Quantity):
        target.dim = dim
    return target if target is None or isinstance(target, Quantity) else with_dimension(target, dim)


def _check_target(target: Any, dim: Dimension, operands: tuple[Any, ...] = ()) -> None:
    """Whether a result of this dimension may be written into ``target``. A plain array that is an operand itself, as in
    ``x += 3*mV``, comes back with the unit; a part of one cannot."""
    if target is None:
        return
    if not isinstance(target, Quantity):
        if dim is not DIMENSIONLESS and (target.base is not None or not any(target is x for x in operands)):
            raise mismatch("A result with a unit cannot be written into a plain array", dim)
    elif not target.flags.writeable:
        raise WrongType(f"{target!r} cannot be changed", help="make a quantity of it first: 1*mV")
    elif target.dim is not dim and isinstance(target.base, Quantity):
        raise mismatch("The unit of a part of an array cannot be changed in place", target.dim, dim)


def fitting(value: Any, dim: Dimension, what: str) -> Any:
    """``value`` without its dimension, when that is ``dim``; 0, inf and nan always fit."""
    plain, found = split(value)
    if found is not dim:
        agree([(np.array(1.0), dim), (plain, found)], what, is_scale_free)
        if dim is DIMENSIONLESS and found is not dim:
            raise mismatch(what, dim, found)
    return plain


def _count(plain: Any, keywords: dict[str, Any]) -> int | None:
    """How many elements a reduction takes together; None under a mask."""
    if keywords.get("where", True) is not True:
        return None
    axis = keywords.get("axis", 0)
    shape = np.shape(plain)
    axes = range(len(shape)) if axis is None else np.atleast_1d(axis)
    return int(np.prod([shape[i] for i in axes])) if shape else 1


def _measured(result: PlainResult) -> Any:
    """The plain result of a function, with its dimension (or dimensions, one for each part)."""
    value, dim = result.value, result.dim
    if isinstance(dim, tuple):
        parts = [_measured(PlainResult(v, d)) for v, d in zip(value, dim)]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if dim is None or dim is DIMENSIONLESS:
        return value
    if isinstance(value, (list, tuple)):
        parts = [_measured(PlainResult(v, dim)) for v in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return with_dimension(value, dim)


def _plain(quantity: Any) -> Any:
    return _view(quantity, np.ndarray)


def scalar(value: float, dim: Dimension) -> Quantity:
    made = _view(np.array(value), Quantity)
    made.dim = dim
    return made


def _restored(values: Any, dim: Dimension) -> Quantity:
    made = _view(_floats(values), Quantity)
    made.dim = dim
    return made


def dimension_argument(dim: object) -> Dimension:
    return dim if isinstance(dim, Dimension) else split(dim)[1] if hasattr(dim, "dim") else get_or_create_dimension(dim)


def _operator(ufunc: np.ufunc) -> Callable[[Any, Any], Any]:
    return lambda self, other: _operate(ufunc, self, other)


def _reflected(ufunc: np.ufunc) -> Callable[[Any, Any], Any]:
    return lambda self, other: _operate(ufunc, other, self)


def _updating(ufunc: np.ufunc) -> Callable[[Any, Any], Any]:
    return lambda self, other: _in_place(ufunc, self, other)


def _method(name: str) -> Callable[..., Any]:
    function = getattr(np, name)

    def method(self: Quantity, *args: Any, **keywords: Any) -> Any:
        return function(self, *args, **keywords)

    method.__name__ = name
    method.__doc__ = f"As ``numpy.{name}``, with units."
    return method


_ARITHMETIC = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.divide,
    "floordiv": np.floor_divide,
    "mod": np.remainder,
    "pow": np.power,
    "matmul": np.matmul,
}  # fmt: skip
_COMPARISONS = {
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal
}  # fmt: skip
for _name, _ufunc in _ARITHMETIC.items():
    if _name != "mul":  # written out in the class: the most frequent, and the fastest
        setattr(Quantity, f"__{_name}__", _operator(_ufunc))
        setattr(Quantity, f"__r{_name}__", _reflected(_ufunc))
    setattr(Quantity, f"__i{_name}__", _updating(_ufunc))
for _name, _ufunc in _COMPARISONS.items():
    setattr(Quantity, f"__{_name}__", _operator(_ufunc))
for _name in ("all any argmax argmin argsort argpartition clip cumprod cumsum diagonal dot max mean min "
              "nonzero prod ptp").split():
    setattr(Quantity, _name, _method(_name))
for _name in "repeat round searchsorted std sum take trace var".split():
    setattr(Quantity, _name, _method(_name))
