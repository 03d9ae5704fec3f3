"""The order of things in a time step (R1): slot, then order, then age."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from brainsim.errors import UnknownName, WrongType, WrongValue, near
from brainsim.model.tasks import HostCall, Task
from brainsim.naming import MARK

DEFAULT_SCHEDULE = ("start", "groups", "thresholds", "synapses", "resets", "end")


def checked_schedule(slots: Sequence[str]) -> tuple[str, ...]:
    """The slots, each usable; raises `WrongType` or `WrongValue` otherwise."""
    if isinstance(slots, str) or not isinstance(slots, Sequence) or not all(isinstance(s, str) for s in slots):
        raise WrongType("A schedule is a sequence of slot names", found=repr(slots),
                        help="for example ['start', 'groups', 'end']")
    for slot in slots:
        if slot.startswith(("before_", "after_")):
            raise WrongValue(f"'{slot}' cannot be a slot", help="the slots before_X and after_X exist for every slot X")
    return tuple(slots)


def positions(slots: Sequence[str]) -> dict[str, int]:
    """Rank of every slot, with its before_ and after_ companions."""
    every = [f"{prefix}{slot}" for slot in slots for prefix in ("before_", "", "after_")]
    return {slot: rank for rank, slot in enumerate(every)}


def ordered(tasks: Iterable[Task], slots: Sequence[str]) -> list[Task]:
    """Tasks in the order in which they run; those of one slot and order in the order in which they come."""
    rank = positions(slots)
    tasks = list(tasks)
    for task in tasks:
        if task.when not in rank:
            raise UnknownName(f"'{task.name}' wants to run in the slot '{task.when}', which the schedule does not have",
                              found=", ".join(slots), help=near(task.when, rank))
    return apart(sorted(tasks, key=lambda task: (rank[task.when], task.order)))


def apart(tasks: Sequence[Task]) -> list[Task]:
    """The tasks with a name for each: a mark tells it from that of an object which a user called alike."""
    taken = Counter(t.name for t in tasks if isinstance(t, HostCall))
    made = []
    for task in tasks:
        taken[task.name] += not isinstance(task, HostCall)
        again = taken[task.name] > 1 and not isinstance(task, HostCall)
        made.append(replace(task, name=f"{task.name}{MARK}{taken[task.name]}") if again else task)
    return made
