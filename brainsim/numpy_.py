"""NumPy's names, with brainsim's unit-aware functions in place of NumPy's: what ``np`` is after the star import."""
from __future__ import annotations

from typing import Any

import numpy

from brainsim.units import functions
from brainsim.units.functions import *  # noqa: F403

#: functions that scripts call by names which NumPy has given up
OLDER = {"trapz": numpy.trapezoid, "in1d": lambda ar1, ar2, **keywords: numpy.isin(numpy.ravel(ar1), ar2, **keywords)}
__all__ = [  # pyright: ignore[reportUnsupportedDunderAll] -- what NumPy has
    *(name for name in numpy.__all__ if not name.startswith("__")), "exprel"]  # noqa: F405


def __getattr__(name: str) -> Any:
    return OLDER[name] if name in OLDER and not hasattr(numpy, name) else getattr(numpy, name)


def __dir__() -> list[str]:
    return sorted({*dir(numpy), *functions.__all__})
