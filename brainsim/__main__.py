"""``python -m brainsim run SCRIPT.py [arguments]``: run an unmodified Brian 2 script or notebook; ``import brian2`` in it gives brainsim."""
from __future__ import annotations

import runpy
import sys
from pathlib import Path

from brainsim.compat.notebook import of_ipython, run_notebook
from brainsim.compat.paths import stand_in

USAGE = "usage: python -m brainsim run SCRIPT.py|NOTEBOOK.ipynb [arguments]"


def main(arguments: list[str] | None = None) -> int:
    """Exit status; 2 when there is nothing to run."""
    words = sys.argv[1:] if arguments is None else arguments
    if len(words) < 2 or words[0] != "run" or not Path(words[1]).is_file():
        print(USAGE if len(words) < 2 or words[0] != "run" else f"There is no script '{words[1]}'\n{USAGE}", file=sys.stderr)
        return 2
    script = words[1]
    stand_in()
    sys.argv = words[1:]
    sys.path.insert(0, str(Path(script).resolve().parent))
    if script.endswith(".ipynb"):
        run_notebook(Path(script))
    else:
        runpy.run_path(script, init_globals=of_ipython(), run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main())
