"""The page on methods names every method and option there is, with the order and the defaults that they have."""
import re
from dataclasses import fields
from pathlib import Path

import pytest
from test_orders import DETERMINISTIC

from brainsim.integrators.adaptive import Adaptive
from brainsim.integrators.choose import ALIASES, METHODS, OPTIONS
from brainsim.integrators.pairs import PAIRS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "integration.rst").read_text("utf-8")


def row(name: str) -> str:
    return next((line for line in PAGE.splitlines() if f"``{name}``" in line.partition("  ")[0] + line[:40]), "")


@pytest.mark.parametrize("name", [*METHODS, *ALIASES])
def test_every_method_is_on_the_page(name):
    assert row(name)


@pytest.mark.parametrize("name", sorted({o for options in OPTIONS.values() for o in options}))
def test_every_option_is_on_the_page(name):
    assert f"``{name}``" in PAGE


@pytest.mark.parametrize("field", fields(Adaptive), ids=lambda f: f.name)
def test_defaults_are_those_of_the_page(field):
    default = row(field.name).split()[1]
    assert (float(default) if isinstance(field.default, float)
            else default) == (field.default if isinstance(field.default, float) else str(field.default))


@pytest.mark.parametrize("name", PAIRS)
def test_orders_of_pairs_are_those_of_the_page(name):
    found = re.search(r"  (\d)(?: \((\d)\))?  ", row(name))
    pair = PAIRS[name]
    assert found and int(found[1]) == pair.order and int(found[2] or pair.order) == pair.error_order


@pytest.mark.parametrize("name", [n for n, order in DETERMINISTIC.items() if order])
def test_orders_of_fixed_steps_are_those_of_the_page(name):
    assert re.search(rf"  {DETERMINISTIC[name]}  ", row(name))
