"""The loop around the compiled loop: Ctrl-C, stopping, progress, and what a failing Python function leaves behind."""
from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import pytest

from brainsim import Network, NetworkOperation, NeuronGroup, SpikeMonitor, StateMonitor, ms, prefs, second, stop
from brainsim.errors import WrongType, WrongValue


@pytest.fixture(params=["numpy", "cython"])
def counting(request, fresh):
    """A group whose ``x`` counts steps."""
    prefs.codegen.target = request.param
    G = NeuronGroup(2, "x : 1", name="G")
    G.run_regularly("x += 1", when="end")
    return G


@pytest.mark.feature("Ctrl-C")
def test_ctrl_c_stops_after_the_step_with_data_intact(counting):
    M = StateMonitor(counting, "x", record=0, when="after_end")
    net = Network(counting, M)
    net.run(1 * ms)
    threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    began = time.perf_counter()
    net.run(1e6 * second)
    assert time.perf_counter() - began < 60
    steps = int(counting.x[0])
    assert 10 < steps < 1e10
    assert net.t_ == pytest.approx(steps * 1e-4)
    assert len(M.t) == steps and M.x[0][-1] == steps
    net.run(1 * ms)
    assert counting.x[0] == steps + 10


def test_the_handler_of_ctrl_c_is_put_back(counting):
    before = signal.getsignal(signal.SIGINT)
    Network(counting).run(1 * ms)
    assert signal.getsignal(signal.SIGINT) is before


def test_stop_ends_the_run_after_the_step_under_way(counting):
    def at_half(t):
        if t >= 5 * ms - 1e-9 * second:
            net.stop()

    net = Network(counting, NetworkOperation(at_half, when="start"))
    net.run(10 * ms)
    assert counting.x[0] == 51
    assert net.t_ == pytest.approx(5.1e-3)


def test_an_exception_in_a_network_operation_passes_and_leaves_the_network_usable(counting):
    fail = [True]

    def sometimes(t):
        if fail[0] and t > 2 * ms:
            raise ZeroDivisionError("user's own")

    net = Network(counting, NetworkOperation(sometimes))
    with pytest.raises(ZeroDivisionError):
        net.run(10 * ms)
    assert counting.x[0] == 22     # the step that failed at 2.1 ms was finished
    fail[0] = False
    net.run(1 * ms)
    assert counting.x[0] == 32


def test_progress_is_reported_from_zero_to_one(counting):
    seen = []
    Network(counting).run(50 * ms,
                          report=lambda elapsed, completed, start, duration: seen.append(
                              (elapsed, completed, start, duration)))
    assert seen[0][1] == 0.0 and seen[-1][1] == 1.0
    assert seen[0][2] == 0 * ms and seen[0][3] == 50 * ms
    assert [s[1] for s in seen] == sorted(s[1] for s in seen)


def test_progress_as_text_names_the_time(counting, capsys):
    Network(counting).run(20 * ms, report="text")
    out = capsys.readouterr().out
    assert "Starting simulation at t=0 s for a duration of 20 ms" in out and "20 ms (100%) simulated" in out


@pytest.mark.parametrize("report, error", [("loudly", WrongValue), (3, WrongType)])
def test_an_unknown_report_is_refused(counting, report, error):
    with pytest.raises(error):
        Network(counting).run(1 * ms, report=report)


def test_queues_grow_as_needed(fresh):
    prefs.codegen.target = "cython"
    G = NeuronGroup(500, "v : 1", threshold="True", name="G")
    spikes = SpikeMonitor(G)
    Network(G, spikes).run(5 * ms)
    assert spikes.num_spikes == 500 * 50
    np.testing.assert_array_equal(spikes.i, np.tile(np.arange(500), 50))


def test_the_function_stop_ends_the_run_of_any_network(counting):
    net = Network(counting, NetworkOperation(lambda: stop(), when="end"))
    net.run(10 * ms)
    assert counting.x[0] == 1
