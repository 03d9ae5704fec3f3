"""Times that are only ever noted become the whole number of the step: exact in any precision, however long a run is."""
from __future__ import annotations

from dataclasses import replace

from brainsim.ir.expressions import Cast, Expr, Load, Op, Param
from brainsim.ir.program import Program, Statement, Store


def noted_times(program: Program) -> dict[str, str]:
    """Arrays that nothing is stored in but the time of one clock → that clock."""
    found: dict[str, set[str]] = {}
    clocks = {f"{c}.t": c for c in program.clocks if c not in program.listed}
    for k in program.kernels:
        for n in k.facts.nodes if k.facts.stores else ():
            if isinstance(n, Store):
                noted = n.op == "=" and isinstance(n.value, Param) and n.value.name in clocks
                found.setdefault(n.array, set()).add(clocks[n.value.name] if noted else "")  # type: ignore[union-attr]
    return {array: next(iter(c)) for array, c in found.items() if len(c) == 1 and "" not in c}


def whole_times(program: Program) -> Program:
    """The program with noted times as steps; ``t - noted`` is a difference of whole numbers times dt."""
    times = noted_times(program)

    def length(array: str, steps: Expr) -> Expr:
        return Op("*", (Cast("f8", steps), Param(f"{times[array]}.dt", "f8")))

    def note(n: Expr | Statement) -> Expr | Statement:
        match n:
            case Store(array, index, "=", _, _) if array in times:
                return Store(array, index, "=", Param(f"{times[array]}.step", "i8"), "i8")
            case Op("-", (Param(t, _), Load(array, index, "f8"))) if array in times and t == f"{times[array]}.t":
                return length(array, Op("-", (Param(f"{times[array]}.step", "i8"), Load(array, index, "i8"))))
        return n

    def read(n: Expr | Statement) -> Expr | Statement:
        match n:
            case Load(array, index, "f8") if array in times:
                return length(array, Load(array, index, "i8"))
        return n

    kernels = tuple(k.rebuilt(note).rebuilt(read) for k in program.kernels)
    return replace(program, kernels=kernels,
                   arrays=tuple(replace(a, dtype="i8") if a.name in times else a for a in program.arrays))
