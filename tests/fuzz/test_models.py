"""A few dozen random models and expressions in the ordinary suite; ``pytest -m fuzz`` runs many more
(``BRAINSIM_FUZZ=1:2000``)."""
from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pytest

import brainsim
from tests.fuzz import places
from tests.fuzz.models import Script, model
from tests.fuzz.reduce import reduced
from tests.fuzz.run import compare, differs, outcome
from tests.fuzz.ways import REFERENCE, SINGLE, WAYS, Way, difference

CHEAP = tuple(w for w in WAYS if w.target in ("interpreter", "numpy"))
FIRST, LAST = map(int, os.environ.get("BRAINSIM_FUZZ", "1000:1100").split(":"))


@pytest.fixture(autouse=True)
def defaults() -> Iterator[None]:
    yield
    brainsim.prefs.reset_to_defaults()
    brainsim.start_scope()


def agree(number: int, ways: tuple[Way, ...]) -> None:
    """Every way leaves behind what the interpreter does."""
    script = model(number)
    wanted = {single: outcome(script, SINGLE if single else REFERENCE) for single in {w.single for w in ways}}
    for way in ways:
        text = compare(script, way, wanted[way.single])
        if text:
            small = reduced(script, lambda s, w=way: bool(differs(s, w)), 150)
            pytest.fail(f"model {number}, {way.name}: {text}\n{small.text}")


@pytest.mark.parametrize("number", range(1, 17))
def test_a_random_model_is_the_same_on_numpy_in_every_way(number):
    agree(number, CHEAP)


@pytest.mark.parametrize("number", range(101, 105))
def test_a_random_model_is_the_same_compiled(number):
    agree(number, tuple(w for w in WAYS if w.target in ("cython", "jax")))


@pytest.mark.fuzz
@pytest.mark.parametrize("number", range(FIRST, LAST))
def test_many_random_models_are_the_same_in_every_way(number):
    agree(number, WAYS)


def same_everywhere(number: int, targets: tuple[str, ...]) -> None:
    """An expression has one value in every place and on every target."""
    kind, text = places.random_expression(number)
    brainsim.prefs.codegen.target, brainsim.prefs.codegen.math = "interpreter", "strict"
    with np.errstate(all="ignore"):
        wanted = np.asarray(places.values(kind, text)["at once"], float)
        for target in targets:
            brainsim.prefs.codegen.target = target
            found = places.difference(places.values(kind, text), wanted, 1e-12 if target != "jax" else 1e-9)
            assert not found, f"expression {number} on {target}, {text}\n{found}"


@pytest.mark.parametrize("number", range(1, 31))
def test_a_random_expression_means_the_same_in_every_place(number):
    same_everywhere(number, ("interpreter", "numpy"))


@pytest.mark.parametrize("number", range(101, 105))
def test_a_random_expression_means_the_same_in_every_place_of_compiled_code(number):
    same_everywhere(number, ("cython", "jax"))


@pytest.mark.fuzz
@pytest.mark.parametrize("number", range(FIRST, LAST))
def test_many_random_expressions_mean_the_same_in_every_place(number):
    same_everywhere(number, ("interpreter", "numpy", "cython"))


def test_models_are_various():
    texts = [model(n).text for n in range(1, 200)]
    assert len(set(texts)) == len(texts)
    for feature in ("(event-driven)", "(summed)", "xi*ms", "unless refractory", "run_regularly", ".delay = ", "[1:4]",
                    "PoissonGroup"):
        assert sum(feature in t for t in texts) >= 4, feature


def test_a_difference_is_noticed_and_its_script_made_small():
    script = model(3)
    found, wanted = (outcome(script, way) for way in (Way("again", "numpy"), REFERENCE))
    assert isinstance(found, dict) and isinstance(wanted, dict)
    found["G0.x"] = found["G0.x"] * (1 + 1e-9)
    assert "G0.x[0]" in difference(found, wanted, 1e-12)

    def spoilt(s: Script) -> bool:
        return "x_post += 0.2*w" in s.text and isinstance(outcome(s, REFERENCE), dict)

    small = reduced(script, spoilt, 200)
    assert spoilt(small) and len(small.text) < len(script.text) / 2
