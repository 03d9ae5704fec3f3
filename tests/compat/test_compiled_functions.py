"""Users' functions in C and C++: compiled into the network on the target 'cython', called in Python elsewhere."""
from __future__ import annotations

import logging

import numpy as np
import pytest
from brainsim.utils.logger import catch_logs

from brainsim import *
from brainsim.compat.testing import exc_isinstance
from brainsim.errors import BuildError


@pytest.fixture(autouse=True)
def on_every_target(target):
    """Every test runs on each target."""


def in_python(net: Network) -> int:
    """How many parts of a network call Python."""
    assert net._prepared is not None
    return len(net._prepared.in_python)


def run_with(code: str, count: int = 4, parameters: str = "", **names: object) -> NeuronGroup:
    """A step of ``x = code`` for a few neurons; nothing calls Python on the compiled target."""
    G = NeuronGroup(count, f"x : 1\ny : 1\nn : integer\nb : boolean\n{parameters}", namespace=names)
    G.y, G.n, G.b = "i*0.5", "i - 1", "i > 1"
    G.run_regularly(code)
    net = Network(G)
    net.run(defaultclock.dt)
    assert in_python(net) == 0
    return G


def compiled() -> bool:
    return prefs.codegen.target == "cython"


@pytest.mark.feature("functions in C++")
def test_a_cpp_function_is_compiled_and_its_python_function_is_not_called():
    @implementation("cpp", "double doubled(double x) { return std::abs(-2*x); }")
    @check_units(x=1, result=1)
    def doubled(x):
        assert not compiled()
        return 2*x

    np.testing.assert_array_equal(run_with("x = doubled(y)", doubled=doubled).x, [0, 1, 2, 3])


@pytest.mark.parametrize("code", ["static inline double doubled(double x) { return 2*x; }",
                                  "inline double doubled(double x) { return 2*x; }",
                                  {"hashdefine_code": "#define FACTOR 2",
                                   "support_code": "double doubled(double x) { return FACTOR*x; }"}],
                         ids=["static", "inline", "sections"])
@pytest.mark.parametrize("language", ["c", "cpp"])
def test_code_comes_as_text_or_in_sections(language, code):
    @implementation(language, code)
    @check_units(x=1, result=1)
    def doubled(x):
        return 2*x

    np.testing.assert_array_equal(run_with("x = doubled(y) + doubled(1)", doubled=doubled).x, [2, 3, 4, 5])


def test_a_compiled_function_in_equations_thresholds_resets_and_pathways():
    @implementation("cpp", "double capped(double x, double y) { return std::min(x, 1e-3*y); }")
    @check_units(x=volt, y=1, result=volt)
    def capped(x, y):
        return np.minimum(x, y*mV)

    G = NeuronGroup(2, "dv/dt = capped(v, 2)/(10*ms) : volt\nw : volt", threshold="capped(v, 1) >= 1*mV",
                    reset="w += capped(v, 3)\nv = 0*mV",
                    method="rk4")
    S = Synapses(G, G, on_pre="v_post += capped(4*mV, 5)")
    S.connect(i=0, j=1)
    G.v = [5, 0]*mV
    M = SpikeMonitor(G)
    net = Network(G, S, M)
    net.run(0.2*ms)
    assert in_python(net) == 0
    assert list(M.i) == [0, 1] and G.v[1] == 0*mV
    np.testing.assert_allclose(G.w/mV, [3, 3])


def test_types_of_arguments_and_results_are_kept():
    @implementation("cpp", "bool differ(int a, double b, bool c) { return (a/2 == 0) != c || b > 1.2; }")
    @declare_types(a="integer", b="float", c="boolean", result="boolean")
    @check_units(a=1, b=1, c=1, result=bool)
    def differ(a, b, c):
        return (np.trunc(np.asarray(a)/2) == 0) != np.asarray(c) | (np.asarray(b) > 1.2)

    @implementation("cpp", "int half(int a) { return a / 2; }")
    @declare_types(a="integer", result="integer")
    @check_units(a=1, result=1)
    def half(a):
        return np.asarray(a) // 2

    G = run_with("b = differ(n, y, b)\nn = half(n + 5)", differ=differ, half=half)
    np.testing.assert_array_equal(G.n, [2, 2, 3, 3])
    if compiled():
        np.testing.assert_array_equal(G.b, [True, True, False, True])


@pytest.mark.parametrize("language", ["c", "cpp"])
def test_arrays_and_numbers_of_the_namespace_are_read_live(language):
    values, counts = np.array([1.0, 4.0, 9.0, 16.0]), np.array([3, 2, 1, 0], dtype=np.int32)

    @implementation(language, "double looked_up(int i) { return _namespace_values[_namespace_counts[i]] + "
                              "_namespace_extra[0]; }",
                    namespace={"values": values, "_counts": counts, "extra": 0.5})
    @declare_types(i="integer")
    @check_units(i=1, result=1)
    def looked_up(i):
        return values[counts[i]] + 0.5

    G = NeuronGroup(4, "x : 1", namespace={"looked_up": looked_up})
    G.run_regularly("x = looked_up(i)")
    net = Network(G)
    net.run(0.1*ms)
    np.testing.assert_array_equal(G.x, [16.5, 9.5, 4.5, 1.5])
    values[:] = 0
    net.run(0.1*ms)
    np.testing.assert_array_equal(G.x, [0.5]*4)


def test_two_networks_with_equal_code_keep_their_own_arrays():
    def made(values):
        @implementation("cpp", "double first() { return _namespace_values[0]; }",
                        namespace={"values": np.array(values)})
        @check_units(result=1)
        def first():
            return values[0]

        G = NeuronGroup(1, "x : 1", namespace={"first": first})
        G.run_regularly("x += first()")
        return Network(G), G

    (one, G), (two, H) = made([1.0]), made([10.0])
    for net in (one, two, one):
        net.run(0.1*ms)
    assert G.x[0] == 2 and H.x[0] == 10


def test_different_arrays_of_one_name_are_refused():
    def made(values):
        @implementation("cpp", f"double get{int(values[0])}() {{ return _namespace_values[0]; }}",
                        namespace={"values": np.array(values)})
        @check_units(result=1)
        def get():
            return values[0]

        return get

    one, two = made([1.0]), made([2.0])
    if compiled():
        with pytest.raises(ValueError, match="'values' in their namespaces"):
            run_with("x = one() + two()", one=one, two=two)
    else:
        assert run_with("x = one() + two()", one=one, two=two).x[0] == 3


def test_dependencies_are_compiled_before_what_needs_them():
    @implementation("cpp", "double inner(double x) { return x + 1; }")
    @check_units(x=1, result=1)
    def inner(x):
        return x + 1

    @implementation("cpp", "double outer(double x) { return 2*inner(x); }", dependencies={"inner": inner})
    @check_units(x=1, result=1)
    def outer(x):
        return 2*inner(x)

    np.testing.assert_array_equal(run_with("x = outer(y) + inner(0)", outer=outer, inner=inner).x, [3, 4, 5, 6])


def test_a_dependency_without_code_is_refused():
    @implementation("cpp", "double outer(double x) { return inner(x); }",
                    dependencies={"inner": DEFAULT_FUNCTIONS["rand"]})
    @check_units(x=1, result=1)
    def outer(x):
        return x

    if compiled():
        with pytest.raises(NotImplementedError, match="'inner', which has no code"):
            run_with("x = outer(y)", outer=outer)
    else:
        assert run_with("x = outer(y)", outer=outer).x[1] == 0.5


def test_the_name_in_the_code_may_be_another():
    @implementation("cpp", "double from_a_library(double x) { return 3*x; }", name="from_a_library")
    @check_units(x=1, result=1)
    def tripled(x):
        return 3*x

    np.testing.assert_array_equal(run_with("x = alias(y)", alias=tripled).x, [0, 1.5, 3, 4.5])


def test_preferences_are_told_to_the_compiler_too(tmp_path):
    (tmp_path / "own.h").write_text("inline double own(double x) { return FACTOR*x; }\n")

    @implementation("cpp", "double scaled(double x) { return own(x); }")
    @check_units(x=1, result=1)
    def scaled(x):
        return 4*x

    prefs.codegen.cpp.headers, prefs.codegen.cpp.include_dirs = ['"own.h"'], [str(tmp_path)]
    prefs.codegen.cpp.define_macros = [("FACTOR", 4)]
    np.testing.assert_array_equal(run_with("x = scaled(y)", scaled=scaled).x, [0, 2, 4, 6])


@pytest.mark.parametrize("suffix", [".c", ".cpp"])
def test_headers_sources_and_macros_are_told_to_the_compiler(tmp_path, suffix):
    (tmp_path / "own.h").write_text("#ifdef __cplusplus\nextern \"C\"\n#endif\ndouble own(double x);\n")
    (tmp_path / f"own{suffix}").write_text('#include "own.h"\ndouble own(double x) { return FACTOR*x + PLUS; }\n')

    @implementation("cpp", "double scaled(double x) { return own(x); }", headers=['"own.h"'],
                    sources=[str(tmp_path / f"own{suffix}")],
                    include_dirs=[str(tmp_path)], define_macros=[("FACTOR", 4), "PLUS=1"], libraries=["m"],
                    extra_compile_args=["-DX"])
    @check_units(x=1, result=1)
    def scaled(x):
        return 4*x + 1

    np.testing.assert_array_equal(run_with("x = scaled(y)", scaled=scaled).x, [1, 3, 5, 7])


def test_a_changed_source_is_compiled_anew(tmp_path):
    if not compiled():
        pytest.skip("only what is compiled has sources")
    found = []
    for factor in (2, 3):
        (tmp_path / "own.c").write_text(f"double own(double x) {{ return {factor}*x; }}\n")

        @implementation("cpp", 'extern "C" double own(double x);\ndouble scaled(double x) { return own(x); }',
                        sources=[str(tmp_path / "own.c")])
        @check_units(x=1, result=1)
        def scaled(x):
            return x

        found.append(run_with("x = scaled(y)", scaled=scaled).x[1])
    assert found == [1, 1.5]


def test_a_function_with_state_is_called_for_every_element_and_step():
    if not compiled():
        pytest.skip("the state is in the C++ code")

    @check_units(result=1)
    def number():
        raise AssertionError

    number = Function(number, stateless=False)
    number.implementations.add_implementation("cpp", "double number() { static double calls = 0; return ++calls; }")
    G = NeuronGroup(3, "x : 1", namespace={"number": number})
    G.run_regularly("x += number()")
    Network(G).run(0.2*ms)
    np.testing.assert_array_equal(G.x, [5, 7, 9])


def test_the_number_of_the_element_comes_last_when_wanted():
    f = Function(lambda x, _vectorisation_idx: x + 10.0*_vectorisation_idx, arg_units=[1], return_unit=1,
                 auto_vectorise=True, stateless=False)
    f.implementations.add_implementation("cpp", "double with_index(double x, int _vectorisation_idx) { return x + "
                                                "10*_vectorisation_idx; }",
                                         name="with_index")
    np.testing.assert_array_equal(run_with("x = f(y)", f=f).x, [0, 10.5, 21, 31.5])


def test_python_and_compiled_functions_in_one_network():
    @implementation("cpp", "double fast(double x) { return 2*x; }")
    @check_units(x=1, result=1)
    def fast(x):
        return 2*x

    @check_units(x=1, result=1)
    def slow(x):
        return 3*x

    G = NeuronGroup(3, "x : 1\ny : 1\nz : 1", namespace={"fast": fast, "slow": slow})
    G.run_regularly("x = fast(i)", order=0)
    G.run_regularly("y = slow(x) + fast(i)", order=1)
    G.run_regularly("z = fast(y)", order=2)
    net = Network(G)
    net.run(0.1*ms)
    np.testing.assert_array_equal(G.z, [0, 16, 32])
    assert in_python(net) == (1 if compiled() else 0)


def test_the_source_that_is_shown_has_the_code_of_the_function():
    @implementation("cpp", "double doubled(double x) { return 2*x; /* mine */ }")
    @check_units(x=1, result=1)
    def doubled(x):
        return 2*x

    G = NeuronGroup(1, "dv/dt = doubled(v)/ms : 1", method="euler", namespace={"doubled": doubled})
    net = Network(G)
    net.run(0*ms)
    assert ("/* mine */" in net.explain("source")) == compiled()


def test_code_that_is_no_cpp_says_what_the_compiler_says():
    if not compiled():
        pytest.skip("nothing is compiled here")

    @implementation("cpp", "double broken(double x) { return x +; }")
    @check_units(x=1, result=1)
    def broken(x):
        return x

    with pytest.raises(BuildError, match=r"refused the C\+\+ code of a function") as caught:
        run_with("x = broken(y)", broken=broken)
    assert "error" in str(caught.value) and "log" in str(caught.value)


def test_without_a_python_function_other_targets_and_strings_say_what_would_help():
    f = Function(None, arg_units=[1], return_unit=1)
    f.implementations.add_implementation("cpp", "double f(double x) { return 7*x; }")
    if compiled():
        assert run_with("x = f(2*y)", f=f).x[1] == 7
    else:
        with pytest.raises(NotImplementedError, match="has code for 'cpp' and nothing to call in Python"):
            run_with("x = f(2*y)", f=f)
    G = NeuronGroup(1, "x : 1")
    with pytest.raises(NotImplementedError, match="nothing to call in Python"):
        G.x = "f(1)"
    with pytest.raises(NotImplementedError):
        f(3)


def test_a_python_function_that_gives_nothing_is_no_python_function():
    @implementation("cpp", "double f(double x) { return 7*x; }")
    @check_units(x=1, result=1)
    def f(x):
        pass

    G = NeuronGroup(1, "x : 1")
    with pytest.raises(NotImplementedError, match="The function 'f' has code for 'cpp'"):
        G.x = "f(1)"


def test_code_for_cython_is_kept_and_the_python_function_is_called():
    @implementation("cython", "cdef double f(double x):\n    return 7*x")
    @check_units(x=1, result=1)
    def f(x):
        return 2*x

    G = NeuronGroup(1, "x : 1", namespace={"f": f})
    G.run_regularly("x = f(3)")
    with catch_logs(logging.INFO) as caught:
        Network(G).run(0.1*ms)
    assert G.x[0] == 6
    assert [name for _, name, _ in caught if name.endswith("function_code")] == (["brainsim.function_code"]
                                                                                 if compiled() else [])


def test_what_no_compiler_takes_is_refused():
    @check_units(x=1, result=1)
    def f(x):
        return x

    for wrong, error in (({"code": 3}, TypeError), ({"code": {"body": ""}}, ValueError),
                         ({"code": "", "haeders": []}, ValueError),
                         ({"code": None}, TypeError)):
        with pytest.raises(error):
            implementation("cpp", **wrong)(f)
    wrong = implementation("cpp", "double f(double x) { return x; }", libraries="m")(f)
    if compiled():
        with pytest.raises(TypeError, match="'libraries' is a list") as caught:
            run_with("x = f(y)", f=wrong)
        assert exc_isinstance(caught, TypeError)
    bad = implementation("cpp", "double f(double x) { return x; }", namespace={"text": "abc"})(f)
    if compiled():
        with pytest.raises(TypeError, match="not an array of numbers"):
            run_with("x = f(y)", f=bad)


@pytest.mark.parametrize("language", ["c", "cpp"])
@pytest.mark.parametrize("name", "erf gamma round log2 cbrt exp2 rint y0 j1 tgamma".split())
def test_a_function_may_be_called_like_one_of_the_library(name, language):
    f = implementation(language, f"/* {name}(x) {{ */ double {name}(double x) {{ return 2*x + sqrt(9.0); }}")(
        check_units(x=1, result=1)(lambda x: 2*x + 3))
    G = NeuronGroup(2, f"dv/dt = {name}(w)/second : 1\nw : 1", method="euler", namespace={name: f})
    G.w = 1.3
    net = Network(G)
    net.run(defaultclock.dt)
    assert in_python(net) == 0
    np.testing.assert_allclose(G.v, 5.6*1e-4, rtol=1e-14)


def test_code_reaches_the_library_and_what_it_depends_on_under_one_name():
    @implementation("cpp", "static double log2(double x) { return 7*x; }\nstruct Pair { double exp2(double x) { "
                           "return x; } };\ndouble cbrt(double x) { Pair p; return p.exp2(log2(x)) + std::cbrt(8.0); }")
    @check_units(x=1, result=1)
    def cbrt(x):
        return 7*x + 2

    @implementation("cpp", "double erf(double x) { return 10*cbrt(x) + std::exp2(3.0); }", dependencies={"cbrt": cbrt})
    @check_units(x=1, result=1)
    def erf(x):
        return 10*cbrt(x) + 8

    @implementation("cpp", "double plain(double x) { return x + cbrt(27.0); }")
    @check_units(x=1, result=1)
    def plain(x):
        return x + 3

    found = run_with("x = erf(y) + 1000*plain(y)", erf=erf, plain=plain).x
    np.testing.assert_allclose(found, 70*0.5*np.arange(4) + 28 + 1000*(0.5*np.arange(4) + 3), rtol=1e-14)


@pytest.mark.parametrize("language", ["c", "cpp"])
def test_two_groups_have_different_functions_of_one_name(language):
    groups = []
    for factor, python in ((2, lambda x: 2*x), (3, lambda x: 3*x)):
        f = implementation(language, f"double helper(double x) {{ return {factor}*x; }}\n"
                                     "double f(double x) { return helper(x); }", name="f")(
            check_units(x=1, result=1)(python))
        G = NeuronGroup(1, "x : 1", namespace={"f": f})
        G.run_regularly("x = f(5)")
        groups.append(G)
    net = Network(*groups)
    net.run(defaultclock.dt)
    assert [G.x[0] for G in groups] == [10, 15] and in_python(net) == 0
