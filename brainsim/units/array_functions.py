"""What NumPy's functions (those that are no ufuncs) do to dimensions, as data: function -> rule.

A function without a row, or an argument that a row does not expect to have a unit, is refused: NumPy never drops a unit
unasked, and what Brian 2 drops is said. ``docs/units_numpy.rst`` shows every function at work.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from brainsim.errors import WrongType
from brainsim.units.arguments import PlainResult, Rule, plain_all, title
from brainsim.units.array_rules import (
    alike,
    averages,
    close,
    covaries,
    each_its_own,
    filled_like,
    forgets,
    gives,
    ignores,
    integrates,
    interpolates,
    keeps,
    recast,
    saves,
    shared,
    slopes,
    takes_base_units,
    text,
    uniques,
    unwraps,
    weighed,
    writes,
)
from brainsim.units.binning_rules import counts, counts_in_cells, edges, places
from brainsim.units.joining_rules import (
    along_axis,
    appends,
    blocks,
    by_pieces,
    chooses,
    extracts,
    joins,
    over_axes,
    picks,
)
from brainsim.units.product_rules import (
    chained,
    determinant,
    divides,
    evaluates,
    factors,
    fits,
    multiplies,
    norms,
    powers,
    product_of_elements,
    solves,
    sums_of_products,
    triangular,
)
from brainsim.units.ufuncs import raised


def call_with_units(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PlainResult:
    """``func(*args, **kwargs)`` apart from its dimension. WrongType for a function that does not know units."""
    rule = RULES.get(func)
    if rule is not None:
        return rule(func, args, kwargs)
    values = plain_all((args, kwargs), strict=False)
    if values is None:
        raise WrongType(f"{title(func)} does not know units",
                        help=f"divide by the unit first, e.g. {func.__name__}(x/mV)")
    return PlainResult(func(*values[0], **values[1]), None)


def _rows(rule: Rule, names: str, where: Any = np) -> dict[Callable[..., Any], Rule]:
    return {getattr(where, name): rule for name in names.split() if hasattr(where, name)}


RULES: dict[Callable[..., Any], Rule] = {
    **_rows(
        keeps(),
        "reshape ravel transpose permute_dims matrix_transpose squeeze expand_dims swapaxes moveaxis rollaxis roll "
        "flip fliplr flipud rot90 repeat tile take take_along_axis delete diagonal diag diagflat tril triu "
        "broadcast_to resize copy real imag sort sort_complex partition cumsum nancumsum mean nanmean median "
        "nanmedian std nanstd ptp round around fix trim_zeros percentile quantile nanpercentile nanquantile trace "
        "array_split split hsplit vsplit dsplit unstack zeros_like ones_like empty_like cumulative_sum "
        "real_if_close unique_values polyder",
    ),
    **_rows(keeps((99, "initial")), "sum max min amax amin nansum nanmax nanmin"),
    **_rows(keeps((1, "a_min"), (2, "a_max"), (99, "min"), (99, "max")), "clip"),
    **_rows(keeps((2, "k")), "polyint"),
    **_rows(keeps(), "sliding_window_view", np.lib.stride_tricks),
    **_rows(keeps(), "fft ifft rfft irfft hfft ihfft fft2 ifft2 rfft2 irfft2 fftn ifftn rfftn irfftn fftshift "
                     "ifftshift", np.fft),
    **_rows(appends, "append"),
    **_rows(unwraps, "unwrap"),
    **_rows(keeps((2, "values")), "insert"),
    **_rows(keeps((3, "prepend"), (4, "append")), "diff"),
    **_rows(keeps((1, "to_end"), (2, "to_begin")), "ediff1d"),
    **_rows(keeps((99, "constant_values"), (99, "end_values")), "pad"),
    **_rows(keeps((2, "nan"), (3, "posinf"), (4, "neginf")), "nan_to_num"),
    **_rows(extracts, "compress extract"),
    **_rows(
        forgets(),
        "shape ndim size argmax argmin nanargmax nanargmin argsort argwhere nonzero flatnonzero count_nonzero isreal "
        "iscomplex isrealobj iscomplexobj all any isposinf isneginf argpartition angle",
    ),
    **_rows(
        ignores, "may_share_memory shares_memory lexsort min_scalar_type result_type can_cast common_type corrcoef "
                 "roots einsum_path diag_indices_from tril_indices_from triu_indices_from"),
    **_rows(ignores, "cond matrix_rank", np.linalg),
    **_rows(saves, "save savez savez_compressed savetxt"),
    **_rows(places((1, "v"), (0, "a")), "searchsorted"),
    **_rows(places((0, "x"), (1, "bins")), "digitize"),
    **_rows(alike((0, "a1"), (1, "a2"), result=lambda dim: None), "array_equal array_equiv"),
    **_rows(alike((0, "element"), (1, "test_elements"), result=lambda dim: None), "isin"),
    **_rows(alike((0, "ar1"), (1, "ar2")), "union1d setdiff1d setxor1d"),
    **_rows(shared, "intersect1d"),
    **_rows(alike((0, "a1"), (1, "a2")), "polyadd polysub"),
    **_rows(alike((0, "start"), (1, "stop")), "linspace geomspace"),
    **_rows(gives(lambda dim: raised(dim, 2.0)), "var nanvar"),
    **_rows(covaries, "cov"),
    **_rows(joins, "concatenate concat stack hstack vstack dstack column_stack"),
    **_rows(blocks, "block"),
    **_rows(each_its_own, "atleast_1d atleast_2d atleast_3d broadcast_arrays meshgrid ix_"),
    **_rows(multiplies, "dot vdot inner outer tensordot kron cross convolve correlate polymul"),
    **_rows(divides, "polydiv"),
    **_rows(evaluates, "polyval"),
    **_rows(along_axis, "apply_along_axis"),
    **_rows(over_axes, "apply_over_axes"),
    **_rows(by_pieces, "piecewise"),
    **_rows(product_of_elements, "prod nanprod"),
    **_rows(writes(1, "src"), "copyto"),
    **_rows(writes(2, "vals"), "place"),
    **_rows(writes(2, "values"), "putmask"),
    **_rows(writes(2, "v"), "put"),
    **_rows(writes(1, "val"), "fill_diagonal"),
    **_rows(writes(2, "values"), "put_along_axis"),
    **_rows(chooses, "where"),
    **_rows(picks(1, "choices"), "choose"),
    **_rows(picks(1, "choicelist"), "select"),
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
    **_rows(weighed, "bincount"),
    **_rows(recast, "astype"),
    **_rows(takes_base_units, "histogramdd sinc poly vander polyfit"),
    **_rows(takes_base_units, "slogdet", np.linalg),
    **_rows(text, "array_repr array_str array2string"),
    **_rows(norms, "norm vector_norm matrix_norm", np.linalg),
    **_rows(solves, "solve tensorsolve", np.linalg),
    **_rows(fits, "lstsq", np.linalg),
    **_rows(gives(lambda dim: raised(dim, -1.0)), "inv pinv tensorinv", np.linalg),
    **_rows(gives(lambda dim: raised(dim, 0.5)), "cholesky", np.linalg),
    **_rows(determinant, "det", np.linalg),
    **_rows(powers, "matrix_power", np.linalg),
    **_rows(triangular, "qr", np.linalg),
    **_rows(factors(1), "svd", np.linalg),
    **_rows(factors(0), "eig eigh", np.linalg),
    **_rows(keeps(), "eigvals eigvalsh svdvals diagonal trace matrix_transpose", np.linalg),
    **_rows(multiplies, "cross outer tensordot matmul vecdot", np.linalg),
    **_rows(chained, "multi_dot", np.linalg),
}  # fmt: skip
