"""What event-based gradients do not take they refuse at once, and say what would help; and for each thing refused its
twin that is taken."""
from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from brainsim import *
from brainsim.errors import UnknownName, Unsupported, WrongValue
from brainsim.objects.gradients.event_gradients import event_functional

pytest.importorskip("jax")
pytestmark = pytest.mark.usefixtures("fresh")
LIF = "dv/dt = (I - v)/(20*ms) : 1\ndI/dt = -I/(5*ms) : 1"


def lif(model: str = LIF, **more: object) -> NeuronGroup:
    return NeuronGroup(2, model, **{"threshold": "v > 1", "reset": "v = 0", "name": "G", **more})


def alone(**more: object) -> Network:
    return Network(lif(**more))


def synaptic(model: str = "w : 1", on_pre: str = "I += w", **more: object) -> Network:
    P = SpikeGeneratorGroup(2, [0, 1], [1, 2]*ms, name="P")
    G = lif()
    S = Synapses(P, G, model, on_pre=on_pre, name="S", **more)
    S.connect()
    return Network(P, G, S)


def summed(value: str, rate: str = "-g/(5*ms)") -> Network:
    P = SpikeGeneratorGroup(2, [0, 1], [1, 2]*ms, name="P")
    G = lif("dv/dt = (I - v)/(20*ms) : 1\nI : 1")
    S = Synapses(P, G, f"w : 1\ndg/dt = {rate} : 1 (clock-driven)\nI_post = {value} : 1 (summed)", on_pre="g += 1",
                 name="S")
    S.connect()
    return Network(P, G, S)


def with_poisson() -> Network:
    P = PoissonGroup(2, 10*Hz, name="P")
    G = lif()
    S = Synapses(P, G, "w : 1", on_pre="I += w", name="S")
    S.connect()
    return Network(P, G, S)


def with_code_at_times() -> Network:
    G = lif()
    G.run_regularly("v = 0", dt=10*ms, name="every")
    return Network(G)


def with_values_over_time() -> Network:
    stimulus = TimedArray([1, 2], dt=10*ms, name="values")
    return Network(lif("dv/dt = (stimulus(t) - v)/(20*ms) : 1", namespace={"stimulus": stimulus}))


def with_two_steps() -> Network:
    return Network(lif(), NeuronGroup(1, "dx/dt = -x/ms : 1", dt=0.05*ms, name="H"))


def learning_from_targets() -> Network:
    G = lif()
    S = Synapses(G, G, "w : 1", on_pre="I += w", on_post="w += 0.1", name="S")
    S.connect()
    return Network(G, S)


REFUSED: list[tuple[Callable[[], Network], str]] = [
    (lambda: alone(refractory=2*ms), r"G has a refractory period.*Help: leave it out and reset lower"),
    (lambda: alone(model="dv/dt = -v/(20*ms) + xi*(1*ms)**-0.5 : 1"), r"contain the noise 'xi'"),
    (lambda: alone(threshold="v > rand()"), r"the threshold draws random numbers with 'rand\(\)'.*\^"),
    (lambda: alone(reset="v = rand()"), r"the reset draws random numbers.*Help: draw them beforehand"),
    (lambda: alone(threshold="v > 1 and I > 0"), r"must be one comparison.*\^+.*Help: threshold='v > v_th'"),
    (lambda: alone(threshold="i > 5"), r"nothing in the threshold changes"),
    (lambda: alone(reset=None), r"nothing that takes a neuron below it again.*Help: give it a reset"),
    (lambda: alone(model="dv/dt = (int(v > 0.5) - v)/(20*ms) : 1"),
     r"the equation of 'v' jumps where no event is.*depends on 'v'.*\^"),
    (lambda: alone(events={"other": "v > 2"}), r"has the event 'other'"),
    (with_poisson, r"P draws random spikes.*Help: give its spikes by a SpikeGeneratorGroup"),
    (with_code_at_times, r"every runs code at times of a clock"),
    (with_values_over_time, r"uses the TimedArray 'stimulus'.*\^"),
    (with_two_steps, r"clocks with different dt.*5e-05 s, 0.0001 s"),
    (lambda: synaptic(on_pre="I += w; w += 0.1"), r"S: a spike changes 'w' of the synapse.*\^.*a weight that learns"),
    (learning_from_targets, r"changes when its target spikes"),
    (lambda: synaptic("w : 1\ndx/dt = -x/ms : 1 (event-driven)"), r"event-driven variables belong to each synapse"),
    (lambda: summed("w*g**2"), r"not a multiple of the synapses' states.*\^"),
    (lambda: summed("w*g", "-w*g/(5*ms)"), r"the state 'g' of the synapses cannot be kept as a sum: its rate depends "
                                           r"on 'w'"),
]


@pytest.mark.parametrize("make, said", REFUSED, ids=[re.sub(r"\W+", "_", said)[:40] for _, said in REFUSED])
def test_a_model_is_refused_with_a_remedy(make, said):
    with pytest.raises(Unsupported) as error:
        event_functional(make(), 10*ms)
    assert re.search(said, str(error.value), re.DOTALL), str(error.value)
    assert "Help:" in str(error.value)


TAKEN: list[Callable[[], Network]] = [
    lambda: alone(), lambda: alone(threshold="1 < v"), lambda: alone(threshold="v >= 1"), lambda: alone(reset="v -= 1"),
    lambda: alone(model="dv/dt = (on*I - v)/(20*ms) : 1\ndI/dt = -I/(5*ms) : 1\non : 1", reset="v = 0; on = 0"),
    lambda: alone(model="dv/dt = (int(k > 0.5) - v)/(20*ms) : 1\nk : 1"),
    lambda: synaptic(), lambda: synaptic(on_pre="I = I + w"), lambda: synaptic(on_pre="v_post += w*(1 - v_post)"),
    lambda: summed("w*g"),
]


@pytest.mark.parametrize("make", TAKEN)
def test_a_model_is_taken(make):
    assert event_functional(make(), 10*ms).outputs


def test_names_that_are_not_there_are_refused_with_those_that_are():
    with pytest.raises(UnknownName, match=r"no parameter 'S.v' to set\n  Help: did you mean.*'S.w'"):
        event_functional(synaptic(), 10*ms, ["S.v"])
    with pytest.raises(UnknownName, match=r"no input 'P.time'\n  Help: did you mean 'P.times'"):
        event_functional(synaptic(), 10*ms, [], ["P.time"])
    with pytest.raises(UnknownName, match=r"no output 'G.spike'\n  Help: did you mean 'G.spikes'"):
        event_functional(synaptic(), 10*ms, outputs=["G.spike"])
    with pytest.raises(UnknownName, match="names 'H', which is no group"):
        event_functional(synaptic(), 10*ms, max_spikes={"H": 3})
    with pytest.raises(WrongValue, match="max_spikes= is a whole number"):
        event_functional(synaptic(), 10*ms, max_spikes=0)


def test_parameters_have_the_names_of_a_compiled_network():
    """Those of the model that are constant, with names in the script too."""
    net = synaptic()
    tau = 7*ms
    H = NeuronGroup(1, "dv/dt = -v/tau : 1\nk : 1", threshold="v > k", reset="v = 0", name="other")
    net.add(H)
    sim = event_functional(net, 10*ms, [*net.compile().parameters, "H.k"])
    assert {"S.w", "S.delay", "G.v", "G.I", "tau", "other.k"} <= set(sim.params)
    assert sim.params["tau"] == pytest.approx(7e-3)
    assert sim.params["H.k"].shape == (1,)
