"""``fit``: parameters of a model from recordings of one of its variables."""
from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np

from brainsim.errors import Unsupported, WrongType, WrongValue
from brainsim.learning.fitting_data import inputs, loss_of, recording, samples, shares, smoothed, steps_per_sample
from brainsim.learning.fitting_losses import Loss
from brainsim.learning.fitting_methods import METHODS, Method, Trial
from brainsim.learning.fitting_objective import Model, Objective, TraceLayout
from brainsim.learning.fitting_result import Fitted
from brainsim.learning.fitting_space import number, space_of
from brainsim.objects.gradients.functional import Functional, functional
from brainsim.objects.groups.clock import fastest_of
from brainsim.objects.names.namespace import RunNamespace
from brainsim.objects.network.network import Network
from brainsim.runtime.progress import Bar
from brainsim.units import Quantity
from brainsim.units.dimensions import SECOND

CANDIDATES = 10     #: places looked at for each start


def fit(net: Network, data: Any, params: Mapping[str, Any], loss: Any = "mse", method: str = "least_squares", *,
        output: str, input: Mapping[str, Any] | None = None, dt: Any = None, spikes: Any = None, follow: Any = None,
        restart: Any = None, smooth: Any = None, mask: Any = None, skip: Any = None, start: Any = None,
        n_starts: int | None = None, steps: int | None = None, seed: int = 0, surrogate: Any = "superspike(alpha=10)",
        progress: Any = True, namespace: Mapping[str, object] | None = None, level: int = 0) -> Fitted:
    """Finds parameters with which the variable ``output`` of a network is like ``data``.

    ``data``: one trace (samples,) or several (traces, samples), with units; sample k is the value at ``k*dt``, as a
    `StateMonitor` has it. ``dt``: the time between samples, that of the network if not given. Several traces belong to
    the elements of the group, or are runs of a group of one. ``params``: name → (lowest, highest), or a value to start
    from without bounds; names as in `Network.compile`, initial values included. ``input``: what goes in, by name, like
    data: ``{'G.I': current}``.

    ``loss``: ``'mse'``, the mean squared difference; ``'between_spikes'``, the same without the spikes, of a model that
    is reset when the *recording* spikes; ``'spike_times'``, van Rossum's distance; ``'features'``, mean, standard
    deviation and number of spikes in ten windows; or a function of JAX, ``loss(model, data)`` of arrays (traces,
    samples) in base units. ``spikes``: a level of the output that spikes of the recording cross, or their times (one
    array for each trace). ``mask``: times before and after spikes that are not compared. ``skip``: nor is the
    beginning. ``follow``: a time constant with which the model is pulled to the data while it is fitted, or a list of
    them, one stage after the other, None for a model by itself: ``[2*ms, None]``. ``restart``: the model starts again
    from the data each so often (multiple shooting). ``smooth``: what it follows or starts from is the data smoothed by
    a Gaussian of this width, since noise would go into the model; it is compared with the data as they are.

    ``method``: ``'least_squares'``, ``'lbfgs'``, ``'adam'`` or ``'cma'``; ``steps``: at most so many iterations in each
    stage. ``n_starts``: the best of ten times as many places are starts; ``start``: where to begin instead, name →
    value or the result of another fit. Raises `UnknownName`, `WrongValue`, `WrongType` or `DimensionMismatchError` for
    what does not fit together.
    """
    began = time.perf_counter()
    how, loss_name, chosen = _checked(net, params, output, method, loss, steps, n_starts, input)
    run = RunNamespace.given(namespace, level)
    step = fastest_of({o.clock.name: o.clock for o in net}.values())
    every = steps_per_sample(dt, step)
    with jax.enable_x64(True):
        wish = Wish(spikes, follow, restart, smooth, mask, skip, surrogate, seed)
        objective, free, stages = _objective(net, run, data, params, output, dict(input or {}), step, every, chosen,
                                             wish)
        places = _starts(objective, start, n_starts, stages[0], np.random.default_rng(seed))
        steps = steps or (how.steps if len(stages) == 1 else how.staged)
        say = _sayer(progress)
        trials: list[Trial] = []
        for k, share in enumerate(stages):
            found = how.run(objective, share, np.array([t.end for t in trials]) if trials else places, steps, seed,
                            lambda done, k=k: say((k + done) / len(stages)), (k / len(stages), (k + 1) / len(stages)))
            trials = [t.then(f) for t, f in zip(trials, found)] if trials else found
    trials.sort(key=lambda t: t.loss)
    say(1.0)
    return Fitted(objective, free, stages[-1], tuple(trials), method, loss_name, free.model.sim.dimension_of(output),
                  time.perf_counter() - began)


# -- what is fitted ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Wish:
    """Options of `fit` about what is compared and how the model runs meanwhile."""

    spikes: Any
    follow: Any
    restart: Any
    smooth: Any
    mask: Any
    skip: Any
    surrogate: Any
    seed: int


def _objective(net: Network, run: RunNamespace, data: Any, params: Mapping[str, Any], output: str,
               given: dict[str, Any],
               step: float, every: int, loss: Any, wish: Wish) -> tuple[Objective, Objective, list[np.ndarray]]:
    """The objective, that of the model by itself, and the share of each stage."""
    shape = np.shape(data)
    if len(shape) not in (1, 2) or shape[-1] < 2 or not shape[0]:
        raise WrongValue("The data is one trace (samples,) or several (traces, samples)",
                         found=f"an array of shape {shape}")
    steps = (shape[-1] - 1) * every

    def made(inputs: list[str], outputs: list[str]) -> Functional:
        return functional(net, run, Quantity(steps * step, SECOND), list(params), inputs, outputs, None, wish.surrogate,
                          "full", None, None)

    alone = made(list(given), [output])
    if len(alone.pure.ticks.step) != steps or len(alone.pure.dt) > 1:
        raise Unsupported("Networks with several clocks cannot be fitted", help="give all objects the same dt")
    space = space_of(params, {n: alone.dimension_of(n) for n in params})
    values = samples("The data", data, alone.dimension_of(output))
    layout = _layout(alone, output, values.shape, every)
    wanted = recording(values, every * step, loss, wish.spikes, wish.skip, wish.mask, alone.dimension_of(output))
    currents = inputs(given, {n: alone.dimension_of(n) for n in given}, layout)
    stages = shares(wish.follow, wish.restart, layout, every * step)
    resets = isinstance(loss, Loss) and loss.reset_by_data
    own = alone.spikes_of(output)
    spikes = [] if own is None else [own]
    if resets and own is None:
        raise WrongValue(f"loss='between_spikes' needs a threshold and a reset of the group of '{output}'",
                         help="loss='mse' fits models without them")
    pulls = resets or any(s.any() for s in stages)
    records = isinstance(loss, Loss) and loss.needs_spikes and not resets and own is not None
    sim = made([*given, *([output] if pulls else []), *(spikes if resets else [])],
               [output, *(spikes if records else [])])
    to = layout.as_input(layout.sparse(smoothed(values, wish.smooth, every * step), np.nan)) if pulls else None
    given_spikes = layout.as_input(layout.sparse(wanted.raster, 0.0)) if resets else None
    model = Model(sim, layout, output, currents, to, own if records else None, given_spikes)
    objective = Objective(model, space, wanted, loss, wish.seed)
    return objective, replace(objective, model=Model(alone, layout, output, currents)), stages


def _layout(sim: Functional, output: str, shape: tuple[int, int], every: int) -> TraceLayout:
    elements = int(np.prod(sim.pure.outputs[output].shape, dtype=int))
    if elements not in (1, shape[0]):
        raise WrongValue(
            "Neither one element nor one for each trace",
            found=f"'{output}' has {elements} elements, the data {shape[0]} "
            f"{'trace' if shape[0] == 1 else 'traces'}", help=f"a group of one neuron, or of {shape[0]}")
    return TraceLayout(shape[0], shape[1], every, elements)


def _starts(objective: Objective, start: Any, count: int | None, share: np.ndarray,
            rng: np.random.Generator) -> np.ndarray:
    """Places to begin from, (starts, parameters): where asked to, and the best of many others."""
    count = count or (8 if start is None else 1)
    begin = start.params if isinstance(start, Fitted) else start or {}
    if not isinstance(begin, Mapping):
        raise WrongType("start= is a dictionary, name → value, or the result of a fit", found=repr(begin)[:60])
    space = objective.space
    by_name = {r.name: r for r in space.ranges}
    plain = {n: number(n, x, by_name[n].dimension) if n in by_name else 0.0 for n, x in begin.items()}
    places = space.starts(1 if count == 1 and start is not None else CANDIDATES * count, plain, rng)
    if len(places) > count:
        order = np.argsort(objective.values(places, share), kind="stable")
        order = np.concatenate([[0], order[order != 0]]) if start is not None else order
        places = places[order[:count]]
    return places


# -- checks ------------------------------------------------------------------------------------------------------------
def _checked(
    net: object,
    params: object,
    output: object,
    method: Any,
    loss: object,
    steps: object,
    n_starts: object,
    given: object,
) -> tuple[Method, str, Any]:
    if not isinstance(net, Network):
        raise WrongType("A fit needs a network", found=type(net).__name__, help="bs.fit(Network(G), data, ...)")
    if not isinstance(params, Mapping) or not params:
        raise WrongType("params= is a dictionary, name → (lowest, highest)", found=repr(params)[:60],
                        help="{'gNa': (50*nS, 500*nS)} for example")
    if not isinstance(output, str) or "." not in output:
        raise WrongType("output= is the name of what was recorded", found=repr(output)[:60],
                        help="output='G.v' for example")
    if given is not None and not isinstance(given, Mapping):
        raise WrongType("input= is a dictionary, name → array", found=type(given).__name__,
                        help="input={'G.I': current}")
    if method not in METHODS:
        raise WrongValue("There is no such method", found=repr(method),
                         help=f"method= is one of {', '.join(map(repr, METHODS))}")
    for name, value in (("steps", steps), ("n_starts", n_starts)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1):
            raise WrongValue(f"'{name}' is a whole number above 0", found=repr(value))
    loss_name, chosen = loss_of(loss)
    how = METHODS[method]
    if how.squares and not isinstance(chosen, Loss):
        raise WrongValue("Least squares needs residuals, and a function gives one number", found=f"loss={loss_name}",
                         help="method='lbfgs', 'adam' or 'cma'")
    return how, loss_name, chosen


def _sayer(progress: object) -> Callable[[float], object]:
    """Reports of how much is done: a bar, a function of a number 0 to 1, or nothing."""
    if progress is None or progress is False:
        return lambda done: None
    if callable(progress):
        return progress
    if progress is not True:
        raise WrongType("progress= is True, False, or a function of how much is done", found=repr(progress))
    bar, began, last = Bar(sys.stderr), time.perf_counter(), [0.0, 0.0]

    def say(done: float) -> None:
        now = time.perf_counter() - began
        if last[1] < 1 and (done >= 1 or now - last[0] > 0.1):
            last[:] = now, done
            bar(now, done, 0.0, 0.0)

    return say
