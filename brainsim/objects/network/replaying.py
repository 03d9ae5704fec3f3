"""What a network keeps of its runs so that values per synapse can be asked for where only sums were kept."""
from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Sequence

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


class Following:
    """The replay that a network's runs are kept by, as long as it is prepared as it is; keeps nothing alive."""

    def __init__(self) -> None:
        self._replay: Callable[[], Replay | None] = _nothing

    def begin(self, objects: Callable[[], Iterable[BrianObject]], state: State) -> Replay | None:
        """Keep where a run begins; None where nothing is kept as a sum."""
        if self._replay is _nothing:
            found = _replay_of(list(objects()))
            self._replay = _none if found is None else weakref.ref(found)
        replay = self._replay()
        if replay is not None and not replay.goes_on(state):
            reduced = reductions(objects())
            known: dict[str, np.ndarray] = {}
            for r in reduced:
                known |= r.began()
            course = reduced[0].course
            assert course is not None
            replay.begin(course, state, known)
        return replay

    def anew(self) -> None:
        """The network was prepared anew, or went back."""
        self._replay = _nothing


def _nothing() -> None:
    """Not known yet."""


def _none() -> None:
    """Nothing is kept as a sum."""


def _replay_of(objects: Sequence[BrianObject]) -> Replay | None:
    """The replay of the synapses, which is told what is assigned to variables; None where nothing is kept as a sum."""
    reduced = reductions(objects)
    if not reduced or reduced[0].course is None:
        return None
    replay = _of(reduced)
    for o in objects:
        if isinstance(o, Group) and not isinstance(o, Recorder):
            replay.watch([*o.variables.values(), *(o.delay_variables() if isinstance(o, Synapses) else ())])
    replay.close()
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
