"""FORCE: a readout that is trained while the network runs, and fed back to it."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from brainsim.errors import DimensionMismatchError, UnknownName, WrongType, WrongValue, near
from brainsim.learning.gradients import without_units
from brainsim.learning.readout import Readout, begin_rls, update_rls
from brainsim.objects.gradients.functional import Functional
from brainsim.units import get_dimensions
from brainsim.units.dimensions import DIMENSIONLESS, SECOND
from brainsim.units.quantities import with_dimension
from brainsim.units.words import unit_text


@dataclass(frozen=True)
class Forced:
    """What `force` did: ``readout``, ``outputs`` (steps, outputs) in the unit of the targets, ``error``, their root
    mean square distance from the targets while learning and ``free_error`` after it (nan where there was no such time),
    and ``params`` unchanged."""

    readout: Readout
    outputs: Any
    error: float
    free_error: float

    def __repr__(self) -> str:
        return f"Forced: {self.readout!r}, error {self.error:.3g} while learning, {self.free_error:.3g} after it"


def force(sim: Functional, targets: Any, states: str, feedback: str | Sequence[str] | None = None, *,
          alpha: float = 1.0, every: int = 1, until: object = None, weights: Any = None,
          params: Mapping[str, object] | None = None, inputs: Mapping[str, object] | None = None,
          key: object = 0) -> Forced:
    """Trains a linear readout of ``states``, an output of ``sim``, by recursive least squares while the network runs
    (Sussillo & Abbott 2009).

    ``targets``: (steps, outputs) or (steps,). ``feedback``: the input of ``sim`` that the readout of the last step is
    given to, or one for each output; without it the readout listens only. ``every``: so many steps between two updates.
    ``until``: the time at which learning ends, the network running freely from there; all of the run if not given,
    ``0*ms`` for a run with given ``weights`` (outputs, states). ``alpha``: see `rls`.
    Raises `UnknownName`, `WrongValue` or `DimensionMismatchError` for what does not fit.
    """
    if not isinstance(sim, Functional):
        raise WrongType("FORCE runs a function of a network", found=type(sim).__name__,
                        help="sim = net.functional(duration, inputs=[...], outputs=[...])")
    if isinstance(every, bool) or not isinstance(every, (int, np.integer)) or every < 1:
        raise WrongValue("'every' is a whole number of steps above 0", found=repr(every))
    if states not in sim.pure.outputs or sim.pure.outputs[states].last:
        raise UnknownName(f"'{states}' is no output of every step of this function",
                          help=near(states, sim.pure.outputs) or "outputs=['G.r'] for example")
    fed = [feedback] if isinstance(feedback, str) else list(feedback or ())
    dimension = get_dimensions(targets)
    wanted = np.asarray(targets, float)
    single = wanted.ndim == 1
    wanted = wanted.reshape(len(wanted), -1)
    given = sim.as_inputs(inputs or {})
    _check(sim, wanted, fed, given, dimension)
    last = _learning_steps(sim, until)
    shape = jax.eval_shape(lambda: sim.trials(sim.as_params({
    }), {n: jnp.zeros((sim.pure.steps, *p.shape))
         for n, p in sim.pure.inputs.items()}, jax.random.key(0), None))[states].shape
    memory = begin_rls(shape[-1], wanted.shape[1], alpha, without_units(weights))
    words = sim.key_words(key)
    run = jax.jit(lambda *args: _run(sim, states, fed, every, last, *args))
    (found, _), out = run(memory, sim.as_params(params or {}), given, jnp.asarray(wanted), words)
    out = np.asarray(out, float)

    def apart(part: slice) -> float:
        return float(np.sqrt(np.mean((out[part] - wanted[part]) ** 2))) if len(out[part]) else float("nan")

    readout = Readout(np.asarray(found, float), np.zeros(wanted.shape[1]), dimension, single)
    return Forced(readout, with_dimension(out[:, 0] if single else out, dimension), apart(slice(0, last)),
                  apart(slice(last, None)))


def _run(sim: Functional, states: str, fed: Sequence[str], every: int, last: int, memory: Any, params: Any, given: Any,
         wanted: Any, words: Any) -> Any:
    network, carry, xs = sim.pure.stepper(params, given, words)

    def step(carry: Any, x: Any) -> tuple[Any, Any]:
        inside, memory, z = carry
        number, target, (tick, now, first) = x
        heard = {n: z[k if len(fed) > 1 else 0] for k, n in enumerate(fed)}
        inside, out = network(inside, (tick, {**now, **heard}, first))
        state = out[states]
        memory = lax.cond((number % every == 0) & (number < last), lambda m: update_rls(m, state, target), lambda m: m,
                          memory)
        z = memory[0] @ state
        return (inside, memory, z), z

    (_, memory, _), out = lax.scan(step, (carry, memory, jnp.zeros(wanted.shape[1])),
                                   (jnp.arange(len(wanted)), wanted, xs))
    return memory, out


def _check(sim: Functional, wanted: np.ndarray, fed: Sequence[str], given: Mapping[str, Any], dimension: Any) -> None:
    if len(wanted) != sim.pure.steps:
        raise WrongValue("There is a target for each step", found=f"{len(wanted)} targets",
                         help=f"{sim.pure.steps} steps of {sim.duration}")
    for name in fed:
        if name not in sim.pure.inputs:
            raise UnknownName(f"'{name}' is no input of this function", help=near(name, sim.pure.inputs)
                              or f"net.functional(..., inputs=[{name!r}])")
        unit = get_dimensions(sim.units[name])
        if unit is not dimension and dimension is not DIMENSIONLESS:
            raise DimensionMismatchError(f"The readout cannot be fed back to '{name}'", unit, dimension,
                                         found=f"targets in {unit_text(dimension)}")
    if len(fed) not in (0, wanted.shape[1]):
        raise WrongValue("There is one input for each output that is fed back",
                         found=f"{len(fed)} inputs, {wanted.shape[1]} outputs")
    for name in sim.pure.inputs:
        if name not in given and name not in fed:
            raise WrongValue(f"The input '{name}' is missing",
                             help=f"inputs={{{name!r}: array of {sim.pure.steps} steps}}")


def _learning_steps(sim: Functional, until: object) -> int:
    if until is None:
        return sim.pure.steps
    if get_dimensions(until) is not SECOND:
        raise DimensionMismatchError("Learning ends at a time", SECOND, get_dimensions(until), found=str(until),
                                     help="until=2*second")
    return round(sim.pure.steps * float(np.asarray(until)) / float(np.asarray(sim.duration)))
