import pytest

from brainsim.errors import WrongSyntax, WrongValue
from brainsim.language.names import SYNAPTIC, check_identifier


@pytest.mark.parametrize("name", ["v", "tau_m", "j", "delay", "lastspike", "x1", "xix", "true", "T", "n", "prepost",
                                  "v_pre_"])
def test_free_names(name):
    check_identifier(name)


@pytest.mark.feature("forbidden names")
@pytest.mark.parametrize(
    "name",
    [
        "lambda", "and", "True", "_v", "t", "dt", "t_in_timesteps", "xi", "xi_1", "i", "N", "exp", "rand", "int",
        "e", "pi", "inf",
        "not_refractory", "refractory", "refractory_until", "1x", "a.b", "", "\u03c4",
    ],
)
def test_taken_names(name):
    with pytest.raises(WrongSyntax):
        check_identifier(name)


@pytest.mark.feature("forbidden names")
@pytest.mark.parametrize("name", ["v_pre", "v_post", "N_pre", "i_post"])
def test_suffixes_of_neurons(name):
    with pytest.raises(WrongValue):
        check_identifier(name)


@pytest.mark.feature("forbidden names")
@pytest.mark.parametrize("name", ["j", "delay", "N_incoming"])
def test_names_taken_in_synapses(name):
    with pytest.raises(WrongSyntax):
        check_identifier(name, extra_reserved=SYNAPTIC)
