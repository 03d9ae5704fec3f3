"""Evaluates user strings at once, over arrays: initial values, string indices, connection conditions. Nothing is
compiled."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from brainsim.ir.functions import FUNCTIONS
from brainsim.language import trees
from brainsim.language.functions import RANDOM
from brainsim.model.resolve import Block
from brainsim.model.symbols import Symbol
from brainsim.objects.groups.clock import BaseClock
from brainsim.objects.groups.random_state import random_state
from brainsim.targets.numpy_words import power_many
from brainsim.units import Quantity, Unit

Arrays = Callable[[str], np.ndarray]

OPERATORS: dict[str, Callable[..., object]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.true_divide, "//": np.floor_divide, "%": np.mod,
    "**": power_many, "neg": np.negative, "not": np.logical_not, "<": np.less, "<=": np.less_equal, ">": np.greater,
    ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal,
}


@dataclass
class Elements:
    """The elements a string is evaluated for. ``index`` are their numbers (None: one evaluation, shared variables
    only)."""

    arrays: Arrays
    clock: BaseClock
    index: np.ndarray | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)
    offsets: Mapping[str, int] = field(default_factory=dict)
    paths: dict[tuple[str, ...], np.ndarray] = field(default_factory=dict)   #: known indices along a path

    locals: dict[str, Any] = field(default_factory=dict)
    draws: Callable[
        [str],
        np.ndarray] | None = None  #: where 'uniform' and 'normal' numbers come from, if not from the host's generator

    @property
    def count(self) -> int | None:
        """How many values one draw needs; None for a scalar."""
        return None if self.index is None else len(self.index)

    def at(self, path: tuple[str, ...]) -> np.ndarray:
        """Indices of the elements that a path leads to."""
        if path not in self.paths:
            assert self.index is not None
            self.paths[path] = self.index if not path else self.arrays(path[-1])[self.at(path[:-1])]
        return self.paths[path]


def evaluate(tree: trees.Tree, block: Block, here: Elements) -> np.ndarray:
    """The value of a resolved tree for every element (or one, when nothing in it depends on the element)."""
    with np.errstate(all="ignore"):
        return _value(tree, block, here)


def may_be_divided(tree: trees.Tree, block: Block, target: Symbol) -> bool:
    """Whether evaluating (and assigning to ``target``) for some elements after the others gives the same numbers as for
    all at once."""
    drawn = sum(isinstance(n, trees.Call) and n.function in RANDOM for n in trees.walk(tree))
    if drawn > 1 or any(f.kind != "timed_array" for f in block.functions.values()):
        return False
    read = [block.symbols[n.id] for n in trees.walk(tree) if isinstance(n, trees.Name)]
    return not target.path and all(s.path == () for s in read if s.kind == "array" and s.program == target.program)


def _value(tree: trees.Tree, block: Block, here: Elements) -> Any:
    match tree:
        case trees.Number(value):
            return value
        case trees.Name(key):
            return _read(block.symbols[key], here)
        case trees.Op("and", args):
            return np.logical_and.reduce(
                [np.asarray(x) for x in np.broadcast_arrays(*(_value(a, block, here) for a in args))])
        case trees.Op("or", args):
            return np.logical_or.reduce(
                [np.asarray(x) for x in np.broadcast_arrays(*(_value(a, block, here) for a in args))])
        case trees.Op("select", args) | trees.Call("select", args):
            return np.where(*(_value(a, block, here) for a in args))
        case trees.Op(op, args):
            return OPERATORS[op](*(_number(_value(a, block, here)) for a in args))
        case trees.Call(function, args):
            return _call(function, [_number(_value(a, block, here)) for a in args], block, here)
    raise TypeError(f"not a tree: {tree!r}")


def _number(x: Any) -> np.ndarray:
    """Booleans count as whole numbers in arithmetic."""
    x = np.asarray(x)
    return x.astype(np.int32) if x.dtype == np.bool_ else x


def _call(function: str, args: list[np.ndarray], block: Block, here: Elements) -> Any:
    rng = random_state.host
    match function:
        case "rand" | "randn" if here.draws is not None:
            return here.draws("uniform" if function == "rand" else "normal")
        case "rand":
            return rng.random(here.count)
        case "randn":
            return rng.standard_normal(here.count)
        case "poisson":
            return rng.poisson(np.broadcast_to(args[0], (here.count,)) if here.count is not None else args[0])
        case "binomial":
            return rng.binomial(np.asarray(args[0]).astype(int), args[1], here.count)
        case "int":
            return np.trunc(args[0]).astype(np.int32)
    if function in block.functions:
        found = block.functions[function]
        holder: Any = found.holder
        if found.kind == "timed_array":
            return holder.lookup(here.clock, *args)
        if found.wants_elements:
            args = [*args, np.arange(1) if here.index is None else here.index]
        return holder.numbers(*args)
    return FUNCTIONS[function](*args)


def _read(symbol: Symbol, here: Elements) -> Any:
    match symbol.kind:
        case "array":
            array = here.arrays(symbol.program)
            return array[0] if symbol.shared else array[here.at(symbol.path)]
        case "param":
            return symbol.holder if not isinstance(symbol.holder, (Quantity, Unit)) else np.asarray(symbol.holder)
        case "clock":
            return {"t": here.clock.t_, "dt": here.clock.dt_, "step": here.clock.step}[symbol.part]
        case "index":
            return here.at(symbol.path) - (here.offsets[symbol.offset] if symbol.offset else 0)
        case "size" | "count":
            return here.sizes[symbol.program]
        case "number":
            return symbol.value
        case "local":
            return here.locals[symbol.program]
    raise TypeError(f"{symbol.name} has no value here")
