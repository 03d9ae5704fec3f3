"""One Hodgkin-Huxley neuron, every step recorded."""
from brainsim import *

model = '''
dv/dt = (5e-5*siemens/cm**2*(-65*mV - v) - 100*mS/cm**2*(m*m*m)*h*(v - 50*mV) - 30*mS/cm**2*(n*n*n*n)*(v + 90*mV)
         + 2*uA/cm**2)/(1*uF/cm**2) : volt
dm/dt = 0.32*(mV**-1)*4*mV/exprel((13.*mV - v + VT)/(4*mV))/ms*(1 - m)
        - 0.28*(mV**-1)*5*mV/exprel((v - VT - 40.*mV)/(5*mV))/ms*m : 1
dn/dt = 0.032*(mV**-1)*5*mV/exprel((15.*mV - v + VT)/(5*mV))/ms*(1. - n) - .5*exp((10.*mV - v + VT)/(40.*mV))/ms*n : 1
dh/dt = 0.128*exp((17.*mV - v + VT)/(18.*mV))/ms*(1. - h) - 4./(1 + exp((40.*mV - v + VT)/(5.*mV)))/ms*h : 1
'''
VT = -63*mV


def simulate(duration=10*second):
    neuron = NeuronGroup(1, model, threshold='v > -20*mV', refractory='v > -20*mV', method='exponential_euler')
    neuron.v = -65*mV
    trace = StateMonitor(neuron, ['v', 'm'], record=True)
    spikes = SpikeMonitor(neuron)
    run(duration)
    return spikes, trace
