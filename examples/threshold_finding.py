"""How much sodium conductance lowers the firing threshold: ten bisection steps for 100 Hodgkin-Huxley neurons at once.

Every neuron has its own density of sodium channels. Each step starts all of them again from rest (``restore``) at their
present estimate of the threshold. Membrane of Hodgkin and Huxley (1952), potentials relative to rest; protocol of case
study 3 of Stimberg, Brette and Goodman (2019). The rates are written with ``exprel(x) = (exp(x) - 1)/x``, which is 1 at
x = 0: the first estimate, 25 mV, is just where the textbook form of ``alpham`` is 0/0.
"""
import sys

from brainsim import *

El = 10.613*mV
ENa = 115*mV
EK = -12*mV
gl = 0.3*mS/cm**2
gK = 36*mS/cm**2
C = 1*uF/cm**2
gNa_min = 15*mS/cm**2
gNa_max = 100*mS/cm**2

membrane = '''
dv/dt = (gl*(El - v) + gNa*m**3*h*(ENa - v) + gK*n**4*(EK - v))/C : volt
gNa : siemens/meter**2 (constant)
dm/dt = alpham*(1 - m) - betam*m : 1
dn/dt = alphan*(1 - n) - betan*n : 1
dh/dt = alphah*(1 - h) - betah*h : 1
alpham = 1/exprel((25*mV - v)/(10*mV))/ms : Hz
betam = 4*exp(-v/(18*mV))/ms : Hz
alphah = 0.07*exp(-v/(20*mV))/ms : Hz
betah = 1/(exp((30*mV - v)/(10*mV)) + 1)/ms : Hz
alphan = 0.1/exprel((10*mV - v)/(10*mV))/ms : Hz
betan = 0.125*exp(-v/(80*mV))/ms : Hz
'''


def find_thresholds(N=100, iterations=10):
    """Sodium conductances, and for each the estimates of the threshold, one row an iteration."""
    defaultclock.dt = 0.01*ms
    neurons = NeuronGroup(N, membrane, threshold='v > 50*mV', refractory='v > 50*mV', method='exponential_euler')
    neurons.gNa = 'gNa_min + (gNa_max - gNa_min)*i/N'
    neurons.v = 0*mV
    neurons.m = '1/(1 + betam/alpham)'
    neurons.n = '1/(1 + betan/alphan)'
    neurons.h = '1/(1 + betah/alphah)'
    spikes = SpikeMonitor(neurons)
    store()

    v0 = 25*mV*ones(N)
    step = 25*mV
    estimates = zeros((iterations + 1, N))*mV
    estimates[0] = v0
    for k in range(iterations):
        restore()
        neurons.v = v0
        run(20*ms)
        v0[spikes.count == 0] += step
        v0[spikes.count > 0] -= step
        step /= 2.0
        estimates[k + 1] = v0
    return neurons.gNa[:], estimates


def draw(gNa, estimates):
    """Left the result, right the way to it for three densities."""
    figure(figsize=(9, 4))
    subplot(121)
    plot(gNa/(mS/cm**2), estimates[-1]/mV)
    xlabel('sodium conductance (mS/cm$^2$)')
    ylabel('threshold (mV above rest)')
    subplot(122)
    for k in [0, len(gNa)//2, len(gNa) - 1]:
        plot(estimates[:, k]/mV, 'o-', label=f'{gNa[k]/(mS/cm**2):.0f} mS/cm$^2$')
    xlabel('iteration')
    ylabel('estimate (mV)')
    legend()
    tight_layout()


if __name__ == '__main__':
    draw(*find_thresholds())
    savefig(sys.argv[1] if len(sys.argv) > 1 else 'threshold_finding.png')
