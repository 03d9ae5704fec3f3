"""Objects are tested on NumPy; what targets decide is in tests/rules."""
import pytest


@pytest.fixture(autouse=True)
def clean(fresh: None) -> None:
    """A clean beginning for every test."""
