"""Connection rules → pairs of neurons. Strings are evaluated over arrays; the work is proportional to the pairs looked
at."""
from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sized
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from brainsim.errors import DimensionMismatchError, Source, WrongIndex, WrongType, WrongValue, inside
from brainsim.language.connections import Generator, is_generator, parse_generator
from brainsim.language.expressions import parse_expression
from brainsim.language.functions import RANDOM
from brainsim.language.trees import Call, Name, Tree, walk
from brainsim.model.resolve import Block, Resolver
from brainsim.model.symbols import Symbol
from brainsim.naming import end_index, supplied
from brainsim.objects.groups.evaluate_now import Elements, evaluate
from brainsim.objects.groups.pieces import PIECE, pieces
from brainsim.objects.groups.random_state import random_state
from brainsim.objects.groups.variables import Choice
from brainsim.objects.names.namespace import RunNamespace
from brainsim.objects.synapses.candidates import (
    CHUNK,
    Part,
    Taken,
    all_pairs,
    all_rows,
    fixed_sample,
    joined,
    random_sample,
    thinned_pairs,
    whole_rows,
)
from brainsim.objects.synapses.pairs import Index, Joining
from brainsim.objects.synapses.procedural import Law, law_for
from brainsim.objects.synapses.rows import Rows
from brainsim.units import DIMENSIONLESS, get_dimensions
from brainsim.units.check import check_condition, kind_of


@dataclass(frozen=True)
class Connection:
    """The arguments of one `connect` call."""

    condition: Any = None
    i: Any = None
    j: Any = None
    p: Any = 1.0
    n: Any = 1
    skip_if_invalid: bool = False

    def __str__(self) -> str:
        def index(name: str, given: Any) -> str:
            if isinstance(given, (str, int, np.integer)) or isinstance(given, np.ndarray) and not given.ndim:
                return f"{name} = {given}"
            return f"{name}: {len(given) if isinstance(given, Sized) else 'given'} values"

        if self.i is not None or self.j is not None:
            what = ", ".join(index(name, given) for name, given in (("i", self.i), ("j", self.j)) if given is not None)
        else:
            what = "all pairs" if self.condition is None or self.condition is True else str(self.condition)
        chance = "" if isinstance(self.p, (int, float)) and self.p == 1 else f", with probability {self.p}"
        return what + chance + ("" if isinstance(self.n, int) and self.n == 1 else f", {self.n} per pair")


Ends = tuple[Index, np.ndarray]


def new_pairs(synapses: Joining, c: Connection, run: RunNamespace) -> Ends:
    """Indices in source and in target of the synapses to make, in order, int32; the former as rows where they
    ascend."""
    _check_arguments(c)
    rule = Rule(synapses, c, run)
    if isinstance(c.j, str) or isinstance(c.i, str):
        pre, post = rule.generated("pre" if isinstance(c.j, str) else "post")
    elif c.i is not None or c.j is not None:
        pre, post = rule.listed()
    else:
        pre, post = rule.conditioned()
    return rule.repeated(pre, post)


def law_of(synapses: Joining, c: Connection, run: RunNamespace, must: bool) -> Law | None:
    """The random law of the synapses to make; None for a rule that is not one, or `WrongValue` if it ``must`` be."""
    _check_arguments(c)
    rule = Rule(synapses, c, run)
    try:
        return law_for(synapses, c, rule.one_probability(), rule.condition() if c.i is None and c.j is None else False)
    except WrongValue:
        if must:
            raise
        return None


def _check_arguments(c: Connection) -> None:
    arrays = [x for x in (c.i, c.j) if x is not None and not isinstance(x, str)]
    strings = [x for x in (c.i, c.j) if isinstance(x, str)]
    if c.condition is not None and (c.i is not None or c.j is not None):
        raise WrongValue("Give a condition or indices, not both",
                         help="put the condition into the string: j='k for k in range(N_post) if ...'")
    if c.condition is not None and not isinstance(c.condition, (str, bool, np.bool_)):
        raise WrongType("The condition of connect is a string", found=repr(c.condition),
                        help="for indices write connect(i=..., j=...)")
    if isinstance(c.condition, str) and is_generator(c.condition):
        raise WrongValue("A generator belongs to j= or i=, not to the condition", found=c.condition,
                         help=f"connect(j='{c.condition}')")
    if len(strings) == 2 or strings and arrays:
        raise (WrongType if arrays else WrongValue)("connect takes a generator for i or for j, not for both",
                                                    help="the other side is the one it loops over")
    if strings and not (isinstance(c.p, (int, float)) and c.p == 1):
        raise WrongValue("p cannot be combined with a generator",
                         help="write '... if rand() < p', or use sample(..., p=...)")
    if len(arrays) == 1 and not strings:
        raise WrongValue("connect needs both i and j", help="give the missing one, or a condition")
    if arrays and c.skip_if_invalid:
        raise WrongValue("skip_if_invalid is for strings", help="remove the indices that are out of range")
    if hasattr(c.p, "dim") and get_dimensions(c.p) is not DIMENSIONLESS:
        raise DimensionMismatchError("p is a probability without unit", get_dimensions(c.p))
    if not isinstance(c.p, (int, float, str, np.floating, np.integer)) or isinstance(c.p, bool):
        raise WrongType("p is a number or a string", found=repr(c.p),
                        help="connect(p=0.1), or leave it out for all pairs")
    if not isinstance(c.p, str) and np.isnan(c.p):
        raise WrongValue("p is a probability", found=str(c.p), help="connect(p=0.1) for example")
    if not isinstance(c.n, (int, str, np.integer)) or isinstance(c.n, bool) or arrays and isinstance(c.n, str):
        raise WrongType("n is a whole number" + ("" if arrays else " or a string"), found=repr(c.n))


class Rule:
    """Evaluates the strings of one call."""

    def __init__(self, synapses: Joining, c: Connection, run: RunNamespace):
        self.s, self.c, self.run = synapses, c, run
        self.path = {"pre": (end_index(synapses.name, "pre"),), "post": (end_index(synapses.name, "post"),)}
        self.group = {"pre": synapses.source, "post": synapses.target}

    # -- evaluating ----------------------------------------------------------------------------------------------------
    def resolver(self) -> Resolver:
        """A collector that knows the synapses' names, without the variables of synapses that do not exist yet."""
        return self.s.resolver(self.run)

    def here(self, sides: dict[str, np.ndarray], **locals_: np.ndarray) -> Elements:
        """Candidate pairs, given by indices in source and target."""
        here = self.s.elements_at(next(iter(sides.values())))
        here.paths = {self.path[side]: index + self.group[side].first_element for side, index in sides.items()}
        here.locals = locals_
        return here

    def value(self, tree: Tree, resolver: Resolver, here: Elements) -> np.ndarray:
        """A tree for all candidates."""
        return self.valued(tree, resolver, set(here.paths))(here)

    def valued(self, tree: Tree, resolver: Resolver, paths: Collection[tuple[str,
                                                                             ...]]) -> Callable[[Elements], np.ndarray]:
        """A function that evaluates a tree for candidates; ``paths`` are the sides that are known for them."""
        block = Block((), resolver.symbols, resolver.functions)
        resolved = resolver.tree(tree)
        self.refuse_synaptic(tree, resolver, paths)

        def value(here: Elements) -> np.ndarray:
            assert here.index is not None
            return np.broadcast_to(evaluate(resolved, block, here), here.index.shape)

        return value

    def draws(self, *given: Tree | bool | None, loop: str | None = None) -> int:
        """Random numbers that trees take for each candidate; functions from outside count as several. ``loop`` is a
        loop variable."""
        found = 0
        for tree in given:
            if isinstance(tree, Tree):
                resolver = self.resolver()
                if loop is not None:
                    resolver.symbols[loop] = _loop_variable(loop)
                found += sum(isinstance(n, Call) and n.function in RANDOM for n in walk(resolver.tree(tree)))
                found += sum(2 for f in resolver.functions.values() if f.kind == "python")
        return found

    def refuse_synaptic(self, tree: Tree, resolver: Resolver, paths: Collection[tuple[str, ...]]) -> None:
        """Names that have no value for these candidates: variables of synapses, or of the side that is not known
        yet."""
        counts = (supplied(self.s.name, "N_outgoing_pre"), supplied(self.s.name, "N_incoming_post"))
        for key, symbol in resolver.symbols.items():
            if symbol.program in counts:
                place = next((n.span for n in walk(tree) if isinstance(n, Name) and n.id == key), None)
                raise WrongValue(f"'{key}' counts synapses, which connect only makes", at=place)
            if symbol.kind not in ("array", "index") or symbol.shared or any(symbol.path[:1] == p[:1] for p in paths):
                continue
            span = next((n.span for n in walk(tree) if isinstance(n, Name) and n.id == key), None)
            if symbol.path:
                other = "source" if symbol.path == self.path["pre"] or symbol.path[:1] == self.path["pre"] else "target"
                raise WrongValue(f"'{key}' belongs to the {other}, which is not known here", at=span,
                                 help="a generator's range may depend on the neuron it starts from only")
            raise WrongValue(f"'{key}' is a variable of synapses that do not exist yet", at=span)

    def probability(self) -> tuple[float | None, Tree | None, Source]:
        """p as a number, or as a tree."""
        if not isinstance(self.c.p, str):
            return float(self.c.p), None, Source("")
        source = Source(self.c.p, f"p of {self.s.name}.connect")
        tree = parse_expression(source)
        resolver = self.resolver()
        dims = resolver.dimension(tree)
        if dims is not DIMENSIONLESS:
            raise DimensionMismatchError("p is a probability without unit", dims,
                                         at=tree.span)
        return None, tree, source

    def uses(self, tree: Tree | None, side: str) -> bool:
        """Whether a tree depends on one side (through subexpressions too) or draws random numbers."""
        if tree is None:
            return False
        resolver = self.resolver()
        resolved = resolver.tree(tree)
        names = {n.id for n in walk(resolved) if isinstance(n, Name)}
        return any(resolver.symbols[n].path[:1] == self.path[side] for n in names) or _draws(resolved)

    # -- connect(condition, p) -----------------------------------------------------------------------------------------
    def conditioned(self) -> Ends:
        """All pairs for which the condition holds, each with probability p."""
        condition = self.condition()
        if condition is False:
            return all_rows(0, 0)
        p, p_tree, _ = self.probability()
        if p_tree is not None:
            p = self.one_probability()
            p_tree = None if p is not None else p_tree
        n_pre, n_post = self.group["pre"]._count, self.group["post"]._count
        if condition is True and p is not None and p >= 1:
            return all_rows(n_pre, n_post)
        thinned = p is not None and p < 1
        size = PIECE if self.draws(condition, p_tree) + (p_tree is not None) + thinned <= 1 else CHUNK
        expected = n_pre * n_post * min(p, 1.0) if p is not None and condition is True and p > 0 else 0.0
        parts = all_pairs(n_pre, n_post, size) if p is None else thinned_pairs(n_pre, n_post, p, size)
        return self._with_condition(condition, parts, p_tree, Taken(n_pre, expected))

    def one_probability(self) -> float | None:
        """p where it is one number for all pairs."""
        p, tree, _ = self.probability()
        if tree is None or self.uses(tree, "post") or self.uses(tree, "pre"):
            return p
        return float(
            self.value(tree, self.resolver(), self.here({"pre": np.zeros(1, int), "post": np.zeros(1, int)}))[0])

    def condition(self) -> Tree | bool:
        """The condition; True without one."""
        if self.c.condition is None or isinstance(self.c.condition, (bool, np.bool_)):
            return self.c.condition is None or bool(self.c.condition)
        tree = parse_expression(Source(self.c.condition,
                                       f"condition of {self.s.name}.connect"))
        resolver = self.resolver()
        check_condition(tree, "condition", resolver.dimensions(tree), resolver.types(tree),
                        resolver.function_table(tree))
        return tree

    def _with_condition(self, condition: Tree | bool, parts: Iterator[Part], p: Tree | None, taken: Taken) -> Ends:
        known = self.path.values()
        holds = self.valued(condition, self.resolver(), known) if isinstance(condition, Tree) else None
        chance = self.valued(p, self.resolver(), known) if p is not None else None
        for part in parts:
            if holds is not None:
                pre = part.outer()
                part = part.taken(holds(self.here({"pre": pre, "post": part.inner})).astype(bool), pre)
            if chance is not None and len(part.inner):
                pre = part.outer()
                least = chance(self.here({"pre": pre, "post": part.inner}))
                part = part.taken(random_state.host.random(len(pre)) < least, pre)
            taken.add(part)
        return taken.rows()

    # -- connect(i=..., j=...) -----------------------------------------------------------------------------------------
    def listed(self) -> Ends:
        """Ends from arrays, broadcast against each other."""
        pre, post = (np.atleast_1d(_indices(x, self.group[side], label))
                     for x, side, label in ((self.c.i, "pre", "i"), (self.c.j, "post", "j")))
        try:
            shape = np.broadcast_shapes(pre.shape, post.shape)
            pre, post = (x if x.shape == shape else np.broadcast_to(x, shape).copy() for x in (pre, post))
        except ValueError as error:
            raise WrongValue("i and j have different lengths", found=f"{np.size(pre)} and {np.size(post)}") from error
        p, p_tree, _ = self.probability()
        if p_tree is not None or p is not None and p < 1:
            good = np.zeros(len(pre), bool)
            size = PIECE if self.draws(p_tree) == 0 else max(1, len(pre))
            chance = None if p_tree is None else self.valued(p_tree, self.resolver(), self.path.values())
            for k in pieces(len(pre), size):
                here = p if chance is None else chance(
                    self.here({"pre": pre[k].astype(np.int64), "post": post[k].astype(np.int64)}))
                good[k] = random_state.host.random(k.stop - k.start) < here
            pre, post = pre[good], post[good]
        return pre, post

    # -- connect(j='...'), connect(i='...') ----------------------------------------------------------------------------
    def generated(self, outer: str) -> Ends:
        """For each neuron of the outer side, the partners its generator gives."""
        inner = "post" if outer == "pre" else "pre"
        text, label = (self.c.j, "j") if outer == "pre" else (self.c.i, "i")
        source = Source(text, f"{label} of {self.s.name}.connect")
        g = parse_generator(source)
        resolver = self.resolver()
        each = np.arange(self.group[outer]._count)
        low, step, parts = self._looped(g, outer, each, resolver)
        if g.variable is not None:
            resolver.symbols[g.variable] = _loop_variable(g.variable)
        if resolver.dimension(g.result) is not DIMENSIONLESS:
            raise DimensionMismatchError(f"{label} is an index without unit", resolver.dimension(g.result),
                                         at=g.result.span)
        kind = kind_of(g.result, resolver.types(g.result), resolver.function_table(g.result))
        if kind == "boolean":
            raise WrongType(f"{label} is an index, not a condition", at=g.result.span,
                            help=f"connect('{text}') connects where it holds")
        result, holds = self.valued(g.result, resolver, [self.path[outer]]), self._filter(g)
        taken = Taken(len(each))
        for part in parts:
            here = part.outer()
            values = {} if g.variable is None else {g.variable: low[here] + part.inner * step[here]}
            found = np.trunc(result(self.here({outer: here}, **values))).astype(np.int64)
            keep = self._accepted(g, found, holds,
                                  {outer: here, inner: np.clip(found, 0, self.group[inner]._count - 1)}, values, label)
            taken.add(replace(part, inner=found).taken(keep, here))
        rows, other = taken.rows()
        return (rows, other) if outer == "pre" else (other, rows.index())

    def _filter(self, g: Generator) -> Callable[[Elements], np.ndarray] | None:
        if g.condition is None:
            return None
        resolver = self.resolver()
        if g.variable is not None:
            resolver.symbols[g.variable] = _loop_variable(g.variable)
        check_condition(g.condition, "condition", resolver.dimensions(g.condition), resolver.types(g.condition),
                        resolver.function_table(g.condition))
        return self.valued(g.condition, resolver, self.path.values())

    def _accepted(self, g: Generator, found: np.ndarray, holds: Callable[[Elements], np.ndarray] | None,
                  sides: dict[str, np.ndarray], values: dict[str, np.ndarray], label: str) -> np.ndarray:
        """Which of the indices that a generator gives become synapses."""
        outer, inner = sides
        count = self.group[inner]._count
        valid = (found >= 0) & (found < count)
        good = np.ones(len(found), bool) if holds is None else holds(self.here(sides, **values)).astype(bool)
        if not self.c.skip_if_invalid and (good & ~valid).any():
            bad = found[good & ~valid][0]
            raise inside(
                WrongIndex(f"{label} is out of range", at=g.result.span, found=f"{bad}, with {count} neurons",
                           help="limit the range, or give skip_if_invalid=True to leave such pairs out"), self.s.name)
        return good & valid

    def _looped(self, g: Generator, outer: str, each: np.ndarray,
                resolver: Resolver) -> tuple[np.ndarray, np.ndarray, Iterable[Part]]:
        """Where the loop of each outer neuron begins, its step, and the turns that it takes."""
        drawn = self.draws(g.result, g.condition, loop=g.variable)
        if g.variable is None:
            parts = whole_rows(np.ones_like(each), PIECE)
            return each, each, parts if drawn <= 1 else [joined(parts)]
        bounds = [self._whole(a, resolver, outer, each) for a in g.arguments]
        low, high, step = {
            1: lambda: (np.zeros_like(each), bounds[0], np.ones_like(each)), 2: lambda:
            (bounds[0], bounds[1], np.ones_like(each)), 3: lambda: tuple(bounds)
        }[len(bounds)]()
        if (step == 0).any():
            raise WrongValue("The step of a range cannot be 0", at=g.span)
        count = np.maximum(0, -((low - high) // step) if np.all(step > 0) else np.ceil((high - low) / step).astype(int))
        if g.kind == "range":
            parts = whole_rows(count, PIECE)
            return low, step, parts if drawn <= 1 else [joined(parts)]
        if g.size is not None:
            parts = fixed_sample(self._whole(g.size, resolver, outer, each), count, self.c.skip_if_invalid, g.span,
                                 PIECE)
        else:
            assert g.p is not None
            parts = random_sample(self._chance(g.p, resolver, outer, each), count, PIECE)
        return low, step, parts if not drawn else [joined(parts)]

    def _whole(self, tree: Tree, resolver: Resolver, outer: str, each: np.ndarray) -> np.ndarray:
        if resolver.dimension(tree) is not DIMENSIONLESS:
            raise DimensionMismatchError("The bounds of a range have no unit", resolver.dimension(tree), at=tree.span)
        if resolver.type_of(tree) == "float":
            raise WrongType("The bounds of a range are whole numbers", at=tree.span, help="use int(...) or //")
        return self.value(tree, self.resolver(), self.here({outer: each})).astype(np.int64)

    def _chance(self, tree: Tree, resolver: Resolver, outer: str, each: np.ndarray) -> np.ndarray:
        if resolver.dimension(tree) is not DIMENSIONLESS:
            raise DimensionMismatchError("p is a probability without unit", resolver.dimension(tree), at=tree.span)
        return np.clip(self.value(tree, self.resolver(), self.here({outer: each})).astype(float), 0.0, 1.0)

    # -- n -------------------------------------------------------------------------------------------------------------
    def repeated(self, pre: Rows | np.ndarray, post: np.ndarray) -> Ends:
        """n copies of each pair, side by side."""
        if isinstance(self.c.n, str):
            tree = parse_expression(Source(self.c.n, f"n of {self.s.name}.connect"))
            sides = {"pre": pre.index() if isinstance(pre, Rows) else pre, "post": post}
            here = self.here({side: index.astype(np.int64) for side, index in sides.items()})
            count = self.value(tree, self.resolver(), here).astype(np.int64) if len(post) else np.zeros(0, int)
        else:
            count = np.array(int(self.c.n))
        if (count < 0).any():
            raise WrongValue("n cannot be negative", found=str(count.min()))
        if (count == 1).all():
            return pre, post
        return np.repeat(pre.index() if isinstance(pre, Rows) else pre, count), np.repeat(post, count)


def _loop_variable(name: str) -> Symbol:
    return Symbol(name, "local", name, dtype="i4")


def _indices(x: Any, group: Any, label: str) -> np.ndarray:
    if isinstance(x, Choice):
        return (x.indices_for(group.parent) - group.first_element).astype(np.int32)
    array = np.asarray(x)
    if array.size == 0:
        return np.zeros(0, np.int32)
    if array.dtype.kind not in "iu":
        raise WrongType(f"{label} is a whole number or an array of them", found=f"{type(x).__name__} of {array.dtype}")
    if array.ndim > 1:
        raise WrongValue(f"{label} is one-dimensional", found=f"{array.ndim} dimensions")
    count = len(group)
    if array.min() < 0 or array.max() >= count:
        bad = array.ravel()[(array.ravel() < 0) | (array.ravel() >= count)]
        raise WrongIndex(
            f"{label} is out of range",
            found=f"{bad[0]}, with {count} neurons in {group.name}",
            help=f"indices run from 0 to {count - 1}, counted within the group or subgroup")
    return array.astype(np.int32)


def _draws(tree: Tree) -> bool:
    return any(isinstance(n, Call) and n.function in RANDOM for n in walk(tree))
