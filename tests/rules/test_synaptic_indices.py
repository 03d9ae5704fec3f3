"""Reading and writing synaptic variables by neuron, by number and by string."""
import numpy as np
import pytest

from brainsim import DimensionMismatchError, Network, NeuronGroup, StateMonitor, Synapses, ms, mV, volt

pytestmark = pytest.mark.one_target


@pytest.fixture
def S():
    G, H = NeuronGroup(3, "v : 1\nx : 1"), NeuronGroup(4, "u : 1")
    G.x = [5, 6, 7]
    made = Synapses(G, H, "w : 1\ny : volt\nn : integer\nk : 1 (shared)")
    made.connect(condition="i != j")      # 0: 1 2 3, 1: 0 2 3, 2: 0 1 3
    made.w = "10*i + j"
    return made


@pytest.mark.feature("indices of synaptic variables")
@pytest.mark.parametrize("item, expected", [
    ((0, 1), [1]), ((0, slice(None)), [1, 2, 3]), ((slice(None), 3), [3, 13, 23]),
    ((slice(0, 2), slice(2, 4)), [2, 3, 12, 13]), ((0, 0), []),
    (([0, 2], 1), [1, 21]), ((-1, -1), [23]), (4, 12), ([0, 4], [1, 12]), (slice(3, 5), [10, 12]),
    ("i == 1", [10, 12, 13]), ("x_pre > 5 and j == 3", [13, 23]),
    ("w > 20", [21, 23]), (slice(None), [1, 2, 3, 10, 12, 13, 20, 21, 23])])
def test_reading(S, item, expected):
    assert np.array_equal(np.asarray(S.w[item]), expected)


@pytest.mark.feature("indices of synaptic variables")
def test_writing(S):
    S.w[0, :] = 100
    S.w["i == 1"] = "w + 0.5"
    S.w[2, [0, 3]] = [7, 8]
    assert list(S.w) == [100, 100, 100, 10.5, 12.5, 13.5, 7, 21, 8]
    S.n[0] = 7.9
    assert S.n[0] == 7


def test_writing_with_units(S):
    S.y = 3 * mV
    S.y[1, :] = "(j + 1)*mV"
    assert np.array(S.y / mV) == pytest.approx([3, 3, 3, 1, 3, 4, 3, 3, 3])
    S.y_ = 2
    assert S.y[0] == 2 * volt


@pytest.mark.parametrize("item, error", [(9, IndexError), ((0, 0, 0), IndexError), (0.5, TypeError),
                                         ((0.5, 1), TypeError), ("w", TypeError), ("w > volt", DimensionMismatchError),
                                         ("nothing > 3", KeyError)])
def test_indices_out_of_place_are_refused(S, item, error):
    with pytest.raises(error):
        S.w[item]
    with pytest.raises(error):
        S.w[item] = 3
    assert S.w[0] == 1


@pytest.mark.parametrize("item", [(3, 0), (0, 4)])
def test_neurons_that_do_not_exist_have_no_synapses_to_read_and_none_to_set(S, item):
    assert len(S.w[item]) == 0
    with pytest.raises(IndexError, match="out of range"):
        S.w[item] = 3


@pytest.mark.parametrize("value, error", [([1, 2], ValueError), (3 * mV, DimensionMismatchError),
                                          ("3*mV", DimensionMismatchError), ("nothing", KeyError),
                                          ("x_pre = 3", SyntaxError), (np.zeros(10), ValueError), ({}, TypeError)])
def test_values_that_do_not_fit_are_refused(S, value, error):
    with pytest.raises(error):
        S.w = value
    assert S.w[0] == 1


def test_other_variables_are_read_through_a_synapse(S):
    assert list(S.x_pre[:]) == list(S.x_pre_) == [5, 5, 5, 6, 6, 6, 7, 7, 7]
    S.v_pre["j == 0"] = 2
    S.u = "i + 1"
    assert list(S.source.v) == [0, 2, 2]
    assert list(S.target.u) == [3, 3, 2, 3]
    with pytest.raises(AttributeError):
        S.y_pre
    with pytest.raises(AttributeError):
        S.y_pre = 3


def test_recording_chosen_synapses(S):
    M = StateMonitor(S, "w", record=S[1, :])
    Network(S.source, S.target, S, M).run(0.1 * ms)
    assert M.w[:, 0].tolist() == [10, 12, 13]


@pytest.mark.feature("indices of synaptic variables")
def test_chosen_synapses_expire_with_a_new_connection(S):
    chosen = S[0, :]
    S.connect(i=0, j=0)
    with pytest.raises((RuntimeError, IndexError), match="changed"):
        StateMonitor(S, "w", record=chosen)
    StateMonitor(S, "w", record=S[0, :])


@pytest.mark.feature("shared, linked, constant synaptic parameters")
def test_shared_synaptic_variable(S):
    S.k = 4
    assert S.k[:] == 4
    with pytest.raises(IndexError):
        S.k[0] = 5
