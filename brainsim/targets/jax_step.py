"""One time step while JAX traces it: where values stand, and what the queues of a program become.

A queue that is read becomes a mask over the space that its values point into: one mask, or a ring of them with a row
per slot. A queue that only grows becomes an output of the step: its values and the mask of those that count.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.experimental import io_callback

from brainsim.ir.functions import FUNCTIONS
from brainsim.ir.state import PythonFunction
from brainsim.options import cache_directory
from brainsim.targets.jax_kept import remove_damaged
from brainsim.targets.jax_words import (
    amount,
    binomial_from,
    both,
    cast,
    clip,
    divide,
    draw,
    either,
    exprel,
    floating,
    halves,
    hard,
    kind,
    known,
    logical_and,
    logical_not,
    logical_or,
    pick,
    poisson_from,
    power,
    put,
    put_once,
    sign,
    span,
    take,
    timestep,
)

EVENTS_FROM = 20_000    #: synapses from which on the rows of single events are walked, where no gradient is asked for
DENSE_SHARE = 0.1       #: of all pairs, from which on a matrix product is made of synapses through which gradients pass


@dataclass(frozen=True)
class FanOutRows:
    """The rows of one fan-out, known before anything is traced. ``row`` is the row of each synapse, int32, in the order
    of synapses."""

    count: int                         #: rows
    row: np.ndarray
    order: np.ndarray | None           #: synapses in the order of rows, where that is another


@dataclass(frozen=True)
class StepLayout:
    """What is settled before tracing: sizes, slots, rows and parameters that are bounds of loops; and the queues
    through which gradients pass."""

    sizes: Mapping[str, int]
    slots: Mapping[str, int]
    into: Mapping[str, int]                       #: number of elements that a queue's values point into
    bounds: Mapping[str, int]                     #: whole-number parameters
    rows: Mapping[str, FanOutRows]                      #: by the array of row starts
    posts: Mapping[str, np.ndarray]               #: index arrays of the synapses
    lengths: Mapping[str, int]                    #: of arrays
    drawn: Mapping[str,
                   tuple[np.ndarray,
                         ...]] = field(default_factory=dict)  #: row, column, number of the members of random matrices
    longest: Mapping[str, int] = field(default_factory=dict)  #: of lists of events, by the array of row starts
    spikes: Mapping[str, Callable[..., Any]] = field(
        default_factory=dict)  #: of queues through which gradients pass: margin, scale → spike
    soft: frozenset[str] = frozenset()            #: queues whose masks are floats
    resets: Mapping[str, str | frozenset[str]] = field(
        default_factory=dict)  #: kernels that are resets, and how gradients pass
    differentiable: bool = False                                             #: whether gradients are asked for
    functions: Mapping[str, PythonFunction] = field(default_factory=dict)
    failed: list[Exception] = field(default_factory=list)  #: what was raised in the user's functions within the loop


@dataclass
class Taps:
    """What a rule of learning does to the sums over synapses of one step, by the names of projections (``'S_pre.0'``).

    ``sent`` is added to what each row sends, ``added`` to the sum of each target. Where they are ``closed``, gradients
    end at what is sent; they never enter the kernels in ``walls``. ``seen`` collects what is sent.
    """

    sent: Mapping[str, Any]
    added: Mapping[str, Any]
    closed: bool
    walls: frozenset[str]
    seen: dict[str, Any] = field(default_factory=dict)

    def leaving(self, name: str, amounts: Any) -> Any:
        """What the rows of a projection send."""
        self.seen[name] = amounts = jnp.asarray(amounts, kind("f8"))
        amounts = lax.stop_gradient(amounts) if self.closed else amounts
        return amounts + self.sent[name] if name in self.sent else amounts

    def arriving(self, name: str, total: Any) -> Any:
        """What the targets of a projection get."""
        return total + self.added[name].astype(total.dtype) if name in self.added else total


@dataclass
class Step:
    """The values of one step; kernels replace entries of ``A`` and ``Q`` and add to ``R``."""

    layout: StepLayout
    A: dict[str, Any]
    Q: dict[str, Any]                             #: masks; None where a queue is known to be empty
    P: Mapping[str, Any]
    t: Mapping[str, Any]
    dt: Mapping[str, Any]
    step: Mapping[str, Any]
    origin: Mapping[str, Any]
    key: tuple[Any, Any]
    M: dict[str, Any] = field(default_factory=dict)     #: matrices of projections whose weights stay as they are
    R: dict[str, Any] = field(default_factory=dict)     #: outputs: queue → values; its mask → mask
    groups: dict[str, str | None] = field(default_factory=dict)     #: of outputs, the name of the mask
    given: Mapping[str, Any] = field(default_factory=dict)          #: queues that the caller sets
    taps: Taps | None = None

    def run(self, kernel: Callable[["Step"], None], reset: str | frozenset[str]) -> None:
        """One kernel. ``reset``: 'value' holds back the gradient of the spike, or for a set of arrays in these; 'jump'
        that of the new value; 'wall' both."""
        if isinstance(reset, frozenset):
            held = replace(self, A=dict(self.A), Q=dict(self.Q))
            held.run(kernel, "value")
            kernel(self)
            self.A = {**self.A, **{n: held.A[n] for n in reset}}
        elif reset == "wall":
            events, self.Q = self.Q, {q: None if m is None else lax.stop_gradient(m) for q, m in self.Q.items()}
            stopped = dict(self.Q)
            self.run(kernel, "jump")
            self.Q = {q: events[q] if self.Q[q] is stopped[q] else self.Q[q] for q in events}
        elif reset == "jump":
            before = dict(self.A)
            self.A = {n: lax.stop_gradient(x) for n, x in before.items()}
            kernel(self)
            changed = {n: x for n, x in self.A.items() if jnp.issubdtype(jnp.result_type(x), jnp.floating)}
            self.A = {**self.A, **{n: x + (before[n] - lax.stop_gradient(before[n])) for n, x in changed.items()}}
        elif reset == "value":
            held, self.Q = self.Q, {q: None if m is None else lax.stop_gradient(m) for q, m in self.Q.items()}
            kernel(self)
            self.Q = held
        else:
            kernel(self)

    # -- plain values --------------------------------------------------------------------------------------------------
    def parameter(self, name: str) -> Any:
        """A scalar; what bounds loops is known while tracing."""
        return self.layout.bounds[name] if name in self.layout.bounds else self.P[name]

    def each(self, space: str) -> np.ndarray:
        """The elements of a space."""
        return np.arange(self.layout.sizes[space], dtype=np.int32)

    def between(self, first: Any, last: Any, most: int) -> tuple[Any, Any]:
        """Elements from ``first`` up to ``last``, and which of them there are; ``most`` where the bounds are found only
        while running."""
        if known(first, last):
            return np.arange(int(first), int(last), dtype=np.int32), None
        i = first + jnp.arange(most, dtype=jnp.int32)
        return i, i < last

    def timestep(self, clock: str, dt: Any) -> Any:
        """Whole steps of length ``dt`` in the time of a clock; from its own whole steps where that is possible, which
        is exact in any precision."""
        if known(dt, self.dt[clock]):
            times = float(dt) / float(self.dt[clock])
            if times >= 1 and abs(times - round(times)) < 1e-6 * times:
                return self.step[clock] // round(times)
        return timestep(self.t[clock], dt)

    def draw(self, law: str, stream: int, clock: str, index: Any) -> Any:
        """A random number for each element."""
        return draw(law, self.key, stream, self.step[clock] - self.origin[clock], index)

    def foreign(self, name: str, t: str, *args: Any) -> Any:
        """A function of the user's: its code for JAX, or else its Python function, called by JAX with NumPy arrays.

        Numbers of 64 bits go there and back as pairs of words: JAX calls back from a thread of its own, where it may
        have none.
        """
        failed = self.layout.failed
        function = self.layout.functions[name]
        shape, into = jnp.broadcast_shapes(*(jnp.shape(a) for a in args)), kind(t)
        if function.traceable:
            return jnp.broadcast_to(jnp.asarray(function.traced(*args)), shape).astype(into)
        kinds = [np.dtype(jnp.result_type(a)) for a in args]

        def call(*words: Any) -> np.ndarray:
            found: Any = 0
            if not failed:
                try:
                    found = function(*(whole(np.asarray(w), k) for w, k in zip(words, kinds)))
                except Exception as error:
                    failed.append(error)            # raised when the loop is left: JAX would make a text of it
            return parts(np.array(np.broadcast_to(np.asarray(found), shape), into))

        made = jax.ShapeDtypeStruct(*((*shape, 2), np.uint32) if wide(into) else (shape, into))
        given = [
            lax.bitcast_convert_type(a, jnp.uint32) if wide(k) else a for a, k in zip(map(jnp.asarray, args), kinds)
        ]
        if function.stateless:
            found = jax.pure_callback(call, made, *given, vmap_method="sequential")
        else:
            found = io_callback(call, made, *given, ordered=True)       # as often as the program says, in its order
        return lax.bitcast_convert_type(found, into) if wide(into) else found

    # -- queues --------------------------------------------------------------------------------------------------------
    def _ring(self, queue: str) -> bool:
        return self.layout.slots[queue] > 1

    def nothing(self, queue: str) -> Any:
        """The mask of a queue without values."""
        shape = (self.layout.slots[queue],) if self._ring(queue) else ()
        return jnp.zeros((*shape, self.layout.into[queue]), kind("f8") if queue in self.layout.soft else bool)

    def mask(self, queue: str, slot: Any) -> Any:
        """Who is in a slot."""
        if self.Q[queue] is None:
            return self.nothing(queue)[0] if self._ring(queue) else self.nothing(queue)
        return self.Q[queue][slot] if self._ring(queue) else self.Q[queue]

    def events(self, queue: str, slot: Any) -> tuple[np.ndarray, Any]:
        """All elements that may be in a queue, and those that are."""
        return np.arange(self.layout.into[queue], dtype=np.int32), self.mask(queue, slot)

    def clear(self, queue: str, slot: Any, mask: Any) -> None:
        """Empty a slot."""
        if not self._ring(queue) and mask is None:
            self.Q[queue] = None
        else:
            before = self.mask(queue, slot)
            after = pick(mask, jnp.zeros_like(before), before)
            self.Q[queue] = self._whole(queue).at[slot].set(after) if self._ring(queue) else after

    def _whole(self, queue: str) -> Any:
        return self.nothing(queue) if self.Q[queue] is None else self.Q[queue]

    def append(self, queue: str, slot: Any, index: Any, mask: Any, count: int) -> None:
        """Add elements to a slot, or each to the slot of its own."""
        soft = queue in self.layout.soft
        taking = jnp.ones(count, bool) if mask is None else jnp.broadcast_to(mask, (count,))
        taking = taking.astype(
            kind("f8")) if soft and not floating(taking) else taking if soft or not floating(taking) else taking > 0
        whole = self._whole(queue)
        if jnp.ndim(slot) > 0 and self._ring(queue):
            self.Q[queue] = whole.at[slot,
                                     index].add(taking) if soft else whole.at[jnp.where(taking, slot, whole.shape[0]),
                                                                              index].set(True, mode="drop")
            return
        row = whole[slot] if self._ring(queue) else whole
        where = span(index, row.shape[0])
        if where == slice(0, row.shape[0]):
            row = taking if self.Q[queue] is None else logical_or(row, taking)
        elif where is not None:
            row = row.at[where].set(logical_or(row[where], taking))
        elif soft:
            row = row.at[index].add(taking, mode="drop")
        else:
            row = row.at[jnp.where(taking, index, row.shape[0])].set(True, mode="drop")
        self.Q[queue] = whole.at[slot].set(row) if self._ring(queue) else row

    def record(self, queue: str, value: Any, mask: Any, group: str) -> None:
        """A value for the caller; those of one ``group`` share a mask."""
        self.R[queue] = value
        self.groups[queue] = None if mask is None else f"{group}?"
        if mask is not None:
            self.R[f"{group}?"] = mask if self.layout.differentiable or not floating(mask) else mask > 0

    # -- spikes --------------------------------------------------------------------------------------------------------
    def above(self, queue: str, a: Any, b: Any, op: str, scale: Callable[[], Any] | None) -> Any:
        """Whether ``a`` lies above ``b`` (``op`` is ``>`` or ``>=``); of a queue through which gradients pass, with a
        gradient of its own."""
        if queue not in self.layout.spikes:
            return a > b if op == ">" else a >= b
        return self.layout.spikes[queue](a, b, op, scale)

    # -- synapses ------------------------------------------------------------------------------------------------------
    def fan(self, queue: str, slot: Any, starts: str, ordered: bool) -> tuple[Any, Any, Any]:
        """(i, j, mask): all synapses of a fan-out, the row of each, and those whose row is in the queue. ``ordered``:
        in the order of rows."""
        rows = self.layout.rows[starts]
        count, row = len(rows.row), self.A[f"{starts}@row"]
        i: Any = np.arange(count, dtype=np.int32)
        if ordered and rows.order is not None:
            i = jnp.asarray(rows.order)
            row = row[i]
        return i, row, self.mask(queue, slot)[row]

    def rows_in(self, queue: str, slot: Any, starts: str) -> tuple[np.ndarray, Any]:
        """The rows of a fan-out, and which of them are in the queue."""
        count = self.layout.rows[starts].count
        return np.arange(count, dtype=np.int32), self.mask(queue, slot)[:count]

    def random_rows(self, queue: str, slot: Any, kernel: str) -> tuple[Any, Any, Any, Any]:
        """(row, column, number in the row, mask) of all members of a random matrix, which are drawn before the run."""
        j, column, number = (self.A[f"{kernel}@{part}"] for part in ("j", "column", "number"))
        return j, column, number, self.mask(queue, slot)[j]

    def loop(self, body: Callable[..., None], arrays: tuple[str, ...], queues: tuple[str, ...],
             elements: tuple[Any, ...]) -> None:
        """The body for one element after the other, where their order matters."""
        if jnp.shape(elements[0])[0] == 0:
            return
        held = {q: self._whole(q) for q in queues}

        def one(carry: Any, element: Any) -> tuple[Any, None]:
            step = replace(self, A={**self.A, **carry[0]}, Q={**self.Q, **carry[1]}, R={})
            body(step, *element)
            return ({a: step.A[a] for a in arrays}, {q: step._whole(q) for q in queues}), None

        (changed, held), _ = lax.scan(one, ({a: self.A[a] for a in arrays}, held), elements)
        self.A.update(changed)
        self.Q.update(held)

    def matrix(self, starts: str, post: str, weight: Any, count: int, t: str) -> tuple[str, Any]:
        """The weights of a projection in the form in which it is multiplied: how, and the arrays."""
        rows, targets = self.layout.rows[starts], self.layout.posts[post]
        how = strategy(rows, targets, count, self.layout.differentiable)
        weights = jnp.asarray(weight, kind(t))
        if how == "dense":
            if full(rows, targets, count):
                return how, jnp.broadcast_to(weights, rows.row.shape).reshape(rows.count, count)
            return how, jnp.zeros((rows.count, count), weights.dtype).at[rows.row, targets].add(weights)
        if how == "events":
            return how, (jnp.asarray(padded(rows, targets,
                                            count)), weights if weights.ndim == 0 else _padded_weights(rows, weights))
        return how, weights

    def project(self, name: str, starts: str, post: str, amounts: Any, matrix: tuple[str, Any], count: int) -> Any:
        """The sum over the synapses of each target of amount times weight; shape (count,)."""
        if self.taps is None:
            return self._project(starts, post, amounts, matrix, count)
        return self.taps.arriving(name, self._project(starts, post, self.taps.leaving(name, amounts), matrix, count))

    def _project(self, starts: str, post: str, amounts: Any, matrix: tuple[str, Any], count: int) -> Any:
        how, weights = matrix
        if how == "dense":
            return jnp.asarray(amounts).astype(weights.dtype) @ weights
        if how == "events":
            return _walk(amounts, weights[0], weights[1], count)
        rows = self.layout.rows[starts]
        values = (jnp.asarray(amounts)[self.A[f"{starts}@row"]] * weights).astype(weights.dtype)
        return jnp.zeros(count, values.dtype).at[self.A[post] if len(rows.row) else np.zeros(0, np.int32)].add(values)


def strategy(rows: FanOutRows, targets: np.ndarray, count: int, differentiable: bool) -> str:
    """How sums over synapses are made: 'dense', a matrix product; 'events', row by row; 'edges', over all synapses."""
    made, pairs = len(rows.row), rows.count * count
    if not differentiable and made >= EVENTS_FROM and rows.order is None:
        return "events"
    return "dense" if made and (made >= DENSE_SHARE * pairs or pairs <= 10_000) and pairs <= 100_000_000 else "edges"


def full(rows: FanOutRows, targets: np.ndarray, count: int) -> bool:
    """Whether every row has every target, in order."""
    return len(targets) == rows.count * count and rows.order is None and bool(
        (targets.reshape(rows.count, count) == np.arange(count)).all() and
        (rows.row.reshape(rows.count, count) == np.arange(rows.count)[:, None]).all())


def _lengths(rows: FanOutRows) -> np.ndarray:
    return np.bincount(rows.row, minlength=rows.count)


def _places(rows: FanOutRows) -> tuple[np.ndarray, int]:
    lengths = _lengths(rows)
    return np.arange(len(rows.row)) - np.repeat(np.cumsum(lengths) - lengths, lengths), int(lengths.max(initial=0))


def padded(rows: FanOutRows, targets: np.ndarray, count: int) -> np.ndarray:
    """The targets of each row, rows of equal length; ``count`` where there is none."""
    place, longest = _places(rows)
    made = np.full((rows.count, longest), count, np.int32)
    made[rows.row, place] = targets
    return made


def _padded_weights(rows: FanOutRows, weights: Any) -> Any:
    place, longest = _places(rows)
    return jnp.zeros((rows.count, longest), weights.dtype).at[rows.row, place].set(weights)


def _walk(amounts: Any, targets: Any, weights: Any, count: int) -> Any:
    """Row by row for the rows whose amount is not 0."""
    amounts = jnp.asarray(amounts)
    active = amounts if amounts.dtype == bool else amounts != 0

    def more(s: Any) -> Any:
        return s[0] < active.shape[0]

    def add(s: Any) -> Any:
        k, left, total = s
        weight = weights if weights.ndim == 0 else weights[k]
        total = total.at[targets[k]].add(
            jnp.broadcast_to(weight if amounts.dtype == bool else amounts[k] * weight, targets.shape[1:]), mode="drop")
        left = left.at[k].set(False)
        return _first(left), left, total

    return lax.while_loop(more, add, (_first(active), active, jnp.zeros(count, weights.dtype)))[2]


def _first(active: Any) -> Any:
    return jnp.where(active.any(), jnp.argmax(active), active.shape[0])


def while_loop(condition: Callable[..., Any], body: Callable[..., Any], start: tuple[Any, ...]) -> tuple[Any, ...]:
    """Rounds for all elements until none goes on."""
    return lax.while_loop(lambda s: jnp.any(condition(*s)), lambda s: body(*s), start)


def spread(t: str, x: Any, like: Any) -> Any:
    """A value per element, of a dtype of the program."""
    return jnp.broadcast_to(jnp.asarray(cast(t, x)), jnp.shape(like))


def inside(step: Step, held: tuple[dict[str, Any], dict[str, Any]]) -> Step:
    """The step with other values, and without records."""
    return replace(step, A={**step.A, **held[0]}, Q={**step.Q, **held[1]}, R={}, groups={})


def if_due(due: Any, go: Callable[[Any], Any], held: Any) -> Any:
    """What ``go`` makes of values if a clock is due; else the values and records of zeros."""
    shapes = jax.eval_shape(go, held)

    def skip(held: Any) -> Any:
        return (*held, jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes[2]))

    return lax.cond(due, go, skip, held)


def wide(dtype: Any) -> bool:
    """Whether a number has 64 bits."""
    return np.dtype(dtype).itemsize == 8


def parts(values: np.ndarray) -> np.ndarray:
    """Numbers of 64 bits as pairs of words of 32, in a last axis of their own; others as they are."""
    return values[..., None].view(np.uint32) if wide(values.dtype) else values


def whole(words: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The inverse of `parts`, an array of its own."""
    return np.array(words).view(dtype)[..., 0] if wide(dtype) else np.array(words)


def double_precision() -> Any:
    """A context in which JAX has numbers of 64 bits."""
    return jax.enable_x64(True)


def as_jax(tree: Any) -> Any:
    """NumPy's arrays and numbers as JAX's."""
    return jax.tree.map(jnp.asarray, tree)


def loop_of(traced: Any, constants: Any, carry: Any, clocks: tuple[str, ...], room: int, most: int) -> tuple[Any, int]:
    """The compiled loop over ticks, and how many it runs at most: (constants, carry, table of ticks, number) → (carry,
    records by tick)."""
    def tick_at(table: Any, k: Any) -> Any:
        return jax.tree.map(lambda x: x[k], table)

    example = {"step": {c: jnp.asarray(0, kind("i8")) for c in clocks}, "due": {c: jnp.asarray(True) for c in clocks},
               "t": {c: jnp.asarray(0.0, kind("f8")) for c in clocks}}
    shapes = jax.eval_shape(lambda *a: traced(a[0], traced.begin(a[0]), *a[1:])[1], constants, carry, example)
    size = sum(int(np.prod(s.shape)) * s.dtype.itemsize for s in jax.tree.leaves(shapes))
    length = max(1, min(most, room // max(1, size)))

    def run(constants: Any, carry: Any, table: Any, count: Any) -> Any:
        matrices = traced.begin(constants)

        def body(s: Any) -> Any:
            k, carry, out = s
            carry, found = traced(constants, matrices, carry, tick_at(table, k))
            return k + 1, carry, jax.tree.map(lambda o, f: o.at[k].set(f), out, found)

        out = jax.tree.map(lambda s: jnp.zeros((length, *s.shape), s.dtype), shapes)
        return lax.while_loop(lambda s: s[0] < count, body, (0, carry, out))[1:]

    keep_compiled()
    return jax.jit(run, donate_argnums=1), length


def keep_compiled() -> None:
    """Let JAX keep what took it long to compile in brainsim's cache, so that later processes need not compile it again;
    a place that the user chose (``JAX_COMPILATION_CACHE_DIR``, or JAX's configuration) stays."""
    if jax.config.jax_compilation_cache_dir is None:      # pyright: ignore[reportAttributeAccessIssue] -- JAX adds it
        folder = cache_directory() / "jax"
        remove_damaged(folder)
        jax.config.update("jax_compilation_cache_dir", str(folder))


SCOPE: dict[str, Any] = {
    **{name: getattr(jnp, f.__name__) for name, f in FUNCTIONS.items() if isinstance(f, np.ufunc)},
    "both": both,
    "pick": pick,
    "put": put,
    "put_once": put_once,
    "take": take,
    "amount": amount,
    "while_loop": while_loop,
    "spread": spread,
    "cast": cast,
    "draw": draw,
    "halves": halves,
    "power": power,
    "divide": divide,
    "logical_not": logical_not,
    "logical_and": logical_and,
    "logical_or": logical_or,
    "hard": hard,
    "exprel": exprel,
    "timestep": timestep,
    "clip": clip,
    "sign": sign,
    "poisson_from": poisson_from,
    "binomial_from": binomial_from,
    "where": either(np.where, jnp.where),
    "mod": either(np.mod, jnp.mod),
    "floor_divide": either(np.floor_divide, jnp.floor_divide),
    "np": np,
    "jnp": jnp,
    "inf": np.inf,
    "nan": np.nan,
}
