"""A script that differs, made small by leaving out lines, and parts of lines, as long as it still differs."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.fuzz.models import Line, Script


def smaller(script: Script) -> Iterator[Script]:
    """Scripts with something left out: a line and what needs it, or one line of a block of code or equations."""
    for at in range(len(script.lines) - 1, -1, -1):
        if not script.lines[at].text.startswith(("from ", "import ")):
            yield script.without(at)
    for at, line in enumerate(script.lines):
        for shorter in _shorter(line):
            yield replace(script, lines=(*script.lines[:at], shorter, *script.lines[at + 1:]))


def _shorter(line: Line) -> Iterator[Line]:
    for block in re.finditer(r"'''(.*?)'''", line.text, re.DOTALL):
        parts = block[1].split("\n")
        for n in range(len(parts)):
            rest = "\n".join(parts[:n] + parts[n + 1:])
            yield replace(line, text=line.text[:block.start(1)] + rest + line.text[block.end(1):])
    # a function of something simple becomes its argument
    for call in re.finditer(r"\b[a-z0-9]+\(([^()]*)\)", line.text):
        argument = call[1].split(",")[0]
        if argument and "=" not in call[1]:
            yield replace(line, text=line.text[:call.start()] + f"({argument})" + line.text[call.end():])
    for bracket in re.finditer(r"\([^()]* [-+*/%]+ [^()]*\)", line.text):
        yield replace(line, text=line.text[:bracket.start()] + "(0.517)" + line.text[bracket.end():])


def reduced(script: Script, differs: Callable[[Script], bool], most: int = 400) -> Script:
    """The smallest script found in so many trials."""
    trials = 0
    progress = True
    while progress and trials < most:
        progress = False
        for candidate in smaller(script):
            trials += 1
            if trials >= most:
                break
            if differs(candidate):
                script, progress = candidate, True
                break
    return script
