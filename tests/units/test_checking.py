"""`check_units` and the questions about dimensions."""
import numpy as np
import pytest

from brainsim.errors import DimensionMismatchError
from brainsim.units import (
    DIMENSIONLESS,
    Quantity,
    amp,
    check_units,
    fail_for_dimension_mismatch,
    get_dimensions,
    have_same_dimensions,
    is_dimensionless,
    is_scalar_type,
    mA,
    ms,
    mV,
    ohm,
    second,
    volt,
)  # fmt: skip


@check_units(v=volt, r=ohm, result=amp)
def current(v, r=1 * ohm):
    return v / r


@check_units(flag=bool, label=str, n=1, anything=None)
def kinds(flag=True, label="a", n=1, anything=None):
    return flag, label, n, anything


@check_units(a=None, b="a", result=lambda a, b: a * b)
def product(a, b):
    return a * b


@check_units(x=1, result=bool)
def positive(x):
    return x > 0 if x != 7 else 7


@pytest.mark.feature("check_units")
def test_right_units_pass_by_position_keyword_and_default():
    assert current(1 * volt, 2 * ohm) == current(r=2 * ohm, v=1 * volt) == 0.5 * amp
    assert current(1 * volt) == 1 * amp
    assert current([1, 2] * volt, 1 * ohm)[1] == 2 * amp and current([1, 2] * volt)[0] == 1 * amp


@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: current(1 * amp), "Function 'current' expected a quantity with unit volt for argument 'v' but got 1. "
                                   "A (unit is amp)"),
        (lambda: current(1 * volt, r=2), "Function 'current' expected a quantity with unit ohm for argument 'r' but "
                                         "got 2 (unit is 1)"),
        (lambda: current(0), "Function 'current' expected a quantity with unit volt for argument 'v' but got 0 (unit "
                             "is 1)"),
        (lambda: kinds(n=3 * mV), "Function 'kinds' expected a quantity with unit 1 for argument 'n' but got 3. mV "
                                  "(unit is volt)"),
        (
            lambda: product(1 * mV, 2 * amp),
            "Function 'product' expected the argument 'b' to have the same units as argument 'a' (units are amp and "
            "volt)",
        ),
    ],
)
def test_wrong_units_name_function_argument_and_value(call, text):
    with pytest.raises(DimensionMismatchError) as caught:
        call()
    assert str(caught.value) == text


@pytest.mark.feature("check_units")
@pytest.mark.parametrize(
    "call, text",
    [
        (lambda: kinds(flag=1), "Function 'kinds' expected a boolean value for argument 'flag' but got 1"),
        (lambda: kinds(label=1), "Function 'kinds' expected a text for argument 'label' but got 1"),
        (lambda: current(object()), "Argument 'v' of function 'current' is not a quantity"),
        (lambda: positive(7), "The return value of function 'positive' was expected to be a boolean value, but was 7"),
    ],
)
def test_wrong_kinds_are_type_errors(call, text):
    with pytest.raises(TypeError) as caught:
        call()
    assert caught.value.what == text


def test_text_stands_for_an_expression_and_passes():
    @check_units(v=volt)
    def same(v):
        return v

    assert same("rand()*mV") == "rand()*mV"


def test_the_result_is_checked():
    @check_units(result=amp)
    def wrong(v):
        return v

    assert wrong(3 * amp) == 3 * amp
    with pytest.raises(DimensionMismatchError) as caught:
        wrong(3 * mV)
    assert str(caught.value) == ("The return value of function 'wrong' was expected to have unit amp "
                                 "but was 3. mV (unit is volt)")


def test_anything_and_none_pass():
    assert kinds(np.True_, "b", 2.5, 3 * mV)[3] == 3 * mV
    assert kinds(n=None)[2] is None
    assert product(2 * mV, 3 * mV) == 6 * mV**2 and product(2, 3) == 6
    assert positive(3) is True


@pytest.mark.feature("check_units")
def test_a_decorated_function_tells_equations_its_units():
    assert current._arg_names == ("v", "r") and current._arg_units == [volt, ohm] and current._return_unit is amp
    assert product._arg_units == [None, "a"] and product._return_unit(2, 3) == 6 and not product._returns_bool
    assert positive._returns_bool and current._orig_func(1 * amp, 1 * amp) == 1 and current.__name__ == "current"


def test_a_reference_to_no_argument_is_refused_at_once():
    with pytest.raises(TypeError, match="there is no argument of that name"):

        @check_units(a="missing")
        def function(a):
            return a


@pytest.mark.feature("questions about dimensions")
def test_dimensions_of_things():
    assert get_dimensions(3) is get_dimensions([1, 2]) is DIMENSIONLESS
    assert get_dimensions([1 * mV, 2 * volt]) is volt.dim
    assert is_dimensionless(np.ones(3)) and not is_dimensionless(volt) and is_dimensionless(3 * mV / mV)
    assert have_same_dimensions(3 * mV, volt) and not have_same_dimensions(0, volt)
    for wrong in ("a", None, object(), {}):
        with pytest.raises(TypeError):
            get_dimensions(wrong)


@pytest.mark.feature("questions about dimensions")
def test_scalars():
    assert all(map(is_scalar_type, [3, 2.5, True, np.float64(1), np.array(1), 3 * mV / mV]))
    assert not any(map(is_scalar_type, [3 * mV, [1], "a", np.ones(2), None]))


def test_fail_for_dimension_mismatch():
    assert fail_for_dimension_mismatch(3 * mV, 2 * volt) == (volt.dim, volt.dim)
    assert fail_for_dimension_mismatch(3 * mV, 0) == (volt.dim, DIMENSIONLESS)
    with pytest.raises(DimensionMismatchError) as caught:
        fail_for_dimension_mismatch(3 * mV, 2 * amp, "Cannot mix {first}", first="a")
    assert str(caught.value) == "Cannot mix a (units are volt and amp)"
    with pytest.raises(DimensionMismatchError) as caught:
        fail_for_dimension_mismatch(3 * mV)
    assert str(caught.value) == "Dimension mismatch (unit is volt)"


def test_anything_with_a_dimension_takes_part():
    class View:
        dim = volt.dim

        def __array__(self, dtype=None, copy=None):
            return np.array([0.001, 0.002])

    assert get_dimensions(View()) is volt.dim and (1 * mV + View())[1] == 3 * mV
    assert (View() * Quantity(2, second))[0] == 2 * mV * second
    assert (mA * View()).dim is (amp * volt).dim and (View() > 1.5 * mV).tolist() == [False, True]
    with pytest.raises(DimensionMismatchError):
        1 * ms + View()
