"""Users' functions in C and C++ that are called like one of the C library's, or like each other, under names of their
own: the library's would be called instead, or nobody could tell them apart."""
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from brainsim.ir import library
from brainsim.ir.program import Native, Section

#: comments, strings and names of files: text in which a name is no name
QUIET = r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\[^'\n]+|[^'\\\n])'|^[ \t]*\#[ \t]*include[^\n]*"""
QUIET_TEXT = re.compile(QUIET, re.DOTALL | re.MULTILINE)
PREPROCESSOR = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.MULTILINE)
LINKAGE = re.compile(r'extern\s*"C\w*"\s*\{')
HEAD = re.compile(r"(?<![\w:.>~])(\w+)\s*\((?:[^(){};]|\([^(){};]*\))*\)\s*"
                  r"(?:(?:noexcept|throw)\b\s*(?:\([^()]*\)\s*)?)?\{")


@dataclass(frozen=True)
class OwnTexts:
    """Sections as they are compiled, each once, and what each function is called in them."""

    sections: tuple[Section, ...]
    calls: Mapping[str, str]


def own_texts(natives: Sequence[Native], language: str) -> OwnTexts:
    """The texts of the functions in a language, 'c' or 'c++'."""
    shared = ambiguous(natives)
    made: dict[tuple[Section, frozenset[tuple[str, str]]], dict[str, str]] = {}
    calls: dict[str, str] = {}
    for n in (n for n in natives if n.language == language):
        known: dict[str, str] = {}
        for s in n.sections:
            place = s, frozenset((name, word) for name, word in known.items() if mentions(s, name))
            if place not in made:
                made[place] = {name: f"own_{len(made)}_{name}" for name in defined(s.functions) if name in shared}
            known |= made[place]
        calls[n.function] = known.get(n.call, n.call)
    return OwnTexts(tuple(_renamed(s, {**dict(known), **own}) for (s, known), own in made.items()), calls)


def mentions(section: Section, name: str) -> bool:
    """Whether a name stands in a section."""
    return re.search(rf"\b{re.escape(name)}\b", f"{section.definitions}\n{section.functions}") is not None


def ambiguous(natives: Sequence[Native]) -> frozenset[str]:
    """The names of functions that the library has too, or several texts."""
    sections = dict.fromkeys(s for n in natives for s in n.sections)
    times = Counter(name for s in sections for name in defined(s.functions))
    return frozenset(name for name, count in times.items() if count > 1 or library.has(name))


def defined(code: str) -> tuple[str, ...]:
    """The functions that a text defines outside of classes and namespaces."""
    return tuple(dict.fromkeys(m[1] for m in HEAD.finditer(_outside_of_braces(code))))


def _outside_of_braces(code: str) -> str:
    """A text without comments and without what stands within braces, but for those of a linkage."""
    plain = QUIET_TEXT.sub(lambda m: m[0] if m[0] in ('"C"', '"C++"') else " ", code)
    found, depth, at = [], [], 0
    for m in re.finditer(rf"{LINKAGE.pattern}|[{{}}]", PREPROCESSOR.sub("", plain)):
        text = m.string[at:m.start()] if not any(depth) else ""
        found.append(text + ("{" if m[0] == "{" and not any(depth) else ";" * (m[0] != "{")))
        at = m.end()
        if m[0] != "}":
            depth.append(m[0] == "{")
        elif depth:
            depth.pop()
    return "".join(found)


def _renamed(section: Section, words: Mapping[str, str]) -> Section:
    return Section(_with_names(section.definitions, words), _with_names(section.functions, words)) if words else section


def _with_names(code: str, words: Mapping[str, str]) -> str:
    """A text with other names; those of members and of other namespaces stay."""
    pattern = rf"{QUIET}|(?:\w\s*::|\.|->)\s*\w+|\b(?P<name>{'|'.join(map(re.escape, words))})\b"
    return re.sub(pattern, lambda m: words[m["name"]] if m["name"] else m[0], code, flags=re.DOTALL | re.MULTILINE)
