"""What synapses do in a step by themselves: states that are integrated, held subexpressions, sums into the neurons."""
from __future__ import annotations

from brainsim.errors import BrainsimError, DimensionMismatchError, inside
from brainsim.integrators.event_driven import integrate_event_driven
from brainsim.language.trees import Assign
from brainsim.model.resolve import Block, Resolver
from brainsim.model.symbols import Symbol
from brainsim.model.tasks import Elementwise, Summed
from brainsim.naming import end_index
from brainsim.objects.groups.equation_group import EquationGroup
from brainsim.objects.names.namespace import RunNamespace
from brainsim.objects.neurons.neuron_group import Phase
from brainsim.objects.synapses.check_model import Modelled
from brainsim.units.dimensions import SECOND


def event_driven_update(s: EquationGroup, resolver: Resolver) -> list[Assign]:
    """The update of the event-driven variables over ``_elapsed``; errors name the synapses."""
    lines = [e for e in s.equations.of_kind("differential") if "event-driven" in e.flags]
    if not lines:
        return []
    system = s.system_of(resolver, lines, s.clock.dt_)
    resolver.symbols.setdefault("_elapsed", Symbol("_elapsed", "local", "_elapsed", SECOND, writable=True))
    resolver.symbols["lastupdate"] = resolver.scope.own["lastupdate"]
    try:
        return [a for a in integrate_event_driven(system).statements if isinstance(a, Assign)]
    except BrainsimError as error:
        raise inside(error, s.name) from error


def frozen_update(s: EquationGroup, run: RunNamespace) -> Elementwise | None:
    """The subexpressions that are constant over dt; None without any."""
    frozen = s.constant_over_dt(run)
    if frozen is None:
        return None
    once, each = frozen
    return Elementwise(name=f"{s.name}_subexpression_update", clock=s.clock.name, when="before_start", order=s.order,
                       space=s.name, before=once if once.statements else None, block=each)


def state_update(s: EquationGroup, part: Phase, run: RunNamespace) -> Elementwise | None:
    """The step of the clock-driven variables; None without any, or while that part is not active."""
    lines = [e for e in s.equations.of_kind("differential") if "event-driven" not in e.flags]
    if not lines or not part.active:
        return None
    resolver = s.resolver(run)
    update = s.integrated_by(resolver, s.system_of(resolver, lines, s.clock.dt_), s.method, s.method_options)
    s.announce(update, s.method)
    block = resolver.block(update.statements, "state update", free=False)
    return Elementwise(name=part.name, clock=s.clock.name, when=part.when, order=part.order, space=s.name, block=block,
                       role="update")


def summed_task(s: Modelled, name: str, run: RunNamespace) -> Summed:
    """The sum that a summed variable is; `DimensionMismatchError` where the neurons' variable has another unit."""
    e = s.equations[name]
    stem, _, side = name.rpartition("_")
    group = s.target if side == "post" else s.source
    resolver = s.resolver(run)
    assert e.expression is not None
    unit = resolver.dimension(e.expression)
    symbol = group.own_scope(run).own[stem]
    if unit is not symbol.dimension:
        raise DimensionMismatchError(f"The right side of '{name}' must have the unit of '{stem}'", symbol.dimension,
                                     unit, at=e.span)
    block = Block((Assign("_value", "=", resolver.tree(e.expression)),), resolver.symbols, resolver.functions, name)
    space, bounds = group.own_domain()
    return Summed(name=f"{s.name}_summed_variable_{name}", clock=group.clock.name, when="groups",
                  order=group.order - 1, space=s.name, target=symbol.via((end_index(s.name, side),)),
                  target_space=space, bounds=bounds, block=block)
