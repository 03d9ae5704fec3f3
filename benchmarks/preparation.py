"""How long a network takes until its first step, by the number of its objects.

    python benchmarks/preparation.py [--sizes 20 60 120 240] [--targets cython numpy jax] [--repeat 3] [--quick] [--json
    FILE]

Two kinds of network: N groups with N synapses between neighbours, and one like the cortical microcircuit (8
populations, 55 projections, 8 Poisson inputs). A process of its own for each, which has prepared a small network
before; what a compiler has to do was done by an earlier process. Where JAX runs, tracing the first step counts too,
compiling it does not. One core.
"""
from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import time
from pathlib import Path

SIZES = [20, 60, 120, 240]
TARGETS = ["cython", "numpy", "jax"]
STAGES = ["resolve", "integrate", "lower", "optimise", "write", "build"]
COLUMNS = ["network", "objects", "target", "kernels", "prepare s", "ms per object", "trace s",
           *(f"{s} s" for s in STAGES)]


def main() -> None:
    from common import answer, save, table
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--targets", nargs="*", default=TARGETS)
    parser.add_argument("--networks", nargs="*", default=["chain", "microcircuit"])
    parser.add_argument("--repeat", type=int, default=3, help="the fastest of so many processes counts")
    parser.add_argument("--quick", action="store_true", help="small networks only")
    parser.add_argument("--json")
    a = parser.parse_args()
    sizes = [5, 10] if a.quick else a.sizes
    cases = [("chain", n) for n in sizes if "chain" in a.networks]
    cases += [("microcircuit", 8)] * ("microcircuit" in a.networks)
    rows = []
    for target in a.targets:
        for network, size in cases:
            command = [sys.executable, str(Path(__file__).resolve()), "worker", network, str(size), target]
            answer(command)         # compiles
            rows.append(min((answer(command) for _ in range(a.repeat)), key=lambda row: row["ms per object"]))
            table(rows[-1:], COLUMNS)
    table(rows, COLUMNS)
    save("preparation", rows, {}, a.json, key=("network", "objects", "target"))


def chain(count: int) -> list:
    """So many groups, each with synapses to the next."""
    import brainsim as b
    equations = "dv/dt = (1.2 - v + g)/(10*ms) : 1\ndg/dt = -g/(5*ms) : 1"
    groups = [b.NeuronGroup(10, equations, threshold="v > 1", reset="v = 0", refractory=2 * b.ms, method="exact")
              for _ in range(count)]
    synapses = [b.Synapses(s, t, "w : 1", on_pre="g_post += w") for s, t in zip(groups, groups[1:] + groups[:1])]
    for s in synapses:
        s.connect(p=0.5)
        s.w = 0.1
    return [*groups, *synapses]


def microcircuit(populations: int) -> list:
    """Populations with two synapses at most between any two, each with a delay, and an input each."""
    import brainsim as b
    equations = "dv/dt = (-v + RI)/(10*ms) : volt (unless refractory)\ndRI/dt = -RI/(0.5*ms) : volt"
    groups = [b.NeuronGroup(20, equations, threshold="v > 15*mV", reset="v = 0*mV", refractory=2 * b.ms, method="exact")
              for _ in range(populations)]
    pairs = [(s, t) for s in groups for t in groups][:55]
    synapses = [b.Synapses(s, t, "w : volt", on_pre="RI_post += w") for s, t in pairs]
    for s in synapses:
        s.connect(p=0.2)
        s.w = "1*mV + 0.1*mV*randn()"
        s.delay = "1.5*ms + 0.5*ms*rand()"
    inputs = [b.PoissonInput(g, "RI", 100, 8 * b.Hz, weight=1 * b.mV) for g in groups]
    return [*groups, *synapses, *inputs]


def prepared(network: str, size: int, target: str) -> tuple[dict, object]:
    """The seconds of preparing such a network, by stage, and the network."""
    import brainsim as b
    from brainsim.stages import watched
    b.start_scope()
    b.seed(1)
    b.prefs["codegen.target"] = target
    net = b.Network({"chain": chain, "microcircuit": microcircuit}[network](size))
    spent: dict[str, float] = {}
    began = time.perf_counter()
    with watched(spent, "resolve"):
        net.run(0 * b.ms)
    return {"prepare s": time.perf_counter() - began, **{f"{s} s": spent.get(s, 0.0) for s in STAGES}}, net


def traced(net: object) -> float:
    """Seconds of the first step of a network on JAX without those in which XLA compiles."""
    import jax

    import brainsim as b
    compiling: list[float] = []

    def note(event: str, seconds: float, **more: object) -> None:
        if event.endswith("backend_compile_duration"):
            compiling.append(seconds)

    jax.monitoring.register_event_duration_secs_listener(note)
    began = time.perf_counter()
    net.run(0.1 * b.ms)
    return time.perf_counter() - began - sum(compiling)


def worker(network: str, size: int, target: str) -> None:
    """Prepare a small network, then this one; a line of JSON."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    prepared("chain", 2, target)
    gc.collect()
    found, net = prepared(network, size, target)
    objects = 2 * size if network == "chain" else 8 + 55 + 8
    trace = {"trace s": traced(net)} if target == "jax" else {}
    total = found["prepare s"] + trace.get("trace s", 0.0)
    kernels = len(net.prepared.program.kernels)
    print(json.dumps({"network": network, "objects": objects, "target": target, "kernels": kernels, **found, **trace,
                      "ms per object": 1000 * total / objects}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        worker(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    else:
        main()
