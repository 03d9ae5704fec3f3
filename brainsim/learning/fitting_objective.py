"""The model of a fit as functions of the places of its parameters, for many places at once: residuals, losses, their
derivatives.

There are few parameters and long traces, so derivatives go forward, one tangent per parameter: as fast as backwards and
without its memory.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from brainsim.learning.fitting_losses import WORST, Loss, Recording, Trace, finite
from brainsim.learning.fitting_space import Space
from brainsim.objects.gradients.functional import Functional, Pull
from brainsim.targets.jax_function import key_words

NUMBERS_AT_ONCE = 1 << 24     #: samples of all traces of all places, with their tangents


@dataclass(frozen=True)
class TraceLayout:
    """How traces stand in the model: as trials of one element, or as the elements of one trial. ``every``: steps per
    sample."""

    traces: int
    samples: int
    every: int
    elements: int

    @property
    def steps(self) -> int:
        """Steps from the first sample to the last."""
        return (self.samples - 1) * self.every

    @property
    def trials(self) -> int:
        """Runs of the model."""
        return self.traces if self.elements == 1 else 1

    def as_input(self, values: Any) -> Any:
        """(traces, steps) → (trials, steps, elements)."""
        return values[:, :, None] if self.elements == 1 else values.T[None]

    def from_output(self, values: Any) -> Any:
        """(trials, steps, elements) → (traces, steps)."""
        return values[:, :, 0] if self.elements == 1 else values[0].T

    def held(self, values: np.ndarray) -> np.ndarray:
        """Samples (traces, samples) as steps (traces, steps), each as long as it lasts."""
        return np.repeat(values[:, :-1], self.every, axis=1)

    def sparse(self, values: np.ndarray, between: float) -> np.ndarray:
        """Samples as steps (traces, steps), with something else in between."""
        made = np.full((len(values), self.steps), between)
        made[:, ::self.every] = values[:, :-1]
        return made


@dataclass(frozen=True, eq=False)
class Model:
    """The network as a function, its inputs (trials, steps, elements), and what the data does to it."""

    sim: Functional
    layout: TraceLayout
    output: str
    inputs: dict[str, np.ndarray]
    #: what the output is pulled to, (trials, steps, elements); not numbers between samples
    to: np.ndarray | None = None
    spikes: str | None = None                 #: name of the spikes that are recorded, if any
    resets: np.ndarray | None = None          #: spikes that are given instead, (trials, steps, elements)

    def __call__(self, values: dict[str, Any], recording: Recording, share: Any, key: int) -> Trace:
        """Traces at the times of the samples; the first sample is the recording's own."""
        layout = self.layout
        inputs: dict[str, Any] = {n: jnp.asarray(x) for n, x in self.inputs.items()}
        axes: dict[str, Any] = dict.fromkeys(inputs, 0)
        if self.resets is not None:
            inputs[str(self.sim.spikes_of(self.output))], axes[str(self.sim.spikes_of(self.output))] = jnp.asarray(
                self.resets), 0
        if self.to is not None:
            ceiling = recording.level if self.resets is not None else np.inf
            inputs[self.output], axes[self.output] = Pull(jnp.asarray(self.to), share,
                                                          jnp.asarray(ceiling)), Pull(0, None, None)
        run = jax.vmap(self.sim.pure, in_axes=(None, axes, 0), axis_size=layout.trials)
        out = run(values, inputs, key_words(key, lambda a, b: a + b, layout.trials))
        found = layout.from_output(out[self.output])[:, layout.every - 1::layout.every]
        first = jnp.asarray(recording.values[:, :1])
        spikes = None
        if self.spikes is not None:
            counts = layout.from_output(out[self.spikes])
            counts = counts.reshape(layout.traces, layout.samples - 1, layout.every).sum(2)
            spikes = jnp.concatenate([counts, jnp.zeros_like(counts[:, :1])], axis=1)
        return Trace(jnp.concatenate([first, found], axis=1), spikes)


@dataclass(frozen=True, eq=False)
class Objective:
    """What is to be small, over places (parameters,) or (many, parameters); ``share`` (steps,) is how much the model
    follows the data."""

    model: Model
    space: Space
    recording: Recording
    loss: Loss | Callable[[Any, Any], Any]
    key: int = 0

    @property
    def squares(self) -> bool:
        """Whether the loss is a sum of squares."""
        return isinstance(self.loss, Loss)

    def trace(self, place: Any, share: Any) -> Trace:
        """The model at a place."""
        return self.model(self.space.values(place), self.recording, share, self.key)

    def _residuals(self, place: Any, share: Any) -> Any:
        assert isinstance(self.loss, Loss)
        return finite(self.loss.residuals(self.trace(place, share), self.recording))

    def _value(self, place: Any, share: Any) -> Any:
        if isinstance(self.loss, Loss):
            return jnp.sum(self._residuals(place, share)**2)
        found = self.loss(self.trace(place, share).values, jnp.asarray(self.recording.values))
        return jnp.where(jnp.isfinite(found), found, WORST**2)

    # -- compiled ------------------------------------------------------------------------------------------------------
    @cached_property
    def residuals(self) -> Callable[..., Any]:
        """(parameters,) → (residuals,)."""
        return jax.jit(self._residuals)

    @cached_property
    def jacobian(self) -> Callable[..., Any]:
        """(parameters,) → (residuals, parameters)."""
        return jax.jit(lambda place, share: forward(self._residuals, place, share)[1])

    @cached_property
    def gradient(self) -> Callable[..., Any]:
        """(many, parameters) → losses (many,) and gradients (many, parameters)."""
        return jax.jit(jax.vmap(partial(forward, self._value), in_axes=(0, None)))

    @cached_property
    def _values(self) -> Callable[..., Any]:
        return jax.jit(jax.vmap(self._value, in_axes=(0, None)))

    def values(self, places: np.ndarray, share: Any) -> np.ndarray:
        """(many, parameters) → losses (many,); in parts of equal size, so that memory suffices and one compilation
        does."""
        most = max(1, NUMBERS_AT_ONCE // (self.model.layout.traces * self.model.layout.steps))
        size = -(-len(places) // -(-len(places) // most))
        filled = np.concatenate([places, np.repeat(places[-1:], -len(places) % size, axis=0)])
        return np.concatenate(
            [np.asarray(self._values(filled[k:k + size], share)) for k in range(0, len(filled), size)])[:len(places)]


def forward(function: Callable[..., Any], place: Any, share: Any) -> tuple[Any, Any]:
    """The value and, along a last axis, its derivatives with respect to each coordinate; 0 where there is none."""
    value, slopes = jax.vmap(lambda t: jax.jvp(lambda p: function(p, share), (place,), (t,)),
                             out_axes=(None, -1))(jnp.eye(len(place)))
    return value, jnp.nan_to_num(slopes, nan=0.0, posinf=0.0, neginf=0.0)
