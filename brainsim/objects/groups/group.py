"""Groups: objects with variables that users read and write by name, in numbers or in strings."""
from __future__ import annotations

import logging
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from brainsim.errors import Source, UnknownAttribute, UnknownName, WrongIndex, WrongSyntax, WrongType, WrongValue, near
from brainsim.ir.program import Array
from brainsim.ir.state import DTYPES
from brainsim.language.expressions import parse_expression
from brainsim.language.statements import parse_statements
from brainsim.language.trees import Tree, names
from brainsim.model.resolve import Block, Resolver, once_and_each
from brainsim.model.symbols import Scope, Symbol
from brainsim.model.tasks import Bounds, Elementwise, Task
from brainsim.naming import bounds, own
from brainsim.objects.groups.clock import BaseClock, EventClock, make_clock
from brainsim.objects.groups.declared import Declared
from brainsim.objects.groups.evaluate_now import Elements, evaluate, may_be_divided
from brainsim.objects.groups.named import BrianObject
from brainsim.objects.groups.variables import Variable, VariableView, check_length, element_indices, to_base_units
from brainsim.objects.looks import html
from brainsim.objects.looks.exports import Column, Table, to_pandas, to_xarray
from brainsim.objects.looks.memory import Line
from brainsim.objects.looks.tables import from_format, in_format
from brainsim.objects.looks.value_text import value_text
from brainsim.objects.names.namespace import RunNamespace, lookup, scalar_dtype
from brainsim.objects.names.structure import structure_changed
from brainsim.objects.synapses.rows import pieces
from brainsim.options import prefs
from brainsim.stages import watched
from brainsim.units.check import check_condition, unit_text
from brainsim.units.dimensions import SECOND

logger = logging.getLogger("brainsim")


def clock_symbols(clock: BaseClock) -> dict[str, Symbol]:
    """Time as a group sees it: that of its own clock, whichever clock its code runs on. There is no ``dt`` on an
    `EventClock`."""
    found = {
        "t": Symbol("t", "clock", clock.name, SECOND, "f8", shared=True, origin="clock"),
        "dt": Symbol("dt", "clock", clock.name, SECOND, "f8", shared=True, constant=True, part="dt", origin="clock"),
        "t_in_timesteps": Symbol("t_in_timesteps", "clock", clock.name, dtype="i8", shared=True,
                                 part="step", origin="clock"),
    }
    if clock._dt is None:
        del found["dt"]
    return found


_SHADOWED: set[tuple[str, str]] = set()
TIMES = ("t", "dt", "t_in_timesteps")   #: what every group has from its clock


class Sealed(type):
    """Classes whose finished objects take no new attributes, so that a misspelt variable is an error and not a
    silence."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        spent: dict[str, float] = {}
        with watched(spent, "declare"):
            made = super().__call__(*args, **kwargs)
        object.__setattr__(made, "_sealed", True)
        object.__setattr__(made, "_spent", spent)
        return made


class Group(BrianObject, metaclass=Sealed):
    """An object with variables. Subclasses say what their elements are."""

    add_to_magic_network = True
    _sealed = False
    _element = "neuron"      #: what an element is called in tables

    def __init__(self, *, namespace: Mapping[str, object] | None = None, **place: Any):
        super().__init__(**place)
        self.variables: dict[str, Variable] = {
            name:
            Variable(name, s.program, s.dimension, s.dtype, shared=True, read_only=True, constant=s.constant, symbol=s)
            for name, s in clock_symbols(self.clock).items()
        }
        self.namespace = _checked_namespace(namespace)
        self._regular: list[RunRegularly] = []

    # -- what subclasses supply ----------------------------------------------------------------------------------------
    @property
    def _count(self) -> int:
        """Number of elements."""
        raise NotImplementedError

    def own_symbols(self, run: RunNamespace) -> dict[str, Symbol]:
        """Every name that code of this group may use."""
        scope_of = self.scope_function(run)
        found = clock_symbols(self.clock)
        for name, variable in self.variables.items():
            if "linked" not in variable.flags or variable.linked_to is not None:
                found[name] = self._symbol(variable, scope_of)
        return found

    # -- symbols -------------------------------------------------------------------------------------------------------
    def scope(self, run: RunNamespace) -> Scope:
        """The names visible to this group's code."""
        outside = lookup(self.name, self.namespace, run)
        own: dict[str, Symbol] = {}
        scope = Scope(self.name, own, outside)
        self._scope_being_made = scope
        own.update(self.own_symbols(run))
        self._scope_being_made = None   # it knows the caller's names, and so would keep them alive
        return scope

    def scope_function(self, run: RunNamespace) -> Callable[[], Scope]:
        """The scope under construction, for the definitions of subexpressions."""
        made = getattr(self, "_scope_being_made", None)
        return lambda: made if made is not None else self.scope(run)

    def _symbol(self, v: Variable, scope_of: Callable[[], Scope]) -> Symbol:
        if v.symbol is not None:
            return v.symbol
        if "linked" in v.flags:
            if v.linked_to is None:
                raise UnknownName(f"The linked variable '{v.name}' of {self.name} was never set",
                                  help=f"{self.name}.{v.name} = linked_var(other_group, 'variable')")
            return v.linked_to
        if v.is_subexpression:
            return Symbol(v.name, "subexpression", v.program, v.dimension, v.dtype, shared=v.shared,
                          definition=v.definition, scope=scope_of())
        return Symbol(v.name, "array", v.program, v.dimension, v.dtype, shared=v.shared, writable=not v.read_only,
                      constant=v.constant, guard=v.guard, origin=self.name)

    def resolver(self, run: RunNamespace) -> Resolver:
        """A collector of symbols for one piece of this group's code."""
        return Resolver(self.scope(run))

    def block_of(self, text: str, title: str, run: RunNamespace) -> Block:
        """User statements, resolved and checked."""
        source = Source(text, f"{title} of {self.name}", self._made_at)
        statements = parse_statements(source)
        self.warn_of_shadows(frozenset().union(*(names(s.value) for s in statements)), run)
        return self.resolver(run).block(statements, title)

    def warn_of_shadows(self, used: frozenset[str], run: RunNamespace) -> None:
        """Say once which of the script's own values have names of this group's variables, in code that uses them."""
        for name in sorted(used & set(self.variables)):
            value = run.get(name)
            if scalar_dtype(value) is not None and (self.name, name) not in _SHADOWED:
                _SHADOWED.add((self.name, name))
                logger.warning(
                    "'%s' in the equations of %s is its own variable; your variable '%s' with the value %s is not used there",
                    name, self.name, name, value, extra={"topic": "resolution_conflict"})

    # -- storage -------------------------------------------------------------------------------------------------------
    def declared(self) -> Declared:
        """Variables that have values, the number of elements, and bounds for loops over them."""
        n, count = self.name, self._count
        return Declared(self._arrays(), sizes={self.space: count},
                        params=dict(zip((*bounds(n), own(n, "count")), (0, count, count))), clock=self.clock)

    def _arrays(self) -> dict[str, tuple[Array, np.ndarray]]:
        """Arrays of the variables that have values of their own."""
        found = {}
        for v in self.variables.values():
            if not v.moved and v.values is not None:
                space = v.space or (f"{self.name}.shared" if v.shared else self.space)
                found[v.program] = (Array(v.program, v.dtype, space), v.values)
        return found

    @property
    def parent(self) -> "Group":
        """The whole group: of a part, the one that it is a part of."""
        return self

    @property
    def space(self) -> str:
        """Name of the space of the elements in the program."""
        return self.name

    def neighbours(self) -> Iterable["Group"]:
        """Groups whose arrays this group's code may reach."""
        return [v.linked_to.holder for v in self.variables.values() if v.linked_to is not None]  # type: ignore[misc]

    def reach(self) -> Callable[[str], np.ndarray]:
        """Arrays by program name: this group's, its neighbours', and theirs."""
        def get(name: str) -> np.ndarray:
            seen: set[int] = set()
            waiting: list[Group] = [self]
            while waiting:
                group = waiting.pop()
                if id(group) in seen:
                    continue
                seen.add(id(group))
                found = group.array_of(name)
                if found is not None:
                    return found
                back = next((v.values for v in group.variables.values() if v.program == name and v.moved), None)
                if back is not None:
                    return back
                waiting += list(group.neighbours())[::-1]
            raise KeyError(name)

        return get

    def refers_to(self) -> Iterable[BrianObject]:
        """Its neighbours."""
        return self.neighbours()

    def memory_lines(self, steps: int = 0) -> list[Line]:
        """Every declared array."""
        return [
            Line(self.name, name.partition(".")[2], len(values), values.itemsize)
            for name, (_, values) in self.declared().arrays.items()
        ]

    def array_of(self, name: str) -> np.ndarray | None:
        """The values of an array of this group's own, by program name."""
        return self.declared().values(name)

    def _all_params(self) -> dict[str, int | float]:
        found = dict(self.declared().params)
        for other in self.neighbours():
            found = {**other.declared().params, **found}
        return found

    def elements(self, index: np.ndarray | None) -> Elements:
        """Elements for strings evaluated at once."""
        near_by = (self, *self.neighbours())
        params = self._all_params()
        parts = {name: int(params[name]) for g in near_by for name in (own(g.name, "count"), bounds(g.name)[0])
                 if name in params}
        return Elements(self.reach(), self.clock, index, parts | {g.space: g._count for g in near_by}, parts)

    # -- reading and writing -------------------------------------------------------------------------------------------
    def _absolute(self, item: object, run: RunNamespace) -> np.ndarray:
        """Element numbers in the arrays, for any kind of index."""
        if isinstance(item, str):
            return self._where(item, run)
        return element_indices(getattr(item, "_indices_for", lambda g: item)(self), self._count,
                               self.name) + self._first

    @property
    def _first(self) -> int:
        return 0

    def _where(self, text: str, run: RunNamespace) -> np.ndarray:
        tree = parse_expression(Source(text, f"index into {self.name}"))
        resolver = self.resolver(run)
        check_condition(tree, "index", resolver.dimensions(tree), resolver.types(tree), resolver.function_table(tree))
        self.warn_of_shadows(names(tree), run)
        candidates = np.arange(self._count) + self._first
        resolved = resolver.tree(tree)
        chosen = evaluate(resolved, Block((), resolver.symbols, resolver.functions), self.elements(candidates))
        return candidates[np.broadcast_to(chosen, candidates.shape)]

    def _read(self, v: Variable, item: object, level: int = 0,
              namespace: Mapping[str, object] | None = None) -> np.ndarray:
        self.parent._forgotten = False
        run = RunNamespace.given(namespace, level)
        symbol = self._value_symbol(v, run)
        if symbol.shared:
            self._refuse_index(v, item)
            return self._shared_value(symbol, v, run)
        if _is_all(item) and v.values is not None and v.symbol is None:
            return v.values[self._first:self._first + self._count].copy()
        index = self._absolute(item, run)
        if v.values is not None and v.symbol is None:
            return v.values[index]
        resolver = self.resolver(run)
        tree = resolver.tree(parse_name(v.name))
        values = evaluate(tree, Block((), resolver.symbols, resolver.functions), self.elements(np.atleast_1d(index)))
        values = np.broadcast_to(values, np.shape(np.atleast_1d(index))).astype(DTYPES[v.dtype])
        return values if np.ndim(index) else values[0]

    def _shared_value(self, symbol: Symbol, v: Variable, run: RunNamespace) -> np.ndarray:
        if v.values is not None and v.symbol is None:
            return v.values[0]
        resolver = self.resolver(run)
        tree = resolver.tree(parse_name(v.name))
        return np.asarray(evaluate(tree, Block((), resolver.symbols, resolver.functions), self.elements(None)))[()]

    def _value_symbol(self, v: Variable, run: RunNamespace) -> Symbol:
        if v.values is not None and v.symbol is None:
            return self._symbol(v, self.scope_function(run))
        if "linked" in v.flags and v.linked_to is None:
            raise WrongType(f"The linked variable '{v.name}' has no value yet",
                            help=f"{self.name}.{v.name} = linked_var(group, 'variable')")
        return self.scope(run).own[v.name]

    def _write(self, v: Variable, item: object, value: object, check: bool, level: int = 0,
               namespace: Mapping[str, object] | None = None) -> None:
        self.assign(v, item, value, check, RunNamespace.given(namespace, level))

    def assign(self, v: Variable, item: object, value: object, check: bool, run: RunNamespace) -> None:
        """Set a variable where the index says; names in strings are looked up in ``run``."""
        with watched(vars(self).get("_spent", {}), "declare"):
            self._set(v, item, value, check, run)

    def _set(self, v: Variable, item: object, value: object, check: bool, run: RunNamespace) -> None:
        self._refuse_write(v)
        if isinstance(value, str):
            self._write_string(v, item, value, run, check)
            return
        target = v
        symbol = self._value_symbol(v, run)
        numbers = to_base_units(value, v, check)
        if target.values is None:
            target = self._linked_variable(symbol)
        assert target.values is not None
        if symbol.shared:
            self._refuse_index(v, item)
            if numbers.size != 1:
                raise WrongValue(f"'{v.name}' is shared: it has one value", found=f"{numbers.size} values")
            target.values[0] = numbers.reshape(())[()] if numbers.ndim else numbers
            self._written(v)
            return
        if isinstance(item, str) and numbers.size != 1:
            raise WrongType(f"With a string index, '{v.name}' takes one value or a string",
                            found=f"{numbers.size} values")
        if _is_all(item) and not symbol.path:
            check_length(numbers, self._count, v.name)
            target.values[self._first:self._first
                          + self._count] = numbers.reshape(-1)[0] if numbers.size == 1 else numbers
            self._written(v)
            return
        index = self._absolute(item, run)
        if symbol.path:
            index = self.elements(np.atleast_1d(index)).at(symbol.path)
        check_length(numbers, np.size(index), v.name)
        if isinstance(item, str):
            index = self._free(symbol, index)      # a string index makes the assignment code (R9)
        target.values[index] = numbers.reshape(-1)[0] if numbers.size == 1 else numbers
        self._written(v)

    def _free(self, symbol: Symbol, index: np.ndarray) -> np.ndarray:
        """Those elements whose variable code may write now."""
        return index[self.reach()(symbol.guard)[index]] if symbol.guard else index

    def _refuse_index(self, v: Variable, item: object) -> None:
        if not isinstance(item, slice) or item != slice(None):
            raise WrongIndex(f"'{v.name}' is shared: it has one value", help=f"{self.name}.{v.name}[:]")

    def _written(self, v: Variable) -> None:
        """Called after values were assigned."""

    def _linked_variable(self, symbol: Symbol) -> Variable:
        group = symbol.holder
        return next(w for w in group.variables.values() if w.program == symbol.program)  # type: ignore[attr-defined]

    def _refuse_write(self, v: Variable) -> None:
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
                                  at=statement.value.span)  # type: ignore[attr-defined]
        self._warn_of_ambiguity(v, item, names(statement.value))
        self.warn_of_shadows(names(statement.value), run)
        done = resolver.statement(statement) if check else replace(statement, value=resolver.tree(statement.value))
        block = Block((), resolver.symbols, resolver.functions)
        if symbol.shared:
            self._refuse_index(v, item)
            target = v if v.values is not None else self._linked_variable(symbol)
            assert target.values is not None
            target.values[0] = evaluate(done.value, block, self.elements(None))
            self._written(v)
            return
        target = v if v.values is not None else self._linked_variable(symbol)
        assert target.values is not None
        for index in self._pieces(item, run, done.value, block, symbol):
            here = self.elements(index)
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
            yield from (np.arange(p.start, p.stop) + self._first for p in pieces(self._count))
        else:
            yield np.atleast_1d(self._absolute(item, run))

    def _warn_of_ambiguity(self, v: Variable, item: object, used: frozenset[str]) -> None:
        """Names that a part used as an index has too mean those of this group."""
        parts = item if isinstance(item, tuple) else (item,)
        if any(isinstance(x, Group) for x in parts):
            sides = {f"N_{side}" for side, x in zip(("pre", "post"), parts) if isinstance(x, Group) and len(parts) > 1}
            for name in sorted(used & {"i", "N", *sides}):
                logger.warning("'%s' in the value of %s.%s is that of %s, not of the part that is the index", name,
                               self.name, v.name, self.name, extra={"topic": "ambiguous_string_expression"})

    # -- attributes ----------------------------------------------------------------------------------------------------
    def __getattr__(self, name: str) -> Any:
        variables = self.__dict__.get("variables")
        if variables is not None and (not name.startswith("_") or name in variables):
            stem = name.removesuffix("_")
            found = variables.get(name) or variables.get(stem)
            if found is not None and found.symbol is not None and found.symbol.kind == "size" and found.symbol.constant:
                return self._count
            if found is not None and not (found.symbol is not None and found.symbol.kind == "clock"):
                return self._view(found, found.name == name)
            if name in ("t", "dt", "t_", "dt_"):
                return getattr(self._clock, name)
            if name == "state":     # no method, so that a variable may have this name
                return lambda name, use_units=True, level=0: getattr(self, name if use_units else f"{name}_")
            if name in ("t_in_timesteps", "t_in_timesteps_"):
                return self._clock.timestep
            for stem, with_units in ((name, True), (name.removesuffix("_"), False)):
                reached = self._reached(stem) if self._sealed and not stem.startswith("_") else None
                if reached is not None:
                    return self._view(reached, with_units)
            help_ = near(name, [*variables, *(n for n in dir(type(self)) if not n.startswith("_"))])
            raise UnknownAttribute(
                f"{type(self).__name__} '{self.__dict__.get('name', '')}' has no attribute or variable '{name}'",
                help=help_)
        raise AttributeError(name)

    def _reached(self, name: str) -> Variable | None:
        """A variable of another group that this group's code calls ``name``."""
        return None

    def _view(self, variable: Variable, with_units: bool) -> VariableView:
        if variable.linked_to is None and "linked" in variable.flags:
            raise WrongType(f"The linked variable '{variable.name}' has no value yet",
                            help=f"{self.name}.{variable.name} = linked_var(group, 'variable')")
        return VariableView(self, variable, with_units)

    def __setattr__(self, name: str, value: object) -> None:
        variables = self.__dict__.get("variables")
        if variables is None or name.startswith("_") or name in self.__dict__ or hasattr(
                type(self), name) or not self._may_be_variable(name):
            super().__setattr__(name, value)
            return
        base = name if name in variables else name[:-1] if name.endswith("_") and name[:-1] in variables else ""
        reached = None if base else self._reached(name) or self._reached(name.removesuffix("_"))
        if reached is not None:
            self._assign_whole(reached, value, reached.name == name)
            return
        if not base:
            help_ = near(name, variables) or f"declare '{name}' in the equations, or call add_attribute('{name}') first"
            raise UnknownAttribute(f"{type(self).__name__} '{self.name}' has no variable '{name}' to set", help=help_)
        if isinstance(value, VariableView) and value.group is self and value.variable is variables[base]:
            return  # the end of ``G.v += x``
        self._assign_whole(variables[base], value, base == name)

    def _may_be_variable(self, name: str) -> bool:
        return self._sealed or name in self.variables or name.removesuffix("_") in self.variables

    def _assign_whole(self, variable: Variable, value: object, check: bool) -> None:
        link = getattr(value, "_is_link", False)
        if "linked" in variable.flags and variable.linked_to is None or link:
            self._set_link(variable, value)
            return
        if isinstance(value, VariableView):
            value = value._all()
        self._write(variable, slice(None), value, check)

    def _set_link(self, variable: Variable, value: Any) -> None:
        if "linked" not in variable.flags:
            raise WrongType(f"'{variable.name}' is not a linked variable",
                            help=f"declare it '{variable.name} : {unit_text(variable.dimension)} (linked)'")
        if not getattr(value, "_is_link", False):
            raise WrongValue(f"The linked variable '{variable.name}' can only be set to another variable",
                             help=f"{self.name}.{variable.name} = linked_var(group, 'variable')")
        variable.linked_to = value.symbol_for(self, variable)
        structure_changed()

    def add_attribute(self, name: str) -> None:
        """Allow a Python attribute of this name to be set on the group."""
        object.__setattr__(self, name, None)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.variables, *(f"{n}_" for n in self.variables)})

    def __del__(self) -> None:
        """Say that the group goes without having been of any use: it was forgotten, or hidden from `run`."""
        unused = self._sealed and self._forgotten and self.add_to_magic_network and self.invalidates_magic_network
        if unused and not sys.is_finalizing() and prefs["logging.warn_for_unused_objects"]:
            logger.warning(
                "%s, made at %s, goes without ever having been simulated: keep it in a variable, or put it into the network",
                self.name, self._made_at, extra={"topic": "unused_brian_object"})

    @property
    def indices(self) -> "Indices":
        """``G.indices['v > 0*mV']``: which elements an index means."""
        return Indices(self)

    # -- states --------------------------------------------------------------------------------------------------------
    def get_states(self, vars: Iterable[str] | None = None, units: bool = True, format: str = "dict",
                   subexpressions: bool = False, read_only_variables: bool = True, level: int = 0) -> Any:
        """Copies of variables, and the time: name → values, with units or in base units; or a pandas table in base
        units."""
        chosen = list(vars) if vars is not None else [
            n for n, v in self.variables.items() if (not v.is_subexpression or subexpressions) and (
                read_only_variables or not v.read_only) and not n.startswith("_")
        ]
        if vars is None and read_only_variables:
            chosen += [n for n in clock_symbols(self.clock) if n not in chosen]
        found: dict[str, Any] = {}
        for name in chosen:
            if name in TIMES and name not in self.variables:
                found[name] = self._clock.timestep if name == "t_in_timesteps" else getattr(
                    self._clock, name if units else f"{name}_")
            elif name not in self.variables:
                raise UnknownName(f"'{name}' is not a variable of {self.name}", help=near(name, self.variables))
            else:
                found[name] = VariableView(self, self.variables[name], units).get_item(slice(None), level=level)
        return in_format(found, format, units)

    def set_states(self, values: Mapping[str, object], units: bool = True, format: str = "dict",
                   level: int = 0) -> None:
        """The inverse of `get_states`."""
        for name, value in from_format(values, format, units).items():
            if name not in self.variables:
                raise UnknownName(f"'{name}' is not a variable of {self.name}", help=near(name, self.variables))
            self._write(self.variables[name], slice(None), value, units, level=level)

    # -- tables --------------------------------------------------------------------------------------------------------
    def to_pandas(self) -> Any:
        """A `pandas.DataFrame` of what is stored, a row per element, in base units; ``frame.attrs['units']`` names
        them."""
        return to_pandas(self._table())

    def to_xarray(self) -> Any:
        """An `xarray.Dataset` of what is stored, with coordinates; each variable says its unit in
        ``attrs['units']``."""
        return to_xarray(self._table())

    def _table(self) -> Table:
        place = (self._element,)
        columns = tuple(
            Column(v.name, () if v.shared else place,
                   self._view(v, False).get_value(), unit_text(v.dimension)) for v in self._stored())
        return Table(self.name,
                     type(self).__name__, self._element, columns,
                     (Column(self._element, place, np.arange(self._count)),))

    def _stored(self) -> list[Variable]:
        """Variables that hold values, one way or another."""
        return [
            v for v in self.variables.values()
            if not v.is_subexpression and v.symbol is None and not v.name.startswith("_") and (
                "linked" not in v.flags or v.linked_to is not None)
        ]

    # -- regular code --------------------------------------------------------------------------------------------------
    def run_regularly(self, code: str, dt: object = None, clock: BaseClock | None = None, when: str = "start",
                      order: int = 0, name: str | None = None) -> "RunRegularly":
        """Run statements on every element each ``dt`` (default: this group's clock)."""
        chosen = make_clock(dt, clock) if dt is not None or clock is not None else self.clock
        return self.run_on_clock(code, chosen, when, order, name or f"{self.name}_run_regularly*")

    def run_at(self, code: str, times: object, when: str = "start", order: int = 0,
               name: str | None = None) -> "RunRegularly":
        """Run statements on every element at these times, given in any order and each once (`EventClock`)."""
        return self.run_on_clock(code, EventClock(times), when, order, name or f"{self.name}_run_at*")

    def run_on_clock(self, code: str, clock: BaseClock, when: str = "start", order: int = 0,
                     name: str | None = None) -> "RunRegularly":
        """Run statements on every element at the ticks of a clock."""
        made = RunRegularly(self, code, clock=clock, when=when, order=order, name=name or f"{self.name}_run_on_clock*")
        self.parent._contained.append(made)
        structure_changed()
        return made

    def bounds(self) -> Bounds:
        """First and last element as parameters."""
        return Bounds(*bounds(self.name))

    def domain(self) -> tuple[str, Bounds | None]:
        """Space and bounds of a loop over this group."""
        return self.space, None

    def tasks(self, run: RunNamespace) -> list[Task]:
        """What happens in a time step."""
        return []

    def _repr_html_(self) -> str:
        stored = [v.name for v in self._stored()]
        rows = [(v.name, unit_text(v.dimension), ", ".join(v.flags),
                 value_text(self._view(v, False).get_value(), v.dimension) if v.name in stored else "")
                for v in self.variables.values() if v.symbol is None and not v.name.startswith("_")]
        return html.table(
            type(self).__name__, ("variable", "unit", "flags", "values"), rows,
            f"{self.name}, {self._count} {self._element}s")


def whole(o: BrianObject) -> BrianObject:
    """The whole group of a part; any other object itself."""
    return o.parent if isinstance(o, Group) else o


def _is_all(item: object) -> bool:
    return isinstance(item, slice) and item == slice(None)


class Indices:
    """Numbers of the elements that an index, a slice or a condition means."""

    def __init__(self, group: Group):
        self._group = group

    def __getitem__(self, item: object) -> np.ndarray:
        if item is None or isinstance(item, tuple) and any(x is None for x in item):
            raise WrongType("None is not an index", help="[:] means all")
        return self._group._absolute(item, RunNamespace.of_caller()) - self._group._first


class RunRegularly(BrianObject):
    """Statements that run on every element of a group at the ticks of a clock (of the group's own, unless told
    otherwise)."""

    def __init__(self, group: Group, code: str, *, dt: object = None, clock: BaseClock | None = None, **place: Any):
        if not isinstance(code, str):
            raise WrongType("run_regularly takes statements as a string", found=repr(code))
        super().__init__(dt=dt, clock=group.clock if dt is None and clock is None else clock, **place)
        # a part may have no other name; a whole group holds this object, and would keep itself alive
        self._group = group if group.parent is not group else weakref.proxy(group)
        self.code = code

    def refers_to(self) -> list[BrianObject]:
        """The group."""
        return [self._group]

    def tasks(self, run: RunNamespace) -> list[Task]:
        """What is shared, once; then the block for each element."""
        once, each = once_and_each(self._group.block_of(self.code, "run_regularly", run))
        space, bounds = self._group.domain()
        return [
            Elementwise(name=self.name, clock=self.clock.name, when=self.when, order=self.order, space=space,
                        bounds=bounds, block=each, guarded=True, before=once if once.statements else None)
        ]


def _checked_namespace(namespace: Mapping[str, object] | None) -> dict[str, object]:
    for key in namespace or ():
        if key.startswith("_"):
            raise WrongValue(f"The name '{key}' cannot be used in a namespace",
                             help="names must not begin with an underscore")
    return dict(namespace or {})


def parse_name(name: str) -> Tree:
    """A name as a tree."""
    return parse_expression(Source(name))
