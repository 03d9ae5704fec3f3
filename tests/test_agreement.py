"""Every model on every target, passes on and off, against the interpreter: the same spikes, the same values."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from brainsim import Network, NetworkOperation, ms, pipeline, prefs, seed
from brainsim.errors import Unsupported
from brainsim.ir.check import problems
from brainsim.passes import PASSES, optimise
from brainsim.targets import cython_module
from tests.models import MODELS

DURATION = 12
#: fast arithmetic may differ from the interpreter by a few units in the last place per operation
FAST = dict(rtol=1e-9, atol=1e-12)


def record(model: Callable[[], Network], target: str, passes: bool = True, math: str = "strict",
           pieces: int = 1) -> dict[str, np.ndarray]:
    """Everything that a network leaves behind, by name."""
    prefs.codegen.target, prefs.codegen.passes, prefs.codegen.math = target, passes, math
    seed(4711)
    net = model()
    for _ in range(pieces):
        net.run(DURATION / pieces * ms)
    prepared = net._prepared
    assert prepared is not None
    assert problems(prepared.program) == []
    found = {name: q.values().copy() for name, q in prepared.state.queues.items() if q.data.shape[0] == 1
             and not name.endswith(("spikes", "fired"))}
    return found | {name: values.copy() for name, values in prepared.state.arrays.items()}


_REFERENCE: dict[str, dict[str, np.ndarray]] = {}


def reference(model: Callable[[], Network]) -> dict[str, np.ndarray]:
    """What the interpreter says, without passes."""
    if model.__name__ not in _REFERENCE:
        _REFERENCE[model.__name__] = record(model, "interpreter", passes=False)
    return _REFERENCE[model.__name__]


@pytest.fixture(autouse=True)
def _defaults():
    yield
    prefs.reset_to_defaults()


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_something_happens_in_the_reference(model):
    found = reference(model)
    changing = [v for v in found.values() if v.dtype.kind == "f" and len(v) > 1 and np.ptp(v) > 0]
    assert changing


@pytest.mark.parametrize("passes", [True, False], ids=["optimised", "plain"])
@pytest.mark.parametrize("target", ["interpreter", "numpy", "cython"])
@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_targets_agree(model, target, passes):
    compare(record(model, target, passes), reference(model), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("passes", [True, False], ids=["optimised", "plain"])
@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_jax_agrees_to_a_few_ulp(model, passes):
    if any(isinstance(o, NetworkOperation) for o in model()):
        with pytest.raises(Unsupported, match="network operation"):
            record(model, "jax", passes)
    else:
        compare(record(model, "jax", passes), reference(model), **FAST)


@pytest.mark.parametrize("left_out", PASSES)
@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_every_pass_may_be_left_out(model, left_out, monkeypatch):
    monkeypatch.setattr(pipeline, "PASSES", {name: p for name, p in PASSES.items() if name != left_out})
    monkeypatch.setattr(pipeline, "optimise",
                        lambda program, names: optimise(program, tuple(n for n in names if n != left_out)))
    compare(record(model, "numpy"), reference(model), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_fast_arithmetic_agrees_to_a_few_ulp(model):
    compare(record(model, "cython", math="fast"), reference(model), **FAST)


@pytest.mark.parametrize("threads", [2, 5])
@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_any_number_of_threads_gives_the_same_bits(model, threads, monkeypatch):
    monkeypatch.setattr(cython_module, "LEAST_WORK", -1)     # share everything, however small
    alone = record(model, "cython", math="fast")
    prefs.codegen.threads = threads
    compare(record(model, "cython", math="fast"), alone, rtol=0, atol=0)


@pytest.mark.parametrize("model", [m for m in MODELS if m.__name__ not in ("called_from_python", "irregular_times")],
                         ids=lambda m: m.__name__)
def test_a_run_in_three_pieces_is_the_same_run_with_jax(model):
    compare(record(model, "jax", pieces=3), record(model, "jax"), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("target", ["numpy", "cython"])
@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_a_run_in_three_pieces_is_the_same_run(model, target):
    compare(record(model, target, pieces=3), record(model, target), rtol=0, atol=0)


def compare(found: dict[str, np.ndarray], wanted: dict[str, np.ndarray], rtol: float, atol: float) -> None:
    """Same shape everywhere; whole numbers and booleans equal; floats within tolerance."""
    common = sorted(set(found) & set(wanted))
    assert len(common) >= len(wanted) - 2
    for name in common:
        assert found[name].shape == wanted[name].shape, name
        if found[name].dtype.kind == "f":
            np.testing.assert_allclose(found[name], wanted[name], rtol=rtol, atol=atol, err_msg=name)
        else:
            np.testing.assert_array_equal(found[name], wanted[name], err_msg=name)
