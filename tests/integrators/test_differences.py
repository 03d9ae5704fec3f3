"""Divided differences of exp against their definition in 60 digits."""
import itertools

import mpmath
import numpy as np
import pytest
from machine import FUNCTIONS, value

from brainsim.integrators.differences import conjugate, difference
from brainsim.integrators.system import Steps
from brainsim.language.trees import Name


def evaluated(steps, wanted, scope):
    with np.errstate(all="ignore"):
        for s in steps.statements:
            scope = scope | {s.target: value(s.value, scope, FUNCTIONS)}
        return [float(value(w, scope, FUNCTIONS)) for w in wanted]


def defined(points):
    """By integrating the recursion with points a little apart, in high precision."""
    with mpmath.workdps(120):
        points = [mpmath.mpmathify(p) + k * mpmath.mpf(10)**-25 for k, p in enumerate(points)]
        column = [mpmath.exp(p) for p in points]
        for order in range(1, len(points)):
            column = [(b - a) / (points[k + order] - points[k]) for k, (a, b) in enumerate(zip(column, column[1:]))]
        return column[0]


CASES = [
    (0.0, 0.0), (-1.0, -1.0 + 1e-12), (-1000.0, -1.0), (-0.1, -0.3), (3.0, -5.0), (-5.0, 0.0),
    (-0.1, -0.1, -0.1), (-0.1, -0.1 - 1e-12, -0.1 + 1e-12), (-0.05, -0.09, -0.12), (-0.05, -0.1, -0.16),
    (-2.0, -2.0, -0.1),
    (-1000.0, -1.0, -1e-3), (0.0, -0.02, -0.5), (-800.0, -900.0, -1000.0), (2.0, -3.0, 0.5), (0.0, 0.0, -0.2),
    (-0.1, -0.2, -0.3, -0.4), (-0.1, -0.1, -0.3, -0.3), (-0.01, -0.02, -0.03, 0.0), (-5.0, -1.0, -0.1, 0.0),
    (-0.3,) * 5,
]


@pytest.mark.parametrize("points", CASES)
def test_differences_are_accurate_in_every_order_of_the_points(points):
    truth = float(defined(points))
    names = [Name(f"p{k}") for k in range(len(points))]
    for order in set(itertools.permutations(points)):
        steps = Steps()
        got, = evaluated(steps, [difference(names, steps)], {n.id: p for n, p in zip(names, order)})
        # each order divides by a gap of at least 0.1; relative to the size of the function, not of a cancelled result
        assert got == pytest.approx(truth, rel=1e-14 * 10**max(0, len(points) - 2), abs=1e-300)


def test_a_repeated_symbol_needs_no_case_distinction():
    steps = Steps()
    result = difference([Name("a")] * 3, steps)
    assert len(steps.statements) == 1
    assert evaluated(steps, [result], {"a": -0.2})[0] == pytest.approx(np.exp(-0.2) / 2, rel=1e-15)


@pytest.mark.parametrize("other", [-0.2, -0.2 + 1e-13, -0.25, -3.0, 0.0])
def test_a_repeated_symbol_beside_another(other):
    steps = Steps()
    got, = evaluated(steps, [difference([Name("a"), Name("b"), Name("a")], steps)], {"a": -0.2, "b": other})
    assert got == pytest.approx(float(defined((-0.2, -0.2, other))), rel=1e-13)


@pytest.mark.parametrize("square", [4.0, 1e-3, 1e-9, 0.0, -1e-13, -1e-9, -1e-3, -4.0, -100.0])
@pytest.mark.parametrize("points", [(), (0.0,), (-0.3,), (-0.299,), (-0.3, -0.31), (0.0, -0.5)])
def test_conjugate_roots_are_accurate_real_or_complex(points, square):
    assert_conjugate_is_right(points, square, 1e-11)


@pytest.mark.parametrize("square", [1e-9, 0.0, -1e-13, -1e-9, -1e-3])
def test_a_double_root_that_coincides_with_one_point_and_is_far_from_another_is_finite_and_nearly_right(square):
    assert_conjugate_is_right((0.0, -0.3), square, 1e-8)


def assert_conjugate_is_right(points, square, tolerance):
    names = [Name(f"p{k}") for k in range(len(points))]
    steps = Steps()
    scope = {"m": -0.3, "s": square} | {n.id: p for n, p in zip(names, points)}
    mean, slope = evaluated(steps, conjugate(names, Name("m"), Name("s"), steps), scope)
    root = mpmath.sqrt(square)
    high, low = defined((*points, -0.3 + root)), defined((*points, -0.3 - root))
    assert mean == pytest.approx(float(mpmath.re((high + low) / 2)), abs=tolerance)
    assert slope == pytest.approx(float(mpmath.re(defined((*points, -0.3 + root, -0.3 - root)))), abs=tolerance)
