"""All rules hold on every target. A test marked ``one_target`` says something that no target decides."""
import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "one_target: nothing in this test depends on the target")


@pytest.fixture(autouse=True)
def on_every_target(target: str) -> None:
    """Every test of this folder runs on each target."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marked tests run on NumPy only: they cost no compilation."""
    items[:] = [i for i in items if not (i.get_closest_marker("one_target")
                                         and "numpy" not in getattr(i, "callspec").id)]
