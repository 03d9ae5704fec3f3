"""The pathways that `Synapses` are declared with: their names, code, events and delays."""
from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from brainsim.errors import WrongType, WrongValue

logger = logging.getLogger("brainsim")


@dataclass(frozen=True)
class Wanted:
    """A pathway to make, in the words of the user."""

    label: str
    code: str
    side: str          #: whose events it carries: 'pre' or 'post'
    order: int
    event: str
    delay: object


def pathways_wanted(owner: str, on_pre: object, on_post: object, delay: object, on_event: Any) -> list[Wanted]:
    """All pathways in the order of their declaration; `WrongValue` for the delay of one that there is not."""
    codes = [(label, code, "pre", -1) for label, code in _named(on_pre, "pre").items()]
    codes += [(label, code, "post", 1) for label, code in _named(on_post, "post").items()]
    labels = [label for label, *_ in codes]
    delays = delay if isinstance(delay, Mapping) else {} if delay is None else {"pre": delay}
    for label in delays:
        if label not in labels:
            raise WrongValue(
                f"{owner} has no pathway '{label}' to delay", found=", ".join(labels) or "no pathways",
                help=f"name the pathway: delay={{'{labels[0]}': 1*ms}}"
                if labels and not isinstance(delay, Mapping) else "")
    events = {} if isinstance(on_event, str) or not codes else dict(on_event)
    usual = on_event if isinstance(on_event, str) else "spike"
    return [Wanted(label, code, side, order, events.get(label, usual), delays.get(label))
            for label, code, side, order in codes]


def renamed(new: object, old: object, side: str) -> object:
    """The code of a side, which an older argument may give."""
    if old is not None:
        logger.warning("the argument '%s' is now called 'on_%s'", side, side, extra={"topic": f"deprecated_{side}"})
    return new if new is not None else old


def _named(code: object, default: str) -> dict[str, str]:
    if code is None:
        return {}
    if isinstance(code, str):
        return {default: code}
    if isinstance(code, Mapping):
        return dict(code)
    raise WrongType(f"on_{default} is a string of statements, or a dictionary of named ones", found=repr(code))
