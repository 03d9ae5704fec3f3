"""Gradients through the conductances of COBA-HH, checked against differences, and used to find them again from noisy
potentials.

A hundred Hodgkin-Huxley neurons with excitatory and inhibitory conductance synapses (benchmark 3 of Brette et al. 2007,
smaller, its random spikes without end). The gradient with respect to two synaptic weights and three conductances of the
membrane is exact where the times of spikes are taken for given: membranes spike by their equations. For a network that
runs by itself it is of little use: activity like this is chaotic, and how much a weight matters for a potential grows
with time without limit. A network that is given the spikes that were recorded, and whose potentials are pulled to the
recorded ones (Abarbanel et al. 2009), forgets; so its gradient stays small and leads back to the conductances of the
recording, from values that are wrong by a factor of 1.5. The leak, which is small beside the synapses, is known least.
"""
import sys

import jax
import jax.numpy as jnp
import optax
from numpy.random import default_rng

import brainsim as bs
from brainsim import *

jax.config.update('jax_enable_x64', True)       # differences need it

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

names = ['we', 'wi', 'gNa', 'gK', 'gl']
# where the descent begins, in parts of the truth
wrong = {'we': 1.5, 'wi': 1/1.5, 'gNa': 1.5, 'gK': 1/1.5, 'gl': 1.5}
dt = 0.1*ms


class Recording:
    """Potentials, with noise on them, and spikes, shape (steps, neurons), of a network; and the network as functions of
    its conductances."""

    def __init__(self, duration=100*ms, N=100, in_degree=40, drive=0.2, noise=0.2*mV):
        defaultclock.dt = dt
        neurons = NeuronGroup(N, model, threshold='v > -20*mV', refractory=3*ms, method='exponential_euler',
                              name='neurons')
        neurons.v = 'El - 5*mV + 5*mV*randn()'
        excitatory = Synapses(neurons[:4*N//5], neurons, on_pre='ge += we', name='excitatory')
        inhibitory = Synapses(neurons[4*N//5:], neurons, on_pre='gi += wi', name='inhibitory')
        for synapses in (excitatory, inhibitory):
            synapses.connect(p=in_degree/N)
        sources = PoissonGroup(20, rates=100*Hz, name='sources')
        driven = Synapses(sources, neurons, on_pre='ge += we', name='driven')
        driven.connect(p=drive)
        net = Network(neurons, excitatory, inhibitory, sources, driven)
        self.free = net.functional(duration, params=names, outputs=['neurons.v', 'neurons.spikes'])
        self.fed = net.functional(duration, params=names, inputs=['neurons.spikes', 'neurons.v'], outputs=['neurons.v'])
        out = self.free()
        self.truth = {n: jnp.asarray(x) for n, x in self.free.params.items()}
        self.spikes = array(out['neurons.spikes'])
        self.v = array(out['neurons.v']) + float(noise)*default_rng(1).standard_normal(self.spikes.shape)
        self.before = concatenate([full((1, N), nan), self.v[:-1]])        # nothing pulls at the first step

    def values(self, logs):
        """Conductances of logarithms of their parts of the truth."""
        return {n: self.truth[n]*jnp.exp(x) for n, x in logs.items()}

    def followed(self, logs, follow=2*ms):
        """Potentials of the network that is given the recorded spikes and pulled to the recorded potentials with this
        time constant."""
        pull = bs.Pull(self.before, 1 - jnp.exp(-float(dt)/follow))
        return self.fed(self.values(logs), {'neurons.spikes': self.spikes, 'neurons.v': pull})['neurons.v']

    def loss(self, logs, follow):
        """Mean square of the distance from the recording, in mV²."""
        return 1e6*jnp.mean((self.followed(logs, follow) - self.v)**2)


def at(parts):
    """Parts of the truth as logarithms."""
    return {n: jnp.log(jnp.asarray(x)) for n, x in parts.items()}


def compiled(recording):
    """A function of the logarithms and of the pull that gives slopes and loss; forwards, for there are few parameters
    and many steps."""
    return jax.jit(jax.jacfwd(lambda logs, follow: 2*(recording.loss(logs, follow),), has_aux=True))


def compare(gradient, logs, h=1e-7, follow=2*ms):
    """The gradient beside differences of the loss, one row per parameter. Steps are small: the loss bends within a
    thousandth."""
    def along(name, k):
        return float(gradient({**logs, name: logs[name] + k*h}, float(follow))[1])

    slopes = gradient(logs, float(follow))[0]
    return {n: (float(slopes[n]), (8*along(n, 1) - 8*along(n, -1) - along(n, 2) + along(n, -2))/(12*h)) for n in names}


def descend(gradient, logs, stages=((0.2*ms, 0.2, 100), (0.5*ms, 0.2, 100), (1*ms, 0.1, 100))):
    """Adam in stages with a pull, a rate and a number of steps each; conductances in parts of the truth, and the loss,
    before each step."""
    course, losses = [], []
    for follow, rate, steps in stages:
        rule = optax.adam(optax.cosine_decay_schedule(rate, steps, 0.01))
        state = rule.init(logs)
        for _ in range(steps):
            slopes, loss = gradient(logs, float(follow))
            course.append([float(jnp.exp(logs[n])) for n in names])
            losses.append(float(loss))
            change, state = rule.update(slopes, state)
            logs = optax.apply_updates(logs, change)
    return array(course), array(losses)


def sensitivity(recording):
    """How far potentials move if we grows by a part of itself, root mean square over neurons, for each step, in mV: by
    itself, and followed."""
    def moved(function):
        v = jax.jvp(function, (at(dict.fromkeys(names, 1.0)),), ({n: 1.0*(n == 'we') for n in names},))[1]
        return 1e3*jnp.sqrt(jnp.mean(v**2, axis=1))

    return tuple(array(jax.jit(lambda f=f: moved(f))())
                 for f in (lambda x: recording.free(recording.values(x))['neurons.v'], recording.followed))


def draw(recording, rows, course, losses, moved):
    """The recording, gradients and differences, what a weight matters for in time, and the descent."""
    time = arange(len(recording.v))*dt/ms
    figure(figsize=(11, 8))
    subplot(221)
    step, neuron = nonzero(recording.spikes)
    plot(time[step], neuron, '|k')
    xlim(0, time[-1])
    xlabel('time (ms)')
    ylabel('neuron')
    subplot(222)
    for k, label in enumerate(('gradient', 'differences')):
        bar(arange(len(rows)) + 0.4*k, [row[k] for row in rows.values()], 0.4, label=label)
    for k, (one, other) in enumerate(rows.values()):
        text(k + 0.2, max(one, other, 0), f'{abs(one/other - 1):.0e}', ha='center', va='bottom', fontsize=8)
    xticks(arange(len(rows)) + 0.2, rows)
    ylabel('slope of the loss (mV²)')
    legend()
    subplot(223)
    for x, label in zip(moved, ('by itself', 'followed')):
        semilogy(time, maximum(x, 1e-3), label=label)
    xlabel('time (ms)')
    ylabel('slope of potentials by log we (mV)')
    legend()
    subplot(224)
    plot(course, label=names)
    axhline(1, color='k', ls=':')
    xlabel('step of the descent')
    ylabel('part of the truth')
    legend()
    tight_layout()


if __name__ == '__main__':
    seed(1)
    recording = Recording()
    gradient = compiled(recording)
    rows = compare(gradient, at(wrong))
    print('slopes of the loss, beside differences:')
    for name, (slope, difference) in rows.items():
        print(f'  {name:4}{slope:14.7f}{difference:14.7f}   relative error {abs(slope/difference - 1):.0e}')
    course, losses = descend(gradient, at(wrong))
    moved = sensitivity(recording)
    print(f'{len(losses)} steps from {losses[0]:.2f} to {losses[-1]:.2f} mV²; of the truth:',
          ', '.join(f'{n} {x:.3f}' for n, x in zip(names, course[-1])))
    print(f'slope of potentials by log we after {recording.free.duration}: {moved[0][-1]:.1e} mV by itself, '
          f'{moved[1][-1]:.1e} mV followed')
    draw(recording, rows, course, losses, moved)
    savefig(sys.argv[1] if len(sys.argv) > 1 else 'gradient_coba_hh.png')
