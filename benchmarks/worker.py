"""Runs one example in one simulator and prints a line of JSON. Started by the other scripts, with the Python of that
simulator.

    worker.py EXAMPLE[:N=...,p=...] FLAVOUR SECONDS [SEED]      FLAVOUR: brainsim, brainsim-2 (threads), brian2-runtime,
    brian2-standalone
"""
import json
import os
import sys
import tempfile
import time
from pathlib import Path

STARTED = time.perf_counter()
HERE = Path(__file__).resolve().parent
PLACES = HERE.parent / "examples", HERE / "models"


def main() -> None:
    spec, flavour, duration = sys.argv[1], sys.argv[2], float(sys.argv[3])
    example, _, arguments = spec.partition(":")
    settings = {k: float(v) if "." in v else int(v) for k, v in (a.split("=") for a in arguments.split(",") if a)}
    package, _, threads = flavour.partition("-") if flavour.startswith("brainsim") else ("brian2", "", "")
    if hasattr(os, "sched_setaffinity") and not threads:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    file = next(p / f"{example}.py" for p in PLACES if (p / f"{example}.py").exists())
    text = file.read_text("utf-8").replace("from brainsim import *", f"from {package} import *")
    scope: dict = {"__name__": "example"}
    head, _, rest = text.partition(f"from {package} import *")
    exec(compile(head + f"from {package} import *", example, "exec"), scope)
    imported = time.perf_counter() - STARTED
    if flavour == "brian2-standalone":
        standalone(scope)
    elif flavour == "brian2-runtime":
        scope["prefs"].codegen.target = "cython"
    elif threads:
        scope["prefs"].codegen.threads = int(threads)
    loop = timed_run(scope, flavour, bool(threads))
    exec(compile(rest, example, "exec"), scope)
    scope["seed"](int(sys.argv[4]) if len(sys.argv) > 4 else 1)
    result = scope["simulate"](duration=duration * scope["second"], **settings)
    total = time.perf_counter() - STARTED
    if flavour == "brian2-standalone":
        loop.append(scope["device"]._last_run_time)
    spikes = [int(x.num_spikes) for x in (result if isinstance(result, tuple) else [result])
              if hasattr(x, "num_spikes")]
    print(json.dumps(dict(example=spec, flavour=flavour, loop=loop[-1], imported=imported, total=total, spikes=spikes)))


def standalone(scope: dict) -> None:
    """Brian 2's C++ mode with the flags its documentation recommends for speed."""
    scope["prefs"].devices.cpp_standalone.openmp_threads = 0
    scope["prefs"].codegen.cpp.extra_compile_args_gcc = ["-w", "-O3", "-ffast-math", "-march=native", "-std=c++11"]
    folder = Path(tempfile.gettempdir()) / ("standalone_" + "".join(c if c.isalnum() else "_" for c in sys.argv[1]))
    scope["set_device"]("cpp_standalone", directory=str(folder))


def timed_run(scope: dict, flavour: str, threads: bool) -> list:
    """Replaces `run` by one that keeps the seconds its loop took, without preparation.

    They are seconds of the processor, as the C++ mode of Brian 2 counts them, so that a machine with other work is fair
    to all sides; seconds of the clock where threads are compared.
    """
    real, taken, now = scope["run"], [], time.perf_counter if threads else time.process_time

    def run(duration, **keywords):
        if flavour == "brian2-standalone":
            real(duration, level=1, **keywords)
            return
        seen = []
        real(duration, report=lambda elapsed, completed, start, length: seen.append(now()),
             report_period=1e6 * scope["second"], level=1, **keywords)
        taken.append(seen[-1] - seen[0])

    scope["run"] = run
    return taken


if __name__ == "__main__":
    main()
