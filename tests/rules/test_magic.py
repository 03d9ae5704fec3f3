"""R58, R59, R66: which objects `run` takes, and when time starts again."""
import logging

import numpy as np
import pytest

from brainsim import (
    MagicError,
    Network,
    NeuronGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    collect,
    magic_network,
    ms,
    run,
    start_scope,
)

pytestmark = pytest.mark.one_target
TICKING = "dx/dt = 1/ms : 1"


def ticking(**more):
    return NeuronGroup(1, TICKING, method="euler", **more)


@pytest.mark.feature("run")
def test_run_takes_what_is_visible_and_not_what_is_contained():
    G = ticking()
    hidden = {"group": ticking(), "list": [ticking()]}

    class Holder:
        group = ticking()

    def inner():
        H = ticking()
        assert collect() == {H}
        run(0.1 * ms)
        return H

    assert collect() == {G}
    assert inner().x[0] == pytest.approx(0.1)
    assert (G.x[0], hidden["group"].x[0], hidden["list"][0].x[0], Holder.group.x[0]) == (0, 0, 0, 0)


def test_objects_of_globals_and_locals_are_taken():
    space = {"NeuronGroup": NeuronGroup, "run": run, "ms": ms}
    exec("G = NeuronGroup(1, 'dx/dt = 1/ms : 1', method='euler')\ndef f():\n    "
         "H = NeuronGroup(1, 'dx/dt = 1/ms : 1', method='euler')\n"
         "    run(0.1*ms)\n    return H\nH = f()", space)
    assert (space["G"].x[0], space["H"].x[0]) == pytest.approx((0.1, 0.1))


@pytest.mark.feature("start_scope")
def test_start_scope_hides_older_objects():
    old = ticking()
    start_scope()
    new = ticking()
    assert collect() == {new}
    run(0.1 * ms)
    assert (old.x[0], new.x[0]) == (0, pytest.approx(0.1))


def test_same_objects_go_on():
    G = ticking()
    run(0.1 * ms)
    run(0.2 * ms)
    assert magic_network.t / ms == pytest.approx(0.3)
    assert G.x[0] == pytest.approx(0.3)


def test_new_objects_start_at_zero():
    def first():
        G = ticking()
        run(0.3 * ms)
        return G

    first()
    H = ticking()
    M = StateMonitor(H, "x", record=True)
    run(0.1 * ms)
    assert (H.x[0], list(M.t / ms)) == (pytest.approx(0.1), [0])


@pytest.mark.feature("old and new objects together")
def test_mixture_is_refused_and_the_old_ones_run_on():
    G = ticking()
    run(0.1 * ms)
    H = ticking()
    with pytest.raises(MagicError, match="neurongroup_1"):
        run(0.1 * ms)
    del H
    run(0.1 * ms)
    assert G.x[0] == pytest.approx(0.2)


@pytest.mark.feature("monitors that come and go")
def test_monitors_may_come_and_go():
    G = ticking()
    run(0.1 * ms)
    M = StateMonitor(G, "x", record=True)
    run(0.1 * ms)
    assert list(M.t / ms) == [0.1]
    del M
    run(0.1 * ms)
    M = StateMonitor(G, "x", record=True)
    run(0.1 * ms)
    assert list(M.t / ms) == pytest.approx([0.3])


def test_subset_goes_on():
    G, H = ticking(), ticking()
    run(0.2 * ms)
    del H
    run(0.1 * ms)
    assert magic_network.t / ms == pytest.approx(0.3)
    assert G.x[0] == pytest.approx(0.3)


def test_invisible_dependency_makes_inactive_with_a_warning(caplog):
    def make():
        G = NeuronGroup(1, "v : 1", threshold="v < 1")
        return SpikeMonitor(G), [G]

    M, keep = make()
    H = ticking()
    with caplog.at_level(logging.WARNING, "brainsim"):
        run(0.1 * ms)
    assert "spikemonitor needs neurongroup, which is not visible here" in caplog.text
    assert not M.active
    assert (H.x[0], M.num_spikes) == (pytest.approx(0.1), 0)


@pytest.mark.feature("Network")
def test_network_refuses_a_missing_dependency_and_names_it():
    G = NeuronGroup(1, "v : 1", threshold="v < 1", reset="")
    M = SpikeMonitor(G)
    net = Network(M)
    with pytest.raises(ValueError, match="spikemonitor needs neurongroup"):
        net.run(0.1 * ms)
    net.add(G)
    net.run(0.1 * ms)
    assert M.num_spikes == 1


@pytest.mark.parametrize("part", [False, True])
def test_synapses_need_both_sides(part):
    G, H = NeuronGroup(2, "v : 1", threshold="v > 1"), NeuronGroup(2, "v : 1")
    S = Synapses(G, H[:1] if part else H, on_pre="v += 1")
    S.connect()
    with pytest.raises(ValueError, match="synapses needs neurongroup_1"):
        Network(G, S).run(0.1 * ms)
    Network(G, H, S).run(0.1 * ms)


@pytest.mark.feature("Network")
def test_object_belongs_to_one_network():
    G = ticking()
    Network(G).run(0.1 * ms)
    with pytest.raises(RuntimeError, match="another network"):
        Network(G)
    with pytest.raises(RuntimeError, match="another network"):
        run(0.1 * ms)


def test_object_of_two_networks_runs_in_the_first_to_run():
    G = ticking()
    one, two = Network(G), Network(G)
    one.run(0.1 * ms)
    with pytest.raises(RuntimeError, match="another network"):
        two.run(0.1 * ms)


@pytest.mark.feature("magic_network")
def test_magic_network_takes_no_orders():
    G = ticking()
    for call in (magic_network.add, magic_network.remove):
        with pytest.raises(MagicError):
            call(G)


@pytest.mark.feature("collect")
def test_collected_objects_make_a_network():
    G = ticking()
    net = Network(collect())
    net.run(0.1 * ms)
    assert G.x[0] == pytest.approx(0.1)


@pytest.mark.feature("Network")
def test_network_takes_containers_and_refuses_the_rest():
    G, H, K = ticking(), ticking(), ticking()
    net = Network([G, {"h": H}], (K,))
    assert len(net.objects) == 3
    assert G in net and "neurongroup_1" in net
    assert net["neurongroup_1"] is H
    for what, error in ((3, TypeError), ("text", TypeError)):
        with pytest.raises(error):
            net.add(what)
    with pytest.raises(KeyError):
        net["neurongroup_7"]
    with pytest.raises(TypeError):
        net[3]
    net.remove(K)
    del net["neurongroup_1"]
    net.run(0.1 * ms)
    assert (G.x[0], H.x[0], K.x[0]) == (pytest.approx(0.1), 0, 0)


def test_objects_added_between_runs_join():
    G = ticking()
    net = Network(G)
    net.run(0.2 * ms)
    H = ticking()
    net.add(H)
    net.run(0.1 * ms)
    net.remove(H)
    net.run(0.1 * ms)
    assert (G.x[0], H.x[0]) == pytest.approx((0.4, 0.1))


@pytest.mark.feature("names of objects")
def test_two_objects_of_one_name_are_refused_in_a_network():
    G, H = ticking(name="same"), ticking(name="same")
    with pytest.raises(ValueError, match="'same'"):
        Network(G, H).run(0.1 * ms)


@pytest.mark.feature("names of objects")
@pytest.mark.parametrize("name, error", [("1st", ValueError), ("a b", ValueError), (3, TypeError)])
def test_names_that_are_none_are_refused(name, error):
    with pytest.raises(error):
        ticking(name=name)


@pytest.mark.feature("names of objects", "default names")
def test_default_names_count_live_objects():
    G, H = ticking(), ticking()
    assert (G.name, H.name) == ("neurongroup", "neurongroup_1")
    K = ticking(name="abc*")
    L = ticking(name="abc*")
    assert (K.name, L.name) == ("abc", "abc_1")


@pytest.mark.feature("level")
def test_run_through_a_helper_needs_level():
    G = ticking()

    def helper():
        run(0.1 * ms, level=1)

    helper()
    assert G.x[0] == pytest.approx(0.1)
    assert np.isclose(magic_network.t / ms, 0.1)
