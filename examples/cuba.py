"""CUBA: 4000 leaky integrate-and-fire neurons with exponential synaptic currents, active without any input.

Benchmark 2 of Brette et al. (2007), from the network of Vogels and Abbott (2005): four excitatory neurons for each
inhibitory one, every pair connected with probability 2 %. Currents are written as the potential they would hold.
"""
import sys

from brainsim import *

taum = 20*ms
taue = 5*ms
taui = 10*ms
Vt = -50*mV
Vr = -60*mV
El = -49*mV         # above threshold: what keeps the network going
we = 1.62*mV
wi = -9*mV

model = '''
dv/dt = (ge + gi - (v - El))/taum : volt (unless refractory)
dge/dt = -ge/taue : volt
dgi/dt = -gi/taui : volt
'''


def simulate(duration=1*second, N=4000, p=0.02):
    """Spikes and population rate."""
    neurons = NeuronGroup(N, model, threshold='v > Vt', reset='v = Vr', refractory=5*ms, method='exact')
    neurons.v = 'Vr + rand()*(Vt - Vr)'
    excitatory = neurons[:4*N//5]
    inhibitory = neurons[4*N//5:]

    exc_synapses = Synapses(excitatory, neurons, on_pre='ge += we')
    exc_synapses.connect(p=p)
    inh_synapses = Synapses(inhibitory, neurons, on_pre='gi += wi')
    inh_synapses.connect(p=p)

    spikes = SpikeMonitor(neurons)
    rate = PopulationRateMonitor(neurons)
    run(duration)
    return spikes, rate


def draw(spikes, rate):
    """Every spike, and the rate of the population."""
    figure(figsize=(8, 6))
    subplot(211)
    plot(spikes.t/ms, spikes.i, ',k')
    ylabel('neuron')
    subplot(212)
    plot(rate.t/ms, rate.smooth_rate(window='gaussian', width=2*ms)/Hz)
    xlabel('time (ms)')
    ylabel('rate (Hz)')
    tight_layout()


if __name__ == '__main__':
    seed(3)
    draw(*simulate())
    savefig(sys.argv[1] if len(sys.argv) > 1 else 'cuba.png')
