"""Sweeps: the runs that parameters ask for, where they are carried out, and the data set made of what they give."""
from __future__ import annotations

import itertools
import math
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from brainsim.errors import DimensionMismatchError, UnknownAttribute, Unsupported, WrongType, WrongValue
from brainsim.naming import field_of, owner_of
from brainsim.objects.groups.random_state import mixed
from brainsim.objects.groups.variables import VariableView
from brainsim.objects.looks.optional import optional
from brainsim.objects.runs.prepared import Repeatable
from brainsim.objects.runs.result import Result
from brainsim.objects.runs.start import Point, Start, carry_out
from brainsim.runtime.progress import Bar
from brainsim.runtime.scheduler import Stop
from brainsim.units import get_dimensions
from brainsim.units.dimensions import DIMENSIONLESS, Dimension
from brainsim.units.words import unit_text

Measure = Callable[[Result], dict[str, object]]


@dataclass(frozen=True)
class Axis:
    """A parameter and its values."""

    name: str
    dimension: Dimension
    values: tuple[Any, ...]

    def coordinate(self) -> tuple[np.ndarray, dict[str, str]]:
        """Numbers in base units, or strings; numbers of the values where those are arrays."""
        if all(isinstance(v, str) for v in self.values):
            return np.array(self.values, dtype=object), {}
        if all(not isinstance(v, str) and np.ndim(v) == 0 for v in self.values):
            return np.array([np.asarray(v)[()] for v in self.values]), {"units": unit_text(self.dimension)}
        return np.arange(len(self.values)), {"long_name": f"number of the values of {self.name}"}


@dataclass(frozen=True)
class Run:
    """One run of a sweep."""

    params: Mapping[str, object]
    seed: int


def sweep(sim: Repeatable, params: Mapping[str, Any], mode: str, repeats: int, outputs: object, length: float,
          seed: int | None, n_jobs: int | None, client: Any, progress: object) -> Any:
    """See `Simulation.sweep`."""
    optional("xarray", "Sweeps")
    if mode not in ("grid", "zip"):
        raise WrongValue("mode= is 'grid' or 'zip'", found=repr(mode))
    if not isinstance(repeats, int) or repeats < 1:
        raise WrongValue("repeats= is a whole number from 1 on", found=repr(repeats))
    if not isinstance(params, Mapping):
        raise WrongType("A sweep takes a dictionary, name → values", found=repr(params)[:60])
    able = client is None or isinstance(client, str) or hasattr(client, "scatter") and hasattr(client, "submit")
    if not able and not sim.has_operations:
        raise WrongType("client= is a dask.distributed.Client, or the address of a scheduler", found=repr(client)[:60],
                        help="sweep(..., n_jobs=4) runs on the processors of this machine")
    axes = [_axis(sim, name, values) for name, values in params.items()]
    points = _grid(axes) if mode == "grid" else _side_by_side(axes)
    base, jobs = sim.seed_of(seed), _jobs(n_jobs)
    runs = [Run(p, mixed(base, k) >> 1) for k, p in enumerate(p for p in points for _ in range(repeats))]
    job = Job(sim, runs, as_measure(outputs), length)
    found = job.results(jobs, client, _sayer(progress, len(runs)))
    shape = tuple(len(a.values) for a in axes) if mode == "grid" else (len(points),)
    dims = tuple(a.name for a in axes) if mode == "grid" else ("run",)
    if repeats > 1:
        shape, dims = (*shape, repeats), (*dims, "repeat")
    return _data_set(axes, dims, shape, mode, runs, found,
                     {"seed": base, "duration": length, "duration_units": "second"})


# -- what is run -------------------------------------------------------------------------------------------------------
def _axis(sim: Repeatable, name: str, values: Any) -> Axis:
    dimension = sim.settable(name).dimension
    if isinstance(values, str) or np.ndim(values) == 0 and not isinstance(values, Sequence):
        raise WrongType(f"A sweep takes several values of '{name}'", found=repr(values)[:60],
                        help=f"{{'{name}': [{values!r}]}}"[:60])
    chosen = tuple(values)
    if not chosen:
        raise WrongValue(f"A sweep needs a value of '{name}'", found="none")
    for v in chosen:
        if not isinstance(v, str) and get_dimensions(v) is not dimension and not (
                get_dimensions(v) is DIMENSIONLESS and not np.any(v)):
            raise DimensionMismatchError(
                f"'{name}' cannot be set to these values", dimension, get_dimensions(v),
                found=f"{v}, in {unit_text(get_dimensions(v))}, where {unit_text(dimension)} belongs")
    return Axis(name, dimension, chosen)


def _grid(axes: Sequence[Axis]) -> list[dict[str, object]]:
    return [dict(zip((a.name for a in axes), values)) for values in itertools.product(*(a.values for a in axes))]


def _side_by_side(axes: Sequence[Axis]) -> list[dict[str, object]]:
    lengths = {len(a.values) for a in axes}
    if len(lengths) > 1:
        raise WrongValue("mode='zip' takes as many values of each parameter",
                         found=", ".join(f"{len(a.values)} of {a.name}" for a in axes))
    return [dict(zip((a.name for a in axes), values)) for values in zip(*(a.values for a in axes))]


def _jobs(n_jobs: int | None) -> int:
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if n_jobs is None or n_jobs == -1:
        return here
    if isinstance(n_jobs, bool) or not isinstance(n_jobs, int) or n_jobs < 1:
        raise WrongValue("n_jobs= is how many runs go on at a time, or -1 for all processors", found=repr(n_jobs))
    return n_jobs


def _sayer(progress: Any, total: int) -> Callable[[int], object]:
    if progress is None or progress is False:
        return lambda done: None
    if callable(progress):
        return lambda done: progress(done, total)
    if progress is not True:
        raise WrongType("progress= is True, or a function of (runs done, runs in all)", found=repr(progress))
    bar, began, last = Bar(sys.stderr), time.perf_counter(), [0.0]

    def say(done: int) -> None:
        now = time.perf_counter() - began
        if done == total or now - last[0] > 0.1:
            last[0] = now
            bar(now, done / total, 0.0, 0.0)

    return say


# -- what is kept of a run ---------------------------------------------------------------------------------------------
def as_measure(outputs: object) -> Measure:
    """What ``outputs=`` means, as a function from a result to named values."""
    if outputs is None:
        return Result.summary
    if callable(outputs):
        return Measured(outputs, getattr(outputs, "__name__", "value"))
    names = [outputs] if isinstance(outputs, str) else list(outputs) if isinstance(outputs, Iterable) else [outputs]
    named = tuple(n for n in names if isinstance(n, str))
    if len(named) < len(names):
        raise WrongType("outputs= is a list of names, or a function of the result", found=repr(outputs)[:60],
                        help="['spikes.num_spikes', 'M.v', 'G.v'] for example")
    return Chosen(named)


@dataclass(frozen=True)
class Gathered:
    """What is kept of a run. One object, so that values keep their units on the way between processes."""

    values: dict[str, object]


@dataclass(frozen=True)
class Measured:
    """A function of the user's; what it gives under no name goes by its own."""

    function: Callable[[Result], object]
    name: str

    def __call__(self, result: Result) -> dict[str, object]:
        found = self.function(result)
        return dict(found) if isinstance(found, Mapping) else {"value" if self.name == "<lambda>" else self.name: found}


@dataclass(frozen=True)
class Chosen:
    """Attributes of monitors, and variables at the end."""

    names: tuple[str, ...]

    def __call__(self, result: Result) -> dict[str, object]:
        return {name: self._one(result, name) for name in self.names}

    def _one(self, result: Result, name: str) -> object:
        owner, rest = owner_of(name), field_of(name)
        try:
            monitor = result.monitor_called(owner)
        except UnknownAttribute:
            return result[name]
        if not rest:
            raise WrongValue(f"Which output of '{name}'?", help=f"'{name}.num_spikes' or '{name}.v' for example")
        found = getattr(monitor, rest)
        return found[:] if isinstance(found, VariableView) else found


# -- where it is run ---------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Job:
    """The runs of a sweep and what is kept of each."""

    sim: Repeatable
    runs: Sequence[Run]
    measure: Measure
    length: float

    def results(self, n_jobs: int, client: Any, say: Callable[[int], object]) -> list[Gathered]:
        """What each run gave, in order."""
        if client is not None:
            return self._on_cluster(client, say)
        n_jobs = min(n_jobs, len(self.runs))
        if n_jobs == 1:
            return self._one_by_one(say)
        if not self.sim.in_python:
            return self._in_threads(n_jobs, say)
        return self._in_forks(n_jobs,
                              say) if "fork" in multiprocessing.get_all_start_methods() else self._one_by_one(say)

    def one(self, number: int) -> Gathered:
        """A run from beginning to end, here and now."""
        run = self.runs[number]
        with named(run):
            if self.sim.has_operations:
                return Gathered(self.measure(self.sim.run_on_objects(run.params, self.length, run.seed)))
            return finished(*self.sim.point(run.params, self.length, run.seed), run, self.measure, self.length)

    def _one_by_one(self, say: Callable[[int], object]) -> list[Gathered]:
        found = []
        for number in range(len(self.runs)):
            found.append(self.one(number))
            say(number + 1)
        return found

    def _in_threads(self, n_jobs: int, say: Callable[[int], object]) -> list[Gathered]:
        """Compiled code lets go of the interpreter lock, and every run has a state of its own."""
        stop = Stop()
        with ThreadPoolExecutor(n_jobs, thread_name_prefix="brainsim sweep") as pool:
            def submit(number: int) -> "Future[Gathered]":
                run = self.runs[number]
                with named(run):
                    start, point = self.sim.point(run.params, self.length, run.seed)
                return pool.submit(finished, start, point, run, self.measure, self.length, stop)

            try:
                return _gathered(submit, len(self.runs), 2 * n_jobs, say)
            except BaseException:
                stop()
                raise

    def _in_forks(self, n_jobs: int, say: Callable[[int], object]) -> list[Gathered]:
        """Copies of this process, each with all objects of its own."""
        number = next(_NUMBERS)
        _JOBS[number] = self
        try:
            with ProcessPoolExecutor(n_jobs, multiprocessing.get_context("fork")) as pool:
                return _gathered(lambda k: pool.submit(_forked, number, k), len(self.runs), 2 * n_jobs, say)
        finally:
            del _JOBS[number]

    def _on_cluster(self, client: Any, say: Callable[[int], object]) -> list[Gathered]:
        if self.sim.has_operations:
            raise Unsupported("Network operations work on the objects of this process and cannot go to a cluster",
                              help="sweep(..., n_jobs=4) runs them here")
        distributed = optional("distributed", "Sweeps on a cluster", "'brainsim[cluster]'")
        own = isinstance(client, str)
        client = distributed.Client(client) if own else client
        try:
            common = client.scatter(self.sim.start.portable(), broadcast=True)
            futures = {}
            for k, run in enumerate(self.runs):
                with named(run):
                    start, point = self.sim.point(run.params, self.length, run.seed)
                sent = common if start is self.sim.start else start.portable()
                futures[client.submit(finished, sent, point, run, self.measure, self.length, pure=False)] = k
            found: dict[int, Gathered] = {}
            try:
                for future in distributed.as_completed(list(futures)):
                    found[futures[future]] = future.result()
                    say(len(found))
            except BaseException:
                client.cancel(list(futures))
                raise
            return [found[k] for k in range(len(self.runs))]
        finally:
            if own:
                client.close()


_JOBS: dict[int, Job] = {}     #: what forked processes find when they begin
_NUMBERS = itertools.count()


def _forked(job: int, number: int) -> Gathered:
    return _JOBS[job].one(number)


def finished(start: Start, point: Point, run: Run, measure: Measure, length: float,
             stop: Stop | None = None) -> Gathered:
    """What is kept of a run; carried out in any thread or process."""
    with named(run):
        return Gathered(measure(Result(start, carry_out(start, point, stop), run.params, run.seed, length)))


@contextmanager
def named(run: Run) -> Iterator[None]:
    """An error says in which run it happened."""
    try:
        yield
    except Exception as error:
        if not getattr(error, "__notes__", None):
            error.add_note("in the run with "
                           + ", ".join([*(f"{n} = {v!s:.60}" for n, v in run.params.items()), f"seed = {run.seed}"]))
        raise


def _gathered(submit: Callable[[int], "Future[Gathered]"], count: int, at_once: int,
              say: Callable[[int], object]) -> list[Gathered]:
    """Results in order, with a few runs waiting at a time; the first error ends everything."""
    waiting: dict[Future[Gathered], int] = {}
    found: dict[int, Gathered] = {}
    numbers = iter(range(count))
    try:
        while len(found) < count:
            for number in itertools.islice(numbers, at_once - len(waiting)):
                waiting[submit(number)] = number
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                found[waiting.pop(future)] = future.result()
                say(len(found))
    finally:
        for future in waiting:
            future.cancel()
    return [found[k] for k in range(count)]


# -- the data set ------------------------------------------------------------------------------------------------------
def _data_set(axes: Sequence[Axis], dims: tuple[str, ...], shape: tuple[int, ...], mode: str, runs: Sequence[Run],
              found: Sequence[Gathered], attrs: dict[str, object]) -> Any:
    xarray = optional("xarray", "Sweeps")
    assert math.prod(shape) == len(runs)
    own = {a.name: (a.name if mode == "grid" else "run", *a.coordinate()) for a in axes}
    coordinates = {**own, "seed": (dims, np.array([r.seed for r in runs]).reshape(shape))}
    variables = {}
    for name in dict.fromkeys(n for f in found for n in f.values):
        values = [f.values.get(name) for f in found]
        arrays = [np.asarray(v) for v in values]
        odd = next((k for k, a in enumerate(arrays) if a.shape != arrays[0].shape), None)
        if odd is not None:
            raise WrongValue(
                f"The output '{name}' has another shape in different runs",
                found=f"{arrays[0].shape} and {arrays[odd].shape}", help=
                "let a function of the result make a number, or arrays of one shape, of it: outputs=lambda result: ...")
        unit = unit_text(get_dimensions(values[0])) if arrays[0].dtype.kind in "fiub" else ""
        inner = tuple(f"{name}_dim_{k}" for k in range(arrays[0].ndim))
        stacked = np.array(arrays).reshape(shape + arrays[0].shape)
        variables[f"{name}_end" if name in coordinates else name] = ((*dims, *inner), stacked,
                                                                     {"units": unit} if unit else {})
    return xarray.Dataset(variables, coordinates, attrs)
