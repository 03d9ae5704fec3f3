"""What does not depend on the element is computed once, before the loop."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

from brainsim.ir.expressions import Call, Const, Draw, Expr, Foreign, Keyed, Load, Local, Op, Scalar, dtype
from brainsim.ir.program import If, Kernel, Let, Program, Statement, While
from brainsim.ir.trees import walk, with_children


def hoist_invariants(program: Program) -> Program:
    """Move loop-invariant arithmetic of every kernel into its prologue."""
    return replace(program, kernels=tuple(_hoist(k) for k in program.kernels))


def _hoist(kernel: Kernel) -> Kernel:
    if not kernel.domain.provides:
        return kernel
    written = kernel.facts.stores
    prologue: list[Let] = list(kernel.prologue)
    fixed = {s.name: dtype(s.value) for s in prologue}
    body, often = list(kernel.body), _assigned(kernel.body)
    kept: list[Statement] = []
    made: dict[Expr, Local] = {}

    def invariant(e: Expr) -> bool:
        return all(_fixed(n, fixed, written) for n in walk(e))

    def lift(node: Any) -> Any:
        if isinstance(node,
                      (Op, Call)) and invariant(node) and any(isinstance(n, (Scalar, Load, Local)) for n in walk(node)):
            if node not in made:
                name = f"@{len(made)}"
                prologue.append(Let(name, node))
                fixed[name] = dtype(node)
                made[node] = Local(name, dtype(node))
            return made[node]
        return with_children(node, lift)

    for s in body:
        if isinstance(s, Let) and often[s.name] == 1 and invariant(s.value):
            prologue.append(s)
            fixed[s.name] = dtype(s.value)
        else:
            kept.append(lift(s))
    same = len(kept) == len(body) and all(a is b for a, b in zip(kept, body))
    return kernel if same else replace(kernel, body=tuple(kept), prologue=tuple(prologue))


def _fixed(node: object, fixed: dict[str, str], written: frozenset[str]) -> bool:
    match node:
        case Local(name, _):
            return name in fixed
        case Draw() | Keyed() | Foreign():
            return False
        case Load(array, index, _):
            return array not in written and isinstance(index, Const)
    return True


def _assigned(body: tuple[Statement, ...]) -> dict[str, int]:
    count: dict[str, int] = {}
    for s in body:
        if isinstance(s, Let):
            count[s.name] = count.get(s.name, 0) + 1
        elif isinstance(s, (If, While)):
            for name, n in _assigned(s.body).items():
                count[name] = count.get(name, 0) + 2 * n
    return count
