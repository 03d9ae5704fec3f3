"""Equations, names and functions, as scripts use them."""
import numpy as np
import pytest

from brainsim import (
    Equations,
    Expression,
    Network,
    NeuronGroup,
    Statements,
    StateMonitor,
    Synapses,
    kelvin,
    ms,
    run,
    second,
    volt,
)
from brainsim.errors import BrianObjectException, DimensionMismatchError, EquationError, WrongSyntax
from brainsim.units.constants import zero_celsius


@pytest.mark.feature("temperatures")
def test_degrees_celsius_become_kelvin_by_adding_zero_celsius(target):
    G = NeuronGroup(1, "T : kelvin\nq = 3**((T - Tref)/(10*kelvin)) : 1")
    Tref = 20 * kelvin + zero_celsius   # noqa: F841
    G.T = 30 * kelvin + zero_celsius
    assert float(zero_celsius) == 273.15 and float(G.T[0]) == 303.15
    assert G.q[0] == pytest.approx(3)


@pytest.mark.feature("truth values in arithmetic")
def test_int_of_a_condition_counts_in_arithmetic(target):
    G = NeuronGroup(4, "dv/dt = int(i >= 2)/ms : 1\nn = int(v > 0.05)*2 : 1", method="euler")
    Network(G).run(0.1 * ms)
    assert list(G.v) == pytest.approx([0, 0, 0.1, 0.1]) and list(G.n) == [0, 0, 2, 2]


@pytest.mark.feature("truth values in arithmetic")
def test_a_condition_may_be_a_factor_in_an_augmented_assignment(target):
    G = NeuronGroup(3, "v : 1")
    G.run_regularly("v += 2*(i < 1)")
    Network(G).run(0.2 * ms)
    assert list(G.v) == [4, 0, 0]


@pytest.mark.feature("special names")
def test_a_group_knows_time_step_index_and_size(target):
    G = NeuronGroup(3, "a : second\nb : second\nk : integer\nn : 1\nu : 1", dt=0.5 * ms)
    G.run_regularly("a = t; b = dt; k = t_in_timesteps; n = N; u = i + pi + e")
    Network(G).run(1.5 * ms)
    assert (G.a[0] / ms, G.b[0] / ms) == pytest.approx((1, 0.5))
    assert (G.k[0], G.n[0]) == (2, 3) and list(G.u) == pytest.approx(np.arange(3) + np.pi + np.e)


@pytest.mark.feature("special names", "indices and counts of synapses")
def test_a_synapse_knows_its_ends_and_their_numbers():
    G, H = NeuronGroup(2, "v : 1"), NeuronGroup(3, "u : 1")
    S = Synapses(G, H, "a : 1")
    S.connect(i=[0, 0, 1], j=[1, 2, 2])
    S.a = "100*i + 10*j + N_pre + N_post"
    assert list(S.a) == [15, 25, 125]
    assert (list(S.N_outgoing), list(S.N_incoming)) == ([2, 2, 1], [1, 2, 2])
    assert (list(S.N_outgoing_pre), list(S.N_incoming_post)) == ([2, 1], [0, 1, 2])


@pytest.mark.feature("repeated and cyclic definitions")
def test_a_variable_defined_twice_is_refused():
    with pytest.raises(EquationError, match="defined twice"):
        Equations("v : 1\nv : volt")


@pytest.mark.feature("(constant)")
def test_a_constant_parameter_has_a_value_per_neuron_and_is_recorded(target):
    G = NeuronGroup(2, "dv/dt = -v/tau : 1\ntau : second (constant)", method="exact")
    G.v, G.tau = 1, [1, 2] * ms
    M = StateMonitor(G, "tau", record=True)
    Network(G, M).run(1 * ms)
    assert list(G.v) == pytest.approx([np.exp(-1), np.exp(-0.5)]) and M.tau[1, 0] == 2 * ms


@pytest.mark.feature("flags are checked by the group")
def test_a_flag_that_no_group_knows_is_refused_when_the_group_is_made():
    equations = Equations("dv/dt = -v/ms : 1 (no such flag)")
    with pytest.raises(ValueError, match="possible here: unless refractory"):
        NeuronGroup(1, equations)
    with pytest.raises(ValueError, match="event-driven"):
        NeuronGroup(1, "dv/dt = -v/ms : 1 (event-driven)")


@pytest.mark.feature("names from outside")
def test_an_array_is_no_value_for_a_name(target):
    taus = np.array([1.0, 2.0]) * ms   # noqa: F841
    with pytest.raises(KeyError):
        Network(NeuronGroup(2, "dv/dt = -v/taus : 1")).run(0 * ms)


@pytest.mark.feature("units are checked at the run")
def test_wrong_units_are_found_by_the_run_and_said_with_their_cause(target):
    G = NeuronGroup(1, "dv/dt = 3*mV : volt", name="G")
    with pytest.raises(BrianObjectException) as caught:
        run(1 * ms)
    assert isinstance(caught.value, DimensionMismatchError) or isinstance(caught.value.__cause__,
                                                                          DimensionMismatchError)
    assert "'G'" in str(caught.value) or "G" in str(caught.value)


@pytest.mark.feature("Equations")
def test_equations_are_added_and_hashed():
    total = Equations("dv/dt = -v/tau : volt") + "tau : second"
    assert list(total) == ["v", "tau"] and total.diff_eq_names == {"v"} and total.parameter_names == {"tau"}
    assert hash(total) == hash(Equations("dv/dt = -v/tau : volt\ntau : second"))
    assert "dv/dt = -v/tau : volt" in str(total)


@pytest.mark.feature("replacements in Equations")
def test_values_stand_in_equations_and_variables_cannot_be_values():
    changed = Equations("dx/dt = -x/tau : 1", x="y", tau=10 * ms)
    assert changed.diff_eq_names == {"y"} and "tau" not in changed.identifiers
    with pytest.raises(ValueError, match="is a variable"):
        Equations("dx/dt = -x/tau : 1", x=3)
    assert Equations("x : 1", nothing=5) == Equations("x : 1")


@pytest.mark.feature("Expression and Statements")
def test_code_strings_know_their_names_and_are_compared_by_text():
    assert Expression("a + f(b)").identifiers == {"a", "b", "f"}
    assert Statements("x += y; z = 2").identifiers >= {"x", "y", "z"}
    assert Expression("a") == Expression("a") and Expression("a") != Statements("a = 1")
    with pytest.raises(WrongSyntax):
        Expression("a +")


@pytest.mark.feature("functions of t")
def test_an_equation_may_contain_any_function_of_time(target):
    G = NeuronGroup(1, "x = sin(2*pi*t/(4*ms)) : 1")
    M = StateMonitor(G, "x", record=0, dt=1 * ms)
    Network(G, M).run(4 * ms)
    assert M.x[0] == pytest.approx([0, 1, 0, -1], abs=1e-9)


@pytest.mark.feature("int", "sign", "floor and ceil", "clip")
def test_functions_that_round(target):
    G = NeuronGroup(4, "x : 1\nv : volt\nk : 1\ns : 1\na : volt\nc : volt\nl : 1")
    G.x, G.v = [-1.5, -0.5, 0.5, 1.5], [-1.5, -0.5, 0.5, 1.5] * volt
    G.run_regularly("k = int(x); s = sign(v); a = floor(v/volt)*volt; c = ceil(v/volt)*volt; l = clip(x, -1, 1)")
    Network(G).run(0.1 * ms)
    assert list(G.k) == [-1, 0, 0, 1] and list(G.s) == [-1, -1, 1, 1] and list(G.l) == [-1, -0.5, 0.5, 1]
    assert list(G.a / volt) == [-2, -1, 0, 1] and list(G.c / volt) == [-1, 0, 1, 2]


@pytest.mark.feature("floor and ceil")
def test_floor_and_ceil_keep_the_unit(target):
    G = NeuronGroup(1, "v : volt\nw : volt")
    G.v = 1.5 * volt
    G.run_regularly("w = floor(v) + ceil(v)")
    Network(G).run(0.1 * ms)
    assert G.w[0] == 3 * volt


@pytest.mark.feature("mS")
def test_millisiemens_are_known_to_equations():
    from brainsim import mS, siemens
    G = NeuronGroup(1, "g : siemens")
    G.g = "2*mS"
    assert G.g[0] == 2 * mS == 0.002 * siemens


@pytest.mark.feature("three kinds of lines")
def test_lines_go_on_to_their_unit_and_have_comments():
    equations = Equations("""
        dv/dt = (u     # the drive
                 - v)/tau : volt (unless refractory)
        u = 2*mV : volt
        tau : second""")
    assert [e.kind for e in equations.values()] == ["differential", "subexpression", "parameter"]
    assert equations["v"].flags == ("unless refractory",)


@pytest.mark.feature("declared units")
def test_a_group_refuses_a_variable_in_a_scaled_unit():
    with pytest.raises(EquationError, match="base unit"):
        NeuronGroup(1, "v : mV")
    G = NeuronGroup(1, "a : amp/meter**2\nb : 1/second\nc : Hz\nd : mmolar\nn : integer\nq : boolean")
    assert G.b.dim is G.c.dim is (1 / second).dim and G.n.dtype == np.int32 and G.q.dtype == np.bool_


@pytest.mark.feature("Equations")
@pytest.mark.parametrize("text, wanted", [
    ("dv/dt = -v/ms : 1", None),
    ("dv/dt = -v/ms + p*xi/ms**.5 : 1\np : 1", "additive"),
    ("dv/dt = (v + xi*ms**.5)/ms : 1", "additive"),
    ("dv/dt = xi*rand()/ms**.5 : 1", "additive"),
    ("dv/dt = xi*s/ms**.5 : 1\ns = 2*p : 1\np : 1", "additive"),
    ("dv/dt = xi*s/ms**.5 : 1\ns = 2*r : 1\nr = v : 1", "multiplicative"),
    ("dv/dt = xi*t/ms**1.5 : 1", "multiplicative"),
    ("dv/dt = xi*s/ms**.5 : 1\ns = t/ms : 1", "multiplicative"),
    ("dv/dt = v*(1/ms + xi/ms**.5) : 1", "multiplicative"),
    ("dv/dt = xi*u/ms**.5 : 1\ndu/dt = -u/ms : 1", "multiplicative"),
    ("dv/dt = xi_1/ms**.5 + xi_2*v/ms**.5 : 1", "multiplicative"),
])
def test_noise_is_multiplicative_when_a_factor_changes(text, wanted):
    assert Equations(text).stochastic_type == wanted


@pytest.mark.feature("Equations", "declared units")
def test_equations_know_dimensions_and_an_order_of_evaluation():
    equations = Equations("c = b : 1\nb = a*2 : 1\na = v : 1\ndv/dt = c/ms : 1\np : volt")
    assert [e.name for e in equations.ordered] == ["a", "b", "c", "v", "p"] and equations.dimensions["p"] is volt.dim
    with pytest.raises(EquationError, match="base unit"):
        Equations("v : mV")
