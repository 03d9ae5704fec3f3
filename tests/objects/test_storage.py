"""How synapses are stored: how many bytes each takes, and that working on a piece at a time gives the same numbers."""
import tracemalloc

import numpy as np
import pytest

from brainsim import *
from brainsim.objects.groups import group
from brainsim.objects.groups.random_state import random_state
from brainsim.objects.synapses import candidates, connect
from brainsim.objects.synapses.rows import Rows, in_order, rows_by_count, rows_of


def synapses(n_pre: int = 60, n_post: int = 80, model: str = "w : 1", on_pre: str = "g_post += w",
             **more: object) -> Synapses:
    source = NeuronGroup(n_pre, "dv/dt = 1/ms : 1\nx : 1", threshold="v > 1", reset="v = 0", method="euler")
    target = NeuronGroup(n_post, "g : 1\ny : 1")
    source.x, target.y = "rand()", "rand()"
    source.v = "rand()"
    made = Synapses(source, target, model, on_pre=on_pre, **more)
    made.add_attribute("groups")
    made.groups = source, target
    return made


# -- rows --------------------------------------------------------------------------------------------------------------
INDICES = [[], [0], [0, 0, 2, 2, 2, 5], [5, 0, 5, 2, 2, 0, 0], [3] * 9]


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_rows_stand_for_the_index_of_every_synapse(index):
    index = np.array(index, np.int32) + 10
    rows = rows_of(index, 10, 6)
    assert rows.index().tolist() == index.tolist() and len(rows) == len(index)
    assert (rows.ids is None) == in_order(index)
    some = np.array([k for k in (0, 3, 1, 5) if k < len(index)], int)
    assert rows[some].tolist() == index[some].tolist()
    assert [rows.of(np.array([k])).tolist() for k in range(6)] == [np.flatnonzero(index == 10 + k).tolist()
                                                                   for k in range(6)]
    assert rows.counts(20).tolist() == np.bincount(index, minlength=20).tolist()


def test_consecutive_synapses_of_rows_are_the_same_as_any():
    index = np.repeat([0, 3, 4, 9], [5, 1, 100, 7]).astype(np.int32)
    rows = rows_of(index, 0, 12)
    for begin, end in [(0, 113), (0, 1), (4, 6), (5, 6), (6, 106), (105, 113), (112, 113)]:
        assert rows[np.arange(begin, end)].tolist() == index[begin:end].tolist()


def test_rows_are_sorted_a_piece_at_a_time_in_the_order_of_synapses(monkeypatch):
    monkeypatch.setattr("brainsim.objects.synapses.rows.PIECE", 16)
    index = np.random.default_rng(1).integers(10, size=1000).astype(np.int32)
    assert rows_of(index, 0, 10).ids.tolist() == np.argsort(index, kind="stable").tolist()


def test_rows_cannot_be_written_by_those_who_share_them():
    with pytest.raises(ValueError):
        rows_by_count(np.array([1, 2])).starts[0] = 1


def test_more_synapses_than_numbers_for_them_are_refused():
    with pytest.raises(ValueError, match="too many synapses"):
        rows_by_count(np.array([2**31, 5]))


# -- pieces ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("size", [1, 7, 100, 10**6])
def test_chosen_pairs_are_the_running_sum_of_geometric_gaps_however_they_are_cut(size):
    seed(5)
    found = np.concatenate(list(candidates.bernoulli(5000, 0.3, size)))
    after = random_state.host.random()
    seed(5)
    gaps = random_state.host.geometric(0.3, size=int(5000 * 0.3 * 1.05 + 64))
    sums = np.cumsum(gaps) - 1
    assert found.tolist() == sums[sums < 5000].tolist()
    assert after == random_state.host.random()


RULES = [dict(), dict(p=0.2), dict(condition="i != j"), dict(condition="i != j", p=0.2), dict(condition="rand() < 0.3"),
         dict(p="0.3*x_pre*y_post"),
         dict(condition="rand() < 0.5", p="rand()"), dict(j="k for k in range(N_post) if rand() < 0.1"),
         dict(j="k for k in sample(N_post, p=0.1)"),
         dict(i="k for k in sample(N_pre, p=x_post) if k != j".replace("x_post", "y_post")),
         dict(j="k for k in sample(N_post, size=4)"),
         dict(j="int(k*rand()) for k in sample(N_post, p=0.3) if rand() < 0.5"), dict(j="i"), dict(p=0.1, n=3),
         dict(condition="i == j", n="int(rand()*4)"),
         dict(i=np.arange(60)[::-1].copy(), j=np.arange(60), p=0.5), dict(i=np.arange(60), j=np.arange(60), p="x_pre")]


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_the_size_of_pieces_changes_no_synapse_and_no_value(rule, monkeypatch):
    def made() -> list[object]:
        start_scope()
        seed(3)
        s = synapses()
        s.connect(**rule)
        s.w = "rand() + i + 2*x_pre*y_post"
        first = [s.i[:].tolist(), s.j[:].tolist(), s.w[:].tolist()]
        s.w = "rand()*rand()"
        s.w["i < 7"] = "rand()"
        return [*first, s.w[:].tolist(), float(random_state.host.random())]

    large = made()
    for module in (connect, group):
        for name in ("PIECE", "pieces"):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, 50 if name == "PIECE"
                                    else lambda n, size=50: (slice(k, min(n, k + 50)) for k in range(0, n, 50)))
    assert made() == large


def test_a_value_that_reads_itself_elsewhere_is_taken_from_before_the_assignment():
    g = NeuronGroup(5, "x : 1\nlink : 1 (linked)")
    g.x = "i"
    g.link = linked_var(g, "x", index=[4, 3, 2, 1, 0])
    g.x = "link + 1"
    assert g.x[:].tolist() == [5, 4, 3, 2, 1]


# -- the index of the source -------------------------------------------------------------------------------------------
def test_synapses_in_the_order_of_the_source_keep_no_index_of_it():
    s = synapses()
    s.connect(p=0.3)
    assert isinstance(s._pairs.index("pre"), Rows) and s._pairs.index("pre").ids is None
    assert s.i[:].tolist() == s.pre_index.tolist() == sorted(s.i[:])


def test_connecting_again_keeps_the_order_of_making(target):
    s = synapses()
    s.connect(i=[1, 2], j=[0, 1])
    s.connect(i=[0, 2, 5], j=[3, 4, 5])
    s.w = [1, 2, 3, 4, 5]
    run(0 * ms)
    assert s.i[:].tolist() == [1, 2, 0, 2, 5] and s.j[:].tolist() == [0, 1, 3, 4, 5]
    assert s.w[2, :].tolist() == [2, 4] and s.N_outgoing_pre[:6].tolist() == [1, 1, 2, 0, 0, 1]
    s.connect(i=5, j=79)
    run(0 * ms)
    assert s.i[:].tolist() == [1, 2, 0, 2, 5, 5] and s.w[:].tolist() == [1, 2, 3, 4, 5, 0]


@pytest.mark.parametrize("order", ["ascending", "any"])
def test_parts_of_groups_are_counted_from_their_first_neuron(order, target):
    g = NeuronGroup(50, "v : 1\ng : 1", threshold="v > 0.5", reset="v = 0")
    g.v[12] = 1
    s = Synapses(g[10:20], g[30:50], "w : 1", on_pre="g_post += w + 0*v_pre", on_post={"back": "w += 1"})
    i, j = np.array([2, 2, 3]), np.array([0, 5, 1])
    s.connect(i=i if order == "ascending" else i[::-1], j=j if order == "ascending" else j[::-1])
    s.w = "10*i + j"
    run(0.2 * ms)
    assert np.flatnonzero(g.g[:]).tolist() == [30, 35] and g.g[35] == 25
    assert sorted(s.i[:]) == [2, 2, 3] and s.pre_index.min() == 12


def test_a_program_that_reads_the_source_of_each_synapse_gets_its_index(target):
    source, target_ = NeuronGroup(4, "x : 1"), NeuronGroup(3, "total : 1")
    source.x = "i + 1"
    s = Synapses(source, target_, "total_post = x_pre*w : 1 (summed)\nw : 1")
    s.connect()
    s.w = 1
    run(0.1 * ms)
    assert target_.total[:].tolist() == [10, 10, 10]


def test_store_and_restore_bring_back_which_neurons_are_joined(target):
    s = synapses()
    s.connect(p=0.2)
    s.w = "rand()"
    net = Network(s, *s.groups)
    net.run(0 * ms)
    net.store("first")
    before, w = s.i[:].tolist(), s.w[:].tolist()
    s.connect(p=0.1)
    net.run(0.1 * ms)
    net.store("second")
    net.restore("first")
    net.run(0 * ms)
    assert s.i[:].tolist() == before and s.w[:].tolist() == w
    net.restore("second")
    net.run(0 * ms)
    assert s.i[:len(before)].tolist() == before and len(s) > len(before)


# -- bytes -------------------------------------------------------------------------------------------------------------
MANY = 5_000_000
RULE_BYTES = {"p": (dict(p=0.1), 12), "all": (dict(), 12), "condition": (dict(condition="i != j", p=0.1), 12),
              "generator": (dict(j="k for k in range(100)"), 12)}


@pytest.mark.parametrize("rule", RULE_BYTES)
def test_a_static_synapse_with_its_own_weight_takes_twelve_bytes_at_the_peak(rule):
    arguments, most = RULE_BYTES[rule]
    side = {"p": 7071, "condition": 7071, "all": 2236, "generator": 50_000}[rule]
    s = synapses(side, side)
    tracemalloc.start()
    try:
        s.connect(**arguments)
        s.w = "rand()"
        s._pre_pathway().prepare()
        assert len(s) > 0.9 * MANY
        assert tracemalloc.get_traced_memory()[1] / len(s) <= 1.1 * most
    finally:
        tracemalloc.stop()


def test_a_list_in_any_order_takes_four_bytes_more():
    s = synapses(10_000, 10_000)
    rng = np.random.default_rng(2)
    i, j = rng.integers(10_000, size=(2, MANY))
    tracemalloc.start()
    try:
        s.connect(i=i, j=j)
        s.w = 1
        s._pre_pathway().prepare()
        # user's own array, checked, is turned into 32 bits
        assert tracemalloc.get_traced_memory()[1] / len(s) <= 1.1 * 16 + 4
    finally:
        tracemalloc.stop()
