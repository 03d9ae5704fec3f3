"""What all elements share is one value, which ``[:]`` reads too; and no complex value gets into a model."""
import numpy as np
import pytest

from brainsim import (
    Clock,
    EventClock,
    Hz,
    Network,
    NeuronGroup,
    PoissonInput,
    PopulationRateMonitor,
    Quantity,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    defaultclock,
    ms,
    mV,
    run,
    second,
)
from brainsim.errors import DimensionMismatchError


@pytest.mark.parametrize("of", [lambda G, S, M: G, lambda G, S, M: S, lambda G, S, M: G[1:], lambda G, S, M: G.clock])
def test_shared_values_are_read_by_a_slice_of_everything(of):
    G = NeuronGroup(3, "v : volt", threshold="v > 1*volt", reset="")
    S = Synapses(G, G, "w : 1")
    S.connect(i=[0, 1], j=[1, 2])
    M = SpikeMonitor(G)
    Network(G, S, M).run(0.3 * ms)
    it = of(G, S, M)
    assert it.t[:] == it.t == G.t and type(it.t[:]) is Quantity and float(it.t / ms) == pytest.approx(0.3)
    if it is not G.clock:
        assert it.dt[:] == it.dt == 0.1 * ms and it.dt_[:] == 1e-4 and it.t_[:] == it.t_ and it.t_in_timesteps[:] == 3
    assert G.clock.timestep[:] == 3 and S.N[:] == 2 and M.N[:] == 0 and defaultclock.t[:] == defaultclock.t
    with pytest.raises(IndexError):
        it.t[0]
    with pytest.raises(IndexError, match="one value that all elements share"):
        G.clock.timestep[0]


@pytest.mark.parametrize(
    "make",
    [
        lambda G: setattr(G, "v", 1j * mV), lambda G: setattr(G, "v_", np.ones(2) * 1j),
        lambda G: G.v.__setitem__("i > 0", 1j * mV), lambda G: G.set_states({"v": np.ones(2) * 1j * mV}),
        lambda G: setattr(NeuronGroup(2, "v : volt", namespace={"z": 1j * mV}), "v", "z"),
        lambda G: run(1j * ms), lambda G: TimedArray([1, 1j] * mV, dt=1 * ms),
        lambda G: SpikeGeneratorGroup(1, [0], [1j] * ms), lambda G: EventClock([1j] * ms), lambda G: Clock(1j * ms),
        lambda G: Network(G, PoissonInput(G, "v", 1, 1 * Hz, weight=1j * mV)).run(1 * ms),
        lambda G: NeuronGroup(1, "v : 1", dt=1j * ms),
        lambda G: StateMonitor(G, "v", record=True, dt=1j * ms), lambda G: setattr(defaultclock, "dt", 1j * ms),
        lambda G: Network(NeuronGroup(1, "dv/dt = (z - v)/ms : volt")).run(1 * ms, namespace={"z": 1j * mV}),
        lambda G: Network(NeuronGroup(1, "dv/dt = (z - v)/ms : 1")).run(1 * ms, namespace={"z": 1j}),
    ],
)  # fmt: skip
def test_a_model_takes_no_complex_value(make):
    with pytest.raises(TypeError, match="A model holds real numbers\n  Found: .*j.*\n  Help: take its real part"):
        make(NeuronGroup(2, "v : volt"))


@pytest.mark.parametrize("read", [lambda R: R.smooth_rate(width=5), lambda R: R.smooth_rate("flat", 5 * Hz),
                                  lambda R: R.plot(width=1), lambda R: R.binned_rate(5)])
def test_the_width_of_a_window_is_a_time(read):
    R = PopulationRateMonitor(NeuronGroup(1, "v : 1", threshold="True"))
    Network(R, R.source).run(1 * ms)
    assert R.smooth_rate("flat", 0.1 * ms)[5] == 1 / (0.1 * ms) and 1 * second > 0
    with pytest.raises(DimensionMismatchError, match="must be a time"):
        read(R)


def test_arrays_of_objects_and_of_every_kind_of_number_set_values():
    G = NeuronGroup(2, "v : volt\nw : 1")
    G.v = np.array([1 * mV, 2 * mV], dtype=object)
    assert G.v[:].tolist() == [1 * mV, 2 * mV]
    for numbers in (np.array([1, 2], dtype=object), np.array([1, 2], np.uint8), np.array([1, 2], ">f4")):
        G.w = 0
        G.w = numbers
        assert G.w[:].tolist() == [1, 2]
    for wrong in (np.ma.array([1, 2], mask=[True, False]), np.array([None, 1], dtype=object), np.array(["a", "b"])):
        with pytest.raises(TypeError):
            G.w = wrong
    assert G.w[:].tolist() == [1, 2]
