"""From the resolved code of synapses to what a spike does at a target neuron, and to sums of linear states at the
targets."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Set

from brainsim.errors import Unsupported
from brainsim.events.form import TIME, Arrival, Piece, StartSum, Summation, piece, program_name, renamed
from brainsim.events.refusals import refuse_functions
from brainsim.integrators.affine import affine, is_zero, polynomial, to_tree
from brainsim.integrators.system import System
from brainsim.integrators.terms import ZERO, add, multiply
from brainsim.language.expressions import to_text
from brainsim.language.trees import Assign, Name, Tree, names
from brainsim.model.resolve import Block
from brainsim.model.symbols import Symbol
from brainsim.naming import at_sender, end_index, field_of, is_at_sender, owner_of
from brainsim.reduction.sums import increment

PLASTIC = "a weight that learns has no exact gradient here; keep it constant, or use grad='surrogate'"


def arrival_of(name: str, synapses: str, source: str, target: str, block: Block, states: Set[str],
               summation: Summation | None) -> Arrival:
    """What a spike does. ``states``: of source and target, by their names in the program. Refuses what changes the
    synapse or the source."""
    refuse_functions(synapses, block, "on_pre")
    code = piece(block)
    at_target = {n for n, s in code.symbols.items() if s.path and s.path[0] == end_index(owner_of(s.path[0]), "post")}
    statements = [new for s in code.statements for new in _at_target(synapses, s, code, at_target, summation)]
    symbols = {**(summation.synaptic if summation else {}), **code.symbols}
    columns = sorted(
        {n for s in statements for n in names(s.value) if n in symbols and n not in at_target and n != TIME})
    for s in statements:
        for n in names(s.value) & {at_sender(x) for x in states}:
            raise Unsupported(f"{synapses}: on_pre reads '{field_of(n)}' of the source neuron, which changes",
                              at=s.span, help="read values of the target, or parameters that stay constant")
    return Arrival(name, synapses, source, target, tuple(statements), tuple(columns), symbols)


def _at_target(synapses: str, s: Assign, code: Piece, at_target: Set[str],
               summation: Summation | None) -> Iterable[Assign]:
    symbol = code.symbols.get(s.target)
    if symbol is None or s.target in at_target:
        _refuse_states(synapses, s, summation)
        return (s,)
    if summation is None or s.target not in summation.copies:
        where = "the source" if symbol.path else "the synapse"
        raise Unsupported(f"{synapses}: a spike changes '{symbol.name}' of {where}", at=s.target_span or s.span,
                          help=PLASTIC)
    added = increment(s)
    if added is None or names(added) & set(summation.copies):
        raise Unsupported(
            f"{synapses}: a spike does more than add to '{symbol.name}', which every synapse has for itself", at=s.span,
            help=f"keep '{symbol.name}' in the equations of the target, or let the spike add a constant to it")
    return tuple(
        Assign(name, "+=", multiply(factor, added), s.span, s.target_span)
        for factor, name in summation.copies[s.target].items())


def _refuse_states(synapses: str, s: Assign, summation: Summation | None) -> None:
    for n in names(s.value) & set(summation.copies if summation else ()):
        raise Unsupported(f"{synapses}: on_pre reads '{field_of(n)}', a state of every synapse", at=s.span,
                          help="keep it in the equations of the target")


def summation_of(synapses: str, system: System, block: Block, summed: Mapping[str, Block]) -> Summation:
    """Linear states of synapses as sums. ``summed``: the block of each summed variable by the variable's name in the
    program.

    With ``I_post = w*g*(E - v_post)`` the target keeps the sum of ``w*g``. Refuses states that are not linear, or not
    equal in their rates.
    """
    for each, what in ((block, "an equation"), *((b, "a summed variable") for b in summed.values())):
        refuse_functions(synapses, each, what)
    known = {key: program_name(s) for key, s in block.symbols.items() if s.kind != "local"}
    rates = {known[x]: renamed(rhs, known) for x, rhs in system.equations}
    symbols = {known[key]: s for key, s in block.symbols.items() if key in known}
    pieces = {target: piece(b) for target, b in summed.items()}
    for part in pieces.values():
        symbols |= part.symbols
    own = frozenset(n for n, s in symbols.items() if _is_own(n, s))
    made = _Copies(synapses, rates, own, frozenset(rates))
    inputs: dict[str, Tree] = {target: made.input(part.statements[-1]) for target, part in pieces.items()}
    found = made.equations()
    starts = {
        name: StartSum(synapses, multiply(factor, Name(x)), symbols) for x, copies in made.copies.items()
        for factor, name in copies.items()
    }
    return Summation(inputs, found, starts, made.copies, {n: s for n, s in symbols.items() if n not in own},
                     {n: s for n, s in symbols.items() if n in own})


def _is_own(name: str, symbol: Symbol) -> bool:
    stored = symbol.kind == "array" and not symbol.path and not symbol.shared
    return is_at_sender(name) or symbol.kind == "index" or stored


class _Copies:
    """Which states are summed under which factors; grows while equations are read."""

    def __init__(self, synapses: str, rates: Mapping[str, Tree], own: frozenset[str], states: frozenset[str]):
        self._synapses, self._rates, self._own, self._states = synapses, rates, own, states
        self.copies: dict[str, dict[Tree, str]] = {}

    def input(self, s: Assign) -> Tree:
        """A summed variable in terms of sums."""
        split = affine(s.value, self._states)
        if split is None or not is_zero(split.rest):
            raise self._refusal("a summed variable is not a multiple of the synapses' states", s)
        total: Tree = ZERO
        for x, coefficient in split.coefficients.items():
            for monomial, number in polynomial(coefficient).items():
                mine = frozenset((atom, power) for atom, power in monomial if names(atom) & self._own)
                if any(names(atom) - self._own for atom, _ in mine):
                    raise self._refusal(
                        "a summed variable mixes values of the synapse and of the target in one function", s)
                total = add(total, multiply(to_tree({monomial - mine: number}), Name(self._copy(x, to_tree({mine:
                                                                                                            1})))))
        return total

    def equations(self) -> dict[str, Tree]:
        """How each sum changes."""
        found: dict[str, Tree] = {}
        while waiting := [(x, f, n) for x, copies in self.copies.items() for f, n in copies.items() if n not in found]:
            for x, factor, name in waiting:
                split = affine(self._rates[x], self._states)
                own = split and [n for c in (*split.coefficients.values(), split.rest) for n in names(c) & self._own]
                if split is None or own or not is_zero(split.rest):
                    why = (f"its rate depends on '{field_of(own[0])}', which differs between synapses" if own
                           else "it is not linear")
                    raise self._refusal(
                        f"the state '{field_of(x)}' of the synapses cannot be kept as a sum: {why}", None,
                        self._rates[x])
                rate: Tree = ZERO
                for y, coefficient in split.coefficients.items():
                    rate = add(rate, multiply(coefficient, Name(self._copy(y, factor))))
                found[name] = rate
        return found

    def _copy(self, x: str, factor: Tree) -> str:
        copies = self.copies.setdefault(x, {})
        return copies.setdefault(factor, f"{x} times {to_text(factor)}")

    def _refusal(self, what: str, s: Assign | None, tree: Tree | None = None) -> Unsupported:
        at = s.span or s.value.span if s is not None else tree.span if tree is not None else None
        return Unsupported(
            f"{self._synapses}: {what}", at=at,
            help="write the synapse's equations into those of the target, one variable for each kind of synapse")
