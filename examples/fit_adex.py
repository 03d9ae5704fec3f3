"""Eight parameters of an adaptive exponential neuron (Brette & Gerstner 2005) from one noisy trace with spikes.

A squared error is useless where the model spikes at other times than the recording, and the time of a spike has no
usable gradient. So the model is reset when the *recording* spikes (``loss='between_spikes'``): what lies between the
spikes is smooth in all parameters, the jump of the adaptation at a spike included, and least squares finds them. How
well the model then spikes by itself is checked afterwards. ``--all`` does it with every method.
"""
import sys

import numpy as np

import brainsim as bs
from brainsim import *

truth = {'C': 200*pF, 'gL': 10*nS, 'EL': -68*mV, 'VT': -50*mV, 'DeltaT': 2*mV, 'a': 3*nS, 'b': 60*pA, 'tauw': 120*ms}
bounds = {'C': (50*pF, 500*pF), 'gL': (3*nS, 30*nS), 'EL': (-80*mV, -55*mV), 'VT': (-60*mV, -40*mV),
          'DeltaT': (0.5*mV, 5*mV),
          'a': (0*nS, 20*nS), 'b': (0*pA, 300*pA), 'tauw': (20*ms, 500*ms)}
Vr = -58*mV
Vcut = -30*mV
dt = 0.1*ms

membrane = '''
dv/dt = (gL*(EL - v) + gL*DeltaT*exp((v - VT)/DeltaT) - w + I)/C : volt
dw/dt = (a*(v - EL) - w)/tauw : amp
I : amp
'''


def neuron():
    """One neuron at rest."""
    defaultclock.dt = dt
    G = NeuronGroup(1, membrane, threshold='v > Vcut', reset='v = Vr; w += b', method='euler', name='neuron',
                    namespace={'Vr': Vr, 'Vcut': Vcut, **truth})
    G.v = -68*mV
    return G


def spiking(current, **params):
    """Potential with a peak of 20 mV at each spike, and spike times."""
    neurons = neuron()
    neurons.namespace.update(params)
    stim = TimedArray(current, dt)
    neurons.run_regularly('I = stim(t)', when='start')
    trace, spikes = StateMonitor(neurons, 'v', record=0), SpikeMonitor(neurons)
    Network(neurons, trace, spikes).run(len(current)*dt, namespace={'stim': stim})
    v = trace.v[0]
    v[np.round(spikes.t/dt).astype(int)] = 20*mV
    return v, spikes.t[:]


def injected(duration=1*second, seed=1):
    """Two steps of current with noise on them."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(round(duration/dt)))*dt
    keep = np.exp(-dt/(3*ms))
    wander = zeros(len(time))
    for k in range(1, len(time)):
        wander[k] = keep*wander[k - 1] + np.sqrt(1 - keep**2)*rng.standard_normal()
    return (0.55*(time > 20*ms)*(time < 0.6*duration) + 0.25*(time > 0.75*duration) + 0.15*wander)*nA


def record(duration=1*second, noise=1*mV, seed=1):
    """The injected current, the noisy potential, and the spike times."""
    current = injected(duration, seed)
    v, times = spiking(current)
    return current, v + noise*np.random.default_rng(seed + 1).standard_normal(len(v)), times


def recover(current, voltage, method='least_squares', **options):
    """The fit, by a method of choice."""
    return bs.fit(Network(neuron()), voltage, bounds, loss='between_spikes', method=method, output='neuron.v',
                  input={'neuron.I': current},
                  **{'spikes': -20*mV, 'mask': (0.5*ms, 0.2*ms), 'progress': False, **options})


def deviation(found):
    """By how much each parameter differs from the truth, as a share of it."""
    return {n: abs(float(found.params[n]/truth[n]) - 1) for n in truth}


def coincidence(times, others, within=2*ms):
    """Share of the spikes with a spike of the other train near them, of both trains."""
    near = np.abs(np.asarray(times)[:, None] - np.asarray(others)) < float(within)
    return (near.any(1).sum() + near.any(0).sum())/(len(times) + len(others))


def table(fits, current, times):
    """One row per method: deviation of each parameter from the truth, what is left of the distance, spikes in common,
    seconds, runs of the model."""
    rows = [f'{"method":15}' + ''.join(f'{n + " (%)":>12}' for n in truth)
            + f'{"rms (mV)":>12}{"spikes (%)":>12}{"seconds":>10}{"runs":>8}']
    for method, found in fits.items():
        deviations = ''.join(f'{100*x:12.2f}' for x in deviation(found).values())
        common = 100*coincidence(times, spiking(current, **found.params)[1])
        rows.append(f'{method:15}{deviations}{found.rms/mV:12.3f}{common:12.0f}{found.seconds:10.0f}{found.runs:8}')
    return '\n'.join(rows)


def draw(fits, times):
    """Above the data and the spikes of the first fit by itself, below how far each method is from the truth."""
    figure(figsize=(11, 6))
    first = next(iter(fits.values()))
    panel = subplot(211)
    first.plot(panel)
    panel.plot(times/ms, 25*ones(len(times)), '|k')
    subplot(212)
    for k, (method, found) in enumerate(fits.items()):
        bar(arange(len(truth)) + 0.2*k, [100*x for x in deviation(found).values()], 0.2, label=method)
    xticks(arange(len(truth)), truth)
    ylabel('deviation from the truth (%)')
    legend()
    tight_layout()


if __name__ == '__main__':
    methods = ('least_squares', 'lbfgs', 'adam', 'cma') if '--all' in sys.argv else ('least_squares',)
    current, voltage, times = record()
    fits = {method: recover(current, voltage, method=method) for method in methods}
    print(fits[methods[0]])
    print(table(fits, current, times))
    draw(fits, times)
    savefig(next((x for x in sys.argv[1:] if x != '--all'), 'fit_adex.png'))
