"""A sweep of 100 points over a small network: compiled once, against Brian 2's runtime mode, which prepares every run.

    python benchmarks/sweep.py [--brian2 PYTHON] [--points 100] [--repeat 3] [--jobs 1 2]

The script is the same on both sides up to the sweep itself: there ``store``, ``restore`` and ``run`` for each point,
here ``sim.sweep``.
"""
from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODEL = "dv/dt = (I - v)/tau : 1\nI : 1"
POINTS = 100


def network(library: str) -> dict:
    """The network, in the names of either simulator."""
    names: dict = {}
    exec(f"from {library} import *", names)
    names["seed"](5)
    G = names["NeuronGroup"](200, MODEL, threshold="v > 1", reset="v = 0", method="exact", name="neurons")
    G.I = "1.2 + 0.3*rand()"
    S = names["Synapses"](G, G, "w : 1", on_pre="v_post += w", name="recurrent")
    S.connect(p=0.1)
    S.w = 0.01
    spikes = names["SpikeMonitor"](G, name="spikes")
    return {**names, "net": names["Network"](G, S, spikes), "G": G, "S": S, "spikes": spikes}


def peer(points: int) -> dict:
    """The loop that a user of Brian 2 writes."""
    began = time.perf_counter()
    here = network("brian2")
    ms, net = here["ms"], here["net"]
    net.store()
    counts, first = [], None
    for k in range(points):
        net.restore()
        net.run(100*ms, namespace={"tau": (5 + k*15/points)*ms})
        counts.append(int(here["spikes"].num_spikes))
        first = first if first is not None else time.perf_counter() - began
    return {"total s": time.perf_counter() - began, "first point s": first, "spikes": sum(counts)}


def ours(points: int, jobs: int) -> dict:
    """The same with one compiled simulation; from the making of the network on."""
    import brainsim
    from brainsim.targets import cython_module
    compiled = []
    run_compiler = cython_module.run_compiler
    cython_module.run_compiler = lambda *a, **k: (compiled.append(a), run_compiler(*a, **k))[1]
    began = time.perf_counter()
    here = network("brainsim")
    ms = here["ms"]
    sim = here["net"].compile(duration=100*ms, namespace={"tau": 10*ms})
    compiled_at = time.perf_counter()
    import xarray  # noqa: F401  # a sweep would import it: part of the total, apart from the points
    ready, before = time.perf_counter(), len(compiled)
    data = sim.sweep({"tau": [(5 + k*15/points)*ms for k in range(points)]}, outputs=["spikes.num_spikes"], n_jobs=jobs,
                     seed=1)
    end = time.perf_counter()
    return {"total s": end - began, "compile s": compiled_at - began, "xarray s": ready - compiled_at,
            "sweep s": end - ready,
            "per point ms": (end - ready)/points*1e3,
            "compilations in the sweep": len(compiled) - before, "spikes": int(data["spikes.num_spikes"].sum()),
            "version": brainsim.__version__}


def main() -> None:
    sys.path.insert(0, str(HERE))
    from common import answer, median, peer_options, peers_of, save, table
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    peer_options(parser)
    parser.add_argument("--points", type=int, default=POINTS)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--quick", action="store_true", help="one turn")
    parser.add_argument("--json")
    a = parser.parse_args()
    peers = peers_of(a, ["brian2"])
    other, repeat = peers.get("brian2"), 1 if a.quick else a.repeat

    def measured(python: str, *what: str, points: int = a.points, repeat: int = repeat) -> dict:
        runs = []
        for _ in range(repeat):
            runs.append(answer([python, str(Path(__file__).resolve()), "--worker", str(points), *what]))
        return {k: median([r[k] for r in runs]) if isinstance(v, float) else v for k, v in runs[0].items()} | {
            "all": [r["total s"] for r in runs]}

    measured(sys.executable, "1", points=2, repeat=1)      # what is compiled once is in the cache, on both sides
    rows = [{"simulator": "brainsim", "jobs": jobs, **measured(sys.executable, str(jobs))} for jobs in a.jobs]
    if other:
        measured(other, points=2, repeat=1)
        rows.append({"simulator": "brian2", "jobs": 1, **measured(other)})
    table(rows, ["simulator", "jobs", "total s", "compile s", "xarray s", "first point s", "sweep s", "per point ms",
                 "spikes"])
    save("sweep", rows, peers, a.json)


if __name__ == "__main__":
    if "--worker" in sys.argv:
        given = sys.argv[sys.argv.index("--worker") + 1:]
        print(json.dumps(ours(int(given[0]), int(given[1])) if len(given) > 1 else peer(int(given[0]))))
    else:
        main()
