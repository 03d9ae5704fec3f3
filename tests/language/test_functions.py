import pytest

from brainsim.language.functions import CONSTANTS, FUNCTIONS, Same

WRITABLE = """abs arccos arccosh arcsin arcsinh arctan arctanh binomial ceil clip cos cosh exp expm1 exprel floor int
log log10 log1p poisson rand randn sign sin sinh sqrt tan tanh timestep""".split()


@pytest.mark.feature("functions of the language")
def test_the_table_is_complete():
    assert set(FUNCTIONS) == {*WRITABLE, "select"}
    assert set(CONSTANTS) == {"pi", "e", "inf"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_row_has_a_rule_for_each_argument(name):
    function = FUNCTIONS[name]
    rules = function.dimensions.arguments
    assert function.name == name
    assert len(rules) == function.arity
    assert all(rule.of < function.arity for rule in [*rules, function.dimensions.result] if isinstance(rule, Same))


def test_only_random_functions_have_state():
    assert {name for name, function in FUNCTIONS.items() if not function.stateless} == {"rand", "randn", "poisson",
                                                                                        "binomial"}


def test_the_tables_cannot_be_changed():
    with pytest.raises(TypeError):
        FUNCTIONS["f"] = FUNCTIONS["exp"]
