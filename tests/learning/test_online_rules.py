"""Each rule against its formula, computed by hand with NumPy for neurons whose traces can be written down."""
from __future__ import annotations

import numpy as np
import pytest

from brainsim import defaultclock, ms, online

jax = pytest.importorskip("jax")
optax = pytest.importorskip("optax")

from tests.learning.online_networks import (  # noqa: E402
    INPUTS,
    NEURONS,
    OUTPUTS,
    STEPS,
    network,
    relu_slope,
    spikes,
    squares,
)

LIF = "dv/dt = -v/tau : 1"
ALPHA, RHO = np.exp(-1 / 20), np.exp(-1 / 100)
X = spikes((STEPS, INPUTS))
Y = np.random.default_rng(1).normal(size=(STEPS, OUTPUTS))
M = np.random.default_rng(3).normal(size=(STEPS, NEURONS))


@pytest.fixture(autouse=True)
def in_double(fresh):
    defaultclock.dt = 1*ms
    with jax.enable_x64(True):
        yield


def function(model=LIF, params=("S.w", "O.w"), **more):
    net = network(model=model, on_pre="v += w", **more)
    return net.functional(STEPS*ms, params=params, inputs=["inp.spikes"], outputs=["Out.o"], surrogate="relu")


def before_threshold(sim, adaptation=0.0):
    """Membrane (and adaptation) where the threshold looks, by hand; (steps, neurons)."""
    w = np.asarray(sim.params["S.w"]).reshape(INPUTS, NEURONS)
    v, a, seen, adapted = np.zeros(NEURONS), np.zeros(NEURONS), [], []
    for x in X:
        v, a = ALPHA * v, RHO * a
        seen.append(v)
        adapted.append(a)
        z = v - adaptation * a >= 1
        v, a = v + x @ w - z, a + z
    return np.array(seen), np.array(adapted)


def filtered(decay):
    """Input that has arrived before each step, filtered; (steps, inputs)."""
    made, e = [], np.zeros(INPUTS)
    for x in X:
        e = decay * e
        made.append(e)
        e = e + x
    return np.array(made)


def test_the_trace_of_a_lif_neuron_is_its_filtered_input():
    """Three factors: m ψ(v) times the filtered spikes of the source (Bellec et al. 2020, eq. 22)."""
    sim = function()
    v, _ = before_threshold(sim)
    expected = filtered(ALPHA).T @ (M * relu_slope(v))
    found = online(sim, "three_factor").grad(None, {"inp.spikes": X}, M)
    np.testing.assert_allclose(found["S.w"], expected.ravel(), rtol=1e-9)


def test_the_trace_of_an_adaptive_neuron():
    """ε_a' = ψ ε_v + (ρ - ψ β) ε_a, e = ψ (ε_v - β ε_a) (Bellec et al. 2020, eqs. 24 and 25)."""
    beta = 0.4
    sim = function("dv/dt = -v/tau : 1\nda/dt = -a/(100*ms) : 1", threshold="v - 0.4*a >= 1", reset="v -= 1; a += 1")
    v, a = before_threshold(sim, beta)
    psi, e_v = relu_slope(v - beta * a), filtered(ALPHA)
    e_a, expected = np.zeros((INPUTS, NEURONS)), np.zeros((INPUTS, NEURONS))
    for t in range(STEPS):
        e_a = RHO * e_a
        e = psi[t] * (e_v[t][:, None] - beta * e_a)
        expected += M[t] * e
        e_a = e_a + e
    found = online(sim, "three_factor").grad(None, {"inp.spikes": X}, M)
    np.testing.assert_allclose(found["S.w"], expected.ravel(), rtol=1e-9)


def errors(sim):
    """2 (o - y) of each step."""
    return 2 * (np.asarray(sim(None, {"inp.spikes": X})["Out.o"]) - Y)


@pytest.mark.parametrize("kappa", [0.0, 0.9])
def test_e_prop_filters_traces_with_kappa(kappa):
    """ē' = κ ē + e; the gradient is the sum of ē W_out (y - y*) (Bellec et al. 2020, eqs. 4 and 28)."""
    sim = function()
    v, _ = before_threshold(sim)
    signal = errors(sim) @ np.asarray(sim.params["O.w"]).reshape(NEURONS, OUTPUTS).T
    smooth, expected = np.zeros((INPUTS, NEURONS)), np.zeros((INPUTS, NEURONS))
    for x, psi, s in zip(filtered(ALPHA), relu_slope(v), signal):
        smooth = kappa * smooth + x[:, None] * psi
        expected += smooth * s
    found = online(sim, f"eprop(kappa={kappa})", loss=squares).grad(None, {"inp.spikes": X}, Y)
    np.testing.assert_allclose(found["S.w"], expected.ravel(), rtol=1e-9)


@pytest.mark.parametrize("kind", ["random", "adaptive"])
def test_random_feedback_takes_the_place_of_the_readout(kind):
    sim = function()
    v, _ = before_threshold(sim)
    rule = online(sim, f"eprop(feedback='{kind}')", loss=squares, seed=4)
    found = rule.grad(None, {"inp.spikes": X}, Y)
    expected = filtered(ALPHA).T @ (relu_slope(v) * (errors(sim) @ rule.feedback["G"].T))
    np.testing.assert_allclose(found["S.w"], expected.ravel(), rtol=1e-9)
    assert set(found) == {"S.w", "O.w", *(["feedback.G"] if kind == "adaptive" else [])}


def test_adaptive_feedback_moves_as_the_readout_does():
    """With the decay of the readout as κ both gradients are equal, so weights of feedback and readout grow alike."""
    found = online(function(), "eprop(kappa='readout', feedback='adaptive')",
                   loss=squares).grad(None, {"inp.spikes": X}, Y)
    np.testing.assert_allclose(np.ravel(found["feedback.G"]), found["O.w"], rtol=1e-9)


@pytest.mark.parametrize("decay", [0.0, 0.3, 0.98])
def test_the_factored_rule_is_its_formula(decay):
    """ε_x' = α ε_x + x; ε_f' = α D ε_f + (1 - α) D_f; divided by 1 - α^t."""
    sim = function()
    v, _ = before_threshold(sim)
    signal = errors(sim) @ np.asarray(sim.params["O.w"]).reshape(NEURONS, OUTPUTS).T
    e_x, e_f, expected = np.zeros(INPUTS), np.zeros(NEURONS), np.zeros((INPUTS, NEURONS))
    for t in range(STEPS):
        psi = relu_slope(v[t])
        e_x = decay * e_x + X[t]
        z = decay * psi * ALPHA * e_f
        expected += np.outer(e_x, signal[t] * z) / (1 - decay**(t + 1))
        e_f = decay * ALPHA * (1 - psi) * e_f + (1 - decay)
    found = online(sim, f"es_d_rtrl({decay}, kappa=0)", loss=squares).grad(None, {"inp.spikes": X}, Y)
    np.testing.assert_allclose(found["S.w"], expected.ravel(), rtol=1e-9, atol=1e-12)


def test_readouts_are_exact_under_the_factored_rule():
    sim = function()
    exact, factored = (online(sim, r, loss=squares).grad(None, {"inp.spikes": X}, Y)["O.w"]
                       for r in ("d_rtrl", "es_d_rtrl(0.5)"))
    np.testing.assert_allclose(factored, exact, rtol=1e-12)


def test_kappa_is_found_from_the_equations_of_the_readout():
    rule = online(function(), "d_rtrl", loss=squares)
    assert rule.kappas == {"O_pre.0": pytest.approx(np.exp(-1 / 25))}
    second_order = network(model=LIF, on_pre="v += w", readout="do/dt = (p - o)/tauo : 1\ndp/dt = -p/taus : 1")
    sim = second_order.functional(STEPS*ms, params=["S.w"], inputs=["inp.spikes"], outputs=["Out.o"])
    assert online(sim, "d_rtrl", loss=squares).kappas == {}


def test_one_update_at_the_end_is_a_step_down_the_gradient():
    sim = function()
    rule = online(sim, "d_rtrl", loss=squares)
    found = rule.grad(None, {"inp.spikes": X}, Y)
    learned = rule.train(optax.sgd(1e-3), [({"inp.spikes": X}, Y)])
    for n in ("S.w", "O.w"):
        np.testing.assert_allclose(learned.params[n], sim.params[n] - 1e-3 * np.asarray(found[n]), rtol=1e-9)


def test_updates_within_a_run_use_what_was_learned():
    """The first 15 steps are those of the old weights; the losses of later steps are lower than without updates."""
    sim = function()
    rule = online(sim, "d_rtrl", loss=squares, block=10)
    data = [({"inp.spikes": X}, Y)] * 20
    learned = rule.train(optax.adam(0.01), data, every=15)
    still = rule.train(optax.sgd(0.0), data[:1])
    assert learned.step_losses.shape == (20, STEPS)
    np.testing.assert_allclose(learned.step_losses[0, :15], still.step_losses[0, :15], rtol=1e-12)
    assert not np.allclose(learned.step_losses[0, 15:], still.step_losses[0, 15:])
    assert learned.losses[-1] < 0.9 * still.losses[0]
    further = rule.train(optax.adam(0.01), data[:1], params=learned.params, memory=learned.memory)
    assert further.losses[0] < learned.losses[0]
