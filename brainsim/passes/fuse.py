"""Neighbouring loops over one space become one, where every access is to the own element."""
from __future__ import annotations

from dataclasses import replace

from brainsim.ir.expressions import Const, Expr, Local
from brainsim.ir.program import Append, Clear, Each, Events, Host, If, Kernel, Let, Once, Program, Statement
from brainsim.ir.walk import (
    appends,
    calls_python,
    draws,
    reads,
    rebuild,
    touched_queues,
    touches_only_own_element,
    walk,
    writes,
)


def fuse_loops(program: Program) -> Program:
    """Merge kernels that follow each other on one clock over one space and touch only their own element.

    A kernel that appends ends the chain, and only a threshold may: targets compute what is before it in SIMD loops,
    then look for the few elements that passed. Clearing its queue comes first for that.
    """
    done: list[Kernel] = []
    for k in program.kernels:
        if done and _fusable(done[-1], k):
            done[-1] = _fused(done[-1], k, len(done))
        elif done and _clears(k) and isinstance(done[-1].domain,
                                                Each) and not touched_queues(k) & touched_queues(done[-1]):
            done.insert(-1, k)
        else:
            done.append(k)
    return replace(program, kernels=tuple(done))


def fuse_resets(program: Program) -> Program:
    """Move what happens to the elements that passed a threshold to where they are found.

    Legal when it touches only the own element, and no kernel in between, a Python function included, uses what it
    writes or writes what it uses.
    """
    kernels = list(program.kernels)
    for k in program.kernels:
        at = kernels.index(k)
        found = next((n for n in range(at) if _finds_for(kernels[n], k)), None)
        if found is not None and not any(_collide(between, k) for between in kernels[found + 1:at]):
            kernels[found] = _with_reset(kernels[found], k, at)
            del kernels[at]
    return replace(program, kernels=tuple(kernels))


def _finds_for(finder: Kernel, k: Kernel) -> bool:
    """Whether one kernel finds the elements that the other runs for, each of them once and all of them."""
    if not (isinstance(k.domain, Events) and isinstance(finder.domain, Each) and finder.clock == k.clock
            and k.domain.slot == Const(0)):
        return False
    if k.prologue or appends(k) or draws(k) or calls_python(k) or not finder.body:
        return False
    last = finder.body[-1]
    return (isinstance(last, If) and Append(k.domain.queue, Const(0), Local("i", "i4")) in last.body
            and touches_only_own_element(_with_reset(finder, k, 0)))


def _collide(between: Kernel, k: Kernel) -> bool:
    """Whether two kernels may not change places."""
    if isinstance(between.domain, Host) or calls_python(between):
        return True
    mine = reads(k) - {k.domain.queue}  # type: ignore[attr-defined]
    return bool(writes(between) & (mine | writes(k) | {k.domain.queue})
                or reads(between) & writes(k))  # type: ignore[attr-defined]


def _with_reset(finder: Kernel, k: Kernel, number: int) -> Kernel:
    last = finder.body[-1]
    assert isinstance(last, If)
    more = _renamed(k, f"@r{number}_").body
    return replace(finder, name=f"{finder.name}+{k.name}",
                   body=(*finder.body[:-1], replace(last, body=(*last.body, *more))))


def _clears(k: Kernel) -> bool:
    """Whether a kernel does nothing but forget the values of the first slot of a queue."""
    return isinstance(k.domain, Once) and not k.prologue and all(
        isinstance(s, Clear) and isinstance(s.slot, Const) for s in k.body)


def _fusable(a: Kernel, b: Kernel) -> bool:
    if a.clock != b.clock or not isinstance(a.domain, Each) or a.domain != b.domain:
        return False
    if appends(a) or calls_python(a) or calls_python(b):
        return False
    if appends(b) and not (len(b.body) == 1 and isinstance(b.body[0], If)) or not appends(b) and draws(a) != draws(b):
        return False
    return not writes(a) & _prologue_reads(b) and touches_only_own_element(_fused(a, b, 0))


def _prologue_reads(k: Kernel) -> frozenset[str]:
    return frozenset(n.array for s in k.prologue for n in walk(s) if hasattr(n, "array"))


def _fused(a: Kernel, b: Kernel, number: int) -> Kernel:
    b = _renamed(b, f"@{number}_")
    return replace(a, name=f"{a.name}+{b.name}", body=a.body + b.body, prologue=a.prologue + b.prologue)


def _renamed(k: Kernel, prefix: str) -> Kernel:
    mine = {s.name for s in (*k.prologue, *k.body) if isinstance(s, Let)}
    mine |= {n.name for s in k.body for n in walk(s) if isinstance(n, Let)}

    def change(node: Expr | Statement) -> Expr | Statement:
        if isinstance(node, (Local, Let)) and node.name in mine:
            return replace(node, name=prefix + node.name)
        return node

    return replace(k, prologue=tuple(rebuild(s, change) for s in k.prologue),
                   body=tuple(rebuild(s, change) for s in k.body))


def drop_idle(program: Program) -> Program:
    """Forget kernels without a body: they have no effect."""
    return replace(program, kernels=tuple(k for k in program.kernels if k.body or isinstance(k.domain, Host)))
