"""What the engine does besides derivatives: it agrees with the grid in the limit, with batches, with compilation, and
says when it is full."""
from __future__ import annotations

import importlib
from collections.abc import Iterator

import numpy as np
import pytest

import brainsim as bs
from brainsim import *
from brainsim.errors import DimensionMismatchError, WrongState, WrongType, WrongValue
from brainsim.objects.gradients.event_gradients import event_functional

jax = pytest.importorskip("jax")
jnp = jax.numpy
LIF = "dv/dt = (I - v)/(20*ms) : 1\ndI/dt = -I/(5*ms) : 1"


@pytest.fixture(autouse=True)
def double(fresh: None) -> Iterator[None]:
    """Double precision in JAX, for these tests only."""
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def layered(n: int = 3, seed_: int = 1) -> tuple[Network, NeuronGroup]:
    rng = np.random.default_rng(seed_)
    P = SpikeGeneratorGroup(4, np.arange(8) % 4, np.sort(rng.uniform(1, 40, 8))*ms, name="P")
    G = NeuronGroup(n, LIF, threshold="v > 1", reset="v = 0", name="G")
    H = NeuronGroup(2, LIF, threshold="v > 1", reset="v = 0", name="H")
    S, T = Synapses(P, G, "w : 1", on_pre="I += w", name="S"), Synapses(G, H, "w : 1", on_pre="I += w", delay=1*ms,
                                                                        name="T")
    R = Synapses(H, H, "w : 1", on_pre="I += w", delay=2*ms, name="R")
    S.connect()
    T.connect()
    R.connect("i != j")
    S.w, T.w, R.w = rng.normal(3, 1, len(S)), rng.normal(2, 0.5, len(T)), [0.6, -0.5]
    return Network(P, G, H, S, T, R), H


def one_neuron() -> Network:
    """Spikes at 10 ms log 2 and its multiples, and an input at 1 ms that does next to nothing."""
    P = SpikeGeneratorGroup(1, [0], [1]*ms, name="P")
    G = NeuronGroup(1, "dv/dt = (2 - v)/(10*ms) : 1", threshold="v > 1", reset="v = 0", name="G")
    S = Synapses(P, G, "w : 1", on_pre="v += w", delay=1*ms, name="S")
    S.connect()
    S.w = 1e-3
    return Network(P, G, S)


def test_spikes_are_those_of_the_grid_in_the_limit_of_small_steps():
    """On the grid a spike comes up to a step late, and so do those that follow from it: a few steps of 1 µs."""
    net, H = layered()
    sim = event_functional(net, 60*ms, outputs=["H.spikes", "H.v"])
    found = sim()
    defaultclock.dt = 0.001*ms
    M = SpikeMonitor(H, name="M")
    net.add(M)
    net.run(60*ms)
    for k, times in M.spike_trains().items():
        own = np.asarray(found["H.spikes"][k])
        own = own[np.isfinite(own)]
        assert len(own) == len(times) > 2
        np.testing.assert_allclose(own, np.asarray(times), atol=2e-5)
    np.testing.assert_allclose(found["H.v"], np.asarray(H.v), atol=1e-3)


def test_a_batch_is_its_members_one_by_one():
    """Of inputs, of weights, and of both ways at once; values and derivatives."""
    sim = event_functional(layered()[0], 60*ms, ["S.w"], ["P.times"], ["H.spikes", "H.v"], max_spikes=12)
    w = jnp.asarray(sim.params["S.w"])
    times = sim.inputs["P.times"] * np.linspace(0.8, 1.1, 4)[:, None]

    def value(w, t):
        found = sim({"S.w": w}, {"P.times": t})
        return 100*jnp.sum(jnp.where(jnp.isfinite(found["H.spikes"]), found["H.spikes"], 0)) + jnp.sum(found["H.v"])

    loss = jax.jit(jax.value_and_grad(value))
    alone = [loss(w, t) for t in times]
    assert len({float(v) for v, _ in alone}) == 4
    scales = np.array([1, 1.02])
    square = jax.jit(jax.vmap(jax.vmap(loss, (None, 0)), (0, None)))(scales[:, None]*w, times)
    np.testing.assert_allclose(square[0][0], [v for v, _ in alone], rtol=1e-12)
    np.testing.assert_allclose(square[1][0], [g for _, g in alone], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(square[1][1, 1], loss(1.02*w, times[1])[1], rtol=1e-9, atol=1e-12)
    summed = jax.jit(jax.grad(lambda w: jnp.sum(jax.vmap(value, (None, 0))(w, times))))(w)
    np.testing.assert_allclose(summed, sum(g for _, g in alone), rtol=1e-9, atol=1e-12)


def test_too_many_spikes_are_an_error_that_names_the_number_or_nan_within_jit():
    net = one_neuron()
    sim = event_functional(net, 30*ms, outputs=["G.spikes"], max_spikes={"G": 3})
    with pytest.raises(WrongValue, match=r"A neuron of G.*spiked more than 3 times\n  Help: raise the number: "
                                         r"max_spikes=6"):
        sim()
    assert np.isnan(jax.jit(lambda: sim()["G.spikes"])()).all()
    enough = event_functional(net, 30*ms, outputs=["G.count", "G.first_spike", "G.spikes"], max_spikes=4)()
    assert enough["G.count"] == 4 == np.isfinite(enough["G.spikes"]).sum()
    np.testing.assert_array_equal(enough["G.first_spike"], enough["G.spikes"][:, 0])


def test_a_peak_between_two_events_is_not_overlooked():
    """One input lifts the neuron over its threshold and lets it fall again before anything else happens: once, or not
    quite."""
    P = SpikeGeneratorGroup(1, [0], [1]*ms, name="P")
    G = NeuronGroup(1, LIF, threshold="v > th", reset="v = -1", name="G", namespace={"th": 1.0})
    S = Synapses(P, G, "w : 1", on_pre="I += w", name="S")
    S.connect()
    sim = event_functional(Network(P, G, S), 200*ms, ["S.w"], outputs=["G.spikes"])
    top = 4**(-1/3) * (1 - 1/4) / 3         # of (exp(-t/20) - exp(-t/5))/3, at t = 20/3 log 4
    for factor, count in ((1 + 1e-6, 1), (1 + 1e-12, 1), (1 - 1e-12, 0), (1 - 1e-6, 0)):
        assert np.isfinite(sim({"S.w": np.array([factor/top])})["G.spikes"]).sum() == count


def test_a_crossing_is_found_to_the_last_digits():
    G = NeuronGroup(1, "dv/dt = (2 - v)/(10*ms) : 1", threshold="v > 1", reset="v = 0", name="G")
    found = event_functional(Network(G), 30*ms, outputs=["G.spikes", "G.v"])()
    np.testing.assert_allclose(found["G.spikes"][0, :4], 10e-3*np.log(2)*np.arange(1, 5), rtol=1e-14)
    np.testing.assert_allclose(found["G.v"], 2 - 2*np.exp(-3 + 4*np.log(2)), rtol=1e-13)


def test_two_synapses_of_one_pair_both_count():
    P = SpikeGeneratorGroup(1, [0], [1]*ms, name="P")
    G = NeuronGroup(1, LIF, threshold="v > 1", reset="v = 0", name="G")
    R = Synapses(G, G, on_pre="I += 0.1", name="R")
    R.connect(i=[0, 0], j=[0, 0])
    S = Synapses(P, G, on_pre="I += 5", name="S")
    S.connect(i=[0, 0, 0], j=[0, 0, 0])
    two = event_functional(Network(P, G, R, S), 30*ms, outputs=["G.I"])()["G.I"]
    spikes = event_functional(Network(P, G, R, S), 30*ms, outputs=["G.spikes"])()["G.spikes"][0]
    spikes = np.asarray(spikes[np.isfinite(spikes)])
    assert len(spikes) >= 2
    np.testing.assert_allclose(two, [15*np.exp(-29/5) + 0.2*np.exp(-(0.03 - spikes)/5e-3).sum()], rtol=1e-12)


def test_parts_of_groups_are_sources_and_targets():
    P = SpikeGeneratorGroup(3, [0, 1, 2], [1, 2, 3]*ms, name="P")
    G = NeuronGroup(3, LIF, name="G")
    S = Synapses(P[1:], G[1:], "w : 1", on_pre="I += w*(1 + i)*(1 + j)", name="S")
    S.connect("i == j")
    S.w = [1, 2]
    found = event_functional(Network(P, G, S), 10*ms, outputs=["G.I"])()["G.I"]
    np.testing.assert_allclose(found, [0, np.exp(-8/5), 8*np.exp(-7/5)], rtol=1e-12)


def test_single_precision_is_refused():
    sim = event_functional(one_neuron(), 10*ms)
    jax.config.update("jax_enable_x64", False)
    with pytest.raises(WrongState, match="double precision"):
        sim()


def test_a_network_that_has_run_is_refused():
    net = one_neuron()
    net.run(1*ms)
    with pytest.raises(WrongState, match="begin at t = 0"):
        event_functional(net, 10*ms)


def test_functional_leads_here():
    net = one_neuron()
    sim = net.functional(20*ms, ["S.w"], outputs=["G.spikes", "G.v[-1]"], grad="events", max_spikes=12)
    same = event_functional(net, 20*ms, outputs=["G.spikes", "G.v"], max_spikes=12)()
    found = sim({"S.w": sim.params["S.w"]})
    np.testing.assert_allclose(found["G.spikes"], same["G.spikes"], rtol=1e-12)
    np.testing.assert_array_equal(found["G.v[-1]"], same["G.v"])
    with pytest.raises(WrongValue, match="batch= has no meaning with grad='events'.*\n.*\n  Help: jax.vmap"):
        net.functional(20*ms, grad="events", batch=3)
    with pytest.raises(WrongValue, match="grad= is 'surrogate' or 'events'"):
        net.functional(20*ms, grad="exact")
    assert list(net.functional(20*ms, params="S.w", outputs="G.v", grad="events").params) == ["S.w"]
    with pytest.raises(WrongValue, match="'step' is a time above 0"):
        net.functional(20*ms, grad="events", step=-1*ms)


def test_results_have_their_units():
    sim = one_neuron().functional(20*ms, params=["S.delay"], inputs=["P.times"],
                                  outputs=["G.v", "G.first_spike", "G.count"], grad="events")
    assert sim.with_units(sim())["G.first_spike"][0]/ms == pytest.approx(10*np.log(2), rel=1e-2)
    assert {n: str(get_dimensions(u)) for n, u in sim.units.items()} == {"S.delay": "s", "P.times": "s", "G.v": "1",
                                                                         "G.first_spike": "s", "G.count": "1"}


def test_check_grad_takes_functions_from_event_to_event():
    sim = one_neuron().functional(20*ms, params=["S.w", "S.delay"], outputs=["G.first_spike"], grad="events")
    found = bs.check_grad(sim, lambda out: 1e3*out["G.first_spike"].sum())
    assert found.agrees(1e-6) and not found.spiking


def trainable() -> Network:
    P = SpikeGeneratorGroup(1, [0], [1]*ms, name="P")
    G = NeuronGroup(1, LIF, threshold="v > 1", reset="v = -100", name="G")
    S = Synapses(P, G, "w : 1 (trainable, bounds=(0, 50))", on_pre="I += w", name="S")
    S.connect()
    S.w = 30
    return Network(P, G, S)


def test_flags_name_the_parameters_and_training_keeps_their_bounds():
    sim = trainable().functional(20*ms, outputs=["G.first_spike"], grad="events")
    assert list(sim.params) == ["S.w"]
    np.testing.assert_allclose(sim.constrained(sim.unconstrained(sim.params))["S.w"], sim.params["S.w"])
    with pytest.raises(WrongValue, match="does not lie between its bounds"):
        sim.unconstrained({"S.w": [60.0]})
    with pytest.raises(WrongValue, match="No parameter of this network is trainable"):
        one_neuron().functional(20*ms, params="trainable", grad="events")


def test_training_finds_the_weight_that_makes_a_neuron_spike_in_time():
    sim = trainable().functional(20*ms, inputs=["P.times"], outputs=["G.first_spike"], grad="events")
    times, wanted = np.array([[1e-3], [3e-3]]), np.array([[4e-3], [6e-3]])
    found = bs.train.fit(sim, lambda out, t: 1e6*((out["G.first_spike"] - t)**2).mean(), ({"P.times": times}, wanted),
                         "adam(0.1)", epochs=150,
                         batch_size=2, progress=False)
    spikes = jax.vmap(lambda t: sim(found.params, {"P.times": t})["G.first_spike"])(times)
    np.testing.assert_allclose(spikes, wanted, atol=1e-6)
    with pytest.raises(WrongValue, match="'P.times' has another shape.*\n.*\n.*trials, spikes"):
        bs.train.fit(sim, lambda out, t: 0.0, ({"P.times": times[0]}, wanted[0]), batch_size=1, progress=False)


def test_values_may_have_units():
    sim = event_functional(one_neuron(), 20*ms, ["S.delay"], ["P.times"], ["G.v"])
    np.testing.assert_array_equal(sim({"S.delay": 1.5*ms})["G.v"], sim({"S.delay": 1.5e-3})["G.v"])
    with pytest.raises(DimensionMismatchError, match="'S.delay' cannot be set"):
        sim({"S.delay": 1.5*mV})
    with pytest.raises(WrongValue, match=r"'P.times' has another shape\n  Found: \(3,\)"):
        sim({}, {"P.times": [1, 2, 3]*ms})
    with pytest.raises(WrongValue, match="no spikes before the run begins"):
        sim({}, {"P.times": [-1]*ms})
    with pytest.raises(WrongType, match="Parameters are values by name"):
        sim(3)


def test_brainsim_works_without_jax(monkeypatch):
    from brainsim.errors import Unsupported

    real = importlib.import_module

    def without(name: str, *more: object) -> object:
        if name == "jax":
            raise ImportError("No module named 'jax'")
        return real(name, *more)

    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(Unsupported, match=r"Event-based gradients need the package jax\n  Help: pip install "
                                          r"'brainsim\[jax\]'"):
        event_functional(one_neuron(), 10*ms)
