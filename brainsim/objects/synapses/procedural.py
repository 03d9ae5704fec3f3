"""Synapses by a random law: every row follows from a key, so it can be stored, or drawn again whenever an event needs
it."""
from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from brainsim.errors import Source, WrongType, WrongValue
from brainsim.ir import random_rows
from brainsim.ir.program import Array
from brainsim.ir.state import DTYPES
from brainsim.language.expressions import to_text
from brainsim.language.functions import RANDOM
from brainsim.language.statements import parse_statements
from brainsim.language.trees import Assign, Call, Name, Number, Op, Tree, rebuild, walk
from brainsim.model.resolve import Block, Resolver
from brainsim.model.symbols import Symbol
from brainsim.model.tasks import DrawnRows, DrawnValue, Task, Transmission
from brainsim.naming import end_index, supplied
from brainsim.objects.groups.declared import Declared
from brainsim.objects.groups.evaluate_now import Elements, evaluate
from brainsim.objects.groups.pieces import PIECE
from brainsim.objects.groups.variables import Variable, to_base_units
from brainsim.objects.names.namespace import RunNamespace
from brainsim.objects.names.structure import structure_changed
from brainsim.objects.synapses.candidates import Part, Taken
from brainsim.objects.synapses.pairs import Index, Joining, Pairs, keyed_draws, new_key, shifted
from brainsim.objects.synapses.rows import Rows

STORE = "storage='stored' keeps the same synapses in memory"


@dataclass(frozen=True, eq=False)
class Law:
    """Each pair with probability ``p``, without the pairs i == j where ``hollow``: a function of ``key`` and the
    row."""

    key: int
    p: float
    n_pre: int
    n_post: int
    hollow: bool
    first_pre: int = 0         #: in the whole group
    first_post: int = 0
    gaps: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "gaps", random_rows.gap_table(self.p))

    @property
    def expected(self) -> float:
        """How many synapses there are on average."""
        return self.p * (self.n_pre * self.n_post - (min(self.n_pre, self.n_post) if self.hollow else 0))

    def parts(self) -> Iterator[Part]:
        """All rows in order, some at a time; by several threads where there is much to do, with the same result."""
        height = max(1, int(PIECE / 4 / max(64.0, self.p * self.n_post)))
        firsts = range(0, self.n_pre, height)
        workers = min(os.cpu_count() or 1, 8)
        if self.expected < 8 * PIECE or workers < 2:
            yield from (self.part(first, height) for first in firsts)
            return
        with ThreadPoolExecutor(workers) as pool:
            for some in (firsts[k:k + 2 * workers]
                         for k in range(0, len(firsts), 2 * workers)):  # no more at once than memory is meant for
                yield from pool.map(lambda first: self.part(first, height), some)

    def part(self, first: int, height: int) -> Part:
        """So many rows."""
        count, column = random_rows.rows(self.key, np.arange(first, min(self.n_pre, first + height)), self.n_post,
                                         self.gaps, self.hollow)
        return Part(first, count, column.astype(np.int32))

    def pairs(self) -> tuple[Rows, np.ndarray]:
        """All synapses, as `connect` makes them."""
        taken = Taken(self.n_pre, self.expected)
        for part in self.parts():
            taken.add(part)
        return taken.rows()


@dataclass(frozen=True)
class Formula:
    """A value per synapse that is computed, not stored: names left in it are ``i`` and ``j``."""

    key: int
    tree: Tree
    symbols: Mapping[str, Symbol]


@dataclass
class ProceduralPairs:
    """Pairs by a random law, none of which is stored, and the formulas of their values."""

    is_stored = False
    by_law = True

    law: Law
    formulas: dict[str, Formula] = field(default_factory=dict)
    _counted: int = -1

    # -- what is asked for ---------------------------------------------------------------------------------------------
    def count(self) -> int:
        """How many synapses there are; draws all rows once."""
        if self._counted < 0:
            self._counted = sum(len(part.inner) for part in self.law.parts())
        return self._counted

    def index(self, side: str) -> Rows | np.ndarray:
        """The neuron of every synapse at a side, in the whole group; draws all rows."""
        rows, post = self.law.pairs()
        self._counted = len(post)
        return shifted(rows, self.law.first_pre) if side == "pre" else shifted(post, self.law.first_post)

    def rows(self, side: str, first: int, count: int) -> None:
        """None of them is in memory."""

    def values(self, v: Variable, s: Joining) -> np.ndarray | None:
        """A variable for every synapse, computed; None for one that all share, or that is no value."""
        if v.shared or v.symbol is not None or v.definition is not None:
            return None
        formula, dtype = self.formula(v.program), DTYPES[v.dtype]
        found = [np.zeros(0, dtype)]
        for part in self.law.parts():
            row, number = part.outer(), random_rows.numbered(part.count)
            here = Elements(s.stored_arrays(), s.clock, np.arange(len(row)),
                            offsets={supplied(g.name, "first"): g.first_element for g in (s.source, s.target)})
            here.paths = {(end_index(s.name, "pre"),): row + self.law.first_pre, (end_index(s.name, "post"),):
                          part.inner.astype(np.int64) + self.law.first_post}
            here.draws = keyed_draws(formula.key, row, number)
            found.append(
                np.broadcast_to(evaluate(formula.tree, Block((), formula.symbols), here), row.shape).astype(dtype))
        return np.concatenate(found)

    def formula(self, program: str) -> Formula:
        """What a variable is; 0 where nothing was assigned."""
        return self.formulas.get(program, Formula(0, Number(0.0), {}))

    def about(self) -> str:
        """How many there are on average, in words."""
        return f"about {round(self.law.expected)} procedural synapses"

    def reach(self, side: str) -> int:
        """Where the neurons end that the law is about."""
        law = self.law
        return law.first_pre + law.n_pre if side == "pre" else law.first_post + law.n_post

    def copied(self) -> "ProceduralPairs":
        """The same, whatever happens to these."""
        return replace(self, formulas=dict(self.formulas))

    def said(self, s: Joining) -> list[tuple[str, str]]:
        """Each variable and the formula of its values."""
        own = {v.program: v.name for v in s.variables.values()}
        return [(own[program], to_text(f.tree)) for program, f in self.formulas.items()]

    def same(self, other: Pairs) -> bool:
        """Whether others are drawn by the same law, and their values by the same formulas."""
        return isinstance(other, ProceduralPairs) and self.law is other.law and (
            self.formulas.keys() == other.formulas.keys()
            and all(f is other.formulas[program] for program, f in self.formulas.items()))

    def more(self, pre: Index, post: np.ndarray, by_law: bool, s: Joining) -> Pairs:
        """There are no more."""
        raise one_call_only(s.name)

    # -- assigning -----------------------------------------------------------------------------------------------------
    def assign(self, v: Variable, item: object, value: object, run: RunNamespace, check: bool, s: Joining) -> bool:
        """Make a variable a number or a formula for all synapses; `WrongType` for anything that would have to be
        stored."""
        s.refuse_write(v)
        if not isinstance(item, slice) or item != slice(None):
            raise WrongType(f"'{v.name}' of {s.name} is not stored, and is assigned as a whole",
                            help=f"{s.name}.{v.name} = '...'; or {STORE}")
        if not isinstance(value, str):
            numbers = to_base_units(value, v, check)
            if numbers.size != 1:
                raise WrongType(f"'{v.name}' of {s.name} is not stored, and takes a number or a string",
                                found=f"{numbers.size} values", help=STORE)
            self.formulas[v.program] = Formula(0, Number(float(numbers.reshape(-1)[0])), {})
        else:
            resolver = s.resolver(run)
            statement = parse_statements(Source(f"{v.name} = {value}", f"value of {s.name}.{v.name}"))[0]
            assert isinstance(statement, Assign)
            done = resolver.statement(statement) if check else replace(statement, value=resolver.tree(statement.value))
            self.formulas[v.program] = Formula(new_key(), _fixed(done.value, resolver, s), dict(resolver.symbols))
        structure_changed()
        return True

    def new_draws(self) -> None:
        """Nothing: a formula has a key of its own."""

    def new_delays(self, s: Joining) -> np.ndarray:
        """There is no room for them."""
        raise WrongType(f"Procedural synapses have one delay, which is given when they are declared ({s.name})",
                        help="Synapses(..., delay=1*ms)")

    # -- in a run ------------------------------------------------------------------------------------------------------
    def tables(self, name: str) -> dict[str, tuple[Array, np.ndarray]]:
        """The tables of gaps of synapses of this name."""
        gaps, guide = (Array(table, dtype, table, role="list")
                       for table, dtype in ((supplied(name, "gaps"), "f8"), (supplied(name, "guide"), "i4")))
        return {gaps.name: (gaps, self.law.gaps), guide.name: (guide, random_rows.guide_of(self.law.gaps))}

    def declared(self, s: Joining) -> Declared:
        """The tables, and the keys."""
        keys = {supplied(program, "key"): f.key for program, f in self.formulas.items()}
        return Declared(self.tables(s.name), params={supplied(s.name, "key"): self.law.key, **keys})

    def drawn(self, block: Block, s: Joining) -> DrawnRows:
        """What a pathway needs to know, for a block that it runs."""
        own = {v.program: v.dtype for v in s.variables.values()}
        read = sorted(
            {x.program for x in block.symbols.values() if x.program in own and x.kind == "array" and not x.shared})
        values = []
        for program in read:
            f = self.formula(program)
            key = supplied(program, "key") if program in self.formulas else supplied(s.name, "key")
            values.append(
                DrawnValue(program=program, dtype=own[program], key=key, block=Block((Assign("_value", "=", f.tree),),
                                                                                     f.symbols)))
        return DrawnRows(key=supplied(s.name, "key"), gaps=supplied(s.name, "gaps"), guide=supplied(s.name, "guide"),
                         columns=s.target.own_bounds(), start=end_index(s.name, "pre"), end=end_index(s.name, "post"),
                         hollow=self.law.hollow, values=tuple(values))

    def check_code(self, statements: list[Assign], symbols: Mapping[str, Symbol], s: Joining) -> None:
        """Refuse code at a synapse that would need something stored there."""
        own = {v.program for v in s.variables.values()}
        for a in statements:
            if symbols[a.target].program in own and symbols[a.target].kind != "local":
                raise WrongType(f"'{a.target}' would have to be stored for every synapse of {s.name}", at=a.target_span
                                or a.span, help=STORE)
            for node in walk(a.value):
                if isinstance(node, Call) and node.function in RANDOM:
                    raise WrongType(
                        f"The code of synapses that are not stored draws no random numbers of its own ({s.name})",
                        at=node.span, help=STORE)

    def check_tasks(self, tasks: Sequence[Task], mine: Sequence[str], s: Joining) -> None:
        """Refuse anything else that looks at single synapses."""
        own = {v.program for v in s.variables.values() if not v.shared}
        ends = {end_index(s.name, "pre"), end_index(s.name, "post")}
        for task in tasks:
            if isinstance(task, Transmission) and task.name in mine:
                continue
            for symbol in (x for block in task.blocks for x in block.symbols.values()):
                if symbol.program in own or ends & set(symbol.path):
                    raise WrongType(f"{task.name} looks at single synapses of {s.name}, which are not stored",
                                    help=STORE)


def one_call_only(name: str) -> WrongValue:
    """The error for a second call of `connect`."""
    return WrongValue(f"Procedural synapses are made by one call of connect, and {name} has had one",
                      help="make another Synapses object")


def _fixed(tree: Tree, resolver: Resolver, s: Joining) -> Tree:
    """The tree with every name but those of the two indices replaced by its present value."""
    if resolver.functions:
        raise WrongType(f"'{next(iter(resolver.functions))}' cannot be used for values that are not stored",
                        help=STORE)
    for node in walk(tree):
        if isinstance(node, Call) and node.function in RANDOM - {"rand", "randn"}:
            raise WrongType(f"{node.function}() cannot be used for values that are not stored", at=node.span,
                            help=f"rand() and randn() can; {STORE}")

    def change(node: Tree) -> Tree:
        if not isinstance(node, Name):
            return node
        symbol = resolver.symbols[node.id]
        if symbol.kind == "index" and symbol.path in ((end_index(s.name, "pre"),), (end_index(s.name, "post"),)):
            return node
        own = symbol.kind == "size" and symbol.program == s.name
        if own or symbol.kind not in ("param", "number", "size", "count"):
            raise WrongType(f"'{node.id}' cannot be used for values that are not stored: it may change",
                            at=node.span, help=STORE)
        sides = (s.source, s.target)
        sizes = {g.own_space: len(g) for g in sides} | {supplied(g.name, "count"): len(g) for g in sides}
        return Number(
            np.asarray(evaluate(node, Block((), resolver.symbols), Elements(s.stored_arrays(), s.clock,
                                                                            sizes=sizes))).item())

    return rebuild(tree, change)


def law_for(s: Joining, rule: Any, p: float | None, condition: object) -> Law:
    """The law of one call of `connect`; `WrongValue` for a call that is not one of a random law.

    ``p`` is the probability where it is one number, ``condition`` the tree of the condition, True without one.
    """
    plain = condition is True or _is_hollow(condition)
    listed = rule.i is not None or rule.j is not None
    if listed or not plain or p is None or not 0 < p <= 1 or rule.n != 1 or isinstance(rule.n, str):
        raise WrongValue("Procedural synapses are made by one probability 0 < p <= 1, with or without 'i != j'",
                         found=str(rule), help="storage='stored' takes every other rule")
    return Law(new_key(), p, len(s.source), len(s.target), condition is not True, s.source.first_element,
               s.target.first_element)


def _is_hollow(condition: object) -> bool:
    match condition:
        case Op("!=", (Name(a), Name(b))):
            return {a, b} == {"i", "j"}
    return False
