"""The tasks of a projection after reduction: states move to the neurons, events act once per neuron or add to a sum."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from brainsim.integrators.terms import ONE, ZERO, add, is_number, multiply
from brainsim.language.trees import Assign, Call, Name, Number, Op, Tree, names, substitute
from brainsim.model.resolve import Block
from brainsim.model.symbols import Past, Symbol, key_of
from brainsim.model.tasks import Elementwise, Summed, Task, Transmission
from brainsim.naming import supplied
from brainsim.reduction.late import last_task
from brainsim.reduction.projection import Parts, Projection, Side, draws, final, keys, locals_of, needed, seen_from
from brainsim.reduction.sums import Factor, Sums, increment, scaling


@dataclass(frozen=True)
class Substitute:
    """An array that takes the place of values per synapse.

    ``kind``: 'equal', 'sum', 'static' (a sum of constants), 'noise' (the root of a sum of their squares), 'payload'
    (between two assignments of an event), 'past' (a ring of values of earlier steps), 'sent' (a ring of what events of
    earlier steps took along) or 'newest' (the latest place of the rings).
    """

    program: str
    kind: str
    side: str
    dtype: str
    state: str = ""                       #: program name of the state it stands for
    factor: Factor = Factor(ONE)          #: of a sum
    pathway: str = ""                     #: whose delays count, for states read late

    def weighed_by(self, program: str) -> bool:
        """Whether this variable is in the factor."""
        return any(s.program == program for s in self.factor.symbols.values())


@dataclass(frozen=True)
class Through:
    """Cells between the synapses and their targets: the projection without them, and the constants that tell them
    apart."""

    projection: Projection
    constants: tuple[Symbol, ...]


@dataclass(frozen=True)
class Moves:
    """Which states go where."""

    parts: Parts
    equal: Mapping[str, str]              #: program name → side
    sums: Sums
    late: Mapping[str, Transmission] = field(default_factory=dict)   #: states equal at the source that are read late
    places: dict[str, Substitute] = field(default_factory=dict)
    through: "Through | None" = None      #: cells that the tasks are led through before they are rewritten
    beside: bool = False                  #: whether values per synapse are kept beside their sums, which nobody reads
    apart: bool = False                   #: whether the sums over synapses are taken once more, each by itself

    # -- names ---------------------------------------------------------------------------------------------------------
    def equal_place(self, v: str) -> Substitute:
        """Where a state that is equal at one side lies."""
        side = self.equal[v]
        pathway = self.late[v].name if v in self.late else ""
        return self._place(
            Substitute(f"{v}@{side}", "equal", side, self.parts.projection.dtypes.get(v, "f8"), v, pathway=pathway))

    def last_place(self, side: str) -> Substitute:
        """Time of the last event of a neuron, for event-driven states of a side."""
        last = self.parts.projection.last_update
        late = [path.name for v, path in self.late.items() if self.is_driven(v) and self.equal[v] == side]
        return self._place(Substitute(f"{last}@{side}", "equal", side, "f8", last, pathway=late[0] if late else ""))

    def past_place(self, place: Substitute) -> Substitute:
        """The ring of earlier values of a state."""
        return self._place(replace(place, program=f"{place.program}.past", kind="past"))

    def newest(self, v: str) -> Substitute:
        """The latest place of the rings that go with the pathway of a state."""
        path = self.late[v].name
        return self._place(Substitute(supplied(path, "newest"), "newest", self.equal[v], "i4", v, pathway=path))

    def past(self, v: str, reading: bool, ahead: int = 0) -> Past | None:
        """How a ring of a state is read by a synapse, or written by a neuron; None for a state that has no ring."""
        if v not in self.late:
            return None
        path = self.late[v]
        return Past(self.newest(v).program, supplied(path.name, "slots"), path.delay if reading else "", ahead)

    def payload(self, v: str, version: int) -> Substitute:
        """A value of a state between two assignments of an event."""
        side = self.equal[v]
        kind, pathway = ("sent", self.late[v].name) if v in self.late else ("payload", "")
        return self._place(
            Substitute(f"{v}@{side}.{version}", kind, side, self.parts.projection.dtypes.get(v, "f8"), v,
                       pathway=pathway))

    def sum_place(self, v: str, factor: Factor) -> Substitute:
        """Where the sum of a state under a factor lies."""
        number = list(self.sums.factors).index(factor)
        return self._place(
            Substitute(f"{v}@sum{number}", "sum", self.parts.projection.post.name,
                       self.parts.projection.dtypes.get(v, "f8"),
                       v, factor))

    def static_place(self, factor: Factor, kind: str = "static") -> Substitute:
        """Where the sum of constants lies, or the amplitude of noise."""
        same = [p for p in self.places.values() if p.kind == kind and p.factor == factor]
        number = sum(p.kind == kind for p in self.places.values())
        side, word = self.parts.projection.post.name, "drive" if kind == "static" else kind
        return same[0] if same else self._place(
            Substitute(f"{self.parts.projection.space}.{word}{number}@{side}", kind, side, "f8", "", factor))

    def _place(self, place: Substitute) -> Substitute:
        return self.places.setdefault(place.program, place)

    def is_driven(self, v: str) -> bool:
        """Whether a state is event-driven."""
        return v in self.parts.projection.event_driven


def rewritten(plan: Moves) -> list[Task]:
    """All tasks of the network, those of the projection in their new form."""
    parts = plan.parts
    near = {t.name for t in parts.near}
    made = [_redirected(t, plan) if t.name in near else t for t in parts.others]
    if parts.update is not None:
        made += _updates(plan)
    for task in parts.summed:
        made.append(_total(plan, task) if task.name in plan.sums.outputs else _redirected(task, plan))
        if plan.apart and task.name in plan.sums.outputs:
            made.append(_apart(_redirected(task, plan)))
    made += [_pathway(plan, path) for path in parts.pathways]
    made += [_remembered(plan, path) for path in parts.pathways if any(path is late for late in plan.late.values())]
    return made


def _apart(task: Task) -> Summed:
    """The sum over synapses in an array of its own."""
    assert isinstance(task, Summed)
    return replace(task, name=f"{task.name}_apart",
                   target=replace(task.target, program=apart_name(task.target.program)))


def apart_name(program: str) -> str:
    """The array of a summed variable by itself, where the variable holds the sum of several projections."""
    return f"{program}@apart"


# -- symbols
# -------------------------------------------------------------------------------------------------------------
def _moved(symbol: Symbol, plan: Moves, here: str) -> Symbol:
    """A reference to a state that has moved to a neuron; ``here`` is the side whose neurons look, empty for
    synapses."""
    if symbol.kind == "array" and symbol.program in plan.equal:
        place = plan.equal_place(symbol.program)
        path = (*symbol.path, plan.parts.projection.side(place.side).index)
        if symbol.program in plan.late and here != place.side:
            return replace(symbol, program=plan.past_place(place).program, path=path,
                           past=plan.past(symbol.program, True))
        return replace(symbol, program=place.program, path=path)
    return symbol


def _symbols(symbols: Mapping[str, Symbol], plan: Moves, here: str = "") -> dict[str, Symbol]:
    return {k: _moved(s, plan, here) for k, s in symbols.items()}


def _redirected(task: Task, plan: Moves) -> Task:
    block = task.code.get("block")
    if block is None or not any(s.program in plan.equal for s in block.symbols.values()):
        return task
    return replace(task, block=replace(block, symbols=_symbols(block.symbols, plan)))


def _of_neuron(block: Block, plan: Moves, side: Side) -> Block:
    """The block as the neurons of a side run it."""
    return replace(block, symbols={k: seen_from(s, side) for k, s in _symbols(block.symbols, plan, side.name).items()})


def _array(program: str, path: tuple[str, ...], dtype: str, name: str, past: Past | None = None) -> Symbol:
    return Symbol(name, "array", program, dtype=dtype, path=path, writable=True, past=past)


# -- continuous change
# ---------------------------------------------------------------------------------------------------
def _updates(plan: Moves) -> list[Task]:
    parts, update = plan.parts, plan.parts.update
    assert update is not None
    block, local = update.block, locals_of(update.block)
    stored = {s.target for s in block.assignments} - local
    away = frozenset(plan.equal) if plan.beside else plan.sums.states.union(plan.equal)
    gone = {k for k in stored if block.symbols[k].program in away}
    made: list[Task] = []
    code = tuple(s for s in block.assignments if s.target not in _noise_of_sums(plan))
    rest = _needed_or_drawn(code, frozenset(stored - gone), local, block)
    if any(s.target not in local for s in rest):
        made.append(replace(update, block=replace(block, statements=rest, symbols=_symbols(block.symbols, plan))))
    for name in ("pre", "post"):
        here = frozenset(k for k in stored if plan.equal.get(block.symbols[k].program) == name)
        if here:
            side = parts.projection.side(name)
            mine = _of_neuron(replace(block, statements=needed(block.assignments, here, local)), plan, side)
            made.append(replace(update, name=f"{update.name}.{name}", space=side.space, bounds=side.bounds, block=mine))
    for number, (factor, states) in enumerate(plan.sums.factors.items()):
        made.append(_column(plan, number, factor, states))
    return made


def _noise_of_sums(plan: Moves) -> frozenset[str]:
    """Names of normal numbers that only sums need."""
    assert plan.parts.update is not None
    block = plan.parts.update.block
    if not any(m.noise for m in plan.sums.maps.values()):
        return frozenset()
    sums = keys(block, plan.sums.states)
    rest = needed(block.assignments,
                  frozenset(s.target for s in block.assignments) - locals_of(block) - set(sums), locals_of(block))
    return frozenset(s.target for s in block.assignments
                     if s.target in locals_of(block) and draws(s.value, block)) - {s.target for s in rest}


def _column(plan: Moves, number: int, factor: Factor, states: frozenset[str]) -> Elementwise:
    """The step of the sums under one factor, for every target."""
    update, side = plan.parts.update, plan.parts.projection.post
    assert update is not None
    symbols: dict[str, Symbol] = {}
    first, last = [], []
    for k, v in enumerate(sorted(s for s in states if s in plan.sums.maps)):
        here = plan.sum_place(v, factor)
        symbols |= {
            key: seen_from(s, side) for key, s in _symbols(plan.sums.maps[v].symbols, plan).items()
            if key not in symbols
        }
        value: Tree = ZERO
        for inner, state, psi in plan.sums.maps[v].terms:
            place = plan.sum_place(state, factor) if state else plan.static_place(_product(factor, inner))
            key = key_of(place.program)
            symbols[key] = _array(place.program, (), place.dtype, key)
            value = add(value, multiply(psi, Name(key)))
        for inner, psi in plan.sums.maps[v].noise:
            place = plan.static_place(_product(factor, inner), "noise")
            key = key_of(place.program)
            symbols[key] = _array(place.program, (), place.dtype, key)
            value = add(value, multiply(multiply(psi, Name(key)), Call("randn", ())))
        target = key_of(here.program)
        symbols[target] = _array(here.program, (), here.dtype, target)
        symbols[f"_new_{k}"] = Symbol(f"_new_{k}", "local", f"_new_{k}", dtype=here.dtype, writable=True)
        first.append(Assign(f"_new_{k}", "=", value))
        last.append(Assign(target, "=", Name(f"_new_{k}")))
    block = Block((*first, *last), symbols, update.block.functions, "state update of sums")
    return replace(update, name=column_name(update, side, number), space=side.space, bounds=side.bounds, block=block)


def column_name(update: Elementwise, side: Side, number: int) -> str:
    """What the step of the sums under one factor is called."""
    return f"{update.name}.{'column' if side.name == 'post' else side.name}{number}"


def _product(a: Factor, b: Factor) -> Factor:
    return Factor(multiply(a.tree, b.tree), {**a.symbols, **b.symbols})


def _total(plan: Moves, task: Summed) -> Elementwise | Summed:
    """A summed variable as a function of the sums; sums of cells are added up."""
    side, output = plan.parts.projection.post, plan.sums.outputs[task.name]
    symbols = {k: seen_from(s, side) for k, s in _symbols(output.symbols, plan).items()}
    value: Tree = ZERO
    for factor, state, psi in output.terms:
        place = plan.sum_place(state, factor)
        key = key_of(place.program)
        symbols[key] = _array(place.program, (), place.dtype, key)
        value = add(value, multiply(psi, Name(key)))
    symbols["_total"] = seen_from(task.target, side)
    if symbols["_total"].path:
        block = Block((Assign("_value", "=", value),), symbols, task.block.functions, task.block.title)
        return replace(task, space=side.space, target=symbols["_total"], block=block)
    block = Block((Assign("_total", "=", value),), symbols, task.block.functions, task.block.title)
    return Elementwise(name=task.name, clock=task.clock, when=task.when, order=task.order, space=task.target_space,
                       bounds=task.bounds, block=block)


# -- states read late
# ----------------------------------------------------------------------------------------------------
def _remembered(plan: Moves, path: Transmission) -> Elementwise:
    """At the end of what changes them in a step, the states of the sources go into their rings."""
    parts = plan.parts
    last, side = last_task(parts, path), parts.projection.pre
    states = sorted(v for v, p in plan.late.items() if p is path)
    kept = [*map(plan.equal_place, states), *([plan.last_place("pre")] if any(map(plan.is_driven, states)) else [])]
    now, slots = _array(plan.newest(states[0]).program, (), "i4",
                        "_newest"), Symbol("_slots", "param", supplied(path.name, "slots"), dtype="i8")
    symbols = {"_newest": replace(now, shared=True), "_slots": slots}
    code = []
    for n, place in enumerate(kept):
        symbols[f"_{n}"] = _array(place.program, (), place.dtype, f"_{n}")
        symbols[f"_past_{n}"] = _array(
            plan.past_place(place).program, (), place.dtype, f"_past_{n}", plan.past(states[0], False))
        code.append(Assign(f"_past_{n}", "=", Name(f"_{n}")))
    step = Assign("_newest", "=", Op("%", (Op("+", (Name("_newest"), Number(1))), Name("_slots"))))
    return Elementwise(name=f"{last.name}.pre.past", clock=last.clock, when=last.when, order=last.order,
                       space=side.space, bounds=side.bounds, before=Block((step,), symbols, {},
                                                                          "places of earlier values"),
                       block=Block(tuple(code), symbols, {}, "earlier values"))


# -- events
# --------------------------------------------------------------------------------------------------------------
def _pathway(plan: Moves, path: Transmission) -> Transmission:
    parts, block = plan.parts, path.block
    own = parts.side_of(path)
    mine = frozenset(k for k in keys(block, plan.equal) if plan.equal[block.symbols[k].program] == own.name
                     and (not path.scattered or plan.late.get(block.symbols[k].program) is path))
    once = _once(plan, path, own, mine)
    rest = _for_each(plan, path, own, mine)
    return replace(path, once=once if once.assignments else path.once, block=rest)


def _once(plan: Moves, path: Transmission, own: Side, mine: frozenset[str]) -> Block:
    """What an event does once for its neuron: states equal at its side, sums that are scaled."""
    block, p = path.block, plan.parts.projection
    driven = any(plan.is_driven(block.symbols[k].program) for k in mine) and path.driven > 0
    code = block.assignments[:len(block.assignments) - 1] if path.driven else block.assignments
    symbols = {k: seen_from(s, own) for k, s in _symbols(block.symbols, plan, own.name).items()}
    chosen = needed(code, frozenset(k for k in mine if any(s.target == k for s in code)), locals_of(block))
    final_version, made = _versions(code, mine), []
    count, read = dict.fromkeys(mine, 0), _payloads_read(plan, path, mine)

    def sent(v: str, k: int) -> Assign:
        place, key = plan.payload(block.symbols[v].program, k), f"_{v}_{k}"
        symbols[key] = _array(place.program, (), place.dtype, key, plan.past(block.symbols[v].program, False, 1))
        return Assign(key, "=", Name(v))

    for s in chosen:
        if s.target in mine:
            v, k = s.target, count[s.target]
            if (v, k) in read and k != final_version[v]:
                made.append(sent(v, k))
            count[v] += 1
        made.append(s)
    made += [sent(v, k) for v, k in sorted(read) if k == final_version[v] and block.symbols[v].program in plan.late]
    if driven:
        last = plan.last_place(own.name)
        key = next(k for k, s in block.symbols.items() if s.program == p.last_update and s.kind == "array")
        symbols[key] = _array(last.program, (), "f8", key)
        made.append(block.assignments[-1])
    for s in code:
        v = keys(block, plan.sums.states).get(s.target)
        factor = scaling(s) if v is not None and increment(s) is None else None
        if v is not None and factor is not None:
            for copy, states in plan.sums.factors.items():
                if v in states:
                    place = plan.sum_place(v, copy)
                    key = key_of(place.program)
                    symbols[key] = _array(place.program, (), place.dtype, key)
                    made.append(Assign(key, "*=", factor))
    return Block(tuple(made), symbols, block.functions, block.title)


def _versions(code: Iterable[Assign], mine: frozenset[str]) -> dict[str, int]:
    return {v: sum(s.target == v for s in code) for v in mine}


def _payloads_read(plan: Moves, path: Transmission, mine: frozenset[str]) -> set[tuple[str, int]]:
    """Which values of the event's own states, by number of assignments before, the code of single synapses reads."""
    block = path.block
    code = block.assignments[:-1] if path.driven else block.assignments
    kept = _kept_for_each(plan, path, mine)
    count, found = dict.fromkeys(mine, 0), set()
    for s in code:
        if s.target in mine:
            count[s.target] += 1
        elif any(s is k for k in kept):
            found |= {(v, count[v]) for v in names(s.value) & mine}
    return found


def _kept_for_each(plan: Moves, path: Transmission, mine: frozenset[str]) -> tuple[Assign, ...]:
    """The statements that single synapses still run."""
    block, p = path.block, plan.parts.projection
    local = locals_of(block)
    stored = {s.target for s in block.assignments} - local
    away = {k for k in stored if block.symbols[k].program in plan.equal}
    stays = [v for v in p.event_driven if v not in plan.equal]
    if path.driven and not stays:
        away |= {k for k in stored if block.symbols[k].program == p.last_update}
    return _needed_or_drawn(block.assignments, frozenset(stored - away - mine), local, block)


def _needed_or_drawn(statements: tuple[Assign, ...], targets: frozenset[str], local: frozenset[str],
                     block: Block) -> tuple[Assign, ...]:
    """As `needed`; statements that draw random numbers stay too, so that every other draw keeps its number."""
    random = frozenset(s.target for s in statements if s.target in local and draws(s.value, block))
    return needed(statements, targets | random, local)


def _for_each(plan: Moves, path: Transmission, own: Side, mine: frozenset[str]) -> Block:
    """What an event does at every synapse."""
    block = path.block
    symbols = _symbols(block.symbols, plan)
    kept = _kept_for_each(plan, path, mine)
    final_version, count = _versions(block.assignments, mine), dict.fromkeys(mine, 0)
    summed = keys(block, plan.sums.states)
    made: list[Assign] = []
    now = _brought_up(plan, path, mine, symbols, made, kept)
    for s in block.assignments:
        if s.target in mine:
            count[s.target] += 1
            continue
        if not any(s is k for k in kept):
            continue
        versions = {v: Name(f"_{v}_{count[v]}") for v in names(s.value) & mine
                    if count[v] != final_version[v] or block.symbols[v].program in plan.late}
        for v, key in versions.items():
            place = plan.payload(block.symbols[v].program, count[v])
            symbols[key.id] = _array(place.program, (own.index,), place.dtype, key.id,
                                     plan.past(block.symbols[v].program, True, 1))
        s = replace(s, value=substitute(s.value, {**now, **versions}))
        if s.target in summed and plan.beside:
            s = _drawn_once(s, block, symbols, made)
        made += _added(plan, s, summed[s.target], symbols) if s.target in summed else []
        made += [s] if s.target not in summed or plan.beside else []
    return replace(block, statements=tuple(made), symbols=symbols)


def _brought_up(plan: Moves, path: Transmission, mine: frozenset[str], symbols: dict[str, Symbol], made: list[Assign],
                kept: tuple[Assign, ...]) -> dict[str, Tree]:
    """Values at this time of event-driven states that are equal at a side whose own events keep them."""
    block, p = path.block, plan.parts.projection
    found: dict[str, Tree] = {}
    if not path.driven:
        return found
    values = final(block.assignments[:path.driven])
    read = {n for s in kept for n in names(s.value)}
    for key, program in keys(block, plan.equal).items():
        if key in mine or not plan.is_driven(program) or key not in read:
            continue
        side = p.side(plan.equal[program])
        place = plan.last_place(side.name)
        last = f"_last_{side.name}"
        symbols[last] = _array(place.program, (side.index,), "f8", last)
        mark = next(k for k, s in block.symbols.items() if s.program == p.last_update and s.kind == "array")
        now = f"_{key}_now"
        symbols[now] = Symbol(now, "local", now, symbols[key].dimension, symbols[key].dtype, writable=True)
        made.append(Assign(now, "=", substitute(values[key], {mark: Name(last)})))
        found[key] = Name(now)
    return found


def _drawn_once(s: Assign, block: Block, symbols: dict[str, Symbol], made: list[Assign]) -> Assign:
    """An addition of random numbers to a state, so that its sums get the same numbers."""
    value = increment(s)
    if value is None or not draws(value, block):
        return s
    key = f"_{s.target}_drawn{len(made)}"
    symbols[key] = Symbol(key, "local", key, dtype=symbols[s.target].dtype, writable=True)
    made.append(Assign(key, "=", value))
    return replace(s, op="+=", value=Name(key))


def _added(plan: Moves, s: Assign, v: str, symbols: dict[str, Symbol]) -> list[Assign]:
    """An addition to a state becomes additions to its sums."""
    value = increment(s)
    if value is None:
        return []              # a scaling, done once per neuron
    copies = [(f, plan.sum_place(v, f)) for f, states in plan.sums.factors.items() if v in states]
    made: list[Assign] = []
    if len(copies) > 1 and not isinstance(value, Name):
        key = f"_{s.target}_added"
        symbols[key] = Symbol(key, "local", key, dtype=copies[0][1].dtype, writable=True)
        made.append(Assign(key, "=", value))
        value = Name(key)
    for factor, place in copies:
        key = key_of(place.program)
        symbols[key] = _array(place.program, (plan.parts.projection.post.index,), place.dtype, key)
        symbols |= factor.symbols
        made.append(Assign(key, "+=", value if is_number(factor.tree, 1) else Op("*", (factor.tree, value)), s.span))
    return made
