"""When a neuron's event function next becomes positive along its flow."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from jax import lax

from brainsim.events.dynamics import Dynamics

Array = Any
MOST = 60                    #: rounds of a search for a root; bisection alone needs 50
CLOSE = 1e-10  #: a Newton step shorter than this part of the bracket ends the search: the error is about its square
NOTHING, SPIKE, AT_ONCE, LOOK = 0, 1, 2, 3
"""What comes next of a neuron's own: nothing, a crossing, a spike at this very moment, a pause of the search."""


def next_event(d: Dynamics, x: Array, t: Array, limit: Array, p: Array, group: Array) -> tuple[Array, Array]:
    """Time and kind of the next event of neurons that are in state ``x`` at ``t``, up to ``limit``; infinity and
    `NOTHING` if none."""
    ahead = jnp.where(jnp.asarray([g.closed is None
                                   for g in d.groups])[group], d.reach, jnp.inf) if d.stepped else jnp.inf
    horizon = jnp.minimum(limit, t + ahead)
    margin = d.margin(x, p, group)
    start, low, high, found = _bracket(d, x, jnp.where(margin > 0, 0.0, horizon - t), p, group)
    span = _root(lambda s: d.margin_and_slope(d.within_cell(start, s, p, group), p, group), low[1], high, found)
    crossing = t + low[0] + span
    pause = horizon < limit
    time = jnp.where(margin > 0, t, jnp.where(found, crossing, jnp.where(pause, horizon, jnp.inf)))
    kind = jnp.where(margin > 0, AT_ONCE, jnp.where(found, SPIKE, jnp.where(pause, LOOK, NOTHING)))
    return time, kind


def _bracket(d: Dynamics, x: Array, span: Array, p: Array,
             group: Array) -> tuple[Array, tuple[Array, Array], Array, Array]:
    """The first cell with a crossing: the state where it begins, (its beginning, the lower end of a bracket in it), the
    upper end, whether there is one."""
    length = jnp.broadcast_to(d.cell(x, p, group), span.shape)

    def go_on(carry: tuple[Array, ...]) -> Array:
        return jnp.any(carry[-1])

    def look(carry: tuple[Array, ...]) -> tuple[Array, ...]:
        x, slope, begin, high, found, searching = carry
        size = jnp.where(searching, jnp.minimum(length, span - begin), 0.0)
        end = d.within_cell(x, size, p, group)
        above, end_slope = d.margin_and_slope(end, p, group)
        rises, humped = searching & (above > 0), searching & (above <= 0) & (slope > 0) & (end_slope < 0)
        peak, reached = _peak(lambda s: d.margin_and_slope(d.within_cell(x, s, p, group), p, group), size, slope,
                              end_slope, humped)
        now = rises | humped & reached
        last = begin + size >= span * (1 - 1e-14)
        moves = searching & ~now & ~last
        return (jnp.where(moves[..., None], end, x), jnp.where(moves, end_slope, slope),
                jnp.where(moves, begin + size, begin), jnp.where(rises, size, jnp.where(now, peak,
                                                                                        high)), found | now, moves)

    zero, no = jnp.zeros(span.shape), jnp.zeros(span.shape, bool)
    slope = d.margin_and_slope(x, p, group)[1]
    x, _, begin, high, found, _ = lax.while_loop(go_on, look, (x, slope, zero, zero, no, span > 0))
    return x, (begin, zero), high, found


def _peak(curve: Callable[[Array], tuple[Array, Array]], size: Array, first: Array, last: Array,
          wanted: Array) -> tuple[Array, Array]:
    """A place near the greatest value within [0, size] and whether the value is positive there, from slopes that change
    sign (Illinois method)."""
    def go_on(carry: tuple[Array, ...]) -> Array:
        return (carry[0] < MOST) & jnp.any(carry[-1])

    def narrow(carry: tuple[Array, ...]) -> tuple[Array, ...]:
        k, low, high, f_low, f_high, side, place, positive, open_ = carry
        s = jnp.where(k % 4 == 3, 0.5 * (low + high),
                      (low * f_high - high * f_low) / jnp.where(f_high == f_low, 1.0, f_high - f_low))
        s = jnp.clip(s, low, high)
        value, slope = curve(s)
        up = slope > 0
        low_, high_ = jnp.where(up, s, low), jnp.where(up, high, s)
        f_low_ = jnp.where(up, slope, jnp.where(side < 0, 0.5 * f_low, f_low))
        f_high_ = jnp.where(up, jnp.where(side > 0, 0.5 * f_high, f_high), slope)
        out_of_reach = up & (value + slope * (high - s) < 0)     # the slope only falls from here to the peak
        over = (value > 0) | out_of_reach | (high_ - low_ <= 1e-12 * size)
        return (k + 1, *(jnp.where(open_, new, old)
                         for new, old in ((low_, low), (high_, high), (f_low_, f_low), (f_high_, f_high),
                                          (jnp.where(up, 1, -1), side), (s, place), (value > 0, positive))),
                open_ & ~over)

    start = (0, jnp.zeros_like(size), size, first, last, jnp.zeros(size.shape, int), size, jnp.zeros(size.shape,
                                                                                                     bool), wanted)
    *_, place, positive, _ = lax.while_loop(go_on, narrow, start)
    return place, positive


def _root(curve: Callable[[Array], tuple[Array, Array]], low: Array, high: Array, wanted: Array) -> Array:
    """Where the curve, not positive at ``low`` and positive at ``high``, becomes positive: Newton's method, kept inside
    by bisection."""
    def go_on(carry: tuple[Array, ...]) -> Array:
        return (carry[0] < MOST) & jnp.any(carry[-1])

    def narrow(carry: tuple[Array, ...]) -> tuple[Array, ...]:
        k, low, high, s, before, open_ = carry
        value, slope = curve(s)
        above = value > 0
        low_, high_ = jnp.where(above, low, s), jnp.where(above, s, high)
        by_newton = s - value / jnp.where(slope == 0, 1.0, slope)
        inside = (slope != 0) & (by_newton >= low_) & (by_newton <= high_) & (jnp.abs(by_newton - s) < 0.5 * before)
        new = jnp.where(inside, by_newton, 0.5 * (low_ + high_))
        moved = jnp.abs(new - s)
        over = inside & (moved <= CLOSE * size) | (high_ - low_ <= 1e-15 * size) | (value == 0)
        new = jnp.where(value == 0, s, new)
        return (k + 1, *(jnp.where(open_, a, b)
                         for a, b in ((low_, low), (high_, high), (new, s), (moved, before))), open_ & ~over)

    size = high - low
    start = (0, low, high, 0.5 * (low + high), size, wanted)
    return lax.while_loop(go_on, narrow, start)[3]
