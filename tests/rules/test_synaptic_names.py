"""R31–R33: what names mean in synaptic code."""
import numpy as np
import pytest

from brainsim import NeuronGroup, SpikeGeneratorGroup, Synapses, ms, run


@pytest.mark.feature("names in synaptic code")
def test_bare_name_is_the_targets():
    source = NeuronGroup(1, "x : 1", threshold="t < 0.05*ms")
    target = NeuronGroup(1, "x : 1\ny : 1")
    source.x, target.x = 1, 2
    S = Synapses(source, target, "w : 1", on_pre="w = x\ny = x_pre")
    S.connect()
    run(0.1 * ms)
    assert (S.w[0], target.y[0]) == (2, 1)


@pytest.mark.feature("names in synaptic code")
@pytest.mark.one_target
def test_bare_name_of_the_source_is_unknown():
    source = NeuronGroup(1, "only : 1", threshold="t < 0.05*ms")
    target = NeuronGroup(1, "x : 1")
    S = Synapses(source, target, on_pre="x += only")
    S.connect()
    with pytest.raises(KeyError, match="write only_pre") as error:
        run(0.1 * ms)
    assert "x += only\n         ^^^^" in str(error.value)


@pytest.mark.feature("names that clash")
@pytest.mark.one_target
def test_synaptic_variable_of_a_neurons_name_is_refused():
    G = NeuronGroup(1, "x : 1", threshold="x > 1")
    with pytest.raises(ValueError, match="'x' is already a variable"):
        Synapses(G, G, "x : 1")


def test_i_and_j_count_within_the_subgroups():
    G = NeuronGroup(10, "v : 1", threshold="t < 0.05*ms")
    S = Synapses(G[2:5], G[5:8], "a : integer\nb : integer", on_pre="a = i\nb = j")
    S.connect(j="i")
    run(0.1 * ms)
    assert list(S.i) == list(S.j) == list(S.a) == list(S.b) == [0, 1, 2]


@pytest.mark.feature("indices and counts of synapses")
def test_sizes_in_synaptic_code():
    G = NeuronGroup(10, "v : 1", threshold="t < 0.05*ms")
    S = Synapses(G[2:5], G[5:7], "a : 1\nb : 1\nc : 1", on_pre="a = N_pre\nb = N_post\nc = N")
    S.connect(i=[0, 1], j=[0, 1])
    run(0.1 * ms)
    assert (list(S.a), list(S.b), list(S.c)) == ([3, 3], [2, 2], [2, 2])


@pytest.mark.feature("indices and counts of synapses")
def test_incoming_and_outgoing_count_all_synapses():
    source = SpikeGeneratorGroup(3, [0, 1, 2], [0, 0, 0] * ms)
    target = NeuronGroup(2, "x : 1")
    S = Synapses(source, target, "a : 1\nb : 1", on_pre="a = N_incoming\nb = N_outgoing")
    S.connect(i=[0, 0, 1, 2], j=[0, 1, 1, 1])
    run(0.1 * ms)
    assert list(S.N_incoming) == list(S.a) == [1, 3, 3, 3]
    assert list(S.N_outgoing) == list(S.b) == [2, 2, 1, 1]
    assert (list(S.N_incoming_post), list(S.N_outgoing_pre)) == ([1, 3], [2, 1, 1])


def test_incoming_can_normalise_a_weight():
    source = SpikeGeneratorGroup(3, [0, 1, 2], [0, 0, 0] * ms)
    target = NeuronGroup(2, "x : 1")
    S = Synapses(source, target, "w : 1", on_pre="x += w")
    S.connect(i=[0, 1, 2, 2], j=[0, 0, 0, 1])
    S.w = "1.0/N_incoming"
    run(0.1 * ms)
    assert np.array(target.x) == pytest.approx([1, 1])


@pytest.mark.feature("names in synaptic code")
@pytest.mark.parametrize("written, read", [("x", "x_post"), ("x_post", "x")])
def test_under_its_other_name_a_variable_has_the_value_from_before_the_code(written, read):
    source, target = SpikeGeneratorGroup(2, [0, 1], [0, 0] * ms), NeuronGroup(1, "x : 1")
    target.x = 1
    S = Synapses(source, target, "other : 1\nsame : 1", on_pre=f"{written} += 10\nother = {read}\nsame = {written}")
    S.connect()
    run(0.1 * ms)
    assert target.x == 21
    assert list(S.other) == [1, 11] and list(S.same) == [11, 21]


@pytest.mark.one_target
def test_a_variable_is_not_written_under_two_names():
    source, target = SpikeGeneratorGroup(1, [0], [0] * ms), NeuronGroup(1, "x : 1")
    S = Synapses(source, target, on_pre="x += 1\nx_post += 1")
    S.connect()
    with pytest.raises(SyntaxError, match="one variable"):
        run(0.1 * ms)
