"""Pieces of model code as values: an expression, or statements, with the names in them."""
from __future__ import annotations

from brainsim.errors import Source
from brainsim.language.expressions import parse_expression
from brainsim.language.latex import aligned, latex, statement_latex
from brainsim.language.statements import parse_statements
from brainsim.language.trees import Call, Name, Tree, walk


class CodeString:
    """Text and the names in it; two of one kind with the same text are equal."""

    def __init__(self, code: str):
        self.code = code
        self.identifiers: set[str] = {n for tree in self._trees() for n in _names(tree)}

    def _trees(self) -> list[Tree]:
        raise NotImplementedError

    def __str__(self) -> str:
        return self.code

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.code!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CodeString) and type(other) is type(self) and other.code == self.code

    def __hash__(self) -> int:
        return hash((type(self).__name__, self.code))


class Expression(CodeString):
    """An expression of the language. `WrongSyntax` for text that is none."""

    def _trees(self) -> list[Tree]:
        return [parse_expression(Source(self.code))]

    def _repr_latex_(self) -> str:
        return f"${latex(parse_expression(Source(self.code)))}$"


class Statements(CodeString):
    """Statements of the language. `WrongSyntax` for text that is none."""

    def _trees(self) -> list[Tree]:
        return [t for s in parse_statements(Source(self.code, "statements")) for t in (Name(s.target), s.value)]

    def _repr_latex_(self) -> str:
        lines = [
            statement_latex(s).replace(r"\leftarrow", r"&\leftarrow", 1)
            for s in parse_statements(Source(self.code, "statements"))
        ]
        return aligned(lines)


def _names(tree: Tree) -> set[str]:
    return {n.id if isinstance(n, Name) else n.function for n in walk(tree) if isinstance(n, (Name, Call))}
