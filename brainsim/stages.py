"""Where the time of preparing goes: seconds by stage, each without the stages inside it."""
from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
STAGES = ("declare", "parse", "resolve", "integrate", "lower", "optimise", "write", "build", "run")
_watch: ContextVar["Watch | None"] = ContextVar("watch", default=None)


class Watch:
    """The stage under way, and since when."""

    def __init__(self, spent: dict[str, float]):
        self.spent = spent
        self.stage, self.since = "", time.perf_counter()

    def turn(self, stage: str) -> str:
        """Another stage begins; the one that ends is given back."""
        now, before = time.perf_counter(), self.stage
        if before:
            self.spent[before] = self.spent.get(before, 0.0) + now - self.since
        self.stage, self.since = stage, now
        return before


@contextmanager
def watched(spent: dict[str, float], stage: str) -> Iterator[None]:
    """Add the time within to a stage of ``spent``, and to the stages begun within; where a watch already goes, to its
    own."""
    watch = _watch.get()
    token = None
    if watch is None:
        watch = Watch(spent)
        token = _watch.set(watch)
    before = watch.turn(stage)
    try:
        yield
    finally:
        watch.turn(before)
        if token is not None:
            _watch.reset(token)


def stage(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """The time of a function belongs to a stage, while somebody watches."""
    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def timed(*args: P.args, **kwargs: P.kwargs) -> R:
            watch = _watch.get()
            if watch is None:
                return function(*args, **kwargs)
            before = watch.turn(name)
            try:
                return function(*args, **kwargs)
            finally:
                watch.turn(before)

        return timed

    return decorate
