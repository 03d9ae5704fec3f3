"""What lowering makes is checked once; and tasks that are called alike stay apart."""
from __future__ import annotations

import pytest

from brainsim.errors import BrainsimError
from brainsim.lowering.program import legal
from brainsim.lowering.schedule import DEFAULT_SCHEDULE, ordered
from brainsim.model.resolve import Block
from brainsim.model.tasks import Elementwise, HostCall, Task
from tests.programs import Load, kernel, program, store, x


def test_a_legal_program_passes_as_it_is():
    made = program(kernel(store("G.x", x())))
    assert legal(made) is made


def test_an_illegal_program_is_an_error_that_names_the_kernel():
    with pytest.raises(BrainsimError, match="brainsim is wrong here\n  Found: wrong: unknown array G.z"):
        legal(program(kernel(store("G.x", Load("G.z", x().index, "f8")), name="wrong")))


def operation(name: str) -> Task:
    return Elementwise(name=name, clock="c", when="start", space="G", block=Block((), {}))


def test_tasks_that_are_called_alike_stay_apart_and_python_functions_keep_their_names():
    called = HostCall(name="a", clock="c", when="start")
    made = ordered([operation("a"), called, operation("b"), operation("b")], DEFAULT_SCHEDULE)
    assert [t.name for t in made] == ["a@2", "a", "b", "b@2"]
    assert ordered(made, DEFAULT_SCHEDULE) == made
