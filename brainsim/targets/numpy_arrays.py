"""The NumPy target: each kernel becomes a Python function of whole-array operations. Needs no compiler.

Kernels whose result depends on the order of their elements run element by element through the same function (slow, but
with the meaning of the interpreter).
"""
from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from brainsim.ir import library, random_rows
from brainsim.ir.evaluate import advance as advance_plain
from brainsim.ir.evaluate import power
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
from brainsim.ir.functions import FUNCTIONS
from brainsim.ir.program import (
    Append,
    Clear,
    Each,
    Events,
    FanOut,
    Host,
    If,
    Kernel,
    Let,
    Once,
    Program,
    RandomRows,
    Range,
    Statement,
    Store,
    While,
)
from brainsim.ir.random import draw_many
from brainsim.ir.state import DTYPES, Pause, QueueState, State
from brainsim.ir.trees import free_locals, own_element, walk
from brainsim.targets.cache import digest
from brainsim.targets.contract import Available, Settings, Traits, Written
from brainsim.targets.words import NUMPY
from brainsim.targets.writer import local


class NumpyTarget:
    """Equations → array operations. ``math='strict'`` takes its functions from the C library, slowly, for the same bits
    as compiled code."""

    name = "numpy"
    traits = Traits(calls_functions=True, network_operations=True, frees_lock=False)

    def __init__(self, math: str = "fast") -> None:
        self.settings = Settings(math)

    def alone(self) -> "NumpyTarget":
        """Itself."""
        return self

    def available(self) -> Available:
        """Always."""
        return Available(f"NumPy {np.__version__}")

    def write(self, program: Program) -> Written:
        """One Python function per kernel."""
        text = "\n\n".join(
            KernelWriter(program, k, n).function() for n, k in enumerate(program.kernels)
            if not isinstance(k.domain, Host))
        return Written(text, "python", digest(text))

    def build(self, program: Program, source: Written) -> "NumpyExecutable":
        """The functions, ready to call."""
        scope = {name: fn for name, fn in FUNCTIONS.items()
                 } | dict(divide=np.divide, floor_divide=np.floor_divide, mod=np.mod, logical_not=np.logical_not,
                          logical_and=np.logical_and, logical_or=np.logical_or, where=np.where, power=power_many,
                          draw_many=draw_many, draw_ahead=DrawAhead(), append=append, fan_out=fan_out,
                          random_members=random_members, flatnonzero=np.flatnonzero, arange=np.arange, add_at=np.add.at,
                          multiply_at=np.multiply.at, cast=cast, inf=np.inf, nan=np.nan, expand=expand)
        if self.settings.math == "strict" and library.functions():
            scope |= {n: f for n, f in library.functions().items() if n != "pow"} | {"power": strict_power}
            scope |= {"draw_many": strict_draw, "draw_ahead": DrawAhead(strict_draw)}
        exec(compile(source.text, "<brainsim numpy target>", "exec"), scope)
        functions = [scope.get(f"kernel_{n}") for n in range(len(program.kernels))]
        return NumpyExecutable(program, functions)  # type: ignore[arg-type]


class NumpyExecutable:
    """Kernel functions and the plain loop over time."""

    def __init__(self, program: Program, functions: list[Callable[[State], None]]):
        self.program = program
        self._run = {id(k): f for k, f in zip(program.kernels, functions)}
        self._number = {q.name: n for n, q in enumerate(program.queues)}

    def bind(self, state: State) -> None:
        """Arrays are looked up by name in each call; nothing to do."""

    def load_params(self, state: State) -> None:
        """Scalars are looked up by name in each call; nothing to do."""

    def advance(self, state: State, ticks: int) -> Pause:
        """The interpreter's loop over time, with these kernels."""
        with np.errstate(all="ignore"):
            return advance_plain(state, ticks, self._step, self._lacks_room)

    def _step(self, kernel: Kernel, state: State) -> None:
        self._run[id(kernel)](state)

    def run_kernel(self, number: int, state: State) -> None:
        """One kernel, for the present step."""
        with np.errstate(all="ignore"):
            self._step(self.program.kernels[number], state)

    def _lacks_room(self, kernel: Kernel, state: State) -> bool:
        return False  # appending grows a queue here


class DrawAhead:
    """`draw_many` for a whole space: for few elements, the numbers of many steps are made at once."""

    _few = 2048

    def __init__(self, draw: Callable[..., np.ndarray] = draw_many) -> None:
        self._draw = draw
        self._tables: dict[tuple[str, int], tuple[tuple[int, int, int], int, np.ndarray]] = {}

    def __call__(self, law: str, seed: int, stream: int, step: int, index: np.ndarray) -> np.ndarray:
        """One number per element; ``index`` counts up by one."""
        ahead = min(self._few // max(1, len(index)), 256)
        if ahead < 2:
            return self._draw(law, seed, stream, step, index)
        this = seed, len(index), int(index[0]) if len(index) else 0
        made_for, first, table = self._tables.get((law, stream), ((0, 0, 0), step + 1, np.zeros(0)))
        if made_for != this or not first <= step < first + len(table):
            first, table = step, self._draw(law, seed, stream, step + np.arange(ahead)[:, None], index)
            self._tables[law, stream] = this, first, table
        return table[step - first]


def power_many(a: object, b: object) -> object:
    """``**`` with the interpreter's rule for whole numbers, on arrays."""
    whole = np.asarray(a).dtype.kind in "iu" and np.asarray(b).dtype.kind in "iu"
    if not whole:
        return np.power(np.asarray(a, dtype=float) if np.asarray(a).dtype.kind in "iub" else a, b)
    if np.ndim(a) == 0 and np.ndim(b) == 0:
        return power(int(a), int(b))  # type: ignore[call-overload]
    return np.power(a, b) if np.min(b) >= 0 else np.power(np.asarray(a, dtype=float), b)


def strict_power(a: object, b: object) -> object:
    """``**`` with the C library's function for floats."""
    whole = np.asarray(a).dtype.kind in "iub" and np.asarray(b).dtype.kind in "iub"
    return power_many(a, b) if whole else library.power(
        np.asarray(a, dtype=float) if np.asarray(a).dtype.kind in "iub" else a, b)


def strict_draw(*args: object) -> np.ndarray:
    """`draw_many` with the C library's logarithm."""
    return draw_many(*args, log=library.functions()["log"])  # type: ignore[arg-type]


def cast(t: str, x: object) -> np.ndarray:
    """Conversion to a dtype of the program."""
    return np.asarray(x).astype(DTYPES[t])[()]


def expand(x: object, count: int) -> np.ndarray:
    """A value per element."""
    x = np.asarray(x)
    return x if x.ndim else np.full(count, x)


def append(queue: QueueState, slot: object, values: object, count: int) -> None:
    """Add ``count`` values to the end of a slot, or each to the slot of its own, in order."""
    if count == 0:
        return
    slots = np.asarray(slot)
    if slots.ndim == 0:
        _append_to(queue, int(slots), expand(values, count))
        return
    values = expand(values, count)
    order = np.argsort(slots, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(slots[order]), 1)) + 1
    for first, last in zip([0, *ends[:-1]], ends):
        _append_to(queue, int(slots[order[first]]), values[order[first:last]])


def _append_to(queue: QueueState, slot: int, values: np.ndarray) -> None:
    used = int(queue.count[slot])
    if used + len(values) > queue.data.shape[1]:
        queue.make_room(2 * (used + len(values)))
    queue.data[slot, used:used + len(values)] = values
    queue.count[slot] = used + len(values)


def fan_out(events: np.ndarray, starts: np.ndarray, ids: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """(i, j): all members of the rows of these events, and the event of each."""
    first = starts[events].astype(np.int64)
    count = starts[events + 1] - first
    j = np.repeat(events, count)
    shift = np.repeat(first - (np.cumsum(count) - count), count)
    i = np.arange(len(j)) + shift
    return (i if ids is None else ids[i]), j


def random_members(key: int, events: np.ndarray, columns: int, gaps: np.ndarray,
                   hollow: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(row, column, number in the row) of all members of the rows of these events."""
    count, found = random_rows.rows(key, events, columns, gaps, hollow)
    return np.repeat(events, count), found, random_rows.numbered(count)


class KernelWriter:
    """Writes one kernel as a Python function ``kernel_n(S)``."""

    def __init__(self, program: Program, kernel: Kernel, number: int):
        self.program, self.kernel, self.number = program, kernel, number
        self.clock = program.clocks.index(kernel.clock)
        self.free = kernel.facts.order_free
        self.vectors: set[str] = {"column", "number"} if isinstance(
            kernel.domain, RandomRows) else set()  # locals that hold one value per element
        self.known: dict[str, str] = {}    # locals set so far, and their dtypes
        self.whole = isinstance(kernel.domain, (Each, Range)) and self.free  # own elements are whole arrays or slices
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
            case Draw(law, stream, Local("i")) if self.whole:
                return f"draw_ahead({law!r}, S.seed, {stream}, int(S.step[{self.clock}] - S.origin[{self.clock}]), i)"
            case Draw(law, stream, index):
                return f"draw_many({law!r}, S.seed, {stream}, int(S.step[{self.clock}] - S.origin[{self.clock}]), {self.text(index)})"
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
        return any(isinstance(n, Local) and (n.name in ("i", "j") or n.name in self.vectors) for n in walk(e))

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

    def inside(self) -> "KernelWriter":
        """A writer for statements that run for some of the elements, by their indices ``i``."""
        inner = KernelWriter(self.program, self.kernel, self.number)
        inner.vectors, inner.temporary, inner.whole, inner.known = set(self.vectors), self.temporary, False, dict(
            self.known)
        return inner

    def taken(self, body: tuple[Statement, ...]) -> list[str]:
        """The locals that statements need of each element."""
        used = frozenset().union(*(free_locals(s) for s in body))
        return [local(n) for n in sorted({n for n in used if n in self.vectors} | (used & {"j"}))]

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
        lines += self.indices()
        if isinstance(self.kernel.domain, Once):
            return "\n".join([*lines, *self.block(self.kernel.body, "    ")])
        rows = {FanOut: ["j"], RandomRows: ["j", local("column"), local("number")]}.get(type(self.kernel.domain), [])
        names = ", ".join(["i", "n", *rows])
        body = [f"    def body({names}):", *(self.block(self.kernel.body, "        ") or ["        pass"])]
        if self.free:
            call = [f"    if n: body({names})"]
        else:
            one = ", ".join(["i[k:k + 1]", "1", *(f"{name}[k:k + 1]" for name in rows)])
            call = ["    for k in range(n):", f"        body({one})"]
        return "\n".join(lines + body + call)

    def indices(self) -> list[str]:
        """Lines that set ``i`` (and ``j``) and ``n``."""
        needs = not self.whole or any(isinstance(x, Local) and x.name == "i" for x in self._index_uses())
        match self.kernel.domain:
            case Each(space):
                return [f"    n = S.sizes[{space!r}]", "    i = arange(n)" if needs else "    i = None"]
            case Range(first, last):
                text = [f"    lo, hi = {self.text(first)}, {self.text(last)}", "    n = hi - lo"]
                return [*text, "    i = arange(lo, hi)" if needs else "    i = None"]
            case Events(queue, slot):
                return [f"    i = S.queues[{queue!r}].values({self.text(slot)}).copy()", "    n = len(i)"]
            case FanOut(queue, slot, starts, ids):
                rows = f"A[{ids!r}]" if ids else "None"
                return [
                    f"    i, j = fan_out(S.queues[{queue!r}].values({self.text(slot)}), A[{starts!r}], {rows})",
                    "    n = len(i)"
                ]
            case RandomRows(queue, slot, key, columns, gaps, _, hollow):
                text = f"int({self.text(key)}), S.queues[{queue!r}].values({self.text(slot)}), int({self.text(columns)}), A[{gaps!r}], {hollow}"
                return [
                    f"    j, {local('column')}, {local('number')} = random_members({text})", "    n = len(j)",
                    "    i = arange(n)"
                ]
        return []

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
