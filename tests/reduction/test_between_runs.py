"""Constants that a script changes between two runs while sums are under way: everything goes on as without
reduction."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from brainsim import Network, NeuronGroup, StateMonitor, Synapses, ms
from brainsim.errors import WrongValue
from tests.reduction.test_cells import TWO, few
from tests.reduction.test_classes import SUM, SYN, WEIGHT_AT_READ, every_size, network  # noqa: F401

FACTOR = "w : 1\nI_post = w*k_pre*g : 1 (summed)\ndg/dt = -g/(5*ms) : 1 (clock-driven)"
CELLS = "ts : second\nI_post = g : 1 (summed)\ndg/dt = -g/ts : 1 (clock-driven)"


def script(mode: str, model: str, before: Callable[[Synapses], object]) -> Network:
    """40 sources that fire every 7 steps, 40 targets, all pairs, a delay for each synapse."""
    P = NeuronGroup(40, "k : 1", threshold="(i + t_in_timesteps) % 7 == 0", name="P")
    P.k = 1
    G = NeuronGroup(40, "dv/dt = (I - v)/(10*ms) : 1\nI : 1", method="euler", name="G")
    S = Synapses(P, G, model, on_pre="g += 1 + 0.1*j", method="exact", reduce=mode, name="S")
    S.connect()
    before(S)
    S.delay = "0.1*ms*((i + 2*j) % 9)"
    return Network(P, G, S)


def setting(name: str, value: str) -> Callable[[Synapses], object]:
    return lambda S: setattr(S, name, value)


CHANGES: dict[str, tuple[str, Callable[[Synapses], object], Callable[[Synapses], object], str]] = {
    "factor": (FACTOR, setting("w", "0.05*((i + j) % 3)"), setting("w", "0.08*((i + 2*j) % 4)"),
               "L5: w was assigned to after a run, and it is a factor of g"),
    "factor by states": (FACTOR, setting("w", "1"), lambda S: S.set_states({"w": np.arange(1600) % 5}),
                         "L5: w was assigned to after a run"),
    "factor of the sources": (FACTOR, setting("w", "1"), lambda S: setattr(S.source, "k", "1 + i % 2"),
                              "L5: k of the sources was assigned to after a run"),
    "cells": (CELLS, setting("ts", "(1 + i % 2)*ms"), setting("ts", "(1 + i % 3)*ms"), ""),
    "too many cells": (CELLS, setting("ts", "(1 + i % 2)*ms"), setting("ts", "(1 + 0.1*i)*ms"),
                       "classes: ts divide 1600 synapses into 1600 groups"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_script_that_changes_constants_after_runs_works_as_without_reduction(fresh: object, target: str,
                                                                               case: str) -> None:
    model, before, between, why = CHANGES[case]
    nets = [script(mode, model, before) for mode in ("off", "auto")]
    for net in nets:
        net.run(3 * ms)
        net.run(2 * ms)
    assert nets[1]["S"].reduction.kind("g") == SUM
    for net in nets:
        between(net["S"])
        net.run(3 * ms)
        between(net["S"])
        net.run(3 * ms)
    plain, smaller = (net["G"].v[:] for net in nets)
    assert plain.any()
    np.testing.assert_allclose(smaller, plain, rtol=1e-9)
    report = repr(nets[1]["S"].reduction)
    assert why in report and nets[1]["S"].reduction.kind("g") == (SYN if why else SUM)


def test_who_insists_gets_another_sum(fresh: object, target: str) -> None:
    nets = [script(mode, FACTOR, setting("w", "1")) for mode in ("off", "require")]
    for net in nets:
        for w in ("i % 3", "j % 4", "1"):
            net["S"].w = w
            net.run(3 * ms)
    assert nets[1]["S"].reduction.kind("g") == SUM
    np.testing.assert_allclose(nets[1]["G"].v, nets[0]["G"].v, rtol=1e-9)


def test_a_sum_that_is_zero_is_divided_as_finely_as_one_likes(fresh: object, target: str) -> None:
    nets = [few(network(**TWO, mode=mode)) for mode in ("off", "auto")]
    for net in nets:
        net.run(0 * ms)
        net["S"].tau_syn = np.linspace(3, 9, len(net["S"])) * ms
        net.run(30 * ms)
    assert nets[1]["S"].reduction.kind("g") == SYN
    np.testing.assert_allclose(nets[1]["trace"].v, nets[0]["trace"].v, rtol=1e-9, atol=1e-12)


def test_a_monitor_that_comes_late_records_what_it_would_without_reduction(fresh: object, target: str) -> None:
    nets = [network(**WEIGHT_AT_READ, mode=mode) for mode in ("off", "auto")]
    for net in nets:
        net.run(30 * ms)
        net.add(StateMonitor(net["S"], "g", record=True, name="watch"))
        net.run(5 * ms)
    assert nets[0]["watch"].g[:].any()
    np.testing.assert_allclose(nets[1]["watch"].g, nets[0]["watch"].g, rtol=1e-9, atol=1e-12)


OF_SOURCES = dict(model="dg/dt = -g/tau : 1 (clock-driven)\nI_post = tau_n_pre*g/ms : 1 (summed)", on_pre="g += 1",
                  delay="each", sources="tau_n : second")


def test_a_factor_of_the_sources_changes_and_is_restored(fresh: object, target: str) -> None:
    nets = [network(**OF_SOURCES, mode=mode) for mode in ("off", "auto")]
    for net in nets:
        net.run(30 * ms)
        net.store()
        net["source"].tau_n = 2 * ms
        net.run(1 * ms)
        net.restore()
        net.run(1 * ms)
    assert nets[0]["trace"].I[:, -1].any()
    np.testing.assert_allclose(nets[1]["trace"].I, nets[0]["trace"].I, rtol=1e-9, atol=1e-12)


def test_a_constant_that_drives_a_sum_may_change(fresh: object, target: str) -> None:
    settings = dict(model="dg/dt = (0.1*w - g)/tau : 1 (clock-driven)\nw : 1\nI_post = g : 1 (summed)",
                    on_pre="g += 1", method="euler")
    nets = [network(**settings, mode=mode) for mode in ("off", "require")]
    for net in nets:
        net.run(20 * ms)
        net["S"].w = 3
        net.run(20 * ms)
    np.testing.assert_allclose(nets[1]["trace"].I, nets[0]["trace"].I, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(nets[1]["S"].g, nets[0]["S"].g, rtol=1e-9, atol=1e-12)


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
