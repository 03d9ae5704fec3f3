"""Random models: groups, projections, inputs and monitors as plain values, and the script that a user would write for
them."""
from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from tests.fuzz.expressions import Scope, constant, expression

DURATION = 6    #: milliseconds
METHODS = ("euler", "rk2", "rk4", "exponential_euler")


@dataclass(frozen=True)
class Line:
    """A line of the script; those with ``needs`` go when any of these objects goes."""

    text: str
    makes: str = ""
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Script:
    """A model as the lines of a script; what it leaves behind is read by name, ``'G0.x'``."""

    number: int
    lines: tuple[Line, ...]

    @property
    def text(self) -> str:
        """What a user would run, without the run itself."""
        return "\n".join(line.text for line in self.lines) + "\n"

    def without(self, at: int) -> Script:
        """The script without one line, and without what needs it."""
        gone = {self.lines[at].makes} - {""}
        kept = [line for n, line in enumerate(self.lines) if n != at and not gone & set(line.needs)]
        return replace(self, lines=tuple(kept))


def model(number: int) -> Script:
    """The model of a number; the same number is the same model, everywhere and always."""
    rng = Random(f"brainsim {number}")
    lines = [Line("from brainsim import *"), Line("import numpy as np"), Line(f"seed({rng.randint(0, 10**6)})")]
    groups = {f"G{n}": _group(rng, f"G{n}") for n in range(rng.randint(1, 3))}
    for name, (made, _) in groups.items():
        lines += made
    if rng.random() < 0.4:
        lines += _inputs(rng, groups)
        groups["P"] = ([], Neurons("P", 7, (), (), True))
    neurons = {name: facts for name, (_, facts) in groups.items()}
    summed: set[str] = set()
    for n in range(rng.randint(0, 3)):
        lines += _projection(rng, f"S{n}", neurons, summed)
    for name, facts in neurons.items():
        lines += _monitors(rng, name, facts)
    return Script(number, tuple(lines))


@dataclass(frozen=True)
class Neurons:
    """What others may know of a group."""

    name: str
    count: int
    states: tuple[str, ...]
    wholes: tuple[str, ...]
    spikes: bool


def _group(rng: Random, name: str) -> tuple[list[Line], Neurons]:
    count = rng.choice((1, 2, 5, 13, 70))
    states = tuple("xyz"[:rng.randint(1, 3)])
    fixed = tuple("ab"[:rng.randint(0, 2)])
    wholes = ("k",) if rng.random() < 0.5 else ()
    scope = Scope({"float": (*states, *fixed), "integer": ("i", *wholes)})
    noisy = rng.random() < 0.25
    guard = rng.random() < 0.4
    equations = []
    if rng.random() < 0.5:
        equations.append(f"sub = {expression(rng, 'float', scope, 2)} : 1")
        scope = scope.with_names("float", "sub")
    for n, state in enumerate(states):
        drive = expression(rng, "float", scope, rng.randint(1, 3))
        noise = f" + {rng.uniform(.05, .4):.3f}*xi*ms**-0.5" if noisy and n == 0 else ""
        flag = " (unless refractory)" if guard and n == 0 else ""
        equations.append(f"d{state}/dt = (clip({drive}, -20, 20) - {state})/({rng.randint(2, 9)}*ms){noise} : 1{flag}")
    equations += [f"{v} : 1" + rng.choice(("", " (constant)")) for v in fixed] + [f"{v} : integer" for v in wholes]
    spikes = rng.random() < 0.8
    options, resets = [], []
    if spikes:
        resets = [f"{states[0]} = {rng.uniform(-1, 0.2):.3f}"]
        resets += [_assignment(rng, scope, states, wholes) for _ in range(rng.randint(0, 2))]
        options += [f"threshold='{states[0]} > {rng.uniform(.3, 1.2):.4f}'", f"reset='''{chr(10).join(resets)}'''"]
        if guard:
            options.append(rng.choice(("refractory=1.03*ms", f"refractory='{states[0]} > 0.2345'",
                                       "refractory='0.53*ms + 0.3*rand()*ms'")))
    options += [f"method='{'euler' if noisy else rng.choice(METHODS)}'", f"name='{name}'"]
    text = "\n".join(equations)
    made = [Line(f"{name} = NeuronGroup({count}, '''{text}''',\n    {', '.join(options)})", makes=name)]
    start = replace(scope, names={"float": (), "integer": ("i", "N")}, random=True)
    made += [Line(f"{name}.{v} = '{expression(rng, 'float', start, 2)}'", needs=(name,)) for v in (*states, *fixed)]
    made += [Line(f"{name}.{v} = 'i % 5 + 1'", needs=(name,)) for v in wholes]
    if rng.random() < 0.4:
        code = "; ".join(_assignment(rng, replace(scope, random=True), states, wholes)
                         for _ in range(rng.randint(1, 2)))
        made.append(Line(f"{name}.run_regularly('{code}', dt={rng.choice(('0.1', '0.5', '1.3'))}*ms)", needs=(name,)))
    return made, Neurons(name, count, (*states, *fixed), wholes, spikes)


def _assignment(rng: Random, scope: Scope, states: tuple[str, ...], wholes: tuple[str, ...]) -> str:
    if wholes and rng.random() < 0.3:
        return f"k = clip({expression(rng, 'integer', scope, 2)}, 0, 90)"
    target = rng.choice(states)
    match rng.randrange(3):
        case 0:
            return f"{target} += clip({expression(rng, 'float', scope, 2)}, -0.5, 0.5)"
        case 1:
            return f"{target} *= {rng.uniform(.5, .97):.4f}"
        case _:
            return f"{target} = clip({expression(rng, 'float', scope, 2)}, -3, 0.25)"


def _inputs(rng: Random, groups: dict[str, tuple[list[Line], Neurons]]) -> list[Line]:
    if rng.random() < 0.5:
        return [Line(f"P = PoissonGroup(7, rates='{rng.randint(50, 300)}*Hz + 20*Hz*i', name='P')", makes="P")]
    events = sorted((rng.randrange(DURATION * 10 - 5), rng.randrange(7)) for _ in range(12))
    events = [e for n, e in enumerate(events) if e not in events[:n]]
    return [Line(f"P = SpikeGeneratorGroup(7, {[j for _, j in events]}, np.array({[t for t, _ in events]})*0.1*ms, "
                 f"name='P')", makes="P")]


def _projection(rng: Random, name: str, groups: dict[str, Neurons], summed: set[str]) -> list[Line]:
    """``summed`` are the groups that receive a summed variable already: a variable has one source."""
    senders = [g for g in groups.values() if g.spikes]
    receivers = [g for g in groups.values() if g.states]
    if not senders or not receivers:
        return []
    pre, post = rng.choice(senders), rng.choice(receivers)
    target = post.states[0]
    scope = Scope({"float": ("w", *(f"{v}_post" for v in post.states), *(f"{v}_pre" for v in pre.states)),
                   "integer": ("i", "j")})
    equations, on_pre, on_post = ["w : 1"], [], ""
    style = rng.choice(("jump", "jump", "plastic", "graded", "decaying"))
    if style == "plastic":
        equations += [f"dp/dt = -p/({rng.randint(3, 20)}*ms) : 1 (event-driven)",
                      f"dq/dt = -q/({rng.randint(3, 20)}*ms) : 1 (event-driven)"]
        on_pre = [f"p += {rng.uniform(.01, .2):.3f}", "w = clip(w - q, -1, 1)"]
        on_post = f", on_post='''q += {rng.uniform(.01, .2):.3f}\nw = clip(w + p, -1, 1)'''" if post.spikes else ""
    if style in ("graded", "decaying"):
        equations.append(f"ds/dt = -s/({rng.randint(2, 9)}*ms) : 1 (clock-driven)")
        on_pre = ["s += w"]
    if style == "graded" and "a" in post.states and post.name not in summed:
        summed.add(post.name)
        equations.append(f"a_post = {rng.choice(('s', 's*w', 's*(1 - clip(x_post, -2, 2))'))} : 1 (summed)")
    delays = rng.choice(("none", "one", "zero", "each"))
    # what depends on the order of events; jax keeps another where delays differ
    if delays != "each" and rng.random() < 0.5:
        on_pre.append(f"{target}_post += clip({expression(rng, 'float', scope, 2)}, -0.3, 0.4)")
    if delays != "each" and rng.random() < 0.2:
        on_pre.append(f"{target}_post = clip({target}_post*0.9 + 0.1*w, -4, 4)")
    if delays == "each" or not on_pre or rng.random() < 0.5:
        on_pre.append(f"{target}_post += 0.2*w")
    delay = {"one": ", delay=0.73*ms", "zero": ", delay=0*ms"}.get(delays, "")
    method = ", method='exact'" if style in ("graded", "decaying") else ""
    text, code = "\n".join(equations), "\n".join(on_pre)
    slices = rng.random() < 0.2 and pre.count > 4 and post.count > 4
    sides = f"{pre.name}{'[1:4]' if slices else ''}, {post.name}{'[2:5]' if slices else ''}"
    condition = rng.choice(("", "i != j", "(i + j) % 3 == 0", "abs(i - j) < 3"))
    how = ", ".join(filter(None, [f"'{condition}'" if condition else "", f"p={rng.uniform(.1, .9):.2f}"
                                  if rng.random() < .4 else "",
                                  "n=2" if rng.random() < .1 else ""]))
    made = [Line(f"{name} = Synapses({sides}, '''{text}''', on_pre='''{code}'''{on_post}{delay}{method}, "
                 f"name='{name}')",
                 makes=name, needs=(pre.name, post.name)),
            Line(f"{name}.connect({how})", makes=f"{name}.pairs", needs=(name, pre.name, post.name)),
            Line(f"{name}.w = '{expression(rng, 'float', Scope({'integer': ('i', 'j')}, random=True), 2)}'",
                 needs=(name, f"{name}.pairs", pre.name, post.name))]
    if delays == "each":
        made.append(Line(f"{name}.delay = '(0.1 + 0.37*((i + 2*j) % 5))*ms'",
                         needs=(name, f"{name}.pairs", pre.name, post.name)))
    return made


def _monitors(rng: Random, name: str, facts: Neurons) -> list[Line]:
    made = []
    if facts.spikes:
        made.append(Line(f"spikes_{name} = SpikeMonitor({name}, name='spikes_{name}')", needs=(name,)))
    if facts.states and rng.random() < 0.7:
        made.append(Line(f"trace_{name} = StateMonitor({name}, {list(facts.states)}, record=[0, {facts.count - 1}],"
                         f" name='trace_{name}')", needs=(name,)))
    if facts.spikes and rng.random() < 0.3:
        made.append(Line(f"rate_{name} = PopulationRateMonitor({name}, name='rate_{name}')", needs=(name,)))
    return made


__all__ = ["DURATION", "Line", "Script", "constant", "model"]
