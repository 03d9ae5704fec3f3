"""Sweeps: all points, each run with its own seed, the same answer however many runs go on at a time, and nothing
compiled."""
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from brainsim import *
from brainsim.objects.runs import sweep as sweeping
from brainsim.targets import cython_module

pytest.importorskip("xarray")
tau = 10*ms


@pytest.fixture
def sim(target):
    """20 ms of a small noisy network."""
    G = NeuronGroup(10, '''dv/dt = (I - v)/tau + 0.2*xi*tau**-0.5 : 1
                           I : 1''', threshold='v > 1', reset='v = 0', method='euler', name='neurons')
    G.I = 2
    S = Synapses(G, G, 'w : 1', on_pre='v_post += w', delay=1*ms, name='recurrent')
    S.connect(j='(i + 1) % 10')
    spikes, M = SpikeMonitor(G, name='events'), StateMonitor(G, 'v', record=[0, 9], name='trace')
    made = Network(G, S, spikes, M).compile(duration=20*ms)
    made.kept = SimpleNamespace(G=G, S=S)
    return made


def test_a_grid_combines_all_values_with_all(sim):
    data = sim.sweep({'tau': [5, 10, 20]*ms, 'recurrent.w': [0, 0.1]}, seed=1)
    assert data['spikes.num_spikes'].dims == ('tau', 'recurrent.w') and data['spikes.num_spikes'].shape == (3, 2)
    assert np.allclose(data.tau, [0.005, 0.01, 0.02]) and data.tau.attrs['units'] == 'second'
    assert data['recurrent.w'].attrs['units'] == '1'
    assert data['spikes.rate'].attrs['units'] == "1/second" and data['M.v'].shape == (3, 2, 2)
    assert (np.diff(data['spikes.num_spikes'].sum('recurrent.w')) < 0).all()


def test_side_by_side_takes_the_first_of_each_then_the_second(sim):
    data = sim.sweep({'tau': [5, 10]*ms, 'neurons.I': [3, 0]}, mode='zip', seed=1)
    assert data['spikes.num_spikes'].dims == ('run',) and list(data.tau) == [0.005, 0.01]
    assert list(data['neurons.I']) == [3, 0]
    assert data['spikes.num_spikes'][0] > data['spikes.num_spikes'][1]


def test_every_point_is_the_run_with_its_parameters_and_its_seed(sim):
    data = sim.sweep({'tau': [5, 10]*ms, 'recurrent.delay': [1, 3]*ms}, seed=1,
                     outputs=['spikes.num_spikes', 'trace.v', 'neurons.v'])
    for k, tau in enumerate([5*ms, 10*ms]):
        for m, delay in enumerate([1*ms, 3*ms]):
            one = sim.run({'tau': tau, 'recurrent.delay': delay}, seed=int(data.seed[k, m]))
            assert one.events.num_spikes == data['spikes.num_spikes'][k, m]
            assert np.array_equal(one.trace.v, data['trace.v'][k, m])
            assert np.array_equal(one['neurons.v'], data['neurons.v'][k, m])


def test_the_answer_does_not_depend_on_how_many_runs_go_on_at_a_time(sim):
    given = {'tau': [5, 10, 15]*ms, 'neurons.v': ['rand()', '0', 'i/10.0']}
    one = sim.sweep(given, seed=3, n_jobs=1, repeats=2)
    for n_jobs in (2, 5, -1):
        assert one.identical(sim.sweep(given, seed=3, n_jobs=n_jobs, repeats=2))
    assert not one.identical(sim.sweep(given, seed=4, n_jobs=2, repeats=2))
    assert list(one['neurons.v'].values) == ['rand()', '0', 'i/10.0']
    assert one['spikes.num_spikes'].dims == ('tau', 'neurons.v', 'repeat')
    assert len(np.unique(one.seed)) == 18


def test_a_function_of_the_result_says_what_is_kept(sim):
    def late(result):
        return {'late': int((result.events.t > 10*ms).sum()), 'mean': result.trace.v.mean() * mV}

    data = sim.sweep({'tau': [5, 10]*ms}, outputs=late, seed=1)
    assert set(data.data_vars) == {'late', 'mean'} and data['mean'].attrs['units'] == 'volt'
    assert data.late.dtype.kind == 'i'
    assert set(sim.sweep({'tau': [5]*ms}, outputs=lambda r: r['neurons.v'].max(), seed=1).data_vars) == {'value'}


def test_arrays_are_values_too_and_their_coordinate_is_their_number(sim):
    data = sim.sweep({'neurons.I': [np.zeros(10), np.linspace(0, 3, 10)]}, outputs=['neurons.I'], seed=1)
    assert list(data['neurons.I']) == [0, 1]
    assert np.array_equal(data['neurons.I_end'], [np.zeros(10), np.linspace(0, 3, 10)])


def test_a_sweep_compiles_nothing(sim, monkeypatch):
    calls = []
    monkeypatch.setattr(cython_module, "compile_module", lambda *a: calls.append(a))
    monkeypatch.setattr(cython_module, "run_compiler", lambda *a, **k: calls.append(a))
    sim.sweep({'tau': np.linspace(5, 20, 5)*ms, 'recurrent.delay': [1, 2, 30]*ms, 'recurrent.w': ['rand()', '0.1']},
              seed=1)
    assert not calls


def test_the_network_is_as_it_was(sim):
    sim.sweep({'recurrent.delay': [1, 2]*ms, 'neurons.v': [0.1, 0.5]}, seed=1)
    assert sim.kept.S.delay == 1*ms and (sim.kept.G.v == 0).all()


def test_progress_is_told(sim, capsys):
    said = []
    sim.sweep({'tau': [5, 10, 15]*ms}, seed=1, progress=lambda done, total: said.append((done, total)))
    assert said == [(1, 3), (2, 3), (3, 3)]
    sim.sweep({'tau': [5, 10]*ms}, seed=1, progress=True)
    assert "100%" in capsys.readouterr().err


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_an_error_says_in_which_run_it_happened(sim, n_jobs):
    def fails(result):
        if result.params['tau'] > 7*ms:
            raise ZeroDivisionError("no spikes")
        return 1

    with pytest.raises(ZeroDivisionError) as error:
        sim.sweep({'tau': [5, 10]*ms}, outputs=fails, seed=1, n_jobs=n_jobs)
    assert "in the run with tau = 10. ms, seed = " in error.value.__notes__[0]
    with pytest.raises(KeyError) as error:
        sim.sweep({'neurons.v': ['0', 'nothing']}, seed=1, n_jobs=n_jobs)
    assert "neurons.v = nothing" in error.value.__notes__[0] and "Unknown name 'nothing'" in str(error.value)


@pytest.mark.parametrize("given, options, kind, message", [
    ({'taw': [1]*ms}, {}, KeyError, "did you mean 'tau'"),
    ({'tau': [1, 2]*mV}, {}, DimensionMismatchError, "where second belongs"),
    ({'tau': 5*ms}, {}, TypeError, "takes several values of 'tau'"),
    ({'tau': 'rand()'}, {}, TypeError, "takes several values of 'tau'"),
    ({'tau': []*ms}, {}, ValueError, "needs a value of 'tau'"),
    ({'tau': [1, 2]*ms, 'neurons.I': [1]}, {'mode': 'zip'}, ValueError, "2 of tau, 1 of neurons.I"),
    ({'tau': [1]*ms}, {'mode': 'product'}, ValueError, "'grid' or 'zip'"),
    ({'tau': [1]*ms}, {'repeats': 0}, ValueError, "from 1 on"),
    ({'tau': [1]*ms}, {'n_jobs': 0}, ValueError, "n_jobs= is how many"),
    ({'tau': [1]*ms}, {'progress': 'bar'}, TypeError, "progress= is True"),
    ({'tau': [1]*ms}, {'outputs': 3}, TypeError, "a list of names, or a function"),
    ({'tau': [1]*ms}, {'outputs': ['events']}, ValueError, "Which output of 'events'"),
    ({'tau': [1]*ms}, {'outputs': ['neurons.u']}, KeyError, "no values of 'neurons.u'"),
    ({'tau': [1, 30]*ms}, {'outputs': ['events.t']}, ValueError, "another shape in different runs"),
    (['tau'], {}, TypeError, "takes a dictionary"),
])
def test_what_makes_no_sweep_is_refused(sim, given, options, kind, message):
    with pytest.raises(kind, match=message):
        sim.sweep(given, seed=1, **options)


def test_network_operations_run_in_copies_of_the_process(target):
    G = NeuronGroup(1, 'v : 1', name='pushed')

    @network_operation(dt=1*ms)
    def push():
        G.v[0] += 1

    sim = Network(G, push).compile(duration=3*ms)
    data = sim.sweep({'pushed.v': [0, 10, 20]}, outputs=['pushed.v'], n_jobs=2, seed=1)
    assert data['pushed.v_end'].values.ravel().tolist() == [3, 13, 23] and G.v[0] == 0
    with pytest.raises(NotImplementedError, match="cannot go to a cluster"):
        sim.sweep({'pushed.v': [0]}, client=object())


@pytest.mark.skipif(sys.platform == "win32", reason="no forks")
def test_errors_come_back_from_forks_with_their_text_and_their_run(target):
    prefs.codegen.target = 'numpy'
    G = NeuronGroup(1, 'v : 1', name='alone')
    sim = Network(G).compile(duration=1*ms)
    with pytest.raises(KeyError, match="Unknown name 'nothing'") as error:
        sim.sweep({'alone.v': ['nothing', '1', '2']}, n_jobs=2)
    assert "alone.v = nothing" in error.value.__notes__[0]


@pytest.fixture(scope="module")
def client():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        with distributed.Client(cluster) as client:
            yield client


def test_a_cluster_gives_the_same_answer(sim, client):
    given = {'tau': [5, 10]*ms, 'recurrent.delay': [1, 2]*ms, 'neurons.v': ['rand()', '0.5']}
    here = sim.sweep(given, seed=2, n_jobs=1)
    assert here.identical(sim.sweep(given, seed=2, client=client))
    said = []
    chosen = sim.sweep({'tau': [5, 10]*ms}, seed=2, outputs=lambda r: len(r.events.spike_trains()),
                       client=client.scheduler.address,
                       progress=lambda done, total: said.append(done))
    assert chosen.value.values.tolist() == [10, 10] and said == [1, 2]


def test_errors_come_back_from_a_cluster_with_their_run(sim, client):
    with pytest.raises(ZeroDivisionError) as error:
        sim.sweep({'tau': [5, 10]*ms}, outputs=lambda r: 1/0, seed=1, client=client)
    assert "in the run with tau = " in error.value.__notes__[0]


def test_without_dask_the_command_that_installs_it_is_named(sim, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(NotImplementedError, match="pip install 'brainsim\\[cluster\\]'"):
        sim.sweep({'tau': [5]*ms}, client='tcp://127.0.0.1:1')


def test_importing_brainsim_does_not_import_what_sweeps_need():
    code = ("import brainsim, sys; "
            "print(sorted({'distributed', 'dask', 'xarray', 'multiprocessing.pool'} & set(sys.modules)))")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_seeds_depend_on_the_place_of_the_run_alone(sim):
    more, fewer = (sim.sweep({'tau': values*ms}, seed=8) for values in ([5, 10, 20], [5, 10]))
    assert list(more.seed[:2]) == list(fewer.seed) and sweeping.mixed(8, 0) >> 1 == int(fewer.seed[0])


def test_a_client_is_a_client(sim):
    with pytest.raises(TypeError, match="dask.distributed.Client.*\n.*5\n.*n_jobs"):
        sim.sweep({'tau': [5]*ms}, client=5)
