"""Python functions in equations, statements and strings."""
from __future__ import annotations

import numpy as np
import pytest

from brainsim import *
from brainsim.errors import WrongValue

TARGETS = ["numpy", "cython", "interpreter", "jax"]


@pytest.fixture(params=TARGETS, autouse=True)
def target(request):
    if request.param == "jax":
        pytest.importorskip("jax")
    prefs.codegen.target = request.param
    yield request.param
    prefs.codegen.target = "auto"


@check_units(x=volt, factor=1, result=volt)
def capped(x, factor):
    return np.minimum(x, 1*mV)*factor


@pytest.mark.feature("Python functions")
def test_a_function_gets_units_and_gives_units():
    G = NeuronGroup(3, "dv/dt = capped(v, 2)/(10*ms) : volt", method="euler")
    G.v = [0.5, 1, 2]*mV
    Network(G).run(0.1*ms)
    np.testing.assert_allclose(G.v/mV, [0.51, 1.02, 2.02])


@pytest.mark.feature("Python functions on compiled targets")
def test_a_function_in_a_reset_a_threshold_and_a_pathway():
    G = NeuronGroup(2, "v : volt\nw : volt", threshold="capped(v, 1) >= 1*mV", reset="w += capped(v, 3)\nv = 0*mV")
    S = Synapses(G, G, on_pre="v_post += capped(4*mV, 5)")
    S.connect(i=0, j=1)
    G.v = [5, 0]*mV
    M = SpikeMonitor(G)
    Network(G, S, M).run(0.2*ms)
    assert list(M.i) == [0, 1] and G.v[1] == 0*mV and G.w[0] == 3*mV and G.w[1] == 3*mV


def test_a_function_in_a_string_assigned():
    G = NeuronGroup(3, "v : volt")
    G.v = "capped(i*0.6*mV, 1)"
    np.testing.assert_allclose(G.v/mV, [0, 0.6, 1])


def test_a_result_in_another_unit_is_refused():
    @check_units(result=amp)
    def wrong():
        return 1*volt

    G = NeuronGroup(1, "dv/dt = wrong()/(ms*pF)*second : volt", method="euler")
    with pytest.raises(DimensionMismatchError):
        Network(G).run(0.1*ms)


def test_an_argument_in_another_unit_is_refused_before_the_run():
    G = NeuronGroup(1, "dv/dt = capped(1*amp, 1)/ms : volt", method="euler")
    with pytest.raises(DimensionMismatchError):
        Network(G).run(0*ms)


@pytest.mark.feature("Python functions without units inside")
def test_units_are_discarded_on_request():
    @implementation("numpy", discard_units=True)
    @check_units(x=volt, result=volt)
    def raised(x):
        assert not isinstance(x, Quantity)
        return x + 1*mV

    G = NeuronGroup(1, "v : volt")
    G.run_regularly("v = raised(v)")
    Network(G).run(0.1*ms)
    assert G.v[0] == 1*mV


@pytest.mark.feature("functions with state")
def test_a_function_with_state_is_called_at_every_step():
    calls = []

    @check_units(result=1)
    def number():
        calls.append(1)
        return float(len(calls))

    number = Function(number, stateless=False)
    G = NeuronGroup(1, "v : 1")
    G.run_regularly("v += number()")
    Network(G).run(0.3*ms)
    assert G.v[0] == 6


@pytest.mark.feature("functions that get the elements")
def test_elements_come_last_when_wanted():
    f = Function(lambda elements: 2.0*elements, arg_units=[], return_unit=1, auto_vectorise=True, stateless=False)
    G = NeuronGroup(3, "v : 1")
    G.run_regularly("v = f()")
    Network(G).run(0.1*ms)
    assert list(G.v) == [0, 2, 4]


@pytest.mark.feature("units that depend on arguments")
def test_a_unit_may_depend_on_the_argument():
    double = Function(lambda x: 2*x, arg_units=[None], return_unit=lambda u: u)
    G = NeuronGroup(1, "v : volt")
    G.run_regularly("v = double(3*mV)")
    Network(G).run(0.1*ms)
    np.testing.assert_allclose(G.v[0]/mV, 6)


@pytest.mark.feature("Python functions")
def test_a_function_without_units_is_refused():
    with pytest.raises(WrongValue, match="check_units"):
        Function(lambda x: x)


@pytest.mark.feature("BinomialFunction")
def test_a_binomial_function_draws_for_every_element():
    draw = BinomialFunction(10, 0.5)
    G = NeuronGroup(2000, "v : 1")
    G.run_regularly("v = draw()")
    Network(G).run(0.1*ms)
    assert abs(np.mean(G.v) - 5) < 0.3 and set(np.unique(G.v)) <= set(range(11))


@declare_types(a="integer", result="integer")
@check_units(a=1, result=1)
def half(a):
    return a // 2


@pytest.mark.feature("declare_types")
def test_types_are_declared():
    assert Function(half).return_type == "integer"


def test_a_function_without_a_result_unit_says_so():
    @check_units(x=1)
    def unclear(x):
        return x

    G = NeuronGroup(1, "v : 1")
    with pytest.raises(ValueError, match="unclear"):
        G.v = "unclear(3)"


@pytest.mark.feature("conflicts of names")
def test_a_name_in_a_namespace_hides_that_of_the_script_with_a_message():
    from brainsim.utils.logger import catch_logs
    hidden = 5
    G = NeuronGroup(1, "v : 1", namespace={"hidden": 7}, name=f"hiding_{prefs.codegen.target}")
    with catch_logs() as caught:
        G.v = "hidden"
    assert G.v[0] == 7 and [name for _, name, _ in caught] == ["brian2.groups.group.Group.resolve.resolution_conflict"]
