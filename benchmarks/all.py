"""All benchmarks, one table: ours beside Brian 2, BrainPy, NEST and programs by hand, with the aims.

    python benchmarks/all.py --brian2 PY --brainpy PY --nest PY [--quick] [--large] [--only run_time start_up]
    [--report] [--readme]

Each PY is a Python with that peer in an environment of its own; BRIAN2_PYTHON, BRAINPY_PYTHON and NEST_PYTHON name them
too. What is missing is skipped, with a line that says so. The pieces are scripts of their own and may be run one by
one: each puts its rows into ``benchmarks/results``, and ``--report`` makes the table from whatever is there.
``--readme`` also writes it into benchmarks/README.rst.
"""
from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from aims import Line, lines
from common import HERE, PEERS, RESULTS, peer_options, stored, table

PIECES = ("run_time", "threads", "short_runs", "start_up", "synapse_creation", "sweep")
ASKED_FOR = ("large",)
TAKES_PEERS = {"run_time": PEERS, "short_runs": ("brian2", "nest"), "start_up": ("brian2",),
               "synapse_creation": ("brian2", "nest"), "sweep": ("brian2",)}
COLUMNS = ("what", "beside", "ours", "theirs", "measure", "aim", "verdict", "note")
MARK = ".. the table below is written by benchmarks/all.py --readme\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    peer_options(parser)
    parser.add_argument("--quick", action="store_true", help="a few minutes, times of little worth; results go to a "
                                                             "temporary folder")
    parser.add_argument("--large", action="store_true", help="also 10^8 synapses, with weights")
    parser.add_argument("--only", nargs="+", choices=PIECES + ASKED_FOR, help="some of the pieces")
    parser.add_argument("--report", action="store_true", help="measure nothing")
    parser.add_argument("--readme", action="store_true", help="write the table into benchmarks/README.rst")
    a = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="benchmarks_")) if a.quick else RESULTS
    if not a.report:
        for piece in a.only or PIECES + ASKED_FOR * a.large:
            measured(piece, a, folder)
    found = list(lines(folder))
    print()
    if found:
        table([{"part": line.part, **line.row()} for line in found], ["part", *COLUMNS])
        print(verdict(found))
    if a.readme:
        write(found, folder, HERE / "README.rst")


def measured(piece: str, a: argparse.Namespace, folder: Path) -> None:
    """One piece as a process of its own; a line when it fails."""
    print(f"\n== {piece}", flush=True)
    given = [x for peer in TAKES_PEERS.get(piece, ()) for python in [getattr(a, peer)] if python
             for x in (f"--{peer}", python)]
    command = [sys.executable, str(HERE / f"{piece}.py"), *given, *["--quick"] * a.quick, "--json",
               str(folder / f"{piece}.json")]
    search = os.pathsep.join([str(HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    if subprocess.run(command, env={**os.environ, "PYTHONPATH": search}).returncode:
        print(f"failed: {piece}; the table is made without it")


def verdict(found: list[Line]) -> str:
    """How many aims are met."""
    aimed = [line for line in found if line.met is not None]
    missed = [f"{line.what}{f' beside {line.peer}' if line.peer else ''}: {line.value:.3g}" for line in aimed
              if not line.met]
    return "\n".join([f"{len(aimed) - len(missed)} of {len(aimed)} aims met", *(f"  missed: {m}" for m in missed)])


def write(found: list[Line], folder: Path, path: Path) -> None:
    """The table and the versions behind the mark in a file of reStructuredText."""
    rows = [line.row() for line in found]
    widths = [max(len(c), 1, *(len(r[c]) for r in rows)) for c in COLUMNS]
    rule = "  ".join("=" * w for w in widths)
    body = ["  ".join(r[c].ljust(w) for c, w in zip(COLUMNS, widths)).rstrip() for r in rows]
    head = "  ".join(c.ljust(w) for c, w in zip(COLUMNS, widths)).rstrip()
    versions = stored("run_time", folder)["machine"]
    known = "; ".join(f"{name} {version}" for name, version in versions.get("versions", {}).items() if version)
    about = (f"{versions.get('processor', 'a processor')}, {versions.get('cores')} cores, {versions.get('system')}. "
             f"{known}.")
    end = verdict(found).replace("  missed", "\n* missed")
    text = path.read_text("utf-8").partition(MARK)[0]
    path.write_text("\n".join([text + MARK, about, "", rule, head, rule, *body, rule, "", end, ""]), "utf-8")
    print(f"written to {path}")


if __name__ == "__main__":
    main()
