"""Sums of several projections in one array: when they lie together, that results stay the same, and what keeps them
apart."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from brainsim import Network, NeuronGroup, SpikeGeneratorGroup, SpikeMonitor, StateMonitor, Synapses, ms
from brainsim.errors import WrongState
from brainsim.objects.synapses.reduced import replay
from tests.reduction.test_classes import every_size  # noqa: F401

MODEL = "dg/dt = -g/tau : 1 (clock-driven)\nw : 1\nI_{}_post = g*(1.6 - v_post) : 1 (summed)"


def network(mode: str, models: tuple[str, ...] = (MODEL, MODEL),
            neurons: str = "dv/dt = (1.1 + 0.2*(I_a + I_b) - v)/(8*ms) : 1", taus: tuple[float, ...] = (5, 5),
            method: object = None, targets: Callable[[NeuronGroup], Any] = lambda G: (G, G), on_pre: str = "g += w",
            on_post: tuple[object, ...] = (None, None), delays: tuple[object, ...] = (1 * ms, "each"),
            dts: tuple[object, ...] = (None, None)) -> Network:
    """20 sources with given spikes, 8 targets, two projections ``Sa`` and ``Sb`` that sum into ``I_a`` and ``I_b``."""
    rng = np.random.default_rng(3)
    given = SpikeGeneratorGroup(20, rng.integers(0, 20, 300), np.sort(rng.choice(900, 300, replace=False)) * 0.1 * ms,
                                name="given")
    G = NeuronGroup(8, f"{neurons}\nI_a : 1\nI_b : 1\ntau_n : second", threshold="v > 1", reset="v = 0", method="euler",
                    name="G")
    G.v, G.tau_n = np.linspace(0, 0.9, 8), np.linspace(3, 9, 8) * ms
    made = []
    for k, name in enumerate("ab"):
        S = Synapses(given[k * 10:k * 10 + 10], targets(G)[k], models[k].format(name), on_pre=on_pre,
                     on_post=on_post[k], reduce=mode, name=f"S{name}",
                     dt=dts[k], method=method, namespace={"tau": taus[k] * ms})
        S.connect(p=1)
        S.w = rng.uniform(0.02, 0.1, len(S))
        if delays[k] == "each":
            S.delay = rng.uniform(0, 3, len(S)) * ms
        elif delays[k] is not None:
            S.delay = delays[k]
        made.append(S)
    return Network(given, G, *made, SpikeMonitor(G, name="spikes"), StateMonitor(G, "v", record=True, name="trace"))


def same_results(settings: dict, between: Callable[[Network], object] | None = None) -> Network:
    plain, smaller = network("off", **settings), network("auto", **settings)
    for net in (plain, smaller):
        net.run(30 * ms)
        if between is not None:
            between(net)
        net.run(40 * ms)
    np.testing.assert_allclose(smaller["trace"].v, plain["trace"].v, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(smaller["spikes"].i, plain["spikes"].i)
    assert plain["spikes"].num_spikes > 20
    return smaller


def together(net: Network) -> bool:
    return "one sum with Sa" in repr(net["Sb"].reduction) and "one sum with Sb" in repr(net["Sa"].reduction)


OWN = MODEL.replace("w : 1", "w : 1\ntau : second (shared)")
ALIKE: dict[str, dict] = {
    "equal constants": {},
    "a time constant of each target": dict(models=(MODEL.replace("tau", "tau_n_post"),) * 2),
    "two equations": dict(models=("dg/dt = (h - g)/tau : 1 (clock-driven)\ndh/dt = -h/(2*ms) : 1 (clock-driven)\n"
                                  "w : 1\nI_{}_post = g : 1 (summed)",) * 2,
                          on_pre="h += w"),
    "delays of their own": dict(delays=("each", 2 * ms)),
    "two sums": dict(models=(MODEL.replace("(1.6 -", "(1 + w -"),) * 2),
    "events of the target scale them": dict(on_post=("g *= 0.5", "g *= 0.5")),
    "the sum within a function": dict(neurons="dv/dt = (1.1 + 0.3*tanh(I_a + I_b) - v)/(8*ms) : 1"),
}


@pytest.mark.parametrize("case", ALIKE)
def test_sums_that_change_alike_are_one_and_results_stay_the_same(fresh: object, target: str, case: str) -> None:
    net = same_results(ALIKE[case])
    assert together(net), net["Sb"].reduction
    assert "g: post (sum), 80 → 0 values" in repr(net["Sb"].reduction)


APART: dict[str, tuple[dict, str]] = {
    "another time constant": (dict(taus=(5, 4)), "'tau' and 'tau' are not the same"),
    "another form of the equation": (dict(models=(MODEL, MODEL.replace("-g/tau", "-2*g/tau"))),
                                     "change differently in a step"),
    "read differently": (dict(models=(MODEL, MODEL.replace("1.6", "1.5"))), "are read differently"),
    "not a sum": (dict(neurons="dv/dt = (1.1 + 0.2*I_a + 0.3*I_b - v)/(8*ms) : 1"),
                  "uses I_a and I_b otherwise than as a sum"),
    "a product": (dict(neurons="dv/dt = (1.1 + 0.2*I_a*(1 + I_b) - v)/(8*ms) : 1"),
                  "uses I_a and I_b otherwise than as a sum"),
    "only one is scaled": (dict(on_post=("g *= 0.5", None)), "scale those of Sa otherwise"),
    "scaled by another factor": (dict(on_post=("g *= 0.5", "g *= 0.6")), "are scaled differently"),
    "onto another part": (dict(targets=lambda G: (G, G[:4])), "belong to other neurons"),
    "a constant drive": (dict(models=(MODEL.replace("-g/tau", "(0.01*w - g)/tau"),) * 2),
                         "driven by constants or noise of the synapses"),
}


@pytest.mark.parametrize("case", APART)
def test_sums_that_differ_stay_apart_and_the_report_says_why(fresh: object, target: str, case: str) -> None:
    settings, why = APART[case]
    net = same_results(settings)
    assert not together(net)
    assert "apart from Sa" in repr(net["Sb"].reduction) and why in repr(net["Sb"].reduction)


def test_a_monitor_of_one_of_them_keeps_them_apart(fresh: object) -> None:
    net = network("auto")
    net.add(StateMonitor(net["G"], "I_a", record=True, name="watch"))
    net.run(1 * ms)
    assert "'watch' uses I_a and I_b otherwise than as a sum" in repr(net["Sb"].reduction)


def test_whoever_reads_one_of_them_after_a_run_gets_its_own_sum(fresh: object, target: str) -> None:
    nets = [network(mode) for mode in ("off", "auto")]
    for net in nets:
        net.run(30 * ms)
        net.run(20 * ms)
    assert together(nets[1])
    plain, smaller = (net["G"] for net in nets)
    for name in ("I_a", "I_b"):
        assert getattr(plain, name)[:].any()
        np.testing.assert_allclose(getattr(smaller, name), getattr(plain, name), rtol=1e-9)
    np.testing.assert_allclose(smaller.I_a["I_a > 0.1*I_b"], plain.I_a["I_a > 0.1*I_b"], rtol=1e-9)
    np.testing.assert_allclose(smaller.get_states()["I_b"], plain.I_b, rtol=1e-9)
    for net in nets:
        net.run(20 * ms)
    np.testing.assert_allclose(smaller.I_b, plain.I_b, rtol=1e-9)
    np.testing.assert_allclose(nets[1]["trace"].v, nets[0]["trace"].v, rtol=1e-9, atol=1e-12)
    smaller.I_a = 3
    np.testing.assert_array_equal(smaller.I_a, 3)


def test_constants_are_compared_by_value(fresh: object, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def tau(net: Network, a: float = 5, b: float = 5) -> Network:
        net["Sa"].tau, net["Sb"].tau = a * ms, b * ms
        return net

    nets = [tau(network(mode, models=(OWN, OWN))) for mode in ("off", "auto")]
    for net in nets:
        net.run(30 * ms)
    assert together(nets[1])
    np.testing.assert_allclose(nets[1]["trace"].v, nets[0]["trace"].v, rtol=1e-9, atol=1e-12)
    for net in nets:                     # both change: still one sum
        tau(net, 7, 7)
        net.run(20 * ms)
    assert together(nets[1])
    np.testing.assert_allclose(nets[1]["trace"].v, nets[0]["trace"].v, rtol=1e-9, atol=1e-12)
    for net in nets:                     # they differ: the sums are told apart by the values per synapse
        tau(net, 7, 3).run(20 * ms)
    assert not together(nets[1])
    np.testing.assert_allclose(nets[1]["trace"].v, nets[0]["trace"].v, rtol=1e-9, atol=1e-12)
    monkeypatch.setattr(replay, "MOST_CHANGES", 1)
    lost = tau(network("auto", models=(OWN, OWN)))
    lost.run(20 * ms)
    lost["Sa"].delay = 2 * ms
    lost.run(20 * ms)
    with pytest.raises(WrongState, match=r"(?s)The sums of Sb have been added to those of Sa.*'tau' and 'tau' are not "
                                         r"the same; the model changed more than 1 times between runs.*reduce='off'"):
        tau(lost, 7, 3).run(20 * ms)
    apart = tau(network("auto", models=(OWN, OWN)), 5, 4)
    apart.run(1 * ms)
    assert not together(apart)


def test_a_change_before_anything_happened_separates_them(fresh: object) -> None:
    nets = [network(mode, models=(OWN, OWN)) for mode in ("off", "auto")]
    for net in nets:
        net["Sa"].tau = net["Sb"].tau = 5 * ms
        net.run(0 * ms)
        assert net is nets[0] or together(net)
        net["Sb"].tau = 3 * ms
        net.run(30 * ms)
    assert not together(nets[1])
    np.testing.assert_allclose(nets[1]["trace"].v, nets[0]["trace"].v, rtol=1e-9, atol=1e-12)


def test_initial_values_join_and_a_sum_under_way_may_be_set(fresh: object, target: str) -> None:
    nets = [network(mode) for mode in ("off", "auto")]
    for net in nets:
        net["Sa"].g, net["Sb"].g = 0.1, 0.05
        net.run(10 * ms)
        net["Sb"].g[:40] = 0
        net.run(10 * ms)
        net["Sa"].g = 0
        net.run(10 * ms)
    assert together(nets[1])
    np.testing.assert_allclose(nets[1]["trace"].v, nets[0]["trace"].v, rtol=1e-9, atol=1e-12)


def test_store_and_restore_keep_them_together(fresh: object, target: str) -> None:
    net = network("auto")
    net.store("begin")
    net.run(20 * ms)
    net.store()
    net.run(20 * ms)
    first = np.asarray(net["trace"].v).copy()
    net.restore()
    net.run(20 * ms)
    np.testing.assert_array_equal(first, net["trace"].v)
    net.restore("begin")
    net.run(20 * ms)
    net.run(20 * ms)
    np.testing.assert_array_equal(first, net["trace"].v)
    assert together(net)


def test_synapses_made_later_join_the_sum_of_all(fresh: object, target: str) -> None:
    def more(net: Network) -> None:
        net["Sb"].connect(i=[0, 1, 2], j=[3, 4, 5])
        net["Sb"].w[-3:] = 0.2

    assert together(same_results({}, more))


def test_three_projections_are_one(fresh: object, target: str) -> None:
    nets = []
    for mode in ("off", "auto"):
        net = network(mode, neurons="I_c : 1\ndv/dt = (1.1 + 0.2*(I_a + I_b + I_c) - v)/(8*ms) : 1")
        S = Synapses(net["given"], net["G"], MODEL.format("c"), on_pre="g += 0.05", reduce=mode, name="Sc",
                     namespace={"tau": 5 * ms})
        S.connect(j="i % 8")
        net.add(S)
        net.run(50 * ms)
        nets.append(net)
    np.testing.assert_allclose(nets[1]["trace"].v, nets[0]["trace"].v, rtol=1e-9, atol=1e-12)
    assert "one sum with Sb and Sc" in repr(nets[1]["Sa"].reduction)
    assert "one sum with Sa and Sb" in repr(nets[1]["Sc"].reduction)
