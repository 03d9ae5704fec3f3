"""Synapses that nobody stores: drawn again at each event, and the same as those that are stored."""
from dataclasses import replace

import numpy as np
import pytest

from brainsim import *
from brainsim.ir.check import problems
from brainsim.ir.random_rows import gap_table, guide_of, row, rows

STORAGES = ("stored", "procedural")
WEIGHTS = "(0.5 + rand())*nS + 0.1*randn()*nS + 0.001*i*nS + 0.002*j*nS"


def network(storage, rule=dict(p=0.1), weights=WEIGHTS, part=False, model="w : siemens", on_pre="g_post += w", key=4,
            run_=True):
    start_scope()
    seed(key)
    source = NeuronGroup(120, "dv/dt = (1.2 - v)/(10*ms) : 1", threshold="v > 1", reset="v = 0", method="exact")
    source.v = "rand()"
    target = NeuronGroup(150, "dg/dt = -g/(5*ms) : siemens (unless refractory)\nu : 1", threshold="g > 40*nS", reset="",
                         refractory=1 * ms, method="exact")
    s = Synapses(source[20:100] if part else source, target[30:140] if part else target, model, on_pre=on_pre,
                 delay=1 * ms)
    s.connect(storage=storage, **rule)
    if weights is not None:
        s.w = weights
    net = Network(source, target, s)
    if run_:
        net.run(30 * ms)
    return target, s, net


@pytest.mark.parametrize("part", [False, True])
@pytest.mark.parametrize("rule", [dict(p=0.1), dict(condition="i != j", p=0.3), dict(), dict(p=0.002),
                                  dict(p="0.1 + 0.05")], ids=str)
def test_procedural_synapses_are_those_that_are_stored(rule, part, target):
    (g, s, _), (h, r, _) = (network(storage, rule, part=part) for storage in STORAGES)
    assert len(s) == len(r) > 0
    assert np.array_equal(s.i[:], r.i[:]) and np.array_equal(s.j[:], r.j[:])
    assert np.asarray(r.w[:]) == pytest.approx(np.asarray(s.w[:]), rel=1e-13)
    assert np.asarray(h.g[:]) == pytest.approx(np.asarray(g.g[:]), rel=1e-12)
    assert np.asarray(g.g[:]).any()


def test_every_target_draws_the_same_rows():
    found = []
    for name in ("interpreter", "numpy", "cython", "jax"):
        prefs.codegen.target = name
        found.append(np.asarray(network("procedural")[0].g[:]))
    for other in found[1:]:
        assert other == pytest.approx(found[0], rel=1e-12)


def test_synapses_without_values_of_their_own_act(target):
    g, s, _ = network("procedural", weights=None, model="", on_pre="u_post += 1")
    h, r, _ = network("stored", weights=None, model="", on_pre="u_post += 1")
    assert np.array_equal(g.u[:], h.u[:]) and g.u[:].sum() > 0


def test_neurons_and_constants_may_be_part_of_the_effect(target):
    code = "u_post += 0.001*v_pre*w/nS + 0*t/second"
    (g, _, _), (h, _, _) = (network(storage, on_pre=code) for storage in STORAGES)
    assert np.asarray(h.u[:]) == pytest.approx(np.asarray(g.u[:]), rel=1e-12)


def test_weights_take_the_constants_of_the_time_they_are_assigned(target):
    top = 2 * nS
    _, s, net = network("procedural", weights=None, run_=False)
    s.w = "top*rand()"
    assert 1.8 < np.asarray(s.w[:]).max() / 1e-9 < 2
    top = 5 * nS
    net.run(10 * ms)
    assert np.asarray(s.w[:]).max() / 1e-9 < 2 and float(top) > 0


def test_another_seed_makes_another_network_and_the_same_seed_the_same():
    first, again, other = (network("procedural", key=k, run_=False)[1] for k in (4, 4, 5))
    pairs = [np.column_stack([s.i[:], s.j[:]]).tolist() for s in (first, again, other)]
    assert pairs[0] == pairs[1] != pairs[2]


def test_without_storage_the_law_is_the_one_of_before():
    def made(**more):
        start_scope()
        seed(1)
        g = NeuronGroup(100, "v : 1")
        s = Synapses(g, g)
        s.connect(p=0.1, **more)
        return s.i[:].tolist(), s.j[:].tolist()

    seed(1)
    chosen = np.cumsum(np.random.Generator(np.random.Philox(key=1)).geometric(0.1, size=1114)) - 1
    chosen = chosen[chosen < 10_000]
    assert made() == ((chosen // 100).tolist(), (chosen % 100).tolist())
    assert made() != made(storage="stored")


def test_store_and_restore_keep_the_law_and_the_formula(target):
    _, s, net = network("procedural")
    before = np.asarray(s.w[:])
    net.store()
    s.w = "rand()*nS"
    assert not np.array_equal(before, np.asarray(s.w[:]))
    net.restore()
    net.run(1 * ms)
    assert np.array_equal(before, np.asarray(s.w[:]))


def test_procedural_synapses_take_no_memory_each():
    sizes = []
    for n in (1000, 100_000):
        start_scope()
        g = NeuronGroup(n, "v : 1\nu : 1", threshold="v > 1", reset="v = 0")
        s = Synapses(g, g, "w : 1", on_pre="u_post += w")
        s.connect(p=0.1, storage="procedural")
        s.w = "rand()"
        sizes.append(int(s.memory_estimate()))
        Network(g, s).run(0.1 * ms)
        assert sum(values.nbytes for _, values in s.declared().arrays.values()) == sizes[-1]
    assert sizes[0] == sizes[1] < 10_000
    assert "1000000000 procedural" in repr(s)


REFUSED = [
    (dict(), dict(on_pre="w += 1*nS"), "would have to be stored"),
    (dict(), dict(on_pre="g_post += rand()*w"), "draws no random numbers"),
    (dict(), dict(weights="poisson(2)*nS"), "cannot be used for values"),
    (dict(), dict(weights="u_post*nS"), "it may change"),
    (dict(), dict(model="dw/dt = -w/second : siemens (clock-driven)"), "needs a value for every synapse"),
    (dict(), dict(model="dw/dt = -w/second : siemens (event-driven)"), "needs a value for every synapse"),
    (dict(), dict(model="w : siemens\nu_post = w/nS : 1 (summed)"), "needs a value for every synapse"),
    (dict(condition="i < j"), dict(), "one probability"),
    (dict(p="0.1*v_pre"), dict(), "one probability"),
    (dict(p=0.1, n=2), dict(), "one probability"),
    (dict(p=0.0), dict(), "one probability"),
    (dict(i=[1], j=[2]), dict(), "one probability"),
    (dict(j="k for k in range(3)"), dict(), "one probability"),
]


@pytest.mark.parametrize("rule, more, message", REFUSED, ids=lambda x: str(x)[:40])
def test_what_needs_memory_for_each_synapse_is_refused_with_the_way_out(rule, more, message):
    with pytest.raises((ValueError, TypeError), match=message) as found:
        network("procedural", rule or dict(p=0.1), **more)
    assert "storage='stored'" in str(found.value)


def test_further_refusals_name_what_is_not_stored():
    g = NeuronGroup(10, "v : 1", threshold="v > 1", reset="v = 0")
    with pytest.raises(TypeError, match="starts at the target"):
        Synapses(g, g, on_pre="v_post += 1", on_post="v_pre += 1").connect(p=0.5, storage="procedural")
    s = Synapses(g, g, "w : 1", on_pre="v_post += w")
    with pytest.raises(ValueError, match="'stored' or 'procedural'"):
        s.connect(p=0.5, storage="lazy")
    s.connect(p=0.5, storage="procedural")
    with pytest.raises(ValueError, match="one call of connect"):
        s.connect(p=0.5)
    with pytest.raises(TypeError, match="assigned as a whole"):
        s.w["i < 3"] = 1
    with pytest.raises(TypeError, match="takes a number or a string"):
        s.w = np.arange(len(s))
    with pytest.raises(TypeError, match="one delay"):
        s.delay = "rand()*ms"
    monitor = StateMonitor(s, "w", record=[0])
    with pytest.raises(TypeError, match="looks at single synapses"):
        Network(g, s, monitor).run(0 * ms)


# -- the law -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("hollow", [False, True])
@pytest.mark.parametrize("p", [0.01, 0.3, 1.0])
def test_many_rows_are_the_single_rows(p, hollow):
    gaps = gap_table(p)
    count, column = rows(5, np.arange(40), 300, gaps, hollow)
    ends = np.cumsum(count)
    for j in range(40):
        assert list(row(5, j, 300, gaps, hollow)) == column[ends[j] - count[j]:ends[j]].tolist()


def test_a_short_table_gives_the_same_distribution(monkeypatch):
    monkeypatch.setattr("brainsim.ir.random_rows.LONGEST", 16)
    gaps = gap_table(0.01)
    assert len(gaps) == 17
    count, column = rows(7, np.arange(4000), 500, gaps, False)
    assert count.sum() == pytest.approx(4000 * 500 * 0.01, abs=5 * (4000 * 500 * 0.01 * 0.99) ** 0.5)
    assert [list(row(7, j, 500, gaps, False)) for j in range(3)] == [column[:count[0]].tolist(),
                                                                     column[count[0]:count[:2].sum()].tolist(),
                                                                      column[count[:2].sum():count[:3].sum()].tolist()]


@pytest.mark.parametrize("p", [0.001, 0.1, 0.5, 0.9])
def test_each_pair_is_made_with_probability_p(p):
    members, trials = np.zeros(200), 4000
    count, column = rows(11, np.arange(trials), 200, gap_table(p), False)
    members += np.bincount(column, minlength=200)
    z = (members - trials * p) / (trials * p * (1 - p)) ** 0.5
    # four standard errors of 200 independent numbers
    assert abs(z.mean()) < 4 / 200 ** 0.5 and 0.7 < z.std() < 1.3
    assert count.var() == pytest.approx(200 * p * (1 - p), rel=0.15)


def test_the_guide_points_at_or_before_the_entry_that_is_looked_for():
    gaps = gap_table(0.05)
    u = np.random.default_rng(1).random(1000)
    begin = guide_of(gaps)[(u * 1024).astype(int)]
    wanted = np.searchsorted(gaps, u, side="right")
    assert (begin <= wanted).all() and (wanted - begin).max() < 100


@pytest.mark.parametrize("kind", ["float32", "integer"])
def test_values_have_the_type_that_would_be_stored(kind, target):
    def made(storage):
        start_scope()
        seed(3)
        g, h = NeuronGroup(50, "v : 1", threshold="v > 1", reset="v = 0"), NeuronGroup(60, "u : 1")
        g.v = 2
        s = Synapses(g, h, "w : 1" if kind == "float32" else "w : integer", on_pre="u_post += w",
                     dtype=np.float32 if kind == "float32" else None)
        s.connect(p=0.3, storage=storage)
        s.w = "rand()" if kind == "float32" else "int(10*rand())"
        Network(g, h, s).run(0.2 * ms)
        return np.asarray(h.u[:]), s.w[:]

    (u, w), (x, y) = map(made, STORAGES)
    assert w.dtype == y.dtype and np.array_equal(w, y)
    assert x == pytest.approx(u, rel=1e-12) and u.any()


def test_counts_and_tables_of_neurons_are_drawn_on_request():
    (_, s, _), (_, r, _) = (network(storage, run_=False) for storage in STORAGES)
    for name in ("N_outgoing_pre", "N_incoming_post"):
        assert np.array_equal(getattr(s, name), getattr(r, name))
    assert np.array_equal(s.N_outgoing[:], r.N_outgoing[:])
    assert np.array_equal(np.asarray(s.w["i < 5"]), np.asarray(r.w["i < 5"]))
    assert "rand" in r._repr_html_() and "procedural" in r._repr_html_()
    assert len(r.to_pandas()) == len(s)


def test_the_program_of_procedural_synapses_is_legal_and_says_what_it_does():
    _, _, net = network("procedural", rule=dict(condition="i != j", p=0.1), run_=False)
    net.run(0 * ms)
    program = net._prepared.program
    assert problems(program) == []
    assert "random rows" in net.explain("program") and "hollow" in net.explain("program")
    missing = replace(program, arrays=tuple(a for a in program.arrays if not a.name.endswith(".@gaps")))
    assert any("gaps of random rows" in text for text in problems(missing))
