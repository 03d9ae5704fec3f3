"""`Kernel.facts` as functions, and what walks trees: a thin door for those who have used it."""
from __future__ import annotations

from collections.abc import Mapping

from brainsim.ir.expressions import Expr, Scalar
from brainsim.ir.program import Kernel, Program, Statement
from brainsim.ir.trees import Change, children, free_locals, own_element, own_place, rebuild, statements, walk

__all__ = ["appends", "calls_python", "children", "draws", "free_locals", "native_functions", "nodes", "order_free",
           "own_element", "own_place", "reads", "rebuild", "rebuild_kernel", "scalars", "statements", "touched_queues",
           "touches_only_own_element", "walk", "writes"]


def rebuild_kernel(kernel: Kernel, change: Change) -> Kernel:
    """`Kernel.rebuilt`."""
    return kernel.rebuilt(change)


def nodes(kernel: Kernel) -> tuple[Expr | Statement, ...]:
    """All nodes of a kernel, domain first."""
    return kernel.facts.nodes


def reads(kernel: Kernel) -> frozenset[str]:
    """Arrays and queues whose values the kernel uses."""
    return kernel.facts.reads


def writes(kernel: Kernel) -> frozenset[str]:
    """Arrays and queues the kernel changes."""
    return kernel.facts.writes


def appends(kernel: Kernel) -> Mapping[str, int]:
    """For each queue the kernel appends to, how many values one element can add."""
    return kernel.facts.appends


def touched_queues(kernel: Kernel) -> frozenset[str]:
    """Queues the kernel reads, appends to or clears."""
    return kernel.facts.queues


def scalars(kernel: Kernel) -> tuple[Scalar, ...]:
    """The scalars that the kernel uses, in the order of their first use."""
    return kernel.facts.scalars


def draws(kernel: Kernel) -> bool:
    """Whether the kernel uses random numbers."""
    return kernel.facts.draws


def calls_python(kernel: Kernel, natives: frozenset[str] = frozenset()) -> bool:
    """Whether the kernel calls a function of the user's other than these, which are compiled."""
    return kernel.calls_python(natives)


def native_functions(program: Program) -> frozenset[str]:
    """The functions of the user's that are compiled into a program."""
    return program.compiled


def touches_only_own_element(kernel: Kernel) -> bool:
    """Whether every array access is to the running element's own place (or to a place of an array that nobody in the
    kernel writes)."""
    return kernel.facts.own_element


def order_free(kernel: Kernel) -> bool:
    """Whether running statement by statement over all elements gives the same as element by element (R27-R29)."""
    return kernel.facts.order_free
