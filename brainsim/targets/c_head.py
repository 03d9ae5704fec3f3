"""What stands before a kernel's loop in C: declarations of what it uses, and numbers that are the same for all
elements."""
from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from brainsim.ir.expressions import Param, Part, Scalar, Size, Slots, Tick, dtype
from brainsim.ir.program import Each, Events, FanOut, Kernel, Once, RandomRows, Range
from brainsim.targets.c_table import TableNumbers
from brainsim.targets.loops import Plan
from brainsim.targets.words import C
from brainsim.targets.writer import Writer, local


def declarations(k: Kernel, at: TableNumbers) -> list[str]:
    """Declarations of everything that a kernel uses."""
    return [*_scalars(k, at), *_seed(k, at), *_arrays(k, at), *_queues(k, at)]


def _scalars(k: Kernel, at: TableNumbers) -> Iterator[str]:
    used = dict.fromkeys(k.facts.scalars)
    ticks = (Tick(c, part) for c in at.of.in_order("clocks", {s.clock for s in used if isinstance(s, Tick)})
             for part in get_args(Part))
    yield from (_scalar(tick, at) for tick in ticks if tick in used)
    yield from (_scalar(s, at) for s in used if not isinstance(s, Tick))


def _scalar(s: Scalar, at: TableNumbers) -> str:
    """The declaration of a scalar."""
    words = at.of.words
    match s:
        case Tick(clock, part):
            c = at.of.numbers["clocks", clock]
            time = f"T->times[{c}][T->step[{c}]]" if clock in at.of.listed else f"T->step[{c}] * T->dt[{c}]"
            value = {"t": time, "dt": f"T->dt[{c}]", "step": f"T->step[{c}]"}[part]
            return f"const {'int64_t' if part == 'step' else 'double'} {words[s]} = {value};"
        case Slots(queue):
            return f"const int64_t {words[s]} = T->queue_slots[{at('queues', queue)}];"
        case Size(space):
            return f"const int64_t {words[s]} = T->sizes[{at('sizes', space)}];"
        case Param(name, "f8"):
            return f"const double {words[name]} = T->reals[{at('reals', name)}];"
        case Param(name, _):
            return f"const int64_t {words[name]} = T->wholes[{at('wholes', name)}];"
    raise TypeError(f"not a scalar of the program: {s!r}")


def _seed(k: Kernel, at: TableNumbers) -> Iterator[str]:
    if k.facts.draws:
        clock = at.of.numbers["clocks", k.clock]
        yield "const uint64_t seed = T->seed;"
        yield f"const int64_t draw_step = T->step[{clock}] - T->origin[{clock}];"


def _arrays(k: Kernel, at: TableNumbers) -> Iterator[str]:
    written = k.facts.writes
    for name in at.of.in_order("arrays", k.facts.reads | written):
        kind = f"{'' if name in written else 'const '}{C.types[at.of.arrays[name].dtype]}"
        yield f"BS_ARRAY({kind}, {at.of.words[name]}, {at('arrays', name)});"


def _queues(k: Kernel, at: TableNumbers) -> Iterator[str]:
    for name in at.of.in_order("queues", k.facts.queues):
        yield f"BS_QUEUE({at.of.queue_type(name)}, {at.of.words[name]}, {at('queues', name)});"


def prologue(p: Plan, writer: Writer, at: TableNumbers) -> tuple[list[str], frozenset[str]]:
    """Lines for the numbers before the loop, those that were settled for the run and those of this tick; their
    names."""
    known = {s.name for s in p.settled}
    lines = [f"const {C.types[dtype(s.value)]} {word} = T->steady[{at('settled', s.name)}]; (void){word};"
             for s in p.settled for word in (local(s.name),)]
    lines += writer.block(p.ahead, "", known)
    return lines, frozenset(known)


def settle(p: Plan, writer: Writer, at: TableNumbers) -> list[str]:
    """Lines that compute what does not change during a run."""
    if not p.settled:
        return []
    alone = Kernel(p.kernel.name, p.kernel.clock, Once(), (), p.settled)
    return [*declarations(alone, at), *writer.block(p.settled, "", set()),
            *(f"T->steady[{at('settled', s.name)}] = {local(s.name)};" for s in p.settled)]


def extent(k: Kernel, writer: Writer, at: TableNumbers) -> list[str]:
    """Lines that return how many elements the kernel will visit, or at most can."""
    match k.domain:
        case Once():
            return ["(void)T;", "return 1;"]
        case Each(space):
            return [f"return T->sizes[{at('sizes', space)}];"]
    return [*declarations(Kernel(k.name, k.clock, k.domain), at), *_counted(k, writer)]


def _counted(k: Kernel, writer: Writer) -> list[str]:
    match k.domain:
        case Range(first, last):
            return [f"return {writer.expression(last)} - {writer.expression(first)};"]
        case Events(queue, slot):
            return [f"return {writer.names[queue]}_count[{writer.expression(slot)}];"]
        case RandomRows(queue, slot, _, columns):
            return [f"return {writer.names[queue]}_count[{writer.expression(slot)}] * {writer.expression(columns)};"]
        case FanOut(queue, slot, starts, _):
            q, rows = writer.names[queue], writer.names[starts]
            return [
                f"const int64_t slot = {writer.expression(slot)}; int64_t n = 0;",
                f"for (int64_t e = 0; e < {q}_count[slot]; e++) {{ const int64_t j = {q}[slot * {q}_capacity + e]; "
                f"n += {rows}[j + 1] - {rows}[j]; }}", "return n;"
            ]
    raise TypeError(f"nobody counts the elements of {k.domain!r}")
