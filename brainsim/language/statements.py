"""Text of code blocks (resets, synaptic effects, regular operations) to assignments."""

from __future__ import annotations

import re
from functools import lru_cache

from brainsim.errors import BrainsimError, Source, Span, WrongSyntax
from brainsim.language.expressions import parse_part
from brainsim.language.scan import cut, outside_brackets, trimmed, without_comments
from brainsim.language.trees import Assign
from brainsim.stages import stage

_ASSIGNMENT = re.compile(r"(?<![<>=!])(\*\*|//|<<|>>|[-+*/%&|^@:])?=(?!=)")
_ALLOWED = ("=", "+=", "-=", "*=", "/=", "//=", "%=", "**=")
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@stage("parse")
@lru_cache(maxsize=4096)
def parse_statements(source: Source) -> tuple[Assign, ...]:
    """The assignments of a block, in order, separated by line ends or ``;``; an empty block gives none.

    Raises `WrongSyntax` for anything that is not ``name = expression`` or ``name += expression`` and the like.
    """
    text = without_comments(source.text)
    parts = (trimmed(text, start, stop) for start, stop in cut(text, "\n;"))
    return tuple(_statement(source, text, start, stop) for start, stop in parts if start < stop)


def _statement(source: Source, text: str, start: int, stop: int) -> Assign:
    found = _operator(text, start, stop)
    if found is None:
        raise _no_assignment(source, text, start, stop)
    op_start, op_stop = found
    op = text[op_start:op_stop]
    target_start, target_stop = trimmed(text, start, op_start)
    target_span = Span(source, target_start, target_stop)
    if op not in _ALLOWED:
        raise WrongSyntax(f"'{op}' is not an assignment here", at=Span(source, op_start, op_stop),
                          help=f"use one of {' '.join(_ALLOWED)}")
    if not _NAME.fullmatch(text, target_start, target_stop):
        raise _no_target(target_span)
    if not text[op_stop:stop].strip():
        raise WrongSyntax(f"The right side of '{op}' is missing", at=Span(source, op_start, op_stop))
    value = parse_part(source, op_stop, stop)
    return Assign(text[target_start:target_stop], op, value, Span(source, start, stop), target_span)


def _operator(text: str, start: int, stop: int) -> tuple[int, int] | None:
    """The range of the first assignment operator outside brackets."""
    outside = {start + position for position, _ in outside_brackets(text[start:stop])}
    found = (m.span() for m in _ASSIGNMENT.finditer(text, start, stop) if m.start() in outside)
    return next(found, None)


def _no_assignment(source: Source, text: str, start: int, stop: int) -> BrainsimError:
    compared = text.find("==", start, stop)
    if compared >= 0 and _NAME.fullmatch(text[start:compared].strip()):
        return WrongSyntax("'==' compares, it does not assign", at=Span(source, compared, compared + 2),
                           help="write '='")
    what = "This statement assigns nothing"
    help = "write 'name = expression' or 'name += expression'"
    if text[start] in "+-*/%)":
        help = "put an expression that goes on over several lines into parentheses"
    return WrongSyntax(what, at=Span(source, start, stop), found=repr(" ".join(text[start:stop].split())), help=help)


def _no_target(span: Span) -> BrainsimError:
    text = span.source.text[span.start : span.stop]
    if not text:
        at = Span(span.source, span.start, span.start + 1)
        return WrongSyntax("The left side of the assignment is missing", at=at, help="write the name of a variable")
    if re.match(r"(if|for|while)\b", text):
        return WrongSyntax(
            f"There is no '{text.split()[0]}' in statements",
            at=span,
            found=repr(text),
            help="write 'v = int(condition)*x + int(not condition)*v'",
        )
    help = (
        "use the plain name of a variable; code applies to each element by itself"
        if "[" in text
        else "write the name of a variable"
    )
    return WrongSyntax("Only a variable can be assigned to", at=span, found=repr(text), help=help)
