"""Single precision: state variables are float32 where the group or the preference says so, time is not, and the targets agree."""
import numpy as np
import pytest

from brainsim import Hz, Network, NeuronGroup, PoissonGroup, SpikeMonitor, StateMonitor, Synapses, ms, mV, prefs, seed, volt


@pytest.fixture
def single():
    prefs.core.default_float_dtype = np.float32
    yield
    prefs.core.default_float_dtype = np.float64


def model():
    seed(4)
    P = PoissonGroup(20, 300 * Hz, name="single_p")
    G = NeuronGroup(5, "dv/dt = (6*mV - v)/(5*ms) + 2*mV*xi*(5*ms)**-0.5 : volt\nw : 1\nn : integer", threshold="v > 4*mV", reset="v = 0*mV; n += 1",
                    refractory=1 * ms, method="euler", name="single_g")
    S = Synapses(P, G, "a : volt", on_pre="v += a", name="single_s")
    S.connect(p=0.5)
    S.a = "0.2*mV*rand()"
    states, spikes = StateMonitor(G, "v", record=True), SpikeMonitor(G)
    net = Network(P, G, S, states, spikes)
    net.run(20 * ms)
    return P, G, S, states, spikes, net


def test_every_float_variable_takes_the_preference_and_time_does_not(single, target):
    prefs.codegen.target = target
    P, G, S, states, spikes, net = model()
    assert G.v.dtype == G.w.dtype == S.a.dtype == P.rates.dtype == np.float32 and G.n.dtype == np.int32
    assert states.variables["v"].dtype == "f4" and np.asarray(states.t).dtype == np.asarray(spikes.t).dtype == np.float64 == G.lastspike.dtype


def test_targets_agree_in_single_precision(single, target):
    found = []
    for name in ("numpy", target):
        prefs.codegen.target = name
        P, G, S, states, spikes, net = model()
        found.append((np.array(states.v), np.array(spikes.i), np.array(spikes.t)))
        del P, G, S, states, spikes, net
    assert len(found[0][1]) > 5 and np.array_equal(found[0][1], found[1][1]) and np.array_equal(found[0][2], found[1][2])
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-4, atol=1e-8)   # single precision has 24 bits, and values pass zero


def test_a_group_may_say_so_itself(target):
    prefs.codegen.target = target
    G = NeuronGroup(2, "dv/dt = -v/(10*ms) : volt\nu : volt", dtype=np.float32, method="exact")
    H = NeuronGroup(2, "dv/dt = -v/(10*ms) : volt\nu : volt", dtype={"u": np.float32}, method="exact")
    G.v = H.v = 1 * volt
    Network(G, H).run(1 * ms)
    assert (G.v.dtype, H.v.dtype, H.u.dtype) == (np.float32, np.float64, np.float32)
    assert np.allclose(np.asarray(G.v), np.exp(-0.1), rtol=1e-6) and np.allclose(np.asarray(H.v), np.exp(-0.1), rtol=1e-12)
    with pytest.raises(TypeError):
        NeuronGroup(1, "n : integer", dtype={"n": np.float32})
    assert mV < volt
