"""Clocks: time is a whole step, and a dt in double precision or a list of times."""
from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterable

import numpy as np

from brainsim.errors import DimensionMismatchError, UnknownAttribute, WrongType, WrongValue
from brainsim.objects.groups.shared import shared
from brainsim.objects.looks import html
from brainsim.objects.names.structure import structure_changed
from brainsim.units import Quantity, get_dimensions
from brainsim.units.dimensions import DIMENSIONLESS, SECOND
from brainsim.units.plain import real_numbers

_NUMBER = itertools.count(1)
TOLERANCE = 1e-4   #: of a step, in comparisons of times (R7)


class BaseClock(ABC):
    """The step reached, and when each step is; several objects may share one."""

    def __init__(self, name: str):
        self.name = f"{name[:-1]}_{next(_NUMBER)}" if name.endswith("*") else name
        self.step = 0            #: steps done, as an integer

    @property
    @abstractmethod
    def t_(self) -> float:
        """The present time in seconds, as a plain number."""

    @property
    @abstractmethod
    def dt_(self) -> float:
        """The time step in seconds; `UnknownAttribute` for a clock that has none."""

    @property
    def t(self) -> Quantity:
        """The present time."""
        return shared(Quantity(self.t_, SECOND))

    @property
    def timestep(self) -> int:
        """Steps done."""
        return shared(self.step)

    @property
    @abstractmethod
    def pace(self) -> object:
        """The time step, or words in its place."""

    @abstractmethod
    def steps_until(self, time: float, fastest: float = np.inf) -> int:
        """The step at which ``time`` (seconds) is reached: steps below it have begun before that time.

        ``fastest`` is the shortest step in the network: beside it, a slow clock begins at the very time it should.
        """

    @property
    def spacing(self) -> float | None:
        """Seconds between two steps; None where they are those of a list."""
        return None

    def go_back_to(self, step: int, spacing: float | None) -> None:
        """Have done so many steps of this length, as when a network was stored."""
        self.step = step

    def _repr_html_(self) -> str:
        return html.table(type(self).__name__, ("dt", "t", "steps"), [(self.pace, self.t, self.step)], self.name)


class Clock(BaseClock):
    """A time step ``dt`` and the step reached; several objects may share one."""

    def __init__(self, dt: object, name: str = "clock*"):
        self._dt = seconds(dt, "dt", positive=True)
        super().__init__(name)

    @property
    def spacing(self) -> float:
        """As `dt_`."""
        return self._dt

    def go_back_to(self, step: int, spacing: float | None) -> None:
        """See `BaseClock.go_back_to`."""
        self.step, self._dt = step, spacing or self._dt

    @property
    def dt(self) -> Quantity:
        """The time step, a quantity in seconds."""
        return Quantity(self._dt, SECOND)

    @dt.setter
    def dt(self, value: Quantity) -> None:
        new = seconds(value, "dt", positive=True)
        if new != self._dt:
            self.step = int(np.round(self.step * self._dt / new))
            self._dt = new
            structure_changed()

    @property
    def dt_(self) -> float:
        """The time step in seconds, as a plain number."""
        return self._dt

    @dt_.setter
    def dt_(self, value: float) -> None:
        self.dt = Quantity(value, SECOND)

    @property
    def t_(self) -> float:
        """The present time in seconds, as a plain number."""
        return self.step * self._dt

    @property
    def pace(self) -> Quantity:
        """The time step."""
        return self.dt

    def steps_until(self, time: float, fastest: float = np.inf) -> int:
        """See `BaseClock.steps_until`."""
        return int(np.ceil(time / self._dt - TOLERANCE * min(1.0, fastest / self._dt)))

    def __repr__(self) -> str:
        return f"Clock(dt={self.dt!r}, name={self.name!r})"


class EventClock(BaseClock):
    """Given ``times``, in any order, none of them twice: one step each. Times that a network has passed already are
    left out.

    Raises `WrongValue` for equal, negative or infinite times, `DimensionMismatchError` for numbers that are no times.
    """

    def __init__(self, times: object, name: str = "eventclock*"):
        if isinstance(times, str) or times is None or get_dimensions(times) is not SECOND:
            found = DIMENSIONLESS if isinstance(times, str) or times is None else get_dimensions(times)
            raise DimensionMismatchError("'times' must be times", SECOND, found,
                                         help="give them a unit, times=[1, 2.5]*ms for example")
        self._times = np.sort(np.atleast_1d(real_numbers(times)).ravel())
        if not np.all(np.isfinite(self._times)) or self._times.size and self._times[0] < 0:
            raise WrongValue("The times of an EventClock are finite and not negative", found=str(times))
        twice = self._times[1:][np.diff(self._times) == 0]
        if twice.size:
            raise WrongValue("An EventClock has every time once", found=f"{twice[0]} s more than once",
                             help="numpy.unique(times) leaves each once")
        super().__init__(name)

    @property
    def times(self) -> Quantity:
        """All times, in order."""
        return Quantity(self._times.copy(), SECOND)

    @property
    def dt(self) -> Quantity:
        """`UnknownAttribute`: there is none."""
        raise UnknownAttribute(
            "An EventClock has no dt",
            help="what has differential equations, delays, rates or a refractory period needs a Clock(dt)")

    @property
    def dt_(self) -> float:
        """As `dt`."""
        return float(self.dt)

    @property
    def t_(self) -> float:
        """The time of the next step, in seconds; after the last one, of that."""
        return float(self.until_after[self.step])

    @property
    def until_after(self) -> np.ndarray:
        """Seconds of each step, and the last once more: what `t_` is after it."""
        return np.append(self._times, self._times[-1:] if self._times.size else 0.0)

    @property
    def pace(self) -> str:
        """Words in place of a time step."""
        return f"{len(self._times)} times"

    @property
    def shortest(self) -> float:
        """The shortest time between two steps, or before the first one, in seconds."""
        gaps = np.diff(self._times, prepend=0.0)
        return float(gaps[gaps > 0].min(initial=1.0))

    def steps_until(self, time: float, fastest: float = np.inf) -> int:
        """See `BaseClock.steps_until`."""
        return int(np.searchsorted(self._times, time - TOLERANCE * min(fastest, self.shortest), side="left"))

    def __repr__(self) -> str:
        return f"EventClock({self.times!r}, name={self.name!r})"


class DefaultClock(Clock):
    """The clock of all objects that were given neither a dt nor a clock."""


def check_change(time: float, old: float, new: float) -> None:
    """Refuse to go on with another step where the time reached, a whole number of old steps, is not one of new
    steps."""
    reached = np.ceil(time / old - TOLERANCE) * old
    if abs(np.round(reached / new) * new - reached) > TOLERANCE * new:
        raise WrongValue(f"The time step cannot change to {new:g} s at {reached:g} s",
                         help="the time reached must be a whole number of the new steps")


def seconds(value: object, what: str, positive: bool = False) -> float:
    """A duration as a plain number of seconds; raises `DimensionMismatchError` for anything that is not a time."""
    if isinstance(value, str) or value is None:
        raise WrongType(f"'{what}' is a time", found=repr(value),
                        help=f"a number with a unit, {what}=0.1*ms for example")
    if get_dimensions(value) is not SECOND:
        raise DimensionMismatchError(f"'{what}' must be a time", SECOND, get_dimensions(value),
                                     help=f"give it a unit, {what}=0.1*ms for example")
    number = real_numbers(value)
    if number.ndim and number.size != 1:
        raise WrongType(f"'{what}' must be one time", found=f"an array of {number.size}")
    found = float(number)
    if not np.isfinite(found) or positive and found <= 0:
        raise WrongValue(f"'{what}' must be a positive, finite time", found=str(value))
    return found


def run_length(value: object, help: str = "") -> float:
    """The duration of a run in seconds; `WrongValue` for a negative one, and the errors of `seconds`."""
    found = seconds(value, "duration")
    if found < 0:
        raise WrongValue("The duration of a run cannot be negative", found=str(value), help=help)
    return found


def fastest_of(clocks: Iterable[BaseClock]) -> float:
    """The shortest step, in seconds, within 1e-4 of which times are the same (R7): that of the regular clocks, if there
    are any."""
    every = list(clocks)
    regular = [c.dt_ for c in every if isinstance(c, Clock)]
    return min(regular or [c.shortest for c in every if isinstance(c, EventClock)], default=np.inf)


defaultclock = DefaultClock(Quantity(1e-4, SECOND), name="defaultclock")


def make_clock(dt: object, clock: BaseClock | None) -> BaseClock:
    """The clock meant by a ``dt`` or a ``clock`` argument."""
    if dt is not None and clock is not None:
        raise WrongValue("Give either dt or clock, not both")
    if clock is not None:
        if not isinstance(clock, BaseClock):
            raise WrongType("'clock' must be a Clock or an EventClock", found=repr(clock))
        return clock
    return defaultclock if dt is None else Clock(dt)
