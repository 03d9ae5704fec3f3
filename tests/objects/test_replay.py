"""Values per synapse of a state that was kept as a sum: whoever asks for them after a run gets what there would be
without reduction, and what cannot be repeated says why."""
from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brainsim import (
    Function,
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    defaultclock,
    ms,
    network_operation,
    prefs,
    seed,
)
from brainsim.errors import BrianObjectException, WrongState
from brainsim.objects.synapses.reduced import replay

SUM = "post (sum)"
MODEL = "dg/dt = -g/tau : 1 (clock-driven)\nI_post = g : 1 (summed)"


def network(mode: str, model: str = MODEL, jump: str = "1 + j*rand()", stimulus: str = "0", names: object = None,
            storage: str | None = None, **more: Any) -> Network:
    """60 Poisson sources, 60 neurons that fire, all pairs with a delay each; random numbers at every event."""
    seed(4)
    P = PoissonGroup(60, 50 * Hz, name="P")
    G = NeuronGroup(60, f"dv/dt = (0.2*I + {stimulus} + offset - v)/(10*ms) : 1\nI : 1\noffset : 1", method="euler",
                    threshold="v > 1", reset="v = 0", name="G")
    S = Synapses(P, G, model, on_pre=f"g += {jump}", method="exact", reduce=mode, name="S",
                 namespace={"tau": 5 * ms} | dict(names or {}), **more)
    S.connect()
    S.delay = "((7*i + j) % 11)*0.1*ms"
    return Network(P, G, S, SpikeMonitor(G, name="M"))


def seeded(act: Callable[[Network], object], net: Network) -> object:
    seed(4)
    return act(net)


def pair(act: Callable[[Network], object], exact: bool = True, **settings: Any) -> list[Network]:
    """The same with reduction and without: what ``act`` gives is the same."""
    nets = [network(mode, **settings) for mode in ("off", "auto")]
    plain, smaller = (seeded(act, net) for net in nets)
    assert nets[1]["S"].reduction.kind("g") == SUM and np.asarray(plain).any()
    np.testing.assert_allclose(np.asarray(smaller), np.asarray(plain), rtol=1e-9, atol=1e-12)
    if exact:
        np.testing.assert_array_equal(np.asarray(smaller), np.asarray(plain))
    assert nets[0]["M"].num_spikes > 0
    np.testing.assert_array_equal(nets[1]["M"].i, nets[0]["M"].i)
    return nets


def after_run(ask: Callable[[Network], object]) -> Callable[[Network], object]:
    def act(net: Network) -> object:
        net.run(12 * ms)
        return ask(net)

    return act


ASK: dict[str, Callable[[Network], object]] = {
    "all": lambda net: net["S"].g[:],
    "plain numbers": lambda net: net["S"].g_[:],
    "one": lambda net: net["S"].g[777],
    "one pair": lambda net: net["S"].g[3, 5],
    "a condition": lambda net: net["S"].g["i < j and g > 1"],
    "getattr": lambda net: getattr(net["S"], "g")[:],
    "state": lambda net: net["S"].state("g")[:],
    "arithmetic": lambda net: net["S"].g + 1,
    "variables": lambda net: net["S"].variables["g"].get_value(),
    "states of the synapses": lambda net: net["S"].get_states()["g"],
    "states of the network": lambda net: net.get_states()["S"]["g"],
    "table": lambda net: net["S"].to_pandas()["g"],
    "part of another value": lambda net: np.sum(net["S"].g["g > 2"]),
}


@pytest.mark.parametrize("way", ASK)
def test_whoever_asks_after_a_run_gets_the_value_of_each_synapse(target: str, way: str) -> None:
    if way == "table":
        pytest.importorskip("pandas")
    pair(after_run(ASK[way]))


@pytest.mark.parametrize("math", ["strict", "fast"])
def test_values_are_equal_to_the_bit(target: str, math: str) -> None:
    prefs["codegen.math"] = math
    pair(after_run(lambda net: net["S"].g[:]), exact=math == "strict")


def test_a_plot_shows_it(target: str) -> None:
    pytest.importorskip("matplotlib").use("Agg")
    pair(after_run(lambda net: net["S"].plot("g").collections[0].get_array()))


def test_it_may_be_asked_for_after_every_run(target: str) -> None:
    def act(net: Network) -> object:
        found = []
        for k in range(6):
            net.run(2 * ms)
            net.run(1 * ms)
            if k % 2:
                found.append(net["S"].g[:])
        return found

    pair(act)


def test_whoever_asks_changes_nothing() -> None:
    nets = [network("auto") for _ in range(2)]
    for net, asks in zip(nets, (True, False)):
        seed(4)
        for _ in range(3):
            net.run(5 * ms)
            if asks:
                assert net["S"].g[:].any()
    np.testing.assert_array_equal(nets[0]["G"].v, nets[1]["G"].v)
    np.testing.assert_array_equal(nets[0]["S"].g, nets[1]["S"].g)


def test_what_was_assigned_between_runs_is_assigned_once_more(target: str) -> None:
    def act(net: Network) -> object:
        net.run(3 * ms)
        net["G"].offset = "0.01*i"
        net["S"].w = "i % 3"
        net.run(3 * ms)
        net["P"].rates = 90 * Hz
        net["S"].w[:100] = 2
        net["G"].v[:7] = 0.9
        net["S"].namespace["tau"] = 8 * ms
        net.run(6 * ms)
        net["S"].w = 0         # after the last run
        return net["S"].g[:]

    nets = pair(act, jump="w*j*rand()", model=MODEL + "\nw : 1")
    for net in nets:
        seed(5)
        net.run(2 * ms)
    np.testing.assert_array_equal(nets[1]["S"].g, nets[0]["S"].g)


def test_objects_may_rest_and_come_later(target: str) -> None:
    def act(net: Network) -> object:
        net.run(3 * ms)
        net["P"].active = False
        net.run(3 * ms)
        net["P"].active = True
        net.add(StateMonitor(net["G"], "v", record=True, name="trace"))
        later = PoissonGroup(20, 200 * Hz, name="later")
        more = Synapses(later, net["G"], on_pre="v_post += 0.01", name="more")
        more.connect(p=1)
        net.add(later, more)
        net.run(6 * ms)
        return net["S"].g[:]

    pair(act)


def test_after_restore(target: str) -> None:
    def act(net: Network) -> object:
        net.store("begin")
        net.run(4 * ms)
        net.store()
        net["G"].offset = 0.3
        net.run(4 * ms)
        found = [net["S"].g[:]]
        net.restore(restore_random_state=True)
        found.append(net["S"].g[:])
        net.run(4 * ms)
        found.append(net["S"].g[:])
        net.restore("begin", restore_random_state=True)
        net.run(4 * ms)
        found.append(net["S"].g[:])
        return found

    pair(act)


def test_after_one_value_was_set(target: str) -> None:
    def act(net: Network) -> object:
        net.run(4 * ms)
        net["S"].g[5] = 100
        net["S"].g["i == 3"] = "2*g"
        net.run(4 * ms)
        return net["S"].g[:]

    pair(act)


def test_a_monitor_that_comes_late(target: str) -> None:
    def act(net: Network) -> object:
        net.run(4 * ms)
        net.add(StateMonitor(net["S"], "g", record=[0, 7, 900], name="watch"))
        net.run(2 * ms)
        return net["watch"].g

    nets = [network(mode) for mode in ("off", "auto")]
    plain, smaller = (seeded(act, net) for net in nets)
    np.testing.assert_allclose(smaller, plain, rtol=1e-9, atol=1e-12)


def with_more(net: Network) -> Network:
    """Given spikes and other synapses besides."""
    given = SpikeGeneratorGroup(30, range(30), np.arange(30) % 20 * 0.1 * ms, name="given")
    more = Synapses(given, net["G"], on_pre="v_post += 0.01", name="more")
    more.connect(j="i")
    net.add(given, more)
    return net


CHANGES: dict[str, Callable[[Network], object]] = {
    "other spikes": lambda net: net["given"].set_spikes(range(20), (3 + np.arange(20) * 0.1) * ms),
    "as many spikes": lambda net: net["given"].set_spikes(range(30), (3 + np.arange(30) * 0.1) * ms),
    "other delays": lambda net: setattr(net["more"], "delay", 2 * ms),
    "its own delays": lambda net: setattr(net["S"], "delay", "0.1*ms + 0.2*ms*(i % 3)"),
    "more of others": lambda net: net["more"].connect(i=0, j=1),
    "more of its own": lambda net: net["S"].connect(i=0, j=1),
    "the time step": lambda net: setattr(defaultclock, "dt", 0.05 * ms),
}


@pytest.fixture
def usual_dt() -> Iterator[None]:
    before = defaultclock.dt
    yield
    defaultclock.dt = before


def same_in_both(act: Callable[[Network], object]) -> None:
    """What ``act`` gives for a network with more in it is the same with reduction and without."""
    found = []
    for mode in ("off", "auto"):
        defaultclock.dt = 0.1 * ms
        found.append(np.asarray(seeded(act, with_more(network(mode)))))
    assert found[0].any()
    np.testing.assert_allclose(found[1], found[0], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("change", CHANGES)
def test_the_model_may_change_between_runs(target: str, change: str, usual_dt: None) -> None:
    def act(net: Network) -> object:
        net.run(1 * ms)
        net.run(1.5 * ms)
        CHANGES[change](net)
        net.run(1 * ms)
        net.run(1.5 * ms)
        return net["S"].g[:]

    same_in_both(act)


@pytest.mark.parametrize("change", CHANGES)
def test_values_are_known_right_after_a_change(change: str, usual_dt: None) -> None:
    def act(net: Network) -> object:
        net.run(2.5 * ms)
        CHANGES[change](net)
        found = net["S"].g[:]
        net["S"].g["i == 0"] = 0.1
        net.run(2 * ms)
        return np.concatenate([found, net["S"].g[:]])

    same_in_both(act)


def test_the_model_may_change_in_every_way_and_rest_and_be_watched(target: str, usual_dt: None) -> None:
    def act(net: Network) -> object:
        for change in CHANGES.values():
            net.run(1 * ms)
            change(net)
        net.run(1 * ms)
        net["S"].active = False
        net.run(1 * ms)
        found = net["S"].g[:]
        net["S"].active = True
        net.run(1 * ms)
        net.add(StateMonitor(net["S"], "g", record=[0, 7, 900], name="watch"))
        net.run(1 * ms)
        return np.concatenate([found, net["S"].g[:], net["watch"].g.ravel()])

    same_in_both(act)


def test_synapses_whose_values_are_lost_may_rest(monkeypatch: pytest.MonkeyPatch, usual_dt: None) -> None:
    monkeypatch.setattr(replay, "MOST_CHANGES", 1)

    def act(net: Network) -> object:
        net.run(2 * ms)
        net["more"].delay = 1 * ms
        net.run(2 * ms)
        net["S"].active = False
        net.run(2 * ms)
        net["S"].active = True
        net.run(2 * ms)
        return net["G"].v[:]

    same_in_both(act)


def test_functions_and_timed_arrays_are_called_once_more(target: str) -> None:
    double = Function(lambda x: 2 * x, arg_units=[1], return_unit=1)
    if target == "numpy":
        pair(after_run(lambda net: net["S"].g[:]), jump="double(1 + j)", names={"double": double})
    current = TimedArray(np.arange(20.0) % 3, dt=1 * ms, name="current")
    seen = dict(current=current)
    assert seen
    nets = [network(mode, stimulus="0.1*current(t)") for mode in ("off", "auto")]
    for net in nets:
        seed(4)
        net.run(12 * ms)
    np.testing.assert_array_equal(nets[1]["S"].g, nets[0]["S"].g)


def test_a_network_that_follows_its_own_spikes_is_followed(target: str) -> None:
    """Rounding grows in such a network; the values per synapse are those of the run that was made all the same."""
    net = network("auto", model=MODEL)
    R = Synapses(net["G"], net["G"], "dh/dt = -h/(4*ms) : 1 (clock-driven)\noffset_post = h : 1 (summed)",
                 on_pre="h += 0.01*rand()", method="exact", name="R")
    R.connect()
    net.add(R)
    net.run(30 * ms)
    for name, S, state in (("I", net["S"], "g"), ("offset", R, "h")):
        assert S.reduction.kind(state) == SUM
        now = np.bincount(np.asarray(S.j), getattr(S, f"{state}_")[:], 60)
        assert now.any()
        np.testing.assert_allclose(now, S._reduced.arrays[f"{S.name}.{state}@sum0"], rtol=1e-9)


# -- where scripts come from -------------------------------------------------------------------------------------------
SCRIPT = """
from brainsim import *
import numpy as np
def model(mode):
    P = PoissonGroup(60, 50*Hz)
    G = NeuronGroup(60, 'dv/dt = (I - v)/(10*ms) : 1\\nI : 1', method='euler')
    S = Synapses(P, G, '''dg/dt = -g/(5*ms) : 1 (clock-driven)
    I_post = g : 1 (summed)''', on_pre='g += 1 + j', method='exact', reduce=mode)
    S.connect()
    S.delay = 'rand()*ms'
    return Network(P, G, S), S
values = []
for mode in ('off', 'auto'):
    seed(1)
    net, S = model(mode)
    net.run(5*ms)
    {ask}
print(S.reduction.kind('g'), np.array_equal(*values), values[0].any())
"""


def script(ask: str) -> str:
    return SCRIPT.format(ask=ask)


def said(*command: str, text: str | None = None, folder: Path) -> str:
    done = subprocess.run([sys.executable, *command], input=text, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_from_a_file_from_standard_input_and_from_a_module(tmp_path: Path) -> None:
    expected = f"{SUM} True True"
    plain = script("values.append(S.g[:])")
    (tmp_path / "script.py").write_text(plain, encoding="utf-8")
    assert said("script.py", folder=tmp_path) == expected
    assert said("-", text=plain, folder=tmp_path) == expected
    (tmp_path / "look.py").write_text("def at(s):\n    return getattr(s, chr(103))[:]\n", encoding="utf-8")
    assert said("-", text="import look\n" + script("values.append(look.at(S))"), folder=tmp_path) == expected


def test_from_the_next_cell_of_a_notebook(tmp_path: Path) -> None:
    cells = [textwrap.dedent(text) for text in (
        script("made = globals().setdefault('made', []); made.append(S)").replace("np.array_equal(*values), "
                                                                                "values[0].any()", ""),
        "print(np.array_equal(made[0].g[:], made[1].g[:]))")]
    text = f"for cell in {cells!r}:\n    exec(compile(cell, '<cell>', 'exec'), globals())\n"
    assert said("-", text=text, folder=tmp_path).split("\n") == [SUM, "True"]


# -- what cannot be repeated -------------------------------------------------------------------------------------------
def refused(net: Network) -> str:
    with pytest.raises(WrongState) as error:
        net["S"].g[:]
    return str(error.value)


def message(why: str) -> str:
    return f"""'g' of S has no value per synapse: only its sum for each target was kept
  Found: {why}
  Help: make the synapses with Synapses(..., reduce='off') to look at 'g'"""


def test_after_a_python_operation() -> None:
    net = network("require")

    @network_operation(dt=1 * ms, name="act")
    def act() -> None:
        pass

    net.add(act)
    net.run(3 * ms)
    assert refused(net) == message(
        "the Python function 'act' took part in a run, and may do something else the next time")


def test_after_a_function_that_gives_something_else_each_time() -> None:
    count = iter(range(10**9))
    other = Function(lambda x: x + next(count), arg_units=[1], return_unit=1, stateless=False)
    net = network("auto", jump="other(1 + j)", names={"other": other})
    net.run(5 * ms)
    assert net["S"].reduction.kind("g") == SUM
    assert refused(net) == message("the function 'other' took part in a run, and gives another value at each call")


def test_after_the_model_changed_too_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "MOST_CHANGES", 2)
    net = network("auto")
    for k in range(3):
        net["S"].delay = k * ms
        net.run(1 * ms)
    assert refused(net) == message("the model changed more than 2 times between runs")


def test_after_noise_of_the_sum() -> None:
    net = network("auto", model=MODEL.replace("-g/tau", "-g/tau + 0.1*xi*tau**-0.5"), reduce_noise=True)
    net["S"].method = "euler"
    net.run(5 * ms)
    assert net["S"].reduction.kind("g") == SUM
    assert refused(net) == message("with reduce_noise=True the noise of a sum is not that of its synapses")


def test_after_an_error_in_a_run() -> None:
    stop: list[bool] = []
    fails = Function(lambda x: 1 // 0 if stop else x, arg_units=[1], return_unit=1)
    net = network("auto", jump="fails(1 + j)", names={"fails": fails})
    net.run(5 * ms)
    stop.append(True)
    with pytest.raises(BrianObjectException, match="division"):
        net.run(5 * ms)
    stop.clear()
    net.run(1 * ms)
    assert refused(net) == message("a run ended with an error")


def test_after_values_were_changed_unseen() -> None:
    net = network("auto")
    net.run(5 * ms)
    net["G"].variables["v"].values[:] = 0.5
    net.run(5 * ms)
    assert refused(net) == message("the run once more came to other values of G.v: something that it depends on has "
                                   "changed since")
    net["S"].g = 0       # from here on they are known again
    net.run(5 * ms)
    assert net["S"].g[:].any()


def test_after_it_was_read_from_a_file(tmp_path: Path) -> None:
    net = network("auto")
    net.run(5 * ms)
    net.store(filename=tmp_path / "kept")
    with zipfile.ZipFile(tmp_path / "kept") as kept:
        assert list(json.loads(kept.read("checkpoint.json"))["stored"]) == ["default"]
    net.restore(filename=tmp_path / "kept")
    assert refused(net) == message("the values were read from a file, which has only the sums")


def test_after_more_was_assigned_than_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "MOST_ASSIGNED", 1000)
    net = network("auto")
    for k in range(4):
        net["G"].offset = k
        net.run(1 * ms)
    assert refused(net) == message("more than 0 MB of values were assigned or made anew between the runs")


# -- what it costs -----------------------------------------------------------------------------------------------------
def test_what_a_run_does_not_change_is_not_kept() -> None:
    net = network("auto", model=MODEL + "\nw : 1", jump="w")
    net["S"].w = 1
    net.run(1 * ms)
    kept = net["S"]._reduced.replay
    assert kept.bytes < 8 * len(net["S"])      # one number per synapse would be more
    for _ in range(50):
        net.run(0.1 * ms)
    assert len(kept.legs) == 1
    lines = net.memory_estimate().lines
    assert [line.bytes for line in lines if line.what == "start of the last runs"] == [kept.bytes]
