"""Synapses, inputs and monitors, as scripts use them."""
import numpy as np
import pytest

from brainsim import (
    Hz,
    Network,
    NeuronGroup,
    PopulationRateMonitor,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    linked_var,
    ms,
    mV,
)
from brainsim.errors import Unsupported


@pytest.mark.feature("on_event")
def test_a_pathway_may_listen_to_an_event_of_its_own(target):
    G = NeuronGroup(2, "v : 1", threshold="i == 0 and t < dt/2", reset="", events={"other": "i == 1 and t < dt/2"})
    H = NeuronGroup(2, "u : 1")
    S = Synapses(G, H, on_pre={"first": "u += 1", "second": "u += 10"}, on_event={"second": "other"})
    S.connect(j="i")
    Network(G, H, S).run(0.2 * ms)
    assert list(H.u) == [1, 10]


@pytest.mark.feature("values of new synapses")
def test_new_synapses_begin_at_zero_and_old_ones_keep_their_values():
    G = NeuronGroup(2, "v : 1")
    S = Synapses(G, G, "w : volt")
    S.connect(i=0, j=[0, 1])
    S.w = [1, 2] * mV
    S.connect(i=1, j=1)
    assert list(S.w / mV) == [1, 2, 0]


@pytest.mark.feature("synapses onto synapses")
def test_synapses_act_on_synapses(target):
    source = SpikeGeneratorGroup(1, [0], [0] * ms)
    G = NeuronGroup(3, "v : 1")
    S = Synapses(G, G, "w : 1")
    S.connect(j="i")
    T = Synapses(source, S, on_pre="w_post += 2")
    T.connect(i=0, j=[0, 2])
    Network(source, G, S, T).run(0.2 * ms)
    assert list(S.w) == [2, 0, 2]


@pytest.mark.feature("shared, linked, constant synaptic parameters")
def test_synaptic_parameters_may_be_shared_constant_or_linked(target):
    source = SpikeGeneratorGroup(1, [0], [0] * ms)
    G = NeuronGroup(2, "v : 1\ngain : 1")
    G.gain = [3, 4]
    S = Synapses(source, G, "w : 1 (constant)\nk : 1 (shared)\ng : 1 (linked)\nat : integer", on_pre="v += w*k*g")
    S.connect()
    S.at = "j"
    S.w, S.k, S.g = 2, 10, linked_var(G, "gain", index="at")
    Network(source, G, S).run(0.2 * ms)
    assert list(G.v) == [60, 80]


@pytest.mark.feature("on_pre and on_post")
def test_code_runs_at_events_of_either_side(target):
    G = SpikeGeneratorGroup(1, [0], [0] * ms)
    H = NeuronGroup(2, "u : 1", threshold="i == 1 and t > 0.15*ms and t < 0.25*ms", reset="")
    S = Synapses(G, H, "w : 1", on_pre="w += 1; u_post += w", on_post="w *= 5")
    S.connect()
    Network(G, H, S).run(0.4 * ms)
    assert list(S.w) == [1, 5] and list(H.u) == [1, 1]
    assert (S.pre.when, S.pre.order, S.post.order) == ("synapses", -1, 1)


@pytest.mark.feature("refractory targets")
def test_a_write_to_a_refractory_neuron_is_dropped(target):
    source = SpikeGeneratorGroup(1, [0, 0], [0.5, 3] * ms)
    G = NeuronGroup(2, "dv/dt = 0/ms : 1 (unless refractory)", threshold="i == 0 and t < dt/2", reset="",
                    refractory=1 * ms, method="euler")
    S = Synapses(source, G, on_pre="v += 1")
    S.connect()
    Network(source, G, S).run(4 * ms)
    assert list(G.v) == [1, 2]


@pytest.mark.feature("slot of a monitor")
def test_the_slot_of_a_monitor_decides_what_it_sees(target):
    G = NeuronGroup(1, "dv/dt = 1/ms : 1", threshold="v > 0.15", reset="v = 0", method="euler")
    early, middle, late = (StateMonitor(G, "v", record=0, when=w) for w in ("start", "after_thresholds", "end"))
    Network(G, early, middle, late).run(0.2 * ms)
    assert [list(np.round(m.v[0], 3)) for m in (early, middle, late)] == [[0, 0.1], [0.1, 0.2], [0.1, 0]]
    with pytest.raises(KeyError):
        Network(H := NeuronGroup(1, "v : 1"), StateMonitor(H, "v", record=0, when="nowhere")).run(0 * ms)


@pytest.mark.feature("spike trains and values by neuron")
def test_spikes_come_by_neuron_silent_ones_too(target):
    G = SpikeGeneratorGroup(3, [0, 2, 0], [1, 2, 3] * ms)
    M = SpikeMonitor(G)
    bare = SpikeMonitor(G, record=False)
    Network(G, M, bare).run(4 * ms)
    trains = M.spike_trains()
    assert {k: list(np.round(t / ms, 3)) for k, t in trains.items()} == {0: [1, 3], 1: [], 2: [2]}
    assert list(M.all_values()["t"][2] / ms) == pytest.approx([2]) and list(M.values("t")[1]) == []
    with pytest.raises(AttributeError):
        bare.spike_trains()


@pytest.mark.feature("emptying a monitor")
def test_a_monitor_cannot_be_emptied():
    G = SpikeGeneratorGroup(1, [0], [0] * ms)
    with pytest.raises(NotImplementedError):
        SpikeMonitor(G).reinit()
    with pytest.raises(Unsupported):
        PopulationRateMonitor(G).reinit()


@pytest.mark.feature("recorded subexpressions, i and shared variables")
def test_what_is_no_state_is_recorded_too(target):
    G = NeuronGroup(2, "dv/dt = 1/ms : 1\ntwice = 2*v : 1\nk : 1 (shared)", method="euler")
    G.k = 7
    M = StateMonitor(G, ["twice", "k", "i"], record=True)
    Network(G, M).run(0.2 * ms)
    assert M.twice.tolist() == [[0, 0.2], [0, 0.2]] and M.k.tolist() == [[7, 7], [7, 7]]
    assert M.i.tolist() == [[0, 0], [1, 1]]


@pytest.mark.feature("binned_rate")
def test_rates_in_bins_are_counts_over_the_length_of_the_bin(target):
    G = SpikeGeneratorGroup(2, [0, 0, 1, 0], [0, 0.9, 1, 2.1] * ms)
    rate, spikes = PopulationRateMonitor(G), SpikeMonitor(G)
    Network(G, rate, spikes).run(2.5 * ms)
    starts, rates = rate.binned_rate(1 * ms)
    assert starts / ms == pytest.approx([0, 1]) and rates / Hz == pytest.approx([1000, 500])
    starts, each = spikes.binned_rate(1 * ms)
    assert starts / ms == pytest.approx([0, 1]) and np.allclose(each / Hz, [[2000, 0], [0, 1000]])
    for monitor in (rate, spikes):
        with pytest.raises(ValueError, match="whole number"):
            monitor.binned_rate(0.25 * ms)
