"""Delayed match to sample, learned while the network runs: two cues with a pause between them, and the question whether
they were the same.

    python examples/online_delayed_match.py [FIGURE]

Recurrent neurons with slow adaptation hold the first cue over the pause (Bellec et al. 2018). They learn by D-RTRL:
traces that each synapse keeps, and the error of the present step; no step is remembered. For comparison the same
network learns by the gradient through time.
"""
from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import optax

import brainsim as bs
from brainsim import Network, NeuronGroup, SpikeGeneratorGroup, Synapses, defaultclock, ms, second

STEP = 2*ms
CUE, PAUSE, ANSWER = 40, 60, 25      #: steps
CHANNELS = 10                        #: inputs for each of the two cues, and as many that say when to answer
NEURONS = 60


@dataclass(frozen=True)
class Trials:
    """Spikes (trials, steps, inputs) and whether the cues are the same (trials,)."""

    spikes: np.ndarray
    same: np.ndarray


def trials(count: int, seed: int, pause: int = PAUSE) -> Trials:
    """Random pairs of cues, 100 Hz in the channels of each, 5 Hz elsewhere."""
    rng = np.random.default_rng(seed)
    steps = 2 * CUE + pause + ANSWER
    first, second_ = rng.integers(0, 2, count), rng.integers(0, 2, count)
    rate = np.full((count, steps, 3, CHANNELS), 0.01)
    rate[np.arange(count), :CUE, first] = 0.2
    rate[np.arange(count), CUE + pause:2 * CUE + pause, second_] = 0.2
    rate[:, -ANSWER:, 2] = 0.2
    return Trials((rng.random(rate.shape) < rate).reshape(count, steps, -1).astype(np.float32),
                  (first == second_).astype(np.int32))


def drawn(sim: Any, seed: int) -> Trials:
    """As many trials as the network runs at a time, as long as its runs are."""
    return trials(sim.batch, seed, round(sim.duration/STEP) - 2 * CUE - ANSWER)


def network(seed: int = 0) -> Network:
    """Inputs → adaptive neurons ↔ each other → two readouts."""
    defaultclock.dt = STEP
    rng = np.random.default_rng(seed)
    inp = SpikeGeneratorGroup(3 * CHANNELS, [], []*second, name="inp")
    G = NeuronGroup(NEURONS, """dv/dt = -v/(20*ms) : 1
                                da/dt = -a/tau_a : 1
                                tau_a : second
                                beta : 1""", threshold="v - beta*a >= 1", reset="v -= 1; a += 1", method="exact",
                    name="G")
    G.tau_a = 400*ms
    G.beta = np.where(np.arange(NEURONS) < NEURONS // 2, 0.15, 0)
    out = NeuronGroup(2, "do/dt = -o/(20*ms) : 1", method="exact", name="out")
    net = Network(inp, G, out)
    for name, source, target, scale, code in (("S", inp, G, 1.5, "v += w"), ("R", G, G, 0.8, "v += w"),
                                              ("O", G, out, 1.0, "o += w")):
        made = Synapses(source, target, "w : 1", on_pre=code, name=name)
        made.connect()
        made.w = rng.normal(0, scale / np.sqrt(len(source)), len(made))
        net.add(made)
    return net


def loss(outputs: dict[str, Any], target: dict[str, Any]) -> Any:
    """Cross entropy of the readout while an answer is asked for."""
    return -target["asked"] * jax.nn.log_softmax(outputs["out.o"])[target["same"]] / ANSWER


def targets(given: Trials) -> dict[str, np.ndarray]:
    """What the loss needs of each step."""
    shape = given.spikes.shape[:2]
    asked = np.zeros(shape, np.float32)
    asked[:, -ANSWER:] = 1
    return {"asked": asked, "same": np.broadcast_to(given.same[:, None], shape)}


def answers(outputs: Any) -> Any:
    """The readout with the larger mean during the answer."""
    return outputs["out.o"][:, -ANSWER:].mean(axis=1).argmax(axis=-1)


@dataclass(frozen=True)
class Course:
    """Loss of each update, and the share of right answers among new trials."""

    losses: np.ndarray
    accuracy: float


def learn_online(sim: Any, rule: str, updates: int, rate: float) -> tuple[Course, dict[str, np.ndarray]]:
    """Learn with an online rule; one update for each batch."""
    learner = bs.online(sim, rule, loss=loss)
    batches = (drawn(sim, 1000 + k) for k in range(updates))
    found = learner.train(optax.adam(rate), (({"inp.spikes": b.spikes}, targets(b)) for b in batches))
    return Course(found.losses, accuracy(sim, found.params)), found.params


def learn_through_time(sim: Any, updates: int, rate: float) -> Course:
    """Learn with the gradient through time."""
    optimizer = optax.adam(rate)

    def total(params: Any, spikes: Any, wanted: Any) -> Any:
        return jax.vmap(jax.vmap(loss))(sim(params, {"inp.spikes": spikes}), wanted).sum(axis=1).mean()

    @jax.jit
    def update(params: Any, memory: Any, spikes: Any, wanted: Any) -> Any:
        value, slope = jax.value_and_grad(total)(params, spikes, wanted)
        change, memory = optimizer.update(slope, memory)
        return optax.apply_updates(params, change), memory, value

    params = {n: jnp.asarray(x, jnp.float32) for n, x in sim.params.items()}
    memory, losses = optimizer.init(params), []
    for k in range(updates):
        b = drawn(sim, 1000 + k)
        params, memory, value = update(params, memory, b.spikes, targets(b))
        losses.append(float(value))
    return Course(np.array(losses), accuracy(sim, params))


def accuracy(sim: Any, params: Any, batches: int = 8) -> float:
    """Share of right answers among trials that were not learned from."""
    fresh = [drawn(sim, k) for k in range(batches)]
    return float(np.mean([np.mean(answers(sim(params, {"inp.spikes": t.spikes})) == t.same) for t in fresh]))


def simulate(updates: int = 400, batch: int = 32, rate: float = 5e-3,
             pause: int = PAUSE) -> tuple[Any, dict[str, np.ndarray], dict[str, Course]]:
    """The network, the parameters learned online, and how learning went with both."""
    steps = 2 * CUE + pause + ANSWER
    sim = network().functional(steps*STEP, params=["S.w", "R.w", "O.w"], inputs=["inp.spikes"],
                               outputs=["out.o", "G.spikes"], batch=batch,
                               surrogate="triangular(gamma=0.3)")
    online, params = learn_online(sim, "d_rtrl", updates, rate)
    return sim, params, {"D-RTRL": online, "through time": learn_through_time(sim, updates, rate)}


def draw(sim: Any, params: Any, courses: dict[str, Course]) -> None:
    """Two trials, and how the loss went down."""
    shown = drawn(sim, 0)
    out = sim(params, {"inp.spikes": shown.spikes})
    fig, axes = plt.subplots(3, 2, figsize=(10, 7), sharex="col", layout="constrained")
    time = np.arange(shown.spikes.shape[1]) * float(STEP / ms)
    for column, answer in enumerate((1, 0)):
        k = int(np.flatnonzero(shown.same == answer)[0])
        for axis, raster, label in ((axes[0], shown.spikes[k], "input"),
                                    (axes[1], np.asarray(out["G.spikes"][k]), "neuron")):
            at, which = np.nonzero(raster)
            axis[column].plot(time[at], which, "k.", ms=2)
            axis[column].set_ylabel(label)
        axes[0][column].set_title("same" if answer else "different")
    first = axes[2][0]
    first.plot(time, np.asarray(out["out.o"])[int(np.flatnonzero(shown.same == 1)[0])], label=["different", "same"])
    first.set(xlabel="time (ms)", ylabel="readout")
    first.legend()
    axes[2][1].remove()
    last = fig.add_subplot(3, 2, 6)
    for name, course in courses.items():
        last.plot(np.convolve(course.losses, np.ones(10) / 10, "valid"), label=f"{name}: {course.accuracy:.0%}")
    last.set(xlabel="update", ylabel="loss")
    last.legend()


if __name__ == "__main__":
    result = simulate()
    for name, course in result[2].items():
        print(f"{name}: {course.accuracy:.1%} right")
    draw(*result)
    plt.savefig(sys.argv[1] if len(sys.argv) > 1 else "online_delayed_match.png")
