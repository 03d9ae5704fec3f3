"""Ordered tasks → the update program."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from brainsim.errors import BrainsimError
from brainsim.ir.check import problems
from brainsim.ir.expressions import Load, Param, Size, Tick
from brainsim.ir.program import Append, Array, Clear, Kernel, Program, Queue, Store
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
    scalars = [x for k in made for x in k.facts.scalars]
    params = {x.name: x.dtype for x in scalars if isinstance(x, Param)}
    read = {x.clock for x in scalars if isinstance(x, Tick)}
    clocks = tuple(dict.fromkeys([*(k.clock for k in made), *(c for c in clock_names if c in read)]))
    chosen = tuple(arrays[name] for name in dict.fromkeys(name for k in made for name in _arrays(k)))
    spaces = dict.fromkeys([*(a.space for a in chosen), *(s for k in made for s in k.domain.named("space")),
                            *(x.space for x in scalars if isinstance(x, Size))])
    touched = tuple(queues[name] for name in dict.fromkeys(name for k in made for name in _queues(k)))
    program = Program(tuple(spaces), clocks, tuple(params.items()), chosen, touched, tuple(made),
                      listed=tuple(c for c in clocks if c in set(listed)))
    return in_single(legal(program))


def _arrays(k: Kernel) -> tuple[str, ...]:
    """In the order of their use, which does not depend on what objects are called."""
    return *k.domain.named("array"), *(n.array for n in k.facts.nodes if isinstance(n, (Load, Store)))


def _queues(k: Kernel) -> tuple[str, ...]:
    return *k.domain.named("queue"), *(n.queue for n in k.facts.nodes if isinstance(n, (Append, Clear)))


def legal(program: Program) -> Program:
    """The program; an error that names the kernel where the stages before made one that no target may run."""
    found = problems(program)
    if found:
        raise BrainsimError("The update program made from this model is not a legal one, and brainsim is wrong here",
                            found="; ".join(found[:5]), help="please report it, with the model")
    return program
