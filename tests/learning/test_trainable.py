"""Flags ``(trainable, bounds=(...))`` and raw numbers for optimisers."""
import jax
import numpy as np
import pytest

import brainsim as bs
from brainsim import *
from brainsim.errors import DimensionMismatchError, EquationError, Source, WrongType, WrongValue
from brainsim.language.equations import parse_equations
from tests.learning.networks import leaky

MODEL = """dv/dt = (w*mV + r*u + x - v)/tau : volt
w : 1 (trainable, bounds=(0, 1))
tau : second (constant, trainable, bounds=(1*ms, 100*ms))
u : amp (trainable, bounds=(0, inf))
x : volt (trainable, bounds=(-inf, 5*mV))
y : 1 (trainable)
r : ohm"""


def flagged():
    G = NeuronGroup(2, MODEL, method="euler", name="G")
    G.w, G.tau, G.u, G.x, G.y, G.r = [0.2, 0.7], 10 * ms, 1 * nA, -1 * mV, -3, 1 * Mohm
    return Network(G)


@pytest.mark.parametrize("params", [None, "trainable"])
def test_trainable_parameters_are_those_of_the_function(params):
    assert set(flagged().functional(1 * ms, params=params, outputs=["G.v"]).params) == {"G.w", "G.tau", "G.u", "G.x",
                                                                                        "G.y"}


def test_flags_with_bounds_are_written_as_they_were_read():
    text = str(Equations(MODEL))
    assert "tau : second (constant, trainable, bounds=(1*ms, 100*ms))" in text
    assert str(Equations(text)) == text
    assert Equations(MODEL)["x"].flags == ("trainable",)


def test_flags_of_brian_are_as_they_were():
    e, = parse_equations(Source("w : 1 (constant, shared)"))
    assert e.flags == ("constant", "shared") and e.bounds is None


def test_raw_numbers_know_no_bounds_and_lead_back(double):
    sim = flagged().functional(1 * ms, outputs=["G.v"])
    raw = sim.unconstrained(sim.params)
    for name, x in sim.constrained(raw).items():
        assert np.asarray(x) == pytest.approx(np.asarray(sim.params[name], float), rel=1e-13)
    far = sim.constrained({n: 30 * np.ones(2) for n in raw})
    assert np.all(far["G.w"] <= 1) and np.all(far["G.tau"] <= 0.1) and np.all(far["G.x"] < 5e-3)
    assert np.all(far["G.u"] > 2e-8)
    near = sim.constrained({n: -30 * np.ones(2) for n in raw})
    assert np.all(near["G.w"] >= 0) and np.all(near["G.tau"] >= 1e-3) and np.all(near["G.u"] > 0)
    assert np.all(near["G.x"] > 4e-3)
    assert np.all(near["G.y"] == -30)


def test_softplus_and_its_inverse_do_not_overflow(double):
    sim = flagged().functional(1 * ms, outputs=["G.v"])
    raw = sim.unconstrained({"G.u": 1e-3 * np.ones(2)})      # a million times the present value
    assert np.asarray(raw["G.u"]) == pytest.approx([1e6, 1e6])
    assert np.asarray(sim.constrained(raw)["G.u"]) == pytest.approx([1e-3, 1e-3])


def test_units_make_raw_numbers_about_one_and_plain_ones_stay():
    sim = leaky(params=["tau", "G.I"])
    raw = sim.unconstrained(sim.params)
    assert float(raw["tau"]) == pytest.approx(1)
    assert np.sqrt(np.mean(np.square(raw["G.I"]))) == pytest.approx(1)


def test_raw_numbers_have_gradients_and_pass_through_jit():
    sim = flagged().functional(1 * ms, outputs=["G.v[-1]"])
    raw = sim.unconstrained({n: sim.params[n] for n in ("G.w", "G.u")})
    slopes = jax.jit(jax.grad(lambda r: sim(sim.constrained(r))["G.v[-1]"].sum()))(raw)
    assert np.all(np.asarray(slopes["G.w"]) > 0) and np.all(np.asarray(slopes["G.u"]) > 0)


def test_training_stays_within_bounds():
    sim = flagged().functional(1 * ms, outputs=["G.v[-1]"])
    found = bs.train.fit(sim, lambda out, y: -1e3 * out["G.v[-1]"].sum(), ({}, None), "adam(0.3)", epochs=40,
                         progress=False)
    assert np.all(np.asarray(found.params["G.w"]) <= 1) and np.all(found.params["G.w"] > [0.2, 0.7])
    assert np.all(found.params["G.x"] < 5 * mV) and np.all(found.params["G.x"] > -1 * mV)


@pytest.mark.parametrize("flags, words", [
    ("bounds=(0, 1)", "those of a trainable parameter"),
    ("trainable, bounds=(0, 1, 2)", "a lower and an upper one"),
    ("trainable, bounds=3", "a lower and an upper one"),
    ("trainable, bounds=()", "a lower and an upper one"),
    ("trainable, bound=(0, 1)", "not a flag"),
    ("trainable=1", "not a flag"),
    ("trainable, bounds=(0, 1", "never closed"),
    ("trainable, bounds=(0, 1*)", "Nothing follows"),
])
def test_bounds_that_are_none_are_refused_with_a_caret(flags, words):
    with pytest.raises(EquationError, match=words) as caught:
        parse_equations(Source(f"w : 1 ({flags})"))
    assert "^" in str(caught.value)


@pytest.mark.parametrize("line, error, words", [
    ("w : 1 (trainable, bounds=(1, 0))", EquationError, "not below the upper one"),
    ("w : 1 (trainable, bounds=(0, q))", EquationError, "a number with its unit"),
    ("w : volt (trainable, bounds=(0, 1*ms))", DimensionMismatchError, "this bound is not"),
    ("w : 1 (trainable, bounds=(0, 1*mV))", DimensionMismatchError, "this bound is not"),
    ("w : integer (trainable)", WrongType, "is a float"),
    ("dw/dt = -w/ms : 1 (trainable)", WrongValue, "cannot be used for the differential"),
    ("w = 2 : 1 (trainable)", WrongValue, "cannot be used for the subexpression"),
])
def test_what_cannot_be_trained_is_refused(line, error, words):
    with pytest.raises(error, match=words):
        NeuronGroup(1, line)


def test_a_value_on_its_bound_is_refused_and_one_inside_is_not():
    sim = flagged().functional(1 * ms, outputs=["G.v"])
    with pytest.raises(WrongValue, match="between its bounds"):
        sim.unconstrained({"G.w": [0.0, 0.5]})
    assert np.all(np.isfinite(sim.unconstrained({"G.w": [0.001, 0.5]})["G.w"]))


def test_a_network_without_trainable_parameters_is_refused_where_they_are_asked_for():
    G = NeuronGroup(1, "dv/dt = -v/ms : 1", method="euler")
    net = Network(G)
    assert net.functional(1 * ms, outputs=[f"{G.name}.v"]).params == {}
    with pytest.raises(WrongValue, match="No parameter of this network is trainable"):
        net.functional(1 * ms, params="trainable", outputs=[f"{G.name}.v"])
