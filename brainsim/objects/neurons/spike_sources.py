"""Inputs: Poisson neurons, Poisson input to a variable, given spikes, and values given over time."""
from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from brainsim.errors import (
    DimensionMismatchError,
    Source,
    UnknownName,
    Unsupported,
    WrongIndex,
    WrongType,
    WrongValue,
    near,
)
from brainsim.ir.program import Array, Queue
from brainsim.ir.state import QueueState
from brainsim.language.expressions import parse_expression
from brainsim.language.trees import Assign, Call, Name, Op
from brainsim.model.resolve import Block
from brainsim.model.symbols import External, Symbol
from brainsim.model.tasks import Elementwise, GivenEvents, Task, Threshold
from brainsim.naming import events, grid_of, own
from brainsim.objects.groups.clock import TOLERANCE, BaseClock, defaultclock
from brainsim.objects.groups.declared import Declared
from brainsim.objects.groups.group import Group
from brainsim.objects.groups.named import BrianObject
from brainsim.objects.groups.variables import Variable
from brainsim.objects.looks import html
from brainsim.objects.looks.value_text import value_text
from brainsim.objects.names.namespace import RunNamespace
from brainsim.objects.names.structure import structure_changed
from brainsim.objects.neurons.neuron_group import Subgroup, part_of
from brainsim.options import single_precision
from brainsim.units import Quantity, get_dimensions, is_dimensionless
from brainsim.units.dimensions import DIMENSIONLESS, SECOND
from brainsim.units.quantities import with_dimension

logger = logging.getLogger("brainsim")
HERTZ = SECOND ** -1
LONGEST = 2**31 - 1   #: steps of a period


class SpikeSource(Group):
    """A group without equations whose elements spike."""

    _slot = "thresholds"
    events: Mapping[str, str] = {"spike": ""}

    def _start_source(self, N: object) -> None:
        if isinstance(N, (str, Quantity)) or np.ndim(N) > 0 or int(N) != N:  # type: ignore[arg-type,call-overload]
            raise WrongType("The first argument of a group is its number of elements", found=repr(N))
        if int(N) < 1:  # type: ignore[call-overload]
            raise WrongValue("A group has at least one element", found=str(N))
        self._N = int(N)  # type: ignore[call-overload]
        self._spike_queue = QueueState.empty("i4", 1, max(16, self._N))
        name = self.name
        self.variables["N"] = Variable(
            "N", own(name, "N"), dtype="i4", shared=True, read_only=True, values=np.array([self._N], np.int32),
            symbol=Symbol("N", "size", name, dtype="i4", shared=True, constant=True))
        self.variables["i"] = Variable("i", f"{name}.i", dtype="i4", read_only=True,
                                       symbol=Symbol("i", "index", dtype="i4", constant=True))

    @property
    def _count(self) -> int:
        return self._N

    def __len__(self) -> int:
        return self._N

    @property
    def spikes(self) -> np.ndarray:
        """Indices that spiked in the present step."""
        return self._spike_queue.values().copy()

    def _is_differential(self, name: str) -> bool:
        return False

    def event_queue(self, event: str) -> str:
        """Program name of the queue of spikes."""
        return events(self.name, event)

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
            self._write(rate, slice(None), rates, True)

    def tasks(self, run: RunNamespace) -> list[Task]:
        """A draw per element and step."""
        if not self.active:
            return []
        resolver = self.resolver(run)
        definition = self.variables["rates"].definition
        if definition is not None and resolver.dimension(definition) is not HERTZ:
            raise DimensionMismatchError("The rates of a PoissonGroup must be frequencies", HERTZ,
                                         resolver.dimension(definition), at=getattr(definition, "span", None))
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
                 period: object = Quantity(0.0, SECOND), when: str = "thresholds", order: int = 0, sorted: bool = False,
                 name: str = "spikegeneratorgroup*", codeobj_class: object = None):
        super().__init__(dt=dt, clock=clock, when=when, order=order, name=name)
        if not isinstance(N, (str, Quantity)) and np.ndim(N) == 0 and N < 1:  # type: ignore[operator,arg-type]
            raise WrongType("A SpikeGeneratorGroup has at least one element", found=repr(N))
        self._start_source(N)
        self._indices = self._starts = np.zeros(0, np.int32)
        self._steps = np.zeros(0, np.int64)
        self._cursor = np.zeros(1, np.int32)
        self._period_steps = 0
        self.set_spikes(indices, times, period, sorted)

    def set_spikes(self, indices: object, times: object, period: object = Quantity(0.0, SECOND),
                   sorted: bool = False) -> None:
        """Replace the spikes; those in the past are ignored with a warning."""
        for what, value in (("times", times), ("period", period)):
            if get_dimensions(value) is not SECOND and np.size(value):
                raise DimensionMismatchError(f"'{what}' must be times", SECOND, get_dimensions(value),
                                             help=f"{what}=[1, 2]*ms")
        index, when = np.asarray(indices), np.asarray(times, dtype=float)
        if index.shape != when.shape:
            raise WrongValue("indices and times have different lengths", found=f"{index.size} and {when.size}")
        if index.dtype.kind == "f" and np.all(index == np.floor(index)):
            index = index.astype(np.int64)
        if index.size and (index.dtype.kind not in "iu" or index.min() < 0 or index.max() >= self._N):
            raise WrongValue("An index is out of range",
                             found=f"{index.min()} to {index.max()}, with {self._N} elements")
        if when.size and when.min() < 0:
            raise WrongValue("A spike time is negative", found=f"{when.min()} s")
        repeat = float(period)  # type: ignore[arg-type]
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
        self._cursor[0] = np.searchsorted(own, now)

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
        given = {own(n, "indices"): (Array(own(n, "indices"), "i4", f"{n}.list", n, "list"), self._indices),
                 own(n, "starts"): (Array(own(n, "starts"), "i4", f"{n}.rows", role="list"), self._starts),
                 own(n, "steps"): (Array(own(n, "steps"), "i8", f"{n}.rows", role="list"), self._steps)}
        cursor = {own(n, "cursor"): (Array(own(n, "cursor"), "i4", f"{n}.once", role="count"), self._cursor)}
        return replace(super().declared() | Declared(params={own(n, "period"): self._period_steps}),
                       arrays=given | cursor, derived=frozenset(given))

    def tasks(self, run: RunNamespace) -> list[Task]:
        """The row of the present step."""
        if not self.active:
            return []
        n = self.name
        return [
            GivenEvents(name=n, clock=self.clock.name, when=self.when, order=self.order,
                        queue=self.event_queue("spike"), indices=own(n, "indices"), starts=own(n, "starts"),
                        steps=own(n, "steps"), cursor=own(n, "cursor"), period=own(n, "period"))
        ]


class PoissonInput(BrianObject):
    """``N`` Poisson processes of equal ``rate`` onto every element of ``target``: adds ``binomial(N, rate*dt)*weight``
    each step."""

    add_to_magic_network = True
    _slot = "synapses"

    def __init__(self, target: Any, target_var: str, N: int, rate: object, weight: object, when: str = "synapses",
                 order: int = 0):
        if not isinstance(target, Group):
            raise WrongType("PoissonInput needs a group as target", found=type(target).__name__)
        if target_var not in target.variables:
            raise UnknownName(f"'{target_var}' is not a variable of {target.name}",
                              help=near(target_var, target.variables))
        target._refuse_write(target.variables[target_var])
        if isinstance(N, (bool, str)) or np.ndim(N) or not is_dimensionless(N) or int(N) != N or N < 0:
            raise WrongValue("The number of inputs of a PoissonInput is a whole number, at least 0", found=repr(N))
        super().__init__(clock=target.clock, when=when, order=order, name="poissoninput*")
        if get_dimensions(rate) is not HERTZ:
            raise DimensionMismatchError("The rate of a PoissonInput must be a frequency", HERTZ, get_dimensions(rate))
        self._target, self.target_var, self.N, self.rate, self.weight = target, target_var, int(N), rate, weight
        wanted = target.variables[target_var].dimension
        if not isinstance(weight, str) and get_dimensions(weight) is not wanted:
            raise DimensionMismatchError(f"The weight must have the unit of '{target_var}'", wanted,
                                         get_dimensions(weight))

    def dependencies(self) -> list[BrianObject]:
        """The target."""
        return [self._target.parent]

    def refers_to(self) -> list[BrianObject]:
        """The target, or the part of a group that it is."""
        return [self._target]

    def declared(self) -> Declared:
        """Number, rate and weight."""
        params: dict[str, float | int] = {own(self.name, "N"): self.N, own(self.name, "rate"):
                                          float(self.rate)}  # type: ignore[arg-type]
        if not isinstance(self.weight, str):
            params[own(self.name, "weight")] = float(self.weight)  # type: ignore[arg-type]
        return Declared(params=params, clock=self.clock)

    def tasks(self, run: RunNamespace) -> list[Task]:
        """One addition per element and step."""
        if not self.active:
            return []
        resolver = self._target.resolver(run)
        variable = resolver.scope.own[self.target_var]
        for key, dim, dtype in (("N", DIMENSIONLESS, "i8"), ("rate", HERTZ, "f8"), ("weight", variable.dimension,
                                                                                    "f8")):
            resolver.symbols[f"_{key}"] = Symbol(f"_{key}", "param", own(self.name, key), dim, dtype, constant=True)
        weight: Any = Name("_weight")
        if isinstance(self.weight, str):
            weight = parse_expression(Source(self.weight, f"weight of {self.name}"))
            if resolver.dimension(weight) is not variable.dimension:
                raise DimensionMismatchError(f"The weight must have the unit of '{self.target_var}'",
                                             variable.dimension, resolver.dimension(weight), at=weight.span)
        count = Call("binomial", (Name("_N"), Op("*", (Name("_rate"), Name("dt")))))
        value = resolver.tree(Op("*", (count, weight)))
        resolver.symbols[self.target_var] = variable
        block = Block((Assign(self.target_var, "+=", value),), resolver.symbols, resolver.functions, "Poisson input")
        space, bounds = self._target.domain()
        return [
            Elementwise(name=self.name, clock=self.clock.name, when=self.when, order=self.order, space=space,
                        bounds=bounds, block=block, guarded=True)
        ]


class TimedArray:
    """Values over time: ``ta(t)`` for one-dimensional ``values``, ``ta(t, i)`` for rows of times by columns.

    Value k holds for k dt <= t < (k + 1) dt; before and after, the first and the last value hold. Usable in equations
    and from Python, where the answer is the same.
    """

    def __init__(self, values: object, dt: object, name: str | None = None):
        if get_dimensions(dt) is not SECOND:
            raise DimensionMismatchError("'dt' of a TimedArray must be a time", SECOND, get_dimensions(dt))
        numbers = np.array(np.asarray(values), dtype=float)
        if numbers.ndim not in (1, 2):
            raise Unsupported("A TimedArray has one dimension (time) or two (time, index)",
                              found=f"{numbers.ndim} dimensions")
        if not numbers.size:
            raise WrongValue("A TimedArray needs at least one value")
        self.values, self.dim, self.dt_ = np.ascontiguousarray(numbers), get_dimensions(values), float(
            dt)  # type: ignore[arg-type]
        self.name = name or f"_timedarray_{next(_TIMED)}"

    @property
    def dt(self) -> float:
        """The time between two values, in seconds, as a plain number."""
        return self.dt_

    def grid(self, dt: float) -> tuple[float, int]:
        """A fine grid and its points per value, so that multiples of dt land on the right value (R24)."""
        per_row = max(int(2 ** np.ceil(np.log2(8 * self.dt_ / dt))), 1)
        return self.dt_ / per_row, per_row

    def _step_for(self, clock: BaseClock) -> float:
        """The step that times of a clock are multiples of; a small one where they are irregular."""
        return clock._dt or TOLERANCE * self.dt_

    def row(self, dt: float, t: object) -> np.ndarray:
        """Which value holds at ``t`` for a clock of step ``dt``."""
        grid, per_row = self.grid(dt)
        fine = np.floor(np.asarray(t, dtype=float) / grid + 0.5).astype(np.int64)
        return np.clip(fine // per_row, 0, len(self.values) - 1)

    def lookup(self, clock: BaseClock, t: object, i: object = None) -> np.ndarray:
        """Numbers in base units, as equations on this clock see them."""
        row = self.row(self._step_for(clock), t)
        if self.values.ndim == 1:
            return self.values[row]
        column = np.asarray(i).astype(np.int64)
        inside = (column >= 0) & (column < self.values.shape[1])
        return np.where(inside, self.values[row, np.clip(column, 0, self.values.shape[1] - 1)], np.nan)

    def __call__(self, t: object, i: object = None) -> Any:
        """The value at a time (and index), with its unit."""
        if get_dimensions(t) is not SECOND:
            raise DimensionMismatchError("A TimedArray is a function of time", SECOND, get_dimensions(t))
        if (i is None) != (self.values.ndim == 1):
            raise WrongType("A two-dimensional TimedArray takes a time and an index" if i is
                            None else "A one-dimensional TimedArray takes a time")
        row = self.row(defaultclock.dt_, t)
        if i is None:
            return with_dimension(self.values[row], self.dim)
        column = np.asarray(i)
        if np.any((column < 0) | (column >= self.values.shape[1])):
            raise WrongIndex("The index of a TimedArray is out of range", found=str(i))
        return with_dimension(self.values[row, column], self.dim)

    def _external(self, name: str) -> External:
        args: tuple[object, ...] = (SECOND,) if self.values.ndim == 1 else (SECOND, DIMENSIONLESS)
        return External(name, "timed_array", self.name, args, self.dim, arity=len(args), holder=self)

    def declared(self, clocks: Iterable[BaseClock]) -> Declared:
        """The values in row order, and what equations on these clocks need."""
        n, columns = self.name, self.values.shape[1] if self.values.ndim == 2 else 1
        params: dict[str, float | int] = {own(n, "rows"): len(self.values), own(n, "columns"): columns}
        for clock in clocks:
            params |= zip(grid_of(n, clock.name), self.grid(self._step_for(clock)))
        return Declared({own(n, "values"): (Array(own(n, "values"), "f8", f"{n}.list", role="list"), self.values.reshape(-1))},
                        params=params)

    def _repr_html_(self) -> str:
        rows = [("values", value_text(self.values, self.dim)), ("shape", " × ".join(map(str, self.values.shape))),
                ("dt", Quantity(self.dt_, SECOND))]
        return html.table("TimedArray", ("", ""), rows, self.name)

    def __repr__(self) -> str:
        return f"TimedArray({' × '.join(map(str, self.values.shape))} values, dt={Quantity(self.dt_, SECOND)})"


class Link:
    """A reference to a variable of another group, to be assigned to a ``(linked)`` variable."""

    _is_link = True

    def __init__(self, group: Any, variable: str, index: object = None):
        if not isinstance(group, Group):
            raise WrongValue("linked_var takes a group and a name, or a variable alone", found=repr(group),
                             help="linked_var(G, 'x') or linked_var(G.x)")
        if variable not in group.variables:
            raise UnknownName(f"'{variable}' is not a variable of {group.name}", help=near(variable, group.variables))
        self.group, self.variable, self.index = group, variable, index

    def symbol_for(self, owner: Group, linked: Variable) -> Symbol:
        """What the linked name means in ``owner``."""
        source = self.group.variables[self.variable]
        if source.dimension is not linked.dimension:
            raise DimensionMismatchError(
                f"'{linked.name}' and '{self.variable}' of {self.group.name} must have the same unit", linked.dimension,
                source.dimension)
        run = RunNamespace.of_caller()
        symbol = self.group.scope(run).own[self.variable]
        made = replace(symbol, name=linked.name, holder=self.group.parent, past=None)
        if symbol.shared:
            return made
        if self.index is None and self.group._count == 1 and not self.group._first and symbol.kind == "array" and not symbol.path:
            return replace(made, shared=True)
        path = self._path(owner, linked)
        return made.via(path) if path else made

    def _path(self, owner: Group, linked: Variable) -> tuple[str, ...]:
        count, first = self.group._count, self.group._first
        if isinstance(self.index, str):
            if self.index not in owner.variables:
                raise WrongValue(f"'{self.index}' is not a variable of {owner.name}",
                                 help=near(self.index, owner.variables))
            if owner.variables[self.index].dtype not in ("i4", "i8"):
                raise WrongType(f"'{self.index}' is not an integer variable of {owner.name}",
                                help=f"declare it '{self.index} : integer'")
            return (owner.variables[self.index].program,)
        if self.index is not None:
            if hasattr(owner, "connect"):
                raise WrongType(f"'{linked.name}' needs the name of a variable as index: synapses may be added",
                                found=repr(self.index),
                                help="declare 'which : integer (constant)' and give index='which'")
            index = np.asarray(self.index)
            if index.shape != (owner._count,) or index.dtype.kind not in "iu":
                raise WrongType(
                    f"The index of '{linked.name}' is a list of whole numbers, one per element of {owner.name}",
                    found=f"{index.shape} values of {index.dtype}")
            if index.size and (index.min() < 0 or index.max() >= count):
                raise WrongValue(
                    f"The index of '{linked.name}' has one entry per element of {owner.name}, each below {count}",
                    found=f"{index.shape} values")
        elif count == owner._count and not first:
            return ()
        elif count == 1:
            index = np.zeros(owner._count, int)
        elif count == owner._count:
            index = np.arange(count)
        else:
            raise WrongValue(
                f"'{linked.name}' cannot be linked: {self.group.name} has {count} elements, {owner.name} {owner._count}",
                help="give index=, one source element per element")
        name = f"_{linked.name}_index"
        owner.variables[name] = Variable(name, f"{owner.name}.{name}", dtype="i4", read_only=True, constant=True,
                                         values=(index + first).astype(np.int32))
        return (f"{owner.name}.{name}",)


def linked_var(group_or_variable: Any, name: str | None = None, index: object = None) -> Link:
    """A link to another group's variable: ``linked_var(G, 'x')`` or ``linked_var(G.x)``; ``index`` says which
    element."""
    if name is not None:
        return Link(group_or_variable, name, index)
    if not hasattr(group_or_variable, "variable"):
        kind = WrongValue if isinstance(group_or_variable, Group) else WrongType
        raise kind("linked_var takes a group and a name, or a variable", found=repr(group_or_variable),
                   help="linked_var(G, 'x')")
    return Link(group_or_variable.group, group_or_variable.variable.name, index)


def _counter() -> Any:
    k = 0
    while True:
        yield k
        k += 1


_TIMED = _counter()
