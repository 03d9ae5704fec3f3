"""Trees + scope → a `Block`: every name settled, units checked, subexpressions inlined."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from brainsim.errors import BrainsimError, Span, UnknownName, WrongCall, WrongSyntax, WrongType, WrongValue, near
from brainsim.language.functions import FUNCTIONS, RANDOM, Dimensions, DType, Fixed, FunctionRow
from brainsim.language.trees import Assign, Call, Name, Number, Op, Tree, While, walk
from brainsim.model.single_equation import is_unit
from brainsim.model.symbols import DTYPE_WORDS, External, Scope, Symbol
from brainsim.units.check import check_assignment, dimension_of, kind_of
from brainsim.units.dimensions import Dimension

KINDS = {"boolean": "b1", "integer": "i4", "float": "f8"}


@dataclass(frozen=True)
class Block:
    """Resolved user code: trees whose names are keys of ``symbols`` (or locals set before), and the functions they
    call."""

    statements: tuple[Assign | While, ...]
    symbols: Mapping[str, Symbol]
    functions: Mapping[str, External] = field(default_factory=dict)
    title: str = ""
    span: Span | None = None

    @cached_property
    def assignments(self) -> tuple[Assign, ...]:
        """The statements of code without loops, which only adaptive integration makes."""
        plain = tuple(s for s in self.statements if isinstance(s, Assign))
        assert len(plain) == len(self.statements), f"{self.title} repeats statements"
        return plain

    @cached_property
    def assigns(self) -> frozenset[str]:
        """Arrays that the statements assign to."""
        found = (self.symbols.get(s.target) for s in self.statements if isinstance(s, Assign))
        return frozenset(s.program for s in found if s is not None and s.kind == "array")


class Resolver:
    """Collects the symbols that one piece of code uses."""

    def __init__(self, scope: Scope, locals_: Mapping[str, Symbol] = {}):
        self.scope = scope
        self.symbols: dict[str, Symbol] = dict(locals_)
        self.functions: dict[str, External] = {}
        self._open: list[tuple[str, tuple[str, ...]]] = []

    # -- looking up ----------------------------------------------------------------------------------------------------
    def find(self, node: Name, scope: Scope | None = None) -> Symbol:
        """The symbol of a name; raises `UnknownName` with the caret under it."""
        scope = scope or self.scope
        if scope is self.scope and node.id in self.symbols:
            return self.symbols[node.id]
        found = scope.find(node.id)
        if isinstance(found, Symbol):
            return found
        if found is not None:
            raise WrongCall(f"'{node.id}' is a function, not a value", at=node.span, help=f"write {node.id}(...)")
        raise unknown_name(node.id, node.span, scope)

    def dimensions(self, tree: Tree, scope: Scope | None = None) -> dict[str, Dimension]:
        """Dimension of each name in a tree."""
        return {n.id: self.find(n, scope).dimension for n in walk(tree) if isinstance(n, Name)}

    def types(self, tree: Tree, scope: Scope | None = None) -> dict[str, DType]:
        """'boolean', 'integer' or 'float' for each name in a tree."""
        return {n.id: self.find(n, scope).type_word for n in walk(tree) if isinstance(n, Name)}

    def function_table(self, tree: Tree, scope: Scope | None = None) -> dict[str, FunctionRow]:
        """The functions a tree calls: built-in ones, and those found in the namespaces."""
        scope = scope or self.scope
        table = {}
        for node in walk(tree):
            if isinstance(node, Call) and node.function not in table:
                table[node.function] = self._function(node, scope)
        return table

    def _function(self, node: Call, scope: Scope) -> FunctionRow:
        found = self.functions.get(node.function) if scope is self.scope else None
        found = found or scope.find(node.function)
        if found is None and node.function in FUNCTIONS:
            return FUNCTIONS[node.function]
        if isinstance(found, External):
            return external_function(found)
        if found is not None:
            raise WrongType(f"'{node.function}' is a {found.type_word} value, not a function", at=node.span,
                            help=f"write {node.function}*(...) to multiply")
        raise unknown_name(node.function, node.span, scope, called=True)

    # -- units and types -----------------------------------------------------------------------------------------------
    def dimension(self, tree: Tree, scope: Scope | None = None) -> Dimension:
        """The dimension of an expression; raises `DimensionMismatchError` where it does not hold together."""
        return dimension_of(tree, self.dimensions(tree, scope), self.function_table(tree, scope))

    def type_of(self, tree: Tree, scope: Scope | None = None) -> DType:
        """'boolean', 'integer' or 'float'."""
        return kind_of(tree, self.types(tree, scope), self.function_table(tree, scope))

    # -- resolving -----------------------------------------------------------------------------------------------------
    def tree(self, tree: Tree, scope: Scope | None = None) -> Tree:
        """The expression with subexpressions inlined, units and constants turned into numbers, and every name a key."""
        scope = scope or self.scope
        match tree:
            case Name():
                return self._name(tree, scope)
            case Op(op, args, span):
                return fold(Op(op, tuple(self.tree(a, scope) for a in args), span))
            case Call(_, args, span):
                key = self._call_key(tree, scope)
                definition = self.functions[key].definition if key in self.functions else None
                return definition if definition is not None else Call(key, tuple(self.tree(a, scope)
                                                                                 for a in args), span)
        return tree

    def _name(self, node: Name, scope: Scope) -> Tree:
        symbol = self.find(node, scope)
        if symbol.kind == "number":
            return Number(symbol.value, node.span)
        if symbol.kind == "subexpression":
            this = (symbol.program, symbol.path)
            if this in self._open:
                raise WrongValue(f"the subexpression '{node.id}' is defined by itself", at=node.span)
            assert symbol.definition is not None
            self._open.append(this)
            inlined = self.tree(symbol.definition, symbol.scope or scope)
            self._open.pop()
            return inlined
        return Name(self._key(symbol, node.id, scope), node.span)

    def _key(self, symbol: Symbol, name: str, scope: Scope) -> str:
        key = name
        while self.symbols.setdefault(key, symbol) != symbol:
            key = symbol.key if key == name else f"{key}_"
        return key

    def _call_key(self, node: Call, scope: Scope) -> str:
        if scope is self.scope and node.function in self.functions:
            return node.function
        found = scope.find(node.function)
        if found is None and node.function in FUNCTIONS:
            return node.function
        self._function(node, scope)
        assert isinstance(found, External)
        key = f"{node.function}_" if node.function in FUNCTIONS else node.function
        while self.functions.setdefault(key, found) != found:
            key += "_"
        return key

    def block(self, statements: Iterable[Assign | While], title: str, free: bool = True) -> Block:
        """Statements checked in order; unknown left-hand names become locals. ``free=False`` skips the check (generated
        code)."""
        done = [self.statement(s) if free and isinstance(s, Assign) else self._generated(s) for s in statements]
        span = next((s.span for s in done if s.span), None)
        return Block(tuple(done), dict(self.symbols), dict(self.functions), title, span)

    def statement(self, s: Assign) -> Assign:
        """One statement of the user's: what it writes must be writable and of the right dimension."""
        target = self._target(s)
        dims, table = self.dimensions(s.value), self.function_table(s.value)
        if target is None:
            dimension = dimension_of(s.value, dims, table)
            kind = KINDS[self.type_of(s.value)]
            value = self.tree(s.value)
            self.symbols[s.target] = Symbol(s.target, "local", s.target, dimension, kind, writable=True)
            return replace(s, value=value)
        check_assignment(s, target.dimension, dims, self.types(s.value), table)
        value = self.tree(s.value)
        self.symbols.setdefault(s.target, target)
        if self.symbols[s.target] != target:
            raise AssertionError(s.target)
        return replace(s, value=value)

    def _target(self, s: Assign) -> Symbol | None:
        if s.target in self.symbols and self.symbols[s.target].kind == "local":
            return self.symbols[s.target]
        found = self.scope.own.get(s.target)
        if found is None:
            if s.op != "=":
                raise unknown_name(s.target, s.target_span or s.span, self.scope)
            outside = self.scope.outside(s.target)
            if isinstance(outside, Symbol) and outside.kind == "number":
                raise WrongSyntax(f"'{s.target}' is a unit or constant and cannot be assigned to", at=s.target_span
                                  or s.span, help="choose another name for the local value")
            return None
        found = found.via(self.scope.path)
        if not found.writable:
            what = "a subexpression" if found.kind == "subexpression" else "read-only"
            raise WrongSyntax(f"'{s.target}' is {what} and cannot be assigned to", at=s.target_span or s.span,
                              help=_write_help(found))
        return found

    def _generated(self, s: Assign | While) -> Assign | While:
        if isinstance(s, While):
            return While(self.tree(s.condition), tuple(map(self._assigned, s.body)))
        return self._assigned(s)

    def _assigned(self, s: Assign) -> Assign:
        value = self.tree(s.value)
        if s.target not in self.symbols:
            found = self.scope.own.get(s.target)
            if found is not None:
                self.symbols[s.target] = found.via(self.scope.path)
            else:
                kind = KINDS[kind_of(value, {k: v.type_word for k, v in self.symbols.items()},
                                     generated_functions(self.functions))]
                self.symbols[s.target] = Symbol(s.target, "local", s.target, dtype=kind, writable=True)
        return replace(s, value=value)


def once_and_each(block: Block) -> tuple[Block, Block]:
    """The statements that run once, because they set shared variables, and those that run for every element.

    Shared variables are set first, from shared values (`WrongSyntax` otherwise); a local value that both halves need is
    worked out in both.
    """
    symbols, statements = block.symbols, block.assignments
    last = max((k for k, s in enumerate(statements) if _sets(s, symbols, shared=True)), default=-1)
    once, each = statements[:last + 1], statements[last + 1:]
    for s in once:
        if _sets(s, symbols, shared=False):
            raise WrongSyntax(
                f"'{statements[last].target}' is shared and is written after '{s.target}', which has a value "
                "per element",
                at=statements[last].target_span or statements[last].span, help="write the shared variables first")
        for node in walk(s.value):
            if isinstance(node, Name) and symbols[node.id].kind in ("array", "index") and not symbols[node.id].shared:
                raise WrongSyntax(
                    f"The shared '{s.target}' cannot depend on '{node.id}', which has a value per element", at=node.span
                    or s.span)
    return replace(block, statements=once), replace(block, statements=(*_locals_needed(once, each, symbols), *each))


def _sets(s: Assign, symbols: Mapping[str, Symbol], shared: bool) -> bool:
    return symbols[s.target].kind != "local" and symbols[s.target].shared == shared


def _locals_needed(once: tuple[Assign, ...], each: tuple[Assign, ...],
                   symbols: Mapping[str, Symbol]) -> tuple[Assign, ...]:
    used = {n.id for s in each for n in walk(s.value) if isinstance(n, Name)}
    changed = {s.target for s in once if symbols[s.target].kind != "local"}
    kept: list[Assign] = []
    for s in reversed(once):
        if symbols[s.target].kind == "local" and s.target in used:
            inner = {n.id for n in walk(s.value) if isinstance(n, Name)}
            if inner & changed or any(isinstance(n, Call) and n.function in RANDOM for n in walk(s.value)):
                raise WrongSyntax(f"'{s.target}' is worked out among shared variables and used for single elements",
                                  at=s.target_span or s.span, help="keep it in a shared variable")
            used |= inner
            kept.insert(0, s)
    return tuple(kept)


def generated_functions(functions: Mapping[str, External]) -> dict[str, FunctionRow]:
    """Built-in functions and those of a block."""
    return {**FUNCTIONS, **{k: external_function(f) for k, f in functions.items()}}


def external_function(found: External) -> FunctionRow:
    """The row that the unit check needs."""
    arguments = tuple(Fixed(d.exponents) if isinstance(d, Dimension) else d for d in found.argument_dimensions)
    result = Fixed(found.dimension.exponents) if isinstance(found.dimension, Dimension) else found.dimension
    dims = Dimensions(arguments, result)
    return FunctionRow(found.name, found.arity, dims, DTYPE_WORDS.get(found.dtype, "float"), found.stateless)


def _write_help(symbol: Symbol) -> str:
    if symbol.kind == "subexpression":
        return f"declare it as a parameter (without '=') to store a value in '{symbol.name}'"
    return ""


def unknown_name(name: str, span: Span | None, scope: Scope, called: bool = False) -> BrainsimError:
    """The error for a name that nobody defines."""
    visible = [*scope.own, *scope.outside.names(), *(FUNCTIONS if called else ())]
    candidates = [n for n in visible if not n.startswith("_")]
    units = [n for n in candidates if n not in scope.own and is_unit(n)]
    help_ = near(name, [n for n in candidates if n not in units]) or (near(name, units, 0.75) if len(name) > 3 else "")
    if name == "lastupdate":
        help_ = ("declare 'lastupdate : second' in the model and end the code with 'lastupdate = t', "
                 "or mark an equation (event-driven)")
    elif name == "xi" or name.startswith("xi_"):
        help_ = "noise means something in differential equations only, and in lines that only they use"
    elif name + "_pre" in scope.own:
        help_ = f"the source has it: write {name}_pre"
    elif not help_:
        help_ = (f"define {name} in your script before the run, add it to the namespace, "
                 f"or declare '{name} : unit' in the model")
    return UnknownName(f"Unknown name '{name}'", at=span, help=help_)


def fold(tree: Op) -> Tree:
    """Arithmetic between float numbers, done now; everything else stays."""
    values = [a.value for a in tree.args if isinstance(a, Number)]
    if len(values) != len(tree.args) or not values or any(isinstance(v, bool) for v in values):
        return tree
    if tree.op == "neg":
        return Number(-values[0], tree.span)
    if len(values) != 2 or not any(isinstance(v, float) for v in values):
        return tree
    a, b = float(values[0]), float(values[1])
    match tree.op:
        case "+":
            return Number(a + b, tree.span)
        case "-":
            return Number(a - b, tree.span)
        case "*":
            return Number(a * b, tree.span)
        case "/" if b != 0:
            return Number(a / b, tree.span)
    return tree
