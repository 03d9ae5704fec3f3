"""One readable, canonical text per program: for people, golden tests and cache keys."""
from __future__ import annotations

from brainsim.ir.expressions import (
    Call,
    Cast,
    Const,
    Draw,
    Expr,
    Foreign,
    Keyed,
    Load,
    Local,
    Op,
    Param,
    Size,
    Slots,
    Tick,
)
from brainsim.ir.program import Append, Clear, If, Kernel, Let, Program, Statement, Store, While


def expression(e: Expr) -> str:
    """One line, fully parenthesised."""
    match e:
        case Const(value):
            return repr(value)
        case Local(name, _) | Param(name, _):
            return name
        case Tick(clock, part):
            return f"{clock}.{part}"
        case Slots(queue):
            return f"{queue}.@slots"
        case Size(space):
            return f"{space}.@size"
        case Load(array, index, _):
            return f"{array}[{expression(index)}]"
        case Op("select", (c, a, b)):
            return f"({expression(a)} if {expression(c)} else {expression(b)})"
        case Op(op, (a, b)):
            return f"({expression(a)} {op} {expression(b)})"
        case Op(op, (a,)):
            return f"({op} {expression(a)})"
        case Call(function, args) | Foreign(function, args, _):
            return f"{function}({', '.join(map(expression, args))})"
        case Draw(law, stream, index):
            return f"{law}#{stream}[{expression(index)}]"
        case Keyed(law, stream, key, row, index):
            return f"{law}#{stream}[{expression(row)}, {expression(index)}] by {expression(key)}"
        case Cast(dtype, value):
            return f"{dtype}({expression(value)})"
    raise TypeError(f"not an expression of the program: {e!r}")


def statement(s: Statement, pad: str = "  ") -> str:
    """One statement, its block indented."""
    match s:
        case Let(name, value):
            return f"{pad}{name} := {expression(value)}"
        case Store(array, index, op, value, _):
            return f"{pad}{array}[{expression(index)}] {op} {expression(value)}"
        case Append(queue, slot, value):
            return f"{pad}append {queue}[{expression(slot)}] {expression(value)}"
        case Clear(queue, slot):
            return f"{pad}clear {queue}[{expression(slot)}]"
        case If(condition, body):
            return "\n".join([f"{pad}if {expression(condition)}", *(statement(x, pad + "  ") for x in body)])
        case While(condition, body):
            return "\n".join([f"{pad}while {expression(condition)}", *(statement(x, pad + "  ") for x in body)])
    raise TypeError(f"not a statement of the program: {s!r}")


def kernel(k: Kernel) -> str:
    """A kernel and its loop."""
    head = f"{k.name}: {k.domain.text(expression)} on {k.clock}" + f", like {k.like}" * bool(k.like)
    return "\n".join([head, *(statement(s, "  | ") for s in k.prologue), *map(statement, k.body)])


def program(p: Program) -> str:
    """Declarations, then kernels in the order in which they run."""
    lines = [f"space {s}"
             for s in p.spaces] + [f"clock {c}" + " by a list of times" * (c in p.listed) for c in p.clocks]
    lines += [f"param {n} {t}" for n, t in p.params]
    lines += [f"array {a.name} {a.dtype} over {a.space}" + (f" into {a.into}" if a.into else "") for a in p.arrays]
    lines += [f"queue {q.name} {q.dtype}" + (f" into {q.into}" if q.into else "") for q in p.queues]
    lines += [f"flight {f.due} as {f.recent}" + "".join(f" and {s.array}" for s in f.sums) for f in p.flights]
    lines += [f"native {n.function} is {n.call} in {n.language}" for n in p.natives]
    return "\n".join([*lines, *map(kernel, p.kernels)]) + "\n"
