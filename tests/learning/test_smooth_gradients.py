"""Gradients of smooth models: equal to differences, forward and backward, in batches, with and without checkpoints."""
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import brainsim as bs
from brainsim import *
from brainsim.errors import Unsupported, WrongValue

METHODS = {
    "euler": "dv/dt = (I + s + v**2/4 - v)/tau : 1",
    "rk2": "dv/dt = (I + s + v**2/4 - v)/tau : 1",
    "rk4": "dv/dt = (I + s + v**2/4 - v)/tau : 1",
    "exponential_euler": "dv/dt = (I + s - v*(1 + m))/tau : 1\ndm/dt = (0.5 - m)*(1 + v**2)/(2*tau) : 1",
    "exact": "dv/dt = (I + s + m - v)/tau : 1\ndm/dt = (v/2 - m)/(2*tau) : 1",
    "heun": "dv/dt = (I + s - v)/tau + 0.3*v*xi*tau**-0.5 : 1",
    "milstein": "dv/dt = (I + s - v)/tau + 0.3*v*xi*tau**-0.5 : 1",
}
NAMES = ["tau", "G.I", "G.v", "S.w"]


def coupled(method, duration=3 * ms, **options):
    """Three neurons, all to all by a graded synapse; in parameters: a constant, a value per neuron, initial values, and
    weights."""
    tau = 4 * ms
    G = NeuronGroup(3, METHODS[method] + "\nI : 1\ns : 1", method=method, name="G")
    S = Synapses(G, G, "w : 1\ns_post = w*tanh(v_pre) : 1 (summed)", name="S")
    S.connect()
    S.w = 0.3 * np.cos(np.arange(9))
    G.I, G.v = [0.5, -0.3, 0.8], [0.1, 0.4, -0.2]
    return Network(G, S).functional(duration, **{"params": NAMES, "outputs": ["G.v"], **options})


def loss(out):
    return jnp.sum(jnp.sin(3 * out["G.v"]))


def slopes(sim, key=1, values=None, **inputs):
    return jax.grad(lambda p: loss(sim(p, inputs, key)))(sim.as_params(values or sim.params))


def close(a, b, rel=1e-12):
    assert a.keys() == b.keys()
    for n in a:
        assert np.asarray(a[n]) == pytest.approx(np.asarray(b[n]), rel=rel, abs=1e-14), n


@pytest.mark.parametrize("method", METHODS)
def test_gradients_equal_differences(method):
    found = bs.check_grad(coupled(method), loss, key=1)
    assert [r.name for r in found.rows] == NAMES and not found.spiking
    assert all(r.gradient > 0 for r in found.rows)
    assert found.agrees(1e-8), found


def test_forward_mode_is_reverse_mode(double):
    sim = coupled("rk4")
    forward, backward = (d(lambda p: sim(p)["G.v"][-1])(sim.as_params(sim.params)) for d in (jax.jacfwd, jax.jacrev))
    close(forward, backward)
    assert forward["S.w"].shape == (3, 9)


def test_jit_and_vmap_change_nothing(double):
    sim = coupled("rk2", params=["G.I"])
    values = np.array([[0.5, -0.3, 0.8], [0.2, 0.1, 0.0]])
    def one(x):
        return loss(sim({"G.I": x}, {}, 0))
    plain = np.array([jax.grad(one)(x) for x in values])
    assert np.array(jax.vmap(jax.grad(one))(values)) == pytest.approx(plain, rel=1e-12)
    assert np.array(jax.jit(jax.vmap(jax.grad(one)))(values)) == pytest.approx(plain, rel=1e-12)


@pytest.mark.parametrize("checkpoint", ["sqrt", "log", 7, 1000])
def test_checkpoints_change_memory_and_nothing_else(checkpoint, double):
    options = dict(duration=7.3 * ms)      # 73 steps: a rest of every block length
    close(slopes(coupled("euler", **options)), slopes(coupled("euler", checkpoint=checkpoint, **options)))


def test_checkpoints_need_less_memory():
    plain, cut = (coupled("euler", duration=100 * ms, checkpoint=c).memory_estimate() for c in (None, "sqrt"))
    assert cut < plain / 2


def test_gradients_end_where_they_are_truncated(double):
    whole = slopes(coupled("euler"))
    close(slopes(coupled("euler", truncate=30)), whole)             # 30 steps in all
    cut = slopes(coupled("euler", truncate=10))
    assert not np.allclose(cut["tau"], whole["tau"], rtol=1e-3)
    last = coupled("euler", truncate=10, outputs=["G.v[-1]"])
    found = jax.grad(lambda p: jnp.sum(last(p)["G.v[-1]"]))(last.as_params(last.params))
    assert np.all(found["G.v"] == 0)                               # the end does not reach the beginning
    begin = jax.grad(lambda p: jnp.sum(coupled("euler", truncate=10)(p)["G.v"][9]))(last.as_params(last.params))
    assert np.all(begin["G.v"] != 0)                               # within the first ten steps it does


def test_a_gradient_over_pieces_is_that_of_each_piece_from_where_it_begins(double):
    """Two pieces of 10 steps, by hand: the second begins from values that the gradient takes for given."""
    sim = coupled("euler", duration=2 * ms, truncate=10)
    half = coupled("euler", duration=1 * ms)
    middle = half()["G.v"][-1]
    def by_hand(p):
        return loss(half(p)) + loss(half({**p, "G.v": middle}))
    close({n: x for n, x in slopes(sim, 0).items() if n != "G.v"},
          {n: x for n, x in jax.grad(by_hand)(half.as_params(half.params)).items() if n != "G.v"}, rel=1e-10)


def test_a_batch_is_the_sum_of_its_trials(double):
    tau = 5 * ms
    G = NeuronGroup(2, "dv/dt = (I - v**3)/tau : 1\nI : 1", method="rk4", name="G")
    net = Network(G)
    names = dict(params=["tau", "G.v"], inputs=["G.I"], outputs=["G.v"])
    many, one = net.functional(2 * ms, batch=4, **names), net.functional(2 * ms, **names)
    drive = np.random.default_rng(0).normal(size=(4, 20, 2))
    whole = slopes(many, **{"G.I": drive})
    single = [slopes(one, **{"G.I": x}) for x in drive]
    close(whole, {n: sum(s[n] for s in single) for n in whole})
    per_trial = np.random.default_rng(1).normal(size=(4, 2))       # a parameter with a value for each trial
    own = slopes(many, values={"G.v": per_trial}, **{"G.I": drive})["G.v"]
    assert np.asarray(own) == pytest.approx(np.array([slopes(one, values={"G.v": v}, **{"G.I": x})["G.v"]
                                                      for v, x in zip(per_trial, drive)]), rel=1e-12)


def test_inputs_have_gradients(double):
    tau = 5 * ms
    G = NeuronGroup(2, "dv/dt = (I - v)/tau : 1\nI : 1", method="euler", name="G")
    sim = Network(G).functional(1 * ms, inputs=["G.I"], outputs=["G.v[-1]"])
    found = np.asarray(jax.grad(lambda x: sim({}, {"G.I": x})["G.v[-1]"].sum())(jnp.zeros((10, 2))))
    factor = 0.1 / 5
    assert found == pytest.approx(np.repeat(factor * (1 - factor) ** np.arange(9, -1, -1)[:, None], 2, 1), rel=1e-12)


@pytest.mark.parametrize("options, words", [
    (dict(checkpoint="cube"), "no such checkpointing"), (dict(checkpoint=0), "no such checkpointing"),
    (dict(truncate=0), "whole number above 0"),
    (dict(batch=1.5), "whole number above 0"), (dict(reset_grad="none"), "through a reset"),
    (dict(outputs=[]), "without outputs"),
])
def test_choices_that_do_not_exist_are_refused(options, words):
    with pytest.raises(WrongValue, match=words):
        coupled("euler", **options)


def test_a_delay_has_no_gradient():
    G = NeuronGroup(1, "v : 1", threshold="v > 1", reset="v = 0", name="G")
    S = Synapses(G, G, on_pre="v += 1", name="S")
    S.connect()
    with pytest.raises(Unsupported, match="delays are whole steps"):
        Network(G, S).functional(1 * ms, params=["S.delay"], outputs=["G.v"])


@pytest.mark.parametrize("given, error, words", [
    (dict(params={"taú": 1}), KeyError, "no parameter 'taú'"),
    (dict(params={"tau": 1 * mV}), bs.DimensionMismatchError, "second"),
    (dict(inputs={"G.q": 1}), KeyError, "no input"), (dict(params={"G.Iv": 1}), KeyError, "did you mean"),
])
def test_calls_with_other_names_and_units_are_refused(given, error, words):
    with pytest.raises(error, match=words):
        coupled("euler")(**given)


@pytest.mark.parametrize("options, words", [
    (dict(params=["G.vv"]), "did you mean 'G.v'"), (dict(outputs=["G.vv"]), "did you mean 'G.v'"),
    (dict(inputs=["G.II"]), "did you mean 'G.I"),
])
def test_names_that_do_not_exist_are_refused(options, words):
    with pytest.raises(KeyError, match=words):
        coupled("euler", **options)


def test_inputs_of_another_shape_are_refused():
    G = NeuronGroup(2, "dv/dt = (I - v)/ms : 1\nI : 1", method="euler", name="G")
    sim = Network(G).functional(1 * ms, inputs=["G.I"], outputs=["G.v"])
    for wrong in (np.zeros(9), np.zeros((10, 3)), np.zeros((4, 10, 2))):
        with pytest.raises(WrongValue, match="another shape"):
            sim({}, {"G.I": wrong})
    with pytest.raises(WrongValue, match="'G.I' is missing"):
        sim()
    assert sim({}, {"G.I": np.zeros(10)})["G.v"].shape == (10, 2)


def test_a_parameter_of_another_shape_is_refused():
    with pytest.raises(WrongValue, match="another shape"):
        coupled("euler")({"G.I": np.zeros(4)})
