"""A function or a target that is in one table is in all of them."""
from __future__ import annotations

import pytest

from brainsim.ir.functions import FUNCTIONS as COMPUTED
from brainsim.language.functions import FUNCTIONS, RANDOM
from brainsim.options import prefs
from brainsim.preferences import PreferenceError
from brainsim.targets.registry import TARGETS
from brainsim.targets.words import C

#: made into other expressions when a program is lowered
LOWERED = {"int", "select", *RANDOM}


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - LOWERED))
def test_a_function_of_equations_is_known_to_every_target(name):
    jax_step = pytest.importorskip("brainsim.targets.jax_step")
    assert name in COMPUTED
    assert name in C.functions
    assert name in jax_step.SCOPE


def test_every_target_may_be_chosen_and_no_other():
    with pytest.raises(PreferenceError) as refused:
        prefs["codegen.target"] = "abacus"
    assert {"auto", *TARGETS} == set(str(refused.value).split("Help: ")[1].split(", "))
