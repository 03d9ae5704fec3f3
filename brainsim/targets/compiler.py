"""Finds the C compiler and says how it is called: the system's, or the one in the ``ziglang`` wheel."""
from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import shlex
import shutil
import sys
import sysconfig
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from brainsim.targets.contract import Missing

REMEDY = ("install a C compiler (Debian/Ubuntu: apt install gcc; macOS: xcode-select --install) "
          "or the compiler that comes as a wheel: pip install ziglang")


@dataclass(frozen=True)
class Compiler:
    """A C compiler: the command, whether it is GCC with glibc's vector functions, and what identifies it in cache
    keys."""

    command: tuple[str, ...]
    kind: str
    vector_functions: bool
    identity: str

    def flags(self, math: str) -> list[str]:
        """Flags for the loops of a network; ``math`` is 'fast' or 'strict'."""
        common = ["-fPIC", "-w", "-std=gnu11", *([] if sys.platform == "win32" else ["-pthread", "-D_GNU_SOURCE"])]
        if math == "strict":
            return [*common, "-O2", "-ffp-contract=off"]
        # as fast as -O3 for these loops (templates/c/language.h asks for more where it pays), in two thirds of the time
        # to compile
        effort = ["-O2", "-ftree-vectorize", "-fvect-cost-model=dynamic"] if self.kind == "gcc" else ["-O3"]
        return [
            *common, "-DBRAINSIM_FAST", *effort, "-march=native", "-ffast-math", "-fno-finite-math-only",
            "-fno-associative-math"
        ]

    def cpp_command(self) -> list[str]:
        """The compiler for C++."""
        return [*self.command[:-1], "c++"] if self.kind == "zig" else [*self.command, "-x", "c++"]

    def cpp_libraries(self) -> list[str]:
        """The library of C++."""
        return ["-lc++"] if self.kind == "zig" or sys.platform == "darwin" else ["-lstdc++"]

    def link_flags(self) -> list[str]:
        """Flags that make a module of object files. (Without -ffast-math: linking with it would change the processor's
        mode.)"""
        return ["-shared", *(["-undefined", "dynamic_lookup"] if sys.platform == "darwin" else [])]

    def libraries(self) -> list[str]:
        """Libraries, after the object files."""
        return ["-lmvec", "-lm"] if self.vector_functions else ["-lm"]


def cpp_flags(flags: list[str]) -> list[str]:
    """The same flags for C++."""
    return ["-std=gnu++17" if f == "-std=gnu11" else f for f in flags]


@lru_cache(maxsize=None)
def find_compiler(choice: str = "") -> Compiler | Missing:
    """The compiler named by ``choice`` or ``CC``, the system's, or ziglang's; never raises."""
    named = choice or os.environ.get("CC", "")
    if named and shutil.which(shlex.split(named)[0]) is None:
        by = "prefs.codegen.compiler" if choice else "the variable CC"
        return Missing(f"the C compiler '{named}' named by {by} was not found", REMEDY)
    for text in filter(None, (choice, os.environ.get("CC", ""), "cc", "gcc", "clang")):
        command = shlex.split(text)
        path = shutil.which(command[0])
        if path:
            return _describe((path, *command[1:]))
    zig = importlib.util.find_spec("ziglang")
    if zig is not None and zig.origin:
        made = int(Path(zig.origin).stat().st_mtime)
        return Compiler((sys.executable, "-m", "ziglang", "cc"), "zig", False, f"ziglang {zig.origin} {made}")
    return Missing("no C compiler was found", REMEDY)


def _describe(command: tuple[str, ...]) -> Compiler:
    real = Path(command[0]).resolve()
    kind = "gcc" if "gcc" in real.name else "clang" if "clang" in real.name else "cc"
    name, version = platform.libc_ver()
    known = [int(x) for x in version.split(".")[:2]] if name == "glibc" and version else []
    vector = kind == "gcc" and known >= [2, 35] and platform.machine() == "x86_64"
    stat = real.stat()
    return Compiler(command, kind, vector, f"{' '.join(command)} {real} {stat.st_size} {int(stat.st_mtime)}")



@lru_cache(maxsize=None)
def cpu() -> str:
    """What the compiled code may rely on: the processor model and its features."""
    try:
        lines = Path("/proc/cpuinfo").read_text().split("\n\n", 1)[0].splitlines()
        picked = [x for x in lines if x.startswith(("model name", "flags", "Features", "CPU part"))]
        return hashlib.sha256("\n".join(picked).encode()).hexdigest()[:12]
    except OSError:
        return f"{platform.machine()} {platform.processor()}"


def include_flags() -> list[str]:
    """Where Python's headers are."""
    return [f"-I{sysconfig.get_path('include')}"]
