"""A set of simulated objects, found by name."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from brainsim.errors import (
    UnknownName,
    WrongState,
    WrongType,
    near,
)
from brainsim.objects.groups.named import BrianObject, Named
from brainsim.objects.names.structure import structure_changed


class Contents(Named):
    """Objects in the order in which they were added, each once."""

    def __init__(self, name: str):
        self._take_name(name)
        self._kept: list[BrianObject] = []
        self._mark = object()      #: what its objects remember it by, without keeping it alive

    @property
    def _objects(self) -> list[BrianObject]:
        """The objects, without those contained in others; the list itself."""
        return self._kept

    def add(self, *objects: Any) -> None:
        """Add objects, or containers of objects."""
        for o in objects:
            if isinstance(o, BrianObject):
                if o.network_mark not in (None, self._mark):
                    raise WrongState(f"{o.name} has already been simulated in another network",
                                     help="make a new object")
                if o not in self._objects:
                    self._objects.append(o)
            elif isinstance(o, Mapping):
                self.add(*o.values())
            elif isinstance(o, Iterable) and not isinstance(o, (str, bytes)):
                self.add(*o)
            else:
                raise WrongType("A network consists of simulated objects", found=repr(o))
        structure_changed()

    def remove(self, *objects: Any) -> None:
        """Take objects out."""
        for o in objects:
            if isinstance(o, BrianObject):
                if o in self._objects:
                    self._objects.remove(o)
            elif isinstance(o, Mapping):
                self.remove(*o.values())
            elif isinstance(o, Iterable):
                self.remove(*o)
            else:
                raise WrongType("A network consists of simulated objects", found=repr(o))
        structure_changed()

    @property
    def objects(self) -> list[BrianObject]:
        """The objects, without those contained in others."""
        return list(self._objects)

    def _all(self) -> list[BrianObject]:
        found: dict[int, BrianObject] = {}
        waiting = self._objects[::-1]
        while waiting:
            o = waiting.pop()
            if id(o) not in found:
                found[id(o)] = o
                waiting += o.contained_objects[::-1]
        return list(found.values())

    def __iter__(self) -> Iterator[BrianObject]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __contains__(self, item: object) -> bool:
        return any(o is item or o.name == item for o in self._all())

    def __getitem__(self, name: str) -> BrianObject:
        if not isinstance(name, str):
            raise WrongType("Objects of a network are found by name", found=repr(name))
        for o in self._all():
            if o.name == name:
                return o
        raise UnknownName(f"There is no object '{name}' in {self.name}", help=near(name, [o.name for o in self._all()]))

    def __delitem__(self, name: str) -> None:
        self.remove(self[name])
