"""Groups: objects with variables that users read and write by name, in numbers or in strings."""
from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Mapping
from itertools import chain, count
from typing import Any

import numpy as np

from brainsim.errors import (
    Span,
    UnknownAttribute,
    UnknownName,
    WrongState,
    WrongSyntax,
    WrongType,
    WrongValue,
    near,
)
from brainsim.objects.groups.clock import BaseClock, EventClock, make_clock
from brainsim.objects.groups.named import BrianObject
from brainsim.objects.groups.read_write import Indices, Readable
from brainsim.objects.groups.regularly import RunRegularly
from brainsim.objects.groups.scoped import TIMES, clock_symbols
from brainsim.objects.groups.shared import shared
from brainsim.objects.groups.variables import (
    Reference,
    Variable,
    VariableView,
)
from brainsim.objects.looks import html
from brainsim.objects.looks.exports import Column, Frame, to_pandas, to_xarray
from brainsim.objects.looks.tables import from_format, in_format
from brainsim.objects.looks.value_text import value_text
from brainsim.objects.names.structure import structure_changed
from brainsim.options import prefs
from brainsim.stages import watched
from brainsim.units.check import unit_text

logger = logging.getLogger("brainsim")


class Sealed(type):
    """Classes whose finished objects take no new attributes, so that a misspelt variable is an error and not a
    silence."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        spent: dict[str, float] = {}
        with watched(spent, "declare"):
            made = super().__call__(*args, **kwargs)
            hidden = _seal_names(made, made.declared_names())
        object.__setattr__(made, "_hidden", hidden)
        object.__setattr__(made, "_sealed", True)
        object.__setattr__(made, "seconds_spent", spent)
        return made


def _seal_names(group: "Group", declared: Iterable[tuple[str, Span | None]]) -> frozenset[str]:
    """The variables that attributes or methods hide when they are read; what can be set as an attribute is refused."""
    hidden = {name: place for name, place in declared if group.is_taken(name)}
    for name, place in hidden.items():
        if group.is_settable(name):
            raise WrongSyntax(
                f"'{name}' cannot be the name of a variable: {type(group).__name__} has an attribute of this name",
                at=place, help=f"use another name, '{name}_value' for example")
        logger.warning("the variable '%s' of %s is set by %s.%s = ..., but read by get_states(['%s']): %s has an "
                       "attribute of this name", name, group.name, group.name, name, name, type(group).__name__,
                       extra={"topic": "hidden_variable"})
    return frozenset(hidden)


class Group(Readable, metaclass=Sealed):
    """An object with variables. Subclasses say what their elements are."""

    add_to_magic_network = True
    _sealed = False
    _hidden: frozenset[str] = frozenset()      #: variables that attributes hide when they are read
    element_word = "neuron"      #: what an element is called in tables

    # -- attributes ----------------------------------------------------------------------------------------------------
    def __getattr__(self, name: str) -> Any:
        variables = self.__dict__.get("variables")
        if variables is not None and (not name.startswith("_") or name in variables):
            stem = name.removesuffix("_")
            found = variables.get(name) or variables.get(stem)
            if found is not None and found.symbol is not None and found.symbol.kind == "size" and found.symbol.constant:
                return shared(self._count)
            if found is not None and not (found.symbol is not None and found.symbol.kind == "clock"):
                return self.view_of(found, found.name == name)
            if name in ("t", "dt", "t_", "dt_"):
                return shared(getattr(self._clock, name))
            if name == "state":     # no method, so that a variable may have this name
                return lambda name, use_units=True, level=0: getattr(self, name if use_units else f"{name}_")
            if name in ("t_in_timesteps", "t_in_timesteps_"):
                return self._clock.timestep
            for stem, with_units in ((name, True), (name.removesuffix("_"), False)):
                reached = self.seen_through(stem) if self._sealed and not stem.startswith("_") else None
                if reached is not None:
                    return self.view_of(reached, with_units)
            help_ = near(name, [*variables, *(n for n in dir(type(self)) if not n.startswith("_"))])
            raise UnknownAttribute(
                f"{type(self).__name__} '{self.__dict__.get('name', '')}' has no attribute or variable '{name}'",
                help=help_)
        raise AttributeError(name)

    def is_taken(self, name: str) -> bool:
        """Whether this name is an attribute or a method, so that a variable of the name cannot be reached."""
        return name in self.__dict__ or hasattr(type(self), name)

    def is_settable(self, name: str) -> bool:
        """Whether this name is an attribute that can be set, so that setting cannot mean a variable."""
        attribute = getattr(type(self), name, None)
        return name in self.__dict__ or isinstance(attribute, property) and attribute.fset is not None

    def declared_names(self) -> Iterable[tuple[str, Span | None]]:
        """The variables that the user's equations declare, with their places in the string."""
        return ()

    def seen_through(self, name: str) -> Variable | None:
        """A variable of another group that this group's code calls ``name``."""
        return None

    def view_of(self, variable: Variable, with_units: bool) -> VariableView:
        """The variable as users read and set it; `WrongType` for a link that was never made."""
        if variable.linked_to is None and "linked" in variable.flags:
            raise WrongType(f"The linked variable '{variable.name}' has no value yet",
                            help=f"{self.name}.{variable.name} = linked_var(group, 'variable')")
        return VariableView(self, variable, with_units)

    def __setattr__(self, name: str, value: object) -> None:
        variables = self.__dict__.get("variables")
        known = name in self.__dict__ or hasattr(type(self), name) and name not in self._hidden
        if variables is None or name.startswith("_") or known or not self._may_be_variable(name):
            super().__setattr__(name, value)
            return
        base = name if name in variables else name[:-1] if name.endswith("_") and name[:-1] in variables else ""
        reached = None if base else self.seen_through(name) or self.seen_through(name.removesuffix("_"))
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
        link = isinstance(value, Reference)
        if "linked" in variable.flags and variable.linked_to is None or link:
            self._set_link(variable, value)
            return
        if isinstance(value, VariableView):
            value = value.whole()
        self.write_values(variable, slice(None), value, check)

    def _set_link(self, variable: Variable, value: Any) -> None:
        if "linked" not in variable.flags:
            raise WrongType(f"'{variable.name}' is not a linked variable",
                            help=f"declare it '{variable.name} : {unit_text(variable.dimension)} (linked)'")
        if not isinstance(value, Reference):
            raise WrongValue(f"The linked variable '{variable.name}' can only be set to another variable",
                             help=f"{self.name}.{variable.name} = linked_var(group, 'variable')")
        variable.linked_to = value.symbol_for(self, variable)
        structure_changed()

    # -- store and restore ---------------------------------------------------------------------------------------------
    def kept_besides(self) -> dict[str, Any]:
        """The names and dimensions of the variables, to know them by."""
        return super().kept_besides() | {"variables": self._stated()}

    def check_kept(self, kept: Mapping[str, Any]) -> None:
        """`WrongState` for values of other variables."""
        now = self._stated()
        then = kept.get("variables", now)     # earlier versions did not say
        other = sorted(n for n in now.keys() | then.keys() if now.get(n) != then.get(n))
        if other:
            raise WrongState(f"{self.name} has other variables than when it was stored",
                             found=f"{', '.join(sorted(now)) or 'none'}; stored: {', '.join(sorted(then)) or 'none'}; "
                             f"different: {', '.join(other)}", help="restore into the model that was stored")

    def _stated(self) -> dict[str, tuple[float, ...]]:
        return {v.name: v.dimension.exponents for v in self.variables.values()
                if v.definition is None and v.symbol is None}

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
                "%s, made at %s, goes without ever having been simulated: "
                "keep it in a variable, or put it into the network",
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
            self.write_values(self.variables[name], slice(None), value, units, level=level)

    # -- tables --------------------------------------------------------------------------------------------------------
    def to_pandas(self) -> Any:
        """A `pandas.DataFrame` of what is stored, a row per element, in base units; ``frame.attrs['units']`` names
        them."""
        return to_pandas(self._table())

    def to_xarray(self) -> Any:
        """An `xarray.Dataset` of what is stored, with coordinates; each variable says its unit in
        ``attrs['units']``."""
        return to_xarray(self._table())

    def _table(self) -> Frame:
        place = (self.element_word,)
        columns = tuple(
            Column(v.name, () if v.shared else place,
                   self.view_of(v, False).get_value(), unit_text(v.dimension)) for v in self.stored_variables())
        return Frame(self.name,
                     type(self).__name__, self.element_word, columns,
                     (Column(self.element_word, place, np.arange(self._count)),))

    def stored_variables(self) -> list[Variable]:
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
        return self.run_on_clock(code, chosen, when, order, name or self._part_name("run_regularly"))

    def run_at(self, code: str, times: object, when: str = "start", order: int = 0,
               name: str | None = None) -> "RunRegularly":
        """Run statements on every element at these times, given in any order and each once (`EventClock`)."""
        return self.run_on_clock(code, EventClock(times), when, order, name or self._part_name("run_at"))

    def run_on_clock(self, code: str, clock: BaseClock, when: str = "start", order: int = 0,
                     name: str | None = None) -> "RunRegularly":
        """Run statements on every element at the ticks of a clock."""
        made = RunRegularly(self, code, clock=clock, when=when, order=order,
                            name=name or self._part_name("run_on_clock"))
        self.parent._contained.append(made)
        structure_changed()
        return made

    def _part_name(self, what: str) -> str:
        """A name that no other part has, whatever else is alive: a model that is made again has it too."""
        taken, stem = {o.name for o in self.parent._contained}, f"{self.name}_{what}"
        return next(n for n in chain([stem], (f"{stem}_{k}" for k in count(1))) if n not in taken)

    def _repr_html_(self) -> str:
        stored = [v.name for v in self.stored_variables()]
        rows = [(v.name, unit_text(v.dimension), ", ".join(v.flags),
                 value_text(self.view_of(v, False).get_value(), v.dimension) if v.name in stored else "")
                for v in self.variables.values() if v.symbol is None and not v.name.startswith("_")]
        return html.table(
            type(self).__name__, ("variable", "unit", "flags", "values"), rows,
            f"{self.name}, {self._count} {self.element_word}s")


def whole(o: BrianObject) -> BrianObject:
    """The whole group of a part; any other object itself."""
    return o.parent if isinstance(o, Group) else o
