"""What synapses in memory take, before or after they are made."""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from brainsim.ir.program import Array
from brainsim.ir.state import DTYPES
from brainsim.language.trees import Tree, names
from brainsim.model.equations import Equations
from brainsim.naming import field_of
from brainsim.objects.looks.memory import Line
from brainsim.objects.synapses.pathway import Carrying, Pathway


def stored_lines(s: Carrying, at_neurons: Mapping[str, tuple[Array, np.ndarray]], count: int) -> list[Line]:
    """So many synapses with a place each; ``at_neurons`` are the arrays of states that were moved there."""
    variables = [v for v in s.variables.values() if not v.moved and v.values is not None and v.symbol is None]
    lines = [Line(s.name, field_of(name), len(values), values.itemsize) for name, (_, values) in at_neurons.items()]
    lines += [Line(s.name, v.name, 1 if v.shared else count, DTYPES[v.dtype].itemsize) for v in variables]
    lines.append(Line(s.name, "index of the target", count, 4))
    return [*lines, Line(s.name, "index of the source", count, 4)] if s.reads_source else lines


def reads_source(equations: Equations, pathways: Sequence[Pathway], may_move: bool) -> bool:
    """Whether each step or a pathway of the target looks at the source of a synapse. Where states ``may_move``, an
    event-driven one may move to the source."""
    own = {e.name: (e, e.expression) for e in equations.equations if e.expression is not None}
    driven = {n for n, (e, _) in own.items() if "event-driven" in e.flags}
    stepped = [n for n, (e, _) in own.items() if "summed" in e.flags or e.kind == "differential" and n not in driven]
    reached = names_reached(stepped, {n: expression for n, (_, expression) in own.items()})
    back = [path for path in pathways if path.side == "post" or path.scattered]
    return any(n.endswith("_pre") or n == "i" for n in reached) or any(
        may_move and driven or re.search(r"\w_pre\b|\bi\b", path.code) for path in back)


def names_reached(wanted: Iterable[str], lines: Mapping[str, Tree]) -> set[str]:
    """All names that expressions use, through other expressions too."""
    reached: set[str] = set()
    waiting = list(wanted)
    while waiting:
        tree = lines.get(waiting.pop())
        fresh = names(tree) - reached if tree is not None else frozenset()
        reached |= fresh
        waiting += fresh
    return reached
