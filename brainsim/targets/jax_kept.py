"""What JAX keeps on disk, looked through: JAX does not write in one step and never replaces what it cannot read."""
from __future__ import annotations

import zlib
from contextlib import suppress
from pathlib import Path

ZLIB = b"x"
"""What a file begins with that JAX compressed by zlib; others are left to JAX."""


def remove_damaged(folder: Path) -> None:
    """Remove entries that are cut short or damaged; only those are read that changed since the last time."""
    looked = folder / "looked_through"
    with suppress(OSError):
        since = looked.stat().st_mtime if looked.exists() else 0.0
        new = [path for path in folder.glob("*-cache") if path.stat().st_mtime >= since]
        looked.touch()
        for path in new:
            if not _readable(path.read_bytes()):
                path.unlink()


def _readable(content: bytes) -> bool:
    try:
        return bool(content) and (not content.startswith(ZLIB) or bool(zlib.decompress(content)))
    except zlib.error:
        return False
