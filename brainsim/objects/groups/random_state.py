"""The seed, and what follows from it: a key for every network's run, and the generator for strings evaluated at
once."""
from __future__ import annotations

import secrets
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from brainsim.errors import WrongType, WrongValue


class RandomState:
    """``seed(n)`` makes everything after it repeatable; without a seed every process differs."""

    def __init__(self) -> None:
        self.networks: weakref.WeakSet[Any] = weakref.WeakSet()   #: those that exist
        self.version = 0
        self.base = self.runs = 0
        self.seed(None)

    def seed(self, value: int | None) -> None:
        """Start anew from a seed, or from the operating system's randomness."""
        self.base = secrets.randbits(63) if value is None else int(value) & (2**64 - 1)
        self.runs = 0
        self.version += 1
        self.host = generator(self.base)
        np.random.seed(None if value is None else self.base % 2**32)

    def kept(self) -> dict[str, Any]:
        """Everything that later random numbers depend on."""
        places = [(weakref.ref(network), network.random_place()) for network in self.networks]
        return {
            "version": self.version, "networks": places, "base": self.base, "runs": self.runs, "host":
            self.host.bit_generator.state, "numpy": np.random.get_state()
        }

    def put_back(self, kept: dict[str, Any]) -> None:
        """The inverse of `kept`."""
        self.base, self.runs, self.version = kept["base"], kept["runs"], self.version + 1
        for network, (key, version, used) in kept["networks"]:
            if network() is not None:
                network().go_on_from(key, self.version if version == kept["version"] else -1, used)
        self.host.bit_generator.state = kept["host"]
        np.random.set_state(kept["numpy"])

    def next_key(self) -> int:
        """The key of the next network that starts (or starts again after `restore`)."""
        key = mixed(self.base, self.runs)
        self.runs += 1
        return key

    @contextmanager
    def started_from(self, value: int) -> Iterator[None]:
        """Strings evaluated within draw as they would after ``seed(value)``; afterwards all goes on as before."""
        kept, self.host = self.host, generator(value)
        try:
            yield
        finally:
            self.host = kept


def generator(value: int) -> np.random.Generator:
    """The generator for strings evaluated at once, from a seed."""
    return np.random.Generator(np.random.Philox(key=value))


def mixed(base: int, count: int) -> int:
    """A well-mixed 64-bit number (SplitMix64, Steele et al. 2014)."""
    mask = 2**64 - 1
    z = (base + 0x9E3779B97F4A7C15 * (count + 1)) & mask
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    return z ^ (z >> 31)


random_state = RandomState()


def seed(seed: int | None = None) -> None:
    """Make the random numbers that follow repeatable; without an argument, make them new.

    Runs draw from Philox keyed by (seed, stream, step, element), the same on every target and for any splitting of a
    run; NumPy's own global generator is seeded too.
    """
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, (int, np.integer))):
        raise WrongType("A seed is a whole number", found=repr(seed))
    if seed is not None and seed < 0:
        raise WrongValue("A seed cannot be negative", found=repr(seed))
    random_state.seed(seed)
