"""Python inside a run: network operations, stop, progress, names from outside."""

import numpy as np
import pytest

from brainsim import (
    Network,
    NetworkOperation,
    NeuronGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    magic_network,
    ms,
    mV,
    network_operation,
    run,
    second,
    stop,
)


@pytest.mark.feature("network operations")
def test_operation_runs_at_every_tick_of_its_clock():
    times, calls = [], []

    @network_operation(dt=0.2 * ms)
    def with_time(t):
        times.append(t / ms)

    @network_operation
    def without():
        calls.append(1)

    run(0.5 * ms)
    assert times == pytest.approx([0, 0.2, 0.4])
    assert len(calls) == 5


def test_operation_reads_and_writes_in_its_slot():
    G = NeuronGroup(2, "dx/dt = 1/ms : 1", method="euler")
    seen = []

    @network_operation(when="before_groups")
    def kick():
        seen.append(G.x[0])
        G.x[1] = 10

    run(0.2 * ms)
    assert seen == pytest.approx([0, 0.1])
    assert list(G.x) == pytest.approx([0.2, 10.1])


@pytest.mark.feature("spikes of the present step")
def test_operation_sees_the_spikes_of_the_step():
    G = NeuronGroup(3, "v : 1", threshold="i == t_in_timesteps")
    seen = []

    @network_operation(when="after_thresholds")
    def look():
        seen.append((list(G.spikes), list(G[1:].spikes)))

    run(0.3 * ms)
    assert seen == [([0], []), ([1], [0]), ([2], [1])]


@pytest.mark.feature("network operations")
@pytest.mark.one_target
def test_functions_with_other_arguments_are_refused():
    with pytest.raises(TypeError, match="2 arguments"):
        network_operation(lambda a, b: None)
    with pytest.raises(TypeError):
        NetworkOperation(3)

    class Model:
        @staticmethod
        def refused():
            @network_operation
            def method(self):
                pass

        def method(self):
            self.called = True

    with pytest.raises(TypeError, match="method"):
        Model.refused()
    model = Model()
    op = NetworkOperation(model.method)
    run(0.1 * ms)
    assert model.called and op.active


def test_exception_in_an_operation_reaches_the_caller_and_the_run_goes_on_later():
    G = NeuronGroup(1, "n : 1")
    G.run_regularly("n += 1", when="end")
    broken = [True]

    @network_operation
    def fail(t):
        if broken[0] and t > 0.25 * ms:
            raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        run(1 * ms)
    assert G.n[0] == 4      # the step that failed was finished
    broken[0] = False
    run(0.5 * ms)
    assert G.n[0] == 9


@pytest.mark.feature("stop")
def test_stop_ends_after_the_step():
    G = NeuronGroup(1, "n : 1")
    G.run_regularly("n += 1", when="end")

    @network_operation
    def enough(t):
        if t > 0.25 * ms and t < 0.35 * ms:
            stop()

    run(1 * ms)
    assert (G.n[0], magic_network.t / ms) == (4, pytest.approx(0.4))
    run(0.2 * ms)
    assert (G.n[0], magic_network.t / ms) == (6, pytest.approx(0.6))


@pytest.mark.feature("stop")
def test_stop_of_a_network():
    G = NeuronGroup(1, "n : 1")
    G.run_regularly("n += 1", when="end")
    op = NetworkOperation(lambda: net.stop())
    net = Network(G, op)
    net.run(1 * ms)
    assert (G.n[0], net.t / ms) == (1, pytest.approx(0.1))


@pytest.mark.feature("progress reports")
def test_progress_is_reported_at_start_and_end():
    G = NeuronGroup(1, "x : 1")
    seen = []
    run(1 * ms, report=lambda *a: seen.append(a))
    assert G.x[0] == 0
    (_, first, start, length), (_, last, *_) = seen[0], seen[-1]
    assert (first, last, start, length / ms) == (0, 1, 0 * second, pytest.approx(1))
    run(1 * ms, report=lambda *a: seen.append(a))
    assert seen[-1][2] / ms == pytest.approx(1)


@pytest.mark.feature("progress reports")
@pytest.mark.one_target
def test_progress_as_text(capsys):
    G = NeuronGroup(1, "x : 1")
    run(1 * ms, report="text")
    assert capsys.readouterr().out.strip()
    run(1 * ms, report="stderr")
    assert capsys.readouterr().err.strip()
    assert G.x[0] == 0


@pytest.mark.feature("progress reports")
@pytest.mark.one_target
@pytest.mark.parametrize("report, error", [("txet", ValueError), (3, TypeError)])
def test_reports_that_are_none_are_refused(report, error):
    G = NeuronGroup(1, "x : 1")
    with pytest.raises(error):
        run(1 * ms, report=report)
    run(1 * ms)
    assert G.t / ms == pytest.approx(1)


@pytest.mark.feature("names from outside", "several runs", "values at the start of a run")
def test_names_are_read_anew_at_each_run():
    G = NeuronGroup(1, "dx/dt = rate : 1", method="euler")
    rate = 1 / ms
    run(0.1 * ms)
    rate = 3 / ms
    run(0.1 * ms)
    assert G.x[0] == pytest.approx(0.4)
    rate = 3 / mV
    with pytest.raises(Exception, match="dx/dt"):
        run(0.1 * ms)
    rate = 2 / ms
    run(0.1 * ms)
    assert G.x[0] == pytest.approx(0.6)
    del rate
    with pytest.raises(KeyError, match="Unknown name 'rate'"):
        run(0.1 * ms)


def test_name_that_changes_its_type_is_taken_over():
    G = NeuronGroup(1, "x : 1\ny : 1")
    G.run_regularly("x = k/2; y = k//2")
    for k, x, y in ((7, 3.5, 3), (7.0, 3.5, 3), (True, 0.5, 0)):
        run(0.1 * ms)
        assert (G.x[0], G.y[0]) == (x, y), k


@pytest.mark.feature("namespace of a group", "order of resolution")
def test_namespaces_in_their_order():
    k = 1
    G = NeuronGroup(1, "x : 1", namespace={"k": 2})
    H = NeuronGroup(1, "x : 1")
    G.run_regularly("x = k")
    H.run_regularly("x = k")
    net = Network(G, H)
    net.run(0.1 * ms)
    assert (G.x[0], H.x[0]) == (2, 1)
    net.run(0.1 * ms, namespace={"k": 3})
    assert (G.x[0], H.x[0]) == (2, 3)
    G.namespace["k"] = 5
    net.run(0.1 * ms)
    assert (G.x[0], H.x[0], k) == (5, 1, 1)


@pytest.mark.feature("order of resolution")
@pytest.mark.one_target
def test_constants_and_units_are_not_overridden(caplog):
    e, ms = 5, 17
    G = NeuronGroup(1, "x : 1\ny : second")
    G.run_regularly("x = e; y = ms")
    run(0.1e-3 * second)
    assert (G.x[0], G.y[0] / second) == (pytest.approx(np.e), 1e-3)
    assert "your own variable 'e' is not used" in caplog.text
    assert (e, ms) == (5, 17)


@pytest.mark.feature("namespace of a group", "order of resolution")
def test_a_namespace_begins_empty_and_takes_names_later():
    G = NeuronGroup(1, "dx/dt = q/ms : 1", method="euler")
    G.namespace.update(q=2)
    run(0.1 * ms)
    G.namespace["q"] = 5
    run(0.1 * ms)
    assert G.x == pytest.approx(0.7)


@pytest.mark.feature("namespace of a run")
@pytest.mark.one_target
def test_explicit_namespace_replaces_the_frame():
    here = 3
    G = NeuronGroup(1, "x : 1")
    G.run_regularly("x = here")
    with pytest.raises(KeyError, match="'here'"):
        run(0.1 * ms, namespace={})
    run(0.1 * ms)
    assert G.x[0] == here


@pytest.mark.feature("names from outside", "what counts as a value")
@pytest.mark.one_target
def test_values_that_are_no_scalars_are_refused():
    many = np.arange(3)
    word = "text"
    G = NeuronGroup(3, "x : 1", namespace={"few": [1, 2]})
    for name in ("many", "few"):
        G.run_regularly(f"x = {name}", name=name)
        with pytest.raises(KeyError, match="not a scalar"):
            run(0.1 * ms)
        G._contained.pop()
    G.run_regularly("x = word")
    with pytest.raises(KeyError, match="'word'"):
        run(0.1 * ms)
    assert len(many) == 3 and word
    with pytest.raises(ValueError, match="_k"):
        NeuronGroup(1, "x : 1", namespace={"_k": 3})


@pytest.mark.feature("what counts as a value")
def test_zero_dimensional_values_count_as_scalars():
    a, b, c, d = np.array(2.0), np.float32(0.5), np.int16(3), np.array(4) * mV
    G = NeuronGroup(1, "x : 1\nv : volt")
    G.run_regularly("x = a*b*c; v = d")
    run(0.1 * ms)
    assert (G.x[0], G.v[0]) == (3, 4 * mV)
    assert (a, b, c) == (2, 0.5, 3) and d is not None


def test_run_repeated_with_other_options():
    G = NeuronGroup(2, "v : 1", threshold="v < 1")
    M, T = SpikeMonitor(G), StateMonitor(G, "v", record=True)
    for kwargs in ({}, {"report": lambda *a: None}, {"namespace": {}}, {"report_period": 1 * second}):
        run(0.1 * ms, **kwargs)
    assert (M.num_spikes, len(T.t)) == (8, 4)


def test_synapses_made_between_runs_join():
    G = NeuronGroup(3, "v : 1", threshold="i == 0")
    S = Synapses(G, G, "w : 1", on_pre="v += 1")
    S.connect(i=0, j=1)
    run(0.1 * ms)
    S.connect(i=0, j=2)
    run(0.1 * ms)
    assert list(G.v) == [0, 2, 1]
