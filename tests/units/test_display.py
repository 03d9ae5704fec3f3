"""Text of quantities: the scale that reads well, and text that evaluates to the same quantity."""
import numpy as np
import pytest

from brainsim.errors import DimensionMismatchError
from brainsim.units import (
    STANDARD,
    Quantity,
    Unit,
    allunits,
    amp,
    cm,
    cm2,
    in_best_unit,
    in_unit,
    kilogram,
    meter,
    mM,
    ms,
    mV,
    nS,
    register_new_unit,
    second,
    siemens,
    uF,
    uS,
    uvolt,
    volt,
)  # fmt: skip

EVERY = {name: getattr(allunits, name) for name in allunits.__all__}
NUMPY = {"array": np.array, "zeros": np.zeros, "inf": np.inf, "nan": np.nan, "Quantity": Quantity, "Unit": Unit}
STAR = {name: EVERY[name] for name in STANDARD}


@pytest.mark.feature("display of quantities")
@pytest.mark.parametrize(
    "quantity, text",
    [
        (300e-6 * volt, "300. uV"), (-70 * mV, "-70. mV"), ([1, 2] * mV, "[1. 2.] mV"), (0 * mV, "0. V"),
        (3 * cm2, "300. mm^2"),
        (5 * cm, "50. mm"), (10 * mM, "10. mM"), (1e-12 * kilogram, "1. ng"), (1 * kilogram, "1. kg"),
        (3 * nS * mV, "3. pA"),
        (1 * volt / second, "1. V/s"), (60 * uS / cm**2, "0.6 S/(m^2)"), (1 * uF / cm**2, "10. mF/(m^2)"),
        (2 * mV / ms**0.5, "63.2455532 mV/(s^0.5)"), (np.inf * mV, "inf V"), (np.nan * mV, "nan V"),
        (3 * amp / amp, "3.0"),
        ([] * mV, "[] V"), (999.9999 * mV, "0.9999999 V"), ([1e-3, 1e3, 1e3] * mV, "[1.e-03 1.e+03 1.e+03] mV"),
        (0.5 * ms, "0.5 ms"), (1e-30 * volt, "1.e-06 yV"), (12345.6789 * mV, "12.3456789 V"),
    ],
)  # fmt: skip
def test_the_best_scale(quantity, text):
    assert str(quantity) == text


@pytest.mark.parametrize(
    "quantity, text",
    [
        (3 * mV, "3. * mvolt"), ([1, 2] * mV, "array([1., 2.]) * mvolt"), (300e-6 * volt, "300. * uvolt"),
        (0.1 * volt + 0.2 * volt, "300.00000000000006 * mvolt"), (4 * mV**2, "4. * mvolt ** 2"),
        (3e-15 * amp, "0.003 * pamp"),
        (600 * siemens / meter**2, "0.6 * ksiemens / (metre ** 2)"), (Quantity(3.0), "Quantity(3.)"),
        ([] * mV, "zeros((0,)) * volt"),
        (mV, "mvolt"), (mV / ms, "mvolt / msecond"), (nS / cm**2, "nsiemens / (cmetre ** 2)"),
        (Quantity([1.0, 2.0]), "Quantity(array([1., 2.]))"),
    ],
)  # fmt: skip
def test_the_evaluable_text(quantity, text):
    assert repr(quantity) == text


def test_every_unit_with_every_prefix_is_evaluable():
    for name, unit in EVERY.items():
        assert name in NUMPY or eval(repr(unit), {**EVERY}) == unit, name


@pytest.mark.feature("display of quantities")
@pytest.mark.parametrize("factor", [1.0, 1 / 3, -7e-5])
def test_every_quantity_evaluates_to_itself(factor):
    for name, unit in EVERY.items():
        quantity = Quantity(factor * np.asarray(unit), unit.dim)
        twin = eval(repr(quantity), {**EVERY, **NUMPY})
        assert twin == quantity and twin.dim is quantity.dim, name


def test_text_needs_only_names_of_the_star_import():
    for quantity in (3 * mV / ms**0.5, 1e-20 * volt, 7 * uF / cm2, 3 * volt * second, [1 / 3, 1e-9] * amp**2,
                     1 / (3 * mM * second)):
        back = eval(repr(quantity), {**STAR, **NUMPY})
        assert np.all(back == quantity) if quantity.ndim == 0 else np.allclose(back / quantity, 1, rtol=1e-8)


def test_random_numbers_evaluate_to_themselves_and_arrays_to_eight_digits_as_in_numpy():
    values = np.random.default_rng(1).normal(size=50) * volt
    for one, power in zip(values, 10.0 ** np.arange(-25, 25)):
        assert eval(repr(one * power), {**STAR, **NUMPY}) == one * power
    assert np.allclose(eval(repr(values), {**STAR, **NUMPY}) / volt, values / volt, rtol=0, atol=1e-8)


def test_a_number_is_shown_with_the_scale_that_needs_few_digits():
    assert repr(0.1 * ms) == "0.1 * msecond"
    assert repr(Quantity(1e-4, ms.dim)) == "0.1 * msecond"


@pytest.mark.feature("display of quantities")
def test_a_chosen_unit():
    assert in_unit(3 * mV, uvolt) == "3000. uV"
    assert in_unit(3.123456 * mV, uvolt, 2) == "3123.46 uV"
    assert (3 * mV).in_unit(volt) == "0.003 V"
    assert (3 * mV).in_unit(volt, python_code=True) == "0.003 * volt"
    assert in_best_unit(0.00012345678 * volt, 2) == "123.46 uV" and in_best_unit(3) == "3"
    assert (3 * mV).get_best_unit() == mV and type((3 * mV).get_best_unit()) is Unit
    with pytest.raises(DimensionMismatchError) as caught:
        in_unit(3 * mV, amp)
    assert str(caught.value) == "The value cannot be written in A (units are volt and amp)"


def test_a_format_specification_writes_the_plain_number_in_base_units():
    assert f"{-70.04 * mV:.3f}" == "-0.070" and f"{-70 * mV}" == "-70. mV" and f"{12.4 * second:.0f} s" == "12 s"
    assert f"{3 * mV}" == "3. mV" and "%s" % (3 * mV) == "3. mV"
    with pytest.raises(TypeError, match="An array of quantities cannot be written as '.2f'"):
        f"{[1, 2] * mV:.2f}"


def test_one_number_reads_the_same_in_old_print_modes_of_numpy():
    with np.printoptions(legacy="1.13"):
        assert str(3 * mV) == "3. mV" and repr(3 * mV) == "3. * mvolt"


def test_the_unit_of_a_long_array_is_chosen_for_what_is_shown():
    assert str(np.r_[[1e-9] * 3, [1000.0] * 2000, [2e-9] * 3] * volt).endswith("] nV")


def test_a_unit_is_one_object():
    assert allunits.ms is allunits.msecond and (3 * mV).get_best_unit() is mV
    assert mV in allunits.all_units and volt != mV and not volt == second


def test_notebooks_show_unit_and_number():
    assert (3 * mV)._repr_html_() == "<span>3. mV</span>"
    assert (3 * uvolt)._repr_latex_() == r"$3.\,\mathrm{\mu V}$"
    assert (mV / ms**2)._repr_latex_() == r"$\mathrm{mV/ms^{2}}$"


@pytest.mark.feature("registered units")
def test_a_registered_unit_is_shown():
    odd = Unit(1e-9, (siemens * second**2).dim, scale=-9, name="odd", dispname="odd")
    register_new_unit(odd)
    assert str(5e-9 * siemens * second**2) == "5. odd"
    with pytest.raises(TypeError):
        register_new_unit(3 * mV)
