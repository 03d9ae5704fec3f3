"""Every method converges with its order: the slope of log error against log dt."""
import math

import numpy as np
import pytest
from machine import run, system

from brainsim.integrators.choose import METHODS, integrate
from brainsim.integrators.pairs import PAIRS

DETERMINISTIC = {"euler": 1, "heun": 1, "explicit_trapezoidal": 2, "rk2": 2, "rk4": 4, "exponential_euler": 1,
                 "milstein": 1, "exact": None}
COVERED = set(DETERMINISTIC) | set(PAIRS)      # pairs: test_adaptive.py


def test_every_method_has_its_row_here():
    assert set(METHODS) == COVERED


def slope(errors, sizes):
    return np.polyfit(np.log(sizes), np.log(errors), 1)[0]


# name: (equations, start, solution at time T)
PROBLEMS = {
    "logistic": ("dx/dt = a*x*(1 - x)", dict(x=0.1, a=1.0), lambda t: dict(x=1 / (1 + 9*math.exp(-t)))),
    "depends on t": ("dx/dt = -x + sin(t)", dict(x=0.5),
                     lambda t: dict(x=math.exp(-t) + (math.sin(t) - math.cos(t)) / 2)),
    "rotation": ("dx/dt = -y*w\ndy/dt = x*w", dict(x=1.0, y=0.0, w=1.0), lambda t: dict(x=math.cos(t), y=math.sin(t))),
}


@pytest.mark.feature("euler", "rk2 and rk4")
@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("method", [m for m, order in DETERMINISTIC.items() if order])
def test_order_of_convergence(method, problem):
    text, start, solution = PROBLEMS[problem]
    if method == "exponential_euler" and problem == "logistic":
        text = "dx/dt = a*y*(1 - x)\ndy/dt = a*y*(1 - y)"  # linear in each variable's own
        text, start = "dx/dt = -x*y\ndy/dt = x*x*w - y*0", dict(x=1.0, y=0.0, w=1.0)  # sech and tanh
        solution = lambda t: dict(x=1 / math.cosh(t), y=math.tanh(t))
    update = integrate(system(text), method)
    counts = [20, 40, 80, 160]
    errors = []
    for n in counts:
        end = run(update, start, 2.0 / n, n)
        errors.append(max(abs(float(end[x]) - truth) for x, truth in solution(2.0).items()))
    assert slope(errors, [1 / n for n in counts]) == pytest.approx(DETERMINISTIC[method], abs=0.15)


@pytest.mark.parametrize("method", ["euler", "rk4", "heun", "explicit_trapezoidal"])
def test_rounding_is_all_the_error_where_the_solution_is_a_polynomial_of_the_order(method):
    update = integrate(system("dx/dt = c"), method)
    assert float(run(update, dict(x=1.0, c=3.0), 0.5, 4)["x"]) == 7.0


@pytest.mark.feature("exponential_euler")
def test_exponential_euler_is_exact_when_the_rest_is_frozen():
    update = integrate(system("dx/dt = a - b*x"), "exponential_euler")
    end = run(update, dict(x=0.0, a=3.0, b=2.0), 0.5, 2)
    assert float(end["x"]) == pytest.approx(1.5 * (1 - math.exp(-2)), rel=1e-14)


@pytest.mark.feature("exponential_euler")
@pytest.mark.parametrize(("text", "truth"), [("dx/dt = a - b*x", 3.0), ("dx/dt = a", 3.0), ("dx/dt = 0*a", 0.0),
                                             ("dx/dt = -b*x", 0.0)])
def test_exponential_euler_is_finite_when_the_rate_is_zero(text, truth):
    update = integrate(system(text), "exponential_euler")
    assert float(run(update, dict(x=0.0, a=3.0, b=0.0), 0.5, 2)["x"]) == truth


@pytest.mark.feature("exponential_euler")
def test_exponential_euler_freezes_functions_of_the_variable_itself():
    update = integrate(system("dv/dt = -(v - e)*(1 + exp(-v))**-1 + sin(v)"), "exponential_euler")
    rate = lambda v: -1 / (1 + math.exp(-v))
    slope_at = lambda v: (v - 3) * rate(v) + math.sin(v)
    expected = 0.5 + slope_at(0.5) * math.expm1(rate(0.5) * 0.1) / rate(0.5)
    assert float(run(update, dict(v=0.5, e=3.0), 0.1, 1)["v"]) == pytest.approx(expected, rel=1e-13)


# Stochastic: strong order against the closed form on the same Brownian path.

PATHS, FINEST, END = 4000, 256, 1.0


class BrownianPath:
    """Gives the methods the increments of one fine path, summed to their own step."""

    def __init__(self, fine: np.ndarray, every: int) -> None:
        self.sums = fine.reshape(len(fine), -1, every).sum(axis=2)
        self.step = 0

    def __call__(self):
        self.step += 1
        return self.sums[:, self.step - 1] / math.sqrt(END / self.sums.shape[1])


@pytest.fixture(scope="module")
def paths():
    return np.random.default_rng(12345).standard_normal((PATHS, FINEST)) * math.sqrt(END / FINEST)


def strong_errors(text, method, start, truth, paths, counts):
    update = integrate(system(text), method)
    errors = []
    for n in counts:
        end = run(update, start, END / n, n, {"randn": BrownianPath(paths, FINEST // n)})
        errors.append(np.mean(np.abs(end["x"] - truth)))
    return slope(errors, [1 / n for n in counts])


@pytest.mark.feature("heun", "milstein")
@pytest.mark.parametrize("method", ["heun", "explicit_trapezoidal", "milstein"])
def test_strong_order_one_on_geometric_brownian_motion(method, paths):
    """dx = mu x dt + sigma x o dW has x = exp(mu t + sigma W) in the sense of Stratonovich."""
    start = dict(x=np.ones(PATHS), mu=0.5, sigma=0.8)
    truth = np.exp(0.5 * END + 0.8 * paths.sum(axis=1))
    order = strong_errors("dx/dt = mu*x + sigma*x*xi", method, start, truth, paths, [8, 16, 32, 64])
    assert order == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("method", ["heun", "explicit_trapezoidal", "milstein"])
def test_strong_order_one_where_the_noise_is_curved(method, paths):
    """dx = sqrt(1 + x**2) o dW has x = sinh(W)."""
    truth = np.sinh(0.3 + paths.sum(axis=1))
    start = dict(x=np.full(PATHS, math.sinh(0.3)))
    order = strong_errors("dx/dt = (1 + x**2)**0.5*xi", method, start, truth, paths, [16, 32, 64, 128])
    assert order == pytest.approx(1.0, abs=0.2)


@pytest.mark.feature("euler")
@pytest.mark.parametrize("method", ["euler", "heun", "explicit_trapezoidal", "milstein"])
def test_additive_noise_has_strong_order_one(method, paths):
    """Ornstein-Uhlenbeck on one path; the reference integrates the noise against exp(-(T - s)) on the finest grid."""
    fine = END / FINEST
    times = (np.arange(FINEST) + 0.5) * fine
    truth = math.exp(-END) + 0.7 * (paths * np.exp(-(END - times))).sum(axis=1)
    start = dict(x=np.ones(PATHS), sigma=0.7)
    order = strong_errors("dx/dt = -x + sigma*xi", method, start, truth, paths, [4, 8, 16])
    assert order == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("method", ["euler", "heun", "explicit_trapezoidal", "milstein"])
@pytest.mark.parametrize("dt", [0.2, 0.1, 0.05])
def test_noise_scales_with_the_root_of_dt(method, dt):
    """Stationary variance of dx = -x/tau dt + sigma sqrt(2/tau) dW is sigma**2, up to the method's own bias of order
    dt."""
    random = np.random.default_rng(7)
    update = integrate(system("dx/dt = -x/tau + sigma*(2/tau)**0.5*xi"), method)
    end = run(update, dict(x=random.standard_normal(20000) * 3.0, tau=1.0, sigma=3.0), dt, int(8 / dt),
              {"randn": lambda: random.standard_normal(20000)})
    assert np.var(end["x"]) == pytest.approx(9.0, rel=0.6 * dt + 0.04)


@pytest.mark.feature("white noise")
def test_one_noise_shared_by_two_equations_is_drawn_once_per_step():
    update = integrate(system("dx/dt = a*xi_c\ndy/dt = a*xi_c + a*xi_y"), "euler")
    assert [s.target for s in update.statements[:2]] == ["_xi_c", "_xi_y"]
    draws = iter(range(1, 10))
    end = run(update, dict(x=0.0, y=0.0, a=1.0), 1.0, 1, {"randn": lambda: next(draws)})
    assert (float(end["x"]), float(end["y"])) == (1.0, 3.0)


@pytest.mark.parametrize(("method", "times"), [("euler", 1), ("rk2", 2), ("rk4", 4), ("heun", 1),
                                               ("explicit_trapezoidal", 2), ("exponential_euler", 1)])
def test_random_functions_are_called_once_per_stage(method, times):
    calls = []
    update = integrate(system("dx/dt = -x + rand()"), method)
    run(update, dict(x=0.0), 0.1, 1, {"rand": lambda: calls.append(1) or 0.5})
    assert len(calls) == times


@pytest.mark.parametrize("method, value",
                         [("heun", 1.0 + (1.0 + 2.0) / 2), ("explicit_trapezoidal", (1.0*2 + 2.0*2) / 2)])
def test_a_random_function_beside_noise_is_drawn_once_though_both_parts_need_it(method, value):
    calls = []
    update = integrate(system("dx/dt = rand()*(1 + xi)"), method)
    end = run(update, dict(x=0.0), 1.0, 1, {"rand": lambda: calls.append(1) or float(len(calls)), "randn": lambda: 1.0})
    assert len(calls) == 2
    assert float(end["x"]) == value


def test_locally_constant_calls_keep_their_own_time_in_every_stage():
    text = "dx/dt = -x + I(t) + I(t + 1)"
    seen = []
    for atoms in ((), ("I(t)",)):
        seen.clear()
        run(integrate(system(text, locally_constant=atoms), "rk4"), dict(x=0.0), 1.0, 1,
            {"I": lambda t: seen.append(float(t)) or t})
        assert (0.5 in seen) == (not atoms)
        assert 1.5 in seen
