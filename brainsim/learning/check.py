"""``check_grad``: gradients beside differences of the loss itself."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import experimental

from brainsim.errors import UnknownName, WrongType, WrongValue, near
from brainsim.learning.data import Differentiable
from brainsim.objects.looks import html
from brainsim.objects.looks.optional import optional
from brainsim.objects.network.network import Network
from brainsim.units.plain import split

SMALL = 1e-3     #: of the base unit: what a parameter that is 0 everywhere is compared with
SPIKES = (
    "There are spikes on the way to this loss. Strictly it has no derivative: it jumps where a spike appears or "
    "vanishes, and the gradient "
    "is that of a surrogate. Only smooth models should agree.")


@dataclass(frozen=True)
class Compared:
    """One parameter: the norms of the slopes in some directions from the gradient and from differences, and how far
    they are apart."""

    name: str
    size: int
    directions: int
    gradient: float
    differences: float
    error: float


@dataclass(frozen=True)
class GradientCheck:
    """A row for each parameter; ``worst``, the largest relative error; ``spiking``, whether a surrogate had a part in
    the gradient."""

    rows: tuple[Compared, ...]
    spiking: bool

    @property
    def worst(self) -> float:
        """The largest relative error."""
        return max((r.error for r in self.rows), default=0.0)

    def agrees(self, tolerance: float = 1e-6) -> bool:
        """Whether all relative errors are below this."""
        return self.worst <= tolerance

    def to_pandas(self) -> Any:
        """The rows as a table."""
        pandas = optional("pandas", "Tables")
        return pandas.DataFrame([vars(r) for r in self.rows]).set_index("name")

    def _cells(self) -> list[tuple[str, ...]]:
        return [(r.name, str(r.size), str(r.directions), f"{r.gradient:.6g}", f"{r.differences:.6g}", f"{r.error:.1e}")
                for r in self.rows]

    def _repr_html_(self) -> str:
        return html.table("Gradient", HEAD, self._cells(), SPIKES if self.spiking else "")

    def __repr__(self) -> str:
        cells = [HEAD, *self._cells()]
        widths = [max(len(c[k]) for c in cells) for k in range(len(HEAD))]
        lines = [
            "  ".join(x.ljust(w) if k == 0 else x.rjust(w) for k, (x, w) in enumerate(zip(c, widths))) for c in cells
        ]
        return "\n".join([*lines, *([SPIKES] if self.spiking else [])])


HEAD = ("parameter", "values", "directions", "gradient", "differences", "relative error")


def check_grad(net_or_sim: Differentiable | Network, loss: Callable[[Mapping[str, Any]], Any],
               params: Sequence[str] | Mapping[str, object] | None = None, *,
               inputs: Mapping[str, object] | None = None, eps: object = 1e-4, directions: int = 3, key: object = 0,
               seed: int = 0, level: int = 0, **options: Any) -> GradientCheck:
    """Compares the gradient of ``loss(out)`` with differences, both in double precision (which is switched on for this,
    and off again).

    ``net_or_sim``: a function, or a network and what `Network.functional` needs (``duration=``, ``outputs=``, ...).
    ``params``: names, or values by name; all parameters of the function otherwise. For each, slopes along
    ``directions`` random directions of length 1 are compared with (8 f(h) - 8 f(-h) - f(2h) + f(-2h))/12h; h is ``eps``
    times the root mean square of its values (of 1e-3 base units where they are 0), or a step by name, ``eps={'G.v':
    1*uV}``. Raises `UnknownName`, `WrongType` or `WrongValue`.
    """
    if isinstance(net_or_sim, Network):
        if "duration" not in options:
            raise WrongValue("A network is checked for some time",
                             help="check_grad(net, loss, ['tau'], duration=10*ms, outputs=['G.v'])")
        sim = net_or_sim.functional(params=list(params) if params is not None else None, level=level, **options)
    elif isinstance(net_or_sim, Differentiable):
        sim = net_or_sim
        if options:
            raise WrongType(f"'{next(iter(options))}' belongs to net.functional",
                            help="give the network, or make another function")
    else:
        raise WrongType("A gradient is checked of a network or a function of one", found=type(net_or_sim).__name__,
                        help="sim = net.functional(...)")
    names = list(sim.params) if params is None else list(params)
    for name in names:
        if name not in sim.params:
            raise UnknownName(f"There is no parameter '{name}' in this function", help=near(name, sim.params))
    if not names:
        raise WrongValue("There is no parameter to check", help="net.functional(..., params=['tau'])")
    with doubles():
        given = {**sim.params, **(params if isinstance(params, Mapping) else {})}
        return GradientCheck(
            tuple(
                _rows(sim, loss, sim.as_params({n: given[n] for n in names}), inputs or {}, eps, directions, key,
                      seed)), sim.spiking)


def _rows(sim: Differentiable, loss: Callable[..., Any], values: Mapping[str, Any], inputs: Mapping[str, object],
          eps: object, directions: int, key: object, seed: int) -> Iterable[Compared]:
    numbers = np.random.default_rng(seed)

    def total(p: Mapping[str, Any]) -> Any:
        return loss(sim(p, inputs, key))

    compiled, slopes = jax.jit(total), jax.jit(jax.grad(total))(values)
    for name in sim.params:
        if name not in values:
            continue
        x, slope = np.asarray(values[name], float), np.asarray(slopes[name], float)
        step = _step(eps, name, x)
        ways = [np.ones(x.shape)]
        if x.size > 1:
            ways = [w / np.linalg.norm(w) for w in numbers.normal(size=(directions, *x.shape))]

        def along(way: np.ndarray, k: int, name: str = name, x: np.ndarray = x, step: float = step) -> float:
            return float(compiled({**values, name: jnp.asarray(x + k * step * way)}))

        exact = np.array([np.sum(slope * w) for w in ways])
        found = np.array([(8 * along(w, 1) - 8 * along(w, -1) - along(w, 2) + along(w, -2)) / (12 * step)
                          for w in ways])
        larger = max(np.linalg.norm(exact), np.linalg.norm(found))
        yield Compared(name, x.size, len(ways), float(np.linalg.norm(exact)), float(np.linalg.norm(found)),
                       float(np.linalg.norm(exact - found) / larger) if larger else 0.0)


def _step(eps: Any, name: str, x: np.ndarray) -> float:
    if isinstance(eps, Mapping):
        if name in eps:
            return float(split(eps[name])[0])
        eps = 1e-4
    return float(eps) * float(np.sqrt(np.mean(x ** 2)) or SMALL) * float(np.sqrt(x.size))


def doubles() -> AbstractContextManager[Any]:
    """Double precision in JAX for a while."""
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)
    return experimental.enable_x64(True)  # pyright: ignore[reportAttributeAccessIssue] -- where JAX 0.6 has it
