"""``python -m tests.fuzz.run --first 1 --models 200``: many random models in every way, differences reduced to small
scripts.

Prints each difference with a script that shows it and, at the end, how many models were run in which ways.
"""
from __future__ import annotations

import argparse
import logging
import sys
import time
from collections import Counter
from collections.abc import Sequence

from tests.fuzz.models import Script, model
from tests.fuzz.reduce import reduced
from tests.fuzz.ways import REFERENCE, SINGLE, WAYS, Left, Way, difference, left_by


def outcome(script: Script, way: Way) -> Left | str | None:
    """What a way leaves behind, or the error that it ends with, as text."""
    try:
        return left_by(script, way)
    except Exception as error:      # whatever happens is to be the same in every way
        return f"{type(error).__name__}: {error}"


def compare(script: Script, way: Way, wanted: Left | str | None) -> str:
    """How a way differs from what the interpreter leaves behind; empty where it does not."""
    found = outcome(script, way)
    if isinstance(found, str) or isinstance(wanted, str):
        same = isinstance(found, str) and isinstance(wanted, str) and found.split(":")[0] == wanted.split(":")[0]
        return "" if same else f"{_first_line(found)} instead of {_first_line(wanted)}"
    return "" if found is None or wanted is None else difference(found, wanted, way.rtol)


def _first_line(x: Left | str | None) -> str:
    return x.splitlines()[0] if isinstance(x, str) else "a result"


def differs(script: Script, way: Way) -> str:
    """How a way differs on a script from the interpreter."""
    return compare(script, way, outcome(script, SINGLE if way.single else REFERENCE))


def chosen(names: Sequence[str]) -> tuple[Way, ...]:
    """The ways whose names begin with one of these; all for none."""
    return tuple(w for w in WAYS if not names or w.name.startswith(tuple(names)))


def main(arguments: Sequence[str] | None = None) -> int:
    """The number of differences."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=1, help="the number of the first model")
    parser.add_argument("--models", type=int, default=50)
    parser.add_argument("--ways", nargs="*", default=[], help="beginnings of names: " + ", ".join(w.name for w in WAYS))
    parser.add_argument("--show", type=int, default=0, help="print the script of this model and end")
    parser.add_argument("--no-reduce", action="store_true")
    given = parser.parse_args(arguments)
    if given.show:
        print(model(given.show).text)
        return 0
    logging.getLogger("brainsim").setLevel(logging.ERROR)
    ways, done, found, began = chosen(given.ways), Counter[str](), 0, time.perf_counter()
    for number in range(given.first, given.first + given.models):
        script = model(number)
        wanted = {single: outcome(script, SINGLE if single else REFERENCE) for single in {w.single for w in ways}}
        done["refused"] += isinstance(wanted.get(False), str)
        for way in ways:
            text = compare(script, way, wanted[way.single])
            done[way.name] += 1
            if text:
                found += 1
                small = script if given.no_reduce else reduced(script, lambda s, w=way: bool(differs(s, w)), 150)
                print(f"--- model {number}, {way.name}: {text}\n{small.text}--- {differs(small, way)}\n", flush=True)
    print(f"models {given.first} to {given.first + given.models - 1} in {time.perf_counter() - began:.0f} s: {found} "
          f"differences")
    print(", ".join(f"{name} {n}" for name, n in done.items()))
    return found


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
