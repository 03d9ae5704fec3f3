"""The Cython half of every compiled module: compiled once per installation, in a process of its own while the user's
script runs.

The half that Cython translates is the same for all networks, so it is kept as an object file and linked to the loops of
each. An installed package brings it as C (setup.py); in a checkout Cython translates it here, and needs the better part
of a second to start.
"""
from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from brainsim.errors import BuildError
from brainsim.options import cache_directory
from brainsim.targets.cache import digest, module_path
from brainsim.targets.compiler import Compiler, find_compiler, include_flags
from brainsim.targets.templates import folder, read

MODULE = "brainsim_network"
SCRIPT = """
import atexit, os, shutil, subprocess, sys
from pathlib import Path
given, wanted, *command = sys.argv[1:]
atexit.register(shutil.rmtree, os.path.dirname(given), ignore_errors=True)
if given.endswith(".pyx"):
    import Cython.Compiler.Main as main
    result = main.compile(given, main.CompilationOptions(main.default_options, language_level=3, emit_linenums=False))
    if result.num_errors:
        sys.exit("Cython refused " + given)
made = str(Path(given).with_suffix(".o"))
subprocess.run([*command, "-c", str(Path(given).with_suffix(".c")), "-o", made], check=True)
Path(wanted).parent.mkdir(parents=True, exist_ok=True)
beside = wanted + "." + str(os.getpid())
Path(beside).write_bytes(Path(made).read_bytes())
os.replace(beside, wanted)
"""


@lru_cache(maxsize=None)
def version() -> str:
    """What identifies the installed Cython, without importing it."""
    spec = find_spec("Cython")
    return f"{spec.origin} {Path(spec.origin).stat().st_mtime_ns}" if spec and spec.origin else "none"


class WrapperProcess:
    """The process that builds the wrapper, if one was needed. It outlives a script that ends before it."""

    def __init__(self, compiler: Compiler):
        self.compiler = compiler
        self.suffix = ".c" if (folder() / "cython" / "module.c").exists() else ".pyx"
        self.text = read(f"cython/module{self.suffix}")
        name = digest(self.text, compiler.identity, version(), sys.version, " ".join(include_flags()))
        self.path = module_path(f"wrapper-{name}", ".o")
        self.process: subprocess.Popen[str] | None = None
        if not self.path.exists():
            self._start()

    def _start(self) -> None:
        given = Path(tempfile.mkdtemp(prefix="brainsim_wrapper_")) / f"{MODULE}{self.suffix}"
        given.write_text(self.text, encoding="utf-8")
        command = [*self.compiler.command, "-fPIC", "-O1", "-w", *include_flags()]
        self.process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(given), str(self.path), *command],
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def result(self) -> Path:
        """The object file, once it is there."""
        if self.process is not None:
            output, _ = self.process.communicate()
            if self.process.returncode and not self.path.exists():
                raise BuildError(
                    "the Cython half of the module could not be built", log=str(_kept(output)),
                    found=_last_line(output),
                    help=f"the compiler is {' '.join(self.compiler.command)} and its log is kept in {_kept(output)}; "
                    "CC or prefs.codegen.compiler names another, prefs.codegen.target = 'numpy' runs without one")
            self.process = None
        if not self.path.exists():   # somebody emptied the cache
            self._start()
            return self.result()
        return self.path


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def _kept(output: str) -> Path:
    """The log, in the cache."""
    path = cache_directory() / "failed" / "cython_half.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(output, encoding="utf-8")
    return path


@lru_cache(maxsize=None)
def wrapper(compiler: Compiler) -> WrapperProcess:
    """The one process for a compiler; starts it on the first call."""
    return WrapperProcess(compiler)


def begin() -> None:
    """Start the process now, if this installation has never built the wrapper; harmless without a compiler."""
    compiler = find_compiler()
    if isinstance(compiler, Compiler):
        wrapper(compiler)
