"""What runs ask of a network, and sweeps of a simulation."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from brainsim.objects.groups.clock import BaseClock
from brainsim.objects.groups.named import BrianObject
from brainsim.objects.names.namespace import RunNamespace
from brainsim.objects.names.outside import Outside
from brainsim.objects.runs.result import Result
from brainsim.objects.runs.start import Point, Start
from brainsim.pipeline import Prepared, Values
from brainsim.units import Quantity
from brainsim.units.dimensions import Dimension


class Preparable(Protocol):
    """A network: objects that can be prepared together, copied and put back."""

    name: str

    def __iter__(self) -> Iterator[BrianObject]:
        """All objects, those contained in others too."""
        ...

    @property
    def t(self) -> Quantity:
        """The present time."""
        ...

    @property
    def t_(self) -> float:
        """The present time in seconds."""
        ...

    @property
    def prepared(self) -> Prepared:
        """The built program; `WrongState` before anything was prepared."""
        ...

    @property
    def has_hosts(self) -> bool:
        """Whether network operations take part."""
        ...

    @property
    def externals(self) -> tuple[Outside, ...]:
        """Names from outside that the prepared program uses."""
        ...

    def values_now(self) -> Values:
        """What all objects declare now."""
        ...

    def prepare_for(self, run: RunNamespace) -> None:
        """Everything up to a built program, unless what there is still holds."""
        ...

    def run_with_key(self, length: float, run: RunNamespace, key: int) -> None:
        """A run of so many seconds with random numbers from this key."""
        ...

    def snapshot(self) -> dict[str, Any]:
        """A copy of everything that a run changes."""
        ...

    def put_back(self, found: Mapping[str, Any], restore_random_state: bool = False) -> None:
        """The inverse of `snapshot`."""
        ...

    def random_place(self) -> tuple[int | None, int, dict[BaseClock, int]]:
        """Which random numbers come next."""
        ...

    def go_on_from(self, key: int | None, seed_version: int, used: Mapping[BaseClock, int]) -> None:
        """The inverse of `random_place`."""
        ...


class Parameter(Protocol):
    """What a run may set."""

    @property
    def dimension(self) -> Dimension:
        """What its values are measured in."""
        ...


class Repeatable(Protocol):
    """A simulation: runs from one start, each with parameters and a seed of its own."""

    has_operations: bool
    start: Start

    @property
    def in_python(self) -> bool:
        """Whether steps return to Python."""
        ...

    def settable(self, name: str) -> Parameter:
        """The parameter of this name; `UnknownName` otherwise."""
        ...

    def seed_of(self, seed: int | None) -> int:
        """The seed, or else one that follows from the last call of ``seed(n)``."""
        ...

    def point(self, params: Mapping[str, object], length: float, seed: int) -> tuple[Start, Point]:
        """Where a run begins, and how it differs from there."""
        ...

    def run_on_objects(self, params: Mapping[str, object], length: float, seed: int) -> Result:
        """A run on the network's own objects."""
        ...
