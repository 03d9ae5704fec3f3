"""What a network keeps of its runs so that values per synapse can be asked for where only sums were kept."""
from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from brainsim.ir.state import State
from brainsim.model.tasks import Task
from brainsim.objects.groups.group import Group
from brainsim.objects.groups.named import BrianObject
from brainsim.objects.looks.memory import Line
from brainsim.objects.recorders.record import Recorder
from brainsim.objects.synapses.reduced.merging import repeatable
from brainsim.objects.synapses.reduced.reduced import Reduced
from brainsim.objects.synapses.reduced.replay import NOTHING, Picture, Replay
from brainsim.objects.synapses.synapses import Synapses, reductions
from brainsim.pipeline import Prepared, Values


def keep_course(objects: Iterable[BrianObject], tasks: Sequence[Task], values: Values, slots: Sequence[str],
                prepared: Prepared) -> None:
    """Give the synapses what happens in a run; the network itself keeps nothing alive. ``tasks`` are those before
    reduction."""
    every = list(objects)
    recorders = [o.declared() for o in every if isinstance(o, Recorder)]
    records = {name for d in recorders for name in (*d.arrays, *d.queues)}
    reduced = reductions(every)
    course = repeatable(tasks, reduced, values, slots, prepared, records)
    for r in reduced:
        r.course = course


def replay_from(objects: Iterable[BrianObject], state: State) -> Replay | None:
    """Keep where a run begins; None where nothing is kept as a sum."""
    every = list(objects)
    reduced = reductions(every)
    course = reduced[0].course if reduced else None
    if course is None:
        return None
    known: dict[str, np.ndarray] = {}
    replay = _of(reduced)
    for r in reduced:
        known |= r.began()
    if replay.last is not course:
        for o in every:
            if isinstance(o, Group) and not isinstance(o, Recorder):
                replay.watch(o.variables.values())
            if isinstance(o, Synapses):
                replay.watch(o.delays())
    replay.begin(course, state, known)
    return replay


def picture(objects: Iterable[BrianObject]) -> Picture:
    """What is kept of the runs now."""
    return next((r.replay.picture() for r in reductions(objects) if r.replay is not None), NOTHING)


def take_picture(objects: Iterable[BrianObject], found: Picture) -> None:
    """As it was when the picture was made."""
    reduced = reductions(objects)
    if found is not NOTHING or any(r.replay is not None for r in reduced):
        _of(reduced).take(found)


def kept_for_replay(name: str, objects: Iterable[BrianObject]) -> list[Line]:
    """What it takes to keep where the last runs began."""
    replay = next((r.replay for r in reductions(objects) if r.replay is not None), None)
    return [] if replay is None else [Line(name, "start of the last runs", replay.bytes, 1)]


def _of(reduced: Sequence[Reduced]) -> Replay:
    """The one that all synapses have, made when there is none."""
    replay = next((r.replay for r in reduced if r.replay is not None), None) or Replay()
    for r in reduced:
        r.replay = replay
    return replay
