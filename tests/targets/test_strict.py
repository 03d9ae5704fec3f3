"""Strict arithmetic: the same bits on the targets numpy, cython and interpreter."""
import numpy as np
import pytest

from brainsim import *

CODES = [*(f"{f}(x)"
           for f in "exp expm1 exprel log log10 log1p sin cos tan sinh cosh tanh arctan arcsinh sqrt".split()),
         "x**1.7", "x**3", "x**2", "x**-1", "2**x", "arcsin(x/4)", "arccos(x/4)", "arctanh(x/4)", "arccosh(1 + x)",
         "x % 0.3", "x//0.3"]


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


def test_statements_that_call_python_have_the_same_bits_too(fresh):
    @check_units(x=1, result=1)
    def bent(x):
        return x*x*0.3 + 0.5

    found = []
    for target in ("interpreter", "cython", "numpy"):
        prefs.codegen.target, prefs.codegen.math = target, "strict"
        G = NeuronGroup(2000, "y : 1", name="G")
        G.y = "i/N*30 - 15"
        G.run_regularly("y = bent(y)*exp(-y) + log(2 + sin(y))")
        Network(G).run(0.3*ms, namespace={"bent": bent})
        found.append(G.y[:])
    np.testing.assert_array_equal(found[1], found[0])
    np.testing.assert_array_equal(found[2], found[0])
