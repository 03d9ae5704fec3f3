"""The named units: what they are worth, where their numbers come from, and the cache that spares loading Pint."""
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pint
import pytest

import brainsim.units
from brainsim.options import cache_directory
from brainsim.units import (
    STANDARD,
    Quantity,
    Unit,
    allunits,
    constants,
    fundamentalunits,
    get_unit,
    kelvin,
    mV,
    stdunits,
    table,
    volt,
)
from brainsim.units.dimensions import DIMENSIONLESS, dimension, get_or_create_dimension
from brainsim.units.names import unit


@pytest.mark.feature("unit names")
def test_the_star_import_has_203_units():
    assert len(set(STANDARD)) == 203 and set(STANDARD) <= set(brainsim.units.__all__)
    assert all(type(getattr(brainsim.units, name)) is Unit for name in STANDARD)


@pytest.mark.feature("short unit names")
@pytest.mark.parametrize("name", ["V", "uV", "celsius", "newton", "ampere", "m", "s", "mkilogram"])
def test_other_names_are_not_in_the_star_import(name):
    assert name not in brainsim.units.__all__


@pytest.mark.feature("unit names")
@pytest.mark.parametrize(
    "name, value, exponents",
    [
        ("mV", 1e-3, (2, 1, -3, -1, 0, 0, 0)), ("nS", 1e-9, (-2, -1, 3, 2, 0, 0, 0)),
        ("Mohm", 1e6, (2, 1, -3, -2, 0, 0, 0)),
        ("cm2", 1e-4, (2, 0, 0, 0, 0, 0, 0)), ("um3", 1e-18, (3, 0, 0, 0, 0, 0, 0)),
        ("mM", 1.0, (-3, 0, 0, 0, 0, 1, 0)), ("mgram", 1e-6, (0, 1, 0, 0, 0, 0, 0)),
        ("kHz", 1e3, (0, 0, -1, 0, 0, 0, 0)), ("liter", 1e-3, (3, 0, 0, 0, 0, 0, 0)),
        ("kilogram", 1.0, (0, 1, 0, 0, 0, 0, 0)), ("pF", 1e-12, (-2, -1, 4, 2, 0, 0, 0)),
    ],
)  # fmt: skip
def test_value_and_dimension(name, value, exponents):
    assert float(unit(name)) == value and unit(name).dim is dimension(exponents)


def test_all_units_are_made_when_asked_for():
    assert len(allunits.__all__) > 2000 and allunits.Ynewton2 == 1e48 * allunits.newton**2
    assert allunits.mvolt is brainsim.units.mvolt and allunits.dametre == 10 * allunits.metre
    with pytest.raises(AttributeError):
        allunits.celsius
    with pytest.raises(AttributeError):
        allunits.mkilogram


def test_brian_paths():
    assert stdunits.mV is mV and fundamentalunits.volt is volt and fundamentalunits.Quantity is Quantity
    assert {"mV", "nA", "cm2"} <= set(stdunits.__all__)


@pytest.mark.feature("physical constants")
def test_constants_are_those_of_the_si():
    assert float(constants.elementary_charge) == 1.602176634e-19 and float(constants.avogadro_constant) == 6.02214076e23
    assert np.isclose(constants.faraday_constant, constants.avogadro_constant * constants.elementary_charge)
    assert np.isclose(constants.gas_constant, constants.avogadro_constant * constants.boltzmann_constant)
    assert float(constants.molar_mass_constant) == pytest.approx(1e-3, rel=1e-8)
    speed = (constants.electric_constant * constants.magnetic_constant) ** -0.5
    assert float(speed) == pytest.approx(299792458) and speed.dim is (allunits.metre / allunits.second).dim
    assert constants.zero_celsius == 273.15 * kelvin and constants.electron_mass.dim is allunits.kilogram.dim


def test_the_nernst_potential_of_a_tenfold_gradient():
    temperature = 25 * kelvin + constants.zero_celsius
    assert float(constants.gas_constant * temperature / constants.faraday_constant * np.log(10)) == pytest.approx(
        0.05916, abs=1e-5)


def test_dimensions_of_base_words():
    assert get_or_create_dimension(length=2, s=-1) is dimension((2, 0, -1, 0, 0, 0, 0))
    assert get_or_create_dimension([1, 0, 0, 0, 0, 0, 0]) is allunits.metre.dim
    for wrong in (lambda: get_or_create_dimension([1]), lambda: get_or_create_dimension("metre")):
        with pytest.raises(TypeError):
            wrong()
    with pytest.raises(ValueError):
        get_or_create_dimension(furlong=1)


@pytest.mark.feature("questions about dimensions")
def test_the_unit_of_a_dimension():
    assert get_unit(volt.dim) is volt and get_unit((volt * allunits.amp).dim) is allunits.watt
    assert get_unit((volt / allunits.second).dim).name == "volt / second"
    assert float(get_unit(allunits.molar.dim)) == 1 and float(get_unit(DIMENSIONLESS)) == 1


# -- Pint
# ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quantity", [3 * mV, [1, 2] * mV / allunits.second, 5 * allunits.molar, Quantity(3.0)])
def test_to_pint_and_back(quantity):
    there = quantity.to_pint()
    back = Quantity.from_pint(there)
    assert np.all(back == quantity) and back.dim is quantity.dim


def test_pint_agrees_on_every_named_unit():
    registry = pint.UnitRegistry()
    for name in ("mvolt", "nsiemens", "ufarad", "Mohm", "khertz", "mmolar", "cmetre"):
        prefix, root = name[0], name[1:]
        theirs = registry.Quantity(1, prefix + {"metre": "meter"}.get(root, root))
        assert float(Quantity.from_pint(theirs)) == pytest.approx(float(unit(name)))


def test_what_is_no_si_unit_stays_in_pint():
    with pytest.raises(ValueError) as caught:
        Quantity.from_pint(pint.UnitRegistry().Quantity(3, "pixel"))
    assert str(caught.value) == "The unit 'pixel' of Pint is no product of SI base units"


# -- the cache
# -----------------------------------------------------------------------------------------------------------


def in_new_python(code: str, cache: Path) -> str:
    """What a new interpreter prints, with its own cache folder."""
    environment = {**os.environ, "BRAINSIM_CACHE_DIR": str(cache),
                   "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True,
                          check=True).stdout.strip()


# other definitions than those of the package's table
OTHER_PINT = "import zlib; real = zlib.crc32; zlib.crc32 = lambda *a: real(*a) ^ 1\n"
PLAIN_PROBE = "import sys, brainsim.units as u; print('pint' in sys.modules, float(u.mV), 'matplotlib' in sys.modules)"
PROBE = OTHER_PINT + PLAIN_PROBE


def test_the_table_of_the_package_is_what_pint_says(tmp_path):
    stored = json.loads(table.SHIPPED.read_text("utf-8"))
    assert {what: stored[what] for what in ("roots", "prefixes", "constants")} == table.derive()
    if stored["key"] == table._key():
        assert in_new_python(PLAIN_PROBE, tmp_path) == "False 0.001 False"
        assert not list(tmp_path.glob("units-*"))


def test_pint_is_loaded_only_to_fill_the_cache(tmp_path):
    assert in_new_python(PROBE, tmp_path) == "True 0.001 False"
    assert in_new_python(PROBE, tmp_path) == "False 0.001 False"
    assert len(list(tmp_path.glob("units-*"))) == 1


@pytest.mark.parametrize("content", ["{", "null", '{"roots": {}, "prefixes": {}, "constants": {}}'])
def test_a_spoilt_cache_is_replaced(tmp_path, content):
    in_new_python(PROBE, tmp_path)
    (file,) = tmp_path.glob("units-*")
    good = file.read_text()
    file.write_text(content)
    assert in_new_python(PROBE, tmp_path).startswith("True 0.001")
    assert json.loads(file.read_text()) == json.loads(good)


def test_a_cache_that_cannot_be_written_does_no_harm(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert in_new_python(PROBE, blocked).endswith("0.001 False")


def test_the_environment_chooses_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("BRAINSIM_CACHE_DIR", str(tmp_path))
    assert cache_directory() == tmp_path
    monkeypatch.delenv("BRAINSIM_CACHE_DIR")
    assert cache_directory().name == "brainsim"


def test_the_table_is_exact():
    derived = table.derive()
    assert derived["roots"]["molar"][1] == 3 and derived["roots"]["gram"][1] == -3 and derived["prefixes"]["u"] == -6
    with pytest.raises(ValueError):
        table._power_of_ten(0.25)
