"""States by name: dictionaries, tables, what an index means, and what an equation says about itself."""
from __future__ import annotations

import logging

import numpy as np
import pytest
from brainsim.utils.logger import catch_logs

from brainsim import *

pandas = pytest.importorskip("pandas")


def group():
    G = NeuronGroup(3, "v : volt\nx : 1\ny = 2*x : 1")
    G.v, G.x = "i*mV", "10*i"
    return G


@pytest.mark.feature("get_states")
def test_states_have_the_time():
    assert set(group().get_states()) == {"v", "x", "N", "i", "t", "dt", "t_in_timesteps"}


def test_states_without_what_is_read_only():
    assert set(group().get_states(read_only_variables=False)) == {"v", "x"}


@pytest.mark.feature("get_states")
def test_a_table_has_a_column_per_variable_in_base_units():
    table = group().get_states(["v", "x", "y"], units=False, format="pandas")
    np.testing.assert_allclose(table["v"], [0, 1e-3, 2e-3])
    np.testing.assert_allclose(table["y"], [0, 20, 40])


def test_a_table_with_units_is_refused():
    with pytest.raises(NotImplementedError):
        group().get_states(format="pandas")


@pytest.mark.feature("set_states")
def test_states_come_back_from_a_table():
    G, H = group(), NeuronGroup(3, "v : volt\nx : 1")
    H.set_states(G.get_states(read_only_variables=False, units=False, format="pandas"), units=False, format="pandas")
    np.testing.assert_allclose(H.v/mV, G.v/mV)


@pytest.mark.feature("monitors as groups")
def test_monitors_have_states():
    G = NeuronGroup(2, "v : 1", threshold="v > 0.5", reset="")
    G.v = [0, 1]
    M, S, R = StateMonitor(G, "v", record=True), SpikeMonitor(G), PopulationRateMonitor(G)
    Network(G, M, S, R).run(0.3*ms)
    assert M.get_states()["v"].shape == (3, 2) and set(M.get_states()) == {"t", "v", "N"} and M.N == 3
    assert set(S.get_states()) == {"t", "i", "N", "count"} and S.get_states()["N"] == 3
    assert set(R.get_states()) == {"t", "rate", "N"}
    assert list(S.get_states(["i", "t"], units=False, format="pandas").columns) == ["i", "t"]


def test_indices_are_what_an_index_means():
    G = group()
    S = Synapses(G, G)
    S.connect()
    assert list(G.indices["x >= 10"]) == [1, 2] and list(G.indices[1:]) == [1, 2]
    assert list(S.indices["j == 0"]) == [0, 3, 6] and len(S.indices[0, :]) == 3


@pytest.mark.feature("Equations")
def test_an_equation_knows_its_names():
    eqs = Equations("dv/dt = -v/tau : 1", v="u")
    assert eqs["u"].identifiers == {"u", "tau"} and eqs["u"].expr == Expression("-u/tau")


@pytest.mark.feature("replacements in Equations")
def test_a_name_is_replaced_by_a_name_only():
    for wrong in ("two words", "_hidden", "t"):
        with pytest.raises(SyntaxError):
            Equations("dv/dt = -v/tau : 1", v=wrong)
    with pytest.raises(SyntaxError):
        Equations("dv/dt = -v/tau : 1", tau=np.arange(5))


def test_dependencies_go_through_subexpressions():
    eqs = Equations("dv/dt = a : 1\na = b/ms : Hz\nb = -v : 1")
    assert [(d.equation.varname, d.via) for d in eqs.dependencies["v"]] == [("a", ()), ("b", ("a",)), ("v", ("a", "b"))]


@pytest.mark.feature("methods called with equations")
def test_a_method_called_with_equations_gives_statements():
    text = euler(Equations("dv/dt = -v/tau : 1"))
    assert "dt" in text and text.splitlines()[-1].startswith("v = ")


def test_messages_are_caught_and_not_shown(capsys):
    with catch_logs() as caught:
        get_logger("mine").warn("look", name_suffix="here")
        get_logger("mine").info("not this")
    assert caught == [("WARNING", "brainsim.mine.here", "look")] and capsys.readouterr().err == ""


def test_a_missing_refractory_period_is_said():
    with catch_logs(logging.WARNING) as caught:
        NeuronGroup(1, "dv/dt = -v/ms : 1 (unless refractory)", threshold="v > 1", reset="v = 0")
    assert caught[0][1] == "brian2.groups.neurongroup.no_refractory"


@pytest.mark.feature("scheduling_summary")
def test_the_summary_of_a_time_step_has_entries():
    G = NeuronGroup(1, "dv/dt = -v/ms : 1", threshold="v > 1", reset="v = 0", name="scheduled")
    M = StateMonitor(G, "v", record=True, name="watching")
    M.active = False
    entries = scheduling_summary(Network(G, M)).entries
    assert [(e.name, e.when, e.active) for e in entries] == [
        ("watching", "start", False), ("scheduled_stateupdater", "groups", True),
        ("scheduled_spike_thresholder", "thresholds", True), ("scheduled_spike_resetter", "resets", True)]


def test_states_hold_what_is_kept_for_a_step():
    G = NeuronGroup(2, "x : 1\nheld = 2*x : 1 (constant over dt)\nfree = 3*x : 1")
    G.x = [1, 2]
    run(0.1 * ms)
    states = G.get_states()
    assert list(states["held"]) == [2, 4] and "free" not in states
    assert list(G.get_states(subexpressions=True)["free"]) == [3, 6]
