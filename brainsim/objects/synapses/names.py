"""What code of synapses can name: their indices, the number of a synapse in its pair, and the variables of both
sides."""
from __future__ import annotations

from brainsim.model.symbols import Symbol
from brainsim.naming import end_index, supplied
from brainsim.objects.groups.group import Group
from brainsim.objects.groups.variables import Variable
from brainsim.objects.names.namespace import RunNamespace
from brainsim.objects.neurons.subgroup import Subgroup
from brainsim.objects.synapses.check_model import Modelled
from brainsim.objects.synapses.synaptic_variable import SynapticVariable
from brainsim.units.dimensions import SECOND


def own_variables(s: Modelled) -> dict[str, Variable]:
    """When event-driven variables were last up to date, and the number of a synapse among those of its pair."""
    made: dict[str, Variable] = {}
    if any("event-driven" in e.flags for e in s.equations.of_kind("differential")):
        made["lastupdate"] = SynapticVariable("lastupdate", f"{s.name}.lastupdate", SECOND, read_only=False)
    if s.multisynaptic_index:
        k = s.multisynaptic_index
        made[k] = Variable(k, f"{s.name}.{k}", dtype="i4", read_only=True)
    return made


def fixed_variables(name: str, source: Group, target: Group) -> dict[str, Variable]:
    """The indices ``i`` and ``j``, and how many synapses there are: in all, and of each neuron."""
    made: dict[str, Variable] = {}
    for label, group, side in (("i", source, "pre"), ("j", target, "post")):
        offset = supplied(group.name, "first") if isinstance(group, Subgroup) else ""
        symbol = Symbol(label, "index", dtype="i4", path=(end_index(name, side),), constant=True, offset=offset)
        made[label] = Variable(label, f"{name}.{label}", dtype="i4", read_only=True, symbol=symbol)
    made["N"] = Variable("N", supplied(name, "N"), dtype="i4", shared=True, read_only=True,
                         symbol=Symbol("N", "size", name, dtype="i4", shared=True, constant=True))
    for label, side in (("N_outgoing", "pre"), ("N_incoming", "post")):
        symbol = Symbol(label, "array", supplied(name, f"{label}_{side}"), dtype="i4", path=(end_index(name, side),),
                        constant=True)
        made[label] = Variable(label, f"{name}.{label}", dtype="i4", read_only=True, symbol=symbol)
    return made


def seen_symbols(name: str, source: Group, target: Group, run: RunNamespace) -> dict[str, Symbol]:
    """Every name of the target bare, and those of both sides with their suffix (R31)."""
    seen: dict[str, Symbol] = {}
    for group, side in ((target, "post"), (source, "pre")):
        path = (end_index(name, side),)
        for own, symbol in group.own_scope(run).own.items():
            if symbol.kind == "clock":
                continue
            seen[f"{own}_{side}"] = symbol.via(path)
            if side == "post":
                seen.setdefault(own, symbol.via(path))
    return seen
