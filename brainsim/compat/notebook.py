"""Notebooks as scripts: the code cells of an ``.ipynb`` file in order; what only IPython understands is left out and
said."""
from __future__ import annotations

import json
import linecache
import logging
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from brainsim.errors import WrongSyntax

logger = logging.getLogger("brainsim")
#: magics of whole cells that leave the cell as it is; others hand it to another language
AROUND = ("time", "timeit", "capture", "prun", "matplotlib")
_MAGIC = re.compile(r"(?P<indent>\s*)(?P<name>(\w+(\s*,\s*\w+)*\s*=\s*)?[%!?].*|[\w.]+\?{1,2}\s*)$")


class Shell:
    """What ``get_ipython()`` gives in a script that was written from a notebook: its magics do nothing and are said."""

    def run_line_magic(self, name: str, line: str = "", *more: Any) -> None:
        """Nothing but a message."""
        logger.info("%%%s %s is left out: it belongs to IPython", name, line)

    def run_cell_magic(self, name: str, line: str, cell: str) -> None:
        """Nothing but a message."""
        logger.info("%%%%%s %s is left out, and the cell with it: it belongs to IPython", name, line)

    def magic(self, line: str) -> None:
        """Nothing but a message."""
        self.run_line_magic(*line.partition(" ")[::2])

    def system(self, line: str) -> None:
        """Nothing but a message."""
        logger.info("!%s is left out: it belongs to IPython", line)

    getoutput = system


def of_ipython() -> dict[str, Any]:
    """Names that notebooks have without importing them."""
    return {"get_ipython": Shell, "display": print}


def code_cells(path: Path) -> list[str]:
    """The text of the code cells; `WrongSyntax` for a file that is no notebook of format 4."""
    try:
        cells = json.loads(path.read_text("utf-8"))["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError) as error:
        raise WrongSyntax(f"'{path.name}' is not a notebook that can be read", found=f"{type(error).__name__}: {error}",
                          help="a notebook of format 4 (JSON with 'cells'), or a script") from error


def plain(cell: str) -> str:
    """A cell without what belongs to IPython; line numbers stay. Says what is left out."""
    first = cell.lstrip().partition("\n")[0]
    if first.startswith("%%"):
        kept = first[2:].split(" ")[0] in AROUND
        logger.info("%s is left out%s: it belongs to IPython", first, "" if kept else ", and its cell with it")
        return plain(cell.replace(first, "", 1)) if kept else ""
    try:
        compile(cell, "cell", "exec")
    except SyntaxError:
        return "\n".join(map(_without_magic, cell.split("\n")))
    return cell


def _without_magic(line: str) -> str:
    found = _MAGIC.match(line)
    if found is None:
        return line
    logger.info("%s is left out: it belongs to IPython", line.strip())
    return f"{found['indent']}pass"


def run_notebook(path: Path) -> dict[str, Any]:
    """Run the code cells one after the other as ``__main__``; the names they leave. Tracebacks name the cell and its
    line."""
    main = ModuleType("__main__")
    names = vars(main)
    names.update(of_ipython(), __file__=str(path))
    before, sys.modules["__main__"] = sys.modules["__main__"], main
    try:
        for number, cell in enumerate(code_cells(path), 1):
            title, text = f"{path.name}, cell {number}", plain(cell)
            linecache.cache[title] = (len(text), None, text.splitlines(keepends=True), title)
            exec(compile(text, title, "exec"), names)
    finally:
        sys.modules["__main__"] = before
    return names
