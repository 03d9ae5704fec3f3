"""``fit``: parameters of a network by gradient descent, on Optax."""
from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from brainsim.errors import WrongType, WrongValue
from brainsim.learning.data import Differentiable, Trials, divided, is_fraction, trials
from brainsim.learning.epochs import Progressing, Training, takes_params
from brainsim.learning.gradients import without_units
from brainsim.learning.history import Fit, History
from brainsim.learning.optimisers import optimiser
from brainsim.learning.saved import load, save
from brainsim.runtime.progress import Bar, reporter

BETWEEN = 0.1     #: seconds between two looks of the bar


def fit(sim: Differentiable, loss: Callable[..., Any], data: object, optimizer: object = "adam(1e-3)",
        epochs: int = 100, batch_size: int | None = None, *, params: Mapping[str, object] | None = None,
        extra: Mapping[str, object] | None = None, schedule: object = None, clip: float | None = None, seed: int = 0,
        validation: object = None, early_stop: int | None = None, checkpoint: str | Path | None = None,
        checkpoint_every: int = 1, progress: object = True) -> Fit:
    """Trains the parameters of ``sim`` (from ``net.functional``) so that ``loss`` gets small.

    ``loss(out, target)``: what is to be small, the mean over the trials of a batch, from ``out``, outputs by name, and
    the targets; with a third argument it gets all parameters. It returns a number, or a number and a dictionary of
    metrics that the history keeps. ``data``: ``(inputs, targets)``, inputs by name (trials, steps, elements), targets
    any tree of arrays with the trials as first axis. ``batch_size``: trials for one update, ``sim.batch`` if not given;
    without either, ``data`` is one trial without that axis. ``optimizer``: text like ``'adam(1e-3)'``, or of `optax`;
    ``schedule`` and ``clip``: see `brainsim.learning.optimisers.optimiser`. ``params``: where to begin, ``sim.params``
    otherwise; ``extra``: parameters of the loss alone. Raw numbers are trained: see `Functional.constrained`.

    Everything follows from ``seed``: the order of trials, the random numbers of the network, which trials validate.
    ``validation``: ``(inputs, targets)``, or a part of the data; then ``params`` of the result are those with the
    smallest validation loss, and ``early_stop`` ends the training when that has not become smaller for so many epochs.
    ``checkpoint``: a file; if it exists, training goes on from there and gives the numbers that it would have given
    without the interruption. ``progress``: a bar, True; or as ``report`` of `run`.

    Raises `WrongType`, `WrongValue`, `UnknownName` or `DimensionMismatchError` for what does not fit together. The
    training also ends when the loss is no finite number.
    """
    if not isinstance(sim, Differentiable):
        raise WrongType("What is trained is a function of a network", found=type(sim).__name__,
                        help="sim = net.functional(duration, params=[...], outputs=[...])")
    size = batch_size if batch_size is not None else sim.batch
    _check_numbers(epochs=epochs, batch_size=size, early_stop=early_stop, checkpoint_every=checkpoint_every)
    training = Training(sim, loss, optimiser(optimizer, schedule, clip), size, jax.random.key(seed), takes_params(loss))
    here = trials(sim, data, size is None)
    seen = _validation(sim, validation, size)
    if is_fraction(validation):
        if size is None:
            raise WrongValue("One trial has no part for validation", help="validation=(inputs, targets)")
        here, seen = divided(here, float(validation), seed)
    if size is not None and here.count is not None and size > here.count:
        raise WrongValue("A batch is larger than the data", found=f"batch_size={size}, {here.count} trials")
    if early_stop is not None and seen is None:
        raise WrongValue("early_stop looks at the validation loss",
                         help="validation=0.1 or validation=(inputs, targets)")
    begin = training.begin({**sim.params, **(params or {})}, _extra(sim, extra or {}))
    if not jax.tree.leaves(begin.raw):
        raise WrongValue("There is nothing to train", help="net.functional(..., params=['S.w'])")
    words = {"seed": seed, "size": size, "trials": here.count, "params": sorted({**sim.params, **(extra or {})}),
             "optimizer": optimizer if isinstance(optimizer, str) else ""}
    course = TrainingRun(training, here, seen, epochs, early_stop,
                         Path(checkpoint) if checkpoint is not None else None, checkpoint_every, words)
    return course.run(begin, _report(progress))


@dataclass(frozen=True)
class Standing:
    """Where a training stands between epochs; ``best`` are raw numbers on the host."""

    state: Progressing
    best: Any
    best_epoch: int
    rows: tuple[Mapping[str, float], ...]


@dataclass(frozen=True)
class TrainingRun:
    """A training from epoch to epoch."""

    training: Training
    data: Trials
    validation: Trials | None
    epochs: int
    early_stop: int | None
    file: Path | None
    every: int
    words: Mapping[str, Any]

    def run(self, begin: Progressing, report: Callable[..., object] | None) -> Fit:
        """All epochs, or those that are left."""
        began = time.perf_counter()
        now = self._resumed(Standing(begin, jax.device_get(begin.raw), 0, ()))
        ended = self._ended(now)
        first, said = len(now.rows), began
        while not ended:
            now = self._after(now)
            ended = self._ended(now)
            if self.file is not None and (ended or len(now.rows) % self.every == 0):
                save(self.file, (now.state, now.best), {**self.words, "best": now.best_epoch, "rows": now.rows})
            if report is not None and (ended or time.perf_counter() - said > BETWEEN):
                said = time.perf_counter()
                if isinstance(report, Bar):
                    report.note = _note(now.rows[-1])
                report(said - began, 1.0 if ended else (len(now.rows) - first) / (self.epochs - first), 0.0,
                       float(self.epochs))
        values = self.training.values(jax.tree.map(jax.numpy.asarray, now.best))
        named = self.training.sim.with_units({n: values.pop(n) for n in now.best["sim"]})
        return Fit({**named, **jax.device_get(values)}, History(now.rows), now.best_epoch, ended,
                   time.perf_counter() - began)

    def _after(self, now: Standing) -> Standing:
        """One epoch more."""
        number = len(now.rows)
        state, found = self.training.epoch(now.state, self.data.tree, number, self.data.count)
        row = {n: float(x) for n, x in jax.device_get(found).items()}
        row = {"loss": row["loss"], **row}
        if self.validation is not None:
            row |= {
                f"validation {n}": x
                for n, x in self.training.seen(state.raw, self.validation.tree, self.validation.count).items()
            }
        rows = (*now.rows, row)
        better = self.validation is None or not now.best_epoch or row["validation loss"] < rows[now.best_epoch
                                                                                                - 1]["validation loss"]
        if better and np.isfinite(row["loss"]) or not now.best_epoch:
            return Standing(state, jax.device_get(jax.tree.map(np.array, state.raw)), number + 1, rows)
        return Standing(state, now.best, now.best_epoch, rows)

    def _ended(self, now: Standing) -> str:
        """Why there is no further epoch; empty while there is one."""
        if now.rows and not np.isfinite(now.rows[-1]["loss"]):
            return "ended because the loss is no finite number"
        if self.early_stop is not None and len(now.rows) - now.best_epoch >= self.early_stop:
            return f"ended after {self.early_stop} epochs without a smaller validation loss"
        return "all done" if len(now.rows) >= self.epochs else ""

    def _resumed(self, fresh: Standing) -> Standing:
        if self.file is None or not self.file.exists():
            return fresh
        (state, best), words = load(self.file, (fresh.state, fresh.best))
        for name, mine in self.words.items():
            if words.get(name) != mine:
                raise WrongValue(f"'{self.file}' is a checkpoint of a training with another {name}",
                                 found=f"{words.get(name)}, now {mine}", help="choose another path, or remove the file")
        return Standing(state, jax.device_get(best), int(words["best"]), tuple(words["rows"]))


def _note(row: Mapping[str, float]) -> str:
    return "  ".join(f"{n} {row[n]:.4g}" for n in ("loss", "validation loss") if n in row).ljust(40)


def _validation(sim: Differentiable, given: object, size: int | None) -> Trials | None:
    return None if given is None or is_fraction(given) else trials(sim, given, size is None, "validation")


def _extra(sim: Differentiable, given: Mapping[str, object]) -> dict[str, Any]:
    for name in given:
        if name in sim.params:
            raise WrongValue(f"'{name}' is a parameter of the network, not of the loss", help="params={...}")
    return jax.tree.map(lambda x: jax.numpy.asarray(x, float), without_units(dict(given)))


def _report(progress: object) -> Callable[..., object] | None:
    if progress is True:
        return Bar(sys.stderr)
    return None if progress is False else reporter(progress)


def _check_numbers(**given: object) -> None:
    for name, x in given.items():
        if x is not None and (not isinstance(x, (int, np.integer)) or isinstance(x, bool) or x < 1):
            raise WrongValue(f"'{name}' is a whole number above 0", found=repr(x))
