"""Clocks: time is a whole step and a dt in double precision."""
from __future__ import annotations

import itertools

import numpy as np

from brainsim.errors import DimensionMismatchError, WrongType, WrongValue
from brainsim.objects import html
from brainsim.objects.structure import structure_changed
from brainsim.units import Quantity, get_dimensions
from brainsim.units.dimensions import SECOND

_NUMBER = itertools.count(1)
TOLERANCE = 1e-4   #: of a step, in comparisons of times (R7)


class Clock:
    """A time step ``dt`` and the step reached; several objects may share one."""

    def __init__(self, dt: Quantity, name: str = "clock*"):
        self._dt = seconds(dt, "dt", positive=True)
        self.name = f"{name[:-1]}_{next(_NUMBER)}" if name.endswith("*") else name
        self.step = 0            #: steps done, as an integer

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
        self.dt = Quantity(value, SECOND)  # type: ignore[assignment]

    @property
    def t(self) -> Quantity:
        """The present time."""
        return Quantity(self.step * self._dt, SECOND)

    @property
    def t_(self) -> float:
        """The present time in seconds, as a plain number."""
        return self.step * self._dt

    @property
    def timestep(self) -> int:
        """Steps done."""
        return self.step

    def steps_until(self, time: float, fastest: float = np.inf) -> int:
        """The step at which ``time`` (seconds) is reached: steps below it have begun before that time.

        ``fastest`` is the shortest step in the network: beside it, a slow clock begins at the very time it should.
        """
        return int(np.ceil(time / self._dt - TOLERANCE * min(1.0, fastest / self._dt)))

    def _repr_html_(self) -> str:
        return html.table(type(self).__name__, ("dt", "t", "steps"), [(self.dt, self.t, self.step)], self.name)

    def __repr__(self) -> str:
        return f"Clock(dt={self.dt!r}, name={self.name!r})"


class DefaultClock(Clock):
    """The clock of all objects that were given neither a dt nor a clock."""


def check_change(time: float, old: float, new: float) -> None:
    """Refuse to go on with another step where the time reached, a whole number of old steps, is not one of new steps."""
    reached = np.ceil(time / old - TOLERANCE) * old
    if abs(np.round(reached / new) * new - reached) > TOLERANCE * new:
        raise WrongValue(f"The time step cannot change to {new} s at {reached} s",
                         help="the time reached must be a whole number of the new steps")


def seconds(value: object, what: str, positive: bool = False) -> float:
    """A duration as a plain number of seconds; raises `DimensionMismatchError` for anything that is not a time."""
    if isinstance(value, str) or value is None:
        raise WrongType(f"'{what}' is a time", found=repr(value), help=f"a number with a unit, {what}=0.1*ms for example")
    if get_dimensions(value) is not SECOND:
        raise DimensionMismatchError(f"'{what}' must be a time", SECOND, get_dimensions(value),
                                     help=f"give it a unit, {what}=0.1*ms for example")
    number = np.asarray(value)
    if number.ndim and number.size != 1:
        raise WrongType(f"'{what}' must be one time", found=f"an array of {number.size}")
    found = float(number)
    if not np.isfinite(found) or positive and found <= 0:
        raise WrongValue(f"'{what}' must be a positive, finite time", found=str(value))
    return found


defaultclock = DefaultClock(Quantity(1e-4, SECOND), name="defaultclock")


def make_clock(dt: object, clock: Clock | None) -> Clock:
    """The clock meant by a ``dt`` or a ``clock`` argument."""
    if dt is not None and clock is not None:
        raise WrongValue("Give either dt or clock, not both")
    if clock is not None:
        if not isinstance(clock, Clock):
            raise WrongType("'clock' must be a Clock", found=repr(clock))
        return clock
    return defaultclock if dt is None else Clock(dt)  # type: ignore[arg-type]
