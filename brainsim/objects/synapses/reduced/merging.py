"""Sums of several `Synapses` in one array: who lies with whom, and what that depends on."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from weakref import WeakMethod

import numpy as np

from brainsim.errors import WrongState
from brainsim.model.symbols import Symbol
from brainsim.model.tasks import Task
from brainsim.objects.names.namespace import scalar_value
from brainsim.objects.synapses.reduced.past import digest
from brainsim.objects.synapses.reduced.reduced import Reduced
from brainsim.objects.synapses.reduced.replay import Course, course_of
from brainsim.pipeline import Prepared, Values
from brainsim.reduction.merge import Merged, merge
from brainsim.reduction.values import Obstacle


def merged(tasks: Sequence[Task], reduced: Sequence[Reduced]) -> list[Task]:
    """The tasks, which are in the order of a step, after sums that may lie together have been put together."""
    made = list(tasks)
    hosts: list[Reduced] = []
    for r in reduced:
        _tell(r, False)
    for guest in reduced:
        guest.guests, before = {}, guest.host
        guest.apart, guest.host = {}, ""
        for host in hosts if guest.party is not None else ():
            found = _together(host, guest, made)
            if isinstance(found, Merged):
                made = list(found.tasks)
                _move_in(host, guest, found)
                _tell(host, True)
                _tell(guest, True)
                break
            guest.apart[host.synapses.name] = found
        if before and guest.host != before:
            _check_separable(guest, before, reduced)
        if guest.party is not None and not guest.host:
            hosts.append(guest)
    return made


def repeatable(tasks: Sequence[Task], reduced: Sequence[Reduced], values: Values, slots: Sequence[str],
               prepared: Prepared, records: Iterable[str]) -> Course | None:
    """What happens in the runs of a prepared network, to do it once more; None where nothing is kept as a sum.
    ``tasks`` are those before reduction, ``records`` the names of what records need."""
    sums = frozenset(p for r in reduced for p, kind in r.moved.items() if kind == "sum")
    if not sums:
        return None
    together = [(r.lies_with.party, r.party) for r in reduced if r.host and r.lies_with is not None]
    delays = {p.name: p._delay_steps for r in reduced for p in r.synapses.pathways}
    parties = [(a, b) for a, b in together if a is not None and b is not None]
    return course_of(tasks, [r.plans for r in reduced], parties, delays, values, slots, prepared, records,
                     sums, [n for r in reduced for n in r.declared()])


def _together(host: Reduced, guest: Reduced, tasks: Sequence[Task]) -> Merged | Obstacle:
    a, b = host.party, guest.party
    assert a is not None and b is not None
    if host.synapses.target.own_space != guest.synapses.target.own_space:
        return Obstacle("Mg", f"{a.name} has another target")
    delays = {p.name: p._delay_steps for r in (host, guest) for p in r.synapses.pathways}

    def same(x: Symbol, y: Symbol) -> bool:
        first, second = _value(host, x), _value(guest, y)
        return first is not None and second is not None and np.array_equal(first, second)

    found = merge(a, b, tasks, delays, same)
    if isinstance(found, Merged):
        fixed = {*found.tied, *(p for r in (host, guest) for p, kind in r.moved.items() if kind == "sum")}
        changed = [words for r in (host, guest) for p, words in r.later.items() if p in fixed]
        if changed:
            return Obstacle("Mg", changed[0])
    return found


def _value(r: Reduced, symbol: Symbol) -> Any:
    """A constant's value now; None for what changes while the network runs."""
    if symbol.kind == "param":
        return scalar_value(symbol.holder, symbol.dtype) if symbol.origin == "namespace" else None
    return None if symbol.program in r.changing else r.synapses.stored_arrays()(symbol.program)


def _move_in(host: Reduced, guest: Reduced, found: Merged) -> None:
    for theirs, mine in found.arrays.items():
        host.arrays[mine] += guest.arrays[theirs]
        guest.arrays[theirs][:] = 0
    guest.host, guest.lies_with = host.synapses.name, host
    host.guests[guest.synapses.name] = guest
    for r in (host, guest):
        get = r.synapses.stored_arrays()
        for program in found.tied:
            try:
                r.ties[program] = digest(get(program))
            except KeyError:
                r.ties[program] = 0.0      # a parameter from outside, or an array of the other


def _tell(r: Reduced, together: bool) -> None:
    """Whoever reads what the synapses are summed into gets their own sum, also while it lies with others."""
    for v in r.synapses.summed_into():
        v.told = WeakMethod(r.apart_from_others) if together else None


def _check_separable(guest: Reduced, before: str, reduced: Sequence[Reduced]) -> None:
    """Sums that have been one for a while are told apart by the values per synapse; `WrongState` where these are not
    known."""
    host = next((r for r in reduced if r.synapses.name == before), None)
    if host is None or not any(host.arrays[n].any() for n, p in host.places.items() if p.kind == "sum"):
        return
    for r in (host, guest):
        try:
            r.made_again()
        except WrongState as error:
            why = guest.apart.get(before)
            raise WrongState(
                f"The sums of {guest.synapses.name} have been added to those of {before}, and the two differ now",
                found=f"{why.text if why is not None else f'{before} is reduced otherwise'}; {error.found}",
                help=f"make {guest.synapses.name} with Synapses(..., reduce='off')") from error
