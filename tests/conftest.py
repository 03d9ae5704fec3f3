"""What every test of simulated objects needs: a target, and a clean beginning."""
import gc
import logging
import os
import sys
from collections.abc import Iterator

import pytest

from brainsim import defaultclock, ms, prefs, run, seed, start_scope


class Forgotten(logging.Filter):
    """Keeps back the message about groups that were never simulated: it comes when memory is freed, in any test."""

    told = False

    def filter(self, record: logging.LogRecord) -> bool:
        return self.told or getattr(record, "topic", "") != "unused_brian_object"


FORGOTTEN = Forgotten()
logging.getLogger("brainsim").addFilter(FORGOTTEN)


@pytest.fixture
def told_of_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets that message pass."""
    gc.collect()
    monkeypatch.setattr(FORGOTTEN, "told", True)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "feature(name, ...): the features in tests/features/table.py that this test "
                                       "stands for")


#: what tests of simulated objects run on: numpy, cython, jax
TARGETS = os.environ.get("BRAINSIM_TARGETS", "numpy,cython").split(",")


@pytest.fixture(params=TARGETS)
def target(request: pytest.FixtureRequest, fresh: None) -> str:
    """Runs the test on each target; ``one_target`` below takes NumPy only."""
    prefs["codegen.target"] = request.param
    return request.param


@pytest.fixture
def fresh() -> Iterator[None]:
    """No visible objects, default names (so that compiled programs are found again), default dt and preferences, one
    seed."""
    prefs["codegen.target"] = "numpy"
    start_scope()
    run(0 * ms)      # the magic network lets go of the objects of the last test
    gc.collect()
    defaultclock.dt = 0.1 * ms
    seed(12345)
    yield
    defaultclock.dt = 0.1 * ms
    prefs.reset_to_defaults()


@pytest.fixture(scope="module", autouse=True)
def lighter() -> Iterator[None]:
    """What a module's tests left with JAX is forgotten, and what stays is not looked through at every collection after
    it."""
    yield
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()
        gc.collect()
        gc.freeze()
