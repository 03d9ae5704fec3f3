"""R34–R36: named expressions."""
import numpy as np
import pytest

from brainsim import NeuronGroup, StateMonitor, Synapses, ms, run


@pytest.mark.feature("subexpressions")
def test_subexpression_is_worked_out_at_each_use():
    G = NeuronGroup(2, "v : 1\ns = 2*v + k : 1\nk : 1")
    G.k, G.v = [1, 2], 3
    assert list(G.s) == [7, 8]
    G.v = 4
    assert list(G.s) == [9, 10]
    M = StateMonitor(G, "s", record=True)
    G.run_regularly("v += 1", when="before_start")
    run(0.2 * ms)
    assert M.s.tolist() == [[11, 13], [12, 14]]


def test_subexpression_of_a_subexpression():
    G = NeuronGroup(1, "a = b + 1 : 1\nb = 2*v : 1\ndv/dt = a/ms : 1", method="euler")
    G.v = 1
    run(0.1 * ms)
    assert G.v[0] == pytest.approx(1.3)


def test_subexpression_of_another_group_is_seen_through_a_synapse():
    source = NeuronGroup(2, "v : 1\ns = 10*v : 1", threshold="t < 0.05*ms")
    target = NeuronGroup(1, "x : 1\nv = 5*x : 1")
    source.v, target.x = [1, 2], 3
    S = Synapses(source, target, "a : 1\nb : 1", on_pre="a = s_pre\nb = v_post")
    S.connect()
    run(0.1 * ms)
    assert (list(S.a), list(S.b)) == ([10, 20], [15, 15])


@pytest.mark.feature("subexpressions")
@pytest.mark.one_target
def test_subexpression_cannot_be_assigned():
    G = NeuronGroup(1, "v : 1\ns = 2*v : 1", threshold="v > 1", reset="s = 1")
    with pytest.raises(TypeError, match="'s' is a subexpression"):
        G.s = 1
    with pytest.raises(SyntaxError, match="'s' is a subexpression"):
        run(0.1 * ms)


@pytest.mark.feature("(constant over dt)")
def test_constant_over_dt_holds_for_the_step():
    """Worked out before the monitor and run_regularly of that step; every use agrees."""
    G = NeuronGroup(1, "v : 1\ns = 2*v : 1 (constant over dt)\na : 1\nb : 1")
    G.v = 1
    G.run_regularly("v += 1\na = s", when="before_groups")
    G.run_regularly("b = s", when="end")
    M = StateMonitor(G, ["s", "v"], record=True, when="after_end")
    run(0.3 * ms)
    assert list(M.s[0]) == [2, 4, 6]
    assert list(M.v[0]) == [2, 3, 4]
    assert G.a[0] == G.b[0] == 6


def test_constant_over_dt_draws_once_per_step():
    G = NeuronGroup(50, "r = rand() : 1 (constant over dt)\na : 1\nb : 1")
    G.run_regularly("a = r\nb = r")
    M = StateMonitor(G, "r", record=True)
    run(0.2 * ms)
    assert np.array_equal(G.a, G.b)
    assert np.array_equal(M.r[:, 1], G.a)
    assert not np.any(M.r[:, 0] == M.r[:, 1])


@pytest.mark.feature("(constant over dt)")
@pytest.mark.one_target
def test_random_subexpression_needs_the_flag():
    G = NeuronGroup(1, "r = rand() : 1")
    with pytest.raises(SyntaxError, match="constant over dt"):
        run(0.1 * ms)


def test_frozen_nonlinear_term_leaves_the_equation_exact():
    G = NeuronGroup(1, "dv/dt = (s - v)/(2*ms) : 1\ns = x**3 : 1 (constant over dt)\nx : 1")
    G.x = 2
    run(2 * ms)
    assert G.state_updater is not None
    assert G._update.method == "exact"
    assert G.v[0] == pytest.approx(8 * (1 - np.exp(-1)))


@pytest.mark.feature("repeated and cyclic definitions")
@pytest.mark.one_target
def test_cycle_of_subexpressions_is_refused():
    with pytest.raises(ValueError):
        NeuronGroup(1, "a = b : 1\nb = a : 1")


@pytest.mark.feature("(shared)")
def test_shared_subexpression_and_parameter_have_one_value():
    G = NeuronGroup(3, "k : 1 (shared)\ns = 2*k : 1 (shared)\nx : 1")
    G.k = 4
    G.run_regularly("x = s + i")
    G.run_regularly("k += 1", when="end")
    run(0.2 * ms)
    assert list(G.x) == [10, 11, 12]
    assert (G.k[:], G.s[:]) == (6, 12)


@pytest.mark.one_target
def test_shared_lines_take_shared_names_only():
    with pytest.raises(SyntaxError, match="has a value per element"):
        NeuronGroup(3, "x : 1\ns = 2*x : 1 (shared)")
    G2 = NeuronGroup(3, "x : 1\nk : 1 (shared)")
    with pytest.raises(SyntaxError):
        G2.k = "x"
    with pytest.raises(IndexError):
        G2.k[0:2]


@pytest.mark.one_target
def test_shared_variable_is_not_written_by_single_neurons():
    G = NeuronGroup(3, "x : 1\nk : 1 (shared)", threshold="x > 1", reset="k += 1")
    with pytest.raises(SyntaxError, match="'k' cannot be written"):
        run(0.1 * ms)


@pytest.mark.feature("(shared)")
def test_shared_writes_come_before_writes_per_element():
    G = NeuronGroup(3, "x : 1\nk : 1 (shared)")
    G.run_regularly("k += 1\nx = k + i")
    run(0.2 * ms)
    assert (G.k[:], list(G.x)) == (2, [2, 3, 4])


@pytest.mark.one_target
def test_shared_write_after_a_write_per_element_is_refused():
    G = NeuronGroup(3, "x : 1\nk : 1 (shared)")
    G.run_regularly("x = i\nk += 1")
    with pytest.raises(SyntaxError):
        run(0.2 * ms)


@pytest.mark.one_target
def test_shared_write_that_depends_on_elements_is_refused():
    G = NeuronGroup(3, "x : 1\nk : 1 (shared)")
    G.run_regularly("k = x")
    with pytest.raises(SyntaxError, match="cannot depend on 'x'"):
        run(0.2 * ms)


def test_shared_draw_is_one_for_all():
    G = NeuronGroup(5, "k = rand() : 1 (shared, constant over dt)\nx : 1\nq : 1 (shared)")
    G.run_regularly("q = rand()\nx = k")
    run(0.1 * ms)
    assert len(set(G.x)) == 1
    assert 0 < G.x[0] < 1
    assert 0 < G.q[:] < 1


def test_frozen_subexpressions_are_worked_out_in_order_of_use():
    G = NeuronGroup(1, "a = b + 1 : 1 (constant over dt)\nb = c*2 : 1\nc = v : 1 (constant over dt)\nv : 1")
    G.v = 3
    M = StateMonitor(G, "a", record=True)
    run(0.1 * ms)
    assert M.a[0, 0] == 7
