"""Trees to SymPy and back."""
import pytest

from brainsim.errors import Source
from brainsim.language.expressions import parse_expression, to_text
from brainsim.model.algebra import Conversion, factors_of_characteristic


def tree(text):
    return parse_expression(Source(text))


@pytest.mark.parametrize("text", [
    "a + b", "a - b", "-a", "a*b", "a/b", "a**2", "a/(b + c)", "exp(-t/tau)", "sqrt(a)", "abs(a - b)", "f(a, b) + 1",
    "a % b + c", "1/tau**2",
])
def test_a_round_trip_keeps_the_meaning(text):
    conversion = Conversion()
    there = conversion.to_sympy(tree(text))
    assert conversion.to_sympy(conversion.to_tree(there)) - there == 0


def test_doubles_survive_to_the_last_bit():
    conversion = Conversion()
    assert conversion.to_tree(conversion.to_sympy(tree("0.1"))) == tree("0.1")
    assert conversion.to_tree(conversion.to_sympy(tree("1.2345678901234567e-12"))) == tree("1.2345678901234567e-12")


def test_each_random_draw_is_an_atom_of_its_own():
    conversion = Conversion(frozenset({"rand"}))
    difference = conversion.to_sympy(tree("rand() - rand()"))
    assert difference != 0
    assert to_text(conversion.to_tree(difference)).count("rand()") == 2


def test_equal_calls_of_other_functions_are_one_atom():
    conversion = Conversion(frozenset({"rand"}))
    assert conversion.to_sympy(tree("f(x) - f(x)")) == 0


def test_what_sympy_does_not_know_comes_back_as_it_was():
    conversion = Conversion()
    assert conversion.to_tree(conversion.to_sympy(tree("int(v > 3 and w)"))) == tree("int(v > 3 and w)")


def test_the_characteristic_polynomial_comes_in_factors():
    matrix = [[tree(e) for e in row] for row in (["-a", "b", "0"], ["0", "-c", "k"], ["0", "-k", "-c"])]
    found = sorted([to_text(c) for c in factor] for factor in factors_of_characteristic(matrix))
    assert found == [["2*c", "c**2 + k**2"], ["a"]]
