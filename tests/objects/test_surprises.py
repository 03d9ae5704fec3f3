"""What a new user met in the first week, as claims."""
import os
import subprocess
import sys

import numpy as np
import pytest

from brainsim import (
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
    TimedArray,
    figure,
    ms,
    plot,
    run,
)
from brainsim.errors import BrianObjectException, WrongValue
from brainsim.targets.compiler import find_compiler
from brainsim.targets.contract import Missing
from brainsim.units import Hz


def test_dt_in_regular_code_is_the_groups_own(target):
    G = NeuronGroup(1, "w : 1\nat : 1", name="G")
    G.run_regularly("w = dt/ms; at = t/ms", dt=1 * ms)
    Network(G).run(3 * ms)
    assert G.w[0] == pytest.approx(0.1) and G.at[0] == pytest.approx(2)


def test_a_timed_array_needs_a_column_for_every_element(fresh):
    ta = TimedArray(np.ones((2, 2)), dt=1 * ms)   # noqa: F841
    G = NeuronGroup(4, "x = ta(t, i) : 1\ndv/dt = x/ms : 1", method="euler")
    with pytest.raises(IndexError, match="2 columns for 4 elements"):
        Network(G).run(1 * ms, namespace={"ta": ta})


def test_spikes_beyond_the_period_are_refused_when_they_are_given(fresh):
    with pytest.raises(ValueError, match="outside the period"):
        SpikeGeneratorGroup(1, [0], [5] * ms, period=3 * ms)


def test_an_error_is_not_its_own_cause(fresh):
    with pytest.raises(BrianObjectException) as caught:
        Network(NeuronGroup(1, "dv/dt = -v/ms : 1", method="rk5")).run(1 * ms)
    seen, error = set(), caught.value
    while error is not None:
        assert id(error) not in seen
        seen.add(id(error))
        error = error.__cause__


@pytest.mark.feature("conflicts of names")
def test_a_variable_of_the_script_that_is_not_used_is_named(fresh, caplog):
    G = NeuronGroup(1, "dv/dt = -v/ms : 1", name="shadowing")
    Network(G).run(1 * ms, namespace={"v": 7})
    assert ("'v' in the equations of shadowing is its own variable; your variable 'v' with the value 7 is not used "
            "there" in caplog.text)


def test_store_works_before_the_first_run(target):
    P, G = PoissonGroup(5, rates=100 * Hz), NeuronGroup(1, "v : 1")
    S = Synapses(P, G, on_pre="v += 0.3")
    S.connect()
    net = Network(P, G, S)
    net.store()
    net.run(5 * ms)
    net.restore()
    assert net.t == 0 * ms and G.v[0] == 0


@pytest.mark.feature("time of a network")
def test_time_goes_on_in_a_network_without_code(fresh):
    G = NeuronGroup(2, "v : 1")   # noqa: F841
    run(1 * ms)
    M = StateMonitor(G, "v", record=0)
    run(1 * ms)
    assert M.t[0] == 1 * ms


def test_variables_are_plotted_as_they_are(fresh):
    pytest.importorskip("matplotlib").use("Agg")
    G = NeuronGroup(3, "v : volt")
    S = Synapses(G, G, "w : 1")
    S.connect(j="i")
    figure()
    assert len(plot(G.v, [1, 2, 3] * Hz)[0].get_xdata()) == 3
    figure()
    assert len(plot([0, 1, 2], S.w)[0].get_ydata()) == 3


def test_a_negative_refractory_period_is_refused_and_a_number_is_no_time(fresh):
    with pytest.raises(WrongValue, match="negative"):
        Network(NeuronGroup(1, "v : 1", threshold="v > 1", refractory=-1 * ms)).run(1 * ms)
    with pytest.raises(TypeError, match="a time or a string"):
        Network(NeuronGroup(1, "v : 1", threshold="v > 1", refractory=2)).run(1 * ms)


def test_a_damaged_module_in_the_cache_is_built_again(tmp_path):
    if isinstance(find_compiler(), Missing):
        pytest.skip("no C compiler")
    text = ("from brainsim import *; prefs.codegen.target = 'cython'; G = NeuronGroup(1, 'x : 1'); "
            "G.run_regularly('x += 1'); run(1*ms); print(G.x[0])")
    environment = {**os.environ, "BRAINSIM_CACHE_DIR": str(tmp_path)}
    for damage in (False, True):
        for module in (tmp_path / "modules").glob("n*"):
            module.write_bytes(b"damaged")
        done = subprocess.run([sys.executable, "-c", text], env=environment, capture_output=True, text=True, check=True)
        assert float(done.stdout) == 10, damage
