"""What a network is made ready from: its objects checked, their tasks, and the values that a program needs."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from brainsim.errors import (
    BrainsimError,
    BrianObjectException,
    WrongState,
    WrongValue,
    inside,
)
from brainsim.lowering.schedule import ordered
from brainsim.model.tasks import Task
from brainsim.objects.groups.clock import BaseClock, EventClock
from brainsim.objects.groups.declared import Declared
from brainsim.objects.groups.group import whole
from brainsim.objects.groups.named import BrianObject
from brainsim.objects.names.functions import Function
from brainsim.objects.names.namespace import RunNamespace, scalar_value
from brainsim.objects.synapses.reduced.merging import merged
from brainsim.objects.synapses.synapses import reductions
from brainsim.pipeline import Values, functions_of, symbols_of
from brainsim.reduction.projection import TimeStep


def check(objects: Sequence[BrianObject], network: str, mark: object) -> None:
    """Refuse objects that cannot run together: `WrongState` for one of another network, `WrongValue` for one that lacks
    what it needs, and for equal names."""
    _check_company(objects, network, mark)
    _refuse_equal_names("objects", objects, network)
    _refuse_equal_names("clocks", list(dict.fromkeys(o.clock for o in objects)), network)


def _check_company(objects: Sequence[BrianObject], network: str, mark: object) -> None:
    known = set(map(id, objects))
    for o in objects:
        if o.network_mark not in (None, mark):
            raise WrongState(f"{o.name} has already been simulated in another network", help="make a new object")
        for needed in map(whole, o.dependencies()):
            if id(needed) not in known:
                raise WrongValue(f"{o.name} needs {needed.name}, which is not in {network}",
                                 help=f"add {needed.name} to the network too")


def _refuse_equal_names(what: str, named: Iterable[BrianObject | BaseClock], network: str) -> None:
    seen: set[str] = set()
    for x in named:
        if x.name in seen:
            raise WrongValue(f"Two {what} of {network} are called '{x.name}'", help="give one of them another name")
        seen.add(x.name)


def tasks_of(objects: Iterable[BrianObject], run: RunNamespace) -> list[Task]:
    """What the objects do in a step, in the order in which they were made; errors name the object."""
    made: list[Task] = []
    for o in sorted(objects, key=lambda o: o.serial_number):
        try:
            o.prepare()
            if o.active:
                made += o.own_tasks(run)
        except BrianObjectException:
            raise
        except BrainsimError as error:
            raise inside(error, o.name) from error
    return made


def reduced(objects: Sequence[BrianObject], tasks: Sequence[Task], slots: Sequence[str]) -> list[Task]:
    """The tasks with synaptic states moved to the neurons where the equations allow it."""
    states, step = reductions(objects), TimeStep(tuple(ordered(tasks, slots)))
    for r in states:
        made = r.reduce(step)
        step = step if made is step.tasks else TimeStep(tuple(ordered(made, slots)))
    return merged(step.tasks, states)


def owners(objects: Sequence[BrianObject]) -> dict[str, BrianObject]:
    """By name, the objects and all that their code refers to, in the network or not."""
    found: dict[str, BrianObject] = {}
    waiting = list(objects)[::-1]
    while waiting:
        o = waiting.pop()
        if o.name not in found:
            found[o.name] = o
            waiting += list(o.refers_to())[::-1]
    return found


def values_of(objects: Sequence[BrianObject], tasks: Iterable[Task]) -> Values:
    """What all objects declare, and values of names from outside that tasks use."""
    tasks, clocks = list(tasks), {o.clock.name: o.clock for o in objects}
    values = Values(clocks=list(clocks),
                    times={name: c.until_after for name, c in clocks.items() if isinstance(c, EventClock)})
    functions = list(functions_of(tasks))
    timed: list[Any] = [f.holder for f in functions if f.kind == "timed_array"]
    for declared in (*(o.declared() for o in owners(objects).values()), *(x.declared(clocks.values()) for x in timed)):
        _add(values, declared)
    for function in functions:
        if isinstance(function.holder, Function):
            values.functions[function.program] = function.holder.plain
    for symbol in symbols_of(tasks):
        if symbol.kind == "param" and symbol.origin == "namespace":
            values.params[symbol.program] = scalar_value(symbol.holder, symbol.dtype)
    for array, contents in values.arrays.values():
        values.sizes.setdefault(array.space, len(contents))
    return values


def _add(values: Values, declared: Declared) -> None:
    values.arrays.update(declared.arrays)
    values.queues.update(declared.queues)
    values.sizes.update(declared.sizes)
    values.params.update(declared.params)
    values.on_request.update(declared.on_request)
