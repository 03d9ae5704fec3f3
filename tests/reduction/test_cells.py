"""Few distinct constants: a sum for each target and value, by value at run time."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from brainsim import Network, NeuronGroup, StateMonitor, Synapses, ms
from brainsim.errors import WrongValue
from tests.reduction.test_classes import CONSTANTS, SUM, SYN, every_size, network  # noqa: F401

TWO = dict(model="dg/dt = -g/tau_syn : 1 (clock-driven)\ntau_syn : second\nw : 1\nI_post = g : 1 (summed)",
           on_pre="g += w", delay="each")
OF_SOURCE = dict(model="dg/dt = -g/tau_n_pre : 1 (clock-driven)\nw : 1\nI_post = g : 1 (summed)",
                 on_pre="g += w; w *= 0.95", sources="tau_n : second")
TWO_STATES = dict(model="dg/dt = (h - g)/tau_syn : 1 (clock-driven)\ndh/dt = -h/(tau_syn*k) : 1 (clock-driven)\nk : 1\n"
                        "tau_syn : second\nw : 1\n"
                        "E_syn : 1\nI_post = g*(E_syn - v_post) : 1 (summed)", on_pre="h += w", delay="each",
                        method="euler")
TRACES = dict(model=TWO["model"] + "\ndapre/dt = -apre/taud : 1 (event-driven)\n"
                                   "dapost/dt = -apost/taur : 1 (event-driven)",
              on_pre="g += w; apre += 0.1; w = clip(w + apost, 0, 3)", on_post="apost -= 0.1; w = clip(w + apre, 0, 3)",
                                   delay=1 * ms)


def few(net: Network, values: tuple[float, ...] = (4, 7)) -> Network:
    """Time constants with few values, by synapse or by source."""
    S = net["S"]
    if "tau_syn" in S.variables:
        S.tau_syn = np.resize(values, len(S)) * ms
    if "k" in S.variables:
        S.k = 1 + np.arange(len(S)) % 4 // 2
    if "tau_n" in net["source"].variables:
        net["source"].tau_n = np.resize(values, 12) * ms
    return net


def same_results(settings: dict, *between: Callable[[Network], object]) -> Network:
    nets = [few(network(**settings, mode=mode)) for mode in ("off", "auto")]
    for net in nets:
        net.run(30 * ms, namespace=CONSTANTS)
        for act in between:
            act(net)
            net.run(30 * ms, namespace=CONSTANTS)
    for name in ("v", "I"):
        np.testing.assert_allclose(np.asarray(getattr(nets[1]["trace"], name)),
                                   np.asarray(getattr(nets[0]["trace"], name)), rtol=1e-9, atol=1e-12)
    assert np.asarray(nets[0]["trace"].I)[:, -200:].any()
    return nets[1]


@pytest.mark.parametrize("settings, count", [(TWO, 16), (OF_SOURCE, 16), (TWO_STATES, 29 * 2), (TRACES, 16)],
                         ids=["synapse", "source", "states", "stdp"])
def test_sums_by_value_give_the_same_results(fresh: object, target: str, settings: dict, count: int) -> None:
    net = same_results(settings)
    report = net["S"].reduction
    assert report.kind("g") == SUM
    assert "one for each value of" in repr(report)
    assert report.rows[[r[0] for r in report.rows].index("g")][3] <= count


def test_many_values_are_kept_per_synapse(fresh: object) -> None:
    net = network(**TWO)           # a value for each
    net.run(1 * ms)
    size = len(net["S"])
    assert net["S"].reduction.kind("g") == SYN
    assert f"tau_syn divide {size} synapses into {size} groups" in repr(net["S"].reduction)


def test_require_names_the_rule_of_classes_with_the_line(fresh: object) -> None:
    with pytest.raises(WrongValue, match=r"(?s)'g' of S cannot be reduced.*dg/dt = -g/tau_syn.*classes: tau_syn divide "
                                         r"58 synapses into 58 groups"):
        network(**TWO, mode="require").run(1 * ms)
    few(network(**TWO, mode="require")).run(1 * ms)


def test_what_breaks_another_rule_is_kept_per_synapse(fresh: object) -> None:
    net = few(network(**{**TWO, "model": TWO["model"].replace("-g/", "-g**2/")}, method="euler"))
    net.run(1 * ms)
    assert net["S"].reduction.kind("g") == SYN
    assert "not linear" in repr(net["S"].reduction)


def longer(net: Network) -> None:
    few(net, (5, 9))


def equal(net: Network) -> None:
    few(net, (5, 5))


def apart(net: Network) -> None:
    few(net, (4, 7, 5))


def more(net: Network) -> None:
    net["S"].connect(i=[0, 1, 2], j=[3, 4, 5])
    net["S"].w[-3:], net["S"].tau_syn[-3:] = 2, 4 * ms


def test_other_values_in_the_same_groups_more_synapses_and_fewer_groups_go_on(fresh: object, target: str) -> None:
    net = same_results(TWO, longer, more, longer, equal)
    assert net["S"].reduction.kind("g") == SUM
    assert same_results(OF_SOURCE, longer, equal)["S"].reduction.kind("g") == SUM


def test_values_that_divide_a_sum_under_way_divide_it_by_the_values_per_synapse(fresh: object, target: str) -> None:
    assert same_results(TWO, longer, apart, longer)["S"].reduction.kind("g") == SUM


def test_a_sum_that_is_zero_is_divided(fresh: object) -> None:
    nothing_yet = few(network(**TWO))
    nothing_yet.run(0 * ms)
    apart(nothing_yet)
    nothing_yet.run(1 * ms)
    assert nothing_yet["S"].reduction.kind("g") == SUM


def test_store_and_restore(fresh: object, target: str) -> None:
    net = few(network(**TWO))
    net.run(20 * ms)
    net.store()
    net.run(20 * ms)
    first = np.asarray(net["trace"].v).copy()
    for act in (lambda n: None, equal, more):
        act(net)
        net.run(5 * ms)
        net.restore()
        few(net)
        net.run(20 * ms)
        np.testing.assert_array_equal(first, net["trace"].v)


def test_into_a_part_of_a_group(fresh: object, target: str) -> None:
    from_where = []
    for mode in ("off", "require"):
        G = NeuronGroup(10, "dv/dt = (1.2 + I - v)/(5*ms) : 1\nI : 1", threshold="v > 1", reset="v = 0", method="euler",
                        name="G")
        G.v = "i/10"
        S = Synapses(G[2:8], G[4:9], "dg/dt = -g/tau : 1 (clock-driven)\ntau : second\nI_post = 0.01*g : 1 (summed)",
                     on_pre="g += 1 + j", reduce=mode, name="S")
        S.connect()
        S.tau = "3*ms + 2*ms*(i > 2)"
        net = Network(G, S, StateMonitor(G, ["v", "I"], record=True, name="trace"))
        net.run(40 * ms)
        from_where.append(net)
    assert np.asarray(from_where[0]["trace"].I)[4:9].any(axis=1).all()
    np.testing.assert_allclose(from_where[1]["trace"].v, from_where[0]["trace"].v, rtol=1e-9, atol=1e-12)
