"""Affine extraction over trees: the coefficients of chosen names, with a small canonical form to see what cancels."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from brainsim.integrators.terms import (
    ONE,
    ZERO,
    add,
    divide,
    is_number,
    multiply,
    negative,
    product,
    subtract,
)
from brainsim.language.trees import Name, Number, Op, Tree, names, walk

Monomial = frozenset[tuple[Tree, int]]
"""A product of atoms with whole exponents, negative ones included."""
Polynomial = Mapping[Monomial, float | Fraction]
"""A sum of monomials with their numbers; two trees that are equal by expanding and cancelling have equal
polynomials."""

CONSTANT: Monomial = frozenset()
MOST_TERMS = 200
"""Beyond this an expanded sum is kept as one atom."""


@dataclass(frozen=True)
class Affine:
    """``sum(coefficients[x] * x) + rest``; coefficients that cancel are left out."""

    coefficients: Mapping[str, Tree]
    rest: Tree


def affine(tree: Tree, variables: frozenset[str]) -> Affine | None:
    """The tree as an affine function of ``variables``, or None when it is not one (also not after expanding
    products)."""
    found = _by_structure(tree, variables) or _by_expanding(tree, variables)
    if found is None:
        return None
    kept = {x: shorter(c) for x, c in found.coefficients.items() if not is_zero(c)}
    return Affine(kept, ZERO if is_zero(found.rest) else found.rest)


def _by_structure(tree: Tree, variables: frozenset[str]) -> Affine | None:
    if not names(tree) & variables:
        return Affine({}, tree)
    match tree:
        case Name(x):
            return Affine({x: ONE}, ZERO)
        case Op("neg", (a,)):
            return _scaled(_by_structure(a, variables), lambda c: negative(c))
        case Op("+" | "-" as sign, (a, b)):
            return _summed(_by_structure(a, variables), _by_structure(b, variables), add if sign == "+" else subtract)
        case Op("*", (a, b)) if not names(b) & variables:
            return _scaled(_by_structure(a, variables), lambda c: multiply(c, b))
        case Op("*", (a, b)) if not names(a) & variables:
            return _scaled(_by_structure(b, variables), lambda c: multiply(a, c))
        case Op("/", (a, b)) if not names(b) & variables:
            return _scaled(_by_structure(a, variables), lambda c: divide(c, b))
        case Op("**", (a, one)) if is_number(one, 1):
            return _by_structure(a, variables)
    return None


def _scaled(a, change) -> Affine | None:
    return a and Affine({x: change(c) for x, c in a.coefficients.items()}, change(a.rest))


def _summed(a, b, combine) -> Affine | None:
    if a is None or b is None:
        return None
    both = dict.fromkeys((*a.coefficients, *b.coefficients))
    return Affine({x: combine(a.coefficients.get(x, ZERO), b.coefficients.get(x, ZERO)) for x in both},
                  combine(a.rest, b.rest))


def _by_expanding(tree: Tree, variables: frozenset[str]) -> Affine | None:
    coefficients: dict[str, dict[Monomial, float | Fraction]] = {}
    rest: dict[Monomial, float | Fraction] = {}
    for monomial, number in polynomial(tree).items():
        inside = [(atom, power) for atom, power in monomial if names(atom) & variables]
        match inside:
            case []:
                rest[monomial] = number
            case [(Name(x), 1)]:
                coefficients.setdefault(x, {})[monomial - {(Name(x), 1)}] = number
            case _:
                return None
    return Affine({x: to_tree(c) for x, c in coefficients.items()}, to_tree(rest))


def factor_of(x: str, tree: Tree) -> Tree | None:
    """What multiplies ``x`` when products are expanded, its occurrences in functions and sums below the line left as
    they are.

    None where another power of ``x`` remains, or where ``x`` is nowhere a factor.
    """
    found: dict[Monomial, float | Fraction] = {}
    for monomial, number in polynomial(tree).items():
        power = dict(monomial).get(Name(x), 0)
        if power == 1:
            found[monomial - {(Name(x), 1)}] = number
        elif power:
            return None
    return shorter(to_tree(found)) if found else None


def is_zero(tree: Tree) -> bool:
    """Is it zero whatever the values, by expanding and cancelling?"""
    return is_number(tree, 0) or not polynomial(tree)


def shorter(tree: Tree) -> Tree:
    """The tree or its expanded and cancelled form, whichever is shorter."""
    expanded = to_tree(polynomial(tree))
    return expanded if sum(1 for _ in walk(expanded)) < sum(1 for _ in walk(tree)) else tree


def polynomial(tree: Tree) -> Polynomial:
    """The canonical form of an expression; what is not arithmetic (calls, comparisons) is an atom."""
    match tree:
        case Number(value):
            number = Fraction(value) if isinstance(value, int) else value
            return {CONSTANT: number} if value else {}
        case Op("neg", (a,)):
            return {m: -c for m, c in polynomial(a).items()}
        case Op("+" | "-" as sign, (a, b)):
            return _plus(polynomial(a), polynomial(b), 1 if sign == "+" else -1)
        case Op("*", (a, b)):
            return _times(polynomial(a), polynomial(b), tree)
        case Op("/", (a, b)):
            return _times(polynomial(a), _inverse(polynomial(b)), tree)
        case Op("**", (a, Number(int() as power))) if -4 <= power <= 4 and not isinstance(power, bool):
            below = _inverse(polynomial(a)) if power < 0 else polynomial(a)
            result: Polynomial = {CONSTANT: Fraction(1)}
            for _ in range(abs(power)):
                result = _times(result, below, tree)
            return result
    return _atom(tree)


def _atom(tree: Tree, power: int = 1) -> Polynomial:
    return {frozenset({(tree, power)}): Fraction(1)}


def _plus(a: Polynomial, b: Polynomial, sign: int) -> Polynomial:
    result = dict(a)
    for monomial, number in b.items():
        result[monomial] = result.get(monomial, 0) + sign * number
    return {m: c for m, c in result.items() if c != 0}


def _times(a: Polynomial, b: Polynomial, whole: Tree) -> Polynomial:
    if len(a) * len(b) > MOST_TERMS:
        return _atom(whole)
    result: Polynomial = {}
    for m, c in a.items():
        for n, d in b.items():
            result = _plus(result, {merged(m, n): c * d}, 1)
    return result


def merged(a: Monomial, b: Monomial, sign: int = 1) -> Monomial:
    """The product of two monomials, or with ``sign`` -1 their quotient."""
    powers = dict(a)
    for atom, power in b:
        powers[atom] = powers.get(atom, 0) + sign * power
    return frozenset((atom, power) for atom, power in powers.items() if power)


def _inverse(a: Polynomial) -> Polynomial:
    if len(a) == 1:
        (monomial, number), = a.items()
        return {merged(CONSTANT, monomial, -1): 1 / number}
    return _atom(to_tree(a), -1)  # a sum, or a division by zero that the run will show


def to_tree(poly: Polynomial) -> Tree:
    """The expression of a polynomial: terms as quotients of products."""
    result: Tree = ZERO
    for monomial, number in poly.items():
        term = _term(monomial, abs(number))
        result = subtract(result, term) if number < 0 else add(result, term)
    return result


def _term(monomial: Monomial, number: float | Fraction) -> Tree:
    ordered = sorted(monomial, key=lambda factor: repr(factor[0]))
    top, below = _number(number)
    top = multiply(top, product(_power(atom, power) for atom, power in ordered if power > 0))
    below = multiply(below, product(_power(atom, -power) for atom, power in ordered if power < 0))
    return divide(top, below)


def _number(number: float | Fraction) -> tuple[Tree, Tree]:
    if isinstance(number, Fraction):
        return Number(number.numerator), Number(number.denominator)
    return Number(number), ONE


def _power(atom: Tree, power: int) -> Tree:
    return atom if power == 1 else Op("**", (atom, Number(power)))


def quotient(b: Tree, a: Tree) -> Tree | None:
    """``b / a`` when every term of ``b`` contains all of ``a``, so that nothing is left to divide by; else None."""
    below = polynomial(a)
    if len(below) != 1:
        return None
    (divisor, number), = below.items()
    result: Polynomial = {}
    for monomial, c in polynomial(b).items():
        ratio = merged(monomial, divisor, -1)
        powers = dict(monomial)
        if any(abs(power) > abs(powers.get(atom, 0)) for atom, power in ratio):
            return None
        result = _plus(result, {ratio: c / number}, 1)
    return to_tree(result)


def common_factor(b: Tree, a: Tree) -> Tree | None:
    """The single term ``c`` with ``b = a * c``, made only of what stands above the line, if there is one."""
    above, below = polynomial(b), polynomial(a)
    if len(above) != len(below) or not below:
        return None
    divisor, number = next(iter(below.items()))
    for monomial, c in above.items():
        ratio = {merged(monomial, divisor, -1): c / number}
        clean = all(power > 0 for m in ratio for _, power in m)
        if clean and _times(below, ratio, a) == above:
            return to_tree(ratio)
    return None


def surely_negative(tree: Tree) -> bool:
    """Is it below zero for all non-zero real values, because every term is minus a square?"""
    poly = polynomial(tree)
    return bool(poly) and all(c < 0 and all(power % 2 == 0 for _, power in m) for m, c in poly.items())
