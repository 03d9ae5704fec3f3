"""Spike generators, Poisson groups and inputs: what they emit and what they refuse."""
import numpy as np
import pytest

from brainsim import (
    DimensionMismatchError,
    Hz,
    NeuronGroup,
    PoissonGroup,
    PoissonInput,
    SpikeGeneratorGroup,
    SpikeMonitor,
    Synapses,
    TimedArray,
    amp,
    ms,
    mV,
    run,
    second,
)


@pytest.mark.feature("SpikeGeneratorGroup")
def test_generator_emits_given_spikes_in_any_order_of_input():
    G = SpikeGeneratorGroup(3, [2, 0, 1, 2], [0.5, 0.2, 0.5, 0] * ms)
    M = SpikeMonitor(G)
    run(1 * ms)
    assert list(M.i) == [2, 0, 1, 2]
    assert M.t / ms == pytest.approx([0, 0.2, 0.5, 0.5])


@pytest.mark.feature("period of a generator")
def test_generator_repeats_its_period():
    G = SpikeGeneratorGroup(2, [0, 1], [0, 0.3] * ms, period=0.5 * ms)
    M = SpikeMonitor(G)
    run(0.8 * ms)
    run(0.9 * ms)
    trains = M.spike_trains()
    assert trains[0] / ms == pytest.approx([0, 0.5, 1, 1.5])
    assert trains[1] / ms == pytest.approx([0.3, 0.8, 1.3])


def test_periodic_generator_is_exact_for_many_periods():
    G = SpikeGeneratorGroup(1, [0], [0.2] * ms, period=0.7 * ms)
    M = SpikeMonitor(G)
    run(0.7 * 3000 * ms)
    assert np.array_equal(np.round(M.t / ms * 10), 2 + 7 * np.arange(3000))


@pytest.mark.feature("set_spikes")
def test_new_spikes_replace_the_old_ones():
    G = SpikeGeneratorGroup(2, [0, 1], [0, 0.5] * ms)
    M = SpikeMonitor(G)
    run(0.3 * ms)
    G.set_spikes([1, 0, 1], [0.1, 0.4, 0.6] * ms)
    run(0.5 * ms)
    assert list(zip(M.i, np.round(M.t / ms, 3))) == [(0, 0), (0, 0.4), (1, 0.6)]


@pytest.mark.feature("set_spikes")
@pytest.mark.one_target
def test_spikes_of_the_past_are_told(caplog):
    G = SpikeGeneratorGroup(2, [0, 1], [0, 0.5] * ms)
    assert not caplog.text
    run(0.3 * ms)
    G.set_spikes([1], [0.1] * ms)
    run(0.1 * ms)
    assert "spikes before the present time are ignored" in caplog.text


@pytest.mark.feature("SpikeGeneratorGroup")
@pytest.mark.one_target
@pytest.mark.parametrize("arguments, error", [
    ((2, [0], [-1] * ms), ValueError), ((2, [2], [1] * ms), ValueError), ((2, [-1], [1] * ms), ValueError),
    ((2, [0, 1], [1] * ms), ValueError),
    ((2.5, [0], [1] * ms), TypeError), ((0, [], [] * ms), TypeError), ((2, [0], [1]), DimensionMismatchError),
    ((2, [0], [1] * mV), DimensionMismatchError),
    ((2, [0.5], [1] * ms), (TypeError, ValueError)), (("a", [0], [1] * ms), TypeError)])
def test_generators_that_cannot_be_are_refused(arguments, error):
    with pytest.raises(error):
        SpikeGeneratorGroup(*arguments)


@pytest.mark.feature("period of a generator")
@pytest.mark.one_target
@pytest.mark.parametrize("indices, times, period, error", [
    ([0, 0], [0.11, 0.12], 0, ValueError), ([0], [0.5], 0.5, ValueError), ([0], [0], 0.05, ValueError),
    ([0], [0], 0.25, NotImplementedError),
    ([0], [0.7], 0.5, ValueError)])
def test_spikes_that_do_not_fit_the_grid_are_refused_at_the_run(indices, times, period, error):
    with pytest.raises(error) as caught:
        G = SpikeGeneratorGroup(2, indices, times * ms, period=period * ms)
        M = SpikeMonitor(G)
        run(1 * ms)
    assert "Error" not in str(caught.value)
    if "G" in locals():
        G.set_spikes([0], [0.1] * ms)
        run(1 * ms)
        assert M.num_spikes == 1


@pytest.mark.feature("PoissonGroup")
def test_poisson_group_rates_by_string_and_time():
    stimulus = TimedArray([0, 10000] * Hz, dt=1 * ms)
    P = PoissonGroup(3, rates="stimulus(t)*int(i != 1)")
    M = SpikeMonitor(P)
    run(2 * ms)
    assert list(M.count) == [10, 0, 10]      # rate times dt is 1: a spike in every step
    assert (M.t / ms).min() == pytest.approx(1)


@pytest.mark.feature("PoissonGroup")
@pytest.mark.one_target
def test_poisson_rates_of_the_wrong_unit_are_refused():
    for wrong in (10, 10 * mV, [1, 2] * second):
        with pytest.raises(DimensionMismatchError, match="frequencies"):
            PoissonGroup(2, wrong)
    P = PoissonGroup(2, "10*mV")
    with pytest.raises(DimensionMismatchError, match="frequencies"):
        run(0.1 * ms)
    del P
    with pytest.raises(ValueError):
        PoissonGroup(2, [1, 2, 3] * Hz)
    for N, error in ((0, ValueError), (1.5, TypeError), ("a", TypeError)):
        with pytest.raises(error):
            PoissonGroup(N, 1 * Hz)


def test_parts_of_sources_drive_synapses():
    G = SpikeGeneratorGroup(6, range(6), [0] * 6 * ms)
    H = NeuronGroup(2, "x : 1")
    S = Synapses(G[2:4], H, on_pre="x += 1 + i")
    S.connect(j="i")
    run(0.1 * ms)
    assert list(H.x) == [1, 2]
    for item in ([0, 1], 3):
        with pytest.raises(TypeError):
            G[item]


def test_poisson_input_to_a_part_and_with_a_string_weight():
    G = NeuronGroup(4, "v : volt\nw : volt")
    G.w = "i*mV"
    P = PoissonInput(G[1:3], "v", 10, 10000 * Hz, weight="w")       # N*rate*dt: all ten fire
    run(0.1 * ms)
    assert G.v / mV == pytest.approx([0, 10, 20, 0])
    assert P.rate == 10000 * Hz


@pytest.mark.feature("PoissonInput")
@pytest.mark.one_target
@pytest.mark.parametrize("arguments, error", [
    (("u", 10, 1 * Hz, 1 * mV), KeyError), (("v", 10, 1, 1 * mV), DimensionMismatchError),
    (("v", 10, 1 * Hz, 1), DimensionMismatchError),
    (("v", 10, 1 * Hz, 1 * amp), DimensionMismatchError), (("v", 10.5, 1 * Hz, 1 * mV), (TypeError, ValueError)),
    (("v", -1, 1 * Hz, 1 * mV), ValueError),
    (("s", 10, 1 * Hz, 1 * mV), (TypeError, SyntaxError))])
def test_poisson_inputs_that_cannot_be_are_refused(arguments, error):
    G = NeuronGroup(2, "v : volt\ns = 2*v : volt")
    with pytest.raises(error):
        PoissonInput(G, *arguments)


@pytest.mark.feature("PoissonInput")
@pytest.mark.one_target
@pytest.mark.parametrize("count", [4.0, np.float64(4), np.array(4)])
def test_the_number_of_poisson_inputs_may_be_written_as_a_float(count):
    G = NeuronGroup(1, "v : 1")
    P = PoissonInput(G, "v", count, 10000 * Hz, 1)
    run(0.1 * ms)
    assert G.v == P.N == 4


@pytest.mark.one_target
def test_poisson_input_weight_string_of_the_wrong_unit_is_refused():
    G = NeuronGroup(2, "v : volt")
    P = PoissonInput(G, "v", 1, 1 * Hz, "3*amp")
    with pytest.raises(DimensionMismatchError, match="weight"):
        run(0.1 * ms)
    P.active = False
    run(0.1 * ms)


@pytest.mark.feature("active")
def test_inactive_source_is_silent():
    """Also in the step after, when its last spikes might linger."""
    G = NeuronGroup(1, "v : 1", threshold="v < 1")
    H = NeuronGroup(1, "x : 1")
    S = Synapses(G, H, on_pre="x += 1")
    S.connect()
    M = SpikeMonitor(G)
    run(0.3 * ms)
    G.active = False
    run(0.5 * ms)
    assert (H.x[0], M.num_spikes) == (3, 3)
    G.active = True
    run(0.2 * ms)
    assert (H.x[0], M.num_spikes) == (5, 5)


@pytest.mark.parametrize("kind", ["generator", "poisson"])
def test_inactive_input_is_silent(kind):
    G = SpikeGeneratorGroup(1, [0] * 8, np.arange(8) * 0.1 * ms) if kind == "generator" else PoissonGroup(1, 10000 * Hz)
    M = SpikeMonitor(G)
    run(0.3 * ms)
    G.active = False
    run(0.2 * ms)
    G.active = True
    run(0.2 * ms)
    assert np.round(M.t / ms * 10) == pytest.approx([0, 1, 2, 5, 6])
