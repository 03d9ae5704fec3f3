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

    def __iter__(self) -> Iterator[BrianObject]: ...

    @property
    def t(self) -> Quantity: ...

    @property
    def t_(self) -> float: ...

    @property
    def prepared(self) -> Prepared: ...

    @property
    def has_hosts(self) -> bool: ...

    @property
    def externals(self) -> tuple[Outside, ...]: ...

    def values_now(self) -> Values: ...

    def prepare_for(self, run: RunNamespace) -> None: ...

    def run_with_key(self, length: float, run: RunNamespace, key: int) -> None: ...

    def snapshot(self) -> dict[str, Any]: ...

    def put_back(self, found: Mapping[str, Any], restore_random_state: bool = False) -> None: ...

    def random_place(self) -> tuple[int | None, int, dict[BaseClock, int]]: ...

    def go_on_from(self, key: int | None, seed_version: int, used: Mapping[BaseClock, int]) -> None: ...


class Parameter(Protocol):
    """What a run may set."""

    @property
    def dimension(self) -> Dimension: ...


class Repeatable(Protocol):
    """A simulation: runs from one start, each with parameters and a seed of its own."""

    has_operations: bool
    start: Start

    @property
    def in_python(self) -> bool: ...

    def settable(self, name: str) -> Parameter: ...

    def seed_of(self, seed: int | None) -> int: ...

    def point(self, params: Mapping[str, object], length: float, seed: int) -> tuple[Start, Point]: ...

    def run_on_objects(self, params: Mapping[str, object], length: float, seed: int) -> Result: ...
