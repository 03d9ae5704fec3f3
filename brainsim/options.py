"""Where options meet: what the environment may choose, each read by one small function."""
from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from brainsim.errors import BrainsimError, near


def cache_directory() -> Path:
    """The folder for things that can be made again: ``BRAINSIM_CACHE_DIR``, else the user's cache folder. It may not exist yet."""
    chosen = os.environ.get("BRAINSIM_CACHE_DIR")
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("brainsim")


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

    def reset_to_defaults(self) -> None:
        """Forget all choices."""
        for row in self._rows.values():
            row.value = row.default

    def __repr__(self) -> str:
        return "\n".join(f"{name} = {row.value!r}  # {row.doc}" for name, row in self._rows.items() if name.startswith(self._prefix))


def _one_of(*choices: object) -> Callable[[object], bool]:
    return lambda value: value in choices


def _row(default: object, accepts: Callable[[object], bool], choices: str, doc: str) -> Preference:
    return Preference(default, accepts, choices, doc, default)


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
        "core.stop_on_keyboard_interrupt": _row(True, _one_of(True, False), "True, False", "the first Ctrl-C finishes the step"),
    }


prefs = Preferences(_defaults())
