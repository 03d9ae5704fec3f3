"""Program → Program. The ordered list of passes; each changes speed only, and each can be left out."""
from __future__ import annotations

from collections.abc import Callable

from brainsim.ir.expressions import Call, Draw, Op
from brainsim.ir.program import Program
from brainsim.ir.trees import walk
from brainsim.passes.common import share_common
from brainsim.passes.cutoffs import compare_times
from brainsim.passes.deliver import ring_of_sums
from brainsim.passes.fuse import drop_idle, fuse_loops, fuse_resets
from brainsim.passes.hoist import hoist_invariants
from brainsim.passes.merge import merge_equal
from brainsim.passes.selects import branches_to_selects
from brainsim.passes.unread import drop_unread

PASSES: dict[str, Callable[[Program], Program]] = {
    "drop_idle": drop_idle,
    "ring_of_sums": ring_of_sums,
    "branches_to_selects": branches_to_selects,
    "fuse_loops": fuse_loops,
    "fuse_resets": fuse_resets,
    "compare_times": compare_times,
    "hoist_invariants": hoist_invariants,
    "share_common": share_common,
    "drop_unread": drop_unread,
    "merge_equal": merge_equal,
}

WORK = {
    "ring_of_sums": "sums",
    "branches_to_selects": "choices",
    "fuse_loops": "blocks",
    "fuse_resets": "blocks",
    "hoist_invariants": "invariants",
    "share_common": "repeats",
    "drop_unread": "unread",
}
"""What a pass does that some targets do themselves (`targets/contract.py`)."""


def optimise(program: Program, names: tuple[str, ...] = tuple(PASSES), report: list[str] | None = None) -> Program:
    """Apply the named passes in their order; what each of them did is added to ``report``."""
    for name in PASSES:
        if name in names:
            before, program = program, PASSES[name](program)
            if report is not None:
                report.append(f"{name}: {difference(before, program)}")
        elif report is not None:
            report.append(f"{name}: left out")
    return program


def difference(before: Program, after: Program) -> str:
    """What a pass did, in numbers, and the kernels that it changed."""
    if before == after:
        return "nothing to do"
    counts = [
        f"{what} {a} → {b}"
        for what, a, b in (("kernels", len(before.kernels), len(after.kernels)),
                           ("different kernels", *(sum(not k.like for k in p.kernels) for p in (before, after))),
                           ("arrays", len(before.arrays), len(after.arrays)), ("operations per element",
                                                                               operations(before), operations(after)),
                           ("functions per element", operations(before, Call), operations(after, Call))) if a != b
    ]
    old = {k.name: k for k in before.kernels}
    touched = [k.name for k in after.kernels if old.get(k.name) != k]
    return ", ".join(counts or ["other order"]) + "".join(f"\n    {name}" for name in touched)


def operations(program: Program, kind: type | tuple[type, ...] = (Op, Call, Draw)) -> int:
    """Operations in the bodies of all loops, written once each."""
    return sum(isinstance(n, kind) for k in program.kernels for n in k.facts.nodes) - sum(
        isinstance(n, kind) for k in program.kernels for s in k.prologue for n in walk(s))
