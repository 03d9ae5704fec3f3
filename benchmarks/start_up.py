"""From ``python script.py`` to the first simulated spike with an empty cache, and the whole process of a CUBA run, cold and warm.

    python benchmarks/start_up.py --peer PYTHON_WITH_BRIAN2 [--repeat 5]
"""
from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import HERE, median, peer_python, save, table

LIF = """
from {package} import *
{cache}
tau = 10*ms
G = NeuronGroup(1, 'dv/dt = (2 - v)/tau : 1', threshold='v > 1', reset='v = 0')
spikes = SpikeMonitor(G)
run(10*ms)
assert spikes.num_spikes
"""
CUBA = """
{cache}
{text}
simulate(duration={duration}*second)
"""
BRIAN_CACHE = "prefs.codegen.runtime.cython.cache_dir = {folder!r}; prefs.codegen.target = 'cython'"


def script(model: str, package: str, folder: str) -> str:
    """The text of a script that ends with the first spikes."""
    cache = BRIAN_CACHE.format(folder=folder) if package == "brian2" else ""
    if model == "LIF":
        return LIF.format(package=package, cache=cache)
    text = (HERE.parent / "examples" / "cuba.py").read_text("utf-8").replace("from brainsim import *", f"from {package} import *\n{cache}")
    return CUBA.format(cache="", text=text.split("if __name__")[0], duration=0.01 if model == "CUBA first spike" else 1)


def measure(python: str, model: str, package: str, folder: str) -> float:
    """Seconds of a whole process with its cache in ``folder``."""
    with tempfile.NamedTemporaryFile("w", suffix=".py", delete=False) as file:
        file.write(script(model, package, folder))
    env = {**os.environ, "BRAINSIM_CACHE_DIR": folder, "MPLBACKEND": "Agg"}
    began = time.perf_counter()
    subprocess.run([python, file.name], check=True, env=env, capture_output=True)
    taken = time.perf_counter() - began
    Path(file.name).unlink()
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--json")
    a = parser.parse_args()
    peer = peer_python(a.peer)
    sides = [("brainsim", sys.executable)] + ([("brian2", peer)] if peer else [])
    rows = []
    for model, cold in (("LIF", True), ("CUBA first spike", True), ("CUBA 1 s", False)):
        row: dict = {"model": model, "cache": "empty" if cold else "warm"}
        for package, python in sides:
            taken = []
            with tempfile.TemporaryDirectory() as warm:
                if not cold:
                    measure(python, model, package, warm)
                for _ in range(a.repeat if package == "brainsim" or not cold else 1):
                    with tempfile.TemporaryDirectory() as empty:
                        taken.append(measure(python, model, package, empty if cold else warm))
            row[f"{package} s"], row[f"{package} all"] = median(taken), taken
        if peer:
            row["brian2 / ours"] = row["brian2 s"] / row["brainsim s"]
        rows.append(row)
        table([row], ["model", "cache", "brainsim s", "brian2 s", "brian2 / ours"])
    save("start_up", rows, peer, a.json)


if __name__ == "__main__":
    main()
