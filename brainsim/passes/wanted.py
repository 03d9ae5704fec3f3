"""Only what somebody wants: kernels whose results nobody reads are left out."""
from __future__ import annotations

from dataclasses import replace

from brainsim.ir.program import Program


def only_wanted(program: Program, wanted: frozenset[str]) -> Program:
    """The program with the kernels that wanted arrays and queues depend on."""
    writers: dict[str, list[int]] = {}
    for n, k in enumerate(program.kernels):
        for name in k.facts.writes:
            writers.setdefault(name, []).append(n)
    alive, kept, waiting = set(wanted), set(), list(wanted)
    while waiting:
        for n in writers.get(waiting.pop(), ()):
            if n not in kept:
                kept.add(n)
                facts = program.kernels[n].facts
                waiting += (facts.reads | facts.writes) - alive
                alive |= facts.reads | facts.writes
    kernels = tuple(k for n, k in enumerate(program.kernels) if n in kept)
    return replace(program, kernels=kernels, arrays=tuple(a for a in program.arrays if a.name in alive),
                   queues=tuple(q for q in program.queues if q.name in alive))
