"""The rules of online learning by name: ``'d_rtrl'``, ``'es_d_rtrl(decay=0.98)'``, ``'eprop(kappa=0.95,
feedback="random")'``, ``'three_factor'``."""
from __future__ import annotations

import ast
from dataclasses import dataclass, replace

from brainsim.errors import UnknownName, WrongSyntax, WrongType, WrongValue, near

FEEDBACKS = ("symmetric", "random", "adaptive")


@dataclass(frozen=True)
class LearningRule:
    """A rule and its numbers. ``kappa``: the decay in a step of the filter on what readouts get, ``'readout'`` for that
    of the readout itself."""

    name: str
    decay: float | None = None              #: of the factors; None for traces of synapses
    kappa: float | str = "readout"
    feedback: str = "symmetric"             #: or 'random', 'adaptive', 'modulator'
    through_reset: bool = True              #: whether influence passes from a spike to the reset of the membrane

    @property
    def formula(self) -> str:
        """The rule in one line."""
        trace = "ε_f' = α D ε_f + (1-α) D_f,  ε_x' = α ε_x + x" if self.decay is not None else "ε' = D ε + D_f x"
        signal = {"symmetric": "∂L/∂h", "modulator": "m"}.get(self.feedback, "B ∂L/∂output")
        return f"{trace},  gradient += {signal} · {'ε_f ε_x / (1-α^t)' if self.decay is not None else 'ε'}"


#: name → rule with its defaults, and the numbers that may be given, in order
TABLE: dict[str, tuple[LearningRule, tuple[str, ...]]] = {
    "d_rtrl": (LearningRule("d_rtrl"), ("kappa",)),
    "es_d_rtrl": (LearningRule("es_d_rtrl", decay=0.98), ("decay", "rank", "kappa")),
    "eprop": (LearningRule("eprop", kappa=0.0, through_reset=False), ("kappa", "feedback")),
    "three_factor": (LearningRule("three_factor", kappa=0.0, feedback="modulator", through_reset=False), ("kappa",)),
}
ALIASES = {"pp_prop": "es_d_rtrl", "e_prop": "eprop"}
EXAMPLES = "'d_rtrl', 'es_d_rtrl(decay=0.98)', 'eprop(kappa=0.95, feedback=\"random\")', 'three_factor'"


def rule_of(text: object) -> LearningRule:
    """The rule that a text names. Raises `UnknownName`, `WrongSyntax` or `WrongValue`."""
    if isinstance(text, LearningRule):
        return text
    if not isinstance(text, str):
        raise WrongType("A rule of online learning is a name, with numbers in brackets", found=repr(text)[:60],
                        help=EXAMPLES)
    name, given, named = _read(text)
    name = ALIASES.get(name, name)
    if name not in TABLE:
        raise UnknownName(f"There is no rule of online learning called '{name}'", help=near(name, [*TABLE, *ALIASES])
                          or EXAMPLES)
    rule, allowed = TABLE[name]
    if len(given) > len(allowed):
        raise WrongSyntax(f"'{name}' takes {', '.join(allowed)}", found=text)
    values = {**dict(zip(allowed, given)), **named}
    for key in values:
        if key not in allowed:
            raise UnknownName(f"The rule '{name}' has nothing called '{key}'", found=text, help=near(key, allowed)
                              or f"it takes {', '.join(allowed)}")
    return _checked(replace(rule, **_by_rank(values)))


def _read(text: str) -> tuple[str, list[object], dict[str, object]]:
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        match tree:
            case ast.Name(name):
                return name, [], {}
            case ast.Call(ast.Name(name), args, keywords) if all(k.arg for k in keywords):
                return name, [ast.literal_eval(a)
                              for a in args], {str(k.arg): ast.literal_eval(k.value) for k in keywords}
    except (SyntaxError, ValueError):
        pass
    raise WrongSyntax("This is not the name of a rule with numbers in brackets", found=repr(text), help=EXAMPLES)


def _by_rank(values: dict[str, object]) -> dict[str, object]:
    """A rank r stands for the decay (r - 1)/(r + 1)."""
    if "rank" not in values:
        return values
    rank = values.pop("rank")
    if "decay" in values or not isinstance(rank, (int, float)) or rank < 1:
        raise WrongValue("'rank' is a number from 1, in place of 'decay'", found=repr(rank))
    return {**values, "decay": (rank - 1) / (rank + 1)}


def _checked(rule: LearningRule) -> LearningRule:
    def share(x: object) -> bool:
        return isinstance(x, (int, float)) and not isinstance(x, bool) and 0 <= x <= 1
    if rule.decay is not None and not share(rule.decay):
        raise WrongValue("'decay' lies between 0 and 1", found=repr(rule.decay))
    if rule.kappa != "readout" and not share(rule.kappa):
        raise WrongValue("'kappa' lies between 0 and 1, or is 'readout', the decay of the readout in a step",
                         found=repr(rule.kappa))
    if rule.feedback not in (*FEEDBACKS, "modulator"):
        raise WrongValue(f"There is no feedback {rule.feedback!r}", help=f"one of {', '.join(map(repr, FEEDBACKS))}")
    if rule.decay == 1:
        raise WrongValue("With a decay of 1 nothing new enters the factors", help="a decay below 1, such as 0.98")
    return rule
