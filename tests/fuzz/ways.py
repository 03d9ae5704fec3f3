"""The ways to run one script, and what it leaves behind in each; every way must leave what the interpreter leaves."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest import mock

import numpy as np

import brainsim
from brainsim.errors import Unsupported
from brainsim.objects.runs.result import Result
from brainsim.targets import cython_module
from tests.fuzz.models import DURATION, Script

Left = dict[str, np.ndarray]    #: arrays that a run leaves behind, by ``object.variable``


def _whole(net: brainsim.Network, script: Script) -> None:
    net.run(DURATION * brainsim.ms)


def _pieces(net: brainsim.Network, script: Script) -> None:
    for length in (0.4, 0, 2.3, DURATION - 2.7):
        net.run(length * brainsim.ms)


def _compiled(net: brainsim.Network, script: Script) -> Result:
    seed = re.search(r"seed\((\d+)\)", script.text)
    return net.compile(DURATION * brainsim.ms).run(seed=int(seed[1]) if seed else 0)


def _restored(net: brainsim.Network, script: Script) -> None:
    net.run(DURATION / 2 * brainsim.ms)
    net.store()
    net.run(2 * brainsim.ms)
    net.restore(restore_random_state=True)
    net.run(DURATION / 2 * brainsim.ms)


@dataclass(frozen=True)
class Way:
    """Preferences and a manner of running. ``rtol`` 0 asks for the same bits."""

    name: str
    target: str
    math: str = "strict"
    passes: bool = True
    threads: int = 1
    run: Callable[[brainsim.Network, Script], Result | None] = _whole
    reduce: bool = True
    single: bool = False
    rtol: float = 0.0


REFERENCE = Way("interpreter", "interpreter", passes=False)
SINGLE = Way("interpreter in single precision", "interpreter", passes=False, single=True)
WAYS = (
    Way("interpreter after passes", "interpreter", rtol=1e-12),
    Way("numpy", "numpy", rtol=1e-12),
    Way("numpy without passes", "numpy", passes=False, rtol=1e-12),
    Way("numpy in pieces", "numpy", run=_pieces, rtol=1e-12),
    Way("numpy stored and restored", "numpy", run=_restored, rtol=1e-12),
    Way("numpy by compile()", "numpy", run=_compiled, rtol=1e-12),
    Way("numpy without reduction", "numpy", reduce=False, rtol=1e-9),      # sums in another order
    Way("numpy in single precision", "numpy", single=True, rtol=2e-4),
    Way("cython strict", "cython", rtol=1e-12),
    Way("cython strict without passes", "cython", passes=False, rtol=1e-12),
    Way("cython fast", "cython", "fast", rtol=1e-9),
    Way("cython fast, 3 threads", "cython", "fast", threads=3, rtol=1e-9),
    Way("cython in pieces", "cython", run=_pieces, rtol=1e-12),
    Way("cython stored and restored", "cython", run=_restored, rtol=1e-12),
    Way("cython by compile()", "cython", run=_compiled, rtol=1e-12),
    Way("cython in single precision", "cython", single=True, rtol=2e-4),
    Way("jax", "jax", rtol=1e-9),
)


@contextmanager
def _preferences(way: Way) -> Iterator[None]:
    prefs = brainsim.prefs
    prefs.codegen.target, prefs.codegen.math, prefs.codegen.passes = way.target, way.math, way.passes
    prefs.codegen.threads = way.threads
    prefs.core.default_float_dtype = np.float32 if way.single else np.float64
    least = -1 if way.threads > 1 else cython_module.LEAST_WORK      # share everything, however small
    try:
        with mock.patch.object(cython_module, "LEAST_WORK", least):
            yield
    finally:
        prefs.reset_to_defaults()


def left_by(script: Script, way: Way) -> Left | None:
    """What a script leaves behind; None where the target says that it cannot run it."""
    with _preferences(way), np.errstate(all="ignore"):
        brainsim.start_scope()
        names: dict[str, object] = {}
        text = script.text if way.reduce else script.text.replace(", name='S", ", reduce='off', name='S")
        exec(compile(text, f"<model {script.number}>", "exec"), names)
        objects = [o for o in names.values() if isinstance(o, brainsim.BrianObject)]
        net = brainsim.Network(*objects)
        try:
            result = way.run(net, script)
        except Unsupported:
            return None
        return dict(_read(objects, result))


def _read(objects: list[brainsim.BrianObject], result: Result | None) -> Iterator[tuple[str, np.ndarray]]:
    monitors = {} if result is None else {m.name: m for m in result.monitors}
    for o in objects:
        o = monitors.get(o.name, o)
        if isinstance(o, brainsim.SpikeMonitor):
            yield f"{o.name}.i", np.array(o.i[:])
            yield f"{o.name}.t", np.array(o.t_[:])
        elif isinstance(o, brainsim.StateMonitor):
            yield from ((f"{o.name}.{v}", np.array(getattr(o, v + "_"))) for v in o.record_variables)
        elif isinstance(o, brainsim.PopulationRateMonitor):
            yield f"{o.name}.rate", np.array(o.rate_)
        elif result is not None and o.name[0] in "GS":
            yield from ((name, np.array(result[name])) for name in result.stored if name.startswith(f"{o.name}."))
        elif isinstance(o, (brainsim.NeuronGroup, brainsim.Synapses)):
            yield from ((f"{o.name}.{name}", np.array(value)) for name, value in o.get_states(units=False).items()
                        if name not in ("t", "dt", "t_in_timesteps"))


def difference(found: Left, wanted: Left, rtol: float) -> str:
    """The first thing that differs, in words; empty where nothing does."""
    if not found.keys() <= wanted.keys() or not any("." in name for name in found):
        return f"other names: {sorted(found.keys() - wanted.keys())}"
    for name, value in wanted.items():
        if name not in found:      # a result of compile() has no values of states that were reduced away, nor of sizes
            continue
        other = found[name]
        if other.shape != value.shape:
            return f"{name}: shape {other.shape} instead of {value.shape}"
        if value.dtype.kind == "f":
            bad = ~np.isclose(other, value, rtol=rtol, atol=rtol, equal_nan=True)
        else:
            bad = other != value
        if bad.any():
            at = tuple(int(x[0]) for x in np.nonzero(np.atleast_1d(bad)))
            return f"{name}{list(at)}: {np.atleast_1d(other)[at]!r} instead of {np.atleast_1d(value)[at]!r}"
    return ""
