"""Groups whose elements have events: spikes, and others by name."""
from __future__ import annotations

from collections.abc import Mapping

from brainsim.objects.groups.group import Group
from brainsim.objects.groups.named import BrianObject


class EventSource(Group):
    """A group that pathways and monitors ask for its events."""

    events: Mapping[str, str]      #: conditions by name, ``spike`` for the threshold

    def event_queue(self, event: str) -> str:
        """Program name of the queue of an event."""
        raise NotImplementedError

    def looked_for_by(self, event: str) -> BrianObject:
        """The object at whose place in the schedule the event happens."""
        raise NotImplementedError
