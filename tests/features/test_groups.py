"""Groups and their variables, as scripts use them."""
import numpy as np
import pytest

from brainsim import (
    EventMonitor,
    Network,
    NeuronGroup,
    SpikeMonitor,
    StateMonitor,
    StateUpdateMethod,
    Synapses,
    independent,
    ms,
    mV,
    second,
    volt,
)
from brainsim.errors import DimensionMismatchError, UnknownAttribute, WrongSyntax
from brainsim.integrators.choose import METHODS


def group(count: int = 4, **more) -> NeuronGroup:
    G = NeuronGroup(count, "v : volt\nn : integer\nq : boolean\ntotal : volt (shared)\ntwice = 2*v : volt", **more)
    G.v = np.arange(count) * mV
    return G


@pytest.mark.feature("NeuronGroup")
def test_the_number_of_neurons_is_made_whole():
    assert len(NeuronGroup(1.7, "v : 1")) == 1
    with pytest.raises(ValueError):
        NeuronGroup(0, "v : 1")
    with pytest.raises(TypeError):
        NeuronGroup("v : 1", 1)
    with pytest.raises(TypeError):
        NeuronGroup(1, 3.0)


@pytest.mark.feature("variables of every group")
def test_every_group_has_size_index_and_time():
    G = group(3, dt=0.5 * ms)
    assert (int(G.N), list(G.i), G.t, G.dt, int(G.t_in_timesteps)) == (3, [0, 1, 2], 0 * ms, 0.5 * ms, 0)
    for name in ("N", "i", "t", "dt"):
        with pytest.raises((TypeError, AttributeError)):
            setattr(G, name, 1)


@pytest.mark.feature("variables of every group")
def test_lastspike_comes_with_refractoriness():
    assert not hasattr(group(1), "lastspike")
    G = group(1, threshold="v > 1*volt", refractory=1 * ms)
    assert G.lastspike[0] == -1e4 * second and G.not_refractory[0]


@pytest.mark.feature("threshold")
def test_a_threshold_is_a_condition_in_a_string(target):
    for wrong in ("v", 3 * mV):
        with pytest.raises(TypeError):
            Network(NeuronGroup(1, "v : 1", threshold=wrong, reset="")).run(0 * ms)
    assert "spike" not in NeuronGroup(1, "v : 1").events


@pytest.mark.feature("reset")
def test_a_reset_needs_a_threshold():
    with pytest.raises(ValueError):
        NeuronGroup(1, "v : 1", reset="v = 0")


@pytest.mark.feature("custom events", "run_on_event")
def test_code_runs_for_the_neurons_with_the_event(target):
    G = NeuronGroup(3, "dv/dt = (i+1)/ms : 1\ncount : 1", events={"high": "v > 0.45"}, method="euler")
    G.run_on_event("high", "v = 0; count += 1")
    M = EventMonitor(G, "high")
    Network(G, M).run(0.5 * ms)
    assert list(G.count) == [1, 1, 2] and list(M.count) == [1, 1, 2] and M.num_events == 4


@pytest.mark.feature("run_on_event", "custom events")
def test_events_and_their_code_are_given_once():
    with pytest.raises(ValueError):
        NeuronGroup(1, "v : 1", threshold="v > 1", events={"spike": "v > 2"})
    with pytest.raises(TypeError):
        NeuronGroup(1, "v : 1", events={"1st": "v > 2"})
    G = NeuronGroup(1, "v : 1", events={"high": "v > 1"})
    with pytest.raises(ValueError):
        G.run_on_event("low", "v = 0")
    G.run_on_event("high", "v = 0")
    with pytest.raises(ValueError):
        G.run_on_event("high", "v = 1")


@pytest.mark.feature("set_event_schedule")
def test_the_check_of_an_event_can_be_moved(target):
    def seen(when: str) -> int:
        G = NeuronGroup(1, "dv/dt = 1/ms : 1", events={"early": "v < 0.05"}, method="euler")
        G.set_event_schedule("early", when=when)
        M = EventMonitor(G, "early")
        Network(G, M).run(0.3 * ms)
        return M.num_events

    assert (seen("before_groups"), seen("after_thresholds")) == (1, 0)
    with pytest.raises(ValueError):
        NeuronGroup(1, "v : 1").set_event_schedule("none")


@pytest.mark.feature("order of a group")
def test_the_order_of_a_group_is_that_of_its_parts():
    G = NeuronGroup(1, "dv/dt = -v/ms : 1", threshold="v > 1", reset="v = 0", order=3)
    assert {part.order for part in (G.state_updater, G.thresholder["spike"], G.resetter["spike"])} == {3}


@pytest.mark.feature("contained objects")
def test_parts_of_a_group_can_be_stopped_one_by_one(target):
    G = NeuronGroup(1, "dv/dt = 1/ms : 1", threshold="v > 0.25", reset="v = 0", method="euler")
    M = SpikeMonitor(G)
    G.resetter["spike"].active = False
    net = Network(G, M)
    net.run(0.5 * ms)
    assert M.num_spikes == 3 and G.v[0] == pytest.approx(0.5)
    G.thresholder["spike"].active = False
    net.run(0.5 * ms)
    assert M.num_spikes == 3 and G.v[0] == pytest.approx(1)
    G.state_updater.active = False
    net.run(0.5 * ms)
    assert G.v[0] == pytest.approx(1)


@pytest.mark.feature("place of an object")
def test_an_object_knows_where_and_how_often_it_runs():
    G = NeuronGroup(1, "dv/dt = -v/ms : 1", threshold="v > 1", reset="v = 0", dt=0.5 * ms)
    assert G.thresholder["spike"].when == "thresholds" and G.resetter["spike"].when == "resets"
    assert G.state_updater.when == "groups"
    assert G.clock.dt == 0.5 * ms and G.state_updater in G.contained_objects
    M = StateMonitor(G, "v", record=0, when="end", order=7)
    assert (M.when, M.order, M.clock) == ("end", 7, G.clock) and M.id != G.id


@pytest.mark.feature("reading variables")
def test_a_variable_is_read_with_or_without_unit_as_a_copy():
    G = group()
    copy = G.v[:]
    copy[0] = 5 * volt
    assert G.v[0] == 0 * volt and G.v.name == "v" and G.v.unit == volt
    assert isinstance(G.v_[:], np.ndarray) and G.v_[3] == 0.003
    with pytest.raises(AttributeError):
        G.nothing


@pytest.mark.feature("writing variables")
def test_assignment_checks_name_unit_length_and_right():
    G = group()
    with pytest.raises(DimensionMismatchError):
        G.v = 3
    with pytest.raises(ValueError):
        G.v = [1, 2] * mV
    with pytest.raises(TypeError):
        G.i = 3
    with pytest.raises(TypeError):
        G.twice = 3 * mV
    with pytest.raises(UnknownAttribute, match="total"):
        G.totl = 3 * mV
    G.v_ = 0.5
    G.v[1:3] = [1, 2] * volt
    assert list(G.v / volt) == [0.5, 1, 2, 0.5]


@pytest.mark.feature("add_attribute")
def test_an_attribute_is_announced_before_it_is_set():
    G = group()
    with pytest.raises(AttributeError):
        G.remark = "mine"
    G.add_attribute("remark")
    G.remark = "mine"
    assert G.remark == "mine"


@pytest.mark.feature("arithmetic with variables")
def test_variables_calculate_like_quantities():
    G = group()
    assert list((2 * G.v + 1 * mV) / mV) == [1, 3, 5, 7] and list((-G.v) / mV) == [0, -1, -2, -3]
    assert list(G.v > 1.5 * mV) == [False, False, True, True] and (G.v**2).dim is (volt**2).dim
    assert np.mean(G.v) == 1.5 * mV and (G.v.shape, G.v.ndim, len(G.v)) == ((4,), 1, 4)
    G.v += 1 * mV
    G.v[:2] *= 10
    assert list(G.v / mV) == pytest.approx([10, 20, 3, 4])
    with pytest.raises(DimensionMismatchError):
        G.v + 1


@pytest.mark.feature("indices of variables")
@pytest.mark.parametrize("index, wanted", [(1, 1), (-1, 3), (slice(1, 3), [1, 2]), ([0, 3], [0, 3]),
                                           (np.array([3, 0]), [3, 0]),
                                           (np.array([True, False, False, True]), [0, 3]),
                                           (slice(None, None, 2), [0, 2])])
def test_every_kind_of_index_reads_and_writes(index, wanted):
    G = group()
    assert np.asarray(G.v[index]) * 1e3 == pytest.approx(wanted)
    G.v[index] = 9 * mV
    assert np.flatnonzero(np.asarray(G.v) > 8e-3).tolist() == sorted(np.atleast_1d(wanted).tolist())


@pytest.mark.feature("indices of variables")
@pytest.mark.parametrize("index, error", [(1.5, TypeError), ((1, 2), IndexError), (4, IndexError),
                                          ([0, -5], IndexError)])
def test_what_is_no_index_is_refused(index, error):
    G = group()
    with pytest.raises(error):
        G.v[index]
    with pytest.raises(error):
        G.v[index] = 0 * mV


@pytest.mark.feature("conditions as indices")
def test_a_condition_chooses_elements_for_reading_and_writing():
    G, limit = group(), 1 * mV   # noqa: F841
    assert list(G.v["v > limit and i < 3"] / mV) == [2]
    G.v["v > limit"] = 7 * mV
    assert list(G.v / mV) == [0, 1, 7, 7]
    with pytest.raises(TypeError):
        G.v["i > 1"] = [1, 2] * mV


@pytest.mark.feature("strings as values")
def test_a_string_is_worked_out_for_every_element():
    G, step = group(), 2 * mV   # noqa: F841
    G.v = "i*step + total"
    assert list(G.v / mV) == [0, 2, 4, 6]
    with pytest.raises(DimensionMismatchError):
        G.v = "i"


@pytest.mark.feature("condition and string together")
def test_condition_and_value_may_both_be_strings():
    G = group()
    G.v["i % 2 == 1"] = "10*v"
    assert list(G.v / mV) == pytest.approx([0, 10, 2, 30])


@pytest.mark.feature("access to shared variables")
def test_a_shared_variable_is_one_value():
    G = group()
    G.total = 3 * mV
    assert G.total[:] == 3 * mV and np.shape(G.total) == ()
    with pytest.raises(IndexError):
        G.total[0]
    with pytest.raises(WrongSyntax):
        G.total = "v"
    G.total = "N*mV"
    assert G.total[:] == 4 * mV


@pytest.mark.feature("casts to integer and boolean variables")
def test_values_are_cast_to_the_type_of_the_variable():
    G = group()
    G.n, G.q = 1.7, "i"
    assert list(G.n) == [1] * 4 and list(G.q) == [False, True, True, True]


@pytest.mark.feature("subgroups")
def test_a_part_is_a_slice_an_index_or_neighbours():
    G = group(6)
    assert [(len(p), p.start) for p in (G[2:4], G[-2:], G[4:100], G[3], G[[1, 2, 3]])] == [
        (2, 2), (2, 4), (2, 4), (1, 3), (3, 1)]
    for wrong in ([0, 2], slice(3, 3), -1, slice(0, 4, 2)):
        with pytest.raises(IndexError):
            G[wrong]


@pytest.mark.feature("independent")
def test_independent_equations_are_solved_one_by_one(target):
    G = NeuronGroup(1, "dx/dt = -x/(1*ms) : 1\ndy/dt = -y/(2*ms) : 1", method=independent)
    G.x = G.y = 1
    Network(G).run(1 * ms)
    assert (G.x[0], G.y[0]) == pytest.approx((np.exp(-1), np.exp(-0.5)))


@pytest.mark.feature("StateUpdateMethod.register")
def test_a_method_of_ones_own_gets_a_name(target, monkeypatch):
    monkeypatch.setitem(METHODS, "backwards", None)     # taken away again after the test
    del METHODS["backwards"]

    def backwards(equations, variables, options):
        return "\n".join(f"{name} -= dt*({expression})" for name, expression in equations.diff_eq_expressions)

    StateUpdateMethod.register("backwards", backwards)
    G = NeuronGroup(1, "dx/dt = 1/ms : 1", method="backwards")
    Network(G).run(1 * ms)
    assert G.x[0] == pytest.approx(-1)
    with pytest.raises(ValueError):
        StateUpdateMethod.register("euler", backwards)


@pytest.mark.feature("what subgroups can do")
def test_a_subgroup_is_source_target_and_monitored(target):
    G = NeuronGroup(4, "v : 1", threshold="i < 3 and t < dt/2", reset="")
    part = G[1:]
    S = Synapses(part, G[:2], on_pre="v_post += 10**i_pre")
    S.connect(i=[0, 1], j=[1, 1])
    M = SpikeMonitor(part)
    Network(G, S, M).run(0.2 * ms)
    assert list(G.v) == pytest.approx([0, 11, 0, 0]) and list(M.i) == [0, 1]
