"""Whatever happens to the cache or to a process that fills it, the next run is right, with at most one message."""
from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from brainsim import kept
from brainsim.integrators.store import stored
from brainsim.targets.compiler import find_compiler
from brainsim.targets.contract import Missing

pytestmark = [
    pytest.mark.skipif(isinstance(find_compiler(), Missing), reason="no C compiler"),
    pytest.mark.skipif(sys.platform == "win32", reason="signals and mounts of POSIX"),
]

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
from brainsim import *
from brainsim.targets import cython_module
real = cython_module.compile_module
cython_module.compile_module = lambda *a: (print('compiled'), real(*a))
prefs.codegen.target = 'cython'
G = NeuronGroup(3, 'dx/dt = -x/(20*ms) : 1', method='exact')
G.x = 1
print('now', flush=True)
run(20*ms)
print(G.x[0])
"""
#: the disk of the cache becomes full while the script runs
FULL = """
import errno, os
real_replace = os.replace
def replace(this, that):
    if 'cache_that_is_full' in str(that):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    real_replace(this, that)
os.replace = replace
"""


def start(cache: Path, script: str = SCRIPT, **environment: str) -> subprocess.Popen[str]:
    """A new process in a session of its own."""
    given = {**os.environ, "BRAINSIM_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT), **environment}
    return subprocess.Popen([sys.executable, "-c", script], env=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, start_new_session=True)


def answer(cache: Path, script: str = SCRIPT, **environment: str) -> tuple[bool, str]:
    """Whether a new process compiled, and its messages; its result is right."""
    process = start(cache, script, **environment)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert float(out.split()[-1]) == pytest.approx(np.exp(-1), rel=1e-9)
    assert "Traceback" not in err
    return "compiled" in out, err


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with a network in it."""
    cache = tmp_path_factory.mktemp("filled")
    assert answer(cache)[0]
    return cache


@pytest.fixture
def cache(filled: Path, tmp_path: Path) -> Path:
    """A copy of it that may be damaged."""
    return shutil.copytree(filled, tmp_path / "cache")


def cut(path: Path, share: float) -> None:
    """Leave the beginning of a file."""
    os.truncate(path, int(path.stat().st_size * share))


def spoil(path: Path) -> None:
    """Change one byte in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xff
    path.write_bytes(content)


@pytest.mark.parametrize("share", [0, 0.02, 0.99])
def test_a_module_that_was_cut_short_is_built_again(cache, share):
    (module,) = (cache / "modules").glob("n*")
    cut(module, share)
    assert answer(cache) == (True, "") and answer(cache) == (False, "")


def test_every_other_damaged_file_is_made_again(cache):
    (module,) = (cache / "modules").glob("n*")
    spoil(module)
    for path in [*cache.glob("modules/*.o"), *cache.glob("templates/*.cache")]:
        spoil(path)
    assert answer(cache) == (True, "") and answer(cache) == (False, "")
    assert all(kept.whole(p) is not None for p in [*cache.glob("modules/*.o"), *cache.glob("templates/*.cache")])


def test_a_half_that_is_cut_short_or_has_lost_its_digest_is_built_again(cache):
    shutil.rmtree(cache / "modules" / "sums")
    (half,) = cache.glob("modules/*.o")
    cut(half, 0.9)
    assert answer(cache) == (True, "") and kept.whole(half) is not None


def test_one_wrong_digit_in_a_solution_is_noticed(tmp_path):
    first = stored("question", lambda: [], tmp_path)
    (file,) = tmp_path.rglob("*.json")
    file.write_text(file.read_text().replace("[]", '[["2"]]'))
    assert stored("question", lambda: [], tmp_path) == first


def test_a_disk_that_becomes_full_costs_one_warning(tmp_path):
    (tmp_path / "temporary").mkdir()
    compiled, told = answer(tmp_path / "cache_that_is_full", FULL + SCRIPT, TMPDIR=str(tmp_path / "temporary"))
    assert compiled and told.count("cannot be used") == told.count("(No space left on device)") == 1
    assert not list(tmp_path.rglob("*.part"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for nothing."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if os.geteuid() or shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no disk may be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_and_one_that_is_read_only(small_disk, tmp_path):
    (tmp_path / "temporary").mkdir()
    compiled, told = answer(small_disk / "cache", TMPDIR=str(tmp_path / "temporary"))
    assert compiled and told.count("cannot be used") == 1 and "its disk is full" in told
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    compiled, told = answer(small_disk / "other", TMPDIR=str(tmp_path / "temporary"))
    assert not compiled and told.count("cannot be used") == 1 and "Read-only file system" in told


def interrupted(cache: Path, delay: float, by: signal.Signals) -> tuple[int, str]:
    """What a process ends with that got a signal so long after it began to build, 0 if it had its result; its
    messages."""
    process = start(cache)
    assert process.stdout is not None
    assert process.stdout.readline() == "now\n"
    time.sleep(delay)
    os.killpg(process.pid, by)
    out, err = process.communicate(timeout=60)
    done = not err and out.endswith("\n") and out.split()[-1] != "compiled"      # it was leaving when the signal came
    return 0 if done else process.returncode, err


def killed_and_run_again(cache: Path, delay: float, by: signal.Signals) -> None:
    """One that gets a signal, with an empty cache, then one that is right and waits for nobody."""
    shutil.rmtree(cache, ignore_errors=True)
    code, err = interrupted(cache, delay, by)
    if by is signal.SIGINT and code:
        assert err.count("Traceback") == err.count("\nKeyboardInterrupt") == 1, err
    began = time.time()
    answer(cache)
    assert time.time() - began < kept.PATIENCE / 2


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("delay", [0.02, 0.2])
def test_a_process_that_is_killed_or_interrupted_while_it_builds(tmp_path, delay, by):
    killed_and_run_again(tmp_path / "cache", delay, by)


@pytest.mark.slow
@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGINT])
def test_a_process_that_is_killed_or_interrupted_at_any_moment(tmp_path, by):
    for delay in np.linspace(0, 0.8, 25):
        killed_and_run_again(tmp_path / "cache", delay, by)


def test_what_killed_processes_left_long_ago_is_removed(tmp_path):
    old, new = tmp_path / "old.part", tmp_path / "new.part"
    for path in (old, new):
        path.write_text("")
    os.utime(old, (1, 1))
    kept.keep(b"something", tmp_path / "file")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "new.part", "sums"]


def test_only_one_at_a_time_is_inside(tmp_path):
    script = ("from brainsim.kept import alone\nimport time\n"
              "with alone('name'):\n    print(time.time())\n    time.sleep(0.2)\n    print(time.time())\n")
    both = [start(tmp_path, script) for _ in range(2)]
    first, second = sorted([float(t) for t in p.communicate(timeout=60)[0].split()] for p in both)
    assert first[1] <= second[0]


@pytest.mark.parametrize("count", [12, pytest.param(50, marks=pytest.mark.slow)])
def test_many_processes_on_one_empty_cache_build_once(tmp_path, count):
    built = 0
    for process in [start(tmp_path) for _ in range(count)]:
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0 and not err, err
        assert float(out.split()[-1]) == pytest.approx(np.exp(-1), rel=1e-9)
        built += "compiled" in out
    assert built == 1
    assert not list(tmp_path.rglob("*.part"))
