"""A thousand calls of run(0.1*ms): the cost of a call once everything is prepared. Beside Brian 2 (runtime mode) and
NEST.

    python benchmarks/short_runs.py [--brian2 PY] [--nest PY] [--repeat 5]

A hundred neurons, about a thousand synapses. Each measurement is a process of its own, and the sides take turns. Brian
2 makes a hundred calls, and their time is multiplied by ten: a thousand would take more than a minute.
"""
from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import time
from pathlib import Path

FLAVOURS = ("brainsim", "brian2-runtime", "nest")
CALLS = {"brian2-runtime": 100}


def main() -> None:
    from common import answer, median, peer_options, peers_of, python_for, save, table, work
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    peer_options(parser)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one turn")
    parser.add_argument("--json")
    a = parser.parse_args()
    peers = peers_of(a, ["brian2", "nest"])

    def one(flavour: str) -> dict:
        python = python_for(flavour, peers) or ""
        return work(python, "short_runs", flavour,
                    "0") if flavour == "nest" else answer([python, str(Path(__file__).resolve()), "worker", flavour])

    runs: dict[str, list[dict]] = {f: [] for f in FLAVOURS if python_for(f, peers)}
    for turn in range((1 if a.quick else a.repeat) + 1):
        for flavour, found in runs.items():
            found += [one(flavour)][:turn]       # the first turn fills the caches
    ours = runs.pop("brainsim")
    base = {"ours s": median([r["loop"] for r in ours]), "of which steps s": median([r["steps"] for r in ours]),
            "repeat": len(ours)}
    rows = [{"model": "1000 short runs", "peer": flavour, **base, "peer s": median([r["loop"] for r in found]),
             "peer / ours": median([r["loop"] for r in found]) / base["ours s"],
             "all": {"ours": [r["loop"] for r in ours], "peer": [r["loop"] for r in found]}}
            for flavour, found in runs.items()]
    rows = rows or [{"model": "1000 short runs", "peer": None, **base, "all": {"ours": [r["loop"] for r in ours]}}]
    table(rows, ["model", "peer", "ours s", "of which steps s", "peer s", "peer / ours"])
    save("short_runs", rows, peers, a.json, key=("peer",))


def worker(flavour: str) -> None:
    """A line of JSON: seconds of a thousand calls, and of a thousand steps in one call."""
    calls = CALLS.get(flavour, 1000)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    b = importlib.import_module(flavour.partition("-")[0])
    if flavour.startswith("brian2"):
        b.prefs.codegen.target = "cython"
    b.seed(1)
    ms, mV = b.ms, b.mV
    group = b.NeuronGroup(100, "dv/dt = (2*mV - v)/tau : volt", threshold="v > 1*mV", reset="v = 0*mV", method="exact",
                          namespace={"tau": 10*ms, "mV": mV})
    synapses = b.Synapses(group, group, on_pre="v_post += 0.01*mV")
    synapses.connect(p=0.1)
    spikes = b.SpikeMonitor(group)
    net = b.Network(group, synapses, spikes)
    net.run(0.1*ms)
    began = time.perf_counter()
    for _ in range(calls):
        net.run(0.1*ms)
    loop = (time.perf_counter() - began) * 1000 / calls
    began = time.perf_counter()
    net.run(100*ms)
    print(json.dumps({"loop": loop, "steps": time.perf_counter() - began, "spikes": [int(spikes.num_spikes)]}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        worker(sys.argv[2])
    else:
        main()
