"""Ten million synapses with weights in NEST: seconds and the growth of the resident set at its peak; one line of JSON.

    nest_synapses.py SYNAPSES P
"""
import json
import os
import resource
import sys
import time

if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import nest  # noqa: E402


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    synapses, p = float(sys.argv[1]), float(sys.argv[2])
    nest.set_verbosity("M_ERROR")
    nest.resolution, nest.local_num_threads = 0.1, 1
    side = round((synapses / p) ** 0.5)
    source, target = nest.Create("iaf_psc_delta", side), nest.Create("iaf_psc_delta", side)
    before, began = peak(), time.perf_counter()
    nest.Connect(source, target, {"rule": "pairwise_bernoulli", "p": p} if p < 1 else "all_to_all",
                 {"synapse_model": "static_synapse", "weight": nest.random.uniform(0.0, 1.0), "delay": 0.1})
    nest.Prepare()
    seconds = time.perf_counter() - began
    nest.Cleanup()
    print(json.dumps({"seconds": seconds, "bytes": (peak() - before) / nest.num_connections,
                      "made": nest.num_connections}))


if __name__ == "__main__":
    main()
