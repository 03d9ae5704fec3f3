"""What nobody reads is not computed. Arrays that users can look at are read by definition; locals are not, nor what is
overwritten."""
from __future__ import annotations

from dataclasses import replace

from brainsim.ir.expressions import Foreign, Load
from brainsim.ir.program import If, Kernel, Let, Program, Statement, Store, While
from brainsim.ir.trees import children, free_locals, walk


def drop_unread(program: Program) -> Program:
    """Forget locals that nobody uses, values that are overwritten before anybody uses them, and arrays that no kernel
    touches."""
    kernels = tuple(_kept(k) for k in program.kernels)
    touched = {name for k in kernels
               for name in k.facts.reads | k.facts.writes} | {name for n in program.natives for _, name in n.arrays}
    touched |= {
        name for f in program.flights
        for name in (f.starts, f.ids, f.steps, *(x for s in f.sums for x in (s.array, s.index)))
    }
    spaces = {a.space for a in program.arrays if a.name not in touched}
    left = [a for a in program.arrays if a.name in touched]
    # an array says how many elements its space has: the last one of a space stays
    needed = {s for k in kernels for s in k.domain.named("space")} & (spaces - {a.space for a in left})
    kept = {*left, *{a.space: a for a in reversed(program.arrays) if a.space in needed}.values()}
    return replace(program, kernels=kernels, arrays=tuple(a for a in program.arrays if a in kept))


def _kept(k: Kernel) -> Kernel:
    body, _ = _useful(k.body, frozenset())
    prologue, _ = _useful(k.prologue, frozenset().union(*(free_locals(s) for s in body)) | _locals_of_loop(k))
    return k if (body, prologue) == (k.body,
                                     k.prologue) else replace(k, body=body, prologue=prologue)


def _locals_of_loop(k: Kernel) -> frozenset[str]:
    """Locals that the loop itself uses."""
    return frozenset(n for e in children(k.domain) for n in free_locals(e))


def _useful(body: tuple[Statement, ...], used: frozenset[str]) -> tuple[tuple[Statement, ...], frozenset[str]]:
    """From the end: statements with an effect, and the locals that they and what follows need."""
    kept: list[Statement] = []
    overwritten: set[Store] = set()      # stores to come, with nothing in between that uses their array
    for s in reversed(body):
        match s:
            case Let(name, value) if name not in used and not any(isinstance(n, Foreign) for n in walk(value)):
                continue
            case Store(array, index, "=", value, _) if any(o.array == array and o.index == index for o in overwritten) \
                    and not any(isinstance(n, Foreign) for n in walk(value)):
                continue
            case If(condition, inner):
                inner, needs = _useful(inner, used)
                if not inner and not any(isinstance(n, Foreign) for n in walk(condition)):
                    continue
                s, used = replace(s, body=inner), used | needs | free_locals(condition)
            case While():
                used = used | free_locals(s) | frozenset(n.name for n in walk(s) if isinstance(n, Let))
        kept.append(s)
        if isinstance(s, Let):
            used = used - {s.name}
        lets = {n.name for n in walk(s) if isinstance(n, Let)}
        overwritten = {o for o in overwritten if not lets & free_locals(o.index)}
        used = used | free_locals(s)
        loaded = {n.array for n in walk(s) if isinstance(n, Load)
                  } | {n.array for n in walk(s) if isinstance(n, Store) and n.op != "="}
        overwritten = {o for o in overwritten if o.array not in loaded}
        if isinstance(s, Store) and s.op == "=" and s.array not in loaded:
            overwritten.add(s)
    return tuple(reversed(kept)), used
