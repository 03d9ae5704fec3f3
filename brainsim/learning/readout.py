"""Linear readouts: in closed form (ridge regression) and step by step (recursive least squares)."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from brainsim.errors import WrongValue
from brainsim.units.dimensions import DIMENSIONLESS, Dimension
from brainsim.units.plain import split
from brainsim.units.quantities import with_dimension


@dataclass(frozen=True)
class Readout:
    """``readout(states)``: states (..., features) → outputs (..., outputs), in the unit of the targets.

    ``weights`` (outputs, features) and ``bias`` (outputs,) are plain numbers, ``dimension`` times whatever unit the
    states had. For targets without an axis of outputs there is none in the result either.
    """

    weights: np.ndarray
    bias: np.ndarray
    dimension: Dimension = DIMENSIONLESS
    single: bool = False

    def __call__(self, states: Any) -> Any:
        found = np.asarray(states, float) @ self.weights.T + self.bias
        return with_dimension(found[..., 0] if self.single else found, self.dimension)

    def score(self, states: Any, targets: Any) -> float:
        """The part of the variance of targets that is explained: 1 is perfect, 0 what the mean would do."""
        wanted = np.asarray(targets, float)
        left = wanted - np.asarray(self(states))
        return float(1 - np.sum(left**2)
                     / np.sum((wanted - wanted.mean(tuple(range(wanted.ndim - (not self.single)))))**2))

    def __repr__(self) -> str:
        return f"Readout of {self.weights.shape[1]} states: {self.weights.shape[0]} outputs"


def ridge(states: Any, targets: Any, alpha: float = 0.0, intercept: bool = True) -> Readout:
    """The linear readout with the smallest squared error plus ``alpha`` times the squared weights, in closed form
    (Hoerl & Kennard 1970).

    ``states``: (..., features), what a function recorded for example; ``targets``: (..., outputs) or (...), with the
    same leading axes, which are all samples. The intercept is not punished. In doubles. Raises `WrongValue` where
    shapes do not agree or ``alpha`` is negative.
    """
    X, Y, dimension, single = _samples(states, targets)
    if not alpha >= 0:
        raise WrongValue("alpha is not negative", found=repr(alpha))
    middle = (X.mean(0), Y.mean(0)) if intercept else (np.zeros(X.shape[1]), np.zeros(Y.shape[1]))
    A, B = X - middle[0], Y - middle[1]
    if alpha == 0:
        weights = np.linalg.lstsq(A, B, rcond=None)[0].T
    elif A.shape[0] >= A.shape[1]:
        weights = np.linalg.solve(A.T @ A + alpha * np.eye(A.shape[1]), A.T @ B).T
    else:       # the same with a matrix over samples, which is the smaller one
        weights = (A.T @ np.linalg.solve(A @ A.T + alpha * np.eye(A.shape[0]), B)).T
    return Readout(weights, middle[1] - weights @ middle[0], dimension, single)


def rls(states: Any, targets: Any, alpha: float = 1.0, weights: Any = None) -> tuple[Readout, Any]:
    """Recursive least squares over the samples in their order: the readout after the last one, and what was read out at
    each sample after its update.

    Begins from ``weights`` (outputs, features), 0 if not given; ``alpha`` is what `ridge` punishes squared weights
    with, so that the last readout is that of ``ridge(states, targets, alpha, intercept=False)``. Raises `WrongValue`
    where shapes do not agree or ``alpha`` is not positive.
    """
    X, Y, dimension, single = _samples(states, targets)
    begin = begin_rls(X.shape[1], Y.shape[1], alpha, weights)

    def step(memory: Any, sample: Any) -> Any:
        memory = update_rls(memory, *sample)
        return memory, memory[0] @ sample[0]

    (found, _), out = jax.jit(lambda m, xs: lax.scan(step, m, xs))(begin, (jnp.asarray(X), jnp.asarray(Y)))
    read = np.asarray(out, float)
    return Readout(np.asarray(found, float), np.zeros(Y.shape[1]), dimension,
                   single), with_dimension(read[:, 0] if single else read, dimension)


def begin_rls(features: int, outputs: int, alpha: float, weights: Any = None) -> tuple[Any, Any]:
    """Weights and the running inverse of the correlation of states, P = 1/alpha."""
    if not alpha > 0:
        raise WrongValue("alpha is above 0", found=repr(alpha), help="the larger, the slower the first steps learn")
    first = jnp.zeros((outputs, features)) if weights is None else jnp.asarray(weights, float)
    if first.shape != (outputs, features):
        raise WrongValue("The weights have another shape", found=str(first.shape),
                         help=f"({outputs}, {features}): outputs, states")
    return first, jnp.eye(features) / alpha


def update_rls(memory: tuple[Any, Any], state: Any, target: Any) -> tuple[Any, Any]:
    """One step: P - c P r rᵀP, w - c e (P r)ᵀ, c = 1/(1 + rᵀP r), e = w r - f (Sussillo & Abbott 2009, equations 4 and
    5)."""
    weights, P = memory
    gain = P @ state
    c = 1 / (1 + state @ gain)
    error = weights @ state - target
    return weights - c * jnp.outer(error, gain), P - c * jnp.outer(gain, gain)


def _samples(states: Any, targets: Any) -> tuple[np.ndarray, np.ndarray, Dimension, bool]:
    X, (plain,
        dimension) = np.asarray(states,
                                float), split(targets if not isinstance(targets, jax.Array) else np.asarray(targets))
    Y = np.asarray(plain, float)
    single = Y.ndim == X.ndim - 1
    if X.ndim < 2 or Y.shape[:X.ndim - 1] != X.shape[:-1] or Y.ndim > X.ndim:
        raise WrongValue("States and targets do not belong together", found=f"states {X.shape}, targets {Y.shape}",
                         help="states (samples, features), targets (samples, outputs) or (samples,)")
    if not (np.isfinite(X).all() and np.isfinite(Y).all()):
        raise WrongValue("States or targets are not finite", help="look for nan and inf in what was recorded")
    return X.reshape(-1, X.shape[-1]), Y.reshape(-1, 1 if single else Y.shape[-1]), dimension, single
