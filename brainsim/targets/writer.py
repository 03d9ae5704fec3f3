"""Prints trees of the program in a C-like language by a row of the phrasebook."""
from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

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
    dtype,
)
from brainsim.ir.program import Append, Clear, If, Let, Statement, Store, While
from brainsim.naming import MARK, is_left_by_stages
from brainsim.targets.words import Words


def identifiers(names: list[str]) -> dict[str, str]:
    """One legal, distinct identifier per program name; prefixed, so that no user name can clash with the language, and
    apart from those that a queue has besides."""
    made: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        word = "u_" + re.sub(r"\W", "_", name)
        while taken & _with_companions(word):
            word += "_"
        taken |= _with_companions(word)
        made[name] = word
    return made


def _with_companions(word: str) -> set[str]:
    return {word, f"{word}_count", f"{word}_capacity"}


def local(name: str) -> str:
    """A local of the program; ``i`` and ``j`` are the loops' own. Names of users and those that stages made never
    meet."""
    if name in ("i", "j"):
        return name
    if MARK in name:
        return f"m_{name.replace('_', '__').replace(MARK, '_a')}"
    return f"n_{name}" if is_left_by_stages(name) else f"l_{name}"


class Writer:
    """Text for expressions and statements; ``names`` spells arrays, queues, parameters and scalars.

    ``buffered``: the random numbers of the running element lie in arrays ``draw_stream[k]``. ``listed``: what is
    appended goes into the list ``found`` of a part of the loop. ``keyed``: the numbers of 64 members of a row lie in
    arrays, by node.
    """

    def __init__(self, words: Words, names: Mapping[str | Scalar, str], buffered: bool = False, listed: bool = False,
                 keyed: Mapping[Keyed, int] = {}):
        self.words, self.names, self.buffered, self.listed, self.keyed = words, names, buffered, listed, keyed

    def expression(self, e: Expr) -> str:
        """An expression, parenthesised."""
        match e:
            case Const(value):
                return self.literal(value)
            case Local(name, _):
                return local(name)
            case Param(name, _):
                return self.names[name]
            case Scalar():
                return self.names[e]
            case Load(array, index, _):
                return f"{self.names[array]}[{self.expression(index)}]"
            case Op("/", (a, b)):
                kind = self.words.types[dtype(e)]
                return f"(({kind}){self.expression(a)} / ({kind}){self.expression(b)})"
            case Op(("//" | "%" | "**") as op, (a, b)):
                return self.arithmetic(op, e, a, b)
            case Op(op, args) if op in ("and", "or") and len(args) > 2:
                return self.expression(Op(op, (Op(op, args[:-1]), args[-1])))
            case Op(op, args):
                return self.words.operators[op].format(*map(self.expression, args))
            case Call(function, args):
                return self.call(function, args, e)
            case Foreign(function, args, _):
                return f"{self.names[function]}({', '.join(map(self.expression, args))})"
            case Draw() | Keyed():
                return self.random(e)
            case Cast("b1", value):
                return f"({self.expression(value)} != 0)"
            case Cast(t, value):
                return f"(({self.words.types[t]}){self.expression(value)})"
        raise TypeError(f"not an expression of the program: {e!r}")

    def random(self, e: Draw | Keyed) -> str:
        """A random number, from where those of several elements lie together if they were drawn so."""
        match e:
            case Draw(_, stream, Local("i")) if self.buffered:
                return f"draw_{stream}[k]"
            case Draw(law, stream, index):
                return f"bs_{law}(seed, {stream}u, draw_step, (uint32_t){self.expression(index)})"
            case Keyed(law, stream, key, row, index):
                if e in self.keyed:
                    return f"keyed_{self.keyed[e]}[{local('number')} & 63]"
                words = self.expression(key), f"{stream}u", self.expression(row), f"(uint32_t){self.expression(index)}"
                return f"bs_{law}((uint64_t){', '.join(words)})"

    def literal(self, value: float | int | bool) -> str:
        """A number that reads back to the same bits."""
        if isinstance(value, bool):
            return self.words.true if value else self.words.false
        if isinstance(value, int):
            return str(value) if -(2**31) < value < 2**31 else f"INT64_C({value})"
        if math.isinf(value):
            return "INFINITY" if value > 0 else "(-INFINITY)"
        return "NAN" if math.isnan(value) else repr(float(value))

    def arithmetic(self, op: str, whole: Expr, a: Expr, b: Expr) -> str:
        """``//``, ``%`` and ``**``, which C spells differently for integers."""
        kind = dtype(whole)
        if op == "**":
            if isinstance(b, Const) and b.value == 2 and isinstance(a, (Local, Scalar, Load)):
                return f"({self.expression(a)} * {self.expression(a)})"
            if kind in ("i4", "i8"):
                return f"(({self.words.types[kind]})bs_ipow({self.expression(a)}, {self.expression(b)}))"
            single = "f" if kind == "f4" else ""
            if isinstance(b, Const) and b.value == 2:
                return f"bs_square{single}({self.expression(a)})"
            return f"pow{single}({self.expression(a)}, {self.expression(b)})"
        name = {"//": "floordiv", "%": "mod"}[op] + ("_i" if kind in ("i4", "i8") else "_f")
        text = f"bs_{name}({self.expression(a)}, {self.expression(b)})"
        return f"(({self.words.types[kind]}){text})" if kind == "i4" else text

    def call(self, function: str, args: tuple[Expr, ...], whole: Expr) -> str:
        """A function; whole-number forms of ``abs`` and ``clip`` stay whole."""
        name = self.words.functions[function]
        if function in ("abs", "clip") and dtype(whole) in ("i4", "i8"):
            name = {"abs": "bs_abs_i", "clip": "bs_clip_i"}[function]
        elif dtype(whole) == "f4":
            name += "f"      # as C calls its functions of floats, and language.h its own
        return f"{name}({', '.join(map(self.expression, args))})"

    def statement(self, s: Statement, pad: str, known: set[str]) -> Iterator[str]:
        """Lines for a statement; ``known`` are the locals declared so far in this block."""
        match s:
            case Let(name, value):
                declare = "" if name in known else f"{self.words.types[dtype(value)]} "
                known.add(name)
                yield f"{pad}{declare}{local(name)} = {self.expression(value)};"
            case Store(array, index, op, value, t):
                yield pad + self.store(array, index, op, value, t)
            case Append(_, _, value) if self.listed:
                yield f"{pad}found[hits++] = {self.expression(value)};"
            case Append(queue, slot, value):
                q = self.names[queue]
                yield (f"{pad}{{ const int64_t s = {self.expression(slot)}; "
                       f"{q}[s * {q}_capacity + {q}_count[s]++] = {self.expression(value)}; }}")
            case Clear(queue, slot):
                yield f"{pad}{self.names[queue]}_count[{self.expression(slot)}] = 0;"
            case If(condition, body) | While(condition, body):
                yield f"{pad}{'if' if isinstance(s, If) else 'while'} ({self.expression(condition)}) {{"
                yield from self.block(body, pad + "    ", set(known))
                yield pad + "}"

    def store(self, array: str, index: Expr, op: str, value: Expr, t: str) -> str:
        """An assignment; operators that C lacks are spelled out."""
        place = f"{self.names[array]}[{self.expression(index)}]"
        if op in ("//=", "%=", "**=", "/="):
            full = Op(op[:-1], (Load(array, index, t), value))
            return f"{place} = {self.cast(t, full)};"
        if op == "=":
            return f"{place} = {self.cast(t, value)};"
        return f"{place} {op} {self.expression(value)};"

    def cast(self, t: str, value: Expr) -> str:
        """The value as the array stores it."""
        return self.expression(value if dtype(value) == t else Cast(t, value))

    def block(self, body: tuple[Statement, ...], pad: str, known: set[str]) -> Iterator[str]:
        """Lines for statements in order."""
        for s in body:
            yield from self.statement(s, pad, known)
