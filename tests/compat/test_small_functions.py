"""Functions that scripts import from `brian2.utils`, `brian2.parsing` and `brian2.equations.unitcheck`."""
from __future__ import annotations

import pytest
from brainsim.equations.unitcheck import check_dimensions, check_units_statements
from brainsim.parsing.sympytools import str_to_sympy, sympy_to_str
from brainsim.utils.arrays import calc_repeats
from brainsim.utils.stringtools import (
    code_representation,
    deindent,
    get_identifiers,
    indent,
    replace,
    strip_empty_leading_and_trailing_lines,
    strip_empty_lines,
    stripped_deindented_lines,
    word_substitute,
)
from brainsim.utils.topsort import topsort

from brainsim import DimensionMismatchError, NeuronGroup, amp, volt
from brainsim.errors import Unsupported, WrongSyntax

TEXT = "\n\n    a = b\n        c=3\n\n    d\n"


@pytest.mark.parametrize("made, wanted", [
    (indent("a\n\n  c"), "    a\n    \n      c"),
    (indent("a", 2, spacespertab=1), "  a"),
    (indent("a\nb", tab="--"), "--a\n--b"),
    (deindent(TEXT), "\n\na = b\n    c=3\n\nd\n"),
    (deindent("        a", 1), "    a"),
    (deindent("\tx\n\ty"), "x\ny"),
    (deindent("doc\n      x\n        y", docstring=True), "doc\nx\n  y"),
    (word_substitute("a*_b+c10+a.b+tau1+1e3", {"a": "X", "c10": "Y", "tau": "Z", "e3": "q"}), "X*_b+Y+X.b+tau1+1e3"),
    (word_substitute("a+b", {"a": "b", "b": "a"}), "b+a"),
    (replace("aab", {"a": "b", "b": "c"}), "ccc"),
    (get_identifiers("3-a*_b+c5+f(A-.3e-10)*tau_2 and not x or 1e5"), {"a", "_b", "c5", "f", "A", "tau_2", "x"}),
    (get_identifiers("3-a+c5+.3e-10+5.*1e+2", include_numbers=True), {"3", "a", "c5", ".3e-10", "5.", "1e+2"}),
    (strip_empty_lines(TEXT), "    a = b\n        c=3\n    d"),
    (strip_empty_leading_and_trailing_lines(TEXT), "    a = b\n        c=3\n\n    d"),
    (strip_empty_leading_and_trailing_lines("\n \n"), ""),
    (stripped_deindented_lines(TEXT), ["a = b", "    c=3", "d"]),
    (code_representation("a=b\nc"), "a=b\nc"),
    (code_representation({"x": "a", "y": "b\nc"}), "Key x:\n    a\nKey y:\n    b\n    c"),
    (calc_repeats([7, 5, 7, 3, 7, 5]).tolist(), [0, 0, 1, 0, 2, 1]),
    (calc_repeats([]).tolist(), []),
    (topsort({"a": ["b", "c"], "b": ["c"], "c": []}), ["c", "b", "a"]),
])
def test_texts_graphs_and_arrays(made, wanted):
    assert made == wanted


def test_a_graph_with_a_circle_has_no_order():
    with pytest.raises(ValueError, match="cycle"):
        topsort({1: [2], 2: [1]})


def test_an_expression_goes_to_sympy_and_back():
    made = str_to_sympy("-v/tau + exp(x)*2 + abs(a)**b")
    assert {str(s) for s in made.free_symbols} == {"v", "tau", "x", "a", "b"}
    assert all(s.is_real for s in made.free_symbols)
    assert str_to_sympy(sympy_to_str(made)) == made
    assert sympy_to_str(made.diff(next(s for s in made.free_symbols if s.name == "x"))) == "2*exp(x)"


def test_what_has_no_form_in_sympy_is_refused():
    with pytest.raises(Unsupported, match="rand"):
        str_to_sympy("2*rand()")
    with pytest.raises(WrongSyntax):
        str_to_sympy("x+")


def test_units_are_checked_against_variables_of_a_group(fresh):
    variables = NeuronGroup(1, "v : volt").variables
    check_dimensions("v*2", volt.dim, variables)
    check_units_statements("w = v*v\nv = w/v", variables)
    with pytest.raises(DimensionMismatchError, match="amp"):
        check_dimensions("v*2", amp.dim, variables)
    with pytest.raises(DimensionMismatchError, match="v\\*v"):
        check_units_statements("v = v*v", variables)
    with pytest.raises(KeyError, match="nosuch"):
        check_dimensions("v*nosuch", amp.dim, variables)
