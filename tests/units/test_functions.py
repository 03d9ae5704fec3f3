"""Unit-aware functions; those with names of Python's builtins serve both kinds of callers."""
import builtins
import math

import numpy as np
import pytest

from brainsim.errors import DimensionMismatchError
from brainsim.units import amp, functions, ms, mV, volt

V = [3, 1, 2] * mV


@pytest.mark.feature("unit-aware functions")
@pytest.mark.parametrize(
    "name", ["sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "arcsinh", "arctanh", "exp",
             "expm1", "exprel", "log", "log10", "log1p"]
)
def test_functions_of_pure_numbers(name):
    function = getattr(functions, name)
    reference = getattr(np, name, lambda x: np.expm1(x) / x)
    assert function(0.5) == pytest.approx(reference(0.5))
    assert np.allclose(function([0.25, 0.5]), reference([0.25, 0.5]) if name != "exprel"
                       else np.expm1([0.25, 0.5]) / [0.25, 0.5])
    assert function(500 * mV / volt) == pytest.approx(function(0.5))
    with pytest.raises(DimensionMismatchError):
        function(0.5 * mV)


def test_exp_says_what_it_got():
    with pytest.raises(DimensionMismatchError) as caught:
        functions.exp(3 * mV)
    assert str(caught.value) == "exp expects a dimensionless argument but got 3. mV (unit is volt)"


def test_exprel_is_smooth_at_zero():
    assert functions.exprel(0) == 1 and functions.exprel(1) == pytest.approx(math.e - 1)
    assert functions.exprel([0, 1e-12]).tolist() == pytest.approx([1, 1])
    assert functions.exprel(np.inf) == np.inf and functions.exprel(-np.inf) == 0


@pytest.mark.feature("unit-aware functions")
def test_ranges():
    assert (functions.arange(0 * ms, 3 * ms, 1 * ms) / ms).tolist() == [0, 1, 2]
    assert (functions.arange(3 * ms, step=1 * ms) / ms).tolist() == [0, 1, 2]
    assert functions.arange(3).dtype.kind == "i" and functions.arange(1, 3).tolist() == [1, 2]
    assert functions.arange(start=1, stop=3).tolist() == [1, 2]
    assert functions.linspace(0 * mV, 2 * mV, 3)[1] == 1 * mV and functions.linspace(0, 2 * mV, 3)[2] == 2 * mV
    assert functions.linspace(0 * mV, 2 * mV, 3, retstep=True)[1] == 1 * mV
    for wrong in (lambda: functions.arange(3 * ms), lambda: functions.arange(1, 3 * ms, 1 * ms),
                  lambda: functions.linspace(1 * amp, 2 * mV)):
        with pytest.raises(DimensionMismatchError):
            wrong()
    with pytest.raises(TypeError):
        functions.arange()


@pytest.mark.feature("unit-aware functions")
def test_units_are_kept():
    assert functions.where(V > 1.5 * mV, V, 0 * mV)[1] == 0 * mV and functions.where(V > 1.5 * mV)[0].tolist() == [0, 2]
    assert functions.dot(V, V).dim is (mV**2).dim and functions.ptp(V) == 2 * mV
    square = np.arange(4).reshape(2, 2) * mV
    assert functions.diagonal(square)[1] == 3 * mV and functions.trace(square) == 3 * mV
    assert functions.ravel(square)[3] == 3 * mV
    with pytest.raises(DimensionMismatchError):
        functions.where(V > 1.5 * mV, V, 1 * amp)


def test_ones_and_zeros_are_plain():
    assert functions.ones_like(V).tolist() == [1, 1, 1] and functions.zeros_like(V).tolist() == [0, 0, 0]


@pytest.mark.feature("builtins beside the star import")
def test_sum_serves_python():
    assert functions.sum(x * mV for x in [1, 2]) == 3 * mV
    assert functions.sum([[1], [2]], []) == [1, 2] and functions.sum([1, 2], start=10) == 13 and functions.sum([]) == 0
    assert functions.sum({1, 2}) == 3 and functions.sum({1: "a", 2: "b"}) == 3
    assert functions.sum([1 * mV, 2 * mV]) == 3 * mV
    assert type(functions.sum([1, 2])) is int and functions.sum([1 * mV], 2 * mV) == 3 * mV


def test_sum_serves_numpy():
    square = np.arange(4).reshape(2, 2) * mV
    assert (functions.sum(square, axis=0) / mV).tolist() == [2, 4]
    assert (functions.sum(square, 1) / mV).tolist() == [1, 5]
    assert functions.sum(square) == 6 * mV and functions.sum([[1, 2], [3, 4]]) == 10
    assert np.isclose(functions.sum([V, V]), 12 * mV)
    assert functions.sum([[1, 2], [3, 4]], axis=0).tolist() == [4, 6] and functions.sum(V, keepdims=True).shape == (1,)
    with pytest.raises(DimensionMismatchError):
        functions.sum([1 * mV, 2 * amp])


@pytest.mark.feature("builtins beside the star import")
def test_any_and_all_serve_both():
    assert functions.any(x > 1 for x in [1, 2]) is True and functions.all([]) is True
    assert functions.any(["", "a"]) is True
    assert functions.any(np.eye(2), axis=0).tolist() == [True, True] and not functions.all(V > 1.5 * mV)
    assert functions.any(V)
    assert not functions.any([[0, 0]]) and functions.all({"a": 1}) is True


@pytest.mark.feature("builtins beside the star import")
def test_divmod_serves_both():
    assert functions.divmod(7, 2) == builtins.divmod(7, 2) and type(functions.divmod(7, 2)[0]) is int
    assert functions.divmod(7 * mV, 2 * mV) == (3, 1 * mV)
    assert [x.tolist() for x in functions.divmod([7, 8], 3)] == [[2, 2], [1, 2]]


def test_functions_of_pure_numbers_keep_a_mask():
    masked = np.ma.array([0.0, 1.0], mask=[False, True])
    for made in (functions.cos(masked), functions.exp(masked), functions.ones_like(masked)):
        assert made.mask.tolist() == [False, True] and made[0] == 1
