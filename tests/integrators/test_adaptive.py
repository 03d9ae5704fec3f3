"""Embedded pairs: the order of each, its error estimate, and steps that follow the error."""
import math

import numpy as np
import pytest
from machine import run, step, system
from test_orders import PROBLEMS, slope

from brainsim import UnsupportedEquationsException
from brainsim.integrators.choose import integrate, kept
from brainsim.integrators.pairs import PAIRS

MEMORY = {"_given_up_at": 0.0, "_last_timestep": 0.0}
ONE_STEP = {"adaptable_timestep": False, "absolute_error": 1e9}


@pytest.mark.parametrize("name", PAIRS)
def test_a_pair_is_a_runge_kutta_method(name):
    pair = PAIRS[name]
    assert [len(row) for row in pair.stages] == [len(row) if not any(row) else k for k, row in enumerate(pair.stages)]
    assert float(sum(pair.weights)) == pytest.approx(1, abs=1e-15)
    assert float(sum(pair.error)) == pytest.approx(0, abs=1e-15)
    for power in range(1, pair.order):      # quadrature conditions
        assert float(sum(w * c**power for w, c in zip(pair.weights, pair.times))) == pytest.approx(
            1 / (power + 1), rel=1e-14)


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("name", PAIRS)
def test_order_of_convergence(name, problem):
    text, start, solution = PROBLEMS[problem]
    update = integrate(system(text), name, ONE_STEP)
    counts, duration = ([2, 3, 4, 6], 4.0) if PAIRS[name].order == 8 else ([8, 12, 16, 24], 2.0)     # above rounding
    errors = []
    for n in counts:
        end = run(update, start | MEMORY, duration / n, n)
        errors.append(max(abs(float(end[x]) - truth) for x, truth in solution(duration).items()))
    assert slope(errors, [1 / n for n in counts]) > PAIRS[name].order - 0.4


@pytest.mark.parametrize("name", PAIRS)
def test_the_estimate_is_of_the_order_of_the_lower_formula(name):
    errors, sizes = [], [0.4, 0.2, 0.1]
    for dt in sizes:
        update = integrate(system("dx/dt = -x*(1 + sin(2*t))"), name, ONE_STEP)
        end = step(update, {"x": 1.0, "t": 0.1, "dt": dt} | MEMORY)
        errors.append(float(end["_error_x"]) * 1e9)
    assert slope(errors, sizes) == pytest.approx(PAIRS[name].error_order + 1, abs=0.9)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("allowed", [1e-3, 1e-6, 1e-9])
def test_the_error_stays_near_what_is_allowed(name, allowed):
    """A decay, a hundred times faster at its beginning than at its end."""
    update = integrate(system("dx/dt = -x*x"), name,
                       {"absolute_error": allowed, "max_steps": 0, "save_step_count": True})
    end = step(update, {"x": 100.0, "t": 0.0, "dt": 1.0} | MEMORY)
    assert abs(float(end["x"]) - 100 / 101) < allowed * float(end["_step_count"])
    assert float(end["_given_up_at"]) == 0 and 0 < float(end["_last_timestep"]) <= 1


def test_a_relative_error_scales_with_the_state():
    counts = []
    for size in (1e-12, 1.0, 1e12):
        options = {"absolute_error": 0, "relative_error": 1e-6, "save_step_count": True}
        update = integrate(system("dx/dt = -x*(2 + sin(9*t))"), "rk45", options)
        end = step(update, {"x": size, "t": 0.0, "dt": 1.0} | MEMORY)
        counts.append(float(end["_step_count"]))
        assert float(end["x"]) == pytest.approx(size * math.exp(-2 - (1 - math.cos(9)) / 9), rel=1e-5)
    assert counts[0] == counts[1] == counts[2] > 3


def test_an_error_of_its_own_for_one_variable():
    text = "dx/dt = -x*x\ndy/dt = -y*y"
    counts = []
    for single in ({}, {"x": 1e-9}, {"x": 1.0, "y": 1.0}):
        update = integrate(system(text), "rk45", {"absolute_error_per_variable": single, "save_step_count": True})
        counts.append(float(step(update, {"x": 9.0, "y": 9.0, "t": 0.0, "dt": 1.0} | MEMORY)["_step_count"]))
    assert counts[2] < counts[0] < counts[1]


def test_a_step_cut_short_by_the_end_of_dt_does_not_shorten_the_next():
    update = integrate(system("dx/dt = c"), "rk45")
    end = step(update, {"x": 0.0, "c": 1.0, "t": 0.0, "dt": 1.0, "_given_up_at": 0.0, "_last_timestep": 0.7})
    assert float(end["x"]) == pytest.approx(1.0, rel=1e-15) and float(end["_last_timestep"]) >= 0.7


@pytest.mark.parametrize(("options", "start"), [
    ({"max_steps": 3}, 1e6), ({"max_steps": 0}, float("nan")), ({"adaptable_timestep": False}, 1e3),
], ids=["too few steps", "not a number", "one step only"])
def test_what_cannot_be_reached_is_noted_with_its_time_and_ends(options, start):
    end = step(integrate(system("dx/dt = -x*x"), "rk45", options), {"x": start, "t": 2.0, "dt": 0.5} | MEMORY)
    assert float(end["_given_up_at"]) == 2.5


@pytest.mark.parametrize("text", ["dx/dt = -x + xi", "dx/dt = -x + rand()"])
def test_noise_is_refused(text):
    with pytest.raises(UnsupportedEquationsException):
        integrate(system(text), "rk45")


@pytest.mark.parametrize(("options", "error"), [
    ({"absolute_error": 0}, ValueError), ({"absolute_error": -1.0}, ValueError), ({"relative_error": -1.0}, ValueError),
    ({"max_steps": -1}, ValueError), ({"max_steps": 1.5}, ValueError), ({"save_step_count": "yes"}, TypeError),
    ({"absolute_error_per_variable": 1e-6}, TypeError), ({"absolute_error_per_variable": {"z": 1e-6}}, KeyError),
    ({"absolute_error_per_variable": {"x": 0}}, ValueError), ({"tolerance": 1e-6}, KeyError),
])
def test_options_are_checked(options, error):
    with pytest.raises(error):
        integrate(system("dx/dt = -x"), "rk45", options)


def test_an_element_remembers_what_the_options_say():
    assert kept("euler", {}) == {} and kept(("exact", "euler"), {}) == {}
    assert set(kept("GSL_rk4", {})) == {"_given_up_at", "_last_timestep"}
    assert set(kept(("exact", "rk45"), {"save_step_count": True, "use_last_timestep": False})) == {
        "_given_up_at", "_step_count"}
    assert set(kept("gsl", {"adaptable_timestep": False, "save_failed_steps": True})) == {
        "_given_up_at", "_failed_steps"}


def test_repeated_calls_within_a_step_are_evaluated_once():
    calls = []
    update = integrate(system("dx/dt = -f(x)\ndy/dt = f(x) - y"), "gsl_rk2", {"absolute_error": 1e3})
    step(update, {"x": 1.0, "y": 1.0, "t": 0.0, "dt": 0.1} | MEMORY, {"f": lambda x: calls.append(1) or np.float64(x)})
    assert len(calls) == 3
