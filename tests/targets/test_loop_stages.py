"""Loops divided into stages: what goes where, the same values to a few units in the last place, the same bits for any
number of threads."""
from __future__ import annotations

import numpy as np
import pytest

from brainsim import Network, NeuronGroup, SpikeGeneratorGroup, SpikeMonitor, Synapses, ms, prefs, seed
from brainsim.ir.expressions import Call, Const, Draw, Load, Local, Op, Tick
from brainsim.ir.program import Append, If, Let, Store, While
from brainsim.targets import cython_module
from brainsim.targets.compiler import find_compiler
from brainsim.targets.contract import Missing
from brainsim.targets.loop_stages import BLOCK, Stages, row_stages, stages

I = Local("i", "i4")   # noqa: E741
DT = Tick("clock", "dt")
V, A, NR = Load("v", I, "f8"), Load("a", I, "f8"), Load("active", I, "b1")
LATE = Op(">", (V, Const(0.0)))


def exprel(x):
    return Call("exprel", (x,))


def store(array, value, t="f8"):
    return Store(array, I, "=", value, t)


def test_arguments_come_first_then_the_function_then_the_rest():
    body = (Let("rate", Op("neg", (A,))), Let("share", exprel(Op("*", (Local("rate", "f8"), DT)))),
            store("v", Op("+", (V, Op("*", (Local("share", "f8"), Local("rate", "f8")))))))
    found = stages(body, (), "clock")
    assert found is not None
    (value, argument, _), = found.calls
    assert found.first == (body[0], Let(argument, Op("*", (Local("rate", "f8"), DT))))
    assert found.second == (Let("share", Local(value, "f8")), body[2])
    assert found.kept[0] == {"rate": "f8"}


def test_the_time_step_counts_through_locals_of_the_prologue():
    body = (store("v", exprel(Op("*", (A, Local("step", "f8"))))),)
    found = stages(body, (Let("step", Op("*", (DT, Const(2.0)))),), "clock")
    assert found is not None and len(found.calls) == 1
    assert stages(body, (Let("step", Const(2.0)),), "clock") is None


def test_a_function_of_what_the_loop_has_changed_stays_where_it_is():
    x = Op("*", (V, DT))
    body = (store("w", exprel(Op("*", (A, DT)))), store("v", A), store("u", exprel(x)))
    found = stages(body, (), "clock")
    assert found is not None and len(found.calls) == 1 and found.second[-1] == body[-1]


def test_the_same_words_after_a_change_are_another_value():
    small = exprel(Op("*", (A, DT)))
    found = stages((store("v", small), store("a", Const(1.0)), store("u", small)), (), "clock")
    assert found is not None and len(found.calls) == 1 and found.second[-1] == store("u", small)


def test_functions_in_branches_and_loops_of_their_own_stay():
    small = exprel(Op("*", (A, DT)))
    assert stages((If(LATE, (store("v", small),)),), (), "clock") is None
    assert stages((store("v", small), While(LATE, (store("w", Const(1.0)),))), (), "clock") is None


def test_bytes_are_stored_last_unless_somebody_reads_them():
    body = (store("active", LATE, "b1"), store("v", Const(0.0)))
    found = stages(body, (), "clock")
    assert found is not None and len(found.bytes) == 1 and found.bytes[0].array == "active"
    assert found.second[0] == Let(found.bytes[0].value.name, LATE)      # of v before it changes
    assert stages((*body, If(NR, (store("u", Const(1.0)),))), (), "clock") is None
    assert stages(body[:1], (), "clock") is None                     # nothing but bytes: nothing to gain


def test_a_kept_value_is_that_of_its_statement():
    body = (Let("x", LATE), store("active", Local("x", "b1"), "b1"), Let("x", Const(True)), store("v", Const(1.0)))
    found = stages(body, (), "clock")
    assert isinstance(found, Stages) and found.bytes[0].value != Local("x", "b1")


POST = Load("post", I, "i4")
TRACE = Load("trace", POST, "f8")


def exp(x):
    return Call("exp", (x,))


def test_synapses_of_a_row_share_functions_of_what_they_do_not_change():
    body = (Let("now", Op("*", (exp(Op("*", (TRACE, DT))), V))), Store("g", POST, "+=", Load("w", I, "f8"), "f8"),
            Store("w", I, "+=", Local("now", "f8"), "f8"))
    found = row_stages(body)
    assert found is not None and [function for _, _, function in found.calls] == ["exp"]
    assert len(found.first) == 1 and len(found.second) == 3


def test_what_other_synapses_change_is_computed_in_turn():
    assert row_stages((Store("trace", POST, "+=", exp(TRACE), "f8"),)) is None
    own = (Store("w", I, "=", exp(Load("w", I, "f8")), "f8"),)
    assert row_stages(own) is not None
    twice = row_stages((*own, Store("u", I, "=", exp(Load("w", I, "f8")), "f8")))
    assert twice is not None and len(twice.calls) == 1
    assert twice.second[1] == Store("u", I, "=", exp(Load("w", I, "f8")), "f8")
    assert row_stages((Let("x", TRACE), Store("trace", POST, "+=", exp(Local("x", "f8")), "f8"))) is None


def test_random_numbers_and_functions_of_the_user_are_not_computed_together():
    assert row_stages((Store("w", I, "=", exp(Draw("uniform", 0, I)), "f8"),)) is None
    assert row_stages((Store("w", I, "=", exp(V), "f8"), Append("q", Const(0), I))) is None


needs_compiler = pytest.mark.skipif(isinstance(find_compiler(), Missing), reason="no C compiler")


@needs_compiler
@pytest.mark.parametrize("low, high", [(-1.0, 0.125), (-30.0, 3.0), (-1e-15, 1e-15)])
def test_values_are_right_to_four_units_in_the_last_place(low, high, fresh):
    prefs.codegen.target, prefs.codegen.math = "cython", "fast"
    x = np.append(np.linspace(low, high, 20011), [low, high, 0])
    G = NeuronGroup(len(x), "x : 1\ny : 1", name="G")
    G.x = x
    G.run_regularly("y = exprel(x*(10*dt/ms))")
    Network(G).run(0.1*ms)
    large = x.astype(np.longdouble)
    true = np.where(x == 0, np.longdouble(1), np.expm1(large) / np.where(x == 0, np.longdouble(1), large))
    assert np.max(np.abs(G.y[:] - true) / np.spacing(true.astype(float)).astype(np.longdouble)) <= 4


@needs_compiler
def test_infinities_and_nan_stay_in_their_elements(fresh):
    prefs.codegen.target, prefs.codegen.math = "cython", "fast"
    G = NeuronGroup(3 * BLOCK, "x : 1\ny : 1", name="G")
    G.x = -0.5
    G.x[[5, 6, 7]] = np.array([np.inf, -np.inf, np.nan])
    G.run_regularly("y = exprel(x*(10*dt/ms))")
    Network(G).run(0.1*ms)
    np.testing.assert_array_equal(G.y[:8][5:], [np.nan, 0, np.nan])
    np.testing.assert_allclose(np.delete(G.y[:], [5, 6, 7]), np.expm1(-0.5) / -0.5, rtol=1e-15)


def spiking(n):
    """Conductances from nothing to a thousand times the leak: small arguments in some blocks, large ones in others."""
    G = NeuronGroup(n, """dv/dt = (g*(1.5 - v) - v)/(10*ms) : 1 (unless refractory)
                          dg/dt = -g/(50*ms) : 1""", threshold="v > 1", reset="v = 0", refractory=2*ms,
                    method="exponential_euler", name="G")
    G.g = "(i % 700)*0.02 + 1000*int(i > 1500)"
    G.v = "i/N"
    S = SpikeMonitor(G, name="S")
    return Network(G, S), G, S


@needs_compiler
@pytest.mark.parametrize("threads", [2, 3, 5])
@pytest.mark.parametrize("n", [300, 1023, 2700])
def test_any_number_of_threads_gives_the_same_bits(n, threads, monkeypatch, fresh):
    monkeypatch.setattr(cython_module, "LEAST_WORK", -1)     # share everything, however small
    prefs.codegen.target, prefs.codegen.math = "cython", "fast"
    found = []
    for k in (1, threads):
        prefs.codegen.threads = k
        net, G, S = spiking(n)
        net.run(20*ms)
        found.append((G.v[:], G.g[:], G.lastspike[:], G.not_refractory[:], S.i[:], S.t[:]))
    assert len(found[0][4]) > n / 4
    for a, b in zip(*found):
        np.testing.assert_array_equal(a, b)


@needs_compiler
def test_fast_and_strict_agree(fresh):
    prefs.codegen.target = "cython"
    found = []
    for math in ("strict", "fast"):
        prefs.codegen.math = math
        net, G, S = spiking(2700)
        net.run(20*ms)
        found.append((G.v[:], G.g[:], G.lastspike[:], G.not_refractory[:], S.i[:], S.t[:]))
    for strict, fast in zip(*found):
        np.testing.assert_allclose(np.asarray(fast), np.asarray(strict), rtol=1e-10, atol=1e-12)


def plastic(order):
    """Rows of 1 to 150 synapses, stored in a random order or in that of the sources; both sides spike, and everything
    decays."""
    rng = np.random.default_rng(1)
    i, j = np.nonzero(rng.random((151, 90)) < np.linspace(0.01, 1, 151)[:, None])
    if order == "random":
        mixed = rng.permutation(len(i))
        i, j = i[mixed], j[mixed]
    steps = np.arange(0.5, 200, 5)*0.1*ms      # ten of each group at a time
    pre = SpikeGeneratorGroup(151, np.concatenate([rng.choice(151, 10, False) for _ in steps]), np.repeat(steps, 10),
                              name="pre")
    post = SpikeGeneratorGroup(90, np.concatenate([rng.choice(90, 10, False) for _ in steps]), np.repeat(steps, 10),
                               name="post")
    G = NeuronGroup(90, "g : 1", name="G")
    S = Synapses(pre, G, """w : 1
                            kappa : 1
                            dx/dt = -x/(20*ms) : 1 (event-driven)
                            dy/dt = -y/(5*ms) : 1 (event-driven)""",
                 on_pre="""g_post += w
                           x += 0.01
                           w = clip(w - y*exp(-kappa*w), 0, 1)""", name="S")
    S.connect(i=i, j=j)
    S.w = "rand()"
    S.kappa = "2*rand()"
    T = Synapses(pre, post, """u : 1
                               dz/dt = -z/(20*ms) : 1 (event-driven)""", on_pre="z += 0.1", on_post="u = u*exp(-u) + z",
                 name="T")
    T.connect(i=i, j=j)
    return Network(pre, post, G, S, T), G, S, T


@needs_compiler
@pytest.mark.parametrize("order", ["sources", "random"])
def test_rows_give_the_same_bits_for_any_number_of_threads_and_agree_with_strict(order, monkeypatch, fresh):
    monkeypatch.setattr(cython_module, "LEAST_WORK", -1)
    prefs.codegen.target = "cython"
    found = {}
    for math, threads in (("fast", 1), ("fast", 2), ("fast", 5), ("strict", 1)):
        prefs.codegen.math, prefs.codegen.threads = math, threads
        seed(3)
        net, G, S, T = plastic(order)
        net.run(20*ms)
        found[math, threads] = [G.g[:], S.w[:], S.x[:], S.y[:], T.u[:], T.z[:]]
    assert np.ptp(found["strict", 1][4]) > 0 and np.ptp(found["strict", 1][1]) > 0
    for one, two, five, strict in zip(*found.values()):
        np.testing.assert_array_equal(two, one)
        np.testing.assert_array_equal(five, one)
        np.testing.assert_allclose(one, strict, rtol=1e-11, atol=1e-13)


@needs_compiler
@pytest.mark.parametrize("code", ["u_post += exp(-w)", "u_post += w; w = log(1 + exp(-w)) + 0.1",
                                  "u_post += 0.01*sin(w)", "u_post += exp(w)*exp(w)",
                                  "x = w**1.3; u_post += x*exp(-x)"])
def test_functions_of_long_rows_have_the_same_bits_wherever_threads_cut_them(code, monkeypatch, fresh):
    monkeypatch.setattr(cython_module, "LEAST_WORK", -1)
    prefs.codegen.target, prefs.codegen.math = "cython", "fast"
    found = []
    for threads in (1, 2, 3, 7):
        prefs.codegen.threads = threads
        seed(1)
        G = SpikeGeneratorGroup(60, np.arange(60), np.full(60, 0.1)*ms, name="G")
        H = NeuronGroup(701, "u : 1", name="H")
        S = Synapses(G, H, "w : 1", on_pre=code, name="S")
        S.connect(p=0.9)
        S.w = "3*rand()"
        Network(G, H, S).run(0.3*ms)
        found.append((S.w[:], H.u[:]))
    assert np.ptp(found[0][1]) > 0
    for w, u in found[1:]:
        np.testing.assert_array_equal(w, found[0][0])
        np.testing.assert_array_equal(u, found[0][1])


@needs_compiler
def test_synapses_made_between_runs_are_found_in_the_rows(fresh):
    prefs.codegen.target = "cython"
    ends = []
    for pieces in ([range(5), range(5, 9)], [range(9)]):
        pre = SpikeGeneratorGroup(9, range(9), [1]*9*ms, name="pre")
        post = SpikeGeneratorGroup(1, [0, 0], [2, 6]*ms, name="post")
        S = Synapses(pre, post, """u : 1
                                   dz/dt = -z/(20*ms) : 1 (event-driven)""", on_pre="z += 1", on_post="u += z + i",
                     name="S")
        net = Network(pre, post, S)
        for k, sources in enumerate(pieces):
            S.connect(i=list(reversed(sources)), j=0)
            net.run(4*ms)
        if len(pieces) == 1:
            net.run(4*ms)
        order = np.argsort(S.i[:])
        ends.append((S.i[:][order], S.u[:][order]))
    np.testing.assert_array_equal(ends[0][0], ends[1][0])
    np.testing.assert_allclose(ends[0][1][:5], ends[1][1][:5], rtol=1e-12)
    # there for the second spike only, and without a spike of their own
    assert (ends[0][1][5:] == np.arange(5, 9)).all()
