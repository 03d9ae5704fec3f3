"""Adaptive steps in neurons and synapses: accuracy, input within a step, refractoriness, what is counted, what is
said."""
import numpy as np
import pytest

from brainsim import (
    DimensionMismatchError,
    Equations,
    Network,
    NeuronGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    defaultclock,
    gsl_rkf45,
    ms,
    mV,
    pA,
    run,
)
from brainsim.errors import IntegrationError

stairs = TimedArray([1.0, 5.0, 2.0, 0.0], dt=0.13 * ms)


@pytest.mark.feature("adaptive steps (gsl)")
@pytest.mark.parametrize("method", ["rk45", "gsl", "gsl_rk2", "gsl_rk4", "gsl_rkf45", "gsl_rkck", "gsl_rk8pd",
                                    gsl_rkf45], ids=repr)
def test_every_neuron_takes_the_steps_it_needs(method):
    defaultclock.dt = 1 * ms
    G = NeuronGroup(3, "dv/dt = -v**2/ms : 1", method=method,
                    method_options={"save_step_count": True, "max_steps": 5000})
    G.v = [0.01, 10, 1000]
    run(1 * ms)
    np.testing.assert_allclose(G.v, [1 / 101, 10 / 11, 1000 / 1001], atol=2e-5)
    assert G._step_count[0] < G._step_count[1] < G._step_count[2]
    np.testing.assert_array_less(G._last_timestep / ms, 1.0001)


def test_the_step_goes_on_from_the_last_one():
    defaultclock.dt = 1 * ms
    counts = []
    for goes_on in (True, False):
        G = NeuronGroup(1, "dv/dt = 30*cos(60*t/ms)/ms : 1", method="rk45",
                        method_options={"save_failed_steps": True, "use_last_timestep": goes_on,
                                        "absolute_error": 1e-3})
        M = StateMonitor(G, "_failed_steps", record=True)
        Network(G, M).run(5 * ms)
        counts.append(M._failed_steps[0][1:].sum())
    assert counts[0] < counts[1]


def test_input_is_read_at_the_time_of_every_stage():
    defaultclock.dt = 0.5 * ms
    G = NeuronGroup(1, "dv/dt = stairs(t)/ms : 1", method="gsl_rk2",
                    method_options={"adaptable_timestep": False, "absolute_error": 10})
    run(0.5 * ms)
    np.testing.assert_allclose(G.v, 0.5 * (stairs(0 * ms) + 4 * stairs(0.25 * ms) + stairs(0.5 * ms)) / 6, rtol=1e-14)


def test_a_refractory_variable_stands_still_and_others_see_that():
    defaultclock.dt = 0.5 * ms
    G = NeuronGroup(1, "dv/dt = 1/ms : 1 (unless refractory)\ndw/dt = v/ms : 1", threshold="v >= 0.99", reset="v = 0.5",
                    refractory=1 * ms,
                    method="rk45")
    M, spikes = StateMonitor(G, "w", record=True, when="end"), SpikeMonitor(G)
    run(2.5 * ms)
    np.testing.assert_allclose(spikes.t / ms, [0.5, 1.5])
    np.testing.assert_allclose(M.w[0], [0.125, 0.5, 0.75, 1.125, 1.375], rtol=1e-9)


def test_synapses_take_steps_of_their_own():
    defaultclock.dt = 1 * ms
    G = NeuronGroup(2, "")
    S = Synapses(G, G, "ds/dt = -k*s**2/ms : 1 (clock-driven)\nk : 1", method="rk45",
                 method_options={"save_step_count": True})
    S.connect()
    S.s, S.k = 1, [0, 1, 10, 100]
    run(1 * ms)
    np.testing.assert_allclose(S.s, [1, 1 / 2, 1 / 11, 1 / 101], atol=1e-5)
    assert S._step_count[0] < S._step_count[3]


def test_accuracy_that_is_not_reached_is_an_error_with_neuron_and_time():
    G = NeuronGroup(3, "dv/dt = -v**2/ms : 1", method="gsl_rkf45", method_options={"max_steps": 5}, name="hasty")
    G.v = [0, 1e6, 1e7]
    with pytest.raises(IntegrationError, match="hasty: .* element 1 in the step that ends at t = 0.0001 s") as caught:
        run(0.2 * ms)
    assert isinstance(caught.value, RuntimeError) and "max_steps=5" in str(caught.value)
    G.v = 0
    run(0.1 * ms)


def test_a_long_run_does_not_go_on_after_it():
    G = NeuronGroup(1, "dv/dt = v**2/ms : 1", method="rk45")
    G.v = 1
    net = Network(G)
    with pytest.raises(IntegrationError):
        net.run(1e9 * ms)
    assert net.t < 1e8 * ms


def test_one_step_without_adaption_is_the_plain_method():
    defaultclock.dt = 0.5 * ms
    G = NeuronGroup(1, "dv/dt = -v/ms : 1", method="gsl_rk2",
                    method_options={"adaptable_timestep": False, "absolute_error": 1})
    G.v = 1
    run(0.5 * ms)
    np.testing.assert_allclose(G.v, 1 - 0.5 + 0.5**2 / 2 - 0.5**3 / 6, rtol=1e-14)


def test_one_step_without_enough_accuracy_is_an_error():
    G = NeuronGroup(1, "dv/dt = -v/ms : 1", method="gsl_rk2",
                    method_options={"adaptable_timestep": False, "absolute_error": 1e-9})
    G.v = 1
    with pytest.raises(IntegrationError):
        run(0.1 * ms)


def test_an_error_may_have_the_unit_of_its_variable_and_no_other():
    def made(error):
        G = NeuronGroup(1, "dv/dt = -v/ms : volt", method="rk45",
                        method_options={"absolute_error_per_variable": {"v": error}, "save_step_count": True})
        G.v = 1 * mV
        Network(G).run(0.1 * ms)
        return G._step_count[0]

    assert made(1e-12 * mV) == made(1e-15) > made(1 * mV)
    with pytest.raises(DimensionMismatchError):
        made(1 * pA)


@pytest.mark.one_target
def test_what_is_remembered_is_stored_but_no_state_of_the_model():
    G = NeuronGroup(1, "dv/dt = -v**2/ms : 1", method="rk45")
    assert set(G.get_states(read_only_variables=False)) == {"v"}
    G.v = 1e3
    net = Network(G)
    net.store()
    net.run(0.2 * ms)
    before = float(G._last_timestep[0])
    net.restore()
    assert G._last_timestep[0] == 0 * ms
    net.run(0.2 * ms)
    assert float(G._last_timestep[0]) == before


@pytest.mark.one_target
def test_a_group_without_adaptive_steps_remembers_nothing():
    assert not [n for n in NeuronGroup(1, "dv/dt = -v/ms : 1").variables if n.startswith("_")]


@pytest.mark.one_target
def test_called_with_equations_it_shows_its_loop():
    text = gsl_rkf45(Equations("dv/dt = -v : 1"))
    assert [line for line in text.splitlines() if "while" in line] == ["while 0 < _left and (1e-12*dt < _size and "
                                                                       "_done + _failed < 100):"]


@pytest.mark.one_target
def test_the_method_may_be_changed_between_runs():
    G = NeuronGroup(2, "dv/dt = -v/ms : 1", method="euler")
    net = Network(G)
    net.run(0.1 * ms)
    G.method, G.method_options = "rk45", {"save_step_count": True}
    net.add(NeuronGroup(1, ""))
    net.run(0.1 * ms)
    assert list(G._step_count) == [1, 1]
