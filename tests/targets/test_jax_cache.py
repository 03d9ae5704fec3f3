"""What JAX compiled for a run is there for later processes."""
from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

pytest.importorskip("jax")

SCRIPT = """
from jax import monitoring
compiled = []
monitoring.register_event_duration_secs_listener(lambda event, seconds, **_: compiled.append(event))
found = []
monitoring.register_event_listener(lambda event, **_: found.append(event))
from brainsim import *
prefs.codegen.target = 'jax'
G = NeuronGroup(3, 'dv/dt = -v/(10*ms) : 1', method='exact')
G.v = 1
run(1*ms)
print(*(sum(e == f'/jax/compilation_cache/cache_{what}' for e in found) for what in ('hits', 'misses')), float(G.v[0]))
"""


def answer(folder, **environment):
    """What a new process prints, everything being worth keeping."""
    given = {**os.environ, "BRAINSIM_CACHE_DIR": str(folder), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
             "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), **environment}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=given, capture_output=True, text=True)
    assert done.returncode == 0 and "cache entry" not in done.stderr, done.stderr
    hits, misses, value = done.stdout.split()
    return int(hits), int(misses), float(value)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A cache that a process filled."""
    folder = tmp_path_factory.mktemp("kept")
    answer(folder)
    return folder


def test_a_later_process_compiles_nothing(tmp_path):
    first, second = answer(tmp_path), answer(tmp_path)
    assert first[1] > 0 and second[0] > 0 and second[1] == 0
    assert first[2] == second[2]
    assert list((tmp_path / "jax").iterdir())


@pytest.mark.parametrize("damage", [lambda b: b"", lambda b: b[:len(b) // 2], lambda b: b[:99] + b"!" + b[100:]])
def test_an_entry_that_is_damaged_is_compiled_again(kept, tmp_path, damage):
    folder = shutil.copytree(kept, tmp_path / "cache")
    for path in (folder / "jax").glob("*-cache"):
        path.write_bytes(damage(path.read_bytes()))
    again, later = answer(folder), answer(folder)
    assert again[1] > 0 and later[0] > 0 and later[1] == 0
    assert again[2] == later[2]


def test_a_place_that_the_user_chose_stays(tmp_path):
    answer(tmp_path / "ours", JAX_COMPILATION_CACHE_DIR=str(tmp_path / "theirs"))
    assert list((tmp_path / "theirs").iterdir()) and not (tmp_path / "ours" / "jax").exists()
