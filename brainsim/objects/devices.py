"""Brian-style devices: there is one that runs models, this process. Targets are chosen by ``prefs.codegen.target``."""
from __future__ import annotations

from typing import Any

from brainsim.errors import UnknownName, Unsupported
from brainsim.objects.random_state import random_state, seed


class Device:
    """What a device answers to; classes of users may add their own to ``all_devices``."""

    build_on_run = True
    build_options: dict[str, Any] = {}

    def activate(self, build_on_run: bool = True, **options: Any) -> None:
        """Called when the device is chosen."""

    def build(self, **options: Any) -> None:
        """Nothing to do: models are built when they run."""

    def reinit(self) -> None:
        """Nothing to forget."""

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
    """Choose ``'runtime'``, or a device of your own from ``all_devices``.

    Standalone projects are not there yet; runtime mode compiles the whole network as they do.
    """
    if isinstance(name, str) and name not in all_devices:
        if name in ("cpp_standalone", "cuda_standalone", "genn"):
            raise Unsupported(f"The device '{name}' is not there yet",
                              help="remove set_device: in runtime mode brainsim compiles the whole network, at the speed of a standalone program")
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
    """Nothing to forget."""
