"""Synapses: pairs of neurons with their own variables, and pathways that carry events between them."""
from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from brainsim.errors import (
    BrainsimError,
    DimensionMismatchError,
    UnknownAttribute,
    WrongIndex,
    WrongType,
    WrongValue,
    inside,
)
from brainsim.integrators.event_driven import integrate_event_driven
from brainsim.ir.program import Array
from brainsim.ir.state import DTYPES
from brainsim.language.names import SYNAPTIC
from brainsim.language.trees import Assign, Tree, names
from brainsim.model.resolve import Block, Resolver
from brainsim.model.symbols import Symbol
from brainsim.model.tasks import Elementwise, Summed, Task
from brainsim.naming import end_index, field_of, supplied
from brainsim.objects.groups.clock import BaseClock
from brainsim.objects.groups.declared import Declared
from brainsim.objects.groups.equation_group import EquationGroup
from brainsim.objects.groups.evaluate_now import Elements
from brainsim.objects.groups.group import Group
from brainsim.objects.groups.named import BrianObject
from brainsim.objects.groups.variables import Choice, Holder, Variable, VariableView, element_indices
from brainsim.objects.looks import html, plotting
from brainsim.objects.looks.exports import Column, Frame
from brainsim.objects.looks.memory import Line, MemoryEstimate, check_amounts
from brainsim.objects.names.namespace import RunNamespace
from brainsim.objects.names.structure import structure_changed
from brainsim.objects.neurons.neuron_group import Phase
from brainsim.objects.neurons.subgroup import Subgroup
from brainsim.objects.synapses.check_model import check_equations, check_not_stored, tables_to_make
from brainsim.objects.synapses.connect import Connection, law_of, new_pairs
from brainsim.objects.synapses.pairs import Index, Pairs, StoredPairs, counts, flat, new_key, no_pairs, shifted
from brainsim.objects.synapses.pathway import Pathway
from brainsim.objects.synapses.procedural import Law, ProceduralPairs
from brainsim.objects.synapses.reduced.reduced import MODES, Reduced
from brainsim.objects.synapses.reduced.reduction_report import ReductionReport
from brainsim.objects.synapses.synaptic_variable import SynapticVariable
from brainsim.stages import watched
from brainsim.units.dimensions import SECOND

logger = logging.getLogger("brainsim")


class Synapses(EquationGroup):
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
        on_pre, on_post = _renamed(on_pre, pre, "pre"), _renamed(on_post, post, "post")
        if not isinstance(source, Group) or target is not None and not isinstance(target, Group):
            raise WrongType("Synapses connect groups", found=f"{type(source).__name__} to {type(target).__name__}")
        super().__init__(dt=dt, clock=clock or (None if dt is not None else source.clock), order=order, name=name,
                         namespace=namespace)
        self.source, self.target = source, source if target is None else target
        self.method, self.method_options = method, dict(method_options or {})
        self._pairs: StoredPairs | ProceduralPairs = no_pairs()
        self._value_key: int | None = None             #: while values by a random law are assigned
        self.connected = 0
        self.rules: list[str] = []      #: the calls of `connect` in words
        self.reduce, self.reduce_noise, self._reduced = reduce, reduce_noise, Reduced(self)
        self.multisynaptic_index = multisynaptic_index
        self._take_equations(model if model is not None else "", dtype)
        check_equations(self)
        self._add_own_variables()
        self._add_fixed_variables()
        self._add_memory()
        self._allocate(0)
        self._pathways: list[Pathway] = []
        self._make_pathways(on_pre, on_post, delay, on_event)
        self.state_updater = Phase("stateupdater", self, "groups", order)
        if any("event-driven" not in e.flags for e in self.equations.of_kind("differential")):
            self._contained += [self.state_updater]

    # -- construction --------------------------------------------------------------------------------------------------
    def _add_own_variables(self) -> None:
        """When event-driven variables were last up to date, and the number of a synapse among those of its pair."""
        if any("event-driven" in e.flags for e in self.equations.of_kind("differential")):
            self.variables["lastupdate"] = SynapticVariable("lastupdate", f"{self.name}.lastupdate", SECOND,
                                                            read_only=False)
        if self.multisynaptic_index:
            k = self.multisynaptic_index
            self.variables[k] = Variable(k, f"{self.name}.{k}", dtype="i4", read_only=True)

    def summed_into(self) -> list[Variable]:
        """The variables of the neurons that these synapses are summed into."""
        sums = [e.name.rpartition("_") for e in self.equations.of_kind("subexpression") if "summed" in e.flags]
        return [(self.target if side == "post" else self.source).parent.variables[stem] for stem, _, side in sums]

    def delay_variables(self) -> list[Variable]:
        """The delay of each pathway."""
        return [path._delay for path in self._pathways]

    def _is_differential(self, name: str) -> bool:
        return name in self.equations.diff_eq_names

    def _add_fixed_variables(self) -> None:
        n = self.name
        for label, group, side in (("i", self.source, "pre"), ("j", self.target, "post")):
            offset = supplied(group.name, "first") if isinstance(group, Subgroup) else ""
            self.variables[label] = Variable(
                label, f"{n}.{label}", dtype="i4", read_only=True,
                symbol=Symbol(label, "index", dtype="i4", path=(end_index(n, side),), constant=True, offset=offset))
        self.variables["N"] = Variable("N", supplied(n, "N"), dtype="i4", shared=True, read_only=True,
                                       symbol=Symbol("N", "size", n, dtype="i4", shared=True, constant=True))
        for label, side in (("N_outgoing", "pre"), ("N_incoming", "post")):
            symbol = Symbol(label, "array", supplied(n, f"{label}_{side}"), dtype="i4", path=(end_index(n, side),),
                            constant=True)
            self.variables[label] = Variable(label, f"{n}.{label}", dtype="i4", read_only=True, symbol=symbol)

    def _make_pathways(self, on_pre: Any, on_post: Any, delay: Any, on_event: Any) -> None:
        wanted = [(label, code, "pre", -1) for label, code in _named(on_pre, "pre").items()]
        wanted += [(label, code, "post", 1) for label, code in _named(on_post, "post").items()]
        labels = [label for label, *_ in wanted]
        delays = delay if isinstance(delay, Mapping) else {} if delay is None else {"pre": delay}
        for label in delays:
            if label not in labels:
                raise WrongValue(
                    f"{self.name} has no pathway '{label}' to delay", found=", ".join(labels) or "no pathways",
                    help=f"name the pathway: delay={{'{labels[0]}': 1*ms}}"
                    if labels and not isinstance(delay, Mapping) else "")
        for label, code, side, order in wanted:
            if hasattr(type(self),
                       label) and label not in ("pre", "post") or label in self.variables or label in self.__dict__:
                raise WrongValue(f"A pathway cannot be called '{label}'",
                                 help="the name is taken by an attribute of Synapses")
            event = on_event if isinstance(on_event, str) else dict(on_event).get(
                label, "spike")
            path = Pathway(self, label, code, side, event, delays.get(label), order)
            object.__setattr__(self, label, path)
            self._pathways.append(path)
            self._contained.append(path)

    @property
    def pathways(self) -> tuple[Pathway, ...]:
        """All pathways, in the order in which they were declared."""
        return tuple(self._pathways)

    @property
    def is_procedural(self) -> bool:
        """Whether no synapse is stored: each event draws the row of its neuron again."""
        return not self._pairs.is_stored

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
    def _count(self) -> int:
        return self._pairs.count()

    @property
    def pairs_now(self) -> Pairs:
        """Which neurons they join."""
        return self._pairs

    @property
    def post_index(self) -> np.ndarray:
        """The neuron of the target's whole group of every synapse, int32; drawn again where synapses are not stored."""
        return flat(self._pairs.index("post"))

    @property
    def pre_index(self) -> np.ndarray:
        """The neuron of the source's whole group of every synapse, int32; made when it is asked for."""
        return flat(self._pairs.index("pre"))

    @property
    def N_incoming_post(self) -> np.ndarray:
        """Number of synapses onto each neuron of the target's whole group."""
        return counts(self._pairs.index("post"), len(self.target.parent))

    @property
    def N_outgoing_pre(self) -> np.ndarray:
        """Number of synapses from each neuron of the source's whole group."""
        return counts(self._pairs.index("pre"), len(self.source.parent))

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
        if not self._pairs.is_stored or storage == "procedural" and self.connected:
            raise WrongValue(f"Procedural synapses are made by one call of connect, and {self.name} has had one",
                             help="make another Synapses object")
        law = None if storage is None or self.connected else law_of(self, rule, run, storage == "procedural")
        if storage == "procedural":
            assert law is not None
            self._make_procedural(law)
        else:
            with watched(self.seconds_spent, "declare"):
                pre, post = new_pairs(self, rule, run) if law is None else law.pairs()
                self._add_synapses(pre, post, law is not None)
        self.rules.append(str(rule))

    def _make_procedural(self, law: Law) -> None:
        check_not_stored(self, self._pathways)
        self._pairs = ProceduralPairs(law)
        for v in self.variables.values():
            if v.values is not None and not v.shared:
                v.values = None
        self.connected += 1
        structure_changed()

    def _add_synapses(self, pre: Index, post: np.ndarray, by_law: bool = False) -> None:
        """Append pairs given by their indices in source and target; the arrays become this object's own."""
        assert isinstance(self._pairs, StoredPairs)
        before, first = len(self), self.source.first_element
        self._reduced.grow()
        self._pairs = self._pairs.more(shifted(pre, first), flat(shifted(post, self.target.first_element)), first,
                                       len(self.source), by_law)
        self.connected += 1
        for v in self.variables.values():
            if v.program not in self._reduced.moved and v.values is not None and not v.shared:
                grown = np.zeros(len(self), v.values.dtype)
                grown[:before] = v.values
                v.values = grown
        for path in self._pathways:
            path.grow(len(self))
        if self.multisynaptic_index:
            self.variables[self.multisynaptic_index].values = self._occurrences()
        structure_changed()

    def take_pairs(self, pairs: StoredPairs | ProceduralPairs) -> None:
        """Have exactly these synapses; when they differ from those that exist, values are 0."""
        if not isinstance(pairs, StoredPairs):
            self._pairs = pairs.copied()
            structure_changed()
            return
        if pairs.same(self._pairs):
            return
        self._pairs = no_pairs()
        for v in (*self.variables.values(), *(p._delay for p in self._pathways)):
            if v.program in self._reduced.moved:
                v.values = np.zeros(0, DTYPES[v.dtype])
            elif v.values is not None and not v.shared:
                v.values = v.values[:0]
        self._add_synapses(flat(pairs.index("pre")) - np.int32(self.source.first_element),
                           flat(pairs.index("post")) - np.int32(self.target.first_element), pairs.by_law)

    def _occurrences(self) -> np.ndarray:
        """How many earlier synapses join the same pair."""
        pair = self.pre_index.astype(np.int64) * (int(self.post_index.max(initial=0)) + 1) + self.post_index
        order = np.argsort(pair, kind="stable")
        fresh = np.r_[True, np.diff(pair[order]) != 0] if len(pair) else np.zeros(0, bool)
        start = np.maximum.accumulate(np.where(fresh, np.arange(len(pair)), 0))
        found = np.zeros(len(pair), np.int32)
        found[order] = np.arange(len(pair)) - start
        return found

    def _absolute(self, item: object, run: RunNamespace) -> np.ndarray:
        if not isinstance(item, tuple):
            return super()._absolute(item, run)
        if len(item) > 3 or len(item) == 3 and not self.multisynaptic_index:
            raise WrongIndex(
                f"{self.name} takes the indices [i, j]" + (", or [i, j, k]" if self.multisynaptic_index else ""),
                found=f"{len(item)} indices", help="a third index needs multisynaptic_index='k'")
        chosen = np.ones(len(self), bool)
        for part, index, group in zip(item, (self.pre_index, self.post_index), (self.source, self.target)):
            chosen &= np.isin(index - group.first_element, _neurons(part, group))
        if len(item) == 3 and self.multisynaptic_index:
            k = self.variables[self.multisynaptic_index].values
            assert k is not None
            chosen &= np.isin(k, element_indices(item[2], int(k.max(initial=0)) + 1, f"{self.name} [k]"))
        return np.flatnonzero(chosen)

    def read_values(self, v: Variable, item: object, level: int = 0,
              namespace: Mapping[str, object] | None = None) -> np.ndarray:
        if isinstance(item, tuple):   # where there is no such neuron there are no synapses to read
            item = tuple(np.zeros(0, int) if isinstance(x, (int, np.integer)) and not -len(g) <= x < len(g) else x
                         for x, g in zip(item, (self.source, self.target))) + item[2:]
        return super().read_values(v, item, level, namespace)

    def __getitem__(self, item: object) -> "SynapticIndices":
        return SynapticIndices(self, self._absolute(item, RunNamespace.of_caller()))

    def assign(self, v: Variable, item: object, value: object, check: bool, run: RunNamespace) -> None:
        """Set a variable; values kept at the neurons come back first."""
        own = not v.shared and self.variables.get(v.name) is v
        if isinstance(self._pairs, ProceduralPairs) and own:
            self.refuse_write(v)
            self._pairs.assign(v, item, value, run, check, self)
            return
        self._reduced.before_write(v, item, value)
        by_law = isinstance(self._pairs, StoredPairs) and self._pairs.by_law
        self._value_key = new_key() if by_law and own and isinstance(value, str) else None
        try:
            super().assign(v, item, value, check, run)
        finally:
            self._value_key = None

    def elements(self, index: np.ndarray | None) -> Elements:
        """Synapses for strings evaluated at once; those of a random law draw the numbers that they would draw if they
        were not stored."""
        here = super().elements(index)
        if self._value_key is not None and index is not None:
            assert isinstance(self._pairs, StoredPairs)
            here.draws = self._pairs.draws(self._value_key, index)
        return here

    def refuse_write(self, v: Variable) -> None:
        super().refuse_write(v)
        if not self.connected and not v.shared:
            raise WrongType(f"{self.name} has no synapses yet, so '{v.name}' cannot be set",
                            help="call connect() first")

    def seen_through(self, name: str) -> Variable | None:
        """A variable of the source or the target, seen through the synapses."""
        if not name.endswith(("_pre", "_post")) and name not in self.target.variables:
            return None
        symbol = self.scope(RunNamespace.of_caller()).own.get(name)
        if symbol is None:
            return None
        return Variable(name, symbol.program, symbol.dimension, symbol.dtype, shared=symbol.shared,
                        read_only=not symbol.writable, symbol=symbol)

    def variable_behind(self, symbol: Symbol) -> Variable:
        every = [w for g in (self.source, self.target) for w in g.parent.variables.values()]
        return next((w for w in every if w.program == symbol.program), None) or super().variable_behind(symbol)

    def _written(self, v: Variable) -> None:
        if v.name == "delay":
            if v.shared and v.values is not None and len(v.values) != 1:
                raise WrongValue("A delay given in the constructor is one for all synapses")
            structure_changed()

    # -- names ---------------------------------------------------------------------------------------------------------
    def own_symbols(self, run: RunNamespace) -> dict[str, Symbol]:
        """Synaptic names, every name of the target bare, and both sides with their suffix (R31)."""
        found: dict[str, Symbol] = {}
        for group, side in ((self.target, "post"), (self.source, "pre")):
            path = (end_index(self.name, side),)
            for name, symbol in group.scope(run).own.items():
                if symbol.kind == "clock":
                    continue
                seen = symbol.via(path)
                found[f"{name}_{side}"] = seen
                if side == "post":
                    found.setdefault(name, seen)
        found |= super().own_symbols(run)
        for side, label in (("pre", "N_outgoing"), ("post", "N_incoming")):
            found[f"{label}_{side}"] = found[label]
        for label, side, group in (("i", "pre", self.source), ("j", "post", self.target)):
            if not isinstance(group, Synapses):   # synapses have indices of their own
                found[f"{label}_{side}"] = found[label]
        for path in self._pathways:
            if path.label == "pre" and path._delay.values is not None:
                found["delay"] = Symbol("delay", "array", path._delay.program, SECOND, shared=path._delay.shared)
        return found

    def neighbours(self) -> list[Any]:
        """Source, target, and what they are linked to."""
        return [self.source, self.target, *super().neighbours()]

    def dependencies(self) -> list[BrianObject]:
        """Both sides."""
        return [self.source, self.target]

    def declared(self) -> Declared:
        """Synaptic variables, states at the neurons, and the index of the target; or the tables of synapses that are
        not stored."""
        joined, n = self._pairs.declared(self), self.name
        outgoing = Array(supplied(n, "N_outgoing_pre"), "i4", self.source.space)
        incoming = Array(supplied(n, "N_incoming_post"), "i4", self.target.space)
        source = Array(end_index(n, "pre"), "i4", n, self.source.space, "index")
        joined |= Declared(on_request={outgoing.name: (outgoing, lambda: self.N_outgoing_pre),
                                       incoming.name: (incoming, lambda: self.N_incoming_post),
                                       source.name: (source, lambda: self.pre_index)})
        if not self._pairs.is_stored:     # counting them would mean drawing them
            return Declared(self._arrays(), clock=self.clock) | joined
        return super().declared() | Declared(self._reduced.declared(), params=self._reduced.params()) | joined

    def kept_besides(self) -> dict[str, Any]:
        """The pairs, and where each state lies."""
        return super().kept_besides() | {"pairs": self._pairs.copied(), "moved": self._reduced.kept()}

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
        variables = [v for v in self.variables.values() if not v.moved and v.values is not None and v.symbol is None]
        found = [
            Line(self.name,
                 field_of(name), len(values), values.itemsize)
            for name, (_, values) in self._reduced.declared().items()
        ]
        found += [Line(self.name, v.name, 1 if v.shared else count, DTYPES[v.dtype].itemsize) for v in variables]
        found.append(Line(self.name, "index of the target", count, 4))
        if self.reads_source:
            found.append(Line(self.name, "index of the source", count, 4))
        return found

    @property
    def reads_source(self) -> bool:
        """Whether each step or a pathway of the target looks at the source of a synapse, so that a program needs its
        index."""
        own = [e for e in self.equations.equations if e.expression is not None]
        stepped = [e for e in own if "summed" in e.flags or e.kind == "differential" and "event-driven" not in e.flags]
        reached = names_reached([e.name for e in stepped],
                                {e.name: e.expression for e in own if e.expression is not None})
        back = [path for path in self._pathways if path.side == "post" or path.scattered]
        driven = self.reduce != "off" and any("event-driven" in e.flags
                                              for e in own)  # such a state may move to the source
        return any(n.endswith("_pre") or n == "i"
                   for n in reached) or any(driven or re.search(r"\w_pre\b|\bi\b", path.code) for path in back)

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
        lines = [e for e in self.equations.of_kind("differential") if "event-driven" in e.flags]
        if not lines:
            return []
        system = self.system(resolver, lines, self.clock.dt_)
        resolver.symbols.setdefault("_elapsed", Symbol("_elapsed", "local", "_elapsed", SECOND, writable=True))
        resolver.symbols["lastupdate"] = resolver.scope.own["lastupdate"]
        try:
            return [s for s in integrate_event_driven(system).statements if isinstance(s, Assign)]
        except BrainsimError as error:
            raise inside(error, self.name) from error

    def tasks(self, run: RunNamespace) -> list[Task]:
        """State update of clock-driven variables, and summed variables."""
        self.check_units(run)
        clock = self.clock.name
        made: list[Task] = []
        frozen = self.constant_over_dt(run)
        if frozen is not None:
            made.append(
                Elementwise(name=f"{self.name}_subexpression_update", clock=clock, when="before_start",
                            order=self.order, space=self.name, before=frozen[0] if frozen[0].statements else None,
                            block=frozen[1]))
        lines = [e for e in self.equations.of_kind("differential") if "event-driven" not in e.flags]
        if lines and self.state_updater.active:
            resolver = self.resolver(run)
            update = self.integrated(resolver, self.system(resolver, lines, self.clock.dt_), self.method,
                                     self.method_options)
            self.announce(update, self.method)
            block = resolver.block(update.statements, "state update", free=False)
            part = self.state_updater
            made.append(
                Elementwise(name=part.name, clock=clock, when=part.when, order=part.order, space=self.name,
                            block=block, role="update"))
        made += [self.summed_task(e.name, run) for e in self.equations.of_kind("subexpression") if "summed" in e.flags]
        if not self.connected:
            raise WrongType(f"{self.name} has no synapses", help="call connect() before the run")
        return made

    def summed_task(self, name: str, run: RunNamespace) -> Summed:
        """The sum that a summed variable is."""
        e = self.equations[name]
        stem, _, side = name.rpartition("_")
        group = self.target if side == "post" else self.source
        resolver = self.resolver(run)
        assert e.expression is not None
        assert e.expression is not None
        found = resolver.dimension(e.expression)
        symbol = group.scope(run).own[stem]
        if found is not symbol.dimension:
            raise DimensionMismatchError(f"The right side of '{name}' must have the unit of '{stem}'", symbol.dimension,
                                         found, at=e.span)
        block = Block((Assign("_value", "=", resolver.tree(e.expression)),), resolver.symbols, resolver.functions,
                      name)
        space, bounds = group.domain()
        return Summed(name=f"{self.name}_summed_variable_{name}", clock=group.clock.name, when="groups",
                      order=group.order - 1, space=self.name, target=symbol.via(
                          (end_index(self.name, side),)), target_space=space, bounds=bounds, block=block)

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
        if isinstance(self._pairs, ProceduralPairs):
            return html.table("Synapses", ("variable", "value"), self._pairs.said(self), repr(self))
        return super()._repr_html_()

    def __repr__(self) -> str:
        return f"Synapses({self.source.name} → {self.target.name}, {self._pairs.about()}, name={self.name!r})"


class SynapticIndices(Choice):
    """Chosen synapses, for ``record=``."""

    def __init__(self, synapses: Synapses, indices: np.ndarray):
        self.synapses, self.indices, self._version = synapses, indices, synapses.connected

    def indices_for(self, group: Holder) -> np.ndarray:
        """The numbers of these synapses."""
        if group is not self.synapses:
            raise WrongValue(f"These are synapses of {self.synapses.name}, not of {group.name}")
        if self._version != self.synapses.connected:
            raise WrongIndex("The synapses have changed since they were chosen", help="choose them again after connect")
        return self.indices

    def __len__(self) -> int:
        return len(self.indices)

    def __repr__(self) -> str:
        return f"<{len(self.indices)} synapses of {self.synapses.name}: {np.array2string(self.indices, threshold=6)}>"


def names_reached(wanted: Iterable[str], lines: Mapping[str, Tree]) -> set[str]:
    """All names that expressions use, through other expressions too."""
    found: set[str] = set()
    waiting = list(wanted)
    while waiting:
        tree = lines.get(waiting.pop())
        fresh = names(tree) - found if tree is not None else frozenset()
        found |= fresh
        waiting += fresh
    return found


def _neurons(part: object, group: Group) -> np.ndarray:
    if isinstance(part, Choice):
        return part.indices_for(group.parent) - group.first_element
    return element_indices(part, len(group), group.name)


def _named(code: object, default: str) -> dict[str, str]:
    if code is None:
        return {}
    if isinstance(code, str):
        return {default: code}
    if isinstance(code, Mapping):
        return dict(code)
    raise WrongType(f"on_{default} is a string of statements, or a dictionary of named ones", found=repr(code))


def _renamed(new: object, old: object, side: str) -> object:
    if old is not None:
        logger.warning("the argument '%s' is now called 'on_%s'", side, side, extra={"topic": f"deprecated_{side}"})
    return new if new is not None else old


def reductions(objects: Iterable[BrianObject]) -> list[Reduced]:
    """Where the states of all synapses lie, in the order of the objects."""
    return [o.reduced_states for o in objects if isinstance(o, Synapses)]
