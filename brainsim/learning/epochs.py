"""One epoch of a training as one compiled function: a scan over the batches of shuffled trials."""
from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from brainsim.errors import WrongType, WrongValue
from brainsim.learning.data import Differentiable

Loss = Callable[..., Any]
VALIDATION = 2 ** 31 - 1     #: what the key of validation is made with, no epoch has that number


class Progressing(NamedTuple):
    """What training changes: raw numbers of the parameters, what the optimiser remembers."""

    raw: Any
    memory: Any


@dataclass(frozen=True, eq=False)
class Training:
    """A function, a loss and an optimiser, with the size of a batch (None: one trial) and the key that all random
    numbers come from."""

    sim: Differentiable
    loss: Loss
    optimiser: Any
    size: int | None
    key: Any
    with_params: bool

    def begin(self, params: Mapping[str, Any], extra: Mapping[str, Any]) -> Progressing:
        """Before the first epoch; ``extra`` are parameters of the loss alone."""
        raw = jax.tree.map(
            jnp.array,
            {"sim": self.sim.unconstrained(params), "extra": dict(extra)})  # copies: an epoch uses up what it is given
        return Progressing(raw, self.optimiser.init(raw))

    def values(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters in SI base units, those of the loss beside those of the function."""
        return {**self.sim.constrained(raw["sim"]), **raw["extra"]}

    def measured(self, raw: Mapping[str, Any], batch: tuple[Any, Any], key: Any,
                 count: int | None) -> tuple[Any, dict[str, Any]]:
        """The loss of some trials, and its metrics."""
        inputs, targets = batch
        values = self.values(raw)
        out = self.sim.trials({n: values[n] for n in raw["sim"]}, inputs, key, count)
        found = self.loss(out, targets, values) if self.with_params else self.loss(out, targets)
        loss, metrics = found if isinstance(found, tuple) else (found, {})
        if np.shape(loss):
            raise WrongValue("The loss is one number for all trials of a batch",
                             found=f"an array of shape {np.shape(loss)}", help=".mean() of it, for example")
        return loss, metrics

    @cached_property
    def epoch(self) -> Callable[..., Any]:
        """`one_epoch`, compiled; the state that it is given is used up."""
        return jax.jit(self.one_epoch, static_argnums=3, donate_argnums=0)

    def one_epoch(self, state: Progressing, data: Any, number: Any,
                  count: int | None) -> tuple[Progressing, dict[str, Any]]:
        """The state after an epoch and means over its batches; trials that fill no batch wait for the next epoch's
        order."""
        order, noise = jax.random.split(jax.random.fold_in(self.key, number))
        size = 1 if self.size is None else self.size
        batches = 1 if count is None else count // size
        index = jnp.zeros(
            (1, 1), int) if count is None else jax.random.permutation(order, count)[:batches
                                                                                    * size].reshape(batches, size)

        def step(state: Progressing, x: tuple[Any, Any]) -> tuple[Progressing, dict[str, Any]]:
            chosen, key = x
            batch = data if count is None else jax.tree.map(lambda a: a[chosen], data)
            (loss, metrics), slope = jax.value_and_grad(self.measured, has_aux=True)(state.raw, batch, key, self.size)
            change, memory = self.optimiser.update(slope, state.memory, state.raw)
            return Progressing(optax.apply_updates(state.raw, change),
                               memory), {"loss": loss, **metrics, "gradient norm": optax.tree.norm(slope)}

        state, found = lax.scan(step, state, (index, jax.random.split(noise, batches)))
        return state, jax.tree.map(lambda x: jnp.mean(x, 0), found)

    @cached_property
    def _seen(self) -> Callable[..., dict[str, Any]]:
        def seen(raw: Any, data: Any, count: int | None, key: Any) -> dict[str, Any]:
            loss, metrics = self.measured(raw, data, key, count)
            return {"loss": loss, **metrics}
        return jax.jit(seen, static_argnums=2)

    def seen(self, raw: Any, data: Any, count: int | None) -> dict[str, float]:
        """Loss and metrics of all trials, batch by batch, with the same random numbers every time; means are weighted
        by trials."""
        key, size = jax.random.fold_in(self.key, VALIDATION), self.size
        if count is None or size is None:
            return {n: float(x) for n, x in self._seen(raw, data, count, key).items()}
        total: dict[str, float] = {}
        for first in range(0, count, size):
            part = jax.tree.map(lambda x, a=first: x[a:a + size], data)
            here = min(size, count - first)
            for n, x in self._seen(raw, part, here, jax.random.fold_in(key, first)).items():
                total[n] = total.get(n, 0.0) + float(x) * here / count
        return total


def takes_params(loss: object) -> bool:
    """Whether a loss has a third argument; `WrongType` for what is no function of two or three."""
    if not callable(loss):
        raise WrongType("The loss is a function", found=repr(loss)[:60],
                        help="lambda out, target: optax.squared_error(out['G.v'], target).mean()")
    try:
        kinds = [
            p for p in inspect.signature(loss).parameters.values()
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
    except ValueError:
        return False
    needed = sum(p.default is p.empty for p in kinds)
    if needed > 3 or len(kinds) < 2:
        raise WrongType("The loss is a function of outputs and targets, and of the parameters where it needs them",
                        found=str(inspect.signature(loss)),
                        help="def loss(out, target): ...  or  def loss(out, target, params): ...")
    return needed == 3
