"""A hundred million synapses with a weight each, in one machine: the bytes counted before anything is built, and the
bytes it took.

    python benchmarks/large.py [--synapses 1e8] [--milliseconds 10]

Two processes: stored synapses (p = 0.1 between equal groups), and procedural ones, which are found again for every
spike and take no memory. Each makes its synapses, gives them weights and runs; a few neurons fire at every step. A
network that the estimate says does not fit into the memory that is free is not built. One core.
"""
from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

from synapse_creation import P, peak

ROOM = 0.9       # of the free memory


def main() -> None:
    from common import answer, save, table
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--synapses", type=float, default=1e8)
    parser.add_argument("--milliseconds", type=float, default=10)
    parser.add_argument("--quick", action="store_true", help="a hundredth of the synapses")
    parser.add_argument("--json")
    a = parser.parse_args()
    synapses = a.synapses / 100 if a.quick else a.synapses
    rows = []
    for storage in ("stored", "procedural"):
        found = answer([sys.executable, str(Path(__file__).resolve()), "worker", storage, str(synapses),
                        str(a.milliseconds)])
        if "skipped" in found:
            print(f"skipped: {storage}: {found['skipped']}")
        else:
            rows.append(found)
    table(rows, ["storage", "synapses", "estimate GB", "peak GB", "bytes per synapse", "connect s", "weights s",
                 "first run s", "loop s", "arrived per s"])
    save("large", rows, {}, a.json, key=("storage",))


def worker(storage: str, synapses: float, milliseconds: float) -> None:
    """Build and run; a line of JSON."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    import brainsim as b
    b.seed(1)
    side = round((synapses / P) ** 0.5)
    source = b.NeuronGroup(side, "dv/dt = 1/(100*ms) : 1", threshold="v > 1", reset="v = 0", method="euler")
    source.v = "rand()"
    target = b.NeuronGroup(side, "g : 1")
    s = b.Synapses(source, target, "w : 1", on_pre="g_post += w")
    spikes = b.SpikeMonitor(source, record=False)
    net = b.Network(source, target, s, spikes)
    stored = storage == "stored"
    estimate = int(net.memory_estimate()) + (int(s.memory_estimate(p=P)) if stored else 0)
    free = os.sysconf("SC_PAGE_SIZE") * os.sysconf(
        "SC_AVPHYS_PAGES") if "SC_AVPHYS_PAGES" in os.sysconf_names else float("inf")
    if estimate > ROOM * free:
        print(json.dumps({"skipped": f"it would take {estimate/1e9:.1f} GB, and {free/1e9:.1f} GB are free"}))
        return
    before, marks = peak(), [time.perf_counter()]
    s.connect(p=P, **({} if stored else {"storage": "procedural"}))
    marks.append(time.perf_counter())
    s.w = "rand()"
    marks.append(time.perf_counter())
    net.run(0 * b.ms)
    marks.append(time.perf_counter())
    net.run(milliseconds * b.ms)
    marks.append(time.perf_counter())
    count = len(s)
    assert abs(float(target.g[:].sum()) / (0.5 * P * side * spikes.num_spikes) - 1) < 0.05, "the mean weight is 0.5"
    print(json.dumps({"storage": storage, "synapses": count, "estimate GB": estimate / 1e9, "peak GB": peak() / 1e9,
                      "bytes per synapse": (peak() - before) / count,
                      **dict(zip(("connect s", "weights s", "first run s", "loop s"),
                                (float(y - x) for x, y in zip(marks, marks[1:])))),
                      "arrived per s": spikes.num_spikes * P * side / (marks[4] - marks[3])}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        worker(sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))
    else:
        main()
