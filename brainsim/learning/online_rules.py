"""Rules that keep traces instead of the past: D-RTRL and its factored form, on the pieces of `online_step`.

A rule gets the pieces of one step after the other and, after a block of steps, what they emitted. A block is worked off
at once, which changes the order of sums and nothing else: traces of pairs of neurons are touched once per block, in
matrix products.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jax import lax

from brainsim.targets.jax_words import kind


@dataclass(frozen=True, eq=False)
class SynapseWires:
    """The synapses of a projection: all pairs (``pre`` None), or so many with their ends. ``rows``, ``targets``: how
    many neurons at each end."""

    rows: int
    targets: int
    pre: np.ndarray | None = None
    post: np.ndarray | None = None
    matrix: bool = True              #: whether gradients are wanted as a matrix (rows, targets), or one per synapse

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a trace, for one trial and one state."""
        return (self.rows, self.targets) if self.pre is None else (len(self.pre),)

    def pair(self, x: Any, y: Any) -> Any:
        """x_i y_j for each synapse and trial; x (trials, rows), y (trials, targets)."""
        return x[:, :, None] * y[:, None, :] if self.pre is None else x[:, self.pre] * y[:, self.post]

    def at_target(self, y: Any) -> Any:
        """A factor of the target for each synapse; (trials, targets) → as `shape`, or to be broadcast to it."""
        return y[:, None, :] if self.pre is None else y[:, self.post]

    def outer(self, x: Any, y: Any) -> Any:
        """The sum over steps of x_i y_j for each synapse and trial; x (steps, trials, rows), y (steps, trials,
        targets)."""
        if self.pre is None:
            return jnp.einsum("kbi,kbn->bin", x, y)
        return lax.scan(lambda s, xy: (s + self.pair(*xy), None), jnp.zeros((x.shape[1], len(self.pre)), x.dtype),
                        (x, y))[0]

    def total(self, x: Any, y: Any) -> Any:
        """`outer`, summed over trials."""
        if self.pre is None:
            return jnp.einsum("kbi,kbn->in", x, y)
        return lax.scan(lambda s, xy: (s + self.pair(*xy).sum(0), None), jnp.zeros(len(self.pre), x.dtype), (x, y))[0]

    def weighted(self, y: Any, trace: Any) -> Any:
        """The sum over trials of y_j times the trace; y (trials, targets)."""
        return jnp.einsum("bn,bin->in", y, trace) if self.pre is None else jnp.einsum(
            "bs,bs->s", y[:, self.post], trace)

    def as_weights(self, gradient: Any) -> Any:
        """A gradient for each synapse in the form of the matrix of the projection."""
        if self.pre is None or not self.matrix:
            return gradient
        return jnp.zeros((self.rows, self.targets), gradient.dtype).at[self.pre, self.post].set(gradient)


Pattern = frozenset[tuple[str, str]]


def reach(pattern: Pattern, start: str, states: tuple[str, ...]) -> tuple[str, ...]:
    """States that depend, now or later, on a sum or parameter."""
    found = {r for r in states if (r, start) in pattern}
    while True:
        more = {r for r in states for s in found if (r, s) in pattern} - found
        if not more:
            return tuple(r for r in states if r in found)
        found |= more


def times(vector: Mapping[str, Any], pieces: Mapping[tuple[str, str], Any], columns: tuple[str, ...]) -> dict[str, Any]:
    """A row vector over states, times the columns of the derivative of a step; entries that are 0 by structure are left
    out."""
    made: dict[str, Any] = {}
    for (r, s), d in pieces.items():
        if r in vector and s in columns:
            made[s] = made[s] + vector[r] * d if s in made else vector[r] * d
    return made


def forward(pieces: Mapping[tuple[str, str], Any], vector: Mapping[str, Any]) -> dict[str, Any]:
    """The derivative of a step times a column vector over states."""
    made: dict[str, Any] = {}
    for (r, s), d in pieces.items():
        if s in vector:
            made[r] = made[r] + d * vector[s] if r in made else d * vector[s]
    return made


def plus(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    """The sum of two vectors with entries left out."""
    return {n: a[n] + b[n] if n in a and n in b else a.get(n, b.get(n)) for n in {**a, **b}}


@dataclass(frozen=True, eq=False)
class Exact:
    """D-RTRL: a trace ε' = D ε + D_f x for each synapse and state; the gradient is the sum of ∂L/∂h · ε. Exact but for
    paths through other neurons.

    Of a block only the ends are formed: with R_t = D_K ... D_(t+1) the trace after it is R_0 ε + Σ R_t D_f x_t, and the
    gradient follows from the adjoint within the block, a_t = ∂L_t/∂h + a_(t+1) D_t, as a_1 · ε + Σ b_t x_t.
    """

    per_synapse: ClassVar[bool] = True     #: whether each synapse has traces of its own
    keys: tuple[str, ...]
    wires: Mapping[str, SynapseWires]
    states: tuple[str, ...]
    pattern: Pattern
    reached: frozenset[str]

    def start(self, batch: int) -> dict[str, Any]:
        """Traces before the first step."""
        return {
            k: {s: jnp.zeros((batch, *self.wires[k].shape), kind("f8")) for s in reach(self.pattern, k, self.states)}
            for k in self.keys
        }

    def step(self, traces: Any, pieces: Mapping[str, Any], number: Any) -> tuple[Any, Any]:
        """What the block needs of one step."""
        columns = {*self.keys, *self.states}
        return traces, {
            "D": {rc: d for rc, d in pieces["D"].items() if rc[1] in columns}, "x":
            {k: pieces["x"][k] for k in self.keys}, "L":
            {n: x for n, x in pieces["L"].items() if n in columns and n in self.reached}
        }

    def block(self, traces: Any, steps: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Traces after a block, and the gradient of each projection, from what its steps emitted (steps, trials,
        neurons)."""
        like = {s: jnp.ones_like(x[0]) for (s, _), x in steps["D"].items()}
        closure = {s: reach(self.pattern, s, self.states) for s in self.states}
        into = {m: tuple(s for s in self.states if m in closure[s] or s == m) for m in like}
        zero = {m: {s: like[m] * (s == m) for s in into[m]} for m in like}
        heard = tuple(s for s in self.states if {s, *closure[s]} & self.reached)
        adjoint = {s: jnp.zeros_like(like[s]) for s in heard if s in like}

        def back(ends: Any, x: Mapping[str, Any]) -> tuple[Any, Any]:
            adjoint, rows = ends
            sums = {
                k: plus({n: v for n, v in x["L"].items() if n == k}, times(adjoint, x["D"], (k,))) for k in self.keys
            }
            added = {k: {m: times(rows[m], x["D"], (k,)).get(k) for m in rows} for k in self.keys}
            before = plus({n: v for n, v in x["L"].items() if n in self.states}, times(adjoint, x["D"], self.states))
            rows = {
                m: {s: times(row, x["D"], (s,)).get(s, jnp.zeros_like(row[s])) for s in row}
                for m, row in rows.items()
            }
            made = {k: {m: v for m, v in found.items() if v is not None} for k, found in added.items()}
            return ({s: before.get(s, v)
                     for s, v in adjoint.items()}, rows), ({k: v[k] for k, v in sums.items() if k in v}, made)

        (adjoint, rows), (sums, added) = lax.scan(back, (adjoint, zero), {n: steps[n] for n in ("D", "L")},
                                                  reverse=True)
        gradients, new = {}, {}
        for k in self.keys:
            wires, x = self.wires[k], steps["x"][k]
            g = wires.total(x, sums[k]) if k in sums else jnp.zeros(wires.shape, kind("f8"))
            gradients[k] = sum((wires.weighted(adjoint[s], e) for s, e in traces[k].items() if s in adjoint), g)
            new[k] = {}
            for m in traces[k]:
                moved = [wires.at_target(rows[m][s]) * e for s, e in traces[k].items() if s in rows[m]]
                new[k][m] = sum(moved, wires.outer(x, added[k][m]))
        return new, gradients


@dataclass(frozen=True, eq=False)
class Factored:
    """ES-D-RTRL: the trace as a product of one factor for each end, both smoothed with ``decay`` α (Wang et al. 2024).

    ε_x' = α ε_x + x and ε_f' = α D ε_f + (1 - α) D_f, divided by 1 - α^t for the start; the gradient is the sum of
    (∂L/∂h · ε_f) ε_x.
    """

    per_synapse: ClassVar[bool] = False     #: whether each synapse has traces of its own
    keys: tuple[str, ...]
    wires: Mapping[str, SynapseWires]
    states: tuple[str, ...]
    pattern: Pattern
    decay: float
    sizes: Mapping[str, int]             #: state → neurons

    def start(self, batch: int) -> dict[str, Any]:
        """Factors before the first step."""
        return {
            k: {
                "x": jnp.zeros((batch, self.wires[k].rows), kind("f8")), "f":
                {s: jnp.zeros((batch, self.sizes[s]), kind("f8")) for s in reach(self.pattern, k, self.states)}
            } for k in self.keys
        }

    def step(self, factors: Any, pieces: Mapping[str, Any], number: Any) -> tuple[Any, Any]:
        """The next factors, and the two that are multiplied; ``number`` of the step counts from 0."""
        new, emitted = {}, {}
        share = 1 - self.decay
        whole = 1 - self.decay ** (number + 1).astype(kind("f8")) if self.decay < 1 else 1
        for k in self.keys:
            f = factors[k]["f"]
            heard = share * pieces["L"][k] + self.decay * sum(pieces["L"][s] * f[s] for s in f)
            later = plus({s: self.decay * v for s, v in forward(pieces["D"], f).items() if s in f},
                         {s: share * v for s, v in forward(pieces["D"], {k: jnp.ones((), kind("f8"))}).items()})
            x = self.decay * factors[k]["x"] + pieces["x"][k]
            new[k] = {"x": x, "f": {s: jnp.broadcast_to(later[s], f[s].shape) for s in f}}
            emitted[k] = (x, heard / whole)
        return new, emitted

    def block(self, factors: Any, steps: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """The gradient of a block."""
        return factors, {k: self.wires[k].total(*steps[k]) for k in self.keys}


@dataclass(frozen=True, eq=False)
class Own:
    """Parameters of neurons: a trace ε' = D ε + ∂F/∂θ for each state of each neuron. ``starts``: those that are first
    values of states.

    ``shapes``: () of one value for all neurons; ``parts``: which neurons of their group have the others.
    """

    names: tuple[str, ...]
    starts: Mapping[str, str]
    shapes: Mapping[str, tuple[int, ...]]
    parts: Mapping[str, slice | None]
    states: Mapping[str, int]             #: state → neurons
    pattern: Pattern

    def start(self, batch: int) -> dict[str, Any]:
        """Traces before the first step."""
        made = {}
        for n in (*self.names, *self.starts):
            first = self.starts.get(n)
            states = tuple(self.states)
            found = reach(self.pattern, n,
                          states) if first is None else (first,
                                                         *(s for s in reach(self.pattern, first, states) if s != first))
            made[n] = {s: jnp.full((batch, self.states[s]), float(s == first), kind("f8")) for s in found}
        return made

    def step(self, traces: Any, pieces: Mapping[str, Any], gradients: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
        """The next traces, and gradients with this step's share."""
        new, sums = {}, {}
        for n, e in traces.items():
            share = pieces["own"][n].sum(0) if n in self.names else 0
            through = [(pieces["L"][s] * e[s]).sum(0) for s in e]
            sums[n] = gradients[n] + share + sum(v.sum() if self.shapes[n] == () else v[self.parts[n] or slice(None)]
                                                 for v in through)
            later = plus(forward(pieces["D"], e),
                         {r: d for (r, c), d in pieces["D"].items() if c == n and n in self.names})
            new[n] = {s: jnp.broadcast_to(later.get(s, 0.0), e[s].shape) for s in e}
        return new, sums
