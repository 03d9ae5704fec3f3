"""Files that can be made again: written whole or not at all, known by a digest of what they hold, made by one process
at a time."""
from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

from brainsim.options import cache_directory, give_up

if sys.platform != "win32":
    import fcntl

OLD = 24 * 3600.0
"""Seconds after which what a killed process left is removed."""
PATIENCE = 120.0
"""Seconds to wait for another process that makes the same; it may have been stopped."""
BUILD_FOLDERS = "brainsim_build_"
"""How the names of folders begin in which something is made."""


def whole(path: Path) -> bytes | None:
    """What a kept file holds; None where it is missing, was cut short or is damaged."""
    try:
        content = path.read_bytes()
        return content if _sum(path).read_bytes() == _digest(content) else None
    except OSError:
        return None


def keep(content: bytes, at: Path) -> Path:
    """Write a file and its digest, each in one step; its place. Where the cache takes no more files, the place is in a
    temporary one from now on; OSError where that takes none either, or ``at`` is not in the cache."""
    folder = cache_directory()
    try:
        _swept(at.parent)
        _replace(at, content)
        _replace(_sum(at), _digest(content))
        return at
    except OSError as error:
        if folder not in at.parents:
            raise
        give_up(folder, error.strerror or str(error))
        if cache_directory() == folder:
            raise
        return keep(content, cache_directory() / at.relative_to(folder))


@contextmanager
def alone(name: str) -> Iterator[None]:
    """One process at a time is inside for a name; one that is killed lets go. Without effect where files cannot be
    locked."""
    lock = _lock(name)
    try:
        yield
    finally:
        if lock is not None:
            os.close(lock)


def _lock(name: str) -> int | None:
    """An open file that is locked, if that could be had in time."""
    if sys.platform == "win32":
        return None
    path, until = cache_directory() / "locks" / hashlib.sha256(name.encode()).hexdigest()[:2], time.time() + PATIENCE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
        return None
    try:
        while time.time() < until:
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return file
            time.sleep(0.02)
    except OSError:      # a file system without locks
        pass
    except BaseException:
        os.close(file)
        raise
    os.close(file)
    return None


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def _sum(path: Path) -> Path:
    return path.parent / "sums" / f"{path.name}.sum"


def _replace(at: Path, content: bytes) -> None:
    at.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=at.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(beside, at)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise


@lru_cache(maxsize=None)
def _swept(folder: Path) -> None:
    """Remove what killed processes left there and in the folder for temporary files long ago."""
    until = time.time() - OLD
    with suppress(OSError):
        for left in [*folder.glob("*.part"), *(folder / "sums").glob("*.part"),
                     *Path(tempfile.gettempdir()).glob(BUILD_FOLDERS + "*")]:
            with suppress(OSError):
                if left.stat().st_mtime < until:
                    shutil.rmtree(left) if left.is_dir() else left.unlink()
