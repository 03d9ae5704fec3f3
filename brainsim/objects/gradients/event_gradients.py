"""From the objects of a network to a function with exact gradients through its spikes
(``docs/event_gradients.rst``)."""
from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from brainsim.errors import UnknownName, Unsupported, WrongState, WrongType, WrongValue, near
from brainsim.events.form import Arrival, Neurons, Summation
from brainsim.events.neurons import neurons_of
from brainsim.events.refusals import INSTEAD
from brainsim.events.synapses import PLASTIC, arrival_of, summation_of
from brainsim.language.trees import Assign, substitute
from brainsim.model.resolve import Block
from brainsim.model.symbols import Symbol
from brainsim.naming import at_the_end, called, field_of, owner_of, without_sender
from brainsim.objects.gradients.places import names_in
from brainsim.objects.gradients.ranges import ranges
from brainsim.objects.groups.clock import seconds
from brainsim.objects.groups.group import Group
from brainsim.objects.groups.named import Named
from brainsim.objects.groups.operations import NetworkOperation
from brainsim.objects.groups.regularly import RunRegularly
from brainsim.objects.groups.variables import Variable
from brainsim.objects.looks.optional import optional
from brainsim.objects.names.namespace import RunNamespace, scalar_value
from brainsim.objects.neurons.neuron_group import NeuronGroup, Phase
from brainsim.objects.neurons.spike_sources import SpikeGeneratorGroup
from brainsim.objects.neurons.subgroup import Subgroup
from brainsim.objects.recorders.record import Recorder
from brainsim.objects.runs.prepared import Preparable
from brainsim.objects.runs.result import own_name
from brainsim.objects.synapses.pathway import Pathway
from brainsim.objects.synapses.synapses import Synapses
from brainsim.units.dimensions import DIMENSIONLESS, SECOND, Dimension

MAX_SPIKES = 32


def event_functional(net: Preparable, duration: object, params: Sequence[str] | str | None = (),
                     inputs: Sequence[str] | str = (), outputs: Sequence[str] | str | None = None, *,
                     max_spikes: int | Mapping[str, int] = MAX_SPIKES, step: object = None,
                     namespace: Mapping[str, object] | None = None, level: int = 0) -> Any:
    """A pure function ``sim(params, inputs) -> outputs`` in continuous time, with exact gradients through spikes.

    ``params``: names as in ``net.compile().parameters``: weights, delays, time constants, thresholds, initial values;
    None for those that the equations flag as trainable. ``inputs``:
    ``'P.times'``, the spikes of a `SpikeGeneratorGroup`. ``outputs``: ``'G.spikes'`` (neurons, max_spikes), seconds,
    infinity where there is none; ``'G.first_spike'``, ``'G.count'``, or a state at the end, ``'G.v'``; by default
    spikes of groups that spike and states of others. ``max_spikes``: of each neuron, for all groups or by group.
    ``step``: of the integration of equations without a closed form, by default dt.

    Raises `Unsupported` for models that this cannot take: refractoriness, noise, plastic synapses, code at set times.
    """
    run = RunNamespace.given(namespace, level)
    length = None if step is None else seconds(step, "step")
    if length is not None and not length > 0:
        raise WrongValue("'step' is a time above 0", found=repr(step))
    return _Members(net, run).function(seconds(duration, "duration"), params, tuple(names_in(inputs, "inputs")),
                                       None if outputs is None else names_in(outputs, "outputs"), max_spikes, length)


def refuse_options_of_the_grid(batch: object, surrogate: object, reset_grad: object, checkpoint: object,
                               truncate: object) -> None:
    """`WrongValue` for options that mean something for runs in steps only."""
    for name, given, default, help in (("batch", batch, None, "jax.vmap(sim, ...) runs batches"),
                                       ("surrogate", surrogate, "superspike(alpha=10)", ""),
                                       ("reset_grad", reset_grad, "full", ""), ("checkpoint", checkpoint, None,
                                                                                ""), ("truncate", truncate, None, "")):
        if given != default:
            raise WrongValue(f"{name}= has no meaning with grad='events'", found=repr(given), help=help
                             or "leave it out: gradients are exact")


@dataclass
class _Members:
    """The objects of a network, read once."""

    net: Preparable
    run: RunNamespace
    every: list[Any] = field(init=False)
    words: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.every = list(self.net)
        said = {n: o for place in self.run.places[::-1] for n, o in place.items() if isinstance(o, Named)}
        self.words = {n: o.name for n, o in said.items() if any(o is x for x in self.every)}
        for o in self.every:
            o.notice_use()
            _refuse_object(o)
        if self.net.t_:
            raise WrongState("Event-based gradients begin at t = 0", found=f"{self.net.name} is at t = {self.net.t}",
                             help="go back with net.restore(), or make the network anew")
        if not self.groups:
            raise WrongValue(f"{self.net.name} has no NeuronGroup, so there is nothing to differentiate",
                             help="Network(G, S, ...)")
        steps = {o.clock.dt_ for o in self.groups + self.synapses}
        if len(steps) > 1:
            raise Unsupported(
                "The groups have clocks with different dt", found=", ".join(f"{s} s" for s in sorted(steps)), help=
                "give all of them one dt: in continuous time it only sets the step of equations without a closed form")

    @property
    def groups(self) -> list[NeuronGroup]:
        """Groups with equations."""
        return [o for o in self.every if isinstance(o, NeuronGroup)]

    @property
    def synapses(self) -> list[Synapses]:
        """All synapses."""
        return [o for o in self.every if isinstance(o, Synapses)]

    @property
    def sources(self) -> list[SpikeGeneratorGroup]:
        """Groups of given spikes."""
        return [o for o in self.every if isinstance(o, SpikeGeneratorGroup)]

    # -- the function --------------------------------------------------------------------------------------------------
    def function(self, duration: float, params: Sequence[str] | str | None, inputs: tuple[str, ...],
                 outputs: Iterable[str] | None, max_spikes: int | Mapping[str, int], step: float | None) -> Any:
        """Everything put together."""
        sums, arrivals = self._synapses()
        neurons = {g.name: self._neurons(g, sums, arrivals) for g in self.groups}
        optional("jax", "Event-based gradients", "'brainsim[jax]'")
        made, function = (importlib.import_module(f"brainsim.events.{name}") for name in ("assembly", "function"))
        given = [_given(function, p) for p in self.sources]
        kept = {**self._kept(max_spikes), **{s.source: s.shape[1] for s in given}}
        wires = tuple(made.Wires(a, *_ends(p.synapses), p.has_delay_per_synapse) for a, p in arrivals)
        counts = {g.name: len(g) for g in (*self.groups, *self.sources)}
        hybrid = made.Hybrid(neurons, wires, counts, kept, duration, step or next(iter(self.groups)).clock.dt_)
        symbols = self._symbols(neurons, arrivals)
        values = {key: (s.program, self._value(s)) for key, s in symbols.items()}
        values |= {(a.name, "delay"): (p.own_delay.program, _single(p.own_delay)) for a, p in arrivals}
        self._check_inputs(inputs)
        places = tuple(self._place(function, n, symbols) for n in self._named(params))
        bounds = self._bounds()
        return function.EventFunction(
            hybrid, values, places, tuple(given), tuple(self._outputs(function, neurons, outputs)),
            {n: owner_of(self._own(n)) for n in inputs},
            ranges({p.name: p.now for p in places}, {p.name: bounds.get(self._own(p.name)) for p in places},
                   {p.name: p.dimension for p in places}))

    def _own(self, name: str) -> str:
        """A name as the program has it: that of an object, or else the script's for it."""
        return name if owner_of(name) in {o.name for o in self.every} else own_name(name, self.words)

    def _kept(self, max_spikes: int | Mapping[str, int]) -> dict[str, int]:
        given = dict(max_spikes) if isinstance(max_spikes, Mapping) else {}
        named = {owner_of(self._own(f"{n}.")): k for n, k in given.items()}
        for n, k in (*named.items(), ("", max_spikes) if not given else ("", 1)):
            if not isinstance(k, (int, np.integer)) or isinstance(k, bool) or k < 1:
                raise WrongValue("max_spikes= is a whole number from 1 on, or one for each group", found=repr(k))
            if n and n not in {g.name for g in self.groups}:
                raise UnknownName(f"max_spikes= names '{n}', which is no group of {self.net.name}",
                                  help=near(n, [g.name for g in self.groups]))
        every = MAX_SPIKES if isinstance(max_spikes, Mapping) else int(max_spikes)
        return {g.name: int(named.get(g.name, every)) for g in self.groups}

    # -- equations -----------------------------------------------------------------------------------------------------
    def _states(self) -> set[str]:
        found = {g.variables[n].program for g in self.groups for n in g.equations.diff_eq_names}
        for g in self.groups:
            for code in g.event_code.values():
                block = g.event_block(code, "reset", self.run)
                found |= {
                    block.symbols[s.target].program for s in block.assignments
                    if block.symbols[s.target].kind != "local"
                }
        return found

    def _neurons(self, g: NeuronGroup, sums: Mapping[str, list[Summation]], arrivals: list[tuple[Arrival,
                                                                                                 Pathway]]) -> Neurons:
        _refuse_group(g)
        g.check_units(self.run)
        resolver = g.resolver(self.run)
        system = g.system_of(resolver, g.equations.of_kind("differential"), g.clock.dt_)
        block = Block(tuple(Assign(x, "=", rhs) for x, rhs in system.equations), resolver.symbols, resolver.functions)
        threshold = g.threshold_task("spike", self.run).block if "spike" in g.events else None
        reset = g.event_block(g.event_code["spike"], "reset", self.run) if "spike" in g.event_code else None
        return neurons_of(g.name, system, block, threshold, reset, [a for a, _ in arrivals if a.target == g.name],
                          sums.get(g.name, ()))

    def _synapses(self) -> tuple[dict[str, list[Summation]], list[tuple[Arrival, Pathway]]]:
        """Sums by target, and what spikes do by each pathway."""
        sums: dict[str, list[Summation]] = {}
        arrivals: list[tuple[Arrival, Pathway]] = []
        states = self._states()
        for s in self.synapses:
            _refuse_synapses(s)
            s.check_units(self.run)
            found = self._summation(s)
            if found is not None:
                sums.setdefault(s.target.parent.name, []).append(found)
            for path in (p for p in s.pathways if p.side == "pre"):
                block, driven = path.code_block(self.run)
                if driven:
                    raise Unsupported(f"{s.name}: event-driven variables belong to each synapse", help=PLASTIC)
                arrivals.append((arrival_of(path.name, s.name, s.source.parent.name, s.target.parent.name, block,
                                            states, found), path))
        inputs = {
            target: {x: tree for each in found for x, tree in each.inputs.items()} for target, found in sums.items()
        }
        return sums, [(_written_out(a, inputs.get(a.target, {})), p) for a, p in arrivals]

    def _summation(self, s: Synapses) -> Summation | None:
        lines = [e for e in s.equations.of_kind("differential") if "event-driven" not in e.flags]
        summed = [e for e in s.equations.of_kind("subexpression") if "summed" in e.flags]
        for e in summed:
            if not e.name.endswith("_post") or not lines:
                raise Unsupported(
                    f"{s.name}: '{e.name}' couples neurons all the time, not by spikes", at=e.span, help=
                    "grad='surrogate' takes it; "
                    "here, sums are of states that spikes change, at the target of the synapse"
                )
        if not lines:
            return None
        resolver = s.resolver(self.run)
        system = s.system_of(resolver, lines, s.clock.dt_)
        block = Block(tuple(Assign(x, "=", rhs) for x, rhs in system.equations), resolver.symbols, resolver.functions)
        blocks = {
            s.target.variables[e.name.removesuffix("_post")].program: s.summed_task(e.name, self.run).block
            for e in summed
        }
        return summation_of(s.name, system, block, blocks)

    # -- values --------------------------------------------------------------------------------------------------------
    def _symbols(self, neurons: Mapping[str, Neurons], arrivals: list[tuple[Arrival,
                                                                            Pathway]]) -> dict[tuple[str, str], Symbol]:
        found: dict[tuple[str, str], Symbol] = {}
        for g in neurons.values():
            found |= {(g.name, n): s for n, s in g.symbols.items()}
            found |= {(start.synapses, without_sender(n)): s for start in g.starts.values()
                      for n, s in start.symbols.items()}
        for a, _ in arrivals:
            found |= {(a.synapses, without_sender(n)): s for n, s in a.symbols.items()}
        return found

    def _value(self, s: Symbol) -> np.ndarray:
        """What a name stands for in the network: an entry per element, or one number."""
        match s.kind:
            case "param" if s.origin == "namespace":
                return np.asarray(scalar_value(s.holder, "f8"))
            case "param" | "size" | "count":
                return np.asarray(float(self._sizes()[s.program]))
            case "clock":
                return np.asarray(next(iter(self.groups)).clock.dt_)
            case "index":
                return self._index(s)
        v = self._variables().get(s.program)
        if v is not None and v.values is not None:
            return _single(v)
        found = next((a for o in self.synapses for a in [o.array_of(s.program)] if a is not None), None)
        if found is None:
            raise Unsupported(f"'{s.name}' has no value that holds for a whole run",
                              help="keep it in a parameter, set before")
        return np.asarray(found, float)

    def _index(self, s: Symbol) -> np.ndarray:
        most = max(len(g) for g in (*self.groups, *self.sources))
        return np.arange(most, dtype=float) - (self._sizes()[s.offset] if s.offset else 0)

    def _sizes(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for o in {id(x): x for s in self.synapses for x in (s.source, s.target, s)}.values():
            found |= {k: float(v) for k, v in o.declared().params.items()}
        for o in (*self.groups, *self.sources, *self.synapses):
            found |= {**{k: float(v) for k, v in o.declared().params.items()}, o.own_space: float(len(o))}
        return found

    def _variables(self) -> dict[str, Variable]:
        return {v.program: v for o in (*self.groups, *self.synapses) for v in o.variables.values() if v.symbol is None}

    # -- names of users ------------------------------------------------------------------------------------------------
    def _place(self, function: Any, name: str, symbols: Mapping[tuple[str, str], Symbol]) -> Any:
        """The parameter of this name; `UnknownName` otherwise."""
        known = dict(self._settable(symbols))
        own = self._own(name)
        if own not in known:
            said = [
                *known,
                *(called(w, n) for w, o in self.words.items() for n in known if owner_of(n) == o)
            ]
            raise UnknownName(f"There is no parameter '{name}' to set", help=near(name, said)
                              or f"one of {', '.join(known)}")
        return function.NamedParameter(name, *known[own])

    def _bounds(self) -> dict[str, tuple[float, float]]:
        """Of the variables that the equations flag as trainable, by name."""
        return {
            f"{o.name}.{v.name}": v.bounds for o in (*self.groups, *self.synapses) for v in o.variables.values()
            if v.bounds is not None
        }

    def _named(self, params: Sequence[str] | str | None) -> list[str]:
        """Names of parameters; those that are flagged, where none are given."""
        flagged = list(self._bounds())
        if params == "trainable" and not flagged:
            raise WrongValue("No parameter of this network is trainable",
                             help="flag it in the equations, 'w : 1 (trainable)', or name it: params=['S.w']")
        return flagged if params in (None, "trainable") else names_in(params, "params")

    def _settable(
        self, symbols: Mapping[tuple[str, str],
                               Symbol]) -> Iterator[tuple[str, tuple[tuple[str, ...], Dimension, np.ndarray]]]:
        for o in (*self.groups, *self.synapses):
            for v in o.variables.values():
                if v.values is not None and v.symbol is None and not v.read_only and not v.name.startswith(
                        "_") and v.dtype[0] == "f":
                    yield f"{o.name}.{v.name}", ((v.program,), v.dimension, _single(v))
        for s in self.synapses:
            for path in s.pathways:
                yield f"{s.name}.delay" if path.label == "pre" else f"{s.name}.{path.label}.delay", ((
                    path.own_delay.program,), SECOND, _single(path.own_delay))
        outside = {(owner, s.name): s for (owner, _), s in symbols.items()
                   if s.kind == "param" and s.origin == "namespace"}
        for name in dict.fromkeys(n for _, n in outside):
            every = {owner: s for (owner, n), s in outside.items() if n == name}
            first = next(iter(every.values()))
            yield name, (tuple(dict.fromkeys(s.program for s in every.values())), first.dimension, self._value(first))
            yield from ((s.program, ((s.program,), s.dimension, self._value(s))) for s in every.values())

    def _check_inputs(self, inputs: tuple[str, ...]) -> None:
        known = [f"{p.name}.times" for p in self.sources]
        for name in inputs:
            if self._own(name) not in known:
                raise UnknownName(
                    f"There is no input '{name}'", help=near(name, known)
                    or f"one of {', '.join(known) or 'none: add a SpikeGeneratorGroup'}")

    def _outputs(self, function: Any, neurons: Mapping[str, Neurons], outputs: Iterable[str] | None) -> Iterator[Any]:
        known = {}
        for g in self.groups:
            spiking = ("spikes", "first_spike", "count") if neurons[g.name].event is not None else ()
            known |= {
                f"{g.name}.{what}": (g.name, what, DIMENSIONLESS if what == "count" else SECOND) for what in spiking
            }
            names = [field_of(x) for x in neurons[g.name].states]
            known |= {
                f"{g.name}.{n}": (g.name, k, g.variables[n].dimension) for k, n in enumerate(names) if n in g.variables
            }
        default = [n for n, (_, what, _) in known.items() if what == "spikes" or isinstance(what, int)]
        for name in default if outputs is None else outputs:
            own = at_the_end(self._own(name))[0]      # as on the grid, where this is the last of many
            if own not in known:
                raise UnknownName(f"There is no output '{name}'", help=near(name, known)
                                  or f"one of {', '.join(known)}")
            yield function.Output(name, *known[own])


def _written_out(a: Arrival, inputs: Mapping[str, Any]) -> Arrival:
    return replace(a, statements=tuple(replace(s, value=substitute(s.value, inputs))
                                       for s in a.statements)) if inputs else a


def _single(v: Variable) -> np.ndarray:
    """Values in base units, float; one number of a shared variable."""
    values = np.zeros(1) if v.values is None else np.asarray(v.values, float)
    return values.reshape(()) if v.shared or v.values is None else values.copy()


def _given(function: Any, p: SpikeGeneratorGroup) -> Any:
    if float(p.period):
        raise Unsupported(f"{p.name} repeats its spikes", help="give all of them: times=[...] without a period")
    index, times = p.given_spikes
    order = np.argsort(index, kind="stable")
    held = np.bincount(index, minlength=len(p))
    place = np.zeros(len(index), int)
    place[order] = np.arange(len(index)) - np.repeat(np.cumsum(held) - held, held)
    return function.GivenSpikes(p.name, index.astype(int), place, (len(p), max(1, int(held.max(initial=0)))),
                                np.asarray(times, float))


# -- what cannot be taken
# ------------------------------------------------------------------------------------------------
def _refuse_object(o: Any) -> None:
    if isinstance(o, (NeuronGroup, Synapses, SpikeGeneratorGroup, Recorder, Phase, Pathway, Subgroup)):
        return
    if isinstance(o, (RunRegularly, NetworkOperation)):
        raise Unsupported(f"{o.name} runs code at times of a clock, which are no events of neurons",
                          help="write it as equations, a reset or on_pre")
    what = "draws random spikes" if "Poisson" in type(o).__name__ else f"is a {type(o).__name__}"
    raise Unsupported(
        f"{o.name} {what}, which event-based gradients cannot take",
        help=f"give its spikes by a SpikeGeneratorGroup, drawn beforehand; {INSTEAD}"
        if isinstance(o, Group) or "Poisson" in what else INSTEAD)


def _refuse_group(g: NeuronGroup) -> None:
    if g.is_refractory:
        raise Unsupported(
            f"{g.name} has a refractory period, which keeps the past of a neuron in a clock of its own",
            found=f"refractory={g.refractory_given!r}", help=
            "leave it out and reset lower, or let a variable that the reset changes do the same: reset='v = 0; w += b'")
    for event in g.events:
        if event != "spike":
            raise Unsupported(f"{g.name} has the event '{event}'", help="keep to threshold and reset")
    for v in g.variables.values():
        if v.linked_to is not None:
            raise Unsupported(f"{g.name}: '{v.name}' is linked to another group", at=v.span,
                              help="give the group a parameter with these values")
        if "constant over dt" in v.flags:
            raise Unsupported(f"{g.name}: '{v.name}' is constant over a time step, and here there are none", at=v.span,
                              help="remove (constant over dt)")


def _refuse_synapses(s: Synapses) -> None:
    if s.is_procedural:
        raise Unsupported(f"{s.name}: procedural synapses have no weights to differentiate",
                          help="connect(..., storage='stored') makes the same ones")
    if not s.connect_calls:
        raise WrongType(f"{s.name} has no synapses", help="call connect() before the run")
    for path in s.pathways:
        if path.side == "post" and path.code.strip():
            raise Unsupported(f"{s.name} changes when its target spikes (on_post)", help=PLASTIC)
        if path.event != "spike":
            raise Unsupported(f"{s.name}: the pathway '{path.label}' follows the event '{path.event}'",
                              help="keep to spikes")
        if path.events_under_way:
            raise WrongState(f"{s.name} has spikes under way", help="begin with a network that has not run")
        path.check_delays()


def _ends(synapses: Any) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(synapses.pre_index, int), np.asarray(synapses.post_index, int)
