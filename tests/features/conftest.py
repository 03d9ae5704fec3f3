"""A clean beginning for every test; those that take ``target`` run on each."""
import pytest


@pytest.fixture(autouse=True)
def clean(fresh: None) -> None:
    """No objects of other tests."""
