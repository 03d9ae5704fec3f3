"""Text that generates synapses, ``"EXPR for VAR in range(...) if COND"``, to a value."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass, field
from typing import Literal

from brainsim.errors import BrainsimError, Source, Span, WrongSyntax
from brainsim.language.expressions import parse_part
from brainsim.language.scan import closing, cut, on_one_line, outside_brackets, trimmed
from brainsim.language.trees import Tree


@dataclass(frozen=True, slots=True)
class Generator:
    """The indices ``result``, for each value of ``variable`` drawn from ``kind(*arguments)``, where ``condition``
    holds.

    Without ``for`` there is one index: ``kind`` and ``variable`` are None. Of a sample exactly one of ``p``
    (probability of each value) and ``size`` (number of values, without replacement) is a tree.
    """

    result: Tree
    variable: str | None = None
    kind: Literal["range", "sample"] | None = None
    arguments: tuple[Tree, ...] = ()
    p: Tree | None = None
    size: Tree | None = None
    condition: Tree | None = None
    span: Span | None = field(default=None, compare=False, repr=False)


_FORM = "write 'EXPR for VAR in range(...) if COND' or 'EXPR for VAR in sample(..., p=...) if COND'"
_FOR = re.compile(r"\bfor\b")
_IF = re.compile(r"\bif\b")
_VARIABLE = re.compile(r"\s*([A-Za-z_]\w*)\s+in\b", re.ASCII)
_CALL = re.compile(r"\s*([A-Za-z_]\w*)\s*(?=\()", re.ASCII)
_KEYWORD = re.compile(r"\s*([A-Za-z_]\w*)\s*=(?!=)", re.ASCII)


def is_generator(text: str) -> bool:
    """Whether the text has a ``for`` outside brackets."""
    return _word(_FOR, on_one_line(text), 0) is not None


def parse_generator(source: Source) -> Generator:
    """The value of ``"EXPR for VAR in range(...) if COND"``, ``"... in sample(...)"`` or ``"EXPR if COND"``.

    Raises `WrongSyntax`. Whether the arguments are integers and use what they may use is for the model.
    """
    text = on_one_line(source.text)
    span = Span(source, *trimmed(text, 0, len(text)))
    loop = _word(_FOR, text, 0)
    if loop is None:
        result_stop, condition = _condition(source, text, 0)
        return Generator(parse_part(source, 0, result_stop), condition=condition, span=span)
    result = parse_part(source, 0, loop.start())
    variable, position = _variable(source, text, loop)
    kind, opened, closed = _call(source, text, position)
    arguments, keywords = _arguments(source, text, opened + 1, closed)
    rest, condition = _condition(source, text, closed + 1)
    _refuse_rest(source, text, closed + 1, rest)
    _check_arguments(kind, arguments, keywords, Span(source, *trimmed(text, position, closed + 1)))
    return Generator(result, variable, kind, arguments, keywords.get("p"), keywords.get("size"), condition, span)


def _word(pattern: re.Pattern[str], text: str, start: int) -> re.Match[str] | None:
    """The first match outside brackets."""
    outside = {start + position for position, _ in outside_brackets(text[start:])}
    return next((found for found in pattern.finditer(text, start) if found.start() in outside), None)


def _condition(source: Source, text: str, start: int) -> tuple[int, Tree | None]:
    """Where the text before ``if`` ends, and the condition."""
    found = _word(_IF, text, start)
    if found is None:
        return len(text), None
    if not text[found.end() :].strip():
        raise WrongSyntax("The condition behind 'if' is missing", at=Span(source, *found.span()),
                          help="write 'if COND'")
    if another := _word(_FOR, text, found.end()):
        raise _two_loops(source, another)
    if otherwise := _word(re.compile(r"\belse\b"), text, found.end()):
        raise WrongSyntax(
            "There is no 'else' here", at=Span(source, *otherwise.span()), help="write 'int(cond)*x + int(not cond)*y'"
        )
    return found.start(), parse_part(source, found.end(), len(text))


def _variable(source: Source, text: str, loop: re.Match[str]) -> tuple[str, int]:
    found = _VARIABLE.match(text, loop.end())
    if found is None or keyword.iskeyword(found[1]):
        raise WrongSyntax("Behind 'for' stands one name, and then 'in'", at=Span(source, *loop.span()), help=_FORM)
    return found[1], found.end()


def _call(source: Source, text: str, start: int) -> tuple[Literal["range", "sample"], int, int]:
    """``range`` or ``sample``, and where its parentheses stand."""
    found = _CALL.match(text, start)
    kind = found[1] if found else ""
    if found is None or (kind != "range" and kind != "sample"):
        first, last = trimmed(text, start, found.end() if found else len(text))
        at = Span(source, min(first, len(text) - 1), max(last, first))
        raise WrongSyntax("Behind 'in' stands range(...) or sample(...)", at=at,
                          found=repr(text[first:last]) if first < last else "", help=_FORM)
    closed = closing(text, found.end())
    if closed < 0:
        raise WrongSyntax("'(' is never closed", at=Span(source, found.end(),
                                                         found.end() + 1), help="add the missing parenthesis")
    return kind, found.end(), closed


def _arguments(source: Source, text: str, start: int, stop: int) -> tuple[tuple[Tree, ...], dict[str, Tree]]:
    arguments: list[Tree] = []
    keywords: dict[str, Tree] = {}
    parts = [(start + a, start + b) for a, b in cut(text[start:stop], ",")] if text[start:stop].strip() else []
    for first, last in parts:
        named = _KEYWORD.match(text, first, last)
        if named is None and keywords:
            raise WrongSyntax("An argument without a name comes before those with one",
                              at=Span(source, *trimmed(text, first, last)), help=_FORM)
        if named is None:
            arguments.append(parse_part(source, first, last))
        elif named[1] in keywords:
            raise WrongSyntax(f"'{named[1]}' is given twice", at=Span(source, *named.span(1)),
                              help="remove one of the two")
        elif named[1] in ("p", "size"):
            keywords[named[1]] = parse_part(source, named.end(), last)
        else:
            raise WrongSyntax(f"There is no argument '{named[1]}'", at=Span(source, *named.span(1)),
                              help="use 'p' or 'size'")
    return tuple(arguments), keywords


def _refuse_rest(source: Source, text: str, start: int, stop: int) -> None:
    if not text[start:stop].strip():
        return
    if another := _word(_FOR, text, start):
        raise _two_loops(source, another)
    at = Span(source, *trimmed(text, start, stop))
    raise WrongSyntax("Only 'if' can follow here", at=at, found=repr(text[at.start : at.stop]), help=_FORM)


def _two_loops(source: Source, another: re.Match[str]) -> BrainsimError:
    return WrongSyntax(
        "Only one 'for' is possible",
        at=Span(source, *another.span()),
        help="compute both indices from one variable by '//' and '%'",
    )


def _check_arguments(kind: str, arguments: tuple[Tree, ...], keywords: dict[str, Tree], at: Span) -> None:
    if not 1 <= len(arguments) <= 3:
        found = f"{len(arguments)} arguments" if arguments else "no argument"
        raise WrongSyntax(f"'{kind}' takes one to three arguments: stop, or start and stop, or start, stop and step",
                          at=at, found=found)
    if kind == "range" and keywords:
        raise WrongSyntax(f"'range' has no '{next(iter(keywords))}'", at=at, help="write 'sample' instead of 'range'")
    if kind == "sample" and len(keywords) != 1:
        found = "both" if keywords else "neither"
        raise WrongSyntax("'sample' needs either 'p' or 'size'", at=at, found=found,
                          help="write 'sample(N, p=0.1)' or 'sample(N, size=10)'")
