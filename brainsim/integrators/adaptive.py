"""Embedded pairs with a step size of their own: as many steps within ``dt`` as the error allows, for each element by
itself.

The step follows the error by the usual rule, a safety factor 0.9 and changes between 1/5 and 5 (Hairer, Nørsett &
Wanner 1993, section II.4); the largest error over its tolerance counts.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any

from brainsim.errors import UnknownName, WrongType, WrongValue, near
from brainsim.integrators.linear import refuse
from brainsim.integrators.pairs import PAIRS, Pair
from brainsim.integrators.system import DT, NOT_REFRACTORY, Steps, System, Update, assignments, change_outside, draws
from brainsim.integrators.terms import ONE, ZERO, add, call, divide, is_number, less, multiply, select, subtract, total
from brainsim.language.trees import Assign, Name, Number, Op, Tree, While, names

SMALLEST = 1e-12
"""A step below this part of dt is given up: the accuracy cannot be reached."""
STEP, STEPS, FAILED, GIVEN_UP = "_last_timestep", "_step_count", "_failed_steps", "_given_up_at"
T = Name("t")


@dataclass(frozen=True)
class Adaptive:
    """What a user may choose. Errors are in base units; ``max_steps`` 0 sets no limit."""

    adaptable_timestep: bool = True
    absolute_error: float = 1e-6
    absolute_error_per_variable: Mapping[str, float] | None = None
    relative_error: float = 0.0
    max_steps: int = 100
    use_last_timestep: bool = True
    save_failed_steps: bool = False
    save_step_count: bool = False

    @classmethod
    def checked(cls, options: Mapping[str, Any], system: System) -> Adaptive:
        """The options, each usable; `WrongType` or `WrongValue` otherwise, `UnknownName` for a variable that is not
        integrated."""
        chosen = cls(**options)
        for name in ("adaptable_timestep", "use_last_timestep", "save_failed_steps", "save_step_count"):
            if not isinstance(getattr(chosen, name), (bool, int)):
                raise WrongType(f"The option '{name}' is True or False", found=repr(getattr(chosen, name)))
        if not isinstance(chosen.max_steps, int) or chosen.max_steps < 0:
            raise WrongValue("The option 'max_steps' is a whole number, 0 for no limit", found=repr(chosen.max_steps))
        single = chosen.absolute_error_per_variable
        if single is not None and not isinstance(single, Mapping):
            raise WrongType("The option 'absolute_error_per_variable' is a dictionary", found=repr(single),
                            help="{'v': 1e-5}, in base units")
        for name in single or {}:
            if name not in system.variables:
                raise UnknownName(f"'{name}' has an error of its own but no differential equation", found=repr(name),
                                  help=near(name, system.variables))
        if not chosen.relative_error >= 0:
            raise WrongValue("The option 'relative_error' is not negative", found=repr(chosen.relative_error))
        for value in (chosen.absolute_error, *(single or {}).values()):
            if not (value > 0 or value == 0 and chosen.relative_error > 0):
                raise WrongValue("The error that is allowed must be above zero", found=repr(value),
                                 help="absolute_error in base units, 1e-6 by default")
        return chosen

    def error_of(self, x: str) -> float:
        """The absolute error allowed for a variable."""
        return float((self.absolute_error_per_variable or {}).get(x, self.absolute_error))


OPTIONS = frozenset(f.name for f in fields(Adaptive))


def kept(options: Mapping[str, object]) -> Mapping[str, str]:
    """What an element remembers from step to step, by name: 'time' or 'count'."""
    adapts = options.get("adaptable_timestep", True)
    found = {GIVEN_UP: "time"}
    if adapts and options.get("use_last_timestep", True):
        found[STEP] = "time"
    return found | {
        n: "count" for n, option in ((STEPS, "save_step_count"), (FAILED, "save_failed_steps")) if options.get(option)
    }


def embedded(system: System, method: str, **options: object) -> Update:
    """One step by a pair of `PAIRS`. Refuses noise and random functions: they have no error to control."""
    for x, rhs in system.equations:
        if system.noises:
            raise refuse(system, x, f"belongs to a system with noise ({', '.join(system.noises)})",
                         "method='heun' takes any noise")
        if draws(system, rhs):
            raise refuse(system, x, "contains a function that gives a new random value at each call",
                         "method='rk4' takes it")
    chosen = Adaptive.checked(options, system)
    return Update((_many if chosen.adaptable_timestep else _single)(system, PAIRS[method], chosen), method)


def _single(system: System, pair: Pair, chosen: Adaptive) -> tuple[Assign | While, ...]:
    """One step of dt, whose error must be small enough."""
    steps = Steps()
    new, error = _stages(system, pair, chosen, {x: Name(x) for x, _ in system.equations}, DT, ZERO, steps)
    new = {x: steps.fresh(f"_{x}_new", value) for x, value in new.items()}
    missed = steps.fresh("_missed", Op("not", (Op("<=", (error, ONE)),)))
    counts = _counts(chosen, ONE, select(missed, ONE, ZERO))
    return (*steps.statements, *counts, _given_up(missed), *assignments(system, new))


def _many(system: System, pair: Pair, chosen: Adaptive) -> tuple[Assign | While, ...]:
    """Steps until dt is over or the accuracy turns out to be beyond reach."""
    now = {x: Name(f"_{x}_now") for x, _ in system.equations}
    left, size, done, failed = Name("_left"), Name("_size"), Name("_done"), Name("_failed")
    last = Name(STEP)
    first = select(Op("and", (less(ZERO, last), less(last, DT))), last, DT) if chosen.use_last_timestep else DT
    before = [
        Assign("_left", "=", DT),
        Assign("_size", "=", first),
        Assign("_done", "=", ZERO),
        Assign("_failed", "=", ZERO), *(Assign(now[x].id, "=", Name(x)) for x in now)
    ]
    conditions = [less(ZERO, left), less(multiply(Number(SMALLEST), DT), size)]
    if chosen.max_steps:
        conditions.append(less(add(done, failed), Number(chosen.max_steps)))
    loop = While(_all(conditions), _one_of_many(system, pair, chosen, now))
    steps = Steps()
    missed = steps.fresh("_missed", less(ZERO, left))
    keep = (Assign(STEP, "=", select(Op("and", (Op("not", (missed,)),
                                                less(size, DT))), size, DT)),) if chosen.use_last_timestep else ()
    counts = _counts(chosen, add(done, failed), failed)
    return (*before, loop, *steps.statements, *keep, *counts, _given_up(missed), *assignments(system, dict(now)))


def _one_of_many(system: System, pair: Pair, chosen: Adaptive, now: Mapping[str, Tree]) -> tuple[Assign, ...]:
    """Try a step; take it if its error is small enough; choose the next size."""
    left, size, done, failed = Name("_left"), Name("_size"), Name("_done"), Name("_failed")
    steps = Steps()
    step = steps.fresh("_step", select(less(size, multiply(Number(0.999999), left)), size, left))
    new, error = _stages(system, pair, chosen, now, step, subtract(DT, left), steps)
    taken = steps.fresh("_taken", Op("<=", (error, ONE)))
    change = multiply(Number(0.9), Op("**", (error, Number(-1.0 / (pair.error_order + 1)))))
    known = Op("==", (error, error))     # not NaN
    wanted = steps.fresh("_wanted",
                         multiply(step, select(known, call("clip", change, Number(0.2), Number(5.0)), Number(0.2))))
    cut = Op("and", (taken, less(step, size)))      # the end of dt, not the error, made it short
    next_size = steps.fresh("_next_size", select(Op("and", (cut, less(wanted, size))), size, wanted))
    moved = {x: steps.fresh(f"_{x}_next", select(taken, new[x], now[x])) for x in now}
    over = steps.fresh("_over", select(taken, subtract(left, step), left))
    return (*steps.statements, Assign("_left", "=", over), Assign("_size", "=", next_size),
            Assign("_done", "=", add(done, select(taken, ONE, ZERO))),
            Assign("_failed", "=", add(failed, select(taken, ZERO,
                                                      ONE))), *(Assign(f"_{x}_now", "=", moved[x]) for x in now))


def _stages(system: System, pair: Pair, chosen: Adaptive, now: Mapping[str, Tree], step: Tree, since: Tree,
            steps: Steps) -> tuple[Mapping[str, Tree], Tree]:
    """The new state after ``step``, and the largest error over its tolerance. ``since`` is the time gone within dt."""
    slopes: list[dict[str, Tree]] = []
    read = frozenset().union(*(names(rhs) for _, rhs in system.equations))
    for number, (time, row) in enumerate(zip(pair.times, pair.stages), 1):
        here = {
            x:
            now[x] if not any(row) or x not in read else steps.fresh(f"_{x}_{number}",
                                                                     _moved(now[x], step, row, slopes, x)) for x in now
        }
        moved = add(T, add(since, multiply(Number(float(time)), step)))
        slopes.append(
            {x: steps.fresh(f"_k_{number}_{x}", _slope(system, x, rhs, here, moved)) for x, rhs in system.equations})
    new = {x: steps.fresh(f"_{x}_trial", _moved(now[x], step, pair.weights, slopes, x)) for x in now}
    error: Tree = ZERO
    for x in now:
        scaled = steps.fresh(
            f"_error_{x}",
            divide(call("abs", multiply(step, _weighted(pair.error, slopes, x))), _tolerance(chosen, x, now[x],
                                                                                             new[x])))
        error = scaled if is_number(error, 0) else steps.fresh("_error", _larger(error, scaled))
    return new, error


def _larger(a: Tree, b: Tree) -> Tree:
    """The larger of two; NaN if one of them is."""
    return select(Op("and", (Op("==", (a, a)), Op("not", (Op(">=", (a, b)),)))), b, a)


def _slope(system: System, x: str, rhs: Tree, state: Mapping[str, Tree], time: Tree) -> Tree:
    def change(node: Tree) -> Tree:
        if node == T:
            return time
        return state.get(node.id, node) if isinstance(node, Name) else node

    slope = change_outside(rhs, system.locally_constant, change)
    return select(NOT_REFRACTORY, slope, Number(0.0)) if x in system.conditional else slope


def _moved(start: Tree, step: Tree, row: Sequence[Fraction], slopes: Sequence[Mapping[str, Tree]], x: str) -> Tree:
    return add(start, multiply(step, _weighted(row, slopes, x)))


def _weighted(row: Sequence[Fraction], slopes: Sequence[Mapping[str, Tree]], x: str) -> Tree:
    return total(multiply(Number(float(w)), k[x]) for w, k in zip(row, slopes) if w)


def _tolerance(chosen: Adaptive, x: str, old: Tree, new: Tree) -> Tree:
    absolute = Number(chosen.error_of(x))
    if not chosen.relative_error:
        return absolute
    return add(absolute, multiply(Number(float(chosen.relative_error)), _larger(call("abs", old), call("abs", new))))


def _all(conditions: Sequence[Tree]) -> Tree:
    first, *rest = conditions
    return Op("and", (first, _all(rest))) if rest else first


def _counts(chosen: Adaptive, tried: Tree, failed: Tree) -> tuple[Assign, ...]:
    wanted = ((chosen.save_step_count, STEPS, tried), (chosen.save_failed_steps, FAILED, failed))
    return tuple(Assign(name, "=", value) for asked, name, value in wanted if asked)


def _given_up(missed: Tree) -> Assign:
    """The end of the first step in which the accuracy was not reached; 0 before."""
    already = Name(GIVEN_UP)
    return Assign(GIVEN_UP, "=", select(Op("and", (missed, Op("==", (already, ZERO)))), add(T, DT), already))
