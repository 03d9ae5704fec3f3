"""Exact integration against scipy's matrix exponential and closed forms, where rates coincide, vanish or are stiff.

At rates that are equal in a triangular matrix and large (4 per step) scipy itself loses all digits, so such steps are
short here.
"""
import math

import numpy as np
import pytest
from machine import matrix_of, run, step, system
from scipy.linalg import expm

from brainsim.errors import UnsupportedEquationsException
from brainsim.integrators.choose import integrate
from brainsim.language.trees import Call, walk

MS = 1e-3

SYSTEMS = {
    "decay": "dv/dt = -v/tau",
    "towards a rest": "dv/dt = (E - v)/tau",
    "leak and input": "dv/dt = (g*(E - v) + I)/C",
    "gate": "dm/dt = a*(1 - m) - b*m",
    "cuba": "dv/dt = (ge + gi - (v - E))/tau\ndge/dt = -ge/taue\ndgi/dt = -gi/taui",
    "alpha of one time constant": "dv/dt = (x - v)/tau\ndx/dt = (y - x)/tau\ndy/dt = -y/tau",
    "alpha of two equal": "dv/dt = (x - v)/tau\ndx/dt = (y - x)/taue\ndy/dt = -y/taue",
    "alpha of three": "dv/dt = (x - v)/tau\ndx/dt = (y - x)/taue\ndy/dt = -y/taui",
    "chain with inputs": "dv/dt = (x - v + I)/tau\ndx/dt = -g*x/C + y/taue + a/taui\ndy/dt = (E - y)/taui",
    "chain of four": "dv/dt = (x - v + I)/tau\ndx/dt = (y - x)/taue\ndy/dt = (z - y)/taui\ndz/dt = (E - z)/taux",
    "adaptation": "dv/dt = (E - v - w + I)/tau\ndw/dt = (a*(v - E) - w)/tauw",
    "adaptation towards a rest": "dv/dt = (E - v - w)/tau\ndw/dt = (a*(v - E) - w)/tauw",
    "adaptation with synapse": "dv/dt = (E - v - w + x)/tau\ndw/dt = (a*(v - E) - w)/tauw\ndx/dt = (I - x)/taue\n"
                               "dy/dt = (v + w - y)/taui",
    "two compartments": "dv/dt = (g*(E - v) + b*(u - v) + I)/C\ndu/dt = (g*(E - u) + b*(v - u))/C",
    "two separate pairs": "dv/dt = (-v - w)/tau\ndw/dt = (a*v - w)/tauw\ndx/dt = (-x - y)/taue\ndy/dt = (a*x - y)/taui",
    "three compartments": "dx/dt = (y - x - a*x)/tau\ndy/dt = (x - 2*y + z - a*y)/tau\ndz/dt = (y - z - a*z + I)/tau",
    "three compartments and a synapse": "dx/dt = (y - x - a*x)/tau\ndy/dt = (x - 2*y + z - a*y)/tau\n"
                                        "dz/dt = (y - z - a*z + s)/tau\nds/dt = (I - s)/taue",
}
USUAL = dict(tau=20*MS, taue=5*MS, taui=10*MS, taux=3*MS, tauw=100*MS, C=0.2, g=10.0, b=4.0, a=1.5, E=-0.06, I=0.3)
START = dict(v=0.3, w=0.02, x=-0.4, y=0.7, z=1.1, u=-0.2, s=0.5, ge=0.5, gi=-0.25, m=0.3, dt=0.1*MS, t=0.0)


def true_solution(model, scope):
    matrix, given = matrix_of(model, scope)
    n = len(given)
    whole = np.zeros((n + 1, n + 1))
    whole[:n, :n], whole[:n, n] = matrix, given
    state = np.array([scope[x] for x, _ in model.equations] + [1.0])
    return (expm(whole * float(scope["dt"])) @ state)[:n]


def check(text, tolerance=1e-13, options={}, **changed):
    model = system(text)
    scope = USUAL | START | changed
    new = step(integrate(model, "exact", options), scope)
    got = np.array([float(new[x]) for x, _ in model.equations])
    assert np.all(np.isfinite(got))
    np.testing.assert_allclose(got, true_solution(model, scope), rtol=tolerance, atol=tolerance)
    return got


@pytest.mark.feature("exact")
@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("dt", [0.01, 0.1, 1.0, 10.0, 50.0])
def test_exact_agrees_with_the_matrix_exponential(name, dt):
    check(SYSTEMS[name], tolerance=1e-11 if "three comp" in name else 1e-13, dt=dt * MS)


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("apart", [0.0, 1e-15, 1e-12, 1e-9, 1e-6, 1e-3, 0.1])
def test_equal_and_nearly_equal_time_constants_are_no_trouble(name, apart):
    tau = 10*MS
    near = dict(tau=tau, taue=tau*(1 + apart), taui=tau*(1 - apart), taux=tau*(1 + 2*apart), tauw=tau*(1 - 2*apart),
                C=0.1, g=10.0)
    check(SYSTEMS[name], tolerance=1e-12, dt=0.5*MS, **near)


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("zeros", [dict(a=0.0), dict(b=0.0), dict(g=0.0), dict(I=0.0), dict(a=0.0, b=0.0, g=0.0),
                                   dict(tau=math.inf),
                                   dict(taue=math.inf, taui=math.inf), dict(tauw=math.inf, tau=math.inf)])
def test_coefficients_that_are_zero_at_run_time_stay_finite(name, zeros):
    check(SYSTEMS[name], tolerance=1e-12, dt=0.5*MS, **zeros)


@pytest.mark.parametrize("name", [n for n in SYSTEMS if "three comp" not in n])
@pytest.mark.parametrize("small", [1e-3, 1e-5, 1e-7])
def test_very_fast_decay_does_not_overflow(name, small):
    check(SYSTEMS[name], tolerance=1e-9, tau=small*MS, taue=3*small*MS)


@pytest.mark.parametrize("a", [-2.0, -0.5, -0.16, -0.159, 0.0, 0.15, 0.17, 0.5, 3.0, 40.0, 1e4])
@pytest.mark.parametrize("dt", [0.1, 10.0])
def test_adaptation_is_right_whether_it_oscillates_or_not(a, dt):
    """Between real and complex rates lies a = (tauw - tau)**2/(4*tau*tauw)."""
    check(SYSTEMS["adaptation"], a=a, dt=dt*MS)
    check(SYSTEMS["adaptation with synapse"], a=a, dt=dt*MS, tolerance=1e-12)


@pytest.mark.parametrize("apart", [0.0, 1e-15, -1e-15, 1e-10, -1e-10, 1e-5, -1e-5])
def test_adaptation_at_the_border_of_oscillation(apart):
    border = (100.0 - 20.0)**2 / (4 * 100.0 * 20.0)
    check(SYSTEMS["adaptation with synapse"], a=border*(1 + apart), tolerance=1e-11)


def test_three_equal_rates_give_the_alpha_function():
    new = run(integrate(system(SYSTEMS["alpha of one time constant"]), "exact"), dict(v=0, x=0, y=1, tau=10*MS),
              0.1*MS, 300)
    s = 30 / 10
    assert float(new["v"]) == pytest.approx(s**2 / 2 * math.exp(-s), rel=1e-12)
    assert float(new["x"]) == pytest.approx(s * math.exp(-s), rel=1e-12)


def test_many_small_steps_equal_one_large_step():
    update = integrate(system(SYSTEMS["cuba"]), "exact")
    small, large = run(update, USUAL | START, 0.1*MS, 1000), run(update, USUAL | START, 100*MS, 1)
    for x in ("v", "ge", "gi"):
        assert float(small[x]) == pytest.approx(float(large[x]), rel=1e-11)


def test_a_neuron_at_rest_stays_exactly_at_rest():
    update = integrate(system(SYSTEMS["cuba"]), "exact")
    new = run(update, USUAL | dict(v=USUAL["E"], ge=0.0, gi=0.0), 0.1*MS, 50)
    assert float(new["v"]) == USUAL["E"]


def test_an_adapting_neuron_at_rest_stays_exactly_at_rest():
    update = integrate(system(SYSTEMS["adaptation towards a rest"]), "exact")
    new = run(update, USUAL | dict(v=USUAL["E"], w=0.0), 0.1*MS, 50)
    assert (float(new["v"]), float(new["w"])) == (USUAL["E"], 0.0)


def test_a_time_constant_per_neuron_is_an_array():
    taus = np.array([5.0, 10.0, 20.0]) * MS
    new = step(integrate(system(SYSTEMS["cuba"]), "exact"), USUAL | START | dict(tau=taus))
    single = [check(SYSTEMS["cuba"], tau=tau)[0] for tau in taus]
    np.testing.assert_array_equal(new["v"], single)


@pytest.mark.parametrize(("text", "truth"), [
    ("dv/dt = I", lambda h: START["v"] + USUAL["I"]*h),
    ("dv/dt = 0*I", lambda h: START["v"]),
    ("dx/dt = -a*y\ndy/dt = a*x", lambda h: START["x"]*math.cos(1.5*h) - START["y"]*math.sin(1.5*h)),
    ("dx/dt = y\ndy/dt = -9*x", lambda h: START["x"]*math.cos(3*h) + START["y"]/3*math.sin(3*h)),
    ("dx/dt = y\ndy/dt = I", lambda h: START["x"] + START["y"]*h + USUAL["I"]*h*h/2),
])
def test_drifts_and_oscillators_are_taken_when_asked_for(text, truth):
    got = check(text, options={"extended": True}, dt=0.7)
    assert got[0] == pytest.approx(truth(0.7), rel=1e-13)
    with pytest.raises(UnsupportedEquationsException):
        integrate(system(text), "exact")


def test_the_extended_solution_takes_a_leaky_variable_next_to_a_drift():
    check("dv/dt = (x - v)/tau\ndx/dt = I", options={"extended": True}, dt=1*MS)


FLAGGED = {
    "dv/dt = (ge - v)/tau\ndge/dt = -ge/taue": ("v",),
    "dv/dt = (E - v - w)/tau\ndw/dt = (a*v - w)/tauw": ("v",),
    "dv/dt = (E - v - w + x)/tau\ndw/dt = (a*v - w)/tauw\ndx/dt = -x/taue": ("v", "x"),
    "dv/dt = (x - v)/tau\ndx/dt = (y - x)/taue\ndy/dt = (I - y)/taui": ("x",),
}


@pytest.mark.parametrize("text", FLAGGED)
@pytest.mark.parametrize("method", ["exact", "euler", "rk2", "rk4", "heun", "exponential_euler"])
def test_while_refractory_the_equation_of_a_flagged_variable_is_zero(text, method):
    """The definition (R9, R53): the same system with these right-hand sides replaced by 0."""
    flagged = FLAGGED[text]
    silent = "\n".join(f"d{line[1]}/dt = 0*I" if line[1] in flagged else line for line in text.splitlines())
    scope = USUAL | START | dict(dt=1*MS)
    options = {"extended": True} if method == "exact" else {}
    new = step(integrate(system(text, conditional=flagged), method),
               scope | dict(not_refractory=np.array([True, False])))
    awake = step(integrate(system(text), method), scope)
    asleep = step(integrate(system(silent), method, options), scope)
    for x in ("v", "w", "x", "y", "ge"):
        if x in text:
            got = np.broadcast_to(new[x], 2)
            assert got[0] == pytest.approx(float(awake[x]), rel=1e-14)
            assert got[1] == pytest.approx(float(asleep[x]), rel=1e-14)
    for x in flagged:
        assert new[x][1] == START[x]


def test_only_equations_that_feel_the_flag_are_solved_twice():
    update = integrate(system("dv/dt = (ge - v)/tau\ndge/dt = -ge/taue", conditional=("v",)), "exact")
    assert "select(not_refractory" not in text_of(update, "_ge_new")
    assert "select(not_refractory" in text_of(update, "v")


def text_of(update, target):
    from brainsim.language.expressions import to_text
    return next(to_text(s.value) for s in update.statements if s.target == target)


def test_noise_free_scalars_are_temporaries_of_their_own():
    """The statements for state variables contain no exp: all of it can leave the loop over the neurons."""
    update = integrate(system(SYSTEMS["cuba"]), "exact")
    state = {"v", "ge", "gi"}
    for s in update.statements:
        inside = {n.id for n in walk(s.value) if hasattr(n, "id")}
        if inside & state:
            assert not any(isinstance(n, Call) for n in walk(s.value))


def test_variables_are_assigned_after_all_new_values_are_known():
    update = integrate(system(SYSTEMS["cuba"]), "exact")
    assert [s.target for s in update.statements[-3:]] == ["v", "ge", "gi"]
    assert all(s.target.startswith("_") for s in update.statements[:-3])
