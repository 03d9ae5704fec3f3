"""Mistakes: the right class, the user's line with a caret, a help; and a network that runs as soon as the mistake is
mended."""
import numpy as np
import pytest

from brainsim import (
    BrainsimError,
    DimensionMismatchError,
    EquationError,
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    UnsupportedEquationsException,
    amp,
    ms,
    mV,
    nS,
    second,
    volt,
)

RIGHT = dict(model="dv/dt = (El - v)/tau : volt\nx : 1\nk : 1 (shared)", threshold="v > 10*mV", reset="v = El",
             refractory="2*ms", method="euler",
             namespace={"El": -70 * mV, "tau": 10 * ms})

# what is wrong; the error; the user's line and caret as they are shown; a word of the help (or of what was found)
GROUPS = [
    (dict(model="dv/dt = (El - v)/tau_ : volt"), KeyError, "dv/dt = (El - v)/tau_ : volt\n                     ^^^^",
     "did you mean 'tau'"),
    (dict(model="dv/dt = (El - v) : volt"), DimensionMismatchError, "^", "second"),
    (dict(model="dv/dt = (El - v)/tau + 3 : volt"), DimensionMismatchError, "dv/dt = (El - v)/tau + 3 : volt", ""),
    (dict(model="dv/dt = (El - v)/tau : volt\ns = v + x : volt\nx : 1"), DimensionMismatchError, "s = v + x : volt",
     ""),
    (dict(model="dv/dt = (El - v)/tau : volt\ns = v : amp"), DimensionMismatchError, "s = v : amp", ""),
    (dict(model="dv/dt = cos(v)/tau : volt"), DimensionMismatchError, "cos(v)", "divide it by"),
    (dict(model="dv/dt = unheard(v)/tau : volt"), KeyError, "unheard(v)", "Help"),
    (dict(model="dv/dt = tau(v) : volt"), TypeError, "tau(v)", "to multiply"),
    (dict(threshold="v"), (TypeError, DimensionMismatchError), "v\n    ^", ">"),
    (dict(threshold="v > 10"), DimensionMismatchError, "v > 10", "10*volt"),
    (dict(threshold="v > 10*mV and u"), KeyError, "v > 10*mV and u\n                  ^", ""),
    (dict(threshold="v = 10*mV"), SyntaxError, "v = 10*mV\n      ^", "'=='"),
    (dict(threshold="v > "), SyntaxError, "^", ""),
    (dict(threshold=3), TypeError, "", "threshold="),
    (dict(reset="v = 0"), None, "", ""),
    (dict(reset="v = 10"), DimensionMismatchError, "v = 10", "10*volt"),
    (dict(reset="v += x"), DimensionMismatchError, "v += x", ""),
    (dict(reset="v = El; w += 1"), KeyError, "v = El; w += 1\n            ^", ""),
    (dict(reset="t = 0*ms"), SyntaxError, "t = 0*ms\n    ^", ""),
    (dict(reset="i = 3"), SyntaxError, "i = 3\n    ^", ""),
    (dict(reset="k = 3"), SyntaxError, "k = 3\n    ^", ""),
    (dict(reset="mV = 3"), SyntaxError, "mV = 3\n    ^^", "another name"),
    (dict(reset="v == El"), SyntaxError, "v == El\n      ^^", ""),
    (dict(refractory="2*mV"), TypeError, "2*mV", "2*ms"),
    (dict(refractory="v > 1"), DimensionMismatchError, "v > 1", ""),
    (dict(refractory=2 * mV), DimensionMismatchError, "", "2*ms"),
    (dict(method="exakt"), ValueError, "", "exact"),
    (dict(model="dv/dt = v*v/(volt*tau) : volt", method="exact"), UnsupportedEquationsException, "", ""),
    (dict(namespace={"El": -70 * mV}), KeyError, "(El - v)/tau", "define tau"),
    (dict(namespace={"El": -70, "tau": 10 * ms}), DimensionMismatchError, "(El - v)/tau", ""),
    (dict(namespace={"El": np.zeros(3) * mV, "tau": 10 * ms}), KeyError, "", "parameter"),
]


def run_mended(net, wrong, right):
    """The network goes on once the wrong object is replaced."""
    net.remove(wrong)
    net.add(right)
    net.run(0.2 * ms)
    assert net["bystander"].n[0] == 2


def bystander():
    G = NeuronGroup(1, "n : 1", name="bystander")
    G.run_regularly("n += 1")
    return G


@pytest.mark.parametrize("wrong, error, line, help_", [row for row in GROUPS if row[1]])
def test_mistake_in_a_group_is_shown_and_can_be_mended(wrong, error, line, help_):
    G = NeuronGroup(3, **{**RIGHT, **wrong}, name="cells")
    net = Network(G, bystander())
    with pytest.raises(error) as caught:
        net.run(1 * ms)
    text = str(caught.value)
    assert isinstance(caught.value, BrainsimError)
    assert "cells" in text
    assert line in text, text
    assert help_ in text, text
    assert net.t == 0 * ms
    run_mended(net, G, NeuronGroup(3, **RIGHT))


MODELS = [
    ("dv/dt = -v/ms", EquationError, "dv/dt = -v/ms"), ("dv/dt = -v/ms : mV", EquationError, "base unit"),
    ("v : 1\nv : 1", EquationError, "defined twice"),
    ("dv/dt = -v/ms : integer", (TypeError, EquationError), "float"), ("v : vlt", EquationError, "not a unit"),
    ("t : second", SyntaxError, "t : second\n    ^"),
    ("mV : 1", SyntaxError, "mV : 1\n    ^^"), ("exp : 1", SyntaxError, "exp : 1\n    ^^^"),
    ("x_post : 1", ValueError, "x_post"), ("_x : 1", SyntaxError, "_x"),
    ("v : 1 (constnt)", ValueError, "constnt"), ("a = b : 1\nb = a : 1", ValueError, "a"),
    ("dv/dt = -v/ms : 1 (linked)", ValueError, "linked"),
    ("dv/dt = a ++ : 1", (EquationError, SyntaxError), "^"), ("x : bool", (TypeError, EquationError), "boolean"),
    ("lambda : 1", SyntaxError, "lambda"),
    ("dv/dt = xi/second**0.5 : 1\ndw/dt = xi/second**0.5 : 1", EquationError, "xi"),
    ("s = xi : second**-0.5", (EquationError, SyntaxError), "xi"),
    (5, TypeError, "string"), (None, TypeError, "string"), ("v > 3 : 1", (EquationError, SyntaxError), "v > 3"),
]


@pytest.mark.parametrize("model, error, words", MODELS)
def test_model_that_does_not_hold_together_is_refused_when_made(model, error, words):
    with pytest.raises(error) as caught:
        NeuronGroup(3, model)
    assert isinstance(caught.value, BrainsimError)
    assert words in str(caught.value), str(caught.value)


@pytest.mark.feature("NeuronGroup")
@pytest.mark.parametrize("arguments, error", [
    (dict(N=0), ValueError), (dict(N=-3), ValueError), (dict(N="v : 1"), TypeError), (dict(N=[1]), TypeError),
    (dict(N=3, reset="v = 0"), ValueError),
    (dict(N=3, threshold="v > 1", events={"spike": "v > 1"}), ValueError),
    (dict(N=3, events={"a b": "v > 1"}), TypeError), (dict(N=3, tau=3), TypeError)])
def test_group_with_impossible_arguments_is_refused(arguments, error):
    with pytest.raises(error):
        NeuronGroup(**{"model": "v : 1", **arguments})


ASSIGNMENTS = [
    (lambda G: setattr(G, "v", 3), DimensionMismatchError, "multiply by a unit"),
    (lambda G: setattr(G, "v", 3 * amp), DimensionMismatchError, "'v'"),
    (lambda G: setattr(G, "v", "3"), DimensionMismatchError, "v = 3"),
    (lambda G: setattr(G, "v", "El + rnd()*mV"), KeyError, "did you mean"),
    (lambda G: setattr(G, "v", [1, 2] * mV), ValueError, "(2,) values for 3 elements"),
    (lambda G: setattr(G, "v", np.ones(4) * mV), ValueError, "4"),
    (lambda G: setattr(G, "v", np.ones((3, 1)) * mV), ValueError, "elements"),
    (lambda G: setattr(G, "vv", 3 * mV), AttributeError, "did you mean 'v'"),
    (lambda G: setattr(G, "i", 3), TypeError, "read-only"), (lambda G: setattr(G, "N", 3), TypeError, "read-only"),
    (lambda G: setattr(G, "s", 3 * mV), TypeError, "subexpression"),
    (lambda G: setattr(G, "v", "v = 3*mV"), SyntaxError, ""),
    (lambda G: setattr(G, "v", "v > 3*mV"), (TypeError, DimensionMismatchError), ""),
    (lambda G: setattr(G, "v", None), TypeError, "numbers"),
    (lambda G: G.v.__setitem__(3, 1 * mV), IndexError, "0 to 2"),
    (lambda G: G.v.__setitem__(-4, 1 * mV), IndexError, ""),
    (lambda G: G.v.__setitem__(0.5, 1 * mV), TypeError, "whole number"),
    (lambda G: G.v.__setitem__((0, 1), 1 * mV), IndexError, "1-d"),
    (lambda G: G.v.__setitem__("v", 1 * mV), TypeError, ""),
    (lambda G: G.v.__setitem__("v > 3", 1 * mV), DimensionMismatchError, "v > 3"),
    (lambda G: G.v.__setitem__("v > 0*mV", [1, 2] * mV), TypeError, "one value"),
    (lambda G: G.v.__setitem__([True, False], 1 * mV), IndexError, ""),
    (lambda G: G.v.__setitem__(slice(0, 2), [1, 2, 3] * mV), ValueError, "2 elements"),
    (lambda G: G.v[7], IndexError, "0 to 2"), (lambda G: G.w, AttributeError, "'w'"),
    (lambda G: G.vv, AttributeError, "did you mean 'v'"), (lambda G: setattr(G, "k", [1, 2]), ValueError, "shared"),
    (lambda G: setattr(G, "n", 2 * mV), DimensionMismatchError, "divide"),
]


@pytest.mark.feature("writing variables")
@pytest.mark.parametrize("assign, error, words", ASSIGNMENTS)
def test_assignment_that_cannot_be_is_refused_and_changes_nothing(assign, error, words):
    G = NeuronGroup(3, "v : volt\nn : integer\nk : 1 (shared)\ns = 2*v : volt", namespace={"El": 1 * mV})
    G.v = [1, 2, 3] * mV
    with pytest.raises(error) as caught:
        assign(G)
    assert isinstance(caught.value, BrainsimError)
    assert words in str(caught.value), str(caught.value)
    assert list(G.v / mV) == pytest.approx([1, 2, 3])
    Network(G).run(0.1 * ms)


SYNAPSES = [
    (dict(on_pre="v += 1"), DimensionMismatchError, "v += 1", "1*volt"),
    (dict(on_pre="v += w"), DimensionMismatchError, "v += w", ""),
    (dict(on_pre="v += wt*mV"), KeyError, "v += wt*mV\n         ^^", "did you mean"),
    (dict(on_pre="v_post += g"), KeyError, "v_post += g\n              ^", "g_pre"),
    (dict(on_pre="u += 1"), KeyError, "u += 1\n    ^", ""), (dict(on_pre="v_post + 1"), SyntaxError, "v_post + 1", ""),
    (dict(on_pre="j = 3"), SyntaxError, "j = 3", ""),
    (dict(on_pre="", on_post="w += v"), DimensionMismatchError, "w += v", ""),
    (dict(model="w : 1\nq : 1 (shared)", on_pre="q += 1"), SyntaxError, "q += 1", ""),
    (dict(model="dw/dt = -w : 1 (clock-driven)"), DimensionMismatchError, "dw/dt = -w : 1", ""),
    (dict(model="dw/dt = -w/tau : 1 (clock-driven)"), KeyError, "tau", ""),
    (dict(model="dw/dt = -w**2/ms : 1 (event-driven)", on_pre="w += 1"), UnsupportedEquationsException, "", ""),
]


def pair():
    A = NeuronGroup(2, "g : 1\nv : volt", threshold="v > 1*volt", reset="v = 0*volt")
    B = NeuronGroup(2, "v : volt", threshold="v > 1*volt", reset="v = 0*volt")
    return A, B


@pytest.mark.parametrize("wrong, error, line, help_", SYNAPSES)
def test_mistake_in_synapses_is_shown_and_can_be_mended(wrong, error, line, help_):
    A, B = pair()
    S = Synapses(A, B, **{"model": "w : 1", **wrong}, name="joint")
    S.connect()
    net = Network(A, B, S, bystander())
    with pytest.raises(error) as caught:
        net.run(1 * ms)
    text = str(caught.value)
    assert isinstance(caught.value, BrainsimError)
    assert "joint" in text
    assert line in text, text
    assert help_ in text, text
    right = Synapses(A, B, "w : 1", on_pre="v += w*mV")
    right.connect()
    run_mended(net, S, right)


@pytest.mark.feature("Synapses")
@pytest.mark.parametrize("arguments, error, words", [
    (dict(on_pre=3), TypeError, "string"), (dict(on_pre={"pre": 3}), TypeError, "string"),
    (dict(on_pre="", on_event="burst"), ValueError, "burst"),
    (dict(on_pre={"source": ""}), ValueError, "source"), (dict(on_pre="", delay={"psot": 1 * ms}), ValueError, "psot"),
    (dict(connect=True), TypeError, "connect"),
    (dict(model="v : 1"), ValueError, "'v'"), (dict(model="delay : second"), SyntaxError, "delay"),
    (dict(model="i : 1"), SyntaxError, "'i'"),
    (dict(model="dw/dt = 1/ms : 1 (unless refractory)"), ValueError, "unless refractory"),
    (dict(source="A"), TypeError, ""), (dict(target=3), TypeError, "")])
def test_synapses_with_impossible_arguments_are_refused(arguments, error, words):
    A, B = pair()
    with pytest.raises(error) as caught:
        Synapses(**{"source": A, "target": B, **arguments})
    assert words in str(caught.value), str(caught.value)


@pytest.mark.feature("Synapses")
def test_pathway_from_a_group_without_threshold_is_refused():
    A = NeuronGroup(2, "v : volt")
    with pytest.raises(ValueError, match="threshold"):
        Synapses(A, A, on_pre="v += 1*mV")


CODE = [("x += 1*mV", DimensionMismatchError, "x += 1*mV"), ("y = x", KeyError, ""),
        ("x = z", KeyError, "x = z\n        ^"), ("x == 1", SyntaxError, "^"), ("N = 3", SyntaxError, "N = 3"),
        ("x = rand(3)", (SyntaxError, TypeError, ValueError), "rand"), ("x = x if x > 0 else 1", SyntaxError, "if"),
        ("x = [1]", SyntaxError, "^"), ("x = 'a'", SyntaxError, "^"),
        ("x = 1 < x < 3", SyntaxError, "<"), ("for k in x: x = 1", SyntaxError, "for")]


@pytest.mark.parametrize("code, error, line", [row for row in CODE if row[2]])
def test_mistake_in_regular_code_is_shown_and_can_be_mended(code, error, line):
    G = NeuronGroup(2, "x : 1", name="cells")
    G.run_regularly(code)
    net = Network(G, bystander())
    with pytest.raises(error) as caught:
        net.run(1 * ms)
    assert line in str(caught.value), str(caught.value)
    run_mended(net, G, NeuronGroup(2, "x : 1"))


@pytest.mark.feature("run")
@pytest.mark.parametrize("duration, error", [(-1 * ms, ValueError), (3, DimensionMismatchError),
                                             (3 * mV, DimensionMismatchError),
                                             ("3*ms", (TypeError, DimensionMismatchError)),
                                             (float("nan") * ms, ValueError), (float("inf") * ms, ValueError),
                                             ([1, 2] * ms, TypeError)])
def test_run_of_an_impossible_length_is_refused(duration, error):
    G = bystander()
    net = Network(G)
    with pytest.raises(error) as caught:
        net.run(duration)
    assert isinstance(caught.value, BrainsimError)
    net.run(0.2 * ms)
    assert G.n[0] == 2


def test_object_missing_from_a_network_is_named():
    A, B = pair()
    S = Synapses(A, B, on_pre="v += 1*mV")
    S.connect()
    M, T = SpikeMonitor(B), StateMonitor(A, "v", record=True)
    for objects, words in (((A, S), "synapses needs neurongroup_1"), ((A, M), "spikemonitor needs neurongroup_1"),
                           ((B, T), "statemonitor needs neurongroup")):
        with pytest.raises(ValueError, match=words):
            Network(*objects).run(0.1 * ms)
    Network(A, B, S, M, T).run(0.1 * ms)


def test_units_in_rates_and_currents_are_checked():
    with pytest.raises(DimensionMismatchError):
        PoissonGroup(3, 3 * second)
    G = NeuronGroup(1, "dv/dt = (g*(El - v) + I)/C : volt\nI : amp\nC : farad\nEl : volt\ng : siemens", method="euler")
    with pytest.raises(DimensionMismatchError):
        G.g = 3 * volt
    G.g, G.C, G.El = 3 * nS, 100e-12 * second * amp / volt, 1 * mV
    Network(G, PoissonGroup(1, 3 * Hz)).run(0.1 * ms)
    assert G.v[0] / mV == pytest.approx(3e-9 * 1e-3 / 100e-12 * 1e-4 / 1e-3)


def test_nonsense_in_arguments_is_refused():
    G = NeuronGroup(3, "v : 1", threshold="v > 1")
    S = Synapses(G, G, "w : 1", on_pre="v_post += w")
    for p, error in ((float("nan"), ValueError), (None, TypeError), ([0.1], TypeError),
                     (3 * mV, DimensionMismatchError)):
        with pytest.raises(error, match="^p is a "):
            S.connect(p=p)
    S.connect(p=2)
    assert len(S) == 9
    with pytest.raises(TypeError, match="reduce_noise.*\n.*'x'"):
        Synapses(G, G, "w : 1", on_pre="v_post += w", reduce_noise="x")
    with pytest.raises(KeyError, match="(?s)'vv'.*did you mean 'v'"):
        NeuronGroup(3, "v : 1", dtype={"vv": np.float32})
    for wrong in ("flot32", {"v": "flot32"}):
        with pytest.raises(TypeError, match="(?s)flot32.*did you mean 'float32'"):
            NeuronGroup(3, "v : 1", dtype=wrong)
