"""`Quantity`: a float64 array in SI base units that knows its dimension; `Unit`: a named, immutable one.

NumPy's ufuncs follow the rules of `ufuncs`, its other functions those of `array_functions`; either keeps the unit, or refuses.
A result without dimension is a plain float or ndarray.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from brainsim.errors import WrongType, WrongValue
from brainsim.units import display
from brainsim.units.array_functions import Result, call_with_units
from brainsim.units.dimensions import BASES, DIMENSIONLESS, Dimension, dimension
from brainsim.units.plain import NUMBERS, agree, is_scale_free, mismatch, split
from brainsim.units.ufuncs import Outcome, divided, outcome, outcome_of_reduction, raised, times

_new, _view, _get, _set = np.ndarray.__new__, np.ndarray.view, np.ndarray.__getitem__, np.ndarray.__setitem__
#: units that people registered, by dimension: display prefers them
_REGISTERED: dict[Dimension, list["Unit"]] = {}


def with_dimension(value: Any, dim: Dimension) -> Any:
    """A number or array with a dimension; a plain float or array when ``dim`` is dimensionless."""
    if dim is DIMENSIONLESS:
        return float(value) if isinstance(value, np.float64) else value
    made = _view(np.asarray(value, float), Quantity)
    made.dim = dim
    return made


class Quantity(np.ndarray):  # type: ignore[type-arg]
    """Numbers with a physical dimension, stored in SI base units.

    ``Quantity(value, dim=None)``: ``value`` is a number, an array, a quantity or a list of them; ``dim`` a `Dimension` or a
    unit's. DimensionMismatchError when elements differ. Usually made by ``3*mV`` or ``[1, 2]*mV``.
    """

    __slots__ = ("dim", "_label")
    __array_priority__ = 1000
    dim: Dimension
    #: kept for scripts that set it; plotting works either way
    use_matplotlib_units_fix: ClassVar[Callable[[], None]] = staticmethod(lambda: None)

    def __new__(cls, value: object, dim: object = None, dtype: object = None, copy: bool = False, force_quantity: bool = False) -> "Quantity":
        plain, found = split(value)
        array = np.asarray(plain)
        if array.dtype.kind == "c" or (dtype is not None and np.dtype(dtype).kind == "c"):  # type: ignore[call-overload]
            raise WrongType("A quantity holds real numbers", help="keep the complex values as plain numbers: x/mV")
        wanted = found if dim is None else _dimension_argument(dim)
        if found is not DIMENSIONLESS and wanted is not found:
            raise mismatch("A quantity was given another dimension", found, wanted)
        made = _view(np.array(array, float) if copy or array.dtype != float else array, Quantity)
        made.dim = wanted
        return made

    def __array_finalize__(self, obj: object) -> None:
        self.dim = getattr(obj, "dim", DIMENSIONLESS)

    @staticmethod
    def with_dimensions(value: object, *args: object, **keywords: float) -> "Quantity":
        """``with_dimensions(2, metre=1, second=-1)`` or ``with_dimensions(2, dim)``."""
        return Quantity(value, get_or_create_dimension(*args, **keywords))

    # -- what it is ------------------------------------------------------------------------------------------------------

    @property
    def dimensions(self) -> Dimension:
        return self.dim

    @dimensions.setter
    def dimensions(self, dim: Dimension) -> None:
        self.dim = dim

    @property
    def is_dimensionless(self) -> bool:
        return self.dim is DIMENSIONLESS

    def has_same_dimensions(self, other: object) -> bool:
        """Whether ``other`` (quantity, unit, number) has this dimension."""
        return split(other)[1] is self.dim

    def get_best_unit(self, *others: "Quantity") -> "Unit":
        """The unit in which the largest of these values reads best."""
        values = np.concatenate([np.ravel(_plain(q)) for q in (self, *others)])
        shown = display.best(values, self.dim, extra=_registered(self.dim))
        return _unit_shown(shown, self.dim)

    def in_unit(self, unit: "Quantity", precision: int | None = None, python_code: bool = False) -> str:
        """``"3000. uV"``: in ``unit``, with at most ``precision`` decimals. DimensionMismatchError when it does not fit."""
        if unit.dim is not self.dim:
            raise mismatch(f"The value cannot be written in {unit}", self.dim, unit.dim)
        shown = _shown(unit)
        if python_code:
            return display.evaluable_text(_plain(self), shown, display.base_form(self.dim))
        return f"{display.number_text(_plain(self) / shown.value, precision)} {shown.symbol}".rstrip()

    def in_best_unit(self, precision: int | None = None, python_code: bool = False, *others: "Quantity") -> str:
        """``"3. mV"``: in the unit of `get_best_unit`."""
        return self.in_unit(self.get_best_unit(*others), precision, python_code)

    def to_pint(self, registry: Any = None) -> Any:
        """The same as a Pint quantity in SI base units (of ``registry``, else of Pint's application registry)."""
        import pint  # half a second, and needed only here and in from_pint

        registry = registry or pint.get_application_registry()
        unit = " * ".join(f"{base.replace('metre', 'meter')} ** {e}" for base, e in zip(BASES, self.dim.exponents) if e)
        value = np.array(self)
        return registry.Quantity(value if self.ndim else value.item(), unit or "dimensionless")

    @staticmethod
    def from_pint(quantity: Any) -> "Quantity":
        """The Pint quantity in SI base units. WrongValue for units outside the SI (bit, pixel)."""
        in_base = quantity.to_base_units()
        powers = {str(unit).replace("meter", "metre"): float(power) for unit, power in in_base.unit_items()}
        powers.pop("radian", None)
        strange = sorted(set(powers) - set(BASES))
        if strange:
            raise WrongValue(f"The unit {strange[0]!r} of Pint is no product of SI base units")
        return Quantity(in_base.magnitude, dimension([powers.get(base, 0.0) for base in BASES]))

    # -- text ------------------------------------------------------------------------------------------------------------

    def __str__(self) -> str:
        return self.in_best_unit()

    def __repr__(self) -> str:
        if self.dim is DIMENSIONLESS:
            text = np.array2string(_plain(self), separator=", ", floatmode="unique")
            return f"Quantity({text if self.ndim == 0 else f'array({text})'})"
        values = _plain(self)
        return display.evaluable_text(values, display.best(values, self.dim, evaluable=True), display.base_form(self.dim))

    def __format__(self, spec: str) -> str:
        """``f"{v:.1f}"`` is ``"-70.0 mV"``; without a specification as ``str``."""
        if not spec:
            return str(self)
        unit = self.get_best_unit()
        numbers = np.array2string(_plain(self) / _plain(unit), formatter={"float_kind": lambda x: format(x, spec)})
        return f"{numbers} {unit.dispname}".rstrip()

    def _repr_html_(self) -> str:
        return f"<span>{str(self).replace(chr(10), '<br>')}</span>"

    def _repr_latex_(self) -> str:
        unit = self.get_best_unit()
        numbers = display.number_text(_plain(self) / _plain(unit), brief=True)
        return f"${numbers}\\,{unit.latexname}$"

    # -- arithmetic ------------------------------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **keywords: Any) -> Any:
        for operand in inputs:
            handler = getattr(type(operand), "__array_ufunc__", None)
            if handler not in (None, np.ndarray.__array_ufunc__, Quantity.__array_ufunc__) and not hasattr(operand, "dim"):
                return NotImplemented
        if method == "at":
            return _ufunc_at(ufunc, *inputs)
        indices = inputs[1:] if method in ("reduce", "accumulate", "reduceat") else ()
        parts = tuple(split(x) for x in (inputs[:1] if indices or method not in ("__call__", "outer") else inputs))
        dims: Outcome
        if method in ("__call__", "outer"):
            dims = outcome(ufunc, parts)
        else:
            dims = outcome_of_reduction(ufunc, method, parts[0], _count(parts[0][0], keywords) if method == "reduce" else None)
            if keywords.get("initial") is not None:
                keywords["initial"] = _fitting(keywords["initial"], dims, f"{ufunc.__name__}.reduce: the initial value has another unit")
        outs = out if isinstance(out, tuple) else (out,) if out is not None else ()
        every = dims if isinstance(dims, tuple) else (dims,) * max(len(outs), 1)
        for target, dim in zip(outs, every):
            _check_target(target, dim)
        if outs:
            keywords["out"] = tuple(_plain(t) if isinstance(t, Quantity) else t for t in outs)
        value = getattr(ufunc, method)(*(plain for plain, _ in parts), *indices, **keywords)
        if outs:
            for target, dim in zip(outs, every):
                if isinstance(target, Quantity):
                    target.dim = dim
            return outs[0] if len(outs) == 1 else outs
        if isinstance(value, tuple):
            return tuple(with_dimension(v, d) for v, d in zip(value, every if isinstance(dims, tuple) else (dims,) * len(value)))
        return with_dimension(value, every[0])

    def __array_function__(self, func: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        outs = kwargs.pop("out", None) if "out" in kwargs else None
        target = outs[0] if isinstance(outs, tuple) else outs
        if target is not None:
            kwargs = {**kwargs, "out": _plain(target) if isinstance(target, Quantity) else target}
        result = call_with_units(func, args, kwargs)
        if target is None:
            return _measured(result)
        _check_target(target, result.dim if isinstance(result.dim, Dimension) else DIMENSIONLESS)
        if isinstance(target, Quantity):
            target.dim = result.dim
        return target

    def __add__(self, other: object) -> Any:
        return _operate(np.add, self, other)

    def __radd__(self, other: object) -> Any:
        return _operate(np.add, other, self)

    def __sub__(self, other: object) -> Any:
        return _operate(np.subtract, self, other)

    def __rsub__(self, other: object) -> Any:
        return _operate(np.subtract, other, self)

    def __mul__(self, other: object) -> Any:
        if type(other) in NUMBERS:
            return with_dimension(_view(self, np.ndarray) * other, self.dim)
        return _operate(np.multiply, self, other)

    def __rmul__(self, other: object) -> Any:
        if type(other) in NUMBERS:
            return with_dimension(_view(self, np.ndarray) * other, self.dim)
        return _operate(np.multiply, other, self)

    def __truediv__(self, other: object) -> Any:
        return _operate(np.divide, self, other)

    def __rtruediv__(self, other: object) -> Any:
        return _operate(np.divide, other, self)

    def __floordiv__(self, other: object) -> Any:
        return _operate(np.floor_divide, self, other)

    def __rfloordiv__(self, other: object) -> Any:
        return _operate(np.floor_divide, other, self)

    def __mod__(self, other: object) -> Any:
        return _operate(np.remainder, self, other)

    def __rmod__(self, other: object) -> Any:
        return _operate(np.remainder, other, self)

    def __divmod__(self, other: object) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: object) -> Any:
        return other // self, other % self

    def __pow__(self, other: object, modulus: object = None) -> Any:
        return _operate(np.power, self, other)

    def __rpow__(self, other: object) -> Any:
        return _operate(np.power, other, self)

    def __matmul__(self, other: object) -> Any:
        return _operate(np.matmul, self, other)

    def __rmatmul__(self, other: object) -> Any:
        return _operate(np.matmul, other, self)

    def __lt__(self, other: object) -> Any:
        return _operate(np.less, self, other)

    def __le__(self, other: object) -> Any:
        return _operate(np.less_equal, self, other)

    def __gt__(self, other: object) -> Any:
        return _operate(np.greater, self, other)

    def __ge__(self, other: object) -> Any:
        return _operate(np.greater_equal, self, other)

    def __eq__(self, other: object) -> Any:
        return _operate(np.equal, self, other)

    def __ne__(self, other: object) -> Any:
        return _operate(np.not_equal, self, other)

    def __hash__(self) -> int:  # type: ignore[override]
        if self.ndim:
            raise WrongType("An array of quantities cannot be hashed")
        return hash((self.item_value, self.dim)) if self.dim is not DIMENSIONLESS else hash(self.item_value)

    @property
    def item_value(self) -> float:
        """The one number, in base units. ValueError for more than one."""
        return float(np.ndarray.item(self))

    def __iadd__(self, other: object) -> Any:
        return _in_place(np.add, self, other)

    def __isub__(self, other: object) -> Any:
        return _in_place(np.subtract, self, other)

    def __imul__(self, other: object) -> Any:
        return _in_place(np.multiply, self, other)

    def __itruediv__(self, other: object) -> Any:
        return _in_place(np.divide, self, other)

    def __ifloordiv__(self, other: object) -> Any:
        return _in_place(np.floor_divide, self, other)

    def __imod__(self, other: object) -> Any:
        return _in_place(np.remainder, self, other)

    def __ipow__(self, other: object) -> Any:
        return _in_place(np.power, self, other)

    def __round__(self, digits: int | None = None) -> Any:
        return with_dimension(np.round(_plain(self), digits or 0), self.dim)

    # -- elements --------------------------------------------------------------------------------------------------------

    def __getitem__(self, key: Any) -> Any:
        found = _get(self, key)
        return found if isinstance(found, Quantity) else with_dimension(found, self.dim)

    def __setitem__(self, key: Any, value: Any) -> None:
        _set(_plain(self), key, _fitting(value, self.dim, "Inconsistent units in assignment"))

    def __iter__(self) -> Iterator[Any]:
        if not self.ndim:
            raise WrongType("A scalar quantity cannot be iterated over")
        return (self[i] for i in range(len(self)))

    @property
    def flat(self) -> "Flat":  # type: ignore[override]
        return Flat(self)

    @flat.setter
    def flat(self, value: Any) -> None:
        self.flat[:] = value

    def item(self, *args: Any) -> Any:
        """One element, with its unit."""
        return with_dimension(np.float64(np.ndarray.item(self, *args)), self.dim)

    def tolist(self) -> Any:
        """Nested lists of scalar quantities."""
        return [x.tolist() for x in self] if self.ndim else self.item()

    def fill(self, value: Any) -> None:
        _plain(self).fill(_fitting(value, self.dim, "Inconsistent units in fill"))

    def put(self, indices: Any, values: Any, mode: Any = "raise") -> None:
        _plain(self).put(indices, _fitting(values, self.dim, "Inconsistent units in put"), mode)

    def astype(self, dtype: Any, *args: Any, **keywords: Any) -> Any:
        """A copy; WrongType for a type other than float64, which is the only one with units."""
        if np.dtype(dtype) != float:
            raise WrongType(f"A quantity cannot become {np.dtype(dtype)}", help="divide by the unit first, e.g. (x/mV).astype(int)")
        return with_dimension(_plain(self).copy(), self.dim)

    # -- copies ----------------------------------------------------------------------------------------------------------

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (np.array(self), self.dim)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return self.__reduce__()

    def __copy__(self) -> "Quantity":
        return _restored(np.array(self), self.dim)

    def __deepcopy__(self, memo: Any) -> "Quantity":
        return _restored(np.array(self), self.dim)


@dataclass(frozen=True, slots=True)
class Label:
    """How a unit is called: its factors as (name, symbol, power), and its power of ten (None when it is not one)."""

    factors: tuple[tuple[str, str, float], ...]
    scale: float | None
    latex: str = ""


class Unit(Quantity):
    """A named quantity such as ``mV``; products, quotients and powers of units are units. Cannot be changed.

    ``Unit(value, name=..., dispname=...)`` names a scalar quantity: ``Unit(60*second, name='minute', dispname='min')``.
    """

    __slots__ = ()

    def __new__(  # type: ignore[misc]
        cls, value: object = 1.0, dim: object = None, scale: float = 0, name: str = "", dispname: str = "", latexname: str = ""
    ) -> "Unit":
        plain, found = split(value)
        dim = found if dim is None else _dimension_argument(dim)
        size = float(plain) * display.ten_to_the(scale)
        if not 0 < size < np.inf:
            raise WrongValue(f"A unit has to be a positive number, not {size}")
        power = np.log10(size)
        known = float(round(power)) if display.ten_to_the(round(power)) == size else None
        if not name:
            shown = display.base_form(dim)
            factors = ((shown.name, shown.symbol, 1.0),) if known == 0 else ((f"({size!r} * {shown.name})", f"({size!r} {shown.symbol})", 1.0),)
            if dim is DIMENSIONLESS:
                factors = ((f"Unit({size!r})", f"{size:g}", 1.0),)
        else:
            factors = ((name, dispname or name, 1.0),)
        return _make_unit(size, dim, Label(factors, known, latexname))

    def __array_finalize__(self, obj: object) -> None:
        """What NumPy makes from a unit (a view, a part, a copy) is a quantity."""
        self.dim = getattr(obj, "dim", DIMENSIONLESS)
        self.__class__ = Quantity

    @staticmethod
    def create(dim: object, name: str, dispname: str, latexname: str | None = None, scale: int = 0) -> "Unit":
        """The unit of ``10**scale`` base units."""
        return Unit(1.0, dim, scale, name, dispname, latexname or "")

    @staticmethod
    def create_scaled_unit(baseunit: "Unit", scalefactor: str) -> "Unit":
        """``create_scaled_unit(volt, "m")`` is ``mvolt``."""
        if scalefactor not in display.TABLE.prefixes:
            raise WrongValue(f"{scalefactor!r} is no SI prefix", help=f"one of {', '.join(display.TABLE.prefixes)}")
        scale = (baseunit.scale or 0) + display.TABLE.prefixes[scalefactor]
        label = Label(((scalefactor + baseunit.name, scalefactor + baseunit.dispname, 1.0),), scale)
        return _make_unit(display.ten_to_the(scale), baseunit.dim, label)

    @property
    def name(self) -> str:
        """The evaluable name, ``"mvolt / second"``."""
        return display.product_text(self._label.factors)[0]

    @property
    def dispname(self) -> str:
        """What stands after a number, ``"mV/s"``."""
        return display.product_text(self._label.factors)[1]

    @property
    def latexname(self) -> str:
        return self._label.latex or display.latex_symbol(self.dispname)

    @property
    def scale(self) -> float | None:
        """The power of ten; None for units such as a minute."""
        scale = self._label.scale
        return int(scale) if scale is not None and scale == int(scale) else scale

    @property
    def iscompound(self) -> bool:
        factors = self._label.factors
        return len(factors) > 1 or factors[0][2] != 1

    def __str__(self) -> str:
        return self.dispname

    def __repr__(self) -> str:
        return self.name

    def __format__(self, spec: str) -> str:
        return format(self.dispname, spec)

    def _repr_latex_(self) -> str:
        return f"${self.latexname}$"

    def __rmul__(self, other: object) -> Any:
        if type(other) in NUMBERS and self.dim is not DIMENSIONLESS:
            return _scalar(float(other) * np.ndarray.item(self), self.dim)  # type: ignore[arg-type]
        return Quantity.__rmul__(self, other)

    def __mul__(self, other: object) -> Any:
        if type(other) is Unit:
            return _combined(self, other, 1.0)
        return Quantity.__mul__(self, other)

    def __truediv__(self, other: object) -> Any:
        if type(other) is Unit:
            return _combined(self, other, -1.0)
        return Quantity.__truediv__(self, other)

    def __rtruediv__(self, other: object) -> Any:
        if type(other) in NUMBERS and other == 1:
            return self**-1
        return Quantity.__rtruediv__(self, other)

    def __pow__(self, other: object, modulus: object = None) -> Any:
        if type(other) not in NUMBERS or other == 0:
            return Quantity.__pow__(self, other)
        exponent = float(other)  # type: ignore[arg-type]
        label = self._label
        factors = tuple((name, symbol, power * exponent) for name, symbol, power in label.factors)
        scale = None if label.scale is None else label.scale * exponent
        size = np.ndarray.item(self) ** exponent if scale is None else display.ten_to_the(scale)
        return _make_unit(size, raised(self.dim, exponent), Label(factors, scale))

    def _unchangeable(self, *args: Any, **keywords: Any) -> Any:
        raise WrongType(f"The unit {self} cannot be changed", help=f"make a quantity of it first: x = 1*{self.name}")

    __iadd__ = __isub__ = __imul__ = __itruediv__ = __ifloordiv__ = __imod__ = __ipow__ = _unchangeable
    __setitem__ = fill = put = _unchangeable

    def __reduce__(self) -> tuple[Any, ...]:
        return _make_unit, (np.ndarray.item(self), self.dim, self._label)

    def __copy__(self) -> "Unit":
        return self

    def __deepcopy__(self, memo: Any) -> "Unit":
        return self


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
        if isinstance(self._of, Unit):
            self._of._unchangeable()
        _plain(self._of).flat[key] = _fitting(value, self._of.dim, "Inconsistent units in assignment")


def get_or_create_dimension(*args: object, **keywords: float) -> Dimension:
    """The dimension with these seven exponents, or with the named ones: ``get_or_create_dimension(length=1, s=-1)``."""
    if args:
        if len(args) != 1 or keywords:
            raise WrongType("Need a sequence of exactly 7 items")
        if isinstance(args[0], Dimension):
            return args[0]
        exponents = list(args[0]) if not isinstance(args[0], str) and np.iterable(args[0]) else []  # type: ignore[call-overload]
        if len(exponents) != 7:
            raise WrongType("Need a sequence of exactly 7 items")
        return dimension(exponents)
    exponents = [0.0] * 7
    for name, power in keywords.items():
        if name not in _BASE_WORDS:
            raise WrongValue(f"{name!r} is no base dimension", help=f"one of {', '.join(_BASE_WORDS)}")
        exponents[_BASE_WORDS[name]] = power
    return dimension(exponents)


def register_new_unit(unit: Unit) -> None:
    """From now on values of this dimension may be shown in ``unit``."""
    if not isinstance(unit, Unit):
        raise WrongType(f"Only units can be registered, not {unit!r}")
    _REGISTERED.setdefault(unit.dim, []).append(unit)


_BASE_WORDS = {
    word: i
    for i, words in enumerate((
        "length metre metres meter meters m", "mass kilogram kilograms kilogramme kilogrammes kg", "time second seconds s",
        "current ampere amperes amp amps A", "temperature kelvin kelvins K", "quantity substance mole moles n mol",
        "luminosity candela candelas candle candles cd",
    ))
    for word in words.split()
}  # fmt: skip


def _operate(ufunc: np.ufunc, a: Any, b: Any) -> Any:
    """``ufunc(a, b)`` for an operator: NotImplemented leaves it to the other operand, or to Python."""
    try:
        x = (_view(a, np.ndarray), a.dim) if isinstance(a, Quantity) else split(a)
        y = (_view(b, np.ndarray), b.dim) if isinstance(b, Quantity) else split(b)
    except WrongType:
        return NotImplemented
    for operand in (a, b):
        if getattr(operand, "__array_ufunc__", True) is None:
            return NotImplemented
    if ufunc is np.multiply:
        dim: Outcome = times(x[1], y[1])
    elif ufunc is np.divide:
        dim = divided(x[1], y[1])
    elif x[1] is y[1] and ufunc in _SUMS:
        dim = x[1]
    else:
        dim = outcome(ufunc, (x, y))
    return with_dimension(ufunc(x[0], y[0]), dim)  # type: ignore[arg-type]


_SUMS = frozenset({np.add, np.subtract})


def _in_place(ufunc: np.ufunc, target: Quantity, other: Any) -> Any:
    """Scalars are replaced, arrays are changed where they are, so that other names for them see it."""
    if not target.ndim:
        return _operate(ufunc, target, other)
    return ufunc(target, other, out=target)


def _ufunc_at(ufunc: np.ufunc, target: Any, indices: Any, *operands: Any) -> None:
    parts = (split(target), *map(split, operands))
    dim = outcome(ufunc, parts)
    if dim is not parts[0][1]:
        raise mismatch(f"{ufunc.__name__}.at would change the unit of some elements", parts[0][1], *[d for d in (dim,) if isinstance(d, Dimension)])
    if isinstance(target, Unit):
        target._unchangeable()
    ufunc.at(_plain(target) if isinstance(target, Quantity) else target, indices, *(plain for plain, _ in parts[1:]))


def _check_target(target: Any, dim: Dimension) -> None:
    """Whether a result of this dimension may be written into ``target``."""
    if target is None:
        return
    if isinstance(target, Unit):
        target._unchangeable()
    if not isinstance(target, Quantity):
        if dim is not DIMENSIONLESS:
            raise mismatch("A result with a unit cannot be written into a plain array", dim)
    elif target.dim is not dim and isinstance(target.base, Quantity):
        raise mismatch("The unit of a part of an array cannot be changed in place", target.dim, dim)


def _fitting(value: Any, dim: Dimension, what: str) -> Any:
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


def _measured(result: Result) -> Any:
    """The plain result of a function, with its dimension (or dimensions, one for each part)."""
    value, dim = result.value, result.dim
    if isinstance(dim, tuple):
        parts = [_measured(Result(v, d)) for v, d in zip(value, dim)]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if dim is None or dim is DIMENSIONLESS:
        return value
    if isinstance(value, (list, tuple)):
        parts = [_measured(Result(v, dim)) for v in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return with_dimension(value, dim)


def _plain(quantity: Any) -> Any:
    return _view(quantity, np.ndarray)


def _scalar(value: float, dim: Dimension) -> Quantity:
    made = _view(np.array(value), Quantity)
    made.dim = dim
    return made


def _restored(values: Any, dim: Dimension) -> Quantity:
    made = _view(np.asarray(values, float), Quantity)
    made.dim = dim
    return made


def _dimension_argument(dim: object) -> Dimension:
    return dim if isinstance(dim, Dimension) else split(dim)[1] if hasattr(dim, "dim") else get_or_create_dimension(dim)


def _make_unit(size: float, dim: Dimension, label: Label) -> Unit:
    made = _scalar(size, dim)
    made._label = label
    made.setflags(write=False)
    made.__class__ = Unit
    return made  # type: ignore[return-value]


def _combined(a: Unit, b: Unit, sign: float) -> Any:
    """``a * b**sign``: a unit, or a plain number when nothing is left."""
    dim = times(a.dim, b.dim) if sign > 0 else divided(a.dim, b.dim)
    scale = None if a._label.scale is None or b._label.scale is None else a._label.scale + sign * b._label.scale
    size = np.ndarray.item(a) * np.ndarray.item(b) ** sign if scale is None else display.ten_to_the(scale)
    if dim is DIMENSIONLESS:
        return float(size)
    powers: dict[tuple[str, str], float] = {}
    for label, factor in ((a._label, 1.0), (b._label, sign)):
        for name, symbol, power in label.factors:
            powers[name, symbol] = powers.get((name, symbol), 0.0) + factor * power
    factors = tuple((name, symbol, power) for (name, symbol), power in powers.items() if power)
    return _make_unit(size, dim, Label(factors, scale))


def _shown(unit: Quantity) -> display.Shown:
    if isinstance(unit, Unit):
        return display.Shown(unit.name, unit.dispname, unit.item_value)
    if unit.ndim:
        raise WrongType("An array cannot serve as a unit")
    return display.Shown(f"({unit!r})", f"({unit})", unit.item_value)


def _registered(dim: Dimension) -> tuple[display.Shown, ...]:
    return tuple(_shown(unit) for unit in _REGISTERED.get(dim, ()))


def _unit_shown(shown: display.Shown, dim: Dimension) -> Unit:
    for unit in _REGISTERED.get(dim, ()):
        if unit.name == shown.name:
            return unit
    power = float(np.log10(shown.value))
    return _make_unit(shown.value, dim, Label(((shown.name, shown.symbol, 1.0),), round(power, 6)))


def _method(name: str) -> Callable[..., Any]:
    function = getattr(np, name)

    def method(self: Quantity, *args: Any, **keywords: Any) -> Any:
        return function(self, *args, **keywords)

    method.__name__ = name
    method.__doc__ = f"As ``numpy.{name}``, with units."
    return method


for _name in (
    "all any argmax argmin argsort argpartition choose clip compress cumprod cumsum diagonal dot max mean min nonzero prod ptp "
    "ravel repeat reshape round searchsorted squeeze std sum swapaxes take trace transpose var"
).split():
    if _name not in ("reshape", "squeeze", "swapaxes", "transpose", "ravel", "choose"):
        setattr(Quantity, _name, _method(_name))
