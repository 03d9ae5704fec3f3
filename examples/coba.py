"""COBA: 4000 leaky integrate-and-fire neurons with conductance synapses, irregular activity that sustains itself.

Benchmark 1 of Brette et al. (2007), from the network of Vogels and Abbott (2005). Random spikes of twenty sources start
the activity; after 50 ms there is no input.
"""
import sys

from brainsim import *

C = 200*pF
gl = 10*nS
El = -60*mV
Vt = -50*mV
Vr = -60*mV
Ee = 0*mV
Ei = -80*mV
taue = 5*ms
taui = 10*ms
we = 6*nS
wi = 67*nS

model = '''
dv/dt = (gl*(El - v) + ge*(Ee - v) + gi*(Ei - v))/C : volt (unless refractory)
dge/dt = -ge/taue : siemens
dgi/dt = -gi/taui : siemens
'''


def simulate(duration=1*second, N=4000, p=0.02):
    """Spikes, population rate, and the potential of one neuron."""
    neurons = NeuronGroup(N, model, threshold='v > Vt', reset='v = Vr', refractory=5*ms, method='exponential_euler')
    neurons.v = 'Vr + rand()*(Vt - Vr)'
    excitatory = neurons[:4*N//5]
    inhibitory = neurons[4*N//5:]

    exc_synapses = Synapses(excitatory, neurons, on_pre='ge += we')
    exc_synapses.connect(p=p)
    inh_synapses = Synapses(inhibitory, neurons, on_pre='gi += wi')
    inh_synapses.connect(p=p)

    kick = PoissonGroup(20, rates='100*Hz*int(t < 50*ms)')
    kick_synapses = Synapses(kick, neurons, on_pre='ge += we')
    kick_synapses.connect(p=0.1)

    spikes = SpikeMonitor(neurons)
    rate = PopulationRateMonitor(neurons)
    potential = StateMonitor(neurons, 'v', record=0)
    run(duration)
    return spikes, rate, potential


def draw(spikes, rate, potential):
    """Every spike, the rate of the population, one potential."""
    figure(figsize=(8, 8))
    subplot(311)
    plot(spikes.t/ms, spikes.i, ',k')
    ylabel('neuron')
    subplot(312)
    plot(rate.t/ms, rate.smooth_rate(window='gaussian', width=2*ms)/Hz)
    ylabel('rate (Hz)')
    subplot(313)
    plot(potential.t/ms, potential.v[0]/mV)
    xlabel('time (ms)')
    ylabel('potential (mV)')
    tight_layout()


if __name__ == '__main__':
    seed(4)
    draw(*simulate())
    savefig(sys.argv[1] if len(sys.argv) > 1 else 'coba.png')
