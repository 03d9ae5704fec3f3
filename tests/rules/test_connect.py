"""R46–R50, R63, R68: which synapses `connect` makes, in which order. Nothing is compiled, so one target is enough."""
import numpy as np
import pytest

from brainsim import DimensionMismatchError, NeuronGroup, Synapses, ms, mV, run

pytestmark = pytest.mark.one_target


def pairs(pre=5, post=4, source_part=None, **rule):
    source, target = NeuronGroup(pre, "x : 1\nk : integer"), NeuronGroup(post, "y : 1\nk : integer")
    source.x, source.k, target.y = "i", "i", "10*i"
    S = Synapses(source[source_part] if source_part else source, target)
    S.connect(**rule)
    return list(zip(map(int, S.i), map(int, S.j)))


FULL = [(i, j) for i in range(5) for j in range(4)]


@pytest.mark.feature("connect: condition")
@pytest.mark.parametrize("condition", [
    "i != j", "i == j", "i < j and j > 1", "i < 2 or j > 2", "not (i == j)", "abs(i - j) <= 1", "(i + j) % 2 == 0",
    "x_pre > 2", "y_post >= 20",
    "x_pre*10 == y_post", "i != j and x_pre > 1 and y_post < 30", "True", "False", "N_pre - 1 - i == j", "i // 2 == j",
    "int(i/2) == j", "k_pre == j"])
def test_condition_selects_pairs_in_order_of_i_then_j(condition):
    names = {"N_pre": 5, "N_post": 4}
    expected = [(i, j) for i, j in FULL if eval(condition, {}, {**names, "i": i, "j": j, "x_pre": i, "y_post": 10 * j,
                                                                "k_pre": i})]
    assert pairs(condition=condition) == expected


@pytest.mark.feature("connect: all pairs")
def test_no_argument_connects_all():
    assert pairs() == FULL
    assert pairs(condition=True) == FULL
    assert pairs(condition=False) == []


@pytest.mark.feature("connect: generator over j")
@pytest.mark.parametrize("generator", [
    "k for k in range(N_post) if k != i", "k for k in range(i, N_post)", "k for k in range(0, N_post, 2)",
    "k for k in range(3, -1, -1)",
    "k for k in range(3, -1, -2) if k != i", "(k + i) % N_post for k in range(2)",
    "k for k in range(i) if k < N_post and y_post > 0",
    "k*2 for k in range(2)", "k for k in range(2, 2)"])
def test_generator_over_j_goes_by_i_then_by_its_own_order(generator):
    expr, rest = generator.split(" for k in ")
    inner, _, condition = rest.partition(" if ")
    expected = []
    for i in range(5):
        names = {"N_post": 4, "i": i}
        for k in eval(inner, {}, names):
            j = eval(expr, {}, {**names, "k": k})
            if not condition or eval(condition, {}, {**names, "k": k, "y_post": 10 * j}):
                expected.append((i, j))
    assert pairs(j=generator) == expected


@pytest.mark.feature("connect: one partner")
def test_single_target_per_source():
    assert pairs(j="i", skip_if_invalid=True) == [(0, 0), (1, 1), (2, 2), (3, 3)]
    assert pairs(j="(i + 1) % N_post") == [(0, 1), (1, 2), (2, 3), (3, 0), (4, 1)]
    assert pairs(j="0 if i > 2") == [(3, 0), (4, 0)]


@pytest.mark.feature("connect: generator over i")
def test_generator_over_i_goes_by_j_first():
    assert pairs(i="k for k in range(2)") == [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2), (0, 3), (1, 3)]
    assert pairs(i="j") == [(0, 0), (1, 1), (2, 2), (3, 3)]
    assert pairs(i="k for k in range(5) if k == j") == [(0, 0), (1, 1), (2, 2), (3, 3)]


@pytest.mark.feature("connect: arrays")
def test_arrays_keep_their_order():
    assert pairs(i=[3, 0, 3], j=[1, 1, 0]) == [(3, 1), (0, 1), (3, 0)]
    assert pairs(i=2, j=[0, 1]) == [(2, 0), (2, 1)]
    assert pairs(i=np.arange(3), j=3) == [(0, 3), (1, 3), (2, 3)]
    assert pairs(i=[1, 0], j=[0, 1], n=2) == [(1, 0), (1, 0), (0, 1), (0, 1)]
    assert pairs(i=[], j=[]) == []


@pytest.mark.feature("connect: arrays")
@pytest.mark.parametrize("kind", ["int8", "int16", "int32", "int64", "uint8", "uint32", "uint64"])
def test_every_whole_number_type_is_an_index(kind):
    assert pairs(i=np.array([1, 2], kind), j=np.array([0, 1], kind)) == [(1, 0), (2, 1)]


@pytest.mark.feature("connect: several per pair")
def test_n_synapses_per_pair():
    assert pairs(2, 2, n=2) == [(0, 0), (0, 0), (0, 1), (0, 1), (1, 0), (1, 0), (1, 1), (1, 1)]
    assert pairs(2, 3, n="j") == [(0, 1), (0, 2), (0, 2), (1, 1), (1, 2), (1, 2)]
    assert pairs(3, 3, j="i", n=2) == [(0, 0), (0, 0), (1, 1), (1, 1), (2, 2), (2, 2)]


@pytest.mark.feature("connect: all pairs")
def test_every_call_adds():
    G = NeuronGroup(3, "v : 1")
    S = Synapses(G, G, "w : 1")
    S.connect(i=0, j=1)
    S.w = 5
    S.connect(i=0, j=1)
    assert (list(S.i), list(S.w)) == ([0, 0], [5, 0])


@pytest.mark.feature("order of synapses")
def test_whole_matrix_fits_the_order_of_a_full_connection():
    G, H = NeuronGroup(2, "v : 1"), NeuronGroup(3, "v : 1")
    S = Synapses(G, H, "w : 1")
    S.connect()
    W = np.arange(6).reshape(2, 3)
    S.w = W.flatten()
    assert all(S.w[i, j] == W[i, j] for i in range(2) for j in range(3))


@pytest.mark.feature("connect: skip_if_invalid")
@pytest.mark.parametrize("rule", [{"j": "i + 1"}, {"j": "k for k in range(-1, 2)"}, {"i": "j - 1"},
                                  {"i": [5], "j": [0]}, {"i": 0, "j": -1}, {"i": [0], "j": [4]}])
def test_index_out_of_range_is_refused_and_nothing_is_made(rule):
    source, target = NeuronGroup(5, "v : 1", threshold="v > 1"), NeuronGroup(4, "v : 1")
    S = Synapses(source, target, on_pre="v_post += 1")
    with pytest.raises(IndexError, match="out of range"):
        S.connect(**rule)
    S.connect(i=0, j=0)
    run(0.1 * ms)
    assert len(S) == 1


@pytest.mark.feature("connect: skip_if_invalid")
def test_pairs_out_of_range_are_left_out_on_request():
    assert pairs(j="i + 1", skip_if_invalid=True) == [(0, 1), (1, 2), (2, 3)]
    assert pairs(i="j - 1", skip_if_invalid=True) == [(0, 1), (1, 2), (2, 3)]
    assert pairs(j="k for k in range(i - 1, i + 2) if k != i", skip_if_invalid=True)[:3] == [(0, 1), (1, 0), (1, 2)]


def test_condition_is_checked_before_the_range():
    """There is neither clipping nor wrapping: `if` protects."""
    assert pairs(j="i + 1 if i < 3") == [(0, 1), (1, 2), (2, 3)]


@pytest.mark.feature("connect: fractions as indices")
@pytest.mark.parametrize("expression, values", [("int(i/2)", [0, 0, 1, 1, 2]), ("i//2", [0, 0, 1, 1, 2]),
                                                ("i/2", [0, 0, 1, 1, 2]),
                                                ("int(0.5 - i) + 3", [3, 3, 2, 1, 0]),
                                                ("(0 - i)//2 + 2", [2, 1, 1, 0, 0]), ("(i - 3) % 4", [1, 2, 3, 0, 1]),
                                                ("int(i > 2)", [0, 0, 0, 1, 1])])
def test_int_truncates_and_floor_division_floors(expression, values):
    """A float index is truncated (Brian's compiled targets make no synapses at all, silently)."""
    assert pairs(j=expression) == list(enumerate(values))


@pytest.mark.feature("connect: generator over j")
@pytest.mark.parametrize("generator", ["k for k in range(j)", "k for k in range(y_post)", "k for k in range(0, j + 1)"])
def test_range_depends_on_the_neuron_it_starts_from_only(generator):
    with pytest.raises((ValueError, TypeError)):
        pairs(j=generator)


@pytest.mark.feature("connect: generator over j")
@pytest.mark.parametrize("generator", ["k for k in range(x_pre)", "k for k in range(i/2)", "k for k in range(2.5)"])
def test_range_of_floats_is_refused(generator):
    with pytest.raises(TypeError, match="whole numbers"):
        pairs(j=generator)


def test_range_may_depend_on_source_variables():
    assert pairs(j="k for k in range(k_pre)", skip_if_invalid=True)[:4] == [(1, 0), (2, 0), (2, 1), (3, 0)]


def test_names_are_those_of_the_caller():
    here = 2
    assert pairs(condition="i == 0 and j < 2", n="1") == [(0, 0), (0, 1)]
    G = NeuronGroup(3, "v : 1")
    S = Synapses(G, G)
    S.connect(condition="i == here")
    assert set(S.i) == {here}
    T = Synapses(G, G)
    T.connect(condition="i == here", namespace={"here": 1})
    assert set(T.i) == {1}


def test_subgroups_count_from_their_own_first_neuron():
    assert pairs(6, 4, source_part=slice(2, 4), condition="i == j") == [(0, 0), (1, 1)]
    assert pairs(6, 4, source_part=slice(2, 4), condition="x_pre == 3") == [(1, j) for j in range(4)]
    assert pairs(6, 4, source_part=slice(2, 4), j="k for k in range(N_pre)") == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_condition_through_a_subexpression_of_the_target():
    source, target = NeuronGroup(2, "v : 1"), NeuronGroup(3, "x : 1\nfar = near + 1 : 1\nnear = 2*x : 1")
    target.x = "i"
    S = Synapses(source, target)
    S.connect(condition="far_post > 2", p=1)
    assert list(S.j) == [1, 2, 1, 2]


def test_parts_of_groups_as_indices():
    G = NeuronGroup(6, "v : 1")
    S = Synapses(G, G)
    S.connect(i=G[1:3], j=G[4:6])
    assert list(zip(S.i, S.j)) == [(1, 4), (2, 5)]


@pytest.mark.feature("multisynaptic_index")
def test_multisynaptic_index_counts_over_all_calls():
    G = NeuronGroup(3, "v : 1")
    S = Synapses(G, G, "w : 1", multisynaptic_index="k")
    S.connect(i=0, j=1, n=2)
    S.connect(i=[0, 1], j=[1, 1])
    assert list(S.k) == [0, 1, 2, 0]
    S.w = "10*k"
    assert S.w[0, 1, 2] == 20
    assert list(S.w[0, 1, :]) == [0, 10, 20]


@pytest.mark.feature("connect: arrays")
@pytest.mark.parametrize("rule, error", [
    (dict(condition="i", ), TypeError), (dict(condition="k for k in range(3)"), ValueError),
    (dict(condition="i==j", i=1, j=1), ValueError),
    (dict(i=1), ValueError), (dict(j=1), ValueError), (dict(i="j", j="i"), ValueError),
    (dict(j="k for k in range(3)", p=0.1), ValueError),
    (dict(i=[0.5], j=[1]), TypeError), (dict(i=[True], j=[0]), TypeError), (dict(i=[[0, 1]], j=[[0, 1]]), ValueError),
    (dict(i=[0, 1], j=[0, 1, 2]), ValueError),
    (dict(i=0, j=0, skip_if_invalid=True), ValueError), (dict(n=1.5), TypeError), (dict(n=-1), ValueError),
    (dict(i=[0], j=[0], n="i"), TypeError),
    (dict(p=3 * mV), DimensionMismatchError), (dict(p="3*mV"), DimensionMismatchError),
    (dict(condition="i == 3*mV"), DimensionMismatchError),
    (dict(j="3*mV"), DimensionMismatchError), (dict(condition="nowhere > 3"), KeyError),
    (dict(condition="w > 3"), (KeyError, ValueError)),
    (dict(j="k for k in range(0, 3, 0)"), ValueError), (dict(p="nowhere"), KeyError),
    (dict(condition="i = j"), SyntaxError), (dict(j="i == j"), TypeError),
    (dict(condition=5), TypeError), (dict(condition="N_incoming > 1"), ValueError)])
def test_connections_that_make_no_sense_are_refused(rule, error):
    G = NeuronGroup(4, "v : 1")
    S = Synapses(G, G, "w : 1")
    with pytest.raises(error) as caught:
        S.connect(**rule)
    assert "Error" not in str(caught.value)
    assert len(S) == 0
    S.connect(j="i")
    assert len(S) == 4


@pytest.mark.feature("before connect")
@pytest.mark.parametrize("model", ["w : 1", "i : 1"])
def test_writing_before_connect_is_refused(model):
    G = NeuronGroup(4, "v : 1")
    if model == "i : 1":
        with pytest.raises(SyntaxError):
            Synapses(G, G, model)
        return
    S = Synapses(G, G, model)
    with pytest.raises(TypeError, match="no synapses yet"):
        S.w = 1
    S.connect()
    S.w = 1


@pytest.mark.feature("before connect")
def test_running_before_connect_is_refused_and_no_synapses_are_fine():
    G = NeuronGroup(4, "v : 1", threshold="v > 1")
    S = Synapses(G, G, on_pre="v += 1")
    with pytest.raises(TypeError, match="no synapses"):
        run(0.1 * ms)
    S.connect(condition="False")
    run(0.1 * ms)
    assert len(S) == 0
