"""Time of the simulation loop, side by side with Brian 2 (runtime mode and C++ standalone), one core; for two models also beside a
program written by hand in C++ (benchmarks/by_hand), which is the limit.

    python benchmarks/run_time.py --peer PYTHON_WITH_BRIAN2 [--repeat 5] [--seconds 1] [--large] [models ...]
"""
from __future__ import annotations

import argparse
import sys

from common import by_hand, median, peer_python, program_by_hand, save, table, work

MODELS = ("cuba", "coba", "coba_hh", "stdp", "brunel_hakim", "conductance", "single", "stdp_many")
LARGE = ("cuba:N=100000,p=0.0008", "coba:N=100000,p=0.0008", "coba_hh:N=100000,p=0.0008")
BY_HAND = {"cuba": (4000, 0.02), "coba_hh": (4000, 0.02)}
FLAVOURS = ("brainsim", "brian2-standalone", "brian2-runtime")


def _by_hand(model: str) -> tuple[str, int, float]:
    """Name, number of neurons and probability for the hand-written program of a model; an empty name when there is none."""
    name, _, settings = model.partition(":")
    if name not in BY_HAND:
        return "", 0, 0.0
    given = dict(s.split("=") for s in settings.split(",") if s)
    return name, int(given.get("N", BY_HAND[name][0])), float(given.get("p", BY_HAND[name][1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=MODELS)
    parser.add_argument("--peer")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--seconds", default="1")
    parser.add_argument("--large", action="store_true", help="the models with 100 000 neurons")
    parser.add_argument("--json")
    a = parser.parse_args()
    peer = peer_python(a.peer)
    flavours = FLAVOURS if peer else FLAVOURS[:1]
    rows = []
    for model in a.models or (LARGE if a.large else MODELS):
        times: dict[str, list[float]] = {f: [] for f in flavours}
        spikes: dict[str, list[int]] = {}
        name, n, p = _by_hand(model)
        program = by_hand(name) if name else None
        times |= {"by-hand": []} if program else {}
        for turn in range(a.repeat + 1):
            for flavour in times:
                if flavour == "by-hand":
                    found = program_by_hand(program, n, p, a.seconds)  # type: ignore[arg-type]
                else:
                    found = work(sys.executable if flavour == "brainsim" else peer, model, flavour, a.seconds)  # type: ignore[arg-type]
                if turn:     # the first turn fills the caches
                    times[flavour].append(found["loop"])
                spikes[flavour] = found["spikes"]
        row: dict = {"model": model, **{f"{f} s": median(t) for f, t in times.items()}, "spikes": spikes}
        if peer:
            row["standalone / ours"] = median(times["brian2-standalone"]) / median(times["brainsim"])
            row["runtime / ours"] = median(times["brian2-runtime"]) / median(times["brainsim"])
        if program:
            row["ours / by hand"] = median(times["brainsim"]) / median(times["by-hand"])
        row["all"] = times
        rows.append(row)
        table([row], ["model", *(f"{f} s" for f in flavours), "standalone / ours", "runtime / ours", "ours / by hand", "spikes"])
    print()
    table(rows, ["model", *(f"{f} s" for f in flavours), "standalone / ours", "runtime / ours", "ours / by hand"])
    save("run_time_large" if a.large else "run_time", rows, peer, a.json)


if __name__ == "__main__":
    main()
