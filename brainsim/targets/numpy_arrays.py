"""The NumPy target: each kernel becomes a Python function of whole-array operations. Needs no compiler."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from brainsim.ir import library
from brainsim.ir.evaluate import advance as advance_plain
from brainsim.ir.functions import FUNCTIONS
from brainsim.ir.program import Host, Kernel, Program
from brainsim.ir.random import draw_many
from brainsim.ir.state import Pause, State
from brainsim.ir.text import program as program_text
from brainsim.targets.cache import digest
from brainsim.targets.contract import Available, Settings, Traits, Written
from brainsim.targets.numpy_words import (
    DrawAhead,
    append,
    cast,
    expand,
    fan_out,
    power_many,
    random_members,
    strict_draw,
    strict_power,
)
from brainsim.targets.numpy_writer import NumpyKernelWriter


class NumpyTarget:
    """Equations → array operations. ``math='strict'`` takes its functions from the C library, slowly, for the same bits
    as compiled code."""

    name = "numpy"
    traits = Traits(calls_functions=True, network_operations=True, frees_lock=False)

    def __init__(self, math: str = "fast") -> None:
        self.settings = Settings(math)

    def alone(self) -> "NumpyTarget":
        """Itself."""
        return self

    def available(self) -> Available:
        """Always."""
        return Available(f"NumPy {np.__version__}")

    def write(self, program: Program) -> Written:
        """One Python function per kernel."""
        text = "\n\n".join(
            NumpyKernelWriter(program, k, n).function() for n, k in enumerate(program.kernels)
            if not isinstance(k.domain, Host))
        return Written(text, "python", digest(text))

    def plan(self, program: Program) -> str:
        """Kernels run as the program says, each over all of its elements at once."""
        return program_text(program)

    def build(self, program: Program, source: Written) -> "NumpyExecutable":
        """The functions, ready to call."""
        scope: dict[str, Any] = {
            **FUNCTIONS, "divide": np.divide, "floor_divide": np.floor_divide, "mod": np.mod,
            "logical_not": np.logical_not, "logical_and": np.logical_and, "logical_or": np.logical_or,
            "where": np.where, "power": power_many, "draw_many": draw_many, "draw_ahead": DrawAhead(),
            "append": append, "fan_out": fan_out, "random_members": random_members, "flatnonzero": np.flatnonzero,
            "arange": np.arange, "add_at": np.add.at, "multiply_at": np.multiply.at, "cast": cast, "inf": np.inf,
            "nan": np.nan, "expand": expand
        }
        if self.settings.math == "strict" and library.functions():
            scope |= {n: f for n, f in library.functions().items() if n != "pow"} | {"power": strict_power}
            scope |= {"draw_many": strict_draw, "draw_ahead": DrawAhead(strict_draw)}
        exec(compile(source.text, "<brainsim numpy target>", "exec"), scope)
        return NumpyExecutable(program, [scope.get(f"kernel_{n}") for n in range(len(program.kernels))])


class NumpyExecutable:
    """Kernel functions and the plain loop over time."""

    def __init__(self, program: Program, functions: Sequence[Any]):
        self.program = program
        self._run = {id(k): f for k, f in zip(program.kernels, functions)}
        self._number = {q.name: n for n, q in enumerate(program.queues)}

    def bind(self, state: State) -> None:
        """Arrays are looked up by name in each call; nothing to do."""

    def load_params(self, state: State) -> None:
        """Scalars are looked up by name in each call; nothing to do."""

    def advance(self, state: State, ticks: int) -> Pause:
        """The interpreter's loop over time, with these kernels."""
        with np.errstate(all="ignore"):
            return advance_plain(state, ticks, self._step, self._lacks_room)

    def _step(self, kernel: Kernel, state: State) -> None:
        self._run[id(kernel)](state)

    def run_kernel(self, number: int, state: State) -> None:
        """One kernel, for the present step."""
        with np.errstate(all="ignore"):
            self._step(self.program.kernels[number], state)

    def _lacks_room(self, kernel: Kernel, state: State) -> bool:
        return False  # appending grows a queue here
