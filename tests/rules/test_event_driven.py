"""R17–R21: synaptic variables that are brought up to date at events."""
import numpy as np
import pytest

from brainsim import (
    EquationError,
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
    UnsupportedEquationsException,
    ms,
    run,
)


def pair(model="dA/dt = -A/(2*ms) : 1 (event-driven)\nw : 1", on_pre="", on_post="", pre=(5,), post=(), **more):
    """One synapse between two lists of spike times, in ms."""
    source = SpikeGeneratorGroup(1, [0] * len(pre), list(pre) * ms)
    target = SpikeGeneratorGroup(1, [0] * len(post), list(post) * ms)
    codes = {k: v for k, v in (("on_pre", on_pre), ("on_post", on_post)) if v}
    S = Synapses(source, target, model, **codes, **more)
    S.connect()
    return source, target, S


@pytest.mark.feature("event-driven synapses")
def test_initial_value_decays_from_time_zero():
    source, target, S = pair(on_pre="w = A")
    S.A = 1
    run(6 * ms)
    assert S.w[0] == pytest.approx(np.exp(-2.5))      # 0.0821
    assert S.lastupdate[0] / ms == pytest.approx(5)


@pytest.mark.feature("on_pre and on_post")
def test_every_pathway_updates_all_event_driven_variables():
    """Pre at 1 ms adds 1, post at 3 ms reads e^-1, which is then the stored value."""
    source, target, S = pair(on_pre="A += 1", on_post="w = A", pre=[1], post=[3])
    run(4 * ms)
    assert S.w[0] == pytest.approx(np.exp(-1))
    assert S.A[0] == pytest.approx(np.exp(-1))


def test_second_pathway_of_a_step_sees_no_time_elapsed():
    source, target, S = pair(on_pre="A = 1", on_post="w = A", pre=[1], post=[1])
    run(2 * ms)
    assert S.w[0] == 1


def test_update_comes_before_the_code_and_lastupdate_after_it():
    source, target, S = pair("dA/dt = -A/(2*ms) : 1 (event-driven)\nw : second", on_pre="w = t - lastupdate",
                             pre=[1, 4])
    run(5 * ms)
    assert S.w[0] / ms == pytest.approx(3)


def test_update_happens_when_the_delayed_spike_arrives():
    source, target, S = pair(on_pre="w = A", pre=[1], delay=3 * ms)
    S.A = 1
    run(5 * ms)
    assert S.w[0] == pytest.approx(np.exp(-2))
    assert S.lastupdate[0] / ms == pytest.approx(4)


@pytest.mark.feature("(event-driven) and (clock-driven)")
def test_stored_value_stands_still_between_events():
    source, target, S = pair(on_pre="A += 1", pre=[1, 3])
    M = StateMonitor(S, "A", record=True)
    run(5 * ms)
    assert np.unique(M.A[0]) == pytest.approx([0, 1, 1 + np.exp(-1)])


def test_everything_else_is_taken_at_its_present_value():
    """dA/dt = (x_post - A)/tau as if x_post had been 2 ever since."""
    source = SpikeGeneratorGroup(1, [0], [2] * ms)
    G = NeuronGroup(1, "x : 1")
    S = Synapses(source, G, "dA/dt = (x_post - A)/(2*ms) : 1 (event-driven)", on_pre="A += 0")
    S.connect()
    G.run_regularly("x = 2", when="before_synapses")
    run(2.1 * ms)
    assert S.A[0] == pytest.approx(2 * (1 - np.exp(-1)))


@pytest.mark.feature("event-driven synapses")
def test_coupled_linear_equations_are_solved_together():
    """dA/dt = -A/tau, dB/dt = A/tau - B/tau: B = A0 (t/tau) exp(-t/tau)."""
    source, target, S = pair("dA/dt = -A/(2*ms) : 1 (event-driven)\ndB/dt = (A - B)/(2*ms) : 1 (event-driven)",
                             on_pre="A += 0", pre=[4])
    S.A = 1
    run(5 * ms)
    assert S.B[0] == pytest.approx(2 * np.exp(-2))


def test_equal_and_nearly_equal_time_constants_stay_finite():
    tau, tau2 = 2 * ms, 2 * ms * (1 + 1e-12)
    source, target, S = pair("dA/dt = -A/tau : 1 (event-driven)\ndB/dt = A/tau - B/tau2 : 1 (event-driven)",
                             on_pre="A += 0", pre=[4])
    S.A = 1
    run(5 * ms, namespace={"tau": tau, "tau2": tau2})
    assert S.B[0] == pytest.approx(2 * np.exp(-2), rel=1e-6)


@pytest.mark.feature("lastupdate of the user")
def test_lastupdate_of_the_users_own_is_kept():
    source, target, S = pair("lastupdate : second\nw : 1", on_pre="w = (t - lastupdate)/ms\nlastupdate = t", pre=[1, 4])
    run(5 * ms)
    assert S.w[0] == pytest.approx(3)


@pytest.mark.feature("event-driven synapses")
@pytest.mark.one_target
@pytest.mark.parametrize("equation", ["-A**2/ms", "-A*t/ms**2"])
def test_equations_without_a_closed_solution_are_refused(equation):
    source, target, S = pair(f"dA/dt = {equation} : 1 (event-driven)\nw : 1", on_pre="w = A")
    with pytest.raises(UnsupportedEquationsException):
        run(1 * ms)


@pytest.mark.feature("event-driven synapses")
@pytest.mark.one_target
def test_mixing_event_driven_and_clock_driven_is_refused():
    with pytest.raises(EquationError, match="mixes event-driven and clock-driven"):
        pair("dA/dt = -A/ms : 1 (event-driven)\ndB/dt = (A - B)/ms : 1 (clock-driven)", on_pre="A += 1")


@pytest.mark.feature("(event-driven) and (clock-driven)")
@pytest.mark.one_target
def test_both_flags_at_once_are_refused():
    with pytest.raises(ValueError, match="cannot be both"):
        pair("dA/dt = -A/ms : 1 (event-driven, clock-driven)", on_pre="A += 1")


@pytest.mark.feature("(event-driven) and (clock-driven)")
def test_clock_driven_variable_decays_every_step():
    source, target, S = pair("dA/dt = -A/(2*ms) : 1 (clock-driven)", on_pre="A += 1", pre=[1])
    M = StateMonitor(S, "A", record=True)
    run(3.2 * ms)
    assert M.A[0, 31] == pytest.approx(np.exp(-1))      # recorded at 3.1 ms: the sum of 1 ms and 20 updates
