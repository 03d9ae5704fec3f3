"""Classes of users: called before and after a run, and in the network only where they say so."""
from __future__ import annotations

import numpy as np
import pytest

from brainsim import BrianObject, Network, NeuronGroup, PopulationRateMonitor, Synapses, TimedArray, ms, mV, prefs, run
from brainsim.errors import Unsupported, WrongValue
from brainsim.ir.check import problems


def test_a_subclass_of_a_group_sets_values_before_every_run(fresh):
    class Fresh(NeuronGroup):
        def before_run(self, run_namespace=None):
            self.q_ = run_namespace["level_of_q"]
            super().before_run(run_namespace)

    level_of_q = 5.0
    G = Fresh(2, "q : 1")
    net = Network(G)
    net.run(1 * ms)
    np.testing.assert_array_equal(G.q[:], 5)
    G.q = 0
    level_of_q = 7.0
    net.run(1 * ms)
    np.testing.assert_array_equal(G.q[:], level_of_q)


def test_an_object_is_called_before_and_after(fresh):
    called = []

    class Logger(BrianObject):
        def before_run(self, run_namespace):
            called.append("before")

        def run(self):
            called.append("run")

        def after_run(self):
            called.append("after")

    Network(Logger(dt=1 * ms)).run(2 * ms)
    assert called == ["before", "run", "run", "after"]


def test_a_plain_object_is_not_in_the_magic_network(fresh):
    class Counter(BrianObject):
        n = 0

        def run(self):
            self.n += 1

    counter, G = Counter(), NeuronGroup(1, "v : 1")
    run(1 * ms)
    assert counter.n == 0
    assert G.N == 1
    Network(counter).run(1 * ms)
    assert counter.n == 10


def test_the_dt_of_a_timed_array_is_a_plain_number():
    assert TimedArray([1, 2] * mV, dt=2 * ms).dt == 0.002


def test_a_delay_without_a_pathway_pre_is_refused(fresh):
    G = NeuronGroup(1, "v : 1", threshold="v > 1", reset="v = 0")
    with pytest.raises(WrongValue, match=r"(?s)no pathway 'pre' to delay.*delay=\{'a': 1\*ms\}"):
        Synapses(G, G, on_pre={"a": "v += 1", "b": "v += 2"}, delay=1 * ms)


def test_the_times_of_a_profile_have_both_names(fresh):
    net = Network(NeuronGroup(1, "dv/dt = -v/(1*ms) : 1"))
    net.run(1 * ms, profile=True)
    assert net.get_profiling_info() == net.profiling_info


@pytest.mark.parametrize("target", ["interpreter", "numpy", "cython"])
def test_a_profile_of_several_clocks(fresh, target):
    prefs.codegen.target = target
    G = NeuronGroup(2, "dv/dt = -v/(1*ms) : 1", method="exact", name="G")
    G.v = 1
    G.run_regularly("v = 0.9*v", dt=1 * ms, name="often")
    G.run_regularly("v = 0.8*v", dt=0.5 * ms, name="oftener")
    net = Network(G)
    net.run(2 * ms, profile=True)
    assert {"G_stateupdater", "often", "oftener"} <= set(dict(net.profiling_info))
    np.testing.assert_allclose(G.v, np.exp(-2) * 0.9**2 * 0.8**4)
    assert net._prepared is not None and problems(net._prepared.program) == []


def test_a_target_that_cannot_time_parts_says_so(fresh):
    prefs.codegen.target = "jax"
    net = Network(NeuronGroup(1, "dv/dt = -v/(1*ms) : 1", method="exact"))
    with pytest.raises(Unsupported, match=r"(?s)'jax'.*profile=True.*net\.timings"):
        net.run(1 * ms, profile=True)
    net.run(1 * ms)


def test_a_window_longer_than_the_record_can_be_plotted(fresh):
    pytest.importorskip("matplotlib").use("Agg")
    G = NeuronGroup(2, "dv/dt = 1/ms : 1", threshold="v > 1", reset="v = 0", method="euler")
    R = PopulationRateMonitor(G)
    net = Network(G, R)
    net.run(5 * ms)
    line = R.plot(width=2 * ms).lines[0]
    assert len(line.get_xdata()) == len(line.get_ydata()) == 50
