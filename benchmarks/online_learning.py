"""Gradients while a network runs: rules of online learning beside the gradient through time, and beside BrainTrace.

    python benchmarks/online_learning.py [--peer PY] [--repeat 15]

100 inputs (5 % in each step) → 100 recurrent neurons with exponential synapses → 10 leaky readouts, 200 steps of 1 ms,
32 trials, the cross entropy of each step; one core, medians. PY is a Python with ``braintrace``, ``brainpy`` and
``braintools``.
"""
from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys

from common import HERE, save, table
from online_network import measure

RULES = ["d_rtrl", "d_rtrl(kappa=0)", "es_d_rtrl(0.98)", "es_d_rtrl(0.98, kappa=0)", "eprop",
         "eprop(kappa='readout', feedback='random')"]
PEERS = {"d_rtrl(kappa=0)": "d_rtrl", "es_d_rtrl(0.98, kappa=0)": "pp_prop", "eprop": "e_prop"}
ONE_CORE = {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1", "OMP_NUM_THREADS": "1",
            "JAX_PLATFORMS": "cpu"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer")
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--json")
    parser.add_argument("--worker", action="store_true")
    a = parser.parse_args()
    if a.worker:
        print(json.dumps(measure(RULES, a.repeat)))
        return
    rows = on_one_core(sys.executable, [str(HERE / "online_learning.py"), "--worker", "--repeat", str(a.repeat)])
    if a.peer:
        for row in rows:
            if row["rule"] in PEERS:
                found = on_one_core(a.peer, [str(HERE / "online_braintrace.py"), PEERS[row["rule"]],
                                             str(max(3, a.repeat // 3))])
                row["braintrace ms"] = found["ms"]
                row["braintrace / ours"] = found["ms"] / row["ms"]
                row["braintrace"] = found
    table(rows, ["rule", "ms", "of through time", "cosine", "length", "temporaries MB", "braintrace ms",
                 "braintrace / ours"])
    save("online_learning", rows, {"braintrace": a.peer} if a.peer else {}, a.json, key=("rule",))


def on_one_core(python: str, arguments: list[str]) -> object:
    """The last line of a process, as JSON."""
    pinned = ["taskset", "-c", "0"] if shutil.which("taskset") else []
    done = subprocess.run([*pinned, python, *arguments], capture_output=True, text=True, env={**os.environ, **ONE_CORE})
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout.strip().splitlines()[-1])


if __name__ == "__main__":
    main()
