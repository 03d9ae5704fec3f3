"""What all simulated objects share: a name, a clock, a place in the schedule, and a memory of where they were made."""
from __future__ import annotations

import itertools
import sys
import weakref
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from brainsim.errors import WrongType, WrongValue
from brainsim.model.tasks import HostCall, Task
from brainsim.objects.groups.clock import BaseClock, make_clock
from brainsim.objects.groups.declared import Declared
from brainsim.objects.looks import html
from brainsim.objects.looks.memory import Line
from brainsim.objects.names.namespace import RunNamespace
from brainsim.objects.names.structure import structure_changed

PACKAGE = str(Path(__file__).resolve().parents[2])
_LIVE: "weakref.WeakSet[Named]" = weakref.WeakSet()
_SERIAL = itertools.count()


class Named:
    """An object with a name that no other live object has, unless the user insists."""

    name: str

    def __init__(self, name: str) -> None:
        """A ``*`` at the end stands for a number that makes the name free. `WrongValue` for what cannot be a name."""
        self._take_name(name)

    def _take_name(self, name: str) -> None:
        if not isinstance(name, str):
            raise WrongType("A name is a string", found=repr(name))
        wanted = name[:-1] if name.endswith("*") else name
        if not wanted.isidentifier():
            raise WrongValue(f"'{name}' cannot be a name",
                             help="use letters, digits and underscores, not beginning with a digit")
        self.name = _free_name(wanted) if name.endswith("*") else name
        self.serial_number = next(_SERIAL)
        _LIVE.add(self)


def _free_name(wanted: str) -> str:
    taken = {o.name for o in _LIVE}
    if wanted not in taken:
        return wanted
    return next(f"{wanted}_{k}" for k in itertools.count(1) if f"{wanted}_{k}" not in taken)


def live() -> list[Named]:
    """All named objects that exist."""
    return list(_LIVE)


class BrianObject(Named):
    """Something that takes part in a simulation.

    ``when`` and ``order`` say where in a time step; ``active`` whether at all; ``clock`` how often.
    ``contained_objects`` join a network with their owner.
    """

    invalidates_magic_network = True
    #: groups, monitors, inputs and network operations join; a class of a user's says so itself
    add_to_magic_network = False
    namespace: dict[str, object] | None = None      #: names for the code of this object only
    _slot = "start"
    _forgotten = True        #: nobody tried to run or store it, or looked at its values

    def __init__(self, *, dt: object = None, clock: BaseClock | None = None, when: str | None = None, order: int = 0,
                 name: str = "brianobject*"):
        self._take_name(name)
        self._made_at = user_line()
        self._clock = make_clock(dt, clock)
        self._when = when or self._slot
        self._order = order
        self._active = True
        self._network: object = None          # mark of the one network this object has run in
        self._contained: list[BrianObject] = []
        self.seconds_spent: dict[str, float] = {}     #: by stage, since it was made
        self._scope_key = current_scope()
        structure_changed()

    def __setattr__(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)
        if not name.startswith("_"):
            structure_changed()

    # -- schedule ------------------------------------------------------------------------------------------------------
    @property
    def clock(self) -> BaseClock:
        """The clock that says when this object is due."""
        return self._clock

    @property
    def when(self) -> str:
        """Slot of the schedule."""
        return self._when

    @when.setter
    def when(self, slot: str) -> None:
        self._when = slot
        structure_changed()

    @property
    def order(self) -> int:
        """Place within the slot; of equal orders, what was made first comes first."""
        return self._order

    @order.setter
    def order(self, value: int) -> None:
        self._order = value
        structure_changed()

    @property
    def active(self) -> bool:
        """Whether the object is updated at all; its clock runs on."""
        return self._active

    @active.setter
    def active(self, value: bool) -> None:
        self._active = bool(value)
        for inner in self._contained:
            inner.active = value
        structure_changed()

    def set_active(self, value: bool) -> None:
        """Only this object, not those contained in it."""
        self._active = value
        structure_changed()

    @property
    def contained_objects(self) -> list["BrianObject"]:
        """Objects that join a network with this one; the list itself, for classes of users that append to it."""
        return self._contained

    @property
    def is_visible(self) -> bool:
        """Whether it was made since the last call of `start_scope`."""
        return self._scope_key == current_scope()

    @property
    def network_mark(self) -> object:
        """What the one network that it has run in knows it by; None before that."""
        return self._network

    def join_network(self, mark: object) -> None:
        """Be an object of the network with this mark, and of no other."""
        self._network = mark

    def notice_use(self) -> None:
        """Somebody tried to run or store it, or looked at its values."""
        self._forgotten = False

    @property
    def id(self) -> int:
        """A number of its own."""
        return self.serial_number

    # -- what a network asks for ---------------------------------------------------------------------------------------
    def declared(self) -> Declared:
        """What a program of this object works on; nothing but the clock, for most objects that act on others."""
        return Declared(clock=self._clock)

    def refers_to(self) -> Iterable["BrianObject"]:
        """Objects whose declarations the code of this one uses, whether they are in the network or not."""
        return ()

    def prepare(self) -> None:
        """Called before the tasks are asked for: what follows from the user's words is brought up to date."""

    def memory_lines(self, steps: int = 0) -> list[Line]:
        """What the object keeps now and will have kept after so many more steps of its clock."""
        return []

    def kept_besides(self) -> dict[str, Any]:
        """What a run may change besides the declared arrays and queues, for `store`."""
        return {"extra": {}}

    def take_back(self, kept: Mapping[str, Any]) -> None:
        """The inverse of `kept_besides`; called before arrays and queues get their values of that time."""

    def check_kept(self, kept: Mapping[str, Any]) -> None:
        """`WrongState` for what cannot be taken back; changes nothing."""

    def resized_by(self, kept: Mapping[str, Any]) -> bool:
        """Whether `take_back` makes arrays of another size."""
        return False

    def own_tasks(self, run: RunNamespace) -> list[Task]:
        """A class of a user's that has a method ``run`` gets it called at every tick."""
        if not self._active or not callable(getattr(type(self), "run", None)):
            return []
        return [HostCall(name=self.name, clock=self._clock.name, when=self._when, order=self._order)]

    def before_run(self, run_namespace: Mapping[str, object] | None = None) -> None:
        """Called before every run of the network; for classes of users. ``run_namespace``: names visible to the run."""

    def after_run(self) -> None:
        """Called after every run of the network; for classes of users."""

    def dependencies(self) -> Iterable["BrianObject"]:
        """Objects that must be in the same network."""
        return ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    def _repr_html_(self) -> str:
        return html.table(
            type(self).__name__, ("when", "order", "dt", "active"),
            [(self.when, self.order, self.clock.pace, self.active)], self.name)


def user_line() -> str:
    """File and line of the user's call that led here."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    if frame is None:
        return ""
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"


_SCOPE = [0]


def current_scope() -> int:
    """Number of the scope that objects made now belong to."""
    return _SCOPE[0]


def start_scope() -> None:
    """Objects made so far are invisible to `run` from now on."""
    _SCOPE[0] += 1
    structure_changed()
