"""What a network is trained on: inputs and targets, trial by trial."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

import jax
import jax.numpy as jnp
import numpy as np

from brainsim.errors import WrongType, WrongValue
from brainsim.events.function import EventFunction
from brainsim.learning.gradients import without_units
from brainsim.objects.gradients.functional import Functional, Pull
from brainsim.units.plain import split

#: what `Network.functional` makes: on the grid of time steps, or from event to event
Differentiable = Functional | EventFunction


@dataclass(frozen=True)
class Trials:
    """Inputs by name (trials, steps, elements) and targets (any tree of arrays with the same first axis), plain
    numbers; ``count`` of None: one trial without that axis."""

    inputs: Mapping[str, Any]
    targets: Any
    count: int | None

    @property
    def tree(self) -> tuple[Mapping[str, Any], Any]:
        """What JAX takes."""
        return self.inputs, self.targets

    def part(self, index: np.ndarray) -> "Trials":
        """Some of the trials."""
        inputs, targets = jax.tree.map(lambda x: x[index], self.tree)
        return Trials(inputs, targets, len(index))


def trials(sim: Differentiable, data: object, single: bool, what: str = "data") -> Trials:
    """``(inputs, targets)`` checked against a function; a dictionary alone has no targets.

    Raises `WrongType` for another form, `UnknownName`, `DimensionMismatchError` or `WrongValue` for inputs that do not
    fit.
    """
    inputs, targets = data if isinstance(data, (tuple, list)) and len(data) == 2 else (data, None)
    if inputs is None:
        inputs = {}
    if not isinstance(inputs, Mapping):
        raise WrongType(f"'{what}' is inputs and targets", found=type(data).__name__,
                        help=f"{what}=({{'inp.spikes': array}}, targets)")
    plain = sim.as_inputs(inputs)
    targets = jax.tree.map(jnp.asarray, without_units(targets))
    missing = sorted(sim.needed - plain.keys())
    if missing:
        raise WrongValue(f"The input '{missing[0]}' is missing in '{what}'",
                         help=f"{what}=({{{missing[0]!r}: array of shape {_shape(sim, missing[0], single)}}}, targets)")
    for name, x in plain.items():
        if isinstance(x, Pull):
            raise WrongType(f"The input '{name}' of a training is an array", found="a Pull",
                            help="give its values alone, trials by steps by elements")
        _check(sim, name, x, single)
    if single:
        return Trials(plain, targets, None)
    counts = {name: len(x) for name, x in plain.items()}
    counts |= {
        f"targets{jax.tree_util.keystr(k)}": len(x) if np.ndim(x) else 0
        for k, x in jax.tree_util.tree_leaves_with_path(targets)
    }
    if not counts:
        raise WrongValue(f"'{what}' has neither inputs nor targets",
                         help="leave batch_size out for one trial without inputs")
    if len(set(counts.values())) > 1:
        raise WrongValue("Inputs and targets have different numbers of trials",
                         found=", ".join(f"{n}: {c}" for n, c in counts.items()),
                         help="the first axis of each is the trial")
    return Trials(plain, targets, next(iter(counts.values())))


def divided(all_trials: Trials, fraction: float, seed: int) -> tuple[Trials, Trials]:
    """Trials to train on and trials to validate on, chosen by the seed."""
    assert all_trials.count is not None
    kept = round(all_trials.count * fraction)
    if not 0 < kept < all_trials.count:
        raise WrongValue("The part of the trials for validation is above 0 and below 1",
                         found=f"validation={fraction!r} of {all_trials.count} trials")
    order = np.random.default_rng(seed).permutation(all_trials.count)
    return all_trials.part(order[kept:]), all_trials.part(order[:kept])


def is_fraction(x: object) -> TypeGuard[float]:
    """Whether ``validation`` is a part of the data."""
    return isinstance(x, (int, float)) and not isinstance(x, bool) and split(x)[0] == x


def _shape(sim: Differentiable, name: str, single: bool) -> tuple[Any, ...]:
    return sim.input_shapes[name] if single else ("trials", *sim.input_shapes[name])


def _check(sim: Differentiable, name: str, x: Any, single: bool) -> None:
    shape, wanted = tuple(np.shape(x)), sim.input_shapes[name]
    own = shape if single else shape[1:]
    wide = (wanted, (*wanted[:1], *(1,) * len(wanted[1:])), wanted[:1]) if isinstance(sim, Functional) else (wanted,)
    if own not in wide or len(shape) == len(own) and not single:
        axes = "steps, elements" if isinstance(sim, Functional) else "spikes, in the order in which they were given"
        raise WrongValue(
            f"The input '{name}' has another shape", found=str(shape),
            help=f"({', '.join(map(str, _shape(sim, name, single)))}): {'' if single else 'trials, '}{axes}")
