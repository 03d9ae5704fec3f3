"""Many elements, some at a time, so that what is only needed on the way stays small."""
from __future__ import annotations

from collections.abc import Iterator

PIECE = 1 << 17    #: elements worked on together


def pieces(count: int, size: int = PIECE) -> Iterator[slice]:
    """Consecutive parts of ``count`` elements."""
    return (slice(k, min(k + size, count)) for k in range(0, count, size))
