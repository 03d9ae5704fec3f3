"""What a user hands to a fit, checked, as plain arrays: recordings, inputs, spikes of the recordings, how the model
follows them."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from brainsim.errors import DimensionMismatchError, WrongType, WrongValue
from brainsim.learning.fitting_losses import LOSSES, Loss, Recording
from brainsim.learning.fitting_objective import TraceLayout
from brainsim.learning.fitting_space import number
from brainsim.objects.groups.clock import seconds
from brainsim.objects.looks.optional import optional
from brainsim.objects.looks.value_text import value_text
from brainsim.units import get_dimensions
from brainsim.units.dimensions import SECOND, Dimension
from brainsim.units.plain import real_numbers
from brainsim.units.words import unit_text

MASK = (1e-3, 2e-3)     #: seconds before and after a recorded spike in which 'between_spikes' compares nothing


def samples(name: str, given: Any, dimension: Dimension) -> np.ndarray:
    """Traces (traces, samples) in base units; raises `WrongValue` for other shapes and `DimensionMismatchError` for
    other units."""
    found = get_dimensions(given)
    if found is not dimension:
        raise DimensionMismatchError(f"{name} does not have the unit of the model", dimension, found,
                                     found=f"{unit_text(found)}, where {unit_text(dimension)} belongs")
    values = real_numbers(given)
    if values.ndim not in (1, 2) or values.shape[-1] < 2 or not values.size:
        raise WrongValue(f"{name} is one trace (samples,) or several (traces, samples)",
                         found=f"an array of shape {values.shape}")
    if not np.isfinite(values).all():
        raise WrongValue(f"{name} has values that are no numbers",
                         found=f"{int((~np.isfinite(values)).sum())} of {values.size}")
    return np.atleast_2d(values)


def inputs(given: Mapping[str, Any], dimensions: Mapping[str, Dimension], layout: TraceLayout) -> dict[str, np.ndarray]:
    """Inputs by name, (trials, steps, elements)."""
    made = {}
    for name, values in given.items():
        found = samples(f"The input '{name}'", values, dimensions[name])
        if found.shape[1] != layout.samples or len(found) not in (1, layout.traces):
            raise WrongValue(
                f"The input '{name}' does not fit the recording",
                found=str(found.shape if np.ndim(values) == 2 else found.shape[1:]), help=
                f"{(layout.traces, layout.samples)}, a value for each sample of each trace, or {(layout.samples,)} for "
                f"all traces"
            )
        made[name] = layout.as_input(layout.held(np.broadcast_to(found, (layout.traces, layout.samples))))
    return made


def steps_per_sample(dt: object, step: float) -> int:
    """How many steps of the model lie between two samples; `WrongValue` if not a whole number."""
    between = step if dt is None else seconds(dt, "dt", positive=True)
    every = round(between / step)
    if every < 1 or abs(every - between / step) > 1e-6 * every:
        raise WrongValue("The time between two samples is not a whole number of time steps",
                         found=f"{between:g} s and {step:g} s",
                         help="set defaultclock.dt to a part of it, or sample the data again")
    return every


def loss_of(given: object) -> tuple[str, Any]:
    """A loss and its name; `WrongValue` for an unknown one."""
    if callable(given):
        return getattr(given, "__name__", "loss"), given
    if not isinstance(given, str) or given not in LOSSES:
        raise WrongValue("There is no such loss", found=repr(given),
                         help=f"{', '.join(map(repr, LOSSES))}, or a function of (model, data)")
    return given, LOSSES[given]


def recording(values: np.ndarray, dt: float, loss: Any, spikes: Any, skip: object, mask: object,
              dimension: Dimension) -> Recording:
    """Samples with the spikes among them, and where voltages are compared."""
    level, at = np.inf, None
    needs = isinstance(loss, Loss) and loss.needs_spikes
    if spikes is None and needs:
        raise WrongValue("This loss needs to know the spikes of the recording",
                         help="spikes=0*mV: where it crosses this level upwards; or a list of times per trace")
    if spikes is not None and np.ndim(spikes) == 0 and get_dimensions(spikes) is not SECOND:
        level = number("spikes", spikes, dimension)
        above = values >= level
        at = np.diff(above.astype(int), axis=1, prepend=1) > 0
    elif spikes is not None:
        at = _at(spikes, values.shape, dt)
        level = float(values.max())
    if needs and at is not None and not at.any():
        raise WrongValue("There is no spike in the recording",
                         found=f"values up to {value_text(values.max(), dimension)}",
                         help="loss='mse' fits what lies below threshold")
    compared = np.ones(values.shape, bool)
    compared[:, :1 + (0 if skip is None else round(seconds(skip, "skip") / dt))] = False
    if at is not None and (needs or mask is not None):
        before, after = (round(x / dt) for x in (MASK if mask is None else _two_times(mask)))
        for trace, sample in zip(*np.nonzero(at)):
            compared[trace, max(0, sample - before):sample + after + 1] = False
    if not compared.any():
        raise WrongValue("Nothing is left to compare", help="a smaller skip= or mask=")
    return Recording(values, dt, compared, None if at is None else at.astype(float), level)


def _two_times(mask: object) -> tuple[float, float]:
    if not isinstance(mask, (tuple, list)) or len(mask) != 2:
        raise WrongType("mask= is a time before and one after each spike", found=repr(mask)[:60],
                        help="mask=(1*ms, 2*ms)")
    return seconds(mask[0], "mask"), seconds(mask[1], "mask")


def _at(spikes: Any, shape: tuple[int, int], dt: float) -> np.ndarray:
    """Samples with a spike, from times per trace."""
    if get_dimensions(spikes) is SECOND and np.ndim(spikes) == 1 and shape[0] == 1:
        spikes = [spikes]
    if not isinstance(spikes, (list, tuple)) or len(spikes) != shape[0] or any(
            len(np.atleast_1d(t)) and get_dimensions(t) is not SECOND for t in spikes):
        raise WrongType("spikes= is a level of the recorded variable, or a list of times for each trace",
                        found=repr(spikes)[:60], help="spikes=0*mV, or spikes=[[12.5, 40]*ms, ...]")
    made = np.zeros(shape, bool)
    for row, times in zip(made, spikes):
        numbers = np.floor(np.atleast_1d(np.asarray(times)) / dt + 1e-6).astype(int)
        if (numbers < 0).any() or (numbers >= shape[1]).any():
            raise WrongValue("A spike is outside of the recording", found=f"{times}",
                             help=f"it lasts from 0 to {dt * shape[1]:g} s")
        row[numbers] = True
    return made


def smoothed(values: np.ndarray, width: object, dt: float) -> np.ndarray:
    """Traces smoothed by a Gaussian with this standard deviation; None: as they are."""
    if width is None:
        return values
    return optional("scipy.ndimage", "Smoothed recordings",
                    "scipy").gaussian_filter1d(values,
                                               seconds(width, "smooth", positive=True) / dt, axis=1)


def shares(follow: object, restart: object, layout: TraceLayout, dt: float) -> list[np.ndarray]:
    """For each stage of the fit, the share (steps,) of its distance from the data that the model makes up for at each
    step."""
    stages = list(follow) if isinstance(follow, (list, tuple)) else [follow]
    if not stages:
        raise WrongValue("follow= has no stages", found="an empty list",
                         help="a time, None, or several of them: follow=[1*ms, 5*ms, None]")
    made = []
    for stage in stages:
        share = np.zeros(layout.samples - 1)
        if stage is not None:
            share[:] = 1 - np.exp(-dt / seconds(stage, "follow", positive=True))
        if restart is not None:
            share[::max(1, round(seconds(restart, "restart", positive=True) / dt))] = 1
        if share.any():
            share[0] = 1
        made.append(layout.sparse(np.append(share, 0)[None], 0.0)[0])
    return made
