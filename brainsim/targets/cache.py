"""Built modules on disk, named by a digest of everything that went into them; safe between processes."""
from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from brainsim.errors import BuildError
from brainsim.options import cache_directory


def digest(*parts: str) -> str:
    """A short name for texts taken together."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def module_path(name: str, suffix: str) -> Path:
    """Where a built module of this name lies, whether or not it is there yet."""
    return cache_directory() / "modules" / f"{name}{suffix}"


#: what GCC and Clang say when the half of them that knows C++ is not installed
NO_CPP = re.compile(r"cc1plus|fatal error: '?<?(?:cmath|cstdint|cstdlib|algorithm)")


def run_compiler(command: Sequence[str], folder: Path, what: str,
                 help: str = "prefs.codegen.target = 'numpy' runs without a compiler", absent: str = "") -> None:
    """Run a compiler; a failure keeps its log and raises `BuildError` naming the kernel. ``absent`` helps where there
    is no C++ compiler."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode == 0:
        return
    kept = cache_directory() / "failed" / folder.name
    log = kept / "compiler.log"
    with suppress(OSError, shutil.Error):      # a full disk must not hide what the compiler said
        shutil.copytree(folder, kept, dirs_exist_ok=True)
        log.write_text(" ".join(command) + "\n\n" + done.stdout + done.stderr, encoding="utf-8")
    first = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip()[:200])
    kernel = next(
        (line.split("function")[1].strip(" ‘’':") for line in done.stderr.splitlines() if "In function" in line), "")
    remedy = absent if absent and NO_CPP.search(done.stderr) else help
    raise BuildError(f"the C compiler refused {what}" + (f", in {kernel}" if kernel else ""), log=str(log), found=first,
                     help=f"the generated code and the full log are kept in {kept}; {remedy}")
