"""Solutions found by SymPy, kept in memory and on disk. A store that cannot be read or written is only slower."""
from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from brainsim.errors import BrainsimError, Source
from brainsim.kept import keep, whole
from brainsim.language.expressions import parse_expression, to_text
from brainsim.language.trees import Tree
from brainsim.options import cache_directory

VERSION = "1"
"""Raise it when the meaning of the stored lists changes."""

Lists = list[tuple[Tree, ...]]


def stored(question: str, answer: Callable[[], Lists], directory: Path | None = None) -> Lists:
    """The answer to ``question`` (its canonical text): from disk when it was found before, else found now and kept."""
    name = hashlib.sha256(f"{VERSION}\n{question}".encode()).hexdigest()[:32]
    path = (directory or cache_directory()) / "algebra" / f"{name}.json"
    found = _read(path, question)
    if found is None:
        found = answer()
        _write(path, question, found)
    return found


def _read(path: Path, question: str) -> Lists | None:
    try:
        content = whole(path)
        if content is None:
            return None
        kept = json.loads(content)
        if kept["question"] == question:
            return [tuple(_tree(text) for text in row) for row in kept["answer"]]
    except (ValueError, KeyError, TypeError, BrainsimError):
        pass
    return None


@lru_cache(maxsize=1000)
def _tree(text: str) -> Tree:
    return parse_expression(Source(text, "stored solution"), allow_select=True)


def _write(path: Path, question: str, found: Lists) -> None:
    text = json.dumps({"question": question, "answer": [[to_text(tree) for tree in row] for row in found]}, indent=1)
    with suppress(OSError):
        keep(text.encode(), path)
