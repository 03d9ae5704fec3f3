"""R55–R57: types of variables, and arithmetic between them."""
import math

import numpy as np
import pytest

from brainsim import Hz, NeuronGroup, PoissonGroup, StateMonitor, Synapses, ms, mV, run


@pytest.mark.feature("types of variables")
@pytest.mark.one_target
def test_types_of_variables():
    G = NeuronGroup(2, "x : 1\nn : integer\nb : boolean", threshold="x > 1", refractory=1 * ms)
    S = Synapses(G, G, "w : 1\nm : integer", on_pre="")
    S.connect()
    assert (G.x[:].dtype, G.n[:].dtype, G.b[:].dtype) == (np.float64, np.int32, np.bool_)
    assert (np.asarray(G.i).dtype, G.not_refractory[:].dtype, G.lastspike[:].dtype) == (np.int32, np.bool_, np.float64)
    assert (np.asarray(S.i).dtype, np.asarray(S.j).dtype, S.m[:].dtype,
            np.asarray(S.N_incoming).dtype) == (np.int32,) * 4


def test_time_counts_in_whole_steps():
    G = NeuronGroup(1, "n : integer\nx : second\ny : second")
    G.run_regularly("n = t_in_timesteps\nx = t\ny = dt")
    run(1 * ms)
    assert (G.n[0], G.x[0] / ms, G.y[0] / ms) == (9, pytest.approx(0.9), pytest.approx(0.1))


@pytest.mark.feature("initial values")
def test_everything_begins_at_zero():
    G = NeuronGroup(2, "dv/dt = 0*v/ms : 1\nx : 1\nn : integer\nb : boolean")
    assert not any(np.any(a) for a in (G.v, G.x, G.n, G.b))


@pytest.mark.feature("casts to integer and boolean variables")
@pytest.mark.parametrize("value, stored", [("7/2", 3), ("-7/2", -3), ("3.999", 3), ("i + 0.5", 0), ("1 < 2", 1)])
def test_float_into_an_integer_truncates(value, stored):
    """With Brian's cython target the block would silently not run at all (R60)."""
    G = NeuronGroup(1, "n : integer\nx : 1", threshold="x < 1", reset=f"n = {value}\nx = 1")
    run(0.1 * ms)
    assert (G.n[0], G.x[0]) == (stored, 1)
    G.n = 5
    G.n = value
    assert G.n[0] == stored


@pytest.mark.feature("statements")
def test_temporaries_take_the_type_of_their_value():
    G = NeuronGroup(1, "x : 1\ny : 1\nn : integer\nb : boolean")
    G.run_regularly("half = 7/2; whole = 7//2; yes = 3 > 2\nx = half; y = whole/2; b = yes; n = whole")
    run(0.1 * ms)
    assert (G.x[0], G.y[0], G.b[0], G.n[0]) == (3.5, 1.5, True, 3)


def test_temporary_needs_no_declaration_even_when_unused():
    G = NeuronGroup(1, "v : 1", threshold="v < 1", reset="v = 2; w = 0")
    run(0.1 * ms)
    assert G.v[0] == 2


ARITHMETIC = [
    ("a/b", lambda a, b: a / b), ("a//b", lambda a, b: a // b), ("a % b", lambda a, b: a % b),
    ("a*b", lambda a, b: a * b), ("a - b", lambda a, b: a - b),
    ("abs(a)", lambda a, b: abs(a)), ("sign(a)", lambda a, b: (a > 0) - (a < 0)), ("int(a/b)", lambda a, b: int(a / b)),
    ("-a", lambda a, b: -a),
    ("floor(a/b)", lambda a, b: math.floor(a / b)), ("ceil(a/b)", lambda a, b: math.ceil(a / b)),
    ("clip(a, -2, b)", lambda a, b: min(max(a, -2), b)),
    ("2.0**a", lambda a, b: 2.0**a), ("a**2", lambda a, b: a**2), ("int(a > b) + 1", lambda a, b: int(a > b) + 1),
    ("a**3/b", lambda a, b: a**3 / b)]
PAIRS = [(7, 2), (-7, 2), (7, -2), (-7, -2), (6, 3), (-1, 3), (0, 5)]


@pytest.mark.feature("operators")
@pytest.mark.parametrize("kind", ["integer", "1"])
def test_arithmetic_is_pythons(kind):
    lines = "\n".join(f"r{k} : 1" for k in range(len(ARITHMETIC)))
    G = NeuronGroup(len(PAIRS), f"a : {kind}\nb : {kind}\n{lines}")
    G.a, G.b = np.array(PAIRS).T
    G.run_regularly("\n".join(f"r{k} = {text}" for k, (text, _) in enumerate(ARITHMETIC)))
    run(0.1 * ms)
    at_once = NeuronGroup(len(PAIRS), f"a : {kind}\nb : {kind}\nr : 1")
    at_once.a, at_once.b = np.array(PAIRS).T
    for k, (text, value) in enumerate(ARITHMETIC):
        expected = [value(a, b) for a, b in PAIRS]
        at_once.r = text
        if text == "clip(a, -2, b)":      # a lower bound above the upper one gives the upper one
            expected = [min(max(a, -2), b) for a, b in PAIRS]
        assert np.array(getattr(G, f"r{k}")) == pytest.approx(expected), text
        assert np.array(at_once.r) == pytest.approx(expected), text


def test_powers_of_whole_numbers():
    """Brian folds 2**-1 to 0; a power of integers with a negative exponent is a fraction here, as in Python."""
    G = NeuronGroup(4, "n : integer\na : 1\nb : 1\nc : 1\nd : 1")
    G.n = [-1, 0, 1, 2]
    G.run_regularly("a = (-1)**n\nb = 2**n\nc = n**2\nd = 2**-1")
    run(0.1 * ms)
    assert (list(G.a), list(G.b), list(G.c), G.d[0]) == ([-1, 1, -1, 1], [0.5, 1, 2, 4], [1, 0, 1, 4], 0.5)


def test_literal_one_is_a_number_and_true_a_truth():
    G = NeuronGroup(1, "b : boolean\nx : 1")
    G.run_regularly("b = True; x = 1 + 1")
    run(0.1 * ms)
    assert (G.b[0], G.x[0]) == (True, 2)
    G.b = "i"
    assert not G.b[0]


@pytest.mark.feature("constants of the language")
@pytest.mark.parametrize("text, value", [("inf", np.inf), ("-inf", -np.inf), ("pi", np.pi), ("e", np.e),
                                         ("1e-300", 1e-300), ("0.1", 0.1)])
def test_constants_keep_their_value(text, value):
    G = NeuronGroup(1, "x : 1\ny : 1")
    G.run_regularly(f"x = {text}")
    G.y = text
    run(0.1 * ms)
    assert (G.x[0], G.y[0]) == (value, value)


@pytest.mark.parametrize("name", ["v1e5", "x2f", "a_1_0", "x", "i_", "N2", "dt2", "double", "int_", "lambda_", "min",
                                  "E", "I", "S", "t0", "step", "count",
                                  "first", "last", "variable28e2", "restrict", "state", "index", "k", "n"])
@pytest.mark.one_target
def test_any_name_is_a_name_on_numpy(name):
    check_name(name)


def test_names_of_c_and_of_our_own_are_names():
    for name in ("double", "restrict", "long", "i_", "j", "step", "v1e5", "state"):
        check_name(name, run_it=False)
    G = NeuronGroup(1, "double : 1\nrestrict : 1\nlong : 1\ni_ : 1\nstep : 1\nv1e5 : 1\nstate : 1\nint_ : 1\nmain : 1\n"
                       "min : 1\nE : 1\nI : 1", name="volatile")
    G.run_regularly("float_ = 2.0\nregister = float_ + 1\n"
                    "double = register; restrict = double + 1; long = restrict + 1; i_ = long + i; step = i_; v1e5 = "
                    "step; "
                    "state = v1e5; int_ = state; main = int_; min = main; E = min; I = E")
    run(0.1 * ms)
    assert G.I[0] == 5


def check_name(name, run_it=True):
    G = NeuronGroup(2, f"d{name}/dt = -{name}/ms : 1", threshold=f"{name} > 0.5", reset=f"{name} = 0")
    setattr(G, name, 2)
    if run_it:
        M = StateMonitor(G, name, record=True)
        run(0.2 * ms)
        assert getattr(M, name)[0] == pytest.approx([2, 0])


@pytest.mark.feature("dtype")
@pytest.mark.one_target
@pytest.mark.parametrize("declared, dtype", [("x : 1", np.int32), ("n : integer", np.float64),
                                             ("b : boolean", np.float64)])
def test_storage_that_does_not_fit_the_declaration_is_refused(declared, dtype):
    with pytest.raises(TypeError):
        NeuronGroup(1, declared, dtype={declared[0]: dtype})


@pytest.mark.feature("dtype")
def test_single_precision_variables():
    G = NeuronGroup(1, "dv/dt = -v/(10*ms) : 1\nx : 1", dtype={"v": np.float32})
    G.v = 1
    run(10 * ms)
    assert (G.v[:].dtype, G.x[:].dtype) == (np.float32, np.float64)
    assert G.v[0] == pytest.approx(np.exp(-1), rel=1e-5)


@pytest.mark.one_target
def test_the_size_of_a_group_is_a_python_number():
    for G in (NeuronGroup(3, "x : 1"), NeuronGroup(5, "x : 1")[1:4], PoissonGroup(3, 1 * Hz)):
        assert isinstance(G.N, int) and ["a"] * G.N == ["a"] * 3


@pytest.mark.one_target
def test_variables_are_multiplied_as_vectors():
    G = NeuronGroup(3, "v : volt\nn : integer")
    G.v, G.n = "i*mV", "i"
    assert G.n @ G.v == 5 * mV and float(G.v @ G.v) == pytest.approx(5e-6) and [1, 1, 1] @ G.n == 3
