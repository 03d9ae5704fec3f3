"""Messages beside errors: shown on standard error unless the program has set up its own logging."""
from __future__ import annotations

import logging

FORMAT = "%(levelname)-8s %(message)s"
#: names of messages that are not to be shown, as in ``BrianLogger.suppress_name('method_choice')``, and hierarchies of them
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
        """Never show messages of loggers below this name, ``brian2.stateupdaters`` for example; those of a script are below ``brainsim``."""
        _SILENT.add(name)
        inner = name.removeprefix("brian2").removeprefix("brainsim").strip(".")
        for logger in (f"brainsim.{inner}" if inner else "brainsim", f"brainsim.{name}"):
            logging.getLogger(logger).setLevel(logging.CRITICAL + 1)

    @staticmethod
    def suppress_name(name: str, filter_log_file: bool = False) -> None:
        """Never show messages of this topic: 'method_choice', 'resolution_conflict', 'clock_driven' ..."""
        _SUPPRESSED.add(name)
