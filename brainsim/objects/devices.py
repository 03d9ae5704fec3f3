"""Brian-style devices: there is one, the running process. Targets are chosen by ``prefs.codegen.target``."""
from __future__ import annotations

from typing import Any

from brainsim.errors import UnknownName, Unsupported
from brainsim.objects.random_state import seed


class RuntimeDevice:
    """Runs models in this process."""

    def seed(self, value: int | None = None) -> None:
        """See `brainsim.seed`."""
        seed(value)

    def reinit(self) -> None:
        """Nothing to forget."""

    def activate(self, **options: Any) -> None:
        """Nothing to switch on."""

    def __repr__(self) -> str:
        return "RuntimeDevice()"


device = RuntimeDevice()
all_devices = {"runtime": device}


def get_device() -> RuntimeDevice:
    """The device in use."""
    return device


def set_device(name: str, build_on_run: bool = True, **options: Any) -> None:
    """Only ``'runtime'``. Standalone projects are not there yet; runtime mode compiles the whole network as they do."""
    if name == "runtime":
        return
    if name in ("cpp_standalone", "cuda_standalone", "genn"):
        raise Unsupported(f"The device '{name}' is not there yet",
                          help="remove set_device: in runtime mode brainsim compiles the whole network, at the speed of a standalone program")
    raise UnknownName(f"There is no device '{name}'", help="'runtime'")


def reset_device(name: str | None = None) -> None:
    """Back to the device before; there is one."""


def reinit_devices() -> None:
    """Nothing to forget."""
