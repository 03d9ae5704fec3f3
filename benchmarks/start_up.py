"""Whole processes: from ``python script.py`` to the first spikes with an empty cache, import included, and with a warm
one.

    python benchmarks/start_up.py [--brian2 PY] [--repeat 5] [--quick] [models ...]

Ours and Brian 2 (runtime mode) take turns; a cold start of Brian 2 is measured once, since it takes most of a minute.
Ours is installed by pip into a folder first, as users have it: a checkout by itself lacks what installing prepares. All
cores may be used, as by a user.
"""
from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import HERE, median, peer_options, peers_of, save, table

LIF = """
from {package} import *
{cache}
tau = 10*ms
G = NeuronGroup(1, 'dv/dt = (2 - v)/tau : 1', threshold='v > 1', reset='v = 0')
spikes = SpikeMonitor(G)
run(10*ms)
assert spikes.num_spikes
"""
# model: (example, seconds simulated, is the cache empty)
RUNS = {"single LIF, first spike, cold": ("", 0.01, True), "COBA-HH 4000, first spikes, cold": ("coba_hh", 0.01, True),
        "CUBA 4000, first spikes, cold": ("cuba", 0.01, True), "single LIF, warm": ("", 0.01, False),
        "CUBA 4000, 1 s, warm": ("cuba", 1, False), "COBA-HH 4000, 1 s, warm": ("coba_hh", 1, False)}
BRIAN_CACHE = "prefs.codegen.runtime.cython.cache_dir = {folder!r}; prefs.codegen.target = 'cython'"


def script(example: str, duration: float, package: str, folder: str) -> str:
    """The text of a script that ends with the first spikes."""
    cache = BRIAN_CACHE.format(folder=folder) if package == "brian2" else ""
    if not example:
        return LIF.format(package=package, cache=cache)
    text = (HERE.parent / "examples" / f"{example}.py").read_text("utf-8").replace("from brainsim import *",
                                                                                   f"from {package} import *\n{cache}")
    return f"{text.split('if __name__')[0]}\nassert simulate(duration={duration}*second)[0].num_spikes"


def install(folder: str) -> None:
    """The checkout as an installed package with its bytecode in ``folder``, which later processes find first."""
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--compile", "--target", folder, str(HERE.parent)]
    subprocess.run(pip, check=True, env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"})
    os.environ["PYTHONPATH"] = folder


def measure(python: str, text: str, folder: str) -> float:
    """Seconds of a whole process with its cache in ``folder``."""
    with tempfile.NamedTemporaryFile("w", suffix=".py", delete=False) as file:
        file.write(text)
    env = {**os.environ, "BRAINSIM_CACHE_DIR": folder, "MPLBACKEND": "Agg"}
    began = time.perf_counter()
    subprocess.run([python, file.name], check=True, env=env, capture_output=True)
    taken = time.perf_counter() - began
    Path(file.name).unlink()
    return taken


def start(python: str, model: str, package: str, warm: str) -> float:
    """Seconds of one start; ``warm`` is the cache to use unless the model wants an empty one."""
    example, duration, cold = RUNS[model]
    with tempfile.TemporaryDirectory() as empty:
        folder = empty if cold else warm
        return measure(python, script(example, duration, package, folder), folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", help=f"some of {', '.join(map(repr, RUNS))}")
    peer_options(parser)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one turn")
    parser.add_argument("--json")
    a = parser.parse_args()
    peers = peers_of(a, ["brian2"])
    package = tempfile.TemporaryDirectory(prefix="brainsim_installed_")
    install(package.name)
    sides = {"brainsim": sys.executable, **peers}
    rows = []
    for model in a.models or RUNS:
        cold = RUNS[model][2]
        taken: dict[str, list[float]] = {s: [] for s in sides}
        with tempfile.TemporaryDirectory() as warm:
            if not cold:
                for side, python in sides.items():
                    start(python, model, side, warm)
            for turn in range(1 if a.quick else a.repeat):
                for side, python in sides.items():
                    if not turn or not cold or side == "brainsim":
                        taken[side].append(start(python, model, side, warm))
        row: dict = {"model": model, "peer": "brian2-runtime" if peers else None, "ours s": median(taken["brainsim"]),
                     "all": taken}
        if peers:
            row |= {"peer s": median(taken["brian2"]), "peer / ours": median(taken["brian2"]) / row["ours s"]}
        rows.append(row)
        table([row], ["model", "ours s", "peer s", "peer / ours"])
    package.cleanup()
    save("start_up", rows, peers, a.json, key=("model",))


if __name__ == "__main__":
    main()
