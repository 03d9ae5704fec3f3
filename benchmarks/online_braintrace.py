"""The network of ``online_learning.py`` in BrainTrace: ``PY online_braintrace.py d_rtrl|pp_prop|e_prop REPEAT`` prints
a line of JSON."""
from __future__ import annotations

import json
import sys
import time

import brainpy
import brainstate
import braintools
import braintrace
import brainunit as u
import jax
import jax.numpy as jnp
import numpy as np

INPUTS, NEURONS, OUTPUTS, STEPS, TRIALS = 100, 100, 10, 200, 32


class Net(brainstate.nn.Module):
    """Exponential synapses, neurons with soft reset, leaky readouts."""

    def __init__(self, w: np.ndarray, out: np.ndarray):
        super().__init__()
        self.neurons = brainpy.state.LIF(NEURONS, R=1.*u.ohm, tau=20.*u.ms, V_th=1.*u.mV, V_reset=0.*u.mV,
                                         V_rest=0.*u.mV,
                                         V_initializer=braintools.init.ZeroInit(unit=u.mV),
                                         spk_fun=braintools.surrogate.ReluGrad(), spk_reset="soft")
        self.synapses = brainpy.state.AlignPostProj(
            comm=braintrace.nn.Linear(INPUTS + NEURONS, NEURONS, w_init=jnp.asarray(w)*u.mA, b_init=None),
            syn=brainpy.state.Expon(NEURONS, tau=10.*u.ms, g_initializer=braintools.init.ZeroInit(unit=u.mA)),
            out=brainpy.state.CUBA(scale=1.),
            post=self.neurons)
        self.readout = braintrace.nn.LeakyRateReadout(NEURONS, OUTPUTS, tau=20.*u.ms, w_init=jnp.asarray(out))

    def update(self, x: object) -> object:
        self.synapses(jnp.concatenate([x, self.neurons.get_spike()], -1))
        self.neurons(0.*u.mA)
        return self.readout(self.neurons.get_spike())


def main(rule: str, repeat: int) -> None:
    rng = np.random.default_rng(0)
    x = jnp.asarray((rng.random((STEPS, TRIALS, INPUTS)) < 0.05).astype(np.float32))
    labels = rng.integers(0, OUTPUTS, TRIALS)
    count = INPUTS + NEURONS
    w = rng.normal(0, 1 / np.sqrt(count), (count, NEURONS)).astype(np.float32) * 3
    out = rng.normal(0, 1 / np.sqrt(NEURONS), (NEURONS, OUTPUTS)).astype(np.float32)
    brainstate.environ.set(dt=1.*u.ms)
    net = Net(w, out)
    algorithm = {"d_rtrl": braintrace.D_RTRL, "pp_prop": braintrace.pp_prop, "e_prop": braintrace.EProp}[rule]
    learner = braintrace.compile(net, algorithm, x[0], batch_size=TRIALS,
                                 **({"decay_or_rank": 0.98} if rule == "pp_prop" else {}))
    targets = jnp.broadcast_to(jnp.asarray(labels), (STEPS, TRIALS))

    def step_loss(x: object, y: object) -> object:
        return braintools.metric.softmax_cross_entropy_with_integer_labels(learner(x), y).mean()

    @brainstate.transform.jit
    def gradient() -> object:
        brainstate.nn.reset_all_states(net, batch_size=TRIALS)
        learner.reset_state(batch_size=TRIALS)
        return learner.etrace_grad(x, targets, step_fn=step_loss, return_value=True)

    jax.block_until_ready(gradient())
    times = []
    for _ in range(repeat):
        began = time.perf_counter()
        jax.block_until_ready(gradient())
        times.append(1e3 * (time.perf_counter() - began))
    print(json.dumps({"rule": rule, "ms": float(np.median(times)), "all ms": times, "version": braintrace.__version__,
                      "jax": jax.__version__}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
