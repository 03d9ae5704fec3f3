"""Ordered tasks → the update program."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from brainsim.ir.expressions import Load, Param, Size, Tick
from brainsim.ir.program import Array, Each, FanOut, Kernel, Program, Queue, RandomRows, Store
from brainsim.ir.walk import nodes, touched_queues
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
    used = sorted({name for k in made for name in _arrays(k)})
    touched = sorted({q for k in made for q in touched_queues(k)})
    read = {n.clock for k in made for n in nodes(k) if isinstance(n, Tick)}
    clocks = tuple(dict.fromkeys([*(k.clock for k in made), *(c for c in clock_names if c in read)]))
    params = {n.name: n.dtype for k in made for n in nodes(k) if isinstance(n, Param)}
    chosen = tuple(arrays[name] for name in used)
    spaces = sorted({a.space for a in chosen} | {k.domain.space for k in made if isinstance(k.domain, Each)}
                    | {n.space for k in made for n in nodes(k) if isinstance(n, Size)})
    return in_single(
        Program(tuple(spaces), clocks, tuple(sorted(params.items())), chosen, tuple(queues[q] for q in touched),
                tuple(made), listed=tuple(c for c in clocks if c in set(listed))))


def _arrays(kernel: Kernel) -> set[str]:
    found = {n.array for n in nodes(kernel) if isinstance(n, (Load, Store))}
    if isinstance(kernel.domain, FanOut):
        found |= {kernel.domain.starts} | ({kernel.domain.ids} if kernel.domain.ids else set())
    if isinstance(kernel.domain, RandomRows):
        found |= {kernel.domain.gaps, kernel.domain.guide}
    return found
