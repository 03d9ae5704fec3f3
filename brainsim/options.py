"""Where options meet: what the environment may choose, each read by one small function."""
from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import platformdirs

from brainsim.preferences import Preference, Preferences

logger = logging.getLogger("brainsim")
LEAST_ROOM = 4 << 20
"""Bytes free on the disk of the cache, below which it is not used: a network takes about a tenth of a million."""


def cache_directory() -> Path:
    """The folder for things that can be made again: ``BRAINSIM_CACHE_DIR``, else the user's cache folder. A temporary
    folder where that cannot be written."""
    chosen = os.environ.get("BRAINSIM_CACHE_DIR")
    wanted = Path(chosen).expanduser().absolute() if chosen else platformdirs.user_cache_path("brainsim")
    return wanted if wanted not in _given_up() and _usable(wanted) else Path(
        tempfile.gettempdir()) / f"brainsim-{os.getuid() if hasattr(os, 'getuid') else ''}"


@lru_cache(maxsize=None)
def _usable(folder: Path) -> bool:
    """Whether files can be kept there; says so, once, when not."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            reason = "it cannot be written to"
        elif shutil.disk_usage(folder).free < LEAST_ROOM:
            reason = "its disk is full"
        else:
            return True
    except OSError as error:
        reason = str(error)
    _tell(folder, reason)
    return False


def give_up(folder: Path, reason: str) -> None:
    """Keep nothing more in this cache folder; says so, once."""
    if folder not in _given_up():
        _given_up().add(folder)
        _tell(folder, reason)


@lru_cache(maxsize=None)
def _given_up() -> set[Path]:
    """Cache folders in which this process failed to write."""
    return set()


def _tell(folder: Path, reason: str) -> None:
    logger.warning("the cache folder %s cannot be used (%s): a temporary one is used; BRAINSIM_CACHE_DIR names another",
                   folder, reason)


def _one_of(*choices: object) -> Callable[[object], bool]:
    return lambda value: value in choices


def _row(default: object, accepts: Callable[[object], bool], choices: str, doc: str) -> Preference:
    return Preference(default, doc, accepts, choices=choices)


def _anything(value: object) -> bool:
    return True


LEVEL_NAMES = "CRITICAL, ERROR, WARNING, INFO, DEBUG, DIAGNOSTIC"


def _is_level(value: object) -> bool:
    return isinstance(value, str) and value.upper() in LEVEL_NAMES.split(", ")


def _type_name(value: object) -> str:
    """float64 for NumPy's type, its name and its dtype."""
    return {"float": "float64"}.get(name := str(getattr(value, "__name__", value)), name)


def _defaults() -> dict[str, Preference]:
    targets = ("auto", "cython", "numpy", "jax", "interpreter")
    return {
        "codegen.target":
        _row("auto", _one_of(*targets), ", ".join(targets),
             "what runs the model; auto: cython where a C compiler is found"),
        "codegen.math":
        _row("fast", _one_of("fast", "strict"), "fast, strict",
             "fast: relaxed, a few ulp; strict: bit-identical on every target"),
        "codegen.passes":
        _row(True, _one_of(True, False), "True, False", "whether the program is optimised"),
        "codegen.threads":
        _row(1, lambda v: isinstance(v, int) and 1 <= v <= 64, "1 to 64",
             "threads of the compiled target; results are the same for any number, "
             "and few are used where more do not pay"),
        "codegen.compiler":
        _row("", lambda v: isinstance(v, str), "a command", "the C compiler; empty: CC, the system's, or ziglang's"),
        "core.network.default_schedule":
        _row(("start", "groups", "thresholds", "synapses", "resets", "end"),
             lambda v: isinstance(v, (list, tuple)) and all(isinstance(s, str) for s in v), "a list of slot names",
             "the slots of a time step"),
        "logging.warn_for_unused_objects":
        _row(True, _one_of(True, False), "True, False", "whether a group that was never simulated is told of"),
        "logging.console_log_level":
        _row("INFO", _is_level, LEVEL_NAMES, "messages shown, from this level on"),
        "logging.file_log":
        _row(False, _one_of(True, False), "True, False",
             "a log file in the temporary folder (BrianLogger.tmp_log), from now on"),
        "logging.file_log_level":
        _row("DEBUG", _is_level, LEVEL_NAMES, "messages in the log file, from this level on"),
        "logging.file_log_max_size":
        _row(10_000_000, lambda v: isinstance(v, int) and v > 0, "bytes",
             "the log file begins anew at this size; one older part is kept"),
        "logging.save_script":
        _row(True, _one_of(True, False), "True, False", "a copy of the script beside the log file"),
        "logging.delete_log_on_exit":
        _row(True, _one_of(True, False), "True, False", "remove both where the script ends without an error"),
        "logging.display_brian_error_message":
        _row(True, _one_of(True, False), "True, False", "say where the log file is when a script fails"),
        "core.stop_on_keyboard_interrupt":
        _row(True, _one_of(True, False), "True, False", "the first Ctrl-C finishes the step"),
        "core.default_float_dtype":
        Preference(float, "type of state variables", lambda v: _type_name(v) in ("float32", "float64"), _type_name,
                   choices="float64, float32"),
        "codegen.runtime.numpy.discard_units":
        _row(False, _one_of(True, False), "True, False", "whether Python functions get plain numbers"),
        "legacy.refractory_timing":
        _row(False, _one_of(True, False), "True, False", "compare times, not whole steps, for refractoriness"),
        **{
            f"codegen.cpp.{name}":
            _row(default, lambda v: v is None or isinstance(v, (list, tuple)), "a list",
                 f"{name} for functions in C and C++")
            for name, default in FOR_FUNCTIONS.items()
        },
        "devices.cpp_standalone.openmp_threads":
        Preference(0, "threads in Brian 2's standalone programs; sets codegen.threads",
                   lambda v: isinstance(v, int) and v >= 0, choices="0, 1, 2 ...",
                   leads_to=lambda v: {"codegen.threads": min(max(v, 1), 64)}),
        **{
            name: Preference(default, WITHOUT_EFFECT, _anything, without_effect=True)
            for name, default in OF_BRIAN.items()
        },
    }


#: what the compiler is told where users' functions have code in C or C++
FOR_FUNCTIONS: dict[str, list[str] | None] = {
    "headers": [],
    "define_macros": [],
    "include_dirs": [],
    "libraries": [],
    "library_dirs": [],
    "runtime_library_dirs": [],
    "extra_compile_args": None,
    "extra_link_args": [],
}
WITHOUT_EFFECT = "known from Brian 2, without effect here"
#: preferences that Brian 2 scripts set and that have no counterpart, with their defaults there
OF_BRIAN: dict[str, object] = {
    "core.default_integer_dtype": "int32",
    "core.outdated_dependency_error": True,
    "codegen.string_expression_target": "numpy",
    "codegen.loop_invariant_optimisations": True,
    "codegen.max_cache_dir_size": 1000,
    "codegen.cpp.compiler": "",
    "codegen.cpp.extra_compile_args_gcc": [],
    "codegen.cpp.extra_compile_args_msvc": [],
    "codegen.cpp.msvc_architecture": "",
    "codegen.cpp.msvc_vars_location": "",
    "codegen.generators.cpp.flush_denormals": False,
    "codegen.generators.cpp.restrict_keyword": "__restrict",
    "codegen.runtime.cython.cache_dir": None,
    "codegen.runtime.cython.delete_source_files": True,
    "codegen.runtime.cython.multiprocess_safe": True,
    "devices.cpp_standalone.openmp_spatialneuron_strategy": None,
    "devices.cpp_standalone.extra_make_args_unix": ["-j"],
    "devices.cpp_standalone.extra_make_args_windows": [],
    "devices.cpp_standalone.make_cmd_unix": "make",
    "devices.cpp_standalone.run_cmd_unix": "./main",
    "devices.cpp_standalone.run_environment_variables": {},
    "GSL.directory": None,
    "logging.std_redirection": False,
    "logging.std_redirection_to_file": False,
}
SECTIONS = {
    "core": "State variables and runs",
    "core.network": "Networks",
    "codegen": "How models are compiled",
    "codegen.cpp": "C++ compilers",
    "codegen.generators.cpp": "Generated C++",
    "codegen.runtime.numpy": "The target numpy",
    "codegen.runtime.cython": "The target cython",
    "devices.cpp_standalone": "Standalone programs",
    "GSL": "The GNU scientific library",
    "legacy": "As in older versions",
    "logging": "Messages",
}


def _declared() -> Preferences:
    made, rows = Preferences(), _defaults()
    for section, doc in SECTIONS.items():
        made.register_preferences(
            section, doc,
            **{name.rpartition(".")[2]: row for name, row in rows.items() if name.rpartition(".")[0] == section})
    return made


def single_precision() -> bool:
    """Whether state variables are float32 unless a group says otherwise."""
    return _type_name(prefs["core.default_float_dtype"]) == "float32"


prefs = _declared()
