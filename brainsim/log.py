"""Messages beside errors: shown on standard error unless the program has set up its own logging, and in a log file if
one is wanted."""
from __future__ import annotations

import logging

from brainsim.log_file import LEVELS, LogFile
from brainsim.options import prefs

FORMAT = "%(levelname)-8s %(message)s"
#: names of messages that are not to be shown, as in ``BrianLogger.suppress_name('method_choice')``, and hierarchies of
#: them
_SUPPRESSED: set[str] = set()
_SILENT: set[str] = set()
#: under which logger Brian 2 documents the messages of a topic
PLACES = {
    topic: place
    for place, topics in {
        "brian2.groups.group.Group.resolve": "resolution_conflict",
        "brian2.groups.group": "invalid_values",
        "brian2.groups.neurongroup": "only_threshold no_refractory no_threshold",
        "brian2.stateupdaters.base": "method_choice",
        "brian2.synapses.synapses": "clock_driven synapses_dt_mismatch deprecated_pre deprecated_post",
        "brian2.input.spikegeneratorgroup": "spikegenerator_long_period ignored_spikes",
        "brian2.monitors.statemonitor": "shared_variable",
        "brian2.core.variables": "ambiguous_string_expression",
        "brian2.core.magic": "dependency_warning magic_objects",
        "brian2.core.base": "unused_brian_object",
    }.items()
    for topic in topics.split()
}


def documented_name(record: logging.LogRecord) -> str:
    """The name that a script for Brian 2 knows a message by: its logger and its topic."""
    topic = getattr(record, "topic", "")
    own = record.name.removeprefix("brainsim.")
    place = PLACES.get(topic, own if own.startswith("brian2") else record.name)
    return f"{place}.{topic}" if topic else place


class _Quiet(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "topic", "") in _SUPPRESSED:
            return False
        name = f"{documented_name(record)}."
        return not any(name.startswith(f"{hierarchy}.") for hierarchy in _SILENT)


def show_messages() -> None:
    """Give the logger ``brainsim`` a handler and the level INFO, once, unless it has been set up already."""
    logger = logging.getLogger("brainsim")
    if logger.handlers or logger.level != logging.NOTSET:
        return
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(FORMAT))
    handler.addFilter(
        lambda record: not logging.getLogger().handlers)  # a program with logging of its own shows them there
    logger.addFilter(_Quiet())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)


def _console() -> list[logging.Handler]:
    return [h for h in logging.getLogger("brainsim").handlers if h is not BrianLogger.file_handler]


def _show_from(level: int) -> None:
    """Show messages from this level on; a log file gets those that it wants."""
    file = BrianLogger.file_handler
    for handler in _console():
        handler.setLevel(level if file is not None else logging.NOTSET)
    logging.getLogger("brainsim").setLevel(level if file is None else min(level, file.level))


def show_what_is_chosen() -> None:
    """Show messages from ``prefs.logging.console_log_level`` on."""
    _show_from(LEVELS[str(prefs["logging.console_log_level"]).upper()])


class BrianLogger:
    """How loud the messages are, and where they go: ``BrianLogger.log_level_error()``,
    ``BrianLogger.suppress_name('method_choice')``."""

    tmp_log: str | None = None          #: path of the log file, None without one (``prefs.logging.file_log``)
    tmp_script: str | None = None       #: path of the copy of the script
    file_handler: logging.Handler | None = None
    _file: LogFile | None = None

    @staticmethod
    def log_level_diagnostic() -> None:
        """Everything."""
        _show_from(logging.DEBUG)

    @staticmethod
    def log_level_debug() -> None:
        """Everything."""
        _show_from(logging.DEBUG)

    @staticmethod
    def log_level_info() -> None:
        """Information, warnings and errors; the default."""
        _show_from(logging.INFO)

    @staticmethod
    def log_level_warn() -> None:
        """Warnings and errors."""
        _show_from(logging.WARNING)

    @staticmethod
    def log_level_error() -> None:
        """Errors."""
        _show_from(logging.ERROR)

    @staticmethod
    def initialize() -> None:
        """Show messages, unless the program has set up its own logging, and begin a log file if the preferences want
        one. Done by the import."""
        show_messages()
        show_what_is_chosen()
        BrianLogger.close_file()
        if prefs["logging.file_log"]:
            BrianLogger._open_file()

    @staticmethod
    def _open_file() -> None:
        file, logger = LogFile(documented_name), logging.getLogger("brainsim")
        BrianLogger._file, BrianLogger.file_handler = file, file.handler
        BrianLogger.tmp_log, BrianLogger.tmp_script = file.path, file.script
        shown = logger.level
        logger.addHandler(file.handler)
        _show_from(shown)
        file.greet(logger)

    @staticmethod
    def close_file() -> None:
        """End the log file, if there is one; it goes unless ``prefs.logging.delete_log_on_exit`` is False."""
        if BrianLogger._file is not None:
            shown = min((h.level for h in _console()), default=logging.INFO)
            BrianLogger._file.close()
            BrianLogger._file = BrianLogger.tmp_log = BrianLogger.tmp_script = BrianLogger.file_handler = None
            _show_from(shown)

    @staticmethod
    def suppress_hierarchy(name: str, filter_log_file: bool = False) -> None:
        """Never show messages of loggers below this name, ``brian2.stateupdaters`` for example; those of a script are
        below ``brainsim``."""
        _SILENT.add(name)
        inner = name.removeprefix("brian2").removeprefix("brainsim").strip(".")
        for logger in (f"brainsim.{inner}" if inner else "brainsim", f"brainsim.{name}"):
            logging.getLogger(logger).setLevel(logging.CRITICAL + 1)

    @staticmethod
    def suppress_name(name: str, filter_log_file: bool = False) -> None:
        """Never show messages of this topic, nor write them to the log file: 'method_choice', 'resolution_conflict',
        'clock_driven' ..."""
        _SUPPRESSED.add(name)
