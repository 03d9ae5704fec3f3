import pytest

from brainsim.errors import DimensionMismatchError, Source, UnknownName, WrongType
from brainsim.language.equations import parse_equations
from brainsim.language.expressions import parse_expression
from brainsim.language.functions import FUNCTIONS, Dimensions, Fixed, FunctionRow, Same
from brainsim.language.statements import parse_statements
from brainsim.language.trees import Name, Op
from brainsim.units.check import check_assignment, check_condition, check_equation, dimension_of, kind_of
from brainsim.units.dimensions import DIMENSIONLESS, SECOND, dimension
from brainsim.units.words import unit_text

volt = dimension([2, 1, -3, -1, 0, 0, 0])
amp = dimension([0, 0, 0, 1, 0, 0, 0])
DIMENSIONS = {
    "v": volt, "u": volt, "sigma": volt, "I": amp, "g": amp / volt, "C": amp * SECOND / volt, "tau": SECOND,
    "t": SECOND, "dt": SECOND,
    "x": DIMENSIONLESS, "n": DIMENSIONLESS, "b": DIMENSIONLESS, "inf": DIMENSIONLESS, "xi": SECOND**-0.5,
}  # fmt: skip
DTYPES = {"n": "integer", "b": "boolean"}


def unit(text):
    return unit_text(dimension_of(parse_expression(Source(text)), DIMENSIONS))


def kind(text):
    return kind_of(parse_expression(Source(text)), DTYPES)


def pointed_at(refusal):
    span = refusal.value.at
    return span.source.text[span.start : span.stop]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("2", "1"),
        ("-v", "volt"),
        ("v + u", "volt"),
        ("v*I", "watt"),
        ("v/tau", "volt/second"),
        ("(g*(u - v) + I)/C", "volt/second"),
        ("sigma*xi/tau**0.5", "volt/second"),
        ("v**2", "volt**2"),
        ("v**(1/2)", "volt**0.5"),
        ("v**-1", "1/volt"),
        ("x**n", "1"),
        ("v % u", "volt"),
        ("v // u", "1"),
        ("v > u", "1"),
        ("(v > u)*v", "volt"),
        ("b and v > u", "1"),
        ("sqrt(v)", "volt**0.5"),
        ("abs(v)", "volt"),
        ("sign(v)", "1"),
        ("exp(v/u)", "1"),
        ("clip(v, u, 0)", "volt"),
        ("clip(0, v, u)", "volt"),
        ("timestep(t, dt)", "1"),
        ("rand()", "1"),
    ],
)
def test_units_of_expressions(text, expected):
    assert unit(text) == expected


@pytest.mark.parametrize("text", ["v + 0", "0 - v", "v + 0.0", "v > 0", "0 <= v", "v == -0", "v > inf", "v > -inf"])
def test_zero_has_every_unit_and_infinity_can_be_compared_to_everything(text):
    assert unit(text) in ("volt", "1")


@pytest.mark.parametrize(
    "text, caret",
    [
        ("v + 1", "1"),
        ("1 + v", "1"),
        ("v + I", "I"),
        ("x*v - g*(v + u)", "g*(v + u)"),
        ("v > 1", "1"),
        ("v == x", "x"),
        ("v + inf", "inf"),
        ("v % 2", "2"),
        ("v // x", "x"),
        ("v**x", "x"),
        ("x**v", "v"),
        ("2**v", "v"),
        ("not v", "v"),
        ("b and v", "v"),
        ("exp(v)", "v"),
        ("1 + exp(2*v)", "2*v"),
        ("int(v)", "v"),
        ("clip(v, 1, u)", "1"),
        ("clip(x, v, x)", "v"),
        ("timestep(t, 1)", "1"),
    ],
)
def test_units_that_do_not_fit_are_pointed_at(text, caret):
    with pytest.raises(DimensionMismatchError) as refusal:
        unit(text)
    assert pointed_at(refusal) == caret


@pytest.mark.parametrize("text, caret", [("v + w", "w"), ("f(v)", "f(v)")])
def test_unknown_names_are_pointed_at(text, caret):
    with pytest.raises(UnknownName) as refusal:
        unit(text)
    assert pointed_at(refusal) == caret


@pytest.mark.parametrize("text", ["exp()", "exp(x, x)", "rand(x)", "clip(x, x)"])
def test_a_wrong_number_of_arguments_is_refused(text):
    with pytest.raises(WrongType):
        unit(text)


def test_functions_of_the_user():
    f = FunctionRow("f", 2, Dimensions((Fixed(volt.exponents), Fixed()), Fixed(amp.exponents)))
    square = FunctionRow("square", 1, Dimensions((Same(0),), lambda d: d**2))
    functions = {**FUNCTIONS, "f": f, "square": square}
    assert dimension_of(parse_expression(Source("f(v, 2) + I")), DIMENSIONS, functions) is amp
    assert dimension_of(parse_expression(Source("square(v)")), DIMENSIONS, functions) is volt**2
    with pytest.raises(DimensionMismatchError):
        dimension_of(parse_expression(Source("f(2, v)")), DIMENSIONS, functions)


def test_both_branches_of_a_select_agree():
    condition, v, zero, x = Op(">", (Name("v"), Name("u"))), Name("v"), parse_expression(Source("0")), Name("x")
    assert dimension_of(Op("select", (condition, zero, v)), DIMENSIONS) is volt
    with pytest.raises(DimensionMismatchError):
        dimension_of(Op("select", (condition, v, x)), DIMENSIONS)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("True", "boolean"), ("1", "integer"), ("1.0", "float"), ("x", "float"), ("n", "integer"), ("b", "boolean"),
        ("x > 1", "boolean"), ("not b", "boolean"), ("b or n > 1", "boolean"),
        ("n + 1", "integer"), ("n + b", "integer"), ("b*b", "integer"), ("-b", "integer"), ("n + x", "float"),
        ("n // 2", "integer"), ("n % 2", "integer"),
        ("n / 2", "float"), ("n**2", "integer"), ("n**-1", "float"), ("n**(-2)", "float"), ("n**x", "float"),
        ("int(x)", "integer"), ("floor(x)", "float"), ("ceil(x)", "float"), ("exp(n)", "float"), ("abs(n)", "integer"),
        ("clip(n, 0, 1.5)", "float"),
        ("poisson(x)", "integer"), ("rand()", "float"),
    ],
)  # fmt: skip
def test_types_of_expressions(text, expected):
    assert kind(text) == expected


@pytest.mark.parametrize("text, caret", [("not x", "x"), ("b and n", "n"), ("x + 1 or b", "x + 1"),
                                         ("exp(not x)", "x")])
def test_logic_needs_booleans(text, caret):
    with pytest.raises(WrongType) as refusal:
        kind(text)
    assert pointed_at(refusal) == caret


def check(text):
    for equation in parse_equations(Source(text)):
        check_equation(equation, DIMENSIONS, DTYPES)


@pytest.mark.parametrize(
    "text",
    [
        "dv/dt = -v/tau : volt", "dv/dt = 0 : volt", "dv/dt = -v/tau + sigma*xi/tau**.5 : volt", "I = g*v : amp",
        "v = 0 : volt", "b = v > 0 : boolean",
        "n = int(x) : integer", "x = (v > u)*2 : 1", "x : 1",
    ],
)
def test_equations_that_hold_together(text):
    check(text)


@pytest.mark.parametrize("text", ["dv/dt = -v : volt", "dv/dt = 1 : volt", "dv/dt = sigma*xi : volt", "dx/dt = -x : 1",
                                  "I = v : amp", "v = 1 : volt", "b = v : boolean"])
def test_equations_with_wrong_units_are_refused(text):
    with pytest.raises(DimensionMismatchError):
        check(text)


def test_a_boolean_subexpression_is_a_condition():
    with pytest.raises(WrongType):
        check("b = x : boolean")


@pytest.mark.parametrize("text", ["v > 0", "b", "True", "not b and v > u"])
def test_conditions(text):
    check_condition(parse_expression(Source(text)), "threshold", DIMENSIONS, DTYPES)


@pytest.mark.parametrize("text", ["v", "n", "int(b)", "v - u", "1"])
def test_what_is_no_condition_is_refused(text):
    with pytest.raises(WrongType):
        check_condition(parse_expression(Source(text)), "threshold", DIMENSIONS, DTYPES)


def assign(text):
    (statement,) = parse_statements(Source(text))
    check_assignment(statement, DIMENSIONS[statement.target], DIMENSIONS, DTYPES)


@pytest.mark.parametrize("text", ["v = u", "v = 0", "v += u", "v -= 2*u", "v *= 2", "v /= x", "v %= u", "x //= 2",
                                  "x **= 2", "x += b*2"])
def test_assignments(text):
    assign(text)


@pytest.mark.parametrize("text", ["v = 1", "v = I", "v += x", "v -= 1", "v *= u", "v /= u", "v %= 2", "v //= 2",
                                  "v //= u", "v **= 2", "x **= v"])
def test_assignments_with_wrong_units_are_refused(text):
    with pytest.raises(DimensionMismatchError):
        assign(text)
