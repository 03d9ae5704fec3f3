"""A number that grows whenever the structure of any model changes; a prepared network with an older number is prepared
anew.

It belongs to no single network, so the module keeps it; it is the reason that `run(0.1*ms)` repeated costs
microseconds.
"""
from __future__ import annotations

_VERSION = [0]


def structure_changed() -> None:
    """Something other than a value has changed: an object, a connection, a delay, a schedule, a namespace."""
    _VERSION[0] += 1


def structure_version() -> int:
    """The present number."""
    return _VERSION[0]
