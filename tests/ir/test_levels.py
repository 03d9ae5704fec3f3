"""Kernels that run over trees level by level: a linear system whose matrix is a tree, solved inwards and outwards,
against closed forms, on every target."""
from __future__ import annotations

import re

import numpy as np
import pytest

from brainsim.errors import WrongValue
from brainsim.ir.check import problems
from brainsim.ir.program import Array, Each, Kernel, Let, Levels, Program, Store
from brainsim.ir.state import Pause, State
from brainsim.ir.text import kernel as kernel_text
from brainsim.passes import optimise
from brainsim.targets import cython_module
from brainsim.targets.cython_module import CythonTarget
from brainsim.targets.interpreter import Interpreter
from brainsim.targets.jax_scan import JaxTarget
from brainsim.targets.numpy_arrays import NumpyTarget
from tests.programs import Append, Const, I, Load, Local, Op, op, p

TARGETS = {"interpreter": Interpreter(), "numpy": NumpyTarget(), "cython": CythonTarget(),
           "cython strict": CythonTarget("strict"), "three threads": CythonTarget(threads=3), "jax": JaxTarget()}
PARENT = Load("cell.parent", I, "i4")
INWARDS, OUTWARDS = Levels("levels.starts", backward=True), Levels("levels.starts")
F, INVERSE = Local("f", "f8"), Local("inverse", "f8")


def of(name: str, index=I) -> Load:
    return Load(f"cell.{name}", index, "f8")


def put(name: str, value, o: str = "=", index=I) -> Store:
    return Store(f"cell.{name}", index, o, value, "f8")


# (capacity/dt + leak + sum of g) x = capacity/dt v + current + g (x of the neighbours); then v is x
ASSEMBLE = (put("d", op("+", op("+", p("capacity"), of("leak")), of("sum_g"))),
            put("r", op("+", op("*", p("capacity"), of("v")), of("current"))))
ELIMINATE = (Let("inverse", op("/", Const(1.0), of("d"))), Let("f", op("*", of("g"), INVERSE)), put("d", INVERSE),
             put("d", op("*", F, of("g")), "-=", PARENT), put("r", op("*", F, of("r")), "+=", PARENT))
SUBSTITUTE = (put("v", op("*", op("+", of("r"), op("*", of("g"), of("v", PARENT))), of("d"))),)


def cable_program(eliminate=ELIMINATE, substitute=SUBSTITUTE, inwards=INWARDS, outwards=OUTWARDS) -> Program:
    kernels = (Kernel("assemble", "clock", Each("cell"), ASSEMBLE), Kernel("eliminate", "clock", inwards, eliminate),
               Kernel("substitute", "clock", outwards, substitute))
    arrays = [Array(f"cell.{n}", "f8", "cell") for n in ("current", "d", "g", "leak", "r", "sum_g", "v")]
    return Program(("cell", "levels"), ("clock",), (("capacity", "f8"),),
                   (*arrays, Array("cell.parent", "i4", "cell", "cell"),
                    Array("levels.starts", "i4", "levels", "cell")), (), kernels)


def in_levels(parent: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The elements of a tree sorted by their distance from the root, the parents in that order, and the beginning of
    each level; a root is its own parent."""
    depth = np.zeros(len(parent), int)
    for n in range(len(parent)):
        k = n
        while parent[k] != k:
            depth[n], k = depth[n] + 1, parent[k]
    order = np.argsort(depth, kind="stable")
    place = np.argsort(order)
    return order, place[parent[order]].astype(np.int32), np.searchsorted(depth[order], np.arange(depth.max() + 2))


def solved(target: str, parent: np.ndarray, g: np.ndarray, leak: float, current: np.ndarray, capacity: float = 0.0,
           steps: int = 1, pieces: int = 10**9, optimised: bool = False) -> np.ndarray:
    """The potential of each element after some steps; ``g`` is the conductance to the parent, 0 at roots."""
    program = cable_program()
    assert problems(program) == []
    program = optimise(program) if optimised else program
    assert problems(program) == []
    order, parents, starts = in_levels(parent)
    total = g.copy()
    np.add.at(total, parent, g)
    count = len(parent)
    arrays = {"cell.current": current[order], "cell.d": np.zeros(count), "cell.g": g[order],
              "cell.leak": np.full(count, leak), "cell.r": np.zeros(count), "cell.sum_g": total[order],
              "cell.v": np.zeros(count), "cell.parent": parents, "levels.starts": starts.astype(np.int32)}
    state = State(program, {"cell": count, "levels": len(starts)}, {"capacity": capacity}, arrays, {})
    state.end[:] = steps
    executable = TARGETS[target].build(program, TARGETS[target].write(program))
    executable.bind(state)
    while executable.advance(state, pieces) is not Pause.DONE:
        pass
    return arrays["cell.v"][np.argsort(order)]


def cable(count: int, root: int) -> np.ndarray:
    """The parents of a cable that is rooted at one of its elements."""
    n = np.arange(count)
    return n - np.sign(n - root)


@pytest.mark.parametrize("optimised", [False, True])
@pytest.mark.parametrize("root", [0, 20])
@pytest.mark.parametrize("target", TARGETS)
def test_the_steady_state_of_a_passive_cable_with_sealed_ends(target, root, optimised):
    count, leak, axial = 41, 0.0025, 1.0
    current = np.zeros(count)
    current[0] = 1.0
    parent = cable(count, root)
    found = solved(target, parent, np.where(parent == np.arange(count), 0.0, axial), leak, current, optimised=optimised)
    # of compartments: cosh of the distance from the far end in steps of theta, 2 cosh(theta) = 2 + leak/axial
    theta = np.arccosh(1 + leak / axial / 2)
    shape = np.cosh((count - 0.5 - np.arange(count)) * theta)
    exact = shape / (leak * shape[0] + axial * (shape[0] - shape[1]))
    np.testing.assert_allclose(found, exact, rtol=1e-11)
    # of a cable without compartments: V = I r lambda cosh((L - x)/lambda)/sinh(L/lambda), by Rall (1977)
    length, x = count * np.sqrt(leak / axial), (np.arange(count) + 0.5) * np.sqrt(leak / axial)
    rall = np.cosh(length - x) / np.sinh(length) / np.sqrt(leak * axial)
    np.testing.assert_allclose(found, rall, rtol=5e-4)


@pytest.mark.parametrize("target", TARGETS)
def test_steps_of_backward_euler_come_to_the_steady_state(target):
    parent = cable(15, 7)
    g, current = np.where(parent == np.arange(15), 0.0, 2.0), np.linspace(0, 1, 15)
    at_once = solved(target, parent, g, 0.1, current)
    np.testing.assert_allclose(solved(target, parent, g, 0.1, current, 0.01, 300), at_once, rtol=1e-9)


def bushes() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Parents, conductances and currents of two trees with up to many children at one place."""
    rng = np.random.default_rng(3)
    parent = np.array([0, 1, *(rng.integers(0, max(2, n // 2)) for n in range(2, 60))])
    return parent, np.where(parent == np.arange(60), 0.0, rng.uniform(0.5, 2, 60)), rng.normal(size=60)


@pytest.mark.parametrize("target", TARGETS)
def test_trees_with_several_children_agree_with_a_dense_solution(target, monkeypatch):
    monkeypatch.setattr(cython_module, "LEAST_WORK", -1)
    parent, g, current = bushes()
    matrix = np.diag(np.full(60, 0.3))
    for n, (k, c) in enumerate(zip(parent, g)):
        matrix[[n, k, n, k], [n, k, k, n]] += [c, c, -c, -c] if n != k else 0
    np.testing.assert_allclose(solved(target, parent, g, 0.3, current), np.linalg.solve(matrix, current), rtol=1e-10)


@pytest.mark.parametrize("target", TARGETS)
def test_a_run_in_pieces_is_the_same(target):
    parent, g, current = bushes()
    whole, cut = (solved(target, parent, g, 0.3, current, 1.0, 7, n) for n in (100, 1))
    np.testing.assert_array_equal(whole, cut)


@pytest.mark.parametrize("target", ["numpy", "cython strict", "three threads"])
def test_targets_have_the_bits_of_the_interpreter(target):
    parent, g, current = bushes()
    expected = solved("interpreter", parent, g, 0.3, current, 1.0, 3)
    found = solved(target, parent, g, 0.3, current, 1.0, 3)
    if target == "three threads":      # fast arithmetic, as one thread has it
        expected = solved("cython", parent, g, 0.3, current, 1.0, 3)
    np.testing.assert_array_equal(found, expected)


def refused(**kernels) -> list[str]:
    return [text.partition(": ")[2] for text in problems(cable_program(**kernels))]


def test_what_a_level_may_write_and_read():
    assert refused() == []
    assert refused(substitute=(put("v", of("v"), index=PARENT),)) == [
        "an element of a level does not add to cell.v of its parent, inwards, but writes there"]
    assert refused(substitute=(put("v", of("r"), "+=", PARENT),)) == [
        "an element of a level does not add to cell.v of its parent, inwards, but writes there"]
    assert refused(eliminate=(put("d", of("d", PARENT)),)) == [
        "an element of a level reads cell.d of its parent, which comes later"]
    next_one = Op("+", (I, Const(1)))
    assert refused(substitute=(put("v", of("v", next_one)),)) == [
        "an element of a level reaches cell.v at a place that is neither its own nor its parent's"]
    assert "a level changes a queue" in refused(substitute=(Append("q", Const(0), I),))
    assert refused(outwards=Levels("cell.v")) == ["cell.v, the starts of levels, is not an array of i4 or i8"]


@pytest.mark.parametrize(("parents", "wrong"), [
    ([0, 0, 0, 1], None), ([0, 1, 0, 1], None),
    ([0, 2, 0, 1], "element 1 comes no later than its parent, cell.parent[1] = 2"),
    ([3, 0, 0, 1], "element 0 comes no later than its parent, cell.parent[0] = 3"),
    ([0, 0, 1, 1], "element 2 comes no later than its parent, cell.parent[2] = 1")])
def test_a_parent_lies_in_an_earlier_level(parents, wrong):
    arrays = {f"cell.{n}": np.zeros(4) for n in ("current", "d", "g", "leak", "r", "sum_g", "v")}
    arrays |= {"cell.parent": np.array(parents, np.int32), "levels.starts": np.array([0, 1, 3, 4], np.int32)}
    given = cable_program(), {"cell": 4, "levels": 4}, {"capacity": 1.0}, arrays, {}
    if wrong is None:
        State(*given)
    else:
        with pytest.raises(WrongValue, match="eliminate: " + re.escape(wrong)):
            State(*given)


def test_levels_as_text():
    assert kernel_text(Kernel("up", "clock", OUTWARDS, SUBSTITUTE)) == (
        "up: levels levels.starts on clock\n"
        "  cell.v[i] = ((cell.r[i] + (cell.g[i] * cell.v[cell.parent[i]])) * cell.d[i])")
    assert kernel_text(Kernel("down", "clock", INWARDS)) == "down: levels levels.starts, inwards on clock"
