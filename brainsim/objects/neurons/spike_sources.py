"""Inputs: Poisson neurons, Poisson input to a variable, given spikes, and values given over time."""
from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from brainsim.errors import (
    DimensionMismatchError,
    Source,
    Unsupported,
    WrongType,
    WrongValue,
)
from brainsim.ir.program import Array, Queue
from brainsim.ir.state import QueueState
from brainsim.language.expressions import parse_expression
from brainsim.language.trees import Assign, Call, Name, Op
from brainsim.model.resolve import Block
from brainsim.model.symbols import Symbol
from brainsim.model.tasks import GivenEvents, Task, Threshold
from brainsim.naming import queue_of, supplied
from brainsim.objects.groups.clock import TOLERANCE, BaseClock
from brainsim.objects.groups.declared import Declared
from brainsim.objects.groups.event_source import EventSource
from brainsim.objects.groups.named import BrianObject
from brainsim.objects.groups.variables import Variable
from brainsim.objects.names.namespace import RunNamespace
from brainsim.objects.names.structure import structure_changed
from brainsim.objects.neurons.subgroup import Subgroup, part_of
from brainsim.options import single_precision
from brainsim.units import Quantity, get_dimensions
from brainsim.units.dimensions import SECOND
from brainsim.units.plain import real_numbers

logger = logging.getLogger("brainsim")
HERTZ = SECOND ** -1
LONGEST = 2**31 - 1   #: steps of a period
ONCE = Quantity(0.0, SECOND)     #: no period


class SpikeSource(EventSource):
    """A group without equations whose elements spike."""

    _slot = "thresholds"
    events: Mapping[str, str] = {"spike": ""}

    def _start_source(self, N: Any) -> None:
        if isinstance(N, (str, Quantity)) or np.ndim(N) > 0 or int(N) != N:
            raise WrongType("The first argument of a group is its number of elements", found=repr(N))
        if int(N) < 1:
            raise WrongValue("A group has at least one element", found=str(N))
        self._N = int(N)
        self._spike_queue = QueueState.empty("i4", 1, max(16, self._N))
        name = self.name
        self.variables["N"] = Variable(
            "N", supplied(name, "N"), dtype="i4", shared=True, read_only=True, values=np.array([self._N], np.int32),
            symbol=Symbol("N", "size", name, dtype="i4", shared=True, constant=True))
        self.variables["i"] = Variable("i", f"{name}.i", dtype="i4", read_only=True,
                                       symbol=Symbol("i", "index", dtype="i4", constant=True))

    @property
    def _count(self) -> int:
        return self._N

    @property
    def spikes(self) -> np.ndarray:
        """Indices that spiked in the present step."""
        return self._spike_queue.values().copy()

    def _is_differential(self, name: str) -> bool:
        return False

    def event_queue(self, event: str) -> str:
        """Program name of the queue of spikes."""
        return queue_of(self.name, event)

    def looked_for_by(self, event: str) -> BrianObject:
        """The group itself: spikes come where it stands in the schedule."""
        return self

    def declared(self) -> Declared:
        """The queue of spikes besides."""
        name = self.event_queue("spike")
        return super().declared() | Declared(queues={name: (Queue(name, "i4", self.name), self._spike_queue)})

    def prepare(self) -> None:
        """A source that is not active leaves no spikes behind."""
        if not self.active:
            self._spike_queue.count[:] = 0

    def __getitem__(self, item: object) -> Subgroup:
        if not isinstance(item, slice):
            raise WrongType(f"A part of {type(self).__name__} is given by a slice", found=repr(item))
        return Subgroup(self, *part_of(item, self._N, self.name))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._N}, name={self.name!r})"


class PoissonGroup(SpikeSource):
    """N independent Poisson processes: in each step a spike with probability ``rates*dt``.

    ``rates``: a frequency, an array of them, or a string evaluated every step (it may use ``t`` and ``i``).
    """

    def __init__(self, N: int, rates: object, dt: object = None, clock: BaseClock | None = None,
                 when: str = "thresholds", order: int = 0, namespace: Mapping[str, object] | None = None,
                 name: str = "poissongroup*", codeobj_class: object = None):
        super().__init__(dt=dt, clock=clock, when=when, order=order, name=name, namespace=namespace)
        self._start_source(N)
        rate = Variable("rates", f"{self.name}.rates", HERTZ, "f4" if single_precision() else "f8")
        self.variables["rates"] = rate
        if isinstance(rates, str):
            rate.definition = parse_expression(Source(rates, f"rates of {self.name}"))
        else:
            if get_dimensions(rates) is not HERTZ:
                raise DimensionMismatchError("The rates of a PoissonGroup must be frequencies", HERTZ,
                                             get_dimensions(rates), help="PoissonGroup(100, rates=10*Hz)")
            rate.allocate(self._N)
            self.write_values(rate, slice(None), rates, True)

    def own_tasks(self, run: RunNamespace) -> list[Task]:
        """A draw per element and step."""
        if not self.active:
            return []
        resolver = self.resolver(run)
        definition = self.variables["rates"].definition
        if definition is not None and resolver.dimension(definition) is not HERTZ:
            raise DimensionMismatchError("The rates of a PoissonGroup must be frequencies", HERTZ,
                                         resolver.dimension(definition), at=definition.span)
        chance = Op("*", (Name("rates"), Name("dt")))
        tree = resolver.tree(Op("<", (Call("rand", ()), chance)))
        block = Block((Assign("_condition", "=", tree),), resolver.symbols, resolver.functions, "rates")
        return [
            Threshold(name=self.name, clock=self.clock.name, when=self.when, order=self.order, space=self.name,
                      block=block, queue=self.event_queue("spike"))
        ]


class SpikeGeneratorGroup(SpikeSource):
    """N elements that spike at given ``times`` (``indices`` and ``times`` of equal length), repeated every ``period``
    if given."""

    def __init__(self, N: int, indices: object, times: object, dt: object = None, clock: BaseClock | None = None,
                 period: Any = ONCE, when: str = "thresholds", order: int = 0, sorted: bool = False,
                 name: str = "spikegeneratorgroup*", codeobj_class: object = None):
        super().__init__(dt=dt, clock=clock, when=when, order=order, name=name)
        if not isinstance(N, (str, Quantity)) and np.ndim(N) == 0 and N < 1:
            raise WrongType("A SpikeGeneratorGroup has at least one element", found=repr(N))
        self._start_source(N)
        self._indices = self._starts = np.zeros(0, np.int32)
        self._steps = np.zeros(0, np.int64)
        self._cursor = np.zeros(1, np.int32)
        self._period_steps = 0
        self.set_spikes(indices, times, period, sorted)

    def set_spikes(self, indices: Any, times: Any, period: Any = ONCE,
                   sorted: bool = False) -> None:
        """Replace the spikes; those in the past are ignored with a warning."""
        for what, value in (("times", times), ("period", period)):
            if get_dimensions(value) is not SECOND and np.size(value):
                raise DimensionMismatchError(f"'{what}' must be times", SECOND, get_dimensions(value),
                                             help=f"{what}=[1, 2]*ms")
        index, when = np.asarray(indices), real_numbers(times)
        if index.shape != when.shape:
            raise WrongValue("indices and times have different lengths", found=f"{index.size} and {when.size}")
        if index.dtype.kind == "f" and np.all(index == np.floor(index)):
            index = index.astype(np.int64)
        if index.size and (index.dtype.kind not in "iu" or index.min() < 0 or index.max() >= self._N):
            raise WrongValue("An index is out of range",
                             found=f"{index.min()} to {index.max()}, with {self._N} elements")
        if when.size and when.min() < 0:
            raise WrongValue("A spike time is negative", found=f"{when.min()} s")
        repeat = float(period)
        if repeat < 0 or not np.isfinite(repeat):
            raise WrongValue("The period is negative or not finite", found=f"{repeat} s")
        if repeat and when.size and when.max() > repeat:
            raise WrongValue("A spike lies outside the period", found=f"{when.max()} s, with a period of {repeat} s")
        if repeat and when.size and int(
            (when.max() + 1e-3 * self.clock.dt_) / self.clock.dt_) >= round(repeat / self.clock.dt_) > 0:
            raise WrongValue("A spike lies outside the period", found=f"at {when.max()} s, period {repeat} s")
        self._spikes, self._period = (index.astype(np.int32), when), repeat
        self._fresh = True
        structure_changed()

    @property
    def given_spikes(self) -> tuple[np.ndarray, np.ndarray]:
        """Index and time (seconds) of each, in the order in which they were given."""
        return self._spikes

    @property
    def spike_time(self) -> Quantity:
        """Times of the given spikes, in the order of time."""
        index, times = self._spikes
        return Quantity(times[np.lexsort((index, times))], SECOND)

    @property
    def neuron_index(self) -> np.ndarray:
        """Index of each of the given spikes, in the order of time."""
        index, times = self._spikes
        return index[np.lexsort((index, times))]

    @property
    def period(self) -> Quantity:
        """Time after which the spikes repeat; 0 without."""
        return Quantity(self._period, SECOND)

    def prepare(self) -> None:
        """Times to steps (R23): whole steps, with a tolerance of a thousandth."""
        super().prepare()
        dt = self.clock.dt_
        index, times = self._spikes
        if self._fresh and not self._period and times.size and times.min() < self.clock.t_ - TOLERANCE * dt:
            logger.warning("%s: spikes before the present time are ignored (t = %s s)", self.name, self.clock.t_,
                           extra={"topic": "ignored_spikes"})
        self._fresh = False
        steps = ((times + 1e-3 * dt) / dt).astype(np.int64)
        self._check_period(steps, dt)
        order = np.lexsort((index, steps))
        index, steps = index[order], steps[order]
        twice = (np.diff(steps) == 0) & (np.diff(index) == 0)
        if twice.any():
            k = int(np.flatnonzero(twice)[0])
            raise WrongValue(f"{self.name} has two spikes of element {index[k]} in one step",
                             found=f"at {steps[k] * dt} s", help="use a smaller dt, or remove one of them")
        own, first = np.unique(steps, return_index=True)
        self._indices = index if len(index) else np.zeros(1, np.int32)
        self._steps = np.append(own, -1).astype(np.int64)
        self._starts = np.append(first, len(index)).astype(np.int32)
        self._starts = np.append(self._starts, len(index)).astype(np.int32)
        now = self.clock.step % self._period_steps if self._period_steps else self.clock.step
        self._cursor = np.array([np.searchsorted(own, now)], np.int32)

    def _check_period(self, steps: np.ndarray, dt: float) -> None:
        self._period_steps = int(round(self._period / dt))
        if not self._period:
            return
        if self._period_steps > LONGEST:
            logger.warning("%s: a period of more than %d time steps counts as none; period=0*second says so", self.name,
                           LONGEST, extra={"topic": "spikegenerator_long_period"})
            self._period_steps = 0
            return
        if self._period < dt * (1 - 1e-6):
            raise WrongValue("The period is shorter than a time step", found=f"{self._period} s")
        if abs(self._period / dt - self._period_steps) > 1e-4:
            raise Unsupported("The period is not a whole number of time steps",
                              help="choose dt so that it divides the period")
        if len(steps) and steps.max() >= self._period_steps:
            raise WrongValue("A spike lies outside the period", found=f"period {self._period} s")

    def declared(self) -> Declared:
        """The list of spikes by step, its period, and how far it has been read; no other variable has values."""
        n = self.name
        given = {supplied(n, "indices"): (Array(supplied(n, "indices"), "i4", f"{n}.list", n, "list"), self._indices),
                 supplied(n, "starts"): (Array(supplied(n, "starts"), "i4", f"{n}.rows", role="list"), self._starts),
                 supplied(n, "steps"): (Array(supplied(n, "steps"), "i8", f"{n}.rows", role="list"), self._steps)}
        cursor = {supplied(n, "cursor"): (Array(supplied(n, "cursor"), "i4", f"{n}.once", role="count"), self._cursor)}
        return replace(super().declared() | Declared(params={supplied(n, "period"): self._period_steps}),
                       arrays=given | cursor, derived=frozenset(given))

    def own_tasks(self, run: RunNamespace) -> list[Task]:
        """The row of the present step."""
        if not self.active:
            return []
        n = self.name
        return [
            GivenEvents(name=n, clock=self.clock.name, when=self.when, order=self.order,
                        queue=self.event_queue("spike"), indices=supplied(n, "indices"), starts=supplied(n, "starts"),
                        steps=supplied(n, "steps"), cursor=supplied(n, "cursor"), period=supplied(n, "period"))
        ]
