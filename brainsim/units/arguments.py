"""The arguments of a call of NumPy, apart from their units; and what a call gives: a plain result and its dimension."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from brainsim.units.dimensions import DIMENSIONLESS, Dimension
from brainsim.units.plain import agree, is_scale_free, mismatch, split, words


@dataclass(frozen=True, slots=True)
class PlainResult:
    """A plain result and the dimension of all its arrays, or of each (None: no dimension)."""

    value: Any
    dim: Dimension | tuple[Any, ...] | None


Rule = Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], PlainResult]


def title(func: Callable[..., Any]) -> str:
    return f"{func.__module__}.{func.__name__}"


def plain_all(tree: Any, *, strict: bool, name: str = "") -> Any:
    """Arguments without dimension made plain; for one with a dimension None, or (``strict``) DimensionMismatchError."""
    if isinstance(tree, dict):
        parts = {key: plain_all(value, strict=strict, name=name) for key, value in tree.items()}
        return None if any(v is None and tree[k] is not None for k, v in parts.items()) else parts
    if type(tree) in (list, tuple):
        parts = [plain_all(value, strict=strict, name=name) for value in tree]
        return None if any(v is None and t is not None for v, t in zip(parts, tree)) else type(tree)(parts)
    dim = getattr(tree, "dim", None)
    if not isinstance(dim, Dimension):
        return tree
    if dim is not DIMENSIONLESS:
        if not strict:
            return None
        raise mismatch(f"{name} expects a dimensionless argument but got {words(*split(tree))}", dim)
    return np.asarray(tree)


class Arguments:
    """The arguments of a call, taken out one by one by position or name; what remains has to be without unit."""

    def __init__(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.func, self.args, self.kwargs = func, list(args), dict(kwargs)
        self.known: set[int | str] = set()

    def first(self) -> int | str:
        """The place of the first argument."""
        return 0 if self.args else next(iter(self.kwargs))

    def place(self, position: int, name: str) -> int | str | None:
        """Where an argument was given, or None."""
        if position < len(self.args):
            return position
        return name if self.kwargs.get(name) is not None else None

    def get(self, place: int | str) -> Any:
        return self.args[place] if isinstance(place, int) else self.kwargs[place]

    def put(self, place: int | str, value: Any) -> None:
        self.known.add(place)
        if isinstance(place, int):
            self.args[place] = value
        else:
            self.kwargs[place] = value

    def take(self, place: int | str) -> Dimension:
        """Make this argument plain; its dimension."""
        plain, dim = split(self.get(place))
        self.put(place, plain)
        return dim

    def fit(self, dim: Dimension, position: int, name: str) -> None:
        """Make an optional argument plain; DimensionMismatchError when it is not of dimension ``dim``."""
        place = self.place(position, name)
        if place is None or self.get(place) is None:
            return
        plain, found = split(self.get(place))
        if found is not dim:
            agree([(np.array(1.0), dim), (plain, found)],
                  f"Cannot calculate {self.title}: the argument {name!r} has another unit", is_scale_free)
        self.put(place, plain)

    def fit_each(self, dims: list[Dimension], position: int, name: str) -> None:
        """The same for an optional argument with an entry for each of ``dims``; whole numbers count and have no
        unit."""
        place = self.place(position, name)
        if place is None or not isinstance(self.get(place), (list, tuple)) or len(self.get(place)) != len(dims):
            return
        values = list(self.get(place))
        for k, dim in enumerate(dims):
            if not isinstance(values[k], (int, np.integer)):
                entry = Arguments(self.func, (values[k],), {})
                entry.fit(dim, 0, name)
                values[k] = entry.get(0)
        self.put(place, values)

    @property
    def title(self) -> str:
        return getattr(self.func, "__name__", "function")

    def call(self) -> Any:
        for place, value in [*enumerate(self.args), *self.kwargs.items()]:
            if place not in self.known:
                plain = plain_all(value, strict=True, name=self.title)
                self.put(place, plain)
        return self.func(*self.args, **self.kwargs)


def bare(tree: Any) -> Any:
    """The same containers, all quantities in them as plain numbers."""
    if isinstance(tree, dict):
        return {key: bare(value) for key, value in tree.items()}
    if type(tree) in (list, tuple):
        return type(tree)(map(bare, tree))
    return np.asarray(tree) if isinstance(getattr(tree, "dim", None), Dimension) else tree
