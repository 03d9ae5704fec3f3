"""Online gradients are what mathematics says: exact where nothing is dropped, and known where something is."""
from __future__ import annotations

import numpy as np
import pytest

from brainsim import Network, NeuronGroup, SpikeGeneratorGroup, defaultclock, ms, online

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402

from tests.learning.online_networks import (  # noqa: E402
    INPUTS,
    NEURONS,
    OUTPUTS,
    STEPS,
    TRIALS,
    network,
    rtrl,
    spikes,
    squares,
    synapses,
    through_time,
)

X = spikes((TRIALS, STEPS, INPUTS))
Y = np.random.default_rng(1).normal(size=(TRIALS, STEPS, OUTPUTS))
R = np.random.default_rng(2).normal(0, 1.0, (NEURONS, NEURONS))


@pytest.fixture(autouse=True)
def in_double(fresh):
    defaultclock.dt = 1*ms
    with jax.enable_x64(True):
        yield


def function(net, params=("S.w", "O.w"), inputs=("inp.spikes",), outputs=("Out.o",), steps=STEPS, batch=TRIALS,
             surrogate="relu"):
    return net.functional(steps*ms, params=params, inputs=inputs, outputs=outputs, batch=batch, surrogate=surrogate)


def assert_same(found, expected, names=None):
    """To rounding: both are sums of some hundred products of doubles."""
    for n in names or expected:
        np.testing.assert_allclose(found[n], expected[n], rtol=1e-8, atol=1e-9 * np.abs(expected[n]).max(), err_msg=n)


def test_d_rtrl_is_exact_for_a_layer_and_its_readout():
    names = ["S.w", "O.w", "tau", "taus", "tauo", "G.v", "Out.o"]
    sim = function(network(), names)
    value, found = online(sim, "d_rtrl", loss=squares).value_and_grad(None, {"inp.spikes": X}, Y)
    expected = through_time(sim, {"inp.spikes": X}, Y)
    assert all(np.abs(expected[n]).max() > 0 for n in names)
    assert_same(found, expected)
    assert float(value) == pytest.approx(float(((sim(None, {"inp.spikes": X})["Out.o"] - Y)**2).sum() / TRIALS))


@pytest.mark.parametrize("neurons", [1, NEURONS])
def test_d_rtrl_is_the_gradient_where_the_spikes_of_others_are_given(neurons):
    """What it drops is the way through recurrent spikes, an autapse's too: the same network that gets these spikes from
    outside has this gradient."""
    weights = R[:neurons, :neurons]
    sim = function(network(weights, neurons=neurons), ["S.w", "R.w", "O.w", "tau"], outputs=("Out.o", "G.spikes"))
    found = online(sim, "d_rtrl", loss=squares).grad(None, {"inp.spikes": X}, Y)
    again = sim(None, {"inp.spikes": X})["G.spikes"]
    assert np.asarray(again).sum() > 5
    clamped = function(network(weights, True, neurons=neurons), ["S.w", "R.w", "O.w", "tau"],
                       ("inp.spikes", "again.spikes"))
    assert_same(found, through_time(clamped, {"inp.spikes": X, "again.spikes": again}, Y))


def test_what_d_rtrl_drops_is_the_coupling_of_full_rtrl():
    sim = function(network(R), ["S.w", "O.w"], batch=1)
    x, y = X[:1], Y[:1]
    shaped = {n: np.asarray(sim.params[n]).reshape(s) for n, s in (("S.w", (INPUTS, NEURONS)),
                                                                   ("O.w", (NEURONS, OUTPUTS)))}
    full, dropped = (rtrl(x[0], y[0], shaped["S.w"], R, shaped["O.w"], coupled).ravel() for coupled in (True, False))
    np.testing.assert_allclose(through_time(sim, {"inp.spikes": x}, y)["S.w"], full, rtol=1e-8)
    np.testing.assert_allclose(online(sim, "d_rtrl", loss=squares).grad(None, {"inp.spikes": x}, y)["S.w"], dropped,
                               rtol=1e-8)
    assert np.abs(full - dropped).max() > 0.01 * np.abs(full).max()


def test_weights_in_front_of_a_factor_of_the_target():
    """Conductances: g (E - v) for each spike, and a weight that enters as its square."""
    sim = function(network(model="dv/dt = (g - v)/tau : 1\ndg/dt = -g/taus : 1\nE : 1", on_pre="g += w**2*(E - v)"),
                   ["S.w", "tau", "G.E"])
    params = {"G.E": np.linspace(1.5, 3, NEURONS), "S.w": 0.5 * np.asarray(sim.params["S.w"])}
    found = online(sim, "d_rtrl", loss=squares).grad(params, {"inp.spikes": X}, Y)
    given = {n: jnp.asarray({**sim.params, **params}[n]) for n in sim.params}
    expected = jax.grad(lambda p: ((sim(p, {"inp.spikes": X})["Out.o"] - Y)**2).sum() / TRIALS)(given)
    assert_same(found, expected)


def test_a_delay_means_delayed_input():
    sim = function(network(delay=3*ms))
    assert_same(online(sim, "d_rtrl", loss=squares).grad(None, {"inp.spikes": X}, Y),
                through_time(sim, {"inp.spikes": X}, Y))


@pytest.mark.parametrize("p, inputs, neurons, per_synapse",
                         [(0.05, 250, 60, True), (0.3, 20, 10, True), (0.8, 20, 10, False)])
def test_traces_of_sparse_projections_are_kept_per_synapse(p, inputs, neurons, per_synapse):
    net = network(inputs=inputs, neurons=neurons, p=p)
    sim = function(net)
    x = spikes((TRIALS, STEPS, inputs), 0.1)
    rule = online(sim, "d_rtrl", loss=squares)
    assert_same(rule.grad(None, {"inp.spikes": x}, Y), through_time(sim, {"inp.spikes": x}, Y))
    count = len(sim.params["S.w"])
    assert rule.traces["S.w"] == (TRIALS, count) if per_synapse else (TRIALS, inputs, neurons)


def test_each_trial_counts_the_same_and_blocks_do_not_matter():
    sim = function(network(R), ["S.w", "R.w", "O.w"])
    one = function(network(R), ["S.w", "R.w", "O.w"], batch=None)
    found = online(sim, "d_rtrl", loss=squares, block=7).grad(None, {"inp.spikes": X}, Y)
    alone = online(one, "d_rtrl", loss=squares, block=20)
    each = [alone.grad(None, {"inp.spikes": x}, y) for x, y in zip(X, Y)]
    assert_same(found, {n: np.mean([e[n] for e in each], axis=0) for n in found})


def test_memory_does_not_grow_with_time():
    """But for the losses of all steps, 8 bytes each, and the list of ticks, some numbers each."""
    def needed(steps):
        sim = function(network(R), ["S.w", "R.w", "O.w"], steps=steps)
        return online(sim, "d_rtrl", loss=squares).memory_estimate(targets=np.zeros((TRIALS, steps, OUTPUTS)))
    assert needed(1000) - needed(100) <= 900 * 40


def benchmark(rule):
    """Cosine and share of the length of the gradient through time, for the network whose times are in the
    documentation."""
    rng, n, steps, trials = np.random.default_rng(0), 100, 200, 32
    x = spikes((trials, steps, n), 0.05)
    labels = np.broadcast_to(rng.integers(0, OUTPUTS, (trials, 1)), (trials, steps))
    w = rng.normal(0, 3 / np.sqrt(2 * n), (2 * n, n))
    net = network(w[n:], neurons=n, inputs=n, weights=w[:n])
    sim = function(net, ["S.w", "R.w"], steps=steps, batch=trials)

    def entropy(outputs, label):
        return -jax.nn.log_softmax(outputs["Out.o"])[label]
    found = online(sim, rule, loss=entropy).grad(None, {"inp.spikes": x}, labels)
    expected = through_time(sim, {"inp.spikes": x}, labels, entropy)
    a, b = (np.concatenate([np.ravel(g[k]) for k in ("S.w", "R.w")]) for g in (found, expected))
    return a @ b / np.sqrt(a @ a * (b @ b)), np.sqrt(a @ a / (b @ b))


@pytest.mark.parametrize("rule", ["d_rtrl", "es_d_rtrl(0.98)", "d_rtrl(kappa=0)"])
def test_the_gradient_of_a_recurrent_network_points_where_that_through_time_does(rule):
    with jax.enable_x64(False):
        cosine, _ = benchmark(rule)
    assert cosine >= 0.8


def test_two_layers_learn_from_feedback_that_goes_straight_to_them():
    """From the loss itself nothing reaches the first of two layers within a step."""
    inp = SpikeGeneratorGroup(INPUTS, [], []*ms, name="inp")
    A, G = (NeuronGroup(NEURONS, "dv/dt = -v/(20*ms) : 1", threshold="v >= 1", reset="v -= 1", method="exact", name=n)
            for n in "AG")
    Out = NeuronGroup(OUTPUTS, "do/dt = -o/(25*ms) : 1", method="exact", name="Out")
    net = Network(inp, A, G, Out, synapses(inp, A, "S", "v += w"), synapses(A, G, "M", "v += w"),
                  synapses(G, Out, "O", "o += w"))
    sim = function(net, ["S.w", "M.w", "O.w"])
    rule = online(sim, "d_rtrl", loss=squares)
    assert [r.name for r in rule.rows if r.reason] == ["S.w"] and "within a step" in rule.report()
    found = online(sim, "eprop(kappa='readout', feedback='random')", loss=squares,
                   wrt=["S.w", "M.w", "O.w"]).grad(None, {"inp.spikes": X}, Y)
    assert all(np.abs(found[n]).max() > 0 for n in ("S.w", "M.w", "O.w"))
    assert_same(found, through_time(sim, {"inp.spikes": X}, Y), ["O.w"])
