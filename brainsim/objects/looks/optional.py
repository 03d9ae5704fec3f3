"""Packages that brainsim can use and does not need."""
from __future__ import annotations

import importlib
from typing import Any

from brainsim.errors import Unsupported


def optional(module: str, purpose: str, install: str = "") -> Any:
    """The module; `Unsupported` with the command that installs its package, or ``install``, where it is missing."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise Unsupported(f"{purpose} need the package {package}", help=f"pip install {install or package}") from error
