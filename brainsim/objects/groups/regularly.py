"""Statements that run at the ticks of a clock: `Group.run_regularly`."""
from __future__ import annotations

import weakref
from typing import Any

from brainsim.errors import WrongType
from brainsim.model.resolve import once_and_each
from brainsim.model.tasks import Elementwise, Task
from brainsim.objects.groups.clock import BaseClock
from brainsim.objects.groups.named import BrianObject
from brainsim.objects.groups.scoped import Scoped
from brainsim.objects.names.namespace import RunNamespace


class RunRegularly(BrianObject):
    """Statements that run on every element of a group at the ticks of a clock (of the group's own, unless told
    otherwise)."""

    def __init__(self, group: Scoped, code: str, *, dt: object = None, clock: BaseClock | None = None, **place: Any):
        if not isinstance(code, str):
            raise WrongType("run_regularly takes statements as a string", found=repr(code))
        super().__init__(dt=dt, clock=group.clock if dt is None and clock is None else clock, **place)
        # a part may have no other name; a whole group holds this object, and would keep itself alive
        self._group = group if group.parent is not group else weakref.proxy(group)
        self.code = code

    def refers_to(self) -> list[BrianObject]:
        """The group."""
        return [self._group]

    def own_tasks(self, run: RunNamespace) -> list[Task]:
        """What is shared, once; then the block for each element."""
        once, each = once_and_each(self._group.block_of(self.code, "run_regularly", run))
        space, bounds = self._group.own_domain()
        return [
            Elementwise(name=self.name, clock=self.clock.name, when=self.when, order=self.order, space=space,
                        bounds=bounds, block=each, guarded=True, before=once if once.statements else None)
        ]


