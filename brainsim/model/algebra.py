"""Trees to SymPy and back. Everything that is not arithmetic is an atom; every random draw is an atom of its own."""
from __future__ import annotations

import importlib
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from brainsim.language.trees import Call, Name, Number, Op, Tree


class _Lazy:
    """A module that is imported at its first use; SymPy takes a third of a second, and most models never need it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)


sympy: Any = _Lazy("sympy")

FUNCTIONS: Mapping[str, str] = {
    "exp": "exp", "log": "log", "sqrt": "sqrt", "sin": "sin", "cos": "cos", "tan": "tan",
    "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "abs": "Abs",
}
"""Functions of the language that SymPy knows as functions; all others become atoms."""


_ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "**": operator.pow,
}


class Conversion:
    """One conversation with SymPy: which atom stands for which tree. All symbols are real numbers."""

    def __init__(self, stateful: frozenset[str] = frozenset()) -> None:
        self._stateful = stateful
        self._symbols: dict[Tree, Any] = {}
        self._trees: dict[Any, Tree] = {}

    def to_sympy(self, tree: Tree) -> Any:
        """The SymPy expression; whole numbers stay exact."""
        match tree:
            case Number(value):
                return sympy.Integer(int(value)) if isinstance(value, int) else sympy.Float(value, 17)
            case Op("neg", (a,)):
                return -self.to_sympy(a)
            case Op("+" | "-" | "*" | "/" | "**" as op, (a, b)):
                return _ARITHMETIC[op](self.to_sympy(a), self.to_sympy(b))
            case Call(function, args) if function in FUNCTIONS and function not in self._stateful:
                return getattr(sympy, FUNCTIONS[function])(*map(self.to_sympy, args))
        return self._atom(tree)

    def _atom(self, tree: Tree) -> Any:
        draw = isinstance(tree, Call) and tree.function in self._stateful
        if draw or tree not in self._symbols:
            name = tree.id if isinstance(tree, Name) else f"_atom_{len(self._trees)}"
            symbol = sympy.Symbol(name, real=True)
            self._trees[symbol] = tree
            if draw:
                return symbol
            self._symbols[tree] = symbol
        return self._symbols[tree]

    def to_tree(self, expression: Any) -> Tree:
        """The tree of a SymPy expression made of arithmetic, known functions and atoms of this conversation."""
        if expression in self._trees:
            return self._trees[expression]
        if expression.is_Integer:
            return Number(int(expression))
        if expression.is_Rational:
            return Op("/", (Number(int(expression.p)), Number(int(expression.q))))
        if expression.is_Float or expression.is_NumberSymbol:
            return Number(float(expression))
        if expression.is_Add:
            return self._sum(sympy.Add.make_args(expression))
        if expression.is_Mul:
            return self._product(expression)
        if expression.is_Pow:
            return self._power(*expression.as_base_exp())
        for ours, theirs in FUNCTIONS.items():
            if expression.func == getattr(sympy, theirs):
                return Call(ours, tuple(map(self.to_tree, expression.args)))
        raise ValueError(f"no tree for the SymPy expression {expression}")

    def _sum(self, terms: Sequence[Any]) -> Tree:
        first, *others = sorted(terms, key=lambda term: (term.could_extract_minus_sign(), sympy.default_sort_key(term)))
        tree = self.to_tree(first)
        for term in others:
            sign, size = ("-", -term) if term.could_extract_minus_sign() else ("+", term)
            tree = Op(sign, (tree, self.to_tree(size)))
        return tree

    def _product(self, expression: Any) -> Tree:
        if expression.could_extract_minus_sign():
            return Op("neg", (self.to_tree(-expression),))
        top, below = expression.as_numer_denom()
        if below != 1:
            return Op("/", (self.to_tree(top), self.to_tree(below)))
        trees = [self.to_tree(f) for f in expression.as_ordered_factors()]
        tree = trees[0]
        for factor in trees[1:]:
            tree = Op("*", (tree, factor))
        return tree

    def _power(self, below: Any, exponent: Any) -> Tree:
        if exponent.could_extract_minus_sign():
            return Op("/", (Number(1), self.to_tree(below**-exponent)))
        if exponent == sympy.Rational(1, 2):
            return Call("sqrt", (self.to_tree(below),))
        return Op("**", (self.to_tree(below), self.to_tree(exponent)))


def factors_of_characteristic(matrix: Sequence[Sequence[Tree]]) -> list[tuple[Tree, ...]]:
    """The characteristic polynomial of a square matrix in factors with rational coefficients.

    Each factor is given by its coefficients below the leading 1, highest first: (p, q) means x**2 + p*x + q.
    """
    conversion = Conversion()
    entries = sympy.Matrix([[sympy.nsimplify(conversion.to_sympy(e), rational=True) for e in row] for row in matrix])
    characteristic = entries.charpoly()
    x = characteristic.gen
    top, _ = sympy.fraction(sympy.together(characteristic.as_expr()))
    found = []
    for factor, count in sympy.factor_list(top)[1]:
        if x not in factor.free_symbols:
            continue
        lead, *rest = sympy.Poly(factor, x).all_coeffs()
        found += [tuple(conversion.to_tree(sympy.factor(c / lead)) for c in rest)] * count
    return found
