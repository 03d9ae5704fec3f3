"""Python functions that run at the ticks of a clock."""
from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from brainsim.errors import WrongType
from brainsim.model.tasks import HostCall, Task
from brainsim.objects.groups.clock import BaseClock
from brainsim.objects.groups.named import BrianObject
from brainsim.objects.names.namespace import RunNamespace


class NetworkOperation(BrianObject):
    """Calls ``function()`` or ``function(t)`` at every tick of its clock."""

    add_to_magic_network = True

    def __init__(self, function: Callable[..., object], dt: object = None, clock: BaseClock | None = None,
                 when: str = "start", order: int = 0, name: str = "networkoperation*"):
        if not callable(function):
            raise WrongType("A network operation is a function", found=repr(function))
        arguments = list(inspect.signature(function).parameters)
        if len(arguments) > 1:
            raise WrongType("A network operation takes no argument or the time", found=f"{len(arguments)} arguments")
        if arguments == ["self"]:
            raise WrongType("A method cannot be decorated as a network operation",
                            help="NetworkOperation(self.method) in __init__")
        super().__init__(dt=dt, clock=clock, when=when, order=order, name=name)
        self.function, self._takes_time = function, bool(arguments)

    def run(self) -> None:
        """Run the function for the present step."""
        if self._takes_time:
            self.function(self.clock.t)
        else:
            self.function()

    def own_tasks(self, run: RunNamespace) -> list[Task]:
        """One return to Python per tick."""
        if not self.active:
            return []
        return [HostCall(name=self.name, clock=self.clock.name, when=self.when, order=self.order)]


def network_operation(*args: Any, **kwargs: Any) -> Any:
    """Decorator: ``@network_operation``, or with arguments ``@network_operation(dt=1*ms)``."""
    if len(args) == 1 and callable(args[0]) and not kwargs:
        return NetworkOperation(args[0])
    if args and not callable(args[0]) and not isinstance(args[0], BaseClock):
        raise WrongType("network_operation takes its arguments by name", found=repr(args[0]))
    if args:
        kwargs["clock"] = args[0]
    return lambda function: NetworkOperation(function, **kwargs)
