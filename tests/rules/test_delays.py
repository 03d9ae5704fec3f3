"""R22–R26: delays, spike times on the grid, and values over time."""
import numpy as np
import pytest

from brainsim import (
    DimensionMismatchError,
    NeuronGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    amp,
    defaultclock,
    ms,
    mV,
    run,
    second,
    volt,
)


def arrival(*delays, source_times=(0,), length=3, one=False):
    """When a spike at 0 reaches each of the synapses, in steps."""
    source = SpikeGeneratorGroup(1, [0] * len(source_times), list(source_times) * ms)
    G = NeuronGroup(len(delays), "x : integer")
    S = Synapses(source, G, on_pre="x = t_in_timesteps", **({"delay": delays[0] * ms} if one else {}))
    S.connect()
    G.x = -1
    if not one:
        S.delay = np.array(delays) * ms
    run(length * ms)
    return list(G.x)


TIES = [0.04, 0.05, 0.14, 0.15, 0.16, 0.25, 2.0]
STEPS = [0, 1, 1, 1, 2, 3, 20]       # 0.15/0.1 is 1.4999...


@pytest.mark.feature("rounding of delays")
def test_delays_are_rounded_to_steps():
    assert arrival(*TIES) == STEPS


@pytest.mark.feature("a delay per synapse")
@pytest.mark.parametrize("delay, steps", list(zip(TIES, STEPS))[:6])
def test_one_delay_for_all_equals_an_array_of_equal_delays(delay, steps):
    assert arrival(delay, one=True) == arrival(delay, delay)[:1] == [steps]


def test_ring_of_slots_wraps_many_times():
    """A spike every 0.3 ms over 40 ms, with delays 0, 0.1, 0.2 and 2 ms: x counts exactly those that have arrived."""
    times = np.arange(0, 40, 0.3)
    source = SpikeGeneratorGroup(1, np.zeros(len(times), int), times * ms)
    G = NeuronGroup(4, "x : integer")
    S = Synapses(source, G, on_pre="x += 1")
    S.connect()
    S.delay = [0, 0.1, 0.2, 2] * ms
    M = StateMonitor(G, "x", record=True, when="end")
    run(40 * ms)
    now, fired = np.arange(400)[:, None], np.round(times * 10)[None, :]
    for row, steps in zip(M.x, [0, 1, 2, 20]):
        assert np.array_equal(row, (fired + steps <= now).sum(axis=1))


@pytest.mark.feature("SpikeGeneratorGroup")
@pytest.mark.parametrize("time, step", [(0.19, 1), (0.1999, 2), (0.19985, 1), (0.3, 3), (0.7, 7)])
def test_spike_generator_times_are_floored_with_a_small_tolerance(time, step):
    """The tolerance is a thousandth of a step."""
    G = SpikeGeneratorGroup(1, [0], [time] * ms)
    S = SpikeMonitor(G)
    run(1 * ms)
    assert np.round(S.t / ms * 10) == pytest.approx([step])


@pytest.mark.feature("TimedArray")
def test_timed_array_changes_exactly_at_multiples_of_its_dt():
    values = TimedArray(np.arange(2000.0), dt=0.3 * ms)
    G = NeuronGroup(1, "x = values(t) : 1")
    M = StateMonitor(G, "x", record=True)
    run(500 * ms)
    assert np.array_equal(M.x[0], np.arange(5000) // 3)


@pytest.mark.feature("TimedArray")
@pytest.mark.parametrize("dt, fine", [(0.1, 0.1), (0.1, 0.01), (0.25, 0.1), (1 / 3, 0.1)])
def test_timed_array_in_equations_is_the_timed_array_of_python(dt, fine):
    defaultclock.dt = fine * ms
    values = TimedArray(np.arange(100.0) * mV, dt=dt * ms)
    G = NeuronGroup(1, "x = values(t) : volt")
    M = StateMonitor(G, "x", record=True)
    run(40 * ms)
    assert np.array_equal(M.x[0] / mV, values(M.t) / mV)


@pytest.mark.one_target
def test_timed_array_is_exact_at_large_multiples():
    values = TimedArray(np.arange(10.0), dt=0.1 * ms)
    long = TimedArray([0, 1], dt=1e6 * 0.1 * ms)
    assert values(7 * 0.1 * ms) == 7
    assert long(1e6 * (0.1 * ms)) == 1
    assert long((1e6 - 1) * 0.1 * ms) == 0


@pytest.mark.feature("TimedArray")
def test_timed_array_is_clamped_at_both_ends():
    values = TimedArray([3, 5], dt=1 * ms)
    G = NeuronGroup(1, "early = values(t - 10*ms) : 1\nlate = values(t + 10*ms) : 1")
    M = StateMonitor(G, ["early", "late"], record=True)
    run(0.1 * ms)
    assert (M.early[0, 0], M.late[0, 0]) == (3, 5)
    assert (values(-1 * ms), values(1 * second)) == (3, 5)


@pytest.mark.feature("TimedArray")
def test_timed_array_with_columns():
    values = TimedArray([[1, 2], [3, 4]] * volt, dt=1 * ms)
    G = NeuronGroup(2, "x = values(t, i) : volt")
    M = StateMonitor(G, "x", record=True)
    run(2 * ms)
    assert np.array_equal(M.x / volt, np.repeat([[1, 3], [2, 4]], 10, axis=1))
    assert values(1.5 * ms, 0) == 3 * volt


@pytest.mark.one_target
def test_timed_array_column_out_of_range():
    values = TimedArray([[1, 2], [3, 4]], dt=1 * ms)
    with pytest.raises(IndexError):
        values(0 * ms, 2)


@pytest.mark.feature("TimedArray")
@pytest.mark.one_target
@pytest.mark.parametrize("make, error", [
    (lambda: TimedArray([1, 2], dt=1), DimensionMismatchError),
    (lambda: TimedArray(np.zeros((1, 1, 1)), dt=1 * ms), NotImplementedError),
    (lambda: TimedArray([], dt=1 * ms), ValueError), (lambda: TimedArray([1, 2], dt=1 * ms)(1), DimensionMismatchError),
    (lambda: TimedArray([1, 2], dt=1 * ms)(1 * ms, 0), TypeError)])
def test_timed_arrays_that_make_no_sense_are_refused(make, error):
    with pytest.raises(error):
        make()


@pytest.mark.feature("delays between runs")
def test_changed_delay_leaves_spikes_under_way_alone():
    source = SpikeGeneratorGroup(1, [0, 0], [0, 0.5] * ms)
    G = NeuronGroup(1, "x : 1")
    S = Synapses(source, G, on_pre="x += 1", delay=1 * ms)
    S.connect()
    M = StateMonitor(G, "x", record=True, when="end")
    run(0.3 * ms)
    S.delay = 0.2 * ms
    run(1 * ms)
    assert list(np.flatnonzero(np.diff(M.x[0], prepend=0))) == [7, 10]


def test_delays_become_different_while_spikes_are_under_way():
    source = SpikeGeneratorGroup(1, [0, 0], [0, 0.5] * ms)
    G = NeuronGroup(2, "x : 1")
    S = Synapses(source, G, on_pre="x += 1")
    S.connect()
    S.delay = 1 * ms
    M = StateMonitor(G, "x", record=True, when="end")
    run(0.3 * ms)
    S.delay = [0.2, 0.4] * ms
    run(0.5 * ms)
    S.delay = 3 * ms
    run(0.7 * ms)
    assert [list(np.flatnonzero(np.diff(row, prepend=0))) for row in M.x] == [[7, 10], [9, 10]]


@pytest.mark.feature("delays between runs")
def test_changed_dt_keeps_the_time_of_arrival():
    source = SpikeGeneratorGroup(1, [0], [0] * ms)
    G = NeuronGroup(1, "x : 1\ny : second")
    S = Synapses(source, G, on_pre="x += 1\ny = t", delay=1 * ms)
    S.connect()
    run(0.4 * ms)
    defaultclock.dt = 0.05 * ms
    run(1 * ms)
    assert (G.x[0], G.y[0] / ms) == (1, pytest.approx(1))
    defaultclock.dt = 0.2 * ms
    run(1 * ms)
    assert G.x[0] == 1


@pytest.mark.parametrize("split", [(1, 29), (7, 7, 7, 9), (30,)])
def test_splitting_a_run_changes_nothing_under_way(split):
    source = SpikeGeneratorGroup(2, [0, 1, 0, 1], [0, 0.3, 0.6, 1.1] * ms)
    G = NeuronGroup(3, "x : 1")
    S = Synapses(source, G, on_pre="x += i + 1")
    S.connect()
    S.delay = "(1 + i + j)*0.3*ms"
    M = StateMonitor(G, "x", record=True)
    for steps in split:
        run(steps * 0.1 * ms)
    arrivals = [(fired + 3 * (1 + pre + post), post, pre + 1) for fired, pre in [(0, 0), (3, 1), (6, 0), (11, 1)]
                for post in range(3)]
    expected = np.array([[sum(w for at, k, w in arrivals if k == post and at < n) for n in range(30)]
                         for post in range(3)])
    assert np.array_equal(M.x, expected)


@pytest.mark.feature("different dt on both sides")
def test_pathway_runs_on_the_clock_of_its_source():
    """The source ticks every 0.2 ms, the target every 0.5 ms: the delay counts in steps of the source."""
    source = NeuronGroup(1, "v : 1", threshold="t < 0.1*ms", dt=0.2 * ms)
    G = NeuronGroup(1, "x : second", dt=0.5 * ms)
    S = Synapses(source, G, on_pre="x = t", delay=1 * ms, dt=0.05 * ms)
    S.connect()
    run(2 * ms)
    assert S.pre.clock.dt / ms == pytest.approx(0.2)
    assert G.x[0] / ms == pytest.approx(1)


def test_post_pathway_runs_on_the_clock_of_the_target():
    source = NeuronGroup(1, "v : 1", threshold="False", dt=0.2 * ms)
    G = NeuronGroup(1, "v : 1", threshold="t < 0.1*ms", dt=0.5 * ms)
    S = Synapses(source, G, "w : second", on_pre="", on_post="w = t")
    S.connect()
    S.post.delay = 1 * ms
    run(2 * ms)
    assert S.post.clock.dt / ms == pytest.approx(0.5)
    assert S.w[0] / ms == pytest.approx(1)


@pytest.mark.feature("rounding of delays")
@pytest.mark.one_target
def test_negative_delays_are_refused():
    G = NeuronGroup(2, "v : 1", threshold="v > 1")
    with pytest.raises(ValueError, match="negative"):
        Synapses(G, G, on_pre="v += 1", delay=-1 * ms)
    S = Synapses(G, G, on_pre="v += 1")
    S.connect()
    S.delay = [1, -1, 1, 1] * ms
    with pytest.raises(ValueError, match="negative"):
        run(1 * ms)
    S.delay = 1 * ms
    run(1 * ms)


@pytest.mark.feature("one delay for all")
@pytest.mark.one_target
@pytest.mark.parametrize("delay, error", [(3, TypeError), (3 * amp, DimensionMismatchError), ([1, 2] * ms, ValueError),
                                          ({"post": 1 * ms}, ValueError)])
def test_delays_that_are_none_are_refused(delay, error):
    G = NeuronGroup(2, "v : 1", threshold="v > 1")
    with pytest.raises(error):
        Synapses(G, G, on_pre="v += 1", delay=delay)


@pytest.mark.feature("one delay for all")
@pytest.mark.one_target
def test_one_delay_for_all_takes_no_array_later():
    G = NeuronGroup(2, "v : 1", threshold="v > 1")
    S = Synapses(G, G, on_pre="v += 1", delay=1 * ms)
    S.connect()
    with pytest.raises(ValueError):
        S.delay = [1, 2, 3, 4] * ms
    with pytest.raises(IndexError):
        S.delay[0] = 1 * ms
    S.delay = 2 * ms
    assert S.delay[:] == 2 * ms


@pytest.mark.feature("a delay per synapse")
@pytest.mark.one_target
def test_delay_of_synapses_without_pre_pathway_is_refused():
    G = NeuronGroup(2, "v : 1", threshold="v > 1")
    S = Synapses(G, G, on_pre={"up": "v += 1"})
    S.connect()
    with pytest.raises(AttributeError, match="no pathway 'pre'"):
        S.delay = 1 * ms
    S.up.delay = 1 * ms
    assert np.all(S.up.delay / ms == 1)


@pytest.mark.feature("pathways")
def test_delays_by_pathway_name():
    source = SpikeGeneratorGroup(1, [0], [0] * ms)
    G = NeuronGroup(1, "x : second\ny : second")
    S = Synapses(source, G, on_pre={"a": "x = t", "b": "y = t"}, delay={"b": 0.5 * ms})
    S.connect()
    S.a.delay = "0.3*ms"
    run(1 * ms)
    assert (G.x[0] / ms, G.y[0] / ms) == (pytest.approx(0.3), pytest.approx(0.5))
