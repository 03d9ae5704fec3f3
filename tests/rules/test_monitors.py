"""What monitors record."""
import numpy as np
import pytest

from brainsim import (
    EventMonitor,
    Hz,
    NeuronGroup,
    PoissonGroup,
    PopulationRateMonitor,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    linked_var,
    ms,
    mV,
    run,
    volt,
)


def spikes(n=4):
    """Neuron k spikes at 0.1*k ms and at 1 ms."""
    return SpikeGeneratorGroup(n, list(range(n)) * 2, np.r_[np.arange(n) * 0.1, np.ones(n)] * ms)


@pytest.mark.feature("recorded values")
def test_state_monitor_keeps_units_shapes_and_order():
    G = NeuronGroup(4, "v : volt\nn : integer\nb : boolean\ns = 2*v : volt")
    G.v, G.n, G.b = "i*mV", "i", "i > 1"
    M = StateMonitor(G, ["v", "n", "b", "s"], record=[3, 1])
    run(0.2 * ms)
    assert M.v.shape == (2, 2)
    assert M.v / mV == pytest.approx(np.array([[3, 3], [1, 1]]))
    assert M.s / mV == pytest.approx(np.array([[6, 6], [2, 2]]))
    assert (M.n.tolist(), M.b.tolist()) == ([[3, 3], [1, 1]], [[True, True], [False, False]])
    assert M.v_[0, 0] == 0.003
    assert M[3].v[0] == 3 * mV
    assert M[1].t_[1] == pytest.approx(1e-4)
    assert list(M.record) == [3, 1]
    M.v[0, 0] = 7 * volt       # a copy
    assert M.v[0, 0] == 3 * mV


@pytest.mark.feature("StateMonitor")
@pytest.mark.one_target
def test_state_monitor_of_all_variables():
    G = NeuronGroup(2, "dv/dt = -v/ms : 1\nx : 1\ns = v + x : 1")
    M = StateMonitor(G, True, record=True)
    run(0.1 * ms)
    assert (M.v.shape, M.x.shape, M.s.shape) == ((2, 1),) * 3


@pytest.mark.feature("StateMonitor")
@pytest.mark.one_target
def test_state_monitor_of_nothing_and_of_one():
    G = NeuronGroup(3, "x : 1\nk : 1 (shared)")
    none, one = StateMonitor(G, "x", record=False), StateMonitor(G, "k", record=0)
    G.k = 5
    run(0.2 * ms)
    assert none.x.shape == (0, 2)
    assert none.t.shape == (2,)
    assert one.k.tolist() == [[5, 5]]


@pytest.mark.feature("recorded subexpressions, i and shared variables")
def test_state_monitor_of_index_and_time():
    G = NeuronGroup(3, "x : 1")
    M = StateMonitor(G[1:], ["i", "t"], record=True)
    run(0.2 * ms)
    assert M.i.tolist() == [[0, 0], [1, 1]]
    assert list(M.t / ms) == pytest.approx([0, 0.1])


@pytest.mark.feature("indices of a StateMonitor")
def test_state_monitor_of_a_part_counts_within_the_part():
    G = NeuronGroup(6, "x : 1")
    G.x = "i"
    M = StateMonitor(G[2:5], "x", record=[0, 2])
    N = StateMonitor(G, "x", record=G[4:])
    run(0.1 * ms)
    assert M.x[:, 0].tolist() == [2, 4]
    assert N.x[:, 0].tolist() == [4, 5]
    assert M[2].x[0] == 4


@pytest.mark.feature("StateMonitor")
def test_a_record_of_synapses_may_hold_variables_of_their_neurons():
    G, H = NeuronGroup(2, "v : 1\ntwice = 2*v : 1"), NeuronGroup(3, "g : 1\nn : integer")
    S = Synapses(G, H, "w : 1\ng_post = w : 1 (summed)")
    S.connect()
    G.v, H.n, S.w = "i + 1", "10*i", "i + j"
    M = StateMonitor(S, ["g", "v_pre", "twice_pre", "n_post"], record=[1, 5])
    run(0.2 * ms)
    assert M.g[:, -1].tolist() == [3, 5] and M.v_pre[:, 0].tolist() == [1, 2] and M.twice_pre[:, 0].tolist() == [2, 4]
    assert M.n_post[:, 0].tolist() == [10, 20] and M.n_post.dtype == np.int32


@pytest.mark.feature("StateMonitor")
@pytest.mark.one_target
@pytest.mark.parametrize("record", [(0, 2), [0, 2], range(0, 3, 2), np.array([0, 2])])
def test_what_to_record_is_any_sequence_of_indices(record):
    assert list(StateMonitor(NeuronGroup(3, "x : 1"), "x", record=record).record) == [0, 2]


@pytest.mark.feature("StateMonitor")
@pytest.mark.one_target
@pytest.mark.parametrize("variables, record, error", [("y", True, KeyError), ("x", 3, IndexError),
                                                      ("x", [0, 7], IndexError), ("x", None, TypeError),
                                                      ("x", 0.5, TypeError), ("x", [-4], IndexError)])
def test_records_that_cannot_be_are_refused(variables, record, error):
    G = NeuronGroup(3, "x : 1")
    with pytest.raises(error):
        StateMonitor(G, variables, record=record)


@pytest.mark.feature("indices of a StateMonitor")
@pytest.mark.one_target
def test_what_is_not_recorded_is_refused():
    G = NeuronGroup(3, "x : 1\nz : 1")
    M = StateMonitor(G, "x", record=[0, 2])
    run(0.1 * ms)
    with pytest.raises(IndexError, match="Index 1 is not recorded"):
        M[1]
    with pytest.raises(AttributeError, match="'z' is not recorded"):
        M.z
    with pytest.raises(NotImplementedError):
        M.reinit()


@pytest.mark.feature("record_single_timestep")
@pytest.mark.one_target
def test_one_more_row_on_request():
    G = NeuronGroup(2, "dx/dt = 1/ms : 1", method="euler")
    M = StateMonitor(G, "x", record=True)
    with pytest.raises((TypeError, RuntimeError), match="before the first run"):
        M.record_single_timestep()
    run(0.2 * ms)
    M.record_single_timestep()
    assert M.x[0] == pytest.approx([0, 0.1, 0.2])
    assert M.t / ms == pytest.approx([0, 0.1, 0.2])
    run(0.1 * ms)
    assert M.x[0] == pytest.approx([0, 0.1, 0.2, 0.2])


@pytest.mark.feature("dt of a monitor")
def test_state_monitor_with_its_own_dt():
    G = NeuronGroup(1, "dx/dt = 1/ms : 1", method="euler")
    M = StateMonitor(G, "x", record=True, dt=0.5 * ms)
    run(1.2 * ms)
    assert M.t / ms == pytest.approx([0, 0.5, 1])
    assert M.x[0] == pytest.approx([0, 0.5, 1])


@pytest.mark.feature("SpikeMonitor")
def test_spike_monitor_records_in_order_of_time_and_index():
    G = spikes()
    M = SpikeMonitor(G)
    run(1.1 * ms)
    assert list(M.i) == [0, 1, 2, 3, 0, 1, 2, 3]
    assert M.t / ms == pytest.approx([0, 0.1, 0.2, 0.3, 1, 1, 1, 1])
    assert list(M.count) == [2, 2, 2, 2]
    assert (M.num_spikes, len(M.it[0]), M.it_[1][1]) == (8, 8, pytest.approx(1e-4))
    assert {k: list(np.round(t / ms, 6)) for k, t in M.spike_trains().items()} == {0: [0, 1], 1: [0.1, 1], 2: [0.2, 1],
                                                                                   3: [0.3, 1]}


def test_spike_monitor_goes_on_over_runs():
    G = spikes()
    M = SpikeMonitor(G)
    for _ in range(11):
        run(0.1 * ms)
    assert list(M.i) == [0, 1, 2, 3, 0, 1, 2, 3]


@pytest.mark.feature("SpikeMonitor")
def test_spike_monitor_records_variables_at_the_spike():
    G = NeuronGroup(3, "v : 1\nq : volt\ns = 2*v : 1", threshold="v >= i + 1", reset="v = 0")
    G.q = "i*mV"
    G.run_regularly("v += 1", when="before_groups")
    M = SpikeMonitor(G, ["v", "q", "s"])
    run(0.6 * ms)
    assert list(M.count) == [6, 3, 2]
    assert {k: list(v) for k, v in M.values("v").items()} == {0: [1] * 6, 1: [2] * 3, 2: [3] * 2}
    assert M.all_values()["q"][2] / mV == pytest.approx([2, 2])
    assert np.array_equal(M.s, 2 * M.v)
    with pytest.raises(AttributeError, match="'w' is not recorded"):
        M.w


@pytest.mark.feature("counting only")
def test_count_only():
    G = spikes()
    M = SpikeMonitor(G, record=False)
    run(1.1 * ms)
    assert (list(M.count), M.num_spikes) == ([2, 2, 2, 2], 8)
    for read in (lambda: M.i, lambda: M.t, M.spike_trains):
        with pytest.raises(AttributeError):
            read()


@pytest.mark.parametrize("first, last", [(0, 2), (1, 3), (3, 4), (0, 4)])
def test_monitors_of_a_part_are_the_part_of_the_whole(first, last):
    G = spikes()
    part = G[first:last]
    M, N, R = SpikeMonitor(G), SpikeMonitor(part), PopulationRateMonitor(part)
    run(1.1 * ms)
    inside = (M.i >= first) & (M.i < last)
    assert np.array_equal(N.i, M.i[inside] - first)
    assert np.array_equal(N.t, M.t[inside])
    assert np.array_equal(N.count, M.count[first:last])
    expected = np.bincount(np.round(M.t[inside] / (0.1 * ms)).astype(int), minlength=11) / ((last - first) * 1e-4)
    assert R.rate / Hz == pytest.approx(expected)


@pytest.mark.feature("PopulationRateMonitor")
def test_population_rate():
    G = spikes()
    R = PopulationRateMonitor(G)
    run(1.1 * ms)
    assert R.rate / Hz == pytest.approx(np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 4]) / (4 * 1e-4))
    assert R.t / ms == pytest.approx(np.arange(11) / 10)


@pytest.mark.feature("smooth_rate")
@pytest.mark.one_target
def test_smoothed_rates():
    G = SpikeGeneratorGroup(1, [0], [1] * ms)
    R = PopulationRateMonitor(G)
    run(2 * ms)
    flat = R.smooth_rate("flat", width=0.5 * ms)
    assert (flat / Hz)[8:13] == pytest.approx([2000] * 5)
    assert (flat / Hz).sum() * 1e-4 == pytest.approx(1)
    gauss = R.smooth_rate("gaussian", width=0.2 * ms) / Hz
    assert gauss.sum() * 1e-4 == pytest.approx(1)
    assert gauss[12] / gauss[10] == pytest.approx(np.exp(-0.5))
    assert np.count_nonzero(gauss) == 9          # two widths to each side
    assert R.smooth_rate(np.ones(3)) / Hz == pytest.approx(R.smooth_rate("flat", width=0.3 * ms) / Hz)
    for window, error in (("round", NotImplementedError), (np.ones(4), TypeError)):
        with pytest.raises(error):
            R.smooth_rate(window, width=1 * ms)


@pytest.mark.feature("SpikeMonitor")
@pytest.mark.one_target
@pytest.mark.parametrize("make, error", [
    (lambda: SpikeMonitor(NeuronGroup(1, "v : 1")), ValueError), (lambda: SpikeMonitor("G"), TypeError),
    (lambda: PopulationRateMonitor(NeuronGroup(1, "v : 1")), (TypeError, ValueError)),
    (lambda: SpikeMonitor(spikes(), order=1), ValueError), (lambda: SpikeMonitor(spikes(), "v"), KeyError),
    (lambda: StateMonitor("G", "v", record=True), TypeError),
    (lambda: EventMonitor(NeuronGroup(1, "v : 1", threshold="v > 1"), "burst"), ValueError),
    (lambda: SpikeMonitor(spikes(), record="all"), TypeError)])
def test_monitors_of_the_wrong_thing_are_refused(make, error):
    with pytest.raises(error):
        make()


@pytest.mark.feature("custom events", "EventMonitor")
def test_event_monitor():
    G = NeuronGroup(3, "v : 1", events={"high": "v > 1.5"})
    G.v = "i"
    M = EventMonitor(G, "high", "v")
    run(0.2 * ms)
    assert (list(M.i), list(M.v), M.num_events) == ([2, 2], [2, 2], 2)


def test_rate_of_poisson_group():
    P = PoissonGroup(100, 200 * Hz)
    R, M = PopulationRateMonitor(P), SpikeMonitor(P)
    run(100 * ms)
    assert np.mean(R.rate / Hz) == pytest.approx(M.num_spikes / (100 * 0.1))


@pytest.mark.feature("monitors as groups")
@pytest.mark.one_target
def test_states_of_monitors():
    G = spikes()
    M = SpikeMonitor(G)
    run(0.3 * ms)
    assert list(M.get_states(["i"])["i"]) == [0, 1, 2]
    assert M.get_states(units=False)["t"][1] == pytest.approx(1e-4)


def test_recorded_linked_and_synaptic_variables():
    G = NeuronGroup(2, "x : 1")
    G.x = [3, 4]
    H = NeuronGroup(2, "y : 1 (linked)")
    H.y = linked_var(G, "x", index=[1, 0])
    S = Synapses(G, H, "w : volt")
    S.connect()
    S.w = "(10*i + j)*volt"
    M, N = StateMonitor(H, "y", record=True), StateMonitor(S, "w", record=[0, 3])
    run(0.1 * ms)
    assert (M.y[:, 0].tolist(), (N.w / volt)[:, 0].tolist()) == ([4, 3], [0, 11])


@pytest.mark.feature("active")
def test_inactive_monitor_keeps_its_record():
    G = spikes()
    M = SpikeMonitor(G)
    run(0.2 * ms)
    M.active = False
    run(0.1 * ms)
    M.active = True
    run(0.1 * ms)
    assert list(M.i) == [0, 1, 3]


@pytest.mark.feature("SpikeMonitor")
@pytest.mark.one_target
def test_a_spike_monitor_given_indices_records_all_and_says_so(caplog):
    G = spikes()
    M = SpikeMonitor(G, record=[1, 2])
    assert "every element" in caplog.text
    run(0.5 * ms)
    assert M.record is True and list(M.i) == [0, 1, 2, 3]
