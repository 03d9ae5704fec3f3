"""Where the time went: every stage has its own, and nothing is parsed twice."""
import ast

from brainsim import *
from brainsim.stages import STAGES

tau = 10*ms


def network(tag=''):
    G = NeuronGroup(5, f'dv/dt = (1{tag} - v)/tau : 1', threshold='v > 0.5', reset='v = 0', refractory='2*ms',
                    method='exact')
    S = Synapses(G, G, 'w : 1', on_pre='v_post += w')
    S.connect('i != j')
    S.w = '0.1*rand()'
    return Network(G, S, StateMonitor(G, 'v', record=True), SpikeMonitor(G))


def test_every_stage_has_its_time(target):
    net = network()
    net.run(10*ms)
    found = net.timings()
    assert tuple(found) == STAGES and all(spent > 0 for spent in found.values())
    assert found.total == sum(found.values())
    assert "integrate" in repr(found) and repr(found).splitlines()[-1].startswith("total")
    assert "<td>run</td>" in found._repr_html_()


def test_a_second_run_has_a_time_of_its_own_and_was_prepared_once(target):
    net = network()
    net.run(10*ms)
    first = net.timings()
    net.run(0*ms)
    second = net.timings()
    assert second['integrate'] == first['integrate'] and second['run'] < first['run']


def test_what_goes_before_the_first_run_is_known_before_it(fresh):
    found = network().timings()
    assert found['parse'] > 0 and found['declare'] > 0 and found['resolve'] == found['run'] == 0


def test_preparing_parses_no_string_a_second_time(fresh, monkeypatch):
    texts: list[str] = []
    parse = ast.parse
    monkeypatch.setattr(ast, "parse", lambda text, *a, **k: (texts.append(text), parse(text, *a, **k))[1])
    net = network(tag=' + 0.25')
    net.run(1*ms)
    declared = list(texts)
    net.objects[0].order = 1     # prepares anew
    net.run(1*ms)
    assert '(1 + 0.25 - v)/tau' in declared and texts == declared
    assert len([t for t in declared if 'tau' in t]) == 1
