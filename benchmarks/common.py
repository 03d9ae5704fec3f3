"""What the benchmarks share: peers, workers, medians, the machine, tables, JSON."""
from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
# how each peer is recognised in the Python that has it; the text prints its versions
PEERS = {
    "brian2": "import brian2, numpy, sys; print(brian2.__version__, 'numpy', numpy.__version__, 'python', "
              "sys.version.split()[0])",
    "brainpy": "import brainpy, numba, jax; print(brainpy.__version__, 'jax', jax.__version__, 'numba', "
               "numba.__version__)",
    "nest": "import nest; print(nest.__version__)",
}
VERSIONS = {**PEERS, "braintrace": "import braintrace, jax; print(braintrace.__version__, 'jax', jax.__version__)"}
WORKERS = {"brainsim": "worker.py", "brian2": "worker.py", "brainpy": "peers/brainpy_models.py",
           "nest": "peers/nest_models.py"}


# -- peers
# ---------------------------------------------------------------------------------------------------------------
def peer_options(parser: argparse.ArgumentParser) -> None:
    """``--brian2 PYTHON`` and so on; ``--peer`` is another name for the first."""
    for peer in PEERS:
        names = ["--brian2", "--peer"] if peer == "brian2" else [f"--{peer}"]
        parser.add_argument(*names, metavar="PYTHON", help=f"a Python that has {peer}; {peer.upper()}_PYTHON is asked "
                                                           f"otherwise")


def peers_of(given: argparse.Namespace, wanted: Sequence[str] = tuple(PEERS)) -> dict[str, str]:
    """The Pythons of the peers that are here; a line for each that is not."""
    found = {}
    for peer in wanted:
        python = getattr(given, peer, None) or os.environ.get(f"{peer.upper()}_PYTHON")
        if python and shutil.which(python) and subprocess.run([python, "-c", PEERS[peer]],
                                                              capture_output=True).returncode == 0:
            found[peer] = python
        elif python:
            print(f"skipped: {peer} ({python} is no Python that has it)")
        else:
            print(f"skipped: {peer} (no --{peer} PYTHON, no {peer.upper()}_PYTHON)")
    return found


def python_for(flavour: str, peers: Mapping[str, str]) -> str | None:
    """The Python that runs 'brainsim', 'brainsim-2', 'brian2-standalone', 'nest' …; None when that peer is not here."""
    library = flavour.partition("-")[0]
    return sys.executable if library == "brainsim" else peers.get(library)


def work(python: str, model: str, flavour: str, seconds: str, seed: int = 1, timeout: float = 1800) -> dict:
    """One worker process; its line of JSON. RuntimeError with the end of its complaint when it fails."""
    script = HERE / WORKERS[flavour.partition("-")[0]]
    return answer([python, str(script), model, flavour, seconds, str(seed)], timeout)


def answer(command: Sequence[str], timeout: float = 1800) -> dict:
    """The JSON in the last line of what a command prints."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[1:])} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def by_hand(name: str) -> str | None:
    """The hand-written program, compiled as for the machine at hand; None without a C++ compiler."""
    compiler = shutil.which("g++") or shutil.which("c++")
    if compiler is None:
        return None
    made = Path(tempfile.gettempdir()) / f"by_hand_{name}"
    source = HERE / "by_hand" / f"{name}.cpp"
    if made.exists() and made.stat().st_mtime > max(f.stat().st_mtime for f in source.parent.iterdir()):
        return str(made)
    flags = ["-O3", "-march=native", "-ffast-math", "-fopenmp-simd", "-std=c++17"]
    for libraries in (["-lmvec", "-lm"], ["-lm"]):
        if subprocess.run([compiler, *flags, str(source), "-o", str(made), *libraries],
                          capture_output=True).returncode == 0:
            return str(made)
    return None


def program_by_hand(program: str, n: int, p: float, seconds: str, seed: int = 1) -> dict:
    """One run of a hand-written program on one core; its line of JSON."""
    pinned = ["taskset", "-c", str(min(os.sched_getaffinity(0)))] if shutil.which("taskset") else []
    return answer([*pinned, program, str(n), str(p), seconds, str(seed)])


# -- the machine and the results
# ------------------------------------------------------------------------------------------
def machine(peers: Mapping[str, str]) -> dict:
    """Processor, cores and versions."""
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")),
                 platform.processor()) if Path("/proc/cpuinfo").exists() else platform.processor()
    compiler = subprocess.run(["g++", "-dumpfullversion"], capture_output=True,
                              text=True).stdout.strip() if shutil.which("g++") else None
    versions = {"python": platform.python_version(), "g++": compiler,
                **{p: importlib.metadata.version(p) for p in ("brainsim", "numpy", "cython") if _has(p)},
                **{peer: subprocess.run([python, "-c", VERSIONS[peer]], capture_output=True,
                                        text=True).stdout.strip().splitlines()[-1]
                   for peer, python in peers.items()}}
    return {"processor": model, "cores": os.cpu_count(), "system": platform.system(), "versions": versions}


def _has(package: str) -> bool:
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def commit(where: Path = HERE) -> str | None:
    """The state of the repository measured, if this is one; a star behind it when files differ."""
    if shutil.which("git") is None:
        return None
    done = subprocess.run(["git", "-C", str(where), "describe", "--always", "--dirty=*", "--exclude=*"],
                          capture_output=True, text=True)
    return done.stdout.strip() or None


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def save(name: str, rows: Sequence[dict], peers: Mapping[str, str], where: str | None, key: Sequence[str] = ()) -> None:
    """Rows with the machine they come from, as JSON. Rows that differ in ``key`` from all new ones stay, if they are of
    this machine."""
    path = Path(where) if where else RESULTS / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    load = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None       # 1 or so where nothing else ran
    new, here = [{**row, "date": str(date.today()), "commit": commit(), "load": load} for row in rows], machine(peers)
    before = json.loads(path.read_text("utf-8")) if key and path.exists() else {"machine": {}, "rows": []}
    same = all(before["machine"].get(k) == here[k] for k in ("processor", "cores", "system"))
    named = {tuple(row.get(k) for k in key) for row in new}
    kept = [row for row in before["rows"] if same and tuple(row.get(k) for k in key) not in named]
    if kept:
        here["versions"] = {**before["machine"].get("versions", {}), **here["versions"]}
    path.write_text(json.dumps({"benchmark": name, "command": f"python benchmarks/{Path(sys.argv[0]).name}",
                                "machine": here,
                                "rows": kept + new}, indent=1) + "\n")
    print(f"written to {path}")


def stored(name: str, folder: Path = RESULTS) -> dict:
    """What a benchmark has written; no rows when it has not."""
    path = folder / f"{name}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {"machine": {}, "rows": []}


def table(rows: Sequence[dict], columns: Sequence[str]) -> None:
    """Columns of text."""
    text = [[cell(row.get(c)) for c in columns] for row in rows]
    widths = [max(len(c), *(len(r[k]) for r in text)) for k, c in enumerate(columns)]
    print("  ".join(c.ljust(w) for c, w in zip(columns, widths)))
    for r in text:
        print("  ".join(x.ljust(w) for x, w in zip(r, widths)), flush=True)


def cell(value: object) -> str:
    return "-" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)
