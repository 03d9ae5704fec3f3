"""Copies of everything that a run changes in an object, and the way back (`Network.store`, `Network.restore`)."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from brainsim.errors import WrongState
from brainsim.objects.groups.named import BrianObject

SAME = "restore into the model that was stored"


def snapshot(o: BrianObject) -> dict[str, Any]:
    """Copies of the arrays and queues of an object, and what else it keeps."""
    declared = o.declared()
    return {
        # what cannot be written follows from pairs
        "arrays": {name: x.copy() for name, (_, x) in declared.arrays.items() if x.flags.writeable},
        "queues": {name: (q.data.copy(), q.count.copy()) for name, (_, q) in declared.queues.items()},
        "active": o.active, **o.kept_besides(),
    }


def check(o: BrianObject, found: Mapping[str, Any]) -> None:
    """`WrongState` where `put_back` would not do, in an object of other variables or another size; changes nothing."""
    o.check_kept(found)
    declared = o.declared()
    if declared.queues.keys() != found["queues"].keys():
        raise WrongState(f"{o.name} keeps other events and records than when it was stored",
                         found=_both(declared.queues, found["queues"]), help=SAME)
    if o.resized_by(found):
        return
    for name, (_, values) in declared.arrays.items():
        kept = found["arrays"].get(name)
        if kept is not None and kept.shape != values.shape and name not in declared.derived:
            raise WrongState(f"'{name}' has another size than when it was stored",
                             found=f"{values.shape} and {kept.shape}", help=SAME)


def _both(now: Iterable[str], then: Iterable[str]) -> str:
    return f"{', '.join(sorted(now)) or 'none'}; stored: {', '.join(sorted(then)) or 'none'}"


def put_back_active(o: BrianObject, found: Mapping[str, Any]) -> None:
    """Updated or not, as when `snapshot` was called."""
    was = found.get("active", o.active)
    if was != o.active:
        o.set_active(was)


def put_back(o: BrianObject, found: Mapping[str, Any]) -> None:
    """The object as it was when `snapshot` was called; `WrongState` where an array has another size now."""
    o.take_back(found)
    declared = o.declared()
    for name, (_, values) in declared.arrays.items():
        kept = found["arrays"].get(name)
        if kept is not None and kept.shape == values.shape:
            values[...] = kept
        elif kept is not None and name not in declared.derived:
            raise WrongState(f"'{name}' has another size than when it was stored",
                             found=f"{values.shape} and {kept.shape}")
    for name, (_, q) in declared.queues.items():
        if name in found["queues"]:
            data, count = found["queues"][name]
            q.data, q.count = data.copy(), count.copy()
