"""Which names a model may give to its variables."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection

from brainsim.errors import Span, WrongSyntax, WrongValue
from brainsim.language.functions import CONSTANTS, FUNCTIONS

SPECIAL = frozenset({"t", "dt", "t_in_timesteps", "xi", "i", "N"})
REFRACTORINESS = frozenset({"not_refractory", "refractory", "refractory_until"})
SYNAPTIC = frozenset({"j", "delay", "N_incoming", "N_outgoing"})
"""What `check_identifier` gets as ``extra_reserved`` for the variables of synapses."""

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def check_identifier(name: str, span: Span | None = None, extra_reserved: Collection[str] = ()) -> None:
    """Nothing, when a model may define a variable of this name; names of units are for the model to refuse.

    Raises `WrongSyntax`; for the suffixes ``_pre`` and ``_post`` `WrongValue` (of a summed variable check the name
    without its suffix).
    """
    if reason := _reserved(name, extra_reserved):
        raise WrongSyntax(f"'{name}' cannot be the name of a variable: {reason}", at=span, help="use another name")
    if name.endswith(("_pre", "_post")):
        suffix = name[name.rindex("_") :]
        what = f"'{name}' cannot be the name of a variable: '{suffix}' refers to the neuron of a synapse"
        raise WrongValue(what, at=span, help=f"use a name with another ending than '{suffix}'")


def _reserved(name: str, extra_reserved: Collection[str]) -> str:
    """Why the name is taken, or an empty string."""
    if not _IDENTIFIER.fullmatch(name):
        return "a name consists of letters, digits and '_', and does not begin with a digit"
    if keyword.iskeyword(name):
        return "it is a Python keyword"
    if name.startswith("_"):
        return "names that begin with '_' are used by brainsim"
    if name in SPECIAL or name.startswith("xi_") or name in extra_reserved:
        return "it has a special meaning"
    if name in REFRACTORINESS:
        return "it belongs to refractoriness"
    if name in FUNCTIONS:
        return "it is a function"
    return "it is a constant" if name in CONSTANTS else ""
