"""Only what somebody wants: kernels whose results nobody reads are left out."""
from __future__ import annotations

from dataclasses import replace

from brainsim.ir.program import Program
from brainsim.ir.walk import nodes, reads, writes


def only_wanted(program: Program, wanted: frozenset[str]) -> Program:
    """The program with the kernels that wanted arrays and queues depend on."""
    alive, kept = set(wanted), set()
    while True:
        new = {n for n, k in enumerate(program.kernels) if n not in kept and (alive & writes(k))}
        if not new:
            break
        kept |= new
        alive |= {name for n in new for name in (*reads(program.kernels[n]), *writes(program.kernels[n]))}
    kernels = tuple(k for n, k in enumerate(program.kernels) if n in kept)
    used = {name for k in kernels for name in (*reads(k), *writes(k))} | wanted
    queues = used | {n.queue for k in kernels for n in nodes(k) if hasattr(n, "queue")}
    return replace(program, kernels=kernels, arrays=tuple(a for a in program.arrays if a.name in used),
                   queues=tuple(q for q in program.queues if q.name in queues))
