"""The derived adjoint gives what the published equations of EventProp give for leaky integrate-and-fire neurons,
written out here by hand.

Wunderlich and Pehle (2021), with delays: backwards in time, with ' = -d/dt, tau_m v' = -v and tau_s u' = -u + v; at a
spike of neuron n at t v_n grows by [theta v_n + sum_j w_jn (v_j - u_j)(t + d_jn) + dL/dt] / (I_n - V_n); dL/dw_jn =
-tau_s sum u_j, dL/dd_jn = w_jn sum (v_j - u_j), at arrivals.
"""
from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from brainsim import *
from brainsim.objects.gradients.event_gradients import event_functional

jax = pytest.importorskip("jax")
jnp = jax.numpy
TM, TS, N, T = 20.0, 5.0, 3, 70.0       # ms; neurons
Times = list[np.ndarray]


@pytest.fixture(autouse=True)
def double(fresh: None) -> Iterator[None]:
    """Double precision in JAX, for these tests only."""
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def by_hand(given: Times, spikes: Times, w: np.ndarray, d: np.ndarray, told: Times) -> tuple[np.ndarray, np.ndarray]:
    """Derivatives for weights and delays, (targets, sources). Sources are the neurons, then inputs; ``told``: dL/dt of
    each spike of a neuron."""
    events = [(t, "spike", n, k, None) for n, times in enumerate(spikes) for k, t in enumerate(times)]
    arrivals = [(t + d[j, i], "arrival", j, i, (i, k)) for i, times in enumerate(spikes + given)
                for k, t in enumerate(times) for j in range(N)]
    events = sorted((e for e in events + arrivals if e[0] <= T), key=lambda e: -e[0])

    def current(n: int, t: float) -> float:
        return sum(w[n, a[3]] * np.exp(-(t - a[0]) / TS) for a in arrivals if a[2] == n and a[0] < t)

    v, u, now = np.zeros(N), np.zeros(N), T
    gw, gd, sent = np.zeros_like(w), np.zeros_like(w), {}
    for t, kind, n, other, spike in events:
        s = now - t
        v, u, now = v*np.exp(-s/TM), u*np.exp(-s/TS) + v*TM/(TM - TS)*(np.exp(-s/TM) - np.exp(-s/TS)), t
        if kind == "arrival":
            gw[n, other] -= TS*u[n]
            gd[n, other] += w[n, other]*(v[n] - u[n])
            sent[spike] = sent.get(spike, 0.0) + w[n, other]*(v[n] - u[n])
        else:
            v[n] += (1.0*v[n] + sent.get((n, other), 0.0) + told[n][other]) / (current(n, t) - 1.0)
    return gw, gd


def test_weights_and_delays_of_a_recurrent_network():
    rng = np.random.default_rng(5)
    index, times = np.array([0, 1, 0, 1, 0, 0, 1, 0, 1]), np.array([1, 4, 7, 12, 15, 22, 30, 33, 41.0])
    P = SpikeGeneratorGroup(2, index, times*ms, name="P")
    G = NeuronGroup(N, "dv/dt = (I - v)/(20*ms) : 1\ndI/dt = -I/(5*ms) : 1", threshold="v > 1", reset="v = 0", name="G")
    S, R = Synapses(P, G, "w : 1", on_pre="I += w", name="S"), Synapses(G, G, "w : 1", on_pre="I += w", name="R")
    S.connect()
    R.connect()
    w, d = np.hstack([rng.normal(0.4, 0.6, (N, N)), rng.uniform(1.5, 3, (N, 2))]), rng.uniform(0.2, 2, (N, N + 2))
    for synapses, columns in ((R, slice(N)), (S, slice(N, None))):      # both are in the order of sources
        synapses.w, synapses.delay = w[:, columns].T.ravel(), d[:, columns].T.ravel()*ms
    sim = event_functional(Network(P, G, S, R), T*ms, ["S.w", "R.w", "S.delay", "R.delay"], outputs=["G.spikes"],
                           max_spikes=12)
    weights = jnp.asarray(rng.normal(0, 1, (N, 12)))

    def loss(params):
        found = sim(params)["G.spikes"]*1e3
        return jnp.sum(jnp.where(jnp.isfinite(found), weights*found, 0)), found

    (_, found), gradient = jax.jit(jax.value_and_grad(loss, has_aux=True))(sim.params)
    spikes = [np.asarray(row[np.isfinite(row)]) for row in found]
    assert min(map(len, spikes)) >= 2
    gw, gd = by_hand([times[index == 0], times[index == 1]], spikes, w, d, [np.asarray(weights[n]) for n in range(N)])
    for name, columns in (("R", slice(N)), ("S", slice(N, None))):
        np.testing.assert_allclose(gradient[f"{name}.w"], gw[:, columns].T.ravel(), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(gradient[f"{name}.delay"]*1e-3, gd[:, columns].T.ravel(), rtol=1e-9, atol=1e-12)
