"""Single precision is a rule about meaning: which operations are done in float32, and which are not."""
import pytest

from brainsim.ir.check import problems
from brainsim.ir.expressions import Call, Cast, Const, Draw, Load, Local, Op, Param, Tick, dtype
from brainsim.ir.program import Array, Each, Kernel, Let, Program, Store
from brainsim.lowering.precision import in_single

I = Local("i", "i4")   # noqa: E741
V, LAST, TAU = Load("G.v", I, "f4"), Load("G.last", I, "f8"), Param("tau", "f8")
T, DT = Tick("clock", "t"), Tick("clock", "dt")


def program(*body):
    return Program(("G",), ("clock",), (("tau", "f8"),), (Array("G.v", "f4", "G"), Array("G.last", "f8", "G")), (),
                   (Kernel("k", "clock", Each("G"), body),))


def narrowed(value):
    """What becomes of an expression stored into the single G.v."""
    made = in_single(program(Store("G.v", I, "=", value, "f4")))
    assert not problems(made)
    return made.kernels[0].body[0].value


def f4(e):
    return Cast("f4", e)


@pytest.mark.parametrize("before, after", [
    (Op("*", (V, Const(2.5))), Op("*", (V, f4(Const(2.5))))),
    (Op("/", (V, TAU)), Op("/", (V, f4(TAU)))),
    # what scalars make is worked out in double
    (Op("*", (V, Op("/", (DT, TAU)))), Op("*", (V, f4(Op("/", (DT, TAU)))))),
    (Op("+", (V, Draw("normal", 0, I))), Op("+", (V, f4(Draw("normal", 0, I))))),
    (Op("+", (V, I)), Op("+", (V, f4(I)))),
    (Op("**", (V, Const(3))), Op("**", (V, Const(3)))),
    (Call("exp", (Op("*", (V, TAU)),)), Call("exp", (Op("*", (V, f4(TAU))),))),
    (Call("clip", (V, Const(0.0), Const(1.0))), Call("clip", (V, f4(Const(0.0)), f4(Const(1.0))))),
    (Op("*", (V, Call("sin", (Op("*", (T, TAU)),)))), Op("*", (V, f4(Call("sin", (Op("*", (T, TAU)),)))))),
    (Op("%", (V, TAU)), f4(Op("%", (Cast("f8", V), Cast("f8", f4(TAU)))))),
])
def test_constants_numbers_and_draws_become_single_where_they_meet_a_single(before, after):
    assert narrowed(before) == after and dtype(after) == "f4"


@pytest.mark.parametrize("value", [Op("*", (V, LAST)), Op("-", (T, LAST)), Op("*", (V, Op("-", (T, LAST)))),
                                   Op("+", (V, T)), Op(">", (Op("-", (T, LAST)), TAU))])
def test_variables_in_double_and_the_time_stay_double_with_all_that_is_computed_with_them(value):
    assert narrowed(value) == value


def test_comparisons_are_in_single():
    assert narrowed(Op(">", (V, TAU))) == Op(">", (V, f4(TAU)))


def test_locals_take_the_precision_of_their_values():
    made = in_single(program(Let("a", Cast("f8", Op("*", (V, TAU)))), Let("b", Op("/", (DT, TAU))),
                             Store("G.v", I, "=", Op("*", (Local("a", "f8"), Local("b", "f8"))), "f4")))
    a, b, store = made.kernels[0].body
    assert dtype(a.value) == "f4" and dtype(b.value) == "f8"
    assert store.value == Op("*", (Local("a", "f4"), f4(Local("b", "f8"))))


def test_a_local_that_is_set_again_keeps_its_type():
    made = in_single(program(Let("a", Cast("f8", V)), Let("a", Op("*", (Local("a", "f8"), TAU))),
                             Store("G.v", I, "=", Local("a", "f8"), "f4")))
    assert [dtype(s.value) for s in made.kernels[0].body] == ["f8", "f8", "f8"]


def test_a_program_in_double_is_left_as_it_is():
    same = Program(("G",), ("clock",), (("tau", "f8"),), (Array("G.last", "f8", "G"),), (),
                   (Kernel("k", "clock", Each("G"), (Store("G.last", I, "=", TAU, "f8"),)),))
    assert in_single(same) is same
