"""Runs and clocks: steps are whole numbers, whatever the splitting, the dt or the length."""
import numpy as np
import pytest

from brainsim import (
    Clock,
    DimensionMismatchError,
    Network,
    NeuronGroup,
    SpikeMonitor,
    StateMonitor,
    defaultclock,
    magic_network,
    ms,
    network_operation,
    run,
    second,
    us,
)


def counter(**more):
    G = NeuronGroup(1, "x : 1", **more)
    G.run_regularly("x += 1", when="end")
    return G


def test_run_of_n_steps_makes_n_steps():
    G = counter()
    run(1 * second)
    assert G.x[0] == 10000
    assert magic_network.t == 1 * second


@pytest.mark.feature("boundaries of runs")
def test_run_boundaries_repeat_no_step():
    G = counter()
    made = []
    for _ in range(4):
        before = G.x[0]
        run(0.15 * ms)
        made.append(G.x[0] - before)
    assert made == [2, 1, 2, 1]


@pytest.mark.feature("several runs")
@pytest.mark.parametrize("dt", [0.1, 0.01, 1 / 3, 0.025])
def test_many_short_runs_are_one_long_run(dt):
    defaultclock.dt = dt * ms
    G = counter()
    for k in range(1, 101):
        run(dt * ms)
        assert G.x[0] == k


@pytest.mark.feature("run")
@pytest.mark.one_target
def test_negative_run_is_refused_and_zero_prepares():
    G = counter()
    with pytest.raises(ValueError, match="cannot be negative"):
        run(-1 * ms)
    run(0 * ms)
    assert (G.x[0], magic_network.t) == (0, 0 * ms)
    with pytest.raises(DimensionMismatchError, match="'duration' must be a time"):
        run(1)
    with pytest.raises(DimensionMismatchError):
        run(1 * second**2)
    run(0.1 * ms)
    assert G.x[0] == 1


@pytest.mark.parametrize("pieces", [(10,), (1,) * 10, (0.5, 0.5, 9), (0.1,) * 100, (3, 7)])
def test_slow_clock_ticks_at_multiples_for_any_splitting(pieces):
    G = NeuronGroup(1, "n : 1\nlast_time : second")
    G.run_regularly("n += 1; last_time = t", dt=2 * ms)
    for piece in pieces:
        run(piece * ms)
    assert (G.n[0], G.last_time[0] / ms) == (5, pytest.approx(8))


def test_very_slow_clock_ticks_once():
    G = NeuronGroup(1, "n : 1")
    G.run_regularly("n += 1", dt=100 * second)
    for _ in range(5):
        run(0.1 * ms)
    assert G.n[0] == 1


def test_slow_clock_is_not_early_among_fast_ones():
    """A hundred-thousandth of the slow step is a whole fast step."""
    slow, fast = NeuronGroup(1, "last_time : second"), counter(dt=0.1 * ms)
    slow.run_regularly("last_time = t", dt=1.5 * second)
    M = StateMonitor(slow, "last_time", record=True, dt=0.1 * ms, when="end")
    run(1.5 * second)
    assert (fast.x[0], M.last_time.max() / ms) == (15000, 0)
    run(0.1 * ms)
    assert slow.last_time[0] == 1.5 * second


@pytest.mark.feature("several clocks")
@pytest.mark.parametrize("dt", [0.1 * ms, 0.3 * ms, 7 * us, 1 / 3 * ms])
def test_clocks_of_several_dt_meet_at_common_times(dt):
    fast, slow = counter(dt=dt), counter(dt=10 * dt)
    M = StateMonitor(fast, "x", record=True, dt=10 * dt, when="before_start")
    run(1000 * dt)
    assert (fast.x[0], slow.x[0]) == (1000, 100)
    assert np.array_equal(M.x[0], np.arange(100) * 10)


@pytest.mark.feature("dt and clock of a group", "Clock")
def test_clock_can_be_shared_and_changed():
    clock = Clock(dt=0.5 * ms)
    G, H = counter(clock=clock), counter(clock=clock)
    run(2 * ms)
    assert (G.x[0], H.x[0]) == (4, 4)
    clock.dt = 1 * ms
    run(2 * ms)
    assert (G.x[0], clock.t / ms, clock.timestep) == (6, pytest.approx(4), 4)


@pytest.mark.feature("dt and clock of a group")
@pytest.mark.one_target
def test_dt_or_clock_but_not_both():
    with pytest.raises(ValueError, match="either dt or clock"):
        NeuronGroup(1, "", dt=1 * ms, clock=defaultclock)
    with pytest.raises(TypeError):
        NeuronGroup(1, "", clock=1 * ms)
    with pytest.raises(DimensionMismatchError):
        NeuronGroup(1, "", dt=1)
    for dt in (0 * ms, -1 * ms):
        with pytest.raises(ValueError):
            NeuronGroup(1, "", dt=dt)
    with pytest.raises(DimensionMismatchError):
        defaultclock.dt = 3


@pytest.mark.feature("defaultclock")
def test_default_clock_counts_also_when_set_after_making():
    G = counter()
    defaultclock.dt = 0.5 * ms
    run(2 * ms)
    assert G.x[0] == 4
    assert G.dt / ms == pytest.approx(0.5)


@pytest.mark.feature("another dt between runs")
def test_dt_may_change_at_a_multiple_of_the_new_one():
    G = counter()
    run(1 * ms)
    defaultclock.dt = 0.25 * ms
    run(1 * ms)
    assert G.x[0] == 14
    defaultclock.dt = 0.3 * ms
    with pytest.raises(ValueError, match="cannot change to 0.0003"):
        run(0.3 * ms)
    defaultclock.dt = 0.25 * ms
    run(0.25 * ms)
    assert G.x[0] == 15


def test_new_simulation_takes_any_dt():
    def third():
        G = counter()
        defaultclock.dt = 1 / 3 * ms
        run(1 / 3 * ms)
        return G

    third()
    defaultclock.dt = 0.1 * ms
    G = counter()
    run(0.3 * ms)
    assert G.x[0] == 3


@pytest.mark.one_target
def test_two_clocks_of_one_name_are_refused():
    G, H = counter(clock=Clock(dt=0.5 * ms, name="c")), counter(clock=Clock(dt=0.1 * ms, name="c"))
    with pytest.raises(ValueError, match="Two clocks"):
        run(1 * ms)
    H.clock.name = "d"
    run(1 * ms)
    assert (G.x[0], H.x[0]) == (2, 10)


def test_equal_clocks_of_one_group_are_apart():
    G = NeuronGroup(1, "x : 1\ny : 1")
    G.run_regularly("x += 1", dt=0.5 * ms)
    G.run_regularly("y += 1", dt=0.5 * ms)
    run(1 * ms)
    assert (G.x[0], G.y[0]) == (2, 2)


def test_long_simulated_times_are_exact():
    """Counters are 64 bits wide: begin at step 2^31 - 2 and at a time of 1e6 s."""
    defaultclock.dt = 0.5 * ms
    G = NeuronGroup(1, "x : second\nn : 1", threshold="t_in_timesteps % 2 == 0", refractory=0.5 * ms)
    G.run_regularly("x = t; n = t_in_timesteps")
    M = SpikeMonitor(G)
    net = Network(G, M)
    start = 2**31 - 2
    net.run(0 * ms)
    net._t = start * 0.5e-3
    net.run(2 * ms)
    assert G.n[0] == start + 3
    assert G.x[0] / second == (start + 3) * 0.5e-3
    assert np.array_equal(M.t / second, np.array([start, start + 2]) * 0.5e-3)


def test_difference_of_times_is_exact_after_a_million_seconds():
    G = NeuronGroup(1, "gap : second", threshold="t_in_timesteps % 3 == 1", reset="gap = t - lastspike",
                    refractory=0.1 * ms)
    G.run_regularly("gap = t - lastspike", when="before_groups")
    M = StateMonitor(G, "gap", record=True, when="end")
    net = Network(G, M)
    net.run(0 * ms)
    net._t = 1e6
    net.run(1 * ms)
    assert M.gap[0, 2] / ms == pytest.approx(0.2, abs=1e-6)      # 1e6 s in double precision: 1e-10 s


@pytest.mark.one_target
def test_running_leaves_global_settings_alone():
    G = counter(dt=0.3 * ms)
    run(3 * ms)
    assert G.x[0] == 10
    assert defaultclock.dt / ms == pytest.approx(0.1)


def test_operation_sees_the_time_of_its_step():
    G = counter()
    seen = []

    @network_operation(dt=0.2 * ms)
    def look(t):
        seen.append((t / ms, magic_network.t / ms, G.t / ms, G.x[0]))

    run(0.6 * ms)
    assert seen == [pytest.approx((0, 0, 0, 0)), pytest.approx((0.2, 0.2, 0.2, 2)), pytest.approx((0.4, 0.4, 0.4, 4))]
