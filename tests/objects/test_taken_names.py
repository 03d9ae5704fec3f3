"""Names of variables, constants, functions and monitors that something else has too: they work or are refused."""
import numpy as np
import pytest

from brainsim import *
from brainsim.errors import WrongSyntax, WrongValue

FREE = ("reach", "gain", "bounds", "system", "scope", "tasks", "domain", "elements", "serial", "space", "rules",
        "threshold", "reset_code", "refractory_period", "connected", "neighbours", "integrated", "assign")
TAKEN = ("order", "active", "when", "name", "events")
HIDDEN = ("id", "clock", "spikes", "get_states", "indices")


@pytest.mark.parametrize("name", FREE)
def test_names_of_the_house_s_own_making_are_free_for_variables(fresh, name):
    G = NeuronGroup(3, f"{name} : 1\nx = 2*{name} : 1", name="G")
    setattr(G, name, 2)
    P = NeuronGroup(2, "v : 1", name="P")
    S = Synapses(P, P, f"{name} : 1", name="S")
    S.connect(i=[0], j=[1])
    setattr(S, name, 3)
    Network(G, P, S).run(0.1 * ms)
    assert list(getattr(G, name)) == [2, 2, 2] and list(G.x) == [4, 4, 4] and list(getattr(S, name)) == [3]


def test_such_a_variable_drives_the_neurons(target):
    G = NeuronGroup(3, "dv/dt = (reach - v)/(5*ms) : 1\nreach : 1", threshold="v > 1", reset="v = 0", method="euler",
                    name="G")
    M = SpikeMonitor(G, name="M")
    G.reach = 2
    Network(G, M).run(20 * ms)
    assert M.num_spikes == 15


@pytest.mark.parametrize("name", TAKEN)
def test_a_variable_that_could_not_be_reached_is_refused_at_its_place(fresh, name):
    with pytest.raises(WrongSyntax, match=rf"'{name}' cannot be the name of a variable: NeuronGroup") as caught:
        NeuronGroup(3, f"dv/dt = -v/ms : 1\n{name} : 1")
    assert "^" * len(name) in str(caught.value) and f"{name}_value" in str(caught.value)


@pytest.mark.parametrize("name", HIDDEN)
def test_a_variable_that_an_attribute_hides_is_set_and_works_and_that_is_said_once(fresh, name, caplog):
    G = NeuronGroup(3, f"{name} : 1\nx = 2*{name} : 1", name="G")
    P = NeuronGroup(2, "v : 1", name="P")
    S = Synapses(P, P, f"{name} : 1", name="S") if name != "spikes" else None
    if S is not None:
        S.connect(i=[0], j=[1])
        setattr(S, name, 4)
        assert S.get_states([name])[name] == 4
    setattr(G, name, [1, 2, 3])
    Network(G).run(0.1 * ms)
    assert list(G.get_states([name])[name]) == [1, 2, 3] and list(G.x) == [2, 4, 6]
    said = [r for r in caplog.records if "read by get_states" in r.getMessage() and "of G is" in r.getMessage()]
    assert len(said) == 1


@pytest.mark.parametrize("name", ["source", "target", "delay_", "reduce"])
def test_synapses_refuse_them_alike(fresh, name):
    with pytest.raises(WrongSyntax, match=f"'{name}'"):
        Synapses(NeuronGroup(1, "v : 1"), None, f"{name} : 1")


def test_an_attribute_of_parts_alone_is_said_when_a_part_is_made(fresh, caplog):
    G = NeuronGroup(3, "start : 1", name="with_start")
    G.start = 5
    assert not caplog.records and list(G.start) == [5, 5, 5]
    assert G[1:].start == 1 and G[:2].stop == 2
    assert len(caplog.records) == 1 and "'start' of a part of with_start" in caplog.text


@pytest.mark.parametrize("name", ["values", "it", "record", "n_indices", "source"])
def test_a_record_that_could_not_be_reached_is_refused(fresh, name):
    G = NeuronGroup(1, f"{name} : 1", threshold="False", name="G")
    kind = SpikeMonitor if name in ("it", "values") else StateMonitor
    with pytest.raises(WrongValue, match=f"{kind.__name__} has a '{name}' of its own"):
        kind(G, variables=name, record=True)


def test_the_period_of_a_group_comes_before_a_constant_of_its_name(target):
    model = "dv/dt = (2 - v)/refractory : 1 (unless refractory)"
    G = NeuronGroup(1, model, threshold="v > 1", refractory=2 * ms, method="exact", name="G")
    H = NeuronGroup(1, "dv/dt = (2 - v)/refractory : 1", method="exact", name="H")
    M = SpikeMonitor(G, name="M")
    G.v = 1.5
    sim = Network(G, H, M).compile(10 * ms, namespace={"refractory": 100 * ms})
    counts = [sim.run(p, seed=1).M.num_spikes for p in ({}, {"G.refractory": 5 * ms}, {"refractory": 50 * ms})]
    assert counts == [5, 2, 5]
    assert sim.run({"refractory": 1 * ms}, seed=1)["H.v"][0] == pytest.approx(2, abs=1e-3)


def test_a_constant_goes_by_its_group_whoever_else_uses_it(target):
    G = NeuronGroup(1, "dv/dt = -v/tau : 1", method="exact", name="G")
    G.v = 1
    sim = Network(G).compile(10 * ms, namespace={"tau": 10 * ms})
    assert sim.parameters == ["G.v", "tau"]
    for name in ("tau", "G.tau"):
        assert sim.run({name: 5 * ms})["G.v"][0] == pytest.approx(np.exp(-2))


def test_one_name_is_suggested_once(fresh):
    G = NeuronGroup(1, "v : 1", threshold="False", name="G")
    S = Synapses(G, G, on_pre="v += 1", name="S")
    S.connect()
    sim = Network(G, S).compile(1 * ms, namespace={"S": S})
    with pytest.raises(KeyError) as caught:
        sim.run({"S.dela": 1 * ms})
    assert str(caught.value).count("'S.delay'") == 1


def test_a_function_of_the_script_that_is_not_used_is_named_once(fresh, caplog):
    @check_units(x=1, result=1)
    def sign(x):
        return 7

    G = NeuronGroup(1, "x : 1", name="G")
    for _ in range(2):
        G.namespace.update({"sign": sign, "exprel": TimedArray([1.0, 2], dt=1 * ms)})
        G.x = "sign(3.0) + exprel(0.0)"
    assert G.x[0] == 2
    said = [r.getMessage() for r in caplog.records]
    assert len(said) == 2 and all("your own" in text for text in said)


@pytest.mark.parametrize("name", ["seed", "duration", "params", "stored", "summary", "monitors", "to_xarray"])
def test_outputs_of_a_sweep_are_monitors_first(fresh, name):
    pytest.importorskip("xarray")
    G = NeuronGroup(2, "v : 1", threshold="v > 1", name="G")
    G.v = 2
    sim = Network(G, SpikeMonitor(G, name=name)).compile(1 * ms)
    found = sim.sweep({"G.v": [0, 2]}, outputs=[f"{name}.num_spikes"], n_jobs=1)
    assert list(found[f"{name}.num_spikes"]) == [0, 20]
