"""Handwritten digits read from the times of single spikes: leaky integrate-and-fire neurons trained through their
surrogate gradient.

Each of the 64 pixels of a picture spikes at most once, the darker the earlier (latency code; Thorpe, Delorme and Van
Rullen 2001). 256 neurons listen; ten leaky integrators listen to them, and the one that gets highest names the digit.
In gradients a smooth function stands for the derivative of a spike (Neftci, Mostafa and Zenke 2019). The pictures are
those of scikit-learn: 1797, of 8 x 8 pixels with 16 levels of grey. Three fifths train the network; every time they
come as four copies whose spikes are jittered. One fifth, for validation, says which epoch was the best, and the last
fifth is looked at once, at the end. Jitter and number of neurons were chosen by validation too, in three divisions of
the pictures (random_state 2 to 4) that are not those whose test is reported.
"""
import sys

import jax
import optax
from numpy.random import default_rng
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import brainsim as bs
from brainsim import *

taum = 10*ms
taus = 5*ms
tauo = 20*ms
steps = 40          # of 1 ms
latest = 20         # step at which a white pixel would spike
jitter = 1          # step


def pictures(division):
    """Grey levels from 0 to 1, shape (pictures, 64), and digits: to train, to validate, to test; in one of many
    divisions."""
    grey, digits = load_digits(return_X_y=True)
    train, rest, train_digits, rest_digits = train_test_split(grey/16, digits, train_size=0.6, stratify=digits,
                                                              random_state=division)
    validate, test, *labels = train_test_split(rest, rest_digits, train_size=0.5, stratify=rest_digits,
                                               random_state=division)
    return (train, train_digits), (validate, labels[0]), (test, labels[1])


def spikes_of(grey, noise=0.0):
    """Latency code: one spike per pixel that is not white, shape (pictures, steps, 64)."""
    when = rint(latest*(1 - grey) + noise).astype(int).clip(0, steps - 1)
    spikes = zeros((len(grey), steps, 64), 'float32')
    picture, pixel = nonzero(grey > 0)
    spikes[picture, when[picture, pixel], pixel] = 1
    return spikes


def network(hidden):
    """The network as a function of its weights and of the spikes of the pixels."""
    defaultclock.dt = 1*ms
    pixels = SpikeGeneratorGroup(64, [], []*ms, name='pixels')
    neurons = NeuronGroup(hidden, '''dv/dt = (g - v)/taum : 1
                                     dg/dt = -g/taus : 1''', threshold='v > 1', reset='v = 0', method='exact',
                          name='neurons')
    readout = NeuronGroup(10, 'do/dt = -o/tauo : 1', method='exact', name='readout')

    first = Synapses(pixels, neurons, 'w : 1 (trainable)', on_pre='g += w', name='first')
    first.connect()
    first.w = '0.8*randn()'
    second = Synapses(neurons, readout, 'w : 1 (trainable)', on_pre='o += w', name='second')
    second.connect()
    second.w = '0.2*randn()'

    net = Network(pixels, neurons, readout, first, second)
    return net.functional(steps*ms, inputs=['pixels.spikes'], outputs=['readout.o', 'neurons.spikes'],
                          surrogate='superspike(alpha=10)')


def loss(out, digit):
    """Cross entropy of the highest values of the readouts, and two things to watch."""
    score = out['readout.o'].max(axis=1)
    return (optax.softmax_cross_entropy_with_integer_labels(score, digit).mean(),
            {'accuracy': (score.argmax(axis=1) == digit).mean(), 'spikes': out['neurons.spikes'].sum(axis=1).mean()})


def train(epochs=40, hidden=256, copies=4, division=5):
    """History of the training, digits of the test set, and what the network says: its values in time and its spikes."""
    numbers = default_rng(1)
    (grey, digits), (validate, validate_digits), (test, test_digits) = pictures(division)
    grey, digits = tile(grey, (copies, 1)), tile(digits, copies)
    spikes = spikes_of(grey, jitter*numbers.standard_normal(grey.shape))

    sim = network(hidden)
    found = bs.train.fit(sim, loss, ({'pixels.spikes': spikes}, digits), 'adam',
                         schedule=f'cosine_decay_schedule(3e-3, {epochs*len(grey)//64})',
                         clip=1.0, epochs=epochs, batch_size=64, seed=1, progress=False,
                         validation=({'pixels.spikes': spikes_of(validate)}, validate_digits))
    out = jax.vmap(lambda x: sim(found.params, {'pixels.spikes': x}))(spikes_of(test))
    return found.history, test, test_digits, array(out['readout.o']), array(out['neurons.spikes'])


def accuracy(digits, values):
    """Part of the pictures whose digit has the highest readout."""
    return float(mean(values.max(axis=1).argmax(axis=1) == digits))


def draw(history, grey, digits, values, spikes, shown=0):
    """The training, one picture on its way through the network, and which digits are taken for which."""
    said = values.max(axis=1).argmax(axis=1)
    figure(figsize=(9, 8))
    subplot(221)
    plot(history['accuracy'], label='training')
    plot(history['validation accuracy'], label='validation')
    axhline(accuracy(digits, values), color='k', ls=':', label='test')
    ylim(0.8, 1.005)
    xlabel('epoch')
    ylabel('accuracy')
    legend()
    subplot(222)
    counts = histogram2d(digits, said, bins=10, range=[(-0.5, 9.5)]*2)[0]
    imshow(counts, cmap='Greys', vmax=counts.max()/2)
    for digit, answer in argwhere((counts > 0) & (eye(10) == 0)):
        text(answer, digit, f'{counts[digit, answer]:.0f}', ha='center', va='center')
    xlabel('what the network says')
    ylabel('digit')
    subplot(223)
    t, i = nonzero(spikes_of(grey[shown:shown + 1])[0])
    plot(t, i, '.')
    t, i = nonzero(spikes[shown])
    plot(t, 64 + i, '.k', ms=3)
    xlabel('time (ms)')
    ylabel('pixels, then neurons')
    subplot(224)
    for digit in range(10):
        plot(values[shown][:, digit], lw=2 if digit == digits[shown] else 0.7, label=digit)
    legend(loc='right', title=f'a {digits[shown]}')
    xlim(0, steps + 12)
    xlabel('time (ms)')
    ylabel('readout')
    tight_layout()


if __name__ == '__main__':
    results = []
    for division in (5, 6, 7):
        seed(1)
        results.append(train(division=division))
        history, _, digits, values, spikes = results[-1]
        print(f'division {division}: test {accuracy(digits, values):.1%}, validation at most '
              f'{history["validation accuracy"].max():.1%}, '
              f'{spikes.sum(axis=1).mean():.2f} spikes per neuron and picture')
    draw(*results[0])
    savefig(sys.argv[1] if len(sys.argv) > 1 else 'train_digits.png')
