"""What the benchmarks share: running workers, medians, the machine, tables, JSON."""
from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

HERE = Path(__file__).resolve().parent


def peer_python(given: str | None) -> str | None:
    """The Python with Brian 2, from ``--peer`` or BRIAN2_PYTHON; None (and a word about it) when there is none."""
    peer = given or os.environ.get("BRIAN2_PYTHON")
    if peer and subprocess.run([peer, "-c", "import brian2"], capture_output=True).returncode == 0:
        return peer
    print("no Python with Brian 2 (--peer PYTHON or BRIAN2_PYTHON): only brainsim is measured")
    return None


def work(python: str, *arguments: str, timeout: float = 1800) -> dict:
    """One worker process; its line of JSON."""
    done = subprocess.run([python, str(HERE / "worker.py"), *arguments], capture_output=True, text=True, timeout=timeout)
    if done.returncode:
        raise RuntimeError(f"{arguments} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def by_hand(name: str) -> str | None:
    """The hand-written program, compiled as for the machine at hand; None without a C++ compiler."""
    compiler = shutil.which("g++") or shutil.which("c++")
    if compiler is None:
        return None
    made = Path(tempfile.gettempdir()) / f"by_hand_{name}"
    source = HERE / "by_hand" / f"{name}.cpp"
    flags = ["-O3", "-march=native", "-ffast-math", "-fopenmp-simd", "-std=c++17"]
    for libraries in (["-lmvec", "-lm"], ["-lm"]):
        if subprocess.run([compiler, *flags, str(source), "-o", str(made), *libraries], capture_output=True).returncode == 0:
            return str(made)
    return None


def program_by_hand(program: str, n: int, p: float, seconds: str) -> dict:
    """One run of a hand-written program on one core; its line of JSON."""
    pinned = ["taskset", "-c", "0"] if shutil.which("taskset") else []
    done = subprocess.run([*pinned, program, str(n), str(p), seconds], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def machine(peer: str | None) -> dict:
    """Processor, cores and versions."""
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")),
                 platform.processor()) if Path("/proc/cpuinfo").exists() else platform.processor()
    versions = {"python": platform.python_version(), **{p: importlib.metadata.version(p) for p in ("brainsim", "numpy", "cython") if _has(p)}}
    if peer:
        text = "import brian2, numpy, sys; print(brian2.__version__, numpy.__version__, sys.version.split()[0])"
        found = subprocess.run([peer, "-c", text], capture_output=True, text=True)
        versions["brian2, its numpy, its python"] = found.stdout.strip()
    return {"date": str(date.today()), "processor": model, "cores": os.cpu_count(), "system": platform.system(), "versions": versions}


def _has(package: str) -> bool:
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def median(values: list[float]) -> float:
    return statistics.median(values)


def save(name: str, rows: list[dict], peer: str | None, where: str | None) -> None:
    """Rows with the machine they come from, as JSON."""
    path = Path(where) if where else HERE / "results" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"benchmark": name, "command": " ".join(["python", f"benchmarks/{Path(sys.argv[0]).name}"]),
                                "machine": machine(peer), "rows": rows}, indent=1) + "\n")
    print(f"written to {path}")


def table(rows: list[dict], columns: list[str]) -> None:
    """Columns of text."""
    text = [[_cell(row.get(c)) for c in columns] for row in rows]
    widths = [max(len(c), *(len(r[k]) for r in text)) for k, c in enumerate(columns)]
    print("  ".join(c.ljust(w) for c, w in zip(columns, widths)))
    for r in text:
        print("  ".join(x.ljust(w) for x, w in zip(r, widths)))


def _cell(value: object) -> str:
    return "-" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)
