"""Synaptic variables that are updated at spikes only: the closed-form solution over the time since the last update."""
from __future__ import annotations

from dataclasses import replace

from brainsim.errors import UnsupportedEquationsException
from brainsim.integrators.exact import exact
from brainsim.integrators.shared import share
from brainsim.integrators.system import System, Update, changing
from brainsim.language.trees import Name

ELAPSED = Name("_elapsed")
"""The time since the last update, ``t - lastupdate``."""


def integrate_event_driven(system: System) -> Update:
    """The update over `ELAPSED`; whatever is not one of the equations counts as it is now. Refuses what `exact`
    refuses."""
    read = frozenset().union(*(changing(system, rhs) for _, rhs in system.equations))
    present = read - system.variables - {"t", *system.noises}
    try:
        update = exact(replace(system, constant=system.constant | present, locally_constant=frozenset()), step=ELAPSED)
    except UnsupportedEquationsException as error:
        error.what = f"cannot be event-driven: {error.what}"
        error.help = ("event-driven equations are linear, without explicit t; "
                      "write (clock-driven) to solve it at every step")
        raise
    return share(replace(update, reason="event-driven: solved exactly over the time since the last update"),
                 system.stateful)
