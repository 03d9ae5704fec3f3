"""More events are under way at the end of a run than a queue has room for at first, on every target."""
from __future__ import annotations

import numpy as np
import pytest

from brainsim import Network, NeuronGroup, SpikeGeneratorGroup, Synapses, ms, prefs


def arrived(lengths: list[float], delay: str) -> np.ndarray:
    """What 90 neurons got, by step of arrival, of 40 and 60 spikes that were sent one step apart."""
    index = np.concatenate([np.arange(40), np.arange(20, 80)])
    source = SpikeGeneratorGroup(90, index, np.repeat([0.2, 0.3], [40, 60]) * ms)
    G = NeuronGroup(90, "x : 1")
    S = Synapses(source, G, "w : 1", on_pre="x_post += w*t_in_timesteps")
    S.connect(j="(i + k*7) % 90 for k in range(2)")
    S.w, S.delay = "1 + i", delay
    net = Network(source, G, S)
    for length in lengths:
        net.run(length * ms)
    return np.array(G.x[:])


@pytest.mark.parametrize("target", ["interpreter", "numpy", "cython", "jax"])
@pytest.mark.parametrize("delay", ["1*ms", "1*ms + 0.1*ms*(i % 2)"], ids=["one delay", "two delays"])
def test_all_that_is_under_way_arrives_after_the_next_run(fresh, target, delay):
    prefs.codegen.target = target
    sent = [(i, 2) for i in range(40)] + [(i, 3) for i in range(20, 80)]
    later = 0 if delay == "1*ms" else 1
    expected = np.zeros(90)
    for i, step in sent:
        for k in range(2):
            expected[(i + 7 * k) % 90] += (1 + i) * (step + 10 + later * (i % 2))
    np.testing.assert_array_equal(arrived([2], delay), expected)
    np.testing.assert_array_equal(arrived([0.7, 1.3], delay), expected)
