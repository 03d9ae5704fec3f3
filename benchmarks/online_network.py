"""The network of ``online_learning.py`` in brainsim, and its measurements."""
from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import brainsim as bs
from brainsim import Network, NeuronGroup, SpikeGeneratorGroup, Synapses, defaultclock, ms

from common import median  # isort: skip

INPUTS, NEURONS, OUTPUTS, STEPS, TRIALS = 100, 100, 10, 200, 32


def data() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Spikes (steps, trials, inputs), labels (trials,), weights to neurons (inputs and neurons, neurons) and to
    readouts; the same for the peer."""
    rng = np.random.default_rng(0)
    x = (rng.random((STEPS, TRIALS, INPUTS)) < 0.05).astype(np.float32)
    labels = rng.integers(0, OUTPUTS, TRIALS)
    count = INPUTS + NEURONS
    w = rng.normal(0, 1 / np.sqrt(count), (count, NEURONS)).astype(np.float32) * 3
    return x, labels, w, rng.normal(0, 1 / np.sqrt(NEURONS), (NEURONS, OUTPUTS)).astype(np.float32)


def function() -> Any:
    """The network as a function."""
    defaultclock.dt = 1*ms
    _, _, w, out = data()
    inp = SpikeGeneratorGroup(INPUTS, [], []*ms, name="inp")
    G = NeuronGroup(NEURONS, "dv/dt = (g - v)/(20*ms) : 1\ndg/dt = -g/(10*ms) : 1", threshold="v >= 1", reset="v -= 1",
                    method="exact", name="G")
    Out = NeuronGroup(OUTPUTS, "do/dt = -o/(20*ms) : 1", method="exact", name="Out")
    net = Network(inp, G, Out)
    for name, source, target, code, weights in (("S", inp, G, "g += w", w[:INPUTS]), ("R", G, G, "g += w", w[INPUTS:]),
                                                ("O", G, Out, "o += w", out)):
        made = Synapses(source, target, "w : 1", on_pre=code, name=name)
        made.connect()
        made.w = weights.ravel()
        net.add(made)
    return net.functional(STEPS*ms, params=["S.w", "R.w", "O.w"], inputs=["inp.spikes"], outputs=["Out.o"],
                          batch=TRIALS, surrogate="relu")


def entropy(outputs: dict[str, Any], label: Any) -> Any:
    """Loss of one step."""
    return -jax.nn.log_softmax(outputs["Out.o"])[label]


def timed(call: Callable[[], Any], repeat: int) -> tuple[float, list[float], Any]:
    """Median in ms, all times, and the result; the first call, which compiles, is not counted."""
    found, times = jax.block_until_ready(call()), []
    for _ in range(repeat):
        began = time.perf_counter()
        found = jax.block_until_ready(call())
        times.append(1e3 * (time.perf_counter() - began))
    return median(times), times, found


def measure(rules: list[str], repeat: int) -> list[dict]:
    """A row for the gradient through time, and one for each rule: times, and the direction and length of its gradient
    of all hidden weights."""
    sim = function()
    x, labels, _, _ = data()
    inputs = {"inp.spikes": jnp.asarray(x.transpose(1, 0, 2))}
    targets = jnp.asarray(np.broadcast_to(labels[:, None], (TRIALS, STEPS)))
    params = {n: jnp.asarray(v, jnp.float32) for n, v in sim.params.items()}

    @jax.jit
    def through_time(params: Any, inputs: Any) -> Any:
        return jax.value_and_grad(lambda p: jax.vmap(jax.vmap(entropy))(sim(p, inputs), targets).sum() / TRIALS)(params)

    reference, all_times, (loss, slope) = timed(lambda: through_time(params, inputs), repeat)
    rows = [{"rule": "through time", "ms": reference, "of through time": 1.0, "all ms": all_times,
             "loss": float(loss) / STEPS}]
    for rule in rules:
        learner = bs.online(sim, rule, loss=entropy)
        took, all_times, (_, found) = timed(lambda learner=learner: learner.value_and_grad(params, inputs, targets),
                                            repeat)
        a, b = (np.concatenate([np.asarray(g[n], float) for n in ("S.w", "R.w")]) for g in (found, slope))
        rows.append({"rule": rule, "ms": took, "of through time": took / reference,
                     "cosine": float(a @ b / np.sqrt(a @ a * (b @ b))),
                     "length": float(np.sqrt(a @ a / (b @ b))),
                     "temporaries MB": learner.memory_estimate(inputs, targets) / 1e6, "all ms": all_times})
    return rows
