"""R1–R8: what happens when in a time step."""
import numpy as np
import pytest

from brainsim import (
    Hz,
    Network,
    NetworkOperation,
    NeuronGroup,
    PoissonGroup,
    PoissonInput,
    PopulationRateMonitor,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    run,
)


@pytest.mark.feature("when and order")
def test_default_places_of_all_objects():
    G = NeuronGroup(2, "dv/dt = -v/(5*ms) : 1\nx : 1\ns = rand() : 1 (constant over dt)", threshold="v > 1",
                    reset="v = 0",
                    events={"high": "v > 2"}, name="g")
    G.run_regularly("x += 1")
    G.run_on_event("high", "v = 0")
    S = Synapses(G, G, "dw/dt = -w/ms : 1 (clock-driven)\nx_post = w : 1 (summed)", on_pre="v += w", on_post="w += 1",
                 name="s")
    S.connect()
    net = Network(G, S, SpikeMonitor(G, name="spikes"), SpikeMonitor(G[:1], name="part"),
                  StateMonitor(G, "v", record=True, name="trace"),
                  PopulationRateMonitor(G, name="rate"), PoissonGroup(1, 10 * Hz, name="p"),
                  PoissonInput(G, "v", 1, 10 * Hz, 0.1),
                  SpikeGeneratorGroup(1, [0], [1] * ms, name="gen"), NetworkOperation(lambda: None, name="op"))
    rows = [line.split() for line in net.scheduling_summary().splitlines()]
    assert [(name, slot, int(order)) for name, slot, order, _ in rows] == [
        ("g_subexpression_update", "before_start", 0),
        ("g_run_regularly", "start", 0), ("trace", "start", 0), ("op", "start", 0),
        ("s_summed_variable_x_post", "groups", -1), ("g_stateupdater", "groups", 0), ("s_stateupdater", "groups", 0),
        ("g_spike_thresholder", "thresholds", 0), ("p", "thresholds", 0), ("gen", "thresholds", 0),
        ("spikes", "thresholds", 1), ("part", "thresholds", 2),
        ("g_high_thresholder", "after_thresholds", 0),
        ("s_pre", "synapses", -1), ("poissoninput", "synapses", 0), ("s_post", "synapses", 1),
        ("g_spike_resetter", "resets", 0), ("g_high_resetter", "after_resets", 0), ("rate", "end", 0)]


def test_slots_run_in_order_each_framed_by_before_and_after():
    G = NeuronGroup(1, "x : 1", name="g")
    slots = [f"{frame}{slot}" for slot in ("start", "groups", "thresholds", "synapses", "resets", "end")
             for frame in ("before_", "", "after_")]
    for k, slot in enumerate(slots):
        G.run_regularly(f"x = int(x == {k})*{k + 1}", when=slot)
    run(0.1 * ms)
    assert G.x[0] == len(slots)


@pytest.mark.one_target
def test_unknown_slot_is_refused():
    G = NeuronGroup(1, "x : 1")
    M = StateMonitor(G, "x", record=True, when="strat")
    with pytest.raises(KeyError, match="did you mean 'start'"):
        run(0.1 * ms)
    M.when = "start"
    run(0.1 * ms)
    assert len(M.t) == 1


@pytest.mark.feature("schedule of a network")
@pytest.mark.one_target
@pytest.mark.parametrize("schedule, error", [("start", TypeError), ([1, 2], TypeError),
                                             (["start", "after_x"], ValueError)])
def test_schedule_that_is_none_is_refused(schedule, error):
    net = Network()
    with pytest.raises(error):
        net.schedule = schedule
    net.schedule = ["groups", "start"]
    assert net.schedule == ["groups", "start"]
    net.schedule = None
    assert net.schedule[0] == "start"


@pytest.mark.feature("schedule of a network")
def test_schedule_of_a_network_is_followed():
    G = NeuronGroup(1, "dx/dt = 1/ms : 1", name="g")
    M = StateMonitor(G, "x", record=True)
    net = Network(G, M)
    net.schedule = ["groups", "thresholds", "synapses", "resets", "start", "end"]
    net.run(0.3 * ms)
    assert M.x[0] == pytest.approx([0.1, 0.2, 0.3])


@pytest.mark.feature("when and order")
def test_order_then_age_decide_within_a_slot():
    G = NeuronGroup(1, "x : 1", name="g")
    G.run_regularly("x = 10*x + 1", name="zebra", order=-1)
    G.run_regularly("x = 10*x + 2", name="b_10")
    G.run_regularly("x = 10*x + 3", name="b_2")
    G.run_regularly("x = 10*x + 4", name="a", order=1)
    run(0.1 * ms)
    assert G.x[0] == 1234          # b_10 was made before b_2


@pytest.mark.feature("threshold")
def test_spike_is_stamped_with_the_start_of_its_step():
    G = NeuronGroup(1, "dv/dt = 1/ms : 1", threshold="v >= 0.25", reset="v = 0", method="euler")
    S = SpikeMonitor(G, "v")
    run(1 * ms)
    assert S.t / ms == pytest.approx([0.2, 0.5, 0.8])
    assert S.v == pytest.approx([0.3] * 3)      # the value after the update, before the reset


def test_slow_drive_spikes_one_step_before_the_round_time():
    G = NeuronGroup(1, "dv/dt = 1/(10*ms) : 1", threshold="v >= 1 - 1e-9", reset="v = 0", method="euler")
    S = SpikeMonitor(G)
    run(20 * ms)
    assert S.t / ms == pytest.approx([9.9, 19.9])


def test_earliest_spike_is_at_zero():
    G = NeuronGroup(1, "v : 1", threshold="v < 1")
    S = SpikeMonitor(G)
    run(0.1 * ms)
    assert list(S.t / ms) == [0]


@pytest.mark.feature("recorded values")
def test_state_monitor_sees_the_step_before_its_update():
    G = NeuronGroup(1, "dv/dt = 1/ms : 1", threshold="v >= 0.25", reset="v = 0", method="euler")
    before = StateMonitor(G, "v", record=True)
    after = StateMonitor(G, "v", record=True, when="after_thresholds")
    run(0.4 * ms)
    assert before.t / ms == pytest.approx([0, 0.1, 0.2, 0.3])
    assert before.v[0] == pytest.approx([0, 0.1, 0.2, 0])
    assert after.v[0] == pytest.approx([0.1, 0.2, 0.3, 0.1])


def test_zero_delay_acts_in_the_same_step():
    G = NeuronGroup(2, "dv/dt = drive/ms : 1\ndrive : 1", threshold="v >= 0.25", reset="v = 0", method="euler")
    G.drive = [1, 0]
    S = Synapses(G, G, on_pre="v += 0.1")
    S.connect(i=0, j=1)
    M = StateMonitor(G, "v", record=1)
    run(0.5 * ms)
    assert M.v[0] == pytest.approx([0, 0, 0, 0.1, 0.1])      # the spike at 0.2 ms is in the row of 0.3 ms


@pytest.mark.parametrize("reset, left", [("v = 0", 0), ("v -= 1", 0.3)])
def test_synapses_come_before_resets(reset, left):
    G = NeuronGroup(2, "v : 1", threshold="v >= 1", reset=reset)
    G.v = 1
    S = Synapses(G, G, on_pre="v += 0.3")
    S.connect(i=0, j=1)
    run(0.1 * ms)
    assert G.v[:] == pytest.approx([0, left])


@pytest.mark.feature("default names")
def test_objects_run_in_the_order_in_which_they_were_made():
    G = NeuronGroup(1, "v : 1", threshold="v < 1")
    S = Synapses(G, G, on_pre="v = v*10 + 1")
    S1 = Synapses(G, G, on_pre="v = v*10 + 2")
    assert (S.name, S1.name) == ("synapses", "synapses_1")
    S.connect()
    S1.connect()
    run(0.1 * ms)
    assert G.v[0] == 12


def test_twelve_operations_run_in_the_order_in_which_they_were_made():
    G = NeuronGroup(1, "x : 1")
    for k in range(12):
        G.run_regularly(f"x = int(x == {k})*{k + 1}")
    run(0.1 * ms)
    assert G.x[0] == 12


def test_pathways_run_in_the_order_in_which_they_are_given():
    G = NeuronGroup(1, "v : 1", threshold="v < 1")
    S = Synapses(G, G, on_pre={"b": "v = v*10 + 2", "a": "v = v*10 + 1"})
    S.connect()
    run(0.1 * ms)
    assert G.v[0] == 21


@pytest.mark.feature("pathways")
def test_order_of_a_pathway_goes_before_its_age():
    G = NeuronGroup(1, "v : 1", threshold="v < 1")
    S = Synapses(G, G, on_pre={"b": "v = v*10 + 2", "a": "v = v*10 + 1"})
    S.a.order = -2
    S.connect()
    run(0.1 * ms)
    assert G.v[0] == 12


@pytest.mark.feature("several clocks")
def test_clocks_of_equal_time_are_served_in_one_pass():
    G = NeuronGroup(1, "x : 1", dt=0.2 * ms)
    G.run_regularly("x += 1", when="before_start")
    M = StateMonitor(G, "x", record=True, dt=0.1 * ms)
    run(0.6 * ms)
    assert list(M.x[0]) == [1, 1, 2, 2, 3, 3]


def test_equal_times_are_found_in_spite_of_rounding():
    """0.3/0.1 and 3 differ in the last bit; no step may be early or late."""
    G = NeuronGroup(1, "x : 1\ny : 1", dt=0.3 * ms)
    G.run_regularly("x += 1", when="before_start")
    M = StateMonitor(G, "x", record=True, dt=0.1 * ms)
    run(30 * ms)
    assert np.array_equal(M.x[0], np.arange(300) // 3 + 1)


@pytest.mark.parametrize("name, seen", [("statemonitor", 1), ("amonitor", 1)])
def test_monitor_sees_what_runs_before_it_in_start(name, seen):
    G = NeuronGroup(1, "x : 1")
    G.run_regularly("x += 1")
    M = StateMonitor(G, "x", record=True, name=name)
    run(0.1 * ms)
    assert M.x[0, 0] == seen
