"""The compiled target: what is compiled, when, and what happens when it cannot be."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from brainsim import BrainsimError, BuildError, Network, NeuronGroup, SpikeMonitor, Synapses, ms, mV, prefs, seed
from brainsim.options import cache_directory
from brainsim.targets import cython_module
from brainsim.targets.cache import run_compiler
from brainsim.targets.compiler import find_compiler
from brainsim.targets.contract import Missing

needs_compiler = pytest.mark.skipif(isinstance(find_compiler(), Missing), reason="no C compiler")


@pytest.fixture
def compiled(monkeypatch, fresh):
    """Counts compilations; the target is cython."""
    prefs.codegen.target = "cython"
    names: list[str] = []
    real = cython_module.compile_module
    monkeypatch.setattr(cython_module, "compile_module", lambda name, *rest: (names.append(name), real(name, *rest))[1])
    return names


def network(tau=10 * ms, N=5, drive=20 * mV, weight="0.5*mV", p=0.5):
    G = NeuronGroup(N, "dv/dt = (drive - v)/tau : volt", threshold="v > 15*mV", reset="v = 0*mV",
                    namespace=dict(tau=tau, drive=drive))
    G.v = "rand()*10*mV"
    S = Synapses(G, G, "w : volt", on_pre="v_post += w")
    S.connect(p=p)
    S.w = weight
    return Network(G, S, SpikeMonitor(G))


@needs_compiler
@pytest.mark.parametrize("change", [dict(tau=12 * ms), dict(N=7), dict(drive=21 * mV), dict(weight="0.1*mV*i"),
                                    dict(p=0.9)], ids=str)
def test_a_new_value_compiles_nothing(compiled, change):
    network().run(1 * ms)
    before = len(compiled)
    seed(99)
    changed = network(**change)
    changed.run(3.7 * ms)
    assert len(compiled) == before
    assert changed.t == 3.7 * ms


@needs_compiler
def test_a_new_literal_in_an_equation_compiles_nothing(compiled):
    for text in ("dx/dt = (0.3 - x)/(7*ms) : 1", "dx/dt = (0.4 - x)/(9*ms) : 1"):
        G = NeuronGroup(2, text)
        Network(G).run(1 * ms)
    assert len(compiled) <= 1
    assert G.x[0] == pytest.approx(0.4 * (1 - np.exp(-1 / 9)), rel=1e-12)


@needs_compiler
def test_other_names_of_objects_compile_nothing(compiled):
    for name in ("first", "second"):
        G = NeuronGroup(2, "dx/dt = (0.3 - x)/(7*ms) : 1", name=name)
        Network(G).run(1 * ms)
    assert len(compiled) <= 1


@needs_compiler
def test_initial_values_and_connections_compile_nothing(compiled):
    net = network()
    assert compiled == []
    assert len(net) > 0


@needs_compiler
def test_another_process_finds_the_module(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("from brainsim import *\nfrom brainsim.targets import cython_module\n"
                      "real = cython_module.compile_module\n"
                      "cython_module.compile_module = lambda *a: (print('compiled'), real(*a))\n"
                      "prefs.codegen.target = 'cython'\nG = NeuronGroup(1, 'dx/dt = 1/(20*ms) : 1', method='euler')\n"
                      "run(10*ms)\nprint(G.x[0])\n")
    env = {**os.environ, "BRAINSIM_CACHE_DIR": str(tmp_path / "cache")}
    first, second = (subprocess.run([sys.executable, str(script)], env=env, capture_output=True, text=True,
                                    check=True).stdout.split() for _ in range(2))
    assert first[0] == "compiled" and second[0] != "compiled"
    assert float(first[-1]) == float(second[-1]) == pytest.approx(0.5)


@pytest.mark.feature("several processes at once")
@needs_compiler
def test_two_processes_may_build_the_same_network_at_once(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("from brainsim import *\nprefs.codegen.target = 'cython'\n"
                      "G = NeuronGroup(3, 'dx/dt = -x/(20*ms) : 1')\nG.x = 1\nrun(20*ms)\nprint(G.x[0])\n")
    env = {**os.environ, "BRAINSIM_CACHE_DIR": str(tmp_path / "cache")}
    both = [subprocess.Popen([sys.executable, str(script)], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             text=True) for _ in range(2)]
    for process in both:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert float(out) == pytest.approx(np.exp(-1), rel=1e-9)


@pytest.mark.feature("codegen.target")
def test_without_a_compiler_numpy_runs_and_says_so(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("from brainsim import *\nG = NeuronGroup(1, 'dx/dt = -x/(20*ms) : 1')\nG.x = 1\nrun(20*ms)\n"
                      "print(G.x[0])\n")
    env = {**os.environ, "BRAINSIM_CACHE_DIR": str(tmp_path / "cache"), "PATH": str(tmp_path), "CC": "",
           "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    text = ("import importlib.util as u; real = u.find_spec; "
            "u.find_spec = lambda n, *a: None if n == 'ziglang' else real(n, *a); exec(open(r'%s').read())")
    done = subprocess.run([sys.executable, "-c", text % script], env=env, capture_output=True, text=True, check=True)
    assert float(done.stdout) == pytest.approx(np.exp(-1), rel=1e-9)
    assert "no C compiler was found" in done.stderr and "pip install ziglang" in done.stderr


def test_asking_for_cython_without_a_compiler_is_an_error_with_the_remedy(fresh, monkeypatch):
    monkeypatch.setattr(cython_module, "find_compiler",
                        lambda choice="": Missing("no C compiler was found", "install one"))
    prefs.codegen.target = "cython"
    with pytest.raises(BrainsimError, match="no C compiler was found") as caught:
        Network(NeuronGroup(1, "x : 1")).run(1 * ms)
    assert caught.value.help == "install one"


@needs_compiler
def test_a_build_that_fails_names_the_kernel_and_keeps_the_log(tmp_path, monkeypatch):
    monkeypatch.setenv("BRAINSIM_CACHE_DIR", str(tmp_path))
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "network.c").write_text("static void kernel_3(void) { int x = ; }\n")
    compiler = find_compiler()
    with pytest.raises(BuildError) as caught:
        run_compiler([*compiler.command, "-c", "network.c"], folder, "the network's module")
    assert "kernel_3" in str(caught.value)
    assert "error" in Path(caught.value.log).read_text()
    assert "numpy" in caught.value.help


def test_a_cache_folder_may_be_given_from_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRAINSIM_CACHE_DIR", "kept")
    assert cache_directory() == tmp_path / "kept"
