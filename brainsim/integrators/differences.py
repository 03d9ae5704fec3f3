"""Divided differences of the exponential function, as trees that stay finite and accurate when points coincide.

The solution of linear equations with rates a, b, c ... over a step consists of them: exp[a] = exp(a), exp[a, b] =
(exp(a) - exp(b)) / (a - b), and so on (Davis 1973; Higham, Functions of Matrices, 2008, theorem 4.11). The rates are
symbols whose values are known at run time only, so every form here holds for all values:

* two points: ``exp(max) * exprel(-|a - b|)``, which neither cancels nor overflows;
* more points: (exp[all but the least] - exp[all but the greatest]) / (greatest - least), and where the points are
  closer than `CLOSE`, the series of complete homogeneous symmetric polynomials about their mean (McCurdy, Ng and
  Parlett 1984).
"""
from __future__ import annotations

from collections.abc import Sequence
from math import factorial

from brainsim.integrators.affine import is_zero
from brainsim.integrators.system import Steps
from brainsim.integrators.terms import (
    ONE,
    ZERO,
    add,
    call,
    divide,
    is_number,
    less,
    multiply,
    negative,
    select,
    subtract,
    total,
)
from brainsim.language.trees import Number, Op, Tree

CLOSE = 0.1
"""Spread of the points below which the series is used: its error is then under 1e-16, that of the quotient under
1e-14."""
TERMS = 9
TOUCHING = 1e-7
"""Squared distance of a point from a root below which dividing by it would lose more digits than moving the root."""


def difference(points: Sequence[Tree], steps: Steps) -> Tree:
    """exp[points]; the points are dimensionless (rate times step); temporaries go to ``steps``."""
    values, counts = _grouped(points)
    match values:
        case [a]:
            return divide(steps.let("_exp", call("exp", a)), Number(factorial(counts[0] - 1)))
        case [a, b] if len(points) == 2:
            return _of_two(a, b, steps)
        case [a, b]:
            return _of_two_repeated(a, b, counts, steps)
    return _of_sorted(_sort(points, steps), steps, {})


def _grouped(points: Sequence[Tree]) -> tuple[list[Tree], list[int]]:
    values: list[Tree] = []
    counts: list[int] = []
    for point in points:
        for k, value in enumerate(values):
            if is_zero(subtract(point, value)):
                counts[k] += 1
                break
        else:
            values.append(point)
            counts.append(1)
    return values, counts


def _of_two(a: Tree, b: Tree, steps: Steps) -> Tree:
    if is_number(b, 0):
        return steps.let("_exprel", call("exprel", a))
    if is_number(a, 0):
        return steps.let("_exprel", call("exprel", b))
    least, greatest = _pair(a, b, steps)
    return _of_two_sorted(greatest, least, steps)


def _of_two_sorted(greatest: Tree, least: Tree, steps: Steps) -> Tree:
    gap = steps.let("_gap", subtract(least, greatest))
    return steps.let("_exp2", multiply(call("exp", greatest), call("exprel", gap)))


def _of_two_repeated(a: Tree, b: Tree, counts: Sequence[int], steps: Steps) -> Tree:
    a, b = steps.let("_rate", a), steps.let("_rate", b)
    points = [a] * counts[0] + [b] * counts[1]
    gap = steps.let("_gap", subtract(b, a))
    apart = subtract(difference(points[1:], steps), difference(points[:-1], steps))
    return _guarded(points, gap, less(call("abs", gap), Number(CLOSE)), apart, steps)


def _of_sorted(points: tuple[Tree, ...], steps: Steps, known: dict[tuple[Tree, ...], Tree]) -> Tree:
    """exp[points] for points in falling order, some of which may be equal at run time."""
    if points not in known:
        if len(points) == 2:
            known[points] = _of_two_sorted(*points, steps)
        else:
            gap = steps.let("_gap", subtract(points[0], points[-1]))
            apart = subtract(_of_sorted(points[:-1], steps, known), _of_sorted(points[1:], steps, known))
            known[points] = _guarded(points, gap, less(gap, Number(CLOSE)), apart, steps)
    return known[points]


def _guarded(points: Sequence[Tree], gap: Tree, close: Tree, apart: Tree, steps: Steps) -> Tree:
    close = steps.let("_close", close)
    quotient = divide(apart, steps.let("_divisor", select(close, Number(1.0), gap)))
    return steps.let(f"_exp{len(points)}", select(close, series(points, steps), quotient))


def series(points: Sequence[Tree], steps: Steps, pair: tuple[Tree, Tree] | None = None) -> Tree:
    """exp[points] about their mean: exp(mean) * sum of h_k / (k + n - 1)! with h_k from Newton's recursion.

    A ``pair`` (middle, square) stands for two more points ``middle ± sqrt(square)``; all is real if they are complex.
    """
    doubled = (pair[0], pair[0]) if pair else ()
    n = len(points) + len(doubled)
    mean = steps.let("_mean", divide(total((*points, *doubled)), Number(n)))
    apart = [steps.let("_apart", subtract(p, mean)) for p in points]
    elementary = _elementary(apart)
    if pair:
        middle = steps.let("_apart", subtract(pair[0], mean))
        elementary = _times([ONE, add(middle, middle), subtract(multiply(middle, middle), pair[1])], elementary)
    elementary = [steps.let("_symmetric", e) for e in elementary[2:]]
    complete: list[Tree] = [ONE, ZERO]  # the deviations from the mean add up to zero, so e_1 is not there
    for k in range(2, TERMS):
        terms = (multiply(e if j % 2 else negative(e), complete[k - j])
                 for j, e in enumerate(elementary[:k - 1], start=2))
        complete.append(steps.let("_power", total(terms)))
    tail = total(multiply(h, Number(1.0 / factorial(k + n - 1))) for k, h in enumerate(complete))
    return multiply(call("exp", mean), tail)


def _elementary(values: Sequence[Tree]) -> list[Tree]:
    """The elementary symmetric polynomials 1, e_1 ... e_n."""
    sums: list[Tree] = [ONE]
    for v in values:
        sums = _times([ONE, v], sums)
    return sums


def _times(a: Sequence[Tree], b: Sequence[Tree]) -> list[Tree]:
    """The product of two polynomials by their coefficients."""
    return [
        total(multiply(a[k], b[j - k]) for k in range(len(a)) if 0 <= j - k < len(b))
        for j in range(len(a) + len(b) - 1)
    ]


def _sort(points: Sequence[Tree], steps: Steps) -> tuple[Tree, ...]:
    """Names for the points in falling order (a sorting network: n is 3 or 4)."""
    names = [steps.let("_rate", p) for p in points]
    for last in range(len(names) - 1, 0, -1):
        for k in range(last):
            names[k + 1], names[k] = _pair(names[k], names[k + 1], steps)
    return tuple(names)


def _pair(a: Tree, b: Tree, steps: Steps) -> tuple[Tree, Tree]:
    """The lesser and the greater of two."""
    a, b = steps.let("_rate", a), steps.let("_rate", b)
    return steps.let("_least", select(less(a, b), a, b)), steps.let("_greatest", select(less(a, b), b, a))


def conjugate(points: Sequence[Tree], middle: Tree, square: Tree, steps: Steps) -> tuple[Tree, Tree]:
    """Mean and difference of F(z) = exp[points, z] at the two roots ``middle ± sqrt(square)``, real or complex.

    (F(z1) + F(z2)) / 2 and (F(z1) - F(z2)) / (z1 - z2): what F of a 2x2 matrix with these eigenvalues needs. Roots well
    apart go by that definition, roots and points close together by the series, all else adds one point after the other
    to exp. Full accuracy but for a nearly double root that coincides with one point while another point is far: 1e-8.
    """
    middle, square = steps.let("_middle", middle), steps.let("_square", square)
    if not points:
        return _of_roots(middle, square, steps)
    mean, slope = _by_recursion(points, middle, square, steps)
    wide_mean, wide_slope = _well_apart(points, middle, square, steps)
    wide = steps.let("_wide", less(Number(CLOSE**2 / 4), square))
    near = steps.let("_near", _all_near(points, middle, square))
    pair = (middle, square)
    near_mean = add(series((*points, middle), steps), multiply(square, series((*points, middle), steps, pair)))
    return (steps.let("_mean_of", select(near, near_mean, select(wide, wide_mean, mean))),
            steps.let("_slope_of", select(near, series(points, steps, pair), select(wide, wide_slope, slope))))


def _of_roots(middle: Tree, square: Tree, steps: Steps) -> tuple[Tree, Tree]:
    """Both for exp itself."""
    turns = steps.let("_turns", less(square, Number(0.0)))
    root = steps.let("_root", call("sqrt", call("abs", square)))
    angle = steps.let("_angle", select(turns, root, Number(1.0)))
    split = steps.let("_split", select(turns, Number(0.0), root))
    high, low = steps.let("_high", add(middle, split)), steps.let("_low", subtract(middle, split))
    size = steps.let("_size", call("exp", middle))
    straight = multiply(Number(0.5), add(steps.let("_exp", call("exp", high)), call("exp", low)))
    mean = select(turns, multiply(size, call("cos", angle)), straight)
    slope = select(turns, divide(multiply(size, call("sin", angle)), angle), _of_two_sorted(high, low, steps))
    return steps.let("_mean_of", mean), steps.let("_slope_of", slope)


def _all_near(points: Sequence[Tree], middle: Tree, square: Tree) -> Tree:
    """Are the roots and all points within a circle that is small enough for the series?"""
    near = less(call("abs", square), Number(CLOSE**2 / 4))
    for z in points:
        near = Op("and", (near, less(call("abs", subtract(z, middle)), Number(CLOSE / 2))))
    return near


def _well_apart(points: Sequence[Tree], middle: Tree, square: Tree, steps: Steps) -> tuple[Tree, Tree]:
    """Both for real roots with a distance to divide by."""
    wide = less(Number(CLOSE**2 / 4), square)
    split = steps.let("_split", call("sqrt", select(wide, square, Number(1.0))))
    high, low = steps.let("_high", add(middle, split)), steps.let("_low", subtract(middle, split))
    one, other = difference((*points, high), steps), difference((*points, low), steps)
    return multiply(Number(0.5), add(one, other)), divide(multiply(Number(0.5), subtract(one, other)), split)


def _by_recursion(points: Sequence[Tree], middle: Tree, square: Tree, steps: Steps) -> tuple[Tree, Tree]:
    """Both by adding the points one by one: exp[P, z, x] = (exp[P, x] - exp[P, z]) / (x - z) for the roots x."""
    shifts = [steps.let("_shift", subtract(middle, z)) for z in points]
    for shift in shifts:
        norm = subtract(multiply(shift, shift), square)
        touches = less(call("abs", norm), Number(TOUCHING))  # a point on a root: move the roots a little
        square = steps.let("_square", subtract(square, select(touches, Number(2 * TOUCHING), Number(0.0))))
    mean, slope = _of_roots(middle, square, steps)
    for k, shift in enumerate(shifts):
        norm = steps.let("_norm", subtract(multiply(shift, shift), square))
        rise = steps.let("_rise", subtract(mean, difference(points[:k + 1], steps)))
        mean, slope = (steps.let("_mean_of", divide(subtract(multiply(rise, shift), multiply(square, slope)), norm)),
                       steps.let("_slope_of", divide(subtract(multiply(slope, shift), rise), norm)))
    return mean, slope
