"""4000 leaky neurons, 320 000 conductance synapses that each have an equation of their own."""
from brainsim import *

model = '''
dv/dt = (-60*mV - v + 1*mV*drive + Ie + Ii)/(20*ms) : volt (unless refractory)
drive : 1
Ie : volt
Ii : volt
'''


def simulate(duration=1*second, N=4000, p=0.02):
    neurons = NeuronGroup(N, model, threshold='v > -50*mV', reset='v = -60*mV', refractory=5*ms, method='euler')
    neurons.v = '-60*mV + 10*mV*rand()'
    neurons.drive = 11
    exc = Synapses(neurons[:4*N//5], neurons, '''dg/dt = -g/(5*ms) : 1 (clock-driven)
                                                 w : 1
                                                 Ie_post = w*g*(0*mV - v_post) : volt (summed)''', on_pre='g += 1',
                   method='euler')
    exc.connect(p=p)
    exc.w = '0.05 + 0.05*rand()'
    inh = Synapses(neurons[4*N//5:], neurons, '''dg/dt = -g/(10*ms) : 1 (clock-driven)
                                                 w : 1
                                                 Ii_post = w*g*(-80*mV - v_post) : volt (summed)''', on_pre='g += 1',
                   method='euler')
    inh.connect(p=p)
    inh.w = '0.6 + 0.1*rand()'
    exc.delay = '1*ms + 2*ms*rand()'
    spikes = SpikeMonitor(neurons)
    run(duration)
    return spikes
