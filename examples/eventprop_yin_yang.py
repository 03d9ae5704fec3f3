"""Yin-Yang: a network learns from the times of its spikes, by their exact gradients.

The data set is that of Kriener, Göltz and Petrovici (2022): is a point in the yin, the yang, or a dot? Each point is
four spikes, whose times are its coordinates and their complements, and a fifth at a fixed time. One hidden layer of
leaky integrate-and-fire neurons; the output neuron that spikes first names the class. Wunderlich and Pehle (2021)
trained such a network by the adjoint method that brainsim derives from the equations.
"""
import sys

import jax
import numpy as np
import optax
from jax import numpy as jnp

from brainsim import *

jax.config.update('jax_enable_x64', True)

tau = 20*ms
tau_s = 5*ms
duration = 50*ms
latest = 30*ms        # the time of a spike that stands for 1
reference = 10*ms     # the time of the spike that is the same for all points
sharpness = 0.5*ms    # difference between first spikes that counts as clear
n_hidden = 200

model = '''
dv/dt = (I - v)/tau : 1
dI/dt = -I/tau_s : 1
'''


def yin_yang(n, rng):
    """Points in the unit square, of which the sign fills a circle, and their classes: 0 yin, 1 yang, 2 dot; as many of
    each class."""
    R, r = 0.5, 0.1         # radii of the sign and of its dots
    found = [[], [], []]
    while min(map(len, found)) < -(-n//3):
        x, y = rng.random((2, 4*n))
        left, right = np.hypot(x - R/2, y - R), np.hypot(x - 3*R/2, y - R)
        yin = (left <= R/2) | (y > R) & (right > R/2)
        kind = np.where((left <= r) | (right <= r), 2, np.where(yin, 0, 1))
        inside = np.hypot(x - R, y - R) <= R
        for k in range(3):
            found[k] += list(zip(x[inside & (kind == k)], y[inside & (kind == k)]))
    points = np.concatenate([np.array(found[k])[:-(-n//3)] for k in range(3)])
    order = rng.permutation(len(points))[:n]
    return points[order], np.repeat(np.arange(3), -(-n//3))[order]


def as_times(points):
    """Five spikes for each point, in seconds."""
    x, y = points.T
    return np.stack([*(float(latest)*c for c in (x, y, 1 - x, 1 - y)), np.full(len(x), float(reference))], axis=1)


def network(rng):
    """The function from weights and input times to the first output spikes, and potentials at the end."""
    inputs = SpikeGeneratorGroup(5, np.arange(5), np.zeros(5)*ms)
    hidden = NeuronGroup(n_hidden, model, threshold='v > 1', reset='v = 0')
    output = NeuronGroup(3, model, threshold='v > 1', reset='v = 0')
    first = Synapses(inputs, hidden, 'w : 1', on_pre='I += w')
    second = Synapses(hidden, output, 'w : 1', on_pre='I += w')
    for synapses, mean, spread in ((first, 1.5, 0.78), (second, 0.3, 0.21)):
        synapses.connect()
        synapses.w = rng.normal(mean, spread, len(synapses))
    net = Network(inputs, hidden, output, first, second)
    return net.functional(duration, grad='events', params=['first.w', 'second.w'], inputs=['inputs.times'],
                          outputs=['output.first_spike', 'output.v'],
                          max_spikes={'hidden': 12, 'output': 12})


def train(n=5000, epochs=45, batch=32, rate=5e-3, most=1.0):
    """Accuracy on training and validation points after each epoch, that of the best epoch (by validation) on test
    points, and its answers."""
    rng = np.random.default_rng(3)
    sets = [yin_yang(k, rng) for k in (n, max(n//5, 3), max(n//5, 3))]
    (times, classes), (times_v, classes_v), (times_t, classes_t) = ((as_times(points), kinds) for points, kinds in sets)
    sim, late = network(rng), float(duration)

    def first_spikes(params, times):
        found = sim(params, {'inputs.times': times})
        return found['output.first_spike'], found['output.v']

    def loss(params, times, kind):
        t, v = first_spikes(params, times)
        # a silent neuron is later the less it is charged at the end
        t = jnp.where(jnp.isfinite(t), t, late*(2 - v))
        unsure = optax.softmax_cross_entropy_with_integer_labels(-t/float(sharpness), kind)
        return unsure + 0.05*jnp.expm1(t[kind]/float(latest))      # the right one should also be early

    optimiser = optax.adam(optax.cosine_decay_schedule(rate, epochs*(n//batch)))

    @jax.jit
    def learn(params, state, times, classes):
        value, gradient = jax.vmap(jax.value_and_grad(loss), in_axes=(None, 0, 0))(params, times, classes)
        # where a membrane barely reaches its threshold, the time of the spike moves without bound: the gradients of
        # such points are cut
        leaves, tree = jax.tree.flatten(jax.tree.map(jnp.nan_to_num, gradient))
        total, _ = optax.per_example_global_norm_clip(leaves, most)
        change, state = optimiser.update(jax.tree.unflatten(tree, [g/batch for g in total]), state)
        return optax.apply_updates(params, change), state, value.mean()

    answers = jax.jit(lambda params, times: jnp.argmin(jax.vmap(lambda t: first_spikes(params, t)[0])(times), axis=1))
    params = {name: jnp.asarray(w) for name, w in sim.params.items()}
    state, course, best = optimiser.init(params), [], (-1, params)
    for epoch in range(epochs):
        order = rng.permutation(n)
        for k in range(n//batch):
            some = order[k*batch:(k + 1)*batch]
            params, state, value = learn(params, state, times[some], classes[some])
        accuracy = [float(np.mean(answers(params, t) == c)) for t, c in ((times[:len(times_v)], classes[:len(times_v)]),
                                                                         (times_v, classes_v))]
        course.append(accuracy)
        best = max(best, (accuracy[1], params), key=lambda pair: pair[0])
        print(f'epoch {epoch + 1}: loss {float(value):.3f}, right: {accuracy[0]:.1%} of training, {accuracy[1]:.1%} of '
              f'validation')
    told = np.asarray(answers(best[1], times_t))
    return course, float(np.mean(told == classes_t)), (sets[2][0], classes_t, told)


def draw(course, accuracy, test):
    """Accuracy by epoch; answers for the test points, and those that are wrong."""
    points, classes, told = test
    figure(figsize=(10, 4.5))
    subplot(121)
    plot(np.arange(1, len(course) + 1), course, '.-', label=['training', 'validation'])
    xlabel('epoch')
    ylabel('right answers')
    legend()
    subplot(122, aspect='equal')
    scatter(*points.T, c=told, s=8, cmap='viridis')
    wrong = told != classes
    plot(*points[wrong].T, 'o', mfc='none', mec='r')
    title(f'{accuracy:.1%} of test points are right')
    ylabel('y')
    tight_layout()


if __name__ == '__main__':
    draw(*train())
    savefig(sys.argv[1] if len(sys.argv) > 1 else 'eventprop_yin_yang.png')
