"""Neighbouring loops over one space become one, where every access is to the own element."""
from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import replace

from brainsim.ir.expressions import Const, Expr, Load, Local
from brainsim.ir.program import Append, Clear, Each, Events, Host, If, Kernel, Let, Once, Program, Statement
from brainsim.ir.trees import rebuild, walk


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
                                                Each) and not k.facts.queues & done[-1].facts.queues:
            done.insert(-1, k)
        else:
            done.append(k)
    return replace(program, kernels=tuple(done))


def fuse_resets(program: Program) -> Program:
    """Move what happens to the elements that passed a threshold to where they are found.

    Legal when it touches only the own element, and no kernel in between, a Python function included, uses what it
    writes or writes what it uses.
    """
    kernels: list[Kernel | None] = list(program.kernels)      # None where one has moved
    touching = _Touching(program.kernels)
    finders: dict[str, list[int]] = {}       # of each queue, the kernels that append to it
    moved = 0
    for at, k in enumerate(program.kernels):
        earlier = [n for queue in k.domain.named("queue") for n in finders.get(queue, ())]
        found = next((n for n in earlier if (finder := kernels[n]) is not None and _finds_for(finder, k)), None)
        if found is not None and (finder := kernels[found]) is not None and not touching.between(found, at, k):
            kernels[found], kernels[at] = _with_reset(finder, k, at - moved), None
            touching.move(k, at, found)
            moved += 1
        for queue in k.facts.appends if isinstance(k.domain, Each) else ():
            finders.setdefault(queue, []).append(at)
    return replace(program, kernels=tuple(k for k in kernels if k is not None))


class _Touching:
    """Which kernels use and change each name, and which are Python's, by their numbers in order."""

    def __init__(self, kernels: Sequence[Kernel]):
        self._users: dict[str, list[int]] = {}
        self._writers: dict[str, list[int]] = {}
        self._python = [n for n, k in enumerate(kernels) if isinstance(k.domain, Host) or k.calls_python()]
        for n, k in enumerate(kernels):
            self._note(k, n)

    def _note(self, k: Kernel, number: int) -> None:
        for table, names in ((self._users, k.facts.reads | k.facts.writes), (self._writers, k.facts.writes)):
            for name in names:
                insort(table.setdefault(name, []), number)

    def move(self, k: Kernel, number: int, to: int) -> None:
        """What a kernel does is done in another one."""
        for table in (self._users, self._writers):
            for name in k.facts.reads | k.facts.writes:
                if number in (numbers := table.get(name, [])):
                    numbers.remove(number)
        self._note(k, to)

    def between(self, first: int, last: int, k: Kernel) -> bool:
        """Whether a kernel between two numbers may not change places with this one."""
        return (_any_between(self._python, first, last)
                or any(_any_between(self._users.get(name, ()), first, last) for name in k.facts.writes)
                or any(_any_between(self._writers.get(name, ()), first, last) for name in k.facts.reads))


def _any_between(numbers: Sequence[int], first: int, last: int) -> bool:
    after = bisect_right(numbers, first)
    return after < len(numbers) and numbers[after] < last


def _finds_for(finder: Kernel, k: Kernel) -> bool:
    """Whether one kernel finds the elements that the other runs for, each of them once and all of them."""
    if not (isinstance(k.domain, Events) and isinstance(finder.domain, Each) and finder.clock == k.clock
            and k.domain.slot == Const(0)):
        return False
    if k.prologue or k.facts.appends or k.facts.draws or k.calls_python() or not finder.body:
        return False
    last = finder.body[-1]
    return (isinstance(last, If) and Append(k.domain.queue, Const(0), Local("i", "i4")) in last.body
            and _with_reset(finder, k, 0).facts.own_element)


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
    mine, other = a.facts, b.facts
    if mine.appends or a.calls_python() or b.calls_python():
        return False
    if other.appends and not (len(b.body) == 1 and isinstance(b.body[0], If)):
        return False
    if not other.appends and mine.draws != other.draws:
        return False
    return not mine.writes & _prologue_reads(b) and _fused(a, b, 0).facts.own_element


def _prologue_reads(k: Kernel) -> frozenset[str]:
    return frozenset(n.array for s in k.prologue for n in walk(s) if isinstance(n, Load))


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
