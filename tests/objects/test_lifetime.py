"""What the script lets go of is gone: the magic network keeps nothing alive."""
import gc
import logging
import weakref

from brainsim.utils.logger import catch_logs

from brainsim import NeuronGroup, SpikeMonitor, StateMonitor, Synapses, magic_network, ms, run, start_scope


def test_deleted_objects_are_freed_after_a_run():
    start_scope()

    def simulate():
        G = NeuronGroup(1, "dv/dt = -v/tau : 1", namespace={"tau": 3 * ms}, threshold="v > 1", reset="v = 0")
        S = Synapses(G, G, "w : 1", on_pre="v += w")
        S.connect()
        M, N = StateMonitor(G, "v", record=True), SpikeMonitor(G)
        run(0.1 * ms)
        return [weakref.ref(o) for o in (G, S, M, N)]

    left = simulate()
    gc.collect()
    assert [o() for o in left] == [None] * 4 and magic_network.objects == []


def test_a_name_is_free_again_after_its_object_is_gone():
    def simulate():
        start_scope()
        G = NeuronGroup(1, "v : 1", name="came_and_went*")
        run(0.1 * ms)
        return G.name

    first = simulate()
    gc.collect()
    assert first == simulate() == "came_and_went"


def test_the_number_of_objects_is_told_to_the_curious():
    start_scope()
    G = NeuronGroup(1, "v : 1", name="told_of")
    M = StateMonitor(G, "v", record=True, name="also_told_of")
    with catch_logs(logging.DEBUG) as caught:
        run(0.1 * ms)
        run(0.1 * ms)
    told = [text for _, name, text in caught if name == "brian2.core.magic.magic_objects"]
    assert len(told) == 2 and all("3 objects" in text and G.name in text and M.name in text for text in told)


def test_states_of_the_magic_network_are_those_of_what_is_visible():
    start_scope()
    G = NeuronGroup(2, "v : 1", name="seen")
    states = magic_network.get_states(units=False, read_only_variables=False)
    assert list(states) == ["seen"] and list(states["seen"]["v"]) == [0, 0]
    magic_network.set_states({"seen": {"v": [1, 2]}})
    assert list(G.v) == [1, 2]
