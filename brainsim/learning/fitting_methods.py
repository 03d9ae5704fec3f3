"""Ways to make a loss small: each takes an `Objective` and places to begin from, and gives a `Trial` for each of
them."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from brainsim.learning.fitting_objective import Objective
from brainsim.objects.looks.optional import optional

Say = Callable[[float], None]     #: how much is done, 0 to 1
Part = tuple[float, float]        #: of the whole fit, where this stage begins and ends, 0 to 1
#: of the width of the bounds, or of a value without bounds: about the longest step of Adam in each parameter
RATE = 0.02
#: of the bounds: standard deviation with which CMA-ES begins to search, and with which it begins each later stage
WIDTH, AGAIN = 0.15, 0.03


@dataclass(frozen=True, eq=False)
class Trial:
    """What became of one start: places (parameters,) at the beginning and end, the loss there, losses on the way
    (iterations,), how often the model ran."""

    begin: np.ndarray
    end: np.ndarray
    loss: float
    history: np.ndarray
    runs: int

    def then(self, more: "Trial") -> "Trial":
        """This and what followed."""
        return replace(more, begin=self.begin, history=np.concatenate([self.history, more.history]),
                       runs=self.runs + more.runs)


def adam(objective: Objective, share: Any, places: np.ndarray, steps: int, seed: int, say: Say,
         part: Part = (0.0, 1.0)) -> list[Trial]:
    """Adam (Kingma & Ba 2015) on all starts at once, in widths of the bounds, put back onto them where it leaves them.

    Its steps become smaller along a cosine. A later stage takes shorter ones: it begins near its end, and long steps
    would lead away from there.
    """
    low, high = objective.space.limits
    falling = optax.cosine_decay_schedule(RATE * (1 - part[0]), steps, alpha=0.01)
    rule = optax.chain(optax.clip_by_global_norm(10.0), optax.adam(falling, b2=0.99))

    @jax.jit
    def update(place: Any, state: Any) -> tuple[Any, Any, Any]:
        value, slope = objective.gradient(place, share)
        change, state = jax.vmap(rule.update)(slope, state)
        moved: Any = optax.apply_updates(place, change)
        return jnp.clip(moved, low, high), state, value

    place = jnp.asarray(places)
    state, best, least, history = jax.vmap(rule.init)(place), np.array(places), np.full(len(places), np.inf), []
    for k in range(steps):
        now = np.asarray(place)
        place, state, value = update(place, state)
        losses = np.asarray(value)
        better = losses < least
        best[better], least[better] = now[better], losses[better]
        history.append(losses)
        say((k + 1) / steps)
    return [Trial(*x, runs=steps) for x in zip(places, best, least.tolist(), np.array(history).T)]


def lbfgs(objective: Objective, share: Any, places: np.ndarray, steps: int, seed: int, say: Say,
          part: Part = (0.0, 1.0)) -> list[Trial]:
    """L-BFGS with bounds (Byrd et al. 1995), of SciPy, one start after the other."""
    minimise = optional("scipy.optimize", "Fits with L-BFGS", "scipy").minimize
    limits = [(low if np.isfinite(low) else None, high if np.isfinite(high) else None)
              for low, high in zip(*objective.space.limits)]

    def one(begin: np.ndarray) -> Trial:
        seen: list[float] = []

        def function(place: np.ndarray) -> tuple[float, np.ndarray]:
            value, slope = objective.gradient(place[None], share)
            seen.append(float(value[0]))
            return seen[-1], np.asarray(slope[0], float)

        found = minimise(function, begin, jac=True, method="L-BFGS-B", bounds=limits,
                         options={"maxiter": steps, "ftol": 1e-10, "gtol": 1e-8})
        return Trial(begin, found.x, float(found.fun), np.minimum.accumulate(seen), len(seen))

    return _one_by_one(one, places, say)


def least_squares(objective: Objective, share: Any, places: np.ndarray, steps: int, seed: int, say: Say,
                  part: Part = (0.0, 1.0)) -> list[Trial]:
    """Trust regions with the Jacobian of all residuals (Branch, Coleman & Li 1999), of SciPy, one start after the
    other."""
    solve = optional("scipy.optimize", "Least squares", "scipy").least_squares
    low, high = objective.space.limits

    def one(begin: np.ndarray) -> Trial:
        seen: list[float] = []

        def function(place: np.ndarray) -> np.ndarray:
            found = np.asarray(objective.residuals(place, share))
            seen.append(float(found @ found))
            return found

        inside = np.clip(begin, np.where(np.isfinite(low), 1e-6, low), np.where(np.isfinite(high), 1 - 1e-6, high))
        found = solve(function, inside, jac=lambda p: np.asarray(objective.jacobian(p, share)), bounds=(low, high),
                      max_nfev=steps, x_scale="jac", ftol=1e-10, xtol=1e-10, gtol=1e-10)
        return Trial(begin, found.x, 2 * float(found.cost), np.minimum.accumulate(seen), len(seen) + found.njev)

    return _one_by_one(one, places, say)


def cma(objective: Objective, share: Any, places: np.ndarray, steps: int, seed: int, say: Say,
        part: Part = (0.0, 1.0)) -> list[Trial]:
    """CMA-ES (Hansen & Ostermeier 2001), of the package cma; the populations of all starts are simulated at once. Needs
    no gradient."""
    package = optional("cma", "Fits with method='cma'")
    limits = [[x if np.isfinite(x) else None for x in side] for side in objective.space.limits]
    settings: dict[str, Any] = {
        "bounds": limits, "verbose": -9, "maxiter": steps, "tolfun": 1e-10, "popsize":
        4 + int(3 * np.log(len(objective.space))) + 4
    }
    if len(objective.space) == 1:
        settings["maxstd_boundrange"] = np.inf     # cma 4.5 cannot limit the width of its search in one dimension
    searches = [
        package.CMAEvolutionStrategy(p, AGAIN if part[0] else WIDTH, {**settings, "seed": seed + 1 + k})
        for k, p in enumerate(places)
    ]
    histories: list[list[float]] = [[] for _ in searches]
    size = settings["popsize"]
    for k in range(steps):
        going = [not s.stop() for s in searches]
        if not any(going):
            break
        asked = [s.ask() if on else [p] * size for s, on, p in zip(searches, going, places)]
        losses = objective.values(np.concatenate(asked), share).reshape(len(searches), size)
        for s, on, points, values, history in zip(searches, going, asked, losses, histories):
            if on:
                s.tell(points, values.tolist())
                history.append(float(s.result.fbest))
        say((k + 1) / steps)
    return [
        Trial(p, np.asarray(s.result.xbest), float(s.result.fbest), np.array(h),
              len(h) * size) for p, s, h in zip(places, searches, histories)
    ]


def _one_by_one(one: Callable[[np.ndarray], Trial], places: np.ndarray, say: Say) -> list[Trial]:
    trials = []
    for k, place in enumerate(places):
        trials.append(one(place))
        say((k + 1) / len(places))
    return trials


@dataclass(frozen=True)
class Method:
    """A way to fit: how many steps it takes unless told, in the only stage and in each of several. ``squares``: the
    loss must be a sum of squares."""

    run: Callable[..., list[Trial]]
    steps: int
    staged: int
    squares: bool = False


METHODS = {
    "adam": Method(adam, 1000, 300), "lbfgs": Method(lbfgs, 100, 100), "least_squares":
    Method(least_squares, 50, 50, squares=True), "cma": Method(cma, 300, 150)
}
