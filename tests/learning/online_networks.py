"""Networks for tests of online learning, and the same numbers by hand in NumPy."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from brainsim import Network, NeuronGroup, SpikeGeneratorGroup, Synapses, ms

INPUTS, NEURONS, OUTPUTS, STEPS, TRIALS = 5, 4, 2, 40, 3
LIF = "dv/dt = (g - v)/tau : 1\ndg/dt = -g/taus : 1"
DECAYS = {"v": np.exp(-1 / 20), "g": np.exp(-1 / 10), "o": np.exp(-1 / 25)}
CONSTANTS = {"tau": 20*ms, "taus": 10*ms, "tauo": 25*ms}


def spikes(shape: tuple[int, ...], rate: float = 0.2, seed: int = 0) -> np.ndarray:
    """Zeros and ones."""
    return (np.random.default_rng(seed).random(shape) < rate).astype(float)


def synapses(source: Any, target: Any, name: str, on_pre: str, weights: np.ndarray | None = None,
             **more: Any) -> Synapses:
    """All to all unless ``p`` is given; weights (pre, post) or one for each."""
    p = more.pop("p", None)
    made = Synapses(source, target, "w : 1", on_pre=on_pre, name=name, **more)
    if p is None:
        made.connect()
    else:
        made.connect(p=p)
    made.w = np.random.default_rng(len(name) + len(made)).normal(0.3, 0.6,
                                                                 len(made)) if weights is None else np.ravel(weights)
    return made


def network(recurrent: np.ndarray | None = None, clamped: bool = False, model: str = LIF, on_pre: str = "g += w",
            neurons: int = NEURONS, inputs: int = INPUTS,
            reset: str = "v -= 1", threshold: str = "v >= 1", readout: str = "do/dt = -o/tauo : 1",
            **more: Any) -> Network:
    """``inp`` → ``G`` (→ itself) → ``Out``; with ``clamped`` the recurrent spikes come from a second input,
    ``again``."""
    inp = SpikeGeneratorGroup(inputs, [], []*ms, name="inp")
    G = NeuronGroup(neurons, model, threshold=threshold, reset=reset, method="exact", name="G", namespace=CONSTANTS)
    Out = NeuronGroup(OUTPUTS, readout, method="exact", name="Out", namespace=CONSTANTS)
    net = Network(inp, G, Out, synapses(inp, G, "S", on_pre, **more), synapses(G, Out, "O", "o += w"))
    if recurrent is not None:
        again = SpikeGeneratorGroup(neurons, [], []*ms, name="again") if clamped else G
        net.add(synapses(again, G, "R", on_pre, recurrent), *([again] if clamped else []))
    return net


def squares(outputs: dict[str, Any], target: Any) -> Any:
    """Loss of one step."""
    return ((outputs["Out.o"] - target)**2).sum()


def through_time(sim: Any, inputs: dict[str, Any], targets: np.ndarray,
                 loss: Callable[..., Any] = squares) -> dict[str, np.ndarray]:
    """The gradient by reverse mode through all steps: loss summed over steps, mean over trials."""
    def total(params: Any) -> Any:
        out = sim(params, inputs)
        each = jax.vmap(jax.vmap(loss))(out, jnp.asarray(targets))
        return each.sum() / len(targets)
    return jax.grad(total)({n: jnp.asarray(x) for n, x in sim.params.items()})


def relu_slope(v: np.ndarray) -> np.ndarray:
    """The surrogate 'relu' at a threshold of 1 and a distance of 1."""
    return 0.3 * np.maximum(0, 1 - np.abs(v - 1))


def rtrl(x: np.ndarray, y: np.ndarray, w: np.ndarray, r: np.ndarray, o: np.ndarray, coupled: bool) -> np.ndarray:
    """Full real-time recurrent learning of the input weights of one trial of `network`, (pre, post): the influence of
    every weight on every state (Williams & Zipser 1989). ``coupled``: whether it passes from one neuron's spike to
    another neuron."""
    inputs, n = w.shape
    # exact step of dv/dt = (g - v)/tau with decaying g
    from_g = np.exp(-1 / 20) * np.expm1(20**-1 - 10**-1) / (20**-1 - 10**-1) / 20
    v, g, out = np.zeros(n), np.zeros(n), np.zeros(o.shape[1])
    V, Gs, O = np.zeros((n, inputs, n)), np.zeros((n, inputs, n)), np.zeros((o.shape[1], inputs, n))      # noqa: E741
    total = np.zeros_like(w)
    for x_t, y_t in zip(x, y):
        V, v = DECAYS["v"] * V + from_g * Gs, DECAYS["v"] * v + from_g * g
        z = (v >= 1).astype(float)
        Z = relu_slope(v)[:, None, None] * V
        out, O = DECAYS["o"] * out + z @ o, DECAYS["o"] * O + np.einsum("jk,jab->kab", o, Z)      # noqa: E741
        g, Gs = DECAYS["g"] * g + x_t @ w + z @ r, DECAYS["g"] * Gs
        Gs[np.arange(n), :, np.arange(n)] += x_t
        if coupled:
            Gs = Gs + np.einsum("jk,jab->kab", r, Z)
        v, V = v - z, V - Z
        total += np.einsum("k,kab->ab", 2 * (out - y_t), O)
    return total
