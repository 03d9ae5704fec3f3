"""Was it the same? A recurrent network of leaky integrate-and-fire neurons learns to keep a stimulus in mind for 300
ms.

Delayed match to sample: one of four stimuli is shown for 80 ms, as Poisson spikes of five inputs of its own; then there
is noise alone; then comes a second stimulus for 100 ms, half of the time the same. Two readouts say "other" or "same",
and only the last 50 ms count. Membranes forget within 20 ms, but every recurrent synapse has a slow part beside the
fast one (100 ms, like NMDA receptors). Both are trained, together with the weights of inputs and readouts, through the
surrogate gradient (Neftci, Mostafa and Zenke 2019). Rates above 10 Hz cost something.
"""
import sys

import jax
import optax
from numpy.random import default_rng

import brainsim as bs
from brainsim import *

taum = 20*ms
tau_fast = 10*ms
tau_slow = 100*ms
tauo = 20*ms

channels = 20
shown = arange(channels)//5                 # the stimulus at which an input fires
noise, signal = 5*Hz, 80*Hz
dt = 2*ms
sample, delay, probe, counted = 40, 150, 50, 25         # steps; those counted are the last
steps = sample + delay + probe


def trials(count, numbers):
    """Spikes of the inputs, shape (trials, steps, channels), and which trials are matches: 1, or 0."""
    match = numbers.integers(0, 2, count)
    first = numbers.integers(0, 4, count)
    then = where(match == 1, first, (first + numbers.integers(1, 4, count)) % 4)
    chance = full((count, steps, channels), float(noise*dt))
    for begin, end, stimulus in (0, sample, first), (sample + delay, steps, then):
        chance[:, begin:end] = where(shown == stimulus[:, newaxis], float(signal*dt), float(noise*dt))[:, newaxis]
    return (numbers.random(chance.shape) < chance).astype('float32'), match


def network(N):
    """The network as a function of its weights and of the spikes of its inputs."""
    defaultclock.dt = dt
    inputs = SpikeGeneratorGroup(channels, [], []*ms, name='inputs')
    neurons = NeuronGroup(N, '''dv/dt = (fast + slow - v)/taum : 1
                                dfast/dt = -fast/tau_fast : 1
                                dslow/dt = -slow/tau_slow : 1''', threshold='v > 1', reset='v = 0', method='exact',
                          name='neurons')
    readout = NeuronGroup(2, 'do/dt = -o/tauo : 1', method='exact', name='readout')

    feed = Synapses(inputs, neurons, 'w : 1 (trainable)', on_pre='fast += w', name='feed')
    feed.connect()
    feed.w = '0.6*randn()'
    recurrent = Synapses(neurons, neurons, '''w_fast : 1 (trainable)
                                              w_slow : 1 (trainable)''', on_pre='''fast += w_fast
                                                                                   slow += w_slow''', name='recurrent')
    recurrent.connect('i != j')
    recurrent.w_fast = '0.5*randn()/sqrt(N_pre)'
    recurrent.w_slow = '0.1*randn()/sqrt(N_pre)'
    answer = Synapses(neurons, readout, 'w : 1 (trainable)', on_pre='o += w', name='answer')
    answer.connect()
    answer.w = '0.1*randn()'

    net = Network(inputs, neurons, readout, feed, recurrent, answer)
    return net.functional(steps*dt, inputs=['inputs.spikes'], outputs=['readout.o', 'neurons.spikes'],
                          surrogate='superspike(alpha=10)')


def score(readout):
    """Mean readouts over the steps that count, shape (trials, 2)."""
    return readout[:, -counted:].mean(axis=1)


def loss(out, match):
    """Cross entropy and the cost of high rates; accuracy and rate to watch."""
    values = score(out['readout.o'])
    rate = out['neurons.spikes'].mean()/float(dt)
    return (optax.softmax_cross_entropy_with_integer_labels(values, match).mean() + 1e-3*jax.nn.relu(rate - 10)**2,
            {'accuracy': (values.argmax(axis=1) == match).mean(), 'rate': rate})


def train(epochs=10, N=100, count=2048):
    """History of the training; then fresh trials: spikes, matches, readouts; and readouts of the network without its
    slow synapses."""
    numbers = default_rng(1)
    spikes, match = trials(count, numbers)
    sim = network(N)
    found = bs.train.fit(sim, loss, ({'inputs.spikes': spikes}, match), 'adam(3e-3)', clip=1.0, epochs=epochs,
                         batch_size=64, seed=1, progress=False)

    fresh, match = trials(1000, numbers)
    fast_only = {**found.params, 'recurrent.w_slow': 0*found.params['recurrent.w_slow']}
    run_all = jax.jit(jax.vmap(sim, in_axes=(None, 0)))
    out = run_all(sim.as_params(found.params), {'inputs.spikes': fresh})
    without = run_all(sim.as_params(fast_only), {'inputs.spikes': fresh})
    return found.history, match, fresh, array(out['readout.o']), array(out['neurons.spikes']), array(
        without['readout.o'])


def accuracy(match, readout):
    """Part of the trials with the right answer."""
    return float(mean(score(readout).argmax(axis=1) == match))


def draw(history, match, fresh, readout, spikes, without):
    """The training, one trial, and what the readouts say in time."""
    t = arange(steps)*dt/ms
    figure(figsize=(8, 9))
    subplot(311)
    plot(history['accuracy'], 'o-', label='training')
    axhline(accuracy(match, readout), color='k', ls=':', label='fresh trials')
    axhline(accuracy(match, without), color='r', ls=':', label='without slow synapses')
    xlabel('epoch')
    ylabel('accuracy')
    legend()
    subplot(312)
    for x, first, style in (fresh[0], 0, '.'), (spikes[0], channels, '.k'):
        when, who = nonzero(x)
        plot(t[when], first + who, style, ms=2)
    ylabel('inputs, then neurons')
    subplot(313)
    axvspan(t[-counted], t[-1], color='0.9')
    for kind, name, color in (1, 'same', 'C0'), (0, 'other', 'C1'):
        answer = (readout[:, :, 1] - readout[:, :, 0])[match == kind]
        low, middle, high = percentile(answer, [10, 50, 90], axis=0)
        fill_between(t, low, high, color=color, alpha=0.3)
        plot(t, middle, color=color, label=name)
    xlabel('time (ms)')
    ylabel('"same" less "other"')
    legend()
    tight_layout()


if __name__ == '__main__':
    seed(1)
    result = train()
    history, match, _, readout, _, without = result
    print(f'fresh trials:  {accuracy(match, readout):.1%} right at {history["rate"][-1]:.1f} Hz')
    print(f'without slow synapses: {accuracy(match, without):.1%}')
    draw(*result)
    savefig(sys.argv[1] if len(sys.argv) > 1 else 'train_delayed_match.png')
