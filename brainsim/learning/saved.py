"""Trees of arrays and a few words about them in one file, written whole or not at all."""
from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jax
import numpy as np

from brainsim.errors import WrongState, WrongValue


def save(path: Path, tree: Any, words: dict[str, Any]) -> None:
    """The leaves of a tree and words that JSON can say."""
    leaves: dict[str, Any] = {f"leaf_{k}": _numbers(x) for k, x in enumerate(jax.tree.leaves(tree))}
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    with open(beside, "wb") as file:
        np.savez(file, words=np.array(json.dumps(words)), **leaves)
    os.replace(beside, path)


def load(path: Path, like: Any) -> tuple[Any, dict[str, Any]]:
    """The tree and the words. ``like`` has the structure. `WrongState` for a file that is no checkpoint, `WrongValue`
    for one of another tree."""
    try:
        with np.load(path, allow_pickle=False) as file:
            words = json.loads(str(file["words"]))
            found = [file[f"leaf_{k}"] for k in range(len(file.files) - 1)]
    except (OSError, KeyError, ValueError) as error:
        raise WrongState(f"'{path}' is no checkpoint of a training", found=str(error)[:80],
                         help="choose another path, or remove the file") from error
    leaves, form = jax.tree.flatten(like)
    if len(leaves) != len(found) or any(np.shape(_numbers(a)) != b.shape for a, b in zip(leaves, found)):
        raise WrongValue(f"'{path}' is a checkpoint of other parameters or another optimiser",
                         help="choose another path, or remove the file")
    return form.unflatten([_again(a, b) for a, b in zip(leaves, found)]), words


def _is_key(x: Any) -> bool:
    return isinstance(x, jax.Array) and jax.numpy.issubdtype(x.dtype, jax.dtypes.prng_key)


def _numbers(x: Any) -> np.ndarray:
    return np.asarray(jax.random.key_data(x) if _is_key(x) else x)


def _again(like: Any, found: np.ndarray) -> Any:
    return jax.random.wrap_key_data(jax.numpy.asarray(found)) if _is_key(like) else jax.numpy.asarray(
        found, np.asarray(like).dtype)
