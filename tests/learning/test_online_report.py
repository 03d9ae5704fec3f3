"""What takes part in online learning and what does not, and what is said about it."""
from __future__ import annotations

import numpy as np
import pytest

from brainsim import NeuronGroup, Synapses, defaultclock, ms, online
from brainsim.errors import UnknownName, Unsupported, WrongSyntax, WrongType, WrongValue
from brainsim.learning.online_rule import rule_of

pytest.importorskip("jax")
import optax  # noqa: E402

from tests.learning.online_networks import STEPS, TRIALS, network, squares  # noqa: E402


@pytest.fixture(autouse=True)
def clean(fresh):
    """Steps of 1 ms."""
    defaultclock.dt = 1*ms


def function(net, params, outputs=("Out.o",), inputs=("inp.spikes",)):
    return net.functional(STEPS*ms, params=params, inputs=inputs, outputs=outputs)


def refused(net, params, rule="d_rtrl", **more):
    with pytest.raises(Unsupported) as error:
        online(function(net, params), rule, loss=squares, wrt=params, **more)
    return str(error.value)


def test_the_report_names_the_relation_of_each_parameter():
    rule = online(function(network(), ["S.w", "O.w", "tau", "G.v"]), "d_rtrl", loss=squares)
    assert rule.report() == str(rule) == """\
Online learning: ε' = D ε + D_f x,  gradient += ∂L/∂h · ε
  S.w  a trace per synapse (G.g ← y, G.g; G.v ← G.g, G.v; ~O_pre.0 ← G.g, G.v, ~O_pre.0)
  O.w  a trace per synapse (Out.o ← y, Out.o)
  tau  a trace per neuron (G.v ← θ, G.v; ~O_pre.0 ← θ, G.v, ~O_pre.0)
  G.v  first value, a trace per neuron (G.v ← G.v; ~O_pre.0 ← G.v, ~O_pre.0)
  what 'O_pre' brings to the readout is filtered, decay 0.960789 in a step"""
    assert "<table" in rule._repr_html_() and "G.g ← y" in rule._repr_html_()


def test_the_report_says_why_a_parameter_takes_no_part():
    net = network()
    late = Synapses(net["inp"], net["G"], "w : 1", on_pre="g += w", name="late")
    late.connect()
    late.delay = np.arange(len(late)) % 4 * ms
    net.add(late)
    rule = online(function(net, ["S.w", "late.w"]), "d_rtrl", loss=squares)
    assert [r.name for r in rule.rows if r.reason] == ["late.w"]
    assert "late.w  takes no part: it enters through 'late_pre" in rule.report()


def test_plastic_weights_cannot_learn_too():
    net = network()
    own = Synapses(net["inp"], net["G"], "w : 1\ndx/dt = -x/taus : 1 (event-driven)",
                   on_pre="x += 1; w = clip(w + 0.1*x, 0, 1); g += w", name="own",
                   namespace={"taus": 10*ms})
    own.connect()
    net.add(own)
    assert "own.w" in refused(net, ["own.w"])


def test_weights_beyond_a_product_cannot_learn():
    net = network()
    bent = Synapses(net["inp"], net["G"], "w : 1", on_pre="v = clip(v + w, 0, 2)", name="bent")
    bent.connect()
    net.add(bent)
    assert "it enters through 'bent_pre" in refused(net, ["bent.w"])


def test_influence_ends_at_what_neurons_send():
    net = network(model="dv/dt = (g - v)/tau : 1\ndg/dt = -g/taus : 1\nU : 1")
    graded = Synapses(net["G"], net["Out"], "w : 1", on_pre="o_post += w*U_pre", name="graded")
    graded.connect()
    net.add(graded)
    assert "it changes what neurons send through 'graded_pre'" in refused(net, ["G.U"])


def test_nothing_learns_that_the_loss_does_not_hear():
    text = refused(network(), ["O.w"], "three_factor")
    assert "within a step" in text


def test_one_clock_and_values_at_each_step():
    slow = NeuronGroup(1, "dv/dt = -v/(10*ms) : 1", dt=2*ms, name="slow", method="exact")
    net = network()
    net.add(slow)
    with pytest.raises(Unsupported, match="one clock"):
        online(function(net, ["S.w"], ["Out.o", "slow.v"]), "d_rtrl", loss=squares)
    with pytest.raises(Unsupported, match="at the end only"):
        online(function(network(), ["S.w"], ["Out.o[-1]"]), "d_rtrl", loss=squares)


def test_a_network_with_names_is_enough():
    rule = online(network(), "d_rtrl", duration=STEPS*ms, wrt=["S.w"], inputs=["inp.spikes"], outputs=["Out.o"],
                  batch=TRIALS, loss=squares)
    assert list(rule.params) == ["S.w"]
    with pytest.raises(WrongValue, match="needs a duration"):
        online(network(), "d_rtrl", loss=squares)
    with pytest.raises(WrongType, match="is for a Network"):
        online("net", loss=squares)


def test_calls_are_checked():
    sim = function(network(), ["S.w"])
    rule = online(sim, "d_rtrl", loss=squares)
    with pytest.raises(WrongValue, match="a row for each step"):
        rule.grad(None, {"inp.spikes": np.zeros((STEPS, 5))}, np.zeros((3, 2)))
    with pytest.raises(WrongValue, match="'inp.spikes' is missing"):
        rule.grad(None, {}, np.zeros((STEPS, 2)))
    with pytest.raises(WrongValue, match="another shape"):
        rule.grad({"S.w": np.zeros(3)}, {"inp.spikes": np.zeros((STEPS, 5))}, np.zeros((STEPS, 2)))
    with pytest.raises(UnknownName, match="no parameter 'S.x'"):
        online(sim, "d_rtrl", loss=squares, wrt=["S.x"])
    with pytest.raises(WrongValue, match="learns from a loss"):
        online(sim, "d_rtrl")
    with pytest.raises(WrongValue, match="needs the modulator"):
        online(sim, "three_factor").grad(None, {"inp.spikes": np.zeros((STEPS, 5))})
    with pytest.raises(WrongValue, match="'block'"):
        online(sim, "d_rtrl", loss=squares, block=0)
    with pytest.raises(WrongValue, match="'every'"):
        rule.train("adam(1e-3)", [], every=0)
    with pytest.raises(WrongValue, match="nothing to learn from"):
        rule.train("adam(1e-3)", [])
    with pytest.raises(WrongType, match="no optimiser"):
        rule.train(None, [])
    with pytest.raises(WrongType, match="pairs of inputs and targets"):
        rule.train("adam(1e-3)", ({"inp.spikes": np.zeros((STEPS, 5))}, np.zeros((STEPS, 2))))


def test_an_optimiser_may_be_its_text_and_what_was_learned_is_shown_in_a_few_lines():
    rule = online(function(network(), ["S.w"]), "d_rtrl", loss=squares)
    data = [({"inp.spikes": np.ones((STEPS, 5))}, np.zeros((STEPS, 2)))] * 2
    by_text, itself = rule.train("sgd(1e-3)", data), rule.train(optax.sgd(1e-3), data)
    assert np.array_equal(by_text.params["S.w"], itself.params["S.w"])
    first, second = repr(by_text).splitlines()
    assert first.startswith("Learned in 2 runs: loss ") and second.startswith("  S.w  (")


@pytest.mark.parametrize("text, expected", [
    ("d_rtrl", {"decay": None, "kappa": "readout"}), ("es_d_rtrl", {"decay": 0.98}),
    ("pp_prop(0.5)", {"decay": 0.5, "name": "es_d_rtrl"}),
    ("es_d_rtrl(rank=3)", {"decay": 0.5}),
    ("eprop(kappa=0.9, feedback='random')", {"kappa": 0.9, "feedback": "random", "through_reset": False}),
    ("three_factor", {"feedback": "modulator"})])
def test_rules_are_read(text, expected):
    rule = rule_of(text)
    assert {n: getattr(rule, n) for n in expected} == expected


@pytest.mark.parametrize("text, error, said", [
    ("d_rtlr", UnknownName, "d_rtrl"), ("eprop(kapa=1)", UnknownName, "kappa"),
    ("eprop(", WrongSyntax, "name of a rule"), ("eprop(1, 2, 3)", WrongSyntax, "takes"),
    ("es_d_rtrl(1.5)", WrongValue, "between 0 and 1"), ("es_d_rtrl(1)", WrongValue, "nothing new"),
    ("es_d_rtrl(rank=0)", WrongValue, "rank"),
    ("eprop(kappa='x')", WrongValue, "kappa"),
    ("eprop(feedback='up')", WrongValue, "'symmetric', 'random', 'adaptive'"), (3, WrongType, "d_rtrl")])
def test_other_texts_are_refused(text, error, said):
    with pytest.raises(error) as found:
        rule_of(text)
    assert said in str(found.value)
