"""The loop plan: for every form of loop and every choice within it, the kernel before and the plan after, as text."""
from __future__ import annotations

from textwrap import dedent

import pytest

from brainsim import Network, NeuronGroup, ms, prefs
from brainsim.ir import text as words
from brainsim.ir.expressions import Call, Const, Draw, Keyed, Load, Local, Op, Param, Tick
from brainsim.ir.program import (
    Append,
    Array,
    Clear,
    Each,
    Events,
    FanOut,
    Host,
    If,
    Kernel,
    Let,
    Levels,
    Once,
    Program,
    Queue,
    RandomRows,
    Range,
    Store,
)
from brainsim.passes.merge import merge_equal
from brainsim.targets import loops
from brainsim.targets.loop_plan import plan
from brainsim.targets.templates import folder

I, J, ZERO = Local("i", "i4"), Local("j", "i4"), Const(0)   # noqa: E741
DT = Tick("clock", "dt")
V, POST, TRACE = Load("G.v", I, "f8"), Load("S.post", I, "i4"), Load("G.trace", J, "f8")
ABOVE = Op(">", (V, Const(1.0)))
SPIKE = If(ABOVE, (Append("G.spikes", ZERO, I), Store("G.v", I, "=", Const(0.0), "f8")))
NOISE = Draw("normal", 2, I)
SMALL = Call("exprel", (Op("*", (Load("G.a", I, "f8"), DT)),))
ROWS, ELSEWHERE = FanOut("S.due", ZERO, "S.starts"), FanOut("S.due", ZERO, "S.starts", "S.ids")
NUMBER = Keyed("normal", 1, Param("S.key", "i8"), J, Local("number", "i4"))


def v(value, op="="):
    return Store("G.v", I, op, value, "f8")


def kernel(domain, *body, prologue=()):
    return Kernel("k", "clock", domain, body, prologue)


def program(*kernels):
    arrays = (Array("G.v", "f8", "G"), Array("G.a", "f8", "G"), Array("G.trace", "f8", "G"), Array("S.w", "f8", "S"),
              Array("S.post", "i4", "S", "G"), Array("S.starts", "i4", "rows"), Array("S.ids", "i4", "S", "S"))
    return Program(("G", "S", "rows"), ("clock",), (("G.tau", "f8"), ("S.key", "i8")), arrays,
                   (Queue("G.spikes", "i4", "G"), Queue("S.due", "i4")), kernels)


FORMS = {
    "no loop": (kernel(Once(), Clear("G.spikes", ZERO)), """\
        k: once on clock
          clear G.spikes[0]""", """\
        k: once on clock
          clear G.spikes[0]"""),
    "Python": (kernel(Host()), "k: python on clock", "k: python on clock"),
    "all elements, in any order": (kernel(Each("G"), v(Op("*", (V, DT)))), """\
        k: each G on clock
          G.v[i] = (G.v[i] * clock.dt)""", """\
        k: each G on clock
          shared by elements, 6 operations each
          in any order
            G.v[i] = (G.v[i] * clock.dt)"""),
    "a range whose elements read one another": (kernel(Range(ZERO, Const(9)), v(Load("G.v", ZERO, "f8"))), """\
        k: range 0 to 9 on clock
          G.v[i] = G.v[0]""", """\
        k: range 0 to 9 on clock
          in order
            G.v[i] = G.v[0]"""),
    "sums over synapses: each thread adds to its own targets": (
        kernel(Each("S"), Store("G.v", POST, "+=", Load("S.w", I, "f8"), "f8")), """\
        k: each S on clock
          G.v[S.post[i]] += S.w[i]""", """\
        k: each S on clock
          shared by target S.post, 5 operations each
          in order
            G.v[S.post[i]] += S.w[i]"""),
    "random numbers: 64 at a time": (kernel(Each("G"), v(NOISE)), """\
        k: each G on clock
          G.v[i] = normal#2[i]""", """\
        k: each G on clock
          64 at a time, draws normal#2
          shared by elements, 15 operations each
          in any order
            G.v[i] = normal#2[i]"""),
    "what does not change during a run is computed once": (
        kernel(Each("G"), v(Local("decay", "f8"), "*="),
               prologue=(Let("decay", Call("exp", (Op("/", (DT, Param("G.tau", "f8"))),))),
                         Let("now", Op("*", (Local("decay", "f8"), Tick("clock", "t")))))), """\
        k: each G on clock
          | decay := exp((clock.dt / G.tau))
          | now := (decay * clock.t)
          G.v[i] *= decay""", """\
        k: each G on clock
          shared by elements, 23 operations each
          once for a run | decay := exp((clock.dt / G.tau))
          | now := (decay * clock.t)
          in any order
            G.v[i] *= decay"""),
    "a threshold: marks for a block, then the few": (kernel(Each("G"), SPIKE), """\
        k: each G on clock
          if (G.v[i] > 1.0)
            append G.spikes[0] i
            G.v[i] = 0.0""", """\
        k: each G on clock
          512 at a time
          shared by rare, 11 operations each
          room in G.spikes for 1 each
          few (G.v[i] > 1.0), listed
            append G.spikes[0] i
            G.v[i] = 0.0"""),
    "an update, then a threshold": (kernel(Each("G"), v(Op("*", (V, DT))), SPIKE), """\
        k: each G on clock
          G.v[i] = (G.v[i] * clock.dt)
          if (G.v[i] > 1.0)
            append G.spikes[0] i
            G.v[i] = 0.0""", """\
        k: each G on clock
          512 at a time
          shared by rare, 17 operations each
          room in G.spikes for 1 each
          in any order
            G.v[i] = (G.v[i] * clock.dt)
          few (G.v[i] > 1.0), listed
            append G.spikes[0] i
            G.v[i] = 0.0"""),
    "two queues in a branch: no lists to join": (
        kernel(Each("G"), If(ABOVE, (Append("G.spikes", ZERO, I), Append("S.due", ZERO, I)))), """\
        k: each G on clock
          if (G.v[i] > 1.0)
            append G.spikes[0] i
            append S.due[0] i""", """\
        k: each G on clock
          512 at a time
          room in G.spikes for 1 each
          room in S.due for 1 each
          few (G.v[i] > 1.0)
            append G.spikes[0] i
            append S.due[0] i"""),
    "small arguments of exprel: its own stage": (kernel(Each("G"), v(SMALL)), """\
        k: each G on clock
          G.v[i] = exprel((G.a[i] * clock.dt))""", """\
        k: each G on clock
          512 at a time, cut at multiples of 512
          shared by elements, 18 operations each
          in any order
            exprel@0_of := (G.a[i] * clock.dt)
          all exprel@0 := exprel(exprel@0_of)
          in any order
            G.v[i] = exprel@0"""),
    "bytes last": (kernel(Each("G"), Let("quiet", ABOVE), Store("G.still", I, "=", Local("quiet", "b1"), "b1"),
                          v(Const(0.0))), """\
        k: each G on clock
          quiet := (G.v[i] > 1.0)
          G.still[i] = quiet
          G.v[i] = 0.0""", """\
        k: each G on clock
          512 at a time
          shared by elements, 11 operations each
          in any order, keeps quiet
            quiet := (G.v[i] > 1.0)
            G.v[i] = 0.0
          in any order, takes quiet
            G.still[i] = quiet"""),
    "bytes go into the loop of the test": (
        kernel(Each("G"), Let("quiet", ABOVE), Store("G.still", I, "=", Local("quiet", "b1"), "b1"), v(Const(0.0)),
               SPIKE), """\
        k: each G on clock
          quiet := (G.v[i] > 1.0)
          G.still[i] = quiet
          G.v[i] = 0.0
          if (G.v[i] > 1.0)
            append G.spikes[0] i
            G.v[i] = 0.0""", """\
        k: each G on clock
          512 at a time
          shared by rare, 22 operations each
          room in G.spikes for 1 each
          in any order, keeps quiet
            quiet := (G.v[i] > 1.0)
            G.v[i] = 0.0
          in any order, takes quiet
            G.still[i] = quiet
          few (G.v[i] > 1.0), listed
            append G.spikes[0] i
            G.v[i] = 0.0"""),
    "events": (kernel(Events("G.spikes", ZERO), v(Const(0.0))), """\
        k: events G.spikes[0] on clock
          G.v[i] = 0.0""", """\
        k: events G.spikes[0] on clock
          in order
            G.v[i] = 0.0"""),
    "events of synapses, with functions: one at a time": (
        kernel(Events("S.due", ZERO), Store("G.v", POST, "+=", Call("exp", (Load("S.w", I, "f8"),)), "f8")), """\
        k: events S.due[0] on clock
          G.v[S.post[i]] += exp(S.w[i])""", """\
        k: events S.due[0] on clock
          shared by target S.post, 38 operations each
          one at a time
            G.v[S.post[i]] += exp(S.w[i])"""),
    "rows": (kernel(ROWS, Store("G.v", POST, "+=", Load("S.w", I, "f8"), "f8")), """\
        k: fan-out S.due[0] by S.starts on clock
          G.v[S.post[i]] += S.w[i]""", """\
        k: fan-out S.due[0] by S.starts on clock
          ahead S.post, ahead S.w
          shared by target S.post, 26 operations each
          in order
            G.v[S.post[i]] += S.w[i]"""),
    "rows of their own": (kernel(ROWS, Store("S.w", I, "*=", TRACE, "f8")), """\
        k: fan-out S.due[0] by S.starts on clock
          S.w[i] *= G.trace[j]""", """\
        k: fan-out S.due[0] by S.starts on clock
          ahead S.w
          shared by rows, 25 operations each
          in order
            S.w[i] *= G.trace[j]"""),
    "rows with functions of what no synapse changes": (
        kernel(ROWS, Store("S.w", I, "*=", Call("exp", (TRACE,)), "f8")), """\
        k: fan-out S.due[0] by S.starts on clock
          S.w[i] *= exp(G.trace[j])""", """\
        k: fan-out S.due[0] by S.starts on clock
          64 at a time, ahead S.w
          shared by rows, 37 operations each
          in order
            exp@0_of := G.trace[j]
          all exp@0 := exp(exp@0_of)
          in order
            S.w[i] *= exp@0"""),
    "powers among their arguments: one at a time": (
        kernel(ROWS, Store("G.v", POST, "+=", Call("exp", (Op("**", (TRACE, Load("S.w", I, "f8"))),)), "f8")), """\
        k: fan-out S.due[0] by S.starts on clock
          G.v[S.post[i]] += exp((G.trace[j] ** S.w[i]))""", """\
        k: fan-out S.due[0] by S.starts on clock
          64 at a time, ahead S.post, ahead S.w
          shared by target S.post, 41 operations each
          one at a time
            exp@0_of := (G.trace[j] ** S.w[i])
          all exp@0 := exp(exp@0_of)
          one at a time
            G.v[S.post[i]] += exp@0"""),
    "rows that lie elsewhere: the next members are asked for": (
        kernel(ELSEWHERE, Store("S.w", I, "*=", Const(0.5), "f8")), """\
        k: fan-out S.due[0] by S.starts through S.ids on clock
          S.w[i] *= 0.5""", """\
        k: fan-out S.due[0] by S.starts through S.ids on clock
          64 at a time, ahead S.ids, through S.w
          shared by rows, 24 operations each
          in order
            S.w[i] *= 0.5"""),
    "an index array in the order of the rows": (
        kernel(ELSEWHERE, Store("G.v", POST, "+=", Load("S.w", I, "f8"), "f8")), """\
        k: fan-out S.due[0] by S.starts through S.ids on clock
          G.v[S.post[i]] += S.w[i]""", """\
        k: fan-out S.due[0] by S.starts through S.ids on clock
          64 at a time, ahead S.ids, ahead @packed, through S.w, packed S.post
          in order
            G.v[@packed[@place]] += S.w[i]"""),
    "levels of trees": (kernel(Levels("S.starts"), v(Load("G.v", Load("G.parent", I, "i4"), "f8"), "+=")), """\
        k: levels S.starts on clock
          G.v[i] += G.v[G.parent[i]]""", """\
        k: levels S.starts on clock
          in order
            G.v[i] += G.v[G.parent[i]]"""),
    "random rows": (
        kernel(RandomRows("G.spikes", ZERO, Const(7), Const(100), "S.gaps", "S.guide"),
               Store("G.v", Local("column", "i4"), "+=", NUMBER, "f8")), """\
        k: random rows G.spikes[0] of 100 by S.gaps, 7 on clock
          G.v[column] += normal#1[j, number] by S.key""", """\
        k: random rows G.spikes[0] of 100 by S.gaps, 7 on clock
          draws normal#1 by its key
          G.v[column] += normal#1[j, number] by S.key"""),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_kernel_and_its_plan(form):
    k, before, after = FORMS[form]
    assert words.kernel(k) == dedent(before)
    assert loops.text(plan(program(k))) == dedent(after) + "\n"


def test_in_strict_arithmetic_every_statement_keeps_its_place():
    k = FORMS["small arguments of exprel: its own stage"][0]
    assert loops.text(plan(program(k), staged=False)) == dedent("""\
        k: each G on clock
          shared by elements, 18 operations each
          in any order
            G.v[i] = exprel((G.a[i] * clock.dt))
        """)


def test_kernels_that_are_equal_but_for_names_share_a_text():
    first, second = (Kernel(name, "clock", Once(), (Clear(queue, ZERO),))
                     for name, queue in (("a", "G.spikes"), ("b", "S.due")))
    assert loops.text(plan(merge_equal(program(first, second)))) == dedent("""\
        a: once on clock
          its text serves b
          clear G.spikes[0]
        b: once on clock
          the text of a
          clear S.due[0]
        """)


@pytest.mark.parametrize("name", sorted(f.name for f in (folder() / "c").glob("*.jinja")))
def test_a_form_of_loop_is_a_screenful(name):
    assert len((folder() / "c" / name).read_text("utf-8").splitlines()) <= 60


@pytest.mark.parametrize("target, shown", [("cython", "few (G.v[i] > 1), listed"), ("numpy", "if (G.v[i] > 1)")])
def test_users_see_how_each_loop_is_run(target, shown, fresh):
    prefs.codegen.target = target
    G = NeuronGroup(3, "dv/dt = -v/(10*ms) : 1", threshold="v > 1", reset="v = 0", method="exact", name="G")
    net = Network(G)
    net.run(0 * ms)
    assert shown in net.explain("plan")
