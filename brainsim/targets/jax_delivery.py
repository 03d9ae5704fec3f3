"""Which kernels only deliver sums along synapses, taken apart into a factor for each side: what a matrix product may
do."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from brainsim.ir.expressions import Const, Draw, Expr, Foreign, Keyed, Load, Local, Op
from brainsim.ir.program import FanOut, If, Kernel, Let, Statement, Store
from brainsim.ir.trees import children, rebuild

I = Local("i", "i4")   # noqa: E741


@dataclass(frozen=True)
class Delivery:
    """``array[index_array[i]] += sign * source[j] * synapse[i] * target[index_array[i]]`` for the synapses of a fan-out
    where ``condition`` (of the target) holds. In ``source`` the element is ``j``, in ``synapse`` and, for the element
    of the array, in ``target`` it is ``i``."""

    array: str
    dtype: str
    index_array: str
    sign: int
    source: Expr | None
    synapse: Expr | None
    target: Expr | None
    condition: Expr | None


def deliveries(kernel: Kernel) -> tuple[Delivery, ...]:
    """What a kernel delivers, if that is all it does; else nothing."""
    if not isinstance(kernel.domain, FanOut):
        return ()
    found = [d for d in _of_body(kernel.body, {}, None)]
    if not found or None in found:
        return ()
    whole = tuple(d for d in found if d is not None)
    into, read = {d.array for d in whole}, kernel.facts.loads
    return whole if not into & read and len({d.index_array for d in whole}) == 1 else ()


def _of_body(body: tuple[Statement, ...], lets: dict[str, Expr], condition: Expr | None) -> Iterator[Delivery | None]:
    for s in body:
        match s:
            case Let(name, value):
                lets = {**lets, name: _inlined(value, lets)}
            case If(c, inner) if condition is None:
                yield from _of_body(inner, lets, _inlined(c, lets))
            case Store(array, Load(index_array, Local("i"), _), ("+=" | "-=") as op, value, ("f8" | "f4") as t):
                yield _taken_apart(array, t, index_array, op, _inlined(value, lets), condition)
            case _:
                yield None


def _inlined(e: Expr, lets: dict[str, Expr]) -> Expr:
    return rebuild(e, lambda n: lets.get(n.name, n) if isinstance(n, Local) else n)


def _taken_apart(array: str, t: str, index_array: str, op: str, value: Expr, condition: Expr | None) -> Delivery | None:
    sides: dict[str, list[Expr]] = {"source": [], "synapse": [], "target": [], "": []}
    sign = 1 if op == "+=" else -1
    for factor, inverse in _factors(value):
        if factor == Const(-1.0):
            sign = -sign
            continue
        side = _side(factor, index_array)
        if side is None:
            return None
        sides[side].append(Op("/", (Const(1.0), factor)) if inverse else factor)
    if condition is not None and _side(condition, index_array) not in ("target", ""):
        return None
    sides["source"] += sides.pop("")
    source, synapse, target = (_product(sides[k]) for k in ("source", "synapse", "target"))
    return Delivery(array, t, index_array, sign, source, synapse,
                    None if target is None else _at_target(target, index_array),
                    None if condition is None else _at_target(condition, index_array))


def _factors(e: Expr, inverse: bool = False) -> Iterator[tuple[Expr, bool]]:
    match e:
        case Op("*", (a, b)):
            yield from _factors(a, inverse)
            yield from _factors(b, inverse)
        case Op("/", (a, b)):
            yield from _factors(a, inverse)
            yield from _factors(b, not inverse)
        case Op("neg", (a,)):
            yield Const(-1.0), False
            yield from _factors(a, inverse)
        case _:
            yield e, inverse


def _product(factors: list[Expr]) -> Expr | None:
    made: Expr | None = None
    for f in factors:
        made = f if made is None else Op("*", (made, f))
    return made


def _side(e: Expr, index_array: str) -> str | None:
    """Which side a factor belongs to: '' for none of its own, None for a mixture that is the synapse's and random, or a
    function of the user's."""
    found = set(_uses(e, index_array))
    if "never" in found:
        return None
    if not found:
        return ""
    return found.pop() if len(found) == 1 else "synapse" if found <= {"synapse", "source", "target"} else None


def _uses(e: Expr | Statement, index_array: str) -> Iterator[str]:
    match e:
        case Load(_, Load(name, Local("i"), _), _) if name == index_array:
            yield "target"
        case Draw() | Foreign() | Keyed():
            yield "never"
        case Local("i"):
            yield "synapse"
        case Local("j"):
            yield "source"
        case _:
            for part in (x for x in children(e) if isinstance(x, Expr)):
                yield from _uses(part, index_array)


def _at_target(e: Expr, index_array: str) -> Expr:
    def change(n: Expr) -> Expr:
        return I if n == Load(index_array, I, "i4") else n
    return rebuild(e, change)
