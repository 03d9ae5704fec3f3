"""Threads: what each kernel allows, the same bits for any number of them, and no harm to small models."""
from __future__ import annotations

import multiprocessing
import threading

import numpy as np
import pytest

from brainsim import Network, NeuronGroup, PoissonGroup, PreferenceError, SpikeMonitor, Synapses, ms, prefs, seed
from brainsim.errors import WrongValue
from brainsim.ir.expressions import Call, Const, Load, Local, Op
from brainsim.ir.program import Append, Each, FanOut, If, Kernel, Let, Once, Store
from brainsim.targets import cython_module
from brainsim.targets.cython_module import row_cuts
from brainsim.targets.split import Split, rare, split
from brainsim.units import Hz

I, J, ZERO = Local("i", "i4"), Local("j", "i4"), Const(0)   # noqa: E741
TARGET = Load("s.post", I, "i4")


def kernel(domain, *body):
    return Kernel("k", "clock", domain, body)


ROWS = FanOut("due", ZERO, "starts", "")
LOOPS = {
    "own elements": (kernel(Each("g"), Store("v", I, "=", Load("u", I, "f8"), "f8")), Split("elements")),
    "a value that others read": (kernel(Each("g"), Store("v", I, "=", Load("v", ZERO, "f8"), "f8")), Split()),
    "a threshold": (kernel(Each("g"), If(Op(">", (Load("v", I, "f8"), Const(1.0))), (Append("spikes", ZERO, I),))),
                    Split("rare")),
    "an update, then a threshold": (kernel(Each("g"), Store("v", I, "=", Load("u", I, "f8"), "f8"),
                                           If(Op(">", (Load("v", I, "f8"), Const(1.0))), (Append("spikes", ZERO, I),))),
                                    Split("rare")),
    "a record": (kernel(Each("g"), Append("record", ZERO, Load("v", I, "f8"))), Split()),
    "once": (kernel(Once(), Store("v", ZERO, "=", Const(1.0), "f8")), Split()),
    "additions to targets": (kernel(ROWS, Store("v", TARGET, "+=", Load("w", I, "f8"), "f8")),
                             Split("target", "s.post")),
    "targets that read one another": (kernel(ROWS, Store("v", TARGET, "+=", Load("v", J, "f8"), "f8")), Split()),
    "two index arrays": (kernel(ROWS, Store("v", TARGET, "+=", Const(1.0), "f8"),
                                Store("u", Load("s.pre", I, "i4"), "+=", Const(1.0), "f8")), Split()),
    "values of the synapses": (kernel(ROWS, Store("w", I, "*=", Const(0.5), "f8")), Split("rows")),
    "values of the synapses and of the row's neuron": (kernel(ROWS, Store("w", I, "*=", Const(0.5), "f8"),
                                                              Store("v", J, "+=", Const(1.0), "f8")), Split("rows")),
    "sums over synapses": (kernel(Each("s"), Store("v", TARGET, "+=", Load("g", I, "f8"), "f8")),
                           Split("target", "s.post")),
    "sums of functions, which round otherwise in vectors":
        (kernel(Each("s"), Store("v", TARGET, "+=", Call("exp", (Load("g", I, "f8"),)), "f8")), Split()),
}


@pytest.mark.parametrize("loop", LOOPS)
def test_a_loop_is_divided_where_nobody_writes_what_another_reads(loop):
    k, wanted = LOOPS[loop]
    assert split(k) == wanted


def test_a_threshold_that_needs_a_value_of_the_update_is_not_looked_for_apart():
    condition = Op(">", (Local("x", "f8"), Const(1.0)))
    k = kernel(Each("g"), Let("x", Load("v", I, "f8")), If(condition, (Append("spikes", ZERO, I),)))
    assert rare(k) is None


def test_cuts_divide_every_row_at_the_targets_that_a_thread_owns():
    rng = np.random.default_rng(1)
    starts = np.concatenate([[0], np.cumsum(rng.integers(0, 20, 30))]).astype(np.int32)
    index = np.concatenate([np.sort(rng.integers(0, 1000, n)) for n in np.diff(starts)]).astype(np.int32)
    cuts = row_cuts(1000, 3, index, starts)
    bounds = [0, 1000 / 3 // 64 * 64, 2000 / 3 // 64 * 64, 1000]
    for row in range(30):
        edges = [starts[row], *cuts[:, row], starts[row + 1]]
        for part in range(3):
            mine = index[edges[part]:edges[part + 1]]
            assert ((bounds[part] <= mine) & (mine < bounds[part + 1])).all()


def test_rows_in_no_order_are_not_divided():
    assert row_cuts(100, 2, np.array([5, 3], np.int32), np.array([0, 2], np.int32)) is None


def network(n: int = 200) -> Network:
    P = PoissonGroup(n, 200 * Hz, name="P")
    G = NeuronGroup(n, "dv/dt = -v/(10*ms) : volt (unless refractory)", threshold="v > 10*mV", reset="v = 0*mV",
                    refractory=1 * ms, name="G")
    S = Synapses(P, G, "w : volt", on_pre="v_post += w", delay=1 * ms, name="S")
    R = Synapses(G, G, "w : volt", on_pre="v_post += w*exp(-v_post/(20*mV))", on_post="w = clip(w*1.001, 0*mV, 2*mV)",
                 name="R")
    S.connect(p=0.1)
    R.connect(p=0.1)
    S.w, R.w = "2*mV*rand()", "1*mV*rand()"
    R.pre.delay = "3*ms*rand()"
    return Network(P, G, S, R, SpikeMonitor(G, name="spikes"))


def run(threads: int, n: int = 200) -> tuple[bytes, bytes, bytes]:
    seed(8)
    net = network(n)
    net.run(20 * ms, threads=threads)
    return net["spikes"].i[:].tobytes(), np.asarray(net["G"].v[:]).tobytes(), np.asarray(net["R"].w[:]).tobytes()


@pytest.mark.parametrize("math", ["fast", "strict"])
def test_run_with_threads_gives_the_same_bits(fresh, monkeypatch, math):
    monkeypatch.setattr(cython_module, "LEAST_WORK", -1)
    prefs.codegen.math = math
    alone = run(1)
    assert len(alone[0])
    for threads in (2, 3):
        assert run(threads) == alone


def test_the_choice_by_measured_time_changes_no_result(fresh):
    assert run(2, 600) == run(1, 600)


def _in_child(queue):
    queue.put(run(2))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_fork_makes_a_team_of_its_own(fresh, monkeypatch):
    monkeypatch.setattr(cython_module, "LEAST_WORK", -1)
    here = run(2)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_in_child, args=(queue,))
    child.start()
    assert queue.get(timeout=60) == here
    child.join(timeout=60)


def prepared_pair():
    seed(8)
    nets = [network(), network()]
    for net in nets:
        net.run(0 * ms, threads=2)
    return nets


def test_two_networks_at_once_in_two_python_threads(fresh, monkeypatch):
    monkeypatch.setattr(cython_module, "LEAST_WORK", -1)
    prefs.core.stop_on_keyboard_interrupt = False
    alone = prepared_pair()
    for net in alone:
        net.run(20 * ms, threads=2)
    together = prepared_pair()
    both = [threading.Thread(target=lambda net=net: net.run(20 * ms, threads=2)) for net in together]
    for t in both:
        t.start()
    for t in both:
        t.join(timeout=60)
    for a, b in zip(alone, together):
        assert a["spikes"].num_spikes > 0
        np.testing.assert_array_equal(a["spikes"].i[:], b["spikes"].i[:])


def test_a_number_of_threads_that_makes_no_sense_is_refused(fresh):
    with pytest.raises(PreferenceError):
        prefs.codegen.threads = 0
    with pytest.raises(WrongValue, match="from 1 to 64"):
        network().run(1 * ms, threads=-1)
