"""Where options meet: what the environment may choose, each read by one small function."""
from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path

import platformdirs

from brainsim.errors import BrainsimError, near

logger = logging.getLogger("brainsim")


def cache_directory() -> Path:
    """The folder for things that can be made again: ``BRAINSIM_CACHE_DIR``, else the user's cache folder. A temporary folder where that cannot be written."""
    chosen = os.environ.get("BRAINSIM_CACHE_DIR")
    wanted = Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("brainsim")
    return wanted if _usable(wanted) else Path(tempfile.gettempdir()) / f"brainsim-{os.getuid() if hasattr(os, 'getuid') else ''}"


@lru_cache(maxsize=None)
def _usable(folder: Path) -> bool:
    """Whether files can be kept there; says so, once, when not."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return True
        reason = "it cannot be written to"
    except OSError as error:
        reason = str(error)
    logger.warning("the cache folder %s cannot be used (%s): a temporary one is used; BRAINSIM_CACHE_DIR names another", folder, reason)
    return False


class PreferenceError(BrainsimError):
    """A preference that does not exist, or a value it cannot have."""


@dataclass
class Preference:
    """One choice: its value, what it accepts (also in words), and what it is for."""

    value: object
    accepts: Callable[[object], bool]
    choices: str
    doc: str
    default: object


class Preferences:
    """Choices by name, ``prefs.codegen.target`` or ``prefs['codegen.target']``; each is checked when it is set."""

    def __init__(self, rows: dict[str, Preference], prefix: str = ""):
        object.__setattr__(self, "_rows", rows)
        object.__setattr__(self, "_prefix", prefix)

    def __getitem__(self, name: str) -> object:
        return self._row(self._prefix + name).value

    def __setitem__(self, name: str, value: object) -> None:
        row = self._row(self._prefix + name)
        if not row.accepts(value):
            raise PreferenceError(f"{value!r} is not a possible value of prefs.{self._prefix}{name}", help=row.choices)
        if row.doc == WITHOUT_EFFECT and value != row.default:
            logger.info("prefs.%s has no effect in brainsim", self._prefix + name)
        row.value = value

    def _row(self, name: str) -> Preference:
        if name not in self._rows:
            raise PreferenceError(f"There is no preference '{name}'", help=near(name, self._rows) or ", ".join(self._rows))
        return self._rows[name]

    def __getattr__(self, name: str) -> object:
        full = self._prefix + name
        if full in self._rows:
            return self._rows[full].value
        if any(key.startswith(full + ".") for key in self._rows):
            return Preferences(self._rows, full + ".")
        raise AttributeError(f"there is no preference '{full}'")

    def __setattr__(self, name: str, value: object) -> None:
        self[name] = value

    def __iter__(self) -> Iterator[str]:
        return iter([name.removeprefix(self._prefix) for name in self._rows if name.startswith(self._prefix)])

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __contains__(self, name: object) -> bool:
        return self._prefix + str(name) in self._rows

    def keys(self) -> list[str]:
        """Names of all preferences."""
        return list(self)

    def items(self) -> list[tuple[str, object]]:
        """Names and values."""
        return [(name, self[name]) for name in self]

    def reset_to_defaults(self) -> None:
        """Forget all choices."""
        for row in self._rows.values():
            row.value = row.default

    def _repr_html_(self) -> str:
        rows = ((n, repr(r.value), r.choices, r.doc) for n, r in self._rows.items() if n.startswith(self._prefix))
        cells = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>" for row in rows)
        return f"<table><tr><th>preference</th><th>value</th><th>possible</th><th>what for</th></tr>{cells}</table>"

    def __repr__(self) -> str:
        return "\n".join(f"{name} = {row.value!r}  # {row.doc}" for name, row in self._rows.items() if name.startswith(self._prefix))


def _one_of(*choices: object) -> Callable[[object], bool]:
    return lambda value: value in choices


def _row(default: object, accepts: Callable[[object], bool], choices: str, doc: str) -> Preference:
    return Preference(default, accepts, choices, doc, default)


def _anything(value: object) -> bool:
    return True


def _defaults() -> dict[str, Preference]:
    targets = ("auto", "cython", "numpy", "interpreter")
    return {
        "codegen.target": _row("auto", _one_of(*targets), ", ".join(targets), "what runs the model; auto: cython where a C compiler is found"),
        "codegen.math": _row("fast", _one_of("fast", "strict"), "fast, strict", "fast: relaxed, a few ulp; strict: bit-identical on every target"),
        "codegen.passes": _row(True, _one_of(True, False), "True, False", "whether the program is optimised"),
        "codegen.compiler": _row("", lambda v: isinstance(v, str), "a command", "the C compiler; empty: CC, the system's, or ziglang's"),
        "core.network.default_schedule": _row(("start", "groups", "thresholds", "synapses", "resets", "end"),
                                              lambda v: isinstance(v, (list, tuple)) and all(isinstance(s, str) for s in v),
                                              "a list of slot names", "the slots of a time step"),
        "logging.warn_for_unused_objects": _row(True, _one_of(True, False), "True, False", "whether a group that was never simulated is told of"),
        "core.stop_on_keyboard_interrupt": _row(True, _one_of(True, False), "True, False", "the first Ctrl-C finishes the step"),
        "core.default_float_dtype": _row(float, lambda v: v in (float, "float64") or getattr(v, "__name__", "") == "float64",
                                         "float64 (single precision is not there yet)", "type of state variables"),
        **{name: _row(default, _anything, "", WITHOUT_EFFECT) for name, default in OF_BRIAN.items()},
    }


WITHOUT_EFFECT = "known from Brian 2, without effect here"
#: preferences that Brian 2 scripts set and that have no counterpart, with their defaults there
OF_BRIAN: dict[str, object] = {
    "core.default_integer_dtype": "int32", "core.outdated_dependency_error": True,
    "codegen.string_expression_target": "numpy", "codegen.loop_invariant_optimisations": True, "codegen.max_cache_dir_size": 1000,
    "codegen.cpp.compiler": "", "codegen.cpp.extra_compile_args": None, "codegen.cpp.extra_compile_args_gcc": [],
    "codegen.cpp.extra_compile_args_msvc": [], "codegen.cpp.extra_link_args": [], "codegen.cpp.define_macros": [],
    "codegen.cpp.headers": [], "codegen.cpp.include_dirs": [], "codegen.cpp.library_dirs": [], "codegen.cpp.libraries": [],
    "codegen.cpp.runtime_library_dirs": [], "codegen.cpp.msvc_architecture": "", "codegen.cpp.msvc_vars_location": "",
    "codegen.generators.cpp.flush_denormals": False, "codegen.generators.cpp.restrict_keyword": "__restrict",
    "codegen.runtime.numpy.discard_units": False, "codegen.runtime.cython.cache_dir": None,
    "codegen.runtime.cython.delete_source_files": True, "codegen.runtime.cython.multiprocess_safe": True,
    "devices.cpp_standalone.openmp_threads": 0, "devices.cpp_standalone.openmp_spatialneuron_strategy": None,
    "devices.cpp_standalone.extra_make_args_unix": ["-j"], "devices.cpp_standalone.extra_make_args_windows": [],
    "devices.cpp_standalone.make_cmd_unix": "make", "devices.cpp_standalone.run_cmd_unix": "./main",
    "devices.cpp_standalone.run_environment_variables": {}, "GSL.directory": None, "legacy.refractory_timing": False,
    "logging.console_log_level": "INFO", "logging.delete_log_on_exit": True, "logging.display_brian_error_message": True,
    "logging.file_log": False, "logging.file_log_level": "DIAGNOSTIC", "logging.file_log_max_size": 10_000_000,
    "logging.save_script": False, "logging.std_redirection": False, "logging.std_redirection_to_file": False,
}
prefs = Preferences(_defaults())
