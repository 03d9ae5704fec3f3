"""Mistakes of a first day: the class people catch, and the help that leads on."""
from __future__ import annotations

import pytest

from brainsim import *
from brainsim.errors import BuildError
from brainsim.targets.compiler import find_compiler
from brainsim.targets.contract import Missing


def test_too_many_neurons_are_told_how_many_fit(fresh):
    with pytest.raises(MemoryError, match="at most 2147483647 neurons") as caught:
        NeuronGroup(10**13, "v : 1")
    assert isinstance(caught.value, ValueError)


def test_other_objects_than_those_stored_cannot_be_restored(fresh):
    G = NeuronGroup(1, "v : 1")
    store()
    H = NeuronGroup(1, "v : 1")
    with pytest.raises(MagicError, match="was not part") as caught:
        restore()
    assert isinstance(caught.value, KeyError) and G is not H


def test_a_test_of_a_preference_that_fails_is_a_refusal(fresh):
    prefs.register_preferences("helpful", "for a test", limit=BrianPreference(3, "a number", validator=lambda v: v < 5))
    with pytest.raises(PreferenceError, match="'a' is not a possible value"):
        prefs["helpful.limit"] = "a"
    prefs["helpful.limit"] = 4
    assert prefs["helpful.limit"] == 4


@pytest.mark.parametrize("monitor, kinds", [
    (lambda G: StateMonitor("G", "v", record=True), (AttributeError, TypeError)),
    (lambda G: PopulationRateMonitor("G"), (AttributeError, TypeError)),
    (PopulationRateMonitor, (KeyError, TypeError)),
    (SpikeMonitor, (ValueError,)),
])
def test_a_monitor_of_nothing_to_record(fresh, monitor, kinds):
    for kind in kinds:
        with pytest.raises(kind, match="records|give the group a threshold"):
            monitor(NeuronGroup(1, "v : 1"))


def test_units_are_suggested_only_for_what_is_spelled_like_one(fresh):
    S = Synapses(NeuronGroup(2, "v : 1"), NeuronGroup(2, "v : 1"))
    with pytest.raises(KeyError, match="define pp in your script"):
        S.connect(p="pp")
    G = NeuronGroup(1, "v : volt")
    tau_long = 3 * ms
    with pytest.raises(KeyError, match="did you mean 'mvolt'"):
        G.v = "3*mvolr"
    with pytest.raises(KeyError, match="did you mean 'tau_long'"):
        G.v = "3*mV*tau_lon/tau_long"
    assert tau_long == 3 * ms


def test_a_plot_of_what_is_not_recorded_names_it_as_the_user_did(fresh):
    pytest.importorskip("matplotlib").use("Agg")
    M = StateMonitor(NeuronGroup(1, "v : 1\nx : 1"), "v", record=True)
    with pytest.raises(AttributeError, match="^'x' is not recorded"):
        M.plot("x")


def test_an_index_into_nothing_says_that_there_are_no_elements(fresh):
    with pytest.raises(IndexError, match="no elements"):
        SpikeMonitor(NeuronGroup(1, "v : 1", threshold="v > 1", reset="")).t[-1]


def test_times_in_messages_are_rounded(fresh):
    G = NeuronGroup(1, "v : 1")
    net = Network(G)
    net.run(0.3 * ms)
    defaultclock.dt = 0.2 * ms
    with pytest.raises(ValueError, match="cannot change to 0.0002 s at 0.0003 s"):
        net.run(1 * ms)


@pytest.mark.parametrize("model, help", [
    ("dv/dt = -v/tau : volt", "tau is 10, without a unit: tau = 10\\*ms\\?"),
    ("dv/dt = (E - v)/(5*ms) : volt", "E is -70, without a unit: E = -70\\*mV\\?"),
    ("dv/dt = (E - v)/tau : volt", "E is -70 and tau is 10, without a unit: E = -70\\*mV, tau = 10\\*ms\\?"),
    ("dv/dt = (E*mV - v)/tau : volt", "tau = 10\\*ms"),
    ("dv/dt = -v : volt", "divide it by a time"),
])
def test_a_number_without_the_unit_that_an_equation_needs_is_named(fresh, model, help):
    G, tau, E = NeuronGroup(1, model), 10, -70
    with pytest.raises(DimensionMismatchError, match=help):
        Network(G).run(0 * ms, namespace={"tau": tau, "E": E})


@pytest.mark.skipif(isinstance(find_compiler(), Missing), reason="needs a compiler")
def test_a_mistake_in_code_of_the_user_does_not_call_for_another_compiler(fresh):
    prefs.codegen.target = "cython"

    @implementation("cpp", "double twice(double x) { return 2*x }")
    @check_units(x=1, result=1)
    def twice(x):
        return 2 * x

    G = NeuronGroup(1, "dv/dt = twice(v)/second : 1", method="euler")
    with pytest.raises(BuildError, match="correct the code given to @implementation") as caught:
        Network(G).run(0 * ms)
    assert "apt install" not in str(caught.value)
