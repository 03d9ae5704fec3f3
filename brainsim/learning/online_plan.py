"""What a rule of online learning does in one network: which parameters take part and how, what is filtered, and the
machine for it."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from brainsim.learning.online_parts import LearningParts, parts_of
from brainsim.learning.online_rule import LearningRule
from brainsim.learning.online_rules import Exact, Factored, Own, reach
from brainsim.learning.online_run import Machine, wires_of
from brainsim.learning.online_step import Chain, Signal, pattern_of
from brainsim.naming import bounds, owner_of
from brainsim.targets.jax_function import Pure
from brainsim.targets.jax_words import kind

EMPTY = Own((), {}, {}, {}, {}, frozenset())
UNHEARD = "within a step the loss does not depend on what it changes"


@dataclass(frozen=True)
class Fate:
    """What becomes of a parameter. ``keys``: projections whose weights it makes; ``own``: whether it has a trace per
    neuron; ``first``: the state whose first value it is; ``reason``: why it takes no part; ``relation``: how it
    does."""

    name: str
    keys: tuple[str, ...] = ()
    own: bool = False
    first: str = ""
    reason: str = ""
    help: str = ""
    relation: str = ""


@dataclass(frozen=True, eq=False)
class LearningPlan:
    """A rule for one network. ``feedback``: first weights of feedback by space, (neurons, outputs)."""

    machine: Machine
    rows: tuple[Fate, ...]
    feedback: Mapping[str, Any]


def row_of(name: str, names: tuple[str, ...], parts: LearningParts) -> Fate:
    """How a parameter enters the equations, or why it cannot take part."""
    keys: list[str] = []
    own, first = False, ""
    for n in names:
        if n in parts.behind and n not in parts.states:
            kernel = parts.behind[n]
            return Fate(
                name, reason=f"it enters through '{kernel}': {parts.walls[kernel]}", help=
                "a synapse takes part where a spike adds one weight times a factor of each side, with one delay for all"
            )
        if n in parts.aside:
            return Fate(name, reason=f"'{parts.aside[n]}' reads it at other places than the neuron's own")
        sender = next((p for p in parts.projections if n in p.senders), None)
        if sender is not None:
            return Fate(
                name, reason=
                f"it changes what neurons send through '{sender.kernel}', and influence ends there")
        keys += [p.key for p in parts.projections if n in p.weights]
        own = own or n in parts.local and n not in parts.states
        first = n if n in parts.states else first
    return Fate(name, tuple(keys), own, first, "" if keys or own or first else "nothing in a step depends on it")


def plan(pure: Pure, rule: LearningRule, loss: Callable[..., Any] | None, names: Sequence[str], block: int, batch: int,
         params: Mapping[str, Any], key: Any, seed: int) -> LearningPlan:
    """Take a network apart, find the relations, and lay out the traces."""
    parts = parts_of(pure.traced.program)
    rows = [row_of(n, pure.params[n].names, parts) for n in names]
    layout = pure.traced.layout
    spiking = {layout_space(pure, q): q for q in layout.spikes}
    hidden = _hidden(pure, parts, rows, spiking)
    signal = Signal(rule.feedback, {} if rule.feedback == "symmetric" else {s: spiking[s] for s in hidden})
    traced = replace(
        pure.traced, shown=pure.traced.shown | frozenset(signal.spikes.values()),
        layout=layout if rule.through_reset else replace(layout, resets={**layout.resets, **parts.lowered}))
    keys = {k for r in rows if not r.reason for k in r.keys}
    chain = Chain(replace(pure, traced=traced), parts, tuple(p for p in parts.projections if p.key in keys),
                  tuple(r.name for r in rows if r.own and not r.reason), loss or (lambda outputs, targets: jnp.zeros(
                      ())), signal, {})
    kappas = _kappas(chain, rule, hidden, spiking, params, key)
    chain = replace(chain, filtered={n: x[:2] for n, x in kappas.items()})
    decays = {n: x[2] for n, x in kappas.items()}
    machine = Machine(chain, (), EMPTY, block, batch, decays, ())
    pattern, reached = _pattern(machine, params, key)
    spaces = {**parts.states, **{f"~{n}": x[0] for n, x in kappas.items()}}
    rows = [_described(_heard(r, pattern, reached, tuple(spaces)), pattern, spaces, parts, rule, spiking) for r in rows]
    return LearningPlan(_laid_out(machine, rule, rows, pattern, reached, spaces, spiking), tuple(rows),
                        _feedback(chain, rule, params, key, seed))


def layout_space(pure: Pure, queue: str) -> str:
    """The space that a queue's values point into."""
    return next(q.into for q in pure.traced.program.queues if q.name == queue)


def _hidden(pure: Pure, parts: LearningParts, rows: Sequence[Fate], spiking: Mapping[str, str]) -> list[str]:
    """Spaces of spiking neurons in which something learns."""
    taking = [r for r in rows if not r.reason]
    found = {p.space for p in parts.projections
             for r in taking if p.key in r.keys} | {parts.states[r.first] for r in taking if r.first}
    owners = {owner_of(n) for r in taking if r.own for n in pure.params[r.name].names}
    return [s for s in spiking if s in found | owners]


def _pattern(machine: Machine, params: Mapping[str, Any], key: Any) -> tuple[Any, Any]:
    chain = machine.chain
    matrices = chain.pure.traced.begin(chain.pure.begin(params, key)[0])
    return pattern_of(chain, params, {**machine.at(params, key, matrices), "feedback": {}}, chain.first(params, key)[0])


# -- filters
# -----------------------------------------------------------------------------------------------------------------
def _kappas(chain: Chain, rule: LearningRule, hidden: Sequence[str], spiking: Mapping[str, str], params: Any,
            key: Any) -> dict[str, tuple[str, int, float | str]]:
    """What is filtered → (space, rows, decay): projections to readouts, or the spikes themselves where feedback goes
    straight to neurons."""
    if rule.kappa == 0:
        return {}
    layout = chain.pure.traced.layout
    readouts = [
        p for p in chain.parts.projections if p.source in hidden and p.space not in spiking
        and layout.slots[p.queue] == 1 and layout.bounds.get(bounds(p.source)[0], 0) == 0
    ]
    leaky = _leaky(chain, {p.array for p in readouts}, params, key) if rule.kappa == "readout" else {}
    found = {
        p.key: (p.source, layout.rows[p.starts].count, p.array if rule.kappa == "readout" else rule.kappa)
        for p in readouts if rule.kappa != "readout" or p.array in leaky
    }
    if chain.signal.kind == "symmetric":
        return found
    chosen = rule.kappa if rule.kappa != "readout" else next((x[2] for x in found.values()), 0.0)
    return {q: (s, layout.sizes[s], chosen) for s, q in chain.signal.spikes.items()} if chosen != 0 else {}


def _leaky(chain: Chain, arrays: set[str], params: Any, key: Any) -> set[str]:
    """Those of some states that depend on themselves only, and go down by the same factor for all, whatever their
    values."""
    machine = Machine(chain, (), EMPTY, 1, 1, {}, ())
    pattern, _ = _pattern(machine, params, key)
    at = machine.at(params, key, chain.pure.traced.begin(chain.pure.begin(params, key)[0]))
    first, _ = chain.first(params, key)
    rng = np.random.default_rng(0)
    found = set()
    for a in arrays:
        if any(r == a and c != a and c in first for r, c in pattern):
            continue
        points = [
            first[a], *(jnp.asarray(first[a] +
                                    (1 + jnp.abs(first[a])) * rng.normal(size=first[a].shape), first[a].dtype)
                        for _ in range(2))
        ]
        slopes = np.array([
            jax.jvp(lambda s, a=a: chain.local({**first, a: s}, {}, {}, at)[0][a], (x,), (jnp.ones_like(x),))[1]
            for x in points
        ])
        if np.ptp(slopes) <= 1e-5 * abs(slopes).max() and 0 < slopes.mean() < 1:
            found.add(a)
    return found


# -- rows
# --------------------------------------------------------------------------------------------------------------------
def _heard(row: Fate, pattern: Any, reached: frozenset[str], states: tuple[str, ...]) -> Fate:
    """The row, refused if nothing that it changes is heard in the loss of a step."""
    if row.reason:
        return row
    starts = [*row.keys, *([row.name] if row.own else []), *([row.first] if row.first else [])]
    changed = {*starts, *(s for n in starts for s in reach(pattern, n, states))}
    if changed & reached:
        return row
    return replace(
        row, reason=UNHEARD,
        help="'eprop(feedback=\"random\")' brings the error to every spiking neuron; or look at its group in the loss")


def _described(row: Fate, pattern: Any, spaces: Mapping[str, str], parts: LearningParts, rule: LearningRule,
               spiking: Mapping[str, str]) -> Fate:
    """The row with the relation in words."""
    if row.reason:
        return row
    said = []
    for p in parts.projections:
        if p.key in row.keys:
            states = reach(pattern, p.key, tuple(spaces))
            said.append(
                f"{'factors' if rule.decay is not None and p.space in spiking else 'a trace per synapse'} "
                f"{_matrix(pattern, states, p.key, 'y')}"
            )
    starts = [*([row.name] if row.own else []), *([row.first] if row.first else [])]
    for n in starts:
        mine: list[str] = [n] if n == row.first else []
        states = tuple(dict.fromkeys((*mine, *reach(pattern, n, tuple(spaces)))))
        said.append(f"{'first value, ' if n == row.first else ''}a trace per neuron {_matrix(pattern, states, n, 'θ')}")
    return replace(row, relation="; ".join(said))


def _matrix(pattern: Any, states: tuple[str, ...], start: str, word: str) -> str:
    """Which state follows from which, and from the start, called ``word``: ``(G.g ← y; G.v ← G.v, G.g)``."""
    lines = []
    for r in states:
        causes = [
            *([word] if (r, start) in pattern and start not in states else []),
            *(s for s in states if (r, s) in pattern)
        ]
        lines.append(f"{r} ← {', '.join(causes)}")
    return f"({'; '.join(lines)})"


# -- layout
# ------------------------------------------------------------------------------------------------------------------
def _laid_out(machine: Machine, rule: LearningRule, rows: Sequence[Fate], pattern: Any, reached: frozenset[str],
              spaces: Mapping[str, str], spiking: Mapping[str, str]) -> Machine:
    """The machine with traces of what takes part, and of the states that lie between it and the loss."""
    taking, every, chain = [r for r in rows if not r.reason], tuple(spaces), machine.chain
    keys = {k for r in taking for k in r.keys}
    names, firsts = tuple(r.name for r in taking if r.own), {r.name: r.first for r in taking if r.first}
    states = {s for n in (*keys, *names)
              for s in reach(pattern, n, every)} | {s for f in firsts.values() for s in (f, *reach(pattern, f, every))}
    states = {s for s in states if {s, *reach(pattern, s, every)} & reached}
    pattern = frozenset((r, c) for r, c in pattern if r in states and (c in states or c in keys or c in names))
    order = tuple(s for s in every if s in states)
    chain = replace(chain, projections=tuple(p for p in chain.projections if p.key in keys), own=names, pattern=pattern,
                    reached=reached, spaces={s: spaces[s] for s in order})
    wires, layout, pure = wires_of(chain), chain.pure.traced.layout, chain.pure
    sizes = {s: layout.sizes[spaces[s]] for s in order}
    factored = tuple(p.key for p in chain.projections if rule.decay is not None and p.space in spiking)
    exact = tuple(p.key for p in chain.projections if p.key not in factored)
    rules: list[Exact | Factored] = [Exact(exact, wires, order, pattern, reached)] if exact else []
    if factored:
        rules.append(Factored(factored, wires, order, pattern, float(rule.decay or 0), sizes))
    learning = tuple(r.name for r in taking)
    places = {r.name: pure.params[r.name] for r in taking if r.own or r.first}
    own = Own(names, firsts, {n: p.shape for n, p in places.items()}, {n: p.part for n, p in places.items()}, sizes,
              pattern)
    return replace(machine, chain=chain, rules=tuple(rules), own=own, learning=learning)


def _feedback(chain: Chain, rule: LearningRule, params: Any, key: Any, seed: int) -> dict[str, Any]:
    """Weights from outputs to neurons, normal with variance 1/neurons."""
    if rule.feedback not in ("random", "adaptive"):
        return {}
    machine = Machine(chain, (), EMPTY, 1, 1, {n: 0.0 for n in chain.filtered}, ())
    at = machine.at(params, key, chain.pure.traced.begin(chain.pure.begin(params, key)[0]))
    outputs = jax.eval_shape(lambda h: chain.after(True, h, {}, {}, at)["outputs"], chain.first(params, key)[0])
    count = sum(int(np.prod(o.shape)) for o in outputs.values())
    rng, sizes = np.random.default_rng(seed), chain.pure.traced.layout.sizes
    return {s: jnp.asarray(rng.normal(0, sizes[s] ** -0.5, (sizes[s], count)), kind("f8")) for s in chain.signal.spikes}
