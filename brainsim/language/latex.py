r"""Trees of the language as LaTeX for the mathematics mode: ``v_post/tau`` is ``\frac{v_{\mathrm{post}}}{\tau}``.

Names of units are written as their symbols in upright letters; all other names in italics, Greek ones as Greek letters,
what follows an underscore or is a number at the end as an index.
"""
from __future__ import annotations

import re
from collections.abc import Iterable

from brainsim.language.trees import Assign, Call, Name, Number, Op, Tree

GREEK = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
    "omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega".split())
#: symbols of the units that have a name, with the prefixes that may stand before them
ROOTS = {
    "amp": "A", "ampere": "A", "candela": "cd", "coulomb": "C", "farad": "F", "gram": "g", "gramme": "g", "hertz": "Hz",
    "joule": "J", "kelvin": "K", "liter": "l", "litre": "l", "meter": "m", "metre": "m", "molar": "M", "mole": "mol",
    "mol": "mol", "ohm": r"\Omega", "pascal": "Pa", "second": "s", "siemens": "S", "volt": "V", "watt": "W", "kilogram":
    "kg", "kilogramme": "kg", "newton": "N"
}
PREFIXES = ("", "p", "n", "u", "m", "k", "M", "G", "T", "c")
#: units under their symbol
SHORT = frozenset("mV mA uA nA pA uF nF pF mS uS nS ms us Hz kHz MHz cm mm um mM uM nM".split())
FUNCTIONS = {
    "sin": r"\sin", "cos": r"\cos", "tan": r"\tan", "sinh": r"\sinh", "cosh": r"\cosh", "tanh": r"\tanh", "exp":
    r"\exp", "arcsin": r"\arcsin", "arccos": r"\arccos", "arctan": r"\arctan", "log": r"\ln", "log10": r"\log_{10}"
}
FENCES = {
    "abs": (r"\left|", r"\right|"), "floor": (r"\left\lfloor ", r" \right\rfloor"), "ceil":
    (r"\left\lceil ", r" \right\rceil")
}
COMPARISONS = {"<": "<", "<=": r"\leq", ">": ">", ">=": r"\geq", "==": "=", "!=": r"\neq"}
#: how tightly an operator binds; what binds less tightly than its place demands is put into parentheses
_OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _POWER, _ATOM = range(8)


def latex(tree: Tree) -> str:
    """An expression, for the mathematics mode."""
    return _written(tree)[0]


def statement_latex(statement: Assign) -> str:
    r"""An assignment as ``v \leftarrow v + w``."""
    target = Name(statement.target)
    value = statement.value if statement.op == "=" else Op(statement.op[:-1], (target, statement.value))
    return rf"{latex(target)} \leftarrow {latex(value)}"


def aligned(lines: Iterable[str]) -> str:
    """Lines below each other, ``&`` at the places that stand in a column; with the dollars that notebooks look for."""
    body = " \\\\\n".join(lines)
    return f"$$\\begin{{aligned}}\n{body}\n\\end{{aligned}}$$" if body else ""


def name_latex(name: str) -> str:
    """A name: a unit upright, a Greek letter, or letters in italics with indices."""
    unit = unit_latex(name)
    if unit is not None:
        return unit
    stem, *rest = [part for part in name.split("_") if part] or [name]
    found = re.fullmatch(r"(.*?[A-Za-z])(\d+)", stem)
    stem, rest = (found[1], [found[2], *rest]) if found else (stem, rest)
    if stem.startswith("tau") and stem != "tau":
        stem, rest = "tau", [stem[3:], *rest]
    letter = rf"\{stem}" if stem in GREEK else stem if len(stem) == 1 else rf"\mathit{{{stem}}}"
    return letter + (f"_{{{','.join(map(_index, rest))}}}" if rest else "")


def _index(text: str) -> str:
    return rf"\{text}" if text in GREEK else text if len(text) == 1 or text.isdigit() else rf"\mathrm{{{text}}}"


def unit_latex(name: str) -> str | None:
    r"""``mV`` as ``\mathrm{mV}``, ``um2`` as ``\mathrm{\mu m}^{2}``; None for what is no unit."""
    found = re.fullmatch(r"([A-Za-z]+)([23]?)", name)
    if found is None:
        return None
    word, power = found[1], found[2]
    symbol = word if word in SHORT else next(
        (prefix + ROOTS[word[len(prefix):]]
         for prefix in PREFIXES if word.startswith(prefix) and word[len(prefix):] in ROOTS), None)
    if symbol is None:
        return None
    if symbol.startswith("u"):
        symbol = rf"\mu {symbol[1:]}"
    return rf"\mathrm{{{symbol}}}" + (f"^{{{power}}}" if power else "")


def number_latex(value: float | int | bool) -> str:
    r"""``1e-05`` as ``10^{-5}``, ``True`` as a word."""
    if isinstance(value, bool):
        return rf"\mathrm{{{str(value).lower()}}}"
    mantissa, _, exponent = f"{value:.12g}".partition("e")
    if not exponent:
        return mantissa.replace("inf", r"\infty")
    power = f"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else rf"{mantissa} \cdot {power}"


def _written(tree: Tree) -> tuple[str, int]:
    """LaTeX, and how tightly it binds."""
    match tree:
        case Number(value):
            text = number_latex(value)
            return text, _SUM if text.startswith(
                "-") else _PRODUCT if "cdot" in text else _POWER if "^" in text else _ATOM
        case Name("inf"):
            return r"\infty", _ATOM
        case Name("dt"):
            return r"\Delta t", _PRODUCT
        case Name(name):
            return name_latex(name), _POWER if unit_latex(name) and name[-1] in "23" else _ATOM
        case Call("sqrt", (value,)):
            return rf"\sqrt{{{latex(value)}}}", _ATOM
        case Call(function, (value,)) if function in FENCES:
            return latex(value).join(FENCES[function]), _ATOM
        case Call(function, args):
            name = FUNCTIONS.get(function, _operator_name(function))
            return rf"{name}\left({', '.join(map(latex, args))}\right)", _ATOM
        case Op("select", (condition, yes, no)):
            first = rf"{latex(yes)}\;\mathrm{{if}}\;{latex(condition)}"
            return rf"\left\{{{first};\;{latex(no)}\;\mathrm{{otherwise}}\right.", _OR
        case Op("neg", (operand,)):
            return f"-{_enclosed(operand, _PRODUCT)}", _SUM
        case Op("not", (operand,)):
            return rf"\neg {_enclosed(operand, _COMPARE + 1)}", _NOT
        case Op("/", (above, below)):
            return rf"\frac{{{latex(above)}}}{{{latex(below)}}}", _PRODUCT
        case Op("//", (above, below)):
            return rf"\left\lfloor \frac{{{latex(above)}}}{{{latex(below)}}} \right\rfloor", _ATOM
        case Op("%", (left, right)):
            return rf"{_enclosed(left, _PRODUCT)} \,\mathrm{{mod}}\, {_enclosed(right, _POWER)}", _PRODUCT
        case Op("**", (base, exponent)):
            return f"{_enclosed(base, _ATOM)}^{{{latex(exponent)}}}", _POWER
        case Op("*", (Op("neg", (left,)), right)):
            return f"-{latex(Op('*', (left, right)))}", _SUM
        case Op("*", (left, right)):
            return _enclosed(left, _PRODUCT) + _times(left, right) + _enclosed(right, _PRODUCT), _PRODUCT
        case Op("+", (left, right)):
            return f"{_enclosed(left, _SUM)} + {_enclosed(right, _PRODUCT)}", _SUM
        case Op("-", (left, right)):
            return f"{_enclosed(left, _SUM)} - {_enclosed(right, _PRODUCT)}", _SUM
        case Op("and", (left, right)):
            return rf"{_enclosed(left, _AND)} \wedge {_enclosed(right, _AND)}", _AND
        case Op("or", (left, right)):
            return rf"{_enclosed(left, _OR)} \vee {_enclosed(right, _OR)}", _OR
        case Op(op, (left, right)):
            return f"{_enclosed(left, _SUM)} {COMPARISONS[op]} {_enclosed(right, _SUM)}", _COMPARE
    raise TypeError(f"no LaTeX for {tree!r}")


def _times(left: Tree, right: Tree) -> str:
    """A thin space between factors, a dot before a number."""
    while isinstance(right, Op) and right.op in ("*", "**"):
        right = right.args[0]
    return r" \cdot " if isinstance(right, Number) else r"\,"


def _operator_name(function: str) -> str:
    return rf"\mathrm{{{function.replace('_', ' ').strip()}}}".replace(" ", r"\_")


def _enclosed(tree: Tree, needed: int) -> str:
    text, binding = _written(tree)
    return text if binding >= needed else rf"\left({text}\right)"
