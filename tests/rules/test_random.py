"""R41–R45: random numbers. Ours are Philox, so that targets and splittings of a run agree; Brian's stream is not
reproduced."""
import numpy as np
import pytest

from brainsim import (
    EquationError,
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    PoissonInput,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    get_device,
    ms,
    prefs,
    run,
    seed,
    start_scope,
)


def all_different(x):
    return len(np.unique(x)) == np.size(x)


@pytest.mark.feature("rand and randn")
def test_each_neuron_and_call_has_its_own_number():
    G = NeuronGroup(50, "x : 1\ny : 1")
    G.run_regularly("x = rand()\ny = rand()")
    M = StateMonitor(G, ["x", "y"], record=True, when="end")
    run(0.5 * ms)
    assert all_different(np.concatenate([M.x, M.y]))


def test_each_spiking_neuron_draws_in_a_reset():
    G = NeuronGroup(50, "v : 1", threshold="i % 2 == 0", reset="v = rand()")
    run(0.1 * ms)
    assert np.all(G.v[1::2] == 0)
    assert all_different(G.v[::2])


def test_each_event_draws_in_a_pathway():
    source = SpikeGeneratorGroup(2, [0, 1], [0, 0] * ms)
    G = NeuronGroup(20, "v : 1")
    S = Synapses(source, G, "w : 1", on_pre="w = rand()")
    S.connect()
    run(0.1 * ms)
    assert all_different(S.w)


@pytest.mark.feature("strings as values")
@pytest.mark.one_target
def test_strings_draw_per_element_and_shared_ones_once():
    G = NeuronGroup(20, "v : 1\nk : 1 (shared)")
    G.v = "rand()"
    G.k = "rand()"
    assert all_different(G.v)
    assert 0 < G.k[:] < 1
    S = Synapses(G, G, "w : 1")
    S.connect(condition="rand() < 0.5")
    assert 120 < len(S) < 280      # 400 pairs, each by its own draw: 200 +- 10
    S.w = "rand()"
    assert all_different(S.w)


@pytest.mark.one_target
def test_generator_ranges_draw_per_outer_index():
    G = NeuronGroup(100, "v : 1")
    S = Synapses(G, G)
    S.connect(j="k for k in range(int(100*rand()))")
    assert len(np.unique(S.N_outgoing_pre)) > 20


@pytest.mark.feature("seed")
def test_same_seed_same_numbers():
    def numbers():
        start_scope()
        seed(7)
        G = NeuronGroup(10, "dv/dt = -v/ms + xi*ms**-0.5 : 1", method="euler", name="g")
        G.v = "rand()"
        Network(G).run(1 * ms)
        return np.array(G.v)

    first = numbers()
    assert np.array_equal(first, numbers())
    seed(8)
    assert not np.array_equal(first, numbers()[::-1])


@pytest.mark.feature("reproducible numbers")
def test_targets_agree_on_random_numbers(target):
    """The numbers of NumPy, whatever the target of this test."""
    found = []
    for name in ("numpy", target):
        prefs["codegen.target"] = name
        seed(3)
        G = NeuronGroup(5, "dv/dt = xi_a*ms**-0.5 + xi_b*ms**-0.5 : 1\nn : integer", method="euler", name="g")
        G.run_regularly("n += poisson(3.5)")
        Network(G).run(1 * ms)
        found.append((np.array(G.v), np.array(G.n)))
        del G
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-12)
    assert np.array_equal(found[0][1], found[1][1])


@pytest.mark.parametrize("pieces", [[5, 5], [1] * 7 + [3]])
def test_splitting_a_run_draws_the_same_numbers(pieces):
    whole = NeuronGroup(5, "dv/dt = xi*ms**-0.5 : 1", method="euler", name="g")
    seed(3)
    Network(whole).run(1 * ms)
    parts = NeuronGroup(5, "dv/dt = xi*ms**-0.5 : 1", method="euler", name="g")
    seed(3)
    net = Network(parts)
    for steps in pieces:
        net.run(steps * 0.1 * ms)
    assert np.array_equal(whole.v, parts.v)


@pytest.mark.feature("seed")
def test_runs_without_a_new_seed_differ():
    def numbers():
        G = NeuronGroup(5, "x : 1", name="g")
        G.run_regularly("x = rand()")
        Network(G).run(0.1 * ms)
        return np.array(G.x)

    assert not np.any(numbers() == numbers())


@pytest.mark.feature("white noise")
def test_noise_scales_with_the_root_of_dt():
    """Ornstein–Uhlenbeck: the variance is sigma^2 tau/2 at any dt (Euler adds a factor 1/(1 - dt/(2 tau)))."""
    for dt in (0.05, 0.1, 0.5):
        G = NeuronGroup(4000, "dx/dt = -x/(5*ms) + xi*ms**-0.5 : 1", method="euler", dt=dt * ms, name="g")
        Network(G).run(40 * ms)
        assert np.var(G.x) == pytest.approx(2.5 / (1 - dt / 10), rel=0.1)      # standard error 2 %


@pytest.mark.feature("white noise")
def test_noises_are_independent_between_names_and_neurons():
    G = NeuronGroup(5000, "da/dt = xi_1*ms**-0.5 : 1\ndb/dt = xi_2*ms**-0.5 : 1\ndc/dt = xi_1*ms**-0.5 : 1",
                    method="euler")
    run(0.1 * ms)
    assert np.array_equal(G.a, G.c)
    assert abs(np.corrcoef(G.a, G.b)[0, 1]) < 0.07      # 5 standard errors
    assert abs(np.corrcoef(G.a[1:], G.a[:-1])[0, 1]) < 0.07


@pytest.mark.feature("PoissonGroup")
def test_poisson_group_has_its_rate():
    P = PoissonGroup(1000, rates="int(i < 500)*100*Hz + 10*Hz")
    M = SpikeMonitor(P)
    run(100 * ms)
    assert M.count[:500].mean() == pytest.approx(11, abs=0.6)      # 4 standard errors of 0.15
    assert M.count[500:].mean() == pytest.approx(1, abs=0.18)


@pytest.mark.feature("PoissonGroup")
def test_poisson_rates_can_be_set_between_runs():
    P = PoissonGroup(10, rates=np.zeros(10) * Hz)
    M = SpikeMonitor(P)
    run(1 * ms)
    assert M.num_spikes == 0
    P.rates = 1e4 * Hz       # one spike per step
    run(1 * ms)
    assert M.num_spikes == 100


@pytest.mark.feature("PoissonInput")
def test_poisson_input_adds_binomial_numbers():
    G = NeuronGroup(2000, "x : 1")
    P = PoissonInput(G, "x", 100, 50 * Hz, weight=0.5)
    run(20 * ms)
    assert P.name == "poissoninput"
    # 100 inputs * 50 Hz * 20 ms * 0.5; standard error 0.11 ... 4 sigma
    assert np.mean(G.x) == pytest.approx(50, abs=0.65)
    assert np.var(G.x) == pytest.approx(25 * (1 - 0.005), rel=0.2)
    assert set(np.unique(np.array(G.x) * 2 % 1)) == {0}


@pytest.mark.feature("poisson")
@pytest.mark.parametrize("mean", [0.2, 3.5, 60])
def test_poisson_function_has_equal_mean_and_variance(mean):
    G = NeuronGroup(4000, "n : integer")
    G.run_regularly("n = poisson(mean)")
    run(0.1 * ms)
    assert np.mean(G.n) == pytest.approx(mean, abs=5 * np.sqrt(mean / 4000))
    assert np.var(G.n) == pytest.approx(mean, rel=0.2)


@pytest.mark.feature("connect: probability")
@pytest.mark.one_target
def test_condition_with_probability():
    G = NeuronGroup(200, "v : 1")
    S = Synapses(G, G)
    S.connect(condition="i < j", p=0.1)
    assert np.all(S.i[:] < np.array(S.j))
    assert len(S) == pytest.approx(1990, abs=220)      # 19 900 pairs: 5 standard errors of 42
    T = Synapses(G, G)
    T.connect(p="0.5*int(j < 100)")
    assert np.array(T.j).max() < 100
    assert len(T) == pytest.approx(10000, abs=360)
    U = Synapses(G, G)
    U.connect(i=np.zeros(1000, int), j=1, p=0.3)
    assert len(U) == pytest.approx(300, abs=73)


@pytest.mark.feature("connect: probability")
@pytest.mark.one_target
@pytest.mark.parametrize("p, count", [(1.5, 100), (1, 100), (0, 0), (-0.5, 0)])
def test_probabilities_beyond_the_ends(p, count):
    G = NeuronGroup(10, "v : 1")
    S = Synapses(G, G)
    S.connect(p=p)
    assert len(S) == count


@pytest.mark.feature("connect: sample")
@pytest.mark.one_target
def test_sample_of_fixed_size_is_sorted_and_without_repetition():
    G = NeuronGroup(30, "v : 1")
    S = Synapses(G, G)
    S.connect(j="k for k in sample(N_post, size=7)")
    assert np.all(S.N_outgoing_pre == 7)
    rows = np.array(S.j).reshape(30, 7)
    assert np.all(np.diff(rows, axis=1) > 0)
    assert len({tuple(r) for r in rows}) > 20


@pytest.mark.feature("connect: sample")
@pytest.mark.one_target
def test_sample_with_probability():
    G = NeuronGroup(100, "v : 1\nq : 1")
    G.q = "int(i < 50)*0.2"
    S = Synapses(G, G)
    S.connect(j="k for k in sample(10, 90, 2, p=q_pre)")
    assert set(np.array(S.j) % 2) == {0}
    assert (np.array(S.j).min(), np.array(S.i).max()) == (10, 49)
    assert len(S) == pytest.approx(400, abs=90)        # 50 sources * 40 candidates * 0.2; 5 standard errors of 18


@pytest.mark.feature("connect: sample")
@pytest.mark.one_target
@pytest.mark.parametrize("text, error", [("k for k in sample(N_post, size=11)", IndexError),
                                         ("k for k in sample(N_post, size=-1)", IndexError),
                                         ("k for k in sample(N_post)", SyntaxError),
                                         ("k for k in sample(N_post, p=0.1, size=3)", SyntaxError)])
def test_samples_that_cannot_be_drawn_are_refused(text, error):
    G = NeuronGroup(10, "v : 1")
    S = Synapses(G, G)
    with pytest.raises(error):
        S.connect(j=text)
    assert len(S) == 0


@pytest.mark.feature("connect: sample")
@pytest.mark.one_target
def test_sample_larger_than_its_range_is_clamped_on_request():
    G = NeuronGroup(10, "v : 1")
    S = Synapses(G, G)
    S.connect(j="k for k in sample(N_post, size=11)", skip_if_invalid=True)
    assert len(S) == 100


@pytest.mark.feature("white noise")
def test_a_named_noise_may_stand_in_a_line_that_differential_equations_use():
    eqs = """dv/dt = I : 1
             dw/dt = 2*I + xi_b*0*ms**-0.5 : 1
             I = s*xi_a*ms**-0.5 : Hz
             s : 1"""
    G = NeuronGroup(200, eqs, method="euler")
    G.s = 3
    run(1 * ms)
    assert np.std(G.v) == pytest.approx(3, rel=0.2)          # ten increments of variance 9*0.1
    assert list(G.w) == pytest.approx(list(2 * np.asarray(G.v)))
    with pytest.raises(KeyError, match="differential equations only"):
        G.I[:]


@pytest.mark.one_target
@pytest.mark.parametrize("line", ["I = xi*ms**-0.5 : Hz", "I = xi_a*ms**-0.5 : Hz (constant over dt)"])
def test_other_noise_outside_differential_equations_is_refused(line):
    with pytest.raises(EquationError, match="differential equations"):
        NeuronGroup(1, f"dv/dt = I : 1\n{line}", method="euler")


def test_a_seed_in_the_middle_starts_the_numbers_of_a_network_anew(target):
    """Numbers count from the run after the seed, not from the time of the simulation."""
    prefs["codegen.target"] = target
    G = NeuronGroup(3, "dv/dt = xi*ms**-0.5 : 1", method="euler")
    slow = NeuronGroup(3, "dv/dt = xi*ms**-0.5 : 1", method="euler", dt=0.2 * ms)
    net, found = Network(G, slow), []
    for _ in range(2):
        seed(42)
        G.v = slow.v = 0
        net.run(0.6 * ms)
        net.run(0.4 * ms)
        found.append([*G.v, *slow.v])
    assert found[0] == found[1]


def test_the_state_of_the_random_numbers_brings_back_those_of_a_run(target):
    prefs["codegen.target"] = target
    G = NeuronGroup(3, "dv/dt = xi*ms**-0.5 : 1", method="euler")
    net, found = Network(G), []
    net.run(0.3 * ms)
    state = get_device().get_random_state()
    for _ in range(2):
        G.v = 0
        get_device().set_random_state(state)
        net.run(0.5 * ms)
        found.append([*G.v])
    assert found[0] == found[1] and len(set(found[0])) == 3
