"""A network in tables: what it consists of, what its equations say, and the values of the names in them."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from brainsim.errors import Source
from brainsim.language.expressions import parse_expression
from brainsim.language.latex import latex, name_latex, number_latex, statement_latex
from brainsim.language.statements import parse_statements
from brainsim.language.trees import Assign, Tree, calls, names
from brainsim.model.symbols import External, Symbol
from brainsim.objects.groups.clock import BaseClock, Clock
from brainsim.objects.groups.equation_group import EquationGroup
from brainsim.objects.groups.group import Group
from brainsim.objects.groups.named import BrianObject
from brainsim.objects.groups.operations import NetworkOperation
from brainsim.objects.groups.regularly import RunRegularly
from brainsim.objects.looks.description import Cell, Description, Line, Math, Panel
from brainsim.objects.looks.value_text import value_parts
from brainsim.objects.names.namespace import RunNamespace
from brainsim.objects.neurons.neuron_group import NeuronGroup
from brainsim.objects.neurons.poisson_input import PoissonInput
from brainsim.objects.neurons.spike_sources import PoissonGroup, SpikeGeneratorGroup, SpikeSource
from brainsim.objects.neurons.subgroup import Subgroup
from brainsim.objects.recorders.event_monitor import EventMonitor, SpikeMonitor
from brainsim.objects.recorders.rate_monitor import PopulationRateMonitor
from brainsim.objects.recorders.record import Recorder
from brainsim.objects.recorders.state_monitor import StateMonitor
from brainsim.objects.synapses.synapses import Synapses
from brainsim.units import get_dimensions
from brainsim.units.dimensions import SECOND, Dimension
from brainsim.units.display import latex_symbol


def describe(title: str, objects: Iterable[BrianObject], run: RunNamespace, format: str) -> Description:
    """The description of these objects; names of the script have their present values. Tables without rows are left
    out."""
    every = list(objects)
    neurons, synapses = [o for o in every if isinstance(o, NeuronGroup)], [o for o in every if isinstance(o, Synapses)]
    inputs = [o for o in every if isinstance(o, (SpikeSource, PoissonInput))]
    records, operations = [o for o in every
                           if isinstance(o, Recorder)], [o for o in every if isinstance(o, NetworkOperation)]
    models = _models(neurons)
    plastic = [s for s in synapses if _changes(s)]
    summary = [
        ("Populations", [f"{g.name} ({len(g)})" for g in neurons]),
        ("Connectivity", [f"{_named(s.source)} → {_named(s.target)} ({len(s)})" for s in synapses]),
        ("Neuron model", [
            ", ".join(sorted(same[0].equations.diff_eq_names)) + f" of {', '.join(g.name for g in same)}"
            for same in models if same[0].equations.diff_eq_names
        ]),
        ("Synapse model", sorted({"changes " + ", ".join(_written(s)) for s in synapses if _written(s)})),
        ("Plasticity", [s.name for s in plastic] or ["none"]),
        ("Input", [o.name for o in inputs] or ["none"]),
        ("Measurements", [o.name for o in records] or ["none"]),
    ]
    sections = [
        Panel("A: Model summary", ("", ""), tuple(((what,), (", ".join(text),)) for what, text in summary if text)),
        Panel("B: Populations", ("Name", "Elements", "Size"),
                tuple(_cells(g.name, _kind(g), len(g)) for g in (*neurons, *_groups(inputs)))),
        Panel(
            "C: Connectivity", ("Name", "Source", "Target", "Pattern"),
            tuple((*_cells(s.name, _named(s.source), _named(s.target)), (*s.connect_rules, f"{len(s)} synapses"))
                  for s in synapses)),
        *(Panel(f"D: Neuron model of {', '.join(g.name for g in same)}", ("", ""), tuple(_neuron_rows(same, every)))
          for same in models),
        *(Panel(f"E: Synapse model of {s.name}", ("", ""), tuple(_synapse_rows(s))) for s in synapses),
        Panel("F: Plasticity", ("Name", "What changes"),
                tuple((*_cells(s.name), tuple(Math(name_latex(n)) for n in _changes(s))) for s in plastic)),
        Panel("G: Input", ("Name", "Description"), tuple((*_cells(o.name), _input_words(o)) for o in inputs)),
        Panel("H: Measurements", ("Name", "What is recorded"),
                tuple(_cells(o.name, _record_words(o)) for o in records)),
        Panel("I: Names from the script", ("Name", "Value", "Used by"),
                tuple(_outside_rows(neurons + synapses + _groups(inputs), run))),
        Panel("J: Simulation", ("", ""), tuple(_simulation_rows(every, operations))),
    ]
    return Description(title, tuple(s for s in sections if s.rows), format)


def _cells(*texts: object) -> tuple[Cell, ...]:
    return tuple((str(text),) for text in texts)


def _kind(group: Group) -> str:
    return {PoissonGroup: "Poisson processes", SpikeGeneratorGroup: "given spikes", NeuronGroup:
            "neurons"}.get(type(group),
                           type(group).__name__)


def _named(group: Group) -> str:
    """A part by its place in the whole."""
    return f"{group.parent.name}[{group.start}:{group.stop}]" if isinstance(group, Subgroup) else group.name


def _groups(objects: Iterable[BrianObject]) -> list[Group]:
    return [o for o in objects if isinstance(o, Group)]


# -- models
# ----------------------------------------------------------------------------------------------------------------
def _models(groups: list[NeuronGroup]) -> list[list[NeuronGroup]]:
    """Groups with the same equations and code together."""
    found: dict[object, list[NeuronGroup]] = {}
    for g in groups:
        key = (g.equations, str(g.events), str(g.refractory_given), str(g.event_code),
               str(g.method))
        found.setdefault(key, []).append(g)
    return list(found.values())


def _equation_lines(group: EquationGroup) -> Cell:
    lines: list[Line] = []
    for e in group.equations.equations:
        left, right, _ = e.latex
        if right:
            lines.append(Math(f"{left} = {right}" + (rf"\ \text{{({', '.join(e.flag_texts)})}}" if e.flags else "")))
    return tuple(lines)


def _condition(text: object) -> Math:
    return Math(latex(parse_expression(Source(text)))) if isinstance(text, str) else _value(text, get_dimensions(text))


def _value(values: object, dimension: Dimension) -> Math:
    """A number or a range with its unit."""
    numbers, symbol = value_parts(values, dimension)
    if np.asarray(values).dtype == np.bool_:
        return Math(rf"\text{{{numbers}}}")
    text = r"\ \text{to}\ ".join(number_latex(float(x)) for x in numbers.split(" to ") if x)
    return Math(text + (rf"\,{latex_symbol(symbol)}" if symbol else ""))


def _code(text: str) -> Cell:
    return tuple(Math(statement_latex(s)) for s in parse_statements(Source(text, "code"))) or ("nothing",)


def _neuron_rows(same: list[NeuronGroup], every: list[BrianObject]) -> Iterator[tuple[Cell, ...]]:
    g = same[0]
    if _equation_lines(g):
        yield ("Dynamics",), _equation_lines(g)
    for event, condition in g.events.items():
        yield ("Threshold" if event == "spike" else f"Event {event}",), (_condition(condition),)
    if g.is_refractory:
        yield ("Refractory",), (_condition(g.refractory_given),)
    for event, code in g.event_code.items():
        yield ("Reset" if event == "spike" else f"On {event}",), _code(code)
    for o in (x for group in same for x in group.contained_objects if isinstance(x, RunRegularly)):
        yield (_every(o.clock),), _code(o.code)
    if g.equations.of_kind("differential"):
        yield ("Integration",), (g.integration.method
                                  if g.integration is not None else str(g.method or "chosen at the run"),)
    for group in same:
        yield (f"Values in {group.name}",), _value_lines(group)


def _value_lines(group: Group) -> Cell:
    """Present values; nothing of what the group keeps for itself."""
    shown = [v for v in group.stored_variables() if not isinstance(group, EquationGroup) or v.name in group.equations]
    values = ((v, group.view_of(v, False).get_value()) for v in shown)
    return tuple(Math(f"{name_latex(v.name)} = {_value(x, v.dimension).text}")
                 for v, x in values if np.size(x)) or ("none",)


def _synapse_rows(s: Synapses) -> Iterator[tuple[Cell, ...]]:
    if _equation_lines(s):
        yield ("Dynamics",), _equation_lines(s)
    for path in s.pathways:
        event = "" if path.event == "spike" else f" ({path.event})"
        yield (f"On a {path.side}synaptic event{event}" +
               ("" if path.label == path.side else f", {path.label}"),), _code(path.code)
        if path.own_delay.values is not None and len(path.own_delay.values):
            yield (f"Delay of {path.label}",), (_value(path.own_delay.values, path.own_delay.dimension),)
    if any(v.name in s.equations for v in s.stored_variables()):
        yield ("Values",), _value_lines(s)


def _statements(s: Synapses) -> list[Assign]:
    return [a for path in s.pathways for a in parse_statements(Source(path.code, "code"))]


def _written(s: Synapses) -> list[str]:
    """Variables of neurons that the pathways change, and those summed into."""
    changed = {a.target for a in _statements(s)} - set(s.variables)
    sums = {e.name for e in s.equations.of_kind("subexpression") if "summed" in e.flags}
    reached = {
        n for n in changed
        if n.removesuffix("_post") in s.target.variables or n.removesuffix("_pre") in s.source.variables
    }
    return sorted(reached | sums)


def _changes(s: Synapses) -> list[str]:
    """Synaptic variables that events change and that last: what makes synapses plastic. Clock-driven ones are
    conductances and the like."""
    lasting = {e.name for e in s.equations.equations if e.kind == "parameter" or "event-driven" in e.flags}
    return sorted({a.target for a in _statements(s)} & lasting)


# -- input and output
# --------------------------------------------------------------------------------------------------------
def _input_words(o: Any) -> Cell:
    match o:
        case PoissonInput():
            return (
                f"{o.N} Poisson processes onto each element of {_named(o.target)}",
                Math(rf"\text{{rate}}\ {_condition(o.rate).text}"),
                Math(
                    rf"{name_latex(o.target_var)} \leftarrow {name_latex(o.target_var)} + "
                    rf"{_condition(o.weight).text}\ \text{{per event}}"
                ))
        case PoissonGroup():
            rates = o.variables["rates"]
            rate = _value(rates.values, rates.dimension) if rates.definition is None else Math(latex(rates.definition))
            return (f"{len(o)} independent Poisson processes", Math(rf"\text{{rate}}\ {rate.text}"))
        case SpikeGeneratorGroup():
            return (f"{len(o.given_spikes[0])} given spikes of {len(o)} sources" +
                    (f", repeated every {float(o.period)} s" if float(o.period) else ""),)
    return (type(o).__name__,)


def _record_words(o: Recorder) -> str:
    match o:
        case StateMonitor():
            what, every = f"{', '.join(o.record_variables)} of {o.n_indices} elements", f", {_every(o.clock).lower()}"
        case PopulationRateMonitor():
            what, every = "population rate", ""
        case EventMonitor():
            words = "spikes" if type(o) is SpikeMonitor else f"events {o.event}"
            what, every = ", ".join(o.record_variables) or words, ""
        case _:
            what, every = "events", ""
    return f"{what} in {_named(o.source)}{every}"


def _every(clock: BaseClock) -> str:
    return f"Every {clock.pace}" if isinstance(clock, Clock) else f"At {clock.pace}"


def _simulation_rows(every: list[BrianObject], operations: list[NetworkOperation]) -> Iterator[tuple[Cell, ...]]:
    steps = sorted({o.clock.dt_ for o in every if isinstance(o.clock, Clock)})
    yield ("Time step",), tuple(_value(dt, SECOND) for dt in steps)
    if operations:
        yield ("Python code",), tuple(f"{getattr(o.function, '__name__', o.name)}, {_every(o.clock).lower()}"
                                       for o in operations)


# -- names from the script
# ---------------------------------------------------------------------------------------------------
def _outside_rows(groups: list[Group], run: RunNamespace) -> Iterator[tuple[Cell, ...]]:
    users: dict[tuple[str, Line], list[str]] = {}
    for group in groups:
        scope = group.own_scope(run)
        for name in sorted({n for tree in _trees(group) for n in names(tree) | calls(tree)}):
            found = None if name in scope.own else scope.find(name)
            if isinstance(found, (Symbol, External)) and (isinstance(found, External) or found.origin == "namespace"):
                users.setdefault((name, _outside_value(found)), []).append(group.name)
    for (name, value), by in sorted(users.items(), key=lambda row: row[0][0]):
        yield (Math(name_latex(name)),), (value,), (", ".join(by),)


def _outside_value(found: Symbol | External) -> Line:
    if isinstance(found, External):
        return repr(found.holder)
    return _value(np.asarray(found.holder), found.dimension)


def _trees(group: Group) -> Iterator[Tree]:
    """Every expression in the equations and the code of a group."""
    if isinstance(group, EquationGroup):
        yield from (e.expression for e in group.equations.equations if e.expression is not None)
    code: list[str] = [o.code for o in group.contained_objects if isinstance(o, RunRegularly)]
    if isinstance(group, NeuronGroup):
        yield from (parse_expression(Source(text)) for text in (*group.events.values(), group.refractory_given)
                    if isinstance(text, str))
        code += group.event_code.values()
    if isinstance(group, Synapses):
        code += [path.code for path in group.pathways]
    if isinstance(group, PoissonGroup) and group.variables["rates"].definition is not None:
        yield group.variables["rates"].definition
    yield from (s.value for text in code for s in parse_statements(Source(text, "code")))
