"""Conductances, capacitance and resting potential of a Hodgkin-Huxley neuron from one noisy trace.

A neuron with the channels of Traub and Miles (1991) gets a step of current with noise on it; white noise of 1.5 mV is
added to its potential. Five parameters are found from 150 ms of it, from bounds that span up to a factor of thirty. A
spike that comes a millisecond too late is as wrong as no spike, so the squared error of a model by itself has many
minima. A model that is pulled to the data while it is fitted has one (Abarbanel et al. 2009); the pull is loosened,
twofold from stage to stage, until the model runs by itself. ``--all`` does it with every method.
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
    G = NeuronGroup(1, membrane, method='exponential_euler', name='neuron',
                    namespace={'ENa': ENa, 'EK': EK, 'VT': VT, **truth})
    G.v = -65*mV
    G.m = '1/(1 + betam/alpham)'
    G.n = '1/(1 + betan/alphan)'
    G.h = '1/(1 + betah/alphah)'
    return G


def record(duration=150*ms, noise=1.5*mV, seed=1):
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
                  **{'follow': [*[2, 4, 8, 16, 32, 64]*ms, None], 'smooth': 0.1*ms, 'n_starts': 3, 'progress': False,
                     **options})


def deviation(found):
    """By how much each parameter differs from the truth, as a share of it."""
    return {n: abs(float(found.params[n]/truth[n]) - 1) for n in truth}


def table(fits):
    """One row per method: deviation of each parameter from the truth, what is left of the distance, seconds, runs of
    the model."""
    rows = [f'{"method":15}' + ''.join(f'{n + " (%)":>12}' for n in truth)
            + f'{"rms (mV)":>12}{"seconds":>10}{"runs":>8}']
    for method, found in fits.items():
        deviations = ''.join(f'{100*x:12.2f}' for x in deviation(found).values())
        rows.append(f'{method:15}{deviations}{found.rms/mV:12.3f}{found.seconds:10.0f}{found.runs:8}')
    return '\n'.join(rows)


def draw(fits):
    """Left the data and the first fit, right how far each method is from the truth."""
    figure(figsize=(11, 4))
    first = next(iter(fits.values()))
    first.plot(subplot(121))
    subplot(122)
    for k, (method, found) in enumerate(fits.items()):
        bar(arange(len(truth)) + 0.2*k, [100*x for x in deviation(found).values()], 0.2, label=method)
    xticks(arange(len(truth)), truth)
    ylabel('deviation from the truth (%)')
    legend()
    tight_layout()


if __name__ == '__main__':
    methods = ('least_squares', 'lbfgs', 'adam', 'cma') if '--all' in sys.argv else ('least_squares',)
    recorded = record()
    fits = {method: recover(*recorded, method=method) for method in methods}
    print(fits[methods[0]])
    print(table(fits))
    draw(fits)
    savefig(next((x for x in sys.argv[1:] if x != '--all'), 'fit_hh.png'))
