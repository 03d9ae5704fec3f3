"""Gradients through spikes equal central differences of the same run, to six digits and more, model by model."""
from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from brainsim import *
from brainsim.objects.gradients.event_gradients import event_functional

jax = pytest.importorskip("jax")
from tests.events.numeric import assert_gradients_are_those_of_differences  # noqa: E402, I001

TIMES = [1, 4, 7, 12, 15, 22, 30, 33, 41]*ms
WHO = [0, 1, 0, 1, 0, 0, 1, 0, 1]


@pytest.fixture(autouse=True)
def double(fresh: None) -> Iterator[None]:
    """Double precision in JAX, for these tests only."""
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def two_inputs() -> SpikeGeneratorGroup:
    return SpikeGeneratorGroup(2, WHO, TIMES, name="P")


def wired(P: object, G: object, code: str, weights: object, name: str = "S", model: str = "w : 1") -> Synapses:
    """All pairs, a delay for each."""
    S = Synapses(P, G, model, on_pre=code, name=name)
    S.connect()
    S.w = weights
    S.delay = np.linspace(0.3, 1.1, len(S))*ms
    return S


def test_lif_with_exponential_currents_recurrent_with_delays():
    tau, ts = 20*ms, 5*ms
    P = two_inputs()
    G = NeuronGroup(2, "dv/dt = (I - v)/tau : 1\ndI/dt = -I/ts : 1\nth : 1", threshold="v > th", reset="v = 0",
                    name="G")
    G.th, G.v, G.I = 1, [0.1, 0.2], [0.3, 0.1]
    S = wired(P, G, "I += w", [3.1, 1.3, 2.2, 2.9])
    R = Synapses(G, G, "w : 1", on_pre="I += w", name="R")
    R.connect("i != j")
    R.w, R.delay = [1.9, -0.8], [0.9, 1.5]*ms
    sim = event_functional(Network(P, G, S, R), 60*ms, ["S.w", "S.delay", "R.w", "R.delay", "tau", "ts", "G.th",
                                                        "G.v", "G.I"], ["P.times"],
                           ["G.spikes", "G.v", "G.I"], max_spikes=8)
    assert_gradients_are_those_of_differences(sim, 7, {"S.w": 1e-6, "S.delay": 1e-9, "R.w": 1e-6, "R.delay": 1e-9,
                                                       "tau": 1e-8, "ts": 1e-8, "G.th": 1e-6,
                                                    "G.v": 1e-6, "G.I": 1e-6, "P.times": 1e-9})


def test_one_delay_for_all_recurrent_synapses():
    tau, ts = 20*ms, 5*ms
    P = two_inputs()
    G = NeuronGroup(3, "dv/dt = (I - v)/tau : 1\ndI/dt = -I/ts : 1", threshold="v > 1", reset="v -= 1", name="G")
    S = wired(P, G, "I += w", [3.1, 1.3, 2.0, 2.2, 2.9, 2.5])
    R = Synapses(G, G, "w : 1", on_pre="I += w", delay=1.2*ms, name="R")
    R.connect("i != j")
    R.w = [0.9, -0.8, 0.5, 0.7, -0.4, 0.6]
    sim = event_functional(Network(P, G, S, R), 60*ms, ["S.w", "R.w", "R.delay", "tau", "ts"], ["P.times"],
                           ["G.spikes", "G.v"])
    assert_gradients_are_those_of_differences(sim, 9, {"S.w": 1e-6, "R.w": 1e-6, "R.delay": 1e-9, "tau": 1e-8,
                                                       "ts": 1e-8, "P.times": 1e-9})


def test_two_layers_of_lif():
    tau, ts = 20*ms, 5*ms
    P = two_inputs()
    model = "dv/dt = (I - v)/tau : 1\ndI/dt = -I/ts : 1"
    G = NeuronGroup(3, model, threshold="v > 1", reset="v = 0", name="G")
    H = NeuronGroup(2, model, threshold="v > 1", reset="v = 0", name="H")
    S = wired(P, G, "I += w", [3.1, 1.3, 2.0, 2.2, 2.9, 2.5])
    T = wired(G, H, "I += w", [2.1, 1.3, 1.5, 2.2, 0.9, 1.7], "T")
    sim = event_functional(Network(P, G, H, S, T), 60*ms, ["S.w", "S.delay", "T.w", "T.delay", "tau", "ts"],
                           ["P.times"], ["H.spikes", "H.v"])
    assert_gradients_are_those_of_differences(sim, 4, {"S.w": 1e-6, "S.delay": 1e-9, "T.w": 1e-6, "T.delay": 1e-9,
                                                       "tau": 1e-8, "ts": 1e-8, "P.times": 1e-9})


def test_equal_time_constants():
    """Where the closed form of two exponentials would divide by zero."""
    tau, ts = 10*ms, 10*ms
    P = two_inputs()
    G = NeuronGroup(2, "dv/dt = (I - v)/tau : 1\ndI/dt = -I/ts : 1", threshold="v > 1", reset="v = 0", name="G")
    S = wired(P, G, "I += w", [3.1, 1.3, 2.2, 2.9])
    sim = event_functional(Network(P, G, S), 60*ms, ["tau", "ts", "S.w"], [], ["G.spikes", "G.v"])
    assert_gradients_are_those_of_differences(sim, 4, {"tau": 1e-8, "ts": 1e-8, "S.w": 1e-6})


def test_lif_with_conductances():
    C, gl, El, Ee, Ei, te, ti = 200*pF, 10*nS, -60*mV, 0*mV, -80*mV, 5*ms, 10*ms
    P = two_inputs()
    G = NeuronGroup(2, '''dv/dt = (gl*(El - v) + ge*(Ee - v) + gi*(Ei - v))/C : volt
                          dge/dt = -ge/te : siemens
                          dgi/dt = -gi/ti : siemens''', threshold="v > -50*mV", reset="v = -60*mV", name="G")
    G.v = [-58, -57]*mV
    S = wired(P, G, "ge += w", [9, 4, 6, 8]*nS, model="w : siemens")
    R = Synapses(G, G, "w : siemens", on_pre="gi += w", name="R")
    R.connect("i != j")
    R.w, R.delay = [3, 5]*nS, [0.9, 1.5]*ms
    sim = event_functional(Network(P, G, S, R), 60*ms, ["S.w", "S.delay", "R.w", "R.delay", "C", "te", "ti", "El",
                                                        "G.v"], ["P.times"], ["G.spikes"])
    assert_gradients_are_those_of_differences(sim, 6, {"S.w": 1e-14, "S.delay": 1e-9, "R.w": 1e-14, "R.delay": 1e-9,
                                                       "C": 1e-16, "te": 1e-9, "ti": 1e-9,
                                                    "El": 1e-8, "G.v": 1e-8, "P.times": 1e-9})


def test_adaptive_lif():
    tau, tw, a, b, Iext = 20*ms, 60*ms, 0.4, 0.3, 1.3
    P = two_inputs()
    G = NeuronGroup(2, "dv/dt = (Iext - v - w)/tau : 1\ndw/dt = (a*v - w)/tw : 1", threshold="v > 1",
                    reset="v = 0; w += b", name="G")
    G.v, G.w = [0.2, 0.5], [0.1, 0]
    S = Synapses(P, G, "u : 1", on_pre="v += u", name="S")
    S.connect()
    S.u, S.delay = [0.2, 0.1, 0.15, 0.25], np.array([0.3, 0.8, 1.2, 0.6])*ms
    sim = event_functional(Network(P, G, S), 100*ms, ["S.u", "S.delay", "tau", "tw", "a", "b", "Iext", "G.v", "G.w"],
                           ["P.times"],
                           ["G.spikes", "G.v", "G.w"])
    assert_gradients_are_those_of_differences(sim, 4, {"S.u": 1e-6, "S.delay": 1e-9, "tau": 1e-8, "tw": 1e-8, "a": 1e-6,
                                                       "b": 1e-6, "Iext": 1e-6,
                                                    "G.v": 1e-6, "G.w": 1e-6, "P.times": 1e-9})


def test_adaptive_threshold():
    """Three exponentials meet in the event function, so a crossing is looked for piece by piece."""
    tau, ts, th = 20*ms, 5*ms, 40*ms
    P = two_inputs()
    G = NeuronGroup(2, "dv/dt = (I - v)/tau : 1\ndI/dt = -I/ts : 1\ndx/dt = (1 - x)/th : 1", threshold="v > x",
                    reset="v = 0; x += 0.4", name="G")
    G.x = 1
    S = wired(P, G, "I += w", [4.1, 2.3, 3.2, 3.9])
    sim = event_functional(Network(P, G, S), 60*ms, ["S.w", "S.delay", "tau", "ts", "th", "G.x"], ["P.times"],
                           ["G.spikes", "G.x"])
    assert_gradients_are_those_of_differences(sim, 6, {"S.w": 1e-6, "S.delay": 1e-9, "tau": 1e-8, "ts": 1e-8,
                                                       "th": 1e-8, "G.x": 1e-6, "P.times": 1e-9})


def test_quadratic_integrate_and_fire():
    tau, ts = 10*ms, 5*ms
    P = two_inputs()
    G = NeuronGroup(2, "dv/dt = (v*v + I)/tau : 1\ndI/dt = -I/ts : 1", threshold="v > 5", reset="v = -1", name="G")
    G.v = -1
    S = wired(P, G, "I += w", [9, 5, 7, 8])
    sim = event_functional(Network(P, G, S), 60*ms, ["S.w", "S.delay", "tau", "ts", "G.v"], ["P.times"],
                           ["G.spikes", "G.v"], step=0.05*ms)
    assert_gradients_are_those_of_differences(sim, 4, {"S.w": 1e-6, "S.delay": 1e-9, "tau": 1e-8, "ts": 1e-8,
                                                       "G.v": 1e-6, "P.times": 1e-9})


def test_izhikevich_neurons_recurrent():
    a, b, c, d = 0.02/ms, 0.2/ms, -65*mV, 8*mV/ms
    G = NeuronGroup(2, '''dv/dt = (0.04/ms/mV)*v**2 + (5/ms)*v + 140*mV/ms - u + I + s : volt
                          du/dt = a*(b*v - u) : volt/second
                          ds/dt = -s/(4*ms) : volt/second
                          I : volt/second''', threshold="v > 30*mV", reset="v = c; u += d", name="G")
    G.v, G.u, G.I = -65*mV, -13*mV/ms, [10, 12]*mV/ms
    R = Synapses(G, G, "w : volt/second", on_pre="s += w", delay=1.5*ms, name="R")
    R.connect("i != j")
    R.w = [2, -3]*mV/ms
    sim = event_functional(Network(G, R), 60*ms, ["a", "b", "c", "d", "G.I", "R.w", "R.delay", "G.v"], [], ["G.spikes"],
                           step=0.025*ms)
    assert_gradients_are_those_of_differences(sim, 5, {"a": 1e-4, "b": 1e-3, "c": 1e-7, "d": 1e-4, "G.I": 1e-5,
                                                       "R.w": 1e-5, "R.delay": 1e-8, "G.v": 1e-7})


def test_excitatory_and_inhibitory_groups_of_different_equations():
    tau, ts = 20*ms, 5*ms
    P = two_inputs()
    E = NeuronGroup(2, "dv/dt = (I - v)/tau : 1\ndI/dt = -I/ts : 1", threshold="v > 1", reset="v = 0", name="E")
    J = NeuronGroup(2, "dx/dt = (0.2 - x)/ta : 1\nta : second", threshold="x > 1", reset="x = 0", name="J")
    J.ta = [9, 12]*ms
    S = wired(P, E, "I += w", [4.1, 2.3, 3.2, 3.9])
    EJ = Synapses(E, J, "w : 1", on_pre="x += w", delay=0.7*ms, name="EJ")
    JE = Synapses(J, E, "w : 1", on_pre="I -= w", name="JE")
    EJ.connect()
    JE.connect()
    EJ.w, JE.w = [0.7, 0.5, 0.6, 0.8], [0.3, 0.6, 0.9, 0.5]
    JE.delay = [0.6, 0.8, 1, 1.2]*ms
    sim = event_functional(Network(P, E, J, S, EJ, JE), 60*ms, ["S.w", "EJ.w", "EJ.delay", "JE.w", "JE.delay", "J.ta",
                                                                "tau", "ts"], ["P.times"],
                           ["E.spikes", "J.spikes", "J.x"])
    assert_gradients_are_those_of_differences(sim, 9, {"S.w": 1e-6, "EJ.w": 1e-6, "EJ.delay": 1e-9, "JE.w": 1e-6,
                                                       "JE.delay": 1e-9, "J.ta": 1e-9,
                                                    "tau": 1e-8, "ts": 1e-8, "P.times": 1e-9})


def test_a_spike_that_sets_off_another_at_once_passes_its_time_on():
    """The input lifts the neuron over its threshold, so its spike has the time of the input, whatever the slope."""
    tau = 20*ms
    P = SpikeGeneratorGroup(1, [0, 0], [3, 8]*ms, name="P")
    G = NeuronGroup(1, "dv/dt = -v/tau : 1", threshold="v > 1", reset="v -= 0.9", name="G")
    S = Synapses(P, G, "w : 1", on_pre="v += w", delay=1*ms, name="S")
    S.connect()
    S.w = 1.2
    sim = event_functional(Network(P, G, S), 20*ms, ["S.w", "S.delay", "tau"], ["P.times"], ["G.spikes", "G.v"])
    np.testing.assert_allclose(sim()["G.spikes"][0, :2], [4e-3, 9e-3], rtol=1e-14)
    assert_gradients_are_those_of_differences(sim, 2, {"S.w": 1e-6, "S.delay": 1e-9, "tau": 1e-8, "P.times": 1e-9})


def test_states_of_synapses_are_summed_at_the_target():
    """The same conductances, once in the synapses and once in the neurons."""
    tau, ts, E = 20*ms, 5*ms, 4
    P = two_inputs()
    G = NeuronGroup(2, "dv/dt = (I - v)/tau : 1\nI : 1", threshold="v > 1", reset="v = 0", name="G")
    S = Synapses(P, G, "w : 1\ndg/dt = -g/ts : 1 (clock-driven)\nI_post = w*g*(E - v_post) : 1 (summed)",
                 on_pre="g += 0.5", name="S")
    S.connect()
    S.w, S.g = [2.2, 1.5, 1.7, 1.8], [0.1, 0.2, 0.3, 0.1]
    S.delay = [0.3, 0.6, 0.8, 1.1]*ms
    sim = event_functional(Network(P, G, S), 60*ms, ["S.w", "S.g", "S.delay", "ts", "E"], ["P.times"],
                           ["G.spikes", "G.v"])
    H = NeuronGroup(2, "dv/dt = (g*(E - v) - v)/tau : 1\ndg/dt = -g/ts : 1", threshold="v > 1", reset="v = 0", name="H")
    H.g = [2.2*0.1 + 1.7*0.3, 1.5*0.2 + 1.8*0.1]
    T = Synapses(P, H, "w : 1", on_pre="g += 0.5*w", name="T")
    T.connect()
    T.w, T.delay = [2.2, 1.5, 1.7, 1.8], [0.3, 0.6, 0.8, 1.1]*ms

    other = event_functional(Network(P, H, T), 60*ms, [], [], ["H.spikes"])
    np.testing.assert_allclose(sim()["G.spikes"], other()["H.spikes"], rtol=1e-12)
    assert_gradients_are_those_of_differences(sim, 4, {"S.w": 1e-6, "S.g": 1e-6, "S.delay": 1e-9, "ts": 1e-8, "E": 1e-6,
                                                       "P.times": 1e-9})


def test_equations_that_depend_on_time():
    tau, A, f = 10*ms, 2, 100*Hz
    G = NeuronGroup(2, "dv/dt = (A*sin(2*pi*f*t) + 1.1 + 0.1*i - v)/tau : 1", threshold="v > 1", reset="v = 0",
                    name="G")
    sim = event_functional(Network(G), 50*ms, ["A", "f", "tau", "G.v"], [], ["G.spikes", "G.v"])
    assert_gradients_are_those_of_differences(sim, 4, {"A": 1e-6, "f": 1e-4, "tau": 1e-8, "G.v": 1e-6})
