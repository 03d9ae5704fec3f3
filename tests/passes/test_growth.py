"""Preparing a network takes as many calls again for as many objects again: nothing looks at every pair of them."""
import gc
import sys
from collections import Counter
from collections.abc import Callable

import pytest

from brainsim import Network, NeuronGroup, Synapses, ms, prefs, start_scope
from brainsim.ir import program as programs
from brainsim.ir.facts import facts_of
from brainsim.passes import PASSES, WORK, optimise
from brainsim.pipeline import choose_target

SIZES = (10, 20, 40)


def chain(count: int) -> Network:
    """So many groups, each with synapses to the next."""
    groups = [NeuronGroup(2, "dv/dt = (1 - v + g)/(10*ms) : 1\ndg/dt = -g/(5*ms) : 1", threshold="v > 1", reset="v = 0",
                          refractory=2 * ms, method="exact") for _ in range(count)]
    synapses = [Synapses(s, t, "w : 1", on_pre="g_post += w") for s, t in zip(groups, groups[1:] + groups[:1])]
    for s in synapses:
        s.connect()
    return Network(groups, synapses)


def calls(work: Callable[[], object]) -> int:
    """How many calls a piece of work makes, of functions in C too."""
    made = Counter()

    def note(frame: object, event: str, argument: object) -> None:
        made[event] += 1

    gc.collect()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return made["call"] + made["c_call"]


def assert_linear(counts: list[int]) -> None:
    small, large = counts[1] - counts[0], counts[2] - counts[1]
    assert large < 2.2 * small, f"{counts} calls for {SIZES} objects"


@pytest.fixture
def numpy() -> None:
    prefs["codegen.target"] = "numpy"
    start_scope()
    chain(2).run(0 * ms)


def test_preparing_grows_with_the_number_of_objects(fresh, numpy):
    nets = [chain(n) for n in SIZES]
    assert_linear([calls(lambda net=net: net.run(0 * ms)) for net in nets])


@pytest.mark.parametrize("target", ["numpy", "cython", "jax"])
def test_optimising_and_writing_grow_with_the_number_of_kernels(fresh, numpy, target):
    programs = []
    for n in SIZES:
        net = chain(n)
        net.run(0 * ms)
        programs.append(net.prepared.lowered)
    prefs["codegen.target"] = target
    chosen = choose_target()
    passes = tuple(p for p in PASSES if WORK.get(p) not in chosen.traits.does)
    chosen.write(optimise(programs[0], passes))
    assert_linear([calls(lambda p=p: chosen.write(optimise(p, passes))) for p in programs])


def test_a_kernel_is_looked_through_once(fresh, numpy, monkeypatch):
    seen = []

    def noted(*parts: object) -> object:
        seen.append(parts)
        return facts_of(*parts)

    monkeypatch.setattr(programs, "facts_of", noted)
    net = chain(10)
    net.run(0 * ms)
    assert len({tuple(map(id, parts)) for parts in seen}) == len(seen), "the same parts were looked through twice"
    assert len(seen) < 8 * len(net.prepared.lowered.kernels)
