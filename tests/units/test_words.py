import pytest

from brainsim.units.dimensions import BASES, DIMENSIONLESS, dimension
from brainsim.units.words import unit_text

metre, kilogram, second, amp, kelvin, mole, candela = (dimension([int(n == m) for n in range(7)]) for m in range(7))
volt = kilogram * metre**2 / second**3 / amp
siemens = amp / volt
farad = amp * second / volt


@pytest.mark.parametrize(
    "dim, text",
    [
        (DIMENSIONLESS, "1"),
        (volt, "volt"),
        (volt / second, "volt/second"),
        (volt / second**0.5, "volt/second**0.5"),
        (DIMENSIONLESS / second, "1/second"),
        (second**-0.5, "second**-0.5"),
        (volt**2, "volt**2"),
        (amp, "amp"),
        (siemens * volt, "amp"),
        (amp / metre**2, "amp/metre**2"),
        (siemens / metre**2, "siemens/metre**2"),
        (farad / metre**2, "farad/metre**2"),
        (volt / amp * metre, "ohm*metre"),
        (amp / farad, "volt/second"),
        (volt * second, "volt*second"),
        (mole / metre**3, "molar"),
        (metre / second, "metre/second"),
        (metre**5 * kelvin**2 * candela, "metre**5*kelvin**2*candela"),
    ],
)
def test_a_dimension_in_words(dim, text):
    assert unit_text(dim) == text


def test_every_base_has_a_name():
    assert [unit_text(d) for d in (metre, kilogram, second, amp, kelvin, mole, candela)] == [
        "amp" if b == "ampere" else b for b in BASES]
