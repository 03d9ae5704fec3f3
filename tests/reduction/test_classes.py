"""What becomes of common synapse models: the class of every state, and the same currents and spikes as without
reduction."""
from __future__ import annotations

import numpy as np
import pytest

import brainsim.objects.synapses.reduced.questions as questions
import brainsim.objects.synapses.reduced.reduced as reduced
from brainsim import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    network_operation,
    seed,
)
from brainsim.errors import WrongValue

PRE, LATE, EQUAL, SUM, SYN = "pre", "pre (delayed)", "post (equal)", "post (sum)", "synapse"
CONSTANTS = {"tau": 5 * ms, "taur": 2 * ms, "taud": 9 * ms, "a": 0.3, "E": 1.6, "U": 0.4, "per": 1 / ms}


@pytest.fixture(autouse=True)
def every_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reduce few synapses too."""
    monkeypatch.setattr(reduced, "FEW", 0)
    monkeypatch.setattr(questions, "MOST_PAST", 1000)


def network(model: str, on_pre: object, on_post: object = None, delay: object = None, neurons: str = "",
            sources: str = "", mode: str = "auto",
            method: object = None) -> Network:
    """12 source neurons with given spikes, 8 target neurons that fire now and then, random connections and weights."""
    rng = np.random.default_rng(5)
    # the sources follow given spikes, and may have variables of their own
    given = SpikeGeneratorGroup(12, rng.integers(0, 12, 150), np.sort(rng.choice(900, 150, replace=False)) * 0.1 * ms,
                                name="given")
    source = NeuronGroup(12, f"x_in : 1\n{sources}", threshold="x_in > 0.5", reset="x_in = 0", name="source")
    relay = Synapses(given, source, on_pre="x_in_post = 1", name="relay", reduce="off")
    relay.connect(j="i")
    target = NeuronGroup(8, f"dv/dt = (0.2*I + 1.1 - v)/(8*ms) : 1\nI : 1\n{neurons}", threshold="v > 1", reset="v = 0",
                         method="euler", name="target")
    target.v = np.linspace(0, 0.9, 8)
    S = Synapses(source, target, model, on_pre=on_pre, on_post=on_post, reduce=mode, method=method, namespace=CONSTANTS,
                 name="S")
    pre, post = np.nonzero(rng.random((12, 8)) < 0.5)
    S.connect(i=pre, j=post)
    for name in ("w", "tau_syn", "E_syn", "U_syn"):
        if name in S.variables:
            setattr(S, name, rng.uniform(1, 2, len(S)) * (5 * ms if name == "tau_syn" else 1))
    for name in ("x",):
        if name in S.variables and "STP" in model:
            setattr(S, name, 1)
    if "tau_n" in target.variables:
        target.tau_n = rng.uniform(3, 9, 8) * ms
    if "tau_n" in source.variables:
        source.tau_n = rng.uniform(3, 9, 12) * ms
    if delay == "each":
        S.pre.delay = rng.uniform(0, 3, len(S)) * ms
    elif delay is not None:
        S.pre.delay = delay
    return Network(given, source, relay, target, S, SpikeMonitor(target, name="spikes"),
                   StateMonitor(target, ["v", "I"], record=True, name="trace"))


STP = """du/dt = -u/taud : 1 {0}
         dx/dt = (1 - x)/taur : 1 {0}  # STP
         dg/dt = -g/tau : 1 (clock-driven)
         w : 1
         I_post = g : 1 (summed)"""
STP_EVENT = "u += U*(1 - u); g += w*u*x; x -= u*x"
STDP = """w : 1
          dapre/dt = -apre/taud : 1 (event-driven)
          dapost/dt = -apost/taur : 1 (event-driven)"""
ROWS = {
    "exponential, any delays, plastic weight at the event":
        (dict(model="dg/dt = -g/tau : 1 (clock-driven)\nw : 1\nI_post = g : 1 (summed)", on_pre="g += w; w *= 0.95",
              delay="each"), {"g": SUM, "w": SYN}),
    "constant weight at the read":
        (dict(model="dg/dt = -g/tau : 1 (clock-driven)\nw : 1\nI_post = w*g*(E - v_post) : 1 (summed)", on_pre="g += 1",
              delay="each"), {"g": SUM}),
    "plastic weight at the read":
        (dict(model="dg/dt = -g/tau : 1 (clock-driven)\nw : 1\nI_post = w*g : 1 (summed)", on_pre="g += 1",
              on_post="w *= 1.02"), {"g": PRE, "w": SYN}),
    "plastic weight at the read, delay of its own":
        (dict(model="dg/dt = -g/tau : 1 (clock-driven)\nw : 1\nI_post = w*g : 1 (summed)", on_pre="g += 1",
              on_post="w *= 1.02", delay="each"),
         {"g": LATE, "w": SYN}),
    "dual exponential":
        (dict(model="dg/dt = -g/taud + h*per : 1 (clock-driven)\ndh/dt = -h/taur : 1 (clock-driven)\nw : 1\n"
                    "I_post = g*(E - v_post) : 1 (summed)",
              on_pre="h += w", delay="each"), {"g": SUM, "h": SUM}),
    "time constant of the target":
        (dict(model="dg/dt = -g/tau_n_post : 1 (clock-driven)\nw : 1\nI_post = g : 1 (summed)", on_pre="g += w",
              neurons="tau_n : second", delay="each"),
         {"g": SUM}),
    "time constant that depends on the target's voltage":
        (dict(model="dg/dt = -g/(tau*(1 + v_post**2)) : 1 (clock-driven)\nw : 1\nI_post = g : 1 (summed)",
              on_pre="g += w", method="euler"), {"g": SUM}),
    "time constant of the synapse":
        (dict(model="dg/dt = -g/tau_syn : 1 (clock-driven)\ntau_syn : second\nw : 1\nI_post = g : 1 (summed)",
              on_pre="g += w"), {"g": SYN}),
    "time constant of the source":
        (dict(model="dg/dt = -g/tau_n_pre : 1 (clock-driven)\nw : 1\nI_post = w*g : 1 (summed)", on_pre="g += 1",
              sources="tau_n : second"), {"g": PRE}),
    "reversal potential of the synapse: two sums":
        (dict(model="dg/dt = -g/tau : 1 (clock-driven)\nw : 1\nE_syn : 1\nI_post = g*(E_syn - v_post) : 1 (summed)",
              on_pre="g += w", delay="each"),
         {"g": SUM}),
    "NMDA block":
        (dict(model="ds/dt = -s/taud : 1 (clock-driven)\nw : 1\n"
                    "I_post = w*s*(E - v_post)/(1 + exp(-3*v_post)) : 1 (summed)", on_pre="s += 1"), {"s": SUM}),
    "kinetic receptor driven by a pulse of the source":
        (dict(model="ds/dt = (a*pulse_pre*(1 - s) - 0.2*s)*per : 1 (clock-driven)\nw : 1\nI_post = w*s : 1 (summed)",
              on_pre="pulse_pre += 0.1",
              sources="dpulse/dt = -pulse/(1*ms) : 1", method="euler"), {"s": PRE}),
    "NMDA, saturating":
        (dict(model="ds/dt = -s/taud + a*x*(1 - s)*per : 1 (clock-driven)\ndx/dt = -x/taur : 1 (clock-driven)\nw : 1\n"
                    "I_post = w*s : 1 (summed)",
              on_pre="x += 1", method="rk4"), {"s": PRE, "x": PRE}),
    "NMDA, saturating, with a delay for each synapse":
        (dict(model="ds/dt = -s/taud + a*x*(1 - s)*per : 1 (clock-driven)\ndx/dt = -x/taur : 1 (clock-driven)\nw : 1\n"
                    "I_post = w*s : 1 (summed)",
              on_pre="x += 1", method="rk4", delay="each"), {"s": LATE, "x": LATE}),
    "NMDA with a delay for each synapse, driven by the source":
        (dict(model="ds/dt = -s/taud + a*x*(1 - s)*per : 1 (clock-driven)\n"
                    "dx/dt = (pulse_pre - x)/taur : 1 (clock-driven)\nw : 1\n"
                    "I_post = w*s : 1 (summed)", on_pre="x += 1; pulse_pre += 0.1",
                    sources="dpulse/dt = -pulse/(1*ms) : 1", method="euler",
              delay="each"), {"s": SYN, "x": SYN}),
    "saturating jump, shared":
        (dict(model="ds/dt = -s/taud : 1 (clock-driven)\nw : 1\nI_post = w*s : 1 (summed)", on_pre="s += a*(1 - s)"),
         {"s": PRE}),
    "saturating jump with the weight in it":
        (dict(model="ds/dt = -s/taud : 1 (clock-driven)\nw : 1\nI_post = s : 1 (summed)", on_pre="s += 0.2*w*(1 - s)"),
         {"s": SYN}),
    "clipped jump":
        (dict(model="ds/dt = -s/taud : 1 (clock-driven)\nw : 1\nI_post = s : 1 (summed)",
              on_pre="s = clip(s + w, 0, 1)"), {"s": SYN}),
    "Tsodyks-Markram":
        (dict(model=STP.format("(clock-driven)"), on_pre=STP_EVENT, delay=1 * ms), {"u": PRE, "x": PRE, "g": SUM}),
    "Tsodyks-Markram, event-driven":
        (dict(model=STP.format("(event-driven)"), on_pre=STP_EVENT), {"u": PRE, "x": PRE, "g": SUM}),
    "Tsodyks-Markram with a delay for each synapse":
        (dict(model=STP.format("(clock-driven)"), on_pre=STP_EVENT, delay="each"), {"u": LATE, "x": LATE, "g": SUM}),
    "Tsodyks-Markram, event-driven, with a delay for each synapse":
        (dict(model=STP.format("(event-driven)"), on_pre=STP_EVENT, delay="each"), {"u": LATE, "x": LATE, "g": SUM}),
    "Tsodyks-Markram, the release by a local name, read after the jump":
        (dict(model=STP.format("(event-driven)"), on_pre="u += U*(1 - u); r = u*x; x -= r; g += w*(r + 0.1*x)",
              delay="each"),
         {"u": LATE, "x": LATE, "g": SUM}),
    "Tsodyks-Markram with a delay for each synapse, not at rest in the beginning":
        (dict(model=STP.format("(clock-driven)").replace("du/dt = -u", "du/dt = (0.3 - u)"), on_pre=STP_EVENT,
              delay="each"),
         {"u": SYN, "x": SYN, "g": SUM}),
    "depression with a release of its own":
        (dict(model=STP.format("(clock-driven)") + "\nU_syn : 1",
              on_pre="u += 0.3*U_syn*(1 - u); g += w*u*x; x -= u*x"),
         {"u": SYN, "x": SYN, "g": SUM}),
    "STDP traces":
        (dict(model=STDP, on_pre="v_post += 0.05*w; apre += 0.1; w = clip(w + apost, 0, 3)",
              on_post="apost -= 0.1; w = clip(w + apre, 0, 3)"),
         {"apre": PRE, "apost": EQUAL, "w": SYN}),
    "STDP traces read after they jump":
        (dict(model=STDP, on_pre="v_post += 0.05*w; w = clip(w + apost - 0.1*apre, 0, 3); apre += 0.1; w += 0.01*apre",
              on_post="w = clip(w + apre, 0, 3); apost -= 0.1; w -= 0.01*apost"),
         {"apre": PRE, "apost": EQUAL, "w": SYN}),
    "STDP with a delay for each synapse":
        (dict(model=STDP, on_pre="v_post += 0.05*w; apre += 0.1; w = clip(w + apost, 0, 3)",
              on_post="apost -= 0.1; w = clip(w + apre, 0, 3)", delay="each"),
         {"apre": SYN, "apost": EQUAL, "w": SYN}),
    "voltage-dependent plasticity filters":
        (dict(model="du_f/dt = (v_post - u_f)/taud : 1 (clock-driven)\ndr/dt = -r/taur : 1 (clock-driven)\nw : 1\n"
                    "dg/dt = -g/tau : 1 (clock-driven)\n"
                    "I_post = g : 1 (summed)", on_pre="r += 1; g += w; w = clip(w - 0.1*u_f, 0, 3)",
                    on_post="w = clip(w + 0.1*r, 0, 3)"),
         {"u_f": EQUAL, "r": PRE, "g": SUM, "w": SYN}),
    "calcium, read by the weight":
        (dict(model="dc/dt = -c/taud : 1 (clock-driven)\ndw/dt = 0.1*(c - 0.5)*per*0.01 : 1 (clock-driven)",
              on_pre="c += a; v_post += 0.01*w", on_post="c += 0.2",
              method="euler"), {"c": SYN, "w": SYN}),
    "stochastic release":
        (dict(model="dg/dt = -g/tau : 1 (clock-driven)\nw : 1\nI_post = g : 1 (summed)",
              on_pre="g += w*int(rand() < 0.5)"), {"g": SUM}),
    "a constant drive":
        (dict(model="dg/dt = (0.1*w - g)/tau : 1 (clock-driven)\nw : 1\nI_post = g : 1 (summed)", on_pre="g += w",
              method="euler"), {"g": SUM}),
    "events of the target scale the sum":
        (dict(model="dg/dt = -g/tau : 1 (clock-driven)\nw : 1\nI_post = g : 1 (summed)", on_pre="g += w",
              on_post="g *= 0.5", delay="each"), {"g": SUM}),
    "not linear in what is read":
        (dict(model="dg/dt = -g/tau : 1 (clock-driven)\nw : 1\nI_post = g**2 : 1 (summed)", on_pre="g += w",
              delay="each"), {"g": SYN}),
    "a term without the state":
        (dict(model="dg/dt = -g/tau : 1 (clock-driven)\nw : 1\nI_post = g + 0.01*w : 1 (summed)", on_pre="g += w"),
         {"g": SYN}),
    "gap junctions have no state":
        (dict(model="w : 1\nI_post = 0.1*w*(x_in_pre - v_post) : 1 (summed)", on_pre="v_post += 0.1"), {}),
    "noise of its own":
        (dict(model="dg/dt = -g/tau + 0.1*xi*tau**-0.5 : 1 (clock-driven)\nw : 1\nI_post = g : 1 (summed)",
              on_pre="g += w", method="euler"), {"g": SYN}),
}


@pytest.mark.parametrize("row", ROWS)
def test_states_are_kept_where_the_rules_say_and_results_stay_the_same(fresh: object, target: str, row: str) -> None:
    settings, expected = ROWS[row]
    plain, smaller = network(**settings, mode="off"), network(**settings)
    for net in (plain, smaller):
        seed(3)
        net.run(60 * ms, namespace=CONSTANTS)
        net.run(40 * ms, namespace=CONSTANTS)
    assert {v.variable: v.kind for v in smaller["S"].reduction} == expected
    np.testing.assert_array_equal(plain["spikes"].i[:], smaller["spikes"].i[:])
    assert plain["spikes"].num_spikes > 0
    for name in ("v", "I"):
        np.testing.assert_allclose(np.asarray(getattr(smaller["trace"], name)),
                                   np.asarray(getattr(plain["trace"], name)), rtol=1e-9, atol=1e-12)
    for name in expected:
        np.testing.assert_allclose(np.asarray(getattr(smaller["S"], name)), np.asarray(getattr(plain["S"], name)),
                                   rtol=1e-9, atol=1e-12)


EXPONENTIAL = dict(model="dg/dt = -g/tau : 1 (clock-driven)\nw : 1\nI_post = g : 1 (summed)", on_pre="g += w")
WEIGHT_AT_READ = dict(model="dg/dt = -g/tau : 1 (clock-driven)\nw : 1\nI_post = w*g*(E - v_post) : 1 (summed)",
                      on_pre="g += 1", delay="each")


def test_a_state_at_the_sources_is_still_read_and_written_by_synapse(fresh: object) -> None:
    net = network(**ROWS["plastic weight at the read"][0])
    net.run(20 * ms)
    S = net["S"]
    assert S.reduction.kind("g") == PRE
    g = S.g[:]
    assert g.any()
    S.g[0] = 7
    assert S.g[0] == 7
    np.testing.assert_array_equal(S.g[1:], g[1:])
    net.run(10 * ms)
    assert S.reduction.kind("g") == SYN     # the synapses of the first source differ now


def test_initial_values_that_differ_keep_a_state_with_the_synapse(fresh: object) -> None:
    net = network(**ROWS["plastic weight at the read"][0])
    net["S"].g = "rand()"
    net.run(10 * ms)
    assert net["S"].reduction.kind("g") == SYN
    assert str(net["S"].reduction["g"].rules[0]).startswith("P4")


def test_initial_values_enter_the_sum(fresh: object) -> None:
    plain, smaller = network(**EXPONENTIAL, mode="off"), network(**EXPONENTIAL)
    for net in (plain, smaller):
        net["S"].g = np.linspace(0, 2, len(net["S"]))
        net.run(10 * ms)
    np.testing.assert_allclose(np.asarray(smaller["trace"].I), np.asarray(plain["trace"].I), rtol=1e-9)
    assert smaller["trace"].I[:, 1].min() > 0


def test_a_monitor_of_single_synapses_keeps_the_state_there(fresh: object) -> None:
    net = network(**EXPONENTIAL)
    net.add(StateMonitor(net["S"], "g", record=[0, 1], name="watch"))
    net.run(10 * ms)
    assert net["S"].reduction.kind("g") == SYN
    assert "'watch' reads g" in repr(net["S"].reduction)


def test_a_monitor_of_a_state_at_the_sources_reads_it_there(fresh: object, target: str) -> None:
    plain, smaller = (network(**ROWS["plastic weight at the read"][0], mode=mode) for mode in ("off", "auto"))
    for net in (plain, smaller):
        net.add(StateMonitor(net["S"], "g", record=[0, 5, 9], name="watch"))
        net.run(30 * ms)
    assert smaller["S"].reduction.kind("g") == PRE
    np.testing.assert_allclose(smaller["watch"].g, plain["watch"].g, rtol=1e-12)


def test_a_network_operation_may_look_so_nothing_moves(fresh: object) -> None:
    net = network(**EXPONENTIAL)

    @network_operation(dt=5 * ms)
    def look() -> None:
        assert len(net["S"].g[:]) == len(net["S"])

    net.add(look)
    net.run(10 * ms)
    assert net["S"].reduction.kind("g") == SYN


def test_a_whole_new_value_replaces_a_sum(fresh: object) -> None:
    plain, smaller = network(**EXPONENTIAL, mode="off"), network(**EXPONENTIAL)
    for net in (plain, smaller):
        net.run(30 * ms)
        net["S"].g = 0.5
        np.testing.assert_array_equal(net["S"].g[:], 0.5)
        net.run(20 * ms)
    assert smaller["S"].reduction.kind("g") == SUM
    np.testing.assert_allclose(np.asarray(smaller["trace"].I), np.asarray(plain["trace"].I), rtol=1e-9)


def test_store_and_restore_keep_sums_and_states_at_neurons(fresh: object, target: str) -> None:
    for row in ("exponential, any delays, plastic weight at the event", "Tsodyks-Markram, event-driven", "STDP traces"):
        net = network(**ROWS[row][0])
        net.run(30 * ms, namespace=CONSTANTS)
        net.store()
        net.run(30 * ms, namespace=CONSTANTS)
        first = np.asarray(net["trace"].v).copy()
        net.restore()
        net.run(30 * ms, namespace=CONSTANTS)
        np.testing.assert_array_equal(first, np.asarray(net["trace"].v))
        net.remove()


def test_restore_to_before_the_first_run(fresh: object) -> None:
    net = network(**EXPONENTIAL)
    net["S"].g = np.linspace(0, 2, len(net["S"]))
    net.store()
    net.run(30 * ms)
    first = np.asarray(net["trace"].v).copy()
    net.restore()
    np.testing.assert_array_equal(np.asarray(net["S"].g), np.linspace(0, 2, len(net["S"])))
    net.run(30 * ms)
    np.testing.assert_array_equal(first, np.asarray(net["trace"].v))


def test_synapses_made_later_join_the_sum(fresh: object) -> None:
    plain, smaller = network(**EXPONENTIAL, mode="off"), network(**EXPONENTIAL)
    for net in (plain, smaller):
        net.run(20 * ms)
        net["S"].connect(i=[0, 1, 2], j=[3, 4, 5])
        net["S"].w[-3:] = 2
        net.run(30 * ms)
    np.testing.assert_allclose(np.asarray(smaller["trace"].I), np.asarray(plain["trace"].I), rtol=1e-9, atol=1e-12)


def test_require_names_the_rule_with_the_line(fresh: object) -> None:
    net = network(**ROWS["time constant of the synapse"][0], mode="require")
    with pytest.raises(WrongValue, match=r"(?s)'g' of S cannot be reduced.*dg/dt.*L1.*'tau_syn'"):
        net.run(1 * ms)


def test_few_synapses_stay_as_they_are(fresh: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reduced, "FEW", 1000)
    net = network(**EXPONENTIAL)
    net.run(10 * ms)
    assert net["S"].reduction.kind("g") == SUM
    assert "fewer than 1000 synapses" in repr(net["S"].reduction)
    assert net["S"].g[:].any()


def test_an_unknown_mode_is_refused(fresh: object) -> None:
    G = NeuronGroup(1, "v : volt", threshold="v > 1*mV")
    with pytest.raises(WrongValue, match="'auto', 'off', 'require'"):
        Synapses(G, G, reduce="always")


def test_subgroups_sum_into_their_part_only(fresh: object, target: str) -> None:
    def build(mode: str) -> Network:
        source = SpikeGeneratorGroup(6, [0, 3, 4, 5, 3], [1, 2, 3, 4, 5] * ms, name="source")
        G = NeuronGroup(10, "I : 1\ndv/dt = (I - v)/(5*ms) : 1", method="euler", name="G")
        made = []
        for k, part in enumerate((G[2:5], G[5:9])):
            S = Synapses(source[3:], part, f"dg/dt = -g/({k + 2}*ms) : 1 (clock-driven)\nI_post = g : 1 (summed)",
                         on_pre="g += 1 + j", reduce=mode, name=f"S{k}")
            S.connect()
            made.append(S)
        return Network(source, G, *made, StateMonitor(G, ["v", "I"], record=True, name="trace"))

    plain, smaller = build("off"), build("require")
    for net in (plain, smaller):
        net.run(10 * ms)
    assert plain["trace"].I[2:9].any(axis=1).all()
    np.testing.assert_allclose(smaller["trace"].I, plain["trace"].I, rtol=1e-12)


def test_the_report_says_class_sizes_and_rule(fresh: object) -> None:
    net = network(**ROWS["STDP traces"][0])
    assert "not analysed yet" in repr(net["S"].reduction)
    net.run(1 * ms)
    report = net["S"].reduction
    size = len(net["S"])
    assert report.rows[1][:4] == ("apre", PRE, size, 12)
    assert report.rows[0][:4] == ("apost", EQUAL, size, 8)
    assert f"w: synapse, {size} → {size} values" in repr(report)
    assert "<table>" in report._repr_html_()

