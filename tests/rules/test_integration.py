"""R51–R54: which integrator is chosen, and what it does to a neuron."""
import logging

import numpy as np
import pytest

from brainsim import Equations, Network, NeuronGroup, Synapses, TimedArray, UnsupportedEquationsException, heun, ms, run

two = TimedArray([1.0, 2.0], dt=1 * ms)
grid = TimedArray([[1.0, 2.0]], dt=0.2 * ms)
fine = TimedArray([1.0, 2.0], dt=0.05 * ms)
crooked = TimedArray([1.0, 2.0], dt=0.25 * ms)
tau, tau2 = 5 * ms, 3 * ms


def chosen(model, **more):
    G = NeuronGroup(2, model, **more)
    run(0.1 * ms, namespace=globals())
    return G._update.method


EXACT = [
    "dv/dt = -v/tau : 1",
    "dv/dt = (a - v)/b : 1\na : 1\nb : second (constant)",
    "dv/dt = (s - v)/tau : 1\ns = exp(a)*2 : 1\na : 1",
    "dv/dt = (r - v)/tau : 1\nr = rand() : 1 (constant over dt)",
    "dv/dt = (two(t) - v)/tau : 1",
    "dv/dt = (grid(t, i) - v)/tau : 1",
    "dv/dt = (g + h - v)/tau : 1\ndg/dt = -g/tau2 : 1\ndh/dt = -h/(7*ms) : 1",
    "dv/dt = (g - v)/tau : 1\ndg/dt = -g/tau : 1",
]
EULER = [
    "dv/dt = 1/ms : 1", "dv/dt = 0/second : 1", "dv/dt = -v/tau : 1\ndw/dt = 1/ms : 1",
    "dx/dt = y/ms : 1\ndy/dt = -x/ms : 1",
    "dv/dt = (int(t > 1*ms) - v)/tau : 1", "dv/dt = (rand() - v)/tau : 1", "dv/dt = -abs(v)/tau : 1",
    "dv/dt = -int(v > 0)/tau : 1",
    "dv/dt = -v**2/tau : 1", "dv/dt = -exp(v)/tau : 1", "dv/dt = (fine(t) - v)/tau : 1",
    "dv/dt = (crooked(t) - v)/tau : 1",
    "dv/dt = -v/tau + xi*tau**-0.5 : 1",
]
HEUN = ["dv/dt = -v/tau + v*xi*tau**-0.5 : 1", "dv/dt = -v/tau + sin(t/ms)*xi*tau**-0.5 : 1"]


@pytest.mark.feature("automatic choice of the method")
@pytest.mark.one_target
@pytest.mark.parametrize("model, method", [(m, "exact") for m in EXACT] + [(m, "euler") for m in EULER]
                         + [(m, "heun") for m in HEUN])
def test_automatic_choice(model, method):
    assert chosen(model) == method


@pytest.mark.feature("automatic choice of the method")
@pytest.mark.one_target
def test_choice_is_said_with_its_reason(caplog):
    with caplog.at_level(logging.INFO, "brainsim"):
        chosen("dunheard_of/dt = -unheard_of/tau : 1")
    assert "neurongroup is integrated by 'exact': " in caplog.text


@pytest.mark.one_target
def test_unless_refractory_keeps_an_equation_linear():
    G = NeuronGroup(2, "dv/dt = (1 - v)/tau : 1 (unless refractory)\ndg/dt = -g/tau2 : 1", threshold="v > 1",
                    refractory=1 * ms)
    run(0.1 * ms)
    assert G._update.method == "exact"


def test_exact_solution_of_refractory_neurons_stands_still():
    G = NeuronGroup(2, "dv/dt = (g - v)/tau : 1 (unless refractory)\ndg/dt = -g/tau : 1",
                    threshold="i == 0 and t < 0.1*ms", reset="v = 0.5", refractory=1 * ms)
    G.g = 1
    run(1 * ms)
    x = 1 * ms / tau
    assert G.g[:] == pytest.approx(np.exp(-x))
    assert G.v[:] == pytest.approx([0.5, x * np.exp(-x)])


def test_coinciding_time_constants_stay_finite_and_continuous():
    values = []
    for other in (tau, tau * (1 + 1e-12), tau * (1 + 1e-6)):
        G = NeuronGroup(1, "dv/dt = (g - v)/tau : 1\ndg/dt = -g/other : 1", method="exact", name="g")
        G.g = 1
        run(5 * ms)
        values.append(G.v[0])
        del G
    assert values == pytest.approx([np.exp(-1)] * 3, rel=1e-5)


@pytest.mark.feature("random functions in equations")
@pytest.mark.parametrize("method, draws", [("euler", 1), ("rk2", 2), ("rk4", 4)])
def test_random_functions_draw_once_per_stage(method, draws):
    """The mean of a step of dx/dt = rand()/ms is dt/2; its variance falls with the number of independent stages."""
    G = NeuronGroup(20000, "dx/dt = rand()/ms : 1", method=method)
    run(0.1 * ms)
    weights = {1: [1], 2: [0, 1], 4: [1 / 6, 1 / 3, 1 / 3, 1 / 6]}[draws]
    assert np.mean(G.x) == pytest.approx(0.05, rel=0.02)
    assert np.var(G.x) == pytest.approx(0.01 / 12 * np.sum(np.square(weights)), rel=0.06)


@pytest.mark.one_target
@pytest.mark.parametrize("model, method", [
    ("dv/dt = -v**2/tau : 1", "exact"), ("dv/dt = -v/tau + v*xi*tau**-0.5 : 1", "euler"),
    ("dv/dt = -v/tau + xi*tau**-0.5 : 1", "rk4"),
    ("dv/dt = -v**2/tau : 1", "exponential_euler"), ("dv/dt = -v/tau + xi*tau**-0.5 : 1", "exact"),
    ("dv/dt = -v/tau + v*xi_a*tau**-0.5 + w*xi_b*tau**-0.5 : 1\ndw/dt = v*xi_b*tau**-0.5 : 1", "milstein")])
def test_method_that_cannot_integrate_is_refused_and_another_one_runs(model, method):
    G = NeuronGroup(2, model, method=method)
    with pytest.raises(UnsupportedEquationsException, match="neurongroup"):
        run(0.1 * ms)
    G.method = "heun"
    run(0.1 * ms)


@pytest.mark.feature("method and its options")
@pytest.mark.one_target
@pytest.mark.parametrize("method, error", [("eulr", ValueError), (3, TypeError), ([], TypeError)])
def test_method_that_is_none_is_refused(method, error):
    G = NeuronGroup(2, "dv/dt = -v/tau : 1", method=method)
    with pytest.raises(error):
        run(0.1 * ms)


@pytest.mark.feature("explicit choice of the method")
@pytest.mark.one_target
def test_list_of_methods_takes_the_first_that_fits():
    assert chosen("dv/dt = -v**2/tau : 1", method=["exact", "rk2", "euler"]) == "rk2"
    assert chosen("dv/dt = -v**2/tau : 1", method="RK4") == "rk4"


@pytest.mark.feature("all variables at once")
def test_all_variables_are_updated_together():
    G = NeuronGroup(1, "dx/dt = y/ms : 1\ndy/dt = -x/ms : 1", method="euler")
    G.x = 1
    run(0.1 * ms)
    assert (G.x[0], G.y[0]) == (1, pytest.approx(-0.1))


def test_constant_right_hand_sides_by_exponential_euler():
    G = NeuronGroup(1, "dx/dt = 2/ms : 1\ndy/dt = 0/ms : 1\ndz/dt = a*z/ms : 1\na : 1", method="exponential_euler")
    G.z = 3
    run(0.2 * ms)
    assert (G.x[0], G.y[0], G.z[0]) == (pytest.approx(0.4), 0, 3)      # finite although a = 0


@pytest.mark.feature("warning about invalid values")
@pytest.mark.one_target
def test_values_that_become_invalid_are_told_once(caplog):
    G = NeuronGroup(3, "dv/dt = v**2/ms : 1", method="euler")
    G.v = [0, 1e30, 0]
    run(0.5 * ms)
    run(0.5 * ms)
    assert caplog.text.count("neurongroup.v is inf at index 1") == 1


@pytest.mark.feature("clock-driven synapses")
def test_clock_driven_synapses_are_integrated():
    G = NeuronGroup(2, "v : 1")
    S = Synapses(G, G, "dw/dt = -w/tau : 1 (clock-driven)")
    S.connect()
    S.w = "i + 1"
    run(5 * ms)
    assert S.w[:] == pytest.approx(np.array([1, 1, 2, 2]) * np.exp(-1))


@pytest.mark.one_target
def test_independent_is_exact_and_said_once_to_be_deprecated(caplog, monkeypatch):
    monkeypatch.setattr("brainsim.objects.groups.equation_group._ANNOUNCED", set())
    caplog.set_level(logging.WARNING, "brainsim")
    assert chosen("dv/dt = -v/tau : 1", method="independent") == "exact"
    assert chosen("dv/dt = -v/tau : 1", method="independent") == "exact"
    assert [r.topic for r in caplog.records if "independent" in r.message] == ["deprecated_independent"]


# one step of 0.1 ms with tau = 1 ms; the numbers of the noise are 1.2 (xi_1) and -0.7 (xi_2) times the root of dt
STEPS_OF_HEUN = {
    "dx/dt = -x/tau : 1": lambda x, y, a, b: 0.9 * x,
    "dx/dt = -x/tau + 2*xi_1*tau**-0.5 : 1": lambda x, y, a, b: 0.9 * x + 2 * a,
    "dx/dt = -x/tau + x*xi_1*tau**-0.5 : 1": lambda x, y, a, b: 0.9 * x + 0.5 * a * (x + (x + x * a)),
    "dx/dt = -x/tau + (x + t/ms)*xi_1*tau**-0.5 : 1": lambda x, y, a, b: 0.9 * x + 0.5 * a * (x + (x + x * a + 0.1)),
    "dx/dt = -x/tau + x*y*xi_1*tau**-0.5 + y*xi_2*tau**-0.5 : 1\ndy/dt = x*xi_2*tau**-0.5 : 1":
        lambda x, y, a, b: 0.9 * x + 0.5 * a * (x * y + (x + x * y * a) * y) + 0.5 * b * (y + (y + x * b)),
}


@pytest.mark.feature("heun")
@pytest.mark.one_target
@pytest.mark.parametrize("equations", STEPS_OF_HEUN)
def test_heun_takes_the_drift_by_euler_and_each_noise_by_itself(equations):
    tau = 1 * ms
    found = heun(Equations(equations)).replace("randn()", "next(noise)")
    known = {"x": 1.0, "y": 2.0, "t": 0.0, "tau": float(tau), "ms": 1e-3, "dt": 1e-4}
    known["noise"] = iter([1.2, -0.7])
    exec(found, {}, known)
    a, b = (n * 0.1**0.5 for n in (1.2, -0.7))
    assert known["x"] == pytest.approx(STEPS_OF_HEUN[equations](1.0, 2.0, a, b), rel=1e-13)


@pytest.mark.feature("heun")
@pytest.mark.parametrize("method, value", [("heun", 0.9), ("explicit_trapezoidal", 0.905)])
def test_one_step_of_a_decay(method, value):
    G = NeuronGroup(1, "dx/dt = -x/(1*ms) : 1", method=method)
    G.x = 1
    Network(G).run(0.1 * ms)
    assert G.x[0] == pytest.approx(value, rel=1e-14)
