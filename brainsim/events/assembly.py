"""A whole network: parts in the order in which they act on each other, each with an engine, joined by plain JAX.

Groups that act on each other, directly or in a circle, are one part. Neurons of a group that acts on no earlier one are
parts of their own, side by side: between layers, gradients pass through arrival times by JAX's own rules.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from brainsim.events.dynamics import Dynamics
from brainsim.events.engine import Found, Given, simulate
from brainsim.events.form import TIME, Arrival, Neurons, StartSum
from brainsim.events.layout import Layout
from brainsim.events.words import value_of
from brainsim.naming import is_at_sender, without_sender

Array = Any
Read = Callable[[str, str], Array]
"""The value of a name in the code of an object: an entry per element, or one for all."""


@dataclass(frozen=True, eq=False)
class Wires:
    """The synapses of an arrival: neurons of source and target (S,), and whether each has a delay of its own."""

    arrival: Arrival
    pre: np.ndarray
    post: np.ndarray
    scattered: bool


@dataclass(frozen=True, eq=False)
class Hybrid:
    """A network. ``counts``: elements of every group and source; ``kept``: spikes of each that there is room for;
    ``step``: seconds, for equations without a closed form."""

    neurons: Mapping[str, Neurons]
    wires: tuple[Wires, ...]
    counts: Mapping[str, int]
    kept: Mapping[str, int]
    duration: float
    step: float


def simulation_of(net: Hybrid) -> Callable[[Read, Mapping[str, Array]], tuple[dict[str, Found], dict[str, Array]]]:
    """A function of values and of given spikes (elements, spikes), in order and filled up with infinity: what each
    group did, and which overflowed."""
    parts = [
        _Component.of(net, names)
        for names in parts_in_order(list(net.neurons), [(w.arrival.source, w.arrival.target) for w in net.wires])
    ]

    def run(read: Read, given: Mapping[str, Array]) -> tuple[dict[str, Found], dict[str, Array]]:
        spikes, found, overflow = dict(given), {}, {}
        for part in parts:
            done, full = part.run(read, spikes)
            for name, each in done.items():
                spikes[name], found[name], overflow[name] = each.spikes, each, full[name]
        return found, overflow

    return run


def parts_in_order(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> list[tuple[str, ...]]:
    """Groups that reach each other together, each part after those that act on it."""
    into = {n: {a for a, b in edges if b == n and a in names} for n in names}
    reach = {n: _all_before(n, into) for n in names}
    parts = {tuple(m for m in names if m == n or (m in reach[n] and n in reach[m])) for n in names}
    return sorted(parts, key=lambda part: (len(reach[part[0]] | set(part)), names.index(part[0])))


def _all_before(name: str, into: Mapping[str, set[str]]) -> set[str]:
    found, todo = set(), [name]
    while todo:
        more = into[todo.pop()] - found
        found |= more
        todo += more
    return found


@dataclass(frozen=True, eq=False)
class _Component:
    """Groups with an engine. ``synapses`` (C, R, W): number of the synapse in each place, counted over all wires;
    ``origins`` (C, G): number of the source of each row from outside, counted over ``outside``."""

    net: Hybrid
    names: tuple[str, ...]
    wires: tuple[Wires, ...]
    layout: Layout
    synapses: np.ndarray
    outside: tuple[str, ...]
    origins: np.ndarray

    @staticmethod
    def of(net: Hybrid, names: tuple[str, ...]) -> "_Component":
        wires = tuple(w for w in net.wires if w.arrival.target in names)
        outside = tuple(dict.fromkeys(w.arrival.source for w in wires if w.arrival.source not in names))
        recurrent = any(w.arrival.source in names for w in wires)
        dynamics = Dynamics(tuple(net.neurons[n] for n in names), tuple(w.arrival for w in wires), net.step)
        tables = _rows_together(net, names, wires, outside) if recurrent else _rows_apart(net, names[0], wires, outside)
        kept, given = max(net.kept[n] for n in names), max((net.kept[n] for n in outside), default=1)
        layout = Layout(dynamics, net.duration, tables.group, tables.targets, tables.pathways, tables.sources, kept,
                        given)
        return _Component(net, names, wires, layout, tables.synapses, outside, tables.origins)

    def run(self, read: Read, spikes: Mapping[str, Array]) -> tuple[dict[str, Found], dict[str, Array]]:
        """What the groups do, given the spikes of those before, by name; and whether there was room for all spikes of
        each."""
        layout, d = self.layout, self.layout.dynamics
        x = jnp.concatenate([self._starts(read, g) for g in d.groups])
        p = jnp.concatenate(
            [_filled([read(g.name, n) for n in g.params], self.net.counts[g.name], d.params) for g in d.groups])
        q = jnp.concatenate([self._columns(read, w) for w in self.wires]) if self.wires else jnp.zeros((1, 0))
        delays = jnp.concatenate([jnp.broadcast_to(read(w.arrival.name, "delay"), w.pre.shape)
                                  for w in self.wires]) if self.wires else jnp.zeros(1)
        shape = layout.group.shape
        outside = layout.outside
        each = delays[self.synapses[:, :, 0]] if layout.rows else jnp.zeros((layout.parts, 0))
        given = Given(x.reshape(1, *shape, -1), p.reshape(1, *shape, -1), q[self.synapses][None],
                      (self._sent(spikes) + each[:, :outside, None])[None], each[None, :, outside:])
        found, overflow = simulate(layout)(given)
        done, full, first = {}, {}, 0
        for g in d.groups:
            last = first + self.net.counts[g.name]
            all_spikes, states = (a.reshape(-1, a.shape[-1])[first:last] for a in found)
            done[g.name], full[g.name], first = Found(all_spikes, states[:, :len(g.states)]), jnp.any(overflow), last
        return done, full

    def _sent(self, spikes: Mapping[str, Array]) -> Array:
        """Times at which spikes leave for each row from outside (C, G, K)."""
        if not self.outside:
            return jnp.zeros((*self.origins.shape, self.layout.given))
        wide = [
            jnp.pad(spikes[n], ((0, 0), (0, self.layout.given - spikes[n].shape[1])), constant_values=jnp.inf)
            for n in self.outside
        ]
        return jnp.where(self.layout.pathways[:, :self.layout.outside, None] >= 0,
                         jnp.concatenate(wide)[self.origins], jnp.inf)

    def _starts(self, read: Read, g: Neurons) -> Array:
        count = self.net.counts[g.name]
        starts = [
            self._sum(read, g.starts[s], count) if s in g.starts else 0.0 if s == TIME else read(g.name, s)
            for s in g.states
        ]
        return _filled(starts, count, self.layout.dynamics.states)

    def _sum(self, read: Read, start: StartSum, count: int) -> Array:
        wires = next(w for w in self.wires if w.arrival.synapses == start.synapses)
        names = {n: _seen(read, start.synapses, n, wires) for n in start.symbols}
        return jax.ops.segment_sum(jnp.broadcast_to(value_of(start.value, names), wires.post.shape), wires.post, count)

    def _columns(self, read: Read, w: Wires) -> Array:
        return _filled([_seen(read, w.arrival.synapses, n, w) for n in w.arrival.columns], len(w.pre),
                       self.layout.dynamics.columns)


def _seen(read: Read, owner: str, name: str, wires: Wires) -> Array:
    """A constant as synapses see it."""
    value = jnp.asarray(read(owner, without_sender(name)))
    return value[wires.pre] if is_at_sender(name) and value.ndim else value


def _filled(columns: Sequence[Array], count: int, width: int) -> Array:
    """Columns (count, width), those that are missing 0."""
    full = [jnp.broadcast_to(jnp.asarray(c, float), (count,)) for c in columns]
    return jnp.stack(full + [jnp.zeros(count)] * (width - len(full)), axis=-1) if width else jnp.zeros((count, 0))


# -- rows
# ----------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class _Tables:
    group: np.ndarray
    targets: np.ndarray
    pathways: np.ndarray
    sources: np.ndarray
    synapses: np.ndarray
    origins: np.ndarray


def _rows_apart(net: Hybrid, name: str, wires: Sequence[Wires], outside: Sequence[str]) -> _Tables:
    """Every neuron for itself: a row for each of its synapses."""
    count = net.counts[name]
    offsets = _offsets(net, outside)
    post = np.concatenate([w.post for w in wires]) if wires else np.zeros(0, int)
    pathway = np.concatenate([np.full(len(w.post), k) for k, w in enumerate(wires)]) if wires else np.zeros(0, int)
    origin = np.concatenate([w.pre + offsets[w.arrival.source] for w in wires]) if wires else np.zeros(0, int)
    order = np.argsort(post, kind="stable")
    held = np.bincount(post, minlength=count)
    place = np.arange(len(post)) - np.repeat(np.cumsum(held) - held, held)
    rows = int(held.max(initial=0))
    pathways, synapses, origins = np.full((count, rows), -1), np.zeros((count, rows), int), np.zeros((count, rows), int)
    at = (post[order], place)
    pathways[at], synapses[at], origins[at] = pathway[order], order, origin[order]
    targets = np.where(pathways >= 0, 0, -1)[..., None]
    return _Tables(np.zeros((count, 1), int), targets, pathways, np.zeros((count, 0), int), synapses[..., None],
                   origins)


def _rows_together(net: Hybrid, names: Sequence[str], wires: Sequence[Wires], outside: Sequence[str]) -> _Tables:
    """All neurons in one part: a row for each source of a pathway with one delay, else for each synapse; those from
    outside first."""
    own, other = _offsets(net, names), _offsets(net, outside)
    rows: list[tuple[bool, int, int, np.ndarray, np.ndarray]] = []  # from within?, pathway, source, targets, synapses
    first = 0
    for k, w in enumerate(wires):
        inner = w.arrival.source in names
        source = w.pre + (own if inner else other)[w.arrival.source]
        target, number = w.post + own[w.arrival.target], first + np.arange(len(w.pre))
        first += len(w.pre)
        for chosen in _same_row(w):
            rows.append((inner, k, int(source[chosen[0]]), target[chosen], number[chosen]))
    rows.sort(key=lambda row: row[0])
    width, outer = max(len(t) for *_, t, _ in rows), sum(not inner for inner, *_ in rows)
    targets, synapses = np.full((1, len(rows), width), -1), np.zeros((1, len(rows), width), int)
    for r, (*_, t, s) in enumerate(rows):
        targets[0, r, :len(t)], synapses[0, r, :len(s)] = t, s
    group = np.concatenate([np.full(net.counts[n], k) for k, n in enumerate(names)])[None]
    source = np.array([[s for _, _, s, _, _ in rows]], int)
    return _Tables(group, targets, np.array([[k for _, k, *_ in rows]]), source[:, outer:], synapses, source[:, :outer])


def _same_row(w: Wires) -> list[np.ndarray]:
    """Synapses that one spike reaches at the same moment, none of them onto the same neuron."""
    if w.scattered:
        return [np.array([s]) for s in range(len(w.pre))]
    order = np.lexsort((w.post, w.pre))
    repeat = np.zeros(len(order), int)
    for k in range(1, len(order)):
        a, b = order[k - 1], order[k]
        repeat[k] = repeat[k - 1] + 1 if w.pre[a] == w.pre[b] and w.post[a] == w.post[b] else 0
    rows: dict[tuple[int, int], list[int]] = {}
    for s, again in zip(order, repeat):
        rows.setdefault((int(w.pre[s]), int(again)), []).append(int(s))
    return [np.array(chosen) for chosen in rows.values()]


def _offsets(net: Hybrid, names: Sequence[str]) -> dict[str, int]:
    sizes = [net.counts[n] for n in names]
    return dict(zip(names, np.cumsum([0, *sizes[:-1]]).tolist())) if names else {}
