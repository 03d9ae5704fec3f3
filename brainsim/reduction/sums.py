"""Class POST-SUM: states of which only the weighted sum over the synapses of a target neuron is needed."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from brainsim.integrators.affine import affine
from brainsim.integrators.terms import ONE, add, divide, is_number, multiply, negative, total
from brainsim.language.trees import Assign, Call, Name, Number, Op, Tree, names, rebuild
from brainsim.model.resolve import Block
from brainsim.model.symbols import Symbol
from brainsim.model.tasks import Summed, Transmission
from brainsim.reduction.projection import Parts, draws, final, keys
from brainsim.reduction.values import Obstacle


@dataclass(frozen=True)
class Factor:
    """A product of constants of the synapse, as a tree whose names are those of ``symbols``."""

    tree: Tree
    symbols: Mapping[str, Symbol] = field(compare=False, default_factory=dict)


@dataclass(frozen=True)
class LinearSum:
    """A sum over synapses, term by term: factor of the synapse, state (program name; empty: none), factor of the
    target.

    ``noise``: independent normal numbers at each synapse, by the factor of the synapse and that of the target.
    """

    terms: tuple[tuple[Factor, str, Tree], ...]
    symbols: Mapping[str, Symbol]
    noise: tuple[tuple[Factor, Tree], ...] = ()


@dataclass(frozen=True)
class Sums:
    """States kept as sums, how each changes in a step, and what is read."""

    states: frozenset[str]
    maps: Mapping[str, LinearSum]                #: new value of each state
    outputs: Mapping[str, LinearSum]             #: by name of the summed task

    @property
    def factors(self) -> dict[Factor, frozenset[str]]:
        """Each factor under which states are summed, and the states that this copy needs."""
        wanted: dict[Factor, set[str]] = {}
        for output in self.outputs.values():
            for factor, state, _ in output.terms:
                wanted.setdefault(factor, set()).add(state)
        return {f: self._closed(states) for f, states in wanted.items()}

    def _closed(self, states: set[str]) -> frozenset[str]:
        while True:
            more = {s for v in states for _, s, _ in (self.maps[v].terms if v in self.maps else ()) if s} - states
            if not more:
                return frozenset(states)
            states = states | more


def sums(parts: Parts, equal: Mapping[str, str], seen: Mapping[str, Obstacle]) -> tuple[Sums, Mapping[str, Obstacle]]:
    """The largest set of states of which the sums are enough, and the rule that each of the others breaks.

    ``equal`` says which states are already known to be equal among the synapses of a side (program name → 'pre' or
    'post'), ``seen`` which of them somebody looks at by synapse.
    """
    candidates = (frozenset(parts.projection.states) & parts.changing) - set(seen)
    chosen, broken = candidates, dict(seen)
    while found := _violations(parts, equal, chosen):
        broken |= found
        chosen -= set(found)
    while more := _forgotten(parts, equal, candidates, chosen):     # all violators at once may have been too many
        chosen |= more
        broken = {v: rule for v, rule in broken.items() if v not in more}
    for v in sorted(candidates - chosen):
        broken[v] = _violations(parts, equal, chosen | {v}).get(v) or broken[v]
    if not chosen:
        return Sums(frozenset(), {}, {}), broken
    maps = _maps(parts, equal, chosen) if parts.update is not None else {}
    outputs = {s.name: _output(parts, equal, s, chosen) for s in parts.summed if chosen & s.mentions}
    return Sums(chosen, {v: m for v, m in maps.items() if isinstance(m, LinearSum)},
                {n: o for n, o in outputs.items() if isinstance(o, LinearSum)}), broken


def _forgotten(parts: Parts, equal: Mapping[str, str], candidates: frozenset[str],
               chosen: frozenset[str]) -> frozenset[str]:
    """States, one or two, that may join those chosen after all."""
    left = sorted(candidates - chosen)
    for size in (1, 2):
        for some in combinations(left, size):
            if not _violations(parts, equal, chosen | set(some)):
                return frozenset(some)
    return frozenset()


def _violations(parts: Parts, equal: Mapping[str, str], chosen: frozenset[str]) -> dict[str, Obstacle]:
    p, found = parts.projection, {}

    def broke(v: str, number: str, text: str) -> None:
        found.setdefault(v, Obstacle(number, text))

    read = _read(parts)
    for v in chosen:
        if v not in read:
            broke(v, "L5", f"no summed variable reads {p.states[v]}")
        if v in p.event_driven:
            broke(v, "L8", f"{p.states[v]} is event-driven")
        for task in parts.near:
            if v in task.mentions:
                broke(v, "L6", f"'{task.name}' reads {p.states[v]} of single synapses")
    if parts.update is not None:
        maps = _maps(parts, equal, chosen)
        for v, found_map in maps.items():
            if isinstance(found_map, Obstacle):
                broke(v, found_map.number, found_map.text)
        for v in _correlated(parts, equal, chosen, maps):
            broke(v, "L7",
                  f"{p.states[v]} is summed with several factors, and the noise of these sums belongs together")
        block = parts.update.block
        mine = keys(block, chosen)
        for target, value in final(block.assignments).items():
            symbol = block.symbols.get(target)
            if symbol is not None and symbol.kind != "local" and target not in mine:
                for key in names(value) & set(mine):
                    broke(mine[key], "L6", f"{symbol.name} depends on {p.states[mine[key]]} of the same synapse")
    for path in parts.pathways:
        for v, rule in _jumps(parts, path, chosen).items():
            broke(v, rule.number, rule.text)
    for s in parts.summed:
        if chosen & s.mentions:
            output = _output(parts, equal, s, chosen)
            if isinstance(output, Obstacle):
                for v in chosen & s.mentions:
                    broke(v, output.number, output.text)
    return found


def _read(parts: Parts) -> set[str]:
    """States that summed variables read, and those that drive them."""
    read = {v for s in parts.summed for v in s.mentions}
    if parts.update is not None:
        block = parts.update.block
        mine, values = keys(block, parts.projection.states), final(block.assignments)
        while more := {
                mine[k] for key, v in mine.items() if v in read and key in values
                for k in names(values[key]) & set(mine)
        } - read:
            read |= more
    return read


# -- continuous change
# ---------------------------------------------------------------------------------------------------
def _maps(parts: Parts, equal: Mapping[str, str], chosen: frozenset[str]) -> dict[str, LinearSum | Obstacle]:
    assert parts.update is not None
    p, block = parts.projection, parts.update.block
    noises = _normal(block) if p.in_law else {}
    mine, values = keys(block, chosen), final(s for s in block.assignments if s.target not in noises)
    found: dict[str, LinearSum | Obstacle] = {}
    for key, v in mine.items():
        if key not in values:
            continue
        name = p.states[v]
        if draws(values[key], block):
            found[v] = Obstacle(
                "L7", f"{name} has noise of its own at each synapse" +
                ("" if p.in_law else " (reduce_noise=True keeps its law)"))
            continue
        split = affine(values[key], frozenset(mine))
        if split is None:
            found[v] = Obstacle("L1",
                                f"d{name}/dt is not linear in {', '.join(sorted(p.states[u] for u in mine.values()))}")
            continue
        terms: list[tuple[Factor, str, Tree]] = []
        for u, coefficient in split.coefficients.items():
            if names(coefficient) & set(noises):
                found[v] = Obstacle("L7", f"the noise of {name} is not additive")
                break
            wrong = _not_of_target(parts, equal, coefficient, block)
            if wrong:
                found[v] = Obstacle("L1", f"the rate of change of {name} depends on {wrong}")
                break
            terms.append((Factor(ONE), mine[u], coefficient))
        else:
            others = {
                n for k, value in values.items() if k != key and block.symbols[k].kind != "local"
                for n in names(value) & set(noises)
            }
            noise = _noise(parts, equal, split.rest, block, noises, others)
            if isinstance(noise, str):
                found[v] = Obstacle("L7", f"the noise of {name} {noise}")
                continue
            amplitudes, left = noise
            rest = _drive(parts, equal, left, block)
            found[v] = Obstacle("L2", f"{name} is driven by {rest}") if isinstance(rest, str) else LinearSum(
                (*terms, *rest), block.symbols, amplitudes)
    return found


def _normal(block: Block) -> dict[str, Tree]:
    """Local names that are a normal number times something: name → what it is multiplied by."""
    found = {}
    for s in block.assignments:
        match s:
            case Assign(target, "=",
                        Op("*",
                           (scale, Call("randn",
                                        ())))) if block.symbols[target].kind == "local" and not draws(scale, block):
                found[target] = scale
    return found


def _noise(parts: Parts, equal: Mapping[str, str], rest: Tree, block: Block, noises: Mapping[str, Tree],
           others: set[str]) -> tuple[tuple[tuple[Factor, Tree], ...], Tree] | str:
    """The noise of a state, and what is left; or why it is not the same in law as noise of the sum (L7), in words."""
    split = affine(rest, frozenset(noises))
    if split is None:
        return "is not additive"
    found = []
    for n, amplitude in split.coefficients.items():
        if n in others:
            return "is that of another state too"
        pieces = separated(parts, equal, amplitude, block)
        if pieces is None or len({psi for _, psi in pieces}) != 1 or any(
                parts.varies(block.symbols[k]) for k in names(pieces[0][1])):
            return "has an amplitude that changes, or is not one product"
        factors = [factor for factor, _ in pieces]
        whole = Factor(total(f.tree for f in factors), {k: s for f in factors for k, s in f.symbols.items()})
        found.append((whole, multiply(pieces[0][1], noises[n])))
    return tuple(found), split.rest


def _correlated(parts: Parts, equal: Mapping[str, str], chosen: frozenset[str],
                maps: Mapping[str, LinearSum | Obstacle]) -> set[str]:
    """States with noise of which more than one sum is kept."""
    noisy = {v for v, m in maps.items() if isinstance(m, LinearSum) and m.noise}
    if not noisy:
        return set()
    outputs = {s.name: _output(parts, equal, s, chosen) for s in parts.summed if chosen & s.mentions}
    kept = Sums(chosen, {v: m for v, m in maps.items() if isinstance(m, LinearSum)},
                {n: o for n, o in outputs.items() if isinstance(o, LinearSum)})
    return {v for v in noisy if sum(v in states for states in kept.factors.values()) > 1}


def _not_of_target(parts: Parts, equal: Mapping[str, str], tree: Tree, block: Block) -> str:
    """What in a tree is neither shared nor of the target neuron; empty when nothing is."""
    for key in sorted(names(tree)):
        symbol = block.symbols[key]
        where = _where(parts, equal, symbol)
        if where not in ("shared", "post"):
            return f"'{symbol.name}', which has a value per {'source neuron' if where == 'pre' else 'synapse'}"
    return "a random number" if draws(tree, block) else ""


def _where(parts: Parts, equal: Mapping[str, str], symbol: Symbol) -> str:
    where = parts.reach(symbol)
    return equal.get(symbol.program, where) if where == "state" else where


def _drive(parts: Parts, equal: Mapping[str, str], rest: Tree, block: Block) -> list[tuple[Factor, str, Tree]] | str:
    if is_number(rest, 0):
        return []
    split = separated(parts, equal, rest, block)
    if split is None:
        return "something that changes at each synapse"
    for _, psi in split:
        for key in names(psi):
            if parts.varies(block.symbols[key]) or parts.reach(block.symbols[key]) == "state":
                return f"'{block.symbols[key].name}', which changes"
    return [(factor, "", psi) for factor, psi in split]


# -- events
# --------------------------------------------------------------------------------------------------------------
def increment(s: Assign) -> Tree | None:
    """What an assignment adds to its target; None when it does more than adding."""
    if s.op in ("+=", "-="):
        return s.value if s.op == "+=" else negative(s.value)
    if s.op != "=":
        return None
    split = affine(s.value, frozenset([s.target]))
    if split is None or not is_number(split.coefficients.get(s.target, Number(0)), 1):
        return None
    return split.rest


def scaling(s: Assign) -> Tree | None:
    """The factor when an assignment multiplies its target; None otherwise."""
    if s.op in ("*=", "/="):
        return s.value if s.op == "*=" else divide(ONE, s.value)
    if s.op != "=":
        return None
    split = affine(s.value, frozenset([s.target]))
    return split.coefficients[s.target] if split is not None and set(split.coefficients) == {s.target} and is_number(
        split.rest, 0) else None


def _jumps(parts: Parts, path: Transmission, chosen: frozenset[str]) -> dict[str, Obstacle]:
    p, block, found = parts.projection, path.block, {}
    mine = keys(block, chosen)
    tainted: dict[str, set[str]] = {}      # local name → states it was made from

    def states_in(tree: Tree) -> set[str]:
        return {mine[k] for k in names(tree) & set(mine)} | {v for k in names(tree) & set(tainted) for v in tainted[k]}

    for s in block.assignments:
        if s.target not in mine:
            for v in states_in(s.value):
                if block.symbols[s.target].kind == "local":
                    tainted.setdefault(s.target, set()).update(states_in(s.value))
                else:
                    found[v] = Obstacle("L6", f"the code of '{path.name}' reads {p.states[v]}")
            continue
        v, added = mine[s.target], increment(s)
        if added is None:
            factor = scaling(s)
            own = parts.side_of(path) is p.post and not path.scattered
            if factor is not None and own and not states_in(factor) and not _not_of_target(parts, {}, factor, block):
                continue
            found[v] = Obstacle("L3" if not own else "L4", f"an event does more than add to {p.states[v]}")
        elif states_in(added):
            found[v] = Obstacle("L3",
                                f"what an event adds to {p.states[v]} depends on "
                                f"{p.states[sorted(states_in(added))[0]]}")
    return found


# -- what is read
# --------------------------------------------------------------------------------------------------------
def _output(parts: Parts, equal: Mapping[str, str], task: Summed, chosen: frozenset[str]) -> LinearSum | Obstacle:
    p, block = parts.projection, task.block
    if task.target.path[:1] != (p.post.index,):
        return Obstacle("L5", f"'{task.name}' sums into the source")
    value = final(block.assignments)[block.assignments[-1].target]
    mine = keys(block, chosen)
    read = ", ".join(sorted(p.states[v] for v in mine.values()))
    split = affine(value, frozenset(mine))
    if split is None or draws(value, block):
        return Obstacle("L5", f"the summed variable is not linear in {read}")
    if not is_number(split.rest, 0):
        return Obstacle("L5", f"the summed variable has a term without {read}")
    terms: list[tuple[Factor, str, Tree]] = []
    for key, coefficient in split.coefficients.items():
        pieces = separated(parts, equal, coefficient, block)
        if pieces is None:
            return Obstacle(
                "L5",
                f"the factor of {p.states[mine[key]]} in the summed variable changes at each synapse or cannot be split"
            )
        changed = [p.later[x.program] for factor, _ in pieces for x in factor.symbols.values() if x.program in p.later]
        if changed:
            return Obstacle("L5", f"{changed[0]}, and it is a factor of {p.states[mine[key]]} in the summed variable")
        terms += [(factor, mine[key], psi) for factor, psi in pieces]
    return LinearSum(tuple(_collected(terms)), block.symbols)


def _collected(terms: Sequence[tuple[Factor, str, Tree]]) -> list[tuple[Factor, str, Tree]]:
    found: dict[tuple[Factor, str], Tree] = {}
    for factor, state, psi in terms:
        found[factor, state] = add(found[factor, state], psi) if (factor, state) in found else psi
    return [(factor, state, psi) for (factor, state), psi in found.items()]


def separated(parts: Parts, equal: Mapping[str, str], tree: Tree, block: Block) -> list[tuple[Factor, Tree]] | None:
    """A tree as a sum of products (constant of the synapse) x (value of the target); None when it is not one."""
    def pure(t: Tree) -> str:
        """'post' (shared and target only), 'syn' (constants of synapse and source only), or '' for a mixture."""
        kinds = set()
        for key in names(t):
            symbol = block.symbols[key]
            where = _where(parts, equal, symbol)
            if where in ("syn", "pre") and (parts.varies(symbol) or parts.reach(symbol) == "state") or where == "state":
                return "never"
            kinds.add("post" if where in ("shared", "post") else "syn")
        return "" if len(kinds) > 1 else kinds.pop() if kinds else "post"

    def go(t: Tree) -> list[tuple[Tree, Tree]] | None:
        match pure(t), t:
            case "never", _:
                return None
            case "post", _:
                return [(ONE, t)]
            case "syn", _ if not any(isinstance(n, Op) and n.op in "+-" for n in [t]):
                return [(t, ONE)]
            case _, Op("+" | "-" as sign, (a, b)):
                left, right = go(a), go(b)
                if left is None or right is None:
                    return None
                return [*left, *((c, psi if sign == "+" else negative(psi)) for c, psi in right)]
            case _, Op("neg", (a,)):
                inner = go(a)
                return None if inner is None else [(c, negative(psi)) for c, psi in inner]
            case _, Op("*", (a, b)):
                left, right = go(a), go(b)
                if left is None or right is None:
                    return None
                return [(multiply(c, d), multiply(x, y)) for c, x in left for d, y in right]
            case _, Op("/", (a, b)) if pure(b) == "post":
                inner = go(a)
                return None if inner is None else [(c, divide(psi, b)) for c, psi in inner]
            case _, Op("/", (a, b)) if pure(b) == "syn":
                inner = go(a)
                return None if inner is None else [(divide(c, b), psi) for c, psi in inner]
            case "syn", _:
                return [(t, ONE)]
        return None

    if draws(tree, block):
        return None
    found = go(tree)
    return None if found is None else [(_factor(c, block), psi) for c, psi in found]


def _factor(tree: Tree, block: Block) -> Factor:
    """The factor with names that mean the same in every block."""
    symbols: dict[str, Symbol] = {}

    def rename(node: Tree) -> Tree:
        if not isinstance(node, Name):
            return node
        symbol = block.symbols[node.id]
        key = symbol.key
        symbols[key] = symbol
        return Name(key)

    renamed = rebuild(tree, rename)
    return Factor(renamed, symbols)
