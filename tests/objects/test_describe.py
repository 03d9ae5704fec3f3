"""A network in tables, as Markdown, LaTeX and HTML."""
import numpy as np
import pytest

from brainsim import (
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    PoissonInput,
    PopulationRateMonitor,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    magic_network,
    ms,
    mV,
    nA,
    network_operation,
    nS,
    run,
)
from brainsim.errors import WrongValue
from brainsim.objects.looks.description import Math


def network():
    """Two populations of one model, plastic synapses between them, three kinds of input, three monitors; and its
    names."""
    E = NeuronGroup(80, "dv/dt = (E_L - v + I/gl)/tau_m : volt (unless refractory)\nI : amp", threshold="v > V_T",
                    reset="v = E_L",
                    refractory=2 * ms, method="euler", name="E",
                    namespace={"E_L": -70 * mV, "gl": 10 * nS, "tau_m": 20 * ms, "V_T": -50 * mV})
    I_ = NeuronGroup(20, E.equations, threshold="v > V_T", reset="v = E_L", refractory=2 * ms, method="euler", name="I",
                     namespace=E.namespace)
    E.I = 0.1 * nA
    noise, given = PoissonGroup(10, rates="f(t)", name="noise"), SpikeGeneratorGroup(3, [0, 1], [1, 2] * ms,
                                                                                     name="given")
    extra = PoissonInput(E, "v", 100, 5 * Hz, weight=0.1 * mV)
    S = Synapses(E, I_, "w : 1\ndA/dt = -A/tau : 1 (event-driven)", on_pre="v_post += w*mV; A += 0.1",
                 on_post="w = clip(w + A, 0, w_max)",
                 delay=1.5 * ms, name="EI")
    S.connect("i != j", p=0.1)
    S.connect(i=[0, 1], j=[0, 1], n=2)
    S.w = np.linspace(0, 1, len(S))
    T = Synapses(noise, E, on_pre="v += 2*mV", name="NE")
    T.connect(j="k for k in range(i, i+2)")
    tau, w_max, f = 20 * ms, 1.0, TimedArray([1, 2] * Hz, dt=1 * ms)   # noqa: F841
    monitors = SpikeMonitor(E, name="spikes"), StateMonitor(I_, "v", record=[0, 1],
                                                            name="traces"), PopulationRateMonitor(E, name="rate")
    return Network(E, I_, noise, given, extra, S, T, *monitors, name="example"), {"tau": tau, "w_max": w_max, "f": f}


@pytest.fixture
def described():
    net, names = network()
    tau, w_max, f = names["tau"], names["w_max"], names["f"]   # noqa: F841
    return net.describe()


def rows(description, letter):
    """The rows of the tables of a letter as text, by their first cell."""
    return {text(row[0]): [text(c) for c in row[1:]] for s in description.sections if s.title.startswith(letter)
            for row in s.rows}


def text(cell):
    return "; ".join(x.text if isinstance(x, Math) else x for x in cell)


@pytest.mark.feature("descriptions of a network in Markdown and LaTeX")
def test_the_summary_names_everything(described):
    assert rows(described, "A") == {
        "Populations": ["E (80), I (20)"],
        "Connectivity": [f"E → I ({rows(described, 'C')['EI'][2].split('; ')[-1].split()[0]}), noise → E (20)"],
        "Neuron model": ["v of E, I"], "Synapse model": ["changes v, changes v_post"], "Plasticity": ["EI"],
        "Input": ["noise, given, poissoninput"], "Measurements": ["spikes, traces, rate"]}


@pytest.mark.feature("descriptions of a network in Markdown and LaTeX")
def test_connections_are_told_as_they_were_made(described):
    found = rows(described, "C")
    assert found["EI"][2].startswith("i != j, with probability 0.1; i: 2 values, j: 2 values, 2 per pair; ")
    assert found["NE"] == ["noise", "E", "j = k for k in range(i, i+2); 20 synapses"]


@pytest.mark.feature("descriptions of a network in Markdown and LaTeX")
def test_populations_of_one_model_share_a_table(described):
    found = rows(described, "D")
    assert [s.title for s in described.sections if s.title.startswith("D")] == ["D: Neuron model of E, I"]
    assert found["Dynamics"] == [r"\frac{\mathrm{d}v}{\mathrm{d}t} = \frac{E_{L} - v + "
                                 r"\frac{I}{\mathit{gl}}}{\tau_{m}}\ \text{(unless refractory)}"]
    assert (found["Threshold"], found["Reset"], found["Refractory"]) == (["v > V_{T}"], [r"v \leftarrow E_{L}"],
                                                                         [r"2\,\mathrm{ms}"])
    assert found["Values in E"] == [r"v = 0\,\mathrm{V}; I = 100\,\mathrm{pA}"] and found["Integration"] == ["euler"]


@pytest.mark.feature("descriptions of a network in Markdown and LaTeX")
def test_synapses_tell_their_code_delay_and_weights(described):
    found = rows(described, "E")
    assert found["On a presynaptic event"] == [r"v \leftarrow v + 2\,\mathrm{mV}"]   # of NE, the last one
    assert found["On a postsynaptic event"] == [r"w \leftarrow \mathrm{clip}\left(w + A, 0, w_{\mathrm{max}}\right)"]
    assert found["Delay of pre"] == [r"1.5\,\mathrm{ms}"] and found["Values"] == [r"w = 0\ \text{to}\ 1; A = 0"]
    assert rows(described, "F") == {"EI": ["A; w"]}


@pytest.mark.feature("descriptions of a network in Markdown and LaTeX")
def test_input_and_measurements_are_told(described):
    found = rows(described, "G")
    assert found["noise"] == [r"10 independent Poisson processes; \text{rate}\ \mathrm{f}\left(t\right)"]
    assert found["given"] == ["2 given spikes of 3 sources"]
    assert found["poissoninput"][0].endswith(r"v \leftarrow v + 100\,\mathrm{\mu V}\ \text{per event}")
    assert rows(described, "H") == {"spikes": ["spikes in E"], "traces": ["v of 2 elements in I, every 100. us"],
                                    "rate": ["population rate in E"]}


@pytest.mark.feature("descriptions of a network in Markdown and LaTeX")
def test_names_of_the_script_and_of_namespaces_have_their_values(described):
    found = rows(described, "I")
    assert found["E_{L}"] == [r"-70\,\mathrm{mV}", "E, I"] and found[r"\tau"] == [r"20\,\mathrm{ms}", "EI"]
    assert found[r"w_{\mathrm{max}}"] == ["1", "EI"] and "TimedArray" in found["f"][0] and "v" not in found


@pytest.mark.feature("descriptions of a network in Markdown and LaTeX")
def test_markdown_has_a_table_per_section(described):
    written = str(described)
    assert written.startswith("## example\n\n### A: Model summary\n\n|  |  |\n| --- | --- |\n"
                              "| Populations | E (80), I (20) |")
    widths = [{line.replace(r"\|", "").count("|") for line in block.splitlines()[2:]}
              for block in written.split("\n\n### ")[1:]]
    assert all(len(w) == 1 for w in widths) and written == described._repr_markdown_()


@pytest.mark.feature("descriptions of a network in Markdown and LaTeX")
def test_latex_is_balanced_and_escaped(described):
    written = described._repr_latex_()
    assert written.count(r"\begin{tabular}") == written.count(r"\end{tabular}") == len(described.sections)
    plain = written.replace(r"\{", "").replace(r"\}", "")
    assert plain.count("{") == plain.count("}") and "changes v, changes v\\_post" in written
    net, names = network()
    tau, w_max, f = names["tau"], names["w_max"], names["f"]   # noqa: F841
    assert str(net.describe("latex")).startswith("% needs amsmath")


@pytest.mark.feature("descriptions of a network in Markdown and LaTeX")
def test_html_shows_mathematics_in_dollars(described):
    written = described._repr_html_()
    assert written.startswith("<h3>example</h3>") and "<br>" in written and r"$2\,\mathrm{ms}$" in written


def test_every_formula_of_a_description_can_be_typeset(described):
    mathtext = pytest.importorskip("matplotlib.mathtext")
    for line in (x for s in described.sections for row in s.rows for cell in row for x in cell if isinstance(x, Math)):
        mathtext.MathTextParser("path").parse(f"${line.text}$")


def test_an_unknown_format_is_refused():
    with pytest.raises(WrongValue, match="'markdown' or 'latex'"):
        Network(NeuronGroup(1, "v : 1")).describe("word")


def test_the_visible_objects_are_described_too():
    G = NeuronGroup(2, "dv/dt = -v/tau : 1", events={"high": "v > 1"}, method="exact", name="G")
    G.run_on_event("high", "v = 0")
    G.run_regularly("v += 1", dt=1 * ms)
    tau = 5 * ms   # noqa: F841

    @network_operation
    def look():
        pass

    run(0 * ms)
    found = magic_network.describe()
    assert rows(found, "D")["Event high"] == ["v > 1"] and rows(found, "D")["Every 1. ms"] == [r"v \leftarrow v + 1"]
    assert rows(found, "I") == {r"\tau": [r"5\,\mathrm{ms}", "G"]}
    assert rows(found, "J")["Python code"] == ["look, every 100. us"]


def test_an_unknown_name_does_not_hinder_the_description():
    assert "nowhere" in str(Network(NeuronGroup(1, "dv/dt = -v/nowhere : 1", name="G")).describe())


def test_conductances_are_no_plasticity():
    source, G = PoissonGroup(1, 1 * Hz), NeuronGroup(4, "v : 1\ng : 1", name="G")
    S = Synapses(source, G[1:3], "dx/dt = -x/ms : 1 (clock-driven)\ng_post = x : 1 (summed)", on_pre="x += 1",
                 method="exact", name="S")
    found = Network(source, G, S, StateMonitor(G[:2], "v", record=0, name="M")).describe()
    assert rows(found, "A")["Plasticity"] == ["none"] and rows(found, "A")["Synapse model"] == ["changes g_post"]
    assert rows(found, "C")["S"][1] == "G[1:3]"
    assert rows(found, "H")["M"] == ["v of 1 elements in G[0:2], every 100. us"]


def test_parts_and_generators_of_indices_are_counted():
    G = NeuronGroup(4, "v : 1")
    S = Synapses(G, G)
    S.connect(i=G[:2], j=G[2:])
    S.connect(i=np.array(1), j=np.arange(3))
    S.connect("i == j", n=2)
    S.connect()
    assert S.connect_rules == ["i: 2 values, j: 2 values", "i = 1, j: 3 values", "i == j, 2 per pair", "all pairs"]


def test_an_empty_network_is_described():
    assert "## " in str(Network().describe())
