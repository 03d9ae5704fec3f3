"""Strict arithmetic: the same bits on the targets numpy, cython and interpreter."""
import numpy as np
import pytest

from brainsim import *

CODES = [*(f"{f}(x)" for f in "exp expm1 exprel log log10 log1p sin cos tan sinh cosh tanh arctan arcsinh sqrt".split()),
         "x**1.7", "x**3", "x**2", "x**-1", "2**x", "arcsin(x/4)", "arccos(x/4)", "arctanh(x/4)", "arccosh(1 + x)", "x % 0.3", "x//0.3"]


def results(code, target):
    start_scope()
    seed(3)
    prefs.codegen.target, prefs.codegen.math = target, "strict"
    g = NeuronGroup(400, "x : 1\ny : 1\nz : 1", name="G")
    g.x = "0.01 + i*0.0093"
    g.run_regularly(f"y = {code}\nz = randn()")
    Network(g).run(0.1 * ms)
    return np.asarray(g.y[:]), np.asarray(g.z[:])


@pytest.mark.parametrize("code", CODES)
def test_strict_functions_have_the_same_bits_everywhere(code, fresh):
    first, noise = results(code, "cython")
    assert np.isfinite(first).all() and noise.std() > 0.5
    for target in ("numpy", "interpreter"):
        found, drawn = results(code, target)
        assert np.array_equal(found, first), code
        assert np.array_equal(drawn, noise)
