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
from contextlib import suppress
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from brainsim.errors import BuildError
from brainsim.kept import BUILD_FOLDERS, whole
from brainsim.options import cache_directory, give_up
from brainsim.targets.cache import digest, module_path
from brainsim.targets.compiler import Compiler, find_compiler, include_flags
from brainsim.targets.templates import folder, read

MODULE = "brainsim_network"
SCRIPT = """
import atexit, hashlib, os, shutil, subprocess, sys
from pathlib import Path
given, wanted, *command = sys.argv[1:]
made = Path(given).with_suffix(".o")
sums = Path(wanted).parent / "sums"
its_sum = sums / (Path(wanted).name + ".sum")
atexit.register(shutil.rmtree, os.path.dirname(given), ignore_errors=True)
sums.mkdir(parents=True, exist_ok=True)
def whole():
    try:
        return hashlib.sha256(Path(wanted).read_bytes()).hexdigest() == its_sum.read_text()
    except OSError:
        return False
try:
    import fcntl
    lock = open(wanted + ".lock", "ab")
    fcntl.flock(lock, fcntl.LOCK_EX)
except (ImportError, OSError):
    pass
if whole():
    sys.exit()
if given.endswith(".pyx"):
    import Cython.Compiler.Main as main
    result = main.compile(given, main.CompilationOptions(main.default_options, language_level=3, emit_linenums=False))
    if result.num_errors:
        sys.exit("Cython refused " + given)
subprocess.run([*command, "-c", str(Path(given).with_suffix(".c")), "-o", str(made)], check=True)
def keep(content, at):
    beside = f"{at}.{os.getpid()}.part"
    try:
        Path(beside).write_bytes(content)
        os.replace(beside, at)
    finally:
        Path(beside).unlink(missing_ok=True)
keep(made.read_bytes(), wanted)
keep(hashlib.sha256(made.read_bytes()).hexdigest().encode(), its_sum)
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
        if whole(self.path) is None:
            self._start()

    def _start(self) -> None:
        given = Path(tempfile.mkdtemp(prefix=f"{BUILD_FOLDERS}wrapper_")) / f"{MODULE}{self.suffix}"
        given.write_text(self.text, encoding="utf-8")
        command = [*self.compiler.command, "-fPIC", "-O1", "-w", *include_flags()]
        self.process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(given), str(self.path), *command],
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        start_new_session=True)      # Ctrl-C is for the script

    def result(self, again: int = 2) -> Path:
        """The object file, once it is there."""
        if self.process is not None:
            output, _ = self.process.communicate()
            failed, self.process = self.process.returncode, None
            if failed > 0 and whole(self.path) is None and not self._elsewhere(output):
                raise BuildError(
                    "the Cython half of the module could not be built", log=str(_kept(output)),
                    found=_last_line(output),
                    help=f"the compiler is {' '.join(self.compiler.command)} and its log is kept in {_kept(output)}; "
                    "CC or prefs.codegen.compiler names another, prefs.codegen.target = 'numpy' runs without one")
        if whole(self.path) is None:      # it was killed, or somebody emptied the cache
            if again == 0:
                raise BuildError("the Cython half of the module is not where it was put", found=str(self.path),
                                 help="BRAINSIM_CACHE_DIR names another folder for what is compiled")
            self._start()
            return self.result(again - 1)
        return self.path

    def _elsewhere(self, output: str) -> bool:
        """Whether the cache took no more files and the next try is in a temporary one."""
        before, last = self.path, _last_line(output)
        if "[Errno" in last:
            give_up(before.parent.parent, last.partition("] ")[2])
            self.path = cache_directory() / before.parent.name / before.name
        return self.path != before


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def _kept(output: str) -> Path:
    """The log, in the cache."""
    path = cache_directory() / "failed" / "cython_half.log"
    with suppress(OSError):
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
        with suppress(OSError):      # no room for temporary files: the import goes on, a build says so
            wrapper(compiler)
