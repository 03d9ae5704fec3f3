import pytest

from brainsim.errors import EquationError, Source, WrongType
from brainsim.language.equations import Equation, parse_equations
from brainsim.language.expressions import to_text
from brainsim.language.trees import Name, Number, Op


def parse(text):
    return parse_equations(Source(text))


def one(text):
    (equation,) = parse(text)
    return equation


@pytest.mark.feature("three kinds of lines")
def test_a_differential_equation():
    rhs = Op("/", (Op("neg", (Name("v"),)), Name("tau")))
    assert one("dv/dt = -v/tau : volt") == Equation("differential", "v", Name("volt"), "float", rhs)


@pytest.mark.feature("three kinds of lines")
def test_a_subexpression():
    assert one("x = 2 : 1") == Equation("subexpression", "x", None, "float", Number(2))


@pytest.mark.feature("three kinds of lines")
def test_a_parameter():
    assert one("w : siemens (constant)") == Equation("parameter", "w", Name("siemens"), "float", None, ("constant",))


@pytest.mark.parametrize("dtype", ["integer", "boolean"])
def test_types_other_than_float(dtype):
    assert one(f"n : {dtype}") == Equation("parameter", "n", None, dtype, None)
    with pytest.raises(WrongType):
        parse(f"dn/dt = 1/second : {dtype}")


@pytest.mark.feature("declared units")
@pytest.mark.parametrize("word", ["bool", "int", "float"])
def test_types_by_their_python_name_are_refused(word):
    with pytest.raises(TypeError):
        parse(f"n : {word}")


@pytest.mark.feature("declared units")
@pytest.mark.parametrize("unit", ["Hz", "1/second", "amp*metre**2", "siemens*metre**-2", "amp/(metre**2)", "metre**0.5",
                                  "second**(-0.5)", "second**(1/2)"])
def test_units(unit):
    assert to_text(one(f"x : {unit} (flag)").unit_tree).replace("(", "").replace(")", "") == unit.replace(
        "(", "").replace(")", "")
    assert one(f"x : {unit} (flag)").flags == ("flag",)


@pytest.mark.feature("declared units")
@pytest.mark.parametrize("unit", ["2", "-1", "3*volt", "volt + amp", "volt**x", "volt amp", "volt*", "2**2"])
def test_what_is_no_unit_is_refused(unit):
    with pytest.raises(EquationError):
        parse(f"x : {unit}")


@pytest.mark.parametrize(
    "text, flags",
    [
        ("(unless refractory)", ("unless refractory",)),
        ("( unless   refractory , event-driven )", ("unless refractory", "event-driven")),
        ("(constant over dt,\n shared)", ("constant over dt", "shared")),
        ("(anything1)", ("anything1",)),
    ],
)
def test_flags(text, flags):
    assert one(f"x : 1 {text}").flags == flags


@pytest.mark.parametrize("text", ["()", "(a,)", "(,a)", "(a", "a)", "(a) b", "(a)(b)", "(a=b)", "(a\ny : 1"])
def test_what_are_no_flags_is_refused(text):
    with pytest.raises(EquationError):
        parse(f"x : 1 {text}")


@pytest.mark.feature("three kinds of lines")
@pytest.mark.parametrize(
    "text",
    [
        "dv/dt = a + b : volt",
        "dv/dt = a\n + b : volt",
        "dv/dt = a +\n b : volt",
        "dv/dt = a # not : this\n + b # nor = this\n : volt",
        "dv/dt =\n\n a + (b\n) : volt # end",
        "\n  d v / dt = a + b :\n volt\n\n",
    ],
)
def test_an_equation_goes_on_to_its_unit(text):
    assert one(text) == one("dv/dt = a + b : volt")


def test_equations_keep_their_order():
    text = """
    # a leaky integrator
    dv/dt = (I - v)/tau : 1   # its voltage

    I = w*2 : 1
    w : 1 (constant)"""
    assert [e.name for e in parse(text)] == ["v", "I", "w"]
    assert parse("") == parse("# nothing") == ()


def test_spans():
    text = "a : 1\n  dv/dt = -v\n  /tau : volt (x) # c\n"
    e = parse(text)[1]
    cut = [text[s.start : s.stop] for s in (e.span, e.name_span, e.unit_span, e.expression.span)]
    assert cut == ["dv/dt = -v\n  /tau : volt (x)", "v", "volt", "-v\n  /tau"]


@pytest.mark.parametrize(
    "text",
    ["dv/dt = -v", "dv/dt = -v\nw : 1", "dv/dt = -v\nw = 2 : 1", "dv/dt = -v +\ndw/dt = w : 1", "x = 1 :",
     "x : \ny : 1", "x", "w : 1\n\nx = f(\n2)\ny : 1"],
)
def test_a_missing_unit_is_named(text):
    with pytest.raises(EquationError, match="The unit of '[vx]' is missing"):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "x : 1; y : 1", "x : 1 y : 1", "x, y : 1", "1x : 1", "d1x/dt = 1 : 1", "dx/dy = 1 : 1", "dv/dt : 1",
        "x += 1 : 1", "x == 1 : 1",
        "hello world", "x = : 1", ": 1", "= 1 : 1", "x : 1\nx : volt", "dx/dt = 1 : 1\nx = 2 : 1",
        "x = a if b else c : 1", "x = (a : 1",
        "x = a = b : 1", "x.y : 1", "x[0] : 1", "\u03c4 : second",
    ],
)
def test_what_is_no_equation_is_refused_with_a_caret(text):
    with pytest.raises(EquationError) as refusal:
        parse(text)
    assert "^" in str(refusal.value)
