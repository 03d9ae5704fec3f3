"""Time of the simulation loop for one second of activity, side by side with Brian 2 (runtime mode and C++ standalone), one core.

    python benchmarks/run_time.py --peer PYTHON_WITH_BRIAN2 [--repeat 5] [--seconds 1] [models ...]
"""
from __future__ import annotations

import argparse
import sys

from common import median, peer_python, save, table, work

MODELS = ("cuba", "coba", "coba_hh", "stdp", "brunel_hakim")
FLAVOURS = ("brainsim", "brian2-standalone", "brian2-runtime")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=MODELS)
    parser.add_argument("--peer")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--seconds", default="1")
    parser.add_argument("--json")
    a = parser.parse_args()
    peer = peer_python(a.peer)
    flavours = FLAVOURS if peer else FLAVOURS[:1]
    rows = []
    for model in a.models or MODELS:
        times: dict[str, list[float]] = {f: [] for f in flavours}
        spikes: dict[str, list[int]] = {}
        for turn in range(a.repeat + 1):
            for flavour in flavours:
                found = work(sys.executable if flavour == "brainsim" else peer, model, flavour, a.seconds)  # type: ignore[arg-type]
                if turn:     # the first turn fills the caches
                    times[flavour].append(found["loop"])
                spikes[flavour] = found["spikes"]
        row: dict = {"model": model, **{f"{f} s": median(t) for f, t in times.items()}, "spikes": spikes}
        if peer:
            row["standalone / ours"] = median(times["brian2-standalone"]) / median(times["brainsim"])
            row["runtime / ours"] = median(times["brian2-runtime"]) / median(times["brainsim"])
        row["all"] = times
        rows.append(row)
        table([row], ["model", *(f"{f} s" for f in flavours), "standalone / ours", "runtime / ours", "spikes"])
    print()
    table(rows, ["model", *(f"{f} s" for f in flavours), "standalone / ours", "runtime / ours"])
    save("run_time", rows, peer, a.json)


if __name__ == "__main__":
    main()
