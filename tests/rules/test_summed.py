"""R37–R40: variables that are the sum over synapses."""
import pytest

from brainsim import DimensionMismatchError, NeuronGroup, StateMonitor, Synapses, ms, run


@pytest.mark.feature("(summed)")
def test_sum_reads_the_start_of_the_step():
    """x = 0, .1, .2, .3 gives, recorded at start, the initial value and then a lag of one step."""
    source = NeuronGroup(1, "dx/dt = 1/ms : 1", method="euler")
    target = NeuronGroup(1, "total : 1")
    target.total = 7
    S = Synapses(source, target, "total_post = x_pre : 1 (summed)")
    S.connect()
    M = StateMonitor(target, "total", record=True)
    run(0.4 * ms)
    assert M.total[0] == pytest.approx([7, 0, 0.1, 0.2])


@pytest.mark.feature("summed variables")
def test_neurons_without_synapses_become_zero():
    source = NeuronGroup(2, "x : 1")
    target = NeuronGroup(3, "total : 1")
    source.x, target.total = [1, 10], 5
    S = Synapses(source, target, "w : 1\ntotal_post = w*x_pre : 1 (summed)")
    S.connect(i=[0, 1, 1], j=[0, 0, 2])
    S.w = [1, 2, 3]
    run(0.1 * ms)
    assert list(target.total) == [21, 0, 30]
    run(0.1 * ms)
    assert list(target.total) == [21, 0, 30]       # a fresh sum each step


def test_sum_into_a_part_leaves_the_rest_alone():
    source = NeuronGroup(2, "x : 1")
    target = NeuronGroup(6, "total : 1")
    source.x, target.total = [1, 10], 5
    low = Synapses(source, target[1:3], "total_post = x_pre : 1 (summed)")
    high = Synapses(source[1:], target[3:5], "total_post = 2*x_pre : 1 (summed)")
    low.connect(i=[0, 1], j=[1, 1])
    high.connect(i=0, j=1)
    run(0.2 * ms)
    assert list(target.total) == [5, 0, 11, 0, 20, 5]


@pytest.mark.feature("summed variables")
def test_sum_into_the_source():
    source = NeuronGroup(2, "total : 1")
    target = NeuronGroup(3, "y : 1")
    target.y = [1, 2, 4]
    S = Synapses(source, target, "total_pre = y_post : 1 (summed)")
    S.connect(i=[0, 0, 1], j=[0, 1, 2])
    run(0.1 * ms)
    assert list(source.total) == [3, 4]


def test_sum_runs_on_the_clock_of_its_target():
    source = NeuronGroup(1, "x : 1", dt=0.1 * ms)
    source.run_regularly("x += 1")
    target = NeuronGroup(1, "total : 1", dt=0.3 * ms)
    S = Synapses(source, target, "total_post = x_pre : 1 (summed)", dt=0.1 * ms)
    S.connect()
    M = StateMonitor(target, "total", record=True, dt=0.1 * ms, when="end")
    run(0.6 * ms)
    assert list(M.total[0]) == [1, 1, 1, 4, 4, 4]


def test_refractoriness_does_not_block_a_sum():
    source = NeuronGroup(1, "x : 1")
    source.x = 3
    target = NeuronGroup(1, "dv/dt = total/ms : 1 (unless refractory)\ntotal : 1", threshold="v >= 0",
                         refractory=1 * ms, method="euler")
    S = Synapses(source, target, "total_post = x_pre : 1 (summed)")
    S.connect()
    run(0.3 * ms)
    assert target.total[0] == 3


def test_two_sums_in_one_object():
    G = NeuronGroup(2, "x : 1\na : 1\nb : 1")
    G.x = [1, 2]
    S = Synapses(G, G, "a_post = x_pre : 1 (summed)\nb_post = 10*x_pre : 1 (summed)")
    S.connect()
    run(0.1 * ms)
    assert (list(G.a), list(G.b)) == ([3, 3], [30, 30])


@pytest.mark.feature("summed variables")
@pytest.mark.one_target
@pytest.mark.parametrize("parts", [(slice(None), slice(None)), (slice(0, 2), slice(1, 3)), (slice(None), slice(1, 2))])
def test_two_sums_into_the_same_neurons_are_refused(parts):
    source, target = NeuronGroup(1, "x : 1"), NeuronGroup(3, "total : 1")
    first, second = (target[p] if p != slice(None) else target for p in parts)
    S1 = Synapses(source, first, "total_post = x_pre : 1 (summed)")
    S2 = Synapses(source, second, "total_post = x_pre : 1 (summed)")
    S1.connect()
    S2.connect()
    with pytest.raises((ValueError, NotImplementedError), match="both set"):
        run(0.1 * ms)


@pytest.mark.feature("summed variables")
@pytest.mark.one_target
@pytest.mark.parametrize("line, error", [
    ("total_post = x_pre*volt : volt (summed)", DimensionMismatchError), ("v_post = x_pre : 1 (summed)", ValueError),
    ("nothing_post = x_pre : 1 (summed)", ValueError), ("total = x_pre : 1 (summed)", ValueError),
    ("s_post = x_pre : 1 (summed)", ValueError),
    ("total_post = x_pre : 1 (summed)\ntotal_post = x_pre : 1 (summed)", ValueError)])
def test_sums_that_have_no_place_are_refused(line, error):
    G = NeuronGroup(1, "x : 1\ntotal : 1\ndv/dt = -v/ms : 1\ns = 2*v : 1")
    with pytest.raises(error):
        Synapses(G, G, line)


@pytest.mark.one_target
def test_sum_of_an_event_driven_variable_is_refused():
    G = NeuronGroup(1, "total : 1", threshold="t < 0*ms")
    with pytest.raises(ValueError, match="event-driven"):
        Synapses(G, G, "dA/dt = -A/ms : 1 (event-driven)\ntotal_post = A : 1 (summed)", on_pre="A += 1")


@pytest.mark.one_target
def test_sum_of_another_unit_is_refused_at_the_run():
    G = NeuronGroup(1, "x : volt\ntotal : 1")
    S = Synapses(G, G, "total_post = x_pre : 1 (summed)")
    S.connect()
    with pytest.raises(DimensionMismatchError):
        run(0.1 * ms)
