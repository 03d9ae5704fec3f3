"""Conductances, capacitance and resting potential of a Hodgkin-Huxley neuron from one noisy trace.

A neuron with the channels of Traub and Miles (1991) gets a step of current with noise on it; white noise of 1.5 mV is added to its
potential. Five parameters are found from that trace, from bounds that span up to a factor of thirty. A spike that comes a millisecond too late is as
wrong as no spike, so the squared error of a model by itself has many minima. A model that is pulled to the data while it is fitted has
one (Abarbanel et al. 2009); the pull is loosened in stages until the model runs by itself.
"""
import sys

import numpy as np

import brainsim as bs
from brainsim import *

ENa = 50*mV
EK = -90*mV
VT = -63*mV
truth = {'gNa': 20*uS, 'gK': 6*uS, 'gl': 10*nS, 'El': -65*mV, 'C': 200*pF}
bounds = {'gNa': (5*uS, 80*uS), 'gK': (1*uS, 30*uS), 'gl': (2*nS, 50*nS), 'El': (-80*mV, -50*mV), 'C': (50*pF, 500*pF)}
dt = 0.025*ms

membrane = '''
dv/dt = (gl*(El - v) + gNa*m**3*h*(ENa - v) + gK*n**4*(EK - v) + I)/C : volt
dm/dt = alpham*(1 - m) - betam*m : 1
dn/dt = alphan*(1 - n) - betan*n : 1
dh/dt = alphah*(1 - h) - betah*h : 1
alpham = 1.28/exprel((13*mV - v + VT)/(4*mV))/ms : Hz
betam = 1.4/exprel((v - VT - 40*mV)/(5*mV))/ms : Hz
alphah = 0.128*exp((17*mV - v + VT)/(18*mV))/ms : Hz
betah = 4/(1 + exp((40*mV - v + VT)/(5*mV)))/ms : Hz
alphan = 0.16/exprel((15*mV - v + VT)/(5*mV))/ms : Hz
betan = 0.5*exp((10*mV - v + VT)/(40*mV))/ms : Hz
I : amp
'''


def neuron():
    """One neuron that begins at -65 mV with its channels at rest."""
    defaultclock.dt = dt
    G = NeuronGroup(1, membrane, method='exponential_euler', name='neuron', namespace={'ENa': ENa, 'EK': EK, 'VT': VT, **truth})
    G.v = -65*mV
    G.m = '1/(1 + betam/alpham)'
    G.n = '1/(1 + betan/alphan)'
    G.h = '1/(1 + betah/alphah)'
    return G


def record(duration=200*ms, noise=1.5*mV, seed=1):
    """The injected current and the noisy potential, one value per time step."""
    rng = np.random.default_rng(seed)
    steps = int(round(duration/dt))
    time = np.arange(steps)*dt
    keep = np.exp(-dt/(2*ms))
    wander = zeros(steps)
    for k in range(1, steps):
        wander[k] = keep*wander[k - 1] + np.sqrt(1 - keep**2)*rng.standard_normal()
    current = (0.3*(time > 10*ms)*(time < 0.7*duration) + 0.15*wander*(time > 5*ms))*nA
    neurons = neuron()
    stim = TimedArray(current, dt)
    neurons.run_regularly('I = stim(t)', when='start')
    trace = StateMonitor(neurons, 'v', record=0)
    Network(neurons, trace).run(duration, namespace={'stim': stim})
    return current, trace.v[0] + noise*rng.standard_normal(steps)


def recover(current, voltage, method='least_squares', **options):
    """The fit, by a method of choice."""
    return bs.fit(Network(neuron()), voltage, bounds, method=method, output='neuron.v', input={'neuron.I': current},
                  **{'follow': [1*ms, 2*ms, 4*ms, 8*ms, 16*ms, None], 'progress': False, **options})


def deviation(found):
    """By how much each parameter differs from the truth, as a share of it."""
    return {n: abs(float(found.params[n]/truth[n]) - 1) for n in truth}


def draw(fits):
    """Left the data and the first fit, right how far each method is from the truth."""
    figure(figsize=(11, 4))
    first = next(iter(fits.values()))
    first.plot(subplot(121))
    subplot(122)
    for k, (method, found) in enumerate(fits.items()):
        bar(np.arange(len(truth)) + 0.2*(k - 1), [100*x for x in deviation(found).values()], 0.2, label=method)
    xticks(range(len(truth)), truth)
    ylabel('deviation from the truth (%)')
    legend()
    tight_layout()


if __name__ == '__main__':
    recorded = record()
    fits = {method: recover(*recorded, method=method) for method in ('least_squares', 'lbfgs', 'adam', 'cma')}
    for found in fits.values():
        print(found)
        print('  deviation: ', ', '.join(f'{n} {100*x:.2f} %' for n, x in deviation(found).items()))
    draw(fits)
    savefig(sys.argv[1] if len(sys.argv) > 1 else 'fit_hh.png')
