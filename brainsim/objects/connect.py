"""Connection rules → pairs of neurons. Strings are evaluated over arrays; the work is proportional to the pairs looked at."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from brainsim.errors import DimensionMismatchError, Source, Span, WrongIndex, WrongType, WrongValue, inside
from brainsim.language.connections import Generator, is_generator, parse_generator
from brainsim.language.expressions import parse_expression
from brainsim.language.functions import RANDOM
from brainsim.language.trees import Name, Tree, walk
from brainsim.model.resolve import Block, Resolver
from brainsim.model.symbols import Symbol
from brainsim.objects.host import Elements, evaluate
from brainsim.objects.namespace import RunNamespace
from brainsim.objects.random_state import random_state
from brainsim.units import DIMENSIONLESS, get_dimensions
from brainsim.units.check import check_condition, kind_of

if TYPE_CHECKING:
    from brainsim.objects.synapses import Synapses

CHUNK = 1 << 21    #: candidate pairs looked at together


@dataclass(frozen=True)
class Connection:
    """The arguments of one `connect` call."""

    condition: object = None
    i: object = None
    j: object = None
    p: object = 1.0
    n: object = 1
    skip_if_invalid: bool = False

    def __str__(self) -> str:
        def index(name: str, given: object) -> str:
            if isinstance(given, (str, int, np.integer)) or isinstance(given, np.ndarray) and not given.ndim:
                return f"{name} = {given}"
            return f"{name}: {len(given) if hasattr(type(given), '__len__') else 'given'} values"

        if self.i is not None or self.j is not None:
            what = ", ".join(index(name, given) for name, given in (("i", self.i), ("j", self.j)) if given is not None)
        else:
            what = "all pairs" if self.condition is None or self.condition is True else str(self.condition)
        chance = "" if isinstance(self.p, (int, float)) and self.p == 1 else f", with probability {self.p}"
        return what + chance + ("" if isinstance(self.n, int) and self.n == 1 else f", {self.n} per pair")


Pairs = tuple[np.ndarray, np.ndarray]


def new_pairs(synapses: "Synapses", c: Connection, run: RunNamespace) -> Pairs:
    """Indices in source and in target of the synapses to make, in order."""
    _check_arguments(c)
    rule = Rule(synapses, c, run)
    if isinstance(c.j, str) or isinstance(c.i, str):
        pre, post = rule.generated("pre" if isinstance(c.j, str) else "post")
    elif c.i is not None or c.j is not None:
        pre, post = rule.listed()
    else:
        pre, post = rule.conditioned()
    return rule.repeated(pre, post)


def _check_arguments(c: Connection) -> None:
    arrays = [x for x in (c.i, c.j) if x is not None and not isinstance(x, str)]
    strings = [x for x in (c.i, c.j) if isinstance(x, str)]
    if c.condition is not None and (c.i is not None or c.j is not None):
        raise WrongValue("Give a condition or indices, not both", help="put the condition into the string: j='k for k in range(N_post) if ...'")
    if c.condition is not None and not isinstance(c.condition, (str, bool, np.bool_)):
        raise WrongType("The condition of connect is a string", found=repr(c.condition), help="for indices write connect(i=..., j=...)")
    if isinstance(c.condition, str) and is_generator(c.condition):
        raise WrongValue("A generator belongs to j= or i=, not to the condition", found=c.condition, help=f"connect(j='{c.condition}')")
    if len(strings) == 2 or strings and arrays:
        raise (WrongType if arrays else WrongValue)("connect takes a generator for i or for j, not for both", help="the other side is the one it loops over")
    if strings and not (isinstance(c.p, (int, float)) and c.p == 1):
        raise WrongValue("p cannot be combined with a generator", help="write '... if rand() < p', or use sample(..., p=...)")
    if len(arrays) == 1 and not strings:
        raise WrongValue("connect needs both i and j", help="give the missing one, or a condition")
    if arrays and c.skip_if_invalid:
        raise WrongValue("skip_if_invalid is for strings", help="remove the indices that are out of range")
    if not isinstance(c.p, str) and get_dimensions(c.p) is not DIMENSIONLESS:
        raise DimensionMismatchError("p is a probability without unit", get_dimensions(c.p))
    if not isinstance(c.p, (int, float, str, np.floating, np.integer)) or isinstance(c.p, bool):
        raise WrongType("p is a number or a string", found=repr(c.p))
    if not isinstance(c.n, (int, str, np.integer)) or isinstance(c.n, bool) or arrays and isinstance(c.n, str):
        raise WrongType("n is a whole number" + ("" if arrays else " or a string"), found=repr(c.n))


class Rule:
    """Evaluates the strings of one call."""

    def __init__(self, synapses: "Synapses", c: Connection, run: RunNamespace):
        self.s, self.c, self.run = synapses, c, run
        self.path = {"pre": (f"{synapses.name}.pre_index",), "post": (f"{synapses.name}.post_index",)}
        self.group = {"pre": synapses.source, "post": synapses.target}

    # -- evaluating ----------------------------------------------------------------------------------------------------
    def resolver(self) -> Resolver:
        """A collector that knows the synapses' names, without the variables of synapses that do not exist yet."""
        return self.s.resolver(self.run)

    def here(self, sides: dict[str, np.ndarray], **locals_: np.ndarray) -> Elements:
        """Candidate pairs, given by indices in source and target."""
        here = self.s.elements(next(iter(sides.values())))
        here.paths = {self.path[side]: index + self.group[side]._first for side, index in sides.items()}
        here.locals = locals_
        return here

    def value(self, tree: Tree, resolver: Resolver, here: Elements) -> np.ndarray:
        """A tree for all candidates."""
        resolved = resolver.tree(tree)
        self.refuse_synaptic(tree, resolver, here)
        assert here.index is not None
        found = evaluate(resolved, Block((), resolver.symbols, resolver.functions), here)
        return np.broadcast_to(found, here.index.shape)

    def refuse_synaptic(self, tree: Tree, resolver: Resolver, here: Elements) -> None:
        """Names that have no value for these candidates: variables of synapses, or of the side that is not known yet."""
        counts = (f"{self.s.name}.N_outgoing_pre", f"{self.s.name}.N_incoming_post")
        for key, symbol in resolver.symbols.items():
            if symbol.program in counts:
                place = next((n.span for n in walk(tree) if isinstance(n, Name) and n.id == key), None)
                raise WrongValue(f"'{key}' counts synapses, which connect only makes", at=place)
            if symbol.kind not in ("array", "index") or symbol.shared or any(symbol.path[:1] == p[:1] for p in here.paths):
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
            return float(self.c.p), None, Source("")  # type: ignore[arg-type]
        source = Source(self.c.p, f"p of {self.s.name}.connect")
        tree = parse_expression(source)
        resolver = self.resolver()
        dims = resolver.dimension(tree)
        if dims is not DIMENSIONLESS:
            raise DimensionMismatchError("p is a probability without unit", dims, at=tree.span)  # type: ignore[attr-defined]
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
    def conditioned(self) -> Pairs:
        """All pairs for which the condition holds, each with probability p."""
        condition = self._condition()
        if condition is False:
            return _nothing()
        p, p_tree, _ = self.probability()
        if p_tree is not None and not self.uses(p_tree, "post") and not self.uses(p_tree, "pre"):
            p = float(self.value(p_tree, self.resolver(), self.here({"pre": np.zeros(1, int), "post": np.zeros(1, int)}))[0])
            p_tree = None
        if p_tree is None:
            return self._with_condition(condition, _thinned_pairs(self.group["pre"]._count, self.group["post"]._count, float(p)))  # type: ignore[arg-type]
        return self._with_condition(condition, _all_pairs(self.group["pre"]._count, self.group["post"]._count), p_tree)

    def _condition(self) -> Tree | bool:
        if self.c.condition is None or isinstance(self.c.condition, (bool, np.bool_)):
            return self.c.condition is None or bool(self.c.condition)
        tree = parse_expression(Source(self.c.condition, f"condition of {self.s.name}.connect"))  # type: ignore[arg-type]
        resolver = self.resolver()
        check_condition(tree, "condition", resolver.dimensions(tree), resolver.types(tree), resolver.function_table(tree))
        return tree

    def _with_condition(self, condition: Tree | bool, candidates: Iterator[Pairs], p: Tree | None = None) -> Pairs:
        kept: list[Pairs] = []
        for pre, post in candidates:
            if isinstance(condition, Tree):
                good = self.value(condition, self.resolver(), self.here({"pre": pre, "post": post})).astype(bool)
                pre, post = pre[good], post[good]
            if p is not None and len(pre):
                chance = self.value(p, self.resolver(), self.here({"pre": pre, "post": post}))
                good = random_state.host.random(len(pre)) < chance
                pre, post = pre[good], post[good]
            kept.append((pre, post))
        return _joined(kept)

    # -- connect(i=..., j=...) -----------------------------------------------------------------------------------------
    def listed(self) -> Pairs:
        """Pairs from arrays, broadcast against each other."""
        pre, post = (_indices(x, self.group[side], label) for x, side, label in ((self.c.i, "pre", "i"), (self.c.j, "post", "j")))
        try:
            pre, post = np.broadcast_arrays(np.atleast_1d(pre), np.atleast_1d(post))
        except ValueError as error:
            raise WrongValue("i and j have different lengths", found=f"{np.size(pre)} and {np.size(post)}") from error
        p, p_tree, _ = self.probability()
        if p_tree is not None or p is not None and p < 1:
            chance = p if p_tree is None else self.value(p_tree, self.resolver(), self.here({"pre": pre, "post": post}))
            good = random_state.host.random(len(pre)) < chance
            pre, post = pre[good], post[good]
        return pre, post

    # -- connect(j='...'), connect(i='...') ----------------------------------------------------------------------------
    def generated(self, outer: str) -> Pairs:
        """For each neuron of the outer side, the partners its generator gives."""
        inner = "post" if outer == "pre" else "pre"
        text, label = (self.c.j, "j") if outer == "pre" else (self.c.i, "i")
        source = Source(text, f"{label} of {self.s.name}.connect")  # type: ignore[arg-type]
        g = parse_generator(source)
        resolver = self.resolver()
        each = np.arange(self.group[outer]._count)
        values = {}
        if g.variable is not None:
            each, looped = self._looped(g, outer, each, resolver)
            resolver.symbols[g.variable] = Symbol(g.variable, "local", g.variable, dtype="i4")
            values[g.variable] = looped
        if resolver.dimension(g.result) is not DIMENSIONLESS:
            raise DimensionMismatchError(f"{label} is an index without unit", resolver.dimension(g.result), at=_span(g.result))
        kind = kind_of(g.result, resolver.types(g.result), resolver.function_table(g.result))
        if kind == "boolean":
            raise WrongType(f"{label} is an index, not a condition", at=_span(g.result), help=f"connect('{text}') connects where it holds")
        found = np.trunc(self.value(g.result, resolver, self.here({outer: each}, **values))).astype(np.int64)
        return self._accepted(g, outer, inner, each, found, values, label)

    def _accepted(self, g: Generator, outer: str, inner: str, each: np.ndarray, found: np.ndarray, values: dict[str, np.ndarray], label: str) -> Pairs:
        count = self.group[inner]._count
        valid = (found >= 0) & (found < count)
        good = np.ones(len(found), bool)
        if g.condition is not None:
            resolver = self.resolver()
            for name in values:
                resolver.symbols[name] = Symbol(name, "local", name, dtype="i4")
            check_condition(g.condition, "condition", resolver.dimensions(g.condition), resolver.types(g.condition), resolver.function_table(g.condition))
            here = self.here({outer: each, inner: np.clip(found, 0, count - 1)}, **values)
            good = self.value(g.condition, resolver, here).astype(bool)
        if not self.c.skip_if_invalid and (good & ~valid).any():
            bad = found[good & ~valid][0]
            raise inside(WrongIndex(f"{label} is out of range", at=_span(g.result), found=f"{bad}, with {count} neurons",
                                    help="limit the range, or give skip_if_invalid=True to leave such pairs out"), self.s.name)
        keep = good & valid
        pair = {outer: each[keep], inner: found[keep]}
        return pair["pre"], pair["post"]

    def _looped(self, g: Generator, outer: str, each: np.ndarray, resolver: Resolver) -> Pairs:
        """Outer index and loop variable for all turns of all loops."""
        bounds = [self._whole(a, resolver, outer, each) for a in g.arguments]
        low, high, step = {1: lambda: (np.zeros_like(each), bounds[0], np.ones_like(each)),
                           2: lambda: (bounds[0], bounds[1], np.ones_like(each)), 3: lambda: tuple(bounds)}[len(bounds)]()
        if (step == 0).any():
            raise WrongValue("The step of a range cannot be 0", at=g.span)
        count = np.maximum(0, -((low - high) // step) if np.all(step > 0) else np.ceil((high - low) / step).astype(int))
        if g.kind == "range":
            where = np.repeat(np.arange(len(each)), count)
            turn = np.arange(len(where)) - np.repeat(np.cumsum(count) - count, count)
        elif g.size is not None:
            where, turn = _fixed_sample(self._whole(g.size, resolver, outer, each), count, self.c.skip_if_invalid, g.span)
        else:
            assert g.p is not None
            where, turn = _random_sample(self._chance(g.p, resolver, outer, each), count)
        return each[where], low[where] + turn * step[where]

    def _whole(self, tree: Tree, resolver: Resolver, outer: str, each: np.ndarray) -> np.ndarray:
        if resolver.dimension(tree) is not DIMENSIONLESS:
            raise DimensionMismatchError("The bounds of a range have no unit", resolver.dimension(tree), at=_span(tree))
        if resolver.type_of(tree) == "float":
            raise WrongType("The bounds of a range are whole numbers", at=_span(tree), help="use int(...) or //")
        return self.value(tree, self.resolver(), self.here({outer: each})).astype(np.int64)

    def _chance(self, tree: Tree, resolver: Resolver, outer: str, each: np.ndarray) -> np.ndarray:
        if resolver.dimension(tree) is not DIMENSIONLESS:
            raise DimensionMismatchError("p is a probability without unit", resolver.dimension(tree), at=_span(tree))
        return np.clip(self.value(tree, self.resolver(), self.here({outer: each})).astype(float), 0.0, 1.0)

    # -- n -------------------------------------------------------------------------------------------------------------
    def repeated(self, pre: np.ndarray, post: np.ndarray) -> Pairs:
        """n copies of each pair, side by side."""
        if isinstance(self.c.n, str):
            tree = parse_expression(Source(self.c.n, f"n of {self.s.name}.connect"))
            resolver = self.resolver()
            count = self.value(tree, resolver, self.here({"pre": pre, "post": post})).astype(np.int64) if len(pre) else np.zeros(0, int)
        else:
            count = np.full(len(pre), int(self.c.n))  # type: ignore[call-overload]
        if (count < 0).any():
            raise WrongValue("n cannot be negative", found=str(count.min()))
        if (count == 1).all():
            return pre, post
        return np.repeat(pre, count), np.repeat(post, count)



def _all_pairs(n_pre: int, n_post: int) -> Iterator[Pairs]:
    rows = max(1, CHUNK // max(1, n_post))
    for first in range(0, n_pre, rows):
        block = np.arange(first, min(n_pre, first + rows))
        yield np.repeat(block, n_post), np.tile(np.arange(n_post), len(block))


def _thinned_pairs(n_pre: int, n_post: int, p: float) -> Iterator[Pairs]:
    """Each pair with probability p: the gaps between chosen pairs are geometric, so the work is proportional to them."""
    if p >= 1:
        yield from _all_pairs(n_pre, n_post)
        return
    for chosen in _bernoulli(n_pre * n_post, p):
        yield chosen // n_post, chosen % n_post


def _bernoulli(total: int, p: float) -> Iterator[np.ndarray]:
    """Numbers below ``total``, each with probability p, ascending, in chunks."""
    if p <= 0:
        return
    at = -1
    while at < total:
        gaps = random_state.host.geometric(p, size=int(min(CHUNK, (total - at) * p * 1.05 + 64)))
        chosen = at + np.cumsum(gaps)
        at = int(chosen[-1])
        yield chosen[chosen < total] if at >= total else chosen


def _random_sample(p: np.ndarray, count: np.ndarray) -> Pairs:
    ends = np.cumsum(count)
    total = int(ends[-1]) if len(ends) else 0
    if total and np.all(p == p[0]):
        flat = np.concatenate(list(_bernoulli(total, float(p[0]))) or [np.zeros(0, int)]) if p[0] < 1 else np.arange(total)
        where = np.searchsorted(ends, flat, side="right")
        return where, flat - (ends - count)[where]
    rows = [np.flatnonzero(random_state.host.random(n) < q) for n, q in zip(count, p)]
    return np.repeat(np.arange(len(rows)), [len(r) for r in rows]), np.concatenate(rows or [np.zeros(0, int)])


def _fixed_sample(size: np.ndarray, count: np.ndarray, clamp: bool, span: Span | None) -> Pairs:
    bad = (size < 0) | (size > count)
    if bad.any() and not clamp:
        k = int(np.flatnonzero(bad)[0])
        raise WrongIndex("The sample is larger than what it is drawn from" if size[k] > 0 else "The size of a sample is negative", at=span,
                         found=f"{size[k]} of {count[k]}")
    size = np.clip(size, 0, count)
    rows = [np.sort(random_state.host.choice(n, k, replace=False)) for n, k in zip(count.tolist(), size.tolist())]
    return np.repeat(np.arange(len(rows)), size), np.concatenate(rows or [np.zeros(0, int)]).astype(np.int64)


def _indices(x: object, group: object, label: str) -> np.ndarray:
    inner = getattr(x, "_indices_for", None)
    if inner is not None:
        return inner(group.parent) - group._first  # type: ignore[attr-defined]
    array = np.asarray(x)
    if array.size == 0:
        return np.zeros(0, np.int64)
    if array.dtype.kind not in "iu":
        raise WrongType(f"{label} is a whole number or an array of them", found=f"{type(x).__name__} of {array.dtype}")
    if array.ndim > 1:
        raise WrongValue(f"{label} is one-dimensional", found=f"{array.ndim} dimensions")
    bad = (array < 0) | (array >= group._count)  # type: ignore[attr-defined]
    if bad.any():
        raise WrongIndex(f"{label} is out of range", found=f"{np.atleast_1d(array)[np.atleast_1d(bad)][0]}, with {group._count} neurons in {group.name}",
                         help=f"indices run from 0 to {group._count - 1}, counted within the group or subgroup")  # type: ignore[attr-defined]
    return array.astype(np.int64)


def _joined(parts: list[Pairs]) -> Pairs:
    if not parts:
        return _nothing()
    return np.concatenate([a for a, _ in parts]), np.concatenate([b for _, b in parts])


def _nothing() -> Pairs:
    return np.zeros(0, np.int64), np.zeros(0, np.int64)


def _draws(tree: Tree) -> bool:
    return any(getattr(n, "function", "") in RANDOM for n in walk(tree))


def _span(tree: Tree) -> Span | None:
    return getattr(tree, "span", None)

