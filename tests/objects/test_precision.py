"""The report on single precision: the user's own model, twice, and the network as it was."""
import numpy as np
import pytest

from brainsim import *

tau = 10*ms


@pytest.fixture
def net(target):
    G = NeuronGroup(10, 'dv/dt = (1.5 - v)/tau : 1 (unless refractory)\nx : volt', threshold='v > 1', reset='v = 0',
                    refractory=2*ms, method='exact', name='cells')
    G.v, G.x = 'i/10.0', 'i*mV'
    return Network(G, StateMonitor(G, 'v', record=[0, 5], name='trace'), SpikeMonitor(G, name='events'),
                   PopulationRateMonitor(G, name='rates'))


def test_differences_are_those_of_24_bits(net):
    report = net.precision_report(30*ms)
    by_name = {d.name: d for d in report.variables}
    assert {'trace.v', 'rates.rate', 'cells.v', 'cells.x'} <= set(by_name)
    assert 0 < by_name['trace.v'].largest < 1e-5 and by_name['trace.v'].record == 'trace'
    assert by_name['cells.v'].record == ''
    assert 0 < by_name['cells.x'].relative < 1e-6 and by_name['cells.x'].rms <= by_name['cells.x'].largest
    (events,) = report.events
    assert events.double == events.single > 10 and events.parted is None and report.parted is None
    assert report.double.trace.v.dtype == np.float64 and report.single['cells.x'].shape == (10,)


def test_the_network_is_as_it_was(net):
    net.run(3*ms)
    G, v = net['cells'], np.array(net['cells'].v)
    net.precision_report(30*ms)
    assert G.v.dtype == np.float64 and np.array_equal(G.v, v) and net.t == 3*ms and net['events'].num_spikes < 10
    net.run(3*ms)
    assert net['trace'].v.shape == (2, 60)


def test_a_model_in_single_precision_is_compared_with_itself_in_double(target):
    G = NeuronGroup(3, 'dv/dt = -v/tau : 1', dtype=np.float32, method='exact', name='cells')
    G.v = 1
    report = Network(G).precision_report(10*ms)
    assert report.variables[0].largest > 0 and abs(report.double['cells.v'][0] - np.exp(-1)) < 1e-14
    assert G.v.dtype == np.float32


def test_runs_that_part_say_when(target):
    G = NeuronGroup(1, 'x : 1', name='cells')
    G.x = 0.3
    G.run_regularly('x = 3.9*x*(1 - x)', dt=1*ms)     # chaos: differences grow fivefold in three steps
    net = Network(G, StateMonitor(G, 'x', record=True, dt=1*ms, name='trace'))
    report = net.precision_report(100*ms)
    assert 10*ms < report.parted < 60*ms
    early = report.double.trace.t < report.parted
    assert np.abs(report.double.trace.x - report.single.trace.x)[0, np.asarray(early)].max() < 1e-3


def test_the_report_is_a_table(net):
    text = repr(net.precision_report(10*ms, seed=3))
    assert "seed 3" in text and "largest difference" in text and "cells.x" in text
    assert any(unit in text for unit in (" nV", " pV"))
    assert "<th>parted at</th>" in net.precision_report(1*ms)._repr_html_()


def test_synapses_whose_states_moved_to_the_neurons_are_compared_too(target):
    source = PoissonGroup(40, 100*Hz)
    G = NeuronGroup(40, 'g : 1', name='cells')
    S = Synapses(source, G, 'w : 1\ndu/dt = -u/tau : 1 (event-driven)', on_pre='u += 1; g_post += w*u', name='many')
    S.connect()
    S.w = '0.1*rand()'
    net = Network(source, G, S)
    net.run(5*ms)
    before = np.array(G.g)
    report = net.precision_report(20*ms)
    assert 0 < next(d for d in report.variables if d.name == 'cells.g').relative < 1e-5 and np.array_equal(before, G.g)
    net.run(5*ms)
    assert (np.array(G.g) > before).any()


def test_synapses_of_which_only_a_sum_is_left_are_compared_too(target):
    source = PoissonGroup(40, 100*Hz)
    G = NeuronGroup(40, 'dv/dt = (I - v)/tau : 1\nI : 1', method='exact', name='cells')
    S = Synapses(source, G, 'dh/dt = -h/(5*ms) : 1 (clock-driven)\nI_post = h : 1 (summed)', on_pre='h += 0.1',
                 method='exact', name='many')
    S.connect()
    net = Network(source, G, S)
    net.run(5*ms)
    before = np.array(G.v)
    report = net.precision_report(20*ms)
    assert 0 < next(d for d in report.variables if d.name == 'cells.v').relative < 1e-5 and np.array_equal(before, G.v)
    net.run(5*ms)
    assert G.v.dtype == np.float64 and (np.array(G.v) != before).any()
