"""Networks at a time: copies of everything that a run changes, in memory or in a file, and the way back."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brainsim.errors import (
    NotStored,
    UnknownName,
    near,
)
from brainsim.objects.groups.clock import BaseClock, Clock, fastest_of
from brainsim.objects.groups.group import Group
from brainsim.objects.groups.random_state import random_state
from brainsim.objects.groups.snapshot import check, put_back, put_back_active, snapshot
from brainsim.objects.network.checkpoint_file import StoredEntry, entry_of, kept_in, read, read_pickle, write
from brainsim.objects.network.contents import Contents
from brainsim.objects.network.replaying import (
    picture,
    take_picture,
)
from brainsim.objects.synapses.reduced.replay import NOTHING
from brainsim.units import Quantity
from brainsim.units.dimensions import SECOND


class Checkpointed(Contents):
    """Objects that have run up to some time, and the random numbers that come next."""

    def __init__(self, name: str):
        super().__init__(name)
        self._t = 0.0
        self._dts: dict[Clock, float] = {}     #: steps of the clocks at the last run, of those that have one
        self._rebind = False                   #: whether the prepared program has to be told of arrays anew
        self._key: int | None = None
        self._seed_version = -1
        self._origins: dict[BaseClock, int] = {}   #: steps of the clocks when the key was drawn
        self._stored: dict[str, Mapping[str, Any]] = {}
        random_state.networks.add(self)

    @property
    def t(self) -> Quantity:
        """The present time."""
        return Quantity(self._t, SECOND)

    @property
    def t_(self) -> float:
        """The present time in seconds, as a plain number."""
        return self._t

    # -- random numbers ------------------------------------------------------------------------------------------------
    def _key_now(self) -> int:
        if self._key is None or self._seed_version != random_state.version:
            self._key, self._seed_version, self._origins = random_state.next_key(), random_state.version, {}
        return self._key

    def random_place(self) -> tuple[int | None, int, dict[BaseClock, int]]:
        """Key, the seed it is from, and how many steps it has been used for."""
        return self._key, self._seed_version, {clock: clock.step - origin for clock, origin in self._origins.items()}

    def go_on_from(self, key: int | None, seed_version: int, used: Mapping[BaseClock, int]) -> None:
        """The inverse of `random_place`: random numbers go on as they did from there."""
        self._key, self._seed_version, self._origins = key, seed_version, {
            clock: clock.step - steps for clock, steps in used.items()
        }

    # -- store and restore ---------------------------------------------------------------------------------------------
    def store(self, name: str = "default", filename: str | Path | None = None) -> None:
        """Keep a copy of everything that a run changes, in memory or in a file; what else is in the file stays."""
        found = self.snapshot()
        if filename is None:
            self._stored[name] = found
            return
        path = Path(filename)
        others = read(path) if path.exists() else {}
        write(path, others | {name: entry_of(name, found | {"replay": found["replay"].in_file()})})

    def restore(self, name: str = "default", filename: str | Path | None = None, restore_random_state: bool = False,
                trusted_pickle: bool = False) -> None:
        """Go back to a stored state; random numbers go on, unless ``restore_random_state``.

        ``trusted_pickle``: the file is from an earlier version, whose files run what is in them when they are read.
        `WrongState` for a file that is no checkpoint and for one of another model; nothing has changed then.
        """
        found = self._found(name, None if filename is None else Path(filename), trusted_pickle)
        self.put_back(found, restore_random_state)
        for o in self._all():
            put_back_active(o, found["objects"][o.name])

    def _found(self, name: str, path: Path | None, trusted_pickle: bool) -> Mapping[str, Any]:
        every = self._stored if path is None else read_pickle(path) if trusted_pickle else read(path)
        if name not in every:
            raise UnknownName(f"Nothing was stored under '{name}'", help=near(name, every) or "call store() first")
        found = every[name]
        if isinstance(found, StoredEntry):
            assert path is not None
            return kept_in(path, found)
        return self._by_object(found) if trusted_pickle else found

    def _by_object(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        """What an earlier version stored, which went by names of clocks."""
        clocks, origins = found["clocks"], found["origins"]
        return {**found, "clocks": {o.name: clocks[o.clock.name] for o in self._all() if o.clock.name in clocks},
                "origins": {o.name: origins[o.clock.name] for o in self._all() if o.clock.name in origins}}

    def snapshot(self) -> dict[str, Any]:
        """A copy of everything that a run changes."""
        every = self._all()
        for o in every:
            o.notice_use()
        fastest = fastest_of({o.clock for o in every})
        return {
            "t": self._t, "key": self._key, "runs": random_state.runs,
            "host": random_state.host.bit_generator.state,
            "origins": {o.name: self._origins[o.clock] for o in every if o.clock in self._origins},
            "objects": {o.name: snapshot(o) for o in every},
            # by object: the name of a clock depends on how many there have been
            "clocks": {o.name: (o.clock.steps_until(self._t, fastest), o.clock.spacing) for o in every},
            "replay": picture(every)
        }

    def put_back(self, found: Mapping[str, Any], restore_random_state: bool = False) -> None:
        """The inverse of `snapshot`; random numbers go on, unless ``restore_random_state``."""
        self._check(found)
        every, clocks = self._all(), found["clocks"]
        for o in every:
            put_back(o, found["objects"][o.name])
            o.clock.go_back_to(*clocks.get(o.name, (o.clock.step, o.clock.spacing)))
        self._t, self._dts = found["t"], {o.clock: o.clock.dt_ for o in every if isinstance(o.clock, Clock)}
        take_picture(every, found.get("replay", NOTHING))
        self._rebind = True
        if restore_random_state:
            self._key, self._seed_version, random_state.runs = found["key"], random_state.version, found["runs"]
            random_state.host.bit_generator.state = found["host"]
            self._origins = {o.clock: found["origins"][o.name] for o in every if o.name in found["origins"]}
        else:
            self._key = None

    def _check(self, found: Mapping[str, Any]) -> None:
        """`NotStored` for other objects and `WrongState` for objects of other variables; changes nothing."""
        every = self._all()
        lost = sorted(set(found["objects"]) - {o.name for o in every})
        if lost:
            raise NotStored(f"'{lost[0]}' was stored and is not in {self.name} now",
                            help="restore into a network of the same objects")
        for o in every:
            if o.name not in found["objects"]:
                raise NotStored(f"{o.name} was not part of the network when it was stored",
                                help="make a Network of your own, without it")
            check(o, found["objects"][o.name])

    def get_states(self, units: bool = True, format: str = "dict", subexpressions: bool = False,
                   read_only_variables: bool = True, level: int = 0) -> dict[str, Any]:
        """States of all groups, by name."""
        return {
            o.name:
            o.get_states(units=units, format=format, subexpressions=subexpressions,
                         read_only_variables=read_only_variables, level=level) for o in self._all()
            if isinstance(o, Group)
        }

    def set_states(self, values: Mapping[str, Mapping[str, object]], units: bool = True, format: str = "dict",
                   level: int = 0) -> None:
        """The inverse of `get_states`."""
        for name, states in values.items():
            owner: Any = self[name]
            owner.set_states(states, units=units, format=format, level=level)
