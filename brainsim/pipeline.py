"""From objects to a running program: one call per stage.

    declare → parse → resolve → integrate → lower → optimise → write, build → advance

Objects declare and parse when they are made; their ``tasks`` resolve and integrate; the rest happens here.
"""
from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial

import numpy as np

from brainsim.errors import BrainsimError, Unsupported, WrongValue
from brainsim.ir.flights import room_for_flights
from brainsim.ir.program import Array, Host, Native, Program, Queue
from brainsim.ir.state import PythonFunction, QueueState, State
from brainsim.ir.text import program as program_text
from brainsim.language.expressions import statement_text
from brainsim.lowering.program import lower
from brainsim.model.resolve import Block
from brainsim.model.symbols import External, Symbol
from brainsim.model.tasks import Summed, Task
from brainsim.options import prefs
from brainsim.passes import PASSES, WORK, optimise
from brainsim.passes.host import only_python, to_host, with_natives
from brainsim.passes.literals import lift_literals
from brainsim.passes.watch import START, watched
from brainsim.stages import stage
from brainsim.targets.contract import Executable, Missing, Settings, Target, Written
from brainsim.targets.numpy_arrays import NumpyTarget
from brainsim.targets.registry import ALWAYS, BEST, TARGETS

logger = logging.getLogger("brainsim")


@dataclass
class Values:
    """What the objects of a network hand over: declared arrays and queues with their contents, sizes and scalars.

    Arrays ``on_request`` are made when a program uses them.
    """

    arrays: dict[str, tuple[Array, np.ndarray]] = field(default_factory=dict)
    queues: dict[str, tuple[Queue, QueueState]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    params: dict[str, float | int] = field(default_factory=dict)
    clocks: list[str] = field(default_factory=list)
    times: dict[str, np.ndarray] = field(
        default_factory=dict)  #: of listed clocks: seconds of each step, and the last once more
    functions: dict[str, PythonFunction] = field(default_factory=dict)
    natives: dict[str, Native] = field(default_factory=dict)
    on_request: dict[str, tuple[Array, Callable[[], np.ndarray]]] = field(default_factory=dict)

    def declared(self) -> dict[str, Array]:
        """Every array that a program may use."""
        return {n: a for found in (self.arrays, self.on_request) for n, (a, _) in found.items()}

    def contents(self, name: str) -> np.ndarray:
        """The values of an array."""
        return self.arrays[name][1] if name in self.arrays else self.on_request[name][1]()


@dataclass
class Prepared:
    """A network ready to advance."""

    tasks: tuple[Task, ...]
    program: Program
    target: Target
    source: Written
    executable: Executable
    state: State
    literals: Mapping[str, float]
    in_python: Mapping[int,
                       Callable[[],
                                None]] = field(default_factory=dict)  #: by number, kernels that run outside the target
    spent: dict[str, float] = field(default_factory=dict)                       #: seconds by task, when profiled
    whole: Program | None = None  #: with the bodies of kernels that run outside the target
    lowered: Program | None = None                                              #: before the passes
    passes: tuple[str, ...] = ()                                                #: those that were applied

def blocks_of(tasks: Iterable[Task]) -> Iterable[Block]:
    """All pieces of code of tasks."""
    return (block for task in tasks for block in task.blocks)


def symbols_of(tasks: Iterable[Task]) -> Iterable[Symbol]:
    """All symbols that tasks refer to."""
    for block in blocks_of(tasks):
        yield from block.symbols.values()


def functions_of(tasks: Iterable[Task]) -> Iterable[External]:
    """All functions from outside that tasks call."""
    for block in blocks_of(tasks):
        yield from block.functions.values()


def choose_target(threads: int | None = None) -> Target:
    """The target that the preferences name; ``auto`` is the best that runs here, and says what would run better."""
    wanted = str(prefs["codegen.target"])
    settings = Settings(str(prefs["codegen.math"]), str(prefs["codegen.compiler"]),
                        int(prefs["codegen.threads"] if threads is None else threads))
    target = TARGETS[BEST if wanted == "auto" else wanted](settings)
    found = target.available()
    if not isinstance(found, Missing):
        return target
    if wanted != "auto":
        raise BrainsimError(f"The target '{wanted}' does not run here: {found.reason}", help=found.remedy)
    other = TARGETS[ALWAYS](Settings())
    _warn_once(f"{found.reason}: running on the slower NumPy target. To run compiled, {found.remedy}")
    return other


@lru_cache(maxsize=None)
def _warn_once(text: str) -> None:
    logger.warning(text)


@stage("build")
def prepare(tasks: Sequence[Task], values: Values, slots: Sequence[str], target: Target,
            profile: bool = False) -> Prepared:
    """Lower, optimise, write and build; allocate the state. With ``profile`` every kernel stays apart and is timed."""
    _refuse_two_sums(tasks, values.params)
    if profile and not target.traits.network_operations:
        raise Unsupported(f"The target '{target.name}' runs a step in one piece: profile=True finds no parts to time",
                          help="net.timings has the seconds of each stage; 'cython' and 'numpy' have profiles")
    program = stage("lower")(lower)(tasks, values.declared(), {n: q for n, (q, _) in values.queues.items()}, slots,
                    [t.clock for t in tasks] + list(values.clocks), values.times)
    program, literals = lift_literals(program)
    done = target.traits.does | ({"blocks"} if profile else frozenset())
    passes = tuple(p for p in PASSES if WORK.get(p) not in done) if prefs["codegen.passes"] else ()
    lowered = program
    program = stage("optimise")(optimise)(program, passes)
    program, ended = watched(program) if profile else (program, {})
    spent: dict[str, float] = {}
    if not target.traits.calls_functions:
        program = with_natives(program, values.natives, values.declared())
    source = _written(_for(target, program), target)
    executable, state, in_python = begin(program, target, source, values, literals)
    return Prepared(tuple(tasks), state.program, target, source, executable, state, literals,
                    {**in_python, **_stamps(ended, spent)}, spent, program, lowered, passes)


@stage("build")
def begin(program: Program, target: Target, source: Written, values: Values,
          literals: Mapping[str, float]) -> tuple[Executable, State, dict[int, Callable[[], None]]]:
    """Build what was written and allocate a state; besides these two, the kernels that run in Python, by number."""
    runs = _for(target, program)
    executable = target.build(runs, source)
    state = allocate(runs, values, literals)
    executable.bind(state)
    return executable, state, {} if runs is program else _in_python(program, executable, state, target.settings.math)


def _for(target: Target, program: Program) -> Program:
    """The program with returns to Python where the target cannot call a function itself."""
    return program if target.traits.calls_functions else to_host(program)


def _stamps(ended: Mapping[int, str], spent: dict[str, float]) -> dict[int, Callable[[], None]]:
    """Python functions that add the time since the last of them to what just ended."""
    last = [0.0]

    def stamp(name: str) -> None:
        now = time.perf_counter()
        if name != START:
            spent[name] = spent.get(name, 0.0) + now - last[0]
        last[0] = time.perf_counter()

    return {n: partial(stamp, name) for n, name in ended.items()}


def _in_python(program: Program, executable: Executable, state: State, math: str) -> dict[int, Callable[[], None]]:
    """The kernels that call Python functions, as NumPy runs them; a queue that grew is handed over again."""
    numbers = [n for n, k in enumerate(program.kernels) if k.calls_python(program.compiled)]
    if not numbers:
        return {}
    part, numpy = only_python(program), NumpyTarget(math)
    kernels = numpy.build(part, numpy.write(part))

    def call(number: int) -> None:
        kernels.run_kernel(number, state)
        if part.kernels[number].facts.appends:
            executable.bind(state)

    return {n: partial(call, n) for n in numbers}


_WRITTEN: dict[tuple[Program, str, Settings], Written] = {}


@stage("write")
def _written(program: Program, target: Target) -> Written:
    key = (program, target.name, replace(target.settings, threads=1))
    written = _WRITTEN.get(key)
    if written is None:
        if len(_WRITTEN) > 64:
            _WRITTEN.clear()
        written = _WRITTEN[key] = target.write(program)
    return written


def allocate(program: Program, values: Values, literals: Mapping[str, float]) -> State:
    """The state: the objects' own arrays, so that what a run changes is at once what users read."""
    queues = {q.name: values.queues[q.name][1] for q in program.queues if q.name in values.queues}
    sizes = {s: values.sizes[s] for s in program.spaces if s in values.sizes}
    own = room_for_flights(program, queues, sizes)
    queues = {q.name: queues[q.name] for q in program.queues}
    arrays = {a.name: own[a.name] if a.name in own else values.contents(a.name) for a in program.arrays}
    sizes |= {a.space: len(arrays[a.name]) for a in program.arrays if a.space not in sizes}
    sizes |= {q.into: values.sizes[q.into] for q in program.queues if q.into in values.sizes}
    for q in program.queues:
        state = queues[q.name]
        state.make_room(16)
    params = {name: literals[name] if name in literals else values.params[name] for name, _ in program.params}
    return State(program, sizes, params, arrays, queues, values.functions, {c: values.times[c] for c in program.listed})


def host_kernels(prepared: Prepared) -> dict[int, str]:
    """Number and name of the kernels that are network operations."""
    return {
        n: k.name for n, k in enumerate(prepared.program.kernels)
        if isinstance(k.domain, Host) and n not in prepared.in_python
    }


def explain(prepared: Prepared, stage: str) -> str:
    """A stage as readable text: 'model', 'passes', 'program', 'plan' or 'source'."""
    match stage:
        case "model":
            return "\n\n".join(_task_text(t) for t in prepared.tasks)
        case "passes":
            report = [f"lift_literals: {len(prepared.literals)} numbers became parameters"]
            assert prepared.lowered is not None
            optimise(prepared.lowered, prepared.passes, report)
            return "\n".join(report)
        case "program":
            return program_text(prepared.program)
        case "plan":
            return prepared.target.plan(prepared.state.program)
        case "source":
            return "\n\n".join([prepared.source.text, *(text for _, text in prepared.source.more)])
    raise WrongValue(f"There is no stage '{stage}' to explain", help="'model', 'passes', 'program', 'plan' or 'source'")


def _task_text(task: Task) -> str:
    head = f"{task.name}: {type(task).__name__} in slot '{task.when}', order {task.order}, on {task.clock}"
    lines = [statement_text(s, "    ") for s in task.code["block"].statements] if "block" in task.code else []
    return "\n".join([head, *lines])


def _refuse_two_sums(tasks: Iterable[Task], params: Mapping[str, float | int]) -> None:
    def part(task: Summed) -> tuple[float, float]:
        return (0, np.inf) if task.bounds is None else (params[task.bounds.first], params[task.bounds.last])

    seen: dict[str, list[Summed]] = {}
    for task in tasks:
        if isinstance(task, Summed):
            for other in seen.get(task.target.program, []):
                if part(task)[0] < part(other)[1] and part(other)[0] < part(task)[1]:
                    raise Unsupported(
                        f"'{task.name}' and '{other.name}' both set '{task.target.program}'",
                        help="a summed variable has one source: use two variables and add them in the equations")
            seen.setdefault(task.target.program, []).append(task)
