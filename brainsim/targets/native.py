"""Users' functions in C and C++: what goes into the network's own text, what into a text of its own, and how both are
compiled.

C stands in the network's text, where the compiler sees through it. C++ becomes a second text, whose functions the
network calls under names of our own.
"""
from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from brainsim.ir.program import Native, Program
from brainsim.targets.own_names import own_texts
from brainsim.targets.templates import render
from brainsim.targets.words import C

FLAGS = {
    "include_dirs": "-I", "define_macros": "-D", "libraries": "-l", "library_dirs": "-L", "runtime_library_dirs":
    "-Wl,-rpath,", "extra_compile_args": "", "extra_link_args": ""
}
CPP_SUFFIXES = (".cpp", ".cxx", ".cc", ".C")


@dataclass(frozen=True)
class CompilerSettings:
    """What users tell the compiler."""

    compile: tuple[str, ...] = ()
    link: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    headers: tuple[str, ...] = field(default=())

    @property
    def in_cpp(self) -> bool:
        """Is a source in C++?"""
        return any(s.endswith(CPP_SUFFIXES) for s in self.sources)

    @property
    def identity(self) -> str:
        """Everything here that a built module depends on, the contents of the sources included."""
        contents = [hashlib.sha256(Path(s).read_bytes()).hexdigest() if Path(s).exists() else "" for s in self.sources]
        return shlex.join((*self.compile, "@", *self.link, "@", *self.sources, *contents, "@", *self.headers))


def settings(natives: Iterable[Native]) -> CompilerSettings:
    """The settings of all functions together."""
    given = [(word, value) for n in natives for word, values in n.compiler for value in values]

    def flags(*words: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(FLAGS[word] + value for word, value in given if word in words))

    return CompilerSettings(flags("include_dirs", "define_macros", "extra_compile_args"),
                    flags("library_dirs", "runtime_library_dirs", "libraries", "extra_link_args"),
                    tuple(dict.fromkeys(value for word, value in given if word == "sources")),
                    tuple(dict.fromkeys(value for word, value in given if word == "headers")))


def names(program: Program) -> dict[str, str]:
    """What the network's text calls each function: C by its own name, C++ by a number."""
    calls = own_texts(program.natives, "c").calls
    return {n.function: calls.get(n.function, f"native_{k}") for k, n in enumerate(program.natives)}


def c_lines(program: Program) -> str:
    """What stands before the kernels: the C functions, and the declarations of the C++ ones."""
    if not program.natives:
        return ""
    return render("c/natives.h.jinja", **_view(program, "c"), declared=[_head(k, n) for k, n in _of(program, "c++")],
                  bound=is_bound(program), elsewhere=bool(_of(program, "c++")))


def is_bound(program: Program) -> bool:
    """Whether functions have to be told where their arrays are (``bind_all_natives`` in the text)."""
    return bool(_arrays(program, "c") or _of(program, "c++"))


def cpp_text(program: Program) -> str:
    """The second text; empty without C++."""
    if not _of(program, "c++"):
        return ""
    called = own_texts(program.natives, "c++").calls
    calls = [(_head(k, n), called[n.function], ", ".join(f"a{m}" for m in range(len(n.arguments))))
             for k, n in _of(program, "c++")]
    return render("c/natives.cpp.jinja", **_view(program, "c++"), calls=calls)


def _of(program: Program, language: str) -> list[tuple[int, Native]]:
    return [(k, n) for k, n in enumerate(program.natives) if n.language == language]


def _view(program: Program, language: str) -> dict[str, object]:
    chosen = [n for _, n in _of(program, language)]
    headers = [h if h[:1] in '<"' else f'"{h}"' for h in settings(chosen).headers]
    sections = own_texts(program.natives, language).sections
    return dict(headers=headers, sections=sections, arrays=_arrays(program, language))


def _arrays(program: Program, language: str) -> list[tuple[str, str, int]]:
    """C type, name in the code and number of each array that functions read."""
    numbers = {a.name: (C.types[a.dtype], k) for k, a in enumerate(program.arrays)}
    found = dict.fromkeys(pair for _, n in _of(program, language) for pair in n.arrays)
    return [(numbers[name][0], word, numbers[name][1]) for word, name in found]


def _head(number: int, n: Native) -> str:
    arguments = ", ".join(f"{C.types[t]} a{k}" for k, t in enumerate(n.arguments))
    return f"{C.types[n.result]} native_{number}({arguments or 'void'})"
