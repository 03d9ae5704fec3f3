"""Progress of a run: lines of text, a bar, or a function of the user's."""
from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, TextIO

from brainsim.errors import WrongType, WrongValue

#: elapsed and the like in seconds: floats, or quantities where a run has units
Report = Callable[[Any, float, Any, Any], object]


class TextReport:
    """Writes a line at the start, now and then, and at the end. ``(elapsed s, completed 0..1, start s, duration
    s)``."""

    def __init__(self, stream: TextIO):
        self.stream = stream

    def __call__(self, elapsed: float, completed: float, start: float, duration: float) -> None:
        if completed == 0.0:
            text = f"Starting simulation at t={_time(float(start))} for a duration of {_time(float(duration))}"
        else:
            text = f"{_time(completed * float(duration))} ({completed:.0%}) simulated in {_time(float(elapsed))}"
            if completed < 1.0:
                text += f", estimated {_time(float(elapsed) / completed * (1 - completed))} remaining"
        self.stream.write(text + "\n")
        self.stream.flush()


class Bar:
    """A bar that fills up, in a terminal or a notebook."""

    width = 30

    def __init__(self, stream: TextIO):
        self.stream, self.note = stream, ""       #: ``note`` is written behind the bar

    def __call__(self, elapsed: float, completed: float, start: float, duration: float) -> None:
        full = int(completed * self.width)
        left = float(elapsed) / completed * (1 - completed) if completed > 0 else 0.0
        end = "\n" if completed >= 1.0 else ""
        self.stream.write(
            f"\r{completed:4.0%} |{'█' * full}{' ' * (self.width - full)}| {_time(float(elapsed))} < {_time(left)} "
            f"{self.note}{end}"
        )
        self.stream.flush()


def reporter(report: object) -> Report | None:
    """What ``report=`` means; `WrongValue` for an unknown word, `WrongType` for anything else."""
    match report:
        case None:
            return None
        case "text" | "stdout":
            return TextReport(sys.stdout)
        case "stderr":
            return TextReport(sys.stderr)
        case "bar":
            return Bar(sys.stderr)
        case str():
            raise WrongValue(f"report='{report}' is unknown",
                             help="'text', 'stderr', 'bar', or a function of (elapsed, completed, start, duration)")
    if callable(report):
        return report
    raise WrongType("report is a word or a function", found=repr(report))


class Progress:
    """Calls a report at most every ``period`` seconds."""

    def __init__(self, report: Report, period: float, start: Any, duration: Any, completed: Callable[[], float],
                 seconds: Callable[[float], object]):
        self.report, self.period, self.start, self.duration = report, period, start, duration
        self.completed, self.seconds = completed, seconds
        self.began = self.last = time.perf_counter()

    def _say(self, completed: float) -> None:
        self.report(self.seconds(time.perf_counter() - self.began), completed, self.start, self.duration)

    def begin(self) -> None:
        """The first line."""
        self._say(0.0)

    def tick(self) -> None:
        """A line, when it is time."""
        now = time.perf_counter()
        if now - self.last >= self.period:
            self.last = now
            self._say(self.completed())

    def finish(self, completed: float) -> None:
        """The last line."""
        self._say(completed)


def _time(seconds: float) -> str:
    if seconds < 1e-3:
        return f"{seconds * 1e6:.3g} us" if seconds else "0 s"
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(int(round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes}m {rest}s" if hours else f"{minutes}m {rest}s"
