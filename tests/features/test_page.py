"""The page on compatibility says what the tests say."""
import pytest

from tests.features.page import PAGE, claims, page
from tests.features.table import FEATURES, SECTIONS

CLAIMS = claims()


def test_the_page_is_what_the_tests_say():
    assert PAGE.read_text("utf-8") == page(CLAIMS), "write it anew: python -m tests.features.page"


@pytest.mark.parametrize("name", FEATURES)
def test_what_is_built_has_a_test_and_what_is_not_has_none(name):
    found = [c.name for c in CLAIMS if name in c.features]
    assert bool(found) == FEATURES[name].built, found


def test_names_of_features_are_unique():
    assert len(FEATURES) == sum(len(rows) for rows in SECTIONS.values())


def test_every_priority_is_one_of_four():
    assert {f.priority for f in FEATURES.values()} == set("ABCD")
