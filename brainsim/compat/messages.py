"""Messages under Brian 2's names: loggers, and catching what is logged."""
from __future__ import annotations

import builtins
import contextlib
import logging
from collections.abc import Iterator
from typing import Any

from brainsim.log import documented_name
from brainsim.log_file import LEVELS as NAMED

LEVELS = {**NAMED, "WARN": logging.WARNING}
logging.addLevelName(5, "DIAGNOSTIC")


class Log:
    """A logger of a script: ``get_logger('mine').warn('...', name_suffix='topic', once=True)``."""

    def __init__(self, name: str = "brainsim"):
        self.name = name
        self._logger = logging.getLogger(name if name.split(".")[0] == "brainsim" else f"brainsim.{name}")
        self._said: set[tuple[str, str]] = set()

    def _say(self, level: int, message: str, name_suffix: str | None = None, once: bool = False) -> None:
        if once and (str(level), message) in self._said:
            return
        self._said.add((str(level), message))
        self._logger.log(level, message, extra={"topic": name_suffix or ""})

    def diagnostic(self, message: str, name_suffix: str | None = None, once: bool = False) -> None:
        """For those who work on brainsim."""
        self._say(5, message, name_suffix, once)

    def debug(self, message: str, name_suffix: str | None = None, once: bool = False) -> None:
        """For the curious."""
        self._say(logging.DEBUG, message, name_suffix, once)

    def info(self, message: str, name_suffix: str | None = None, once: bool = False) -> None:
        """Good to know."""
        self._say(logging.INFO, message, name_suffix, once)

    def warning(self, message: str, name_suffix: str | None = None, once: bool = False) -> None:
        """Probably not what was meant."""
        self._say(logging.WARNING, message, name_suffix, once)

    warn = warning

    def error(self, message: str, name_suffix: str | None = None, once: bool = False) -> None:
        """Something failed."""
        self._say(logging.ERROR, message, name_suffix, once)


def get_logger(module_name: str = "brainsim") -> Log:
    """A logger whose messages appear beside those of brainsim."""
    return Log(module_name)


@contextlib.contextmanager
def catch_logs(log_level: Any = logging.WARNING) -> Iterator[list[tuple[str, str, str]]]:
    """Collect messages from ``log_level`` on instead of showing them, as (level, name that Brian 2 documents, text)."""
    lowest = LEVELS[log_level.upper()] if isinstance(log_level, str) else int(log_level)
    caught: list[tuple[str, str, str]] = []
    logger = logging.getLogger("brainsim")
    handlers, filters, level, hands_up = logger.handlers[:], logger.filters[:], logger.level, logger.propagate

    class Catch(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno >= lowest:
                caught.append((record.levelname, documented_name(record), record.getMessage()))

    logger.handlers, logger.filters, logger.propagate = [Catch()], [], False  # what is not shown is caught all the same
    logger.setLevel(min(lowest, level or lowest))
    try:
        yield caught
    finally:
        logger.handlers, logger.filters, logger.propagate = handlers, filters, hands_up
        logger.setLevel(level)


class std_silent:
    """Context: what the block prints is not shown, unless it fails or ``alwaysprint``."""

    def __init__(self, alwaysprint: bool = False):
        self._show = alwaysprint
        self._held: Any = None

    def __enter__(self) -> "std_silent":
        if not self._show:
            self._held = contextlib.redirect_stdout(_Nowhere())
            self._held.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        if self._held is not None:
            self._held.__exit__(*error)


class _Nowhere:
    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass


def running_from_ipython() -> bool:
    """Whether the script runs in IPython or a notebook."""
    return hasattr(builtins, "__IPYTHON__")
