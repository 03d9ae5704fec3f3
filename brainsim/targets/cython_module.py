"""The compiled CPU target: one Cython module per network, its loops and its scheduler plain C, one call per `run`."""
from __future__ import annotations

import importlib.machinery
import importlib.util
import sysconfig
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from brainsim.errors import BuildError
from brainsim.ir.program import FanOut, Program
from brainsim.ir.state import Pause, State
from brainsim.kept import BUILD_FOLDERS, alone, keep, whole
from brainsim.targets import c_source, loop_plan, loops, native
from brainsim.targets.cache import digest, module_path, run_compiler
from brainsim.targets.compiler import Compiler, cpp_flags, cpu, find_compiler
from brainsim.targets.contract import Available, Missing, Settings, Traits, Written
from brainsim.targets.loop_plan import packed_indices, steady
from brainsim.targets.split import split
from brainsim.targets.templates import read
from brainsim.targets.wrapper import MODULE, version, wrapper

CPP_HELP = ("a C++ compiler is needed (Debian/Ubuntu: apt install g++; or pip install ziglang); "
            "without one, prefs.codegen.target = 'numpy' calls the Python function")
OWN_CODE = "correct the code given to @implementation; prefs.codegen.target = 'numpy' calls the Python function"
HEADERS = ("language.h", "table.h", "team.h", "schedule.h")
SUFFIX = sysconfig.get_config_var("EXT_SUFFIX") or ".so"


class CythonTarget:
    """Equations → C in Cython → a module of machine code."""

    name = "cython"
    traits = Traits(calls_functions=False, network_operations=True, frees_lock=True)

    def __init__(self, math: str = "fast", compiler: str = "", threads: int = 1):
        self.settings = Settings(math, compiler, threads)

    def alone(self) -> "CythonTarget":
        """The same with one thread."""
        return CythonTarget(self.settings.math, self.settings.compiler)

    def available(self) -> Available | Missing:
        """Whether a C compiler is here."""
        found = find_compiler(self.settings.compiler)
        return found if isinstance(found, Missing) else Available(" ".join(found.command))

    def write(self, program: Program) -> Written:
        """The loops and the scheduler as C text; the Cython half is the same for every network."""
        found = find_compiler(self.settings.compiler)
        simd = isinstance(found, Compiler) and found.vector_functions and self.settings.math == "fast"
        text, other = c_source.source(program, simd, self.settings.math), native.cpp_text(program)
        return Written(text, "C", digest(text, *filter(None, [other])), (("C++", other),) if other else ())

    def plan(self, program: Program) -> str:
        """Blocks and stages, what is shared among threads, what is asked for ahead."""
        return loops.text(loop_plan.plan(program, staged=self.settings.math == "fast"))

    def build(self, program: Program, source: Written) -> "CythonExecutable":
        """The module for this text, from the cache or freshly compiled."""
        compiler = find_compiler(self.settings.compiler)
        if isinstance(compiler, Missing):
            raise RuntimeError(compiler.reason)
        flags, own = compiler.flags(self.settings.math), native.settings(program.natives)
        parts = [source.text, *(read(f"c/{h}") for h in HEADERS)]
        parts += [" ".join(flags), compiler.identity, cpu(), version(), SUFFIX]
        name = "n" + digest(*parts, *(text for _, text in source.more), *([own.identity] if program.natives else []))
        path = module_path(name, SUFFIX)
        module = _ready(path)
        if module is None:
            with alone(name):
                module = _ready(path)      # what another process made meanwhile
                if module is None:
                    compile_module(name, source, compiler, flags, own, path)
                    module = _load(str(module_path(name, SUFFIX)))      # the cache may have moved: its disk is full
        return CythonExecutable(module, program, self.settings.threads)


def compile_module(name: str, source: Written, compiler: Compiler, flags: list[str], own: native.CompilerSettings,
                   path: Path) -> None:
    """Compile the loops and users' functions, link the Cython half to them, and put the module into the cache."""
    try:
        _compile_module(name, source, compiler, flags, own, path)
    except OSError as error:
        raise BuildError("the network's module could not be written", found=str(error),
                         help="make room there, or name other folders by TMPDIR and BRAINSIM_CACHE_DIR; "
                         "prefs.codegen.target = 'numpy' writes nothing") from error


def _compile_module(name: str, source: Written, compiler: Compiler, flags: list[str], own: native.CompilerSettings,
                    path: Path) -> None:
    half = wrapper(compiler)
    with tempfile.TemporaryDirectory(prefix=f"{BUILD_FOLDERS}{name[:8]}_") as folder:
        (Path(folder) / "network.c").write_text(source.text, encoding="utf-8")
        (Path(folder) / "brainsim").mkdir()
        for header in HEADERS:
            (Path(folder) / "brainsim" / header).write_text(read(f"c/{header}"), encoding="utf-8")
        made = Path(folder) / "module.so"
        here = [f"-I{Path.cwd()}"] if own.headers else []
        run_compiler([*compiler.command, *flags, *own.compile, *here, "-c", "network.c", "-o", "network.o"],
                     Path(folder), "the network's loops")
        more = list(_compile_more(source, compiler, [*flags, *own.compile, *here], own, Path(folder)))
        link = [
            *compiler.command, *compiler.link_flags(), "network.o", *more,
            str(half.result()), "-o",
            str(made), *own.link, *(compiler.cpp_libraries() if own.in_cpp or source.more else []),
            *compiler.libraries()
        ]
        run_compiler(link, Path(folder), "to link the network's module")
        keep(made.read_bytes(), path)


def _compile_more(source: Written, compiler: Compiler, flags: list[str], own: native.CompilerSettings,
                  folder: Path) -> Iterator[str]:
    """Users' functions in C++, and further sources of theirs; the object files."""
    for _, text in source.more:
        (folder / "functions.cpp").write_text(text, encoding="utf-8")
        run_compiler([*compiler.cpp_command(), *cpp_flags(flags), "-c", "functions.cpp", "-o", "functions.o"], folder,
                     "the C++ code of a function", help=OWN_CODE, absent=CPP_HELP)
        yield "functions.o"
    for k, given in enumerate(own.sources):
        path, made = Path(given).resolve(), f"source_{k}.o"
        command = [*compiler.cpp_command(), *cpp_flags(flags)] if given.endswith(
            native.CPP_SUFFIXES) else [*compiler.command, *flags]
        run_compiler([*command, "-c", str(path), "-o", made], folder, f"the source {given} of a function",
                     help=OWN_CODE, absent=CPP_HELP)
        yield made


def _ready(path: Path) -> ModuleType | None:
    """The module, if it lies in the cache undamaged."""
    try:
        return _load(str(path)) if path.exists() else None
    except ImportError:
        return None


@lru_cache(maxsize=None)
def _load(path: str) -> ModuleType:
    if whole(Path(path)) is None:      # the system's loader would read beyond the end of a file that was cut short
        raise ImportError(f"{path} is damaged", path=path)
    loader = importlib.machinery.ExtensionFileLoader(MODULE, path)
    spec = importlib.util.spec_from_file_location(MODULE, path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


LEAST_WORK = 40_000
"""A kernel is divided among threads when it has at least so many operations; below 0 always, whatever it costs."""
MOST_AT_ONCE = 1 << 18
"""Synapses looked at together when rows are cut."""
PAUSES = tuple(Pause)
FIELDS = ("arrays", "sizes", "reals", "wholes", "queue_data", "queue_count", "queue_capacity", "queue_slots", "step",
          "end", "dt", "due", "origin", "clocks", "seed", "cursor", "kernel", "queue", "wanted", "threads", "ticks",
          "tally", "cuts", "packed", "pace", "since", "least", "steady", "times")


class CythonExecutable:
    """A built module and the table of addresses it works on."""

    def __init__(self, module: ModuleType, program: Program, threads: int = 1):
        self.program, self._threads = program, threads
        self._steady = np.zeros(sum(len(steady(k)) for k in program.kernels) + 1)
        self._pace = np.zeros(6)     # what was learnt about the time of a tick, alone and together
        self._divided = [(number, (how.index, k.domain.starts, k.domain.ids))
                         for number, k in enumerate(program.kernels if threads > 1 else ())
                         if isinstance(k.domain, FanOut) and (how := split(k)).kind == "target"]
        packed = packed_indices(program)
        self._indices = [(number, packed[k.name], k.domain.ids) for number, k in enumerate(program.kernels)
                         if k.name in packed and isinstance(k.domain, FanOut)]
        self._in_rows: dict[tuple[str, str], tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
        self._rows: dict[tuple[str, ...], tuple[tuple[np.ndarray, ...], np.ndarray | None]] = {}
        self._advance = module.advance
        self._table = np.zeros(len(FIELDS), np.int64)
        self._at = {f: k for k, f in enumerate(FIELDS)}
        self._keep: dict[str, Any] = {}
        self._alive: tuple[object, ...] = ()      # what the table has addresses of
        self._real_names = [n for n, t in program.params if t == "f8"]
        self._whole_names = [n for n, t in program.params if t != "f8"]

    def bind(self, state: State) -> None:
        """Write the addresses of all arrays, and the present values of all parameters, into the table."""
        p = self.program
        arrays = [state.arrays[a.name] for a in p.arrays]
        for a, declared in zip(arrays, p.arrays):
            assert a.flags.c_contiguous, declared.name
        queues = [state.queues[q.name] for q in p.queues]
        kept = {
            "arrays":
            _addresses(arrays),
            "sizes":
            np.array([state.sizes[s] for s in p.spaces] or [0], np.int64),
            "reals":
            np.zeros(len(self._real_names) + 1),
            "wholes":
            np.zeros(len(self._whole_names) + 1, np.int64),
            "queue_data":
            _addresses([q.data for q in queues]),
            "queue_count":
            _addresses([q.count for q in queues]),
            "queue_capacity":
            np.array([q.data.shape[1] for q in queues] or [0], np.int64),
            "queue_slots":
            np.array([q.data.shape[0] for q in queues] or [0], np.int64),
            "step":
            state.step,
            "end":
            state.end,
            "dt":
            state.dt,
            "due":
            state.due,
            "origin":
            state.origin,
            "tally":
            np.zeros(64, np.int64),
            "cuts":
            self._cuts(state),
            "packed":
            self._packed(state),
            "pace":
            self._pace,
            "steady":
            self._steady,
            "times":
            np.array([state.times[c].__array_interface__["data"][0] if c in p.listed else 0 for c in p.clocks] or [0],
                     np.int64),
        }
        self._keep, self._alive = kept, (arrays, queues, state.times)
        for field, value in kept.items():
            self._table[self._at[field]] = value.__array_interface__["data"][0]
        self._table[self._at["clocks"]] = len(p.clocks)
        self._table[self._at["threads"]], self._table[self._at["least"]] = self._threads, LEAST_WORK
        self._address = self._table.__array_interface__["data"][0]
        self.load_params(state)

    def _cuts(self, state: State) -> np.ndarray:
        """For each kernel that fans out to targets, the address of where in each row the part of each thread begins (0:
        it is not divided)."""
        found = np.zeros(max(1, len(self.program.kernels)), np.int64)
        for number, names in self._divided:
            parts = tuple(state.arrays[n] for n in names if n)
            if names not in self._rows or any(a is not b for a, b in zip(self._rows[names][0], parts)):
                into = next(a.into for a in self.program.arrays if a.name == names[0])
                self._rows[names] = (parts, row_cuts(state.sizes[into], self._threads, *parts))
            cuts = self._rows[names][1]
            found[number] = 0 if cuts is None else cuts.__array_interface__["data"][0]
        return found

    def _packed(self, state: State) -> np.ndarray:
        """For each kernel that reads an index array through the ids of rows, the address of a copy in the order of the
        rows."""
        found = np.zeros(max(1, len(self.program.kernels)), np.int64)
        for number, *names in self._indices:
            index, ids = (state.arrays[n] for n in names)
            place = (names[0], names[1])
            kept = self._in_rows.get(place)
            if kept is None or kept[0] is not index or kept[1] is not ids:
                kept = self._in_rows[place] = (index, ids, index[ids])
            found[number] = kept[2].__array_interface__["data"][0]
        return found

    def load_params(self, state: State) -> None:
        """Read the scalars anew."""
        self._keep["reals"][:-1] = [state.params[n] for n in self._real_names]
        self._keep["wholes"][:-1] = [state.params[n] for n in self._whole_names]
        self._table[self._at["seed"]] = np.uint64(state.seed).astype(np.int64)

    def advance(self, state: State, ticks: int) -> Pause:
        """One call into compiled code; the GIL is released inside."""
        table, at = self._table, self._at
        table[at["cursor"]] = state.cursor
        why = PAUSES[self._advance(self._address, ticks)]
        state.cursor = int(table[at["cursor"]])
        if why is Pause.HOST or why is Pause.ROOM:
            state.kernel, state.queue, state.wanted = (int(table[at[f]]) for f in ("kernel", "queue", "wanted"))
        return why


def row_cuts(size: int, threads: int, index: np.ndarray, starts: np.ndarray,
             ids: np.ndarray | None = None) -> np.ndarray | None:
    """Where the part of each thread but the first begins in each row, (threads - 1) x rows; None when targets descend
    within a row."""
    count, first = np.diff(starts), 0
    cuts = np.empty((threads - 1, len(count)), np.int32)
    bounds = [min((int(float(size) * part / threads) + 32) // 64 * 64, size)
              for part in range(1, threads)]  # as bs_cut in templates/c/team.h
    while first < len(count):       # some rows at a time: there may be many synapses
        last = max(first + 1, int(np.searchsorted(starts, starts[first] + MOST_AT_ONCE, side="right")) - 1)
        here = starts[first:last + 1] - starts[first]
        part = slice(starts[first], starts[last])
        targets = index[part] if ids is None else index[ids[part]]
        falls = np.flatnonzero(targets[1:] < targets[:-1]) + 1
        if not np.isin(falls, here).all():
            return None
        for cut, bound in zip(cuts, bounds):
            below = np.concatenate([[0], np.cumsum(targets < bound, dtype=np.int64)])
            cut[first:last] = starts[first:last] + (below[here[1:]] - below[here[:-1]])
        first = last
    return cuts


def _addresses(arrays: list[np.ndarray]) -> np.ndarray:
    return np.array([a.__array_interface__["data"][0] for a in arrays] or [0], np.int64)
