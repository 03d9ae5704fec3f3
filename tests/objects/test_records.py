"""Monitors are groups: what they recorded is read by name, by number and by strings, and cannot be set."""
import numpy as np
import pytest

from brainsim import (
    Group,
    Network,
    NeuronGroup,
    PopulationRateMonitor,
    SpikeMonitor,
    StateMonitor,
    VariableView,
    ms,
    mV,
    prefs,
    volt,
)


@pytest.fixture
def recorded(target):
    prefs.codegen.target = target
    G = NeuronGroup(3, "dv/dt = 1/ms : 1\nx : volt", threshold="v > 0.35", reset="v = 0", method="euler")
    G.v, G.x = "i*0.1", "i*mV"
    records = StateMonitor(G, ["v", "x"], record=[0, 2]), SpikeMonitor(G, ["v", "x"]), PopulationRateMonitor(G)
    Network(G, *records).run(1 * ms)
    return records


def test_strings_choose_entries_of_a_record(recorded):
    states, spikes, rate = recorded
    one = 1
    assert np.allclose(spikes.t["i == one"] / ms, [0.2, 0.6]) and list(spikes.i["t > 0.55*ms"]) == [1, 0, 2]
    assert np.allclose(spikes.x["i == 2"] / mV, 2) and list(spikes.indices["i == 1"]) == [1, 4]
    assert np.allclose(states.t["t > 0.75*ms"] / ms, [0.8, 0.9]) and len(rate.rate["rate > 0*Hz"]) == spikes.num_spikes
    with pytest.raises(KeyError, match="nothing"):
        spikes.t["i == nothing"]
    assert one == 1


def test_a_record_is_a_group_with_variables(recorded):
    states, spikes, rate = recorded
    assert all(isinstance(m, Group) and isinstance(m.t, VariableView) and len(m) == m.N == len(m.t) for m in recorded)
    assert sorted(spikes.variables) == ["N", "count", "i", "t", "v", "x"]
    assert sorted(rate.variables) == ["N", "rate", "t"]
    assert spikes.x.unit is volt and spikes.t.name == "t" and states.v.shape == (2, 10)
    assert sorted(spikes.get_states()) == ["N", "count", "i", "t", "v", "x"]


def test_a_record_cannot_be_changed(recorded):
    _, spikes, _ = recorded
    with pytest.raises(TypeError, match="'t' is read-only"):
        spikes.t = [0] * ms
    with pytest.raises(TypeError, match="'i' is read-only"):
        spikes.i[0] = 1
    with pytest.raises(AttributeError, match="no variable 'foo'"):
        spikes.foo = 3


def test_without_times_the_asked_for_variables_are_kept(target):
    prefs.codegen.target = target
    G = NeuronGroup(2, "w : 1", threshold="True", reset="w += 1")
    counted = SpikeMonitor(G, variables="w", record=False)
    Network(G, counted).run(0.3 * ms)
    assert list(counted.w) == [0, 0, 1, 1, 2, 2] and list(counted.count) == [3, 3]
    with pytest.raises(AttributeError, match="keeps no times"):
        counted.t
