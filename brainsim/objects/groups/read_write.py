"""Variables read and written by name: numbers, quantities and strings, for an index of any kind."""
from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from brainsim.errors import Source, WrongIndex, WrongSyntax, WrongType, WrongValue
from brainsim.ir.state import DTYPES
from brainsim.language.expressions import parse_expression
from brainsim.language.statements import parse_statements
from brainsim.language.trees import Tree, names
from brainsim.model.resolve import Block
from brainsim.model.symbols import Symbol
from brainsim.objects.groups.evaluate_now import evaluate, may_be_divided
from brainsim.objects.groups.pieces import pieces
from brainsim.objects.groups.scoped import Scoped
from brainsim.objects.groups.variables import (
    Variable,
    check_length,
    element_indices,
    index_of,
    to_base_units,
)
from brainsim.objects.names.namespace import RunNamespace
from brainsim.stages import watched
from brainsim.units.check import check_condition, unit_text

logger = logging.getLogger("brainsim")


class Readable(Scoped):
    """An object whose variables users read and set."""

    # -- reading and writing -------------------------------------------------------------------------------------------
    def _absolute(self, item: object, run: RunNamespace) -> np.ndarray:
        """Element numbers in the arrays, for any kind of index."""
        if isinstance(item, str):
            return self._where(item, run)
        return element_indices(index_of(item, self), self._count, self.name) + self.first_element

    def _where(self, text: str, run: RunNamespace) -> np.ndarray:
        tree = parse_expression(Source(text, f"index into {self.name}"))
        resolver = self.resolver(run)
        check_condition(tree, "index", resolver.dimensions(tree), resolver.types(tree), resolver.function_table(tree))
        self.warn_of_shadows(names(tree), run)
        candidates = np.arange(self._count) + self.first_element
        resolved = resolver.tree(tree)
        chosen = evaluate(resolved, Block((), resolver.symbols, resolver.functions), self.elements_at(candidates))
        return candidates[np.broadcast_to(chosen, candidates.shape)]

    def read_values(self, v: Variable, item: object, level: int = 0,
                    namespace: Mapping[str, object] | None = None) -> np.ndarray:
        """Numbers in base units of the elements that ``item`` means."""
        self.parent.notice_use()
        run = RunNamespace.given(namespace, level)
        symbol = self._value_symbol(v, run)
        if symbol.shared:
            self._refuse_index(v, item)
            return self._shared_value(symbol, v, run)
        shown = v.shown if v.symbol is None else None
        if _is_all(item) and shown is not None:
            return shown[self.first_element:self.first_element + self._count].copy()
        index = self._absolute(item, run)
        if shown is not None:
            return shown[index]
        resolver = self.resolver(run)
        tree = resolver.tree(parse_name(v.name))
        values = evaluate(tree, Block((), resolver.symbols, resolver.functions), self.elements_at(np.atleast_1d(index)))
        values = np.broadcast_to(values, np.shape(np.atleast_1d(index))).astype(DTYPES[v.dtype])
        return values if np.ndim(index) else values[0]

    def _shared_value(self, symbol: Symbol, v: Variable, run: RunNamespace) -> np.ndarray:
        if v.values is not None and v.symbol is None:
            return v.values[0]
        resolver = self.resolver(run)
        tree = resolver.tree(parse_name(v.name))
        return np.asarray(evaluate(tree, Block((), resolver.symbols, resolver.functions), self.elements_at(None)))[()]

    def _value_symbol(self, v: Variable, run: RunNamespace) -> Symbol:
        if v.values is not None and v.symbol is None:
            return self._symbol(v, self.scope_function(run))
        if "linked" in v.flags and v.linked_to is None:
            raise WrongType(f"The linked variable '{v.name}' has no value yet",
                            help=f"{self.name}.{v.name} = linked_var(group, 'variable')")
        return self.own_scope(run).own[v.name]

    def write_values(self, v: Variable, item: object, value: object, check: bool, level: int = 0,
                     namespace: Mapping[str, object] | None = None) -> None:
        """Set the elements that ``item`` means to numbers, a quantity or the value of a string."""
        self.assign_values(v, item, value, check, RunNamespace.given(namespace, level))

    def assign_values(self, v: Variable, item: object, value: object, check: bool, run: RunNamespace) -> None:
        """Set a variable where the index says; names in strings are looked up in ``run``."""
        with watched(self.seconds_spent, "declare"):
            self._set(v, item, value, check, run)

    def _set(self, v: Variable, item: object, value: object, check: bool, run: RunNamespace) -> None:
        self.refuse_write(v)
        if isinstance(value, str):
            self._write_string(v, item, value, run, check)
            return
        target = v
        symbol = self._value_symbol(v, run)
        numbers = to_base_units(value, v, check)
        if target.values is None:
            target = self.variable_behind(symbol)
        assert target.values is not None
        if symbol.shared:
            self._refuse_index(v, item)
            if numbers.size != 1:
                raise WrongValue(f"'{v.name}' is shared: it has one value", found=f"{numbers.size} values")
            target.changing()
            target.values[0] = numbers.reshape(())[()] if numbers.ndim else numbers
            self._written(v)
            return
        if isinstance(item, str) and numbers.size != 1:
            raise WrongType(f"With a string index, '{v.name}' takes one value or a string",
                            found=f"{numbers.size} values")
        if _is_all(item) and not symbol.path:
            check_length(numbers, self._count, v.name)
            target.changing()
            target.values[self.first_element:self.first_element
                          + self._count] = numbers.reshape(-1)[0] if numbers.size == 1 else numbers
            self._written(v)
            return
        index = self._absolute(item, run)
        if symbol.path:
            index = self.elements_at(np.atleast_1d(index)).at(symbol.path)
        check_length(numbers, np.size(index), v.name)
        if isinstance(item, str):
            index = self._free(symbol, index)      # a string index makes the assignment code (R9)
        target.changing()
        target.values[index] = numbers.reshape(-1)[0] if numbers.size == 1 else numbers
        self._written(v)

    def _free(self, symbol: Symbol, index: np.ndarray) -> np.ndarray:
        """Those elements whose variable code may write now."""
        return index[self.stored_arrays()(symbol.guard)[index]] if symbol.guard else index

    def _refuse_index(self, v: Variable, item: object) -> None:
        if not isinstance(item, slice) or item != slice(None):
            raise WrongIndex(f"'{v.name}' is shared: it has one value", help=f"{self.name}.{v.name}[:]")

    def _written(self, v: Variable) -> None:
        """Called after values were assigned."""

    def variable_behind(self, symbol: Symbol) -> Variable:
        """The variable of another group that a linked one stands for."""
        group: Any = symbol.holder
        return next(w for w in group.variables.values() if w.program == symbol.program)

    def refuse_write(self, v: Variable) -> None:
        """`WrongType` for a variable that cannot be set."""
        if v.is_subexpression:
            raise WrongType(f"'{v.name}' is a subexpression and cannot be assigned to",
                            help=f"declare it as a parameter, '{v.name} : {unit_text(v.dimension)}', to store a value")
        if v.read_only or "constant over dt" in v.flags:
            raise WrongType(f"'{v.name}' is read-only")

    def _write_string(self, v: Variable, item: object, text: str, run: RunNamespace, check: bool = True) -> None:
        resolver = self.resolver(run)
        source = Source(f"{v.name} = {text}", f"value of {self.name}.{v.name}")
        statement = parse_statements(source)[0]
        own: Any = resolver.scope.own
        if self.variables.get(v.name) is not v:   # a pathway's delay
            own[v.name] = replace(self._symbol(v, lambda: resolver.scope), writable=True)
        symbol = own[v.name]
        if symbol.shared:
            used = names(statement.value) & frozenset(
                n for n, s in resolver.scope.own.items() if not s.shared and s.kind in ("array", "index"))
            if used:
                raise WrongSyntax(f"'{v.name}' is shared; its value cannot depend on '{sorted(used)[0]}'",
                                  at=statement.value.span)
        self._warn_of_ambiguity(v, item, names(statement.value))
        self.warn_of_shadows(names(statement.value), run)
        done = resolver.statement(statement) if check else replace(statement, value=resolver.tree(statement.value))
        block = Block((), resolver.symbols, resolver.functions)
        if symbol.shared:
            self._refuse_index(v, item)
            target = v if v.values is not None else self.variable_behind(symbol)
            assert target.values is not None
            target.changing()
            target.values[0] = evaluate(done.value, block, self.elements_at(None))
            self._written(v)
            return
        target = v if v.values is not None else self.variable_behind(symbol)
        assert target.values is not None
        target.changing()
        for index in self._pieces(item, run, done.value, block, symbol):
            here = self.elements_at(index)
            values = np.broadcast_to(evaluate(done.value, block, here), index.shape)
            at = here.at(symbol.path) if symbol.path else index
            if symbol.guard:
                free = here.arrays(symbol.guard)[at]
                at, values = at[free], values[free]
            target.values[at] = values
        self._written(v)

    def _pieces(self, item: object, run: RunNamespace, tree: Tree, block: Block,
                symbol: Symbol) -> Iterator[np.ndarray]:
        """Elements to evaluate a tree for: a piece at a time where that gives the same numbers."""
        if _is_all(item) and may_be_divided(tree, block, symbol):
            yield from (np.arange(p.start, p.stop) + self.first_element for p in pieces(self._count))
        else:
            yield np.atleast_1d(self._absolute(item, run))

    def _warn_of_ambiguity(self, v: Variable, item: object, used: frozenset[str]) -> None:
        """Names that a part used as an index has too mean those of this group."""
        parts = item if isinstance(item, tuple) else (item,)
        if any(isinstance(x, Scoped) for x in parts):
            sides = {f"N_{side}" for side, x in zip(("pre", "post"), parts) if isinstance(x, Scoped) and len(parts) > 1}
            for name in sorted(used & {"i", "N", *sides}):
                logger.warning("'%s' in the value of %s.%s is that of %s, not of the part that is the index", name,
                               self.name, v.name, self.name, extra={"topic": "ambiguous_string_expression"})


def _is_all(item: object) -> bool:
    return isinstance(item, slice) and item == slice(None)


class Indices:
    """Numbers of the elements that an index, a slice or a condition means."""

    def __init__(self, group: Readable):
        self._group = group

    def __getitem__(self, item: object) -> np.ndarray:
        if item is None or isinstance(item, tuple) and any(x is None for x in item):
            raise WrongType("None is not an index", help="[:] means all")
        return self._group._absolute(item, RunNamespace.of_caller()) - self._group.first_element


def parse_name(name: str) -> Tree:
    """A name as a tree."""
    return parse_expression(Source(name))
