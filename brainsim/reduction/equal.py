"""Classes PRE and POST-EQUAL: states that all synapses of one neuron have in common."""
from __future__ import annotations

from collections.abc import Mapping

from brainsim.language.trees import Assign, Tree, names
from brainsim.model.resolve import Block
from brainsim.model.tasks import Transmission
from brainsim.reduction.late import late_states, late_violation
from brainsim.reduction.projection import Parts, Side, draws, keys, traced
from brainsim.reduction.values import Obstacle, ValuesNow


def equal_states(parts: Parts, side: Side, values: ValuesNow) -> tuple[frozenset[str], Mapping[str, Obstacle]]:
    """The largest set of states (program names) that the synapses of a neuron share, and the rule that each of the
    others breaks."""
    broken: dict[str, Obstacle] = {}
    chosen = set(parts.projection.states)
    while True:
        found = {v: rule for v in chosen if (rule := violation(parts, side, v, frozenset(chosen), values)) is not None}
        if not found:
            return frozenset(chosen), broken
        broken |= found
        chosen -= set(found)


def violation(parts: Parts, side: Side, v: str, together: frozenset[str], values: ValuesNow) -> Obstacle | None:
    """The first rule that ``v`` breaks as a member of ``together``."""
    p, name = parts.projection, parts.projection.states[v]
    neuron = "source" if side.name == "pre" else "target"
    driven = v in p.event_driven
    late = late_states(parts, together) if side is p.pre else {}
    for task in parts.near:
        if v in task.assigns:
            return Obstacle("P4", f"'{task.name}' assigns to {name}")
        if driven and (v in task.mentions or p.last_update in task.mentions):
            return Obstacle("P4", f"'{task.name}' reads {name}, which is up to date at events only")
    if driven and any(v in t.mentions for t in parts.summed):
        return Obstacle("P4", f"a summed variable reads {name}")
    assigned = False
    if parts.update is not None:
        for tree, block in _assignments(parts.update.block, parts.update.block.assignments, v):
            assigned = True
            wrong = _foreign(parts, side, tree, block, together)
            if wrong:
                return Obstacle("P5" if wrong == "random" else "P1",
                                f"{name} depends on {wrong}" if wrong != "random" else f"{name} has noise of its own")
    for path in parts.pathways:
        own = parts.side_of(path) is side
        code = path.block.assignments if own else path.block.assignments[path.driven:]
        mine = path.block.assignments[path.driven:-1] if path.driven else ()
        if driven and any(n in keys(path.block, [p.last_update]) for s in mine for n in names(s.value)):
            return Obstacle("P4", f"the code of '{path.name}' reads lastupdate")
        if not own:
            if any(s.target in keys(path.block, [v]) for s in code):
                return Obstacle("P2", f"the pathway '{path.name}' of the other side assigns to {name}")
            continue
        found = list(_assignments(path.block, code, v))
        if not found:
            continue
        assigned = True
        if path.scattered and v not in late:
            return Obstacle("P3", f"the synapses of a {neuron} neuron have different delays")
        written = path.assigns - set(p.states)
        for tree, block in found:
            wrong = _foreign(parts, side, tree, block, together, written)
            if wrong:
                return Obstacle(
                    "P5" if wrong == "random" else "P1", f"{name} depends on {wrong}"
                    if wrong != "random" else f"a random number for each synapse is in {name}")
        if driven and not _composes(parts, path, v):
            return Obstacle("P1", f"the decay of {name} depends on something that changes")
    if not assigned:
        return Obstacle("P1", f"{name} is a parameter")
    if not values.equal(v, side.name) or driven and not values.equal(p.last_update, side.name):
        return Obstacle("P4", f"{name} has different values at the synapses of one {neuron} neuron")
    return late_violation(parts, v, late[v], late, values) if v in late else None


def _assignments(block: Block, code: tuple[Assign, ...], v: str) -> list[tuple[Tree, Block]]:
    mine = keys(block, [v])
    return [(value, block) for s, value, _ in traced(code) if s.target in mine]


def _foreign(parts: Parts, side: Side, tree: Tree, block: Block, together: frozenset[str],
             written: frozenset[str] = frozenset()) -> str:
    """What keeps a value from being the same for all synapses of a neuron; empty when nothing does."""
    p = parts.projection
    if draws(tree, block):
        return "random"
    for key in sorted(names(tree)):
        symbol = block.symbols.get(key)
        if symbol is None or symbol.kind == "local":
            continue
        where = parts.reach(symbol)
        if symbol.program == p.last_update and p.last_update:
            continue
        if where == "state" and symbol.program not in together:
            return f"'{p.states[symbol.program]}', which stays with the synapse"
        if where not in ("state", "shared", side.name):
            return f"'{symbol.name}', which belongs to the {'synapse' if where == 'syn' else 'other neuron'}"
        if symbol.program in written:
            return f"'{symbol.name}', which the same event changes"
    return ""


def _composes(parts: Parts, path: Transmission, v: str) -> bool:
    """Whether bringing an event-driven state up to date in two steps equals doing it in one: it depends on itself and
    on constants only."""
    block = path.block
    for s, value, _ in traced(block.assignments[:path.driven]):
        if s.target in keys(block, [v]):
            for key in names(value):
                symbol = block.symbols.get(key)
                if symbol is None or symbol.kind == "local" or symbol.program in (v, parts.projection.last_update):
                    continue
                if symbol.kind == "clock" and symbol.part == "t":
                    continue
                if parts.varies(symbol) or parts.reach(symbol) == "state":
                    return False
    return True
