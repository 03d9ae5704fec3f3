"""Brian-style devices: there is one that runs models, this process. Targets are chosen by ``prefs.codegen.target``."""
from __future__ import annotations

import logging
from typing import Any

from brainsim.errors import UnknownName
from brainsim.objects.groups.random_state import random_state, seed

logger = logging.getLogger("brainsim")


class Device:
    """What a device answers to; classes of users may add their own to ``all_devices``."""

    build_on_run = True
    build_options: dict[str, Any] = {}

    def activate(self, build_on_run: bool = True, **options: Any) -> None:
        """Called when the device is chosen."""

    def build(self, *arguments: Any, **options: Any) -> None:
        """Nothing to do: models are built when they run."""

    def reinit(self) -> None:
        """Nothing to forget."""

    def delete(self, *arguments: Any, **options: Any) -> None:
        """Nothing to remove."""

    def insert_code(self, slot: str, code: str) -> None:
        """Says that there is no program to insert code into."""
        logger.warning("device.insert_code('%s', ...) has no effect: no program is written in this mode", slot)

    def ran(self, took: float, completed: float) -> None:
        """Told by a network after a run: how long it took, in seconds, and how much of it was done, 0 to 1."""

    def seed(self, value: int | None = None) -> None:
        """See `brainsim.seed`."""
        seed(value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class RuntimeDevice(Device):
    """Runs models in this process."""

    def get_random_state(self) -> dict[str, Any]:
        """Everything that random numbers depend on, for `set_random_state`."""
        return random_state.kept()

    def set_random_state(self, state: dict[str, Any]) -> None:
        """Random numbers go on as they did after `get_random_state`."""
        random_state.put_back(state)


class ActiveDevice:
    """The device in use, whichever it is."""

    def __getattr__(self, name: str) -> Any:
        return getattr(get_device(), name)

    def __repr__(self) -> str:
        return repr(get_device())


runtime_device = RuntimeDevice()
all_devices: dict[str, Device] = {"runtime": runtime_device}
previous_devices: list[Device] = []
_active: list[Device] = [runtime_device]
device = ActiveDevice()


def get_device() -> Device:
    """The device in use."""
    return _active[0]


def set_device(name: str | Device, build_on_run: bool = True, **options: Any) -> None:
    """Choose ``'runtime'``, a standalone device (which runs models in this process too), or a device of your own from
    ``all_devices``."""
    if isinstance(name, str) and name not in all_devices:
        raise UnknownName(f"There is no device '{name}'", help=", ".join(f"'{n}'" for n in all_devices))
    chosen = all_devices[name] if isinstance(name, str) else name
    if chosen is not _active[0]:
        previous_devices.append(_active[0])
    _active[0] = chosen
    chosen.activate(build_on_run=build_on_run, **options)


def reset_device(name: str | Device | None = None) -> None:
    """Back to the device before the last `set_device`, or to a given one."""
    if name is None:
        _active[0] = previous_devices.pop() if previous_devices else runtime_device
    else:
        _active[0] = all_devices[name] if isinstance(name, str) else name
        previous_devices.clear()


def reinit_devices() -> None:
    """All devices forget what they built."""
    for each in all_devices.values():
        each.reinit()
