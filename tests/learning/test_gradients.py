"""``grad`` and ``value_and_grad``: JAX's, with units."""
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import brainsim as bs
from brainsim import *


def square(p):
    return p["tau"] ** 2 * jnp.sum(p["w"])


def test_a_gradient_has_the_units_of_the_loss_per_unit_of_the_parameter():
    found = bs.grad(square, unit=second ** 2)({"tau": 10 * ms, "w": np.ones(3)})
    assert get_dimensions(found["tau"]) is get_dimensions(1 * second)
    assert found["tau"] / second == pytest.approx(0.06, rel=1e-6)
    assert get_dimensions(found["w"]) is get_dimensions(1 * second ** 2)


def test_a_loss_in_a_scaled_unit_is_scaled():
    value, slope = bs.value_and_grad(lambda v: 1e6 * v ** 2, unit=mV ** 2)(2 * mV)
    assert value / mV ** 2 == pytest.approx(4, rel=1e-6)
    assert slope / mV == pytest.approx(4, rel=1e-6)


def test_plain_leaves_give_plain_leaves_also_under_jit():
    given = {"tau": 0.01, "w": jnp.ones(3)}
    assert all(isinstance(x, jax.Array) for x in jax.tree.leaves(bs.grad(square)(given)))
    inside = jax.jit(bs.grad(square))(given)
    assert jax.tree.map(float, jax.tree.map(jnp.sum, inside)) == jax.tree.map(float,
                                                                              jax.tree.map(jnp.sum,
                                                                                           jax.grad(square)(given)))


def test_several_arguments_and_other_results_pass_as_in_jax():
    (a, b), other = bs.grad(lambda a, b, c: (a * b * c, a), argnums=(0, 1), has_aux=True)(3 * mV, 2.0, 4 * nS)
    assert get_dimensions(a) is get_dimensions(1 / volt)      # the loss has no unit, whatever the factors were
    assert a * volt == pytest.approx(8e-9, rel=1e-6)
    assert float(b) == pytest.approx(12e-12, rel=1e-6)
    assert float(other) == pytest.approx(0.003)
    (value, aux), slope = bs.value_and_grad(lambda a: (a * 2, a), has_aux=True)(3.0)
    assert (float(value), float(aux), float(slope)) == (6, 3, 2)


def test_a_unit_under_jit_is_refused():
    with pytest.raises(bs.errors.Unsupported, match="no units"):
        jax.jit(bs.grad(square, unit=second))({"tau": 0.01, "w": jnp.ones(3)})
    with pytest.raises(TypeError, match="is that of a function"):
        bs.grad(3)


def test_importing_brainsim_does_not_import_jax():
    code = ("import sys, brainsim; from brainsim import *; assert 'jax' not in sys.modules; "
            "assert 'grad' not in globals(); assert 'grad' in dir(brainsim)")
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'gard'"):
        bs.gard
