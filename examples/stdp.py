"""Synapses that compete: spike-timing-dependent plasticity drives the weights of 1000 Poisson inputs apart.

Excitatory part of the model of Song, Miller and Abbott (2000). Input before output strengthens a synapse, output before
input weakens it slightly more, so the neuron ends where its inputs just balance: some weights at the ceiling, the rest
near zero. The two traces are event-driven: they are brought up to date only when a spike meets the synapse.
Conductances are relative to the leak. The change per pair is twice the paper's, to get there sooner.
"""
import sys

from brainsim import *

taum = 20*ms
taue = 5*ms
taupre = taupost = 20*ms
El = -70*mV
Ee = 0*mV
Vt = -54*mV
Vr = -60*mV
F = 10*Hz
gmax = 0.015

neuron_model = '''
dv/dt = (ge*(Ee - v) + El - v)/taum : volt
dge/dt = -ge/taue : 1
'''

synapse_model = '''
w : 1
dApre/dt = -Apre/taupre : 1 (event-driven)
dApost/dt = -Apost/taupost : 1 (event-driven)
'''


def simulate(duration=200*second, N=1000, dA=0.01):
    """Final weights as parts of the ceiling, the course of two of them, and the spikes of the neuron."""
    dApre = dA*gmax
    dApost = -dApre*taupre/taupost*1.05
    inputs = PoissonGroup(N, rates=F)
    neuron = NeuronGroup(1, neuron_model, threshold='v > Vt', reset='v = Vr', method='exponential_euler')
    neuron.v = El

    synapses = Synapses(inputs, neuron, synapse_model,
                        on_pre='''ge_post += w
                                  Apre += dApre
                                  w = clip(w + Apost, 0, gmax)''',
                        on_post='''Apost += dApost
                                   w = clip(w + Apre, 0, gmax)''')
    synapses.connect()
    synapses.w = 'rand()*gmax'

    course = StateMonitor(synapses, 'w', record=[0, 1], dt=100*ms)
    output = SpikeMonitor(neuron)
    run(duration)
    return synapses.w[:]/gmax, course, output


def draw(weights, course, output):
    """All weights at the end, two on their way, and the output rate."""
    figure(figsize=(8, 8))
    subplot(311)
    hist(weights, 20)
    xlabel('weight / ceiling')
    ylabel('synapses')
    subplot(312)
    plot(course.t/second, course.w.T/gmax)
    ylabel('weight / ceiling')
    subplot(313)
    end = course.t[-1]/second
    counts, edges = histogram(output.t/second, bins=50, range=(0, end))
    plot(edges[:-1], counts/(edges[1] - edges[0]))
    xlabel('time (s)')
    ylabel('output rate (Hz)')
    tight_layout()


if __name__ == '__main__':
    seed(7)
    draw(*simulate())
    savefig(sys.argv[1] if len(sys.argv) > 1 else 'stdp.png')
