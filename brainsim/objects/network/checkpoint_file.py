"""Checkpoints in a file: a zip of ``.npy`` arrays and one ``checkpoint.json`` that says what they are.

``numpy.load`` opens it too. Nothing in it is executed. It is written beside the old one and then takes its place.
"""
from __future__ import annotations

import json
import os
import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.lib import format as npy

from brainsim.errors import BrainsimError, NoFile, Unreadable, WrongState
from brainsim.objects.network.plain import from_plain, to_plain

FORMAT = "brainsim checkpoint"
VERSION = 1
WORDS = "checkpoint.json"
PARTS = frozenset({"t", "key", "runs", "host", "origins", "objects", "clocks", "replay"})     #: of what is stored
PICKLE = b"\x80"     #: how pickles begin, which `store` wrote before version 1


@dataclass(frozen=True)
class StoredEntry:
    """What is stored under one name: words, and the arrays that they name."""

    words: Any
    arrays: Mapping[str, np.ndarray]


def entry_of(name: str, found: Mapping[str, Any]) -> StoredEntry:
    """What a network kept, ready for a file."""
    arrays: dict[str, np.ndarray] = {}
    return StoredEntry(to_plain(found, quote(name, safe=" "), arrays), arrays)


def kept_in(path: Path, entry: StoredEntry) -> dict[str, Any]:
    """The inverse of `entry_of`; `WrongState` for words that say nothing."""
    try:
        found = from_plain(entry.words, entry.arrays)
        if not PARTS <= found.keys():
            raise ValueError(f"there is no '{min(PARTS - found.keys())}'")
        return found
    except Exception as error:     # damage may look like anything
        raise _no_checkpoint(path, str(error)) from error


def write(path: Path, entries: Mapping[str, StoredEntry]) -> None:
    """A file with these entries in place of the one that is there, which stays whole until then."""
    path = path.resolve()
    if path.is_dir():
        raise Unreadable(f"'{path}' cannot be written", found="a directory", help="choose another file name")
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(beside, "wb") as file:
            _fill(file, entries)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError as error:
        raise Unreadable(f"'{path}' cannot be written", found=error.strerror or str(error),
                         help="what was stored in it before is still there") from error
    finally:
        beside.unlink(missing_ok=True)


def _fill(file: Any, entries: Mapping[str, StoredEntry]) -> None:
    words = {"format": FORMAT, "version": VERSION, "stored": {name: e.words for name, e in entries.items()}}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as packed:
        packed.writestr(WORDS, json.dumps(words, indent=1, allow_nan=False))
        for e in entries.values():
            for place, values in e.arrays.items():
                with packed.open(f"{place}.npy", "w", force_zip64=True) as member:
                    npy.write_array(member, values, allow_pickle=False)


def read(path: Path) -> dict[str, StoredEntry]:
    """What is stored in a file, by name; `NoFile`, `Unreadable` or `WrongState` for anything that is no checkpoint of
    this version."""
    try:
        with open(path, "rb") as file:
            if file.read(1) == PICKLE:
                raise WrongState(f"'{path}' is a pickle, as earlier versions wrote, and reading it runs code",
                                 help="if you wrote it yourself: restore(filename=..., trusted_pickle=True)")
            return _entries(path, file)
    except BrainsimError:
        raise
    except FileNotFoundError as error:
        raise NoFile(f"There is no file '{path}'", help="store(filename=...) writes one") from error
    except OSError as error:
        raise Unreadable(f"'{path}' cannot be read", found=error.strerror or str(error)) from error
    except Exception as error:     # damage may look like anything
        raise _no_checkpoint(path, str(error)) from error


def _entries(path: Path, file: Any) -> dict[str, StoredEntry]:
    with zipfile.ZipFile(file) as packed:
        words = json.loads(packed.read(WORDS))
        if words["format"] != FORMAT:
            raise ValueError(f"the format '{words['format']}'")
        if words["version"] != VERSION:
            raise WrongState(f"'{path}' is a checkpoint of another version of the format",
                             found=f"{words['version']}, and this brainsim reads {VERSION}",
                             help="restore it with the brainsim that wrote it")
        return {name: StoredEntry(tree, {place: _array(packed, place) for place in _places(tree)})
                for name, tree in words["stored"].items()}


def _array(packed: zipfile.ZipFile, place: str) -> np.ndarray:
    with packed.open(f"{place}.npy") as member:
        return npy.read_array(member, allow_pickle=False)


def _places(tree: Any) -> list[str]:
    """The arrays that words name."""
    match tree:
        case {"array": str(place)}:
            return [place]
        case dict():
            return [p for x in tree.values() for p in _places(x)]
        case list():
            return [p for x in tree for p in _places(x)]
    return []


def read_pickle(path: Path) -> dict[str, Any]:
    """What an earlier version wrote. Reading runs whatever the file says: only for files that one trusts."""
    try:
        found = pickle.loads(path.read_bytes())
        assert isinstance(found, dict)
        return found
    except Exception as error:     # a pickle may raise anything
        raise _no_checkpoint(path, str(error)) from error


def _no_checkpoint(path: Path, why: str) -> BrainsimError:
    return WrongState(f"'{path}' is no checkpoint of a network, or is damaged", found=why[:80],
                      help="choose another file, or remove this one")
