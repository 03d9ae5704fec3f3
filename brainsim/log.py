"""Messages beside errors: shown on standard error unless the program has set up its own logging."""
from __future__ import annotations

import logging

FORMAT = "%(levelname)-8s %(message)s"
#: names of messages that are not to be shown, as in ``BrianLogger.suppress_name('method_choice')``
_SUPPRESSED: set[str] = set()


class _Quiet(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return getattr(record, "topic", "") not in _SUPPRESSED


def show_messages() -> None:
    """Give the logger ``brainsim`` a handler and the level INFO, once, unless it has been set up already."""
    logger = logging.getLogger("brainsim")
    if logger.handlers or logger.level != logging.NOTSET:
        return
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(FORMAT))
    handler.addFilter(lambda record: not logging.getLogger().handlers)   # a program with logging of its own shows them there
    logger.addFilter(_Quiet())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)


class BrianLogger:
    """How loud the messages are: ``BrianLogger.log_level_error()``, ``BrianLogger.suppress_name('method_choice')``."""

    @staticmethod
    def log_level_debug() -> None:
        """Everything."""
        logging.getLogger("brainsim").setLevel(logging.DEBUG)

    log_level_diagnostic = log_level_debug

    @staticmethod
    def log_level_info() -> None:
        """Information, warnings and errors; the default."""
        logging.getLogger("brainsim").setLevel(logging.INFO)

    @staticmethod
    def log_level_warn() -> None:
        """Warnings and errors."""
        logging.getLogger("brainsim").setLevel(logging.WARNING)

    @staticmethod
    def log_level_error() -> None:
        """Errors."""
        logging.getLogger("brainsim").setLevel(logging.ERROR)

    @staticmethod
    def initialize() -> None:
        """Show messages, unless the program has set up its own logging; done by the import already."""
        show_messages()

    @staticmethod
    def suppress_hierarchy(name: str, filter_log_file: bool = False) -> None:
        """Never show messages of loggers below this name; those of a script are below ``brainsim``."""
        inner = name.removeprefix("brian2").removeprefix("brainsim").strip(".")
        logging.getLogger(f"brainsim.{inner}" if inner else "brainsim").setLevel(logging.CRITICAL + 1)

    @staticmethod
    def suppress_name(name: str, filter_log_file: bool = False) -> None:
        """Never show messages of this topic: 'method_choice', 'resolution_conflict', 'clock_driven' ..."""
        _SUPPRESSED.add(name)
