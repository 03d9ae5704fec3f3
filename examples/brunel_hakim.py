"""Fast oscillations of sparse inhibition: neurons that fire seldom and irregularly, a population that beats.

Network of Brunel and Hakim (1999): 5000 inhibitory neurons near threshold with external noise, each receiving about
1000 synapses. Inhibition that comes back after a delay makes the rate oscillate with a period of a few delays. Here
every synapse has a delay of its own, between ``D*(1 - spread)`` and ``D*(1 + spread)``: the wider the spread, the
weaker the rhythm.
"""
import sys

from brainsim import *

Vr = 10*mV
theta = 20*mV
tau = 20*ms
D = 2*ms            # mean delay
J = 0.1*mV
muext = 25*mV
sigmaext = 1*mV

model = 'dV/dt = (-V + muext + sigmaext*sqrt(tau)*xi)/tau : volt'


def simulate(duration=1*second, N=5000, C=1000, spread=0.5):
    """Spikes and population rate."""
    neurons = NeuronGroup(N, model, threshold='V > theta', reset='V = Vr', refractory=2*ms, method='euler')
    neurons.V = Vr

    synapses = Synapses(neurons, neurons, on_pre='V -= J')
    synapses.connect(p=C/N)
    synapses.delay = 'D*(1 + spread*(2*rand() - 1))'

    spikes = SpikeMonitor(neurons)
    rate = PopulationRateMonitor(neurons)
    run(duration)
    return spikes, rate


def rhythm(rate):
    """The strongest frequency of the population rate from 50 Hz on, and its share of the variance of the rate."""
    step = (rate.t[1] - rate.t[0])/second
    settled = rate.rate[len(rate.t)//4:]/Hz
    power = abs(np.fft.rfft(settled - mean(settled)))**2
    frequency = np.fft.rfftfreq(len(settled), step)
    power[frequency < 50] = 0
    top = argmax(power)
    near = (frequency > 0.8*frequency[top]) & (frequency < 1.25*frequency[top])
    return frequency[top]*Hz, sum(power[near])/sum(power)


def draw(spikes, rate):
    """The last 100 ms: spikes of 500 neurons, and the rate of all."""
    figure(figsize=(8, 6))
    end = rate.t[-1]/ms
    subplot(211)
    shown = spikes.i < 500
    plot(spikes.t[shown]/ms, spikes.i[shown], '.k', ms=2)
    xlim(end - 100, end)
    ylabel('neuron')
    subplot(212)
    plot(rate.t/ms, rate.smooth_rate(window='gaussian', width=0.3*ms)/Hz)
    xlim(end - 100, end)
    xlabel('time (ms)')
    ylabel('rate (Hz)')
    tight_layout()


if __name__ == '__main__':
    seed(6)
    spikes, rate = simulate()
    frequency, share = rhythm(rate)
    print(f'the population oscillates at {frequency/Hz:.0f} Hz; a neuron fires at {mean(rate.rate/Hz):.1f} Hz')
    draw(spikes, rate)
    savefig(sys.argv[1] if len(sys.argv) > 1 else 'brunel_hakim.png')
