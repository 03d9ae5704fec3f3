"""Methods described in formulas: what they compute, what they take, and what is no description."""
import math

import numpy as np
import pytest
from machine import run, system
from test_orders import BrownianPath

from brainsim import (
    Equations,
    ExplicitStateUpdater,
    StateUpdateMethod,
    UnsupportedEquationsException,
    euler,
    heun,
    milstein,
    rk2,
    rk4,
)
from brainsim.compat.methods import extract_method_options
from brainsim.integrators.choose import METHODS, integrate

BUILT_IN = {"euler": euler, "rk2": rk2, "rk4": rk4, "heun": heun, "milstein": milstein}
STATE = dict(x=0.7, y=-0.3, t=0.4, a=1.3, s=0.5)


def made(name):
    """The description that a built-in method shows, as a method of its own."""
    return eval(repr(BUILT_IN[name]), {"ExplicitStateUpdater": ExplicitStateUpdater})


@pytest.mark.feature("ExplicitStateUpdater")
@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("text", ["dx/dt = a*x*(1 - x)", "dx/dt = -y*a + sin(t)\ndy/dt = x*t"])
def test_a_described_method_is_the_built_in_one(name, text):
    for n in (1, 5):
        ours, built = (run(integrate(system(text), m), STATE, 0.1, n) for m in (made(name), name))
        assert float(ours["x"]) == pytest.approx(float(built["x"]), rel=1e-14)


def test_milstein_described_is_the_built_in_one():
    ends = [run(integrate(system("dx/dt = -x + s*sin(x)*xi"), method), STATE, 0.1, 3,
                {"randn": iter([0.3, -1.2, 0.8]).__next__})
            for method in (made("milstein"), "milstein")]
    assert float(ends[0]["x"]) == pytest.approx(float(ends[1]["x"]), rel=1e-13)


def test_built_in_explicit_methods_are_described_ones():
    assert all(isinstance(m, ExplicitStateUpdater) and m.name == name for name, m in BUILT_IN.items())
    assert integrate(system("dx/dt = -x"), rk4) == integrate(system("dx/dt = -x"), "rk4")


def test_a_class_of_ones_own_is_a_method():
    class Backwards(StateUpdateMethod):
        def __call__(self, equations, variables=None, method_options=None):
            options = extract_method_options(method_options, {"factor": 1.0})
            (name, right), = equations.diff_eq_expressions
            return f"{name} = {name} - {options['factor']}*dt*({right})"

    for options, truth in (({}, 0.7), ({"factor": 2.0}, 0.4)):
        assert float(run(integrate(system("dx/dt = 3*x"), Backwards(), options), dict(x=1.0), 0.1,
                         1)["x"]) == pytest.approx(truth)
    with pytest.raises(KeyError):
        integrate(system("dx/dt = 3*x"), Backwards(), {"fcator": 2.0})
    with pytest.raises(TypeError):
        StateUpdateMethod()


@pytest.mark.parametrize("text", ["dx/dt = -x + s*xi_1", "dx/dt = -x + s*xi_1 + a*xi_2\ndy/dt = x + xi_2"])
@pytest.mark.parametrize("name", ["euler", "heun"])
def test_every_noise_of_a_variable_is_added_and_its_drift_once(name, text):
    def numbers():
        yield from (0.3, -1.2, 0.8, 0.1) * 3

    ends = []
    for method in (made(name), name):
        draw = numbers()
        ends.append(run(integrate(system(text), method), STATE, 0.1, 3, {"randn": draw.__next__}))
    assert float(ends[0]["x"]) == pytest.approx(float(ends[1]["x"]), rel=1e-13)


def test_heun_described_has_strong_order_one_for_multiplicative_noise():
    fine = np.random.default_rng(3).standard_normal((2000, 128)) * math.sqrt(1 / 128)
    truth, errors, counts = np.exp(0.5 + 0.8 * fine.sum(axis=1)), [], [8, 16, 32, 64]
    for n in counts:
        end = run(integrate(system("dx/dt = mu*x + sigma*x*xi"), made("heun")),
                  dict(x=np.ones(2000), mu=0.5, sigma=0.8), 1 / n, n,
                  {"randn": BrownianPath(fine, 128 // n)})
        errors.append(np.mean(np.abs(end["x"] - truth)))
    assert -np.polyfit(np.log(counts), np.log(errors), 1)[0] == pytest.approx(1.0, abs=0.2)


def test_a_line_with_g_alone_holds_a_value_for_each_noise():
    method = ExplicitStateUpdater("xs = x + g(x, t)*dW\ngs = g(xs, t + dt)\n"
                                  "x_new = x + dt*f(x, t) + 0.5*dW*(g(x, t) + gs)",
                                  stochastic="multiplicative")
    draws = iter([1.0, 2.0])
    end = run(integrate(system("dx/dt = x*xi_1 + 3*xi_2"), method), dict(x=1.0), 1.0, 1, {"randn": lambda: next(draws)})
    assert float(end["x"]) == 1 + 0.5 * 1 * (1 + 2) + 0.5 * 2 * (3 + 3)      # xs = 1 + 1 for xi_1


def test_noise_alone_is_refused_where_a_variable_has_several():
    method = ExplicitStateUpdater("x_new = x + dW", stochastic="multiplicative")
    with pytest.raises(UnsupportedEquationsException, match="'x' has 2 noises"):
        integrate(system("dx/dt = xi_1 + xi_2"), method)


@pytest.mark.parametrize(("stochastic", "text"), [(None, "dx/dt = xi"), ("additive", "dx/dt = x*xi")])
def test_noise_that_was_not_announced_is_refused(stochastic, text):
    with pytest.raises(UnsupportedEquationsException, match="noise"):
        integrate(system(text), ExplicitStateUpdater("x_new = x + dt*f(x, t) + g(x, t)*dW", stochastic=stochastic))


def test_a_check_of_ones_own_may_refuse():
    def linear_only(equations, variables):
        if "**" in str(equations):
            raise UnsupportedEquationsException("no powers")

    method = ExplicitStateUpdater("x_new = x + dt*f(x, t)", custom_check=linear_only)
    assert integrate(system("dx/dt = -x"), method).method == "explicit"
    with pytest.raises(UnsupportedEquationsException, match="no powers"):
        integrate(system("dx/dt = -x**2"), method)


@pytest.mark.parametrize(("text", "message"), [
    ("", "ends with the line 'x_new = ...'"), ("x_new = x\nk = 2", "ends with the line 'x_new = ...'"),
    ("x += dt*f(x, t)", "ends with the line"), ("x_new += dt*f(x, t)", "cannot be used in a description"),
    ("x_new = x + foo", "'foo' means nothing"), ("x_new = x + h(x, t)", "'h' is no function"),
    ("x_new = x + rand()", "'rand' is no function"),
    ("x_new = x + dt*f(x)", "'f' has 2 arguments"), ("x_new = x + dt*f(x, t", "never closed"),
    ("t = 2\nx_new = t", "'t' has a meaning"),
    ("k = dt\nk = dt\nx_new = k", "'k' has a meaning"), ("x_new = x\nx_new = x", "'x_new' is the last line"),
])
def test_what_is_no_description_is_refused(text, message):
    with pytest.raises(SyntaxError, match=message) as caught:
        ExplicitStateUpdater(text)
    assert isinstance(caught.value, ValueError)


def test_another_kind_of_noise_is_refused():
    with pytest.raises(ValueError, match="kind of noise"):
        ExplicitStateUpdater("x_new = x", stochastic="coloured")


def test_a_described_method_shows_its_lines():
    method = made("rk2")
    assert str(method) == ("ExplicitStateUpdater\nIntermediate statements:\nk = dt*f(x, t)\n"
                           "Output:\nx + dt*f(x + k/2, t + dt/2)")
    again = eval(repr(method), {"ExplicitStateUpdater": ExplicitStateUpdater})
    assert again.scheme == method.scheme
    assert method._repr_latex_() == ("\\begin{equation}\nk = dt f\\left(x, t\\right)\\\\\n"
                                     "x_{t+1} = x + dt f\\left(x + \\frac{k}{2}, t + \\frac{dt}{2}\\right)\n"
                                     "\\end{equation}")


def test_called_with_equations_it_gives_statements():
    text = made("euler")(Equations("dv/dt = -v/(10*ms) : 1"))
    assert text.splitlines() == ["_f_v = -v/(10*ms)", "_v_new = v + dt*_f_v", "v = _v_new"]


def test_options_are_refused():
    with pytest.raises(KeyError):
        integrate(system("dx/dt = -x"), made("euler"), {"extended": True})


@pytest.mark.feature("StateUpdateMethod.register")
def test_a_registered_name_is_a_method_and_is_taken():
    StateUpdateMethod.register("Mine_Own", made("rk2"))
    try:
        assert float(run(integrate(system("dx/dt = x"), "mine_own"), dict(x=1.0), 1.0, 1)["x"]) == 2.5
        with pytest.raises(ValueError, match="already"):
            StateUpdateMethod.register("mine_own", made("rk2"))
    finally:
        del METHODS["mine_own"]
    for name, updater in (("euler", made("rk2")), ("LINEAR", made("rk2")), ("other", 3)):
        with pytest.raises(ValueError):
            StateUpdateMethod.register(name, updater)


def test_a_function_of_equations_is_a_method():
    def backwards(equations, variables, method_options=None):
        (name, right), = equations.diff_eq_expressions
        return f"_new = {name} - dt*({right})\n{name} = _new"

    assert float(run(integrate(system("dx/dt = 3*x"), backwards), dict(x=1.0), 0.1, 1)["x"]) == pytest.approx(0.7)
    with pytest.raises(TypeError, match="as text"):
        integrate(system("dx/dt = x"), lambda equations, variables, options: None)


def test_a_method_is_applied_by_name_object_or_choice():
    eqs = Equations("dv/dt = -v**2/(10*ms) : 1")
    assert StateUpdateMethod.apply_stateupdater(eqs, {}, "euler") == euler(eqs)
    assert StateUpdateMethod.apply_stateupdater(eqs, {}, ["exact", euler]) == euler(eqs)
    with pytest.raises(KeyError):
        StateUpdateMethod.apply_stateupdater(eqs, {}, "euler", {"a": 1})
