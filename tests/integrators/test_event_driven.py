"""Event-driven synaptic variables: the closed form over the time since the last update."""
import math

import numpy as np
import pytest
from machine import step, system

from brainsim.errors import UnsupportedEquationsException
from brainsim.integrators.event_driven import integrate_event_driven
from brainsim.language.trees import names


def after(text, elapsed, changing=(), **scope):
    update = integrate_event_driven(system(text, changing=changing))
    used = frozenset().union(*(names(s.value) for s in update.statements))
    assert "dt" not in used and "t" not in used
    return step(update, scope | {"_elapsed": elapsed})


def test_a_trace_decays_over_the_elapsed_time():
    assert float(after("dA/dt = -A/tau", 5.0, A=1.0, tau=2.0)["A"]) == pytest.approx(math.exp(-2.5), rel=1e-15)


def test_no_elapsed_time_changes_nothing():
    assert float(after("dA/dt = (B - A)/tau\ndB/dt = -B/taub", 0.0, A=0.3, B=0.7, tau=2.0, taub=5.0)["A"]) == 0.3


def test_what_is_not_an_equation_counts_as_it_is_now():
    new = after("dA/dt = (v_post - A)/tau", 3.0, changing=("v_post",), A=1.0, v_post=np.array([2.0, -1.0]), tau=2.0)
    np.testing.assert_allclose(new["A"], np.array([2.0, -1.0]) + np.array([-1.0, 2.0]) * math.exp(-1.5), rtol=1e-15)


@pytest.mark.parametrize("text", [
    "dApre/dt = -Apre/taupre\ndApost/dt = -Apost/taupost",
    "dx/dt = (1 - x)/tau_d\ndu/dt = (U - u)/tau_f",
    "dr1/dt = -r1/a\ndr2/dt = -r2/b\ndo1/dt = -o1/c\ndo2/dt = -o2/d",
    "dg/dt = (x - g)/tau\ndx/dt = -x/tau",
])
def test_the_usual_synapse_models_are_event_driven(text):
    assert integrate_event_driven(system(text)).method == "exact"


@pytest.mark.parametrize(("text", "message"), [
    ("dA/dt = -A**2/tau", "cannot be event-driven: the equation of 'A' is not linear"),
    ("dA/dt = (sin(t) - A)/tau", "cannot be event-driven: the equation of 'A' depends on 't'"),
    ("dA/dt = 1/tau", "cannot be event-driven: the equation of 'A' has no unique resting state"),
    ("dA/dt = -A/tau + xi", "cannot be event-driven: the equation of 'A' belongs to a system with noise"),
    ("dA/dt = rand() - A/tau", "cannot be event-driven: the equation of 'A' contains a function that gives a new "
                               "random value"),
])
def test_what_has_no_closed_form_is_refused(text, message):
    with pytest.raises(UnsupportedEquationsException) as caught:
        integrate_event_driven(system(text))
    assert message in str(caught.value)
    assert "(clock-driven)" in caught.value.help
