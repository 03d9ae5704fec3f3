"""Surrogate derivatives and what gradients do at a reset, beside scans that are written by hand."""
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from brainsim import *
from brainsim.errors import UnknownName, WrongSyntax
from brainsim.model.surrogates import TABLE


def logistic(x):
    return 1 / (1 + np.exp(-x))


def normal(x, m, s):
    return np.exp(-((x - m) / s) ** 2 / 2) / (s * np.sqrt(2 * np.pi))


#: formulas as their authors (or the collections named in brainsim/model/surrogates.py) write them, with the defaults
#: put in
FORMULAS = {
    "superspike": lambda x: 1 / (1 + 100 * abs(x)) ** 2,
    "sigmoid": lambda x: 4 * logistic(4 * x) * (1 - logistic(4 * x)),
    "piecewise_quadratic": lambda x: np.maximum(0, 1 - abs(x)),
    "piecewise_exp": lambda x: np.exp(-abs(x)) / 2,
    "softsign": lambda x: 0.5 / (1 + abs(x)) ** 2,
    "arctan": lambda x: 0.5 / (1 + (np.pi * x / 2) ** 2),
    "nonzero_sign_log": lambda x: 1 / (1 + abs(x)),
    "erf": lambda x: np.exp(-x ** 2) / np.sqrt(np.pi),
    "piecewise_leaky_relu": lambda x: np.where(abs(x) <= 1, 0.5, 0.01),
    "squarewave_fourier": lambda x: 0.5 * (np.cos(np.pi * x / 4) + np.cos(3 * np.pi * x / 4)),
    "s2nn": lambda x: np.where(x < 0, 4 * logistic(4 * x) * (1 - logistic(4 * x)), 1 / (abs(x) + 1)),
    "q_pseudo_spike": lambda x: (1 + 2 * abs(x) / 3) ** -2.0,
    "leaky_relu": lambda x: np.where(x >= 0, 1, 0.1),
    "log_tailed_relu": lambda x: np.where(x > 1, 1 / np.maximum(x, 1), np.where(x > 0, 1, 0)),
    "relu": lambda x: 0.3 * np.maximum(0, 1 - abs(x)),
    "gaussian": lambda x: 0.5 * normal(x, 0, 0.5),
    "multi_gaussian": lambda x: 0.5 * (1.15 * normal(x, 0, 0.5) - 0.15 * normal(x, 0.5, 3) - 0.15 * normal(x, -0.5, 3)),
    "slayer": lambda x: np.exp(-abs(x)),
    "boxcar": lambda x: np.where(abs(x) < 0.5, 1.0, 0),
    "straight_through": np.ones_like,
    "triangular": lambda x: np.maximum(0, 1 - abs(x)),
    "tanh": lambda x: 1 - np.tanh(x) ** 2,
}
#: those that are the slope of a curve from 0 to 1, and how far they reach
WHOLE = {"sigmoid": 20, "piecewise_quadratic": 2, "piecewise_exp": 40, "erf": 8, "boxcar": 1, "triangular": 2}
POINTS = np.array([-2.6, -1.3, -0.74, -0.31, -0.04, 0.06, 0.27, 0.81, 1.4, 2.2])


def derivative(surrogate, x):
    """The slope of a spike by the margin, in a neuron whose threshold is one above its reset value."""
    G = NeuronGroup(len(x), "v : 1", threshold="v > 1", reset="v = 0", name="G")
    sim = Network(G).functional(0.1 * ms, params=["G.v"], outputs=["G.spikes"], surrogate=surrogate)
    # forward it is a step
    assert np.asarray(sim({"G.v": 1 + x})["G.spikes"][0]) == pytest.approx((x > 0).astype(float))
    return np.asarray(jax.grad(lambda v: sim({"G.v": v})["G.spikes"].sum())(1 + x))


@pytest.mark.parametrize("name", TABLE)
def test_a_surrogate_is_its_formula(name, double):
    assert derivative(name, POINTS) == pytest.approx(FORMULAS[name](POINTS), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", WHOLE)
def test_slopes_of_curves_from_0_to_1_add_up_to_1(name, double):
    x = np.linspace(-WHOLE[name], WHOLE[name], 4001)
    assert np.sum(derivative(name, x)) * (x[1] - x[0]) == pytest.approx(1, abs=2e-3)


def test_numbers_of_a_surrogate_may_be_given_and_so_may_a_formula(double):
    assert derivative("superspike(alpha=3)", POINTS) == pytest.approx(1 / (1 + 3 * abs(POINTS)) ** 2, rel=1e-9)
    assert derivative("exp(-x**2)", POINTS) == pytest.approx(np.exp(-POINTS ** 2), rel=1e-9)
    assert derivative({"G": "gaussian(sigma=1)"}, POINTS) == pytest.approx(0.5 * normal(POINTS, 0, 1), rel=1e-9)


@pytest.mark.parametrize("threshold, scale", [("v > 2", 2), ("v >= -0.5", 0.5), ("v > 0", 1)])
def test_without_a_reset_the_margin_is_counted_in_thresholds(threshold, scale, double):
    level = float(threshold.split()[-1])
    sim = Network(NeuronGroup(len(POINTS), "v : 1", threshold=threshold, name="G")).functional(
        0.1 * ms, params=["G.v"], outputs=["G.spikes"], surrogate="exp(-x**2)")
    slopes = jax.grad(lambda v: sim({"G.v": v})["G.spikes"].sum())(level + scale*POINTS)
    assert np.asarray(slopes) == pytest.approx(np.exp(-POINTS ** 2)/scale, rel=1e-9)


@pytest.mark.parametrize("given, error, words", [
    ("superspick", UnknownName, "did you mean 'superspike'"),
    ("superspike(beta=1)", UnknownName, "no number called 'beta'"),
    ("superspike(1)", WrongSyntax, "numbers by name"), ("1/(1+y)", UnknownName, "it has no 'y'"),
    ({"H": "relu"}, UnknownName, "no group 'H'"),
])
def test_surrogates_that_do_not_exist_are_refused(given, error, words):
    with pytest.raises(error, match=words):
        derivative(given, POINTS)


# -- resets, by hand
# -------------------------------------------------------------------------------------------------------
TAU, DT, STEPS = 10.0, 1.0, 30


@jax.custom_jvp
def spike(x):
    return (x > 0).astype(x.dtype)


spike.defjvp(lambda p, t: (spike(p[0]), t[0] / (1 + 10 * jnp.abs(p[0])) ** 2))


def by_hand(drive, w, reset, reset_grad):
    """Leaky neurons in Euler steps, all to all by jumps of the next step; traces of v after the reset, and spikes."""
    def step(carry, _):
        v, z = carry
        v = v + DT / TAU * (drive - v)
        z = spike(v - 1)
        to = v - 1 if reset == "v -= 1" else jnp.zeros_like(v)
        if reset_grad == "full":
            v = v + z * (to - v)
        elif reset_grad == "value":
            v = v + lax.stop_gradient(z) * (to - v)
        else:
            v = v + z * lax.stop_gradient(to - v)
        v = v + z @ w
        return (v, z), (v, z)
    return lax.scan(step, (jnp.zeros_like(drive), jnp.zeros_like(drive)), None, length=STEPS)[1]


@pytest.mark.parametrize("reset", ["v -= 1", "v = 0"])
@pytest.mark.parametrize("reset_grad", ["full", "value", "jump"])
def test_gradients_pass_a_reset_as_chosen(reset, reset_grad, double):
    defaultclock.dt = DT * ms
    tau, N = TAU * ms, 4
    G = NeuronGroup(N, "dv/dt = (I - v)/tau : 1\nI : 1", threshold="v > 1", reset=reset, method="euler", name="G")
    S = Synapses(G, G, "w : 1", on_pre="v += w", name="S")
    S.connect()
    net = Network(G, S)
    # by hand, too, synapses come after resets
    net.schedule = ["start", "groups", "thresholds", "resets", "synapses", "end"]
    sim = net.functional(STEPS * DT * ms, params=["G.I", "S.w"], outputs=["G.v", "G.spikes"],
                         surrogate="superspike(alpha=10)", reset_grad=reset_grad)
    numbers = np.random.default_rng(0)
    drive, w = jnp.asarray(numbers.uniform(1.2, 3, N)), jnp.asarray(0.2 * numbers.normal(size=(N, N)))
    side = numbers.normal(size=(2, STEPS, N))

    def mine(drive, w):
        out = sim({"G.I": drive, "S.w": w.ravel()})
        return jnp.sum(side[0] * out["G.v"]) + jnp.sum(side[1] * out["G.spikes"])

    def other(drive, w):
        v, z = by_hand(drive, w, reset, reset_grad)
        return jnp.sum(side[0] * v) + jnp.sum(side[1] * z)

    out = sim({"G.I": drive, "S.w": w.ravel()})
    v, z = by_hand(drive, w, reset, reset_grad)
    assert np.asarray(out["G.spikes"]) == pytest.approx(np.asarray(z))
    assert np.asarray(out["G.v"]) == pytest.approx(np.asarray(v), abs=1e-12)
    assert np.sum(z) > 10
    for a, b in zip(jax.grad(mine, (0, 1))(drive, w), jax.grad(other, (0, 1))(drive, w)):
        assert np.asarray(a) == pytest.approx(np.asarray(b), rel=1e-9, abs=1e-9)


def test_the_choice_at_a_reset_matters(double):
    """That the three differ is what makes the test above one."""
    drive, w = jnp.full(2, 2.0), jnp.zeros((2, 2))
    found = [float(jax.grad(lambda x, g=g: jnp.sum(by_hand(x, w, "v -= 1", g)[0]))(drive)[0])
             for g in ("full", "value", "jump")]
    assert len({round(x, 6) for x in found}) == 2      # with "v -= 1" the jump has the same size for every v
