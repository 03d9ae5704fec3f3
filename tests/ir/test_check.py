"""Legal programs and their illegal twins; and what may be computed in any order."""
from __future__ import annotations

from dataclasses import replace

import pytest

from brainsim.ir.check import problems
from brainsim.ir.expressions import Call, Cast, dtype
from tests.programs import (
    ZERO,
    Append,
    Const,
    Draw,
    Events,
    FanOut,
    I,
    If,
    Let,
    Load,
    Local,
    Param,
    While,
    kernel,
    op,
    p,
    program,
    store,
    x,
    y,
)

POST = Load("S.post", I, "i4")
W = Load("S.w", I, "f8")
LOCAL = Local("l", "f8")


def test_a_legal_program_has_no_problems():
    assert problems(program(kernel(Let("l", x()), store("G.x", Local("l", "f8"))))) == []


def test_a_loop_may_change_what_it_is_repeated_for():
    assert problems(program(kernel(Let("l", x()),
                                   While(op(">", LOCAL, p("a")), (Let("l", op("*", LOCAL, Const(0.5))),)),
                                   store("G.x", LOCAL)))) == []


@pytest.mark.parametrize("wrong, word", [
    (kernel(store("G.z", x())), "unknown array G.z"),
    (kernel(store("G.x", Load("G.n", I, "f8"))), "array G.n is i4, used as f8"),
    (kernel(store("G.x", Local("l", "f8"))), "local l is used before it is set"),
    (kernel(If(op(">", x(), p("a")), (Let("l", x()),)), store("G.x", Local("l", "f8"))),
     "local l is used before it is set"),
    (kernel(store("G.x", p("c"))), "parameter c"),
    (kernel(store("G.x", op("@", x(), y()))), "unknown operator @"),
    (kernel(store("G.x", Call("cosine", (x(),)))), "unknown function cosine"),
    (kernel(store("G.x", x(), index=y())), "index into G.x is not an integer"),
    (kernel(Append("G.queue", ZERO, I)), "unknown queue G.queue"),
    (kernel(store("G.x", x()), domain=Events("G.queue", ZERO)), "unknown queue G.queue"),
    (kernel(store("G.x", x(), "~=")), "unknown assignment ~="),
    (kernel(While(op(">", x(), p("a")), (store("G.x", p("a")),))), "a condition that its body does not change"),
    (kernel(Let("l", x()), While(op(">", LOCAL, p("a")), (Let("m", LOCAL),))),
     "a condition that its body does not change"),
    (kernel(Let("l", x()), While(LOCAL, (Let("l", p("a")),))), "a condition that its body does not change"),
    (kernel(Let("l", x()), While(op(">", LOCAL, p("a")), (Let("l", p("a")), Append("G.spikes", ZERO, I)))),
     "a loop appends"),
    (kernel(Let("l", x()), While(op(">", LOCAL, p("a")), (Let("l", p("a")), Let("m", x()))),
            store("G.x", Local("m", "f8"))),
     "local m is used before it is set"),
], ids=lambda v: v if isinstance(v, str) else "")
def test_an_illegal_program_is_named(wrong, word):
    assert any(word in line for line in problems(program(wrong)))


def test_a_name_has_one_meaning():
    legal = program(kernel(store("G.x", p("a"))))
    twice = replace(legal, params=(*legal.params, ("G.x", "f8")))
    assert problems(legal) == [] and problems(twice) == ["G.x is declared twice"]
    same = [kernel(store("G.x", p("a")), name="one") for _ in range(2)]
    assert problems(program(*same)) == ["one: two kernels have this name"]


def test_one_stream_belongs_to_one_kernel():
    twice = [kernel(store("G.x", Draw("uniform", 3, I)), name=n) for n in ("one", "two")]
    assert problems(program(*twice)) == ["two: stream 3 is also drawn in one"]


@pytest.mark.parametrize("expression, kind", [
    (op("/", Const(7), Const(2)), "f8"), (op("//", Const(7), Const(2)), "i4"), (op("+", Const(1), Const(True)), "i4"),
    (op("<", Const(1.0), Const(2)), "b1"), (op("**", Const(2), Const(3)), "i4"),
    (op("**", Const(2), op("neg", Const(1))), "f8"),
    (Cast("i4", Const(2.5)), "i4"), (Param("n", "i8"), "i8"), (op("+", Param("n", "i8"), Const(1)), "i8"),
    (Const(2**40), "i8"),
])
def test_the_dtype_of_an_expression_follows_from_itself(expression, kind):
    assert dtype(expression) == kind


FAN = FanOut("G.spikes", ZERO, "S.starts")


@pytest.mark.parametrize("body, free", [
    ((store("G.x", W, "+=", POST),), True),
    ((store("G.x", op("neg", W), "+=", POST), store("S.w", p("a"))), True),
    ((store("G.x", W, "=", POST),), True),
    ((store("G.x", W, "+=", POST), store("S.w", x(POST))), False),
    ((store("G.x", op("*", x(POST), p("a")), "=", POST),), False),
    ((store("G.x", W, "+=", POST), store("G.x", W, "*=", POST)), False),
    ((store("S.w", op("*", W, p("a"))), store("G.x", W, "+=", POST)), True),
], ids=["sum", "sum of negatives", "last wins", "reads the sum", "reads what it writes", "sum and product",
        "own first"])
def test_order_matters_only_where_a_meeting_place_is_read(body, free):
    assert kernel(*body, domain=FAN).facts.order_free is free


def test_own_element_means_own_element():
    assert kernel(store("G.x", y())).facts.own_element
    assert not kernel(store("G.x", y(), index=ZERO)).facts.own_element
    assert not kernel(store("G.x", x(ZERO))).facts.own_element
