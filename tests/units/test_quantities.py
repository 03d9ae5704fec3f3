"""Quantities: arithmetic with dimensions, elements, copies; each thing accepted beside its twin refused."""
import copy
import pickle

import numpy as np
import pytest

from brainsim.errors import DimensionMismatchError
from brainsim.units import (
    Quantity,
    Unit,
    amp,
    get_dimensions,
    mA,
    ms,
    mV,
    nS,
    ohm,
    second,
    uvolt,
    volt,
)


@pytest.mark.feature("quantities")
def test_a_number_times_a_unit_is_a_quantity_in_base_units():
    tau = 10 * ms
    assert float(tau) == 0.01 and tau.dim is second.dim and tau.dimensions is second.dim


@pytest.mark.feature("quantities from lists")
@pytest.mark.parametrize("values", [[1, 2], (1, 2), np.array([1, 2]), np.array([1.0, 2.0], "f4"), range(1, 3)])
def test_every_sequence_times_a_unit_is_an_array_of_float64(values):
    assert (values * mV).dtype == float
    assert (values * mV / mV).tolist() == [1.0, 2.0]
    assert (mV * values / mV).tolist() == [1.0, 2.0]


@pytest.mark.feature("quantities")
def test_equal_units_cancel_to_plain_numbers():
    assert type(3 * mV / mV) is float
    assert type([1, 2] * mV / mV) is np.ndarray
    assert 3 * mV * nS / (3 * mV) == 1 * nS
    assert type(mV / volt) is float and mV / volt == 0.001


def test_ohms_law():
    assert 10 * mV / (5 * ohm) == 2 * mA
    assert (10 * mV / (5 * ohm)).dim is amp.dim


@pytest.mark.feature("dimension checks")
def test_adding_volt_to_amp_names_both_sides():
    with pytest.raises(DimensionMismatchError) as caught:
        3 * mV + 2 * amp
    assert str(caught.value) == "Cannot calculate 3. mV + 2. A, the units do not match (units are volt and amp)"


def test_adding_a_number_to_volt_gives_advice():
    with pytest.raises(DimensionMismatchError) as caught:
        1 - 3 * mV
    assert str(caught.value) == (
        "Cannot calculate 1 - 3. mV, the units do not match (units are 1 and volt)\n  "
        "Help: multiply the plain number by its unit"
    )


def test_comparing_volt_with_amp_names_both_sides():
    with pytest.raises(DimensionMismatchError) as caught:
        [1, 2] * mV < 3 * amp
    assert str(
        caught.value) == "Cannot perform comparison [1. 2.] mV < 3. A, the units do not match (units are volt and amp)"


def test_a_long_array_is_named_by_its_ends():
    with pytest.raises(DimensionMismatchError, match=r"\[ 0\. 1\. \.\.\. 98\. 99\.\] mV \+ 3\. A"):
        np.arange(100) * mV + 3 * amp


@pytest.mark.feature("dimension checks")
@pytest.mark.parametrize("operation", ["__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__add__", "__sub__",
                                       "__mod__"])
def test_every_comparison_and_sum_refuses_other_dimensions(operation):
    getattr(3 * mV, operation)(3 * volt)
    with pytest.raises(DimensionMismatchError):
        getattr(3 * mV, operation)(3 * amp)
    with pytest.raises(DimensionMismatchError):
        getattr(3 * mV, operation)(3)


@pytest.mark.feature("zero and infinity")
def test_zero_fits_every_dimension():
    v = [1, 2] * mV
    assert (v + 0)[0] == 1 * mV and (0 - v)[1] == -2 * mV and (v > 0).all() and (v + np.zeros(2) == v).all()
    v[0] = 0
    assert v[0] == 0 * mV


def test_zero_amp_is_not_zero():
    with pytest.raises(DimensionMismatchError):
        3 * mV + 0 * amp


@pytest.mark.feature("zero and infinity")
def test_infinity_fits_every_comparison_and_no_sum():
    assert 3 * mV < np.inf and 3 * mV > -np.inf and 3 * mV != np.inf
    with pytest.raises(DimensionMismatchError):
        3 * mV + np.inf


def test_equality_with_something_that_is_no_number_is_false():
    assert (3 * mV == None) is False and (3 * mV != "v") is True


@pytest.mark.feature("powers of quantities")
def test_powers_and_roots():
    assert (3 * mV) ** 2 == 9 * mV**2
    assert np.sqrt(4 * mV**2) == 2 * mV
    assert (((4 * volt) ** 0.5) ** 2) == 4 * volt
    assert (8 * volt) ** 0 == 1
    assert 2 ** (3 * mV / mV) == 8


@pytest.mark.feature("powers of quantities")
def test_an_exponent_has_no_unit():
    with pytest.raises(DimensionMismatchError) as caught:
        2 ** (3 * mV)
    assert str(caught.value) == "The exponent of a power has to be dimensionless but was 3. mV (unit is volt)"


@pytest.mark.feature("powers of quantities")
def test_an_exponent_is_one_number():
    assert (np.array([2.0, 3.0]) ** np.array([1, 2])).tolist() == [2, 9]
    with pytest.raises(TypeError, match="one number, not an array"):
        (3 * mV) ** np.array([1, 2])


def test_division_with_remainder():
    assert divmod(7 * mV, 2 * mV) == (3, 1 * mV)
    assert 7 * mV // (2 * mV) == 3 and (7 * mV % (2 * mV)) == 1 * mV
    assert 7.5 * volt // 2 == 3 * volt   # as Brian 2 does it: whole numbers of base units


def test_the_builtin_sum_keeps_units():
    assert sum([1 * mV, 2 * mV]) == 3 * mV
    with pytest.raises(DimensionMismatchError):
        sum([1 * mV, 2 * amp])


def test_text_is_no_factor():
    with pytest.raises(TypeError) as caught:
        "a" * mV
    assert str(caught.value) == "Object of type <class 'str'> does not have dimensions"
    with pytest.raises(TypeError):
        3 * mV + "a"


@pytest.mark.feature("in-place operators")
def test_arrays_change_in_place_and_scalars_do_not():
    v = [1, 2] * mV
    same = v
    v += 1 * mV
    assert same[0] == 2 * mV
    x = 1 * mV
    old = x
    x += 1 * mV
    assert old == 1 * mV and x == 2 * mV


def test_in_place_sums_check_dimensions():
    v = [1, 2] * mV
    with pytest.raises(DimensionMismatchError):
        v += 1 * amp
    with pytest.raises(DimensionMismatchError):
        v -= 1
    assert v[0] == 1 * mV


def test_in_place_factors_change_the_unit_of_a_whole_array_but_not_of_a_part():
    v = [1, 2] * mV
    v *= 2 * nS
    assert v[1] == 4 * mV * nS
    part = v[:1]
    part *= 2
    assert v[0] == 4 * mV * nS
    with pytest.raises(DimensionMismatchError, match="The unit of a part of an array cannot be changed in place"):
        part *= mV


def test_a_plain_array_does_not_take_a_unit_in_place():
    x = np.ones(2)
    with pytest.raises(DimensionMismatchError, match="cannot be written into a plain array"):
        x *= mV
    x /= 1 * mV / mV
    assert x.tolist() == [1, 1]


def test_elements_keep_the_unit():
    v = np.arange(6).reshape(2, 3) * mV
    assert v[1, 2] == 5 * mV and v[0].dim is volt.dim and v[v > 3 * mV].tolist() == [4 * mV, 5 * mV]
    assert [x.dim for row in v for x in row] == [volt.dim] * 6
    assert v.item(4) == 4 * mV and v.flat[3] == 3 * mV and list(v.flat)[5] == 5 * mV


def test_assignment_checks_dimensions():
    v = [1, 2, 3] * mV
    v[0] = 5 * uvolt
    v[1:] = [1 * mV, 2 * volt]
    v.flat[1] = 3 * mV
    assert v[0] == 5 * uvolt and v[1] == 3 * mV and v[2] == 2 * volt
    with pytest.raises(DimensionMismatchError) as caught:
        v[0] = 3
    assert str(caught.value) == (
        "Inconsistent units in assignment (units are volt and 1)\n  Help: multiply the plain number by its unit"
    )
    for wrong in (3 * amp, [1 * mV, 1 * amp, 1 * mV]):
        with pytest.raises(DimensionMismatchError):
            v[:] = wrong
    with pytest.raises(DimensionMismatchError):
        v.fill(3)


def test_what_has_no_scale_may_be_assigned():
    v = [1, 2, 3] * mV
    v[:] = [0, np.inf, np.nan]
    assert v[0] == 0 and v[1] == np.inf and np.isnan(v[2])


@pytest.mark.feature("quantities from lists")
def test_a_quantity_is_made_of_agreeing_elements():
    assert Quantity([1 * mV, 2 * volt])[1] == 2 * volt
    assert Quantity(3, volt) == 3 * volt and Quantity(3, volt.dim) == 3 * volt
    assert Quantity.with_dimensions(3, metre=1,
                                    s=-1).dim is get_dimensions(Quantity.with_dimensions(1, length=1, time=-1))
    with pytest.raises(DimensionMismatchError):
        Quantity([1 * mV, 2 * amp])
    with pytest.raises(DimensionMismatchError):
        Quantity(3 * mV, amp)
    with pytest.raises(TypeError):
        Quantity(1j)


@pytest.mark.feature("removing units")
def test_numpy_gives_the_numbers_in_base_units():
    v = [1, 2] * mV
    assert type(np.array(v)) is np.ndarray and np.asarray(v).tolist() == [0.001, 0.002]
    np.asarray(v)[0] = 5
    assert v[0] == 5 * volt
    assert float(3 * mV) == 0.003 and int(3 * volt) == 3


def test_only_float64_has_units():
    assert ([1, 2] * mV).astype(float)[0] == 1 * mV
    with pytest.raises(TypeError) as caught:
        ([1, 2] * mV).astype(int)
    assert str(
        caught.value) == "A quantity cannot become int64\n  Help: divide by the unit first, e.g. (x/mV).astype(int)"


@pytest.mark.feature("copies and pickles of quantities")
@pytest.mark.parametrize("made", [3 * mV, [1, 2] * mV, mV, mV / ms, Quantity(3.0)])
@pytest.mark.parametrize("twin_of", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_keep_unit_and_class(made, twin_of):
    twin = twin_of(made)
    assert np.all(twin == made) and twin.dim is made.dim and type(twin) is type(made) and str(twin) == str(made)


def test_a_copy_is_independent():
    v = [1, 2] * mV
    for twin in (copy.copy(v), copy.deepcopy(v), v.copy()):
        twin[0] = 7 * mV
    assert v[0] == 1 * mV


def test_scalars_can_be_keys_and_arrays_cannot():
    assert {3 * mV: "a"}[0.003 * volt] == "a" and hash(mV) == hash(1 * mV)
    with pytest.raises(TypeError):
        hash([1, 2] * mV)


def test_numbers_of_numpy_take_units():
    assert np.float64(3) * mV == 3 * mV and np.int64(3) * mV == 3 * mV and mV * np.float32(2) == 2 * mV


# -- units
# ---------------------------------------------------------------------------------------------------------------


@pytest.mark.feature("units")
def test_products_and_powers_of_units_are_units():
    for made, name, text in [
        (mV * mA, "mvolt * mamp", "mV mA"), (mV / ms, "mvolt / msecond", "mV/ms"), (mV**2, "mvolt ** 2", "mV^2"),
        (1 / ms, "msecond ** -1", "ms^-1"), (mV * mV, "mvolt ** 2", "mV^2"), (mV * ms / ms, "mvolt", "mV"),
    ]:  # fmt: skip
        assert type(made) is Unit and made.name == repr(made) == name and made.dispname == str(made) == text


def test_other_arithmetic_of_units_gives_quantities():
    for made in (mV + mV, 1 * mV, mV * 2, -mV, mV / 2, 2 / mV, mV.copy(), mV.reshape(1), np.sqrt(mV)):
        assert type(made) is Quantity


@pytest.mark.feature("units")
def test_a_unit_cannot_be_changed():
    unit = mV
    with pytest.raises(TypeError) as caught:
        unit *= 2
    assert str(caught.value) == "The unit mV cannot be changed\n  Help: make a quantity of it first: x = 1*mvolt"
    for change in (lambda: mV.fill(3 * mV), lambda: mV.__setitem__((), 3 * mV), lambda: np.add(mV, mV, out=mV)):
        with pytest.raises(TypeError):
            change()
    assert float(mV) == 0.001


def test_a_unit_may_be_any_positive_quantity():
    minute = Unit(60 * second, name="minute", dispname="min")
    assert 2 * minute == 120 * second and str(minute) == "min" and minute.scale is None
    assert (120 * second).in_unit(minute) == "2. min"
    with pytest.raises(ValueError):
        Unit(-1 * second, name="past")


def test_scaled_units_have_the_prefix_in_name_and_value():
    made = Unit.create_scaled_unit(Unit.create(volt.dim, "volt", "V"), "k")
    assert made.name == "kvolt" and made.dispname == "kV" and made.scale == 3 and made == 1000 * volt
    with pytest.raises(ValueError):
        Unit.create_scaled_unit(volt, "x")
