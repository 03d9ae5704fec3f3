"""Time of the simulation loop with one and with several threads, 100 000 neurons and 4000.

    python benchmarks/threads.py [--threads 2] [--repeat 5] [models ...]
"""
from __future__ import annotations

import argparse
import sys

from common import median, save, table, work

MODELS = {"cuba:N=100000,p=0.0008": "1", "coba:N=100000,p=0.0008": "1", "coba_hh:N=100000,p=0.0008": "0.2", "cuba": "1",
          "coba": "1", "stdp": "5"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one turn, 4000 neurons")
    parser.add_argument("--json")
    a = parser.parse_args()
    together = f"brainsim-{a.threads}"
    rows = []
    for model in a.models or [m for m in MODELS if not (a.quick and ":" in m)]:
        times: dict[str, list[float]] = {"brainsim-1": [], together: []}
        spikes = {}
        for turn in range((1 if a.quick else a.repeat) + 1):
            for flavour in times:
                found = work(sys.executable, model, flavour, MODELS.get(model, "1") if turn else "0.02")
                if turn:
                    spikes[flavour] = found["spikes"]
                    times[flavour].append(found["loop"])
        assert spikes["brainsim-1"] == spikes[together], "threads changed the result"
        row = {"model": model, "threads": a.threads, **{f"{f} s": median(t) for f, t in times.items()},
               "speed-up": median(times["brainsim-1"]) / median(times[together]),
               "spikes": spikes[together], "all": times}
        rows.append(row)
        table([row], ["model", "brainsim-1 s", f"{together} s", "speed-up", "spikes"])
    print()
    table(rows, ["model", "brainsim-1 s", f"{together} s", "speed-up"])
    save("threads", rows, {}, a.json, key=("model", "threads"))


if __name__ == "__main__":
    main()
