"""Rule P3': states at the source that each synapse reads late, by its own delay; what breaks it, and changes between
runs."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import brainsim.objects.synapses.reduced.questions as questions
from brainsim import Network, NeuronGroup, SpikeGeneratorGroup, StateMonitor, Synapses, defaultclock, ms
from brainsim.errors import WrongValue
from tests.reduction.test_classes import (  # noqa: F401
    CONSTANTS,
    LATE,
    ROWS,
    STDP,
    STP,
    STP_EVENT,
    SUM,
    SYN,
    every_size,
    network,
)

NMDA = dict(model="ds/dt = -s/taud + a*x*(1 - s)*per : 1 (clock-driven)\ndx/dt = -x/taur : 1 (clock-driven)\nw : 1\n"
                  "I_post = w*s : 1 (summed)",
            on_pre="x += 1", method="rk4", delay="each")
RELEASE = dict(model=STP.format("(event-driven)"), on_pre=STP_EVENT, delay="each")
TAU_OF_SOURCE = dict(model="dg/dt = -g/tau_n_pre : 1 (clock-driven)\nw : 1\nI_post = w*g : 1 (summed)", on_pre="g += 1",
                     sources="tau_n : second",
                     delay="each")


def agree(settings: dict, between: Callable[[Network], object] | None = None, constants: dict | None = None,
          states: tuple[str, ...] = ()) -> Network:
    """Run with and without reduction, ``between`` done in the middle, perhaps with other ``constants`` afterwards;
    compare everything."""
    plain, smaller = network(**settings, mode="off"), network(**settings)
    for net in (plain, smaller):
        defaultclock.dt = 0.1 * ms      # it may have been changed in between
        net["S"].namespace = {}
        net.run(30 * ms, namespace=CONSTANTS)
        assert net is plain or LATE in {v.kind for v in net["S"].reduction}
        if between is not None:
            between(net)
        net.run(40 * ms, namespace={**CONSTANTS, **(constants or {})})
    for name in ("v", "I"):
        np.testing.assert_allclose(np.asarray(getattr(smaller["trace"], name)),
                                   np.asarray(getattr(plain["trace"], name)), rtol=1e-9, atol=1e-12)
    for name in states:
        np.testing.assert_allclose(np.asarray(getattr(smaller["S"], name)), np.asarray(getattr(plain["S"], name)),
                                   rtol=1e-9, atol=1e-12)
    assert np.asarray(plain["trace"].I)[:, -400:].any()
    return smaller


def nothing(net: Network) -> None:
    pass


def slower(net: Network) -> None:
    net["source"].tau_n = net["source"].tau_n * 1.5


def longer(net: Network) -> None:
    net["S"].delay = net["S"].delay * 1.4


def same_for_all(net: Network) -> None:
    net["S"].delay = 1 * ms


def more(net: Network) -> None:
    net["S"].connect(i=[0, 1, 2], j=[3, 4, 5])
    net["S"].w[-3:] = 2
    net["S"].delay[-3:] = 2 * ms
    if "g" in net["S"].variables:
        net["S"].x[-3:] = 1


def set_one(net: Network) -> None:
    net["S"].x[3] = 0.7


def set_all(net: Network) -> None:
    net["S"].x = 1


def finer(net: Network) -> None:
    defaultclock.dt = 0.05 * ms


@pytest.fixture(autouse=True)
def coarse() -> object:
    yield
    defaultclock.dt = 0.1 * ms


def past_of(net: Network) -> int:
    """Steps up to the longest delay."""
    return int(np.round(np.asarray(net["S"].delay).max() / 1e-4)) + 1


CHANGES = {"nothing": (None, LATE), "longer delays": (longer, SYN), "one delay for all": (same_for_all, SYN),
           "more synapses": (more, SYN),
           "one value": (set_one, SYN), "a value for all": (set_all, SYN), "another time step": (finer, SYN)}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("model", ["NMDA", "release"])
def test_whatever_changes_between_runs_results_are_those_of_single_synapses(fresh: object, target: str, model: str,
                                                                            change: str) -> None:
    act, kind = CHANGES[change]
    settings, states = (NMDA, ("s", "x")) if model == "NMDA" else (RELEASE, ("u", "x", "lastupdate"))
    assert agree(settings, act, states=states)["S"].reduction.kind("x") == kind


def test_a_constant_of_the_source_may_change_between_runs(fresh: object, target: str) -> None:
    assert agree(TAU_OF_SOURCE, states=("g",))["S"].reduction.kind("g") == LATE
    smaller = agree(TAU_OF_SOURCE, slower, states=("g",))
    assert smaller["S"].reduction.kind("g") == SYN
    assert str(smaller["S"].reduction["g"].rules[
        0]) == "P4: g has different values at the synapses of one source neuron"


def test_a_constant_from_outside_may_change_between_runs(fresh: object, target: str) -> None:
    for settings in (NMDA, RELEASE):
        assert agree(settings, constants={"taur": 4 * ms})["S"].reduction.kind("x") == SYN
        assert agree(settings, constants={"tau": 4 * ms})["S"].reduction.kind("x") == LATE     # only g depends on it


def test_store_and_restore_keep_what_is_past(fresh: object, target: str) -> None:
    for settings in (NMDA, RELEASE):
        net = network(**settings)
        net.run(30 * ms, namespace=CONSTANTS)
        net.store()
        net.run(30 * ms, namespace=CONSTANTS)
        first = np.asarray(net["trace"].v).copy()
        for spoil in (nothing, longer, set_one):
            spoil(net)
            net.run(10 * ms, namespace=CONSTANTS)
            net.restore()
            net.run(30 * ms, namespace=CONSTANTS)
            np.testing.assert_array_equal(first, np.asarray(net["trace"].v))
        net.remove()


def test_a_compiled_network_runs_with_another_constant(fresh: object) -> None:
    found = []
    for mode in ("off", "auto"):
        net = network(**NMDA, mode=mode)
        net.run(30 * ms)
        sim = net.compile(20 * ms)
        names = [n for n in sim.parameters if n.endswith("taur")]
        assert names
        found.append([np.asarray(sim.run({names[0]: tau}, seed=1).trace.I) for tau in (2 * ms, 4 * ms)])
    np.testing.assert_allclose(found[1], found[0], rtol=1e-9, atol=1e-12)
    assert np.abs(found[0][0] - found[0][1]).max() > 1e-3


@pytest.mark.parametrize("when", ["start", "end"])
def test_a_monitor_between_two_steps_reads_late(fresh: object, target: str, when: str) -> None:
    nets = [network(**NMDA, mode=mode) for mode in ("off", "auto")]
    for net in nets:
        net.add(StateMonitor(net["S"], ["s", "x"], record=[0, 5, 9], name="watch", when=when))
        net.add(StateMonitor(net["S"], "s", record=True, name="rare", when=when, dt=0.7 * ms))
        net.run(30 * ms)
    assert nets[1]["S"].reduction.kind("s") == LATE
    for name in ("s", "x"):
        np.testing.assert_allclose(getattr(nets[1]["watch"], name), getattr(nets[0]["watch"], name), rtol=1e-9,
                                   atol=1e-12)
    np.testing.assert_allclose(nets[1]["rare"].s, nets[0]["rare"].s, rtol=1e-9, atol=1e-12)
    assert np.asarray(nets[0]["watch"].s).any()


def test_a_monitor_within_a_step_keeps_a_state_with_the_synapse(fresh: object) -> None:
    net = network(**NMDA)
    net.add(StateMonitor(net["S"], "s", record=[0], name="watch", when="thresholds"))
    net.run(1 * ms)
    assert net["S"].reduction.kind("s") == SYN
    assert "'watch' reads s between its step and its events" in str(net["S"].reduction["s"].rules[0])


@pytest.mark.parametrize("slots", [["start", "synapses", "groups", "thresholds", "resets", "end"],
                                   ["start", "thresholds", "synapses", "resets", "groups", "end"]])
def test_the_order_of_a_step_makes_no_difference(fresh: object, target: str, slots: list[str]) -> None:
    # the sum comes between events and step now, and reads s there
    for settings, kind in ((NMDA, SYN), (RELEASE, LATE)):
        nets = [network(**settings, mode=mode) for mode in ("off", "auto")]
        for net in nets:
            net.schedule = slots
            net.run(40 * ms)
        np.testing.assert_allclose(nets[1]["trace"].I, nets[0]["trace"].I, rtol=1e-9, atol=1e-12)
        assert nets[1]["S"].reduction.kind("x") == kind
        assert np.asarray(nets[0]["trace"].I).any()


def test_parts_of_groups_delay_none_and_an_event_in_the_first_step(fresh: object, target: str) -> None:
    def build(mode: str) -> Network:
        source = SpikeGeneratorGroup(6, [3, 0, 4, 5, 3], [0, 2, 3, 4, 5] * ms, name="source")
        G = NeuronGroup(10, "I : 1\ndv/dt = (I - v)/(5*ms) : 1", method="euler", name="G")
        S = Synapses(source[3:], G[2:9], "ds/dt = -s/(3*ms) : 1 (clock-driven)\nw : 1\nI_post = w*sqrt(s) : 1 (summed)",
                     on_pre="s += 1",
                     reduce=mode, name="S")
        S.connect()
        S.w, S.delay = "1 + j", "0.1*ms*((i + j) % 4)"
        return Network(source, G, S, StateMonitor(G, ["v", "I"], record=True, name="trace"))

    plain, smaller = build("off"), build("require")
    for net in (plain, smaller):
        net.run(10 * ms)
    assert plain["trace"].I[2:9].any(axis=1).all()
    np.testing.assert_allclose(smaller["trace"].I, plain["trace"].I, rtol=1e-12)
    np.testing.assert_allclose(smaller["S"].s[:], plain["S"].s[:], rtol=1e-12)


REFUSED = {
    "the code of the target's events reads it": (dict(model=STDP.replace("event-driven", "clock-driven"),
                                                      on_pre="v_post += 0.05*w; apre += 0.1",
                                                     on_post="w = clip(w + apre, 0, 3)", delay="each"), "apre",
                                                 "the code of 'S_post' reads apre"),
    "another pathway reads it": (dict(model=NMDA["model"], on_pre={"pre": "x += 1", "again": "v_post += 0.01*x"},
                                      delay="each", method="rk4"), "x",
                                 "the code of 'S_again' reads x"),
    "another pathway changes it": (dict(model=NMDA["model"], on_pre={"pre": "x += 1", "again": "x += 0.1"},
                                        delay="each", method="rk4"), "x",
                                   "the code of 'S_again' changes x"),
    "it depends on the time": (dict(model=NMDA["model"].replace("-x/taur", "-x*t/(5*ms)/taur"), on_pre="x += 1",
                                    delay="each", method="euler"), "x",
                               "'t', which changes"),
    "the event depends on what changes in the source": (dict(model=NMDA["model"], on_pre="x += x_in_pre", delay="each",
                                                             method="rk4"), "x",
                                                        "'x_in', which changes"),
    "it does not rest": (dict(model=NMDA["model"].replace("-x/taur", "(0.2 - x)/taur"), on_pre="x += 1", delay="each",
                              method="rk4"), "x",
                         "x does not rest where it begins"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_late_stays_with_the_synapse_and_says_why(fresh: object, case: str) -> None:
    settings, state, why = REFUSED[case]
    net = network(**settings)
    net.run(1 * ms)
    assert net["S"].reduction.kind(state) == SYN
    rule = net["S"].reduction[state].rules[0]
    assert rule.number == "P3'" and "have different delays" in rule.text and why in rule.text


def test_a_long_past_is_not_worth_it(fresh: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "MOST_PAST", 2)
    net = network(**NMDA)
    net.run(1 * ms)
    assert net["S"].reduction.kind("x") == SYN
    assert f"the past of the sources takes {12 * past_of(net)} values, more than the synapses" in repr(
        net["S"].reduction)


def test_require_names_rule_and_line(fresh: object) -> None:
    settings = REFUSED["it does not rest"][0]
    model = "dx/dt = (0.2 - x)/taur : 1 (clock-driven)\nw : 1\nI_post = w*sqrt(abs(x)) : 1 (summed)"
    net = network(**{**settings, "model": model}, mode="require")
    with pytest.raises(WrongValue, match=r"(?s)'x' of S cannot be reduced.*dx/dt = \(0.2 - x\)/taur.*P3': .*does not "
                                         r"rest"):
        net.run(1 * ms)


def test_the_report_counts_the_past(fresh: object) -> None:
    net = network(**NMDA)
    net.run(1 * ms)
    size = len(net["S"])
    assert f"s: pre (delayed), {size} → {12 * (past_of(net) + 1)} values" in repr(net["S"].reduction)
