"""Copies of everything that a run changes in an object, and the way back (`Network.store`, `Network.restore`)."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from brainsim.errors import WrongState
from brainsim.objects.groups.named import BrianObject, offers
from brainsim.objects.names.structure import structure_changed


def snapshot(o: BrianObject) -> dict[str, Any]:
    found: dict[str, Any] = {"arrays": {}, "queues": {}, "extra": {}}
    if offers(o, "arrays"):
        found["arrays"] = {name: values.copy() for name, (_, values) in o.arrays().items()
                           if values.flags.writeable}  # the rest follows from pairs
    if offers(o, "_pairs"):
        found["pairs"] = o._pairs()
    if offers(o, "queues"):
        found["queues"] = {name: (q.data.copy(), q.count.copy()) for name, (_, q) in o.queues().items()}
    if "_reduced" in vars(o):
        found["moved"] = o._reduced.kept()
    if "_delay" in vars(o):
        found["extra"] = {
            "delay": None if o._delay.values is None else o._delay.values.copy(), "scattered": o._scattered, "due_dt":
            o._due_dt
        }
    return found


def put_back(o: BrianObject, found: Mapping[str, Any]) -> None:
    if offers(o, "_pairs"):
        o.take_pairs(*found["pairs"])  # type: ignore[attr-defined]
    if "moved" in found:
        o._reduced.restore(found["moved"], found["arrays"])  # type: ignore[attr-defined]
    if offers(o, "arrays"):
        for name, (_, values) in o.arrays().items():
            kept = found["arrays"].get(name)
            if kept is not None and kept.shape == values.shape:
                values[...] = kept
            elif kept is not None and not name.endswith((".starts", ".ids", ".steps", ".indices")):
                raise WrongState(f"'{name}' has another size than when it was stored",
                                 found=f"{values.shape} and {kept.shape}")
    if offers(o, "queues"):
        for name, (_, q) in o.queues().items():
            if name in found["queues"]:
                data, count = found["queues"][name]
                q.data, q.count = data.copy(), count.copy()
    if "delay" in found["extra"]:
        kept = found["extra"]["delay"]
        now = o._delay.values  # type: ignore[attr-defined]
        if (kept is None) != (now is None) or kept is not None and not np.array_equal(kept, now):
            o._delay.values = None if kept is None else kept.copy()  # type: ignore[attr-defined]
            structure_changed()
        if (o._scattered, o._due_dt) != (found["extra"]["scattered"],
                                         found["extra"]["due_dt"]):  # type: ignore[attr-defined]
            o._scattered, o._due_dt = found["extra"]["scattered"], found["extra"][
                "due_dt"]  # type: ignore[attr-defined]
            structure_changed()
