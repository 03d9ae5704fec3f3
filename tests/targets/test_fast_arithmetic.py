"""What fast arithmetic may do: functions within a few units in the last place, infinities and NaN as ever, loops
without branches."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from brainsim import NeuronGroup, prefs, run
from brainsim.targets import cython_module
from brainsim.targets.compiler import Compiler, find_compiler
from brainsim.targets.contract import Missing
from brainsim.units import ms

pytestmark = pytest.mark.skipif(isinstance(find_compiler(), Missing), reason="no C compiler")

MOST = 4.0
"""Units in the last place between a fast function and the true value (glibc's bound for its vector functions)."""

LONG = np.longdouble
FUNCTIONS = {
    "exp(x)": (np.exp, -30, 30), "expm1(x)": (np.expm1, -3, 3), "log(x)": (np.log, 1e-3, 50),
    "log1p(x)": (np.log1p, -0.9, 9),
    "log10(x)": (np.log10, 1e-3, 50), "tanh(x)": (np.tanh, -4, 4), "sinh(x)": (np.sinh, -9, 9),
    "cosh(x)": (np.cosh, -9, 9),
    "sin(x)": (np.sin, -9, 9), "cos(x)": (np.cos, -9, 9), "tan(x)": (np.tan, -1.5, 1.5),
    "arctan(x)": (np.arctan, -9, 9),
    "arcsin(x)": (np.arcsin, -1, 1), "sqrt(x)": (np.sqrt, 0, 50), "x**1.7": (lambda x: x ** LONG(1.7), 0.01, 40),
    "exprel(x)": (lambda x: np.where(x == 0, LONG(1), np.expm1(x) / np.where(x == 0, LONG(1), x)), -3, 3),
}


def computed(code: str, x: np.ndarray, math: str) -> tuple[np.ndarray, NeuronGroup]:
    """The expression for all elements, by the compiled target."""
    prefs.codegen.target, prefs.codegen.math = "cython", math
    G = NeuronGroup(len(x), "x : 1\ny : 1", name="G")
    G.x = x
    G.run_regularly(f"y = {code}")
    run(0.1 * ms)
    return G.y[:], G


@pytest.mark.parametrize("code", FUNCTIONS)
def test_fast_functions_are_right_to_four_units_in_the_last_place(code, fresh):
    exact, low, high = FUNCTIONS[code]
    x = np.append(np.linspace(low, high, 20011), [v for v in (1e-9, -1e-9, 1e-17) if low <= v <= high])
    found, _ = computed(code, x, "fast")
    true = exact(x.astype(LONG))
    assert np.max(np.abs(found - true) / np.spacing(np.abs(true).astype(float)).astype(LONG)) <= MOST


@pytest.mark.parametrize("math", ["fast", "strict"])
def test_infinities_and_nan_keep_their_meaning(math, fresh):
    x = np.tile([np.inf, -np.inf, np.nan, 800.0, -800.0], 20)
    found, _ = computed("exp(x)", x, math)
    np.testing.assert_array_equal(found[:5], [np.inf, 0, np.nan, np.inf, 0])
    np.testing.assert_array_equal(computed("clip(x, -1, 1)", x, math)[0][:3], [1, -1, np.nan])
    np.testing.assert_array_equal(computed("int(x == x)", x, math)[0][:3], [1, 1, 0])
    np.testing.assert_array_equal(computed("exprel(x)", x, math)[0][:3], [np.nan, 0, np.nan])
    for code in ("x*0", "0*x", "x*0.0", "(x + 1) - x", "x - x", "x/x"):
        assert np.isnan(computed(code, x, math)[0][:3]).all(), code


def test_strict_arithmetic_gives_the_bits_of_numpy(fresh):
    x = np.linspace(-3, 3, 4001)
    code = "x*(1 + x*(0.1 + x*0.3)) - x/7 + x*x*x"
    found, _ = computed(code, x, "strict")
    np.testing.assert_array_equal(found, x * (1 + x * (0.1 + x * 0.3)) - x / 7 + x * x * x)


def test_functions_of_a_loop_are_vector_functions(fresh, monkeypatch):
    compiler = find_compiler()
    if not (isinstance(compiler, Compiler) and compiler.vector_functions):
        pytest.skip("no vector functions on this platform")
    built: list[str] = []
    load = cython_module._load
    monkeypatch.setattr(cython_module, "_load", lambda path: (built.append(path), load(path))[1])
    computed("exp(x) + exprel(x)", np.linspace(-1, 1, 100), "fast")
    names = Path(built[-1]).read_bytes()
    assert b"v_expm1" in names and b"v_exp\0" in names
