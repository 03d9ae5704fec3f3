"""Messages carry the names that Brian 2 documents, and come when it says them."""
import pytest
from brainsim.utils.logger import catch_logs

from brainsim import (
    DEFAULT_FUNCTIONS,
    BrianLogger,
    Function,
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
    get_logger,
    ms,
    prefs,
    second,
)


def names(caught):
    return [name for _, name, _ in caught if not name.endswith("unused_brian_object")]


def test_a_variable_that_hides_behind_a_function_constant_or_unit_is_told():
    G = NeuronGroup(1, "v : 1", name="hides_all")
    exp, e, ms = 3.25, 5.25, 7.25
    with catch_logs() as caught:
        G.v = "exp(0) + e*0 + ms/second"
    assert names(caught) == ["brian2.groups.group.Group.resolve.resolution_conflict"] * 3
    assert G.v[0] == pytest.approx(1.001) and (exp, e, ms) == (3.25, 5.25, 7.25)


def test_a_name_that_the_part_used_as_index_has_too_is_ambiguous():
    G = NeuronGroup(10, "v : 1")
    part = G[2:6]
    with catch_logs() as caught:
        G.v[part] = "i + N"
        G.v[2:6] = "i"
        G.v[part] = "v + 1"
    assert names(caught) == ["brian2.core.variables.ambiguous_string_expression"] * 2
    S = Synapses(G, G, "w : 1")
    S.connect()
    with catch_logs() as caught:
        S.w[part, :] = "i"
        S.w[part, :] = "v_pre"
    assert names(caught) == ["brian2.core.variables.ambiguous_string_expression"]


def test_other_steps_of_source_and_target_are_told_once_at_the_run():
    G, H = NeuronGroup(1, "v : 1", threshold="v > 1", reset="", dt=0.1 * ms), NeuronGroup(1, "u : 1", dt=0.2 * ms)
    with catch_logs() as caught:
        S = Synapses(G, H, on_pre="u += 1")
        S.connect()
        network = Network(G, H, S)
    assert names(caught) == []
    with catch_logs() as caught:
        network.run(0 * ms)
        network.run(0 * ms)
    assert names(caught) == ["brian2.synapses.synapses.synapses_dt_mismatch"]


def test_spikes_of_the_past_are_told_at_the_run_after_they_were_set():
    G = SpikeGeneratorGroup(1, [0], [0] * ms)
    network = Network(G)
    with catch_logs() as caught:
        network.run(1 * ms)
        network.run(1 * ms)
        G.set_spikes([0, 0], [0, 3] * ms)
        assert names(caught) == []
        network.run(1 * ms)
        network.run(1 * ms)
    assert names(caught) == ["brian2.input.spikegeneratorgroup.ignored_spikes"]
    assert list(G.spike_time / ms) == [0, 3] and list(G.neuron_index) == [0, 0]


def test_a_period_beyond_all_counting_is_none():
    G = SpikeGeneratorGroup(1, [0], [0] * ms, period=1e8 * second)
    with catch_logs() as caught:
        Network(G).run(0 * ms)
    assert names(caught) == ["brian2.input.spikegeneratorgroup.spikegenerator_long_period"]


def test_a_shared_variable_recorded_for_many_is_told():
    G = NeuronGroup(3, "x : 1 (shared)")
    with catch_logs() as caught:
        StateMonitor(G, "x", record=True)
        StateMonitor(G, "x", record=0)
    assert names(caught) == ["brian2.monitors.statemonitor.shared_variable"]


def test_a_hierarchy_of_brian_is_silenced():
    with catch_logs() as caught:
        get_logger("mine").warn("one", "some_topic")
        get_logger("brian2.hushed").warn("two")
        BrianLogger.suppress_hierarchy("brian2.hushed")
        get_logger("brian2.hushed").warn("three")
    assert [(name, text) for _, name, text in caught] == [("brainsim.mine.some_topic", "one"), ("brian2.hushed", "two")]


def test_a_built_in_function_can_be_replaced_and_given_back(target):
    prefs.codegen.target = target
    old = DEFAULT_FUNCTIONS["randn"]
    half = Function(lambda k: 0.5 + 0 * k, arg_units=[], return_unit=1, auto_vectorise=True, stateless=False)
    half.implementations.add_implementation("cpp", "double randn(int k) { return 0.5; }")
    DEFAULT_FUNCTIONS["randn"] = half
    try:
        G = NeuronGroup(2, "dv/dt = xi*second**-0.5 : 1\nu : 1", method="euler", dt=1 * ms)
        G.u = "randn()"
        Network(G).run(4 * ms)
    finally:
        DEFAULT_FUNCTIONS["randn"] = old
    assert list(G.u) == [0.5, 0.5] and list(G.v) == pytest.approx([4 * 0.5 * 1e-3**0.5] * 2)
    G.u = "randn()"
    assert G.u[0] != 0.5 and G.u[0] != G.u[1]


def test_what_is_not_shown_is_caught_all_the_same():
    BrianLogger.suppress_name("a_silent_topic")
    with catch_logs() as caught:
        get_logger("loud").warn("said", "a_silent_topic")
    assert names(caught) == ["brainsim.loud.a_silent_topic"]
