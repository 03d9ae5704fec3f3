"""Finds and renders the Jinja2 templates, in an installed package and in a bare checkout alike."""
from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import jinja2


@lru_cache(maxsize=None)
def folder() -> Path:
    """Where the templates are: beside the package in a checkout, inside it when installed."""
    package = Path(__file__).resolve().parent.parent
    for place in (package / "templates", package.parent / "templates"):
        if (place / "c" / "language.h").exists():
            return place
    raise FileNotFoundError(f"the folder 'templates' is missing beside or inside {package}")


@lru_cache(maxsize=None)
def _environment() -> jinja2.Environment:
    return jinja2.Environment(loader=jinja2.FileSystemLoader(folder()), trim_blocks=True, lstrip_blocks=True,
                              undefined=jinja2.StrictUndefined, keep_trailing_newline=True)


def render(name: str, **values: object) -> str:
    """The text of a template filled in."""
    return _environment().get_template(name).render(**values)


def read(name: str) -> str:
    """A file of the template folder as it is."""
    return (folder() / name).read_text(encoding="utf-8")
