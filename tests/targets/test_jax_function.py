"""Networks as functions, beside scans written by hand: the same numbers, and the same gradients through spikes."""
from collections.abc import Callable

import numpy as np
import pytest

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402

from brainsim import *  # noqa: E402
from brainsim.errors import DimensionMismatchError, UnknownName, Unsupported, WrongType, WrongValue  # noqa: E402

STEPS, TRIALS, INPUTS, NEURONS, READOUTS = 60, 3, 12, 8, 2
TAU, TAU_S = 20.0, 10.0      # ms


@pytest.fixture(autouse=True)
def double_precision(fresh):
    defaultclock.dt = 1 * ms
    with jax.enable_x64(True):
        yield


tau, tau_s = TAU * ms, TAU_S * ms


def network(delay=0 * ms, reset="v -= 1"):
    inp = SpikeGeneratorGroup(INPUTS, [], [] * ms, name="inp")
    g = NeuronGroup(NEURONS, "dv/dt = (g - v)/tau : 1\ndg/dt = -g/tau_s : 1", threshold="v >= 1", reset=reset,
                    method="exact", name="G")
    out = NeuronGroup(READOUTS, "do/dt = -o/tau : 1", method="exact", name="out")
    into = Synapses(inp, g, "w : 1", on_pre="g += w", name="into")
    within = Synapses(g, g, "w : 1", on_pre="g += w", name="within", delay=delay)
    onto = Synapses(g, out, "w : 1", on_pre="o += w", name="onto")
    for s in (into, within, onto):
        s.connect()
    return Network(inp, g, out, into, within, onto)


def function(net, **more):
    settings = dict(params=["into.w", "within.w", "onto.w"], inputs=["inp.spikes"], outputs=["out.o", "G.spikes"],
                    batch=TRIALS, surrogate="relu")
    return net.functional(STEPS * ms, **{**settings, **more})


def weights(rng):
    return {"into.w": rng.normal(0, 0.9, INPUTS * NEURONS), "within.w": rng.normal(0, 0.9, NEURONS ** 2),
            "onto.w": rng.normal(0, 0.4, NEURONS * READOUTS)}


def by_hand(x, p, delay=0, reset="full", hard=False):
    """The readout, (trials, steps, readouts), of the network written as a scan."""
    @jax.custom_jvp
    def spike(margin):
        return (margin >= 0).astype(margin.dtype)

    spike.defjvp(lambda a, t: (spike(a[0]), 0.3 * jnp.maximum(0, 1 - jnp.abs(a[0])) * t[0]))
    decay, decay_s = np.exp(-1 / TAU), np.exp(-1 / TAU_S)
    across = TAU_S / (TAU_S - TAU) * (decay_s - decay)
    into, within, onto = (p[n].reshape(-1, k) for n, k in (("into.w", NEURONS), ("within.w", NEURONS),
                                                           ("onto.w", READOUTS)))
    held = jax.lax.stop_gradient

    def step(carry, now):
        v, g, o, late = carry
        v, g, o = decay * v + across * g, decay_s * g, decay * o
        z = spike(v - 1)
        late = jnp.concatenate([late[1:], z[None]]) if delay else z[None]
        g = g + now @ into + late[0] @ within
        o = o + z @ onto
        new = jnp.zeros_like(v) if hard else v - 1
        v = {"full": v + z * (new - v), "value": v + held(z) * (new - v), "jump": v + z * held(new - v)}[reset]
        return (v, g, o, late), o

    zeros = jnp.zeros((len(x), NEURONS))
    start = zeros, zeros, jnp.zeros((len(x), READOUTS)), jnp.zeros((delay + 1, *zeros.shape))
    return jnp.swapaxes(jax.lax.scan(step, start, jnp.swapaxes(x, 0, 1))[1], 0, 1)


def loss(o):
    return jnp.mean((o - 0.1) ** 2)


def compared(sim: Callable, p, x, **how):
    value, gradient = jax.value_and_grad(lambda p: loss(sim(p, {"inp.spikes": x})["out.o"]))(p)
    wanted, hand = jax.value_and_grad(lambda p: loss(by_hand(x, p, **how)))(p)
    assert float(value) == pytest.approx(float(wanted), rel=1e-9)
    for name in p:
        assert np.linalg.norm(hand[name]) > 1e-4
        assert np.linalg.norm(gradient[name] - hand[name]) < 1e-7 * np.linalg.norm(hand[name]), name


def trials(rng):
    return (rng.random((TRIALS, STEPS, INPUTS)) < 0.1).astype(float)


@pytest.mark.parametrize("checkpoint", [None, "sqrt", "log", 7])
def test_gradients_through_spikes_are_those_of_a_scan_by_hand(checkpoint):
    rng = np.random.default_rng(1)
    compared(function(network(), checkpoint=checkpoint), weights(rng), trials(rng))


@pytest.mark.parametrize("reset_grad", ["full", "value", "jump"])
@pytest.mark.parametrize("reset", ["v -= 1", "v = 0"])
def test_gradients_pass_a_reset_as_asked(reset, reset_grad):
    rng = np.random.default_rng(2)
    compared(function(network(reset=reset), reset_grad=reset_grad), weights(rng), trials(rng), reset=reset_grad,
             hard=reset == "v = 0")


def test_gradients_pass_delays():
    rng = np.random.default_rng(3)
    compared(function(network(delay=4 * ms)), weights(rng), trials(rng), delay=4)


def test_spikes_go_in_as_they_do_from_a_generator():
    rng = np.random.default_rng(4)
    x, p = trials(rng), weights(rng)
    made = function(network())(p, {"inp.spikes": x})
    net = network()
    steps, neurons = np.nonzero(x[1])
    net["inp"].set_spikes(neurons, steps * ms)
    spikes = SpikeMonitor(net["G"])
    net.add(spikes)
    for name, w in p.items():
        net[name.split(".")[0]].w = w
    net.run(STEPS * ms)
    found = np.zeros((STEPS, NEURONS))
    found[np.round(spikes.t / ms).astype(int), spikes.i] = 1
    assert found.sum() > 3 and np.array_equal(made["G.spikes"][1], found)
    assert np.asarray(made["out.o"][1, -1]) == pytest.approx(np.asarray(net["out"].o), rel=1e-9)


def test_a_call_leaves_no_trace():
    rng = np.random.default_rng(5)
    net, x = network(), trials(rng)
    sim, p = function(net), weights(rng)
    first = sim(p, {"inp.spikes": x})
    sim({**p, "into.w": 2 * p["into.w"]}, {"inp.spikes": x})
    again = sim(p, {"inp.spikes": x})
    assert all(np.array_equal(first[n], again[n]) for n in first)
    assert not np.asarray(net["into"].w).any() and net.t == 0 * second


def test_a_key_is_the_seed_of_a_run():
    def made():
        g = NeuronGroup(5, "dv/dt = -v/(10*ms) + 0.3*xi/(10*ms)**0.5 : 1", method="euler", name="G")
        m = StateMonitor(g, "v", record=True, name="M")
        return Network(g, m)
    wanted = made().compile(30 * ms).run(seed=11).M.v
    sim = made().functional(30 * ms, outputs=["M.v"])
    assert np.asarray(sim(key=11)["M.v"]).T == pytest.approx(np.asarray(wanted), rel=1e-10)
    assert not np.allclose(sim(key=12)["M.v"], sim(key=11)["M.v"])
    assert np.array_equal(sim(key=jax.random.key(3))["M.v"], sim(key=jax.random.key(3))["M.v"])


def test_less_memory_with_checkpoints():
    rng = np.random.default_rng(6)
    del rng
    whole, blocks = (function(network(), checkpoint=c).memory_estimate() for c in (None, "sqrt"))
    assert blocks < whole


WRONG = [
    (dict(params=["into.W"]), UnknownName, "'into.W'"), (dict(outputs=["G.u"]), UnknownName, "'G.u'"),
    (dict(params=["within.delay"]), Unsupported, "delays are whole steps"),
    (dict(outputs=[]), WrongValue, "without outputs"),
    (dict(surrogate="superspik"), UnknownName, "superspike"), (dict(surrogate="sigmoid(beta=3)"), UnknownName, "beta"),
    (dict(reset_grad="none"), WrongValue, "reset_grad"), (dict(checkpoint="cube"), WrongValue, "checkpoint"),
    (dict(batch=0), WrongValue, "batch"),
    (dict(surrogate={"H": "relu"}), UnknownName, "'H'.*\n.*one of G"),
    (dict(chekpoint="sqrt"), UnknownName, "no option 'chekpoint'.*\n.*'checkpoint'"),
    (dict(max_spikes=3), UnknownName, "belongs to grad='events'"),
    (dict(grad="event"), WrongValue, "'surrogate' or 'events'"),
    (dict(params=["onto.w"], inputs=["onto.w"]), WrongValue, "both a parameter and an input"),
]


@pytest.mark.parametrize("more, error, words", WRONG, ids=lambda x: str(x)[:40])
def test_what_is_wrong_is_said_when_the_function_is_made(more, error, words):
    with pytest.raises(error, match=words):
        function(network(), **more)


def test_what_is_wrong_is_said_when_the_function_is_called():
    sim = function(network(), params=["into.w", "tau"])
    x = np.zeros((TRIALS, STEPS, INPUTS))
    with pytest.raises(WrongValue, match="inp.spikes"):
        sim()
    with pytest.raises(WrongValue, match="another shape"):
        sim({}, {"inp.spikes": x[:, :-1]})
    with pytest.raises(UnknownName, match="into.w"):
        sim({"into.ww": 1.0}, {"inp.spikes": x})
    with pytest.raises(DimensionMismatchError, match="tau"):
        sim({"tau": 3 * mV}, {"inp.spikes": x})
    with pytest.raises(WrongType, match="Parameters are values by name"):
        sim(3, {"inp.spikes": x})
    with pytest.raises(WrongType, match="'tau' is given as numbers"):
        sim({"tau": "10*ms"}, {"inp.spikes": x})
    with pytest.raises(WrongType, match="'key' is a whole number"):
        sim({}, {"inp.spikes": x}, key=0.5)
    with pytest.raises(UnknownName, match="no parameter 'into.ww'"):
        sim.constrained({"into.ww": 1.0})
    assert np.isfinite(sim({"tau": 15 * ms}, {"inp.spikes": x})["out.o"]).all()


def test_a_monitor_with_one_record_goes_by_its_name_and_records_have_their_units():
    G = NeuronGroup(4, "dv/dt = (20*mV - v)/(10*ms) : volt\nw : volt", threshold="v > 10*mV", reset="v = 0*mV",
                    method="exact", name="G")
    one, two = StateMonitor(G, "v", record=[0, 2], name="one"), StateMonitor(G, ["v", "w"], record=True, name="two")
    rate, spikes = PopulationRateMonitor(G, name="rate"), SpikeMonitor(G, name="fired")
    net = Network(G, one, two, rate, spikes)
    sim = net.functional(10*ms, outputs=["one", "two.v", "rate", "fired"])
    found = sim.with_units(sim())
    with pytest.raises(UnknownName, match="'two' has several records.*\n.*two.v, two.w"):
        net.functional(10*ms, outputs=["two"])
    net.run(10*ms)
    np.testing.assert_allclose(found["one"]/mV, one.v.T/mV, rtol=1e-12)
    np.testing.assert_allclose(found["rate"]/Hz, rate.rate/Hz, rtol=1e-12)
    assert found["fired"].sum() == spikes.num_spikes > 0 and get_dimensions(found["two.v"]) is get_dimensions(volt)


def test_a_threshold_that_compares_nothing_is_warned_of_and_gives_numbers_all_the_same(caplog):
    G = NeuronGroup(2, "dv/dt = -v/(10*ms) : 1\nb : boolean", threshold="b", method="exact", name="G")
    sim = Network(G).functional(1*ms, params=["G.v"], outputs=["G.spikes"])
    assert "No gradient passes through the spikes of G" in caplog.text
    assert np.array_equal(jax.grad(lambda p: sim(p)["G.spikes"].sum())(sim.params)["G.v"], [0, 0])


def test_random_spikes_are_numbers_with_a_gradient_of_zero():
    G = NeuronGroup(2, "v : 1", threshold="rand() < v", name="G")
    G.v = 0.5
    sim = Network(G).functional(2*ms, params=["G.v"], outputs=["G.spikes"])
    assert np.array_equal(jax.grad(lambda p: sim(p)["G.spikes"].sum())(sim.params)["G.v"], [0, 0])


def test_the_scale_of_a_margin_of_several_variables_is_the_distance_of_the_reset():
    """x = (v - a - 1 mV)/(2 mV) = -0.25; the surrogate is 0.3 (1 - |x|), and dx/dv = 1/(2 mV)."""
    g = NeuronGroup(1, "v : volt\na : volt", threshold="v - a >= 1*mV", reset="v -= 2*mV; a += 1*mV", name="G")
    g.v, g.a = 0.7 * mV, 0.2 * mV
    sim = Network(g).functional(1 * ms, params=["G.v", "G.a"], outputs=["G.spikes"], surrogate="relu")
    found = jax.grad(lambda p: sim(p)["G.spikes"].sum())({n: jnp.asarray(x) for n, x in sim.params.items()})
    np.testing.assert_allclose(found["G.v"], 0.3 * 0.75 / 2e-3, rtol=1e-9)
    np.testing.assert_allclose(found["G.a"], -found["G.v"], rtol=1e-9)


def test_a_margin_that_no_reset_lowers_is_taken_as_it_is():
    g = NeuronGroup(1, "v : 1\na : 1", threshold="v - a >= 1", reset="a += 1", name="G")
    g.v = 0.5
    sim = Network(g).functional(1 * ms, params=["G.v"], outputs=["G.spikes"], surrogate="relu")
    found = jax.grad(lambda p: sim(p)["G.spikes"].sum())({"G.v": jnp.asarray(sim.params["G.v"])})
    np.testing.assert_allclose(found["G.v"], 0.3 * 0.5, rtol=1e-9)
