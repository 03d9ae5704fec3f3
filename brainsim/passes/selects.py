"""Branches within loops over all elements become selections, which a processor computes for several elements at a
time."""
from __future__ import annotations

from dataclasses import replace

from brainsim.ir.expressions import Const, Expr, Foreign, Load, Op
from brainsim.ir.program import If, Kernel, Program, Statement, Store
from brainsim.ir.trees import free_locals, own_element, walk


def branches_to_selects(program: Program) -> Program:
    """``if c: x[i] = a`` as ``x[i] = a if c else x[i]``, in loops over a space, for stores that may be computed where
    they do not hold."""
    return replace(program,
                   kernels=tuple(_straight(k) if k.domain.stretch else k for k in program.kernels))


def _straight(k: Kernel) -> Kernel:
    body = tuple(new for s in k.body for new in _selected(s))
    return k if all(a is b for a, b in zip(body, k.body)) and len(body) == len(k.body) else replace(k, body=body)


def _selected(s: Statement) -> tuple[Statement, ...]:
    match s:
        case If(condition, body) if body and "i" in free_locals(condition) and all(
            isinstance(x, Store) and _harmless(x, condition, body) for x in body):
            return tuple(_select(condition, x) for x in body if isinstance(x, Store))
    return (s,)


def _select(condition: Expr, s: Store) -> Store:
    old = Load(s.array, s.index, s.dtype)
    new = s.value if s.op == "=" else Op(s.op[:-1], (old, s.value))
    return replace(s, op="=", value=Op("select", (condition, new, old)))


def _harmless(s: Store, condition: Expr, body: tuple[Statement, ...]) -> bool:
    """Whether a store to the own element may be computed anyway: nothing is called or read out of bounds, and it leaves
    the condition alone."""
    used = {n.array for n in walk(condition) if isinstance(n, Load)}
    inside = all(own_element(n.index) or isinstance(n.index, Const) for n in walk(s.value) if isinstance(n, Load))
    whole = s.op in ("//=", "%=") or any(isinstance(n, Op) and n.op in ("//", "%") for n in walk(s.value))
    return (own_element(s.index) and inside and not whole and not any(isinstance(n, Foreign) for n in walk(s))
            and (s.array not in used or len(body) == 1))
