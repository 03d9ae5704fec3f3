"""Rule L7: noise of the synapses replaced by noise of their sum with the same law, for who asks for it."""
from __future__ import annotations

import numpy as np
import pytest

from brainsim import Network, NeuronGroup, SpikeGeneratorGroup, StateMonitor, Synapses, ms, seed
from brainsim.errors import WrongValue
from tests.reduction.test_classes import SUM, SYN, every_size  # noqa: F401

MODEL = "dg/dt = -g/tau + s*xi*(2/tau)**0.5 : 1 (clock-driven)\ns : 1\nw : 1\nI_post = w*g : 1 (summed)"


def network(model: str = MODEL, reduce_noise: bool = True, mode: str = "auto", on_pre: str = "g += 1",
            method: str = "euler") -> Network:
    """40 sources that hardly fire, 50 targets, amplitudes and weights per synapse."""
    rng = np.random.default_rng(4)
    source = SpikeGeneratorGroup(40, [0], [1e6] * ms, name="source")
    G = NeuronGroup(50, "v : 1\nI : 1", name="G")
    S = Synapses(source, G, model, on_pre=on_pre, reduce=mode, reduce_noise=reduce_noise, method=method,
                 namespace={"tau": 1 * ms}, name="S")
    S.connect()
    for name in ("s", "w", "r"):
        if name in S.variables:
            setattr(S, name, rng.uniform(0.5, 1.5, len(S)))
    return Network(source, G, S, StateMonitor(G, "I", record=True, dt=0.5 * ms, name="trace"))


def variance(net: Network) -> np.ndarray:
    """Of the sum at each target over that of Ornstein and Uhlenbeck's process in steps of Euler's method."""
    S = net["S"]
    expected = np.bincount(S.j[:], (S.s[:] * S.w[:]) ** 2) / (1 - 0.1 / 2)      # dt = tau/10
    found = np.asarray(net["trace"].I)[:, 20:]
    return found.var(axis=1) / expected


def test_noise_of_the_sum_has_the_variance_and_the_memory_of_that_of_the_synapses(fresh: object, target: str) -> None:
    seed(8)
    for mode in ("auto", "off"):
        net = network(mode=mode)
        net.run(300 * ms)
        assert net["S"].reduction.kind("g") == SUM
        ratio = variance(net)
        assert abs(ratio.mean() - 1) < 0.03 and ratio.std() < 0.2          # 50 targets x about 300 independent values
        found = np.asarray(net["trace"].I)[:, 20:]
        memory = (found[:, 2:] * found[:, :-2]).mean() / (found**2).mean()  # two samples are tau apart
        assert abs(memory - 0.9**10) < 0.04
        across = np.corrcoef(found)[~np.eye(50, dtype=bool)]
        assert abs(across.mean()) < 0.02


def test_two_noises_in_one_equation_add_their_variances(fresh: object) -> None:
    seed(8)
    net = network(MODEL.replace("s*xi*", "s*(0.6*xi_1 + 0.8*xi_2)*"))
    net.run(200 * ms)
    assert net["S"].reduction.kind("g") == SUM
    assert abs(variance(net).mean() - 1) < 0.03


def test_noise_by_few_time_constants(fresh: object) -> None:
    seed(8)
    net = network(MODEL.replace("tau", "t_s").replace("s : 1\n", "s : 1\nt_s : second\n"))
    net["S"].t_s = "1*ms + 1*ms*(i % 2)"
    net.run(200 * ms)
    assert net["S"].reduction.kind("g") == SUM
    even = np.asarray(net["S"].i) % 2 == 0
    power = (net["S"].s[:] * net["S"].w[:]) ** 2
    expected = np.bincount(net["S"].j[:], np.where(even, power / (1 - 0.1 / 2), power / (1 - 0.05 / 2)))
    assert abs((np.asarray(net["trace"].I)[:, 40:].var(axis=1) / expected).mean() - 1) < 0.04


def test_require_names_rule_and_line(fresh: object) -> None:
    with pytest.raises(WrongValue, match=r"(?s)'g' of S cannot be reduced.*dg/dt = -g/tau \+ s\*xi.*L7: g has noise of "
                                         r"its own.*reduce_noise=True"):
        network(mode="require", reduce_noise=False).run(1 * ms)
    network(mode="require").run(1 * ms)


REFUSED = {
    "not asked for": (dict(reduce_noise=False), "L7: g has noise of its own at each synapse (reduce_noise=True keeps "
                                                "its law)"),
    "noise times the state": (dict(model=MODEL.replace("s*xi", "s*g*xi"), method="milstein"), "L7"),
    "an amplitude that changes": (dict(model=MODEL.replace("s*xi", "s*(1 + t/(5*ms))*xi"), method="heun"),
                                  "L7: the noise of g has an amplitude that changes"),
    "one noise in two equations": (dict(model="dg/dt = -g/tau + s*xi_1*(2/tau)**0.5 : 1 (clock-driven)\n"
                                              "dh/dt = -h/tau + xi_1*(2/tau)**0.5 : 1 (clock-driven)\n"
                                             "s : 1\nw : 1\nI_post = w*(g + h) : 1 (summed)"),
                                   "L7: the noise of g is that of another state too"),
    "two sums": (dict(model=MODEL.replace("w*g", "w*g + s*g*v_post")), "L7: g is summed with several factors"),
    "random numbers of another law": (dict(model="dg/dt = (rand() - g)/tau : 1 (clock-driven)\nw : 1\n"
                                                 "I_post = w*g : 1 (summed)"), "L7: g has noise of its own"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_noise_that_is_kept_per_synapse(fresh: object, case: str) -> None:
    settings, why = REFUSED[case]
    net = network(**settings)
    net.run(1 * ms)
    assert net["S"].reduction.kind("g") == SYN
    assert why in repr(net["S"].reduction), net["S"].reduction
