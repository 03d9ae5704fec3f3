"""Sums of different projections onto the same neurons that lie in one array: one step for all, and every event adds to
it.

That is right when the sums change alike in a step and at events of the target, are read alike, and when what they are
read into occurs only as a sum (Wang et al. 2024). Factors, delays and what events add may differ.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from brainsim.integrators.affine import affine, is_zero
from brainsim.integrators.terms import ZERO, subtract
from brainsim.language.trees import Assign, Call, Name, Number, Op, Tree, While, names
from brainsim.model.resolve import Block
from brainsim.model.symbols import Symbol
from brainsim.model.tasks import Elementwise, HostCall, Task, Transmission
from brainsim.naming import field_of
from brainsim.reduction.projection import written_arrays
from brainsim.reduction.reduce import Party
from brainsim.reduction.values import Obstacle

Same = Callable[[Symbol, Symbol], bool]
"""Whether two constants have equal values."""


@dataclass(frozen=True)
class Merged:
    """The tasks after the sums of one projection have gone to those of another: array → array; the constants that have
    to stay equal."""

    tasks: tuple[Task, ...]
    arrays: Mapping[str, str]
    tied: frozenset[str]


class _Apart(Exception):
    """They stay apart, with the rule that says why."""

    def __init__(self, text: str):
        super().__init__(text)
        self.rule = Obstacle("Mg", text)


def merge(a: Party, b: Party, tasks: Sequence[Task], delays: Mapping[str, int], same: Same) -> Merged | Obstacle:
    """The sums of ``b`` in the arrays of ``a``, or why not. ``tasks`` are in the order of a step, ``delays`` those of
    pathways in steps."""
    try:
        return _merge(a, b, tasks, delays, same)
    except _Apart as apart:
        return apart.rule


def _merge(a: Party, b: Party, tasks: Sequence[Task], delays: Mapping[str, int], same: Same) -> Merged:
    by_name = {t.name: t for t in tasks}
    if not a.totals or (len(a.columns), len(a.totals)) != (len(b.columns), len(b.totals)):
        raise _Apart(f"{a.name} has other sums")
    if a.drives or b.drives:
        raise _Apart("a sum is driven by constants or noise of the synapses")
    if any(isinstance(t, HostCall) for t in tasks):
        raise _Apart("Python functions may look at them while the network runs")
    columns = [(_elementwise(by_name[x]), _elementwise(by_name[y])) for x, y in zip(a.columns, b.columns)]
    totals = [(_elementwise(by_name[x]), _elementwise(by_name[y])) for x, y in zip(a.totals, b.totals)]
    arrays: dict[str, str] = {}
    for x, y in columns:
        arrays |= dict(zip(_targets(y), _targets(x), strict=len(_targets(x)) == len(_targets(y))))
    alike = _Alike(arrays, same, a.name)
    for x, y in columns:
        alike.check(x, y, "change differently in a step", targets=True)
    for x, y in totals:
        alike.check(x, y, "are read differently", targets=False)
    scalings = _scalings(a, b, by_name, delays, alike)
    read = [(_targets(x)[0], _targets(y)[0]) for x, y in totals]
    for task in tasks:
        if task.name not in {*a.totals, *b.totals}:
            _check_sums(task, read)
    for kind in (columns, totals, scalings):
        _check_order(kind, tasks, a.name)
    gone = {*b.columns}
    empty = {
        y.name: replace(y, block=replace(y.block, statements=(replace(y.block.statements[-1], value=ZERO),)))
        for _, y in totals
    }
    made = [_renamed(empty.get(t.name, t), arrays, t.name in b.pathways) for t in tasks if t.name not in gone]
    return Merged(tuple(made), arrays, frozenset(alike.tied))


def _elementwise(task: Task) -> Elementwise:
    assert isinstance(task, Elementwise)
    return task


def _targets(task: Elementwise) -> list[str]:
    """Arrays that a task assigns to, in order."""
    found = [task.block.symbols[s.target] for s in task.block.statements if isinstance(s, Assign)]
    return [s.program for s in found if s.kind == "array"]


@dataclass
class _Alike:
    """Comparison of code of two projections: by form, and constants by value."""

    arrays: Mapping[str, str]
    same: Same
    other: str

    def __post_init__(self) -> None:
        self.tied: set[str] = set()

    def check(self, x: Elementwise, y: Elementwise, text: str, targets: bool) -> None:
        """Refuse tasks that differ in more than the arrays of the sums, and in what they assign to if that does not
        count."""
        if (x.clock, x.when, x.order, x.space, x.bounds) != (y.clock, y.when, y.order, y.space, y.bounds):
            raise _Apart(f"those of {self.other} belong to other neurons, or to another time")
        mine, others = x.block.assignments, y.block.assignments
        if len(mine) != len(others):
            raise _Apart(f"those of {self.other} {text}")
        for s, t in zip(mine, others):
            self.trees(s.value, x.block, t.value, y.block, text)
            if targets:
                self.trees(Name(s.target), x.block, Name(t.target), y.block, text)

    def trees(self, x: Tree, here: Block, y: Tree, there: Block, text: str) -> None:
        """Refuse expressions that differ in form or in the values of constants."""
        match x, y:
            case Name(k), Name(m):
                self.symbols(here.symbols[k], there.symbols[m], text)
                return
            case Number(v), Number(w) if v == w:
                return
            case Op(f, args), Op(g, more) if f == g and len(args) == len(more):
                pass
            case Call(f, args), Call(
                g, more) if f == g and len(args) == len(more) and here.functions.get(f) == there.functions.get(g):
                pass
            case _:
                raise _Apart(f"those of {self.other} {text}")
        for p, q in zip(args, more):
            self.trees(p, here, q, there, text)

    def symbols(self, x: Symbol, y: Symbol, text: str) -> None:
        """Refuse two variables that are not the same, and not equal constants either."""
        if (x.kind, x.dtype, x.path) == (y.kind, y.dtype, y.path) and self.arrays.get(
                y.program, y.program) == x.program and x.value == y.value:
            return
        if x.kind != y.kind or x.kind not in (
                "array", "param") or x.path != y.path or y.program in self.arrays or not self.same(x, y):
            raise _Apart(f"those of {self.other} {text}: '{x.name}' and '{y.name}' are not the same")
        self.tied |= {x.program, y.program}


def _scalings(a: Party, b: Party, by_name: Mapping[str, Task], delays: Mapping[str, int],
              alike: _Alike) -> list[tuple[Transmission, Transmission]]:
    """Pathways whose events scale the sums, in pairs that do the same."""
    found = [[(p, s) for n in party.pathways if isinstance(p := by_name[n], Transmission) and p.once is not None
              for s in p.once.assignments if p.once.symbols[s.target].program in party.sums] for party in (a, b)]
    if len(found[0]) != len(found[1]):
        raise _Apart(f"events of the target scale those of {a.name} otherwise")
    pairs = []
    for (p, s), (q, t) in zip(*found):
        text = "are scaled differently by events of the target"
        if (p.clock, p.when, p.order, p.queue, p.source, delays[p.name], s.op) != (q.clock, q.when, q.order, q.queue,
                                                                                   q.source, delays[q.name], t.op):
            raise _Apart(f"those of {a.name} {text}")
        assert p.once is not None and q.once is not None
        alike.trees(Name(s.target), p.once, Name(t.target), q.once, text)
        alike.trees(s.value, p.once, t.value, q.once, text)
        if any(path.block.symbols[x.target].program in party.sums for party, path in ((a, p), (b, q))
               for x in path.block.assignments):
            raise _Apart("the same events add and scale")
        pairs.append((p, q))
    return pairs


def _check_order(kind: Sequence[tuple[Task, Task]], tasks: Sequence[Task], other: str) -> None:
    """Refuse when something comes between two things that would happen at one time, and touches what they touch."""
    members = {n.name for pair in kind for n in pair}
    place = {t.name: n for n, t in enumerate(tasks)}
    for pair in kind:
        first, last = sorted(place[t.name] for t in pair)
        touched, written = pair[0].mentions | pair[1].mentions, written_arrays(pair)
        for t in tasks[first + 1:last]:
            if t.name not in members and (t.assigns & touched or t.mentions & written):
                raise _Apart(f"'{t.name}' comes between those of {other} and these within a step")


# -- what the sums are read into
# -----------------------------------------------------------------------------------------
def _check_sums(task: Task, read: Sequence[tuple[str, str]]) -> None:
    """Refuse a task in which the variables occur otherwise than as sums."""
    for block in task.blocks:
        for x, y in read:
            keys = {k: s for k, s in block.symbols.items() if s.kind == "array" and s.program in (x, y)}
            if not any(names(s.value) & set(keys) or s.target in keys for s in _assignments(block)):
                continue
            ways = {s.path for s in keys.values()}
            mine = [k for k, s in keys.items() if s.program == x], [k for k, s in keys.items() if s.program == y]
            whole = len(ways) == 1 and len(mine[0]) == len(mine[1]) == 1 and len(_assignments(block)) == len(
                block.statements)
            if not whole or not all(s.target not in keys and _is_sum(s.value, mine[0][0], mine[1][0])
                                    for s in _assignments(block)):
                raise _Apart(
                    f"'{task.name}' uses {field_of(x)} and {field_of(y)} otherwise than as a sum")


def _assignments(block: Block) -> list[Assign]:
    def go(code: Sequence[Assign | While]) -> Iterator[Assign]:
        for s in code:
            yield from [s] if isinstance(s, Assign) else go(s.body)

    return list(go(block.statements))


def _is_sum(tree: Tree, x: str, y: str) -> bool:
    """Whether two names occur in a tree only as ``x + y``."""
    if not names(tree) & {x, y}:
        return True
    split = affine(tree, frozenset((x, y)))
    if split is not None:
        return is_zero(subtract(split.coefficients.get(x, ZERO), split.coefficients.get(y, ZERO)))
    match tree:
        case Op(_, args) | Call(_, args):
            return all(_is_sum(a, x, y) for a in args)
    return False


# -- the tasks ---------------------------------------------------------------------------------------------------------
def _renamed(task: Task, arrays: Mapping[str, str], scales: bool) -> Task:
    """The task with the sums in their new place; what scales them is left to the other projection."""
    changes = {}
    for name, block in task.code.items():
        if not any(s.program in arrays for s in block.symbols.values()):
            continue
        code = block.statements
        if name == "once" and scales:
            code = tuple(s for s in block.assignments if block.symbols[s.target].program not in arrays)
        symbols = {k: replace(s, program=arrays.get(s.program, s.program)) for k, s in block.symbols.items()}
        changes[name] = replace(block, statements=code, symbols=symbols) if code or name != "once" else None
    return replace(task, **changes) if changes else task
