"""Subgroups and linked variables."""
import pytest

from brainsim import DimensionMismatchError, NeuronGroup, StateMonitor, Synapses, linked_var, ms, mV, run


@pytest.mark.feature("what subgroups can do")
@pytest.mark.one_target
def test_part_is_a_view_that_counts_from_zero():
    G = NeuronGroup(10, "v : volt\nn : integer")
    A = G[3:7]
    assert (len(A), A.N, list(A.i)) == (4, 4, [0, 1, 2, 3])
    A.v = 5 * mV
    A.n = "i"
    A.v[1] = 7 * mV
    A.v["n == 3"] = "i*mV"
    assert G.v / mV == pytest.approx([0, 0, 0, 5, 7, 5, 3, 0, 0, 0])
    assert list(G.n) == [0, 0, 0, 0, 1, 2, 3, 0, 0, 0]
    assert A[1:3].v / mV == pytest.approx([7, 5])
    A.v += 1 * mV
    assert A.v / mV == pytest.approx([6, 8, 6, 4])
    G[8:].v = "(i + 1)*mV"
    assert G.v[8:] / mV == pytest.approx([1, 2])
    assert len(G[2]) == len(G[[5]]) == 1
    assert len(G[[3, 4, 5]]) == 3
    assert len(G[-3:]) == 3
    assert len(G[5:100]) == 5


@pytest.mark.feature("subgroups")
@pytest.mark.one_target
@pytest.mark.parametrize("item, error", [(slice(None, None, 2), IndexError), ([1, 3], IndexError), (-1, IndexError),
                                         (slice(5, 5), IndexError), (10, IndexError),
                                         ([], IndexError), (0.5, TypeError), ("i > 3", TypeError),
                                         ([3, 2], IndexError)])
def test_parts_with_gaps_or_empty_are_refused(item, error):
    G = NeuronGroup(10, "v : volt")
    with pytest.raises(error):
        G[item]


@pytest.mark.one_target
def test_part_of_a_part_is_a_slice():
    G = NeuronGroup(10, "v : 1")
    with pytest.raises(TypeError):
        G[2:5][1]
    G.v = "i"
    assert list(G[2:8][1:3].v) == [3, 4]


@pytest.mark.feature("run_regularly")
def test_regular_code_on_a_part():
    G = NeuronGroup(6, "x : 1\ny : 1")
    G[2:5].run_regularly("x += 1 + i; y = N")
    run(0.2 * ms)
    assert (list(G.x), list(G.y)) == ([0, 0, 2, 4, 6, 0], [0, 0, 3, 3, 3, 0])


@pytest.mark.feature("what subgroups can do")
def test_synapses_between_parts_act_on_the_right_neurons():
    G = NeuronGroup(6, "x : 1\ny : 1", threshold="i == 1 or i == 4")
    S = Synapses(G[:3], G[3:], on_pre="x_post += 1 + i", on_post="y_pre += 1 + j")
    S.connect()
    run(0.1 * ms)
    assert list(G.x) == [0, 0, 0, 2, 2, 2]
    assert list(G.y) == [2, 2, 2, 0, 0, 0]


@pytest.mark.feature("subgroups as indices")
@pytest.mark.one_target
def test_part_as_an_index():
    G = NeuronGroup(6, "x : 1")
    G.x[G[1:3]] = 4
    assert list(G.x) == [0, 4, 4, 0, 0, 0]
    assert list(G.x[G[2:4]]) == [4, 0]
    H = NeuronGroup(6, "x : 1")
    with pytest.raises(IndexError):
        G.x[H[1:3]]


@pytest.mark.feature("(linked)")
def test_link_one_to_one_reads_and_writes():
    G = NeuronGroup(3, "x : volt")
    H = NeuronGroup(3, "y : volt (linked)\nz : volt")
    G.x = "i*mV"
    H.y = linked_var(G, "x")
    assert H.y / mV == pytest.approx([0, 1, 2])
    H.y = "(i + 5)*mV"
    assert G.x / mV == pytest.approx([5, 6, 7])
    H.y[1] = 1 * mV
    assert G.x[1] == 1 * mV
    H.run_regularly("z = y; y = 2*y")
    run(0.1 * ms)
    assert (list(H.z / mV), list(G.x / mV)) == (pytest.approx([5, 1, 7]), pytest.approx([10, 2, 14]))


def test_link_from_one_element_or_a_shared_value_is_for_all():
    G, K = NeuronGroup(1, "x : 1"), NeuronGroup(5, "k : 1 (shared)")
    H = NeuronGroup(3, "a : 1 (linked)\nb : 1 (linked)\nz : 1")
    G.x, K.k = 7, 8
    H.a, H.b = linked_var(G.x), linked_var(K, "k")
    H.run_regularly("z = 10*a + b")
    run(0.1 * ms)
    assert list(H.z) == [78] * 3
    K.k = 9
    assert H.b[:] == pytest.approx(9)


@pytest.mark.feature("linked_var")
def test_link_by_an_index():
    G = NeuronGroup(2, "dx/dt = (i + 1)/ms : 1\ns = 10*x : 1", method="euler")
    H = NeuronGroup(4, "a : 1 (linked)\nb : 1 (linked)\nc : 1 (linked)\ndz/dt = a/ms : 1\nk : integer (constant)",
                    method="euler")
    H.k = [1, 0, 0, 1]
    H.a = linked_var(G, "x", index=[0, 1, 1, 0])
    H.b = linked_var(G, "s", index="k")
    H.c = linked_var(G[1:], "x")
    M = StateMonitor(H, ["a", "b", "c"], record=True)
    run(0.2 * ms)
    assert M.a[:, 1] == pytest.approx([0.1, 0.2, 0.2, 0.1])
    assert M.b[:, 1] == pytest.approx([2, 1, 1, 2])
    assert M.c[:, 1] == pytest.approx([0.2] * 4)
    assert list(H.b) == pytest.approx([4, 2, 2, 4])


def test_link_is_followed_through_synapses():
    G = NeuronGroup(2, "x : 1")
    H = NeuronGroup(2, "y : 1 (linked)", threshold="t < 0.05*ms")
    G.x = [3, 4]
    H.y = linked_var(G, "x", index=[1, 0])
    S = Synapses(H, H, "w : 1", on_pre="w = 10*y_pre + y_post")
    S.connect()
    run(0.1 * ms)
    assert list(S.w) == [44, 43, 34, 33]


@pytest.mark.feature("linked_var")
@pytest.mark.one_target
def test_links_that_cannot_be_are_refused():
    G, H = NeuronGroup(2, "x : 1\nv : volt\np : 1"), NeuronGroup(3, "y : 1 (linked)\nz : 1\nk : integer\nf : 1")
    for link, error in ((lambda: linked_var(G, "x"), ValueError),
                        (lambda: linked_var(G, "v", index=[0, 1, 0]), DimensionMismatchError),
                        (lambda: linked_var(G, "nothing"), KeyError),
                        (lambda: linked_var(G, "x", index=[0, 1, 2]), ValueError),
                        (lambda: linked_var(G, "x", index=[0, 1]), TypeError),
                        (lambda: linked_var(G, "x", index="f"), TypeError), (lambda: 3, ValueError),
                        (lambda: "z", ValueError)):
        with pytest.raises(error):
            H.y = link()
    with pytest.raises(TypeError, match="not a linked variable"):
        H.z = linked_var(G, "x", index=[0, 1, 0])
    with pytest.raises(TypeError, match="has no value yet"):
        H.y[:]
    with pytest.raises(TypeError):
        linked_var(3)


@pytest.mark.feature("linked_var")
@pytest.mark.one_target
def test_unset_link_is_refused_at_the_run_and_can_be_set_then():
    G, H = NeuronGroup(2, "x : 1"), NeuronGroup(2, "y : 1 (linked)\ndz/dt = y/ms : 1", method="euler")
    G.x = 1
    with pytest.raises(KeyError, match="'y'"):
        run(0.1 * ms)
    H.y = linked_var(G, "x")
    run(0.1 * ms)
    assert list(H.z) == pytest.approx([0.1, 0.1])


@pytest.mark.feature("(linked)")
@pytest.mark.one_target
def test_linked_takes_no_other_flag():
    with pytest.raises(SyntaxError, match="cannot be combined"):
        NeuronGroup(1, "y : 1 (linked, shared)")


@pytest.mark.feature("(linked)", "(shared)")
def test_a_shared_line_may_depend_on_a_link_to_one_value():
    for N in (1, 3):
        one, G = NeuronGroup(1, "x : 1"), NeuronGroup(N, "y = 2*x : 1 (shared)\ndz/dt = y/ms : 1\nx : 1 (linked)",
                                                      method="euler")
        one.x, G.x = 4, linked_var(one, "x")
        run(0.1 * ms)
        assert list(G.z) == pytest.approx([0.8] * N)


@pytest.mark.feature("(linked)", "(shared)")
@pytest.mark.one_target
def test_a_shared_line_cannot_depend_on_a_link_to_many_values():
    many, G = NeuronGroup(3, "x : 1"), NeuronGroup(3, "y = 2*x : 1 (shared)\nx : 1 (linked)")
    G.x = linked_var(many, "x")
    with pytest.raises(SyntaxError, match="a value per element"):
        run(0.1 * ms)
