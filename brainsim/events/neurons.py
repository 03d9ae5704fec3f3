"""From the resolved code of a group to its flow, event function and reset."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from brainsim.errors import Unsupported, UnsupportedEquationsException
from brainsim.events.form import TIME, Arrival, Neurons, Piece, Summation, piece, program_name, renamed
from brainsim.events.refusals import event_function, refuse_functions, refuse_jumps
from brainsim.integrators.exact import exact
from brainsim.integrators.linear import Linear, linear
from brainsim.integrators.system import System
from brainsim.language.trees import Assign, Number, Tree, names, substitute
from brainsim.model.resolve import Block
from brainsim.naming import field_of

RESET = "give it a reset that takes it below its threshold: reset='v = 0'"


def neurons_of(name: str, system: System, block: Block, threshold: Block | None, reset: Block | None,
               arrivals: Iterable[Arrival], sums: Sequence[Summation] = ()) -> Neurons:
    """One group as a hybrid system. ``block``: symbols and functions of ``system``; ``sums``: of synapses that act on
    the group all the time."""
    if system.noises:
        raise Unsupported(
            f"{name}: the equations contain the noise '{system.noises[0]}', so that no run is like another",
            at=dict(system.equations)[_noisy(system)].span, help="leave the noise out; surrogate gradients take it")
    code = [p for p in (threshold, reset) if p is not None]
    for part, what in [(block, "an equation"), *zip(code, ("the threshold", "the reset"))]:
        refuse_functions(name, part, what)
    known = {key: program_name(s) for key, s in block.symbols.items() if s.kind != "local"}
    inputs = {x: tree for s in sums for x, tree in s.inputs.items()}
    equations = {known[x]: substitute(renamed(rhs, known), inputs) for x, rhs in system.equations}
    equations |= {x: rate for s in sums for x, rate in s.rates.items()}
    symbols = {n: symbol for s in sums for n, symbol in s.symbols.items()
               } | {known[key]: s for key, s in block.symbols.items() if key in known}
    own, arrivals = [piece(b) for b in code], list(arrivals)
    for part in own:
        symbols |= part.symbols
    for arrival in arrivals:
        symbols |= {n: s for n, s in arrival.symbols.items() if n not in arrival.columns}
    written = {
        s.target for statements in (*(p.statements for p in own), *(a.statements for a in arrivals)) for s in statements
        if s.target in symbols
    }
    equations |= {x: Number(0) for x in sorted(written) if x not in equations}
    condition = own[0].statements[-1].value if threshold is not None else None
    states = frozenset(equations)
    event = None if condition is None else event_function(name, substitute(condition, inputs), states | {TIME})
    resets = _reset(name, own[1] if reset is not None else None, inputs, event)
    used = {
        n for tree in (*equations.values(), *(s.value for s in resets), *([event] if event is not None else ()))
        for n in names(tree)
    }
    used |= {n for a in arrivals for s in a.statements for n in names(s.value) if n not in a.columns}
    if TIME in used:
        equations[TIME], states = Number(1), states | {TIME}
    for x, rhs in equations.items():
        refuse_jumps(name, rhs, states, f"the equation of '{field_of(x)}'")
    params = tuple(sorted(n for n in used if n not in equations and n in symbols))
    made = Neurons(name, tuple(equations), tuple(equations.values()), event, resets, params, None, (), symbols,
                   {x: start for s in sums for x, start in s.starts.items()})
    return with_closed_form(made)


def with_closed_form(neurons: Neurons) -> Neurons:
    """The same with its exact solution, where the equations are linear and each can be solved after those it needs."""
    constant = frozenset(neurons.params) | {x for x, rate in zip(neurons.states, neurons.rates) if rate == Number(0)}
    moving = tuple((x, rate) for x, rate in zip(neurons.states, neurons.rates) if rate != Number(0))
    system = System(moving, constant | {"dt"})
    try:
        form = linear(system)
        if any(len(block) > 1 for block in form.blocks):
            return neurons
        closed = tuple(s for s in exact(system, extended=True).statements if isinstance(s, Assign))
    except UnsupportedEquationsException:
        return neurons
    return replace(neurons, closed=closed, pace=_pace(neurons.event, form))


def _pace(event: Tree | None, form: Linear) -> tuple[Tree, ...]:
    """Rates to look for crossings by; none where the slope of the event function is a sum of two exponentials, with one
    zero."""
    if event is None:
        return ()
    reached = names(event) & set(form.rates)
    while more := {y for x in reached for y in form.rates[x]} - reached:
        reached |= more
    if len(reached) <= 2 and _is_affine(event, frozenset(form.rates)):
        return ()
    return tuple(form.rate(x, x) for x in form.rates)


def _is_affine(tree: Tree, variables: frozenset[str]) -> bool:
    try:
        linear(System((("_event", tree), *((x, Number(0)) for x in variables)), names(tree) - variables))
    except UnsupportedEquationsException:
        return False
    return True


def _reset(name: str, code: Piece | None, inputs: Mapping[str, Tree], event: Tree | None) -> tuple[Assign, ...]:
    if event is None:
        return ()
    if code is None or not code.statements:
        raise Unsupported(f"{name} has a threshold and nothing that takes a neuron below it again",
                          at=event.span, help=RESET)
    return tuple(replace(s, value=substitute(s.value, inputs)) for s in code.statements)


def _noisy(system: System) -> str:
    return next(x for x, rhs in system.equations if names(rhs) & set(system.noises))
