"""Flow, event function and jumps of one or several groups side by side, on arrays of neurons.

Shapes: states ``(..., n)``, parameters ``(..., m)``, times ``(...)``, where ``...`` are the neurons. A group with fewer
states or parameters than others uses the first columns. ``group`` says, by number, which group a neuron is of.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from brainsim.events.form import Arrival, Neurons
from brainsim.events.words import after, value_of
from brainsim.integrators.pairs import PAIRS

Array = Any
TABLEAU = PAIRS["rk45"]     #: Dormand and Prince (1980), the formula of order 5
LOOK_AHEAD = 16             #: steps after which the search for a crossing pauses, where there is no closed form


@dataclass(frozen=True)
class Dynamics:
    """Groups that are simulated together. ``step``: seconds, for equations without a closed form."""

    groups: tuple[Neurons, ...]
    arrivals: tuple[Arrival, ...]
    step: float

    @property
    def states(self) -> int:
        """Columns for states."""
        return max(len(g.states) for g in self.groups)

    @property
    def params(self) -> int:
        """Columns for parameters."""
        return max(len(g.params) for g in self.groups)

    @property
    def columns(self) -> int:
        """Columns for what synapses bring."""
        return max((len(a.columns) for a in self.arrivals), default=0)

    @property
    def stepped(self) -> bool:
        """Whether some group is integrated in steps."""
        return any(g.closed is None for g in self.groups)

    @property
    def reach(self) -> float:
        """Seconds that a search looks ahead."""
        return LOOK_AHEAD * self.step

    # -- between events ------------------------------------------------------------------------------------------------
    def rate(self, x: Array, p: Array, group: Array) -> Array:
        """dx/dt"""
        return self._of_each(group, x, p, lambda g, names: [value_of(r, names) for r in g.rates])

    def cell(self, x: Array, p: Array, group: Array) -> Array:
        """Seconds within which the event function has at most one extremum; for stepped groups one step."""
        def of(g: Neurons, names: Mapping[str, Array]) -> list[Array]:
            if g.closed is None:
                return [self.step]
            fastest = [jnp.abs(value_of(r, names)) for r in g.pace]
            if not fastest:
                return [jnp.inf]
            return [1.0 / jnp.maximum(jnp.max(jnp.stack(jnp.broadcast_arrays(*fastest)), axis=0), 1e-9)]

        return self._of_each(group, x, p, of, 1)[..., 0]

    def within_cell(self, x: Array, span: Array, p: Array, group: Array) -> Array:
        """The state after a span, by the closed form (any span) or one step (up to ``step``)."""
        def of(g: Neurons, names: Mapping[str, Array]) -> list[Array]:
            if g.closed is not None:
                done = after(g.closed, {**names, "dt": span})
                return [done[s] for s in g.states]
            return _step(g, names, span)

        return self._of_each(group, x, p, of)

    def flow(self, x: Array, span: Array, p: Array, group: Array) -> Array:
        """The state after any span that the search allows."""
        return self._flow(x, span, p, group)[0]

    def _flow(self, x: Array, span: Array, p: Array, group: Array) -> tuple[Array, Array, Array, Array]:
        """The state; the states at the whole steps before (steps, ..., n), their number, and the rest of the span."""
        if not self.stepped:
            return self.within_cell(x, span, p, group), x[None], jnp.zeros(span.shape, int), span
        whole = jnp.where(jnp.asarray([g.closed is None for g in self.groups])[group], jnp.floor(span / self.step),
                          0).astype(int)
        whole = jnp.minimum(whole, LOOK_AHEAD + 1)
        rest = span - whole * self.step
        most = jnp.max(whole)

        def step(k: Array, kept: Array) -> Array:
            here, last = k < whole, k == most
            new = self.within_cell(kept[k], jnp.where(last, rest, self.step), p, group)
            return kept.at[k + 1].set(jnp.where((here | last)[..., None], new, kept[k]))

        kept = lax.fori_loop(0, most + 1, step, jnp.zeros((LOOK_AHEAD + 3, *x.shape)).at[0].set(x))
        return kept[most + 1], kept, whole, rest

    def flow_and_pull(self, x: Array, span: Array, p: Array,
                      group: Array) -> tuple[Array, Callable[[Array], tuple[Array, Array]]]:
        """The state at the end; and a function from cotangents there to those of the state at the beginning and of the
        parameters."""
        if not self.stepped:
            return jax.vjp(lambda x, p: self.within_cell(x, span, p, group), x, p)
        end, kept, whole, rest = self._flow(x, span, p, group)
        most = jnp.minimum(jnp.max(whole), LOOK_AHEAD + 1)

        def undo(k: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
            ct, gp = carry
            at = most - k
            _, pull = jax.vjp(lambda x, p: self.within_cell(x, jnp.where(k == 0, rest, self.step), p, group), kept[at],
                              p)
            before, more = pull(ct)
            moved = ((at < whole) | (k == 0))[..., None]
            return jnp.where(moved, before, ct), gp + jnp.where(moved, more, 0.0)

        return end, lambda ct: lax.fori_loop(0, most + 1, undo, (ct, jnp.zeros_like(p)))

    # -- events --------------------------------------------------------------------------------------------------------
    def margin(self, x: Array, p: Array, group: Array) -> Array:
        """The event function: positive beyond the threshold."""
        return self._of_each(group, x, p, lambda g, names: [value_of(g.event, names)
                                                            if g.event is not None else -1.0], 1)[..., 0]

    def margin_and_slope(self, x: Array, p: Array, group: Array) -> tuple[Array, Array]:
        """The event function and its rate of change along the flow."""
        return jax.jvp(lambda x: self.margin(x, p, group), (x,), (self.rate(x, p, group),))

    def reset(self, x: Array, p: Array, group: Array) -> Array:
        """The state after a neuron's own event."""
        return self._of_each(group, x, p, lambda g, names: _columns(after(g.reset, names), g.states))

    def arrive(self, x: Array, p: Array, q: Array, pathway: Array, group: Array) -> Array:
        """The state after a spike arrived by a pathway, given by number, with the values ``q`` of the synapse."""
        numbers = {g.name: k for k, g in enumerate(self.groups)}
        made = x
        for k, a in enumerate(self.arrivals):
            g = self.groups[numbers[a.target]]
            here = (pathway == k) & (group == numbers[a.target])
            names = {**self._names(g, numbers[a.target], here, x, p), **{n: q[..., c] for c, n in enumerate(a.columns)}}
            new = _stacked(_columns(after(a.statements, names), g.states), x.shape[-1], x.shape[:-1])
            made = jnp.where(here[..., None], new, made)
        return made

    # -- groups side by side -------------------------------------------------------------------------------------------
    def _of_each(self, group: Array, x: Array, p: Array, of: Callable[[Neurons, Mapping[str, Array]], Sequence[Array]],
                 width: int = 0) -> Array:
        width = width or x.shape[-1]
        made = None
        for k, g in enumerate(self.groups):
            here = jnp.broadcast_to(group == k, x.shape[:-1])
            new = _stacked(of(g, self._names(g, k, here, x, p)), width, x.shape[:-1])
            made = new if made is None else jnp.where(here[..., None], new, made)
        return made

    def _names(self, g: Neurons, number: int, here: Array, x: Array, p: Array) -> dict[str, Array]:
        """States and parameters by name; neurons of other groups have harmless ones, since NaN would survive the
        selection in derivatives."""
        if len(self.groups) > 1:
            x, p = (jnp.where(here[..., None], a, 0.7 + 0.13 * jnp.arange(a.shape[-1])) for a in (x, p))
        return {**{s: x[..., k] for k, s in enumerate(g.states)}, **{n: p[..., k] for k, n in enumerate(g.params)}}


def _columns(names: Mapping[str, Array], wanted: Sequence[str]) -> list[Array]:
    return [names[n] for n in wanted]


def _stacked(columns: Sequence[Array], width: int, shape: tuple[int, ...]) -> Array:
    full = [jnp.broadcast_to(jnp.asarray(c, float), shape) for c in columns]
    return jnp.stack(full + [jnp.zeros(shape)] * (width - len(full)), axis=-1)


def _step(g: Neurons, names: Mapping[str, Array], span: Array) -> list[Array]:
    """One Runge–Kutta step; stages go round in a loop, which XLA compiles sooner than a long text."""
    x = jnp.stack([names[s] for s in g.states])
    used = [k for k, w in enumerate(TABLEAU.weights) if w or k + 1 < len(TABLEAU.weights)]
    rows = jnp.asarray([[float(w) for w in row] + [0.0] * (len(used) - len(row))
                        for row in (TABLEAU.stages[k] for k in used)])

    def stage(k: Array, slopes: Array) -> Array:
        at = x + span * jnp.tensordot(rows[k], slopes, 1)
        now = {**names, **dict(zip(g.states, at))}
        return slopes.at[k].set(
            jnp.stack([jnp.broadcast_to(jnp.asarray(value_of(r, now), float), span.shape) for r in g.rates]))

    slopes = lax.fori_loop(0, len(used), stage, jnp.zeros((len(used), *x.shape)))
    return list(x + span * jnp.tensordot(jnp.asarray([float(TABLEAU.weights[k]) for k in used]), slopes, 1))
