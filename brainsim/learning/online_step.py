"""One step of a network as neurons see it: h' = F(h, y), its derivatives in closed pieces, and the learning signal.

For neuron j with states h (membrane, adaptation, synaptic states at the neuron) and the sum y over its synapses, a step
gives D = ∂h'/∂h (S x S per neuron), D_f = ∂h'/∂y, and of the loss of this step ∂L/∂h and ∂L/∂y. All come from JAX's
derivatives of the generated step in which gradients end at what neurons send (`jax_step.Taps`): what is left is each
neuron's own, so a tangent of ones gives a whole column.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from brainsim.learning.online_parts import LearningParts, LearningProjection
from brainsim.targets.jax_function import Pure
from brainsim.targets.jax_step import Taps
from brainsim.targets.jax_words import kind


@dataclass(frozen=True)
class Signal:
    """Where the learning signal comes from: 'symmetric', 'random', 'adaptive' (of the loss) or 'modulator'; ``spikes``:
    space → queue of those it goes to."""

    kind: str
    spikes: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Chain:
    """What the derivative of a step needs: the function, its parts, and what is asked for."""

    pure: Pure
    parts: LearningParts
    projections: tuple[LearningProjection, ...]            #: those whose weights learn
    own: tuple[str, ...]                           #: parameters with a trace per neuron
    loss: Callable[[Mapping[str, Any], Any], Any]
    signal: Signal
    filtered: Mapping[str, tuple[str, int]]  #: what readouts filter: projection, or queue of spikes → (space, rows)
    #: state → space, of those through which influence is followed
    spaces: Mapping[str, str] = field(default_factory=dict)
    pattern: frozenset[tuple[str, str]] = frozenset()                #: (h', what it depends on)
    reached: frozenset[str] = frozenset()                            #: states that the loss of a step depends on

    # -- a step --------------------------------------------------------------------------------------------------------
    def first(self, params: Mapping[str, Any], key: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """States of neurons, with filters, and the rest of the state, before the first step."""
        _, carry = self.pure.begin(params, key)
        states = {n: carry["A"][n] for n in self.parts.states}
        filters = {
            f"~{n}": jnp.zeros(self.pure.traced.layout.sizes[space], kind("f8"))
            for n, (space, _) in self.filtered.items()
        }
        return {**states, **filters}, {"A": {n: x for n, x in carry["A"].items() if n not in states}, "Q": carry["Q"]}

    def after(self, closed: bool, h: Mapping[str, Any], added: Mapping[str, Any], own: Mapping[str, Any],
              at: Mapping[str, Any]) -> dict[str, Any]:
        """The step from states ``h`` with something added to sums; ``closed``: gradients end at what is sent."""
        constants, _ = self.pure.begin({**at["params"], **own}, at["key"])
        held, events, _ = self.pure.with_inputs(constants, {}, at["inputs"])
        sent = {} if closed else {n: at["kappa"][n] * h[f"~{n}"][:rows] for n, (_, rows) in self.filtered.items()}
        taps = Taps(sent, added, closed, frozenset(self.parts.walls))
        carry = {"A": {**at["rest"]["A"], **{n: h[n] for n in self.parts.states}}, "Q": at["rest"]["Q"]}
        carry, recorded = self.pure.traced(held, at["matrices"], carry, {**at["tick"], "given": events, "taps": taps})
        outputs = {n: self.pure.output(p, held, carry, recorded) for n, p in self.pure.outputs.items()}
        return {
            "A": carry["A"], "Q": carry["Q"], "sent":
            {**taps.seen, **{q: recorded[q] for q in self.signal.spikes.values()}}, "outputs": outputs
        }

    def local(self, h: Mapping[str, Any], added: Mapping[str, Any], own: Mapping[str, Any],
              at: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The next states where neurons do not see each other, and everything else of the step."""
        found = self.after(True, h, added, own, at)
        new = {n: found["A"][n] for n in self.parts.states}
        for n, (space, rows) in self.filtered.items():
            x = found["sent"][n]
            x = jnp.pad(x - lax.stop_gradient(x), (0, self.pure.traced.layout.sizes[space] - rows))
            new[f"~{n}"] = at["kappa"][n] * h[f"~{n}"] + x
        return new, found

    def step_loss(self, h: Mapping[str, Any], added: Mapping[str, Any], own: Mapping[str, Any],
                  at: Mapping[str, Any]) -> tuple[Any, Any]:
        """What a step adds to the loss: in a form whose derivative is the learning signal, and as it is."""
        if self.signal.kind == "symmetric":
            value = self.loss(self.after(False, h, added, own, at)["outputs"], at["target"])
            return value, value
        found = self.after(True, h, added, own, at)
        total = value = jnp.zeros((), kind("f8"))
        error: Any = None
        if self.signal.kind != "modulator":
            total = value = self.loss(found["outputs"], at["target"])
            error = self.error(found["outputs"], at["target"])
        for space, queue in self.signal.spikes.items():
            z = found["sent"][queue]
            if queue in self.filtered:
                z = z + at["kappa"][queue] * h[f"~{queue}"]
            per_spike = at["target"] if error is None else at["feedback"][space] @ error
            total = total + jnp.sum(z * lax.stop_gradient(per_spike))
        return total, lax.stop_gradient(value)

    def visible(self, h: Mapping[str, Any], added: Mapping[str, Any], own: Mapping[str, Any],
                at: Mapping[str, Any]) -> list[Any]:
        """All that `step_loss` may look at, so that what it can depend on is known before there is a loss."""
        if self.signal.kind == "symmetric":
            return list(self.after(False, h, added, own, at)["outputs"].values())
        found = self.after(True, h, added, own, at)
        filters = [h[f"~{q}"] for q in self.signal.spikes.values() if q in self.filtered]
        return [
            *(found["sent"][q] for q in self.signal.spikes.values()), *filters,
            *(found["outputs"].values() if self.signal.kind != "modulator" else ())
        ]

    def error(self, outputs: Mapping[str, Any], target: Any) -> Any:
        """The derivative of the loss with respect to all outputs, one after the other."""
        found = jax.grad(lambda o: self.loss(o, target))(jax.tree.map(lax.stop_gradient, dict(outputs)))
        return jnp.concatenate([jnp.ravel(found[n]) for n in sorted(found)])

    # -- derivatives ---------------------------------------------------------------------------------------------------
    def nothing_added(self) -> dict[str, Any]:
        """Zeros for the sums of all projections that learn."""
        return {p.key: jnp.zeros(self.pure.traced.layout.lengths[p.array], kind("f8")) for p in self.projections}

    def linearised(self, h: Mapping[str, Any],
                   at: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """One trial's step: the next states, the rest, and the pieces: ``D``, ``F`` (by pairs of names), ``L``, ``x``,
        ``loss``."""
        own = {n: at["params"][n] for n in self.own}
        added = self.nothing_added()
        moving = {n: h[n] for n in self.spaces}

        def local(part: Mapping[str, Any], more: Mapping[str, Any],
                  mine: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
            return self.local({**h, **part}, {**added, **more}, {**own, **mine}, at)

        new, found = local({}, {}, {})
        D: dict[tuple[str, str], Any] = {}
        for columns in self._columns():
            ones = {n: jnp.ones_like(h[n]) for n in columns}
            self._take(D, columns,
                       jax.jvp(lambda part: local(part, {}, {})[0], ({n: h[n] for n in columns},), (ones,))[1])
        for n in added:
            self._take(D, [n],
                       jax.jvp(lambda y, n=n: local({}, {n: y}, {})[0], (added[n],), (jnp.ones_like(added[n]),))[1])
        for n in self.own:
            value = jnp.asarray(own[n], kind("f8"))
            self._take(D, [n], jax.jvp(lambda y, n=n: local({}, {}, {n: y})[0], (value,), (jnp.ones_like(value),))[1])
        slopes, value = jax.grad(lambda *a: self.step_loss({**h, **a[0]}, a[1], a[2], at), argnums=(0, 1, 2),
                                 has_aux=True)(moving, added, own)
        x = {p.key: found["sent"][p.key] for p in self.projections}
        rest = {"A": {n: found["A"][n] for n in at["rest"]["A"]}, "Q": found["Q"]}
        error = self.error(found["outputs"], at["target"]) if self.signal.kind == "adaptive" else ()
        pieces = {
            "D": D, "L": {**slopes[0], **slopes[1]}, "own": slopes[2], "x": x, "loss": value, "error": error, "z":
            {s: found["sent"][q] for s, q in self.signal.spikes.items()} if self.signal.kind == "adaptive" else {}
        }
        return new, rest, pieces

    def _columns(self) -> list[list[str]]:
        """States taken together: at most one of each space."""
        groups: dict[str, list[str]] = {}
        for n, space in self.spaces.items():
            groups.setdefault(space, []).append(n)
        most = max((len(g) for g in groups.values()), default=0)
        return [[g[k] for g in groups.values() if k < len(g)] for k in range(most)]

    def _take(self, D: dict[tuple[str, str], Any], columns: list[str], slopes: Mapping[str, Any]) -> None:
        for column in columns:
            for r in self.spaces:
                if (r, column) in self.pattern:
                    D[r, column] = slopes[r]


def dependences(jaxpr: Any, given: list[frozenset[Any]]) -> list[frozenset[Any]]:
    """For each result of a jaxpr, which of its arguments it depends on; those of inner loops on all that goes in."""
    known: dict[Any, frozenset[Any]] = dict(zip(jaxpr.invars, given))

    def of(v: Any) -> frozenset[Any]:
        return frozenset() if hasattr(v, "val") else known.get(v, frozenset())

    for eqn in jaxpr.eqns:
        ins = [of(v) for v in eqn.invars]
        inner = eqn.params.get("jaxpr")
        if eqn.primitive.name in ("pjit", "jit", "closed_call", "core_call", "remat") and inner is not None:
            outs = dependences(getattr(inner, "jaxpr", inner), ins)
        else:
            outs = [frozenset().union(*ins)] * len(eqn.outvars)
        known.update(zip(eqn.outvars, outs))
    return [of(v) for v in jaxpr.outvars]


def pattern_of(chain: Chain, params: Mapping[str, Any], at: Mapping[str, Any],
               h: Mapping[str, Any]) -> tuple[frozenset[tuple[str, str]], frozenset[str]]:
    """Which next state depends on which state, sum or parameter of its own neuron, and what the loss of a step depends
    on."""
    own = {n: jnp.asarray(params[n], kind("f8")) for n in chain.own}
    names = [*(("h", n) for n in h), *(("y", p.key) for p in chain.projections), *(("o", n) for n in own)]
    point = (dict(h), chain.nothing_added(), own)

    def slopes(*tangents: Any) -> Any:
        given = tuple({n: t for (k, n), t in zip(names, tangents) if k == which} for which in "hyo")
        new = jax.jvp(lambda h, y, o: chain.local(h, y, o, at)[0], point, given)[1]
        return [new[n] for n in h], jax.jvp(lambda h, y, o: chain.visible(h, y, o, at), point, given)[1]

    values = [point["hyo".index(k)][n] for k, n in names]
    jaxpr = jax.make_jaxpr(slopes)(*(jnp.ones_like(v) for v in values)).jaxpr
    found = dependences(jaxpr, [frozenset([n]) for _, n in names])
    return frozenset((r, c) for r, on in zip(h, found) for c in on), frozenset().union(*found[len(h):])
