"""Standalone devices of Brian 2, for scripts that choose them: here their models run in this process, and nothing is
exported."""
from __future__ import annotations

import logging
import shutil
import tempfile
from pathlib import Path
from typing import Any

from brainsim.errors import Unsupported, WrongState, WrongType, near
from brainsim.objects.network.devices import Device, all_devices

logger = logging.getLogger("brainsim")
BUILD = ("directory", "results_directory", "compile", "run", "debug", "clean", "with_output", "additional_source_files",
         "run_args", "direct_call")
REPEAT = ("one script may run a model many times: net.store() before the first run, "
          "net.restore() and new values before each other one")


class StandaloneDevice(Device):
    """Takes what scripts tell a standalone device, and runs their models as runtime mode does: compiled as a whole,
    when `run` is called."""

    _options: frozenset[str] | None = frozenset(
        BUILD)  #: of `build` and `set_device`; None where packages beside Brian 2 decide
    _told = False

    def __init__(self, name: str):
        self._name = name
        self.reinit()

    def activate(self, build_on_run: bool = True, **options: Any) -> None:
        """Begin with this device; says once that nothing is exported. `Unsupported` for a project that is not to be
        run."""
        self._check(options)
        self.build_on_run, self.build_options = build_on_run, dict(options)
        if not self._told:
            self._told = True
            logger.warning(
                "set_device('%s'): no project is written; the model runs in this process when run() is called, "
                "compiled as a whole and "
                "with the results of runtime mode", self._name, extra={"topic": "standalone_in_process"})

    def reinit(self) -> None:
        """Forget the build and its options, so that another may follow `activate`."""
        self.build_on_run, self.build_options = True, {}
        self.has_been_run = False
        self.timers: dict[str, Any] = {"run_binary": None, "compile": {"clean": None, "make": None}}
        self._last_run_time, self._last_run_completed_fraction = 0.0, 0.0
        self._folder: Path | None = None

    def build(self, directory: Any = "output", **options: Any) -> None:
        """The end of a script with ``build_on_run=False``; its runs have happened. `WrongState` where there is nothing
        to build any more."""
        self._check(options)
        if self.build_on_run:
            raise WrongState("The device was chosen with build_on_run=True, so run() builds and runs the model",
                             help="leave out device.build(), or choose the device with build_on_run=False")
        if self.has_been_run:
            raise WrongState("The model has been built and run already",
                             help="device.reinit(), then device.activate(build_on_run=False), begin another one")
        self.build_options = {"directory": directory, **options}
        self.has_been_run = True

    def ran(self, took: float, completed: float) -> None:
        """Told by a network after a run: how long it took, in seconds, and how much of it was done, 0 to 1."""
        self.has_been_run = self.has_been_run or self.build_on_run
        self._last_run_time, self._last_run_completed_fraction = took, completed
        self.timers["run_binary"] = took

    @property
    def project_dir(self) -> str | None:
        """The folder of the project once the model has run: there, and empty. None before."""
        if not self.has_been_run:
            return None
        if self._folder is None:
            chosen = self.build_options.get("directory", "output")
            self._folder = Path(tempfile.mkdtemp(
                prefix="brainsim_standalone_")) if chosen is None else Path(chosen).absolute()
            self._folder.mkdir(parents=True, exist_ok=True)
        return str(self._folder)

    @property
    def results_dir(self) -> str | None:
        """The folder of results below `project_dir`; empty too."""
        if self.project_dir is None:
            return None
        folder = Path(self.project_dir) / self.build_options.get("results_directory", "results")
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)

    def delete(self, code: bool = True, data: bool = True, run_args: bool = True, directory: bool = True,
               force: bool = False) -> None:
        """Remove the folders that `project_dir` made, where they are still empty."""
        if self._folder is not None and directory and self._folder.is_dir() and not any(
                p.is_file() for p in self._folder.rglob("*")):
            shutil.rmtree(self._folder)
        self._folder = None

    def insert_code(self, slot: str, code: str) -> None:
        """`Unsupported`: there is no program to insert code into."""
        raise Unsupported(
            "device.insert_code adds C++ to a program that is not written here", found=f"{slot}: {code.strip()[:60]}",
            help="call Python between two runs, or in a network_operation; a function in C++ may be used in equations "
            "(@implementation('cpp', ...))")

    def run(self, *arguments: Any, **options: Any) -> None:
        """`Unsupported`: there is no program to repeat."""
        raise Unsupported("device.run repeats a program that is not written here", help=REPEAT)

    def apply_run_args(self) -> None:
        """`Unsupported`: there is no program that takes arguments."""
        raise Unsupported("device.apply_run_args belongs to a program that is not written here", help=REPEAT)

    @property
    def run_args(self) -> Any:
        """`Unsupported`: there is no program that takes arguments."""
        raise Unsupported("device.run_args belongs to a program that is not written here", help=REPEAT)

    def _check(self, options: dict[str, Any]) -> None:
        """Refuse what no device knows, and what asks for a project without running it, or for another run of it."""
        for name in options:
            if self._options is not None and name not in self._options:
                raise WrongType(f"The device '{self._name}' has no option '{name}'", help=near(name, self._options)
                                or ", ".join(BUILD))
        for name, wish in (("run", "is not to be run"), ("compile", "is not to be compiled")):
            if options.get(name) is False:
                raise Unsupported(f"{name}=False: a project that {wish} is not written here",
                                  help=f"leave out {name}=False; {REPEAT}")
        for name in ("run_args", "additional_source_files"):
            if options.get(name):
                raise Unsupported(f"'{name}' belongs to a program that is not written here",
                                  found=repr(options[name])[:80], help=REPEAT)


class CPPStandaloneDevice(StandaloneDevice):
    """``'cpp_standalone'``."""


class CUDAStandaloneDevice(CPPStandaloneDevice):
    """``'cuda_standalone'``, which brian2cuda adds to Brian 2."""

    _options = None


class GeNNDevice(CPPStandaloneDevice):
    """``'genn'``, which brian2genn adds to Brian 2. There, synaptic effects reach their targets one step later than
    here."""

    _options = None


cpp_standalone_device = CPPStandaloneDevice("cpp_standalone")
all_devices |= {
    "cpp_standalone": cpp_standalone_device, "cuda_standalone": CUDAStandaloneDevice("cuda_standalone"), "genn":
    GeNNDevice("genn")
}
