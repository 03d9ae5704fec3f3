"""Choices by dotted name: declared with a default, a sentence and a check; set by scripts and files; one mapping holds
them all."""
from __future__ import annotations

import ast
import logging
import re
from collections.abc import Callable, Iterator, MutableMapping
from html import escape
from pathlib import Path
from typing import Any, TextIO

from brainsim.errors import BrainsimError, near

logger = logging.getLogger("brainsim")
_NAME = re.compile(r"[A-Za-z]\w*")
_MISSING = object()


class PreferenceError(BrainsimError):
    """A preference that does not exist, or a value it cannot have."""


class UnknownPreference(PreferenceError, KeyError):
    """A preference that does not exist."""

    __str__ = BrainsimError.__str__


class SameKind:
    """Accepts values of the default's type, and of its unit."""

    def __init__(self, default: object):
        self.default = default

    def __call__(self, value: object) -> bool:
        dim = getattr(self.default, "dim", None)
        return isinstance(value, type(self.default)) and (dim is None or getattr(value, "dim", None) is dim)


class Preference:
    """One choice: its default, what it is for, what it accepts, and how a value is written in a file.

    ``choices`` says in words what is accepted; one ``without_effect`` is only known for the sake of scripts that set
    it. ``leads_to`` gives the choices, by name, that a value of this one brings along.
    """

    def __init__(self, default: Any, docs: str, validator: Callable[[Any], bool] | None = None,
                 representor: Callable[[Any], str] = repr, *, choices: str = "", without_effect: bool = False,
                 leads_to: Callable[[Any], dict[str, Any]] | None = None):
        self.default, self.docs, self.representor = default, docs, representor
        self.validator = SameKind(default) if validator is None else validator
        self.choices, self.without_effect, self.leads_to = choices, without_effect, leads_to


class Choices(MutableMapping[str, Any]):
    """Choices below a prefix, ``prefs.codegen`` for example: by attribute or by the rest of the name."""

    _all: "Preferences"
    _prefix: str

    def __init__(self, every: "Preferences", prefix: str):
        object.__setattr__(self, "_all", every)
        object.__setattr__(self, "_prefix", prefix)

    def _full(self, name: object) -> str:
        return f"{self._prefix}{name}"

    def __getitem__(self, name: str) -> Any:
        found = self._all.find(self._full(name))
        if found is _MISSING:
            raise UnknownPreference(
                f"There is no preference '{self._full(name)}'", help=near(self._full(name), self._all.known)
                or ", ".join(list(self._all.known)[:10]))
        return found

    def __getattr__(self, name: str) -> Any:
        found = _MISSING if name.startswith("_") else self._all.find(self._full(name))
        if found is _MISSING:
            raise AttributeError(f"there is no preference '{self._full(name)}'")
        return found

    def __setitem__(self, name: str, value: Any) -> None:
        self._all.choose(self._full(name), value)

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delitem__(self, name: str) -> None:
        raise PreferenceError("Preferences cannot be deleted", help="prefs.reset_to_defaults() forgets all choices")

    def __delattr__(self, name: str) -> None:
        del self[name]

    def __iter__(self) -> Iterator[str]:
        return iter([name.removeprefix(self._prefix) for name in self._all.known if name.startswith(self._prefix)])

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __contains__(self, name: object) -> bool:
        return self._full(name) in self._all.known

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(name.split(".")[0] for name in self)})

    def _repr_html_(self) -> str:
        known = ((name, self._all.known[self._full(name)]) for name in self)
        rows = "".join(
            f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in (name, repr(self[name]), p.choices, p.docs))}</tr>"
            for name, p in known)
        return f"<table><tr><th>preference</th><th>value</th><th>possible</th><th>what for</th></tr>{rows}</table>"

    def __repr__(self) -> str:
        return "\n".join(f"{name} = {self[name]!r}  # {self._all.known[self._full(name)].docs}" for name in self)


class Preferences(Choices):
    """All choices: ``prefs['codegen.target']`` or ``prefs.codegen.target``. Each is checked when it is set;
    `PreferenceError` otherwise."""

    known: dict[str, Preference]
    sections: dict[str, str]

    def __init__(self) -> None:
        super().__init__(self, "")
        for name, value in (("known", {}), ("sections", {}), ("_chosen", {}), ("_kept", {}), ("_followers", {})):
            object.__setattr__(self, name, value)

    def register_preferences(self, prefbasename: str, prefbasedoc: str, **declared: Preference) -> None:
        """Declare choices below a name; a script may declare its own. `PreferenceError` where a name is taken or is
        none."""
        if prefbasename in self.sections:
            raise PreferenceError(f"The preferences '{prefbasename}' are declared already")
        above = prefbasename.split(".")
        for k in range(1, len(above) + 1):
            if ".".join(above[:k]) in self.known:
                raise PreferenceError(f"'{prefbasename}' cannot hold preferences: '{'.'.join(above[:k])}' is one")
        for name in declared:
            full = f"{prefbasename}.{name}"
            if not _NAME.fullmatch(name):
                raise PreferenceError(f"'{name}' cannot be the name of a preference",
                                      help="letters, digits and underscores, a letter first")
            if hasattr(Preferences, name):
                raise PreferenceError(f"'{name}' cannot be the name of a preference",
                                      help="it is a method of preferences")
            if full in self.known or any(s == full or s.startswith(f"{full}.") for s in self.sections):
                raise PreferenceError(f"'{full}' is the name of other preferences already")
        self.sections[prefbasename] = prefbasedoc
        for name, preference in declared.items():
            self.known[f"{prefbasename}.{name}"] = preference

    def find(self, name: str) -> Any:
        """The value of a choice, the choices below a name, or a mark that there are none."""
        if name in self.known:
            return self._chosen.get(name, self.known[name].default)
        below = any(key.startswith(f"{name}.") for key in (*self.known, *(f"{s}." for s in self.sections)))
        return Choices(self, f"{name}.") if below and name else _MISSING

    def choose(self, name: str, value: Any) -> None:
        """Set a choice after checking it."""
        if name not in self.known:
            if self.find(name) is not _MISSING:
                raise PreferenceError(f"'{name}' is a group of preferences and has no value",
                                      help=", ".join(k for k in self.known if k.startswith(name))[:200])
            raise PreferenceError(f"There is no preference '{name}'", help=near(name, self.known))
        preference = self.known[name]
        try:
            possible = preference.validator(value)
        except (TypeError, ValueError, AttributeError):  # a user's own test need not be ready for every kind of value
            possible = False
        if not possible:
            raise PreferenceError(f"{value!r} is not a possible value of prefs.{name}", help=preference.choices)
        if preference.without_effect and value != preference.default:
            logger.info("prefs.%s has no effect in brainsim", name)
        if preference.leads_to is not None and value != self[name]:
            for other, wanted in preference.leads_to(value).items():
                logger.info("prefs.%s = %r sets prefs.%s = %r", name, value, other, wanted)
                self.choose(other, wanted)
        self._chosen[name] = value
        for follow in self._followers.get(name, ()):
            follow()

    def follow(self, name: str, act: Callable[[], None]) -> None:
        """Have something done after each choice of this name."""
        self._followers.setdefault(name, []).append(act)

    def reset_to_defaults(self) -> None:
        """Forget all choices."""
        self._chosen.clear()

    def _backup(self) -> None:
        """Keep the present choices, for `_restore`."""
        object.__setattr__(self, "_kept", dict(self._chosen))

    def _restore(self) -> None:
        """The choices at the last `_backup`."""
        object.__setattr__(self, "_chosen", dict(self._kept))

    # -- files ---------------------------------------------------------------------------------------------------------
    def read_preference_file(self, file: str | Path | TextIO) -> None:
        """Set choices from lines ``name = value`` below headings ``[section]``. `PreferenceError` for what cannot be
        read or set."""
        text = Path(file).read_text("utf-8") if isinstance(file, (str, Path)) else file.read()
        section = ""
        for number, line in enumerate(text.splitlines(), 1):
            line = line.strip()
            name, equals, value = line.partition("=")
            if not line or line.startswith("#"):
                continue
            if line.startswith("[") and line.endswith("]"):
                section = f"{line[1:-1].strip()}."
            elif not equals:
                raise PreferenceError(f"Line {number} of a preference file is neither a heading nor a choice",
                                      found=line, help="name = value")
            else:
                self.choose(section + name.strip(), _value(value.strip(), number))

    def load_preferences(self) -> None:
        """Read ``~/.brian/user_preferences`` and ``brian_preferences`` of the working folder, where they exist; says
        what they have wrong."""
        for path in (Path("~/.brian/user_preferences").expanduser(), Path("brian_preferences")):
            try:
                if path.is_file():
                    self.read_preference_file(path)
            except (OSError, PreferenceError) as error:
                logger.warning("%s: %s", path, error)

    @property
    def as_file(self) -> str:
        """All choices as text that `read_preference_file` reads."""
        return self._text({name: self[name] for name in self})

    @property
    def defaults_as_file(self) -> str:
        """All defaults as text that `read_preference_file` reads."""
        return self._text({name: p.default for name, p in self.known.items()})

    def _text(self, values: dict[str, Any]) -> str:
        parts = []
        for section, doc in self.sections.items():
            parts.append(f"#{'-' * 79}\n# {doc}\n#{'-' * 79}\n\n[{section}]\n")
            for name, value in values.items():
                if name.rpartition(".")[0] == section:
                    shown = self.known[name]
                    parts.append(f"# {shown.docs}\n{name.rpartition('.')[2]} = {shown.representor(value)}\n")
        return "\n".join(parts)

    def get_documentation(self, basename: str | None = None) -> str:
        """What the preferences below a name are for, with their defaults."""
        chosen = [name for name in self.known if basename is None or name.startswith(f"{basename}.")]
        return "\n\n".join(f"``{n}`` = ``{self.known[n].representor(self.known[n].default)}``\n    {self.known[n].docs}"
                           for n in chosen)

    @property
    def toplevel_categories(self) -> list[str]:
        """First parts of all names."""
        return list(dict.fromkeys(s.split(".")[0] for s in self.sections))


def _value(text: str, line: int) -> Any:
    """A Python literal, or a bare word such as float64."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        if text.isidentifier():
            return text
        raise PreferenceError(f"Line {line} of a preference file has no value that can be read", found=text,
                              help="a number, a 'text', True, [...]") from None
