"""Names of `brainsim` that need JAX, found when they are first asked for, so that ``import brainsim`` does not import
it."""
from __future__ import annotations

import importlib
from typing import Any

from brainsim.errors import Unsupported

#: name → (module, what it is in that module; nothing: the module)
NAMES = {
    "grad": ("brainsim.learning.gradients", "grad"),
    "value_and_grad": ("brainsim.learning.gradients", "value_and_grad"),
    "check_grad": ("brainsim.learning.check", "check_grad"),
    "online": ("brainsim.learning.online", "online"),
    "train": ("brainsim.learning.train", ""),
    "fit": ("brainsim.learning.fitting", "fit"),
    "Pull": ("brainsim.objects.gradients.functional", "Pull"),
}


def late(name: str) -> Any:
    """``brainsim.<name>``; AttributeError for other names, `Unsupported` where JAX is missing."""
    if name not in NAMES:
        raise AttributeError(f"module 'brainsim' has no attribute '{name}'")
    module, inside = NAMES[name]
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise Unsupported(f"brainsim.{name} needs the package {error.name}",
                          help="pip install 'brainsim[jax]'") from error
    return getattr(found, inside) if inside else found
