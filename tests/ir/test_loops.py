"""A loop within a kernel: every element goes round as often as its own condition says, on every target."""
from __future__ import annotations

import numpy as np
import pytest

from brainsim.ir.check import problems
from brainsim.ir.program import Each, If, Once, Range
from brainsim.ir.state import QueueState, State
from brainsim.ir.text import kernel as kernel_text
from brainsim.passes import optimise
from brainsim.targets.cython_module import CythonTarget
from brainsim.targets.interpreter import Interpreter
from brainsim.targets.numpy_arrays import NumpyTarget
from tests.programs import ZERO, Const, I, Let, Load, Local, Store, While, kernel, op, p, program, store, x, y

TARGETS = {"interpreter": Interpreter(), "numpy": NumpyTarget(), "cython": CythonTarget("strict")}
L, N = Local("l", "f8"), Local("n", "i4")
#: Euclid by subtraction would do too; this halves x until it is below a, and counts
HALVE = (Let("l", x()), Let("n", Const(0)),
         While(op(">", L, p("a")), (Let("half", op("/", L, Const(2.0))), Let("l", Local("half", "f8")),
                                    Let("n", op("+", N, Const(1))))),
         store("G.x", L), Store("G.n", I, "=", N, "i4"))


def run(target, *kernels, optimised=False):
    made = program(*kernels)
    assert problems(made) == []
    made = optimise(made) if optimised else made
    sizes = {"G": 5, "S": 1, "rows": 2}
    arrays = {"G.x": np.array([1.0, 100.0, 3.0, 0.1, 17.0]), "G.y": np.zeros(5), "G.n": np.zeros(5, np.int32),
              "S.post": np.zeros(1, np.int32),
              "S.w": np.zeros(1), "S.starts": np.zeros(2, np.int32)}
    state = State(made, sizes, {"a": 1.0, "b": 2.0, "tau": 3.0}, arrays, {"G.spikes": QueueState.empty("i4")})
    state.end[:] = 1
    executable = TARGETS[target].build(made, TARGETS[target].write(made))
    executable.bind(state)
    executable.advance(state, 1)
    return arrays


@pytest.mark.parametrize("optimised", [False, True])
@pytest.mark.parametrize("target", TARGETS)
def test_every_element_goes_round_as_often_as_it_needs(target, optimised):
    found = run(target, kernel(*HALVE), optimised=optimised)
    np.testing.assert_array_equal(found["G.n"], [0, 7, 2, 0, 5])
    np.testing.assert_array_equal(found["G.x"], [1.0, 100 / 128, 0.75, 0.1, 17 / 32])


@pytest.mark.parametrize("target", TARGETS)
def test_a_loop_in_a_part_of_a_space(target):
    found = run(target, kernel(*HALVE, domain=Range(Const(1), Const(3))))
    np.testing.assert_array_equal(found["G.n"], [0, 7, 2, 0, 0])


@pytest.mark.parametrize("target", TARGETS)
def test_a_loop_within_a_condition(target):
    found = run(target, kernel(If(op(">", x(), Const(10.0)), HALVE), domain=Each("G")))
    np.testing.assert_array_equal(found["G.n"], [0, 7, 0, 0, 5])


@pytest.mark.parametrize("target", TARGETS)
def test_a_loop_that_runs_once_for_all(target):
    first = Load("G.x", Const(1), "f8")
    body = (Let("l", first),
            While(op(">", L, p("a")), (Let("l", op("/", L, p("b"))), Store("G.n", ZERO, "+=", Const(1), "i4"))))
    np.testing.assert_array_equal(run(target, kernel(*body, domain=Once()))["G.n"], [7, 0, 0, 0, 0])


@pytest.mark.parametrize("target", TARGETS)
def test_a_loop_may_write_its_own_element_and_start_from_one_value(target):
    body = (Let("l", p("a")), While(op("<", L, x()), (Let("l", op("*", L, p("b"))), store("G.y", op("+", y(), L)))))
    np.testing.assert_array_equal(run(target, kernel(*body))["G.y"], [0, 254, 6, 0, 62])


def test_a_loop_is_written_down():
    assert kernel_text(kernel(*HALVE)).splitlines()[3:7] == [
        "  while (l > a)", "    half := (l / 2.0)", "    l := half", "    n := (n + 1)"]
