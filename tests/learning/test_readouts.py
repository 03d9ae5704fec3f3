"""Ridge regression, recursive least squares, and FORCE."""
import numpy as np
import pytest
from sklearn.linear_model import Ridge

import brainsim as bs
from brainsim import *
from brainsim.errors import DimensionMismatchError, UnknownName, WrongType, WrongValue


def samples(count=50, features=8, outputs=2):
    numbers = np.random.default_rng(1)
    X = numbers.normal(1, 1, (count, features))
    return X, X @ numbers.normal(size=(features, outputs)) + 0.1 * numbers.normal(size=(count, outputs)) + 3


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("count", [50, 5], ids=["many samples", "few samples"])
def test_ridge_is_that_of_scikit_learn(count, intercept):
    X, Y = samples(count)
    mine, other = bs.train.ridge(X, Y, 0.7, intercept=intercept), Ridge(0.7, fit_intercept=intercept).fit(X, Y)
    assert mine.weights == pytest.approx(other.coef_, rel=1e-8)
    assert mine(X) == pytest.approx(other.predict(X), rel=1e-8)
    assert mine.score(X, Y) <= 1


def test_ridge_takes_trials_by_steps_units_and_one_output():
    X, Y = samples()
    whole = bs.train.ridge(X, Y[:, 0], 0.1)
    parts = bs.train.ridge(X.reshape(5, 10, -1), Y[:, 0].reshape(5, 10) * mV, 0.1)
    assert parts(X.reshape(5, 10, -1)) / mV == pytest.approx(whole(X).reshape(5, 10), rel=1e-9)


def test_without_punishment_ridge_is_least_squares():
    X, Y = samples(20)
    found = bs.train.ridge(X, Y)
    left = Y - found(X)
    assert X.T @ left == pytest.approx(np.zeros((8, 2)), abs=1e-9)
    assert found.score(X, Y) > 0.99


def test_recursive_least_squares_ends_at_ridge(double):
    X, Y = samples()
    last, read = bs.train.rls(X, Y, 0.7)
    assert last.weights == pytest.approx(bs.train.ridge(X, Y, 0.7, intercept=False).weights, rel=1e-9)
    assert read[-1] == pytest.approx(last(X[-1]), rel=1e-9)


@pytest.mark.parametrize("change, words", [
    (dict(alpha=-1.0), "not negative"), (dict(targets=np.zeros(3)), "do not belong together"),
    (dict(states=np.zeros(50)), "do not belong together"),
    (dict(targets=np.full((50, 2), np.nan)), "not finite"),
])
def test_what_is_no_regression_is_refused(change, words):
    X, Y = samples()
    with pytest.raises(WrongValue, match=words):
        bs.train.ridge(**{"states": X, "targets": Y, **change})
    if "alpha" not in change:
        with pytest.raises(WrongValue, match=words):
            bs.train.rls(**{"states": X, "targets": Y, **change})


def generator(duration, N=60):
    """A chaotic network of rates with feedback (Sussillo & Abbott 2009, figure 1A)."""
    defaultclock.dt = 1 * ms
    numbers, tau = np.random.default_rng(5), 10 * ms
    G = NeuronGroup(N, "dx/dt = (-x + I + wz*z)/tau : 1\nr = tanh(x) : 1\nI : 1\nwz : 1\nz : 1", method="euler",
                    name="G")
    S = Synapses(G, G, "w : 1\nI_post = w*tanh(x_pre) : 1 (summed)", name="S")
    S.connect()
    S.w = 1.5 / np.sqrt(N) * numbers.normal(size=N * N)
    G.wz, G.x = numbers.uniform(-1, 1, N), 0.5 * numbers.normal(size=N)
    return Network(G, S).functional(duration, inputs=["G.z"], outputs=["G.x"])


def test_force_teaches_a_network_to_go_on_by_itself():
    steps = 4000
    t = np.arange(steps)
    target = 0.8 * np.sin(2 * np.pi * t / 200)
    sim = generator(steps * ms)
    learnt = bs.train.force(sim, target, "G.x", "G.z", alpha=1.0, every=2, until=3 * second)
    assert learnt.error < 0.1
    assert learnt.free_error < 0.2          # the sine wave has 0.57; nothing learnt, below
    nothing = bs.train.force(sim, target, "G.x", "G.z", until=0 * ms)
    assert nothing.free_error == pytest.approx(0.8 / np.sqrt(2), rel=1e-3)
    assert np.all(nothing.readout.weights == 0)


def test_a_readout_that_only_listens_is_recursive_least_squares(double):
    sim = generator(200 * ms)
    target = np.sin(np.arange(200) / 20)
    z = np.zeros((200, 1))
    listening = bs.train.force(sim, target, "G.x", alpha=2.0, inputs={"G.z": z})
    states = np.asarray(sim({}, {"G.z": z})["G.x"])
    by_hand, read = bs.train.rls(states, target, 2.0)
    assert listening.readout.weights == pytest.approx(by_hand.weights, rel=1e-6)
    assert listening.outputs == pytest.approx(read, rel=1e-6)


def test_weights_that_were_learnt_run_again(double):
    sim = generator(300 * ms)
    target = np.sin(np.arange(300) / 20)
    learnt = bs.train.force(sim, target, "G.x", "G.z")
    free = bs.train.force(sim, target, "G.x", "G.z", weights=learnt.readout.weights, until=0 * ms)
    z = np.asarray(free.outputs)
    out = np.asarray(sim({}, {"G.z": np.concatenate([[0], z[:-1]])[:, None]})["G.x"])       # the same, fed by hand
    assert out @ learnt.readout.weights[0] == pytest.approx(z, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("change, error, words", [
    (dict(states="G.y"), UnknownName, "no output"), (dict(feedback="G.zz"), UnknownName, "did you mean 'G.z'"),
    (dict(every=0), WrongValue, "'every' is a whole number of steps"),
    (dict(targets=np.zeros(3)), WrongValue, "a target for each step"),
    (dict(targets=np.zeros((100, 2))), WrongValue, "one input for each output"),
    (dict(targets=np.zeros(100) * mV), DimensionMismatchError, "fed back"),
    (dict(feedback=None), WrongValue, "'G.z' is missing"),
    (dict(until=3), DimensionMismatchError, "at a time"), (dict(alpha=0.0), WrongValue, "above 0"),
    (dict(weights=np.zeros((2, 60))), WrongValue, "another shape"),
    (dict(sim=3), WrongType, "function of a network"),
])
def test_what_cannot_be_forced_is_refused(change, error, words):
    options = {"sim": generator(100 * ms), "targets": np.zeros(100), "states": "G.x", "feedback": "G.z", **change}
    with pytest.raises(error, match=words):
        bs.train.force(**options)
