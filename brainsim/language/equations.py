"""Text of a model to its equations: differential equations, subexpressions, parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from brainsim.errors import BrainsimError, EquationError, Source, Span, WrongType
from brainsim.language.code_strings import Expression
from brainsim.language.expressions import parse_part, to_text
from brainsim.language.latex import latex, name_latex
from brainsim.language.scan import closing, cut, trimmed, without_comments
from brainsim.language.trees import Name, Number, Op, Tree, calls, names
from brainsim.stages import stage

Kind = Literal["differential", "subexpression", "parameter"]


@dataclass(frozen=True, slots=True)
class Equation:
    """One line of a model. ``unit_tree`` is None for ``1``, ``integer`` and ``boolean``; ``expression`` is None for a
    parameter."""

    kind: Kind
    name: str
    unit_tree: Tree | None
    dtype: Literal["float", "integer", "boolean"]
    expression: Tree | None
    flags: tuple[str, ...] = ()
    span: Span | None = field(default=None, compare=False, repr=False)
    name_span: Span | None = field(default=None, compare=False, repr=False)
    unit_span: Span | None = field(default=None, compare=False, repr=False)
    bounds: tuple[Tree, Tree] | None = None      #: of a trainable parameter

    @property
    def flag_texts(self) -> tuple[str, ...]:
        """Flags as they are written, bounds among them."""
        ends = () if self.bounds is None else (f"bounds=({', '.join(map(to_text, self.bounds))})",)
        return (*self.flags, *ends)

    @property
    def expr(self) -> Expression | None:
        """The right side as an `Expression`; None for a parameter."""
        return None if self.expression is None else Expression(to_text(self.expression))

    @property
    def identifiers(self) -> set[str]:
        """Names on the right side, functions included."""
        return set() if self.expression is None else set(names(self.expression) | calls(self.expression))

    @property
    def latex(self) -> tuple[str, str, str]:
        """Left side, right side (empty for a parameter), and unit with flags, each for the mathematics mode of
        LaTeX."""
        name, word = name_latex(self.name), "1" if self.dtype == "float" else rf"\mathrm{{{self.dtype}}}"
        left = rf"\frac{{\mathrm{{d}}{name}}}{{\mathrm{{d}}t}}" if self.kind == "differential" else name
        unit = latex(self.unit_tree) if self.unit_tree is not None else word
        flags = rf"\ \text{{({', '.join(self.flag_texts)})}}" if self.flags else ""
        return left, "" if self.expression is None else latex(self.expression), unit + flags

    def _repr_latex_(self) -> str:
        left, right, remark = self.latex
        return rf"${left}{' = ' if right else ''}{right} \qquad {remark}$"


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Where the pieces of one equation stand in the text; ``expression`` and ``flags`` may be absent."""

    kind: Kind
    name: tuple[int, int]
    expression: tuple[int, int] | None
    unit: tuple[int, int]
    flags: tuple[int, int] | None
    stop: int


_FORMS = "write 'dx/dt = expression : unit', 'x = expression : unit' or 'x : unit'"
_DIFFERENTIAL = re.compile(r"\s*d\s*(\w+)\s*/\s*dt\s*=(?!=)", re.ASCII)
_SUBEXPRESSION = re.compile(r"\s*([A-Za-z_]\w*)\s*=(?!=)", re.ASCII)
_PARAMETER = re.compile(r"\s*([A-Za-z_]\w*)\s*(?=:)", re.ASCII)
_BEGINS = re.compile(r"\s*(?:d\s*\w+\s*/\s*dt|[A-Za-z_]\w*)\s*=(?!=)", re.ASCII)
_GOES_ON_BEFORE = re.compile(r"([-+*/%<>=!,(]|\b(?:and|or|not))\s*$")
_GOES_ON_AFTER = re.compile(r"\s*([-+*/%<>=!,():]|(?:and|or)\b|$)")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_BOUNDS = re.compile(r"\bbounds\s*=(?!=)", re.ASCII)
_FLAG = re.compile(r"[A-Za-z][\w-]*(?: [\w-]+)*", re.ASCII)


@stage("parse")
def parse_equations(source: Source) -> tuple[Equation, ...]:
    """The equations in the order written.

    Raises `EquationError` where the text is no set of equations, `WrongType` for a type that does not exist or fit.
    Whether a name is free to use is for `brainsim.language.names`.
    """
    text = without_comments(source.text)
    if (semicolon := text.find(";")) >= 0:
        at = Span(source, semicolon, semicolon + 1)
        raise EquationError("';' does not separate equations", at=at, help="begin each equation on a new line")
    equations: list[Equation] = []
    position, _ = trimmed(text, 0, len(text))
    while position < len(text):
        pieces = _pieces(source, text, position)
        equations.append(_equation(source, text, pieces))
        position, _ = trimmed(text, pieces.stop, len(text))
    _refuse_duplicates(equations)
    return tuple(equations)


def _pieces(source: Source, text: str, start: int) -> _Pieces:
    kind, name, body = _head(source, text, start)
    colon = text.find(":", body)
    end = len(text) if colon < 0 else colon
    expression = None
    if kind != "parameter":
        _refuse_missing_unit(source, text, name, body, end)
        expression = trimmed(text, body, end)
    unit, opened, stop = _unit_range(text, end + 1)
    if not text[slice(*unit)] or _is_next_equation(text, end, unit):
        raise _missing_unit(source, text, name, (start, end))
    if opened is None:
        return _Pieces(kind, name, expression, unit, None, stop)
    closed = _flags_end(source, text, opened)
    return _Pieces(kind, name, expression, unit, (opened + 1, closed), _line_end(source, text, closed + 1))


def _is_next_equation(text: str, colon: int, unit: tuple[int, int]) -> bool:
    return "\n" in text[colon : unit[0]] and re.search("[:=]", text[slice(*unit)]) is not None


def _head(source: Source, text: str, start: int) -> tuple[Kind, tuple[int, int], int]:
    """Kind, range of the name, and where the expression (or for a parameter the ``:``) begins."""
    if found := _DIFFERENTIAL.match(text, start):
        return "differential", _identifier(source, text, found.span(1)), found.end()
    if found := _SUBEXPRESSION.match(text, start):
        return "subexpression", found.span(1), found.end()
    if found := _PARAMETER.match(text, start):
        return "parameter", found.span(1), found.end()
    raise _no_head(source, text, start)


def _identifier(source: Source, text: str, name: tuple[int, int]) -> tuple[int, int]:
    if _IDENTIFIER.fullmatch(text, *name):
        return name
    found = text[slice(*name)]
    raise EquationError(f"'{found}' is not a name", at=Span(source, *name), help="a name begins with a letter")


def _no_head(source: Source, text: str, start: int) -> BrainsimError:
    line_stop = _end_of_line(text, start)
    line = text[start:line_stop]
    at = Span(source, *trimmed(text, start, line_stop))
    if left := re.match(r"([^=:]*?)\s*([-+*/%]?=(?!=)|:)", line):
        at = Span(source, start, start + max(1, len(left[1])))
        name = left[1].strip()
        if re.fullmatch(r"d\s*\w+\s*/\s*dt", name):
            return EquationError(f"'{name}' has no right side", at=at, help="write 'dx/dt = expression : unit'")
        if re.fullmatch(r"d\s*\w+\s*/\s*d\w+", name):
            return EquationError("Only derivatives by time are possible", at=at, found=repr(name),
                                 help="write 'dx/dt = ...'")
        if _IDENTIFIER.fullmatch(name):
            at = Span(source, start + left.start(2), start + left.end(2))
            return EquationError(f"'{left[2]}' is not possible in an equation", at=at, help=_FORMS)
        return EquationError("The left side of an equation is one name", at=at, found=repr(name), help=_FORMS)
    if _IDENTIFIER.fullmatch(line.strip()):
        return _no_unit(line.strip(), at)
    return EquationError("This line is not an equation", at=at, found=repr(line.strip()), help=_FORMS)


def _refuse_missing_unit(source: Source, text: str, name: tuple[int, int], body: int, end: int) -> None:
    """An equation runs on to its ``:``; where a new line cannot continue it, its unit was forgotten."""
    line_stop = _end_of_line(text, body)
    while line_stop < end:
        before, after = text[body:line_stop], text[line_stop + 1 : _end_of_line(text, line_stop + 1)]
        is_open = before.count("(") > before.count(")")
        if _BEGINS.match(after) or not (is_open or _GOES_ON_BEFORE.search(before) or _GOES_ON_AFTER.match(after)):
            if before.strip() or _BEGINS.match(after):
                raise _missing_unit(source, text, name, (body, line_stop))
        line_stop = _end_of_line(text, line_stop + 1)
    if end == len(text):
        raise _missing_unit(source, text, name, (body, end))


def _missing_unit(source: Source, text: str, name: tuple[int, int], where: tuple[int, int]) -> BrainsimError:
    _, stop = trimmed(text, *where)
    at = Span(source, *trimmed(text, text.rfind("\n", 0, stop) + 1, stop))
    return _no_unit(text[slice(*name)], at)


def _no_unit(name: str, at: Span) -> BrainsimError:
    help = "end the equation with its unit, ': volt' for example, or with ': 1' if it has none"
    return EquationError(f"The unit of '{name}' is missing", at=at, help=help)


def _unit_range(text: str, start: int) -> tuple[tuple[int, int], int | None, int]:
    """Range of the unit behind the ``:``, position of the ``(`` of the flags, and where the line ends.

    A parenthesis that follows a name or a number opens the flags; one that follows an operator belongs to the unit.
    """
    position, _ = trimmed(text, start, len(text))
    first = position
    while position < len(text) and text[position] != "\n":
        if text[position] == "(":
            if text[first:position].rstrip()[-1:].isalnum() or text[first:position].rstrip()[-1:] in (")", "_"):
                return trimmed(text, first, position), position, position
            position = max(position, closing(text, position))
        position += 1
    return trimmed(text, first, position), None, position


def _flags_end(source: Source, text: str, opened: int) -> int:
    closed = closing(text, opened)
    inside = _BOUNDS.sub("", text[opened:closed])
    if closed < 0 or ":" in inside or "=" in inside and "\n" in inside:
        at = Span(source, opened, opened + 1)
        raise EquationError("The parenthesis of the flags is never closed", at=at,
                            help="write '(flag)' or '(flag, other flag)'")
    return closed


def _line_end(source: Source, text: str, start: int) -> int:
    stop = _end_of_line(text, start)
    if text[start:stop].strip():
        at = Span(source, *trimmed(text, start, stop))
        raise EquationError(
            "Something follows the end of the equation",
            at=at,
            found=repr(text[start:stop].strip()),
            help="begin each equation on a new line",
        )
    return stop


def _end_of_line(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _equation(source: Source, text: str, pieces: _Pieces) -> Equation:
    name_span, unit_span = Span(source, *pieces.name), Span(source, *pieces.unit)
    name = text[slice(*pieces.name)]
    expression = None
    if pieces.expression is not None:
        expression = _expression(source, name, name_span, pieces.expression)
    unit, dtype = _unit(text[slice(*pieces.unit)], unit_span)
    if pieces.kind == "differential" and dtype != "float":
        raise WrongType(
            "A differential equation describes a float",
            at=unit_span,
            found=f"'{name}' as {dtype}",
            help="declare it with a unit or ': 1'",
        )
    flags, bounds = ((), None) if pieces.flags is None else _flags(source, text, *pieces.flags)
    start = text.rfind("\n", 0, pieces.name[0]) + 1
    span = Span(source, *trimmed(text, start, pieces.stop))
    return Equation(pieces.kind, name, unit, dtype, expression, flags, span, name_span, unit_span, bounds)


def _expression(source: Source, name: str, name_span: Span, where: tuple[int, int]) -> Tree:
    if where[0] >= where[1]:
        raise EquationError(f"The equation of '{name}' has no right side", at=name_span, help=_FORMS)
    return parse_part(source, *where, error=EquationError)


_MEANT = {"bool": "boolean", "int": "integer", "float": "1"}


def _unit(text: str, span: Span) -> tuple[Tree | None, Literal["float", "integer", "boolean"]]:
    match text:
        case "1":
            return None, "float"
        case "integer" | "boolean":
            return None, text
        case "bool" | "int" | "float":
            raise WrongType(f"'{text}' is not a type of variables", at=span, help=f"write ': {_MEANT[text]}'")
    if ":" in text:
        raise EquationError("One line holds one equation", at=span, found=repr(text),
                            help="begin each equation on a new line")
    tree = parse_part(span.source, span.start, span.stop, error=EquationError)
    _refuse_odd_unit(tree)
    return tree, "float"


def _refuse_odd_unit(tree: Tree) -> None:
    match tree:
        case Name() | Number(value=1):
            return
        case Op("*" | "/", (left, right)):
            _refuse_odd_unit(left)
            _refuse_odd_unit(right)
        case Op("**", (base, exponent)) if _is_rational(exponent):
            _refuse_odd_unit(base)
        case Number() as number:
            raise EquationError(
                "A unit is declared without a number",
                at=number.span,
                found=repr(number.value),
                help="put the number into the values",
            )
        case _:
            raise EquationError("This is not a unit", at=tree.span, help="combine names of units by '*', '/' and '**'")


def _is_rational(tree: Tree) -> bool:
    match tree:
        case Number():
            return True
        case Op("neg", (number,)):
            return _is_rational(number)
        case Op("/", (Number(), Number())):
            return True
    return False


def _flags(source: Source, text: str, start: int, stop: int) -> tuple[tuple[str, ...], tuple[Tree, Tree] | None]:
    """Flags, and the bounds that may stand among them."""
    flags: list[str] = []
    bounds, bounds_at = None, None
    for first, last in cut(text[start:stop], ","):
        at = Span(source, *trimmed(text, start + first, start + last))
        at = at if at.start < at.stop else Span(source, start - 1, stop + 1)
        flag = " ".join(text[start + first : start + last].split())
        if found := _BOUNDS.match(text, at.start):
            bounds, bounds_at = _bounds(source, text, found.end(), at), at
        elif _FLAG.fullmatch(flag):
            flags.append(flag)
        else:
            raise EquationError("This is not a flag", at=at, found=repr(flag) if flag else "",
                                help="write '(flag)' or '(flag, other flag)'")
    if bounds is not None and "trainable" not in flags:
        raise EquationError("Bounds are those of a trainable parameter", at=bounds_at,
                            help="(trainable, bounds=(0, 1))")
    return tuple(flags), bounds


def _bounds(source: Source, text: str, start: int, at: Span) -> tuple[Tree, Tree]:
    """``(lower, upper)``."""
    start, stop = trimmed(text, start, at.stop)
    ends = list(cut(text[start + 1:stop
                         - 1], ",")) if text[start:start + 1] == "(" and closing(text, start) == stop - 1 else []
    if len(ends) != 2:
        raise EquationError("Bounds are a lower and an upper one", at=at,
                            help="bounds=(0, 1), or bounds=(0, inf) where there is one only")
    low, high = (parse_part(source, *trimmed(text, start + 1 + a, start + 1 + b), error=EquationError) for a, b in ends)
    return low, high


def _refuse_duplicates(equations: list[Equation]) -> None:
    seen: set[str] = set()
    for equation in equations:
        if equation.name in seen:
            raise EquationError(
                f"'{equation.name}' is defined twice", at=equation.name_span, help="remove one of the two, or rename it"
            )
        seen.add(equation.name)
