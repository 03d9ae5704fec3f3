"""From the start of runs to the function that JAX traces: the kernels that the outputs need, made pure."""
from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

from brainsim.errors import UnknownName, Unsupported, near
from brainsim.ir.expressions import Foreign
from brainsim.ir.program import Program
from brainsim.ir.state import QueueState, State
from brainsim.lowering.surrogates import derivative
from brainsim.model.surrogates import surrogate as surrogate_of
from brainsim.model.tasks import Threshold
from brainsim.naming import function_of, owner_of
from brainsim.objects.names.functions import Plain
from brainsim.objects.runs.result import own_name
from brainsim.objects.runs.simulation import Simulation
from brainsim.passes.wanted import only_wanted
from brainsim.passes.whole_times import noted_times, whole_times
from brainsim.targets import jax_scan
from brainsim.targets.jax_writer import JaxKernelWriter

logger = logging.getLogger("brainsim")
LONG_AGO = 2 ** 30      #: steps


class Tracing:
    """A simulation of some length, to be traced for some inputs and outputs."""

    def __init__(self, simulation: Simulation, length: float, jax: Any):
        self._simulation, self._start, self._length, self._jax = simulation, simulation.start, length, jax
        self._noted: dict[str, float] = {}      #: arrays of times, and the time step that they are whole numbers of
        self._given: dict[int, int] = {}        #: kernels that give way to inputs: by number in the smaller program

    def program(self, given: Mapping[str, Any], wanted: Mapping[str, Any]) -> tuple[Program, dict[str, np.ndarray]]:
        """The kernels that the outputs need, and the arrays, times as whole steps."""
        start = self._start
        program = start.program
        for k in program.kernels:
            for n in k.facts.nodes:
                if isinstance(n, Foreign) and not _has_derivatives(start.values.functions[n.function]):
                    raise Unsupported(
                        f"Gradients do not pass through the Python function '{function_of(n.function)}'", help=
                        "write it as an equation or a subexpression, or give it code for JAX: @implementation('jax', f)"
                    )
        arrays = {a.name: start.values.contents(a.name) for a in program.arrays}
        self._noted = {name: float(start.dts[clock]) for name, clock in noted_times(program).items()}
        for name, clock in noted_times(program).items():
            steps = np.nan_to_num(arrays[name] / start.dts[clock], nan=-LONG_AGO, posinf=LONG_AGO, neginf=-LONG_AGO)
            arrays[name] = np.clip(np.round(steps), -LONG_AGO, LONG_AGO).astype(np.int64)
        numbers = {p.kernel: program.kernels[p.kernel].name for p in given.values() if p.kind == "events"}
        names = frozenset(name for p in wanted.values() for name in p.names) | frozenset(name for p in given.values()
                                                                                         for name in p.names)
        smaller = only_wanted(whole_times(program), names)
        self._given = {
            next(n for n, k in enumerate(smaller.kernels) if k.name == name): number
            for number, name in numbers.items()
        }
        return smaller, arrays

    def pure(self, program: Program, arrays: dict[str, np.ndarray], params: Mapping[str, Any],
             given: Mapping[str, Any], wanted: Mapping[str, Any], surrogate: object, reset_grad: str,
             checkpoint: object, truncate: int | None) -> Any:
        """The function, for values by name."""
        start = self._start
        state = self._state(program, arrays)
        target = jax_scan.JaxTarget()
        made = jax_scan.functions(program, target.write(program))
        spikes = self._spikes(program, surrogate)
        events = {p.names[0] for p in given.values() if p.kind == "events"}
        layout = jax_scan.layout_of(
            program, state, spikes=spikes, soft=soft_queues(program, {*spikes, *events}), differentiable=True,
            resets={k.name: reset_grad for k in program.kernels if k.role == "reset"})
        by_number = {
            n: p.names[0] for p in given.values() if p.kind == "events" for n, old in self._given.items()
            if old == p.kernel
        }
        gone = jax_scan.passing(program, layout.slots)
        shown = frozenset(p.names[0] for p in wanted.values() if p.kind == "events" and not p.last)
        traced = jax_scan.Traced(program, made, layout, given=by_number, shown=shown)
        ticks = jax_scan.next_ticks(state, int(state.end.max(initial=0)) * len(program.clocks) + 1)
        clocks = program.clocks
        scalars = {n: state.params[n] for n, _ in program.params if n not in layout.bounds}
        derived = jax_scan.derived(layout)
        levels = self._jax.levels_of(checkpoint, len(ticks.step))
        kept = {p.names[0] for p in wanted.values() if p.kind == "events" and p.last}
        masks = {q: m for q, m in jax_scan.masks(program, state, layout).items() if q not in gone or q in kept}
        used = {a.name for a in program.arrays}
        return self._jax.Pure(traced, {**{n: x for n, x in arrays.items() if n in used}, **derived}, scalars, masks,
                              ticks, {c: float(start.dts[c]) for c in clocks}, {c: int(start.steps[c]) for c in clocks},
                              dict(params), dict(given), dict(wanted), levels, truncate or 0,
                              program.constant | frozenset(derived), self._noted)

    def _state(self, program: Program, arrays: dict[str, np.ndarray]) -> State:
        """The state that the function begins from."""
        start, values = self._start, self._start.values
        queues = {
            q.name: QueueState(values.queues[q.name][1].data, values.queues[q.name][1].count) for q in program.queues
        }
        params = {n: start.literals[n] if n in start.literals else values.params[n] for n, _ in program.params}
        sizes = {**values.sizes, **{a.space: len(arrays[a.name]) for a in program.arrays}}
        state = State(program, sizes, params, arrays, queues, values.functions,
                      {c: values.times[c] for c in program.listed})
        ends = self._simulation.ends(self._length)
        for k, clock in enumerate(program.clocks):
            state.step[k], state.end[k], state.dt[k] = start.steps[clock], ends[clock], start.dts[clock]
        return state

    def _spikes(self, program: Program, surrogate: object) -> dict[str, Any]:
        """For the queue of each threshold that has no random numbers in it, how gradients pass."""
        made: dict[str, Any] = {}
        chosen = surrogate if isinstance(surrogate, Mapping) else {}
        by_name = {owner_of(own_name(f"{n}.x", self._start.words)): text for n, text in chosen.items()}
        thresholds = {t.queue: t for t in self._simulation.tasks if isinstance(t, Threshold)}
        for unknown in by_name.keys() - {owner_of(q) for q in thresholds}:
            groups = [owner_of(q) for q in thresholds]
            raise UnknownName(f"There is no group '{unknown}' with a threshold", help=near(unknown, groups)
                              or "one of " + ", ".join(groups))
        for number, kernel in enumerate(program.kernels):
            queues = kernel.facts.appends.keys() & thresholds.keys()
            if not queues or kernel.facts.draws:
                continue
            queue = next(iter(queues))
            owner = owner_of(queue)
            if "c.above(" not in JaxKernelWriter(program, kernel, number).function():
                logger.warning("No gradient passes through the spikes of %s: its threshold compares no two values",
                               owner, extra={"topic": "no_margin"})
            text: Any = by_name.get(owner, "superspike(alpha=10)") if isinstance(surrogate, Mapping) else surrogate
            expression = derivative(surrogate_of(text))
            written = JaxKernelWriter(program, kernel, number).text(expression)
            made[queue] = self._jax.spike_of(expression, written)
        return made


def soft_queues(program: Program, first: set[str]) -> frozenset[str]:
    """Queues that gradients pass through: these, and those that are filled from them."""
    found = set(first)
    while True:
        filled = {q for k in program.kernels if found.intersection(k.domain.named("queue")) for q in k.facts.appends}
        more = filled - program.records - found
        if not more:
            return frozenset(found)
        found |= more


def _has_derivatives(function: object) -> bool:
    """Whether a Python function has code that JAX can differentiate."""
    return isinstance(function, Plain) and function.traceable
