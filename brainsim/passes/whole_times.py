"""Times that are only ever noted become the whole number of the step: exact in any precision, however long a run is."""
from __future__ import annotations

from dataclasses import replace

from brainsim.ir.expressions import Cast, Expr, Load, Op, Tick
from brainsim.ir.program import Program, Statement, Store


def noted_times(program: Program) -> dict[str, str]:
    """Arrays that nothing is stored in but the time of one clock → that clock."""
    found: dict[str, set[str]] = {}
    for k in program.kernels:
        for n in k.facts.nodes if k.facts.stores else ():
            match n:
                case Store(array, _, "=", Tick(clock, "t")) if clock not in program.listed:
                    found.setdefault(array, set()).add(clock)
                case Store(array):
                    found.setdefault(array, set()).add("")
    return {array: next(iter(c)) for array, c in found.items() if len(c) == 1 and "" not in c}


def whole_times(program: Program) -> Program:
    """The program with noted times as steps; ``t - noted`` is a difference of whole numbers times dt."""
    times = noted_times(program)

    def length(array: str, steps: Expr) -> Expr:
        return Op("*", (Cast("f8", steps), Tick(times[array], "dt")))

    def note(n: Expr | Statement) -> Expr | Statement:
        match n:
            case Store(array, index, "=", _, _) if array in times:
                return Store(array, index, "=", Tick(times[array], "step"), "i8")
            case Op("-", (Tick(clock, "t"), Load(array, index, "f8"))) if times.get(array) == clock:
                return length(array, Op("-", (Tick(times[array], "step"), Load(array, index, "i8"))))
        return n

    def read(n: Expr | Statement) -> Expr | Statement:
        match n:
            case Load(array, index, "f8") if array in times:
                return length(array, Load(array, index, "i8"))
        return n

    kernels = tuple(k.rebuilt(note).rebuilt(read) for k in program.kernels)
    return replace(program, kernels=kernels,
                   arrays=tuple(replace(a, dtype="i8") if a.name in times else a for a in program.arrays))
