"""How objects look in a notebook, and as plots."""
import numpy as np
import pytest

from brainsim import (
    Clock,
    Equations,
    Network,
    NeuronGroup,
    PoissonGroup,
    PopulationRateMonitor,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    defaultclock,
    ms,
    mV,
    network_operation,
    prefs,
    profiling_summary,
    scheduling_summary,
)
from brainsim.errors import WrongValue
from brainsim.objects.looks.html import table
from brainsim.objects.looks.value_text import value_text
from brainsim.units import Hz, volt


@pytest.fixture
def net():
    """Three neurons spike at given times into two others."""
    source = SpikeGeneratorGroup(3, [0, 2, 0], [0.1, 0.2, 0.4] * ms, name="source")
    G = NeuronGroup(2, "dv/dt = 0*mV/ms : volt\nlimit : volt (shared)", threshold="v > 1*volt", reset="v = 0*mV",
                    method="euler", name="cells")
    S = Synapses(source, G, "w : volt", on_pre="v += w", delay=0.1 * ms, name="links")
    S.connect(i=[0, 2, 2], j=[0, 0, 1])
    S.w = [1, 2, 3] * mV
    states, spikes, rate = StateMonitor(G, "v", record=True,
                                        name="states"), SpikeMonitor(source, name="spikes"), PopulationRateMonitor(
                                            source, name="rate")
    made = Network(source, G, S, states, spikes, rate)
    made.run(1 * ms, profile=True)
    return made


@pytest.fixture
def ax():
    pytest.importorskip("matplotlib").use("Agg")
    pyplot = pytest.importorskip("matplotlib.pyplot")
    yield pyplot.subplots()[1]
    pyplot.close("all")


# -- notebooks
# -------------------------------------------------------------------------------------------------------------
def test_every_public_object_looks_like_something_in_a_notebook(net):
    @network_operation
    def nothing():
        pass

    things = [*net, net, net["cells"][1:], net["cells"].v, Clock(1 * ms), defaultclock,
              TimedArray([1, 2] * mV, dt=1 * ms), PoissonGroup(2, 5 * Hz),
              nothing, prefs, prefs.codegen, scheduling_summary(net), profiling_summary(net), 3 * mV, [1, 2] * mV]
    for thing in things:
        text = thing._repr_html_()
        assert "<" in text and text.count("<table>") == text.count("</table>"), thing
    assert Equations("v : 1")._repr_latex_() and volt._repr_latex_()


def test_a_group_shows_its_variables_and_equations(net):
    text = net["cells"]._repr_html_()
    assert "<b>NeuronGroup</b> cells, 2 neurons" in text
    assert "<td>v</td><td>volt</td><td></td><td>3 to 4 mV</td>" in text
    assert "<td>limit</td><td>volt</td><td>shared</td><td>0 V</td>" in text and r"\begin{aligned}" in text


def test_synapses_show_their_number_and_weights(net):
    text = net["links"]._repr_html_()
    assert "links, 3 synapses" in text and "1 to 3 mV" in text


def test_a_monitor_shows_what_it_recorded(net):
    assert "<td>v</td><td>volt</td>" in net["states"]._repr_html_() and "3 events" in net["spikes"]._repr_html_()


def test_text_in_tables_is_text():
    made = table("a<b", ["x&y"], [["<i>"]])
    assert made == "<div><b>a&lt;b</b><table><tr><th>x&amp;y</th></tr><tr><td>&lt;i&gt;</td></tr></table></div>"


@pytest.mark.parametrize("values, dimension, wanted", [
    ([0.02], volt.dim, "20 mV"), ([0.001, 0.005], volt.dim, "1 to 5 mV"), ([3, 3], (volt / volt * Hz).dim ** 0, "3"),
    ([], volt.dim, ""),
    ([True, True], Hz.dim ** 0, "True"), ([True, False], Hz.dim ** 0, "True for 1 of 2"), ([np.nan], volt.dim, "nan V"),
])
def test_values_in_few_words(values, dimension, wanted):
    assert value_text(np.asarray(values), dimension) == wanted


# -- plots
# -----------------------------------------------------------------------------------------------------------------
@pytest.mark.feature("plots of monitors and synapses")
def test_a_raster_has_a_dot_per_spike(net, ax):
    assert net["spikes"].plot(ax) is ax
    assert ax.lines[0].get_xdata() == pytest.approx([0.1, 0.2, 0.4]) and ax.lines[0].get_ydata().tolist() == [0, 2, 0]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("time (ms)", "index", "source")


@pytest.mark.feature("plots of monitors and synapses")
def test_traces_are_drawn_in_a_convenient_unit(net, ax):
    net["states"].plot(ax=ax)
    assert len(ax.lines) == 2 and ax.get_ylabel() == "v (mV)" and max(ax.lines[1].get_ydata()) == pytest.approx(3)
    with pytest.raises(AttributeError):
        net["states"].plot("u", ax)


@pytest.mark.feature("plots of monitors and synapses")
def test_a_rate_is_drawn_as_it_is_or_smoothed(net, ax):
    net["rate"].plot(ax=ax)
    net["rate"].plot(width=0.2 * ms, ax=ax)
    raw, smooth = (line.get_ydata() for line in ax.lines)
    assert raw.max() == pytest.approx(1 / 3e-4) and smooth.max() < raw.max() and ax.get_ylabel() == "rate (Hz)"


@pytest.mark.feature("plots of monitors and synapses")
def test_connections_are_dots_of_source_and_target(net, ax):
    net["links"].plot(ax=ax)
    assert (ax.lines[0].get_xdata().tolist(), ax.lines[0].get_ydata().tolist()) == ([0, 2, 2], [0, 0, 1])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("source (source)", "cells (target)") and ax.get_xlim() == (-0.5, 2.5)


def test_a_variable_colours_the_dots(net, ax):
    net["links"].plot("w", ax=ax)
    assert ax.collections[0].get_array().tolist() == pytest.approx([1, 2, 3])
    assert ax.figure.axes[-1].get_ylabel() == "w (mV)"


@pytest.mark.feature("plots of monitors and synapses")
def test_a_matrix_sums_by_pair_and_leaves_the_rest_empty(net, ax):
    S = net["links"]
    S.connect(i=0, j=0)
    S.w[3] = 7 * mV
    S.plot("w", kind="matrix", ax=ax)
    shown = np.ma.filled(ax.images[0].get_array().astype(float), np.nan)
    assert np.allclose(shown, [[8, np.nan, 2], [np.nan, np.nan, 3]], equal_nan=True)


def test_lines_join_source_and_target(net, ax):
    net["links"].plot(kind="lines", ax=ax)
    assert np.allclose(ax.lines[-1].get_ydata(), [0, 0, np.nan, 1, 0, np.nan, 1, 1, np.nan], equal_nan=True)
    assert [t.get_text() for t in ax.get_xticklabels()] == ["source", "cells"]


@pytest.mark.feature("plots of monitors and synapses")
def test_a_histogram_counts_the_values_of_a_variable(net, ax):
    net["links"].plot("w", kind="histogram", ax=ax)
    assert sum(bar.get_height() for bar in ax.patches) == 3 and ax.get_xlabel() == "w (mV)"
    net["links"].plot("delay", kind="histogram", ax=ax)


def test_plots_that_cannot_be_are_refused(net):
    with pytest.raises(WrongValue, match="'dots', 'matrix', 'lines', 'histogram'"):
        net["links"].plot(kind="pie")
    with pytest.raises(WrongValue, match="kind='histogram'"):
        net["links"].plot(kind="histogram")
    with pytest.raises(AttributeError):
        net["links"].plot("nothing")


def test_objects_without_a_record_are_drawn_empty(ax):
    G = NeuronGroup(1, "v : 1", threshold="v > 1", reset="v = 0")
    S = Synapses(G, G, "w : 1")
    for kind in ("dots", "lines", "matrix"):
        S.plot(kind=kind, ax=ax)
    for monitor in (SpikeMonitor(G), StateMonitor(G, "v", record=True), PopulationRateMonitor(G)):
        monitor.plot(ax=ax)
