"""What every target supplies: traits, an answer to "can you run here?", and how programs are written, built and run."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from brainsim.errors import Unsupported
from brainsim.ir.program import Host, Program
from brainsim.ir.state import Pause, State

Work = Literal["blocks", "choices", "invariants", "repeats", "unread", "sums"]
"""What passes do for a target that does not do it itself: larger loops, choices in place of branches, what does not
depend on the element before the loop, what is computed twice once, what nobody reads not at all, sums of events when
they are sent."""


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


@dataclass(frozen=True)
class Settings:
    """What users choose about how programs run: ``math`` 'fast' or 'strict', a C ``compiler``, and ``threads``."""

    math: str = "fast"
    compiler: str = ""
    threads: int = 1


@dataclass(frozen=True)
class Traits:
    """What the rest of the house asks about a target."""

    calls_functions: bool      #: kernels may call Python functions; else code in C is compiled, the rest runs in NumPy
    network_operations: bool   #: a run may return to Python between two kernels
    frees_lock: bool           #: runs may go side by side in threads: the interpreter lock is not held
    does: frozenset[Work] = frozenset()     #: what it does itself, and better than passes


class Executable(Protocol):
    """A built program."""

    def bind(self, state: State) -> None:
        """Use these arrays from now on; called again whenever an array or queue was replaced."""
        ...

    def load_params(self, state: State) -> None:
        """Read the scalars and the seed anew."""
        ...

    def advance(self, state: State, ticks: int) -> Pause:
        """Advance by up to ``ticks`` ticks."""
        ...


class Target(Protocol):
    """A machine that programs run on."""

    name: str
    traits: Traits
    settings: Settings

    def available(self) -> Available | Missing:
        """Never raises."""
        ...

    def write(self, program: Program) -> Written:
        """Pure: testable without the machine."""
        ...

    def plan(self, program: Program) -> str:
        """How each kernel will be run, for people."""
        ...

    def build(self, program: Program, source: Written) -> Executable:
        """Cached by digest, safe between processes."""
        ...

    def alone(self) -> "Target":
        """The target for runs that go side by side, each in one thread."""
        ...


def refuse_operations(program: Program, target: Target) -> None:
    """`Unsupported` where a program returns to Python and the target cannot."""
    for k in program.kernels if not target.traits.network_operations else ():
        if isinstance(k.domain, Host):
            raise Unsupported(
                f"The target '{target.name}' cannot return to Python within a run: '{k.name}' is a network operation",
                help="write it as equations, run_regularly or synaptic code, or use prefs.codegen.target = 'cython'")
