import pytest

from brainsim.errors import Source, WrongSyntax
from brainsim.language.statements import parse_statements
from brainsim.language.trees import Assign, Name, Number, Op

v, w, one = Name("v"), Name("w"), Number(1)


def parse(text):
    return parse_statements(Source(text))


@pytest.mark.parametrize("op", ["=", "+=", "-=", "*=", "/=", "//=", "%=", "**="])
def test_every_assignment_operator(op):
    assert parse(f"v {op} w") == (Assign("v", op, w),)


@pytest.mark.parametrize("op", ["^=", "<<=", "|=", "&=", "@=", ":=", "==", "<=", "!="])
def test_other_operators_are_refused(op):
    with pytest.raises(WrongSyntax):
        parse(f"v {op} w")


@pytest.mark.parametrize("text", ["v = 1; w = v", "v = 1\nw = v", "\n v = 1 ;\n\n w = v ; # done; really",
                                  "v = 1 # a\n# b = 2\nw = v"])
def test_statements_end_at_line_ends_and_semicolons(text):
    assert parse(text) == (Assign("v", "=", one), Assign("w", "=", v))


@pytest.mark.parametrize("text", ["", "  \n", "# nothing", ";"])
def test_an_empty_block_has_no_statements(text):
    assert parse(text) == ()


@pytest.mark.parametrize("text", ["v = (v\n + w)", "v = (v # so far\n + w)", "v = v \\\n + w"])
def test_a_statement_goes_on_inside_parentheses(text):
    assert parse(text) == (Assign("v", "=", Op("+", (v, w))),)


def test_without_parentheses_it_does_not_go_on():
    with pytest.raises(WrongSyntax, match="into parentheses"):
        parse("v = v\n + w")


def test_a_comparison_can_be_assigned():
    assert parse("v = v == w") == (Assign("v", "=", Op("==", (v, w))),)


def test_spans():
    text = "v = 1\n  w  += (v +\n 1)  # x"
    _, second = parse(text)
    assert text[second.span.start : second.span.stop] == "w  += (v +\n 1)"
    assert text[second.target_span.start : second.target_span.stop] == "w"
    assert text[second.value.span.start : second.value.span.stop] == "v +\n 1"


@pytest.mark.parametrize("text", ["v", "v + 1", "f(x)", "= 1", "v =", "3 = v", "v[0] = 1", "G.v = 1", "v, w = 1",
                                  "v = w = 1", "if v: w = 1", "v = (1", "1v = 1"])
def test_what_is_no_statement_is_refused_with_a_caret(text):
    with pytest.raises(WrongSyntax) as refusal:
        parse(text)
    assert "^" in str(refusal.value)
