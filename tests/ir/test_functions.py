"""What the functions of the language compute, at the places where others got it wrong; in C as in the interpreter."""
from __future__ import annotations

import ctypes
import subprocess

import numpy as np
import pytest

from brainsim.ir.evaluate import OPS
from brainsim.ir.functions import FUNCTIONS
from brainsim.targets.compiler import Compiler, find_compiler
from brainsim.targets.templates import read

PROBE = """
double exprel(double x) { return bs_exprel(x); }
double clip(double x, double low, double high) { return bs_clip(x, low, high); }
double floordiv(double a, double b) { return bs_floordiv_f(a, b); }
double mod(double a, double b) { return bs_mod_f(a, b); }
int64_t floordiv_whole(int64_t a, int64_t b) { return bs_floordiv_i(a, b); }
int64_t mod_whole(int64_t a, int64_t b) { return bs_mod_i(a, b); }
int64_t power_whole(int64_t a, int64_t b) { return bs_ipow(a, b); }
int32_t poisson(double rate, double u, double z) { return bs_poisson(rate, u, z); }
int32_t binomial(double n, double p, double u, double z) { return bs_binomial(n, p, u, z); }
"""


@pytest.fixture(scope="module")
def in_c(tmp_path_factory):
    compiler = find_compiler()
    if not isinstance(compiler, Compiler):
        pytest.skip("no C compiler")
    folder = tmp_path_factory.mktemp("probe")
    (folder / "probe.c").write_text(read("c/language.h") + PROBE)
    subprocess.run([*compiler.command, "-O2", "-shared", "-fPIC", "probe.c", "-o", "probe.so", "-lm"], cwd=folder,
                   check=True)
    library = ctypes.CDLL(str(folder / "probe.so"))
    for name, count in (("exprel", 1), ("clip", 3), ("floordiv", 2), ("mod", 2), ("poisson", 3), ("binomial", 4)):
        getattr(library, name).argtypes = [ctypes.c_double] * count
        getattr(library, name).restype = ctypes.c_int32 if name in ("poisson", "binomial") else ctypes.c_double
    for name in ("floordiv_whole", "mod_whole", "power_whole"):
        getattr(library, name).argtypes, getattr(library, name).restype = [ctypes.c_int64] * 2, ctypes.c_int64
    return library


@pytest.mark.feature("exprel")
def test_exprel_is_one_at_zero_and_smooth_beside_it(in_c):
    for x in (0.0, 1e-300, -1e-17, 1e-12, -1e-8, 0.5, -3.0, 30.0):
        wanted = 1.0 if x == 0 else np.expm1(x) / x
        assert FUNCTIONS["exprel"](x) == pytest.approx(wanted, rel=1e-15)
        assert in_c.exprel(x) == pytest.approx(wanted, rel=1e-15)


@pytest.mark.feature("division and remainder")
@pytest.mark.parametrize("a", [-7, -6, -1, 0, 1, 6, 7])
@pytest.mark.parametrize("b", [-3, -2, 2, 3])
def test_floor_division_and_remainder_are_those_of_python(in_c, a, b):
    assert in_c.floordiv_whole(a, b) == OPS["//"](a, b) == a // b
    assert in_c.mod_whole(a, b) == OPS["%"](a, b) == a % b
    assert in_c.floordiv(a / 4, b / 4) == OPS["//"](a / 4, b / 4) == (a / 4) // (b / 4)
    assert in_c.mod(a / 4, b / 4) == OPS["%"](a / 4, b / 4) == (a / 4) % (b / 4)


def test_floor_division_of_decimals_is_that_of_python(in_c):
    assert in_c.floordiv(1.0, 0.1) == 1.0 // 0.1 == 9.0


@pytest.mark.parametrize("base, exponent", [(2, 10), (-1, 3), (-1, 4), (3, 0), (0, 0), (-2, 5)])
def test_whole_powers_stay_whole(in_c, base, exponent):
    assert in_c.power_whole(base, exponent) == OPS["**"](base, exponent) == base**exponent


@pytest.mark.feature("negative powers of whole numbers")
def test_a_negative_exponent_gives_a_fraction():
    assert OPS["**"](2, -1) == 0.5


@pytest.mark.feature("clip")
def test_clip_with_crossed_limits_gives_the_upper(in_c):
    assert in_c.clip(0.5, 2.0, 1.0) == FUNCTIONS["clip"](0.5, 2.0, 1.0) == 1.0


@pytest.mark.feature("timestep")
@pytest.mark.parametrize("t, steps", [(0.0, 0), (1e-4, 1), (0.99995e-4, 1), (0.9998e-4, 1), (0.99e-4, 0), (2.5e-4, 2)])
def test_timestep_floors_with_a_tolerance(t, steps):
    assert FUNCTIONS["timestep"](t, 1e-4) == steps


@pytest.mark.parametrize("rate", [0.0, 0.3, 5.0, 40.0, 200.0])
def test_poisson_has_the_right_mean_and_variance(in_c, rate):
    rng = np.random.default_rng(1)
    u, z = rng.random(20_000), rng.standard_normal(20_000)
    k = FUNCTIONS["poisson_from"](rate, u, z)
    assert abs(k.mean() - rate) <= 5 * np.sqrt(rate / len(u)) + 1e-12
    assert abs(k.var() - rate) <= 0.1 * rate + 1e-12
    assert [in_c.poisson(rate, a, b) for a, b in zip(u[:200], z[:200])] == list(k[:200])


@pytest.mark.parametrize("n, p", [(10, 0.1), (1000, 0.0005), (50, 0.4), (3, 0.9), (100, 1.0), (100, 0.0), (7, 0.5)])
def test_binomial_has_the_right_mean_and_stays_in_range(in_c, n, p):
    rng = np.random.default_rng(2)
    u, z = rng.random(20_000), rng.standard_normal(20_000)
    k = FUNCTIONS["binomial_from"](n, p, u, z)
    assert k.min() >= 0 and k.max() <= n
    assert abs(k.mean() - n * p) <= 5 * np.sqrt(n * p * (1 - p) / len(u)) + 1e-12
    assert [in_c.binomial(n, p, a, b) for a, b in zip(u[:200], z[:200])] == list(k[:200])
