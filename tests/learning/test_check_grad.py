"""``check_grad``: gradients of smooth models are those of the loss, those of spiking ones are said not to be."""
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import brainsim as bs
from brainsim import *
from brainsim.errors import UnknownName, WrongType, WrongValue
from tests.learning.networks import leaky


def test_a_smooth_model_agrees_and_precision_is_as_before():
    found = bs.check_grad(leaky(), lambda out: jnp.sum(jnp.sin(100 * out["G.v"])))
    assert found.worst < 1e-8 and found.agrees() and not found.spiking
    assert [r.name for r in found.rows] == ["tau", "G.I", "G.v"]
    assert not jax.config.jax_enable_x64


def test_a_network_is_checked_with_names_of_the_script():
    tau, E = 5 * ms, 10 * mV
    G = NeuronGroup(2, "dv/dt = (E - v)/tau : volt", method="euler", name="G")
    found = bs.check_grad(Network(G), lambda out: 1e4 * jnp.sum(out["G.v[-1]"] ** 2), params=["tau", "E"],
                          duration=2 * ms, outputs=["G.v[-1]"])
    assert found.agrees(1e-8)


def test_a_wrong_gradient_is_found():
    @jax.custom_jvp
    def wrong(x):
        return x ** 2
    wrong.defjvp(lambda p, t: (p[0] ** 2, 3 * p[0] * t[0]))
    found = bs.check_grad(leaky(params=["tau"]), lambda out: 1e4 * jnp.sum(wrong(out["G.v"])))
    assert found.worst == pytest.approx(1 / 3, rel=1e-6) and not found.agrees()


def test_a_spiking_model_is_said_to_have_no_derivative():
    G = NeuronGroup(1, "dv/dt = (1.5 - v)/(5*ms) : 1", threshold="v > 1", reset="v = 0", method="exact", name="G")
    found = bs.check_grad(Network(G), lambda out: jnp.sum(out["G.v"]), params=["G.v"], duration=20 * ms,
                          outputs=["G.v"])
    assert found.spiking and "no derivative" in repr(found) and "no derivative" in found._repr_html_()


def test_values_and_steps_may_be_given_and_the_table_is_readable():
    found = bs.check_grad(leaky(), lambda out: 1e4 * jnp.sum(out["G.v"] ** 2), {"tau": 3 * ms, "G.v": np.zeros(3)},
                          eps={"G.v": 1e-3 * mV}, directions=2)
    assert found.agrees(1e-8)
    assert found.to_pandas().loc["G.v", "directions"] == 2 and found.to_pandas().loc["tau", "directions"] == 1
    assert "relative error" in repr(found) and "<table>" in found._repr_html_()


@pytest.mark.parametrize("call, error, words", [
    (lambda: bs.check_grad(leaky(), sum, ["taú"]), UnknownName, "no parameter"),
    (lambda: bs.check_grad(leaky(params=[]), sum), WrongValue, "no parameter to check"),
    (lambda: bs.check_grad(leaky(), sum, duration=1 * ms), WrongType, "belongs to net.functional"),
    (lambda: bs.check_grad(3, sum), WrongType, "a network or a function"),
    (lambda: bs.check_grad(Network(), sum, ["tau"]), WrongValue, "checked for some time.*\n.*duration=10"),
])
def test_what_cannot_be_checked_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
