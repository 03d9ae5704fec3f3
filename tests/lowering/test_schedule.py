"""The order of tasks: slot, then order, then age."""
from __future__ import annotations

import pytest

from brainsim.errors import UnknownName, WrongType, WrongValue
from brainsim.lowering.schedule import DEFAULT_SCHEDULE, checked_schedule, ordered
from brainsim.model.tasks import HostCall


def task(name: str, when: str = "start", order: int = 0) -> HostCall:
    return HostCall(name=name, clock="c", when=when, order=order)


def names(*tasks: HostCall) -> list[str]:
    return [t.name for t in ordered(tasks, DEFAULT_SCHEDULE)]


def test_slots_come_first():
    assert names(task("a", "end"), task("b", "groups"), task("c", "start")) == ["c", "b", "a"]


def test_before_and_after_frame_every_slot():
    assert names(task("a", "after_groups"), task("b", "groups"), task("c", "before_groups"),
                 task("d", "after_start")) == ["d", "c", "b", "a"]


def test_order_decides_within_a_slot_then_age_whatever_the_names():
    assert names(task("x_2"), task("x_10"), task("z", order=-1), task("a", order=1),
                 task("b")) == ["z", "x_2", "x_10", "b", "a"]


def test_an_unknown_slot_is_named_with_a_near_one():
    with pytest.raises(UnknownName) as caught:
        names(task("a", "treshold"))
    assert "'a' wants to run in the slot 'treshold'" in str(caught.value)
    assert "did you mean 'thresholds'" in str(caught.value)


@pytest.mark.parametrize("slots, error", [("start", WrongType), (["start", 3], WrongType),
                                          (["start", "after_start"], WrongValue)])
def test_a_schedule_that_is_none_is_refused(slots, error):
    with pytest.raises(error):
        checked_schedule(slots)


def test_a_schedule_of_ones_own_is_kept():
    assert checked_schedule(["one", "two"]) == ("one", "two")
