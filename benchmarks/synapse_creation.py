"""Making synapses and giving each a weight: seconds until a run could begin, and the peak of memory per synapse.

    python benchmarks/synapse_creation.py [--synapses 1e7] [--repeat 5] [--brian2 PY] [--nest PY] [--quick] [rules ...]

Each measurement is a process of its own, on one core, and the sides take turns; the first of each kind only fills the
cache of compiled code. Seconds are those of ``connect``, of the assignment of weights, and of ``run(0*ms)``, together;
bytes are the growth of the resident set at its peak. NEST makes two of the networks, by its own rules with the same
probabilities.
"""
from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import sys
import time
from pathlib import Path

import numpy as np

P = 0.1
RULES = ("p=0.1", "all pairs", "'i != j', p=0.1", "sorted lists", "lists in any order", "p=0.1, procedural")
NEST_P = {"p=0.1": P, "all pairs": 1.0}
FLAVOURS = ("brainsim", "brian2-numpy", "brian2-cython", "nest")


def main() -> None:
    from common import HERE, answer, median, peer_options, peers_of, python_for, save, table
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rules", nargs="*", help=f"some of {', '.join(map(repr, RULES))}")
    peer_options(parser)
    parser.add_argument("--synapses", type=float, default=1e7)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one turn, a million synapses")
    parser.add_argument("--json")
    a = parser.parse_args()
    peers, synapses = peers_of(a, ["brian2", "nest"]), 1e6 if a.quick else a.synapses

    def one(rule: str, flavour: str) -> dict:
        python = python_for(flavour, peers) or ""
        if flavour == "nest":
            return answer([python, str(HERE / "peers" / "nest_synapses.py"), str(synapses), str(NEST_P[rule])])
        return answer([python, str(Path(__file__).resolve()), "worker", rule, str(synapses), flavour])

    rows = []
    for rule in a.rules or RULES:
        found: dict[str, list[dict]] = {f: [] for f in FLAVOURS if python_for(f, peers) and does(f, rule)}
        for turn in range((1 if a.quick else a.repeat) + 1):
            for flavour, runs in found.items():
                runs += [one(rule, flavour)][:turn]
        rows.append({"rule": rule, "synapses": int(synapses), "repeat": len(found["brainsim"]),
                     **{f"{f} s": median([r["seconds"] for r in runs]) for f, runs in found.items()},
                     **{f"{f} bytes": median([r["bytes"] for r in runs]) for f, runs in found.items()},
                     "all": {f: [r["seconds"] for r in runs] for f, runs in found.items()}})
        table(rows[-1:], ["rule", *(f"{f} {what}" for f in FLAVOURS for what in ("s", "bytes"))])
    save("synapse_creation", rows, peers, a.json, key=("rule",))


def does(flavour: str, rule: str) -> bool:
    """Whether a simulator has this way of making synapses."""
    if flavour == "nest":
        return rule in NEST_P
    return flavour == "brainsim" or "procedural" not in rule


def worker(rule: str, synapses: float, flavour: str) -> None:
    """Make the synapses; print a line of JSON."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    b = importlib.import_module(flavour.partition("-")[0])
    b.prefs.codegen.target = {"brian2-numpy": "numpy"}.get(flavour, "cython")
    b.seed(1)
    side = round((synapses / (P if "p=" in rule else 1)) ** 0.5) if "list" not in rule else 10_000
    source = b.NeuronGroup(side, "v : 1", threshold="v > 1", reset="v = 0")
    target = b.NeuronGroup(side, "g : siemens")
    s = b.Synapses(source, target, "w : siemens", on_pre="g_post += w")
    net = b.Network(source, target, s)
    arguments = given(rule, side, int(synapses))
    before, began = peak(), time.perf_counter()
    s.connect(**arguments)
    s.w = "rand()*nS"
    net.run(0 * b.ms)
    print(json.dumps({"seconds": time.perf_counter() - began, "bytes": (peak() - before) / len(s), "made": len(s)}))


def given(rule: str, side: int, count: int) -> dict:
    """The arguments of `connect`."""
    if "list" in rule:
        i, j = np.random.default_rng(1).integers(side, size=(2, count))
        return {"i": np.sort(i) if rule == "sorted lists" else i, "j": j}
    chosen: dict = {"p": P} if "p=" in rule else {}
    if "i != j" in rule:
        chosen["condition"] = "i != j"
    if "procedural" in rule:
        chosen["storage"] = "procedural"
    return chosen


def peak() -> int:
    """Largest resident set so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        worker(sys.argv[2], float(sys.argv[3]), sys.argv[4])
    else:
        main()
