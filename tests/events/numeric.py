"""Derivatives by central differences, to compare with."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

Arrays = Mapping[str, Any]


def total(outputs: Arrays) -> Any:
    """A number that depends on every output: spikes with a weight for each, states squared, in milliseconds and
    millivolts where they have units."""
    found = 0.0
    for name, values in sorted(outputs.items()):
        if name.endswith("spikes"):
            weights = jnp.cos(jnp.arange(values.size)).reshape(values.shape)
            found = found + 1e3 * jnp.sum(jnp.where(jnp.isfinite(values), weights * values, 0.0))
        else:
            found = found + jnp.sum(jnp.cos(jnp.arange(values.size)).reshape(values.shape) * values)
    return found


def assert_gradients_are_those_of_differences(sim: Any, least_spikes: int, sizes: Mapping[str, float],
                                              rel: float = 1e-6,
                                              loss: Callable[[Arrays], Any] = total) -> dict[str, np.ndarray]:
    """Compare for every parameter and input, by the step ``sizes[name]``. The error of a central difference is some
    1e-9 of the whole here.

    With fewer than ``least_spikes`` the comparison would say little, so that fails too.
    """
    names = (*sim.params, *sim.inputs)
    assert set(names) == set(sizes)
    start = {**sim.params, **sim.inputs}

    def of(values: Arrays) -> tuple[Any, Arrays]:
        outputs = sim({n: values[n] for n in sim.params}, {n: values[n] for n in sim.inputs})
        return loss(outputs), outputs

    compiled = jax.jit(jax.value_and_grad(of, has_aux=True))
    (_, outputs), found = compiled(start)
    spikes = sum(int(np.isfinite(a).sum()) for n, a in outputs.items() if n.endswith("spikes"))
    assert spikes >= least_spikes, f"{spikes} spikes are too few to say much"
    for name, size in sizes.items():
        differences = np.zeros(start[name].shape)
        for at in np.ndindex(differences.shape):
            ends = []
            for sign in (1, -1):
                moved = np.array(start[name])
                moved[at] += sign * size
                ends.append(float(compiled({**start, name: moved})[0][0]))
            differences[at] = (ends[0] - ends[1]) / (2 * size)
        scale = np.abs(differences).max()
        assert scale > 0, f"{name} does nothing here, so this compares nothing"
        np.testing.assert_allclose(np.asarray(found[name]), differences, rtol=rel, atol=rel * scale, err_msg=name)
    return {n: np.asarray(a) for n, a in found.items()}
