"""Finds and renders the Jinja2 templates, in an installed package and in a bare checkout alike."""
from __future__ import annotations

import io
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import jinja2
import jinja2.bccache

from brainsim.kept import keep, whole
from brainsim.options import cache_directory


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
                              undefined=jinja2.StrictUndefined, keep_trailing_newline=True,
                              bytecode_cache=_KeptTemplates())


class _KeptTemplates(jinja2.BytecodeCache):
    """Templates as Python code, on disk: translating them takes longer than filling them in."""

    def load_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        """What was kept, if it is of this text and this version of Jinja2."""
        content = whole(_kept(bucket))
        if content is not None:
            bucket.load_bytecode(io.BytesIO(content))

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        """Keep it, where files can be kept."""
        content = io.BytesIO()
        bucket.write_bytecode(content)
        with suppress(OSError):
            keep(content.getvalue(), _kept(bucket))


def _kept(bucket: jinja2.bccache.Bucket) -> Path:
    return cache_directory() / "templates" / f"{bucket.key}-{jinja2.__version__}.cache"


def render(name: str, **values: object) -> str:
    """The text of a template filled in."""
    return _environment().get_template(name).render(**values)


def read(name: str) -> str:
    """A file of the template folder as it is."""
    return (folder() / name).read_text(encoding="utf-8")
