"""Functions of networks compute what the compiled target computes, with the same random numbers."""
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from brainsim import *
from brainsim.errors import Unsupported
from tests.models import MODELS

#: up to the first time that ``t - lastspike < 1*ms`` of linked_and_shared is decided by rounding; functions count whole
#: steps, below
DURATION = 11 * ms


def told(net, seed):
    """Values at the end by name, and spikes as (steps, neurons), of the compiled target."""
    prefs.codegen.target = "cython"
    simulation = net.compile(DURATION)
    result = simulation.run(seed=seed)
    spikes = {}
    for m in net.objects:
        if type(m) is SpikeMonitor and m.source is getattr(m.source, "parent", m.source):
            found = result._monitor(m)
            spikes[m.name] = (np.asarray(found.i), np.asarray(found.t / m.source.clock.dt), m.source.N)
    return {n: np.asarray(result[n]) for n in simulation.parameters if simulation.settable(n).variable is not None
            and n in result.stored
            and not isinstance(simulation.settable(n).group, Subgroup)}, spikes


HOSTS = ("called_from_python", "irregular_times")      #: with network operations


@pytest.mark.parametrize("model", [m for m in MODELS if m.__name__ not in HOSTS], ids=lambda m: m.__name__)
def test_a_function_of_a_network_is_the_network(model, double):
    net = model()
    values, spikes = told(net, 11)
    sim = net.functional(DURATION, params=[], outputs=[*(f"{n}[-1]" for n in values), *spikes])
    out = sim(key=11)
    assert values
    for name, wanted in values.items():
        assert np.asarray(out[f"{name}[-1]"]).ravel() == pytest.approx(wanted.ravel(), rel=1e-9, abs=1e-12), name
    for name, (i, step, count) in spikes.items():
        raster = np.zeros((sim.pure.steps, int(count)))
        if len(out[name]) == sim.pure.steps and len(set(sim.pure.dt.values())) == 1:
            np.add.at(raster, (np.round(step).astype(int), i), 1)
            np.testing.assert_array_equal(np.asarray(out[name]) > 0, raster > 0, err_msg=name)


@pytest.mark.parametrize("model", [m for m in MODELS if m.__name__ in HOSTS], ids=lambda m: m.__name__)
def test_network_operations_are_refused(model):
    with pytest.raises(Unsupported, match="network operation"):
        model().functional(DURATION, outputs=["G.v"])


@pytest.mark.parametrize("wide", [False, True], ids=["float32", "float64"])
def test_times_since_a_spike_are_whole_steps(wide):
    """0.95 ms since the last spike are 10 steps, never 9 or 11, however late it is (1 ms would be decided by
    rounding)."""
    G = NeuronGroup(1, "w : 1\nn : 1", threshold="n > 5.5", reset="n -= 37", refractory=0.2 * ms, name="G")
    G.run_regularly("n += 1", when="start")
    G.run_regularly("w += int(t - lastspike < 0.95*ms)", when="end")
    with jax.enable_x64(wide):
        out = Network(G).functional(370 * ms, outputs=["G.w[-1]"])()
    assert float(out["G.w[-1]"][0]) == 10 * 100


def test_a_time_that_is_kept_in_steps_is_a_time_for_who_gives_and_reads_it(double):
    """``lastupdate`` of an event-driven synapse: its trace has decayed since then."""
    G = SpikeGeneratorGroup(1, [0], [2] * ms, name="G")
    H = NeuronGroup(1, "w : 1", name="H")
    S = Synapses(G, H, "dx/dt = -x/(5*ms) : 1 (event-driven)", on_pre="w_post += x", name="S")
    S.connect()
    S.x = 1
    sim = Network(G, H, S).functional(4 * ms, params=["S.lastupdate", "S.x"], outputs=["S.lastupdate", "H.w[-1]"])
    out = sim({"S.lastupdate": -3 * ms})
    assert np.asarray(out["S.lastupdate"]).ravel() * 1e3 == pytest.approx(np.repeat([-3.0, 2.0], 20))
    assert float(out["H.w[-1]"][0]) == pytest.approx(np.exp(-1))


@pytest.mark.parametrize("wide", [False, True], ids=["float32", "float64"])
def test_a_timed_array_gives_each_step_its_own_entry(wide):
    """2000 steps of 0.1 ms, an entry for each 0.5 ms: single precision of the time must not move a boundary."""
    entries = np.arange(400.0)
    drive = TimedArray(entries, dt=0.5 * ms)
    G = NeuronGroup(1, "v = drive(t) : 1\nw : 1", name="G")
    G.run_regularly("w = v", when="end")
    with jax.enable_x64(wide):
        out = np.asarray(Network(G).functional(200 * ms, outputs=["G.w"])()["G.w"])[:, 0]
    assert out == pytest.approx(np.repeat(entries, 5))


def test_keys_of_jax_and_whole_numbers_give_noise_that_repeats():
    G = NeuronGroup(3, "dv/dt = -v/(10*ms) + xi*(10*ms)**-0.5 : 1", method="euler", name="G")
    sim = Network(G).functional(2 * ms, outputs=["G.v"])
    by_key = [np.asarray(sim(key=k)["G.v"]) for k in (1, 1, 2, jax.random.key(1), jax.random.key(1))]
    assert np.array_equal(by_key[0], by_key[1]) and np.array_equal(by_key[3], by_key[4])
    assert not np.array_equal(by_key[0], by_key[2]) and not np.array_equal(by_key[0], by_key[3])


def test_trials_of_a_batch_have_noise_of_their_own():
    G = NeuronGroup(3, "dv/dt = -v/(10*ms) + xi*(10*ms)**-0.5 : 1", method="euler", name="G")
    out = np.asarray(Network(G).functional(2 * ms, outputs=["G.v"], batch=3)(key=5)["G.v"])
    assert out.shape == (3, 20, 3)
    assert len({x.tobytes() for x in out}) == 3


def test_poisson_input_drives_and_its_weight_has_a_gradient(double):
    def made(w):
        G = NeuronGroup(5, "dv/dt = -v/(10*ms) : 1", method="exact", name="G")
        P = PoissonGroup(20, 400 * Hz, name="P")
        S = Synapses(P, G, "w : 1", on_pre="v += w", name="S")
        S.connect()
        S.w = w
        return Network(G, P, S).functional(20 * ms, params=["S.w"], outputs=["G.v"])

    sim = made(0.5)
    found = jax.grad(lambda w: jnp.sum(sim({"S.w": w}, key=3)["G.v"]))(jnp.full(100, 0.5))
    total = float(jnp.sum(sim(key=3)["G.v"]))
    assert total > 1
    assert float(jnp.sum(found) * 0.5) == pytest.approx(total, rel=1e-10)       # v is linear in w


def test_runs_leave_the_network_as_it_was():
    G = NeuronGroup(2, "dv/dt = (1 - v)/(10*ms) : 1", method="euler", name="G")
    net = Network(G)
    sim = net.functional(2 * ms, params=["G.v"], outputs=["G.v"])
    first = np.asarray(sim()["G.v"])
    sim({"G.v": np.ones(2)})
    assert np.array_equal(np.asarray(sim()["G.v"]), first)
    assert np.all(G.v[:] == 0)
    assert prefs.codegen.target == "numpy"
