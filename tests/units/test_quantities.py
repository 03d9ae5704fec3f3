"""Quantities: arithmetic with dimensions, elements, copies; each thing accepted beside its twin refused."""
import copy
import pickle
from fractions import Fraction

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
    assert isinstance(mV / volt, float) and mV / volt == 0.001 and type(2 * (mV / volt)) is float
    for made in ([2.0] * (mV / volt), (2.0,) * (mV / volt), (mV / volt) * [2.0]):
        assert made.tolist() == [0.002]


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


@pytest.mark.feature("in-place operators")
def test_a_whole_plain_array_takes_a_unit_in_place():
    z = np.zeros(3)
    z += np.ones(3) * mV
    z += 1 * mV
    assert z.dim is volt.dim and z.tolist() == [2 * mV] * 3
    x = np.ones(2)
    x *= mV
    x /= mV
    assert x.tolist() == [1, 1]
    x = np.ones(2)
    x /= 1 * mV / mV
    assert type(x) is np.ndarray and x.tolist() == [1, 1]


def test_a_part_of_a_plain_array_or_another_one_does_not_take_a_unit():
    x = np.ones(2)
    with pytest.raises(DimensionMismatchError, match="cannot be written into a plain array"):
        x[:1] *= mV
    with pytest.raises(DimensionMismatchError, match="cannot be written into a plain array"):
        np.multiply(x, mV, out=np.zeros(2))
    with pytest.raises(DimensionMismatchError):
        x += [1, 1] * mV
    assert x.tolist() == [1, 1]


@pytest.mark.feature("complex quantities")
def test_complex_quantities_keep_their_imaginary_part():
    z = (1 + 2j) * mV
    assert z.dim is volt.dim and z == 1 * mV + 2j * mV and z.real == 1 * mV and z.imag == 2 * mV
    assert abs(3j * mV - 4 * mV) == 5 * mV and abs(np.array([3 + 4j]) * mV)[0] == 5 * mV
    assert ((np.ones(2) * mV) * 1j).imag.tolist() == [1 * mV] * 2
    assert (1j * mV / mV) == 1j and type(1j * mV / mV) is complex
    assert np.sqrt((-1 + 0j) * mV**2) == 1j * mV and z.conj() == (1 - 2j) * mV and np.angle(1j * mV) == np.pi / 2
    assert float(abs(np.sum(np.exp(1j * np.ones(3)) * mV)) / mV) == pytest.approx(3)
    assert np.concatenate([[z], [1] * mV]).imag.tolist() == [2 * mV, 0 * mV] and Quantity(1j, volt) == 1j * volt
    assert Quantity([1, 1j], volt)[1] == 1j * volt and ([1, 2] * mV).astype(complex).dtype == complex
    for twin in (copy.deepcopy(z), pickle.loads(pickle.dumps(z)), eval(repr(z), {"volt": volt, "mvolt": mV})):
        assert twin == z
    assert str(z) == "1.+2.j mV" and repr([z, z] * 1) == "[(1+2j) * mvolt, (1+2j) * mvolt]"


def test_real_numbers_take_no_complex_ones():
    v = [1, 2] * mV
    for change in (lambda: v.__setitem__(0, 1j * mV), lambda: v.fill(1j * mV), lambda: v.flat.__setitem__(0, 1j * mV),
                   lambda: v.put(0, 1j * mV)):
        with pytest.raises(TypeError) as caught:
            change()
        assert str(caught.value) == (
            "An array of real numbers cannot hold a complex value\n  Help: make it complex: x + 0j*x")
    with pytest.raises(TypeError):
        v += 1j * mV
    with pytest.raises(TypeError):
        float(1j * mV)
    assert v.tolist() == [1 * mV, 2 * mV]


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


@pytest.mark.feature("removing units")
def test_numpy_gives_the_numbers_in_base_units():
    v = [1, 2] * mV
    assert type(np.array(v)) is np.ndarray and np.asarray(v).tolist() == [0.001, 0.002]
    np.asarray(v)[0] = 5
    assert v[0] == 5 * volt
    assert float(3 * mV) == 0.003 and int(3 * volt) == 3


def test_other_types_of_numbers_are_in_base_units(caplog):
    assert ([1, 2] * mV).astype(float)[0] == 1 * mV
    whole = ([3, 5] * second).astype(int)
    assert whole.dtype == int and whole.dim is second.dim and np.arange(6)[whole].tolist() == [3, 5] and not caplog.text
    assert (whole + 0.5 * second).tolist() == [3.5 * second, 5.5 * second] and whole[0] == 3 * second
    assert ([1, 2] * mV).astype(np.int32).tolist() == [0 * mV, 0 * mV]
    assert "made whole numbers of volt, the base unit" in caplog.text
    assert ([1, 2] * mV).astype(np.float32).dtype == np.float32 and ([0, 2] * mV).astype(bool).tolist() == [False, True]
    with pytest.raises(TypeError) as caught:
        ([1, 2] * mV).astype(str)
    assert str(caught.value) == (
        "A quantity of float64 cannot become <U0\n  Help: divide by the unit first, e.g. (x/mV).astype(str)")


@pytest.mark.parametrize("numbers", [np.array([1, 2], np.uint8), np.array([1, 2], np.int16), np.array([1, 2], "f4"),
                                     np.array([1, 2], ">f8"), np.array([1, 2], object), np.ma.array([1, 2])])
def test_every_kind_of_number_takes_a_unit_without_overflow(numbers):
    assert (1000 * mV * numbers)[1] == 2 * volt and (mV * np.asarray(numbers) * 1000).tolist() == [1 * volt, 2 * volt]


def test_other_numbers_of_python_take_units():
    assert Fraction(1, 2) * mV == 0.5 * mV and mV * Fraction(1, 2) == 0.5 * mV and mV / Fraction(1, 2) == 2 * mV
    assert Quantity(np.array([1 * mV, 2 * volt], object)).tolist() == [1 * mV, 2 * volt] and True * mV == mV
    for wrong in (None, "a", np.array([None]), np.array(["a"], object), {}):
        with pytest.raises(TypeError):
            mV * wrong


def test_empty_arrays_and_single_values_have_units():
    empty = np.array([]) * mV
    assert empty.dim is volt.dim and len(empty) == 0 and empty.sum() == 0 * mV and empty.tolist() == []
    assert (empty + 1 * mV).shape == (0,) and np.concatenate([empty, [1] * mV])[0] == 1 * mV
    assert ([] * mV).dim is volt.dim and repr(empty) == "zeros((0,)) * volt"
    single = np.array(2) * mV
    assert single.ndim == 0 and single[()] == 2 * mV and single.tolist() == 2 * mV
    assert Quantity([1.0, 2.0]).tolist() == [1, 2]
    table = np.ones((2, 3)) * mV
    assert (table + [1, 2, 3] * mV).shape == (2, 3) and (table * ([1, 2] * ms)[:, None])[1, 2] == 2 * mV * ms
    with pytest.raises(ValueError):
        table + [1, 2] * mV


def test_what_a_mask_hides_does_not_come_back():
    with pytest.raises(TypeError) as caught:
        mV * np.ma.array([1, 2], mask=[False, True])
    assert str(caught.value) == ("A masked array stands for no numbers here: what is masked would come back\n  "
                                 "Help: x.filled(...), or a mask of the plain numbers, numpy.ma.array(x/mV, mask=...)")


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
