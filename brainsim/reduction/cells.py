"""Few distinct constants: the synapses of a target that have the same ones keep one sum together, in a cell (spec rule
3.3, last line).

A cell stands between the synapses and their target: for the rules of sums, the constants of the cells are constants of
the target.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from brainsim.integrators.affine import affine
from brainsim.language.trees import names
from brainsim.model.resolve import Block
from brainsim.model.symbols import Symbol
from brainsim.model.tasks import Elementwise, Summed, Task, Transmission
from brainsim.naming import of_cells, supplied
from brainsim.reduction.projection import Parts, Projection, Side, TimeStep, final, keys, parts_of
from brainsim.reduction.rewrite import Moves, Through, rewritten
from brainsim.reduction.sums import sums
from brainsim.reduction.values import Obstacle, ValuesNow


@dataclass(frozen=True)
class InCells:
    """The plan of the states that are kept as sums by cells, the tasks, the constants that tell cells apart; or why
    there are none."""

    plan: Moves | None
    tasks: tuple[Task, ...]
    constants: tuple[Symbol, ...] = ()
    broken: Mapping[str, Obstacle] | None = None


def in_cells(projection: Projection, step: TimeStep, left: frozenset[str], values: ValuesNow,
             seen: Mapping[str, Obstacle]) -> InCells:
    """Keep the states ``left`` with the synapses as sums by cells, where the constants in their rates of change have
    few values."""
    nothing = InCells(None, step.tasks, broken={})
    if all(v in seen for v in left):
        return nothing
    constants = _constants(parts_of(projection, step), left)
    if not constants:
        return nothing
    through = Through(projection, constants)
    fine = replace(projection, post=side_of(projection),
                   states={v: n for v, n in projection.states.items() if v in left})
    divided = parts_of(fine, led_through(through, step))
    found, _ = sums(divided, {}, seen)
    if not found.states:
        return nothing
    why = next((f"{projection.later[c.program]}, and it divides the sums"
                for c in constants if c.program in projection.later), "")
    why = why or values.divided(constants)
    if why:
        return replace(nothing, broken=dict.fromkeys(found.states, Obstacle("classes", why)))
    plan = Moves(divided, {}, found, through=through)
    return InCells(plan, tuple(rewritten(plan)), constants)


def side_of(projection: Projection) -> Side:
    """The cells of a projection, as a side of its synapses."""
    return Side("cells", supplied(projection.name, "cell"), f"{projection.name}.cells", None)


def led_through(through: Through, step: TimeStep) -> TimeStep:
    """The tasks; those of the projection reach their targets, and the constants, by way of the cells."""
    projection, parts = through.projection, parts_of(through.projection, step)
    mine = {
        t.name
        for t in (parts.update, *parts.summed, *(p for p in parts.pathways if parts.side_of(p) is projection.pre))
        if t is not None
    }
    side = side_of(projection)
    return TimeStep(tuple(_through_cells(t, projection, side, through.constants) if t.name in mine else t
                          for t in step.tasks))


def _constants(parts: Parts, left: frozenset[str]) -> tuple[Symbol, ...]:
    """Constants of the synapse and of its source in the rates of change of states."""
    if parts.update is None:
        return ()
    block, found = parts.update.block, {}
    mine = keys(block, left)
    for target, value in final(block.assignments).items():
        split = affine(value, frozenset(mine)) if target in mine else None
        for coefficient in split.coefficients.values() if split is not None else ():
            for symbol in (block.symbols[k] for k in sorted(names(coefficient)) if k in block.symbols):
                if symbol.kind == "array" and parts.reach(symbol) in ("syn",
                                                                      "pre") and not parts.varies(symbol) and len(
                                                                          symbol.path) <= 1:
                    found[symbol.program, symbol.path] = symbol
    return tuple(found.values())


def _through_cells(task: Task, projection: Projection, side: Side, constants: tuple[Symbol, ...]) -> Task:
    """A task whose code reaches the target, and the constants of cells, by way of the cell."""
    apart = {(s.program, s.path) for s in constants}

    def change(s: Symbol) -> Symbol:
        if s.path[:1] == (projection.post.index,):
            return replace(s, path=(side.index, neuron_of(projection.name), *s.path[1:]))
        return replace(s, program=constant_of(s), path=(side.index,)) if (s.program, s.path) in apart else s

    def block(b: Block) -> Block:
        return replace(b, symbols={k: change(s) for k, s in b.symbols.items()})

    match task:
        case Summed():
            return replace(task, block=block(task.block), target=change(task.target))
        case Elementwise() | Transmission():
            return replace(task, block=block(task.block))
    return task


def neuron_of(name: str) -> str:
    """The array that leads from a cell to its target."""
    return supplied(name, "cell_target")


def constant_of(symbol: Symbol) -> str:
    """The array of a constant of cells."""
    return of_cells(symbol.program)
