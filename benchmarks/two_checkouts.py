"""Time of the simulation loop in two checkouts of brainsim, side by side: that a change of the house changes no speed.

    python benchmarks/two_checkouts.py BEFORE AFTER [models ...] [--turns 5] [--json FILE]

Processes of the two checkouts take turns. Each builds a model, runs it once and then goes over the same stretch again
and again, from the state that the first run left, with emptied records; its figure is the median of those, in seconds
of the processor. Both must find the same numbers of spikes. One core, one thread.
"""
from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

from common import answer, commit, save, table

TICK = 1e-4              # s: the time step of all of these models
MODELS = {"single": 1.0, "cuba": 0.2, "coba": 0.2, "coba_hh": 0.05, "brunel_hakim": 0.1, "conductance": 0.1,
          "stdp_many:N=1000,M=10": 1.0, "stdp_many": 0.1, "cuba:N=100000,p=0.0008": 0.02,
          "coba:N=100000,p=0.0008": 0.02, "coba_hh:N=100000,p=0.0008": 0.01}      # simulated seconds of a stretch
LEAST = 0.4              # s: a process goes on for so long


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("models", nargs="*", metavar="models")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--json")
    a = parser.parse_args()
    rows = []
    for model in a.models or list(MODELS):
        rows.append(side_by_side(model, {"before": a.before.resolve(), "after": a.after.resolve()}, a.turns))
        table(rows[-1:], ["model", "simulated s", "before s", "after s", "after / before", "least / least"])
    save("loop_plan", rows, {}, a.json, key=("model",))


def side_by_side(model: str, checkouts: dict[str, Path], turns: int) -> dict:
    """A row: the medians over all turns, of each checkout's median."""
    found: dict[str, list[dict]] = {name: [] for name in checkouts}
    for turn in range(turns):
        for name in sorted(checkouts, reverse=turn % 2 == 0):
            found[name].append(inside(checkouts[name], model))
    spikes = {tuple(x["spikes"]) for runs in found.values() for x in runs}
    assert len(spikes) == 1, f"{model}: {spikes}"
    before, after = (statistics.median(x["median"] for x in found[name]) for name in ("before", "after"))
    least = [min(x["least"] for x in found[name]) for name in ("before", "after")]
    return {"model": model, "simulated s": MODELS[model], "before s": before, "after s": after,
            "after / before": after / before, "least / least": least[1] / least[0], "spikes": sum(*spikes),
            **{name: commit(checkout) for name, checkout in checkouts.items()}}


def inside(checkout: Path, model: str) -> dict:
    """The answer of a process in a checkout, which has a cache of its own beside the usual one."""
    os.environ["PYTHONPATH"] = str(checkout)
    os.environ["BRAINSIM_CACHE_DIR"] = str(Path.home() / ".cache" / "brainsim_two_checkouts" / checkout.name)
    return answer([sys.executable, __file__, "--measure", str(checkout), model])


# -- in a process of one checkout --------------------------------------------------------------------------------------
def measure(checkout: Path, model: str) -> None:
    """Print what one process found."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    example, _, arguments = model.partition(":")
    settings = {k: float(x) if "." in x else int(x) for k, x in (a.split("=") for a in arguments.split(",") if a)}
    places = checkout / "examples", checkout / "benchmarks" / "models"
    text = next(p / f"{example}.py" for p in places if (p / f"{example}.py").exists()).read_text("utf-8")
    scope: dict = {"__name__": "example"}
    head, _, rest = text.partition("from brainsim import *")
    exec(compile(head + "from brainsim import *", example, "exec"), scope)
    from brainsim.targets.cython_module import CythonExecutable
    last, real = [], CythonExecutable.advance
    CythonExecutable.advance = lambda self, state, ticks: (last.append((self, state)), real(self, state, ticks))[1]
    exec(compile(rest, example, "exec"), scope)
    scope["seed"](1)
    result = scope["simulate"](duration=MODELS[model] * scope["second"], **settings)
    CythonExecutable.advance = real
    results = result if isinstance(result, tuple) else [result]
    times = again(*last[-1], round(MODELS[model] / TICK))
    print(json.dumps({"median": statistics.median(times), "least": min(times),
                      "spikes": [int(x.num_spikes) for x in results if hasattr(x, "num_spikes")]}))


def again(executable, state, ticks: int) -> list[float]:
    """Seconds of each time over the same ticks."""
    arrays = {name: x.copy() for name, x in state.arrays.items() if x.flags.writeable}
    queues = {name: (q.count.copy(), q.data.copy()) for name, q in state.queues.items()}
    step, times = state.step.copy(), []
    while len(times) < 5 or sum(times) < LEAST:
        for name, x in arrays.items():
            state.arrays[name][...] = x
        for name, (count, data) in queues.items():
            q = state.queues[name]
            q.count[...] = count if len(count) > 1 else 0
            q.data[:, :data.shape[1]] = data
        state.step[...], state.end[...], state.cursor = step, step + ticks, -1
        executable.bind(state)
        started, taken = time.process_time(), 0.0
        while (why := executable.advance(state, ticks).name) not in ("DONE", "BUDGET"):
            assert why == "ROOM", why
            taken += time.process_time() - started
            queue = state.queues[state.program.queues[state.queue].name]
            queue.make_room(2 * state.wanted)
            executable.bind(state)
            started = time.process_time()
        times.append(taken + time.process_time() - started)
    return times[1:]


if __name__ == "__main__":
    if sys.argv[1] == "--measure":
        measure(Path(sys.argv[2]), sys.argv[3])
    else:
        main()
