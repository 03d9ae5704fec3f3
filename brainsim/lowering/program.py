"""Ordered tasks → the update program."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from brainsim.ir.expressions import Param, Size, Tick
from brainsim.ir.program import Array, Program, Queue
from brainsim.lowering.expressions import Streams
from brainsim.lowering.precision import in_single
from brainsim.lowering.schedule import ordered
from brainsim.lowering.tasks import kernels
from brainsim.model.tasks import Task


def lower(tasks: Iterable[Task], arrays: Mapping[str, Array], queues: Mapping[str, Queue], slots: Sequence[str],
          clock_names: Iterable[str] = (), listed: Iterable[str] = ()) -> Program:
    """The program for these tasks; of the declared arrays, queues and clocks, those that a kernel uses. ``listed``
    clocks have lists of times."""
    streams = Streams()
    made = [k for task in ordered(tasks, slots) for k in kernels(task, streams)]
    facts = [k.facts for k in made]
    used, touched = sorted({n for f in facts for n in f.arrays}), sorted({q for f in facts for q in f.queues})
    scalars = [x for f in facts for x in f.scalars]
    params = {x.name: x.dtype for x in scalars if isinstance(x, Param)}
    read = {x.clock for x in scalars if isinstance(x, Tick)}
    clocks = tuple(dict.fromkeys([*(k.clock for k in made), *(c for c in clock_names if c in read)]))
    chosen = tuple(arrays[name] for name in used)
    spaces = {a.space for a in chosen} | {space for k in made for space in k.domain.named("space")}
    spaces |= {x.space for x in scalars if isinstance(x, Size)}
    return in_single(
        Program(tuple(sorted(spaces)), clocks, tuple(sorted(params.items())), chosen,
                tuple(queues[q] for q in touched), tuple(made), listed=tuple(c for c in clocks if c in set(listed))))
