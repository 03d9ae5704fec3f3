"""Analyse a projection and rewrite the tasks of its network; say for every state what became of it and why."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from brainsim.language.trees import Assign
from brainsim.model.tasks import HostCall, Task
from brainsim.reduction.equal import equal_states
from brainsim.reduction.late import constants, late_states
from brainsim.reduction.projection import Projection, parts_of, written_arrays
from brainsim.reduction.rewrite import Place, Plan, rewritten
from brainsim.reduction.sums import Sums, sums
from brainsim.reduction.values import Rule, Values

CLASSES = {"pre": "pre", "late": "pre (delayed)", "post": "post (equal)", "sum": "post (sum)", "syn": "synapse"}


@dataclass(frozen=True)
class Verdict:
    """What became of a state: its class, and for one that stays with the synapse the rule that it breaks."""

    variable: str
    kind: str                     #: 'pre', 'pre (delayed)', 'post (equal)', 'post (sum)' or 'synapse'
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Reduction:
    """The tasks after reduction, the arrays that take the place of values per synapse, and the verdicts."""

    tasks: tuple[Task, ...]
    places: tuple[Place, ...]
    verdicts: tuple[Verdict, ...]
    moved: Mapping[str, str]      #: program name of a state → 'equal', 'late' or 'sum'
    constants: frozenset[str] = frozenset()   #: what may not change as long as states are where they are: parameters and arrays


def reduce_projection(projection: Projection, tasks: Sequence[Task], values: Values, seen: Mapping[str, str]) -> Reduction:
    """Reduce what can be reduced. ``tasks`` are in the order of a time step.

    ``seen``: states that Python code may look at by synapse, and how, in words; only sums forbid that.
    """
    parts = parts_of(projection, tasks, written_arrays(tasks))
    if parts.update is not None and not all(isinstance(a, Assign) for a in parts.update.block.statements):
        rule = Rule("L8", "each synapse takes steps of its own length")
        return Reduction(tuple(tasks), (), tuple(Verdict(name, CLASSES["syn"], (rule,)) for _, name in sorted(projection.states.items())), {})
    at_pre, broken_pre = equal_states(parts, parts.projection.pre, values)
    at_post, broken_post = equal_states(parts, parts.projection.post, values)
    sides = {**dict.fromkeys(at_post, "post"), **dict.fromkeys(at_pre, "pre")}
    found, broken_sum = sums(parts, sides, {v: Rule("L6", why) for v, why in seen.items()})
    dynamic = frozenset(projection.states) & parts.changing
    if any(isinstance(t, HostCall) for t in tasks) and seen:      # it may look while the network runs: nothing moves
        stays = tuple(Verdict(projection.states[v], CLASSES["syn"], (Rule("L6", seen[v]),)) for v in sorted(dynamic))
        return Reduction(tuple(tasks), (), stays, {})
    sides = {v: side for v, side in sides.items() if v not in found.states}
    late = {v: path for v, path in late_states(parts, at_pre).items() if v in sides}
    verdicts = []
    for v in sorted(dynamic):
        kind = "sum" if v in found.states else "late" if v in late else sides.get(v, "syn")
        rules = () if kind != "syn" else tuple(r for r in (broken_pre.get(v), broken_post.get(v), broken_sum.get(v)) if r is not None)
        verdicts.append(Verdict(projection.states[v], CLASSES[kind], rules))
    moved = {**dict.fromkeys(sides, "equal"), **dict.fromkeys(late, "late"), **dict.fromkeys(found.states, "sum")}
    if not moved:
        return Reduction(tuple(tasks), (), tuple(verdicts), moved)
    plan = Plan(parts, sides, found if found.states else Sums(frozenset(), {}, {}), late)
    made = rewritten(plan)
    for v in sides:
        plan.equal_place(v)
    return Reduction(tuple(made), tuple(plan.places.values()), tuple(verdicts), moved, constants(parts, late))

