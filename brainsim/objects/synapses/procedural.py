"""Synapses by a random law: every row follows from a key, so it can be stored, or drawn again whenever an event needs
it."""
from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from brainsim.errors import Source, WrongType, WrongValue
from brainsim.ir import random_rows
from brainsim.ir.program import Array
from brainsim.ir.random import draw_many
from brainsim.ir.state import DTYPES
from brainsim.language.expressions import to_text
from brainsim.language.functions import RANDOM
from brainsim.language.statements import parse_statements
from brainsim.language.trees import Assign, Call, Name, Number, Tree, rebuild, walk
from brainsim.model.resolve import Block, Resolver
from brainsim.model.symbols import Symbol
from brainsim.model.tasks import DrawnRows, DrawnValue, Pathway, Task
from brainsim.naming import end_index, field_of, supplied
from brainsim.objects.groups.evaluate_now import Elements, evaluate
from brainsim.objects.groups.pieces import PIECE
from brainsim.objects.groups.random_state import random_state
from brainsim.objects.groups.variables import Variable, to_base_units
from brainsim.objects.looks.memory import Line
from brainsim.objects.names.namespace import RunNamespace
from brainsim.objects.names.structure import structure_changed
from brainsim.objects.synapses.candidates import Part, Taken
from brainsim.objects.synapses.rows import Rows

if TYPE_CHECKING:
    from brainsim.objects.synapses.synapses import Synapses

STORE = "storage='stored' keeps the same synapses in memory"


def new_key() -> int:
    """A key for a random law, from the generator that `seed` sets."""
    return int(random_state.host.integers(2**63))


@dataclass(frozen=True, eq=False)
class Law:
    """Each pair with probability ``p``, without the pairs i == j where ``hollow``: a function of ``key`` and the
    row."""

    key: int
    p: float
    n_pre: int
    n_post: int
    hollow: bool
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


def keyed_draws(key: int, row: np.ndarray, number: np.ndarray) -> Callable[[str], np.ndarray]:
    """A source of random numbers for the members of rows: each call gives those of the next stream."""
    streams = itertools.count()
    return lambda law: draw_many(law, key, next(streams), row, number)


@dataclass(frozen=True)
class Formula:
    """A value per synapse that is computed, not stored: names left in it are ``i`` and ``j``."""

    key: int
    tree: Tree
    symbols: Mapping[str, Symbol]


@dataclass
class Procedural:
    """The synapses of one `Synapses` object, none of which is stored."""

    synapses: "Synapses"
    law: Law
    formulas: dict[str, Formula] = field(default_factory=dict)
    _counted: int = -1

    # -- what is asked for ---------------------------------------------------------------------------------------------
    def count(self) -> int:
        """How many synapses there are; draws all rows once."""
        if self._counted < 0:
            self._counted = sum(len(part.inner) for part in self.law.parts())
        return self._counted

    def pairs(self) -> tuple[Rows, np.ndarray]:
        """Rows of the source and indices of the target, in the whole groups."""
        rows, post = self.law.pairs()
        self._counted = len(post)
        post += self.synapses.target.first_element
        return replace(rows, first=self.synapses.source.first_element), post

    def values(self, program: str) -> np.ndarray:
        """A variable for every synapse."""
        formula, s = self.formula(program), self.synapses
        dtype = DTYPES[next(v.dtype for v in s.variables.values() if v.program == program)]
        found = [np.zeros(0, dtype)]
        for part in self.law.parts():
            row, number = part.outer(), random_rows.numbered(part.count)
            here = Elements(s.reach(), s.clock, np.arange(len(row)),
                            offsets={supplied(g.name, "first"): g.first_element for g in (s.source, s.target)})
            here.paths = {(end_index(s.name, "pre"),): row + s.source.first_element, (end_index(s.name, "post"),):
                          part.inner.astype(np.int64) + s.target.first_element}
            here.draws = keyed_draws(formula.key, row, number)
            found.append(
                np.broadcast_to(evaluate(formula.tree, Block((), formula.symbols), here), row.shape).astype(dtype))
        return np.concatenate(found)

    def formula(self, program: str) -> Formula:
        """What a variable is; 0 where nothing was assigned."""
        return self.formulas.get(program, Formula(0, Number(0.0), {}))

    def said(self) -> list[tuple[str, str]]:
        """Each variable and the formula of its values."""
        own = {v.program: v.name for v in self.synapses.variables.values()}
        return [(own[program], to_text(f.tree)) for program, f in self.formulas.items()]

    # -- assigning -----------------------------------------------------------------------------------------------------
    def assign(self, v: Variable, item: object, value: object, run: RunNamespace, check: bool) -> None:
        """Make a variable a number or a formula for all synapses; `WrongType` for anything that would have to be
        stored."""
        s = self.synapses
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
            self.formulas[v.program] = Formula(new_key(), self._fixed(done.value, resolver), dict(resolver.symbols))
        structure_changed()

    def _fixed(self, tree: Tree, resolver: Resolver) -> Tree:
        """The tree with every name but those of the two indices replaced by its present value."""
        s = self.synapses
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
            sizes = {g.space: len(g) for g in (s.source, s.target)} | {
                k: int(x) for g in (s.source, s.target) for k, x in g.declared().params.items() if k == supplied(g.name, "count")
            }
            return Number(
                np.asarray(evaluate(node, Block((), resolver.symbols), Elements(s.reach(), s.clock,
                                                                                sizes=sizes))).item())

        return rebuild(tree, change)

    # -- in a run ------------------------------------------------------------------------------------------------------
    def arrays(self) -> dict[str, tuple[Array, np.ndarray]]:
        """The tables of gaps."""
        n = self.synapses.name
        return {supplied(n, "gaps"): (Array(supplied(n, "gaps"), "f8", supplied(n, "gaps"), role="list"), self.law.gaps),
                supplied(n, "guide"): (Array(supplied(n, "guide"), "i4", supplied(n, "guide"), role="list"), random_rows.guide_of(self.law.gaps))}

    def params(self) -> dict[str, int]:
        """The keys."""
        return {
            supplied(self.synapses.name, "key"): self.law.key,
            **{supplied(program, "key"): f.key for program, f in self.formulas.items()}
        }

    def drawn(self, block: Block) -> DrawnRows:
        """What a pathway needs to know, for a block that it runs."""
        s = self.synapses
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
        return DrawnRows(key=supplied(s.name, "key"), gaps=supplied(s.name, "gaps"), guide=supplied(s.name, "guide"), columns=s.target.bounds(),
                         start=end_index(s.name, "pre"), end=end_index(s.name, "post"), hollow=self.law.hollow,
                         values=tuple(values))

    def check_block(self, statements: list[Assign], symbols: Mapping[str, Symbol]) -> None:
        """Refuse code at a synapse that would need something stored there."""
        s = self.synapses
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

    def check_tasks(self, tasks: list[Task]) -> None:
        """Refuse anything else that looks at single synapses."""
        s = self.synapses
        own = {v.program for v in s.variables.values() if not v.shared}
        ends = {end_index(s.name, "pre"), end_index(s.name, "post")}
        mine = {p.name for p in s._pathways}
        for task in tasks:
            if isinstance(task, Pathway) and task.name in mine:
                continue
            block = getattr(task, "block", None)
            for symbol in block.symbols.values() if block is not None else ():
                if symbol.program in own or ends & set(symbol.path):
                    raise WrongType(f"{task.name} looks at single synapses of {s.name}, which are not stored",
                                    help=STORE)


def check_model(s: "Synapses") -> None:
    """Refuse models that need something stored for each synapse."""
    for e in s.equations.equations:
        if e.kind == "differential" or e.kind == "subexpression" and {"summed", "constant over dt"} & set(e.flags):
            raise WrongType(f"'{e.name}' needs a value for every synapse of {s.name}, and procedural ones have none",
                            at=e.span, help=STORE)
    for path in s._pathways:
        if path.side == "post":
            raise WrongType(
                f"The pathway '{path.label}' of {s.name} starts at the target; procedural synapses are found from the source only",
                help=STORE)
        path.check_one_delay()
    if s.multisynaptic_index:
        raise WrongType("multisynaptic_index needs a value for every synapse, and procedural ones have none",
                        help=STORE)


def tables_to_make(s: "Synapses", p: float | None, n: float) -> list[Line]:
    """What procedural synapses by this probability would keep; the errors of `connect` where there can be none."""
    if s.connected:
        raise WrongValue(f"Procedural synapses are made by one call of connect, and {s.name} has had one",
                         help="make another Synapses object")
    check_model(s)
    if p is None or not 0 < p or n != 1:
        raise WrongValue("Procedural synapses are made by one probability 0 < p <= 1", found=f"p={p}, n={n}",
                         help="memory_estimate(p=0.1, storage='procedural')")
    made = Procedural(s, Law(0, float(p), len(s.source), len(s.target), False))
    shared = [
        Line(s.name, v.name, 1, DTYPES[v.dtype].itemsize) for v in s.variables.values()
        if v.shared and v.values is not None and v.symbol is None
    ]
    return shared + [
        Line(s.name,
             field_of(name), len(values), values.itemsize) for name, (_, values) in made.arrays().items()
    ]


def law_for(s: "Synapses", rule: Any, p: float | None, condition: object) -> Law:
    """The law of one call of `connect`; `WrongValue` for a call that is not one of a random law.

    ``p`` is the probability where it is one number, ``condition`` the tree of the condition, True without one.
    """
    plain = condition is True or _is_hollow(condition)
    if rule.i is not None or rule.j is not None or not plain or p is None or not 0 < p <= 1 or rule.n != 1 or isinstance(
            rule.n, str):
        raise WrongValue("Procedural synapses are made by one probability 0 < p <= 1, with or without 'i != j'",
                         found=str(rule), help="storage='stored' takes every other rule")
    return Law(new_key(), p, len(s.source), len(s.target), condition is not True)


def _is_hollow(condition: object) -> bool:
    args = getattr(condition, "args", ())
    return getattr(condition, "op", "") == "!=" and len(args) == 2 and {getattr(a, "id", "")
                                                                        for a in args} == {"i", "j"}
