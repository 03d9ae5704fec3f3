"""What NumPy's functions (those that are no ufuncs) do to dimensions, as data: function -> rule.

A rule calls the function on plain arrays and says which dimension the result has. A function without a row, or an
argument that a row does not expect to have a unit, is refused: NumPy never drops a unit unasked, and what Brian 2 drops
is said.
"""
from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from brainsim.errors import WrongType
from brainsim.units.dimensions import DIMENSIONLESS, Dimension
from brainsim.units.plain import Part, agree, is_scale_free, mismatch, split, words
from brainsim.units.ufuncs import divided, raised, times

logger = logging.getLogger("brainsim")


@dataclass(frozen=True, slots=True)
class PlainResult:
    """A plain result and the dimension of all its arrays, or of each (None: no dimension)."""

    value: Any
    dim: Dimension | tuple[Any, ...] | None


Rule = Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], PlainResult]


def call_with_units(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """``func(*args, **kwargs)`` apart from its dimension. WrongType for a function that does not know units."""
    rule = RULES.get(func)
    if rule is not None:
        return rule(func, args, kwargs)
    values = _plain_all((args, kwargs), strict=False)
    if values is None:
        raise WrongType(f"{_title(func)} does not know units",
                        help=f"divide by the unit first, e.g. {func.__name__}(x/mV)")
    return PlainResult(func(*values[0], **values[1]), None)


def _title(func: Callable[..., Any]) -> str:
    return f"{func.__module__}.{func.__name__}"


def _plain_all(tree: Any, *, strict: bool, name: str = "") -> Any:
    """Arguments without dimension made plain; for one with a dimension None, or (``strict``) DimensionMismatchError."""
    if isinstance(tree, dict):
        parts = {key: _plain_all(value, strict=strict, name=name) for key, value in tree.items()}
        return None if any(v is None and tree[k] is not None for k, v in parts.items()) else parts
    if type(tree) in (list, tuple):
        parts = [_plain_all(value, strict=strict, name=name) for value in tree]
        return None if any(v is None and t is not None for v, t in zip(parts, tree)) else type(tree)(parts)
    dim = getattr(tree, "dim", None)
    if not isinstance(dim, Dimension):
        return tree
    if dim is not DIMENSIONLESS:
        if not strict:
            return None
        raise mismatch(f"{name} expects a dimensionless argument but got {words(*split(tree))}", dim)
    return np.asarray(tree)


class Arguments:
    """The arguments of a call, taken out one by one by position or name; what remains has to be without unit."""

    def __init__(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.func, self.args, self.kwargs = func, list(args), dict(kwargs)
        self.known: set[int | str] = set()

    def first(self) -> int | str:
        """The place of the first argument."""
        return 0 if self.args else next(iter(self.kwargs))

    def place(self, position: int, name: str) -> int | str | None:
        """Where an argument was given, or None."""
        if position < len(self.args):
            return position
        return name if self.kwargs.get(name) is not None else None

    def get(self, place: int | str) -> Any:
        return self.args[place] if isinstance(place, int) else self.kwargs[place]

    def put(self, place: int | str, value: Any) -> None:
        self.known.add(place)
        if isinstance(place, int):
            self.args[place] = value
        else:
            self.kwargs[place] = value

    def take(self, place: int | str) -> Dimension:
        """Make this argument plain; its dimension."""
        plain, dim = split(self.get(place))
        self.put(place, plain)
        return dim

    def fit(self, dim: Dimension, position: int, name: str) -> None:
        """Make an optional argument plain; DimensionMismatchError when it is not of dimension ``dim``."""
        place = self.place(position, name)
        if place is None or self.get(place) is None:
            return
        plain, found = split(self.get(place))
        if found is not dim:
            agree([(np.array(1.0), dim), (plain, found)],
                  f"Cannot calculate {self.title}: the argument {name!r} has another unit", is_scale_free)
        self.put(place, plain)

    def fit_each(self, dims: list[Dimension], position: int, name: str) -> None:
        """The same for an optional argument with an entry for each of ``dims``; whole numbers count and have no
        unit."""
        place = self.place(position, name)
        if place is None or not isinstance(self.get(place), (list, tuple)) or len(self.get(place)) != len(dims):
            return
        values = list(self.get(place))
        for k, dim in enumerate(dims):
            if not isinstance(values[k], (int, np.integer)):
                entry = Arguments(self.func, (values[k],), {})
                entry.fit(dim, 0, name)
                values[k] = entry.get(0)
        self.put(place, values)

    @property
    def title(self) -> str:
        return getattr(self.func, "__name__", "function")

    def call(self) -> Any:
        for place, value in [*enumerate(self.args), *self.kwargs.items()]:
            if place not in self.known:
                plain = _plain_all(value, strict=True, name=self.title)
                self.put(place, plain)
        return self.func(*self.args, **self.kwargs)


def keeps(*partners: tuple[int, str]) -> Rule:
    """The result has the dimension of the first argument; ``partners`` (place, name) have to have it too."""
    return gives(lambda dim: dim, *partners)


def gives(change: Callable[[Dimension], Any], *partners: tuple[int, str]) -> Rule:
    """The dimension of the result follows from the first argument's."""

    def rule(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
        call = Arguments(func, args, kwargs)
        dim = call.take(call.first())
        for position, name in partners:
            call.fit(dim, position, name)
        return PlainResult(call.call(), change(dim))

    return rule


def forgets(*partners: tuple[int, str]) -> Rule:
    """The result is a number, an index, a truth or a text, whatever the unit of the first argument."""
    return gives(lambda dim: None, *partners)


def joins(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """A sequence of arrays of one dimension becomes one array."""
    call = Arguments(func, args, kwargs)
    place = call.first()
    parts = [split(array) for array in call.get(place)]
    dim = agree(parts, f"Cannot calculate {call.title}, the units do not match", is_scale_free)
    call.put(place, [plain for plain, _ in parts])
    return PlainResult(call.call(), dim)


def alike(*names: tuple[int, str], result: Callable[[Dimension], Any] = lambda dim: dim) -> Rule:
    """These arguments have to have one dimension, which (changed by ``result``) is that of the outcome."""

    def rule(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
        call = Arguments(func, args, kwargs)
        places = [
            place for position, name in names
            if (place := call.place(position, name)) is not None and call.get(place) is not None
        ]
        parts: list[Part] = [split(call.get(place)) for place in places]
        dim = agree(parts, f"Cannot calculate {call.title}, the units do not match", is_scale_free)
        for place, (plain, _) in zip(places, parts):
            call.put(place, plain)
        return PlainResult(call.call(), result(dim))

    return rule


def multiplies(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """The product of the dimensions of the first two arguments."""
    call = Arguments(func, args, kwargs)
    names = [*range(len(call.args)), *call.kwargs][:2]
    dims = [call.take(place) for place in names]
    return PlainResult(call.call(), times(dims[0], dims[1]) if len(dims) == 2 else raised(dims[0], 2.0))


def each_its_own(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """One result for each array, with that array's dimension."""
    parts = [split(array) for array in args]
    value = func(*(plain for plain, _ in parts), **kwargs)
    return PlainResult(value, tuple(dim for _, dim in parts) if isinstance(value, (list, tuple)) else parts[0][1])


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


def chooses(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.where: one argument gives indices; three choose between values of one dimension."""
    if len(args) == 1:
        return forgets()(func, args, kwargs)
    return alike((1, "x"), (2, "y"))(func, (_truth(args[0]), *args[1:]), kwargs)


def _truth(condition: Any) -> Any:
    return np.asarray(condition).astype(bool) if isinstance(getattr(condition, "dim", None), Dimension) else condition


def selects(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.select(conditions, choices, default)."""
    call = Arguments(func, args, kwargs)
    place = call.place(1, "choicelist")
    assert place is not None
    parts = [split(array) for array in call.get(place)]
    dim = agree(parts, "Cannot calculate select, the units do not match", is_scale_free)
    call.put(place, [plain for plain, _ in parts])
    call.fit(dim, 2, "default")
    return PlainResult(call.call(), dim)


def interpolates(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.interp(x, xp, fp, left, right, period)."""
    call = Arguments(func, args, kwargs)
    x, fp = call.place(0, "x"), call.place(2, "fp")
    assert x is not None and fp is not None
    along, values = call.take(x), call.take(fp)
    call.fit(along, 1, "xp")
    call.fit(along, 5, "period")
    call.fit(values, 3, "left")
    call.fit(values, 4, "right")
    return PlainResult(call.call(), values)


def counts(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.histogram: counts (or a density) and edges with the dimension of the data."""
    call = Arguments(func, args, kwargs)
    dim = call.take(call.first())
    bins = call.place(1, "bins")
    if bins is not None and not isinstance(call.get(bins), (str, int, np.integer)):
        call.fit(dim, 1, "bins")
    call.fit(dim, 2, "range")
    dense = call.place(3, "density")
    density = bool(dense is not None and call.get(dense))
    weights = call.place(4, "weights")
    of_weight = DIMENSIONLESS if weights is None else call.take(weights)
    return PlainResult(call.call(), (divided(of_weight, dim) if density else of_weight, dim))


def counts_in_cells(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.histogram2d(x, y): counts (or a density), and edges with the dimensions of x and y."""
    call = Arguments(func, args, kwargs)
    dims = [call.take(place) for place in (0, 1)]
    dense = call.place(4, "density")
    density = bool(dense is not None and call.get(dense))
    for position, name in ((2, "bins"), (3, "range")):
        call.fit_each(dims, position, name)
    return PlainResult(call.call(), (raised(times(*dims), -1.0) if density else None, *dims))


def edges(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.histogram_bin_edges."""
    call = Arguments(func, args, kwargs)
    dim = call.take(call.first())
    bins = call.place(1, "bins")
    if bins is not None and not isinstance(call.get(bins), (str, int, np.integer)):
        call.fit(dim, 1, "bins")
    call.fit(dim, 2, "range")
    return PlainResult(call.call(), dim)


def close(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.isclose and allclose: NumPy's absolute tolerance 1e-8 has no meaning for volts, so it is 0 unless given
    with a unit."""
    call = Arguments(func, args, kwargs)
    parts = [split(call.get(place)) for place in (0, 1)]
    dim = agree(parts, f"Cannot calculate {call.title}, the units do not match", is_scale_free)
    for place, (plain, _) in enumerate(parts):
        call.put(place, plain)
    call.fit(dim, 3, "atol")
    if dim is not DIMENSIONLESS and call.place(3, "atol") is None:
        call.kwargs["atol"] = 0.0
    return PlainResult(call.call(), None)


def uniques(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """Values with the dimension of the data, then indices and counts without."""
    call = Arguments(func, args, kwargs)
    dim = call.take(call.first())
    value = call.call()
    return PlainResult(value, (dim, *[None] * (len(value) - 1)) if isinstance(value, tuple) else dim)


def averages(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.average: weights may have any unit; ``returned`` gives their sum too."""
    call = Arguments(func, args, kwargs)
    dim = call.take(call.first())
    weights = call.place(2, "weights")
    of_weight = DIMENSIONLESS if weights is None or call.get(weights) is None else call.take(weights)
    value = call.call()
    return PlainResult(value, (dim, of_weight) if isinstance(value, tuple) else dim)


def integrates(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.trapezoid(y, x, dx)."""
    call = Arguments(func, args, kwargs)
    dim = call.take(call.first())
    for position, name in ((1, "x"), (2, "dx")):
        place = call.place(position, name)
        if place is not None and call.get(place) is not None:
            dim = times(dim, call.take(place))
    return PlainResult(call.call(), dim)


def slopes(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.gradient(f, *spacing): one slope for each axis."""
    parts = [split(arg) for arg in args]
    plain_kwargs = _plain_all(kwargs, strict=True, name="gradient")
    value = func(*(plain for plain, _ in parts), **plain_kwargs)
    spacings = [dim for _, dim in parts[1:]] or [DIMENSIONLESS]
    dims = [divided(parts[0][1], spacing) for spacing in spacings]
    if isinstance(value, (list, tuple)):
        return PlainResult(value, tuple(dims if len(dims) == len(value) else dims * len(value)))
    return PlainResult(value, dims[0])


def filled_like(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.full_like: shape of the first, dimension of the second."""
    call = Arguments(func, args, kwargs)
    call.take(call.first())
    place = call.place(1, "fill_value")
    assert place is not None
    plain, dim = split(call.get(place))
    call.put(place, plain)
    return PlainResult(call.call(), dim)


def writes(position: int, name: str) -> Rule:
    """The first argument is changed in place by values that have to fit it."""

    def rule(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
        call = Arguments(func, args, kwargs)
        place = call.first()
        target = call.get(place)
        plain, dim = (np.asarray(target),
                      getattr(target, "dim", DIMENSIONLESS)) if isinstance(target, np.ndarray) else split(target)
        call.put(place, plain)
        call.fit(dim, position, name)
        return PlainResult(call.call(), None)

    return rule


def norms(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.linalg.norm; order 0 counts."""
    call = Arguments(func, args, kwargs)
    dim = call.take(call.first())
    order = call.place(1, "ord")
    return PlainResult(call.call(),
                       None if order is not None and call.get(order) == 0 and np.ndim(call.get(0)) == 1 else dim)


def solves(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    parts = [split(arg) for arg in args]
    return PlainResult(func(*(plain for plain, _ in parts), **kwargs), divided(parts[1][1], parts[0][1]))


def determinant(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    plain, dim = split(args[0])
    return PlainResult(func(plain), raised(dim, float(np.shape(plain)[-1])))


def sums_of_products(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.einsum with a text of subscripts."""
    if not isinstance(args[0], str):
        raise WrongType("numpy.einsum knows units only with subscripts as text")
    dim = DIMENSIONLESS
    parts = [split(arg) for arg in args[1:]]
    for _, found in parts:
        dim = times(dim, found)
    return PlainResult(func(args[0], *(plain for plain, _ in parts), **kwargs), dim)


def chained(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """numpy.linalg.multi_dot."""
    parts = [split(arg) for arg in args[0]]
    dim = DIMENSIONLESS
    for _, found in parts:
        dim = times(dim, found)
    return PlainResult(func([plain for plain, _ in parts], **kwargs), dim)


def takes_base_units(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """Functions of the numbers in base units, with results that have none, where scripts for Brian 2 count on it; said
    every time."""
    logger.warning("%s took values in base units, and its result has no unit; divide by a unit to choose the scale",
                   _title(func), extra={"topic": "unit_dropped"})
    return PlainResult(func(*_bare(args), **_bare(kwargs)), None)


def _bare(tree: Any) -> Any:
    """The same containers, all quantities in them as plain numbers."""
    if isinstance(tree, dict):
        return {key: _bare(value) for key, value in tree.items()}
    if type(tree) in (list, tuple):
        return type(tree)(map(_bare, tree))
    return np.asarray(tree) if isinstance(getattr(tree, "dim", None), Dimension) else tree


def text(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    return PlainResult(repr(args[0]) if func.__name__ == "array_repr" else str(args[0]), None)


def _rows(rule: Rule, names: str, where: Any = np) -> dict[Callable[..., Any], Rule]:
    return {getattr(where, name): rule for name in names.split() if hasattr(where, name)}


RULES: dict[Callable[..., Any], Rule] = {
    **_rows(
        keeps(),
        "reshape ravel transpose permute_dims matrix_transpose squeeze expand_dims swapaxes moveaxis rollaxis roll "
        "flip fliplr flipud rot90 repeat tile take take_along_axis delete diagonal diag diagflat tril triu "
        "broadcast_to resize copy real imag sort sort_complex partition cumsum nancumsum mean nanmean median "
        "nanmedian std nanstd ptp round around fix trim_zeros percentile quantile nanpercentile nanquantile trace "
        "array_split split hsplit vsplit dsplit unstack zeros_like ones_like empty_like unwrap cumulative_sum "
        "real_if_close astype unique_values",
    ),
    **_rows(keeps((99, "initial")), "sum max min amax amin nansum nanmax nanmin"),
    **_rows(keeps((1, "a_min"), (2, "a_max"), (99, "min"), (99, "max")), "clip"),
    **_rows(keeps((1, "values")), "append"),
    **_rows(keeps((2, "values")), "insert"),
    **_rows(keeps((3, "prepend"), (4, "append")), "diff"),
    **_rows(keeps((1, "to_end"), (2, "to_begin")), "ediff1d"),
    **_rows(keeps((99, "constant_values"), (99, "end_values")), "pad"),
    **_rows(keeps((2, "nan"), (3, "posinf"), (4, "neginf")), "nan_to_num"),
    **_rows(alike((1, "a")), "compress"),
    **_rows(alike((1, "arr")), "extract"),
    **_rows(
        forgets(),
        "shape ndim size argmax argmin nanargmax nanargmin argsort argwhere nonzero flatnonzero count_nonzero isreal "
        "iscomplex isrealobj iscomplexobj all any isposinf isneginf argpartition may_share_memory shares_memory "
        "lexsort min_scalar_type result_type can_cast common_type corrcoef",
    ),
    **_rows(forgets((1, "v")), "searchsorted"),
    **_rows(forgets((1, "bins")), "digitize"),
    **_rows(alike((0, "a1"), (1, "a2"), result=lambda dim: None), "array_equal array_equiv"),
    **_rows(alike((0, "element"), (1, "test_elements"), result=lambda dim: None), "isin"),
    **_rows(alike((0, "ar1"), (1, "ar2")), "union1d setdiff1d setxor1d"),
    **_rows(alike((0, "start"), (1, "stop")), "linspace geomspace"),
    **_rows(gives(lambda dim: raised(dim, 2.0)), "var nanvar cov"),
    **_rows(joins, "concatenate concat stack hstack vstack dstack column_stack"),
    **_rows(each_its_own, "atleast_1d atleast_2d atleast_3d broadcast_arrays meshgrid"),
    **_rows(multiplies, "dot vdot inner outer tensordot kron cross convolve correlate"),
    **_rows(product_of_elements, "prod nanprod"),
    **_rows(writes(1, "src"), "copyto"),
    **_rows(writes(2, "vals"), "place"),
    **_rows(writes(2, "values"), "putmask"),
    **_rows(writes(2, "v"), "put"),
    **_rows(writes(1, "val"), "fill_diagonal"),
    **_rows(writes(2, "values"), "put_along_axis"),
    **_rows(chooses, "where"),
    **_rows(selects, "select"),
    **_rows(interpolates, "interp"),
    **_rows(counts, "histogram"),
    **_rows(counts_in_cells, "histogram2d"),
    **_rows(edges, "histogram_bin_edges"),
    **_rows(close, "isclose allclose"),
    **_rows(uniques, "unique unique_all unique_counts unique_inverse"),
    **_rows(averages, "average"),
    **_rows(integrates, "trapezoid"),
    **_rows(slopes, "gradient"),
    **_rows(filled_like, "full_like"),
    **_rows(sums_of_products, "einsum"),
    **_rows(
        takes_base_units, "bincount intersect1d histogramdd choose sinc roots poly vander diag_indices_from "
                          "tril_indices_from triu_indices_from"),
    **_rows(takes_base_units, "fft ifft rfft irfft hfft ihfft fft2 ifft2 rfft2 irfft2 fftn ifftn rfftn irfftn fftshift "
                              "ifftshift", np.fft),
    **_rows(takes_base_units, "cond matrix_rank eigvals slogdet", np.linalg),
    **_rows(text, "array_repr array_str array2string"),
    **_rows(norms, "norm vector_norm matrix_norm", np.linalg),
    **_rows(solves, "solve", np.linalg),
    **_rows(gives(lambda dim: raised(dim, -1.0)), "inv pinv", np.linalg),
    **_rows(determinant, "det", np.linalg),
    **_rows(keeps(), "eigvalsh svdvals cholesky diagonal trace matrix_transpose", np.linalg),
    **_rows(multiplies, "cross outer tensordot", np.linalg),
    **_rows(chained, "multi_dot", np.linalg),
}  # fmt: skip
RULES[np.linalg.cholesky] = gives(lambda dim: raised(dim, 0.5))
