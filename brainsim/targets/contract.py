"""What every target supplies: six functions and two answers to "can you run here?"."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from brainsim.ir.program import Program
from brainsim.ir.state import Pause, State


@dataclass(frozen=True)
class Available:
    """The target runs here; ``what`` names the compiler or library it found."""

    what: str = ""


@dataclass(frozen=True)
class Missing:
    """The target does not run here: why, and what the user can do."""

    reason: str
    remedy: str


@dataclass(frozen=True)
class Written:
    """Generated text; ``digest`` names it in caches. ``more`` are further texts by their language."""

    text: str
    language: str
    digest: str
    more: tuple[tuple[str, str], ...] = ()


class Executable(Protocol):
    """A built program."""

    def bind(self, state: State) -> None:
        """Use these arrays from now on; called again whenever an array or queue was replaced."""

    def load_params(self, state: State) -> None:
        """Read the scalars and the seed anew."""

    def advance(self, state: State, ticks: int) -> Pause:
        """Advance by up to ``ticks`` ticks."""


class Target(Protocol):
    """A machine that programs run on."""

    name: str
    calls_python: bool     #: whether kernels may call Python functions
    frees_lock: bool       #: whether runs may go side by side in threads: the interpreter lock is not held
    left_out: tuple[str, ...]     #: passes that it does better itself

    def available(self) -> Available | Missing:
        """Never raises."""

    def write(self, program: Program) -> Written:
        """Pure: testable without the machine."""

    def build(self, program: Program, source: Written) -> Executable:
        """Cached by digest, safe between processes."""
