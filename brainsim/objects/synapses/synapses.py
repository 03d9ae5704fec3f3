"""Synapses: pairs of neurons with their own variables, and pathways that carry events between them."""
from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from brainsim.errors import UnknownAttribute, WrongState, WrongType, WrongValue
from brainsim.ir.program import Array
from brainsim.ir.state import DTYPES
from brainsim.language.names import SYNAPTIC
from brainsim.language.trees import Assign
from brainsim.model.resolve import Resolver
from brainsim.model.symbols import Symbol
from brainsim.model.tasks import Summed, Task
from brainsim.naming import end_index, supplied
from brainsim.objects.groups.clock import BaseClock
from brainsim.objects.groups.declared import Declared
from brainsim.objects.groups.evaluate_now import Elements
from brainsim.objects.groups.group import Group
from brainsim.objects.groups.named import BrianObject
from brainsim.objects.groups.variables import Variable, VariableView
from brainsim.objects.looks import html, plotting
from brainsim.objects.looks.exports import Column, Frame
from brainsim.objects.looks.memory import Line, MemoryEstimate, check_amounts
from brainsim.objects.names.namespace import RunNamespace
from brainsim.objects.names.structure import structure_changed
from brainsim.objects.neurons.neuron_group import Phase
from brainsim.objects.synapses.check_model import check_equations, check_not_stored, tables_to_make
from brainsim.objects.synapses.connect import Connection, law_of, new_pairs
from brainsim.objects.synapses.indices import occurrences
from brainsim.objects.synapses.joining_group import JoiningGroup
from brainsim.objects.synapses.memory import reads_source, stored_lines
from brainsim.objects.synapses.names import fixed_variables, own_variables, seen_symbols
from brainsim.objects.synapses.pairs import Draws, Index, Pairs, flat, no_pairs
from brainsim.objects.synapses.pathway import Pathway
from brainsim.objects.synapses.pathways import Wanted, pathways_wanted, renamed
from brainsim.objects.synapses.procedural import Law, ProceduralPairs, one_call_only
from brainsim.objects.synapses.reduced.reduced import MODES, Reduced
from brainsim.objects.synapses.reduced.reduction_report import ReductionReport
from brainsim.objects.synapses.steps import event_driven_update, frozen_update, state_update, summed_task
from brainsim.objects.synapses.synaptic_variable import SynapticVariable
from brainsim.stages import watched
from brainsim.units.dimensions import SECOND

logger = logging.getLogger("brainsim")


class Synapses(JoiningGroup):
    """Synapses from ``source`` to ``target`` (default: the source itself). Makes none; `connect` does.

    ``model``: equations per synapse; ``on_pre``, ``on_post``: statements, or a dictionary of named pathways; ``delay``:
    one time, or a dictionary by pathway. Pathways push this step's spikes and deliver those due in slot ``synapses``.

    ``reduce``: 'auto' keeps states once per neuron, or as a sum, where the equations allow it (`reduction` tells what
    was done and why); 'off' keeps every state per synapse; 'require' raises `WrongValue` for a differential equation
    that cannot be reduced. ``reduce_noise``: with True, independent additive noise of the synapses (``xi``) may be
    replaced by noise of their sum, which has the same law and takes other random numbers.
    """

    _slot = "groups"
    element_word = "synapse"
    may_grow = True
    _flags = {
        "differential": ("event-driven", "clock-driven"), "subexpression": ("shared", "summed", "constant over dt"),
        "parameter": ("shared", "constant", "linked", "trainable")
    }
    _exclusive = (("event-driven", "clock-driven"),)
    _reserved = tuple(SYNAPTIC)
    _said_steps = False
    _variable_class = SynapticVariable

    def __init__(self, source: Any, target: Any = None, model: object = None, on_pre: object = None, pre: object = None,
                 on_post: object = None, post: object = None, connect: object = None, delay: object = None,
                 on_event: object = "spike", multisynaptic_index: str | None = None,
                 namespace: Mapping[str, object] | None = None, dtype: object = None, codeobj_class: object = None,
                 dt: object = None, clock: BaseClock | None = None, order: int = 0, method: object = None,
                 method_options: Mapping[str, object] | None = None, name: str = "synapses*", reduce: str = "auto",
                 reduce_noise: bool = False):
        if reduce not in MODES:
            raise WrongValue("reduce= is one of " + ", ".join(map(repr, MODES)), found=repr(reduce))
        if not isinstance(reduce_noise, (bool, np.bool_)):
            raise WrongType("reduce_noise= is True or False", found=repr(reduce_noise))
        if connect is not None:
            raise WrongType("Synapses takes no 'connect' argument", help="call S.connect(...) afterwards")
        on_pre, on_post = renamed(on_pre, pre, "pre"), renamed(on_post, post, "post")
        if not isinstance(source, Group) or target is not None and not isinstance(target, Group):
            raise WrongType("Synapses connect groups", found=f"{type(source).__name__} to {type(target).__name__}")
        super().__init__(dt=dt, clock=clock or (None if dt is not None else source.clock), order=order, name=name,
                         namespace=namespace)
        self.source, self.target = source, source if target is None else target
        self.method, self.method_options = method, dict(method_options or {})
        self._pairs = no_pairs()
        self._draws: Callable[[np.ndarray], Draws] | None = None    #: while values by a random law are assigned
        self.connect_calls = 0
        self.connect_rules: list[str] = []      #: the calls of `connect` in words
        self.reduce, self.reduce_noise, self._reduced = reduce, reduce_noise, Reduced(self)
        self.multisynaptic_index = multisynaptic_index
        self._take_equations(model if model is not None else "", dtype)
        check_equations(self)
        self.variables |= own_variables(self) | fixed_variables(self.name, self.source, self.target)
        self._add_memory()
        self._allocate(0)
        self._pathways: list[Pathway] = []
        self._make_pathways(pathways_wanted(self.name, on_pre, on_post, delay, on_event))
        self.state_updater = Phase("stateupdater", self, "groups", order)
        if any("event-driven" not in e.flags for e in self.equations.of_kind("differential")):
            self._contained += [self.state_updater]

    def summed_into(self) -> list[Variable]:
        """The variables of the neurons that these synapses are summed into."""
        sums = [e.name.rpartition("_") for e in self.equations.of_kind("subexpression") if "summed" in e.flags]
        return [(self.target if side == "post" else self.source).parent.variables[stem] for stem, _, side in sums]

    def delay_variables(self) -> list[Variable]:
        """The delay of each pathway."""
        return [path._delay for path in self._pathways]

    def _is_differential(self, name: str) -> bool:
        return name in self.equations.diff_eq_names

    def _make_pathways(self, wanted: Iterable[Wanted]) -> None:
        for w in wanted:
            taken = hasattr(type(self), w.label) and w.label not in ("pre", "post")
            if taken or w.label in self.variables or w.label in self.__dict__:
                raise WrongValue(f"A pathway cannot be called '{w.label}'",
                                 help="the name is taken by an attribute of Synapses")
            path = Pathway(self, w.label, w.code, w.side, w.event, w.delay, w.order)
            object.__setattr__(self, w.label, path)
            self._pathways.append(path)
            self._contained.append(path)

    @property
    def pathways(self) -> tuple[Pathway, ...]:
        """All pathways, in the order in which they were declared."""
        return tuple(self._pathways)

    @property
    def reduced_states(self) -> Reduced:
        """Which states lie at the neurons, and where."""
        return self._reduced

    @property
    def reduction(self) -> ReductionReport:
        """What became of each state: kept per synapse, once per neuron, or as a sum; known after the first run."""
        return ReductionReport(self._reduced)

    # -- elements ------------------------------------------------------------------------------------------------------
    @property
    def delay(self) -> Any:
        """Delays of the pathway ``pre``."""
        return self._pre_pathway().delay

    @delay.setter
    def delay(self, value: object) -> None:
        path = self._pre_pathway()
        if not isinstance(value, VariableView):
            self.write_values(path.delay_variable(), slice(None), value, True)

    @property
    def delay_(self) -> Any:
        """Delays of the pathway ``pre`` in seconds, as plain numbers."""
        return VariableView(self, self._pre_pathway().delay_variable(), False)

    @delay_.setter
    def delay_(self, value: object) -> None:
        self.write_values(self._pre_pathway().delay_variable(), slice(None), value, False)

    def _pre_pathway(self) -> Pathway:
        for path in self._pathways:
            if path.label == "pre":
                return path
        raise UnknownAttribute(f"{self.name} has no pathway 'pre', so no 'delay'",
                               help="use the delay of the pathway by name")

    def connect(self, condition: object = None, i: object = None, j: object = None, p: object = 1.0, n: object = 1,
                skip_if_invalid: bool = False, namespace: Mapping[str, object] | None = None, level: int = 0,
                storage: str | None = None) -> None:
        """Make synapses; every call adds to those that exist.

        ``connect()`` all pairs; ``condition='i != j'`` with probability ``p``; ``i=``, ``j=`` whole numbers or arrays;
        ``j='k for k in range(i-3, i+4) if k != i'`` or ``sample(N_post, p=0.1)`` as a generator; ``n`` synapses per
        pair. Order: by i then j (by j then i for ``i='...'``), arrays as given. Compiles nothing.

        ``storage``: 'procedural' stores no synapse: each event draws the row of its neuron again. For one probability
        ``p``, with or without the condition 'i != j'; values are then numbers, or strings with ``rand()`` and
        ``randn()``; `WrongType` for anything that needs memory per synapse. 'stored' makes the same synapses and values
        from the same seed, and keeps them.
        """
        run = RunNamespace.given(namespace, level)
        rule = Connection(condition, i, j, p, n, skip_if_invalid)
        if storage not in (None, "stored", "procedural"):
            raise WrongValue("storage= is 'stored' or 'procedural'", found=repr(storage))
        if not self._pairs.is_stored or storage == "procedural" and self.connect_calls:
            raise one_call_only(self.name)
        law = None if storage is None or self.connect_calls else law_of(self, rule, run, storage == "procedural")
        if storage == "procedural":
            assert law is not None
            self._make_procedural(law)
        else:
            with watched(self.seconds_spent, "declare"):
                pre, post = new_pairs(self, rule, run) if law is None else law.pairs()
                self._add_synapses(pre, post, law is not None)
        self.connect_rules.append(str(rule))

    def _make_procedural(self, law: Law) -> None:
        check_not_stored(self, self._pathways)
        self._pairs = ProceduralPairs(law)
        for v in self.variables.values():
            if v.values is not None and not v.shared:
                v.values = None
        self.connect_calls += 1
        structure_changed()

    def _add_synapses(self, pre: Index, post: np.ndarray, by_law: bool = False) -> None:
        """Append pairs given by their indices in source and target; the arrays become this object's own."""
        before = len(self)
        self._reduced.grow()
        self._pairs = self._pairs.more(pre, post, by_law, self)
        self.connect_calls += 1
        for v in self.variables.values():
            if v.program not in self._reduced.moved and v.values is not None and not v.shared:
                grown = np.zeros(len(self), v.values.dtype)
                grown[:before] = v.values
                v.values = grown
        for path in self._pathways:
            path.grow(len(self))
        if self.multisynaptic_index:
            self.variables[self.multisynaptic_index].values = occurrences(self.pre_index, self.post_index)
        structure_changed()

    def take_pairs(self, pairs: Pairs) -> None:
        """Have exactly these synapses; when they differ from those that exist, values are 0."""
        if pairs.same(self._pairs):
            return
        if not pairs.is_stored:
            self._pairs = pairs.copied()
            structure_changed()
            return
        self._pairs = no_pairs()
        for v in (*self.variables.values(), *(p._delay for p in self._pathways)):
            if v.program in self._reduced.moved:
                v.values = np.zeros(0, DTYPES[v.dtype])
            elif v.values is not None and not v.shared:
                v.values = v.values[:0]
        self._add_synapses(flat(pairs.index("pre")) - np.int32(self.source.first_element),
                           flat(pairs.index("post")) - np.int32(self.target.first_element), pairs.by_law)

    def assign_values(self, v: Variable, item: object, value: object, check: bool, run: RunNamespace) -> None:
        """Set a variable; values kept at the neurons come back first."""
        own = not v.shared and self.variables.get(v.name) is v
        if own and self._pairs.assign(v, item, value, run, check, self):
            return
        self._reduced.before_write(v, item, value)
        self._draws = self._pairs.new_draws() if own and isinstance(value, str) else None
        try:
            super().assign_values(v, item, value, check, run)
        finally:
            self._draws = None

    def elements_at(self, index: np.ndarray | None) -> Elements:
        """Synapses for strings evaluated at once; those of a random law draw the numbers that they would draw if they
        were not stored."""
        here = super().elements_at(index)
        if self._draws is not None and index is not None:
            here.draws = self._draws(index)
        return here

    def refuse_write(self, v: Variable) -> None:
        super().refuse_write(v)
        if not self.connect_calls and not v.shared:
            raise WrongType(f"{self.name} has no synapses yet, so '{v.name}' cannot be set",
                            help="call connect() first")

    def _written(self, v: Variable) -> None:
        if v.name == "delay":
            if v.shared and v.values is not None and len(v.values) != 1:
                raise WrongValue("A delay given in the constructor is one for all synapses")
            structure_changed()

    # -- names ---------------------------------------------------------------------------------------------------------
    def own_symbols(self, run: RunNamespace) -> dict[str, Symbol]:
        """Synaptic names, every name of the target bare, and both sides with their suffix (R31)."""
        found = seen_symbols(self.name, self.source, self.target, run)
        found |= super().own_symbols(run)
        for side, label in (("pre", "N_outgoing"), ("post", "N_incoming")):
            found[f"{label}_{side}"] = found[label]
        for label, side, group in (("i", "pre", self.source), ("j", "post", self.target)):
            if not isinstance(group, JoiningGroup):   # synapses have indices of their own
                found[f"{label}_{side}"] = found[label]
        for path in self._pathways:
            if path.label == "pre" and path._delay.values is not None:
                found["delay"] = Symbol("delay", "array", path._delay.program, SECOND, shared=path._delay.shared)
        return found

    def declared(self) -> Declared:
        """Synaptic variables, states at the neurons, and the index of the target; or the tables of synapses that are
        not stored."""
        joined, n = self._pairs.declared(self), self.name
        outgoing = Array(supplied(n, "N_outgoing_pre"), "i4", self.source.own_space)
        incoming = Array(supplied(n, "N_incoming_post"), "i4", self.target.own_space)
        source = Array(end_index(n, "pre"), "i4", n, self.source.own_space, "index")
        joined |= Declared(on_request={outgoing.name: (outgoing, lambda: self.N_outgoing_pre),
                                       incoming.name: (incoming, lambda: self.N_incoming_post),
                                       source.name: (source, lambda: self.pre_index)})
        if not self._pairs.is_stored:     # counting them would mean drawing them
            return Declared(self._arrays(), clock=self.clock) | joined
        return super().declared() | Declared(self._reduced.declared(), params=self._reduced.params()) | joined

    def kept_besides(self) -> dict[str, Any]:
        """The pairs, and where each state lies."""
        return super().kept_besides() | {"pairs": self._pairs.copied(), "moved": self._reduced.kept()}

    def check_kept(self, kept: Mapping[str, Any]) -> None:
        """`WrongState` for other variables, and for pairs of neurons that there are not."""
        super().check_kept(kept)
        for side, group in (("pre", self.source), ("post", self.target)):
            reach = kept["pairs"].reach(side)
            if reach > group.first_element + len(group):
                raise WrongState(f"{self.name} joins fewer neurons than when it was stored",
                                 found=f"{len(group)} in {group.name}, and neuron {reach - 1} is stored",
                                 help="restore into the model that was stored")

    def resized_by(self, kept: Mapping[str, Any]) -> bool:
        """There may be more synapses or fewer."""
        return True

    def take_back(self, kept: Mapping[str, Any]) -> None:
        """The same pairs, and every state where it was."""
        self.take_pairs(kept["pairs"])
        self._reduced.restore(kept["moved"], kept["arrays"])

    def array_of(self, name: str) -> Any:
        """Counts, delays and the index of the source too; rows stand for the latter where there are some."""
        for side in ("pre", "post"):
            if name == end_index(self.name, side):
                return self._pairs.index(side)
        own = next((v for v in self.variables.values() if v.program == name), None)
        computed = None if own is None else self._pairs.values(own, self)
        if computed is not None:
            return computed
        delay = next((d.values for d in self.delay_variables() if d.program == name), None)
        return super().array_of(name) if delay is None else delay

    # -- memory --------------------------------------------------------------------------------------------------------
    def memory_lines(self, steps: int = 0) -> list[Line]:
        """What the synapses that exist take in a run."""
        return self._memory_of(len(self)) if self._pairs.is_stored else super().memory_lines(steps)

    def memory_estimate(self, p: float | None = None, n: float = 1, synapses: float | None = None,
                        storage: str | None = None) -> MemoryEstimate:
        """Bytes of these synapses in a run: of those that exist, and of those that ``connect(p=p, n=n)`` would add on
        average, or of so many ``synapses`` more. Before the first run, states that reduction moves to the neurons
        (`reduction`) are counted per synapse. With ``storage='procedural'`` these are the tables that ``connect(p=p,
        storage='procedural')`` would make, and no synapse.
        """
        check_amounts(p, n, synapses)
        if storage not in (None, "stored", "procedural"):
            raise WrongValue("storage= is 'stored' or 'procedural'", found=repr(storage))
        if storage == "procedural" and self._pairs.is_stored:
            return MemoryEstimate(tables_to_make(self, self._pathways, p, n))
        if not self._pairs.is_stored:
            return MemoryEstimate(self.memory_lines())
        more = synapses if synapses is not None else 0 if p is None else float(
            p) * n * len(self.source) * len(self.target)
        return MemoryEstimate([line for o in (self, *self._pathways) for line in o._memory_of(len(self) + round(more))])

    def _memory_of(self, count: int) -> list[Line]:
        return stored_lines(self, self._reduced.declared(), count)

    @property
    def reads_source(self) -> bool:
        """Whether each step or a pathway of the target looks at the source of a synapse, so that a program needs its
        index."""
        return reads_source(self.equations, self._pathways, self.reduce != "off")

    # -- what happens in a step ----------------------------------------------------------------------------------------
    def prepare(self) -> None:
        """Rows, delays and queues of the pathways."""
        for path in self._pathways:
            path.prepare()
        self._warn_of_steps()

    def _warn_of_steps(self) -> None:
        """Say once which clock the pathways run on, where it is not everybody's."""
        steps = {o.clock.spacing for o in (self.source, self.target, self, *self._pathways)}
        if len(steps) > 1 and not self._said_steps:
            self._said_steps = True
            logger.warning(
                "%s: source, target and synapses have different time steps; each pathway runs on the clock of its "
                "source",
                self.name, extra={"topic": "synapses_dt_mismatch"})

    def event_driven_statements(self, resolver: Resolver) -> list[Assign]:
        """The update of the event-driven variables over ``_elapsed``."""
        return event_driven_update(self, resolver)

    def own_tasks(self, run: RunNamespace) -> list[Task]:
        """State update of clock-driven variables, and summed variables."""
        self.check_units(run)
        made: list[Task | None] = [frozen_update(self, run), state_update(self, self.state_updater, run)]
        made += [self.summed_task(e.name, run) for e in self.equations.of_kind("subexpression") if "summed" in e.flags]
        if not self.connect_calls:
            raise WrongType(f"{self.name} has no synapses", help="call connect() before the run")
        return [task for task in made if task is not None]

    def summed_task(self, name: str, run: RunNamespace) -> Summed:
        """The sum that a summed variable is."""
        return summed_task(self, name, run)

    # -- looks ---------------------------------------------------------------------------------------------------------
    def plot(self, variable: str | None = None, kind: str = "dots", ax: Any = None) -> Any:
        """Connections, or a variable of the synapses; returns the Matplotlib axes. `WrongValue` for an unknown kind.

        'dots': source across, target up; 'lines': source left, target right; 'matrix': sums by pair; 'histogram'.
        """
        return plotting.synapses(self, variable, None if variable is None else getattr(self, variable), kind, ax)

    def _table(self) -> Frame:
        table, place = super()._table(), (self.element_word,)
        sides = tuple(Column(side, place, getattr(self, side)[:]) for side in ("i", "j"))
        delays = tuple(Column("delay" if p.label == "pre" else f"delay_{p.label}", () if p._delay.shared else place,
                              p._delay.values[0] if p._delay.shared else p._delay.values, "second")
                       for p in self._pathways if p._delay.values is not None)
        return replace(table, columns=table.columns + delays, coordinates=table.coordinates + sides)

    def _repr_html_(self) -> str:
        said = self._pairs.said(self)
        return super()._repr_html_() if said is None else html.table("Synapses", ("variable", "value"), said,
                                                                     repr(self))

    def __repr__(self) -> str:
        return f"Synapses({self.source.name} → {self.target.name}, {self._pairs.about()}, name={self.name!r})"


def reductions(objects: Iterable[BrianObject]) -> list[Reduced]:
    """Where the states of all synapses lie, in the order of the objects."""
    return [o.reduced_states for o in objects if isinstance(o, Synapses)]
