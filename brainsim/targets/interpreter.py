"""The interpreter as a target: the definition of the language, for tests and for reading along."""
from __future__ import annotations

from brainsim.ir import text
from brainsim.ir.evaluate import advance
from brainsim.ir.program import Program
from brainsim.ir.state import Pause, State
from brainsim.ir.text import program as program_text
from brainsim.targets.cache import digest
from brainsim.targets.contract import Available, Settings, Traits, Written


class Interpreter:
    """Runs programs element by element in plain Python."""

    name = "interpreter"
    traits = Traits(calls_functions=True, network_operations=True, frees_lock=False)
    settings = Settings("strict")

    def alone(self) -> "Interpreter":
        """Itself."""
        return self

    def available(self) -> Available:
        """Always."""
        return Available("plain Python")

    def write(self, program: Program) -> Written:
        """The program's own text."""
        written = text.program(program)
        return Written(written, "program", digest(written))

    def plan(self, program: Program) -> str:
        """Kernels run as the program says."""
        return program_text(program)

    def build(self, program: Program, source: Written) -> "InterpreterExecutable":
        """Nothing to build."""
        return InterpreterExecutable()


class InterpreterExecutable:
    """Calls the definition."""

    def bind(self, state: State) -> None:
        """Nothing to do."""

    def load_params(self, state: State) -> None:
        """Nothing to do."""

    def advance(self, state: State, ticks: int) -> Pause:
        """See `brainsim.ir.evaluate.advance`."""
        return advance(state, ticks)
