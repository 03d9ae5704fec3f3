"""Writes each kernel as a Python function of whole-array operations.

Kernels whose result depends on the order of their elements run element by element through the same function (slow, but
with the meaning of the interpreter).
"""
from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

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
    Scalar,
    Size,
    Slots,
    Tick,
    dtype,
)
from brainsim.ir.program import (
    Append,
    Clear,
    Domain,
    Each,
    Events,
    FanOut,
    If,
    Kernel,
    Let,
    Levels,
    Once,
    Program,
    RandomRows,
    Range,
    Statement,
    Store,
    While,
)
from brainsim.ir.trees import free_locals, own_element, walk
from brainsim.targets.words import NUMPY
from brainsim.targets.writer import local


class NumpyKernelWriter:
    """Writes one kernel as a Python function ``kernel_n(S)``."""

    def __init__(self, program: Program, kernel: Kernel, number: int):
        self.program, self.kernel, self.number = program, kernel, number
        self.clock = program.clocks.index(kernel.clock)
        self.free = kernel.facts.order_free
        self.vectors: set[str] = set(kernel.domain.provides)      # locals that hold one value per element
        self.known: dict[str, str] = {}    # locals set so far, and their dtypes
        self.whole = kernel.domain.stretch and self.free      # own elements are whole arrays or slices
        self.temporary = itertools.count()
        self.count = "n"

    # -- expressions ---------------------------------------------------------------------------------------------------
    def text(self, e: Expr) -> str:
        """An expression over all elements at once."""
        match e:
            case Const(value):
                return repr(value) if not isinstance(value, bool) else str(value)
            case Local(name, _):
                return local(name)
            case Scalar():
                return self.scalar(e)
            case Load(array, index, _):
                return self.element(array, index)
            case Op("**", (a, b)):
                return f"power({self.text(a)}, {self.text(b)})"
            case Op(op, args) if op in ("and", "or") and len(args) > 2:
                return self.text(Op(op, (Op(op, args[:-1]), args[-1])))
            case Op(op, args):
                return NUMPY.operators[op].format(*(self.operand(op, a) for a in args))
            case Call(function, args):
                return f"{function}({', '.join(self.operand('', a) for a in args)})"
            case Foreign(function, args, _):
                return f"S.functions[{function!r}]({', '.join(map(self.text, args))})"
            case Draw(law, stream, index):
                ahead = self.whole and index == Local("i", "i4")
                step = f"int(S.step[{self.clock}] - S.origin[{self.clock}])"
                place = "i" if ahead else self.text(index)
                return f"{'draw_ahead' if ahead else 'draw_many'}({law!r}, S.seed, {stream}, {step}, {place})"
            case Keyed(law, stream, key, row, index):
                return f"draw_many({law!r}, int({self.text(key)}), {stream}, {self.text(row)}, {self.text(index)})"
            case Cast(t, value):
                return f"cast({t!r}, {self.text(value)})"
        raise TypeError(f"not an expression of the program: {e!r}")

    def operand(self, op: str, a: Expr) -> str:
        """Booleans count as whole numbers in arithmetic."""
        if dtype(a) == "b1" and op not in ("and", "or", "not", "select", "==", "!="):
            return f"cast('i4', {self.text(a)})"
        return self.text(a)

    def scalar(self, e: Scalar) -> str:
        """A value that does not depend on the element."""
        match e:
            case Tick(clock, part):
                k = self.program.clocks.index(clock)
                listed = clock in self.program.listed
                time = f"S.times[{clock!r}][S.step[{k}]]" if listed else f"(S.step[{k}] * S.dt[{k}])"
                return {"t": time, "dt": f"S.dt[{k}]", "step": f"S.step[{k}]"}[part]
            case Slots(queue):
                return f"S.queues[{queue!r}].data.shape[0]"
            case Size(space):
                return f"S.sizes[{space!r}]"
            case Param(name, _):
                return f"S.params[{name!r}]"
        raise TypeError(f"not a scalar of the program: {e!r}")

    def element(self, array: str, index: Expr) -> str:
        """``array[index]``; the running element of a whole loop is the array itself."""
        own = isinstance(index, Local) and index.name == "i"
        if own and self.whole and self.count == "n":
            return f"A[{array!r}]" + ("[lo:hi]" if isinstance(self.kernel.domain, Range) else "")
        return f"A[{array!r}][{self.text(index)}]"

    def is_vector(self, e: Expr) -> bool:
        """Whether an expression has one value per element."""
        if isinstance(self.kernel.domain, Once):
            return False
        return any(isinstance(n, Local) and n.name in self.vectors for n in walk(e))

    # -- statements ----------------------------------------------------------------------------------------------------
    def block(self, body: tuple[Statement, ...], pad: str) -> list[str]:
        """Lines for statements in order."""
        return [line for s in body for line in self.statement(s, pad)]

    def statement(self, s: Statement, pad: str) -> list[str]:
        """One statement over all elements."""
        match s:
            case Let(name, value):
                self.known.setdefault(name, dtype(value))
                if self.is_vector(value):
                    self.vectors.add(name)
                text = self.text(value)
                copied = isinstance(value, Load) and self.is_vector(value)
                return [f"{pad}{local(name)} = {text}" + (".copy()" if copied else "")]
            case Store(array, index, op, value, t):
                return [pad + self.store(array, index, op, value, t)]
            case Append(queue, slot, value):
                count = self.count if not isinstance(self.kernel.domain, Once) else "1"
                return [f"{pad}append(S.queues[{queue!r}], {self.text(slot)}, {self.text(value)}, {count})"]
            case Clear(queue, slot):
                return [f"{pad}S.queues[{queue!r}].count[{self.text(slot)}] = 0"]
            case If(condition, body) if not self.is_vector(condition):
                return [f"{pad}if {self.text(condition)}:", *self.block(body, pad + "    ")]
            case If(condition, body):
                return self.selection(condition, body, pad)
            case While(condition, body) if isinstance(self.kernel.domain, Once):
                return [f"{pad}while {self.text(condition)}:", *self.block(body, pad + "    ")]
            case While(condition, body):
                return self.repetition(condition, body, pad)
        raise TypeError(f"not a statement of the program: {s!r}")

    def selection(self, condition: Expr, body: tuple[Statement, ...], pad: str) -> list[str]:
        """The body for the elements where the condition holds: an inner function over their indices."""
        name = f"where_{next(self.temporary)}"
        spell = self.taken(body)
        lines = [f"{pad}def {name}({', '.join(['i', 'n', *spell])}):", *self.inside().block(body, pad + "    ")]
        lines += [f"{pad}at = flatnonzero({self.text(condition)})",
                  f"{pad}if len(at): {name}({', '.join([self.picked(), 'len(at)', *(s + '[at]' for s in spell)])})"]
        return lines

    def inside(self) -> "NumpyKernelWriter":
        """A writer for statements that run for some of the elements, by their indices ``i``."""
        inner = NumpyKernelWriter(self.program, self.kernel, self.number)
        inner.vectors, inner.temporary, inner.whole, inner.known = set(self.vectors), self.temporary, False, dict(
            self.known)
        return inner

    def taken(self, body: tuple[Statement, ...]) -> list[str]:
        """The locals that statements need of each element."""
        used = frozenset().union(*(free_locals(s) for s in body))
        return [local(n) for n in sorted((used & self.vectors) - {"i"})]

    def picked(self) -> str:
        """The indices of the elements ``at``."""
        start = "lo + " if isinstance(self.kernel.domain, Range) and self.whole else ""
        return f"{start}at" if self.whole else "i[at]"

    def repetition(self, condition: Expr, body: tuple[Statement, ...], pad: str) -> list[str]:
        """Rounds for the elements where the condition still holds: an inner function over their indices."""
        name = f"round_{next(self.temporary)}"
        carried = sorted({s.name for s in body if isinstance(s, Let)} & self.known.keys())
        lines = [f"{pad}{local(c)} = expand(cast({self.known[c]!r}, {local(c)}), {self.count}).copy()" for c in carried]
        self.vectors |= set(carried)
        kept, inner = [local(c) for c in carried], self.inside()
        spell = sorted({*self.taken((*body, If(condition, ()))), *kept})
        lines += [
            f"{pad}def {name}({', '.join(['i', 'n', *spell])}):", *inner.block(body, pad + "    "),
            f"{pad}    return expand({inner.text(condition)}, n), {', '.join(kept)}",
            f"{pad}at = flatnonzero(expand({self.text(condition)}, {self.count}))", f"{pad}while len(at):",
            f"{pad}    more, *new = {name}({', '.join([self.picked(), 'len(at)', *(s + '[at]' for s in spell)])})"
        ]
        lines += [f"{pad}    {c}[at] = new[{k}]" for k, c in enumerate(kept)]
        return [*lines, f"{pad}    at = at[more]"]

    def store(self, array: str, index: Expr, op: str, value: Expr, t: str) -> str:
        """An assignment; several elements may meet in one place."""
        place, text = self.element(array, index), self.text(value)
        own = own_element(index)
        vector = self.is_vector(index)
        everywhere = not vector and not isinstance(self.kernel.domain, Once)     # all elements write to one place
        if everywhere and op == "=":
            return f"{place} = cast({t!r}, expand({text}, {self.count})[-1])"
        if not own and (vector or everywhere) and op in ("+=", "-=", "*="):
            name, sign = ("multiply_at", "") if op == "*=" else ("add_at", "-" if op == "-=" else "")
            where = self.text(index) if vector else f"expand({self.text(index)}, {self.count})"
            return f"{name}(A[{array!r}], {where}, {sign}{text})"
        if op != "=":
            text = self.text(Op(op[:-1], (Load(array, index, t), value)))
        if own and self.whole:
            place = f"A[{array!r}][lo:hi]" if isinstance(self.kernel.domain, Range) else f"A[{array!r}][:]"
        return f"{place} = {text}" if t in ("f8", "f4") else f"{place} = cast({t!r}, {text})"

    # -- the function --------------------------------------------------------------------------------------------------
    def function(self) -> str:
        """The whole kernel."""
        lines = [f"def kernel_{self.number}(S):", f"    # {self.kernel.name}", "    A = S.arrays"]
        lines += self.block(self.kernel.prologue, "    ")
        if isinstance(self.kernel.domain, Once):
            return "\n".join([*lines, *self.block(self.kernel.body, "    ")])
        rows = [local(name) for name in self.kernel.domain.provides if name != "i"]
        names = ", ".join(["i", "n", *rows])
        body = [f"    def body({names}):", *(self.block(self.kernel.body, "        ") or ["        pass"])]
        if self.free:
            call = [f"if n: body({names})"]
        else:
            one = ", ".join(["i[k:k + 1]", "1", *(f"{name}[k:k + 1]" for name in rows)])
            call = ["for k in range(n):", f"    body({one})"]
        pad = "        " if self.kernel.domain.rounds else "    "
        return "\n".join([*lines, *body, *self.indices(), *(pad + line for line in call)])

    def indices(self) -> list[str]:
        """Lines that set ``n``, ``i`` and what else the domain provides, a value per element."""
        return [f"    {line}" for line in LOOPS[type(self.kernel.domain)](self, self.kernel.domain)]

    def queued(self, queue: str, slot: Expr) -> str:
        """The values in a slot of a queue."""
        return f"S.queues[{queue!r}].values({self.text(slot)})"

    def needs_index(self) -> bool:
        """Whether the indices of the elements are asked for: not where own elements are whole arrays or slices."""
        return not self.whole or any(isinstance(x, Local) and x.name == "i" for x in self._index_uses())

    def _index_uses(self) -> list[object]:
        """Places where the running index is a value, not just the element itself."""
        found: list[object] = []
        for node in self.kernel.facts.nodes:
            inner = [node.value] if isinstance(node, Store) else []
            if isinstance(node, (Load, Store)) and not (isinstance(node.index, Local) and node.index.name == "i"):
                inner.append(node.index)
            if isinstance(node, (Op, Call, Foreign)):
                inner += node.args
            if isinstance(node, Draw):
                inner.append(node.index)
            if isinstance(node, (Let, Cast, Append)):
                inner.append(node.value)
            if isinstance(node, Append):
                inner.append(node.slot)
            if isinstance(node, (If, While)):
                inner.append(node.condition)
            found += [x for x in inner if isinstance(x, Local) and x.name == "i"]
        return found


# -- the loop forms ----------------------------------------------------------------------------------------------------
def _once(w: NumpyKernelWriter, d: Once) -> list[str]:
    return []


def _each(w: NumpyKernelWriter, d: Each) -> list[str]:
    return [f"n = S.sizes[{d.space!r}]", "i = arange(n)" if w.needs_index() else "i = None"]


def _range(w: NumpyKernelWriter, d: Range) -> list[str]:
    bounds = f"lo, hi = {w.text(d.first)}, {w.text(d.last)}"
    return [bounds, "n = hi - lo", "i = arange(lo, hi)" if w.needs_index() else "i = None"]


def _levels(w: NumpyKernelWriter, d: Levels) -> list[str]:
    turn = "[::-1]" * d.backward
    return [f"starts = A[{d.starts!r}]", f"for first, last in list(zip(starts[:-1], starts[1:])){turn}:",
            "    i, n = arange(first, last), last - first"]


def _events(w: NumpyKernelWriter, d: Events) -> list[str]:
    return [f"i = {w.queued(d.queue, d.slot)}.copy()", "n = len(i)"]


def _fan_out(w: NumpyKernelWriter, d: FanOut) -> list[str]:
    rows = f"A[{d.ids!r}]" if d.ids else "None"
    return [f"i, j = fan_out({w.queued(d.queue, d.slot)}, A[{d.starts!r}], {rows})", "n = len(i)"]


def _random_rows(w: NumpyKernelWriter, d: RandomRows) -> list[str]:
    key, columns = w.text(d.key), w.text(d.columns)
    members = f"random_members(int({key}), {w.queued(d.queue, d.slot)}, int({columns}), A[{d.gaps!r}], {d.hollow})"
    return [f"j, {local('column')}, {local('number')} = {members}", "n = len(j)", "i = arange(n)"]


LOOPS: Mapping[type[Domain], Callable[[NumpyKernelWriter, Any], list[str]]] = {
    Once: _once,
    Each: _each,
    Range: _range,
    Levels: _levels,
    Events: _events,
    FanOut: _fan_out,
    RandomRows: _random_rows,
}
"""How the elements of each domain are found."""
