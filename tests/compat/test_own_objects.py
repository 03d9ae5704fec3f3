"""Objects and devices of users' own, and what they ask of a network."""
from __future__ import annotations

import numpy as np
import pytest
from brainsim.devices.device import Device, reset_device

from brainsim import *


class Counter(BrianObject):
    add_to_magic_network = True

    def __init__(self, **place):
        super().__init__(**place)
        self.count = 0

    def run(self):
        self.count += 1


@pytest.fixture(params=["numpy", "cython"], autouse=True)
def target(request):
    prefs.codegen.target = request.param
    yield request.param
    prefs.codegen.target = "auto"


def test_an_object_with_a_method_run_gets_it_called_at_every_tick():
    fast, slow = Counter(dt=0.1*ms), Counter(dt=0.5*ms)
    Network(fast, slow).run(1*ms)
    assert (fast.count, slow.count) == (10, 2)


def test_an_inactive_object_is_not_called():
    one = Counter()
    one.active = False
    Network(one).run(1*ms)
    assert one.count == 0


def test_a_contained_object_runs_with_its_owner():
    outer, inner = Counter(), Counter()
    outer.contained_objects.append(inner)
    net = Network(outer)
    net.run(0.3*ms)
    assert inner.count == 3 and len(net) == 2 and len(net.objects) == 1


@pytest.mark.feature("profiles")
def test_a_profile_names_every_part():
    G = NeuronGroup(10, "dv/dt = -v/ms : 1", threshold="v > 1", reset="v = 0", name="profiled")
    net = Network(G)
    net.run(1*ms, profile=True)
    times = dict(net.profiling_info)
    assert {"profiled_stateupdater", "profiled_spike_thresholder", "profiled_spike_resetter"} <= set(times)
    assert all(t >= 0*second for t in times.values())
    assert "profiled_stateupdater" in repr(profiling_summary(net, show=5))


@pytest.mark.feature("profiles")
def test_without_profile_there_is_no_summary():
    net = Network(NeuronGroup(1, "v : 1"))
    net.run(0.1*ms)
    with pytest.raises(ValueError, match="profile=True"):
        profiling_summary(net)


def test_a_profiled_run_gives_the_same_values():
    values = []
    for profile in (False, True):
        seed(1)
        G = NeuronGroup(5, "dv/dt = -v/ms + xi/sqrt(ms) : 1", threshold="v > 0.5", reset="v = 0")
        Network(G).run(2*ms, profile=profile)
        values.append(np.array(G.v))
    np.testing.assert_array_equal(*values)


@pytest.mark.feature("set_device")
def test_a_device_of_ones_own_is_chosen_and_left():
    class Mine(Device):
        def activate(self, build_on_run=True, **options):
            self.options = options

    all_devices["mine"] = Mine()
    try:
        set_device("mine", directory="here")
        assert get_device().options == {"directory": "here"}
    finally:
        reset_device()
        del all_devices["mine"]
    assert get_device() is all_devices["runtime"]


def test_random_numbers_go_on_from_a_kept_state():
    G = NeuronGroup(5, "v : 1")
    state = get_device().get_random_state()
    G.v = "rand()"
    before = np.array(G.v)
    get_device().set_random_state(state)
    G.v = "rand()"
    np.testing.assert_array_equal(G.v, before)


def test_synapses_are_restored_where_there_were_others():
    G = NeuronGroup(10, "v : 1", threshold="False", reset="")
    S = Synapses(G, G, "w : 1", on_pre="v += w")
    S.connect(i=[1, 3, 5], j=[6, 4, 2])
    S.w = [1, 2, 3]
    net = Network(G, S)
    net.store()
    S.connect(i=0, j=1)
    net.restore()
    net.run(0.1*ms)
    assert list(S.i) == [1, 3, 5] and list(S.w) == [1, 2, 3]


def test_a_network_that_lacks_a_stored_object_is_refused(tmp_path):
    G = NeuronGroup(1, "v : 1", name="kept")
    M = StateMonitor(G, "v", record=True, name="lost")
    Network(G, M).store(filename=tmp_path/"state")
    with pytest.raises(KeyError, match="lost"):
        Network(NeuronGroup(1, "v : 1", name="kept")).restore(filename=tmp_path/"state")


def test_a_view_is_shown_with_its_place(fresh):
    G = NeuronGroup(2, "v : volt\nx : 1 (shared)", name="shown")
    assert str(G.v) == repr(G.v) == f"{G.v}" == "<shown.v: array([0., 0.]) * volt>"
    assert str(G.v_) == "<shown.v_: array([0., 0.])>"


def test_items_are_read_and_written_with_names_of_a_mapping(fresh):
    G = NeuronGroup(3, "v : volt")
    G.v.set_item("i > k", "q*mV", namespace={"q": 3, "k": 0})
    assert list(G.v_) == [0, 3e-3, 3e-3] and len(G.v.get_item("i == k", namespace={"k": 1})) == 1
    with pytest.raises(KeyError, match="'q'"):
        G.v.set_item("i > 0", "q*mV", namespace={})


@pytest.mark.parametrize("place", [{}, {"dt": 0.5 * ms}])
def test_a_code_runner_runs_statements_for_every_element(target, place):
    G = NeuronGroup(2, "v : 1")
    runner = CodeRunner(G, "stateupdate", code="v += 1", when="end", **place)
    Network(G, runner).run(1 * ms)
    assert list(G.v) == ([2, 2] if place else [10, 10])
    with pytest.raises(NotImplementedError, match="'threshold'"):
        CodeRunner(G, "threshold", code="v += 1")


def test_a_class_of_a_user_has_a_free_name(fresh):
    class Thing(Nameable):
        pass

    one, two = Thing("thing*"), Thing(name="thing*")
    assert (one.name, two.name) == ("thing", "thing_1")
    with pytest.raises(ValueError, match="cannot be a name"):
        Thing("")
