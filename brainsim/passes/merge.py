"""Kernels that are equal up to names are written once: two projections with the same code are one function of the
compiled program."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from brainsim.ir.expressions import Draw, Expr, Foreign, Keyed, Load, Param, Size, Slots
from brainsim.ir.program import Append, Clear, Host, Kernel, Program, RandomRows, Statement, Store


def merge_equal(program: Program) -> Program:
    """Note at each kernel the first one that is equal but for the names of arrays, queues, parameters and spaces
    (`Kernel.like`)."""
    first: dict[Kernel, str] = {}
    dtypes = {x.name: x.dtype for x in (*program.arrays, *program.queues)}
    made: list[Kernel] = []
    for k in program.kernels:
        random = any(isinstance(n, (Draw, Keyed, Foreign)) for n in k.facts.nodes)
        if random or isinstance(k.domain, (Host, RandomRows)):
            made.append(k)
            continue
        form, _ = shape(k, dtypes)
        made.append(replace(k, like=first[form]) if form in first else k)
        first.setdefault(form, k.name)
    return replace(program, kernels=tuple(made))


def shape(k: Kernel, dtypes: Mapping[str, str]) -> tuple[Kernel, tuple[str, ...]]:
    """The kernel with names numbered in the order of their first use, and the names in that order."""
    number: dict[str, str] = {}

    def of(name: str) -> str:
        return number.setdefault(name, f"{len(number)} {dtypes.get(name, '')}")

    def change(node: Expr | Statement) -> Expr | Statement:
        match node:
            case Load(array, index, t):
                return Load(of(array), index, t)
            case Store(array, index, op, value, t):
                return Store(of(array), index, op, value, t)
            case Param(name, t):
                return Param(of(name), t)
            case Slots(queue):
                return Slots(of(queue))
            case Size(space):
                return Size(of(space))
            case Append(queue, slot, value):
                return Append(of(queue), slot, value)
            case Clear(queue, slot):
                return Clear(of(queue), slot)
        return node

    made = k.rebuilt(change)
    return replace(made, name="", title="", like="", role="operation", domain=made.domain.renamed(of)), tuple(number)
