"""The loop around the compiled loop: answers its pauses, reports progress, and stops in good order."""
from __future__ import annotations

import _signal  # pyright: ignore[reportMissingImports] -- of Python itself, and undescribed
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from brainsim.ir.flights import land, take_off
from brainsim.ir.state import Pause, State
from brainsim.targets.contract import Executable

FIRST_CHUNK = 64
CHUNK_SECONDS = 0.1
#: the plain functions: those of `signal` convert to enumerations, which costs more than a short run
_set_handler, _get_handler = _signal.signal, _signal.getsignal
_SIGINT = int(signal.SIGINT)


class Stop:
    """A wish to stop after the step under way."""

    def __init__(self) -> None:
        self.wished = False
        self.interrupted = False

    def __call__(self) -> None:
        self.wished = True


def advance(executable: Executable, state: State, hosts: dict[int, Callable[[], None]], stop: Stop,
            progress: Callable[[], None] | None = None) -> None:
    """Advance until every clock has reached its end, or a stop is wished for.

    ``hosts`` are the Python functions of the `Host` kernels by number. Raises whatever they raise; the state is then at
    the step where it happened.
    """
    take_off(state)
    try:
        _advance(executable, state, hosts, stop, progress)
    finally:
        if land(state):
            executable.bind(state)


def _advance(executable: Executable, state: State, hosts: dict[int, Callable[[], None]], stop: Stop,
             progress: Callable[[], None] | None) -> None:
    chunk, started = FIRST_CHUNK, time.perf_counter()
    while True:
        why = executable.advance(state, 0 if stop.wished else chunk)
        if why is Pause.DONE or (why is Pause.BUDGET and stop.wished):
            return
        if why is Pause.BUDGET:
            now = time.perf_counter()
            chunk = _next_chunk(chunk, now - started)
            started = now
            if progress is not None:
                progress()
        elif why is Pause.ROOM:
            queue = state.queues[state.program.queues[state.queue].name]
            queue.make_room(2 * state.wanted)
            executable.bind(state)
        elif why is Pause.HOST:
            try:
                hosts[state.kernel]()
            except BaseException:
                finish_step(executable, state)
                raise
            if stop.wished and state.cursor < 0:
                return


def finish_step(executable: Executable, state: State) -> None:
    """The rest of the step under way, without its Python functions: after one of them failed, nothing is done twice."""
    while state.cursor >= 0:
        if executable.advance(state, 0) is Pause.ROOM:
            state.queues[state.program.queues[state.queue].name].make_room(2 * state.wanted)
            executable.bind(state)


def _next_chunk(chunk: int, took: float) -> int:
    """Ticks until the next look at the clock, so that it comes a few times a second."""
    if took <= 0:
        return chunk * 16
    return max(1, min(int(chunk * min(16.0, CHUNK_SECONDS / took)), 1 << 40))


@contextmanager
def graceful_interrupt(stop: Stop) -> Iterator[None]:
    """The first Ctrl-C stops after the step under way, the second interrupts at once. Only in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = _get_handler(_SIGINT)

    def pressed(number: int, frame: object) -> None:
        if stop.interrupted or before is None:
            raise KeyboardInterrupt
        stop.interrupted = stop.wished = True

    _set_handler(_SIGINT, pressed)
    try:
        yield
    finally:
        _set_handler(_SIGINT, before)
