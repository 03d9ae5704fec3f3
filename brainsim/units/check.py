"""Units and types checked on trees, where the user's columns are still known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from brainsim.errors import BrainsimError, DimensionMismatchError, UnknownName, WrongCall, WrongType, near
from brainsim.language.equations import Equation
from brainsim.language.expressions import to_text
from brainsim.language.functions import FUNCTIONS, DType, Fixed, Free, FunctionRow, Same
from brainsim.language.trees import Assign, Call, Name, Number, Op, Tree
from brainsim.units.dimensions import DIMENSIONLESS, SECOND, Dimension, dimension
from brainsim.units.words import unit_text

Value = TypeVar("Value")
Table = Mapping[str, Dimension]
Functions = Mapping[str, FunctionRow]

_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


def dimension_of(tree: Tree, dimensions: Table, functions: Functions = FUNCTIONS) -> Dimension:
    """The dimension of an expression.

    Raises `DimensionMismatchError` where units do not fit, `UnknownName`, and `WrongType` for a wrong number of
    arguments. A literal 0 has every dimension; ``inf`` can be compared to everything.
    """

    def of(part: Tree) -> Dimension:
        return dimension_of(part, dimensions, functions)

    match tree:
        case Number():
            return DIMENSIONLESS
        case Name(name):
            return _known(tree, name, dimensions, "name")
        case Call(name, args):
            function = _known(tree, name, functions, "function")
            return _of_call(tree, function, args, [of(a) for a in args])
        case Op("select", args):
            return _of_call(tree, FUNCTIONS["select"], args, [of(a) for a in args])
        case Op("neg", (operand,)):
            return of(operand)
        case Op("not" | "and" | "or" as op, args):
            for operand in args:
                _demand(DIMENSIONLESS, of(operand), operand, f"An operand of '{op}' must have no unit")
            return DIMENSIONLESS
        case Op("*", (left, right)):
            return of(left) * of(right)
        case Op("/", (left, right)):
            return of(left) / of(right)
        case Op("**", (base, exponent)):
            return _of_power(base, of(base), exponent, of(exponent))
        case Op(op, (left, right)):
            common = _common(op, left, of(left), right, of(right))
            return DIMENSIONLESS if op in _COMPARISONS or op == "//" else common
    raise TypeError(f"no dimension for {tree!r}")


def _known(tree: Tree, name: str, table: Mapping[str, Value], sort: str) -> Value:
    if name not in table:
        raise UnknownName(f"The {sort} '{name}' is not defined", at=tree.span, help=near(name, table))
    return table[name]


def _common(op: str, left: Tree, of_left: Dimension, right: Tree, of_right: Dimension) -> Dimension:
    """The one dimension of two operands."""
    if of_left is of_right or _fits_all(right, op):
        return of_left
    if _fits_all(left, op):
        return of_right
    first = isinstance(left, Number) and not isinstance(right, Number)
    raise DimensionMismatchError(
        f"Both sides of '{op}' must have the same unit",
        of_left,
        of_right,
        at=(left if first else right).span,
        found=f"{_words(left, of_left)} and {_words(right, of_right)}",
        help=_help(of_right, left, of_left) if first else _help(of_left, right, of_right),
    )


def _fits_all(tree: Tree, op: str = "+") -> bool:
    """Whether a tree has every dimension."""
    match tree:
        case Number(value):
            return value == 0
        case Name("inf"):
            return op in _COMPARISONS
        case Op("neg", (operand,)):
            return _fits_all(operand, op)
    return False


def _of_power(base: Tree, of_base: Dimension, exponent: Tree, of_exponent: Dimension) -> Dimension:
    _demand(DIMENSIONLESS, of_exponent, exponent, "An exponent must have no unit")
    if of_base is DIMENSIONLESS:
        return DIMENSIONLESS
    power = _literal(exponent)
    if power is None:
        raise DimensionMismatchError(
            "A quantity with a unit can only be raised to a number",
            of_base,
            at=exponent.span,
            found=f"{_words(base, of_base)} to the power of '{to_text(exponent)}'",
            help=f"write the exponent as a number, or divide '{to_text(base)}' by a quantity in {unit_text(of_base)}",
        )
    return of_base**power


def _literal(tree: Tree) -> float | None:
    """The value of a number written out, ``1/2`` and ``-1`` included."""
    match tree:
        case Number(value):
            return float(value)
        case Op("neg", (operand,)) if (value := _literal(operand)) is not None:
            return -value
        case Op("/", (Number(over), Number(under))) if under:
            return over / under
    return None


def _of_call(tree: Tree, function: FunctionRow, args: Sequence[Tree], found: list[Dimension]) -> Dimension:
    if len(args) != function.arity:
        raise WrongCall(f"'{function.name}' takes {_count(function.arity)}", at=tree.span, found=_count(len(args)))
    rules = function.dimensions.arguments
    found = [_beside(number, rules, args, found) if _fits_all(a) else found[number] for number, a in enumerate(args)]
    for number, (rule, argument) in enumerate(zip(rules, args, strict=True)):
        expected = _expected(rule, found, found[number])
        which = "The argument" if len(args) == 1 else f"Argument {number + 1}"
        _demand(expected, found[number], argument, f"{which} of '{function.name}' {_must(expected)}")
    match function.dimensions.result:
        case Fixed() | Same() as rule:
            return _expected(rule, found, DIMENSIONLESS)
        case compute:
            return compute(*found)


def _beside(number: int, rules: Sequence[object], args: Sequence[Tree], found: Sequence[Dimension]) -> Dimension:
    """The dimension of a literal 0: that of an argument which has to agree with it."""
    agreeing = (d for rule, a, d in zip(rules, args, found, strict=True) if rule == Same(number) and not _fits_all(a))
    return next(agreeing, found[number])


def _expected(rule: Fixed | Same | Free, arguments: Sequence[Dimension], own: Dimension) -> Dimension:
    match rule:
        case Fixed(exponents):
            return dimension(exponents)
        case Same(of, power):
            return arguments[of] if power == 1 else arguments[of] ** power
    return own


def _demand(expected: Dimension, found: Dimension, tree: Tree, what: str) -> None:
    if found is not expected and not _fits_all(tree):
        raise DimensionMismatchError(
            what, expected, found, at=tree.span, found=_words(tree, found), help=_help(expected, tree, found)
        )


def check_equation(equation: Equation, dimensions: Table, dtypes: Mapping[str, DType],
                   functions: Functions = FUNCTIONS) -> None:
    """Nothing, when the right side has the unit (and, if boolean, the type) that the equation declares.

    ``dimensions`` and ``dtypes`` hold the equation's own name too. Raises `DimensionMismatchError` or `WrongType`.
    """
    if equation.expression is None:
        return
    declared = dimensions[equation.name]
    found = dimension_of(equation.expression, dimensions, functions)
    kind = kind_of(equation.expression, dtypes, functions)
    differential = equation.kind == "differential"
    if found is (declared / SECOND if differential else declared) and (differential or equation.dtype != "boolean"):
        return      # the usual case first: names of units take time to find
    if differential:
        what = (f"The right side of 'd{equation.name}/dt' must have the unit of '{equation.name}' per second, "
                f"{unit_text(declared / SECOND)}")
        _demand(declared / SECOND, found, equation.expression, what)
        return
    _demand(declared, found, equation.expression, f"The right side of '{equation.name}' {_must(declared)}")
    if equation.dtype == "boolean" and kind != "boolean":
        raise _no_condition(
            equation.expression, f"'{equation.name}' is declared boolean, so its right side must be true or false", kind
        )


def check_condition(
    tree: Tree, what: str, dimensions: Table, dtypes: Mapping[str, DType], functions: Functions = FUNCTIONS
) -> None:
    """Nothing, when the tree is a boolean expression; ``what`` names it in the message (``"threshold"``).

    Raises `DimensionMismatchError`, or `WrongType` for anything that is not boolean.
    """
    dimension_of(tree, dimensions, functions)
    kind = kind_of(tree, dtypes, functions)
    if kind != "boolean":
        raise _no_condition(tree, f"The {what} must be true or false", kind)


def _no_condition(tree: Tree, what: str, kind: DType) -> BrainsimError:
    text = to_text(tree)
    help = f"compare it with something, '{text} > ...' for example"
    if kind == "integer":
        help += f", or write '{text} != 0'"
    return WrongType(what, at=tree.span, found=f"'{text}', {_ARTICLE[kind]}", help=help)


_ARTICLE = {"boolean": "a boolean", "integer": "an integer", "float": "a float"}


def check_assignment(
    statement: Assign,
    target: Dimension,
    dimensions: Table,
    dtypes: Mapping[str, DType],
    functions: Functions = FUNCTIONS,
) -> None:
    """Nothing, when a statement leaves a variable of dimension ``target`` in its unit.

    Raises `DimensionMismatchError`, or `WrongType` for ``and``, ``or``, ``not`` of something that is not boolean.
    """
    found = dimension_of(statement.value, dimensions, functions)
    kind_of(statement.value, dtypes, functions)
    name, op, value = statement.target, statement.op, statement.value
    match op:
        case "=" | "+=" | "-=" | "%=":
            if found is not target and not _fits_all(value):
                raise DimensionMismatchError(
                    f"Both sides of '{op}' must have the same unit",
                    target,
                    found,
                    at=value.span,
                    found=f"{_words(Name(name), target)} and {_words(value, found)}",
                    help=_help(target, value, found),
                )
        case _:
            _demand(DIMENSIONLESS, found, value, f"The right side of '{op}' must have no unit")
            if op in ("//=", "**=") and target is not DIMENSIONLESS:
                raise DimensionMismatchError(f"'{op}' changes the unit of '{name}'", target, at=statement.target_span,
                                             found=_words(Name(name), target))


def kind_of(tree: Tree, dtypes: Mapping[str, DType], functions: Functions = FUNCTIONS) -> DType:
    """The type of an expression; a name that ``dtypes`` does not hold is a float.

    Raises `WrongType` for ``and``, ``or`` and ``not`` of something that is not boolean.
    """

    def of(part: Tree) -> DType:
        return kind_of(part, dtypes, functions)

    match tree:
        case Number(bool()):
            return "boolean"
        case Number(int()):
            return "integer"
        case Number():
            return "float"
        case Name(name):
            return dtypes.get(name, "float")
        case Op("not" | "and" | "or" as op, args):
            for operand in args:
                if (kind := of(operand)) != "boolean":
                    raise _no_condition(operand, f"An operand of '{op}' must be true or false", kind)
            return "boolean"
        case Op("select", (_, yes, no)):
            return _highest([of(yes), of(no)])
        case Call(name, args):
            dtype = _known(tree, name, functions, "function").dtype
            kinds: list[DType] = [of(a) for a in args]
            return _highest(kinds) if dtype == "highest" else dtype
        case Op(op, args):
            return _of_arithmetic(op, args, [of(a) for a in args])
    raise TypeError(f"no type for {tree!r}")


def _of_arithmetic(op: str, args: Sequence[Tree], kinds: Sequence[DType]) -> DType:
    if op in _COMPARISONS:
        return "boolean"
    power = _literal(args[1]) if op == "**" else None
    if op == "/" or "float" in kinds or (power is not None and power < 0):
        return "float"
    return "integer"


def _highest(kinds: Sequence[DType]) -> DType:
    order: tuple[DType, ...] = ("float", "integer", "boolean")
    return next(k for k in order if k in kinds)


def _count(number: int) -> str:
    words = ("no arguments", "one argument", "two arguments", "three arguments")
    return words[number] if number < len(words) else f"{number} arguments"


def _words(tree: Tree, found: Dimension) -> str:
    unit = "without unit" if found is DIMENSIONLESS else f"in {unit_text(found)}"
    return f"'{to_text(tree)}' {unit}"


def _must(expected: Dimension) -> str:
    return "must have no unit" if expected is DIMENSIONLESS else f"must have the unit {unit_text(expected)}"


def _help(expected: Dimension, tree: Tree, found: Dimension) -> str:
    """What would give ``tree`` the expected dimension."""
    if found is DIMENSIONLESS and isinstance(tree, Number):
        unit = unit_text(expected)
        return f"give the number a unit, '{tree.value}{unit[1:] if unit.startswith('1/') else '*' + unit}' for example"
    if found / expected is SECOND:
        return f"divide it by a time, '{to_text(Op('/', (tree, Name('tau'))))}' for example"
    if expected / found is SECOND:
        return f"multiply it by a time, '{to_text(Op('*', (tree, Name('tau'))))}' for example"
    if expected is DIMENSIONLESS:
        return f"divide it by a quantity in {unit_text(found)}"
    if found is DIMENSIONLESS:
        return f"multiply it by a quantity in {unit_text(expected)}"
    return f"the two differ by a factor in {unit_text(expected / found)}"
