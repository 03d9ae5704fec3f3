"""Where a text may be cut: comments blanked and brackets counted, with every character left in its place."""

from __future__ import annotations

import re
from collections.abc import Iterator

_COMMENT = re.compile(r"#[^\n]*")
_CONTINUED = re.compile(r"\\[ \t]*\n")


def without_comments(text: str) -> str:
    """The text with comments and continued line ends as spaces; same length, same line numbers but for continued
    lines."""
    text = _COMMENT.sub(lambda found: " " * len(found[0]), text)
    return _CONTINUED.sub(lambda found: " " * len(found[0]), text)


def on_one_line(text: str) -> str:
    """The text with comments and all line ends as spaces; same length."""
    return re.sub(r"\s", " ", without_comments(text))


def outside_brackets(text: str) -> Iterator[tuple[int, str]]:
    """Position and character of everything that no bracket encloses; the brackets themselves are enclosed."""
    depth = 0
    for position, character in enumerate(text):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth = max(0, depth - 1)
        elif depth == 0:
            yield position, character


def cut(text: str, separators: str) -> Iterator[tuple[int, int]]:
    """The ranges between separators that stand outside brackets."""
    start = 0
    for position, character in outside_brackets(text):
        if character in separators:
            yield start, position
            start = position + 1
    yield start, len(text)


def closing(text: str, opening: int) -> int:
    """The position of the bracket that closes the one at ``opening``, or -1."""
    depth = 0
    for position in range(opening, len(text)):
        depth += (text[position] in "([{") - (text[position] in ")]}")
        if depth == 0:
            return position
    return -1


def trimmed(text: str, start: int, stop: int) -> tuple[int, int]:
    """The range without white space at either end."""
    part = text[start:stop]
    return start + len(part) - len(part.lstrip()), max(start, stop - len(part) + len(part.rstrip()))
