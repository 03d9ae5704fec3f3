"""What is changed between runs takes effect in the next one."""
import pytest

from brainsim import Network, NeuronGroup, SpikeGeneratorGroup, Synapses, ms


@pytest.mark.feature("method and its options")
def test_another_method_takes_effect(target):
    G = NeuronGroup(1, "dx/dt = -x/(1*ms) : 1", method="euler", name="G")
    net = Network(G)
    G.x = 1
    net.run(1 * ms)
    assert G.x[0] == pytest.approx(0.9**10, rel=1e-12)
    assert G.integration.method == "euler"
    G.method, G.x = "exact", 1
    net.run(1 * ms)
    assert G.x[0] == pytest.approx(0.36787944117144233, rel=1e-12)
    assert G.integration.method == "exact"


def test_another_threshold_and_reset_take_effect(target):
    G = NeuronGroup(1, "x : 1", threshold="x > 1", reset="x = -1", name="G")
    net = Network(G)
    G.x = 5
    net.run(0.1 * ms)
    assert G.x[0] == -1
    G.events["spike"] = "x < 0"
    G.active = True      # any attribute of an object says that something has changed
    net.run(0.1 * ms)
    assert list(G.spikes) == [0]


@pytest.mark.feature("pathways")
def test_other_code_of_a_pathway_takes_effect(target):
    source, G = SpikeGeneratorGroup(1, [0, 0], [0.2, 1.2] * ms), NeuronGroup(1, "x : 1", name="G")
    S = Synapses(source, G, on_pre="x_post += 1")
    S.connect()
    net = Network(source, G, S)
    net.run(1 * ms)
    S.pre.code = "x_post += 10"
    net.run(1 * ms)
    assert G.x[0] == 11
