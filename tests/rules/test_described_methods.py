"""Described methods move neurons as the built-in ones do."""
import numpy as np
import pytest

from brainsim import ExplicitStateUpdater, NeuronGroup, SpikeMonitor, TimedArray, ms, run

midpoint = ExplicitStateUpdater("k = dt*f(x, t)\nx_new = x + dt*f(x + k/2, t + dt/2)")
drive = TimedArray([0.5, 2.5, 1.5], dt=0.35 * ms)


def after(method):
    G = NeuronGroup(3, "dv/dt = (drive(t)*1.5 - v + w)/ms : 1 (unless refractory)\ndw/dt = -v*w/(2*ms) : 1",
                    threshold="v > 1", reset="v = 0",
                    refractory=0.5 * ms, method=method)
    G.v, G.w = [0, 0.3, 0.6], 0.2
    spikes = SpikeMonitor(G)
    run(3 * ms)
    return G.v[:], G.w[:], np.array(spikes.i), np.array(spikes.t)


@pytest.mark.feature("ExplicitStateUpdater")
def test_a_described_midpoint_method_is_rk2_through_spikes_refractoriness_and_input():
    ours, built = after(midpoint), after("rk2")
    assert len(ours[2]) > 3
    for a, b in zip(ours, built):
        np.testing.assert_allclose(a, b, rtol=1e-12)
