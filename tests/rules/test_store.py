"""store and restore: three identical continuations, with everything under way."""
import numpy as np
import pytest

from brainsim import (
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    defaultclock,
    magic_network,
    ms,
    network_operation,
    prefs,
    restore,
    run,
    seed,
    store,
)


def network():
    P = PoissonGroup(5, 2000 * Hz, name="p")
    T = SpikeGeneratorGroup(5, range(5), np.arange(5) * 0.4 * ms, period=3 * ms, name="t")
    G = NeuronGroup(5, "dv/dt = -v/(5*ms) + xi*ms**-0.5 : 1\nn : integer\nk : 1 (shared)", threshold="v > 1",
                    reset="v = 0", refractory=0.5 * ms, method="euler", name="g")
    G.run_regularly("n += 1", name="count")
    S = Synapses(P, G, "w : 1\ndA/dt = -A/(3*ms) : 1 (event-driven)", on_pre="v += w + A; A += 0.1", name="s")
    S.connect()
    S.w = "0.1*(1 + i)"
    S.delay = "(0.3*i + 0.2*j)*ms"
    D = Synapses(T, G, on_pre="v += 0.2", delay=0.7 * ms, name="d")
    D.connect(j="i")
    M = SpikeMonitor(G, name="m")
    return Network(P, T, G, S, D, M)


def state(net):
    return {**{f"g.{n}": v for n, v in net["g"].get_states(units=False).items()}, "A": np.array(net["s"].A),
            "last": np.array(net["s"].lastupdate),
            "spikes": net["m"].t_, "t": net.t_}


def same(a, b):
    return all(np.array_equal(a[k], b[k]) for k in a)


@pytest.mark.feature("store and restore")
def test_three_identical_continuations():
    net = network()
    net.run(3.3 * ms)
    net.store()
    found = []
    for _ in range(3):
        net.restore(restore_random_state=True)
        net.run(2.5 * ms)
        found.append(state(net))
        net.run(1 * ms)
    assert same(found[0], found[1]) and same(found[0], found[2])
    assert found[0]["t"] == pytest.approx(5.8e-3)


def test_continuation_is_the_undisturbed_run():
    seed(5)
    net = network()
    net.run(5.8 * ms)
    whole = state(net)
    del net
    seed(5)
    net = network()
    net.run(3.3 * ms)
    net.store()
    net.run(4 * ms)
    net.restore(restore_random_state=True)
    net.run(2.5 * ms)
    assert same(whole, state(net))


@pytest.mark.feature("store and restore")
def test_random_numbers_go_on_without_the_flag():
    net = network()
    net.run(1 * ms)
    net.store()
    found = []
    for _ in range(2):
        net.restore()
        net.run(1 * ms)
        found.append(state(net))
    assert not np.any(found[0]["g.v"] == found[1]["g.v"])


@pytest.mark.feature("store and restore")
def test_file_is_readable_by_another_network_on_another_target(tmp_path, target):
    prefs["codegen.target"] = "numpy"
    net = network()
    net.run(3.3 * ms)
    net.store("later", filename=tmp_path / "net")
    net.store("again", filename=tmp_path / "net")
    net.run(2.5 * ms)
    expected = state(net)
    del net
    prefs["codegen.target"] = target
    other = network()
    other.restore("later", filename=tmp_path / "net", restore_random_state=True)
    other.run(2.5 * ms)
    found = state(other)
    assert found["g.v"] == pytest.approx(expected["g.v"], rel=1e-9)
    assert np.array_equal(found["spikes"], expected["spikes"])


@pytest.mark.one_target
def test_restore_brings_back_delays_weights_and_synapse_counts():
    G = NeuronGroup(3, "v : 1", threshold="v > 1")
    S = Synapses(G, G, "w : 1", on_pre="v += w")
    S.connect(j="i")
    S.w, S.delay = 1, 1 * ms
    store()
    S.w, S.delay = 2, [1, 2, 3] * ms
    restore()
    assert (list(S.w), list(S.delay / ms)) == ([1, 1, 1], pytest.approx([1, 1, 1]))
    S.delay = [1, 2, 3] * ms
    run(1 * ms)
    restore()
    run(1 * ms)
    assert list(S.delay / ms) == pytest.approx([1, 1, 1])


def test_restore_takes_time_back_and_monitors_too():
    G = NeuronGroup(1, "dx/dt = 1/ms : 1", method="euler")
    M = StateMonitor(G, "x", record=True)
    run(0.3 * ms)
    store("a")
    run(0.5 * ms)
    restore("a")
    assert (magic_network.t / ms, G.t / ms, len(M.t), G.x[0]) == (pytest.approx(0.3), pytest.approx(0.3), 3,
                                                                  pytest.approx(0.3))
    run(0.2 * ms)
    assert M.t / ms == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])


def test_restore_of_the_beginning_repeats_a_run():
    G = NeuronGroup(1, "dx/dt = 1/ms : 1", method="euler")
    store()
    for _ in range(3):
        restore()
        run(0.2 * ms)
        assert G.x[0] == pytest.approx(0.2)


def test_restore_brings_dt_back():
    G = NeuronGroup(1, "n : 1")
    G.run_regularly("n += 1")
    store()
    defaultclock.dt = 0.5 * ms
    run(1 * ms)
    assert G.n[0] == 2
    restore()
    run(1 * ms)
    assert (G.n[0], defaultclock.dt / ms) == (10, pytest.approx(0.1))


@pytest.mark.feature("store and restore")
@pytest.mark.one_target
def test_restore_of_the_unknown_is_refused():
    G = NeuronGroup(1, "x : 1")
    net = Network(G)
    net.store("first")
    with pytest.raises(KeyError, match="did you mean 'first'"):
        net.restore("frist")
    H = NeuronGroup(1, "x : 1")
    net.add(H)
    with pytest.raises(KeyError, match="neurongroup_1"):
        net.restore("first")
    net.run(0.1 * ms)


@pytest.mark.feature("states of a network")
def test_states_of_a_network():
    G = NeuronGroup(2, "x : 1\ns = 2*x : 1", name="g")
    net = Network(G)
    G.x = [1, 2]
    states = net.get_states()
    assert list(states["g"]["x"]) == [1, 2]
    G.x = 0
    net.set_states({"g": {"x": [5, 6]}})
    assert list(G.x) == [5, 6]
    assert list(G.get_states(["s"], subexpressions=True)["s"]) == [10, 12]
    for call, error in ((lambda: G.set_states({"y": 1}), KeyError), (lambda: G.get_states(["y"]), KeyError),
                        (lambda: G.get_states(format="xml"), NotImplementedError)):
        with pytest.raises(error):
            call()


def test_store_inside_an_operation_is_the_state_of_that_step():
    G = NeuronGroup(1, "dx/dt = 1/ms : 1", method="euler", name="g")
    net = Network(G)

    @network_operation(dt=0.3 * ms)
    def keep(t):
        if abs(t / ms - 0.3) < 0.01:
            seen.append((G.x[0], net.t / ms))

    seen = []
    net.add(keep)
    net.run(0.5 * ms)
    assert seen == [pytest.approx((0.3, 0.3))]
