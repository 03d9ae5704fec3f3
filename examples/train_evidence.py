"""Left or right? Excitatory and inhibitory neurons learn to count pulses of evidence, each with synapses of one sign
(Dale's law).

For 300 ms, pulses come from the left and from the right at random times, as volleys of ten inputs each; nothing comes
for another 50 ms, then two readouts have 50 ms to say from where there were more (pulse accumulation; Brunton,
Botvinick and Brody 2013). 80 excitatory and 20 inhibitory neurons have synapses with conductances; those among
excitatory neurons decay in 100 ms. All weights are trained through the surrogate gradient (Neftci, Mostafa and Zenke
2019) and stay positive: the equations say so, ``bounds=(0*nS, inf*nS)``. Rates above 20 Hz cost something.
"""
import sys

import jax
import optax
from numpy.random import default_rng

import brainsim as bs
from brainsim import *

C = 200*pF
gl = 10*nS
El, Ee, Ei = -70*mV, 0*mV, -80*mV
Vt, Vr = -50*mV, -60*mV
taue, taus, taui, tauo = 5*ms, 100*ms, 10*ms, 20*ms

volley = 10                                 # inputs of each side
dt = 2*ms
pulses, pause, decision = 150, 25, 25       # steps
steps = pulses + pause + decision

membrane = '''
dv/dt = (gl*(El - v) + (ge + gs)*(Ee - v) + gi*(Ei - v))/C : volt
dge/dt = -ge/taue : siemens
dgs/dt = -gs/taus : siemens
dgi/dt = -gi/taui : siemens
'''


def trials(count, numbers):
    """Spikes of the inputs, shape (trials, steps, inputs), and the pulses, shape (trials, steps, 2); there are never as
    many left as right."""
    many = 2*count
    share = numbers.uniform(0.2, 0.8, many)
    pulse = zeros((many, steps, 2), bool)
    pulse[:, :pulses] = numbers.random((many, pulses, 2)) < float(50*Hz*dt)*stack([share, 1 - share], axis=1)[
        :, newaxis]
    pulse = pulse[evidence(pulse) != 0][:count]
    spikes = repeat(pulse, volley, axis=2) & (numbers.random((count, steps, 2*volley)) < 0.8)
    return spikes.astype('float32'), pulse


def evidence(pulse):
    """Pulses from the left less those from the right."""
    return pulse[..., 0].sum(axis=1) - pulse[..., 1].sum(axis=1)


def network(N_exc, N_inh):
    """The network as a function of its weights and of the spikes of its inputs."""
    defaultclock.dt = dt
    inputs = SpikeGeneratorGroup(2*volley, [], []*ms, name='inputs')
    neurons = NeuronGroup(N_exc + N_inh, membrane, threshold='v > Vt', reset='v = Vr', method='exponential_euler',
                          name='neurons')
    neurons.v = El
    exc, inh = neurons[:N_exc], neurons[N_exc:]
    readout = NeuronGroup(2, 'do/dt = -o/tauo : siemens', method='exact', name='readout')

    def connect(source, target, variable, weight, name):
        synapses = Synapses(source, target, 'w : siemens (trainable, bounds=(0*nS, inf*nS))',
                            on_pre=f'{variable}_post += w', name=name)
        synapses.connect()
        synapses.w = f'(0.1 + 0.9*rand())*2*{weight}'
        return synapses

    net = Network(inputs, neurons, readout,
                  connect(inputs, neurons, 'ge', '1.5*nS', 'feed'),
                  connect(exc, exc, 'gs', '1.2*nS/N_pre', 'exc_exc'),
                  connect(exc, inh, 'ge', '20*nS/N_pre', 'exc_inh'),
                  connect(inh, neurons, 'gi', '20*nS/N_pre', 'inh_all'),
                  connect(exc, readout, 'o', '150*nS/N_pre', 'answer'))
    return net.functional(steps*dt, inputs=['inputs.spikes'], outputs=['readout.o', 'neurons.spikes'],
                          surrogate='superspike(alpha=10)')


def score(readout):
    """Mean readouts in the time to decide, in nS, shape (trials, 2): left, right."""
    return 1e9*readout[:, -decision:].mean(axis=1)


def loss(out, left):
    """Cross entropy and the cost of high rates; part of the right answers and rate to watch."""
    values = score(out['readout.o'])
    rate = out['neurons.spikes'].mean()/float(dt)
    return (optax.softmax_cross_entropy_with_integer_labels(values, 1 - left).mean() + 1e-3*jax.nn.relu(rate - 20)**2,
            {'accuracy': (values.argmax(axis=1) == 1 - left).mean(), 'rate': rate})


def train(epochs=12, N_exc=80, N_inh=20, count=2048, fresh=2000):
    """History of the training, weights; then fresh trials: pulses, which were answered with left, and spikes."""
    numbers = default_rng(1)
    spikes, pulse = trials(count, numbers)
    sim = network(N_exc, N_inh)
    found = bs.train.fit(sim, loss, ({'inputs.spikes': spikes}, 1*(evidence(pulse) > 0)), 'adam(0.03)', clip=1.0,
                         epochs=epochs,
                         batch_size=64, seed=1, progress=False)

    spikes, pulse = trials(fresh, numbers)
    out = jax.jit(jax.vmap(sim, in_axes=(None, 0)))(sim.as_params(found.params), {'inputs.spikes': spikes})
    return found.history, found.params, pulse, array(score(out['readout.o']).argmax(axis=1) == 0), array(
        out['neurons.spikes'])


def psychometric(pulse, left):
    """Differences of pulses, and how often each was answered with left."""
    difference = evidence(pulse)
    values = arange(-8, 9)
    values = values[[sum(difference == d) >= 10 for d in values]]
    return values, array([mean(left[difference == d]) for d in values])


def kernel(pulse, left, bins=6):
    """How many pulses from the left (less from the right) trials that were answered with left have more than the
    others, by time."""
    more = (1*pulse[:, :pulses, 0] - pulse[:, :pulses, 1]).reshape(len(pulse), bins, -1).sum(axis=2)
    return more[left].mean(axis=0) - more[~left].mean(axis=0)


def draw(history, weights, pulse, left, spikes):
    """The training, answers by evidence, the weight of evidence in time, one trial."""
    figure(figsize=(9, 8))
    subplot(221)
    plot(history['accuracy'])
    xlabel('epoch')
    ylabel('accuracy')
    subplot(222)
    plot(*psychometric(pulse, left), 'o-')
    axhline(0.5, color='0.8')
    axvline(0, color='0.8')
    xlabel('pulses from the left less those from the right')
    ylabel('answered with left')
    subplot(223)
    found = kernel(pulse, left)
    plot((arange(len(found)) + 0.5)*pulses/len(found)*dt/ms, found, 'o-')
    ylim(bottom=0)
    xlabel('time of pulses (ms)')
    ylabel('pulses more for the answer')
    subplot(224)
    for side in (0, 1):
        plot(nonzero(pulse[0, :, side])[0]*dt/ms, full(pulse[0, :, side].sum(), -3 - 4*side), '|', ms=8)
    t, i = nonzero(spikes[0])
    plot(t*dt/ms, i, '.k', ms=2)
    xlabel('time (ms)')
    ylabel('pulses, then neurons')
    tight_layout()


if __name__ == '__main__':
    seed(1)
    result = train()
    history, weights, pulse, left, _ = result
    print(f'fresh trials: {mean(left == (evidence(pulse) > 0)):.1%} right at {history["rate"][-1]:.1f} Hz')
    for difference, part in zip(*psychometric(pulse, left)):
        print(f'  {difference:+d} pulses: {part:6.1%} left')
    print('smallest weight:', min(w.min() for w in weights.values()))
    draw(*result)
    savefig(sys.argv[1] if len(sys.argv) > 1 else 'train_evidence.png')
