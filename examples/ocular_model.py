"""An eye that follows a moving object: retina, two motor neurons and the mechanics of the eye in one closed loop.

The muscles are springs with friction; the object moves at random. Linked variables let the retina see where object and
eye are. Case study 2 of Stimberg, Brette and Goodman (2019).
"""
import sys

from brainsim import *

alpha = (1/(50*ms))**2      # stiffness over inertia
beta = 1/(50*ms)            # friction over inertia
tau_muscle = 20*ms
tau_object = 500*ms
taum = 20*ms
gain = 4.0

eye_model = '''
dx/dt = velocity : 1
dvelocity/dt = alpha*(x0 - x) - beta*velocity : 1/second
dx0/dt = -x0/tau_muscle : 1
dx_object/dt = (noise - x_object)/tau_object : 1
dnoise/dt = -noise/tau_object + tau_object**-0.5*xi : 1
'''

retina_model = '''
dv/dt = (I - (1 + gs)*v)/taum : 1
I = gain*exp(-((x_object - x_eye - x_neuron)/width)**2) : 1
x_neuron : 1 (constant)
x_object : 1 (linked)   # position of the object
x_eye : 1 (linked)      # position of the eye
gs : 1                  # total synaptic conductance
'''


def simulate(duration=10*second, N=20):
    """Positions of eye and object, and the spikes of retina and motor neurons."""
    width = 2.0/N
    eye = NeuronGroup(1, eye_model, method='euler')

    motoneurons = NeuronGroup(2, 'dv/dt = -v/taum : 1', threshold='v > 1', reset='v = 0', refractory=5*ms,
                              method='exact')
    motosynapses = Synapses(motoneurons, eye, 'w : 1', on_pre='x0_post += w')
    motosynapses.connect()
    motosynapses.w = [-0.5, 0.5]

    retina = NeuronGroup(N, retina_model, threshold='v > 1', reset='v = 0', method='exact')
    retina.v = 'rand()'
    retina.x_eye = linked_var(eye, 'x')
    retina.x_object = linked_var(eye, 'x_object')
    retina.x_neuron = '-1.0 + 2.0*i/(N - 1)'

    # the left half of the retina drives the left motor neuron, the more strongly the further out
    sensorimotor = Synapses(retina, motoneurons, 'w : 1 (constant)', on_pre='v_post += w')
    sensorimotor.connect(j='int(x_neuron_pre > 0)')
    sensorimotor.w = '20*abs(x_neuron_pre)/N_pre'

    positions = StateMonitor(eye, ['x', 'x_object'], record=0)
    retina_spikes = SpikeMonitor(retina)
    motor_spikes = SpikeMonitor(motoneurons)
    run(duration)
    return positions, retina_spikes, motor_spikes


def draw(positions, retina_spikes, motor_spikes):
    """Spikes above, eye and object below."""
    figure(figsize=(8, 6))
    subplot(211)
    plot(retina_spikes.t/second, retina_spikes.i, '.k', ms=2, label='retina')
    rows = len(retina_spikes.source)
    for k, name in enumerate(['left motor neuron', 'right motor neuron']):
        times = motor_spikes.t[motor_spikes.i == k]/second
        plot(times, full(len(times), rows + 1 + k), '|', label=name)
    ylabel('neuron')
    legend(loc='lower right')
    subplot(212)
    plot(positions.t/second, positions.x_object[0], 'k', label='object')
    plot(positions.t/second, positions.x[0], label='eye')
    xlabel('time (s)')
    ylabel('position')
    legend(loc='lower right')
    tight_layout()


if __name__ == '__main__':
    seed(2)
    draw(*simulate())
    savefig(sys.argv[1] if len(sys.argv) > 1 else 'ocular_model.png')
