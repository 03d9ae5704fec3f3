"""Rule P3': synapses of a source with different delays share states all the same, each looking back by its own delay.

The state of a source is kept as if there were no delay, ``s_k(t) = S(t - d_k)``. That is the same when nothing but time
and its own events changes it, when it was at rest before the first event, and when whoever reads it needs the value
between two steps. The code of the event itself reads the value at emission, which the event takes along.
"""
from __future__ import annotations

from collections.abc import Mapping

from brainsim.language.trees import Tree, names
from brainsim.model.resolve import Block
from brainsim.model.tasks import Task, Transmission
from brainsim.reduction.projection import Parts, final, keys, locals_of, needed, traced
from brainsim.reduction.values import Obstacle, ValuesNow


def late_states(parts: Parts, together: frozenset[str]) -> Mapping[str, Transmission]:
    """States of ``together`` that events with scattered delays from the source change, and those tied to them: program
    name → pathway."""
    links = _links(parts, together)
    found: dict[str, Transmission] = {}
    for path in parts.pathways:
        if path.scattered and parts.side_of(path) is parts.projection.pre:
            new = {
                v for v in together
                if any(s.target in keys(path.block, [v]) for s in path.block.assignments[path.driven:])
            }
            while new:
                found |= {v: path for v in new if v not in found}
                new = {u for v in new for u in links[v]} - set(found)
    return found


def _links(parts: Parts, together: frozenset[str]) -> dict[str, set[str]]:
    """Which states depend on which, either way."""
    links: dict[str, set[str]] = {v: set() for v in together}
    blocks = [parts.update.block] if parts.update is not None else []
    for block in [*blocks, *(p.block for p in parts.pathways if parts.side_of(p) is parts.projection.pre)]:
        mine = keys(block, together)
        for target, value in final(block.assignments).items():
            for key in names(value) & set(mine) if target in mine else ():
                links[mine[target]].add(mine[key])
                links[mine[key]].add(mine[target])
    return links


def late_violation(parts: Parts, v: str, path: Transmission, late: Mapping[str, Transmission],
                   values: ValuesNow) -> Obstacle | None:
    """What keeps a state at a source with scattered delays from being read late; None when nothing does."""
    name = parts.projection.states[v]

    def rule(text: str) -> Obstacle:
        return Obstacle("P3'", f"the synapses of a source neuron have different delays, and {text}")

    for other in parts.pathways:
        own = parts.side_of(other) is parts.projection.pre
        code = other.block.assignments[other.driven:]
        touched = keys(other.block, [v])
        changes = any(s.target in touched for s in code)
        if other is not path and (changes or any(names(s.value) & set(touched) for s in code)):
            return rule(f"the code of '{other.name}' {'changes' if changes else 'reads'} {name} at times of its own")
        if other is not path and own and other.driven and v in parts.projection.event_driven:
            return rule(f"'{other.name}' brings {name} up to date at times of its own")
    changed = _changed_from_outside(parts, v, path, late)
    if changed:
        return rule(f"{name} depends on {changed}")
    if parts.update is not None and parts.update.clock != path.clock:
        return Obstacle("P6", f"{name} and the events of '{path.name}' have different clocks")
    reader = _reader_within_step(parts, v, path, late)
    if reader:
        return rule(f"'{reader}' reads {name} between its step and its events")
    why = values.waiting(v, path.name)
    if why:
        return rule(why)
    if not _rests(parts, v, path, values):
        return rule(
            f"{name} does not rest where it begins, so that its values before the first event are not known at the "
            f"source"
        )
    return None


def _changed_from_outside(parts: Parts, v: str, path: Transmission, late: Mapping[str, Transmission]) -> str:
    """What changes in the equation and the events of a state besides the states that are late together; in words."""
    for block, trees in _trees(parts, v, path):
        for tree in trees:
            for key in sorted(names(tree)):
                symbol = block.symbols.get(key)
                if symbol is None or symbol.kind == "local" or symbol.program in late:
                    continue
                if symbol.program == parts.projection.last_update and symbol.program:
                    return "lastupdate"
                if parts.varies(symbol):
                    return f"'{symbol.name}', which changes"
    return ""


def _trees(parts: Parts, v: str, path: Transmission) -> list[tuple[Block, list[Tree]]]:
    """What a state becomes in a step and at its events, in terms of the values before; how long events lie apart is a
    name of its own."""
    blocks = [(parts.update.block, parts.update.block.assignments)] if parts.update is not None else []
    blocks.append((path.block, path.block.assignments[1 if path.driven else 0:]))
    return [(block, [value for s, value, _ in traced(code) if s.target in keys(block, [v])]) for block, code in blocks]


def _rests(parts: Parts, v: str, path: Transmission, values: ValuesNow) -> bool:
    """Whether a state stays as it is as long as no event comes."""
    if v in parts.projection.event_driven:
        block, code = path.block, path.block.assignments[1:path.driven]
    elif parts.update is not None:
        block, code = parts.update.block, parts.update.block.assignments
    else:
        return True
    trees = final(code)
    key = next((k for k in keys(block, [v]) if k in trees), None)
    return key is None or values.resting(v, block, trees, key)


def constants(parts: Parts, late: Mapping[str, Transmission]) -> frozenset[str]:
    """Parameters and arrays that late states depend on: while they are late, these have to stay as they are."""
    found = set()
    for v, path in late.items():
        for block, trees in _trees(parts, v, path):
            symbols = [block.symbols[k] for tree in trees for k in names(tree) if k in block.symbols]
            found |= {s.program for s in symbols if s.kind in ("array", "param") and s.program not in late}
    return frozenset(found)


# -- within a step
# -------------------------------------------------------------------------------------------------------
def last_task(parts: Parts, path: Transmission) -> Task:
    """The later one of a step's two changes: after it, the value of the step is complete."""
    update = parts.update
    return update if update is not None and parts.order[update.name] > parts.order[path.name] else path


def _reader_within_step(parts: Parts, v: str, path: Transmission, late: Mapping[str, Transmission]) -> str:
    """A task that reads a state after one of the step's changes and before the other; empty when there is none."""
    update = parts.update
    if update is None:
        return ""
    first, last = sorted((parts.order[update.name], parts.order[path.name]))
    for task in (*parts.near, *parts.summed):
        if v in task.mentions and first < parts.order[task.name] < last:
            return task.name
    return update.name if parts.order[update.name] > parts.order[path.name] and _step_reads(parts, v, late) else ""


def _step_reads(parts: Parts, v: str, late: Mapping[str, Transmission]) -> bool:
    """Whether the step of a state that stays with the synapse reads this one."""
    assert parts.update is not None
    block = parts.update.block
    local = locals_of(block)
    for target in {s.target for s in block.assignments} - local:
        if block.symbols[target].program not in late:
            code = needed(block.assignments, frozenset([target]), local)
            if any(n in keys(block, [v]) for s in code for n in names(s.value)):
                return True
    return False
