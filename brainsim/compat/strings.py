"""Small functions on text, graphs and arrays that scripts import from `brian2.utils`."""
from __future__ import annotations

import graphlib
import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"\b[A-Za-z_]\w*", re.ASCII)
_NUMBER = re.compile(r"(?<![\w.])(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_RESERVED = frozenset(("and", "or", "not", "True", "False"))


def indent(text: str, numtabs: int = 1, spacespertab: int = 4, tab: str | None = None) -> str:
    """Every line further to the right by ``numtabs`` times ``tab`` (default: ``spacespertab`` spaces)."""
    margin = numtabs * (" " * spacespertab if tab is None else tab)
    return "\n".join(margin + line for line in text.split("\n"))


def deindent(text: str, numtabs: int | None = None, spacespertab: int = 4, docstring: bool = False) -> str:
    """Lines without the margin they share, or without ``numtabs`` tabs; of a ``docstring`` the first line does not
    count."""
    lines = text.replace("\t", " " * spacespertab).split("\n")
    counted = [line for line in lines[docstring:] if line.strip()]
    margin = min(
        (len(line) - len(line.lstrip()) for line in counted), default=0) if numtabs is None else numtabs * spacespertab
    return "\n".join(line if docstring and k == 0 else line[margin:] for k, line in enumerate(lines))


def word_substitute(expr: str, substitutions: Mapping[str, Any]) -> str:
    """The text with whole words replaced, all at once."""
    return _WORD.sub(lambda found: str(substitutions.get(found[0], found[0])), expr)


def replace(s: str, substitutions: Mapping[str, Any]) -> str:
    """The text with strings replaced, one after the other."""
    for old, new in substitutions.items():
        s = s.replace(old, str(new))
    return s


def get_identifiers(expr: str, include_numbers: bool = False) -> set[str]:
    """Names in a text, keywords left out; with ``include_numbers`` the numbers as they are written, too."""
    return set(_WORD.findall(expr)) - _RESERVED | (set(_NUMBER.findall(expr)) if include_numbers else set())


def strip_empty_lines(s: str) -> str:
    """The lines that hold something."""
    return "\n".join(line for line in s.split("\n") if line.strip())


def strip_empty_leading_and_trailing_lines(s: str) -> str:
    """The text without empty lines at either end."""
    lines = s.split("\n")
    full = [k for k, line in enumerate(lines) if line.strip()]
    return "\n".join(lines[full[0]:full[-1] + 1]) if full else ""


def stripped_deindented_lines(code: str) -> list[str]:
    """The lines that hold something, without the margin they share."""
    return deindent(strip_empty_lines(code)).split("\n")


def code_representation(code: str | Mapping[str, str]) -> str:
    """Code for people to read: as it is, or the pieces of a mapping below their names."""
    if not isinstance(code, Mapping):
        return textwrap.dedent(code).strip("\n")
    return "\n".join(f"Key {name}:\n{indent(str(piece))}" for name, piece in code.items())


def topsort(graph: Mapping[Any, Sequence[Any]]) -> list[Any]:
    """Nodes of ``{node: nodes it needs}``, each after those it needs; `graphlib.CycleError` (a `ValueError`) for a
    circle."""
    return list(graphlib.TopologicalSorter(graph).static_order())


def calc_repeats(delay: Any) -> NDArray[np.int32]:
    """For every element how often its value came before: shape as the array given, int32."""
    values = np.asarray(delay)
    order = np.argsort(values, kind="stable")
    arranged = values[order]
    first = np.searchsorted(arranged, arranged)
    found = np.empty(len(values), np.int32)
    found[order] = np.arange(len(values)) - first
    return found
