"""Which class an error has, and what is refused early, as scripts for Brian 2 rely on it."""
import builtins

import pytest
from brainsim.utils.environment import running_from_ipython
from brainsim.utils.logger import catch_logs

from brainsim import (
    BrianObjectException,
    DimensionMismatchError,
    EquationError,
    Equations,
    Network,
    NeuronGroup,
    Synapses,
    TimedArray,
    amp,
    check_units,
    implementation,
    linked_var,
    ms,
    mV,
    prefs,
)


@pytest.mark.parametrize("error", [SyntaxError, ValueError, TypeError])
@pytest.mark.parametrize("text", ["sin(3, 4)*amp", "ta(t)*amp", "ta()*amp", "ta*amp"])
def test_a_call_with_the_wrong_number_of_arguments_is_wrong_syntax_value_and_type(text, error):
    ta = TimedArray([[1, 2]] * amp, dt=1 * ms)
    G = NeuronGroup(2, "x : amp")
    with pytest.raises(error, match="takes|is a function, not a value"):
        G.x = text
    assert ta(0 * ms, 1) == 2 * amp


def test_what_is_no_index_is_a_wrong_index_and_a_wrong_type():
    G = NeuronGroup(2, "x : 1")
    for error in (IndexError, TypeError):
        with pytest.raises(error, match="An index into"):
            G.x[object()]


def test_a_shared_line_of_synapses_cannot_refer_to_what_differs_between_neurons():
    G = NeuronGroup(2, "x : 1\ntotal : 1 (shared)")
    Synapses(G, G, "fine = total_post : 1 (shared)")
    for name in ("x_pre", "x_post", "x"):
        with pytest.raises(SyntaxError, match=f"refers to '{name}', which has a value per neuron"):
            Synapses(G, G, f"sub = {name} : 1 (shared)")


def test_links_of_synapses_are_indexed_by_a_variable():
    G = NeuronGroup(3, "x : 1")
    S = Synapses(G, G, "y : 1 (linked)\nwhich : integer (constant)")
    S.connect(i=[0, 1], j=[1, 2])
    with pytest.raises(TypeError, match="needs the name of a variable"):
        S.y = linked_var(G.x, index=[0, 1])
    G.x, S.which = [1, 2, 3], [2, 0]
    S.y = linked_var(G.x, index="which")
    assert list(S.y) == [3, 1]


def test_a_sum_over_event_driven_variables_names_what_leads_there():
    G = NeuronGroup(2, "p : 1", threshold="False", reset="")
    with pytest.raises(EquationError, match="event-driven 's' through"):
        Synapses(G, G, "ds/dt = -s/ms : 1 (event-driven)\nx = s : 1\ny = x : 1\np_post = y : 1 (summed)")


def test_synapses_onto_synapses_tell_the_indices_of_their_targets():
    G, M = NeuronGroup(4, "v : 1", threshold="False", reset=""), NeuronGroup(2, "v : 1", threshold="False", reset="")
    S = Synapses(G, G, "w : 1")
    S.connect(i=[0, 1, 3], j=[3, 2, 0])
    onto = Synapses(M, S, on_pre="w_post += 1")
    onto.connect(i=[0, 0, 1], j=[0, 1, 2])
    assert list(onto.j) == [0, 1, 2] and list(onto.i_post) == [0, 1, 3] and list(onto.j_post) == [3, 2, 0]
    assert list(onto.i_pre) == [0, 0, 1]


def test_a_link_to_one_element_may_be_written_in_the_reset_of_one_neuron(target):
    prefs.codegen.target = target
    one = NeuronGroup(1, "x : 1")
    for N in (1, 3):
        G = NeuronGroup(N, "y : 1\nx : 1 (linked)", threshold="y > 1", reset="y = 0; x += 1")
        G.x, G.y = linked_var(one, "x"), 2
        if N == 1:
            net = Network(one, G)
            net.run(0.1 * ms)
        else:   # which of them would write it?
            with pytest.raises(SyntaxError, match="cannot be written where only some neurons are active"):
                net.add(G)
                net.run(0.1 * ms)
    assert list(one.x) == [1]


def test_a_value_of_the_script_with_the_name_of_a_variable_is_told_in_every_string():
    x = 5
    G = NeuronGroup(2, "x : 1\ny : 1", name="has_x_and_y")
    with catch_logs() as caught:
        G.y = "x"
        G.y = "x + 1"
    assert [name for _, name, _ in caught] == ["brian2.groups.group.Group.resolve.resolution_conflict"] and x == 5


def test_time_is_among_the_variables_of_a_group():
    G = NeuronGroup(2, "x : 1")
    assert {"t", "dt", "t_in_timesteps", "i", "N", "x"} <= set(G.variables) and G.variables["t"].read_only
    assert G.t == G.clock.t and G.dt == 0.1 * ms and G.t_in_timesteps == G.clock.timestep


def test_the_notebook_is_known_by_its_mark(monkeypatch):
    monkeypatch.delattr(builtins, "__IPYTHON__", raising=False)
    assert not running_from_ipython()
    monkeypatch.setattr(builtins, "__IPYTHON__", True, raising=False)
    assert running_from_ipython()


def test_an_error_of_a_python_function_names_the_function_and_keeps_its_cause(target):
    prefs.codegen.target = target

    @check_units(x=1, result=1)
    def unlucky(x):
        raise ArithmeticError("no luck")

    G = NeuronGroup(1, "v : 1")
    G.run_regularly("v = unlucky(v)")
    with pytest.raises(BrianObjectException, match="The function 'unlucky' failed: ArithmeticError: no luck") as caught:
        Network(G).run(0.1 * ms)
    assert isinstance(caught.value.__cause__, ArithmeticError)


def test_the_code_of_a_function_can_be_asked_for():
    @implementation("numpy", discard_units=True)
    @check_units(x=1 * ms, result=1 * ms)
    def shifted(x):
        return x + 3 * ms

    assert shifted.implementations["numpy"].get_code(None)(5) == pytest.approx(5.003)


def test_equations_check_their_units_against_a_group_and_a_namespace():
    G = NeuronGroup(1, "v : volt")
    Equations("dv/dt = (-v + 3*mV)/tau : volt").check_units(G, {"tau": 5 * ms})
    with pytest.raises(DimensionMismatchError):
        Equations("dv/dt = -v : volt").check_units(G, {})
    with pytest.raises(DimensionMismatchError):
        Equations("dv/dt = -v/tau : volt").check_units(G, {"tau": 5 * mV})
    with pytest.raises(KeyError, match="tau"):
        Equations("dv/dt = -v/tau : volt").check_units(G, {})
