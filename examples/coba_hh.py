"""COBA-HH: 4000 Hodgkin-Huxley neurons with conductance synapses, irregular activity that sustains itself.

Benchmark 3 of Brette et al. (2007); the membrane is that of Traub and Miles (1991). Random spikes of twenty sources
start the activity; after 50 ms there is no input. ``exprel(x) = (exp(x) - 1)/x`` stands for the quotients that the
textbook form leaves undefined at one potential each.
"""
import sys

from brainsim import *

area = 20000*um**2
C = 1*uF/cm**2*area
gl = 5e-5*siemens/cm**2*area
gNa = 100*mS/cm**2*area
gK = 30*mS/cm**2*area
El = -60*mV
ENa = 50*mV
EK = -90*mV
VT = -63*mV
Ee = 0*mV
Ei = -80*mV
taue = 5*ms
taui = 10*ms
we = 6*nS
wi = 67*nS

model = '''
dv/dt = (gl*(El - v) + ge*(Ee - v) + gi*(Ei - v) + gNa*m**3*h*(ENa - v) + gK*n**4*(EK - v))/C : volt
dm/dt = alpham*(1 - m) - betam*m : 1
dn/dt = alphan*(1 - n) - betan*n : 1
dh/dt = alphah*(1 - h) - betah*h : 1
dge/dt = -ge/taue : siemens
dgi/dt = -gi/taui : siemens
alpham = 1.28/exprel((13*mV - v + VT)/(4*mV))/ms : Hz
betam = 1.4/exprel((v - VT - 40*mV)/(5*mV))/ms : Hz
alphah = 0.128*exp((17*mV - v + VT)/(18*mV))/ms : Hz
betah = 4/(1 + exp((40*mV - v + VT)/(5*mV)))/ms : Hz
alphan = 0.16/exprel((15*mV - v + VT)/(5*mV))/ms : Hz
betan = 0.5*exp((10*mV - v + VT)/(40*mV))/ms : Hz
'''


def simulate(duration=1*second, N=4000, p=0.02):
    """Spikes, population rate, and the potentials of three neurons."""
    neurons = NeuronGroup(N, model, threshold='v > -20*mV', refractory=3*ms, method='exponential_euler')
    neurons.v = 'El - 5*mV + 5*mV*randn()'
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
    potentials = StateMonitor(neurons, 'v', record=[0, N//2, N - 1])
    run(duration)
    return spikes, rate, potentials


def draw(spikes, rate, potentials):
    """Every spike, the rate of the population, three potentials."""
    figure(figsize=(8, 8))
    subplot(311)
    plot(spikes.t/ms, spikes.i, ',k')
    ylabel('neuron')
    subplot(312)
    plot(rate.t/ms, rate.smooth_rate(window='gaussian', width=2*ms)/Hz)
    ylabel('rate (Hz)')
    subplot(313)
    plot(potentials.t/ms, potentials.v.T/mV, lw=0.7)
    xlabel('time (ms)')
    ylabel('potential (mV)')
    tight_layout()


if __name__ == '__main__':
    seed(5)
    draw(*simulate())
    savefig(sys.argv[1] if len(sys.argv) > 1 else 'coba_hh.png')
