"""Constants that a script changes between two runs while sums are under way: the script works as without reduction, or
the error names the constant."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from brainsim import StateMonitor, ms
from brainsim.errors import WrongState, WrongValue
from tests.reduction.test_cells import TWO, few
from tests.reduction.test_classes import SYN, WEIGHT_AT_READ, every_size, network  # noqa: F401

FACTOR = "w : 1\\nI_post = w*k_pre*g : 1 (summed)\\ndg/dt = -g/(5*ms) : 1 (clock-driven)"
CELLS = "ts : second\\nI_post = g : 1 (summed)\\ndg/dt = -g/ts : 1 (clock-driven)"
SCRIPT = """
import sys
from brainsim import *
prefs.codegen.target = sys.argv[1]
def network(mode):
    P = NeuronGroup(40, 'k : 1', threshold='(i + t_in_timesteps) % 7 == 0', name='P')
    P.k = 1
    G = NeuronGroup(40, 'dv/dt = (I - v)/(10*ms) : 1\\nI : 1', method='euler', name='G')
    S = Synapses(P, G, '{model}', on_pre='g += 1 + 0.1*j', method='exact', reduce=mode, name='S')
    S.connect()
    {made}
    S.delay = '0.1*ms*((i + 2*j) % 9)'
    return Network(P, G, S), S, P, G
for mode in ('off', 'auto'):
    net, S, P, G = network(mode)
    {before}
    net.run(3*ms)
    {between}
    net.run(3*ms)
    print(repr(float(G.v[:].sum())))
    print('|' + repr(S.reduction).replace(chr(10), ' '))
"""
CHANGES = {
    "factor": (FACTOR, "S.w = '0.05*((i + j) % 3)'", "S.w = '0.08*((i + 2*j) % 4)'",
               "L5: the script assigns to w after a run (line 18 of script.py), and it is a factor of g"),
    "factor by setattr": (FACTOR, "S.w = 1", "setattr(S, 'w', '1 + i % 2')", "assigns to w after a run (line 18"),
    "factor in a function": (FACTOR, "S.w = 1", "def change(s):\n        s.w = '1 + i % 2'\n    change(S)",
                             "assigns to w after a run (line 19"),
    "factor of the sources": (FACTOR, "S.w = 1", "P.k = '1 + i % 2'", "assigns to k of the sources after a run"),
    "cells": (CELLS, "S.ts = '(1 + i % 2)*ms'", "S.ts = '(1 + i % 3)*ms'",
              "classes: the script assigns to ts after a run (line 18 of script.py), and it divides the sums"),
}


def lines(folder: Path, target: str, model: str, made: str = "pass", before: str = "pass",
          between: str = "pass") -> list[str]:
    """What the script prints."""
    script = folder / "script.py"
    script.write_text(SCRIPT.format(model=model, made=made, before=before, between=between), encoding="utf-8")
    done = subprocess.run([sys.executable, str(script), target], capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("case", CHANGES)
def test_a_script_that_changes_a_constant_after_a_run_works_as_without_reduction(fresh: object, target: str,
                                                                                 tmp_path: Path, case: str) -> None:
    model, before, between, why = CHANGES[case]
    plain, _, smaller, report = lines(tmp_path, target, model, before=before, between=between)
    assert float(plain) != 0
    np.testing.assert_allclose(float(smaller), float(plain), rtol=1e-9)
    assert "g: synapse, 1600" in report and why in report


@pytest.mark.parametrize("model, made", [(FACTOR, "S.w = '1 + i % 2'"), (CELLS, "S.ts = '(1 + i % 2)*ms'")],
                         ids=["factor", "cells"])
def test_what_a_function_that_makes_synapses_assigns_to_them_does_not_count(fresh: object, tmp_path: Path, model: str,
                                                                            made: str) -> None:
    # it is called again after the run of another network
    plain, _, smaller, report = lines(tmp_path, "numpy", model, made)
    assert float(plain) != 0
    np.testing.assert_allclose(float(smaller), float(plain), rtol=1e-9)
    assert "g: post (sum), 1600" in report


def test_constants_that_divide_a_sum_under_way_too_finely_are_named(fresh: object, target: str) -> None:
    net = few(network(**TWO))
    net.run(30 * ms)
    net["S"].tau_syn = np.linspace(3, 9, len(net["S"])) * ms
    with pytest.raises(WrongState, match=r"(?s)'tau_syn' of S, by which the sums of 'g' are divided, cannot "
                                         r"change.*tau_syn divide 58 synapses"):
        net.run(1 * ms)


def test_a_sum_that_is_zero_is_divided_as_finely_as_one_likes(fresh: object, target: str) -> None:
    nets = [few(network(**TWO, mode=mode)) for mode in ("off", "auto")]
    for net in nets:
        net.run(0 * ms)
        net["S"].tau_syn = np.linspace(3, 9, len(net["S"])) * ms
        net.run(30 * ms)
    assert nets[1]["S"].reduction.kind("g") == SYN
    np.testing.assert_allclose(nets[1]["trace"].v, nets[0]["trace"].v, rtol=1e-9, atol=1e-12)


def test_a_monitor_that_comes_too_late_is_told_what_it_needs(fresh: object) -> None:
    net = network(**WEIGHT_AT_READ)
    net.run(30 * ms)
    net.add(StateMonitor(net["S"], "g", record=True, name="watch"))
    with pytest.raises(WrongState, match=r"(?s)'g' of S was kept as its sum for each target.*'watch' reads g"):
        net.run(1 * ms)


OF_SOURCES = dict(model="dg/dt = -g/tau : 1 (clock-driven)\nI_post = tau_n_pre*g/ms : 1 (summed)", on_pre="g += 1",
                  delay="each", sources="tau_n : second")


def test_a_factor_of_the_sources_cannot_change_unnoticed(fresh: object, target: str) -> None:
    net = network(**OF_SOURCES)
    net.run(30 * ms)
    net.store()
    net["source"].tau_n = 2 * ms
    with pytest.raises(WrongState, match="'tau_n' of the sources of S is a factor of a sum"):
        net.run(1 * ms)
    net.restore()
    net.run(1 * ms)
    assert np.asarray(net["trace"].I)[:, -1].any()


def test_a_constant_that_drives_a_sum_may_change(fresh: object, target: str) -> None:
    settings = dict(model="dg/dt = (0.1*w - g)/tau : 1 (clock-driven)\nw : 1\nI_post = g : 1 (summed)", on_pre="g += 1",
                    method="euler")
    nets = [network(**settings, mode=mode) for mode in ("off", "require")]
    for net in nets:
        net.run(20 * ms)
        net["S"].w = 3
        net.run(20 * ms)
    np.testing.assert_allclose(nets[1]["trace"].I, nets[0]["trace"].I, rtol=1e-9, atol=1e-12)


def test_each_rule_is_said_once(fresh: object) -> None:
    noisy = dict(model="dg/dt = -g/tau_syn + 0.1*xi*tau**-0.5 : 1 (clock-driven)\ntau_syn : second\n"
                       "I_post = g : 1 (summed)", on_pre="g += 1", method="euler")
    net = network(**noisy)
    net.run(1 * ms)
    report = repr(net["S"].reduction)
    assert report.count("P5: g has noise of its own") == 1
    with pytest.raises(WrongValue) as error:
        network(**TWO, mode="require").run(1 * ms)
    assert str(error.value).count("P1: g depends on 'tau_syn'") == 1
