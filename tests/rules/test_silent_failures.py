"""R60–R68: where Brian 2 is silent, we raise; what it wraps, is caught by both names."""
import numpy as np
import pytest

from brainsim import (
    BrianObjectException,
    DimensionMismatchError,
    Network,
    NeuronGroup,
    PreferenceError,
    SpikeGeneratorGroup,
    Synapses,
    UnsupportedEquationsException,
    magic_network,
    ms,
    network_operation,
    prefs,
    run,
    volt,
)


def test_every_block_of_a_program_runs_or_the_run_fails():
    """R60: an integer from a division, an index from i/2: nothing is skipped."""
    G = NeuronGroup(4, "v : 1\nn : integer", threshold="v < 1", reset="v = 1; n = 7/2")
    S = Synapses(G, G, on_pre="v_post += 10")
    S.connect(j="i/2")
    run(0.1 * ms)
    assert (list(G.v), list(G.n)) == ([1, 1, 1, 1], [3] * 4)
    assert list(S.j) == [0, 0, 1, 1]


@pytest.mark.feature("network operations")
def test_network_operations_are_called_on_every_target():
    """R61."""
    calls = []

    @network_operation
    def count():
        calls.append(1)

    run(0.3 * ms)
    assert len(calls) == 3


@pytest.mark.feature("codegen.target")
@pytest.mark.one_target
def test_unknown_target_is_refused_when_it_is_set():
    """R62."""
    with pytest.raises(PreferenceError, match="foo"):
        prefs.codegen.target = "foo"
    with pytest.raises(PreferenceError):
        prefs["codegen.tragte"] = "numpy"
    assert prefs.codegen.target == "numpy"


@pytest.mark.one_target
def test_negative_delay_from_a_string_or_an_array_is_refused():
    """R63."""
    source = SpikeGeneratorGroup(2, [0], [0] * ms)
    G = NeuronGroup(2, "x : 1")
    S = Synapses(source, G, on_pre="x += 1")
    S.connect()
    S.delay = "(i - 1)*ms"
    with pytest.raises(ValueError, match="delay of synapses is negative"):
        run(0.1 * ms)
    S.delay = 0 * ms
    run(0.1 * ms)
    assert list(G.x) == [1, 1]


@pytest.mark.feature("errors name the object")
@pytest.mark.one_target
@pytest.mark.parametrize("model, error", [("dv/dt = -v : 1", DimensionMismatchError),
                                          ("dv/dt = -v/nowhere : 1", KeyError),
                                          ("dv/dt = -v**2/ms : 1", UnsupportedEquationsException)])
def test_errors_of_a_run_carry_both_classes_and_the_object(model, error):
    """R64: the original class and `BrianObjectException` both catch it; its cause is the original."""
    G = NeuronGroup(1, model, method="exact")
    for kind in (error, BrianObjectException):
        with pytest.raises(kind) as caught:
            run(0.1 * ms)
        assert str(caught.value).startswith("neurongroup: ")
    assert isinstance(caught.value.__cause__, error)
    assert G.name == "neurongroup"


@pytest.mark.feature("errors name the object")
@pytest.mark.one_target
def test_assignments_and_connect_raise_the_plain_error():
    G = NeuronGroup(1, "v : volt")
    with pytest.raises(DimensionMismatchError) as caught:
        G.v = 1
    assert not isinstance(caught.value, BrianObjectException)


@pytest.mark.one_target
def test_names_are_found_from_inside_a_function_that_connects():
    """R66: each call looks into the frame it is written in."""
    G = NeuronGroup(3, "v : 1")

    def helper():
        here = 1
        S = Synapses(G, G, "w : 1")
        S.connect(condition="i == here")
        S.w = "here + j"
        G.v["i == here"] = "10*here"
        return S, S.w["w > here"]

    S, large = helper()
    assert (list(S.w), list(large), list(G.v)) == ([1, 2, 3], [2, 3], [0, 10, 0])


def test_failed_preparation_leaves_time_and_values_alone():
    G = NeuronGroup(2, "dv/dt = rate : 1", method="euler")
    rate = 1 / ms
    run(0.2 * ms)
    before = np.array(G.v)
    rate = 1 * volt
    with pytest.raises(DimensionMismatchError):
        run(0.2 * ms)
    assert np.array_equal(G.v, before)
    assert magic_network.t / ms == pytest.approx(0.2)
    rate = 1 / ms
    run(0.1 * ms)
    assert G.v[0] == pytest.approx(0.3)


def test_duplicate_of_a_network_gives_the_same_result():
    """R67: a second network of the same text takes nothing from the first."""
    found = []
    for _ in range(2):
        G = NeuronGroup(3, "dv/dt = (1 - v)/tau : 1", name="g")
        tau = (len(found) + 1) * ms
        Network(G).run(1 * ms)
        found.append(G.v[0])
        del G
    assert found == pytest.approx([1 - np.exp(-1), 1 - np.exp(-0.5)])
