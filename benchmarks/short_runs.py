"""A thousand calls of run(0.1*ms): the cost of a call once everything is prepared.

    python benchmarks/short_runs.py [--repeat 5]
"""
from __future__ import annotations

import argparse
import time

from brainsim import *

from common import median, save, table  # isort: skip: `table` is also a name of pyplot


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--json")
    a = parser.parse_args()
    tau = 10*ms
    G = NeuronGroup(100, 'dv/dt = (2*mV - v)/tau : volt', threshold='v > 1*mV', reset='v = 0*mV')
    S = Synapses(G, G, on_pre='v_post += 0.01*mV')
    S.connect(p=0.1)
    spikes = SpikeMonitor(G)
    run(0.1*ms)
    calls = []
    for _ in range(a.repeat):
        began = time.perf_counter()
        for _ in range(1000):
            run(0.1*ms)
        calls.append(time.perf_counter() - began)
    began = time.perf_counter()
    run(100*ms)
    steps = time.perf_counter() - began
    row = {"per call us": median(calls)*1e3, "of which the step us": steps*1e3, "overhead us": (median(calls) - steps)*1e3,
           "spikes": spikes.num_spikes, "all": calls}
    table([row], ["per call us", "of which the step us", "overhead us"])
    save("short_runs", [row], None, a.json)


if __name__ == "__main__":
    main()
