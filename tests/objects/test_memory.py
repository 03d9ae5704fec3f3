"""`memory_estimate`: bytes counted before anything is built."""
import numpy as np
import pytest

from brainsim import *


def network(n: int = 3000) -> tuple[Network, Synapses]:
    g = NeuronGroup(n, "dv/dt = -v/(10*ms) : 1", threshold="v > 1", reset="v = 0")
    s = Synapses(g, g, "w : 1", on_pre="v_post += w")
    return Network(g, s), s


def test_a_static_synapse_counts_twelve_bytes_and_a_source_four():
    _, s = network()
    s.connect(p=0.1)
    s.w = 1
    assert int(s.memory_estimate()) == 12 * len(s) + 4 * 3001


def test_synapses_yet_to_be_made_are_counted_on_average():
    _, s = network()
    expected = int(s.memory_estimate(p=0.1))
    assert int(s.memory_estimate(synapses=10**8)) == 1_200_000_000 + 4 * 3001
    assert int(s.memory_estimate(p=0.1, n=2)) == 12 * 2 * 900_000 + 4 * 3001
    s.connect(p=0.1)
    assert int(s.memory_estimate()) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("model, on_pre, on_post, delay", [
    ("w : 1", "v_post += w", None, None), ("w : 1", "v_post += w", None, "rand()*5*ms"),
    ("w : 1\ndApre/dt = -Apre/ms : 1 (event-driven)\ndApost/dt = -Apost/ms : 1 (event-driven)",
     "v_post += w; Apre += 1; w += Apost", "Apost += 1; w += Apre", None),
    ("w : 1\ndx/dt = (v_pre - x)/ms : 1 (clock-driven)", "v_post += w*x", None, None)])
def test_the_estimate_is_what_the_arrays_of_the_program_take(model, on_pre, on_post, delay, target):
    g = NeuronGroup(2000, "dv/dt = -v/(10*ms) : 1", threshold="v > 1", reset="v = 0")
    s = Synapses(g, g, model, on_pre=on_pre, on_post=on_post, reduce="off")
    s.connect(p=0.1)
    if delay:
        s.delay = delay
    net = Network(g, s)
    expected = int(net.memory_estimate())
    net.run(0 * ms)
    arrays = {id(a): a for a in net._prepared.state.arrays.values()}
    unused = 8 * len(s) if delay else 0      # delays in seconds, beside those in steps
    assert expected == pytest.approx(sum(a.nbytes for a in arrays.values()) + unused, rel=0.02)


def test_a_run_makes_no_number_per_synapse_beside_those_counted(monkeypatch, target):
    from brainsim.objects.synapses.rows import Rows
    asked = []
    monkeypatch.setattr(Rows, "index", lambda rows: asked.append(len(rows)))
    net, s = network()
    s.connect(p=0.1)
    s.w = 1
    net.run(0.2 * ms)
    assert asked == []


def test_records_are_counted_for_a_duration():
    net, s = network(100)
    s.connect(p=0.1)
    g = net["neurongroup"]
    trace, rate, spikes = StateMonitor(g, "v", record=[1, 2, 3]), PopulationRateMonitor(g), SpikeMonitor(g)
    net.add(trace, rate, spikes)
    without, found = net.memory_estimate().by_object, net.memory_estimate(100 * ms).by_object
    assert found[trace.name] - without.get(trace.name, 0) == 1000 * (3 * 8 + 8)
    assert found[rate.name] - without[rate.name] == 1000 * 16
    assert [(line.what, line.each) for line in net.memory_estimate(1 * ms).lines
            if line.count is None] == [("t", 8), ("i", 4)]
    net.run(100 * ms)
    assert net.memory_estimate().by_object[trace.name] == found[trace.name]


def test_the_estimate_prints_as_a_table_with_a_total():
    net, s = network()
    s.connect(p=0.1)
    text = repr(net.memory_estimate())
    assert "bytes each" in text and text.splitlines()[-1].split()[0] == "total" and "MB" in text
    assert "<table>" in net.memory_estimate()._repr_html_()


def test_a_probability_and_a_number_of_synapses_exclude_each_other():
    with pytest.raises(ValueError, match="not both"):
        network()[1].memory_estimate(p=0.1, synapses=10)


def test_what_reduction_moved_is_counted_where_it_is():
    g = NeuronGroup(200, "dv/dt = -v/(10*ms) : 1", threshold="v > 1", reset="v = 0")
    s = Synapses(g, g, "dA/dt = -A/ms : 1 (event-driven)", on_pre="A += 1; v_post += A")
    s.connect()
    before = int(s.memory_estimate())
    Network(g, s).run(0 * ms)
    assert s.reduction.kind("A").startswith("pre")
    assert int(s.memory_estimate()) < before - 8 * len(s) + 8 * 10 * 200
    assert np.array_equal(s.A[:], np.zeros(len(s)))


@pytest.mark.parametrize("asked, error", [({"synapses": -1}, ValueError), ({"synapses": np.nan}, ValueError),
                                          ({"p": 2}, ValueError), ({"p": -0.1}, ValueError),
                                          ({"p": "0.1"}, TypeError), ({"p": 0.1, "n": -1}, ValueError),
                                          ({"p": 0.1, "storage": "prozedural"}, ValueError),
                                          ({"storage": "procedural"}, ValueError),
                                          ({"synapses": 10, "storage": "procedural"}, ValueError)])
def test_amounts_that_cannot_be_are_refused(asked, error):
    with pytest.raises(error, match="Found"):
        network()[1].memory_estimate(**asked)


def test_a_further_run_has_no_negative_duration():
    with pytest.raises(ValueError, match="negative"):
        network()[0].memory_estimate(-10 * second)


def test_procedural_synapses_count_their_tables_before_they_are_made():
    net, s = network()
    s2 = Synapses(s.source, s.target, "w : 1\nk : 1 (shared)", on_pre="v_post += k*w")
    asked = s2.memory_estimate(p=0.1, storage="procedural")
    s2.connect(p=0.1, storage="procedural")
    assert repr(s2.memory_estimate()) == repr(asked) and 0 < int(asked) < int(s.memory_estimate(p=0.1)) / 100
    assert int(s.memory_estimate(p=0.1, storage="stored")) == int(s.memory_estimate(p=0.1))
