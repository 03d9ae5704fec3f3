"""``grad`` and ``value_and_grad``: JAX's, for parameters with units."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import jax
import numpy as np
from jax.core import Tracer

from brainsim.errors import Unsupported, WrongType
from brainsim.units import Quantity, get_dimensions
from brainsim.units.dimensions import DIMENSIONLESS, Dimension
from brainsim.units.quantities import with_dimension


def grad(loss: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False,
         unit: object = 1) -> Callable[..., Any]:
    """A function that gives the gradient of ``loss``, as `jax.grad` does.

    Leaves of the arguments may be quantities: ``loss`` sees plain numbers in SI base units, and the gradient with
    respect to a quantity is a quantity, in units of the loss per unit of the parameter. ``unit`` is that of the number
    which ``loss`` returns. Plain leaves give plain leaves, so that the function can stand under `jax.jit` and
    `jax.vmap` when all of them are plain and ``unit`` is 1. Raises `Unsupported` for a unit under a transformation of
    JAX, where arrays have none.
    """
    both = value_and_grad(loss, argnums, has_aux, unit)

    @wraps(loss)
    def gradient(*args: Any, **keywords: Any) -> Any:
        value, found = both(*args, **keywords)
        return (found, value[1]) if has_aux else found

    return gradient


def value_and_grad(loss: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False,
                   unit: object = 1) -> Callable[..., Any]:
    """A function that gives the loss and its gradient, as `jax.value_and_grad` does; units as in `grad`."""
    if not callable(loss):
        raise WrongType("The gradient is that of a function", found=repr(loss)[:60],
                        help="grad(lambda params: ..., argnums=0)")
    scale, dimension = float(np.asarray(unit)), get_dimensions(unit)
    plain = jax.value_and_grad(loss, argnums, has_aux)

    @wraps(loss)
    def both(*args: Any, **keywords: Any) -> Any:
        value, found = plain(*map(without_units, args), **{n: without_units(x) for n, x in keywords.items()})
        chosen = args[argnums] if isinstance(argnums, int) else tuple(args[n] for n in argnums)
        if has_aux:
            value = (_measured(value[0], scale, dimension), value[1])
        else:
            value = _measured(value, scale, dimension)
        return value, jax.tree.map(
            lambda x, g: _measured(g, scale, dimension / get_dimensions(x)
                                   if is_quantity(x) else dimension), chosen, found, is_leaf=is_quantity)

    return both


def is_quantity(x: object) -> bool:
    """Whether a leaf carries a unit."""
    return isinstance(getattr(x, "dim", None), Dimension) and not isinstance(x, jax.Array)


def without_units(tree: Any) -> Any:
    """The tree with its quantities as plain arrays in SI base units."""
    return jax.tree.map(lambda x: np.asarray(x) if is_quantity(x) else x, tree, is_leaf=is_quantity)


def _measured(plain: Any, scale: float, dimension: Dimension) -> Any:
    if dimension is DIMENSIONLESS:
        return plain if scale == 1.0 else plain * scale
    if isinstance(plain, Tracer):
        raise Unsupported("Arrays under a transformation of JAX have no units",
                          found=f"a gradient in {Quantity(1.0, dimension)!r}",
                          help="leave unit= out and give plain numbers inside of jax.jit and jax.vmap")
    return with_dimension(np.asarray(plain, float) * scale, dimension)
