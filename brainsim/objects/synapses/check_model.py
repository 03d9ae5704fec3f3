"""What synapses cannot be: equations that mean nothing for them, and models that need a place for each synapse where
there is none."""
from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from brainsim.errors import DimensionMismatchError, EquationError, WrongSyntax, WrongType, WrongValue
from brainsim.ir.state import DTYPES
from brainsim.language.equations import Equation
from brainsim.language.trees import names
from brainsim.model.equations import Equations
from brainsim.model.single_equation import dimension_of_unit
from brainsim.naming import field_of
from brainsim.objects.groups.scoped import TIMES
from brainsim.objects.looks.memory import Line
from brainsim.objects.names.namespace import unit_value
from brainsim.objects.synapses.pairs import Joining
from brainsim.objects.synapses.pathway import Pathway
from brainsim.objects.synapses.procedural import STORE, Law, ProceduralPairs, one_call_only

logger = logging.getLogger("brainsim")


class Modelled(Joining, Protocol):
    """Synapses with their equations."""

    equations: Equations
    multisynaptic_index: str | None
    connect_calls: int


def check_equations(s: Modelled) -> None:
    """Refuse equations that mean nothing for synapses; say what is integrated in every step without a word."""
    taken = {n for g in (s.source, s.target)
             for n in g.variables} - {"N", "i", "j", "lastupdate", "delay", *TIMES}
    for name in s.variables:
        if name in taken:
            raise WrongValue(f"'{name}' is already a variable of the source or the target of {s.name}",
                             at=s.variables[name].span,
                             help=f"use {name}_pre or {name}_post, or choose another name")
    driven = {e.name for e in s.equations.of_kind("differential") if "event-driven" in e.flags}
    clocked = {e.name for e in s.equations.of_kind("differential")} - driven
    needed = s.equations.dependencies
    for e in s.equations.equations:
        wrong = clocked if e.name in driven else driven if e.name in clocked else set()
        for d in needed.get(e.name, ()):
            if d.equation.name in wrong:
                through = "".join(f" through '{n}'" for n in d.via)
                raise EquationError(
                    f"'{e.name}' mixes event-driven and clock-driven variables: it depends on "
                    f"'{d.equation.name}'{through}",
                    at=e.span)
        if "summed" in e.flags:
            _check_summed(
                s, e.name, {d.equation.name: d.via for d in needed.get(e.name, ()) if d.equation.name in driven},
                e.span)
        if "shared" in e.flags:
            _check_reach(s, e)
    sums = [e.name for e in s.equations.of_kind("subexpression") if "summed" in e.flags]
    stems = [n.rpartition("_")[0] for n in sums]
    if s.source.parent is s.target.parent and len(set(stems)) < len(stems):
        raise WrongValue(f"{s.name} sums twice into one variable", found=", ".join(sums),
                         help="a summed variable has one sum")
    silent = [
        e.name for e in s.equations.of_kind("differential")
        if not {"event-driven", "clock-driven"} & set(e.flags)
    ]
    if silent:
        logger.info("%s: %s integrated every step; add (clock-driven) to say so, or (event-driven)", s.name,
                    ", ".join(silent), extra={"topic": "clock_driven"})


def _check_reach(s: Modelled, e: Equation) -> None:
    """What is shared by all synapses cannot refer to what differs between neurons."""
    for name in names(e.expression) - set(s.variables) if e.expression is not None else ():
        stem, _, side = name.rpartition("_")
        group = s.source if side == "pre" else s.target
        variable = group.variables.get(stem if side in ("pre", "post") else name)
        if variable is not None and not variable.shared:
            raise WrongSyntax(f"The shared '{e.name}' refers to '{name}', which has a value per neuron", at=e.span)


def _check_summed(s: Modelled, name: str, driven: Mapping[str, tuple[str, ...]], span: Any) -> None:
    stem, _, side = name.rpartition("_")
    if side not in ("pre", "post") or not stem:
        raise WrongValue(f"A summed variable is named after one of the target or the source, '{name}' is not",
                         at=span, help=f"write '{name}_post = ... (summed)'")
    group = s.target if side == "post" else s.source
    variable = group.variables.get(stem)
    if variable is None or variable.definition is not None or group.parent._is_differential(stem):
        raise WrongValue(f"'{stem}' must be a plain parameter of {group.name} to be summed into", at=span,
                         help=f"declare '{stem} : unit' in the equations of {group.name}")
    if driven:
        first = sorted(driven)[0]
        through = "".join(f" through '{n}'" for n in driven[first])
        raise EquationError(f"The summed '{name}' refers to the event-driven '{first}'{through}", at=span,
                            help="sum clock-driven variables: an event-driven one is only up to date at events")
    e = s.equations[name]
    if dimension_of_unit(e, unit_value) is not variable.dimension:
        raise DimensionMismatchError(f"'{name}' and '{stem}' of {group.name} must have the same unit",
                                     dimension_of_unit(e, unit_value), variable.dimension, at=span)


def check_not_stored(s: Modelled, pathways: Sequence[Pathway]) -> None:
    """Refuse models that need something stored for each synapse."""
    for e in s.equations.equations:
        if e.kind == "differential" or e.kind == "subexpression" and {"summed", "constant over dt"} & set(e.flags):
            raise WrongType(f"'{e.name}' needs a value for every synapse of {s.name}, and procedural ones have none",
                            at=e.span, help=STORE)
    for path in pathways:
        if path.side == "post":
            raise WrongType(
                f"The pathway '{path.label}' of {s.name} starts at the target; procedural synapses are found from the "
                "source only",
                help=STORE)
        path.check_one_delay()
    if s.multisynaptic_index:
        raise WrongType("multisynaptic_index needs a value for every synapse, and procedural ones have none",
                        help=STORE)


def tables_to_make(s: Modelled, pathways: Sequence[Pathway], p: float | None, n: float) -> list[Line]:
    """What procedural synapses by this probability would keep; the errors of `connect` where there can be none."""
    if s.connect_calls:
        raise one_call_only(s.name)
    check_not_stored(s, pathways)
    if p is None or not 0 < p or n != 1:
        raise WrongValue("Procedural synapses are made by one probability 0 < p <= 1", found=f"p={p}, n={n}",
                         help="memory_estimate(p=0.1, storage='procedural')")
    made = ProceduralPairs(Law(0, float(p), len(s.source), len(s.target), False))
    shared = [
        Line(s.name, v.name, 1, DTYPES[v.dtype].itemsize) for v in s.variables.values()
        if v.shared and v.values is not None and v.symbol is None
    ]
    return shared + [
        Line(s.name,
             field_of(name), len(values), values.itemsize) for name, (_, values) in made.tables(s.name).items()
    ]
