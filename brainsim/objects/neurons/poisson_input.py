"""Many Poisson processes onto one variable: `PoissonInput`."""
from __future__ import annotations

from typing import Any

import numpy as np

from brainsim.errors import (
    DimensionMismatchError,
    Source,
    UnknownName,
    WrongType,
    WrongValue,
    near,
)
from brainsim.language.expressions import parse_expression
from brainsim.language.trees import Assign, Call, Name, Op
from brainsim.model.resolve import Block
from brainsim.model.symbols import Symbol
from brainsim.model.tasks import Elementwise, Task
from brainsim.naming import supplied
from brainsim.objects.groups.declared import Declared
from brainsim.objects.groups.group import Group
from brainsim.objects.groups.named import BrianObject
from brainsim.objects.names.namespace import RunNamespace
from brainsim.units import get_dimensions, is_dimensionless
from brainsim.units.dimensions import DIMENSIONLESS, SECOND

HERTZ = SECOND ** -1


class PoissonInput(BrianObject):
    """``N`` Poisson processes of equal ``rate`` onto every element of ``target``: adds ``binomial(N, rate*dt)*weight``
    each step."""

    add_to_magic_network = True
    _slot = "synapses"

    def __init__(self, target: Any, target_var: str, N: int, rate: Any, weight: Any, when: str = "synapses",
                 order: int = 0):
        if not isinstance(target, Group):
            raise WrongType("PoissonInput needs a group as target", found=type(target).__name__)
        if target_var not in target.variables:
            raise UnknownName(f"'{target_var}' is not a variable of {target.name}",
                              help=near(target_var, target.variables))
        target.refuse_write(target.variables[target_var])
        if isinstance(N, (bool, str)) or np.ndim(N) or not is_dimensionless(N) or int(N) != N or N < 0:
            raise WrongValue("The number of inputs of a PoissonInput is a whole number, at least 0", found=repr(N))
        super().__init__(clock=target.clock, when=when, order=order, name="poissoninput*")
        if get_dimensions(rate) is not HERTZ:
            raise DimensionMismatchError("The rate of a PoissonInput must be a frequency", HERTZ, get_dimensions(rate))
        self.target, self.target_var, self.N, self.rate, self.weight = target, target_var, int(N), rate, weight
        wanted = target.variables[target_var].dimension
        if not isinstance(weight, str) and get_dimensions(weight) is not wanted:
            raise DimensionMismatchError(f"The weight must have the unit of '{target_var}'", wanted,
                                         get_dimensions(weight))

    def dependencies(self) -> list[BrianObject]:
        """The target."""
        return [self.target.parent]

    def refers_to(self) -> list[BrianObject]:
        """The target, or the part of a group that it is."""
        return [self.target]

    def declared(self) -> Declared:
        """Number, rate and weight."""
        params: dict[str, float | int] = {supplied(self.name, "N"): self.N,
                                          supplied(self.name, "rate"): float(self.rate)}
        if not isinstance(self.weight, str):
            params[supplied(self.name, "weight")] = float(self.weight)
        return Declared(params=params, clock=self.clock)

    def own_tasks(self, run: RunNamespace) -> list[Task]:
        """One addition per element and step."""
        if not self.active:
            return []
        resolver = self.target.resolver(run)
        variable = resolver.scope.own[self.target_var]
        for key, dim, dtype in (("N", DIMENSIONLESS, "i8"), ("rate", HERTZ, "f8"), ("weight", variable.dimension,
                                                                                    "f8")):
            name = supplied(self.name, key)
            resolver.symbols[f"_{key}"] = Symbol(f"_{key}", "param", name, dim, dtype, constant=True)
        weight: Any = Name("_weight")
        if isinstance(self.weight, str):
            weight = parse_expression(Source(self.weight, f"weight of {self.name}"))
            if resolver.dimension(weight) is not variable.dimension:
                raise DimensionMismatchError(f"The weight must have the unit of '{self.target_var}'",
                                             variable.dimension, resolver.dimension(weight), at=weight.span)
        count = Call("binomial", (Name("_N"), Op("*", (Name("_rate"), Name("dt")))))
        value = resolver.tree(Op("*", (count, weight)))
        resolver.symbols[self.target_var] = variable
        block = Block((Assign(self.target_var, "+=", value),), resolver.symbols, resolver.functions, "Poisson input")
        space, bounds = self.target.own_domain()
        return [
            Elementwise(name=self.name, clock=self.clock.name, when=self.when, order=self.order, space=space,
                        bounds=bounds, block=block, guarded=True)
        ]
