"""The same reduction once more, with the values per synapse kept beside their sums.

Nothing reads these values, and every random number keeps its place, so that all the rest is what it was to the bit.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from brainsim.model.tasks import Task, Transmission
from brainsim.reduction.cells import led_through
from brainsim.reduction.projection import TimeStep, parts_of
from brainsim.reduction.rewrite import Moves, rewritten


def beside(plan: Moves, tasks: Sequence[Task], apart: bool) -> list[Task]:
    """The tasks as the plan rewrites them, and what changes each synapse; sums of each projection ``apart`` too."""
    step = TimeStep(tuple(tasks)) if plan.through is None else led_through(plan.through, TimeStep(tuple(tasks)))
    parts = parts_of(plan.parts.projection, step)
    paths = {p.name: p for p in parts.pathways}
    late: dict[str, Transmission] = {v: paths[p.name] for v, p in plan.late.items()}
    return rewritten(replace(plan, parts=parts, late=late, beside=True, apart=apart))


def is_repeatable(plan: Moves) -> bool:
    """Whether values per synapse follow from the same random numbers: noise of a sum is its own."""
    return not any(m.noise for m in plan.sums.maps.values())
