"""What groups and monitors hold, as pandas and xarray see it."""
import sys

import numpy as np
import pytest

from brainsim import (
    EventMonitor,
    Network,
    NeuronGroup,
    PopulationRateMonitor,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    mV,
)
from brainsim.errors import Unsupported


def network():
    """Three neurons that spike at given times, and one that listens; everything recorded for 1 ms."""
    source = SpikeGeneratorGroup(3, [0, 2, 0], [0.1, 0.2, 0.4] * ms, name="source")
    G = NeuronGroup(2, "dv/dt = 0*mV/ms : volt\nk : integer\nlimit : volt (shared)\nhalf = v/2 : volt", method="euler",
                    name="cells")
    G.k, G.limit = [5, 6], 9 * mV
    S = Synapses(source, G, "w : volt", on_pre="v += w", delay=0.1 * ms, name="links")
    S.connect(i=[0, 2, 2], j=[0, 0, 1])
    S.w = [1, 2, 3] * mV
    states, weights = StateMonitor(G, ["v", "half"], record=[1],
                                   name="states"), StateMonitor(S, "w", record=[0, 2], dt=0.5 * ms, name="weights")
    spikes, rate = SpikeMonitor(source, name="spikes"), PopulationRateMonitor(source, name="rate")
    net = Network(source, G, S, states, weights, spikes, rate)
    net.run(1 * ms)
    return net


@pytest.fixture
def net():
    pytest.importorskip("pandas")
    pytest.importorskip("xarray")
    return network()


def test_a_state_monitor_is_a_data_set_over_time_and_neuron(net):
    data = net["states"].to_xarray()
    assert dict(data.sizes) == {"time": 10, "neuron": 1} and data.attrs == {"name": "states", "kind": "StateMonitor"}
    assert data.v.dims == ("time", "neuron") and data.v.attrs["units"] == "volt"
    assert data.time.attrs["units"] == "second"
    assert np.array_equal(data.v.values, net["states"].v_.T) and data.half.sel(neuron=1).values[-1] == 0.0015
    assert data.time.values == pytest.approx(np.arange(10) * 1e-4) and data.neuron.values.tolist() == [1]


def test_a_state_monitor_is_a_table_with_a_row_per_time(net):
    frame = net["states"].to_pandas()
    assert frame.shape == (10, 2) and frame.index.name == "time" and list(frame.columns) == [("v", 1), ("half", 1)]
    assert frame["v"][1].iloc[-1] == 0.003
    assert frame.attrs["units"] == {"time": "second", "neuron": "1", "v": "volt", "half": "volt"}


def test_recorded_synapses_know_both_ends(net):
    data = net["weights"].to_xarray()
    assert data.w.dims == ("time", "synapse") and data.synapse.values.tolist() == [0, 2]
    assert (data.i.values.tolist(), data.j.values.tolist()) == ([0, 2], [0, 1])
    assert data.w.values.tolist() == [[0.001, 0.003]] * 2


def test_a_spike_monitor_is_a_table_with_a_row_per_spike(net):
    frame = net["spikes"].to_pandas()
    assert list(frame.columns) == ["i", "t"] and frame["i"].tolist() == [0, 2, 0]
    assert frame["t"].tolist() == pytest.approx([1e-4, 2e-4, 4e-4])
    assert frame.attrs["units"]["t"] == "second"
    data = net["spikes"].to_xarray()
    assert data.t.dims == ("event",) and data["count"].dims == ("neuron",)
    assert data["count"].values.tolist() == [2, 0, 1]


def test_a_monitor_that_only_counts_has_a_row_per_neuron():
    pytest.importorskip("pandas")
    source = SpikeGeneratorGroup(3, [0, 2, 0], [0.1, 0.2, 0.4] * ms)
    M = SpikeMonitor(source, record=False)
    Network(source, M).run(1 * ms)
    assert M.to_pandas()["count"].tolist() == [2, 0, 1]


def test_variables_recorded_at_events_come_along():
    pytest.importorskip("pandas")
    G = NeuronGroup(2, "dv/dt = 1/ms : 1", events={"high": "v > 0.15 and i == 1"}, method="euler")
    M = EventMonitor(G, "high", variables="v")
    Network(G, M).run(0.3 * ms)
    assert M.to_pandas().values.tolist() == [[1, pytest.approx(1e-4), pytest.approx(0.2)],
                                             [1, pytest.approx(2e-4), pytest.approx(0.3)]]


def test_a_rate_is_a_column_over_time(net):
    assert net["rate"].to_xarray().rate.attrs["units"] == "1/second"
    frame = net["rate"].to_pandas()
    assert frame["rate"].tolist() == net["rate"].rate_.tolist() and frame.index.values == pytest.approx(net["rate"].t_)


def test_a_group_has_a_row_per_neuron_and_shared_variables_without_dimension(net):
    frame, data = net["cells"].to_pandas(), net["cells"].to_xarray()
    assert list(frame.columns) == ["v", "k", "limit"] and frame["limit"].tolist() == pytest.approx([0.009] * 2)
    assert frame["k"].tolist() == [5, 6]
    assert data.limit.dims == () and data.k.dims == ("neuron",) and data.v.attrs["units"] == "volt"
    assert net["cells"][1:].to_pandas()["k"].tolist() == [6]


def test_synapses_have_their_ends_weights_and_delays(net):
    frame, data = net["links"].to_pandas(), net["links"].to_xarray()
    assert frame[["i", "j"]].values.tolist() == [[0, 0], [2, 0], [2, 1]]
    assert frame["w"].tolist() == [0.001, 0.002, 0.003]
    assert float(data.delay) == 1e-4 and data.delay.attrs["units"] == "second" and "i" in data.coords
    assert data.w.dims == ("synapse",)


def test_synapses_without_any_connection_are_an_empty_table():
    pytest.importorskip("pandas")
    G = NeuronGroup(2, "v : 1")
    assert Synapses(G, G, "w : 1").to_pandas().shape == (0, 3)


def test_a_network_is_a_tree_of_data_sets(net, tmp_path):
    tree = net.to_xarray()
    assert set(tree.children) == {"source", "cells", "links", "states", "weights", "spikes", "rate"}
    assert tree.attrs["t"] == pytest.approx(1e-3)
    assert tree["states"].v.shape == (10, 1)
    assert set(net.to_pandas()) == set(tree.children)


@pytest.mark.parametrize("call, message", [
    (lambda G: G.to_pandas(), "Tables need the package pandas\n  Help: pip install pandas"),
    (lambda G: G.get_states(units=False, format="pandas"),
     "Tables need the package pandas\n  Help: pip install pandas"),
    (lambda G: G.to_xarray(), "Data sets need the package xarray\n  Help: pip install xarray"),
    (lambda G: StateMonitor(G, "v", record=True).plot(),
     "Plots need the package matplotlib\n  Help: pip install matplotlib"),
])
def test_a_missing_package_is_named_with_the_command_that_installs_it(call, message, monkeypatch):
    for module in ("pandas", "xarray", "matplotlib", "matplotlib.pyplot"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(Unsupported) as caught:
        call(NeuronGroup(1, "v : 1"))
    assert str(caught.value) == message
