"""``brainsim run SCRIPT.py [arguments]``: run an unmodified Brian 2 script or notebook; ``import brian2`` in it gives
brainsim."""
from __future__ import annotations

import argparse
import runpy
import sys
import traceback
from pathlib import Path
from types import TracebackType

from brainsim import __version__
from brainsim.compat.notebook import of_ipython, run_notebook
from brainsim.compat.paths import stand_in


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0, 1 for a script that ends in an error, 2 when there is nothing to run."""
    words = sys.argv[1:] if arguments is None else arguments
    parser, running = _parsers()
    try:
        given = parser.parse_args(words)
        if not Path(given.script).is_file():
            running.error(f"There is no script '{given.script}'")
    except SystemExit as answered:
        return int(answered.code or 0)
    stand_in()
    sys.argv = [given.script, *given.arguments]
    sys.path.insert(0, str(Path(given.script).resolve().parent))
    try:
        if given.script.endswith(".ipynb"):
            run_notebook(Path(given.script))
        else:
            runpy.run_path(given.script, init_globals=of_ipython(), run_name="__main__")
    except Exception as error:
        traceback.print_exception(error.with_traceback(_from_script(error.__traceback__, given.script)))
        return 1
    return 0


def _parsers() -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    """The command, and its part that runs a script."""
    parser = argparse.ArgumentParser(prog="brainsim", description="Simulate neural models written as equations.")
    parser.add_argument("--version", action="version", version=f"brainsim {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    text = "run an unmodified Brian 2 script or notebook: 'import brian2' in it gives brainsim"
    running = commands.add_parser("run", help=text, description=text[0].upper() + text[1:])
    running.add_argument("script", metavar="SCRIPT.py", help="the script, or a notebook .ipynb")
    running.add_argument("arguments", nargs=argparse.REMAINDER, help="what the script finds in sys.argv[1:]")
    return parser, running


def _from_script(frames: TracebackType | None, script: str) -> TracebackType | None:
    """The calls from the script's own line on; all of them where it was not reached."""
    here, names = frames, (script, f"{Path(script).name}, cell ")
    while here is not None and not here.tb_frame.f_code.co_filename.startswith(names):
        here = here.tb_next
    return here or frames


if __name__ == "__main__":
    sys.exit(main())
