"""Events that are added up on their way: between two runs nothing tells them from events in a queue."""
from __future__ import annotations

import numpy as np
import pytest

from brainsim import Network, NetworkOperation, NeuronGroup, SpikeGeneratorGroup, Synapses, ms, prefs
from brainsim.ir.text import program as text
from brainsim.objects.synapses import pathway


@pytest.fixture(autouse=True)
def _always_crowded(monkeypatch):
    monkeypatch.setattr(pathway, "CROWDED", 0)
    yield
    prefs.reset_to_defaults()


def sent(passes: bool) -> tuple[Network, NeuronGroup, Synapses]:
    """Three sources that fire at 0 ms and 1 ms, five targets that count, delays from 0 to 2.8 ms."""
    prefs.codegen.passes = passes
    P = SpikeGeneratorGroup(3, [0, 1, 2, 0, 2], np.array([0, 0, 0, 1, 1]) * ms, name="P")
    G = NeuronGroup(5, "x : 1", name="G")
    S = Synapses(P, G, "w : 1", on_pre="x_post += w", name="S")
    S.connect()
    S.w = "1 + i + 10*j"
    S.delay = "(i + j)*0.4*ms + 0.4*ms*(i == 2)"
    return Network(P, G, S), G, S


def arrived(net: Network, G: NeuronGroup, change=None) -> list[list[float]]:
    """What has arrived after 0.7 ms, 1.5 ms and 5 ms; ``change`` happens after 1.5 ms."""
    found = []
    for k, duration in enumerate((0.7, 0.8, 3.5)):
        if k == 2 and change is not None:
            change()
        net.run(duration * ms)
        found.append(G.x[:].tolist())
    return found


def adds_up(net: Network) -> bool:
    return "flight" in text(net.prepared.program)


def test_sums_are_used_and_give_what_the_queue_gives():
    with_sums, G, _ = sent(True)
    found = arrived(with_sums, G)
    plain, H, _ = sent(False)
    assert found == arrived(plain, H)
    assert adds_up(with_sums) and not adds_up(plain)


def test_a_weight_set_between_runs_holds_for_events_on_their_way():
    results = []
    for passes in (True, False):
        net, G, S = sent(passes)
        results.append(arrived(net, G, lambda: S.w.__setitem__(slice(None), "100 + j")))     # noqa: B023
    assert results[0] == results[1]


def test_a_delay_set_between_runs_leaves_events_on_their_way_alone():
    results = []
    for passes in (True, False):
        net, G, S = sent(passes)
        results.append(arrived(net, G, lambda: setattr(S, "delay", "0.3*ms + 0.1*ms*j")))     # noqa: B023
    assert results[0] == results[1]


def test_store_keeps_events_on_their_way():
    net, G, _ = sent(True)
    net.run(1.2 * ms)
    net.store()
    net.run(3 * ms)
    first = G.x[:].tolist()
    net.restore()
    assert G.x[:].tolist() != first
    net.run(3 * ms)
    assert G.x[:].tolist() == first


def test_the_queue_is_used_where_a_python_function_may_look():
    net, G, _ = sent(True)
    net.add(NetworkOperation(lambda: None, dt=1 * ms))
    net.run(5 * ms)
    assert not adds_up(net)


def test_the_queue_is_used_where_weights_change():
    net, G, S = sent(True)
    S.run_regularly("w += 1", dt=1 * ms)
    net.run(5 * ms)
    assert not adds_up(net)


def test_the_queue_is_used_where_few_events_meet(monkeypatch):
    monkeypatch.setattr(pathway, "CROWDED", 4)
    net, G, _ = sent(True)
    net.run(5 * ms)
    assert not adds_up(net)
