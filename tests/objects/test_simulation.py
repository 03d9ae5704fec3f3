"""Compiled networks: every run begins at the same place, with other values, and leaves nothing behind."""
from types import SimpleNamespace

import numpy as np
import pytest

from brainsim import *
from brainsim.targets import cython_module

tau = 10*ms
weight = 0.05


@pytest.fixture
def made(target):
    """A small noisy network under the names that a script has for its objects."""
    G = NeuronGroup(20, '''dv/dt = (I - v)/tau + 0.2*xi*tau**-0.5 : 1 (unless refractory)
                           I : 1''', threshold='v > 1', reset='v = 0', refractory=2*ms, method='euler', name='neurons')
    G.I = 'i*0.1'
    S = Synapses(G, G, 'w : 1', on_pre='v_post += w*weight/0.05', delay=1*ms, name='recurrent')
    S.connect(j='(i + 1) % 20')
    S.w = 0.05
    spikes, M, R = SpikeMonitor(G, name='events'), StateMonitor(G, 'v', record=[0, 19],
                                                                name='trace'), PopulationRateMonitor(G, name='rates')
    return SimpleNamespace(G=G, S=S, spikes=spikes, M=M, R=R, net=Network(G, S, spikes, M, R))


@pytest.fixture
def compilations(monkeypatch):
    """Calls of the compiler."""
    calls, run_compiler = [], cython_module.run_compiler
    monkeypatch.setattr(cython_module, "run_compiler", lambda *a, **k: (calls.append(a), run_compiler(*a, **k))[1])
    return calls


def same(a, b):
    return np.array_equal(a.events.t_, b.events.t_) and np.array_equal(a.events.i, b.events.i) and np.array_equal(
        a.trace.v, b.trace.v)


def test_the_same_seed_gives_the_same_run_whatever_was_run_between(made):
    sim = made.net.compile(duration=50*ms)
    first = sim.run(seed=5)
    other = sim.run({'tau': 5*ms, 'neurons.I': 3.0}, seed=5)
    assert first.events.num_spikes > 0 and not same(first, other)
    assert same(first, sim.run(seed=5)) and not same(first, sim.run(seed=6))


def test_a_run_with_a_seed_is_the_script_s_run_after_seed(made):
    found = made.net.compile(duration=50*ms).run(seed=5)
    seed(5)
    made.net.run(50*ms)
    assert np.array_equal(found.events.t_, made.spikes.t_) and np.array_equal(found.trace.v, made.M.v)
    assert np.array_equal(found['neurons.v'], made.G.v) and np.array_equal(found.rates.rate_, made.R.rate_)


def test_parameters_act_as_assignments_before_the_run_would(made):
    found = made.net.compile(duration=50*ms).run({'tau': 5*ms, 'neurons.v': 'rand()',
                                                  'neurons.I': np.linspace(0, 2, 20), 'recurrent.w': 0.1,
                                                  'neurons.refractory': 3*ms, 'recurrent.delay': 2*ms, 'weight': 0.06},
                                                 seed=5)
    seed(5)
    made.G.v, made.G.I, made.S.w, made.S.delay, made.G._refractory = 'rand()', np.linspace(0, 2, 20), 0.1, 2*ms, 3*ms
    made.net.run(50*ms, namespace={'tau': 5*ms, 'weight': 0.06})
    assert found.events.num_spikes > 0
    assert np.array_equal(found.events.t_, made.spikes.t_) and np.array_equal(found.trace.v, made.M.v)


@pytest.mark.parametrize("params", [{'tau': 5*ms, 'neurons.v': 0.3}, {'recurrent.delay': 5*ms},
                                    {'neurons.refractory': 5*ms}])
def test_runs_leave_the_network_as_it_was(made, params):
    seed(1)
    made.net.run(7*ms)
    before = made.net.get_states(read_only_variables=False)
    sim = made.net.compile(duration=50*ms)
    sim.run(params, seed=5)
    after = made.net.get_states(read_only_variables=False)
    assert made.net.t == 7*ms and all(np.array_equal(before[o][n], after[o][n]) for o in before for n in before[o])
    assert made.S.delay == 1*ms and made.G._refractory == 2*ms


def test_going_on_after_a_simulation_is_going_on(made):
    made.net.store('begin')
    results = []
    for between in (False, True):
        made.net.restore('begin')
        seed(1)
        made.net.run(7*ms)
        if between:
            made.net.compile(duration=10*ms).run({'recurrent.delay': 5*ms, 'neurons.v': 'rand()'}, seed=3)
        made.net.run(20*ms)
        results.append((made.spikes.t_[:].copy(), made.G.v[:].copy()))
    assert len(results[0][0]) and all(np.array_equal(a, b) for a, b in zip(*results))


def test_the_network_going_on_does_not_reach_the_simulation(made):
    sim = made.net.compile(duration=30*ms)
    first = sim.run(seed=5)
    made.G.I, made.S.w = 5, 1
    made.net.run(10*ms)
    assert same(first, sim.run(seed=5))


def test_a_simulation_begins_where_the_network_stood(made):
    made.net.run(20*ms)
    n = made.spikes.num_spikes
    found = made.net.compile(duration=30*ms).run({'neurons.I': 0}, seed=1)
    assert found.trace.t_[-1] == pytest.approx(49.9e-3) and found.events.num_spikes >= n > 0


def test_events_under_way_at_the_start_arrive_in_every_run(target):
    source = SpikeGeneratorGroup(1, [0], [0*ms])
    G = NeuronGroup(1, 'v : 1', name='counter')
    S = Synapses(source, G, on_pre='v_post += 1', delay=5*ms)
    S.connect()
    net = Network(source, G, S)
    net.run(2*ms)
    sim = net.compile(duration=10*ms)
    assert [sim.run()['counter.v'][0] for _ in range(2)] == [1, 1] and G.v[0] == 0


def test_objects_go_by_the_names_that_the_script_has_for_them(target):
    G = NeuronGroup(2, 'dv/dt = -v/tau : 1')
    M = StateMonitor(G, 'v', record=True)
    half = G[1:]
    sim = Network(G, M).compile(duration=1*ms)
    assert sim.run({'G.v': 2}).M.v[0, 0] == 2
    assert list(sim.run({'half.v': 2}).M.v[:, 0]) == [0, 2]
    assert sim.run({'G.v': 'i + 1'})['G.v'][1] > 0


def test_a_result_without_monitors_of_spikes_has_no_spikes_and_says_so(made):
    found = made.net.compile(duration=5*ms).run()
    assert found.spikes.name == 'events'     # the only one
    with pytest.raises(AttributeError, match="no monitor 'evens'(.|\n)*did you mean 'events'"):
        found.evens
    with pytest.raises(KeyError, match="no values of 'neurons.x'"):
        found['neurons.x']


def test_results_are_data_sets_with_units(made):
    pytest.importorskip("xarray")
    tree = made.net.compile(duration=5*ms).run({'tau': 8*ms}, seed=2).to_xarray()
    assert tree['trace'].v.shape == (50, 2) and tree['events'].t.attrs['units'] == 'second' and tree.attrs['seed'] == 2
    assert tree['end']['neurons.v'].shape == (20,)


@pytest.mark.parametrize("name, near_by", [('neurons.vv', 'neurons.v'), ('taw', 'tau'), ('recurent.w', 'recurrent.w')])
def test_an_unknown_parameter_is_refused_with_the_nearest(made, name, near_by):
    with pytest.raises(KeyError, match=f"no parameter '{name}'(.|\n)*did you mean '{near_by}'"):
        made.net.compile(duration=1*ms).run({name: 1})


@pytest.mark.parametrize("params", [{'tau': 5}, {'tau': 5*mV}, {'neurons.I': 5*mV}, {'neurons.v': 'tau'},
                                    {'recurrent.delay': 3}, {'neurons.refractory': 1*mV}])
def test_parameters_with_another_unit_are_refused(made, params):
    with pytest.raises(DimensionMismatchError):
        made.net.compile(duration=1*ms).run(params)
    assert made.S.delay == 1*ms and made.G.v[0] == 0


def test_a_constant_takes_one_number(made):
    with pytest.raises(TypeError, match="'tau' is a constant and takes one number"):
        made.net.compile(duration=1*ms).run({'tau': [1, 2]*ms})


def test_a_run_needs_a_duration(made):
    sim = made.net.compile()
    with pytest.raises(TypeError, match="How long is the run"):
        sim.run()
    assert len(sim.run(duration=2*ms).trace.t) == 20
    with pytest.raises(ValueError, match="cannot be negative"):
        sim.run(duration=-1*ms)


def test_seeds_are_whole_numbers(made):
    sim = made.net.compile(duration=1*ms)
    with pytest.raises(TypeError, match="A seed is a whole number"):
        sim.run(seed=1.5)
    with pytest.raises(ValueError, match="cannot be negative"):
        sim.run(seed=-1)


def test_without_a_seed_runs_differ_and_follow_from_the_last_call_of_seed(made):
    drawn = []
    for _ in range(2):
        seed(9)
        sim = made.net.compile(duration=1*ms)
        drawn.append([sim.run().seed, sim.run().seed])
    assert drawn[0] == drawn[1] and drawn[0][0] != drawn[0][1]


def test_the_simulation_says_what_may_be_set_and_what_comes_out(made):
    sim = made.net.compile(duration=1*second)
    assert {'neurons.v', 'neurons.I', 'recurrent.w', 'recurrent.delay', 'neurons.refractory', 'tau',
            'weight'} == set(sim.parameters)
    assert set(sim.outputs) == {'events', 'trace', 'rates'}
    assert "initial value" in repr(sim) and "for 1. s" in repr(sim) and "constant, second, 10 ms" in repr(sim)
    assert "<td>recurrent.delay</td>" in sim._repr_html_()
    assert "seed=4" in repr(sim.run(duration=1*ms, seed=4)) and "events" in sim.run(duration=1*ms)._repr_html_()


def test_values_of_a_group_s_own_namespace_may_be_set(target):
    G = NeuronGroup(1, 'dv/dt = rate : 1', namespace={'rate': 1/second}, name='own')
    net = Network(G)
    sim = net.compile(duration=1*second)
    assert sim.run({'rate': 3/second})['own.v'][0] == pytest.approx(3) and G.namespace['rate'] == 1/second
    assert sim.run({'rate': 3/second, 'own.v': 'rate*second'})['own.v'][0] == pytest.approx(6)
    assert sim.run()['own.v'][0] == pytest.approx(1)


def test_synapses_whose_states_moved_to_the_neurons_may_be_set(target):
    N = 40
    source = SpikeGeneratorGroup(N, np.arange(N), np.full(N, 1)*ms)
    G = NeuronGroup(N, 'g : 1', name='targets')
    S = Synapses(source, G, '''w : 1
                               dx/dt = -x/tau : 1 (event-driven)''', on_pre='x += 1; g_post += w*x', name='many')
    S.connect()
    S.w = 1
    net = Network(source, G, S)
    sim = net.compile(duration=5*ms)
    assert len(S) >= 1000
    for value in (1, 2, 1):
        assert sim.run({'many.w': value})['targets.g'][0] == pytest.approx(N*value)
    assert sim.run({'many.x': 1})['targets.g'][0] == pytest.approx(N*(1 + np.exp(-0.1)))
    assert (S.w[:] == 1).all() and G.g[0] == 0
    with pytest.raises(KeyError, match="kept at the neurons"):
        sim.run()['many.x']


def test_network_operations_run_on_the_objects_and_leave_them_as_they_were(target):
    G = NeuronGroup(1, 'v : 1', name='followed')
    seen = []

    @network_operation(dt=1*ms)
    def push():
        G.v[0] += 1
        seen.append(float(G.v[0]))

    net = Network(G, push)
    sim = net.compile(duration=3*ms)
    assert sim.run()['followed.v'][0] == 3 and sim.run({'followed.v': 10})['followed.v'][0] == 13
    assert seen == [1, 2, 3, 11, 12, 13] and G.v[0] == 0 and net.t == 0*ms


def test_functions_in_python_take_part(target):
    @check_units(x=1, result=1)
    def twice(x):
        return 2*x

    G = NeuronGroup(3, 'v : 1', name='doubled')
    G.run_regularly('v = twice(v)', dt=1*ms)
    net = Network(G)
    net.add(*G.contained_objects)
    assert list(net.compile(duration=2*ms).run({'doubled.v': [1, 2, 3]})['doubled.v']) == [4, 8, 12]


def test_a_run_compiles_nothing(made, compilations):
    sim = made.net.compile(duration=5*ms)
    compilations.clear()
    for params in ({}, {'tau': 3*ms}, {'neurons.v': 'rand()'}, {'recurrent.delay': 7*ms}, {'neurons.I': np.ones(20)},
                   {'neurons.refractory': 4*ms}):
        sim.run(params)
    assert not compilations


@pytest.fixture
def undelayed(target):
    """A chain of neurons whose synapses were given no delay."""
    G = NeuronGroup(3, 'v : 1', threshold='v > 1', reset='v = 0', name='chain')
    G.v = [2, 0, 0]
    S = Synapses(G, G, on_pre='v_post += 2', name='links')
    S.connect(i=[0, 1], j=[1, 2])
    spikes = SpikeMonitor(G, name='events')
    return SimpleNamespace(G=G, S=S, spikes=spikes, net=Network(G, S, spikes))


@pytest.mark.parametrize("delay", [2*ms, '(1 + i)*ms', [3, 1]*ms, 'rand()*2*ms'])
def test_a_delay_that_was_never_set_acts_as_its_assignment(undelayed, delay):
    sim = undelayed.net.compile(duration=8*ms)
    assert "links.delay  delay, second, 0 s" in repr(sim)
    plain, found = sim.run(seed=3), sim.run({'links.delay': delay}, seed=3)
    assert undelayed.S.pre._delay.values is None
    assert np.array_equal(sim.run(seed=3).events.t_, plain.events.t_) and found.events.t_[-1] > plain.events.t_[-1]
    seed(3)
    undelayed.S.delay = delay
    undelayed.net.run(8*ms)
    assert np.array_equal(found.events.t_, undelayed.spikes.t_) and np.array_equal(found.events.i, undelayed.spikes.i)


@pytest.mark.parametrize("delay, word", [(3, "second"), ([1, 2, 3]*ms, "3,"), (-1*ms, "negative"), ('3', "second"),
                                         ('unheard*ms', "unheard")])
def test_a_delay_that_cannot_be_is_refused_where_none_was_set(undelayed, delay, word):
    sim = undelayed.net.compile(duration=2*ms)
    with pytest.raises(BrainsimError, match=word):
        sim.run({'links.delay': delay})
    assert undelayed.S.pre._delay.values is None and sim.run().events.num_spikes == 3


def test_arguments_of_a_run_say_how_they_are_written(made):
    sim = made.net.compile(duration=2*ms)
    for wrong, words in (({'tau': 5*ms}, r"params=\{'tau': 5. ms\}"), ({'I': 2}, r"params=\{'neurons.I': 2\}"),
                         ({'duratoin': 5*ms}, "did you mean 'duration'"),
                         ({'params': ['tau']}, "dictionary")):
        with pytest.raises(TypeError, match=words):
            sim.run(**wrong)


def test_a_network_is_not_compiled_for_a_negative_time(made):
    with pytest.raises(ValueError, match="cannot be negative\n  Found: -3. ms"):
        made.net.compile(duration=-3*ms)
    with pytest.raises(ValueError, match="cannot be negative\n  Found: -1. ms"):
        made.net.precision_report(-1*ms)
