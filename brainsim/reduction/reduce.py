"""Analyse a projection and rewrite the tasks of its network; say for every state what became of it and why."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from brainsim.language.trees import Assign
from brainsim.model.tasks import Task
from brainsim.reduction.cells import constant_of, in_cells
from brainsim.reduction.equal import equal_states
from brainsim.reduction.late import constants, late_states
from brainsim.reduction.projection import Projection, TimeStep, parts_of
from brainsim.reduction.rewrite import Moves, Substitute, column_name, rewritten
from brainsim.reduction.sums import Sums, sums
from brainsim.reduction.values import Obstacle, ValuesNow

CLASSES = {"pre": "pre", "late": "pre (delayed)", "post": "post (equal)", "sum": "post (sum)", "syn": "synapse"}


@dataclass(frozen=True)
class Verdict:
    """What became of a state: its class, and for one that stays with the synapse the rule that it breaks."""

    variable: str
    kind: str                     #: 'pre', 'pre (delayed)', 'post (equal)', 'post (sum)' or 'synapse'
    rules: tuple[Obstacle, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Party:
    """A projection with sums: the names of its tasks, and of the arrays of its sums."""

    name: str
    columns: tuple[str, ...]
    totals: tuple[str, ...]
    pathways: tuple[str, ...]
    sums: frozenset[str]
    drives: bool               #: whether constants or noise drive a sum


@dataclass(frozen=True)
class Reduction:
    """The tasks after reduction, the arrays that take the place of values per synapse, and the verdicts."""

    tasks: tuple[Task, ...]
    places: tuple[Substitute, ...]
    verdicts: tuple[Verdict, ...]
    moved: Mapping[str, str]      #: program name of a state → 'equal', 'late' or 'sum'
    party: Party | None = None    #: what may lie together with sums of others
    #: what may not change as long as states are where they are: parameters and arrays
    constants: frozenset[str] = frozenset()
    cells: frozenset[str] = frozenset()       #: arrays of constants by which sums are divided (`reduction/cells.py`)
    plans: tuple[Moves, ...] = ()             #: how the tasks were rewritten, one after the other


def each_once(rules: Iterable[Obstacle | None]) -> tuple[Obstacle, ...]:
    """The rules in their order, without those that say the same again: the two sides of a synapse often do."""
    return tuple(dict.fromkeys(r for r in rules if r is not None))


def reduce_projection(projection: Projection, step: TimeStep, values: ValuesNow, seen: Mapping[str, str]) -> Reduction:
    """Reduce what can be reduced; the tasks are those of the step itself where nothing is.

    ``seen``: states that Python code may look at by synapse, and how, in words; only sums forbid that.
    """
    parts = parts_of(projection, step)
    if parts.update is not None and not all(isinstance(a, Assign) for a in parts.update.block.statements):
        rule = Obstacle("L8", "each synapse takes steps of its own length")
        return Reduction(
            step.tasks, (),
            tuple(Verdict(name, CLASSES["syn"], (rule,)) for _, name in sorted(projection.states.items())), {})
    at_pre, broken_pre = equal_states(parts, parts.projection.pre, values)
    at_post, broken_post = equal_states(parts, parts.projection.post, values)
    sides = {**dict.fromkeys(at_post, "post"), **dict.fromkeys(at_pre, "pre")}
    found, broken_sum = sums(parts, sides, {v: Obstacle("L6", why) for v, why in seen.items()})
    dynamic = frozenset(projection.states) & parts.changing
    if step.host is not None and seen:      # it may look while the network runs: nothing moves
        stays = tuple(Verdict(projection.states[v], CLASSES["syn"], (Obstacle("L6", seen[v]),))
                      for v in sorted(dynamic))
        return Reduction(step.tasks, (), stays, {})
    sides = {v: side for v, side in sides.items() if v not in found.states}
    late = {v: path for v, path in late_states(parts, at_pre).items() if v in sides}
    verdicts = []
    for v in sorted(dynamic):
        kind = "sum" if v in found.states else "late" if v in late else sides.get(v, "syn")
        rules = () if kind != "syn" else each_once((broken_pre.get(v), broken_post.get(v), broken_sum.get(v)))
        verdicts.append(Verdict(projection.states[v], CLASSES[kind], rules))
    moved = {**dict.fromkeys(sides, "equal"), **dict.fromkeys(late, "late"), **dict.fromkeys(found.states, "sum")}
    plan = Moves(parts, sides, found if found.states else Sums(frozenset(), {}, {}), late)
    made = TimeStep(tuple(rewritten(plan))) if moved else step
    for v in sides:
        plan.equal_place(v)
    return _divided(
        Reduction(made.tasks, tuple(plan.places.values()), tuple(verdicts), moved, _party(plan),
                  constants(parts, late), plans=(plan,) if moved else ()), made, projection, values, seen)


def _divided(first: Reduction, step: TimeStep, projection: Projection, values: ValuesNow,
             seen: Mapping[str, str]) -> Reduction:
    """What is still kept per synapse, as sums by cells where that is possible."""
    words = {name: v for v, name in projection.states.items()}
    left = frozenset(words[v.variable] for v in first.verdicts if v.kind == CLASSES["syn"])
    found = in_cells(projection, step, left, values,
                     {v: Obstacle("L6", why) for v, why in seen.items() if v in left})
    if found.plan is None:
        broken = found.broken or {}
        verdicts = tuple(
            replace(v, rules=each_once((*v.rules, broken[words[v.variable]]))) if words[v.variable] in broken else v
            for v in first.verdicts)
        return replace(first, verdicts=verdicts)
    note = "one for each value of " + ", ".join(sorted({s.name for s in found.constants}))
    states = found.plan.sums.states
    verdicts = tuple(
        Verdict(v.variable, CLASSES["sum"], (), note) if words[v.variable] in states else v for v in first.verdicts)
    return replace(first, tasks=found.tasks, places=(*first.places, *found.plan.places.values()), verdicts=verdicts,
                   moved={**first.moved, **dict.fromkeys(states, "sum")},
                   constants=first.constants | {s.program for s in found.constants},
                   cells=frozenset(map(constant_of, found.constants)), plans=(*first.plans, found.plan))


def _party(plan: Moves) -> Party | None:
    parts, places = plan.parts, plan.places.values()
    if not plan.sums.outputs:
        return None
    columns = [] if parts.update is None else [
        column_name(parts.update, parts.projection.post, n) for n in range(len(plan.sums.factors))
    ]
    return Party(parts.projection.name, tuple(columns), tuple(plan.sums.outputs), tuple(p.name for p in parts.pathways),
                 frozenset(p.program for p in places if p.kind == "sum"),
                 any(p.kind in ("static", "noise") for p in places))
