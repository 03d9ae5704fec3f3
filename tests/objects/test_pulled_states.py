"""An input of ``net.functional`` for what the network computes itself: it replaces the variable at the beginning of
steps, or pulls at it."""
import numpy as np
import pytest

from brainsim import *
from brainsim.errors import WrongValue
from brainsim.objects.gradients.functional import Pull

pytest.importorskip("jax")
nan = np.nan
DECAY = 1 - 0.1 / 10      # of one step of Euler's method


@pytest.fixture
def leak(fresh):
    """Two neurons that decay from 0.5 and 0.8, a hundredth a step, and count their resets."""
    G = NeuronGroup(2, "dv/dt = -v/(10*ms) : 1\nc : integer", threshold="v > 10", reset="v = 0.25; c += 1",
                    method="euler", name="G")
    G.v = [0.5, 0.8]
    return Network(G)


def test_numbers_replace_the_variable_and_the_rest_leaves_it_alone(leak):
    sim = leak.functional(0.3 * ms, inputs=["G.v"], outputs=["G.v"])
    v = sim({}, {"G.v": np.array([[nan, nan], [0.1, nan], [nan, nan]])})["G.v"]
    assert np.allclose(v, [[0.5 * DECAY, 0.8 * DECAY], [0.1 * DECAY, 0.8 * DECAY**2], [0.1 * DECAY**2, 0.8 * DECAY**3]],
                       rtol=1e-5)


def test_a_share_pulls_part_of_the_way_and_a_ceiling_holds(leak):
    sim = leak.functional(0.2 * ms, inputs=["G.v"], outputs=["G.v"])
    v = sim({}, {"G.v": Pull(np.array([[0.1, nan], [0.1, nan]]), share=[0.5, 0], ceiling=0.7)})["G.v"]
    assert np.allclose(v, [[0.3 * DECAY, 0.7 * DECAY], [0.3 * DECAY**2, 0.7 * DECAY**2]], rtol=1e-5)


def test_trials_have_values_of_their_own(leak):
    sim = leak.functional(0.1 * ms, inputs=["G.v"], outputs=["G.v"], batch=2)
    v = sim({}, {"G.v": Pull(np.array([[[1.0, 2.0]], [[3.0, 4.0]]]), share=1.0)})["G.v"]
    assert np.allclose(v[:, 0], DECAY * np.array([[1, 2], [3, 4]]), rtol=1e-5)


def test_given_spikes_reset_a_neuron_that_stays_below_threshold(leak):
    sim = leak.functional(0.2 * ms, inputs=["G.spikes"], outputs=["G.v", "G.c"])
    out = sim({}, {"G.spikes": np.array([[0, 0], [0, 1.0]])})
    assert np.allclose(out["G.v"][1], [0.5 * DECAY**2, 0.25], rtol=1e-5)
    assert np.array_equal(out["G.c"][1], [0, 1])


def test_given_values_of_another_shape_are_refused(leak):
    sim = leak.functional(0.2 * ms, inputs=["G.v"], outputs=["G.v"])
    with pytest.raises(WrongValue, match="has another shape"):
        sim({}, {"G.v": Pull(np.zeros((3, 2)))})
