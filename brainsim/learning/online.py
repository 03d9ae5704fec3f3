"""``bs.online(...)``: gradients while a network runs, in memory that does not grow with its duration."""
from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from brainsim.errors import UnknownName, Unsupported, WrongType, WrongValue, near
from brainsim.learning.online_rule import LearningRule, rule_of
from brainsim.learning.optimisers import optimiser
from brainsim.objects.gradients.functional import Functional
from brainsim.objects.groups.random_state import mixed
from brainsim.objects.looks import html
from brainsim.objects.looks.optional import optional
from brainsim.objects.network.network import Network


def online(network: Network | Functional, rule: str | LearningRule = "d_rtrl", *,
           loss: Callable[..., Any] | None = None,
           wrt: Sequence[str] | None = None, duration: Any = None, inputs: Sequence[str] = (),
           outputs: Sequence[str] = (), batch: int | None = None, surrogate: Any = "superspike(alpha=10)",
           block: int = 20, seed: int = 0, namespace: Mapping[str, object] | None = None, level: int = 0) -> "Online":
    """A rule of online learning for a network.

    ``network``: a `Network`, with ``duration``, ``inputs``, ``outputs``, ``batch`` and ``surrogate`` as for
    `Network.functional` and ``wrt`` the names of the parameters that learn; or what `Network.functional` made, all of
    whose parameters learn that can, or those that ``wrt`` names. ``loss``: a function ``loss(outputs, targets)`` of one
    step of one trial: the outputs of the step by name, arrays (elements,), and the targets of the step → a number. The
    loss of a run is the sum over its steps, the mean over its trials. ``rule``: ``'d_rtrl'``,
    ``'es_d_rtrl(decay=0.98)'``, ``'eprop(kappa=0, feedback="symmetric")'`` (or ``"random"``, ``"adaptive"``),
    ``'three_factor'``. ``block``: steps that are worked off at once; the gradient is the same for any. ``seed``: of the
    weights of random feedback. Raises `Unsupported`, with the reason, for a parameter in ``wrt`` that cannot take part.
    """
    optional("jax", "Online learning")
    chosen = rule_of(rule)
    if isinstance(network, Network):
        if duration is None or not wrt:
            raise WrongValue(
                "Online learning in a network needs a duration and the names of the parameters that learn",
                help="bs.online(net, 'd_rtrl', duration=200*ms, wrt=['S.w'], outputs=['Out.v'], loss=loss)")
        sim = network.functional(duration, params=wrt, inputs=inputs, outputs=outputs, batch=batch, surrogate=surrogate,
                                 namespace=namespace, level=level + 1)
    elif isinstance(network, Functional):
        sim = network
    else:
        raise WrongType("Online learning is for a Network, or for what net.functional(...) made",
                        found=type(network).__name__)
    if loss is None and chosen.feedback != "modulator":
        raise WrongValue(f"The rule '{chosen.name}' learns from a loss",
                         help="loss=lambda outputs, targets: ((outputs['Out.v'] - targets)**2).sum()")
    if isinstance(block, bool) or not isinstance(block, (int, np.integer)) or block < 1:
        raise WrongValue("'block' is a whole number of steps above 0", found=repr(block))
    return Online(sim, chosen, loss, wrt, int(block), seed)


@dataclass(frozen=True, eq=False, repr=False)
class Learned:
    """What `Online.train` gives: parameters (plain, SI base units), losses of runs and of their steps, the optimiser's
    memory, weights of feedback."""

    params: dict[str, np.ndarray]
    losses: np.ndarray
    step_losses: np.ndarray
    memory: Any
    feedback: dict[str, np.ndarray]

    def __repr__(self) -> str:
        runs = f"Learned in {len(self.losses)} run{'s' if len(self.losses) > 1 else ''}: loss {self.losses[0]:.5g}"
        lines = [runs + (f" → {self.losses[-1]:.5g}" if len(self.losses) > 1 else "")]
        lines += [f"  {n}  {x.shape}, {x.min():.5g} … {x.max():.5g}" for n, x in self.params.items()]
        return "\n".join([*lines, *(f"  feedback to {n}  {b.shape}" for n, b in self.feedback.items())])


def _pair(one: object) -> tuple[Any, Any]:
    """The inputs and targets of one run."""
    if not isinstance(one, (tuple, list)) or len(one) != 2 or not (one[0] is None or isinstance(one[0], Mapping)):
        raise WrongType("'data' are pairs of inputs and targets, one for each run", found=repr(one)[:60],
                        help="data=[({'inp.spikes': array}, targets), ...]")
    return one[0], one[1]


class Online:
    """A rule of online learning for a network, made by `online`. ``print(rule.report())`` says which parameters take
    part, and how."""

    def __init__(self, sim: Functional, rule: LearningRule, loss: Callable[..., Any] | None, wrt: Sequence[str] | None,
                 block: int, seed: int):
        self.sim, self.rule = sim, rule
        self._jax = importlib.import_module("brainsim.targets.jax_function")
        plans = importlib.import_module("brainsim.learning.online_plan")
        self._run = importlib.import_module("brainsim.learning.online_run")
        program = sim.pure.traced.program
        if len(program.clocks) > 1:
            raise Unsupported("Online learning works with one clock", found=", ".join(program.clocks),
                              help="give all objects the same dt")
        if any(p.last for p in sim.pure.outputs.values()):
            raise Unsupported("The loss looks at every step, and an output at the end only has none",
                              help="leave out '[-1]'")
        pulled = [n for n, p in sim.pure.inputs.items() if p.kind == "state"]
        if pulled:
            raise Unsupported(f"Online learning follows states that the network computes; '{pulled[0]}' is an input",
                              help="make it a parameter of the model")
        names = self._chosen(wrt)
        params = sim.as_params(sim.params)
        plan = plans.plan(sim.pure, rule, loss, names, block, sim.batch or 1, params, self._words(0, None), seed)
        self.rows, self._machine = plan.rows, plan.machine
        self.feedback = {n: np.asarray(b)
                         for n, b in plan.feedback.items()}  #: first weights of feedback, by group, (neurons, outputs)
        self._refuse(wrt is not None)
        self.params = {n: sim.params[n] for n in self._machine.learning}          #: present values of what learns
        self.kappas = {n: float(k) for n, k in self._machine.settled(params, self._words(0, None))["kappa"].items()}
        self._functions: dict[Any, Any] = {"gradient": self._run.compiled(self._machine.gradient)}

    @property
    def traces(self) -> dict[str, tuple[int, ...]]:
        """The shape of the traces of each parameter whose synapses have some of their own: (trials, synapses) or
        (trials, rows, targets) for one state."""
        wires = {k: r.wires[k] for r in self._machine.rules if r.per_synapse for k in r.keys}
        return {r.name: (self._machine.batch, *wires[k].shape) for r in self.rows for k in r.keys if k in wires}

    def _chosen(self, wrt: Sequence[str] | None) -> list[str]:
        known = self.sim.pure.params
        wrt = [wrt] if isinstance(wrt, str) else list(known) if wrt is None else list(wrt)
        for n in wrt:
            if n not in known:
                raise UnknownName(f"There is no parameter '{n}' in this function", help=near(n, known)
                                  or f"net.functional(..., params=['{n}'])")
        return wrt

    def _refuse(self, strict: bool) -> None:
        refused = [r for r in self.rows if r.reason]
        if refused and (strict or len(refused) == len(self.rows)):
            raise Unsupported(f"'{refused[0].name}' cannot learn with the rule '{self.rule.name}'",
                              found=refused[0].reason, help=refused[0].help)

    def _words(self, key: object, batch: int | None) -> Any:
        return self._jax.key_words(key, mixed, batch)

    # -- gradients -----------------------------------------------------------------------------------------------------
    def grad(self, params: Mapping[str, object] | None = None, inputs: Mapping[str, object] | None = None,
             targets: object = None, key: object = 0, feedback: Mapping[str, object] | None = None) -> dict[str, Any]:
        """The gradient of the loss of a run by the names of what learns; see `value_and_grad`."""
        return self.value_and_grad(params, inputs, targets, key, feedback)[1]

    def value_and_grad(self, params: Mapping[str, object] | None = None, inputs: Mapping[str, object] | None = None,
                       targets: object = None, key: object = 0,
                       feedback: Mapping[str, object] | None = None) -> tuple[Any, dict[str, Any]]:
        """The loss of a run (sum over steps, mean over trials) and its gradient as the rule has it, added up while the
        network runs.

        ``params``, ``inputs`` and ``key`` as for the function of the network. ``targets``: arrays, or dictionaries and
        tuples of arrays, with a row for each step, (steps, ...) or (trials, steps, ...); for ``'three_factor'`` the
        modulator m, a number or one for each neuron in each step. With adaptive feedback the gradient has entries
        ``'feedback.G'`` as well, and ``feedback`` are its weights by group.
        """
        given = self._given(params, inputs, targets, key, feedback)
        found, losses = self._functions["gradient"](*given)
        return losses.sum(), {**found["params"], **{f"feedback.{n}": b for n, b in found["feedback"].items()}}

    def _given(self, params: Any, inputs: Any, targets: Any, key: Any, feedback: Any) -> tuple[Any, ...]:
        sim = self.sim
        params = {**sim.as_params(sim.params), **sim.as_params(params or {})}
        for n, value in params.items():
            if np.shape(value) not in ((), sim.pure.params[n].shape):
                raise WrongValue(f"'{n}' has another shape", found=str(np.shape(value)),
                                 help=f"{sim.pure.params[n].shape}; all trials share it")
        inputs = sim.checked_inputs(inputs or {})
        targets = self._targets(targets)
        if sim.batch is None:
            inputs, targets = self._run.with_trial((inputs, targets))
        feedback = self._jax.as_arrays({**self.feedback, **(feedback or {})})
        return params, inputs, targets, self._words(key, sim.batch or 1), feedback

    def _targets(self, targets: Any) -> Any:
        wanted = (*(() if self.sim.batch is None else (self.sim.batch,)), self.sim.pure.steps)
        made = self._run.arrays(targets)
        for shape in self._run.shapes(made):
            if shape[:len(wanted)] != wanted:
                raise WrongValue("Targets have a row for each step", found=str(shape), help=f"{wanted} and more: " + (
                    "trials, steps" if self.sim.batch else f"{self.sim.pure.steps} steps of {self.sim.duration}"))
        if self.rule.feedback == "modulator" and targets is None:
            raise WrongValue("'three_factor' needs the modulator of each step",
                             help="targets=m, an array with a row for each step")
        return made

    def memory_estimate(self, inputs: Mapping[str, object] | None = None, targets: object = None) -> int:
        """Bytes that a gradient needs beside arguments and results. Compiles it; runs nothing."""
        shapes = {n: np.zeros(self.sim.shape_of_input(p)) for n, p in self.sim.pure.inputs.items()}
        given = self._given({}, {**shapes, **(inputs or {})}, targets, 0, {})
        return int(self._functions["gradient"].lower(*given).compile().memory_analysis().temp_size_in_bytes)

    # -- training ------------------------------------------------------------------------------------------------------
    def train(self, optimizer: Any, data: Iterable[tuple[Any, Any]], *, params: Mapping[str, object] | None = None,
              every: int | None = None, key: int = 0, memory: Any = None,
              feedback: Mapping[str, object] | None = None) -> Learned:
        """Run once for each (inputs, targets) in ``data``, updating what learns with an optimiser of optax or its text,
        ``'adam(1e-3)'``.

        ``every``: steps between two updates within a run, the traces going on; None for one update at the end of each
        run. The update of some steps is the gradient of the loss of these steps. ``memory`` and ``feedback`` go on from
        an earlier `Learned`.
        """
        if every is not None and (isinstance(every, bool) or not isinstance(every, (int, np.integer)) or every < 1):
            raise WrongValue("'every' is a whole number of steps above 0, or None", found=repr(every))
        steps = min(int(every or self.sim.pure.steps), self.sim.pure.steps)
        if isinstance(optimizer, str):
            optimizer = self._functions.setdefault(optimizer, optimiser(optimizer))
        else:
            optimizer = optimiser(optimizer)
        if (optimizer, steps) not in self._functions:
            self._functions[optimizer, steps] = self._run.trainer(self._machine, optimizer, steps)
        run = self._functions[optimizer, steps]
        now = self._jax.as_arrays({**self.params, **(params or {})})
        back = self._jax.as_arrays({**self.feedback, **(feedback or {})})
        losses = []
        for number, one in enumerate(data):
            inputs, targets = _pair(one)
            given = self._given(now, inputs, targets, mixed(key, number), back)
            memory = self._run.first_memory(self._machine, optimizer, given[0], back) if memory is None else memory
            whole, memory, back, found = run(given[0], memory, *given[1:])
            now = {n: whole[n] for n in now}
            losses.append(np.asarray(found))
        if not losses:
            raise WrongValue("There is nothing to learn from: no (inputs, targets)")
        each = np.array(losses)
        return Learned({n: np.asarray(x) for n, x in now.items()}, each.sum(axis=1), each, memory,
                       {n: np.asarray(b) for n, b in back.items()})

    # -- looks ---------------------------------------------------------------------------------------------------------
    def report(self) -> str:
        """For each parameter whether it takes part, by which relation, or why not; and what is filtered."""
        width = max(len(r.name) for r in self.rows)
        lines = [f"Online learning: {self.rule.formula}"]
        lines += [f"  {r.name.ljust(width)}  {r.relation or 'takes no part: ' + r.reason}" for r in self.rows]
        return "\n".join([*lines, *(f"  {line}" for line in self._filters())])

    def _filters(self) -> list[str]:
        kernels = {p.key: p.kernel for p in self._machine.chain.parts.projections}
        return [
            f"what '{kernels.get(n, n)}' brings to the readout is filtered, decay {k:.6g} in a step"
            for n, k in self.kappas.items()
        ]

    def __repr__(self) -> str:
        return self.report()

    def _repr_html_(self) -> str:
        rows = [(r.name, "yes" if not r.reason else "no", r.relation or r.reason) for r in self.rows]
        return html.table("Online learning", ("name", "takes part", "how, or why not"), rows,
                          "; ".join([self.rule.formula, *self._filters()]))
