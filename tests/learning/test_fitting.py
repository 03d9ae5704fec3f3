"""``bs.fit``: parameters come back out of noisy traces; what does not fit together is refused."""
import numpy as np
import pytest

import brainsim as bs
from brainsim import *
from brainsim.errors import UnknownName, WrongType, WrongValue

pytest.importorskip("optax")
pytest.importorskip("scipy")
STEP = 0.1 * ms
N = 1500
TRUTH = {"tau": 12 * ms, "R": 80 * Mohm, "El": -68 * mV}
BOUNDS = {"tau": (2 * ms, 50 * ms), "R": (10 * Mohm, 500 * Mohm), "El": (-80 * mV, -50 * mV)}
LEAK = "dv/dt = (El - v + R*I)/tau : volt\nI : amp"
CURRENT = 0.2 * (np.arange(N) % 500 < 250) * nA


def leaky(count=1, **more):
    """A network of leaky neurons that begin at -70 mV; names of parameters as in ``TRUTH``."""
    G = NeuronGroup(count, LEAK, method="exponential_euler", name="G", namespace={**TRUTH, **more.pop("namespace", {})},
                    **more)
    G.v = -70 * mV
    return Network(G)


def solution(current, dt=STEP, **changed):
    """The membrane potential, step by step, from the solution of the equation for a current that is constant in each
    step."""
    tau, R, El = ({**TRUTH, **changed}[n] for n in TRUTH)
    v, keep = [-70 * mV], np.exp(-dt / tau)
    for i in current[:-1]:
        end = El + R * i
        v.append(end + (v[-1] - end) * keep)
    return np.array([float(x) for x in v]) * volt


def noisy(trace, size=0.5 * mV, seed=1):
    return trace + size * np.random.default_rng(seed).standard_normal(np.shape(trace))


def fitted(data, net=None, params=BOUNDS, **options):
    return bs.fit(net or leaky(), data, params, **{"output": "G.v", "input": {"G.I": CURRENT}, "n_starts": 3,
                                                   "progress": False, **options})


def error_of(found, name):
    return abs(float(found.params[name] / TRUTH[name]) - 1)


@pytest.mark.parametrize("method", ["least_squares", "lbfgs", "adam", "cma"])
def test_a_leaky_neuron_is_recovered(method, fresh):
    if method == "cma":
        pytest.importorskip("cma")
    found = fitted(solution(CURRENT), method=method)
    assert all(error_of(found, n) < 0.01 for n in TRUTH)
    assert found.loss < 1e-4


def test_noise_is_left_over_and_errors_say_how_sure_values_are(fresh):
    found = fitted(noisy(solution(CURRENT)))
    assert found.rms / mV == pytest.approx(0.5, rel=0.06)          # three standard deviations of the rms of 1500 values
    assert all(abs(found.params[n] - TRUTH[n]) < 4 * found.errors[n] for n in TRUTH)
    assert all(found.errors[n] < 0.03 * abs(TRUTH[n]) for n in TRUTH)


def test_traces_of_several_neurons_and_of_several_runs_are_the_same(fresh):
    currents = np.array([[0.1], [0.2]]) * np.asarray(CURRENT)[None] / 2e-10 * nA
    data = noisy(np.stack([np.asarray(solution(i)) for i in currents]) * volt)
    runs, neurons = (fitted(data, leaky(count), input={"G.I": currents}) for count in (1, 2))
    assert runs.simulate().shape == neurons.simulate().shape == data.shape
    assert runs.loss == pytest.approx(neurons.loss)
    assert all(float(runs.params[n]) == pytest.approx(float(neurons.params[n])) for n in TRUTH)
    assert all(error_of(runs, n) < 0.05 for n in TRUTH)


def test_data_may_be_sampled_less_often_than_the_model_steps(fresh):
    defaultclock.dt = 0.05 * ms
    found = fitted(solution(CURRENT), dt=STEP)
    assert all(error_of(found, n) < 0.001 for n in TRUTH)


def test_an_initial_value_is_a_parameter_too(fresh):
    found = fitted(solution(CURRENT), params={"G.v": (-90 * mV, -50 * mV)})
    assert found.params["G.v"] / mV == pytest.approx(-70, abs=0.01)


def test_a_value_alone_has_no_bounds(fresh):
    found = fitted(solution(CURRENT), params={"tau": 20 * ms, "R": 50 * Mohm, "El": -60 * mV}, n_starts=1)
    assert all(error_of(found, n) < 0.01 for n in TRUTH)


def test_a_fit_goes_on_from_another(fresh):
    first = fitted(solution(CURRENT), method="adam", steps=5, n_starts=1)
    then = fitted(solution(CURRENT), start=first, n_starts=None)
    assert then.loss < first.loss and len(then.trials) == 1
    assert np.allclose(then.best.begin, first.best.end)


def test_the_loss_may_be_a_function(fresh):
    found = fitted(solution(CURRENT), loss=lambda v, data: 1e6 * ((v - data)**2).mean(), method="lbfgs")
    assert all(error_of(found, n) < 0.01 for n in TRUTH)
    assert found.errors == {} and found.rms is None


def test_a_model_that_follows_the_data_is_nearer_to_it(fresh):
    data = noisy(solution(CURRENT))
    wrong = {n: (0.999 * x, 1.001 * x) for n, x in (("tau", 30 * ms), ("R", 80 * Mohm))}
    apart = [fitted(data, params=wrong, follow=follow).rms for follow in (None, 20 * ms, 1 * ms)]
    assert apart[0] > apart[1] > apart[2]


def test_restarts_begin_at_the_data(fresh):
    data = solution(CURRENT)
    found = fitted(data, params={"tau": (30 * ms, 31 * ms)}, restart=10 * ms)
    followed, pieces = found.followed()[0], np.arange(100, N, 100)
    keep = np.exp(-STEP / found.params["tau"])
    after = [-68 * mV + 80 * Mohm * CURRENT[k] + (data[k] + 68 * mV - 80 * Mohm * CURRENT[k]) * keep
             for k in pieces[:-1]]
    assert np.allclose(np.asarray(followed)[pieces[:-1] + 1], [float(x) for x in after], atol=1e-9)


# -- spikes ------------------------------------------------------------------------------------------------------------
FIRING = {"threshold": "v > -55*mV", "reset": "v = -75*mV"}
STRONG = 0.3 * (np.arange(N) > 100) * nA


@pytest.fixture
def spiking(fresh):
    """A leaky neuron with resets, as `StateMonitor` has it with a peak of 20 mV at each spike; its spike times."""
    G = NeuronGroup(1, LEAK, method="exponential_euler", namespace=TRUTH, **FIRING)
    G.v = -70 * mV
    stim = TimedArray(STRONG, STEP)
    G.run_regularly("I = stim(t)", when="start")
    M, S = StateMonitor(G, "v", record=0), SpikeMonitor(G)
    Network(G, M, S).run(N * STEP)
    v = M.v[0]
    v[np.round(S.t / STEP).astype(int)] = 20 * mV
    assert S.num_spikes > 5
    return v, S.t[:]


@pytest.mark.parametrize("by", ["level", "times"])
def test_between_spikes_resets_come_from_the_recording(spiking, by):
    v, times = spiking
    found = fitted(noisy(v, 0.2 * mV), leaky(**FIRING), input={"G.I": STRONG}, loss="between_spikes",
                   spikes=-20 * mV if by == "level" else times, mask=(0 * ms, 0 * ms))
    assert all(error_of(found, n) < 0.02 for n in TRUTH)
    assert found.rms / mV == pytest.approx(0.2, rel=0.1)
    assert np.allclose(np.asarray(found.followed()[0])[np.round(times / STEP).astype(int) + 1], -75e-3)


@pytest.mark.parametrize("loss", ["spike_times", "features"])
def test_losses_of_spikes_find_the_resistance(spiking, loss):
    pytest.importorskip("cma")
    v, _ = spiking
    found = fitted(v, leaky(**FIRING), input={"G.I": STRONG}, params={"R": BOUNDS["R"]}, loss=loss, spikes=-20 * mV,
                   method="cma")
    assert error_of(found, "R") < 0.01
    worse = fitted(v, leaky(**FIRING), input={"G.I": STRONG}, params={"R": (40 * Mohm, 60 * Mohm)}, loss=loss,
                   spikes=-20 * mV, method="cma")
    assert worse.loss > 2 * found.loss + 0.1


def test_unmatched_spikes_are_the_loss_of_a_model_that_is_silent(spiking):
    v, times = spiking
    silent = fitted(v, leaky(**FIRING), input={"G.I": STRONG}, params={"R": (1 * Mohm, 2 * Mohm)}, loss="spike_times",
                    spikes=times, method="cma", steps=2)
    train = np.zeros(N)
    train[np.round(times / STEP).astype(int)] = 1
    filtered = np.array([np.exp(-np.arange(k, -1, -1) * 0.01) @ train[:k + 1] for k in range(N)])
    assert silent.loss == pytest.approx(np.sum(filtered**2) * 2 * 0.01 / len(times))


# -- looks -------------------------------------------------------------------------------------------------------------
def test_the_result_shows_itself(fresh, tmp_path):
    plt = pytest.importorskip("matplotlib.pyplot")
    pytest.importorskip("pandas")
    plt.switch_backend("Agg")
    found = fitted(noisy(solution(CURRENT)))
    assert repr(found).startswith("Fit by 'least_squares', loss 'mse'")
    assert "tau" in repr(found) and "bounds 2 to 50 ms" in repr(found) and "±" in repr(found)
    assert "<td>tau</td>" in found._repr_html_()
    frame = found.to_pandas()
    assert list(frame.columns) == ["tau", "R", "El", "loss", "iterations"] and len(frame) == 3
    assert frame.loss.is_monotonic_increasing and frame.attrs["units"]["tau"] == "second"
    ax = found.plot()
    assert [line.get_label() for line in ax.lines] == ["data", "model"] and ax.get_ylabel() == "G.v (mV)"
    assert np.allclose(ax.lines[1].get_ydata(), found.simulate()[0] / mV)
    plt.close("all")


def test_the_result_simulates_other_parameters(fresh):
    found = fitted(solution(CURRENT))
    assert np.allclose(np.asarray(found.simulate({"El": -60 * mV})[0]), np.asarray(solution(CURRENT, El=-60 * mV)),
                       atol=1e-4)


def test_params_go_into_a_compiled_network(fresh):
    found = fitted(solution(CURRENT))
    sim = leaky(namespace={"El": -60 * mV}).compile(duration=10 * ms)
    assert sim.run(params=found.params)["G.v"][0] / mV == pytest.approx(-68 + (-2) * np.exp(-10 / 12), abs=0.01)


def test_progress_is_reported_up_to_the_end(fresh):
    said = []
    fitted(solution(CURRENT), method="adam", steps=3, progress=said.append)
    assert said == sorted(said) and said[-1] == 1.0 and len(said) >= 3


def test_the_seed_decides(fresh):
    first, again, other = (fitted(solution(CURRENT), method="adam", steps=3, seed=s) for s in (1, 1, 2))
    assert np.array_equal(first.history, again.history)
    assert not np.array_equal(first.trials[-1].begin, other.trials[-1].begin)


# -- refused -----------------------------------------------------------------------------------------------------------
DATA = np.full(N, -70.0) * mV


@pytest.mark.parametrize(("options", "error", "text"), [
    ({"params": {"taw": (1 * ms, 2 * ms)}}, UnknownName, "There is no parameter 'taw' to set"),
    ({"params": {"tau": (50 * ms, 2 * ms)}}, WrongValue, "The bounds of 'tau' are the wrong way round"),
    ({"params": {"tau": (5 * ms, 5 * ms)}}, WrongValue, "The bounds of 'tau' are the same"),
    ({"params": {"tau": (2 * mV, 50 * mV)}}, DimensionMismatchError, "'tau' cannot have this value"),
    ({"params": {"tau": (2, 50)}}, DimensionMismatchError, "'tau' cannot have this value"),
    ({"params": {"tau": (1 * ms, 2 * ms, 3 * ms)}}, WrongType, "'tau' has two bounds, or one value to start from"),
    ({"params": {"tau": 0 * ms}}, WrongValue, "'tau' starts from 0 and has no scale"),
    ({"params": {}}, WrongType, "params= is a dictionary"),
    ({"start": {"tau": 60 * ms}}, WrongValue, "'tau' starts outside of its bounds"),
    ({"start": {"tua": 60 * ms}}, UnknownName, "There is no parameter 'tua' to start from"),
    ({"output": "G.u"}, UnknownName, "There is no output 'G.u'"),
    ({"output": "v"}, WrongType, "output= is the name of what was recorded"),
    ({"input": {"G.J": CURRENT}}, UnknownName, "There is no input 'G.J'"),
    ({"input": {"G.I": CURRENT[:-1]}}, WrongValue, "The input 'G.I' does not fit the recording"),
    ({"input": {"G.I": DATA}}, DimensionMismatchError, "The input 'G.I' does not have the unit of the model"),
    ({"data": CURRENT}, DimensionMismatchError, "The data does not have the unit of the model"),
    ({"data": np.zeros((2, 2, 2)) * mV}, WrongValue, r"The data is one trace \(samples,\) or several"),
    ({"data": np.full(N, np.nan) * mV}, WrongValue, "The data has values that are no numbers"),
    ({"method": "newton"}, WrongValue, "There is no such method"),
    ({"loss": "mae"}, WrongValue, "There is no such loss"),
    ({"loss": lambda v, data: 0}, WrongValue, "Least squares needs residuals"),
    ({"loss": "between_spikes"}, WrongValue, "This loss needs to know the spikes of the recording"),
    ({"loss": "between_spikes", "spikes": 0 * mV}, WrongValue, "There is no spike in the recording"),
    ({"loss": "between_spikes", "spikes": -70 * mV}, WrongValue, "There is no spike in the recording"),
    ({"loss": "between_spikes", "spikes": [[5] * ms]}, WrongValue,
     "needs a threshold and a reset of the group of 'G.v'"),
    ({"loss": "spike_times", "spikes": [[500] * ms]}, WrongValue, "A spike is outside of the recording"),
    ({"loss": "spike_times", "spikes": [[5], [6]] * ms}, WrongType, "spikes= is a level of the recorded variable"),
    ({"loss": "spike_times", "spikes": 0 * nA}, DimensionMismatchError, "'spikes' cannot have this value"),
    ({"follow": 0 * ms}, WrongValue, "'follow' must be a positive, finite time"),
    ({"follow": []}, WrongValue, "follow= has no stages"),
    ({"dt": 0.15 * ms}, WrongValue, "The time between two samples is not a whole number of time steps"),
    ({"skip": 1000 * ms}, WrongValue, "Nothing is left to compare"),
    ({"mask": 1 * ms, "spikes": [[5] * ms]}, WrongType, "mask= is a time before and one after each spike"),
    ({"n_starts": 0}, WrongValue, "'n_starts' is a whole number above 0"),
    ({"steps": 1.5}, WrongValue, "'steps' is a whole number above 0"),
    ({"progress": "bar"}, WrongType, "progress= is True, False, or a function"),
], ids=lambda x: str(x)[:30] if isinstance(x, str) else None)
def test_what_does_not_fit_together_is_refused(options, error, text, fresh):
    data = {"data": DATA, **options}["data"]
    with pytest.raises(error, match=text):
        fitted(data, **{n: x for n, x in options.items() if n != "data"})


def test_neither_one_neuron_nor_one_for_each_trace(fresh):
    with pytest.raises(WrongValue, match="Neither one element nor one for each trace"):
        fitted(np.stack([DATA, DATA]), leaky(3))


def test_a_group_is_no_network(fresh):
    with pytest.raises(WrongType, match="A fit needs a network"):
        fitted(DATA, NeuronGroup(1, LEAK, namespace=TRUTH))
