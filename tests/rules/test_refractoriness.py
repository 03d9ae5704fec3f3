"""R9–R16: neurons that may not move or spike."""
import numpy as np
import pytest

from brainsim import (
    DimensionMismatchError,
    Hz,
    NeuronGroup,
    PoissonInput,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    amp,
    defaultclock,
    ms,
    network_operation,
    run,
    second,
)

DRIVEN = "dv/dt = 1/ms : 1 (unless refractory)"


def frozen_neuron(**more):
    """A neuron that spikes in the first step and stays refractory for 10 ms; v is 0 then."""
    G = NeuronGroup(1, "dv/dt = 0/ms : 1 (unless refractory)\nx : 1", threshold="v >= 1", reset="v = 0",
                    refractory=10 * ms, method="euler", **more)
    G.v = 1
    return G


@pytest.mark.feature("(unless refractory)")
def test_flagged_variable_is_frozen_while_refractory():
    G = NeuronGroup(1, DRIVEN, threshold="v >= 0.25", reset="v = 0", refractory=0.5 * ms, method="euler")
    M = StateMonitor(G, "v", record=True)
    run(1.1 * ms)
    assert M.v[0] == pytest.approx([0, 0.1, 0.2, 0, 0, 0, 0, 0, 0.1, 0.2, 0])


def test_variable_without_the_flag_moves_on():
    G = NeuronGroup(1, "dv/dt = 1/ms : 1", threshold="v >= 0.25", reset="v = 0", refractory=0.5 * ms, method="euler")
    M = StateMonitor(G, "v", record=True)
    S = SpikeMonitor(G)
    run(1.1 * ms)
    assert M.v[0] == pytest.approx([0, 0.1, 0.2, 0, 0.1, 0.2, 0.3, 0.4, 0, 0.1, 0.2])
    assert S.t / ms == pytest.approx([0.2, 0.7, 1.0][:2])


@pytest.mark.feature("(unless refractory)")
def test_synaptic_writes_are_dropped_while_refractory():
    G = frozen_neuron()
    inputs = SpikeGeneratorGroup(1, [0], [1] * ms)
    S = Synapses(inputs, G, on_pre="v += 0.5\nx += 1")
    S.connect()
    run(2 * ms)
    assert (G.v[0], G.x[0]) == (0, 1)      # x has no flag


def test_poisson_input_is_dropped_while_refractory():
    G = frozen_neuron()
    P = PoissonInput(G, "v", 100, 1000 * Hz, 0.1)
    run(5 * ms)
    assert G.v[0] == 0
    assert P.active


def test_run_regularly_is_dropped_while_refractory():
    G = frozen_neuron()
    G.run_regularly("v += 0.1\nx += 1", when="end")
    run(0.5 * ms)
    assert (G.v[0], G.x[0]) == (0, 5)


@pytest.mark.one_target
def test_string_assignment_is_dropped_and_numeric_is_not():
    G = frozen_neuron()
    run(0.1 * ms)
    G.v = 0.2
    G.v = "0.5"
    assert G.v[0] == 0.2
    G.v["v < 1"] = "0.6"
    G.v["v < 1"] = 0.7          # a string index makes it code
    assert G.v[0] == 0.2
    G.v[0] = 0.3
    assert G.v[0] == 0.3


def test_network_operation_writes_while_refractory():
    G = frozen_neuron()

    @network_operation(when="end")
    def kick():
        G.v = 0.25

    run(0.2 * ms)
    assert G.v[0] == 0.25


def test_reset_writes_while_refractory():
    G = NeuronGroup(1, "dv/dt = 1/ms : 1 (unless refractory)", threshold="v >= 0.05", reset="v = -3", refractory=1 * ms,
                    method="euler")
    run(0.1 * ms)
    assert G.v[0] == -3


@pytest.mark.feature("refractory targets")
@pytest.mark.parametrize("flag, left", [("(unless refractory)", 0), ("", 0.25)])
def test_input_in_the_step_of_the_spike_is_blocked_by_the_flag(flag, left):
    G = NeuronGroup(2, f"dv/dt = 0/ms : 1 {flag}", threshold="v >= 1", reset="v -= 1", refractory=1 * ms,
                    method="euler")
    G.v = 1
    S = Synapses(G, G, on_pre="v += 0.25")
    S.connect(i=0, j=1)
    run(0.1 * ms)
    assert G.v[1] == left


@pytest.mark.feature("refractory")
def test_interval_equals_the_period_when_the_threshold_always_holds():
    G = NeuronGroup(1, "v : 1", threshold="v < 1", refractory=2 * ms)
    S = SpikeMonitor(G)
    run(10 * ms)
    assert S.t / ms == pytest.approx([0, 2, 4, 6, 8])


def test_two_milliseconds_freeze_nineteen_updates():
    G = NeuronGroup(1, DRIVEN, threshold="v >= 0.05", reset="v = 0", refractory=2 * ms, method="euler")
    M = StateMonitor(G, "v", record=True, when="after_groups")
    run(2.2 * ms)
    assert (M.v[0, :21] == 0).sum() == 19
    assert M.v[0, 20] == pytest.approx(0.1)


def test_input_counts_from_spike_plus_period_on():
    """At t = 1.9 ms the neuron is refractory, at t = 2 ms it is not."""
    G = NeuronGroup(2, "dv/dt = 0/ms : 1 (unless refractory)", threshold="v >= 1", reset="v = 0", refractory=2 * ms,
                    method="euler")
    G.v = 1
    inputs = SpikeGeneratorGroup(2, [0, 1], [1.9, 2.0] * ms)
    S = Synapses(inputs, G, on_pre="v += 0.5")
    S.connect(j="i")
    run(2.1 * ms)
    assert list(G.v) == [0, 0.5]


@pytest.mark.parametrize("period, steps", [(0.19, 1), (0.25, 2), (0.05, 1), (0.2, 2), (0.3, 3), (0.7, 7), (1.1, 11)])
def test_period_is_floored_to_steps(period, steps):
    """0.05 ms is less than a step: no neuron spikes twice in a step, and that is all."""
    G = NeuronGroup(1, "v : 1", threshold="v < 1", refractory=period * ms)
    S = SpikeMonitor(G)
    run(3 * ms)
    assert np.diff(np.round(S.t / ms * 10)) == pytest.approx(steps)


@pytest.mark.parametrize("dt", [0.1, 0.01, 1 / 3])
def test_period_of_k_steps_is_k_steps_at_any_time(dt):
    defaultclock.dt = dt * ms
    G = NeuronGroup(7, "k : integer (constant)", threshold="True", refractory="k*dt")
    G.k = "i + 1"
    S = SpikeMonitor(G)
    run(6000 * dt * ms)
    for k, times in S.spike_trains().items():
        assert np.array_equal(np.round(times / ms / dt), np.arange(0, 6000, k + 1))


def test_tiny_period_survives():
    """Constants travel as binary numbers, never as rounded text."""
    defaultclock.dt = 1e-12 * second
    G = NeuronGroup(1, "v : 1", threshold="v < 1", refractory=3e-12 * second)
    S = SpikeMonitor(G)
    run(12e-12 * second)
    assert len(S.t) == 4


def test_random_period_is_drawn_at_every_step():
    """After 10 steps the chance to be free is 1/20, then 2/20 ...: a mean interval of 1.43 ms, and not 2 ms."""
    G = NeuronGroup(1000, "v : 1", threshold="v < 1", refractory="(1 + 2*rand())*ms")
    S = SpikeMonitor(G)
    run(100 * ms)
    mean = np.mean(np.concatenate([np.diff(t / ms) for t in S.spike_trains().values()]))
    expected = 1 + 0.1 * sum(np.prod(1 - np.arange(1, n + 1) / 20) for n in range(1, 20))
    assert mean == pytest.approx(expected, abs=0.005)      # 70 000 intervals of spread 0.25: standard error 0.001


def test_period_follows_a_variable_while_it_lasts():
    G = NeuronGroup(1, "length : second", threshold="True", refractory="length")
    G.length = 5 * ms
    G.run_regularly("length = 1*ms", dt=2 * ms, when="end")
    S = SpikeMonitor(G)
    run(1.1 * ms)
    # the spike at 1 ms may end at 2.5 ms, but length is 1 ms again at the end of the step of 2 ms
    G.length = 1.5 * ms
    run(2 * ms)
    assert S.t / ms == pytest.approx([0, 1, 2.1])


@pytest.mark.feature("refractory")
def test_condition_ends_refractoriness_and_the_threshold_starts_it():
    G = NeuronGroup(1, "dv/dt = -1/ms : 1", threshold="v > 0.45", refractory="v > 0.15", method="euler")
    G.v = 1
    S = SpikeMonitor(G)
    M = StateMonitor(G, "not_refractory", record=True, when="end")
    run(1 * ms)
    assert list(S.t / ms) == [0]       # initially free although the condition holds
    assert list(M.not_refractory[0].astype(int)) == [0]*9 + [1]      # v is 0.1 at the start of step 9


@pytest.mark.feature("custom events")
def test_custom_events_ignore_refractoriness():
    G = NeuronGroup(1, "v : 1\nn : 1", threshold="v < 1", refractory=1 * ms, events={"tick": "v < 1"})
    G.run_on_event("tick", "n += 1")
    S = SpikeMonitor(G)
    run(1 * ms)
    assert (len(S.t), G.n[0]) == (1, 10)


@pytest.mark.one_target
def test_lastspike_begins_long_ago_and_needs_refractoriness():
    G = NeuronGroup(1, "v : 1", threshold="v > 1", refractory=1 * ms)
    assert G.lastspike[0] == -1e4 * second
    assert G.not_refractory[0]
    plain = NeuronGroup(1, "v : 1", threshold="v > 1")
    with pytest.raises(AttributeError):
        plain.lastspike


def test_lastspike_is_the_time_of_the_spike():
    G = NeuronGroup(2, "v : 1", threshold="i == 1 and t >= 0.25*ms and t < 0.35*ms", refractory=1 * ms)
    run(1 * ms)
    assert G.lastspike / second == pytest.approx([-1e4, 0.3e-3])


def test_group_without_differential_equations_is_refractory_too():
    G = NeuronGroup(1, "", threshold="True", refractory=0.3 * ms)
    S = SpikeMonitor(G)
    run(1 * ms)
    assert S.t / ms == pytest.approx([0, 0.3, 0.6, 0.9])


@pytest.mark.feature("refractory")
@pytest.mark.one_target
@pytest.mark.parametrize("refractory, error", [(3 * amp, DimensionMismatchError), ("3*amp", TypeError),
                                               ("v", TypeError), (3, TypeError)])
def test_refractory_that_is_no_time_and_no_condition_is_refused(refractory, error):
    G = NeuronGroup(1, "v : 1", threshold="v > 1", refractory=refractory)
    with pytest.raises(error, match="refractory of neurongroup"):
        run(0.1 * ms)


@pytest.mark.one_target
def test_unless_refractory_on_anything_but_a_differential_equation_is_refused():
    with pytest.raises(ValueError, match="cannot be used for the parameter 'x'"):
        NeuronGroup(1, "x : 1 (unless refractory)", threshold="x > 1", refractory=1 * ms)
