"""Why a text is no expression of ours: what to say, which characters to point at, what would help."""
from __future__ import annotations

import ast
import keyword
import math
import re

Refusal = tuple[str, int, int, str]  # what is wrong, start, stop (in the text), help

_CONDITIONAL = "write 'int(condition)*x + int(not condition)*y'"

# Text that Python cannot parse: the first pattern that occurs explains it.
_PATTERNS: tuple[tuple[str, str, str], ...] = (
    (r"['\"]", "Text in quotes is not allowed in an expression", "use names, numbers, operators and functions only"),
    (r"&&", "'&&' is not an operator here", "write 'and'"),
    (r"\|\|", "'||' is not an operator here", "write 'or'"),
    (r"!(?!=)", "'!' is not an operator here", "write 'not'"),
    (r"<>", "'<>' is not an operator here", "write '!='"),
    (r"=<", "'=<' is not an operator here", "write '<='"),
    (r"=>", "'=>' is not an operator here", "write '>='"),
    (r"===", "'===' is not an operator here", "write '=='"),
    (r"\?", "Conditional expressions are not allowed", _CONDITIONAL),
    (r"(\*\*|//|[-+*/%:])=(?!=)", "An assignment is not an expression", "give each assignment a line of its own"),
    (r"(?<![<>=!:])=(?!=)", "'=' does not compare", "write '==' to compare"),
    (r"\bif\b", "Conditional expressions are not allowed", _CONDITIONAL),
)
_NUMBER_THEN_NAME = re.compile(r"(?<![\w.])(\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)(\s*)([A-Za-z_]\w*)")
_SIDE_BY_SIDE = re.compile(r"([\w.]+|\))\s+([\w.]+)|(\))\s*([\w.]+|\()")
_LAST_OPERATOR = re.compile(r"(\*\*|//|[-+*/%<>,]|[<>=!]=|\b(?:and|or|not))\s*$")
_FIRST_OPERATOR = re.compile(r"^(\*\*|//|[*/%<>,]|[<>=!]=|(?:and|or)\b)")
_WORD = re.compile(r"[A-Za-z_]\w*")
_OWN_WORDS = {"and", "or", "not", "True", "False"}


def explain_failure(text: str, failure: SyntaxError | ValueError) -> Refusal:
    """Why Python's parser refused ``text``."""
    for explain in (_empty, _unbalanced, _pattern, _number_then_name, _keyword, _side_by_side, _missing_operand):
        if refusal := explain(text):
            return refusal
    start = max(0, min((getattr(failure, "offset", None) or 1) - 1, len(text) - 1))
    word = re.match(r"\w+|.", text[start:])
    stop = start + len(word[0]) if word else start + 1
    help = "something is missing before it, or it is one too many"
    return f"'{text[start:stop]}' does not fit here", start, stop, help


def _empty(text: str) -> Refusal | None:
    return ("An expression is missing", 0, 1, "") if not text else None


def _unbalanced(text: str) -> Refusal | None:
    opened: list[int] = []
    for position, character in enumerate(text):
        if character in "([{":
            opened.append(position)
        elif character in ")]}":
            if not opened:
                help = "remove it, or add the parenthesis that opens it"
                return f"'{character}' closes nothing", position, position + 1, help
            opened.pop()
    if opened:
        return f"'{text[opened[-1]]}' is never closed", opened[-1], opened[-1] + 1, "add the missing parenthesis"
    return None


def _pattern(text: str) -> Refusal | None:
    for pattern, what, help in _PATTERNS:
        if found := re.search(pattern, text):
            return what, *found.span(), help
    return None


def _number_then_name(text: str) -> Refusal | None:
    for found in _NUMBER_THEN_NAME.finditer(text):
        number, _, name = found.groups()
        if not keyword.iskeyword(name):
            return "A multiplication sign is missing", *found.span(), f"write '{number}*{name}'"
    return None


def _keyword(text: str) -> Refusal | None:
    for found in _WORD.finditer(text):
        if keyword.iskeyword(found[0]) and found[0] not in _OWN_WORDS:
            return f"'{found[0]}' is a Python keyword and cannot be used in an expression", *found.span(
            ), "use another name"
    return None


def _side_by_side(text: str) -> Refusal | None:
    for found in _SIDE_BY_SIDE.finditer(text):
        left, right = (g for g in found.groups() if g is not None)
        if not {left, right} & _OWN_WORDS:
            return "An operator is missing between two values", *found.span(), "write '*' to multiply"
    return None


def _missing_operand(text: str) -> Refusal | None:
    if found := _LAST_OPERATOR.search(text):
        return f"Nothing follows '{found[1]}'", *found.span(1), "complete the expression"
    if found := _FIRST_OPERATOR.search(text):
        return f"Nothing stands before '{found[1]}'", *found.span(1), "complete the expression"
    return None


_LOOKALIKES = {
    "\u2212": "-",
    "\u2013": "-",
    "\u00d7": "*",
    "\u00b7": "*",
    "\u22c5": "*",
    "\u00f7": "/",
    "\u00b2": "**2",
    "\u00b3": "**3",
    "\u2264": "<=",
    "\u2265": ">=",
    "\u2260": "!=",
    "\u00b5": "u",
    "\u03bc": "mu",
    "\u03c4": "tau",
    "\u03c0": "pi",
    "\u03be": "xi",
    "\u00a0": "a plain space",
}


def explain_character(text: str) -> Refusal:
    """The first character of ``text`` that is not ASCII."""
    start = next(i for i, character in enumerate(text) if not character.isascii())
    instead = _LOOKALIKES.get(text[start])
    help = f"write '{instead}'" if instead else "use the letters a to z and A to Z, digits and _ for names"
    return "Only plain (ASCII) characters are allowed", start, start + 1, help


_OPERATORS: dict[type, tuple[str, str]] = {
    ast.BitXor: ("^", "write '**' for a power"),
    ast.BitAnd: ("&", "write 'and'"),
    ast.BitOr: ("|", "write 'or'"),
    ast.Invert: ("~", "write 'not'"),
    ast.LShift: ("<<", "multiply by a power of two"),
    ast.RShift: (">>", "divide by a power of two"),
    ast.MatMult: ("@", "write '*' to multiply"),
    ast.Is: ("is", "write '=='"),
    ast.IsNot: ("is not", "write '!='"),
    ast.In: ("in", "compare with '==' and join the cases with 'or'"),
    ast.NotIn: ("not in", "compare with '!=' and join the cases with 'and'"),
}
_NODES: dict[type, tuple[str, str]] = {
    ast.Attribute:
    ("Names with a dot are not allowed in an expression", "use the plain name of a variable or function"),
    ast.Subscript:
    ("Indexing is not allowed in an expression", "expressions are evaluated for each element by themselves"),
    ast.Lambda: ("'lambda' is not allowed in an expression", "write a Python function and call it by its name"),
    ast.NamedExpr: ("An assignment is not an expression", "give each assignment a line of its own"),
    ast.List: ("Lists are not allowed in an expression", "each element is computed by itself"),
    ast.Tuple: ("A comma can only separate the arguments of a function", "a decimal number is written with a point"),
    ast.Dict: ("Braces are not allowed in an expression", "write parentheses"),
    ast.Set: ("Braces are not allowed in an expression", "write parentheses"),
    ast.JoinedStr:
    ("Text in quotes is not allowed in an expression", "use names, numbers, operators and functions only"),
    ast.Starred: ("'*' cannot spread arguments here", "give each argument by itself"),
}
_OTHERWISE = ("This is not allowed in an expression", "use names, numbers, operators and functions only")


def explain_node(node: ast.expr, text: str) -> Refusal:
    """Why a piece of Python, parsed from ``text``, is not part of the language."""
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            return _operator(op, text, left.end_col_offset or 0, right.col_offset)
        case ast.UnaryOp(op=op, operand=operand):
            return _operator(op, text, node.col_offset, operand.col_offset)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _operator(op, text, left.end_col_offset or 0, right.col_offset)
        case ast.Compare():
            return _chained(node, text)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            condition, negated = _part(test, text), _factor(test, text)
            help = f"write 'int({condition})*{_factor(body, text)} + int(not {negated})*{_factor(orelse, text)}'"
            return "Conditional expressions are not allowed", *_range(node), help
        case ast.Call():
            return _call(node)
        case ast.Constant():
            return _constant(node)
        case ast.GeneratorExp() | ast.ListComp() | ast.SetComp() | ast.DictComp():
            return "'for' is not allowed in an expression", *_range(
                node), "sums over synapses are made by '(summed)' variables"
    what, help = _NODES.get(type(node), _OTHERWISE)
    return what, *_range(node), help


def _operator(op: ast.AST, text: str, start: int, stop: int) -> Refusal:
    sign, help = _OPERATORS[type(op)]
    at = text.find(sign.split()[0], start, stop)
    last = sign.split()[-1]
    return f"'{sign}' is not an operator here", at, text.find(last, at, stop) + len(last), help


def _chained(node: ast.Compare, text: str) -> Refusal:
    values = [node.left, *node.comparators]
    pieces = [_words(text[a.col_offset : b.end_col_offset]) for a, b in zip(values[:-1], values[1:], strict=True)]
    return "Comparisons cannot be chained", *_range(node), f"write '{' and '.join(pieces)}'"


def _call(node: ast.Call) -> Refusal:
    match node:
        case ast.Call(func=ast.Name(id="select")):
            return "'select' is not a function for equations", *_range(node.func), _CONDITIONAL
        case ast.Call(func=ast.Name(), keywords=[first, *_]):
            return "A function takes its arguments by place, not by name", *_range(first), f"remove '{first.arg}='"
        case ast.Call(func=ast.Attribute() as function):
            what, help = _NODES[ast.Attribute]
            return what, *_range(function), help
    return "Only a name can be called", *_range(node.func), "write '*' to multiply"


def _constant(node: ast.Constant) -> Refusal:
    match node.value:
        case str() | bytes():
            what, help = _NODES[ast.JoinedStr]
        case float() if math.isinf(node.value):
            what, help = "The number is too large", "write 'inf' for infinity"
        case complex():
            what, help = "Complex numbers are not allowed", "write '*' before a variable named 'j'"
        case _:
            what, help = _OTHERWISE
    return what, *_range(node), help


def _part(node: ast.expr, text: str) -> str:
    return _words(text[node.col_offset : node.end_col_offset])


def _factor(node: ast.expr, text: str) -> str:
    part = _part(node, text)
    return part if isinstance(node, (ast.Name, ast.Constant, ast.Call)) else f"({part})"


def _words(text: str) -> str:
    return " ".join(text.split())


def _range(node: ast.expr | ast.keyword) -> tuple[int, int]:
    return node.col_offset, node.end_col_offset or node.col_offset + 1
