"""Making synapses and giving each a weight: seconds until a run could begin, and the peak of memory per synapse.

    python benchmarks/synapse_creation.py [--synapses 1e7] [--repeat 5] [--peer PYTHON]

Each measurement is a process of its own; the first of each kind only fills the cache of compiled code. Seconds are those of
``connect``, of the assignment of weights, and of ``run(0*ms)``, together; bytes are the growth of the resident set at its peak.
"""
from __future__ import annotations

import argparse
import importlib
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from common import median, peer_python, save, table

P = 0.1
RULES = ("p=0.1", "all pairs", "'i != j', p=0.1", "sorted lists", "lists in any order", "p=0.1, procedural")
FLAVOURS = {"brainsim": "brainsim", "brian2-numpy": "brian2", "brian2-cython": "brian2"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--synapses", type=float, default=1e7)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--peer")
    parser.add_argument("--json")
    a = parser.parse_args()
    peer = peer_python(a.peer)
    rows = []
    for rule in RULES:
        row: dict = {"rule": rule, "synapses": int(a.synapses)}
        for flavour, package in FLAVOURS.items():
            python = sys.executable if package == "brainsim" else peer
            if python is None or package == "brian2" and "procedural" in rule:
                continue
            found = [measured(python, rule, a.synapses, flavour) for _ in range(a.repeat + 1)][1:]
            row |= {f"{flavour} s": median([f["seconds"] for f in found]), f"{flavour} bytes": median([f["bytes"] for f in found]),
                    f"{flavour} all": [f["seconds"] for f in found]}
        rows.append(row)
    table(rows, ["rule", *(f"{f} {what}" for f in FLAVOURS for what in ("s", "bytes"))])
    save("synapse_creation", rows, peer, a.json)


def measured(python: str, rule: str, synapses: float, flavour: str) -> dict:
    """One fresh process."""
    done = subprocess.run([python, str(Path(__file__).resolve()), "worker", rule, str(synapses), flavour], capture_output=True, text=True, timeout=1800)
    if done.returncode:
        raise RuntimeError(f"{rule}, {flavour} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def worker(rule: str, synapses: float, flavour: str) -> None:
    """Make the synapses; print a line of JSON."""
    b = importlib.import_module(FLAVOURS[flavour])
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
