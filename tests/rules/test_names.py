"""What users call things changes nothing: no name meets one that a group, a target or a template has of its own."""
from __future__ import annotations

import keyword
from collections.abc import Sequence

import numpy as np
import pytest

from brainsim import (
    EventMonitor,
    Hz,
    Network,
    NeuronGroup,
    PoissonInput,
    PopulationRateMonitor,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    prefs,
    seed,
)
from brainsim.errors import WrongValue
from brainsim.language.functions import CONSTANTS, FUNCTIONS
from brainsim.language.names import REFRACTORINESS, SPECIAL, SYNAPTIC
from brainsim.objects.names.namespace import unit_value
from brainsim.targets.c_source import source

TARGETS = ("interpreter", "numpy", "cython", "jax")
WORDS = """
    first last refractory spikes count index delay N step dt seed slot slots size i j k column number at found
    hits T part parts int double register restrict static struct union volatile extern const inline void auto char
    long short signed unsigned float switch typedef goto enum default rows row starts ids due fired recent sums0
    steps indices cursor period times values key gaps guide cell newest queue queues array arrays space clock
    clocks kernel kernels state literals steady draws draw_step work begin end lo hi mask take put cast pick
    spread power both c A S Q M l_x u_x o0 entries entries_count entries_capacity column_ number_ m0 x_kept i_at_
    self lambda_ np jnp double_kept double_wide
""".split()


def usable(taken: frozenset[str] = frozenset()) -> list[str]:
    """The words that the equation language lets users have."""
    reserved = {*FUNCTIONS, *CONSTANTS, *SPECIAL, *taken}
    return [w for w in WORDS if w not in reserved and not keyword.iskeyword(w) and unit_value(w) is None]


CONSTANT, VARIABLE = usable(), usable(REFRACTORINESS)
SYNAPSE = usable(REFRACTORINESS | SYNAPTIC)


@pytest.fixture(params=TARGETS)
def target(request: pytest.FixtureRequest, fresh: None) -> str:
    """Every target there is, where the other rules take two."""
    prefs["codegen.target"] = request.param
    return request.param


def plain(words: Sequence[str]) -> list[str]:
    """As many names that mean nothing to anybody."""
    return [f"quantity{k}x" for k in range(len(words))]


def total(words: Sequence[str], suffix: str = "") -> str:
    return " + ".join(f"{k + 1}*{w}{suffix}" for k, w in enumerate(words))


def constants(words: Sequence[str]) -> tuple[NeuronGroup, Network]:
    """Constants in every piece of a group's code, beside everything that a group supplies itself."""
    text, given = total(words), {w: 1e-3 * (k + 1) for k, w in enumerate(words)}
    G = NeuronGroup(4, f"dv/dt = (2 + 1e-5*({text}) - v)/(5*ms) : 1 (unless refractory)\nx : 1",
                    threshold=f"v > 1 + 1e-6*({text})", reset=f"v = 1e-6*({text})", refractory=1*ms, method="euler",
                    namespace=given)
    G.run_regularly(f"x += {text}", dt=1*ms)
    in_synapses = total([w for w, word in zip(words, CONSTANT) if word not in SYNAPTIC])
    S = Synapses(G, G[1:3], "weight : 1", on_pre=f"x_post += weight*({in_synapses})", delay=0.3*ms, namespace=given)
    S.connect(j="i-1", skip_if_invalid=True)
    S.weight = 0.5
    return G, Network(G, S, SpikeMonitor(G[1:], name="seen"), PopulationRateMonitor(G, name="rate"))


def constants_give(words: Sequence[str]) -> list[np.ndarray]:
    G, net = constants(words)
    net.run(10*ms)
    return [G.v[:], G.x[:], net["seen"].i[:], net["seen"].t_[:], net["rate"].rate_[:]]


def same(one: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> bool:
    return len(one) == len(other) and all(np.array_equal(a, b) for a, b in zip(one, other))


def test_constants_of_any_name():
    found = constants_give(CONSTANT)
    assert len(found[2]) == 6 and same(found, constants_give(plain(CONSTANT)))


def states_of(group: NeuronGroup | Synapses, words: Sequence[str]) -> list[np.ndarray]:
    found = group.get_states(list(words), units=False)
    return [found[w] for w in words]


def variables_give(words: Sequence[str]) -> list[np.ndarray]:
    """Parameters, states, subexpressions, summed targets and locals, all recorded."""
    states, parameters = words[:8], words[8:]
    lines = [f"d{w}/dt = {k + 1}/second : 1" for k, w in enumerate(states)] + [f"{w} : 1" for w in parameters]
    G = NeuronGroup(3, "\n".join(lines), threshold=f"{states[0]} > 0.002 + 0*{states[1]}", reset=f"{states[0]} = 0",
                    method="euler", events={"high": f"{states[1]} > 0.001"})
    G.set_states({w: np.array([0.0, 1e-3, 2e-3]) * k for k, w in enumerate(words)})
    E = NeuronGroup(3, "\n".join(["y = i*1.0 : 1", *(f"{w} = y + {k} : 1" for k, w in enumerate(words)), "z : 1"]))
    E.run_regularly(f"z = {total(words)}")
    L = NeuronGroup(3, "z : 1")
    L.run_regularly("\n".join([*(f"{w} = i + {k}" for k, w in enumerate(words)), f"z = {total(words)}"]))
    traced = [w for w, word in zip(words, VARIABLE) if word not in dir(StateMonitor)][::3]
    trace = StateMonitor(G, traced, record=[0, 2])
    spikes = SpikeMonitor(G, [w for w, word in zip(words, VARIABLE) if word not in (*dir(SpikeMonitor), "count")])
    high = EventMonitor(G, "high")
    net = Network(G, E, L, trace, spikes, high)
    net.run(3*ms)
    found = [E.z[:], L.z[:], spikes.i[:], spikes.t_[:], high.i[:]]
    return [*found, *(states_of(G, words)), *(trace._raw(w) for w in traced)]


def test_variables_of_any_name():
    words = VARIABLE
    found = variables_give(words)
    weights = np.arange(1, len(words) + 1)
    assert np.allclose(found[0], [sum(weights * (i + np.arange(len(words)))) for i in range(3)])
    assert np.array_equal(found[1], found[0]) and len(found[2]) > 0
    assert same(found, variables_give(plain(words)))


def synapses_give(words: Sequence[str]) -> list[np.ndarray]:
    """Variables of synapses, read and written in their code, and as many sums over them."""
    G = NeuronGroup(2, "v : 1", threshold="True")
    G.v = [1, 2]
    H = NeuronGroup(2, "total_of_all : 1")
    S = Synapses(G, H, "\n".join(f"{w} : 1" for w in words),
                 on_pre=f"total_of_all_post += {total(words)}\n{words[0]} += 1", delay=0.1*ms)
    S.connect()
    S.set_states({w: np.full(4, 1.0 * k) for k, w in enumerate(words)})
    some = words[::4]
    Z = NeuronGroup(2, "\n".join(f"{w} : 1" for w in some))
    R = Synapses(G, Z, "\n".join(f"{w}_post = {k + 1}*v_pre : 1 (summed)" for k, w in enumerate(some)))
    R.connect()
    net = Network(G, H, S, Z, R)
    net.run(0.4*ms)
    return [H.total_of_all[:], *states_of(S, words), *states_of(Z, some)]


def test_variables_of_synapses_and_sums_of_any_name():
    words = SYNAPSE
    found = synapses_give(words)
    sums = found[1 + len(words):]
    assert len(sums) > 20 and [x.tolist() for x in sums] == [[3.0 * (k + 1)] * 2 for k in range(len(sums))]
    assert same(found, synapses_give(plain(words)))


def objects_give(names: Sequence[str]) -> list[np.ndarray]:
    """Everything that has a name of its own."""
    name = iter(names)
    seed(5)
    G = NeuronGroup(4, "dv/dt = (2 - v)/(5*ms) : 1\nx : 1", threshold="v > 1", reset="v = 0", method="euler",
                    name=next(name))
    H = NeuronGroup(4, "v : 1", name=next(name))
    part = G[1:3]
    S = Synapses(part, H, "w : 1", on_pre="v_post += w*rand()\nw += 1", name=next(name))
    S.connect(j="i")
    S.w = 1
    for code in ("x = 2*x + rand()", "x = x + 1", "v = 0.9*v"):
        G.run_regularly(code, dt=1*ms, name=next(name))
    noise = PoissonInput(G, "x", 5, 100*Hz, 0.1)
    M, R, T = SpikeMonitor(G, name=next(name)), PopulationRateMonitor(part, name=next(name)), StateMonitor(
        H, "v", record=True, name=next(name))
    Network(G, H, S, noise, M, R, T).run(20*ms)
    return [G.v[:], G.x[:], H.v[:], M.i[:], M.t_[:], R.rate_[:], T.v[:]]


NAMES = {"words": "spikes index double register T parts t dt static".split(),
         "parts of others": "z y z_pre z_stateupdate my_resetter my_thresholder b a z_summed_variable_v_post".split()}


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_objects_of_any_name(names):
    found = objects_give(names)
    assert len(found[3]) > 10 and same(found, objects_give(plain(names)))


@pytest.mark.one_target
@pytest.mark.parametrize("name", ["my_resetter", "other"])
def test_the_gradient_of_a_reset_is_that_of_resets_only(name):
    jax = pytest.importorskip("jax")
    G = NeuronGroup(1, "dv/dt = -v/(5*ms) : 1", method="euler", name="G")
    G.v = 1
    G.run_regularly("v = 0.5*v", dt=1*ms, name=name)
    sim = Network(G).functional(5*ms, params=["G.v"], outputs=["G.v[-1]"], reset_grad="jump")
    found = jax.grad(lambda p: sim(p)["G.v[-1]"].sum())(sim.params)["G.v"]
    np.testing.assert_allclose(found, [0.5**5 * 0.98**50], rtol=1e-5)


@pytest.mark.one_target
def test_the_spikes_of_a_group_are_an_output_beside_constants_of_their_name():
    pytest.importorskip("jax")
    G = NeuronGroup(2, "dv/dt = (2 - v)/(5*ms) : 1", threshold="v > 1 + 0*spikes", reset="v = 0*first",
                    method="euler", name="G", namespace={"spikes": 3.0, "first": 1.0})
    M = SpikeMonitor(G)
    net = Network(G, M)
    found = net.functional(20*ms, outputs=["G.spikes"])({})["G.spikes"]
    net.run(20*ms)
    assert found.sum() == M.num_spikes == 10


@pytest.mark.one_target
def test_a_monitor_refuses_the_name_of_what_it_has_itself():
    G = NeuronGroup(2, "count : 1\nv : 1", threshold="v > 0")
    with pytest.raises(WrongValue, match="SpikeMonitor has a 'count' of its own"):
        SpikeMonitor(G, variables="count")


def again(many: int) -> list[tuple[str, list[float]]]:
    """The same model made many times while all of them live: text of the C program, and results."""
    made, alive = [], []
    for _ in range(many):
        seed(3)
        G = NeuronGroup(3, "dv/dt = (0.3 - v)/(5*ms) + 0.3*xi/ms**0.5 : 1\nx : 1", threshold="v > 1", reset="v = 0",
                        method="euler")
        H = NeuronGroup(3, "v : 1")
        S = Synapses(G, H, "w : 1", on_pre="v_post += w*rand()", delay=1*ms)
        T = Synapses(G, G, on_pre="x_post += rand()")
        S.connect()
        T.connect()
        for n in range(12):
            G.run_regularly(f"x = x*{n % 3} + rand()", dt=1*ms)
        net = Network(G, H, S, T, SpikeMonitor(G))
        net.run(10*ms)
        alive.append(net)
        made.append((source(net._prepared.program, False), [*G.v_[:], *G.x[:], *H.v[:]]))
    return made


@pytest.mark.one_target
def test_the_same_model_made_again_is_the_same_program_with_the_same_numbers():
    first, *others = again(11)
    assert others == [first] * 10
