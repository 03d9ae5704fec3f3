"""Neurons: equations, a threshold, a reset, refractoriness, and subgroups of them."""
from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from brainsim.errors import DimensionMismatchError, Source, TooLarge, WrongSyntax, WrongType, WrongValue
from brainsim.ir.program import Queue
from brainsim.ir.state import QueueState, zeros
from brainsim.language.expressions import parse_expression
from brainsim.language.trees import Assign, Call, Name, Number, Op, Tree, While, substitute, with_values
from brainsim.model.resolve import Block, Resolver
from brainsim.model.symbols import Symbol
from brainsim.model.tasks import Elementwise, OnEvents, Task, Threshold
from brainsim.naming import queue_of, supplied
from brainsim.objects.groups.clock import BaseClock
from brainsim.objects.groups.declared import Declared
from brainsim.objects.groups.equation_group import EquationGroup
from brainsim.objects.groups.event_source import EventSource
from brainsim.objects.groups.named import BrianObject
from brainsim.objects.groups.variables import Variable
from brainsim.objects.names.namespace import RunNamespace
from brainsim.objects.neurons.subgroup import Subgroup, part_of
from brainsim.options import prefs
from brainsim.units import Quantity, get_dimensions
from brainsim.units.check import check_condition
from brainsim.units.dimensions import SECOND

logger = logging.getLogger("brainsim")
NEVER = -1e4   #: seconds; the last spike of a neuron that has not spiked


class Phase(BrianObject):
    """A piece of a group that has its own place in the schedule."""

    def __init__(self, suffix: str, group: EquationGroup, when: str, order: int):
        super().__init__(clock=group.clock, when=when, order=order, name=f"{group.name}_{suffix}")


class NeuronGroup(EquationGroup, EventSource):
    """``N`` neurons that share equations.

    ``model``: equations; ``threshold``: a condition that makes a spike; ``reset``: statements for neurons that spiked;
    ``refractory``: a time, or a string giving a time or a condition; ``method``: an integration method or a list of
    candidates; ``events``: further conditions by name; ``namespace``: names for this group only.

    Raises `WrongValue` for N < 1 or a reset without threshold, `EquationError` for a model that does not hold together;
    units are checked when the network runs.
    """

    _slot = "groups"
    _flags = {"differential": ("unless refractory",), "subexpression": ("shared", "constant over dt"),
              "parameter": ("shared", "constant", "linked", "trainable")}

    def __init__(self, N: int, model: object = "", method: object = None,
                 method_options: Mapping[str, object] | None = None, threshold: str | None = None,
                 reset: str | None = None, refractory: object = False, events: Mapping[str, str] | None = None,
                 namespace: Mapping[str, object] | None = None, dtype: object = None, dt: object = None,
                 clock: BaseClock | None = None, order: int = 0, name: str = "neurongroup*",
                 codeobj_class: object = None):
        super().__init__(dt=dt, clock=clock, order=order, name=name, namespace=namespace)
        self._N = _checked_count(N)
        self._spike_queues: dict[str, QueueState] = {}
        self._reset_code, self._refractory = reset, refractory
        self.method, self.method_options = method, dict(method_options or {})
        self.events = _checked_events(events, threshold)
        self._event_code: dict[str, tuple[str, Phase]] = {}
        if reset is not None and "spike" not in self.events:
            raise WrongValue(f"{self.name} has a reset but no threshold",
                             help="give threshold='v > ...', or remove the reset")
        self._take_equations(model, dtype, guard=f"{self.name}.not_refractory" if self.is_refractory else "")
        self._warn_of_missing_parts()
        self._add_fixed_variables()
        self._add_memory()
        self._allocate(self._N)
        self._parts(order)

    # -- construction --------------------------------------------------------------------------------------------------
    @property
    def is_refractory(self) -> bool:
        """Whether neurons have a refractory period."""
        return self._refractory is not False

    def _warn_of_missing_parts(self) -> None:
        spikes = self.events.get("spike")
        if self.is_refractory and not self.events:
            logger.warning("%s has a refractory period but no threshold, so no neuron ever becomes refractory",
                           self.name, extra={"topic": "no_threshold"})
        waiting = [e.name for e in self.equations.equations if "unless refractory" in e.flags]
        if waiting and not self.is_refractory:
            logger.warning("%s: '%s' is marked (unless refractory), but there is no refractory period", self.name,
                           waiting[0], extra={"topic": "no_refractory"})
        random = isinstance(spikes, str) and ("rand(" in spikes or "randn(" in spikes)
        if spikes and self._reset_code is None and not self.is_refractory and not random:
            logger.warning(
                "%s has a threshold but no reset and no refractory period: "
                "a neuron above threshold spikes in every step; "
                "reset='' says that this is meant", self.name, extra={"topic": "only_threshold"})

    def _add_fixed_variables(self) -> None:
        name = self.name
        self.variables["N"] = Variable(
            "N", supplied(name, "N"), dtype="i4", shared=True, read_only=True, constant=True,
            values=np.array([self._N], np.int32), symbol=Symbol("N", "size", name, dtype="i4", shared=True,
                                                                constant=True))
        self.variables["i"] = Variable("i", f"{name}.i", dtype="i4", read_only=True, constant=True,
                                       symbol=Symbol("i", "index", dtype="i4",
                                                     constant=True), values=np.arange(self._N, dtype=np.int32))
        if self.is_refractory:
            free, last = zeros(self._N, "b1"), zeros(self._N, "f8")
            free[:], last[:] = True, NEVER
            self.variables["not_refractory"] = Variable("not_refractory", f"{name}.not_refractory", dtype="b1",
                                                        values=free)
            self.variables["lastspike"] = Variable("lastspike", f"{name}.lastspike", SECOND, read_only=True,
                                                   values=last)

    def _parts(self, order: int) -> None:
        self.state_updater = Phase("stateupdater", self, "groups", order)
        self.subexpression_updater = Phase("subexpression_update", self, "before_start", order)
        frozen = any("constant over dt" in e.flags for e in self.equations.equations)
        self._contained += [self.state_updater, self.subexpression_updater] if frozen else [self.state_updater]
        self.thresholder: dict[str, Phase] = {}
        self.resetter: dict[str, Phase] = {}
        for event in self.events:
            slot = "thresholds" if event == "spike" else "after_thresholds"
            self.thresholder[event] = Phase(f"{event}_thresholder", self, slot, order)
            self._contained.append(self.thresholder[event])
            self._spike_queues[event] = QueueState.empty("i4", 1, max(16, self._N))
        if self._reset_code is not None:
            self.run_on_event("spike", self._reset_code, when="resets", order=order)

    def run_on_event(self, event: str, code: str, when: str = "after_resets", order: int | None = None) -> Phase:
        """Run statements for the neurons that had an event; one piece of code per event."""
        if event not in self.events:
            raise WrongValue(f"{self.name} has no event '{event}'", found=", ".join(self.events) or "no events")
        if event in self._event_code:
            raise WrongValue(f"{self.name} already runs code on '{event}'")
        if not isinstance(code, str):
            raise WrongType("The code to run on an event is a string", found=repr(code))
        part = Phase(f"{event}_resetter", self, when, self.order if order is None else order)
        self.resetter[event] = part
        self._event_code[event] = (code, part)
        self._contained.append(part)
        return part

    def set_event_schedule(self, event: str, when: str = "after_thresholds", order: int | None = None) -> None:
        """Move the place where an event's condition is checked."""
        if event not in self.thresholder:
            raise WrongValue(f"{self.name} has no event '{event}'", found=", ".join(self.events) or "no events")
        self.thresholder[event].when = when
        if order is not None:
            self.thresholder[event].order = order

    # -- elements ------------------------------------------------------------------------------------------------------
    @property
    def _count(self) -> int:
        return self._N

    @property
    def spikes(self) -> np.ndarray:
        """Indices of the neurons that spiked in the present step (for network operations)."""
        return self._spike_queues["spike"].values().copy() if "spike" in self._spike_queues else np.zeros(0, np.int32)

    def _is_differential(self, name: str) -> bool:
        return name in self.equations.diff_eq_names

    def event_queue(self, event: str) -> str:
        """Program name of an event's queue."""
        return queue_of(self.name, event)

    def looked_for_by(self, event: str) -> BrianObject:
        """The thresholder of an event."""
        return self.thresholder[event]

    @property
    def event_code(self) -> Mapping[str, str]:
        """What runs for the neurons that had an event, by event."""
        return {event: code for event, (code, _) in self._event_code.items()}

    @property
    def refractory_given(self) -> object:
        """The time, string or False that ``refractory=`` was given."""
        return self._refractory

    @contextmanager
    def with_refractory_period(self, value: Quantity) -> Iterator[None]:
        """Another one for the time being."""
        before, self._refractory = self._refractory, value
        try:
            yield
        finally:
            self._refractory = before

    def __getitem__(self, item: object) -> "Subgroup":
        return Subgroup(self, *part_of(item, self._N, self.name))

    def declared(self) -> Declared:
        """One queue of indices per event besides, and a refractory period given as a quantity."""
        queues = {
            self.event_queue(e): (Queue(self.event_queue(e), "i4", self.name), q)
            for e, q in self._spike_queues.items()
        }
        given = self._refractory
        params = {supplied(self.name, "refractory"): float(given)} if isinstance(given, Quantity) else {}
        return super().declared() | Declared(queues=queues, params=params)

    # -- what happens in a step ----------------------------------------------------------------------------------------
    def prepare(self) -> None:
        """Events that are no longer looked for leave nothing behind."""
        for event, queue in self._spike_queues.items():
            if not (self.active and self.thresholder[event].active):
                queue.count[:] = 0

    def own_tasks(self, run: RunNamespace) -> list[Task]:
        """Frozen subexpressions, state update, thresholds, resets."""
        self.check_units(run)
        clock = self.clock.name
        made: list[Task] = []
        frozen = self.constant_over_dt(run)
        if frozen is not None and self.subexpression_updater.active:
            part = self.subexpression_updater
            made.append(Elementwise(name=part.name, clock=clock, when=part.when, order=part.order, space=self.name,
                                    before=frozen[0] if frozen[0].statements else None, block=frozen[1]))
        update = self._update_block(run)
        if update.statements and self.state_updater.active:
            part = self.state_updater
            made.append(
                Elementwise(name=part.name, clock=clock, when=part.when, order=part.order, space=self.name,
                            block=update, role="update"))
        made += [self.threshold_task(event, run) for event in self.events if self.thresholder[event].active]
        for event, (code, part) in self._event_code.items():
            if part.active:
                block = self.event_block(code, "reset" if event == "spike" else f"code on '{event}'", run)
                made.append(
                    OnEvents(name=part.name, clock=clock, when=part.when, order=part.order,
                             queue=self.event_queue(event), block=block, role="reset"))
        return made

    def event_block(self, code: str, title: str, run: RunNamespace) -> Block:
        """Statements for some of the neurons; shared variables cannot be written there."""
        block = self.block_of(code, title, run)
        for s in block.assignments:
            symbol = block.symbols[s.target]
            to_one = self._N == 1 and s.target in self.variables and "linked" in self.variables[s.target].flags \
                and not self.variable_behind(symbol).shared
            if symbol.shared and symbol.kind != "local" and not to_one:
                raise WrongSyntax(
                    f"The shared variable '{s.target}' cannot be written where only some neurons are active",
                    at=s.target_span or s.span)
        return block

    def _update_block(self, run: RunNamespace) -> Block:
        resolver = self.resolver(run)
        before = self._refractory_statements(resolver)
        lines = self.equations.of_kind("differential")
        if not lines and not before:
            return Block((), {})
        statements: list[Assign | While] = list(before)
        self._update = None
        if lines:
            system = self.system_of(resolver, lines, self.clock.dt_)
            update = self.integrated_by(resolver, system, self.method, self.method_options)
            self.announce(update, self.method)
            statements += update.statements
        if before:
            quick = {"not_refractory": Name("_active")}
            statements = [*before[:1], Assign("not_refractory", "=", Name("_active")),
                          *(with_values(s, lambda tree: substitute(tree, quick)) for s in statements[1:])]
        return resolver.block(statements, "state update", free=False)

    def _refractory_statements(self, resolver: Resolver) -> list[Assign]:
        """Whether each neuron may move and spike in this step (R11, R14)."""
        if not self.is_refractory:
            return []
        tree, is_time = self._refractory_tree(resolver)
        if not is_time:
            return [Assign("_active", "=", Op("or", (Name("not_refractory"), Op("not", (tree,)))))]
        if prefs["legacy.refractory_timing"]:
            return [Assign("_active", "=", Op(">", (Op("-", (Name("t"), Name("lastspike"))), tree)))]
        since = whole_steps(Op("-", (Name("t"), Name("lastspike"))))
        return [Assign("_active", "=", Op(">=", (since, whole_steps(tree))))]

    def _refractory_tree(self, resolver: Resolver) -> tuple[Tree, bool]:
        given = self._refractory
        if isinstance(given, str):
            tree = parse_expression(Source(given, f"refractory of {self.name}"))
            dimension = resolver.dimension(tree)
            kind = resolver.type_of(tree)
            if kind == "boolean":
                return resolver.tree(tree), False
            if dimension is not SECOND:
                raise WrongType(f"refractory of {self.name} is a time or a condition", at=tree.span,
                                help="for example refractory='2*ms' or refractory='v > -20*mV'")
            return resolver.tree(tree), True
        if not isinstance(given, Quantity):
            raise WrongType(f"refractory of {self.name} is a time or a string", found=repr(given),
                            help="for example refractory=2*ms")
        if given.ndim == 0 and float(given) < 0:
            raise WrongValue(f"refractory of {self.name} is negative", found=str(given))
        if get_dimensions(given) is not SECOND:
            raise DimensionMismatchError(f"refractory of {self.name} must be a time", SECOND, get_dimensions(given),
                                         help="for example refractory=2*ms")
        key = "_refractory"
        resolver.symbols[key] = Symbol(key, "param", supplied(self.name, "refractory"), SECOND, "f8", constant=True)
        return Name(key), True

    def threshold_task(self, event: str, run: RunNamespace) -> Threshold:
        """The search for an event."""
        text, part = self.events[event], self.thresholder[event]
        what = "threshold" if event == "spike" else f"condition of event '{event}'"
        if not isinstance(text, str):
            raise WrongType(f"The {what} of {self.name} is a string", found=repr(text),
                            help="threshold='v > -50*mV' for example")
        resolver = self.resolver(run)
        tree = parse_expression(Source(text, f"{what} of {self.name}", self._made_at))
        check_condition(tree, what, resolver.dimensions(tree), resolver.types(tree), resolver.function_table(tree))
        block = Block((Assign("_condition", "=", resolver.tree(tree)),), resolver.symbols, resolver.functions, what)
        gated = event == "spike" and self.is_refractory
        return Threshold(name=part.name, clock=self.clock.name, when=part.when, order=part.order, space=self.name,
                         block=block, queue=self.event_queue(event),
                         not_refractory=f"{self.name}.not_refractory" if gated else "",
                         last_spike=f"{self.name}.lastspike" if gated else "")

    def __repr__(self) -> str:
        return f"NeuronGroup({self._N} neurons, name={self.name!r})"


def whole_steps(time: Tree) -> Tree:
    """Whole steps in a time, with a tolerance of a thousandth of a step, as a float (R12)."""
    return Call("floor", (Op("+", (Op("/", (time, Name("dt"))), Number(1e-3))),))


MOST = int(np.iinfo(np.int32).max)     #: neurons that a group may have


def _checked_count(N: Any) -> int:
    if isinstance(N, (str, Mapping)) or np.ndim(N) > 0:
        raise WrongType("The first argument of a group is its number of neurons", found=repr(N),
                        help="NeuronGroup(100, equations)")
    try:
        count = int(N)
    except (TypeError, ValueError) as error:
        raise WrongType("The first argument of a group is its number of neurons", found=repr(N),
                        help="NeuronGroup(100, equations)") from error
    if count < 1:
        raise WrongValue("A group has at least one neuron", found=str(N))
    if count > MOST:
        raise TooLarge(f"A group has at most {MOST} neurons", found=str(N),
                       help="their indices are 32-bit numbers; several groups may have more together")
    return count


def _checked_events(events: Mapping[str, str] | None, threshold: str | None) -> dict[str, str]:
    found = dict(events or {})
    for name in found:
        if not isinstance(name, str) or not name.isidentifier():
            raise WrongType("The name of an event is an identifier", found=repr(name))
    if threshold is not None:
        if "spike" in found:
            raise WrongValue("Give the spike condition once, as threshold or in events")
        found = {"spike": threshold, **found}
    return found
