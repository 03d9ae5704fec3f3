"""What event-based gradients cannot take, said with the user's own line."""
from __future__ import annotations

from collections.abc import Set

from brainsim.errors import Unsupported
from brainsim.language.functions import RANDOM
from brainsim.language.trees import Call, Op, Tree, names, walk
from brainsim.model.resolve import Block
from brainsim.naming import field_of

JUMPS = frozenset({"floor", "ceil", "int", "sign", "timestep"})
COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!=", "and", "or", "not", "select", "%", "//"})
INSTEAD = "grad='surrogate' works on the grid of time steps and takes it"


def refuse_functions(owner: str, block: Block, what: str) -> None:
    """Refuse random draws, functions from Python and values over time."""
    for statement in block.assignments:
        refuse_draws(owner, statement.value, what)
        for node in walk(statement.value):
            found = block.functions.get(node.function) if isinstance(node, Call) else None
            if found is not None and found.kind == "timed_array":
                raise Unsupported(
                    f"{owner}: {what} uses the TimedArray '{found.name}', which jumps at times of its own",
                    at=node.span,
                    help=f"give the input as spikes of a SpikeGeneratorGroup, or as a smooth function of t; {INSTEAD}")
            if found is not None and found.kind == "python":
                raise Unsupported(f"{owner}: {what} calls '{found.name}', a function whose derivative is not known",
                                  at=node.span, help="write its expression into the equations")


def refuse_draws(owner: str, tree: Tree, what: str) -> None:
    """Refuse random numbers."""
    for node in walk(tree):
        if isinstance(node, Call) and node.function in RANDOM:
            raise Unsupported(
                f"{owner}: {what} draws random numbers with '{node.function}()'", at=node.span,
                help=f"draw them beforehand, into a parameter of each neuron or as given spikes; {INSTEAD}")


def refuse_jumps(owner: str, tree: Tree, states: Set[str], what: str) -> None:
    """Refuse what makes a right-hand side jump other than at an event."""
    for node in walk(tree):
        jumps = isinstance(node, Call) and node.function in JUMPS or isinstance(node, Op) and node.op in COMPARISONS
        if jumps and names(node) & states:
            first = field_of(sorted(names(node) & states)[0])
            raise Unsupported(
                f"{owner}: {what} jumps where no event is: this part depends on '{first}' and is not continuous",
                at=node.span, help="keep the case in a parameter that the reset changes, 'on : 1' with 'on = 0'")


def event_function(owner: str, condition: Tree, states: Set[str]) -> Tree:
    """The function that is positive where a threshold is passed: ``a > b`` is ``a - b``. Refuses any other
    condition."""
    match condition:
        case Op(">" | ">=", (a, b), span):
            found = Op("-", (a, b), span)
        case Op("<" | "<=", (a, b), span):
            found = Op("-", (b, a), span)
        case _:
            raise Unsupported(
                f"{owner}: a threshold must be one comparison, so that it has a margin to cross",
                at=condition.span, help="threshold='v > v_th' for example; other conditions belong into the equations, "
                                        "as a factor that the reset changes")
    if not names(found) & states:
        raise Unsupported(f"{owner}: nothing in the threshold changes between events, so it is never crossed",
                          at=condition.span, help="spikes at given times come from a SpikeGeneratorGroup")
    refuse_jumps(owner, found, states, "the threshold")
    return found
