"""The network that `run` makes of what is visible where it is called."""
from __future__ import annotations

import logging
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brainsim.errors import MagicError, WrongState, WrongValue
from brainsim.objects.groups.group import whole
from brainsim.objects.groups.named import BrianObject, live
from brainsim.objects.looks.schedule_summary import SchedulingSummary
from brainsim.objects.names.namespace import RunNamespace
from brainsim.objects.names.structure import structure_version
from brainsim.objects.network.advance import RUNNING
from brainsim.objects.network.network import TEN_SECONDS, Network

logger = logging.getLogger("brainsim")


class MagicNetwork(Network):
    """The network that `run` makes of the objects visible where it is called."""

    def __init__(self) -> None:
        if "magic_network" in globals():
            raise WrongValue("There is one magic network", help="use magic_network, or make a Network")
        self._members: list[weakref.ref[BrianObject]] = []
        super().__init__(name="magicnetwork")
        self._taken_at: tuple[int, int] = (-1, -1)

    @property
    def _objects(self) -> list[BrianObject]:
        """What the last run took, as far as it still exists: this network keeps nothing alive."""
        return [o for member in self._members if (o := member()) is not None]

    def add(self, *objects: Any) -> None:
        """Not possible."""
        if objects:
            raise MagicError("Objects cannot be added to the magic network",
                             help="make your own: net = Network(collect()); net.add(...)")

    def remove(self, *objects: Any) -> None:
        """Not possible."""
        raise MagicError("Objects cannot be removed from the magic network",
                         help="make your own: net = Network(collect())")

    def take(self, objects: list[BrianObject]) -> None:
        """Become the network of these objects: go on, or start anew (R59)."""
        if logger.isEnabledFor(logging.DEBUG):
            names = _names(objects)
            logger.debug("the magic network takes %d objects: %s", len(names), ", ".join(names),
                         extra={"topic": "magic_objects"})
        now = structure_version(), hash(tuple(map(id, objects)))
        if now == self._taken_at and self._members:
            return
        deciding = [o for o in objects if o.invalidates_magic_network]
        known = [o for o in deciding if o.network_mark is self._mark]
        if deciding and not known:
            for o in deciding:
                if o.network_mark is not None:
                    raise WrongState(f"{o.name} has already been simulated in another network",
                                     help="make a new object")
            self._start_over()
        elif len(known) != len(deciding):
            new = ", ".join(o.name for o in deciding if o.network_mark is not self._mark)
            raise MagicError(
                "Some of the visible objects have been simulated and others are new, "
                "so it is unclear whether to go on or to start anew",
                found=f"new: {new}", help="make a Network of your own, or call start_scope() before making a new model")
        self._members = [weakref.ref(o) for o in self._with_dependencies(objects)]
        if all(o.network_mark is self._mark for o in deciding):
            self._taken_at = structure_version(), now[1]

    def _start_over(self) -> None:
        for o in self._objects:
            if o.network_mark is self._mark:
                o.join_network(_Past)
        self._t, self._key, self._prepared, self._dts = 0.0, None, None, {}

    def _with_dependencies(self, objects: list[BrianObject]) -> list[BrianObject]:
        kept = list(objects)
        while True:
            missing = {o: [d for d in map(whole, o.dependencies()) if d not in kept] for o in kept}
            for o, roots in missing.items():
                if roots and o.active:
                    logger.warning("%s needs %s, which is not visible here; it is set inactive", o.name, roots[0].name,
                                   extra={"topic": "dependency_warning"})
                    o.active = False
            if not any(missing.values()):
                return kept
            kept = [o for o in kept if not missing[o]]

    def get_states(self, units: bool = True, format: str = "dict", subexpressions: bool = False,
                   read_only_variables: bool = True, level: int = 0) -> dict[str, Any]:
        """States of the objects visible where this is called."""
        self.take(_collection.of(RunNamespace.of_caller(level)))
        return super().get_states(units, format, subexpressions, read_only_variables, level)

    def set_states(self, values: Mapping[str, Mapping[str, object]], units: bool = True, format: str = "dict",
                   level: int = 0) -> None:
        """The inverse of `get_states`."""
        self.take(_collection.of(RunNamespace.of_caller(level)))
        super().set_states(values, units, format, level)


def _names(objects: list[BrianObject]) -> list[str]:
    """Names of objects and of those contained in them."""
    return [name for o in objects for name in (o.name, *_names(o.contained_objects))]


_Past = object()   #: the network of objects whose magic network has started anew


class _Collection:
    """Remembers what was visible, so that repeated runs need not look at every global again."""

    def __init__(self) -> None:
        self.found: list[weakref.ref[BrianObject]] = []
        self.names: list[tuple[int, str]] = []
        self.version: tuple[int, int] = (-1, -1)
        self.complete = False      # nothing that exists is hidden, so nothing can come into sight without being made
        self.deepest = 0

    def of(self, run: RunNamespace) -> list[BrianObject]:
        """Simulated objects that are values of the frame's locals and globals (R58)."""
        version = (structure_version(), id(run.places[-1]))
        if self.complete and version == self.version and len(run.places) > self.deepest \
                and (found := [o for member in self.found if (o := member()) is not None]) \
                and all(run.places[k].get(name) is o for (k, name), o in zip(self.names, found)) \
                and len(found) == len(self.names):
            return found
        found, self.names = [], []
        known: set[int] = set()
        for k, place in enumerate(run.places):
            for name, value in list(place.items()):
                if isinstance(value, BrianObject) and value.add_to_magic_network and id(value) not in known \
                        and value.is_visible:
                    known.add(id(value))
                    found.append(value)
                    self.names.append((k, name))
        self.version, self.found = version, [weakref.ref(o) for o in found]
        self.deepest = max((k for k, _ in self.names), default=0)
        self.complete = all(not isinstance(o, BrianObject) or id(o) in known or not o.add_to_magic_network
                                                     for o in live_objects())
        return found


def live_objects() -> list[BrianObject]:
    """Simulated objects that exist, except those contained in others."""
    every = [o for o in live() if isinstance(o, BrianObject)]
    inner = {id(c) for o in every for c in o.contained_objects}
    return [o for o in every if id(o) not in inner and o.is_visible]


magic_network = MagicNetwork()
_collection = _Collection()


def collect(level: int = 0) -> set[BrianObject]:
    """The objects that `run` would simulate if it were called here."""
    return set(_collection.of(RunNamespace.of_caller(level)))


def run(duration: Any, report: object = None, report_period: Any = TEN_SECONDS,
        namespace: Mapping[str, object] | None = None, profile: bool | None = None, level: int = 0,
        threads: int | None = None) -> None:
    """Simulate all objects visible where this is called, for ``duration``. See `Network.run`."""
    magic_network.take(_collection.of(RunNamespace.of_caller(level)))
    magic_network.run(duration, report, report_period, namespace, profile, level, threads)


def stop() -> None:
    """End the present run after the step under way."""
    for network in list(RUNNING):
        network.stop()


def store(name: str = "default", filename: str | Path | None = None) -> None:
    """`Network.store` for the objects visible where this is called."""
    magic_network.take(_collection.of(RunNamespace.of_caller()))
    magic_network.store(name, filename)


def restore(name: str = "default", filename: str | Path | None = None, restore_random_state: bool = False,
            trusted_pickle: bool = False) -> None:
    """`Network.restore` for the objects visible where this is called."""
    magic_network.take(_collection.of(RunNamespace.of_caller()))
    magic_network.restore(name, filename, restore_random_state, trusted_pickle)


def scheduling_summary(net: Network | None = None) -> SchedulingSummary:
    """What runs in a time step of a network (default: the visible objects), in order."""
    if net is None:
        return Network(*_collection.of(RunNamespace.of_caller()), name="visible_objects*").scheduling_summary()
    return net.scheduling_summary()
