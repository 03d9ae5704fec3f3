"""The pyloric rhythm of the crab stomach: three bursting neurons, coupled by graded synapses, find their order ABPD,
LP, PY.

Each neuron is of the Hindmarsh-Rose kind (Hindmarsh and Rose, 1984), written in volts and amperes. It compares a trace
of calcium with its own target and regulates two conductances until they agree; the circuit and the rule are a
simplified form of Golowasch, Casey, Abbott and Marder (1999), as case study 1 of Stimberg, Brette and Goodman (2019).
"""
import sys

from brainsim import *

Delta_T = 17.5*mV
v_T = -40*mV
v_r = -68*mV
C = 60*pF
tau = 2*ms
tau_x = 2*second
tau_Ca = 150*ms
tau_z = 5*second
a = 1/Delta_T**3
b = 3/Delta_T**2
c = 1.2*nA
d = 2.5*nA/Delta_T**2
S = 2*nA/Delta_T
G = 28.5*nS
E_syn = -75*mV
s_fast, V_fast = 0.2/mV, -50*mV
s_slow, V_slow = 1/mV, -55*mV
k_1 = 1/ms

ABPD, LP, PY = 0, 1, 2
NAMES = ['ABPD', 'LP', 'PY']

neuron_model = '''
dv/dt = (Delta_T*g*(-a*(v - v_T)**3 + b*(v - v_T)**2) + w - x - I_fast - I_slow)/C : volt
dw/dt = (c - d*(v - v_T)**2 - w)/tau : amp
dx/dt = (s*(v - v_r) - x)/tau_x : amp
s = S*(1 - tanh(z)) : siemens
g = G*(1 + tanh(z)) : siemens
dCa/dt = -Ca/tau_Ca : 1
dz/dt = tanh(Ca - Ca_target)/tau_z : 1
I_fast : amp
I_slow : amp
Ca_target : 1 (constant)
label : integer (constant)
'''

fast_model = '''
g_fast : siemens (constant)
I_fast_post = g_fast*(v_post - E_syn)/(1 + exp(s_fast*(V_fast - v_pre))) : amp (summed)
'''

slow_model = '''
k_2 : 1/second (constant)
g_slow : siemens (constant)
I_slow_post = g_slow*m_slow*(v_post - E_syn) : amp (summed)
dm_slow/dt = k_1*(1 - m_slow)/(1 + exp(s_slow*(V_slow - v_pre))) - k_2*m_slow : 1 (clock-driven)
'''


def simulate(duration=59.5*second, w='-5*nA*rand()', x=0*nA, z='rand()*0.2 - 0.1'):
    """Membrane potentials, one sample a millisecond, and spikes of the three neurons; ``w``, ``x`` and ``z`` say where
    they start."""
    defaultclock.dt = 0.01*ms
    circuit = NeuronGroup(3, neuron_model, threshold='v > -20*mV', refractory='v > -20*mV', reset='Ca += 0.1',
                          method='rk2')
    circuit.label = [ABPD, LP, PY]
    circuit.v = v_r
    circuit.w = w
    circuit.x = x
    circuit.z = z
    circuit.Ca_target = [0.048, 0.0384, 0.06]

    fast = Synapses(circuit, circuit, fast_model)
    fast.connect('label_pre != label_post and not (label_pre == PY and label_post == ABPD)')
    fast.g_fast['label_pre == ABPD and label_post == LP'] = 0.015*uS
    fast.g_fast['label_pre == ABPD and label_post == PY'] = 0.005*uS
    fast.g_fast['label_pre == LP and label_post == ABPD'] = 0.01*uS
    fast.g_fast['label_pre == LP and label_post == PY'] = 0.02*uS
    fast.g_fast['label_pre == PY and label_post == LP'] = 0.005*uS

    slow = Synapses(circuit, circuit, slow_model, method='exact')
    slow.connect('label_pre == ABPD and label_post != ABPD')
    slow.g_slow['label_post == LP'] = 0.025*uS
    slow.k_2['label_post == LP'] = 0.03/ms
    slow.g_slow['label_post == PY'] = 0.015*uS
    slow.k_2['label_post == PY'] = 0.008/ms

    potentials = StateMonitor(circuit, 'v', record=True, dt=1*ms)
    spikes = SpikeMonitor(circuit)
    run(duration)
    return potentials, spikes


def draw(potentials, spikes):
    """The first and the last four seconds: before and after the conductances have settled."""
    figure(figsize=(10, 5))
    end = potentials.t[-1]/second
    for row in range(3):
        for column, start in enumerate([0.0, max(0.0, end - 4)]):
            subplot(3, 2, 2*row + column + 1)
            plot(potentials.t/second, potentials.v[row]/mV, lw=0.7)
            xlim(start, start + 4)
            ylim(-80, 40)
            if column == 0:
                ylabel(f'{NAMES[row]} (mV)')
            if row == 2:
                xlabel('time (s)')
    tight_layout()


if __name__ == '__main__':
    seed(7)
    potentials, spikes = simulate()
    draw(potentials, spikes)
    savefig(sys.argv[1] if len(sys.argv) > 1 else 'pyloric_network.png')
