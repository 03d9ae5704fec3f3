"""Whole runs against mathematics: closed forms, orders of convergence, statistics."""
from __future__ import annotations

import numpy as np
import pytest

from brainsim import (
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    PoissonInput,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    mV,
    nA,
    nS,
    pF,
    prefs,
    second,
    seed,
)

DT = 0.1  # ms


def alone(*objects: object, t: float) -> None:
    """Run objects for ``t`` milliseconds in a network of their own."""
    Network(*objects).run(t * ms)


# -- one neuron --------------------------------------------------------------------------------------------------------
def test_firing_rate_of_a_leaky_neuron_follows_the_closed_form(target):
    drive = np.array([1.05, 1.3, 2.0, 5.0])
    G = NeuronGroup(4, "dv/dt = (I - v)/(10*ms) : 1\nI : 1", threshold="v > 1", reset="v = 0", method="exact")
    G.I = drive
    M = SpikeMonitor(G)
    alone(G, M, t=500)
    steps = np.ceil(10 * np.log(drive / (drive - 1)) / DT)
    for k, interval in enumerate(steps):
        np.testing.assert_allclose(np.diff(M.spike_trains()[k] / ms), interval * DT, atol=1e-9)


def test_membrane_of_a_conductance_neuron_settles_where_currents_balance(target):
    G = NeuronGroup(1, "dv/dt = (gl*(El - v) + ge*(Ee - v) + I)/C : volt", method="exact",
                    namespace=dict(gl=10 * nS, El=-70 * mV, ge=5 * nS, Ee=0 * mV, I=0.1 * nA, C=200 * pF))
    alone(G, t=400)
    assert G.v[0] / mV == pytest.approx((10 * -70 + 5 * 0 + 100) / 15, rel=1e-9)


def test_a_refractory_period_of_k_steps_lasts_k_steps_for_every_spike(fresh):
    prefs.codegen.target = "cython"
    k = np.array([1, 2, 3, 5, 8, 13, 20, 33])
    G = NeuronGroup(8, "x : 1\nk : 1", threshold="True", refractory="k*0.1*ms", name="G")
    G.k = k
    M = SpikeMonitor(G)
    alone(G, M, t=20_000)
    for n, train in M.spike_trains().items():
        intervals = np.diff(np.round(train / (DT * ms)).astype(int))
        assert set(intervals) == {k[n]}


# -- synapses ----------------------------------------------------------------------------------------------------------
def test_a_postsynaptic_potential_has_the_shape_of_two_exponentials(target):
    source = SpikeGeneratorGroup(1, [0], [2] * ms)
    G = NeuronGroup(1, "dv/dt = (g - v)/(10*ms) : 1\ndg/dt = -g/(3*ms) : 1", method="exact")
    S = Synapses(source, G, on_pre="g += 1", delay=1.5 * ms)
    S.connect()
    M = StateMonitor(G, "v", record=0)
    alone(source, G, S, M, t=60)
    since = np.maximum(0, M.t / ms - 3.5 - DT)   # the jump shows one step after the arrival
    wanted = 3 / (10 - 3) * (np.exp(-since / 10) - np.exp(-since / 3))
    np.testing.assert_allclose(M.v[0], wanted, atol=1e-12)


@pytest.mark.parametrize("lag", [-20, -5, -1, 1, 5, 20])
def test_the_change_by_a_pair_of_spikes_follows_the_plasticity_window(target, lag):
    pre, post = (30 - lag, 30) if lag > 0 else (30, 30 + lag)
    A, B = SpikeGeneratorGroup(1, [0], [pre] * ms), SpikeGeneratorGroup(1, [0], [post] * ms)
    S = Synapses(A, B, """w : 1
                          dx/dt = -x/(20*ms) : 1 (event-driven)
                          dy/dt = -y/(10*ms) : 1 (event-driven)""",
                 on_pre="x += 0.01; w += y", on_post="y -= 0.012; w += x")
    S.connect()
    alone(A, B, S, t=60)
    wanted = 0.01 * np.exp(-lag / 20) if lag > 0 else -0.012 * np.exp(lag / 10)
    assert S.w[0] == pytest.approx(wanted, rel=1e-9)


def test_depression_recovers_between_spikes_as_the_closed_form_says(target):
    """Tsodyks & Markram (1997), depression alone."""
    times = np.array([5.0, 15.0, 40.0, 41.0, 90.0])
    source = SpikeGeneratorGroup(1, np.zeros(5, int), times * ms)
    G = NeuronGroup(1, "x : 1")
    S = Synapses(source, G, "dR/dt = (1 - R)/(30*ms) : 1 (event-driven)", on_pre="x_post += 0.4*R; R -= 0.4*R")
    S.connect()
    S.R = 1
    alone(source, G, S, t=100)
    R, x, last = 1.0, 0.0, 0.0
    for t in times:
        R = 1 + (R - 1) * np.exp(-(t - last) / 30)
        x, R, last = x + 0.4 * R, 0.6 * R, t
    assert G.x[0] == pytest.approx(x, rel=1e-9)
    assert S.R[0] == pytest.approx(R, rel=1e-9)


@pytest.mark.parametrize("delay", [0, 1, 2, 20, 57])
def test_a_spike_arrives_after_exactly_its_delay_also_when_the_ring_has_wrapped(target, delay):
    times = np.arange(1, 400, 7) * DT
    source = SpikeGeneratorGroup(1, np.zeros(len(times), int), times * ms)
    G = NeuronGroup(2, "x : 1")
    S = Synapses(source, G, on_pre="x_post = t/ms")
    S.connect()
    S.delay = [delay * DT, 3.3] * ms
    M = StateMonitor(G, "x", record=0, when="end")
    alone(source, G, S, M, t=60)
    arrivals = M.t[np.flatnonzero(np.diff(M.x[0]) > 0) + 1] / ms
    np.testing.assert_allclose(arrivals, (times + delay * DT)[times + delay * DT < 60 - 1e-6], atol=1e-9)


# -- noise and random input --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dt", [0.05, 0.2, 0.8])
def test_variance_of_the_ornstein_uhlenbeck_process_does_not_depend_on_dt(fresh, dt):
    prefs.codegen.target = "cython"
    tau, N = 5.0, 4000
    G = NeuronGroup(N, "dx/dt = -x/(5*ms) + sqrt(2/(5*ms))*xi : 1", method="euler", dt=dt * ms)
    alone(G, t=80)
    exact = 1 / (1 - dt / (2 * tau))   # of the Euler-Maruyama chain; 1 in the limit
    assert abs(np.var(G.x[:]) - exact) < 5 * exact * np.sqrt(2 / N)


def test_poisson_neurons_fire_at_their_rate_and_independently(target):
    rates = np.array([5, 20, 80, 320])
    P = PoissonGroup(400, np.repeat(rates, 100) * Hz)
    M = SpikeMonitor(P)
    alone(P, M, t=2000)
    counts = np.asarray(M.count).reshape(4, 100)
    p = rates * DT * 1e-3
    mean = 20_000 * p
    deviation = np.sqrt(20_000 * p * (1 - p))
    assert np.all(np.abs(counts.mean(axis=1) - mean) < 4 * deviation / 10)
    assert np.all(np.abs(counts.var(axis=1) / deviation**2 - 1) < 4 * np.sqrt(2 / 100))


def test_poisson_input_has_the_mean_and_variance_of_many_processes(target):
    G = NeuronGroup(2000, "x : 1")
    inputs = PoissonInput(G, "x", N=50, rate=30 * Hz, weight=0.5)
    alone(G, inputs, t=100)
    mean = 50 * 30 * 0.1 * 0.5
    variance = 50 * 30 * 0.1 * (1 - 30e-4) * 0.25
    assert abs(np.mean(G.x[:]) - mean) < 4 * np.sqrt(variance / 2000)
    assert abs(np.var(G.x[:]) / variance - 1) < 4 * np.sqrt(2 / 2000)


def test_a_periodic_generator_is_the_list_written_out(target):
    period, repeats = 1.3, 400
    index, times = np.array([0, 1, 1, 2]), np.array([0.0, 0.3, 1.2, 0.7])
    short = SpikeGeneratorGroup(3, index, times * ms, period=period * ms)
    long = SpikeGeneratorGroup(3, np.tile(index, repeats),
                               (np.repeat(np.arange(repeats), 4) * period + np.tile(times, repeats)) * ms)
    A, B = SpikeMonitor(short), SpikeMonitor(long)
    alone(short, long, A, B, t=period * repeats)
    np.testing.assert_array_equal(A.i, B.i)
    np.testing.assert_array_equal(A.t_, B.t_)


def test_the_probability_of_connection_is_kept(fresh):
    G = NeuronGroup(700, "x : 1")
    S = Synapses(G, G)
    S.connect(p=0.03)
    assert abs(len(S) - 700**2 * 0.03) < 4 * np.sqrt(700**2 * 0.03 * 0.97)
    pairs = np.asarray(S.i[:]) * 700 + np.asarray(S.j[:])
    assert np.all(np.diff(pairs) > 0)


# -- integration methods -----------------------------------------------------------------------------------------------
ORDERS = {"euler": 1, "exponential_euler": 1, "rk2": 2, "heun": 1, "explicit_trapezoidal": 2, "rk4": 4}


@pytest.mark.parametrize("method, order", ORDERS.items())
def test_a_run_converges_with_the_order_of_its_method(fresh, method, order):
    prefs.codegen.math = "strict"
    errors = []
    steps = np.array([0.5, 0.25, 0.125])
    for dt in steps:
        # logistic: y = 1 - x
        G = NeuronGroup(1, "dx/dt = x*y/(2*ms) : 1\ndy/dt = -x*y/(2*ms) : 1", method=method, dt=dt * ms)
        G.x, G.y = 0.1, 0.9
        alone(G, t=4)
        exact = 1 / (1 + 9 * np.exp(-4 / 2))
        errors.append(abs(G.x[0] - exact))
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert slope == pytest.approx(order, abs=0.35)


def test_an_exact_solution_does_not_depend_on_dt(fresh):
    values = []
    for dt in (0.1, 0.4, 2.0):
        G = NeuronGroup(1, "dv/dt = (g - v)/(10*ms) : 1\ndg/dt = -g/(10*ms) : 1", method="exact", dt=dt * ms)
        G.g, G.v = 2, 0.5
        alone(G, t=20)
        values.append(G.v[0])
    wanted = (0.5 + 2 * 20 / 10) * np.exp(-2)   # equal time constants: the alpha function
    np.testing.assert_allclose(values, wanted, rtol=1e-12)


# -- random numbers of a run -------------------------------------------------------------------------------------------
def _noisy(pieces: int, target: str) -> np.ndarray:
    prefs.codegen.target = target
    seed(3)
    G = NeuronGroup(100, "dx/dt = -x/(5*ms) + xi*(5*ms)**-0.5 : 1", method="euler", threshold="x > 1",
                    reset="x = rand()", name="G")
    net = Network(G)
    for _ in range(pieces):
        net.run(21 / pieces * ms)
    return np.array(G.x[:])


def test_the_same_seed_gives_the_same_run_in_one_piece_or_in_seven_on_both_targets(fresh):
    prefs.codegen.math = "strict"
    one = _noisy(1, "cython")
    np.testing.assert_array_equal(one, _noisy(7, "cython"))
    np.testing.assert_allclose(one, _noisy(1, "numpy"), rtol=1e-12)
    np.testing.assert_allclose(one, _noisy(3, "numpy"), rtol=1e-12)


def test_without_a_new_seed_two_networks_differ(fresh):
    seed(3)
    ends = []
    for _ in range(2):
        G = NeuronGroup(10, "dx/dt = xi*ms**-0.5 : 1", method="euler")
        alone(G, t=1)
        ends.append(np.array(G.x[:]))
    assert np.all(ends[0] != ends[1])


def test_time_is_exact_after_a_million_seconds(fresh):
    prefs.codegen.target = "cython"
    G = NeuronGroup(1, "x : second", dt=1 * second, name="G")
    G.run_regularly("x = t")
    alone(G, t=1e9)
    assert float(G.x[0]) == 999_999.0
