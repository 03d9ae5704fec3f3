"""Objects whose code has names: variables, where their values lie, and what a name stands for."""
from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from brainsim.errors import Source, UnknownName, WrongValue
from brainsim.ir.program import Array
from brainsim.language.statements import parse_statements
from brainsim.language.trees import names
from brainsim.model.resolve import Block, Resolver
from brainsim.model.symbols import Scope, Symbol
from brainsim.model.tasks import Bounds, Task
from brainsim.naming import bounds, field_of, supplied
from brainsim.objects.groups.clock import BaseClock
from brainsim.objects.groups.declared import Declared
from brainsim.objects.groups.evaluate_now import Elements
from brainsim.objects.groups.named import BrianObject
from brainsim.objects.groups.variables import Variable
from brainsim.objects.looks.memory import Line
from brainsim.objects.names.namespace import Namespaces, RunNamespace, scalar_dtype
from brainsim.units.dimensions import SECOND

logger = logging.getLogger("brainsim")
_SHADOWED: set[tuple[str, str]] = set()
TIMES = ("t", "dt", "t_in_timesteps")   #: what every group has from its clock


def clock_symbols(clock: BaseClock) -> dict[str, Symbol]:
    """Time as a group sees it: that of its own clock, whichever clock its code runs on. There is no ``dt`` on an
    `EventClock`."""
    found = {
        "t": Symbol("t", "clock", clock.name, SECOND, "f8", shared=True, origin="clock"),
        "dt": Symbol("dt", "clock", clock.name, SECOND, "f8", shared=True, constant=True, part="dt", origin="clock"),
        "t_in_timesteps": Symbol("t_in_timesteps", "clock", clock.name, dtype="i8", shared=True,
                                 part="step", origin="clock"),
    }
    if clock.spacing is None:
        del found["dt"]
    return found


class Scoped(BrianObject):
    """An object with variables, and with code that refers to them by name. Subclasses say what its elements are."""

    may_grow = False       #: whether elements may be added later
    _scope_being_made: Scope | None = None

    def __init__(self, *, namespace: Mapping[str, object] | None = None, **place: Any):
        super().__init__(**place)
        self.variables: dict[str, Variable] = {
            name:
            Variable(name, s.program, s.dimension, s.dtype, shared=True, read_only=True, constant=s.constant, symbol=s)
            for name, s in clock_symbols(self.clock).items()
        }
        self.namespace = _checked_namespace(namespace)

    # -- what subclasses supply ----------------------------------------------------------------------------------------
    @property
    def _count(self) -> int:
        """Number of elements."""
        raise NotImplementedError

    def __len__(self) -> int:
        return self._count

    @property
    def first_element(self) -> int:
        """Where the elements begin in the arrays of the whole group."""
        return 0

    def own_symbols(self, run: RunNamespace) -> dict[str, Symbol]:
        """Every name that code of this group may use."""
        scope_of = self.scope_function(run)
        found = clock_symbols(self.clock)
        for name, variable in self.variables.items():
            if "linked" not in variable.flags or variable.linked_to is not None:
                found[name] = self._symbol(variable, scope_of)
        return found

    # -- symbols -------------------------------------------------------------------------------------------------------
    def own_scope(self, run: RunNamespace) -> Scope:
        """The names visible to this group's code."""
        outside = Namespaces(self.name, self.namespace, run)
        own: dict[str, Symbol] = {}
        scope = Scope(self.name, own, outside)
        self._scope_being_made = scope
        own.update(self.own_symbols(run))
        self._scope_being_made = None   # it knows the caller's names, and so would keep them alive
        return scope

    def scope_function(self, run: RunNamespace) -> Callable[[], Scope]:
        """The scope under construction, for the definitions of subexpressions."""
        made = self._scope_being_made
        return lambda: made if made is not None else self.own_scope(run)

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
        return Resolver(self.own_scope(run))

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
                    "'%s' in the equations of %s is its own variable; "
                    "your variable '%s' with the value %s is not used there",
                    name, self.name, name, value, extra={"topic": "resolution_conflict"})

    # -- storage -------------------------------------------------------------------------------------------------------
    def declared(self) -> Declared:
        """Variables that have values, the number of elements, and bounds for loops over them."""
        n, count = self.name, self._count
        return Declared(self._arrays(), sizes={self.own_space: count},
                        params=dict(zip((*bounds(n), supplied(n, "count")), (0, count, count))), clock=self.clock)

    def _arrays(self) -> dict[str, tuple[Array, np.ndarray]]:
        """Arrays of the variables that have values of their own."""
        found = {}
        for v in self.variables.values():
            if not v.moved and v.values is not None:
                space = v.space or (f"{self.name}.shared" if v.shared else self.own_space)
                found[v.program] = (Array(v.program, v.dtype, space), v.values)
        return found

    @property
    def parent(self) -> Any:
        """The whole group: of a part, the one that it is a part of."""
        return self

    @property
    def own_space(self) -> str:
        """Name of the space of the elements in the program."""
        return self.name

    def near_groups(self) -> Iterable["Scoped"]:
        """Groups whose arrays this group's code may reach."""
        holders: list[Any] = [v.linked_to.holder for v in self.variables.values() if v.linked_to is not None]
        return holders

    def stored_arrays(self) -> Callable[[str], np.ndarray]:
        """Arrays by program name: this group's, its neighbours', and theirs."""
        def get(name: str) -> np.ndarray:
            seen: set[int] = set()
            waiting: list[Scoped] = [self]
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
                waiting += list(group.near_groups())[::-1]
            raise KeyError(name)

        return get

    def refers_to(self) -> Iterable[BrianObject]:
        """Its neighbours."""
        return self.near_groups()

    def memory_lines(self, steps: int = 0) -> list[Line]:
        """Every declared array."""
        return [
            Line(self.name, field_of(name), len(values), values.itemsize)
            for name, (_, values) in self.declared().arrays.items()
        ]

    def array_of(self, name: str) -> np.ndarray | None:
        """The values of an array of this group's own, by program name."""
        mine = next((v for v in self.variables.values()
                     if v.program == name and (v.told is not None or not v.moved)), None)
        known = None if mine is None else mine.shown      # asked for often: without declaring everything
        return self.declared().values(name) if known is None else known

    def elements_at(self, index: np.ndarray | None) -> Elements:
        """Elements for strings evaluated at once."""
        near_by = (self, *self.near_groups())
        parts = {supplied(g.name, "count"): len(g) for g in near_by}
        parts |= {bounds(g.name)[0]: g.first_element for g in near_by}
        return Elements(self.stored_arrays(), self.clock, index, parts | {g.own_space: len(g) for g in near_by}, parts)

    def own_bounds(self) -> Bounds:
        """First and last element as parameters."""
        first, last = bounds(self.name)
        return Bounds(first=first, last=last)

    def own_domain(self) -> tuple[str, Bounds | None]:
        """Space and bounds of a loop over this group."""
        return self.own_space, None

    def own_tasks(self, run: RunNamespace) -> list[Task]:
        """What happens in a time step."""
        return []


def _checked_namespace(namespace: Mapping[str, object] | None) -> dict[str, object]:
    for key in namespace or ():
        if key.startswith("_"):
            raise WrongValue(f"The name '{key}' cannot be used in a namespace",
                             help="names must not begin with an underscore")
    return dict(namespace or {})


