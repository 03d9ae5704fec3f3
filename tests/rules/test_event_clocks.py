"""Clocks with times of their own: what is due at irregular times, in which order, over several runs."""
import numpy as np
import pytest

from brainsim import (
    Clock,
    DimensionMismatchError,
    EventClock,
    Network,
    NetworkOperation,
    NeuronGroup,
    PoissonGroup,
    PopulationRateMonitor,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    ms,
    network_operation,
    run,
    second,
    start_scope,
    us,
)
from brainsim.errors import BrainsimError, Unsupported


@pytest.mark.feature("EventClock")
@pytest.mark.one_target
def test_times_are_sorted_and_each_is_there_once():
    clock = EventClock([3, 1, 2.5] * ms)
    assert list(clock.times / ms) == pytest.approx([1, 2.5, 3]) and clock.t == 1 * ms and clock.timestep == 0
    with pytest.raises(ValueError, match="every time once"):
        EventClock([1, 2, 1] * ms)
    for wrong in ([-1, 2] * ms, [1, np.inf] * ms):
        with pytest.raises(ValueError, match="finite and not negative"):
            EventClock(wrong)
    for wrong in ([1, 2], None, "1*ms", [1, 2] * second**2):
        with pytest.raises(DimensionMismatchError, match="must be times"):
            EventClock(wrong)
    with pytest.raises(AttributeError, match="has no dt"):
        clock.dt
    assert not hasattr(clock, "dt_")


@pytest.mark.feature("run_at")
def test_run_at_runs_at_its_times_only():
    G = NeuronGroup(2, "x : 1")
    G.run_at("x += i + 1", [0.25, 1, 1.2] * ms)
    M = StateMonitor(G, "x", record=True, when="end")
    run(1.5 * ms)
    # 0.25 ms lies between the steps 0.2 and 0.3, the others on steps
    assert list(M.x[0]) == [0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 3, 3] and np.array_equal(M.x[1], 2 * M.x[0])


@pytest.mark.feature("EventClock")
def test_a_monitor_records_at_the_times_of_its_clock():
    G = NeuronGroup(1, "dv/dt = 1/ms : 1", method="euler")
    M = StateMonitor(G, "v", record=True, clock=EventClock([0.05, 0.3, 1.99] * ms))
    run(1 * ms)
    run(1 * ms)
    assert np.allclose(M.t / ms, [0.05, 0.3, 1.99]) and np.allclose(M.v[0], [0.1, 0.3, 2.0])


@pytest.mark.feature("EventClock")
@pytest.mark.parametrize("pieces", [(3,), (1, 1, 1), (0.1,) * 30, (0.55, 2.45)])
def test_no_time_is_lost_or_repeated_however_a_run_is_cut(pieces):
    times = [0, 0.1, 0.3, 0.55, 1, 1.5, 2, 2.999] * ms
    G = NeuronGroup(1, "n : 1")
    G.run_at("n += 1", times)
    seen = []
    operation = NetworkOperation(lambda t: seen.append(t / ms), clock=EventClock(times))
    net = Network(G, operation)
    for piece in pieces:
        net.run(piece * ms)
    assert G.n[0] == 8 and seen == pytest.approx([0, 0.1, 0.3, 0.55, 1, 1.5, 2, 2.999])
    assert net.t / ms == pytest.approx(3)


@pytest.mark.feature("EventClock", "run_on_clock")
def test_objects_on_different_clocks_keep_to_the_schedule():
    """Equal times are one step: slots and orders count, not clocks."""
    G = NeuronGroup(1, "x : 1")
    clock = EventClock([0.2, 0.4] * ms)
    G.run_on_clock("x = x*2", clock, when="end", order=2)
    G.run_regularly("x += 1", when="end", order=1, dt=0.2 * ms)
    run(0.5 * ms)
    assert G.x[0] == ((1 + 1) * 2 + 1) * 2


@pytest.mark.feature("EventClock")
def test_without_a_regular_clock_only_the_given_times_are_steps():
    seen = []
    first = NetworkOperation(lambda t: seen.append(("a", t / us)), clock=EventClock([5, 7] * us))
    second_ = NetworkOperation(lambda t: seen.append(("b", t / us)), clock=EventClock([7] * us), order=-1)
    net = Network(first, second_)
    net.run(1 * second)
    assert seen == [("a", pytest.approx(5)), ("b", pytest.approx(7)), ("a", pytest.approx(7))] and net.t == 1 * second


@pytest.mark.feature("EventClock")
def test_a_network_operation_on_an_event_clock():
    seen = []

    @network_operation(clock=EventClock([1, 2] * ms))
    def look(t):
        seen.append(t / ms)

    G = NeuronGroup(1, "v : 1")
    run(3 * ms)
    assert seen == pytest.approx([1, 2]) and look.clock.t == 2 * ms and len(G) == 1


@pytest.mark.feature("run_at")
def test_times_that_have_passed_are_left_out():
    G = NeuronGroup(1, "n : 1")
    net = Network(G)
    net.run(1 * ms)
    G.run_at("n += 1", [0.5, 1, 1.5] * ms)
    net.run(1 * ms)
    assert G.n[0] == 2


@pytest.mark.feature("run_at")
def test_run_at_draws_the_same_numbers_as_regular_code_and_sees_the_time_of_its_group():
    G = NeuronGroup(3, "x : 1\nseen : second")
    G.run_at("x += rand()*(t > 0*ms); seen = t", [0, 0.4] * ms)
    run(1 * ms)
    assert np.all((G.x > 0) & (G.x < 1)) and np.allclose(G.seen / ms, 0.4)


@pytest.mark.feature("run_at")
def test_parts_and_synapses_have_it_too():
    G = NeuronGroup(4, "x : 1")
    G[2:].run_at("x = 7", [0.3] * ms)
    S = Synapses(G, G, "w : 1")
    S.connect(i=[0, 1], j=[2, 3])
    S.run_at("w = x_post", [0.3] * ms, order=1)
    run(1 * ms)
    assert list(G.x) == [0, 0, 7, 7] and list(S.w) == [7, 7]


@pytest.mark.feature("run_at")
def test_a_timed_array_is_read_at_irregular_times():
    values = TimedArray([1, 2, 3], dt=0.5 * ms)
    G = NeuronGroup(1, "x : 1")
    G.run_at("x = values(t)", [0.6] * ms)
    run(1 * ms, namespace={"values": values})
    assert G.x[0] == 2


@pytest.mark.feature("EventClock")
def test_a_stored_network_goes_back_to_its_place():
    G = NeuronGroup(1, "n : 1")
    G.run_at("n += 1", [0.5, 1.5, 2.5] * ms)
    net = Network(G)
    net.run(1 * ms)
    net.store()
    net.run(2 * ms)
    assert G.n[0] == 3
    net.restore()
    assert G.n[0] == 1
    net.run(1 * ms)
    assert G.n[0] == 2


@pytest.mark.feature("EventClock")
def test_a_group_on_an_event_clock_spikes_at_its_times():
    G = NeuronGroup(1, "x : 1", threshold="x >= 0", clock=EventClock([0.31, 2] * ms))
    M = SpikeMonitor(G)
    run(3 * ms)
    assert np.allclose(M.t / ms, [0.31, 2])


@pytest.mark.feature("EventClock")
@pytest.mark.one_target
@pytest.mark.parametrize("make", [
    lambda clock: NeuronGroup(1, "dv/dt = 1/ms : 1", method="euler", clock=clock),
    lambda clock: NeuronGroup(1, "v : 1", threshold="v > 1", refractory=1 * ms, clock=clock),
    lambda clock: PoissonGroup(1, 10 / second, clock=clock),
    lambda clock: NeuronGroup(1, "v = dt/ms : 1", threshold="v > 1", clock=clock)])
def test_what_needs_a_time_step_says_so(make):
    group = make(EventClock([1, 2] * ms))
    with pytest.raises((BrainsimError, AttributeError), match="dt"):
        Network(group).run(1 * ms)


@pytest.mark.feature("EventClock")
@pytest.mark.one_target
def test_rates_and_delays_need_a_time_step():
    group = NeuronGroup(1, "x : 1", threshold="x >= 0", clock=EventClock([1, 2] * ms))
    with pytest.raises(Unsupported, match="SpikeMonitor"):
        PopulationRateMonitor(group)
    start_scope()
    group = NeuronGroup(1, "x : 1", threshold="x >= 0", clock=EventClock([1, 2] * ms))
    S = Synapses(group, group, on_pre="x += 1")
    S.connect()
    with pytest.raises(AttributeError, match="has no dt"):
        Network(group, S).run(1 * ms)


@pytest.mark.feature("EventClock")
@pytest.mark.one_target
def test_clocks_show_how_often_they_tick():
    G = NeuronGroup(1, "x : 1", name="G")
    G.run_at("x += 1", [1, 2] * ms)
    net = Network(G)
    assert "2 times" in net.scheduling_summary()._repr_html_() and "At 2 times" in str(net.describe())
    assert "EventClock(" in repr(G.contained_objects[-1].clock) and "3 times" in EventClock(
        [1, 2, 3] * ms)._repr_html_()
    assert "dt" not in G.contained_objects[-1].clock.__dict__ and Clock(1 * ms).dt == 1 * ms


@pytest.mark.feature("EventClock")
def test_runs_of_a_simulation_keep_to_the_times():
    G = NeuronGroup(1, "n : 1", name="counted")
    G.run_at("n += 1", [0.5, 1.5, 2.5] * ms)
    M = StateMonitor(G, "n", record=True, clock=EventClock([1, 2, 3.5] * ms), name="looked")
    net = Network(G, M)
    net.run(1 * ms)
    found = net.compile(duration=3 * ms).run({"counted.n": 10})
    net.run(3 * ms)
    assert np.allclose(found.looked.t / ms, [1, 2, 3.5]) and list(found.looked.n[0]) == [10, 11, 12]
    assert list(M.n[0]) == [1, 2, 3]
