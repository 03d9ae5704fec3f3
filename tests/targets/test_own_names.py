"""Which functions a text in C or C++ defines, and what they are called where the library has them too."""
from __future__ import annotations

import pytest

from brainsim.ir.program import Native, Section
from brainsim.targets.own_names import defined, own_texts


@pytest.mark.parametrize(("code", "names"), [
    ("double f(double x) { return 2*x; }", ["f"]),
    ("static inline int f(int (*g)(int), int x) noexcept {\n  if (x) { return g(x); }\n  return 0;\n}", ["f"]),
    ("double f(double x);\nextern double g(double);", []),
    ('extern "C" {\ndouble f(double x) { return x; }\n}\ndouble g(double x) { return f(x); }', ["f", "g"]),
    ("struct A { double f(double x) { return x; } };\ndouble A::g(double x) { return x; }", []),
    ("namespace mine { double f(double x) { return x; } }", []),
    ("// double f(double x) {\n/* g() { */ const char *h = \"h() {\"; double k() { return '{'; }", ["k"]),
    ("#define F(x) { x; }\n#define G(x) \\\n  g(x) {\ntemplate<class T> T f(T x) { return x; }", ["f"]),
])
def test_functions_that_a_text_defines(code, names):
    assert list(defined(code)) == names


def native(name: str, *codes: str, language: str = "c++") -> Native:
    return Native(f"{name}@{len(codes)}", name, language, ("f8",), "f8", tuple(Section("", c) for c in codes))


def test_a_name_of_the_library_is_changed_where_it_means_the_function():
    found = own_texts([native("erf", "#include <erf>\ndouble erf(double x) { return std::erf(x) + p.erf + erf(2); }")],
                      "c++")
    assert found.sections[0].functions == (
        "#include <erf>\ndouble own_0_erf(double x) { return std::erf(x) + p.erf + own_0_erf(2); }")
    assert found.calls == {"erf@1": "own_0_erf"}


def test_other_names_stay():
    found = own_texts([native("mine", "double mine(double x) { return erf(x); }")], "c++")
    assert found.sections[0].functions == "double mine(double x) { return erf(x); }"
    assert found.calls == {"mine@1": "mine"}


def test_a_text_is_compiled_once_for_all_that_need_it():
    inner = "double erf(double x) { return x; }"
    found = own_texts([native("erf", inner), native("a", inner, "double a(double x) { return erf(x); }")], "c++")
    assert [s.functions for s in found.sections] == ["double own_0_erf(double x) { return x; }",
                                                     "double a(double x) { return own_0_erf(x); }"]
