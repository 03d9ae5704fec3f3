"""Makes the loop plan of a program: what a compiler turns into good code of each kernel, and how threads share it."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeGuard

from brainsim.ir.expressions import Call, Draw, Foreign, Keyed, Load, Local, Op, Scalar, Slots, Tick, dtype
from brainsim.ir.program import (
    Append,
    Each,
    FanOut,
    Host,
    If,
    Kernel,
    Let,
    Once,
    Program,
    RandomRows,
    Range,
    Store,
)
from brainsim.ir.trees import own_element, walk
from brainsim.targets.loop_stages import BLOCK, ROW_BLOCK, Stages, row_stages, stages
from brainsim.targets.loops import (
    PACKED,
    PLACE,
    Filter,
    Loop,
    OnceLoop,
    Order,
    PlainLoop,
    Plan,
    RandomRowLoop,
    ReturnToPython,
    RowLoop,
    Stage,
    WholeLoop,
)
from brainsim.targets.split import Split, independent, rare, split, work

DRAWN = 64
"""Elements whose random numbers are drawn together."""


def plan(program: Program, staged: bool = True) -> tuple[Plan, ...]:
    """The plan of each kernel, in their order; without ``staged`` every statement keeps its place (strict
    arithmetic)."""
    packed, alike = packed_indices(program), _alike(program)
    return tuple(_plan(k, packed.get(k.name, ""), staged, alike.get(k.name, ())) for k in program.kernels)


def _plan(k: Kernel, packed: str, staged: bool, alike: tuple[str, ...]) -> Plan:
    if packed:
        k = _from_packed(k, packed)
    settled, shared = steady(k), split(k)
    ahead = tuple(s for s in k.prologue if s.name not in settled)
    return Plan(k, _loop(k, shared, packed, staged), tuple(settled.values()), ahead, shared, work(k),
                tuple(k.facts.appends.items()), alike)


def _alike(program: Program) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for k in program.kernels:
        found[k.like or k.name] = (*found.get(k.like or k.name, ()), k.name)
    return found


def steady(k: Kernel) -> dict[str, Let]:
    """Numbers of a kernel's prologue that do not change during a run: they depend on parameters and time steps only."""
    found: dict[str, Let] = {}
    for s in k.prologue:
        inner = list(walk(s.value))
        if all(_steady(n, found) for n in inner) and dtype(s.value) in ("f8", "f4") and any(
                isinstance(n, (Scalar, Local)) for n in inner):
            found[s.name] = s
    return found


def _steady(n: object, found: Mapping[str, Let]) -> bool:
    """Whether a node stays as it is for a run; ``found`` are the locals that do."""
    match n:
        case Local(name, _):
            return name in found
        case Tick(_, part):
            return part == "dt"
    return not isinstance(n, (Slots, Load, Draw, Foreign))


# -- rows whose synapses are stored elsewhere --------------------------------------------------------------------------
def packed_indices(program: Program) -> dict[str, str]:
    """By kernel, an index array that a loop over stored-elsewhere synapses reads for each of them: it is read from a
    copy in the order of the rows, since every look into the array itself would be a cache line of its own."""
    constant = {a.name for a in program.arrays if a.into} - program.written
    found: dict[str, str] = {}
    for k in program.kernels:
        if isinstance(k.domain, FanOut) and k.domain.ids:
            own = (n.array for n in k.facts.nodes if isinstance(n, Load) and own_element(n.index) and n.dtype == "i4")
            name = next((name for name in own if name in constant), "")
            found |= {k.name: name} if name else {}
    return found


def _from_packed(k: Kernel, index: str) -> Kernel:
    return k.rebuilt(lambda n: Load(PACKED, PLACE, "i4")
        if isinstance(n, Load) and n.array == index and own_element(n.index) else n)


# -- loops -------------------------------------------------------------------------------------------------------------
def _loop(k: Kernel, shared: Split, packed: str, staged: bool) -> Loop:
    match k.domain:
        case Once():
            return OnceLoop(k.body)
        case Each() | Range():
            return _whole_loop(k, k.domain, shared, staged)
        case FanOut():
            return _row_loop(k, k.domain, shared, packed, staged)
        case RandomRows():
            return RandomRowLoop(k.domain, k.body, tuple(dict.fromkeys(filter(_of_member, k.facts.nodes))))
        case Host():
            return ReturnToPython()
    return PlainLoop(k.domain, Stage(k.body, _turn(k, shared)))


def _whole_loop(k: Kernel, domain: Each | Range, shared: Split, staged: bool) -> WholeLoop:
    draws = tuple(sorted({(n.law, n.stream) for n in k.facts.nodes if isinstance(n, Draw) and own_element(n.index)}))
    few = rare(k)
    plain = k.body if few is None else k.body[:-1]
    free = independent(replace(k, body=plain))
    order: Order = "any" if free else "given"
    divided = stages(plain, k.prologue, k.clock) if staged and free else None
    parts = (Stage(plain, order),) if divided is None else _in_stages(divided)
    if not draws and few is None and divided is None:
        return WholeLoop(domain, parts)
    block = DRAWN if draws else BLOCK
    loop = WholeLoop(domain, parts, block, block if divided and divided.calls else 64, draws)
    return loop if few is None else _with_filter(loop, few, bool(divided and divided.bytes), shared.kind == "rare")


def _with_filter(loop: WholeLoop, few: If, late: bool, listed: bool) -> WholeLoop:
    """The loop with a test at its end; ``late``: its last stage goes into the loop of the test."""
    before, last = (loop.stages[:-1], loop.stages[-1]) if late else (loop.stages, Stage(()))
    found = next(s for s in few.body if isinstance(s, Append)) if listed else None
    return replace(loop, stages=tuple(s for s in before if s.body), filter=Filter(few.condition, few.body, last, found))


def _in_stages(divided: Stages) -> tuple[Stage, ...]:
    """What is divided, each part with what it leaves to the next."""
    early, made = (tuple(kept.items()) for kept in divided.kept)
    first = Stage(divided.first, "any", (), early, divided.calls)
    second = Stage(divided.second, "any", early, made, (), divided.calls)
    late = Stage(divided.bytes, "any", (*early, *made))
    return (*([first] if first.body or first.calls else []), second, *([late] if late.body else []))


def _row_loop(k: Kernel, domain: FanOut, shared: Split, packed: str, staged: bool) -> RowLoop:
    members = tuple(sorted({n.array for n in k.facts.nodes if isinstance(n, (Load, Store)) and own_element(n.index)}))
    divided = row_stages(k.body) if staged else None
    parts = (Stage(k.body, _turn(k, shared)),)
    if divided is not None:
        powers = any(isinstance(n, Op) and n.op == "**" for s in divided.first for n in walk(s))
        first, second = _in_stages(divided)
        parts = (replace(first, order="single" if powers else "given"), replace(second, order=_turn(k, shared)))
    through, ahead = (members, (domain.ids, PACKED)[:1 + bool(packed)]) if domain.ids else ((), members)
    return RowLoop(domain, parts, ROW_BLOCK if divided or through else 0, ahead, through, packed)


def _turn(k: Kernel, shared: Split) -> Order:
    """Whether each thread's elements are computed one at a time: it may have one of them or several."""
    functions = any(isinstance(n, (Call, Draw)) or isinstance(n, Op) and n.op == "**" for n in k.facts.nodes)
    return "single" if shared.kind == "target" and functions else "given"


def _of_member(node: object) -> TypeGuard[Keyed]:
    """Whether a node is a number of the running member of a random row, so that those of 64 members can be drawn
    together."""
    match node:
        case Keyed(_, _, _, Local("j"), Local("number")):
            return True
    return False
