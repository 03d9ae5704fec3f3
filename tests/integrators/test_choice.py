"""Which method is chosen for which equations, what is refused, and what the user is told."""
import pytest
from machine import system, tree

from brainsim.errors import (
    UnknownName,
    UnsupportedEquationsException,
    WrongType,
    WrongValue,
)
from brainsim.integrators.choose import integrate
from brainsim.integrators.stochastic import is_diagonal, noise_type
from brainsim.integrators.system import System, Update

SPATIAL = ("exact", "exponential_euler", "rk2", "heun")


@pytest.mark.parametrize(("text", "chosen"), [
    ("dv/dt = (I - v)/tau", "exact"),
    ("dv/dt = (I*sin(k) - v)/tau + f(k)", "exact"),
    ("dv/dt = v*(1 - v)/tau + v**2/tau - 3*v/tau", "exact"),
    ("dv/dt = (g - v)/tau\ndg/dt = -g/tau", "exact"),
    ("dv/dt = (g - v)/tau\ndg/dt = -g/taue", "exact"),
    ("dv/dt = (-v - w)/tau\ndw/dt = (a*v - w)/tauw", "exact"),
    ("dx/dt = y/tau\ndy/dt = (-x - g*y)/tau", "exact"),
    ("dv/dt = 1/tau", "euler"),
    ("dv/dt = 0/tau", "euler"),
    ("dv/dt = (x - v)/tau\ndx/dt = I", "euler"),
    ("dv/dt = (x - v)/tau\ndx/dt = (v - x)/tau", "euler"),
    ("dx/dt = (y - x)/tau\ndy/dt = (x - 2*y + z)/tau\ndz/dt = (y - z)/tau", "euler"),
    ("dx/dt = -w*y\ndy/dt = w*x", "euler"),
    ("dx/dt = (-y - 0.1*x)/tau\ndy/dt = (x - 0.1*y)/tau", "euler"),
    ("dx/dt = (y - x)/tau\ndy/dt = (z - y)/tau\ndz/dt = (-x - z)/tau", "euler"),
    ("dv/dt = (sin(t) - v)/tau", "euler"),
    ("dv/dt = (rand() - v)/tau", "euler"),
    ("dv/dt = -abs(v)/tau", "euler"),
    ("dv/dt = -int(v > 0)/tau", "euler"),
    ("dv/dt = -v**2/tau", "euler"),
    ("dv/dt = f(v)/tau", "euler"),
    ("dv/dt = -v*w/tau\ndw/dt = -w/tau", "euler"),
    ("dv/dt = -v/tau + sigma*xi", "euler"),
    ("dv/dt = -v/tau + sigma*v*xi", "heun"),
    ("dv/dt = -v/tau + sigma*sin(t)*xi", "heun"),
])
def test_default_choice(text, chosen):
    assert integrate(system(text)).method == chosen


@pytest.mark.parametrize(("text", "chosen"), [
    ("dm/dt = a*(1 - m) - b*m", "exact"),
    ("dm/dt = f(v)*(1 - m) - b*m\ndv/dt = (E - v)*m/C", "exponential_euler"),
    ("dm/dt = -m**3*b", "rk2"),
    ("dm/dt = -m*b + sigma*xi", "heun"),
])
def test_choice_from_a_list(text, chosen):
    assert integrate(system(text), SPATIAL).method == chosen


def test_a_locally_constant_call_does_not_hinder_exact():
    text = "dv/dt = (I(t, i) - v)/tau"
    assert integrate(system(text)).method == "euler"
    assert integrate(system(text, locally_constant=("I(t, i)",))).method == "exact"


def test_locally_constant_noise_is_additive():
    assert integrate(system("dv/dt = -v/tau + s(t)*xi", locally_constant=("s(t)",))).method == "euler"


@pytest.mark.parametrize(("text", "kind", "diagonal"), [
    ("dv/dt = -v/tau", "none", True),
    ("dv/dt = -v/tau + sigma*sqrt(2/tau)*xi", "additive", True),
    ("dv/dt = (E - v + sigma*sqrt(tau)*xi)/tau", "additive", True),
    ("dv/dt = (E*(1 + xi) - v)/tau", "additive", True),
    ("dv/dt = v*v/tau + sigma*xi", "additive", True),
    ("dv/dt = v*xi - v*xi + sigma*xi", "additive", True),
    ("dv/dt = -v/tau + (v + 1 - v)*xi", "additive", True),
    ("dv/dt = (v + sigma*xi)/tau\ndw/dt = (v - w)/tau", "additive", True),
    ("dv/dt = -v/tau + v*xi", "multiplicative", True),
    ("dv/dt = -v/tau + t*xi", "multiplicative", True),
    ("dv/dt = -v/tau + w*xi\ndw/dt = -w/tau", "multiplicative", True),
    ("dv/dt = -v/tau + w*xi_1\ndw/dt = -w/tau + xi_2", "multiplicative", False),
    ("dv/dt = -v/tau + v*xi_1\ndw/dt = -w/tau + w*xi_2", "multiplicative", True),
    ("dv/dt = -v/tau + v*xi_1\ndw/dt = -w/tau + w*xi_1", "multiplicative", False),
    ("dv/dt = -v/tau + xi_1 + xi_2", "additive", False),
])
def test_noise_is_classified_by_what_scales_it(text, kind, diagonal):
    assert noise_type(system(text)) == kind
    assert is_diagonal(system(text)) == diagonal


@pytest.mark.parametrize(("text", "method", "message"), [
    ("dv/dt = -v**2/tau", "exact", "'exact' cannot integrate these equations: the equation of 'v' is not linear"),
    ("dv/dt = (sin(t) - v)/tau", "exact", "the equation of 'v' depends on 't', which changes during a step"),
    ("dv/dt = rand() - v/tau", "linear", "the equation of 'v' contains a function that gives a new random value at "
                                         "each call"),
    ("dv/dt = 1/tau", "exact", "the equation of 'v' has no unique resting state (its linear part is singular)"),
    ("dx/dt = -w*y\ndy/dt = w*x", "exact", "the equation of 'x' oscillates: its solution has complex rates"),
    ("dv/dt = -v/tau + xi", "exact", "the equation of 'v' belongs to a system with noise (xi)"),
    ("dv/dt = -v/tau + v*xi", "euler", "the equation of 'v' belongs to a system with multiplicative noise, which "
                                       "'euler' does not take"),
    ("dv/dt = -v/tau + xi", "rk2", "the equation of 'v' belongs to a system with additive noise, which 'rk2' does not "
                                   "take"),
    ("dv/dt = -v/tau + xi", "rk4", "the equation of 'v' belongs to a system with additive noise, which 'rk4' does not "
                                   "take"),
    ("dv/dt = -v/tau + xi**2", "heun", "the equation of 'v' is not linear in its noise"),
    ("dv/dt = -v/tau + exp(xi)", "euler", "the equation of 'v' is not linear in its noise"),
    ("dv/dt = -v/tau + w*xi_1\ndw/dt = w*xi_2", "milstein", "the equation of 'v' has noise that is not diagonal"),
    ("dv/dt = -v**2/tau", "exponential_euler", "the equation of 'v' is not linear in 'v'"),
    ("dv/dt = v*(1 - v)/tau", "exponential_euler", "the equation of 'v' is not linear in 'v'"),
    ("dv/dt = -exp(v)/tau", "exponential_euler", "the equation of 'v' is not linear in 'v'"),
    ("dv/dt = -rand()*v/tau", "exponential_euler", "the equation of 'v' multiplies 'v' by a random function"),
    ("dv/dt = -v/tau + xi", "exponential_euler", "the equation of 'v' belongs to a system with noise (xi)"),
    ("dx/dt = (y - x)/a\ndy/dt = (z - y)/b\ndz/dt = (x - 3*z)/c", "exact",
     "has no short closed form: x, y, z need each other"),
])
def test_refusals_say_why(text, method, message):
    with pytest.raises(UnsupportedEquationsException) as caught:
        integrate(system(text), method)
    assert message in str(caught.value)


def test_a_refusal_shows_the_equation():
    with pytest.raises(UnsupportedEquationsException) as caught:
        integrate(system("dv/dt = -v**2/tau"), "exact")
    assert str(caught.value).splitlines()[2:4] == ["    -v**2/tau", "    ^^^^^^^^^"]


def test_a_refused_drift_names_the_option_that_takes_it():
    with pytest.raises(UnsupportedEquationsException) as caught:
        integrate(system("dv/dt = 1/tau"), "exact")
    assert "method_options={'extended': True}" in caught.value.help


def test_when_nothing_fits_every_reason_is_told():
    with pytest.raises(UnsupportedEquationsException) as caught:
        integrate(system("dv/dt = -v**2/tau + v*xi"), ("exact", "rk4"))
    assert caught.value.what == (
        "no method takes these equations: 'exact' because the equation of 'v' belongs to a system with noise (xi); "
        "'rk4' because the equation of 'v' belongs to a system with multiplicative noise, which 'rk4' does not take")


def test_the_reason_names_what_was_refused():
    assert integrate(system("dv/dt = -v**2/tau")).reason == (
        "'euler' takes these equations; not 'exact' because the equation of 'v' is not linear")
    assert integrate(system("dv/dt = -v/tau")).reason == "'exact' is the first choice and takes these equations"
    assert integrate(system("dv/dt = -v/tau"), "RK4").reason == "'rk4' was asked for"


@pytest.mark.feature("explicit choice of the method")
def test_names_are_case_insensitive_and_linear_is_exact():
    assert integrate(system("dv/dt = -v/tau"), "Exponential_Euler").method == "exponential_euler"
    assert integrate(system("dv/dt = -v/tau"), "LINEAR").method == "exact"


def test_an_unknown_method_is_refused_with_a_near_name():
    with pytest.raises(WrongValue, match="there is no integration method 'exponential_eular'") as caught:
        integrate(system("dv/dt = -v/tau"), "exponential_eular")
    assert caught.value.help == "did you mean 'exponential_euler'?"
    with pytest.raises(ValueError):
        integrate(system("dv/dt = -v/tau"), ("exact", "gsl_rkf54"))


@pytest.mark.parametrize("wrong", [3, [], [3], 1.5])
def test_what_is_no_method_is_refused(wrong):
    with pytest.raises(WrongType):
        integrate(system("dv/dt = -v/tau"), wrong)


@pytest.mark.feature("method_options")
def test_an_unknown_option_is_refused():
    with pytest.raises(UnknownName, match="has no option 'extend'") as caught:
        integrate(system("dv/dt = -v/tau"), "exact", {"extend": True})
    assert caught.value.help == "did you mean 'extended'?"
    with pytest.raises(KeyError):
        integrate(system("dv/dt = -v/tau"), "euler", {"extended": True})


def test_options_in_a_list_go_to_the_methods_that_know_them():
    assert integrate(system("dv/dt = 1/tau"), ("exact", "euler"), {"extended": True}).method == "exact"


@pytest.mark.feature("explicit choice of the method")
def test_a_callable_is_a_method():
    def backwards(system: System, strength: float = 1.0) -> Update:
        return Update((), "backwards")

    update = integrate(system("dv/dt = -v/tau"), [backwards, "euler"], {"strength": 2.0})
    assert update.method == "backwards"


def test_no_equations_need_no_statements():
    assert integrate(System(())).statements == ()


def test_repeated_calls_are_evaluated_once_but_never_random_ones():
    update = integrate(system("dm/dt = alpha(v)*(1 - m) - beta(v)*m\ndn/dt = alpha(v) - n + poisson(k) + poisson(k)"),
                       "euler")
    calls = [n.function for s in update.statements for n in _calls(s.value)]
    assert sorted(calls) == ["alpha", "beta", "poisson", "poisson"]


def _calls(node):
    from brainsim.language.trees import Call, walk
    return [n for n in walk(node) if isinstance(n, Call)]


def test_statements_name_their_new_values_so_that_users_cannot_clash():
    update = integrate(system("dv/dt = -v/tau\ndw/dt = v - w"), "euler")
    assert [s.target for s in update.statements] == ["_v_new", "_w_new", "v", "w"]
    assert update.statements[0].value == tree("v + dt*(-v/tau)")
