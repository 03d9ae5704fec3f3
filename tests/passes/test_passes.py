"""Each pass alone, as text before and text after; what it must leave alone stays as it is."""
from __future__ import annotations

from dataclasses import replace

import pytest

from brainsim.ir.check import problems
from brainsim.ir.expressions import Foreign, Slots, Tick
from brainsim.ir.program import Array, Clear, Host, Once, Queue
from brainsim.ir.text import program as text
from brainsim.passes import PASSES, optimise
from brainsim.passes.common import share_common
from brainsim.passes.cutoffs import compare_times
from brainsim.passes.deliver import ring_of_sums
from brainsim.passes.fuse import drop_idle, fuse_loops, fuse_resets
from brainsim.passes.hoist import hoist_invariants
from brainsim.passes.literals import lift_literals
from brainsim.passes.merge import merge_equal
from brainsim.passes.selects import branches_to_selects
from brainsim.passes.unread import drop_unread
from tests.programs import (
    ZERO,
    Append,
    Call,
    Const,
    Draw,
    Each,
    Events,
    FanOut,
    I,
    If,
    Let,
    Load,
    Local,
    Store,
    kernel,
    op,
    p,
    program,
    store,
    x,
    y,
)


def kernels(p_) -> str:
    """The text without declarations."""
    words = ("space", "clock", "param", "array", "queue")
    return "\n".join(line for line in text(p_).splitlines() if not line.startswith(words))


STEP, SLOTS = Tick("clock", "step"), Slots("S.due")
DECAY = Call("exp", (op("/", op("neg", Tick("clock", "dt")), p("tau")),))


def test_arithmetic_without_the_element_moves_in_front_of_the_loop():
    before = program(kernel(store("G.x", op("*", x(), DECAY))))
    after = hoist_invariants(before)
    assert kernels(after) == ("k: each G on clock\n"
                              "  | @0 := exp(((neg clock.dt) / tau))\n"
                              "  G.x[i] = (G.x[i] * @0)")
    assert problems(after) == []


@pytest.mark.parametrize("value", [op("*", x(), p("a")), op("+", Draw("uniform", 0, I), p("a")), Const(1.5)],
                         ids=["element", "draw", "number"])
def test_what_depends_on_the_element_or_is_nothing_stays(value):
    before = program(kernel(store("G.x", value)))
    assert hoist_invariants(before) == before


def test_a_local_set_twice_is_not_moved():
    before = program(kernel(Let("l", op("+", p("a"), p("b"))), store("G.x", Local("l", "f8")), Let("l", x()),
                            store("G.y", Local("l", "f8"))))
    after = hoist_invariants(before)
    assert [s.name for s in after.kernels[0].body if isinstance(s, Let)] == ["l", "l"]


def test_a_value_that_the_loop_writes_is_not_moved():
    before = program(kernel(store("G.x", op("+", x(ZERO), p("a")))))
    assert hoist_invariants(before) == before


def steps_since(time, add=1e-3):
    return Call("floor", (op("+", op("/", op("-", Tick("clock", "t"), time), Tick("clock", "dt")), Const(add)),))


WAIT = Call("floor", (op("+", op("/", p("tau"), Tick("clock", "dt")), Const(1e-3)),))


def test_steps_since_a_time_become_a_comparison_with_a_time():
    after = compare_times(program(kernel(store("G.x", op("select", op(">=", steps_since(y()), WAIT), x(),
                                                         Const(0.0))))))
    assert kernels(after) == ("k: each G on clock\n"
                              "  G.x[i] = (G.x[i] if (G.y[i] <= (clock.t - ((floor(((tau / clock.dt) + 0.001)) - "
                              "0.001) * clock.dt))) else 0.0)")
    assert problems(after) == []


@pytest.mark.parametrize("condition", [op(">=", steps_since(y()), p("tau")), op(">", steps_since(y()), WAIT),
                                       op(">=", steps_since(p("a")), WAIT),
                                       op(">=", steps_since(y()), Call("floor", (x(),)))],
                         ids=["no whole number", "greater", "no element", "per element"])
def test_other_comparisons_of_times_stay(condition):
    before = program(kernel(store("G.x", op("select", condition, x(), Const(0.0)))))
    assert compare_times(before) == before


def test_neighbouring_loops_over_their_own_elements_become_one():
    before = program(kernel(store("G.x", op("+", x(), p("a"))), name="first"), kernel(store("G.y", x()), name="second"))
    assert kernels(fuse_loops(before)) == ("first+second: each G on clock\n"
                                           "  G.x[i] = (G.x[i] + a)\n"
                                           "  G.y[i] = G.x[i]")


@pytest.mark.parametrize("second", [
    kernel(store("G.y", x(ZERO)), name="second"),
    kernel(Append("G.spikes", ZERO, I), name="second"),
    kernel(store("G.y", x()), name="second", domain=Events("G.spikes", ZERO)),
    kernel(store("S.w", p("a")), name="second", domain=Each("S")),
], ids=["another element", "appends", "events", "another space"])
def test_loops_that_may_notice_each_other_stay_apart(second):
    before = program(kernel(store("G.x", op("+", x(), p("a"))), name="first"), second)
    assert fuse_loops(before) == before


def test_a_threshold_joins_the_update_before_it_and_its_queue_is_cleared_first():
    update = kernel(store("G.x", op("+", x(), p("a"))), name="update")
    clear = kernel(Clear("G.spikes", ZERO), name="clear", domain=Once())
    threshold = kernel(If(op(">", x(), p("a")), (Append("G.spikes", ZERO, I),)), name="threshold")
    assert kernels(fuse_loops(program(update, clear, threshold))) == ("clear: once on clock\n"
                                                                     "  clear G.spikes[0]\n"
                                                                     "update+threshold: each G on clock\n"
                                                                     "  G.x[i] = (G.x[i] + a)\n"
                                                                     "  if (G.x[i] > a)\n"
                                                                     "    append G.spikes[0] i")


FOUND = If(op(">", x(), p("a")), (Append("G.spikes", ZERO, I),))
RESET = kernel(store("G.x", p("b")), Store("G.n", I, "+=", Const(1), "i4"), domain=Events("G.spikes", ZERO),
               name="reset")


def test_a_reset_is_done_where_the_spike_is_found():
    threshold, other = kernel(FOUND, name="threshold"), kernel(store("G.y", p("a"), index=ZERO),
                                                               domain=Events("G.spikes", ZERO), name="synapses")
    after = fuse_resets(program(threshold, other, RESET))
    assert kernels(after) == ("threshold+reset: each G on clock\n"
                              "  if (G.x[i] > a)\n"
                              "    append G.spikes[0] i\n"
                              "    G.x[i] = b\n"
                              "    G.n[i] += 1\n"
                              "synapses: events G.spikes[0] on clock\n"
                              "  G.y[0] = a")
    assert problems(after) == []


@pytest.mark.parametrize("between", [
    kernel(store("G.x", p("a"), "+=", ZERO), domain=Events("G.spikes", ZERO), name="synapses"),
    kernel(store("G.y", x()), name="looks"),
    kernel(Clear("G.spikes", ZERO), domain=Once(), name="clear"), kernel(domain=Host(), name="operation"),
], ids=["writes", "reads", "clears", "python"])
def test_a_reset_waits_for_what_looks_at_it(between):
    before = program(kernel(FOUND, name="threshold"), between, RESET)
    assert fuse_resets(before) == before


@pytest.mark.parametrize("reset", [
    kernel(store("G.x", p("b"), index=ZERO), domain=Events("G.spikes", ZERO), name="reset"),
    kernel(store("G.x", y(ZERO)), store("G.y", p("a")), domain=Events("G.spikes", ZERO), name="reset"),
    kernel(store("G.x", Draw("uniform", 0, I)), domain=Events("G.spikes", ZERO), name="reset"),
    kernel(store("G.x", p("b")), domain=Events("G.spikes", STEP), name="reset"),
], ids=["another element", "reads another", "draws", "another slot"])
def test_a_reset_that_reaches_further_stays(reset):
    before = program(kernel(FOUND, name="threshold"), reset)
    assert fuse_resets(before) == before


def test_a_branch_becomes_a_selection():
    before = program(kernel(If(op(">", y(), p("a")), (store("G.x", p("b")), Store("G.n", I, "+=", Const(1), "i4")))))
    after = branches_to_selects(before)
    assert kernels(after) == ("k: each G on clock\n"
                              "  G.x[i] = (b if (G.y[i] > a) else G.x[i])\n"
                              "  G.n[i] = ((G.n[i] + 1) if (G.y[i] > a) else G.n[i])")
    assert problems(after) == []


@pytest.mark.parametrize("branch", [
    If(op(">", x(), p("a")), (store("G.x", p("b")), store("G.y", p("b")))),
    If(op(">", x(), p("a")), (store("G.y", y(Load("G.n", I, "i4"))),)),
    If(op(">", p("b"), p("a")), (store("G.y", p("b")),)),
    FOUND,
], ids=["changes its condition", "may read out of bounds", "same for all", "appends"])
def test_a_branch_that_is_needed_stays(branch):
    before = program(kernel(branch))
    assert branches_to_selects(before) == before


def test_what_nobody_uses_is_not_computed():
    before = program(kernel(Let("l", DECAY), Let("m", x()), Let("l", op("*", Local("m", "f8"), p("a"))),
                            store("G.y", p("a")), store("G.x", p("b")),
                            store("G.y", Local("m", "f8"))))
    after = drop_unread(before)
    assert kernels(after) == ("k: each G on clock\n"
                              "  m := G.x[i]\n"
                              "  G.x[i] = b\n"
                              "  G.y[i] = m")
    assert problems(after) == []
    assert [a.name for a in after.arrays] == ["G.x", "G.y"]


@pytest.mark.parametrize("body", [
    (store("G.y", p("a")), store("G.x", y()), store("G.y", p("b"))), (store("G.y", p("a")), store("G.y", p("b"), "+=")),
    (store("G.y", p("a")), If(op(">", x(), p("a")), (store("G.y", p("b")),))),
    (store("G.y", p("a")), store("G.y", p("b"), index=ZERO)),
    (Let("l", p("a")), If(op(">", x(), p("a")), (Let("l", p("b")),)), store("G.y", Local("l", "f8"))),
    (Let("l", Foreign("f", (x(),), "f8")),),
], ids=["read in between", "added to", "sometimes", "elsewhere", "local of a branch", "python"])
def test_what_somebody_uses_stays(body):
    before = program(kernel(*body))
    assert drop_unread(before).kernels == before.kernels


def test_kernels_that_are_equal_but_for_names_are_noted():
    after = merge_equal(program(kernel(store("G.x", op("*", x(), p("a"))), name="one"),
                                kernel(store("G.y", op("*", y(), p("b"))), name="two")))
    assert kernels(after) == ("one: each G on clock\n"
                              "  G.x[i] = (G.x[i] * a)\n"
                              "two: each G on clock, like one\n"
                              "  G.y[i] = (G.y[i] * b)")
    assert problems(after) == []


@pytest.mark.parametrize("other", [
    kernel(store("G.x", op("*", y(), p("a"))), name="two"), kernel(store("G.y", op("/", y(), p("b"))), name="two"),
    kernel(Store("G.n", I, "=", op("*", Load("G.n", I, "i4"), p("b")), "i4"), name="two"),
    kernel(store("G.y", op("*", y(), Tick("clock", "dt"))), name="two"),
    kernel(store("G.y", op("*", y(), p("b"))), name="two", domain=Events("G.spikes", ZERO)),
    kernel(store("G.y", op("*", y(), p("b")), index=ZERO), name="two"),
], ids=["other arrays", "operation", "dtype", "time step", "domain", "place"])
def test_kernels_that_differ_in_more_than_names_stay_apart(other):
    before = program(kernel(store("G.x", op("*", x(), p("a"))), name="one"), other)
    assert merge_equal(before) == before


def test_locals_of_fused_loops_do_not_meet():
    one = kernel(Let("l", x()), store("G.x", op("*", Local("l", "f8"), p("a"))), name="first")
    two = kernel(Let("l", y()), store("G.y", op("*", Local("l", "f8"), p("a"))), name="second")
    fused = fuse_loops(program(one, two)).kernels[0]
    assert len({s.name for s in fused.body if isinstance(s, Let)}) == 2


def test_kernels_without_a_body_are_dropped():
    assert drop_idle(program(kernel(), kernel(store("G.x", y())))).kernels == (kernel(store("G.x", y())),)


def test_literals_become_parameters_and_keep_their_values():
    before = program(kernel(store("G.x", op("+", op("*", Const(0.3), x()), op("**", y(), Const(2.5))))))
    after, values = lift_literals(before)
    assert kernels(after) == ("k: each G on clock\n"
                              "  G.x[i] = ((@literals.0 * G.x[i]) + (G.y[i] ** 2.5))")
    assert values == {"@literals.0": 0.3}
    other, _ = lift_literals(
        program(kernel(store("G.x", op("+", op("*", Const(0.7), x()), op("**", y(), Const(2.5)))))))
    assert other == after


def pathway(weight, crowded: bool = True):
    """A queue per step for synapses, as lowering makes it."""
    now, later = op("%", STEP, SLOTS), op("+", Load("S.steps", I, "i4"), STEP)
    made = program(
        kernel(Append("S.due", later, I), domain=FanOut("G.spikes", ZERO, "S.starts"), name="push"),
        kernel(store("G.x", weight, "+=", Load("S.post", I, "i4")), domain=Events("S.due", now), name="arrive"),
        kernel(Clear("S.due", now), domain=Once(), name="retire"))
    return replace(made, arrays=(*made.arrays, Array("S.steps", "i4", "S")),
                   queues=(*made.queues, Queue("S.due", "i4", "S", crowded)))


def test_what_is_only_added_is_added_up_on_the_way():
    after = ring_of_sums(pathway(Load("S.w", I, "f8")))
    assert kernels(after) == ("flight S.due as S.@recent and S.@sums0\n"
                              "S.@recent.clear: once on clock\n"
                              "  clear S.@recent[(clock.step % S.due.@slots)]\n"
                              "S.@recent: events G.spikes[0] on clock\n"
                              "  append S.@recent[(clock.step % S.due.@slots)] i\n"
                              "push: fan-out G.spikes[0] by S.starts on clock\n"
                              "  S.@sums0[(((S.steps[i] + clock.step) * G.@size) + S.post[i])] += S.w[i]\n"
                              "arrive: each G on clock\n"
                              "  G.x[i] = (G.x[i] + S.@sums0[(((clock.step % S.due.@slots) * G.@size) + i)])\n"
                              "  S.@sums0[(((clock.step % S.due.@slots) * G.@size) + i)] = 0.0\n"
                              "retire: once on clock\n"
                              "  clear S.due[(clock.step % S.due.@slots)]")
    assert problems(after) == []


@pytest.mark.parametrize("before", [
    pathway(Load("S.w", I, "f8"), crowded=False), pathway(Tick("clock", "t")), pathway(x(Load("S.post", I, "i4"))),
    pathway(Draw("uniform", 0, I)),
    pathway(op("*", Load("S.w", I, "f8"), p("a")))], ids=["few events", "time", "reads the target", "draw", "rounds"])
def test_what_is_known_only_at_arrival_waits_for_it(before):
    assert problems(before) == []
    assert ring_of_sums(before) == before


@pytest.mark.parametrize("name", PASSES)
def test_a_pass_leaves_a_legal_program_legal(name):
    before = program(kernel(Let("l", op("*", DECAY, x())), store("G.x", Local("l", "f8")), name="a"),
                     kernel(store("G.y", op("-", y(), p("b"))), name="b"))
    assert problems(before) == []
    assert problems(optimise(before, (name,))) == []


TWICE = op("*", op("+", x(), p("a")), p("b"))


def test_what_is_computed_twice_is_computed_once():
    before = program(kernel(store("G.x", op("+", TWICE, p("a"))), store("G.y", TWICE)))
    # the second use is another value: G.x has changed in between
    assert share_common(before) == before
    before = program(kernel(store("G.y", op("+", TWICE, p("a"))), store("G.x", TWICE)))
    after = share_common(before)
    assert kernels(after) == ("k: each G on clock\n"
                              "  @c0 := ((G.x[i] + a) * b)\n"
                              "  G.y[i] = (@c0 + a)\n"
                              "  G.x[i] = @c0")
    assert problems(after) == []


def test_two_draws_are_never_one():
    draw = op("+", op("*", Draw("uniform", 0, I), p("a")), p("b"))
    before = program(kernel(store("G.x", draw), store("G.y", draw)))
    assert share_common(before) == before


def test_a_single_operation_is_not_worth_a_name():
    before = program(kernel(store("G.y", op("+", x(), p("a"))), store("G.x", op("+", x(), p("a")))))
    assert share_common(before) == before


def test_the_report_says_what_each_pass_did():
    report = []
    optimise(program(kernel(store("G.x", op("*", x(), DECAY)))), report=report)
    idle = [f"{name}: nothing to do" for name in PASSES]
    idle[
        list(PASSES).index(
            "hoist_invariants")] = "hoist_invariants: operations per element 4 → 1, functions per element 1 → 0\n    k"
    idle[list(PASSES).index("drop_unread")] = "drop_unread: arrays 6 → 1"
    assert report == idle
