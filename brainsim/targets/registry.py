"""The targets there are: one line each."""
from __future__ import annotations

from collections.abc import Callable, Mapping

from brainsim.targets.contract import Settings, Target
from brainsim.targets.cython_module import CythonTarget
from brainsim.targets.interpreter import Interpreter
from brainsim.targets.jax_scan import JaxTarget
from brainsim.targets.numpy_arrays import NumpyTarget

TARGETS: Mapping[str, Callable[[Settings], Target]] = {
    "cython": lambda s: CythonTarget(s.math, s.compiler, s.threads),
    "numpy": lambda s: NumpyTarget(s.math),
    "jax": lambda s: JaxTarget(),
    "interpreter": lambda s: Interpreter(),
}
BEST, ALWAYS = "cython", "numpy"
"""What runs where users choose nothing, and what runs where that one cannot."""
