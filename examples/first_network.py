"""A first network: 1000 leaky integrate-and-fire neurons that keep each other going; a summary and a raster plot.

The CUBA benchmark of Brette et al. (2007) at a quarter of its size: each neuron has half the inputs, about twice as
strong.
"""
import sys
import time

from brainsim import *

taum = 20*ms
taue = 5*ms
taui = 10*ms
El = -49*mV
Vt = -50*mV
Vr = -60*mV

model = '''
dv/dt = (ge + gi - (v - El))/taum : volt (unless refractory)
dge/dt = -ge/taue : volt
dgi/dt = -gi/taui : volt
'''


def simulate(duration=500*ms, N=1000):
    """The neurons, their synapses, and their spikes."""
    neurons = NeuronGroup(N, model, threshold='v > Vt', reset='v = Vr', refractory=5*ms, name='neurons')
    neurons.v = 'Vr + rand()*(Vt - Vr)'
    excitatory = neurons[:4*N//5]
    inhibitory = neurons[4*N//5:]

    exc_synapses = Synapses(excitatory, neurons, on_pre='ge += 3*mV')
    exc_synapses.connect(p=0.04)
    inh_synapses = Synapses(inhibitory, neurons, on_pre='gi -= 18*mV')
    inh_synapses.connect(p=0.04)

    spikes = SpikeMonitor(neurons)
    run(duration)
    return neurons, exc_synapses, inh_synapses, spikes


def draw(spikes):
    """A dot for every spike."""
    figure(figsize=(8, 4))
    plot(spikes.t/ms, spikes.i, '.k', ms=1)
    xlabel('time (ms)')
    ylabel('neuron')
    title(f'{spikes.num_spikes} spikes')
    tight_layout()


if __name__ == '__main__':
    seed(1)
    began = time.perf_counter()
    neurons, exc_synapses, inh_synapses, spikes = simulate()
    seconds = time.perf_counter() - began

    output = sys.argv[1] if len(sys.argv) > 1 else 'first_network.png'
    draw(spikes)
    savefig(output)
    print(f'neurons:  {len(neurons)}, four fifths of them excitatory')
    print(f'synapses: {len(exc_synapses)} excitatory, {len(inh_synapses)} inhibitory')
    print(f'run:      {neurons.t} simulated in {seconds:.2f} s, building included')
    print(f'rate:     {spikes.num_spikes/len(neurons)/(neurons.t/second):.1f} Hz')
    print(f'raster:   {output}')
