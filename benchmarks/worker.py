"""Runs one example in one simulator and prints a line of JSON. Started by the other scripts, with the Python of that simulator.

    worker.py EXAMPLE FLAVOUR SECONDS      FLAVOUR: brainsim, brian2-runtime, brian2-standalone
"""
import json
import os
import sys
import tempfile
import time
from pathlib import Path

STARTED = time.perf_counter()
EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def main() -> None:
    example, flavour, duration = sys.argv[1], sys.argv[2], float(sys.argv[3])
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    package = "brainsim" if flavour == "brainsim" else "brian2"
    text = (EXAMPLES / f"{example}.py").read_text("utf-8").replace("from brainsim import *", f"from {package} import *")
    scope: dict = {"__name__": "example"}
    head, _, rest = text.partition(f"from {package} import *")
    exec(compile(head + f"from {package} import *", example, "exec"), scope)
    imported = time.perf_counter() - STARTED
    if flavour == "brian2-standalone":
        standalone(scope)
    elif flavour == "brian2-runtime":
        scope["prefs"].codegen.target = "cython"
    loop = timed_run(scope, flavour)
    exec(compile(rest, example, "exec"), scope)
    scope["seed"](1)
    result = scope["simulate"](duration=duration * scope["second"])
    total = time.perf_counter() - STARTED
    if flavour == "brian2-standalone":
        loop.append(scope["device"]._last_run_time)
    spikes = [int(x.num_spikes) for x in (result if isinstance(result, tuple) else [result]) if hasattr(x, "num_spikes")]
    print(json.dumps(dict(example=example, flavour=flavour, loop=loop[-1], imported=imported, total=total, spikes=spikes)))


def standalone(scope: dict) -> None:
    """Brian 2's C++ mode with the flags its documentation recommends for speed."""
    scope["prefs"].devices.cpp_standalone.openmp_threads = 0
    scope["prefs"].codegen.cpp.extra_compile_args_gcc = ["-w", "-O3", "-ffast-math", "-march=native", "-std=c++11"]
    scope["set_device"]("cpp_standalone", directory=str(Path(tempfile.gettempdir()) / f"standalone_{sys.argv[1]}"))


def timed_run(scope: dict, flavour: str) -> list:
    """Replaces `run` by one that keeps the seconds its loop took, without preparation."""
    real, taken = scope["run"], []

    def run(duration, **keywords):
        if flavour == "brian2-standalone":
            real(duration, level=1, **keywords)
            return
        seen = []
        real(duration, report=lambda elapsed, completed, start, length: seen.append(float(elapsed)), report_period=1e6 * scope["second"],
             level=1, **keywords)
        taken.append(seen[-1])

    scope["run"] = run
    return taken


if __name__ == "__main__":
    main()
