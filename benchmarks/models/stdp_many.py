"""N Poisson inputs with plastic synapses onto each of M neurons; the ceilings of all weights of a neuron sum up to ten
leaks."""
from brainsim import *


def simulate(duration=1*second, N=10000, M=100):
    gmax = 10/N
    dApre = 0.01*gmax
    dApost = -dApre*1.05
    inputs = PoissonGroup(N, rates=15*Hz)
    neurons = NeuronGroup(M, '''dv/dt = (ge*(0*mV - v) + (-74*mV) - v)/(10*ms) : volt
                                dge/dt = -ge/(5*ms) : 1''', threshold='v > -54*mV', reset='v = -60*mV', method='euler')
    neurons.v = -74*mV
    synapses = Synapses(inputs, neurons, '''w : 1
                                            dApre/dt = -Apre/(20*ms) : 1 (event-driven)
                                            dApost/dt = -Apost/(20*ms) : 1 (event-driven)''',
                        on_pre='''ge += w
                                  Apre += dApre
                                  w = clip(w + Apost, 0, gmax)''',
                        on_post='''Apost += dApost
                                   w = clip(w + Apre, 0, gmax)''')
    synapses.connect()
    synapses.w = 'rand()*gmax'
    spikes = SpikeMonitor(neurons)
    run(duration)
    return spikes
