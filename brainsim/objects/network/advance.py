"""Networks under way: the loop over steps, with what returns to Python."""
from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from brainsim.ir.state import State
from brainsim.objects.groups.clock import BaseClock, fastest_of
from brainsim.objects.groups.equation_group import EquationGroup
from brainsim.objects.names.structure import structure_version
from brainsim.objects.network.checkpoint import Checkpointed
from brainsim.objects.network.prepare import values_of
from brainsim.options import prefs
from brainsim.pipeline import Prepared, host_kernels
from brainsim.runtime.progress import Progress
from brainsim.runtime.scheduler import Stop, advance, graceful_interrupt
from brainsim.units import Quantity
from brainsim.units.dimensions import SECOND

logger = logging.getLogger("brainsim")
RUNNING: list["Advancing"] = []   #: networks whose run is under way, for `stop`


class Advancing(Checkpointed):
    """Objects with a prepared program, which can go on from where they are."""

    def __init__(self, name: str):
        super().__init__(name)
        self._prepared: Prepared | None = None
        self._clocks: list[BaseClock] = []     #: those of the prepared program
        self._every_clock: list[BaseClock] = []
        self._has_hosts = False
        self._stop = Stop()

    def _advance(self, prepared: Prepared, start: float, end: float, say: Any, period: float) -> None:
        state, stop = prepared.state, Stop()
        self._stop = stop
        state.cursor = -1
        hosts = {number: self._host(name, stop)
                 for number, name in host_kernels(prepared).items()} if self._has_hosts else {}
        hosts |= prepared.in_python
        progress, began = self._progress(state, start, end, say, period), self._with_equations()

        def look() -> None:
            for o in began:
                o.check_accuracy()
            if progress is not None:
                progress.tick()

        RUNNING.append(self)
        try:
            if prefs["core.stop_on_keyboard_interrupt"]:
                with graceful_interrupt(stop):
                    advance(prepared.executable, state, hosts, stop, look)
            else:
                advance(prepared.executable, state, hosts, stop, look)
        finally:
            RUNNING.remove(self)
            self._sync_clocks(state)
            self._t = float(state.reached().min(initial=end, where=state.step < state.end))
            for clock in self._every_clock:
                if clock not in self._clocks:
                    clock.step = clock.steps_until(self._t, fastest_of(self._every_clock))
        if progress is not None:
            progress.finish(_completed(state, start, end))
        if stop.interrupted:
            logger.warning("%s was interrupted at t=%s s; all values are those of that step", self.name, self._t)

    def _progress(self, state: State, start: float, end: float, say: Any, period: float) -> Progress | None:
        """The reports on a run under way, if somebody wants them."""
        if say is None:
            return None
        progress = Progress(say, period, Quantity(start, SECOND), Quantity(end - start, SECOND),
                            lambda: _completed(state, start, end), lambda s: Quantity(s, SECOND))
        progress.begin()
        return progress

    def _host(self, name: str, stop: Stop) -> Callable[[], None]:
        operation: Any = self[name]

        def call() -> None:
            assert self._prepared is not None
            assert self._prepared is not None
            state = self._prepared.state
            self._sync_clocks(state)
            self._t = operation.clock.t_
            layout = structure_version()
            operation.run()
            if structure_version() != layout:
                self._refresh(stop)

        return call

    def _refresh(self, stop: Stop) -> None:
        """Arrays may have been replaced inside a network operation; anything deeper takes effect at the next run."""
        assert self._prepared is not None
        values = values_of(self._all(), self._prepared.tasks)
        state = self._prepared.state
        for a in self._prepared.program.arrays:
            if a.name in values.arrays or a.name in values.on_request:
                state.arrays[a.name] = values.contents(a.name)
        self._prepared.executable.bind(state)

    def _sync_clocks(self, state: Any) -> None:
        for k, clock in enumerate(self._clocks):
            clock.step = int(state.step[k])

    def stop(self) -> None:
        """End the run after the step under way."""
        self._stop()

    def _check_accuracy(self) -> None:
        for o in self._with_equations():
            o.check_accuracy()

    def _with_equations(self) -> list[EquationGroup]:
        return [o for o in self._objects if isinstance(o, EquationGroup)]


def _completed(state: State, start: float, end: float) -> float:
    """The part of a run that is done, 0 to 1."""
    if not end > start:
        return 1.0
    reached = float(state.reached().min(initial=end, where=state.step < state.end))
    return min(1.0, max(0.0, (reached - start) / (end - start)))
