"""A return to Python after every kernel, so that the time each one takes can be measured on any target."""
from __future__ import annotations

from dataclasses import replace

from brainsim.ir.program import Host, Kernel, Program
from brainsim.naming import owner_of

START = "@start"


def watched(program: Program) -> tuple[Program, dict[int, str]]:
    """The program with a `Host` kernel at the beginning of a tick and after every kernel, and what ended there, by its
    number."""
    made = [Kernel(f"{START}.{n}", clock, Host()) for n, clock in enumerate(program.clocks)]
    ended = dict.fromkeys(range(len(made)), START)
    for k in program.kernels:
        made += [k, Kernel(f"@after.{k.name}", k.clock, Host())]
        ended[len(made) - 1] = owner_of(k.name)
    return replace(program, kernels=tuple(made)), ended
