"""Every unit with every SI prefix, and their squares and cubes; each is made when it is first asked for."""
from __future__ import annotations

from typing import Any

from brainsim.units.names import all_names, unit

__all__ = all_names()  # pyright: ignore[reportUnsupportedDunderAll] -- of the table


def __getattr__(name: str) -> Any:
    if name == "all_units":
        globals()[name] = [unit(n) for n in __all__]
        return globals()[name]
    try:
        found = unit(name)
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no unit {name!r}") from None
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
