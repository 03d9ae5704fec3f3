"""Optimisers and schedules of Optax by their text: ``'adam(1e-3)'``, ``'chain(clip_by_global_norm(1), sgd(0.1,
momentum=0.9))'``."""
from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import optax

from brainsim.errors import Source, Span, UnknownName, WrongSyntax, WrongType, WrongValue, near

OPTIMISER = "'adam(1e-3)' for example, or an optimiser of optax"
SCHEDULE = "'cosine_decay_schedule(1e-3, 1000)' for example, or a function of the number of the update"


def optimiser(given: object, schedule: object = None, clip: float | None = None) -> Any:
    """A gradient transformation of Optax.

    ``given``: its text or the transformation itself. ``schedule``: the learning rate over updates, by text or as a
    function; then the text has no learning rate of its own. ``clip``: gradients get this norm at most (all parameters
    together). Raises `UnknownName`, `WrongSyntax`, `WrongType` or `WrongValue`.
    """
    if isinstance(given, str):
        made = _called(given, "optimizer", schedule_of(schedule) if schedule is not None else None)
    elif schedule is not None:
        raise WrongValue("A schedule belongs to an optimiser that is given by its name",
                         help="optax.adam(schedule), or optimizer='adam', schedule=...")
    else:
        made: Any = given
    if not (callable(getattr(made, "init", None)) and callable(getattr(made, "update", None))):
        raise WrongType("This is no optimiser", found=repr(given)[:60], help=OPTIMISER)
    if clip is None:
        return made
    if not clip > 0:
        raise WrongValue("Gradients are clipped to a norm above 0", found=f"clip={clip!r}")
    return optax.chain(optax.clip_by_global_norm(float(clip)), made)


def schedule_of(given: object) -> Callable[..., Any]:
    """A learning rate as a function of the number of the update."""
    made = _called(given, "schedule", None) if isinstance(given, str) else given
    if not callable(made):
        raise WrongType("This is no schedule", found=repr(given)[:60], help=SCHEDULE)
    return made


def _called(text: str, title: str, rate: Any) -> Any:
    source = Source(text, title)
    help = OPTIMISER if title == "optimizer" else SCHEDULE
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        raise WrongSyntax(f"The {title} is no call of a function of optax", at=Span(source, 0, len(text)),
                          help=help) from None
    shift = len(text) - len(text.lstrip())

    def at(node: ast.expr) -> Span:
        return Span(source, shift + node.col_offset, shift + (node.end_col_offset or 0))

    def function(node: ast.expr) -> Any:
        name = ast.unparse(node)
        found = getattr(optax, name, None) if isinstance(node, ast.Name) else None
        if not callable(found):
            raise UnknownName(f"Optax has no '{name}'", at=at(node),
                              help=near(name, [n for n in dir(optax) if n.islower()]) or help)
        return found

    def value(node: ast.expr) -> Any:
        if isinstance(node, ast.Call):
            return called(node, [], {})
        if isinstance(node, ast.Name):
            return function(node)
        try:
            return ast.literal_eval(node)
        except ValueError:
            raise WrongSyntax("Arguments are numbers and functions of optax", at=at(node), help=help) from None

    def called(node: ast.expr, args: list[Any], keywords: dict[str, Any]) -> Any:
        name, given = (node.func, node) if isinstance(node, ast.Call) else (node, None)
        if given is not None:
            args = args + [value(a) for a in given.args]
            keywords = {**keywords, **{k.arg or "": value(k.value) for k in given.keywords}}
        try:
            return function(name)(*args, **keywords)
        except TypeError as error:
            if rate is not None and "learning_rate" in str(error):
                raise WrongValue("The learning rate is given twice, by the optimiser and by a schedule", at=at(node),
                                 help=f"optimizer='{ast.unparse(name)}' beside schedule=..., or no schedule") from error
            raise WrongValue(f"Optax refuses these arguments: {error}", at=at(node), help=help) from error

    return called(tree, [], {} if rate is None else {"learning_rate": rate})
