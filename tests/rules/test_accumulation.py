"""R27–R30: several events at once, and statements in order."""
import numpy as np
import pytest

from brainsim import NeuronGroup, SpikeGeneratorGroup, Synapses, ms, run


def test_events_act_in_the_order_of_their_sources():
    source = SpikeGeneratorGroup(3, [2, 1, 0], [0, 0, 0] * ms)
    G = NeuronGroup(1, "v : 1")
    S = Synapses(source, G, "w : 1", on_pre="v = v*10 + w")
    S.connect(i=[2, 1, 0], j=0)
    S.w = [1, 2, 3]
    run(0.1 * ms)
    assert G.v[0] == 321


def test_synapses_of_one_neuron_act_in_the_order_they_were_made():
    source = SpikeGeneratorGroup(2, [0, 1], [0, 0] * ms)
    G = NeuronGroup(1, "v : 1")
    S = Synapses(source, G, "w : 1", on_pre="v = v*10 + w")
    S.connect(i=[1, 0, 1, 0], j=0)
    S.w = [1, 2, 3, 4]
    run(0.1 * ms)
    assert G.v[0] == 2413


def test_of_two_events_arriving_together_the_one_under_way_longer_acts_first():
    source = SpikeGeneratorGroup(2, [1, 0], [0, 0.1] * ms)
    G = NeuronGroup(1, "v : 1")
    S = Synapses(source, G, "w : 1", on_pre="v = v*10 + w")
    S.connect(i=[0, 1], j=0)
    S.w = [1, 2]
    S.delay = [0.1, 0.2] * ms
    run(0.3 * ms)
    assert G.v[0] == 21


def test_contributions_accumulate_and_assignments_keep_the_last():
    source = SpikeGeneratorGroup(3, [0, 1, 2], [0, 0, 0] * ms)
    G = NeuronGroup(1, "v : 1\nu : 1")
    S = Synapses(source, G, "w : 1", on_pre="v += w\nu = w")
    S.connect()
    S.w = [1, 10, 100]
    run(0.1 * ms)
    assert (G.v[0], G.u[0]) == (111, 100)


def test_several_synapses_of_a_pair_all_act():
    source = SpikeGeneratorGroup(1, [0], [0] * ms)
    G = NeuronGroup(2, "v : 1")
    S = Synapses(source, G, on_pre="v += 1")
    S.connect(i=[0, 0, 0], j=[0, 1, 0])
    S.connect(i=0, j=1, n=3)
    run(0.1 * ms)
    assert list(G.v) == [2, 4]


def test_all_statements_of_an_event_come_before_the_next_event():
    source = SpikeGeneratorGroup(2, [0, 1], [0, 0] * ms)
    G = NeuronGroup(1, "v : 1")
    S = Synapses(source, G, "w : 1", on_pre="v += 1\nw = v")
    S.connect()
    run(0.1 * ms)
    assert list(S.w) == [1, 2]


@pytest.mark.feature("writing presynaptic variables")
def test_pre_variables_can_be_written():
    G = NeuronGroup(2, "c : 1\nv : 1", threshold="t < 0.05*ms")
    S = Synapses(G, G, on_pre="c_pre += 1", on_post="c_pre += 10")
    S.connect(i=[0, 0, 1], j=[0, 1, 0])
    run(0.1 * ms)
    assert list(G.c) == [22, 11]


@pytest.mark.feature("reset")
def test_reset_statements_run_in_order_and_see_new_values():
    G = NeuronGroup(1, "v : 1\nu : 1\ns = 2*v : 1", threshold="v < 5", reset="u = s\nv = 10\nu += s")
    G.v = 3
    run(0.1 * ms)
    assert (G.v[0], G.u[0]) == (10, 26)


@pytest.mark.feature("run_regularly")
def test_regular_statements_run_in_order_and_see_new_values():
    G = NeuronGroup(2, "v : 1\nu : 1\nw : 1\ns = 2*v : 1")
    G.v = [1, 2]
    G.run_regularly("u = s; v = 10; w = s")
    run(0.1 * ms)
    assert (list(G.u), list(G.w)) == ([2, 4], [20, 20])


def test_repeated_subexpressions_are_not_confused_by_writes_between():
    """v*v is worked out anew after v has changed, however the program is optimised."""
    G = NeuronGroup(2, "v : 1\na : 1\nb : 1")
    G.v = [2, 3]
    G.run_regularly("a = v*v + 1\nv = a\nb = v*v + 1")
    run(0.1 * ms)
    assert list(G.b) == [26, 101]


@pytest.mark.feature("reset")
def test_reset_acts_on_the_neurons_that_spiked():
    G = NeuronGroup(4, "v : 1", threshold="v > 1", reset="v = -i")
    G.v = [2, 0, 3, 1]
    run(0.1 * ms)
    assert np.array_equal(G.v, [0, 0, -2, 1])


@pytest.mark.feature("statements")
@pytest.mark.parametrize("op, result", [("+=", 9), ("-=", 5), ("*=", 14), ("/=", 3.5), ("//=", 3), ("%=", 1),
                                        ("**=", 49)])
def test_augmented_assignments(op, result):
    G = NeuronGroup(1, "v : 1")
    G.v = 7
    G.run_regularly(f"v {op} 2")
    run(0.1 * ms)
    assert G.v[0] == result
