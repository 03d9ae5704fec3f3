"""Names from outside a model that a prepared program uses: looked up anew at every run."""
from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from brainsim.model.symbols import External, Symbol
from brainsim.model.tasks import Task
from brainsim.naming import owner_of
from brainsim.objects.names.functions import Function
from brainsim.objects.names.namespace import RunNamespace, outside_symbol, scalar_value
from brainsim.pipeline import functions_of, symbols_of


class Outside:
    """A name from outside whose value a prepared program uses; looked up anew at every run."""

    def __init__(self, owner: Any, found: Symbol | External):
        self._owner, self.name, self.found, self.value = weakref.ref(owner), found.name, found, found.holder

    @property
    def owner(self) -> Any:
        """The object whose code uses the name; this keeps it not alive."""
        return self._owner()

    def same(self, run: RunNamespace) -> bool:
        """Whether the name still holds the very object it held."""
        own = self.owner.namespace
        value = own[self.name] if own is not None and self.name in own else run.get(self.name)
        wrapped = isinstance(self.value, Function) and self.value.pyfunc is value
        same = value is self.value or wrapped
        return same and type(value) is not np.ndarray

    def refresh(self, run: RunNamespace, params: dict[str, float | int]) -> bool:
        """Take over the present value; False when the name now means something else."""
        own = self.owner.namespace
        value = own[self.name] if own is not None and self.name in own else run.get(self.name)
        if isinstance(self.found, External):
            return False
        new = outside_symbol(self.owner.name, self.name, value)
        if not isinstance(new, Symbol) or new.dtype != self.found.dtype or new.dimension is not self.found.dimension:
            return False
        self.value = value
        params[self.found.program] = scalar_value(value, new.dtype)
        return True


def outsides(tasks: Iterable[Task], owners: Mapping[str, Any], run: RunNamespace) -> list[Outside]:
    """The names from outside that tasks use, each with the object whose namespace comes first."""
    found: dict[str, Outside] = {}
    for symbol in symbols_of(tasks):
        if symbol.kind == "param" and symbol.origin == "namespace":
            owner = owners.get(owner_of(symbol.program))
            if owner is not None:
                found[symbol.program] = Outside(owner, symbol)
    for function in functions_of(tasks):
        owner = owners.get(function.owner)
        if owner is not None and owner.namespace is not None:
            found[f"{owner.name}.{function.name}()"] = Outside(owner, function)
    return list(found.values())
