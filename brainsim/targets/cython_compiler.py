"""Calls Cython. Imported late, because only a network that was never built before needs it."""
from __future__ import annotations

import importlib
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from brainsim.errors import BuildError


@lru_cache(maxsize=None)
def version() -> str:
    """What identifies the installed Cython, without importing it."""
    spec = find_spec("Cython")
    return f"{spec.origin} {Path(spec.origin).stat().st_mtime_ns}" if spec and spec.origin else "none"


@lru_cache(maxsize=None)
def _main() -> ModuleType:
    return importlib.import_module("Cython.Compiler.Main")


def translate(pyx: Path) -> None:
    """Write the C file beside a ``.pyx`` file."""
    main = _main()
    options = main.CompilationOptions(main.default_options, language_level=3, emit_linenums=False)
    result = main.compile(str(pyx), options)
    if result.num_errors:
        raise BuildError(f"Cython refused {pyx.name}", help="please report this with the model: it is a defect of brainsim")
