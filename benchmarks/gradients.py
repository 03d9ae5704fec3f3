"""Gradients and runs with JAX: ours beside a scan by hand and beside BrainPy, on one core.

    python benchmarks/gradients.py [--brainpy PY] [--quick] [--json FILE]

1. One gradient of a recurrent network (100 inputs, 100 leaky neurons with exponential synapses, 10 leaky readouts, 200
   steps, 32 trials, all weights), compiled, medians; temporaries of the compiled gradient with and without
   ``checkpoint='sqrt'``.
2. COBA with 4000 neurons (``examples/coba.py``) for one second of activity on the target ``jax``, first run after JAX
   is imported (nothing compiled yet, and in a later process) and later runs; BrainPy's with numba is
   ``benchmarks/peers/brainpy_models.py``, the same network with other random numbers.
"""
from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORKERS = HERE / "peers" / "gradient_workers.py"


def one(python: str, *arguments: str, keep: bool = True) -> dict:
    """One worker on one core; its line of JSON. ``keep``: whether JAX may find what an earlier process compiled."""
    pinned = ["taskset", "-c", "0"] if shutil.which("taskset") else []
    env = {**os.environ,
           "PYTHONPATH": os.pathsep.join([str(HERE.parent),
                                          os.environ.get("PYTHONPATH", "")])} if python == sys.executable else None
    if env and not keep:
        env["JAX_ENABLE_COMPILATION_CACHE"] = "false"
    done = subprocess.run([*pinned, python, *arguments], capture_output=True, text=True, env=env)
    if done.returncode:
        raise RuntimeError(f"{arguments} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    from common import median, save, table
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brainpy", default=os.environ.get("BRAINPY_PYTHON"))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json")
    a = parser.parse_args()
    repeats = 1 if a.quick else 3
    workers = [(sys.executable, "both"), (sys.executable, "both_sqrt"),
               *([(a.brainpy, "brainpy")] if a.brainpy else [])]
    if not a.brainpy:
        print("no Python with BrainPy (--brainpy PY or BRAINPY_PYTHON): only brainsim and the scan by hand are "
              "measured")
    found: dict[str, list[dict]] = {}
    for _ in range(repeats):
        for python, kind in workers:
            for name, one_of in one(python, str(WORKERS), kind).items():
                found.setdefault(name + (", checkpoint='sqrt'" if kind.endswith("sqrt") else ""), []).append(one_of)
    rows = [{"what": f"gradient, {name}", "ms": median([r["ms"] for r in rs]),
             "first s": median([r["first s"] for r in rs]),
             "temporaries MB": rs[0].get("temporaries MB"), "loss": rs[0]["loss"], "all": rs}
            for name, rs in found.items()]
    times = {r["what"]: r["ms"] for r in rows}
    for row in rows:
        row["ours / it"] = times["gradient, ours" + (", checkpoint='sqrt'" if row["what"].endswith("'sqrt'")
                                                     else "")] / row["ms"]
    seconds = "0.1" if a.quick else "1"
    runs: dict[str, list[dict]] = {"coba, ours (jax)": [], "coba, ours, a later process": [], "coba, brainpy": []}
    one(sys.executable, str(WORKERS), "coba", "0.1")       # fills the cache
    for _ in range(repeats):
        for name, keep in zip(list(runs), (False, True)):
            runs[name].append(one(sys.executable, str(WORKERS), "coba", seconds, keep=keep))
        if a.brainpy:
            runs["coba, brainpy"].append(one(a.brainpy, str(HERE / "peers" / "brainpy_models.py"), "coba", "brainpy",
                                             seconds))
    for name, rs in runs.items():
        if rs:
            rows.append({"what": name, "ms": 1000 * median([r["loop"] for r in rs]),
                         "first s": median([r["with compilation"] for r in rs]),
                         "spikes": rs[0]["spikes"],
                         "ours / it": median([r["loop"] for r in runs["coba, ours (jax)"]]) / median(
                             [r["loop"] for r in rs]), "all": rs})
    table(rows, ["what", "ms", "first s", "temporaries MB", "ours / it", "loss", "spikes"])
    save("gradients", rows, {"brainpy": a.brainpy} if a.brainpy else {}, a.json)


if __name__ == "__main__":
    main()
