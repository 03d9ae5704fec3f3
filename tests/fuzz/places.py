"""One random expression written in every place where a string may stand: it means the same everywhere."""
from __future__ import annotations

from random import Random

import numpy as np

import brainsim
from brainsim import ms
from tests.fuzz.expressions import Kind, Scope, expression

COUNT = 11
SCOPE = Scope({"float": ("x", "a"), "integer": ("i", "k")})
KINDS: tuple[Kind, ...] = ("float", "integer", "boolean")


def random_expression(number: int) -> tuple[Kind, str]:
    """The expression of a number, and its kind."""
    rng = Random(f"brainsim expression {number}")
    kind = rng.choice(KINDS)
    return kind, expression(rng, kind, SCOPE, 4)


def values(kind: Kind, text: str) -> dict[str, np.ndarray]:
    """The value of an expression for each neuron, by the place where it stands; booleans count as 0 and 1."""
    brainsim.start_scope()
    places = "in_reset in_code in_pathway in_sum at_once".split()
    number = f"int({text})" if kind == "boolean" else text
    G = brainsim.NeuronGroup(COUNT, "\n".join(["x : 1", "a : 1", "k : integer", f"sub = {number} : 1",
                                               *(f"{p} : 1" for p in places)]),
                             threshold=text if kind == "boolean" else "True", reset=f"in_reset = {number}", name="G")
    G.x, G.a, G.k = np.linspace(-2.3, 3.1, COUNT), np.cos(np.arange(COUNT)), np.arange(COUNT) * 7 % 5
    G.at_once = number
    G.run_regularly(f"in_code = {number}", name="code")
    source = brainsim.SpikeGeneratorGroup(COUNT, np.arange(COUNT), np.zeros(COUNT) * ms, name="source")
    S = brainsim.Synapses(source, G, f"w : 1\nin_sum_post = {number} : 1 (summed)",
                          on_pre=f"in_pathway_post = {number}", name="S")
    S.connect(j="i")
    S.w = number
    trace = brainsim.StateMonitor(G, "sub", record=True, name="trace")
    spikes = brainsim.SpikeMonitor(G, name="spikes")
    before = {"at once": np.array(G.at_once[:]), "subexpression": np.array(G.sub[:]), "weights": np.array(S.w[:])}
    if kind == "boolean":
        before["index"] = np.isin(np.arange(COUNT), G.i[text]).astype(float)
        before["index of synapses"] = np.isin(np.arange(COUNT), S.i[text]).astype(float)
    brainsim.Network(G, source, S, trace, spikes).run(0.1 * ms)
    found = before | {"record": np.array(trace.sub[:, 0]), "regular code": np.array(G.in_code[:]),
                      "pathway": np.array(G.in_pathway[:]), "sum": np.array(G.in_sum[:])}
    spiked = np.isin(np.arange(COUNT), spikes.i[:])
    return found | ({"threshold": spiked.astype(float)} if kind == "boolean" else {"reset": np.array(G.in_reset[:])})


def difference(found: dict[str, np.ndarray], wanted: np.ndarray, rtol: float) -> str:
    """The first place where the value is another, in words; empty where there is none."""
    for place, value in found.items():
        bad = ~np.isclose(np.asarray(value, float), wanted, rtol=rtol, atol=rtol, equal_nan=True)
        if bad.any():
            at = int(np.flatnonzero(bad)[0])
            return f"{place}[{at}]: {value[at]!r} instead of {wanted[at]!r}"
    return ""
