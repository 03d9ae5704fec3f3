import random

import pytest

from brainsim.errors import EquationError, Source, WrongSyntax
from brainsim.language.expressions import parse_expression, parse_part, to_text
from brainsim.language.trees import Call, Name, Number, Op, Tree, walk

a, b, c, one = Name("a"), Name("b"), Name("c"), Number(1)


def parse(text):
    return parse_expression(Source(text))


def under(tree):
    """The characters that a tree stands for."""
    return tree.span.source.text[tree.span.start : tree.span.stop]


@pytest.mark.parametrize(
    "text, tree",
    [
        ("1", Number(1)),
        ("1.0", Number(1.0)),
        ("1e3", Number(1000.0)),
        ("True", Number(True)),
        ("pi", Name("pi")),
        ("-1", Op("neg", (one,))),
        ("+a", a),
        ("a + b*c", Op("+", (a, Op("*", (b, c))))),
        ("a // b % c", Op("%", (Op("//", (a, b)), c))),
        ("-a**2", Op("neg", (Op("**", (a, Number(2))),))),
        ("(-a)**2", Op("**", (Op("neg", (a,)), Number(2)))),
        ("a**-b", Op("**", (a, Op("neg", (b,))))),
        ("a**b**c", Op("**", (a, Op("**", (b, c))))),
        ("a and b and c", Op("and", (Op("and", (a, b)), c))),
        ("a and (b and c)", Op("and", (a, Op("and", (b, c))))),
        ("not a == b", Op("not", (Op("==", (a, b)),))),
        ("(a < b)*c", Op("*", (Op("<", (a, b)), c))),
        ("rand()", Call("rand", ())),
        ("clip(a, b, 1)", Call("clip", (a, b, one))),
    ],
)
def test_text_becomes_tree(text, tree):
    assert parse(text) == tree


def test_numbers_of_different_type_are_different():
    assert parse("1") != parse("1.0")
    assert parse("1") != parse("True")


@pytest.mark.parametrize("text", ["a +\n b", "a # first\n + b # second", "\n\n  a + b\n", "a \\\n+ b"])
def test_line_ends_and_comments_are_white_space(text):
    assert parse(text) == Op("+", (a, b))


def test_spans_point_into_text_of_several_lines():
    tree = parse("a + # here\n  exp(b\n  + c)")
    assert [under(node) for node in walk(tree)] == ["a + # here\n  exp(b\n  + c)", "a", "exp(b\n  + c)", "b\n  + c",
                                                    "b", "c"]


def test_spans_of_a_part_point_into_the_whole():
    source = Source("v = 2*a + b")
    tree = parse_part(source, 3, 7)
    assert under(tree) == "2*a"


def test_spans_of_each_and():
    assert [under(node) for node in walk(parse("a and b and c"))] == ["a and b and c", "a and b", "a", "b", "c"]


@pytest.mark.feature("operators")
@pytest.mark.parametrize(
    "text",
    [
        "a < b < c", "a if b else c", "a[0]", "a.b", "a.f(1)", "lambda x: x", "a & b", "a | b", "a ^ b", "~a", "a << 1",
        "a @ b",
        "'a'", "f'a'", "[a]", "(a, b)", "{a}", "{a: b}", "a is b", "a in b", "f(x=1)", "f(*a)", "f(a)(b)", "(a := 1)",
        "None", "...",
        "1j", "1e999", "[x for x in a]", "a = b", "a && b", "a || b", "!a", "2v", "2 mV", "a b", "(a", "a)", "a +",
        "* a", "",
        "a; b", "a ? b : c", "\u03c4", "a\0", "select(a, b, c)", "yield a", "class", "await a",
    ],
)
def test_what_is_no_expression_is_refused_with_a_caret(text):
    with pytest.raises(WrongSyntax) as refusal:
        parse(text)
    assert "^" in str(refusal.value)
    assert isinstance(refusal.value, SyntaxError)


def test_the_caller_chooses_the_error():
    with pytest.raises(EquationError):
        parse_expression(Source("a +"), error=EquationError)


@pytest.mark.parametrize("text", ["(" * 300 + "a" + ")" * 300, "-" * 50_000 + "a"])
def test_deep_nesting_is_refused(text):
    with pytest.raises(WrongSyntax):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "a + b*c", "(a + b)*c", "a - (b - c)", "a - b - c", "a/(b*c)", "a**b**c", "(a**b)**c", "(-a)**2", "-a**2",
        "a**-2", "a*-b",
        "not (a and b)", "not a and b", "a or b and c", "(a or b) and c", "(a < b) == c", "a == (b < c)", "(not a)*b",
        "-(not a)", "--a",
        "f(a, -b)", "0.1", "1e-30", "True",
    ],
)
def test_canonical_text_has_no_needless_parentheses(text):
    assert to_text(parse(text)) == text


BINARY = "+ - * / // % ** and or < <= > >= == !=".split()


def random_tree(draw: random.Random, depth: int) -> Tree:
    """A tree of at most this depth, with every kind of node; its numbers are not negative, as in parsed text."""
    if depth == 0 or draw.random() < 0.15:
        return draw.choice([Name("v"), Name("tau_m"), Number(0), Number(3), Number(True), Number(0.1), Number(1e-30),
                            Number(2.5e20)])

    def part() -> Tree:
        return random_tree(draw, depth - 1)

    sort = draw.randrange(8)
    if sort == 0:
        return Op(draw.choice(["neg", "not"]), (part(),))
    if sort == 1:
        return Call(draw.choice(["f", "rand"]), tuple(part() for _ in range(draw.randrange(4))))
    if sort == 2:
        return Op("select", (part(), part(), part()))
    return Op(draw.choice(BINARY), (part(), part()))


@pytest.mark.parametrize("seed", range(20))
def test_text_of_a_tree_parses_back_to_it(seed):
    draw = random.Random(seed)
    for _ in range(100):
        tree = random_tree(draw, depth=5)
        assert parse_expression(Source(to_text(tree)), allow_select=True) == tree


@pytest.mark.parametrize("seed", range(5))
def test_no_parenthesis_of_the_text_can_be_left_out(seed):
    draw = random.Random(seed)
    for _ in range(100):
        tree = random_tree(draw, depth=3)
        text = to_text(tree)
        for opened, character in enumerate(text):
            if character == "(" and not text[:opened][-1:].isalnum():
                assert _without(text, opened) != tree, text


def _without(text, opened):
    """The tree of the text without one pair of parentheses, None where there is none."""
    depth, closed = 0, opened
    for closed in range(opened, len(text)):
        depth += (text[closed] == "(") - (text[closed] == ")")
        if depth == 0:
            break
    try:
        return parse_expression(Source(text[:opened] + text[opened + 1 : closed] + text[closed + 1 :]),
                                allow_select=True)
    except WrongSyntax:
        return None


def test_select_is_for_brainsim_only():
    tree = Op("select", (a, b, c))
    assert to_text(tree) == "select(a, b, c)"
    with pytest.raises(WrongSyntax):
        parse("select(a, b, c)")
