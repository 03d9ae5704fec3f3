"""Variables of another group: `linked_var`."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from brainsim.errors import (
    DimensionMismatchError,
    UnknownName,
    WrongType,
    WrongValue,
    near,
)
from brainsim.model.symbols import Symbol
from brainsim.objects.groups.group import Group
from brainsim.objects.groups.variables import Reference, Variable, VariableView
from brainsim.objects.names.namespace import RunNamespace


class Link(Reference):
    """A reference to a variable of another group, to be assigned to a ``(linked)`` variable."""

    def __init__(self, group: Any, variable: str, index: object = None):
        if not isinstance(group, Group):
            raise WrongValue("linked_var takes a group and a name, or a variable alone", found=repr(group),
                             help="linked_var(G, 'x') or linked_var(G.x)")
        if variable not in group.variables:
            raise UnknownName(f"'{variable}' is not a variable of {group.name}", help=near(variable, group.variables))
        self.group, self.variable, self.index = group, variable, index

    def symbol_for(self, owner: Any, linked: Variable) -> Symbol:
        """What the linked name means in ``owner``."""
        source = self.group.variables[self.variable]
        if source.dimension is not linked.dimension:
            raise DimensionMismatchError(
                f"'{linked.name}' and '{self.variable}' of {self.group.name} must have the same unit", linked.dimension,
                source.dimension)
        run = RunNamespace.of_caller()
        symbol = self.group.own_scope(run).own[self.variable]
        made = replace(symbol, name=linked.name, holder=self.group.parent, past=None)
        if symbol.shared:
            return made
        stored = symbol.kind == "array" and not symbol.path
        if self.index is None and len(self.group) == 1 and not self.group.first_element and stored:
            return replace(made, shared=True)
        path = self._path(owner, linked)
        return made.via(path) if path else made

    def _path(self, owner: Group, linked: Variable) -> tuple[str, ...]:
        count, first = len(self.group), self.group.first_element
        if isinstance(self.index, str):
            if self.index not in owner.variables:
                raise WrongValue(f"'{self.index}' is not a variable of {owner.name}",
                                 help=near(self.index, owner.variables))
            if owner.variables[self.index].dtype not in ("i4", "i8"):
                raise WrongType(f"'{self.index}' is not an integer variable of {owner.name}",
                                help=f"declare it '{self.index} : integer'")
            return (owner.variables[self.index].program,)
        if self.index is not None:
            if owner.may_grow:
                raise WrongType(f"'{linked.name}' needs the name of a variable as index: synapses may be added",
                                found=repr(self.index),
                                help="declare 'which : integer (constant)' and give index='which'")
            index = np.asarray(self.index)
            if index.shape != (len(owner),) or index.dtype.kind not in "iu":
                raise WrongType(
                    f"The index of '{linked.name}' is a list of whole numbers, one per element of {owner.name}",
                    found=f"{index.shape} values of {index.dtype}")
            if index.size and (index.min() < 0 or index.max() >= count):
                raise WrongValue(
                    f"The index of '{linked.name}' has one entry per element of {owner.name}, each below {count}",
                    found=f"{index.shape} values")
        elif count == len(owner) and not first:
            return ()
        elif count == 1:
            index = np.zeros(len(owner), int)
        elif count == len(owner):
            index = np.arange(count)
        else:
            raise WrongValue(
                f"'{linked.name}' cannot be linked: {self.group.name} has {count} elements, {owner.name} {len(owner)}",
                help="give index=, one source element per element")
        name = f"_{linked.name}_index"
        owner.variables[name] = Variable(name, f"{owner.name}.{name}", dtype="i4", read_only=True, constant=True,
                                         values=(index + first).astype(np.int32))
        return (f"{owner.name}.{name}",)


def linked_var(group_or_variable: Any, name: str | None = None, index: object = None) -> Link:
    """A link to another group's variable: ``linked_var(G, 'x')`` or ``linked_var(G.x)``; ``index`` says which
    element."""
    if name is not None:
        return Link(group_or_variable, name, index)
    if not isinstance(group_or_variable, VariableView):
        kind = WrongValue if isinstance(group_or_variable, Group) else WrongType
        raise kind("linked_var takes a group and a name, or a variable", found=repr(group_or_variable),
                   help="linked_var(G, 'x')")
    return Link(group_or_variable.group, group_or_variable.variable.name, index)
