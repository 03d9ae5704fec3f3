"""Writes each kernel as a Python function that JAX traces: `jax_step.Step` → the same, with some of its values
replaced."""
from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
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
from brainsim.ir.trees import own_element, statements, walk
from brainsim.targets.jax_delivery import Delivery, deliveries
from brainsim.targets.words import NUMPY
from brainsim.targets.writer import local

OUTSIDE = 2**31 - 1      #: of every array
HEAD = "def kernel_{number}(c):\n    # {name}\n    A = c.A"


def module(program: Program) -> str:
    """All kernels, and ``setup``, which makes the matrices of projections whose weights stay as they are."""
    made = [JaxKernelWriter(program, k, n) for n, k in enumerate(program.kernels)]
    functions = "\n\n\n".join(w.function() for w in made)
    lines = [line for w in made for line in w.setup]
    return "\n".join(["def setup(c):", "    A = c.A", *(lines or ["    pass"])]) + "\n\n\n" + functions + "\n"


class JaxKernelWriter:
    """Writes one kernel."""

    def __init__(self, program: Program, kernel: Kernel, number: int):
        self.program, self.kernel, self.number = program, kernel, number
        self.records, self.fixed = program.records, program.constant
        self.free = kernel.facts.order_free
        self.temporary = itertools.count()
        self.setup: list[str] = []
        self.taking = ""          # the queue whose condition is being written
        self.finds = kernel.domain.stretch and not kernel.facts.appends.keys() <= self.records

    # -- expressions ---------------------------------------------------------------------------------------------------
    def text(self, e: Expr) -> str:
        """An expression over all elements at once."""
        match e:
            case Const(value):
                return repr(value)
            case Local(name, _):
                return local(name)
            case Scalar():
                return self.scalar(e)
            case Load(array, index, _):
                return f"take(A[{array!r}], {self.text(index)})"
            case Op((">" | ">=" | "<" | "<=") as op,
                    (a, b)) if self.taking and not self._drawn(e) and "f" in dtype(a) + dtype(b):
                return self.margin(*((a, b, op) if op[0] == ">" else (b, a, op.replace("<", ">"))))
            case Op(op, args) if op in ("and", "or") and len(args) > 2:
                return self.text(Op(op, (Op(op, args[:-1]), args[-1])))
            case Op("**", (a, b)):
                return f"power({self.operand('**', a)}, {self.operand('**', b)})"
            case Op(op, args):
                return NUMPY.operators[op].format(*(self.operand(op, a) for a in args))
            case Call("timestep", (Tick(clock, "t"), dt)):
                return f"c.timestep({clock!r}, {self.text(dt)})"
            case Call(function, args):
                return f"{function}({', '.join(self.operand('', a) for a in args)})"
            case Foreign(function, args, t):
                return f"c.foreign({function!r}, {t!r}, {', '.join(map(self.text, args))})"
            case Draw(law, stream, index):
                return f"c.draw({law!r}, {stream}, {self.kernel.clock!r}, {self.text(index)})"
            case Keyed(law, stream, key, row, index):
                return f"draw({law!r}, halves({self.text(key)}), {stream}, {self.text(row)}, {self.text(index)})"
            case Cast(t, value):
                return f"cast({t!r}, {self.text(value)})"
        raise TypeError(f"not an expression of the program: {e!r}")

    def operand(self, op: str, a: Expr) -> str:
        """Booleans count as whole numbers in arithmetic."""
        plain = dtype(a) == "b1" and op not in ("and", "or", "not", "select", "==", "!=")
        return f"cast('i4', {self.text(a)})" if plain else self.text(a)

    def _drawn(self, e: Expr) -> bool:
        return any(isinstance(n, (Draw, Keyed)) for n in walk(e))

    def margin(self, a: Expr, b: Expr, op: str) -> str:
        """A comparison that makes events: `Step.above`, with the distance that stands for 1 in it."""
        scale = self.scale(a, b)
        self.taking, queue = "", self.taking
        size = "None" if scale is None else f"lambda: {self.text(scale)}"
        made = f"c.above({queue!r}, {self.text(a)}, {self.text(b)}, {op!r}, {size})"
        self.taking = queue
        return made

    def scale(self, a: Expr, b: Expr) -> Expr | None:
        """Threshold less reset value, where the reset sets or lowers a variable that the threshold looks at; by how
        much it lowers it, where it does."""
        looked = {n.array for n in walk(a) if isinstance(n, Load) and n.index == Local("i", "i4")}
        for k in (self.program.kernels[n] for n in self.program.users.get(self.taking, ())):
            if isinstance(k.domain, Events) and k.domain.queue == self.taking:
                for s in k.body:
                    if isinstance(s, Store) and s.array in looked and s.index == Local("i",
                                                                                       "i4") and s.op in ("=", "-="):
                        value = Op("-", (b, s.value)) if s.op == "=" else s.value
                        return None if any(isinstance(n, Local) and n.name != "i"
                                           for n in walk(value)) or self._drawn(value) else value
        return None

    def scalar(self, e: Scalar) -> str:
        """A value that does not depend on the element."""
        match e:
            case Tick(clock, part):
                return f"c.{part}[{clock!r}]"
            case Slots(queue):
                return f"c.layout.slots[{queue!r}]"
            case Size(space):
                return f"c.layout.sizes[{space!r}]"
            case Param(name, _):
                return f"c.parameter({name!r})"
        raise TypeError(f"not a scalar of the program: {e!r}")

    # -- statements ----------------------------------------------------------------------------------------------------
    def block(self, body: Iterable[Statement], pad: str, mask: str, known: dict[str, str]) -> list[str]:
        """Lines for statements in order, for the elements of a mask; ``known`` are the locals that were set outside of
        it."""
        lines: list[str] = []
        for s in body:
            lines += self.statement(s, pad, mask, known)
        return lines

    def statement(self, s: Statement, pad: str, mask: str, known: dict[str, str]) -> list[str]:
        """One statement over all elements."""
        match s:
            case Let(name, value) if name in known:
                return [f"{pad}{local(name)} = pick({mask}, {self.text(value)}, {local(name)})"]
            case Let(name, value):
                return [f"{pad}{local(name)} = {self.text(value)}"]
            case Store(array, index, op, value, t):
                number = f"cast('i4', {self.text(value)})" if dtype(value) == "b1" and op != "=" else self.text(value)
                still = mask != "None" and (self.finds or isinstance(value, Tick) and moves(value))
                where = f"hard({mask})" if still else mask
                word = "put_once" if self.kernel.domain.rounds and own_element(index) else "put"
                return [f"{pad}A[{array!r}] = {word}(A[{array!r}], {self.text(index)}, {op!r}, {number}, {where}, "
                        f"{t!r})"]
            case Append(queue, _, value) if queue in self.records:
                return [f"{pad}c.record({queue!r}, {self.text(value)}, {mask}, '{self.number}{mask}')"]
            case Append(queue, slot, value):
                count = "1" if isinstance(self.kernel.domain, Once) else "len(i)" if self.free else "1"
                return [f"{pad}c.append({queue!r}, {self.text(slot)}, {self.text(value)}, {mask}, {count})"]
            case Clear(queue, slot):
                return [f"{pad}c.clear({queue!r}, {self.text(slot)}, {mask})"]
            case If(condition, body):
                inner = f"m{next(self.temporary)}"
                self.taking = next(
                    (n.queue for n in statements(body) if isinstance(n, Append) and n.queue not in self.records), "")
                text, self.taking = self.text(condition), ""
                outside = {**known, **self.visible}
                return [f"{pad}{inner} = both({mask}, {text})", *self.block(body, pad, inner, outside)]
            case While(condition, body):
                return self.repetition(condition, body, pad, mask)
        raise TypeError(f"not a statement of the program: {s!r}")

    @property
    def visible(self) -> dict[str, str]:
        """Locals of the kernel's own level."""
        return {s.name: dtype(s.value) for s in (*self.kernel.prologue, *self.kernel.body) if isinstance(s, Let)}

    def repetition(self, condition: Expr, body: tuple[Statement, ...], pad: str, mask: str) -> list[str]:
        """Rounds for the elements where the condition still holds."""
        n = next(self.temporary)
        carried = {s.name: dtype(s.value) for s in statements(body) if isinstance(s, Let) and s.name in self.visible}
        arrays = sorted({s.array for s in statements(body) if isinstance(s, Store)})
        names = [local(c) for c in carried]
        every = ", ".join([*names, *(f"a{k}" for k in range(len(arrays)))])
        together = ", ".join(f"{a!r}: a{k}" for k, a in enumerate(arrays))
        put_back = [f"{pad}    A = {{**A, {together}}}"] if arrays else []
        like = "i" if not isinstance(self.kernel.domain, Once) else "0"
        lines = [f"{pad}{local(c)} = spread({t!r}, {local(c)}, {like})" for c, t in carried.items()]
        spread, held = [f"spread({t!r}, {local(c)}, {like})" for c, t in carried.items()], [f"A[{a!r}]" for a in arrays]
        lines += [
            f"{pad}def more_{n}({every}, A=A):", *put_back, f"{pad}    return both({mask}, {self.text(condition)})",
            f"{pad}def round_{n}({every}, A=A):", *put_back, f"{pad}    w{n} = both({mask}, {self.text(condition)})",
            *self.block(body, pad + "    ", f"w{n}", self.visible),
            f"{pad}    return ({', '.join([*spread, *held])},)",
            f"{pad}{every}, = while_loop(more_{n}, round_{n}, ({', '.join([*names, *held])},))"
        ]
        return lines + [f"{pad}A[{a!r}] = a{k}" for k, a in enumerate(arrays)]

    # -- the function --------------------------------------------------------------------------------------------------
    def function(self) -> str:
        """The whole kernel."""
        lines = [
            HEAD.format(number=self.number, name=self.kernel.name),
            *self.block(self.kernel.prologue, "    ", "None", {})
        ]
        found = deliveries(self.kernel)
        if found:
            return "\n".join([*lines, *(line for n, d in enumerate(found) for line in self.delivery(d, n))])
        lines += self.elements()
        mask = "None" if isinstance(self.kernel.domain, (Once, Each)) else "m"
        if self.free and not self.kernel.domain.rounds or isinstance(self.kernel.domain, Once):
            return "\n".join([*lines, *(self.block(self.kernel.body, "    ", mask, {}) or ["    pass"])])
        return "\n".join([*lines, *self.one_by_one(mask)])

    def one_by_one(self, mask: str) -> list[str]:
        """The body as a loop over elements, or over rounds of them."""
        more = [local(name) for name in self.kernel.domain.provides if name != "i"]
        names = ["i", *more, *(["m"] if mask == "m" else [])]
        facts = self.kernel.facts
        arrays = tuple(sorted(facts.stores))
        queues = tuple(sorted((facts.clears | facts.appends.keys()) - self.records))
        shown = ["i", *more, *(["jnp.ones(len(i), bool) if m is None else m"] if mask == "m" else [])]
        return [
            f"    def body(c, {', '.join(names)}):", "        A = c.A",
            *self.block(self.kernel.body, "        ", mask, {}),
            f"    c.loop(body, {arrays!r}, {queues!r}, ({', '.join(shown)},))"
        ]

    def elements(self) -> list[str]:
        """Lines that set ``i``, what else the domain provides and the mask ``m``."""
        return [f"    {line}" for line in LOOPS[type(self.kernel.domain)](self, self.kernel.domain)]

    def delivery(self, d: Delivery, number: int) -> list[str]:
        """A sum over synapses."""
        assert isinstance(self.kernel.domain, FanOut)
        queue, slot, starts = self.kernel.domain.queue, self.text(self.kernel.domain.slot), self.kernel.domain.starts
        count = f"c.layout.lengths[{d.array!r}]"
        lines = [f"    j, z = c.rows_in({queue!r}, {slot}, {starts!r})",
                 f"    x = {'z' if d.source is None else f'amount(z, {self.text(d.source)})'}"]
        inner = [f"    i = np.arange(c.layout.lengths[{d.index_array!r}], dtype=np.int32); j = A[{starts + '@row'!r}]"]
        weight = "1.0" if d.synapse is None else self.text(d.synapse)
        made = f"c.matrix({starts!r}, {d.index_array!r}, {weight}, {count}, {d.dtype!r})"
        key = f"{self.kernel.name}.{number}"
        if self.still(d):
            self.setup += [*inner, f"    c.M[{key!r}] = {made}"]
            lines += [f"    w = c.M[{key!r}]"]
        else:
            lines += [*inner, f"    w = {made}"]
        lines += [
            f"    y = c.project({key!r}, {starts!r}, {d.index_array!r}, x, w, {count})",
            f"    i = np.arange({count}, dtype=np.int32)"
        ]
        value = "y" if d.target is None else f"y * {self.text(d.target)}"
        mask = "None" if d.condition is None else self.text(d.condition)
        op = "+=" if d.sign > 0 else "-="
        return [*lines, f"    A[{d.array!r}] = put(A[{d.array!r}], i, {op!r}, {value}, {mask}, {d.dtype!r})"]

    def still(self, d: Delivery) -> bool:
        """Whether the weights of a sum stay as they are for the whole run."""
        return d.synapse is None or not any(
            isinstance(n, Load) and n.array not in self.fixed
            or isinstance(n, Local) and n.name not in "ij" or isinstance(n, Tick) and moves(n) for n in walk(d.synapse))


def moves(tick: Tick) -> bool:
    """Whether it changes from step to step."""
    return tick.part != "dt"


# -- the loop forms ----------------------------------------------------------------------------------------------------
def _once(w: JaxKernelWriter, d: Once) -> list[str]:
    return []


def _each(w: JaxKernelWriter, d: Each) -> list[str]:
    return [f"i = c.each({d.space!r})"]


def _range(w: JaxKernelWriter, d: Range) -> list[str]:
    """Between bounds that are found while running there are as many elements as in the longest row of the list they
    come from."""
    longest = f"c.layout.longest[{d.first.array!r}]" if isinstance(d.first, Load) else "0"
    return [f"i, m = c.between({w.text(d.first)}, {w.text(d.last)}, {longest})"]


def _levels(w: JaxKernelWriter, d: Levels) -> list[str]:
    """A row of elements per level; all rows are as long as the widest level, filled up with places outside."""
    return [f"starts = c.layout.posts[{d.starts!r}]", "first, count = starts[:-1, None], np.diff(starts)[:, None]",
            "place = np.arange(count.max(initial=0))", f"m = (place < count){'[::-1]' * d.backward}",
            f"i = np.where(place < count, first + place, {OUTSIDE}).astype(np.int32){'[::-1]' * d.backward}"]


def _events(w: JaxKernelWriter, d: Events) -> list[str]:
    return [f"i, m = c.events({d.queue!r}, {w.text(d.slot)})"]


def _fan_out(w: JaxKernelWriter, d: FanOut) -> list[str]:
    return [f"i, j, m = c.fan({d.queue!r}, {w.text(d.slot)}, {d.starts!r}, {not w.free})"]


def _random_rows(w: JaxKernelWriter, d: RandomRows) -> list[str]:
    names = f"j, {local('column')}, {local('number')}, m"
    return [f"{names} = c.random_rows({d.queue!r}, {w.text(d.slot)}, {w.kernel.name!r})",
            "i = np.arange(len(j), dtype=np.int32)"]


LOOPS: Mapping[type[Domain], Callable[[JaxKernelWriter, Any], list[str]]] = {
    Once: _once,
    Each: _each,
    Range: _range,
    Levels: _levels,
    Events: _events,
    FanOut: _fan_out,
    RandomRows: _random_rows,
}
"""How the elements of each domain are found."""
