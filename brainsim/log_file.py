"""The log file: messages from DEBUG on and a copy of the script in the temporary folder, kept when a script fails."""
from __future__ import annotations

import atexit
import logging
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from brainsim.options import prefs

LEVELS = {
    "CRITICAL": logging.CRITICAL, "ERROR": logging.ERROR, "WARNING": logging.WARNING, "INFO": logging.INFO, "DEBUG":
    logging.DEBUG, "DIAGNOSTIC": 5
}


class LogFile:
    """One open file, its handler, and the copy of the script if one was wanted. The preferences are read when it is
    made."""

    def __init__(self, name_of: Callable[[logging.LogRecord], str]):
        self.path = _new("brainsim_debug_", ".log")
        self.handler = RotatingFileHandler(self.path, mode="w", maxBytes=prefs["logging.file_log_max_size"],
                                           backupCount=1, encoding="utf-8")
        self.handler.setLevel(LEVELS[prefs["logging.file_log_level"].upper()])
        self.handler.setFormatter(_Lines(name_of))
        self.script = _copied_script() if prefs["logging.save_script"] else None
        self.failed = False
        self._hook = sys.excepthook
        sys.excepthook = self._note_failure
        atexit.register(self.close)

    def greet(self, logger: logging.Logger) -> None:
        """The lines that a report of a fault begins with."""
        logger.debug("Log file %s%s", self.path, f", a copy of the script is {self.script}" if self.script else "")
        logger.debug("Python %s on %s, %s", platform.python_version(), platform.platform(), sys.executable)

    def close(self) -> None:
        """End the file; it and the copy of the script are removed unless the script failed or
        ``logging.delete_log_on_exit`` is False."""
        logging.getLogger("brainsim").removeHandler(self.handler)
        self.handler.close()
        atexit.unregister(self.close)
        if sys.excepthook == self._note_failure:
            sys.excepthook = self._hook
        if prefs["logging.delete_log_on_exit"] and not self.failed:
            for path in (self.path, f"{self.path}.1", self.script):
                if path and os.path.exists(path):
                    os.remove(path)

    def _note_failure(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        logger = logging.getLogger("brainsim")
        if not issubclass(kind, (KeyboardInterrupt, SystemExit)):
            self.failed = True
            logger.debug("The script ended with an error", exc_info=(kind, error, trace))
            if prefs["logging.display_brian_error_message"]:
                logger.error("The script ended with an error; the log file is %s%s", self.path,
                             f", a copy of the script {self.script}" if self.script else "")
        self._hook(kind, error, trace)


class _Lines(logging.Formatter):
    """Time, level, documented name, text."""

    def __init__(self, name_of: Callable[[logging.LogRecord], str]):
        super().__init__("%(asctime)s %(levelname)-10s %(place)s: %(message)s")
        self._name_of = name_of

    def format(self, record: logging.LogRecord) -> str:
        record.place = self._name_of(record)
        return super().format(record)


def _new(prefix: str, suffix: str) -> str:
    handle, path = tempfile.mkstemp(suffix, prefix)
    os.close(handle)
    return path


def _copied_script() -> str | None:
    script = getattr(sys.modules["__main__"], "__file__", None) or (sys.argv[0] if sys.argv else "")
    if not script or not Path(script).is_file():
        return None
    copy = _new("brainsim_script_", Path(script).suffix)
    shutil.copyfile(script, copy)
    return copy
