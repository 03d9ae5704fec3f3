"""Networks that the tests of this folder train."""
import numpy as np

from brainsim import *

INPUTS, HIDDEN, CLASSES, STEPS = 12, 10, 2, 25


def leaky(**options):
    """One leaky variable with a constant input: v(t) = I (1 - exp(-t/tau)) in Euler steps; a function of tau, I and v
    at the start."""
    tau = 20 * ms
    G = NeuronGroup(3, "dv/dt = (I - v)/tau : volt\nI : volt", method="euler", name="G")
    G.I, G.v = [10, 20, 30] * mV, 1 * mV
    net = Network(G)
    return net.functional(10 * ms, **{"params": ["tau", "G.I", "G.v"], "outputs": ["G.v"], **options})


def classifier(**options):
    """Spikes of 12 inputs, 10 neurons, a leaky readout for each of two classes."""
    defaultclock.dt = 1 * ms
    tau, numbers = 10 * ms, np.random.default_rng(3)
    inputs = SpikeGeneratorGroup(INPUTS, [], [] * ms, name="inp")
    G = NeuronGroup(HIDDEN, "dv/dt = -v/tau : 1", threshold="v >= 1", reset="v -= 1", method="exact", name="G")
    S = Synapses(inputs, G, "w : 1", on_pre="v += w", name="S")
    S.connect()
    S.w = numbers.normal(0, 0.5, INPUTS * HIDDEN)
    out = NeuronGroup(CLASSES, "do/dt = -o/tau : 1", method="exact", name="out")
    R = Synapses(G, out, "w : 1", on_pre="o += w", name="R")
    R.connect()
    R.w = numbers.normal(0, 0.3, CLASSES * HIDDEN)
    net = Network(inputs, G, S, out, R)
    return net.functional(STEPS * ms, **{"params": ["S.w", "R.w"], "inputs": ["inp.spikes"],
                                         "outputs": ["out.o", "G.spikes"], **options})


def two_classes(count=60, seed=0):
    """Trials of the classifier: each class has its own inputs that fire. Arrays (trials, steps, inputs) and class
    numbers."""
    numbers = np.random.default_rng(seed)
    classes = numbers.integers(0, 2, count)
    rate = np.where(np.arange(INPUTS) % 2 == classes[:, None], 0.25, 0.03)
    return (numbers.random((count, STEPS, INPUTS)) < rate[:, None, :]).astype(float), classes
