"""The loop of online learning: blocks of steps, traces from one to the next, and an update of the weights after so many
steps."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from brainsim.learning.online_rules import Exact, Factored, Own, SynapseWires
from brainsim.learning.online_step import Chain
from brainsim.targets.jax_step import full, strategy
from brainsim.targets.jax_words import kind

PAIRS_FROM = 0.5        #: of all pairs, from which on traces are kept for pairs, not for synapses


def wires_of(chain: Chain) -> dict[str, SynapseWires]:
    """How the synapses of each projection that learns are laid out."""
    layout, made = chain.pure.traced.layout, {}
    for p in chain.projections:
        rows, posts, count = layout.rows[p.starts], layout.posts[p.posts], layout.lengths[p.array]
        dense = strategy(rows, posts, count, True) == "dense"
        pairs = dense and (full(rows, posts, count) or len(posts) >= PAIRS_FROM * rows.count * count)
        made[p.key] = SynapseWires(rows.count, count) if pairs else SynapseWires(rows.count, count, rows.row, posts,
                                                                                 dense)
    return made


@dataclass(frozen=True, eq=False)
class Machine:
    """A rule for a network. ``block``: steps that are worked off at once; ``kappas``: per filter a number, or the state
    whose decay it is."""

    chain: Chain
    rules: tuple[Exact | Factored, ...]
    own: Own
    block: int
    batch: int
    kappas: Mapping[str, float | str]
    learning: tuple[str, ...]

    # -- what holds for some steps -------------------------------------------------------------------------------------
    def settled(self, params: Mapping[str, Any], key: Any) -> dict[str, Any]:
        """Matrices and decays of filters for these parameters."""
        constants, _ = self.chain.pure.begin(params, key)
        matrices = self.chain.pure.traced.begin(constants)
        at = self.at(params, key, matrices)
        return {"matrices": matrices, "kappa": self.decays(at, params, key)}

    def at(self, params: Mapping[str, Any], key: Any, matrices: Any, **more: Any) -> dict[str, Any]:
        """The surroundings of a step: of the first, unless something else is said."""
        pure = self.chain.pure
        zeros = {n: jnp.zeros(p.shape, kind("f8")) for n, p in pure.inputs.items()}
        _, rest = self.chain.first(params, key)
        kappa = {
            n: jnp.asarray(k, kind("f8")) if not isinstance(k, str) else jnp.zeros((), kind("f8"))
            for n, k in self.kappas.items()
        }
        return {
            "params": params, "key": key, "matrices": matrices, "kappa": kappa, "rest": rest, "inputs": zeros, "target":
            None, "tick": jax.tree.map(lambda x: x[0], pure.table()), **more
        }

    def decays(self, at: Mapping[str, Any], params: Mapping[str, Any], key: Any) -> dict[str, Any]:
        """The factor by which each filter goes down in a step."""
        h, _ = self.chain.first(params, key)
        found = {}
        for n, k in self.kappas.items():
            if isinstance(k, str):
                slope = jax.jvp(lambda s, k=k: self.chain.local({**h, k: s}, {}, {}, at)[0][k], (h[k],),
                                (jnp.ones_like(h[k]),))[1]
                found[n] = slope.mean()
            else:
                found[n] = at["kappa"][n]
        return found

    def matrices_of(self, params: Mapping[str, Any], key: Any) -> dict[str, Any]:
        """The arrays of the matrices of the projections that learn."""
        constants, _ = self.chain.pure.begin(params, key)
        made = self.chain.pure.traced.begin(constants)
        return {k: made[k][1] for rule in self.rules for k in rule.keys}

    # -- the loop ------------------------------------------------------------------------------------------------------
    def first(self, params: Mapping[str, Any], words: Any) -> dict[str, Any]:
        """State and traces before the first step."""
        h, rest = jax.vmap(lambda k: self.chain.first(params, k))(words)
        return {
            "h": h, "rest": rest, "traces": tuple(r.start(self.batch) for r in self.rules), "own":
            self.own.start(self.batch), "z": self._zeros_of_z()
        }

    def _zeros_of_z(self) -> dict[str, Any]:
        if self.chain.signal.kind != "adaptive":
            return {}
        sizes = self.chain.pure.traced.layout.sizes
        return {s: jnp.zeros((self.batch, sizes[s]), kind("f8")) for s in self.chain.signal.spikes}

    def nothing(self, feedback: Mapping[str, Any]) -> dict[str, Any]:
        """Gradients of zero."""
        zeros = {n: jnp.zeros(self.own.shapes[n], kind("f8")) for n in (*self.own.names, *self.own.starts)}
        adaptive = {n: jnp.zeros_like(b) for n, b in feedback.items()} if self.chain.signal.kind == "adaptive" else {}
        return {
            "weights": {k: jnp.zeros(r.wires[k].shape, kind("f8")) for r in self.rules for k in r.keys}, "own": zeros,
            "feedback": adaptive
        }

    def one_block(self, state: Mapping[str, Any], sums: Mapping[str, Any], first: Any, size: int,
                  given: Mapping[str, Any]) -> tuple[Any, Any, Any]:
        """State, gradients and losses after so many steps from step ``first``."""
        table = self.chain.pure.table()

        def step(carry: Any, t: Any) -> tuple[Any, Any]:
            state, sums = carry
            now, target = jax.tree.map(lambda x: lax.dynamic_index_in_dim(x, t, 1, keepdims=False),
                                       (given["inputs"], given["targets"]))
            now = {n: x.astype(kind("f8")) for n, x in now.items()}
            tick = jax.tree.map(lambda x: x[t], table)

            def one(h: Any, rest: Any, now: Any, target: Any, key: Any) -> Any:
                return self.chain.linearised(
                    h, {
                        **given["settled"], "params": given["params"], "key": key, "rest": rest, "inputs": now,
                        "target": target, "tick": tick, "feedback": given["feedback"]
                    })

            h, rest, pieces = jax.vmap(one)(state["h"], state["rest"], now, target, given["words"])
            stepped = [r.step(traces, pieces, t) for r, traces in zip(self.rules, state["traces"])]
            own, own_sums = self.own.step(state["own"], pieces, sums["own"])
            z = {
                s: given["settled"]["kappa"].get(q, 0.0) * state["z"][s] + pieces["z"][s]
                for s, q in self.chain.signal.spikes.items() if s in state["z"]
            }
            back = {s: sums["feedback"][s] + z[s].T @ pieces["error"] for s in z}
            state = {"h": h, "rest": rest, "traces": tuple(s[0] for s in stepped), "own": own, "z": z}
            return (state, {"own": own_sums, "feedback": back}), (tuple(s[1] for s in stepped), pieces["loss"].mean())

        small = {n: sums[n] for n in ("own", "feedback")}
        (state, small), (emitted, losses) = lax.scan(step, (dict(state), small), first + jnp.arange(size))
        traces, weights = [], dict(sums["weights"])
        for rule, held, out in zip(self.rules, state["traces"], emitted):
            held, found = rule.block(held, out)
            traces.append(held)
            weights.update({k: weights[k] + g for k, g in found.items()})
        return {**state, "traces": tuple(traces)}, {"weights": weights, **small}, losses

    def segment(self, state: Any, first: Any, size: int, given: Mapping[str, Any]) -> tuple[Any, dict[str, Any], Any]:
        """State, gradients of the parameters (mean over trials) and losses after ``size`` steps with the same
        weights."""
        key = jax.tree.map(lambda w: w[0], given["words"])
        given = {**given, "settled": self.settled(given["params"], key)}
        count, rest = divmod(size, self.block)

        def body(carry: Any, n: Any) -> tuple[Any, Any]:
            state, sums = carry
            state, sums, losses = self.one_block(state, sums, first + n * self.block, self.block, given)
            return (state, sums), losses

        carry = (state, self.nothing(given["feedback"]))
        carry, losses = lax.scan(body, carry, jnp.arange(count)) if count else (carry, jnp.zeros((0,)))
        (state, sums), losses = carry, losses.reshape(-1)
        if rest:
            state, sums, more = self.one_block(state, sums, first + count * self.block, rest, given)
            losses = jnp.concatenate([losses, more])
        return state, self._of_params(sums, given["params"], key), losses

    def _of_params(self, sums: Mapping[str, Any], params: Mapping[str, Any], key: Any) -> dict[str, Any]:
        wires = {k: w for r in self.rules for k, w in r.wires.items()}
        found = {n: jnp.zeros_like(jnp.asarray(params[n], kind("f8"))) for n in self.learning}
        if wires:
            matrices, pull = jax.vjp(lambda mine: self.matrices_of({**params, **mine}, key),
                                     {n: jnp.asarray(params[n], kind("f8")) for n in self.learning})
            found = pull({
                k: wires[k].as_weights(g).astype(matrices[k].dtype).reshape(matrices[k].shape)
                for k, g in sums["weights"].items()
            })[0]
        for n, g in sums["own"].items():
            found[n] = found[n] + g
        return {
            "params": {n: g / self.batch for n, g in found.items()}, "feedback":
            {n: g / self.batch for n, g in sums["feedback"].items()}
        }

    def gradient(self, params: Mapping[str, Any], inputs: Any, targets: Any, words: Any,
                 feedback: Any) -> tuple[Any, Any]:
        """Gradients of the run and the loss of each step."""
        given = {"params": params, "inputs": inputs, "targets": targets, "words": words, "feedback": feedback}
        _, found, losses = self.segment(self.first(params, words), jnp.asarray(0), self.chain.pure.steps, given)
        return found, losses

    def trained(self, params: Mapping[str, Any], memory: Any, inputs: Any, targets: Any, words: Any, feedback: Any,
                every: int, update: Callable[..., Any]) -> Any:
        """Parameters, the optimiser's memory, feedback and losses after a run in which the weights are updated every so
        many steps."""
        steps = self.chain.pure.steps

        def some(carry: Any, first: Any, size: int) -> tuple[Any, Any]:
            state, params, memory, feedback = carry
            given = {"params": params, "inputs": inputs, "targets": targets, "words": words, "feedback": feedback}
            state, found, losses = self.segment(state, first, size, given)
            params, feedback, memory = update(found, params, feedback, memory)
            return (state, params, memory, feedback), losses

        carry: Any = (self.first(params, words), params, memory, feedback)
        count, rest = divmod(steps, every)
        carry, losses = lax.scan(lambda c, n: some(c, n * every, every), carry,
                                 jnp.arange(count)) if count else (carry, jnp.zeros((0,)))
        losses = losses.reshape(-1)
        if rest:
            carry, more = some(carry, jnp.asarray(count * every), rest)
            losses = jnp.concatenate([losses, more])
        return (*carry[1:], losses)


# -- what the door needs
# -----------------------------------------------------------------------------------------------------
def compiled(function: Callable[..., Any]) -> Any:
    """The function, compiled when it is first called for some shapes."""
    return jax.jit(function)


def trainer(machine: Machine, optimizer: Any, every: int) -> Any:
    """A compiled run with updates: (params, memory, inputs, targets, words, feedback) → (params, memory, feedback,
    losses)."""
    def update(found: Mapping[str, Any], params: Mapping[str, Any], feedback: Any, memory: Any) -> tuple[Any, Any, Any]:
        mine = _learning(machine, params, feedback)
        changes, memory = optimizer.update({"params": found["params"], "feedback": found["feedback"]}, memory, mine)
        new = jax.tree.map(lambda p, c: (p + c).astype(p.dtype), mine, changes)
        return {**params, **new["params"]}, {**feedback, **new["feedback"]}, memory

    return jax.jit(lambda params, memory, inputs, targets, words, feedback: machine.trained(
        params, memory, inputs, targets, words, feedback, every, update))


def first_memory(machine: Machine, optimizer: Any, params: Mapping[str, Any], feedback: Any) -> Any:
    """The optimiser's memory before the first update."""
    return optimizer.init(_learning(machine, params, feedback))


def _learning(machine: Machine, params: Mapping[str, Any], feedback: Mapping[str, Any]) -> dict[str, Any]:
    moving = feedback if machine.chain.signal.kind == "adaptive" else {}
    return {"params": {n: jnp.asarray(params[n], kind("f8")) for n in machine.learning}, "feedback": dict(moving)}


def arrays(tree: Any) -> Any:
    """Leaves as arrays of JAX."""
    return jax.tree.map(jnp.asarray, tree)


def shapes(tree: Any) -> list[tuple[int, ...]]:
    """Of all leaves."""
    return [x.shape for x in jax.tree.leaves(tree)]


def with_trial(tree: Any) -> Any:
    """Leaves with a first axis of one trial."""
    return jax.tree.map(lambda x: jnp.asarray(x)[None], tree)
