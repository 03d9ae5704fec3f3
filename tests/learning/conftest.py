"""Small networks to train and to differentiate."""
from __future__ import annotations

from collections.abc import Iterator

import jax
import pytest

from tests.conftest import fresh  # noqa: F401


@pytest.fixture(autouse=True)
def _begin(fresh: None) -> None:  # noqa: F811
    """A clean beginning."""


@pytest.fixture
def double() -> Iterator[None]:
    """Doubles in JAX."""
    with jax.enable_x64(True):
        yield
