"""Program → Program. The ordered list of passes; each changes speed only, and each can be left out."""
from __future__ import annotations

from collections.abc import Callable

from brainsim.ir.program import Program
from brainsim.passes.fuse import drop_idle, fuse_loops
from brainsim.passes.hoist import hoist_invariants

PASSES: dict[str, Callable[[Program], Program]] = {
    "drop_idle": drop_idle,
    "fuse_loops": fuse_loops,
    "hoist_invariants": hoist_invariants,
}


def optimise(program: Program, names: tuple[str, ...] = tuple(PASSES)) -> Program:
    """Apply the named passes in their order."""
    for name in PASSES:
        if name in names:
            program = PASSES[name](program)
    return program
