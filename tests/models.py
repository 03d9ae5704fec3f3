"""Small networks with known facts, one per feature of the program language. Each builds fresh objects and returns a
`Network`.

Used by the agreement suite: every model on every target, with passes on and off, against the interpreter.
"""
from __future__ import annotations

import numpy as np

from brainsim import (
    EventClock,
    Network,
    NetworkOperation,
    NeuronGroup,
    PoissonGroup,
    PoissonInput,
    PopulationRateMonitor,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    linked_var,
    ms,
    mV,
    network_operation,
    second,
)
from brainsim.units import Hz


def leaky_neurons() -> Network:
    """Exact integration, threshold, reset, all monitors."""
    tau = 10 * ms
    G = NeuronGroup(5, "dv/dt = (I - v)/tau : volt\nI : volt", threshold="v > 10*mV", reset="v = 0*mV", name="G",
                    namespace={"tau": tau})
    G.I = np.linspace(9, 25, 5) * mV
    return Network(G, SpikeMonitor(G, "v", name="spikes"), StateMonitor(G, ["v", "I"], record=[0, 4], name="trace"),
                   PopulationRateMonitor(G, name="rate"))


def refractory_noisy_neurons() -> Network:
    """Euler–Maruyama, (unless refractory), a refractory time."""
    G = NeuronGroup(7, "dv/dt = (1.2 - v)/(10*ms) + 0.4*xi*(10*ms)**-0.5 : 1 (unless refractory)", threshold="v > 1",
                    reset="v = 0",
                    refractory=2 * ms, method="euler", name="G")
    return Network(G, SpikeMonitor(G, name="spikes"), StateMonitor(G, "v", record=True, name="trace"))


def refractory_condition() -> Network:
    """A condition that ends the refractory state, rk2."""
    G = NeuronGroup(3, "dv/dt = (1 + 0.5*i - v**2*0.1)/(5*ms) : 1", threshold="v > 1", reset="v = -1",
                    refractory="v > -0.5",
                    method="rk2", name="G")
    return Network(G, SpikeMonitor(G, name="spikes"), StateMonitor(G, ["v", "not_refractory"], record=True,
                                                                   name="trace"))


def multiplicative_noise() -> Network:
    """Heun and Milstein."""
    G = NeuronGroup(4, "dx/dt = -x/(20*ms) + 0.3*x*xi*(1*ms)**-0.5 : 1", method="heun", name="G")
    H = NeuronGroup(4, "dx/dt = -x/(20*ms) + 0.3*x*xi*(1*ms)**-0.5 : 1", method="milstein", name="H")
    G.x = H.x = 1
    return Network(G, H, StateMonitor(G, "x", record=True, name="of_g"), StateMonitor(H, "x", record=True, name="of_h"))


def hodgkin_huxley_like() -> Network:
    """Subexpressions, exponential Euler, rk4, exprel, branches of functions."""
    eqs = """
    dv/dt = (0.1 - gate*(v - 0.5))/(2*ms) : 1
    dgate/dt = (alpha*(1 - gate) - beta*gate) : 1
    alpha = 0.1*exprel(-(v + 0.3)*4)/ms : Hz
    beta = clip(exp(-v), 0.2, 3)*0.2/ms : Hz
    """
    G = NeuronGroup(3, eqs, method="exponential_euler", name="G")
    H = NeuronGroup(3, eqs, method="rk4", name="H")
    G.v = H.v = "0.3*i - 0.2"
    return Network(G, H, StateMonitor(G, ["v", "gate", "alpha"], record=True, name="of_g"),
                   StateMonitor(H, "v", record=True, name="of_h"))


def _spiking(n: int, name: str) -> NeuronGroup:
    G = NeuronGroup(n, "dv/dt = (1.3 + 0.1*i - v)/(8*ms) : 1\nx : 1", threshold="v > 1", reset="v = 0; x += 0.5",
                    name=name, method="exact")
    G.v = "i*0.17 % 1"
    return G


def scattered_delays() -> Network:
    """Per-synapse delays, weights, a generator."""
    G = _spiking(8, "G")
    S = Synapses(G, G, "w : 1", on_pre="v_post += w", name="S")
    S.connect(j="k for k in range(i - 3, i + 4) if k != i", skip_if_invalid=True)
    S.w = "0.02*(1 + i) - 0.01*j"
    S.delay = "(i + j)*0.13*ms"
    return Network(G, S, SpikeMonitor(G, name="spikes"), StateMonitor(G, "v", record=True, name="trace"))


def one_delay() -> Network:
    """A homogeneous delay, unsorted synapses, (unless refractory) targets, subgroups."""
    G = NeuronGroup(9, "dv/dt = (1.4 - v)/(9*ms) : 1 (unless refractory)", threshold="v > 1", reset="v = 0",
                    refractory=1.5 * ms, name="G")
    G.v = "i*0.1"
    S = Synapses(G[2:7], G[4:9], on_pre="v_post += 0.05 + 0.01*i", delay=1.2 * ms, name="S")
    S.connect(i=[4, 0, 2, 2, 1], j=[0, 3, 3, 1, 4])
    part = G[3:8]
    return Network(G, part, S, SpikeMonitor(part, name="spikes"), StateMonitor(G, "v", record=True, name="trace"),
                   PopulationRateMonitor(part, name="rate"))


def plastic_synapses() -> Network:
    """Event-driven traces, two pathways, clip, pre- and postsynaptic delays."""
    G, H = _spiking(4, "G"), _spiking(3, "H")
    S = Synapses(G, H, """w : 1
                          dapre/dt = -apre/(20*ms) : 1 (event-driven)
                          dapost/dt = -apost/(15*ms) : 1 (event-driven)""",
                 on_pre="v_post += w; apre += 0.01; w = clip(w + apost, 0, 0.2)",
                 on_post="apost -= 0.012; w = clip(w + apre, 0, 0.2)", delay={"post": 0.4 * ms}, name="S")
    S.connect()
    S.w = "0.05 + 0.01*i"
    return Network(G, H, S, SpikeMonitor(H, name="spikes"),
                   StateMonitor(S, ["w", "apre", "apost"], record=True, name="trace"))


def graded_synapses() -> Network:
    """Clock-driven synaptic equations and summed variables, also into a subgroup."""
    G = NeuronGroup(5, "dv/dt = (0.2*i - v + total)/(5*ms) : 1\ntotal : 1", method="euler", name="G")
    S = Synapses(G, G[1:4], """ds/dt = (v_pre - s)/(3*ms) : 1 (clock-driven)
                               total_post = 0.3*s*(v_post + 1) : 1 (summed)""", method="exact", name="S")
    S.connect("i != j + 1")
    return Network(G, S, StateMonitor(G, ["v", "total"], record=True, name="trace"),
                   StateMonitor(S, "s", record=True, name="synapses"))


def order_matters() -> Network:
    """Statements whose result depends on the order of events and of statements (R27–R29)."""
    G = _spiking(5, "G")
    G.v = 0.99
    H = NeuronGroup(2, "y : 1\nz : 1", name="H")
    S = Synapses(G, H, "w : 1\nseen : 1", on_pre="y_post = y_post*0.5 + w; seen = y_post; z_post += seen", name="S")
    S.connect()
    S.w = "1 + i + 10*j"
    return Network(G, H, S, StateMonitor(H, ["y", "z"], record=True, name="trace"),
                   StateMonitor(S, "seen", record=True, name="synapses"))


def driven_from_outside() -> Network:
    """Poisson groups and inputs, spike generators with a period, timed arrays, two clocks."""
    current = TimedArray(np.array([0.0, 1.5, 0.7, 2.0]), dt=2 * ms, name="current")
    table = TimedArray(np.arange(12.0).reshape(4, 3) * 0.1, dt=1.5 * ms, name="table")
    G = NeuronGroup(3, "dv/dt = (current(t) + table(t, i) - v)/(4*ms) : 1", threshold="v > 1.2", reset="v = 0",
                    name="G", method="euler",
                    namespace={"current": current, "table": table})
    P = PoissonGroup(6, rates="(100 + 50*i)*Hz*(1 + t/(10*ms))", name="P")
    Q = PoissonGroup(4, rates=np.array([50, 100, 200, 400]) * Hz, dt=0.2 * ms, name="Q")
    R = SpikeGeneratorGroup(3, [0, 1, 2, 0], [0.3, 0.3, 1.1, 1.9] * ms, period=2.5 * ms, name="R")
    A = Synapses(P, G, on_pre="v_post += 0.2", name="A")
    A.connect(j="i % N_post")
    B = Synapses(R, G, on_pre="v_post -= 0.1", name="B", delay=0.5 * ms)
    B.connect(j="i")
    C = Synapses(Q, G, on_pre="v_post *= 0.9", name="C")
    C.connect()
    return Network(G, P, Q, R, A, B, C, PoissonInput(G, "v", 20, 100 * Hz, weight=0.05), SpikeMonitor(P, name="p"),
                   SpikeMonitor(Q, name="q"),
                   SpikeMonitor(R, name="r"), StateMonitor(G, "v", record=True, name="trace"))


def random_everywhere() -> Network:
    """Draws in equations, thresholds, resets, synapses and regular code; integers, booleans, int(), %, //."""
    G = NeuronGroup(6, """dv/dt = (1.5*rand() - v)/(5*ms) : 1
                          n : integer
                          high : boolean
                          u = v*2 + randn()*0 : 1 (constant over dt)""", threshold="v > 0.5 + 0.3*rand()",
                    reset="v = 0.2*rand(); n += 1", name="G", method="euler")
    G.run_regularly("n = (n + int(rand() < 0.5)) % 5 + 7 // 2 - 3; high = v > 0.3 and not n == 2; v += "
                    "poisson(0.3)*0.05", dt=0.5 * ms)
    S = Synapses(G, G, on_pre="v_post += 0.1*randn()*(rand() < 0.5)", name="S")
    S.connect("i != j")
    return Network(G, S, StateMonitor(G, ["v", "n", "high", "u"], record=True, name="trace"),
                   SpikeMonitor(G, name="spikes"))


def linked_and_shared() -> Network:
    """Linked variables (one to one, broadcast, by index), shared parameters, `run_regularly` on a subgroup,
    lastspike."""
    A = NeuronGroup(4, "dx/dt = (0.5 - x)/(3*ms) : 1\nscale : 1 (shared)", name="A")
    A.x, A.scale = "i*0.2", 2
    one = NeuronGroup(1, "dq/dt = -q/(5*ms) : 1", name="one")
    one.q = 1
    B = NeuronGroup(4, """dv/dt = (x*factor + q - v + (t - lastspike < 0.95*ms)*0.2)/(4*ms) : 1
                          x : 1 (linked)
                          y : 1 (linked)
                          q : 1 (linked)
                          factor = 1 + y : 1""", threshold="v > 0.6", reset="v -= 0.5", refractory=0.5 * ms,
                    method="euler", name="B")
    B.x, B.y, B.q = linked_var(A, "x"), linked_var(A, "x", index=[3, 2, 1, 0]), linked_var(one, "q")
    part = A[1:3]
    part.run_regularly("x += 0.05*scale*(i + 1)", dt=1 * ms)
    return Network(A, one, B, part, StateMonitor(B, ["v", "factor", "x"], record=True, name="trace"),
                   SpikeMonitor(B, name="spikes"))


def called_from_python() -> Network:
    """A network operation in the middle of a step."""
    G = _spiking(4, "G")
    seen: list[int] = []

    @network_operation(dt=0.5 * ms, when="synapses")
    def push(t: second) -> None:
        seen.append(len(G.spikes))
        G.v = G.v + 0.01 * float(t / ms)

    return Network(G, push, StateMonitor(G, "v", record=True, name="trace"), SpikeMonitor(G, name="spikes"))


def awkward_names() -> Network:
    """Variables called like words of C, of the generated code or of Python."""
    G = NeuronGroup(2, """dx/dt = (double + int_ - x*lambda_)/(5*ms) : 1
                          double : 1
                          int_ : 1
                          lambda_ : 1
                          N2 : 1
                          x2f = x + N2 : 1
                          v1e5 : 1
                          T : 1
                          min : 1""", name="G", method="euler")
    G.double, G.int_, G.lambda_, G.N2, G.v1e5, G.T = 1, 0.5, "1 + i", 3, 2, 4
    G.run_regularly("j = x2f + v1e5; static = j*T; min = static + N2", dt=0.3 * ms)
    return Network(G, StateMonitor(G, ["x", "x2f", "min"], record=True, name="trace"))


def irregular_times() -> Network:
    """Code, a monitor and a Python function at times of their own, on and between the steps of a noisy group."""
    G = NeuronGroup(7, "dv/dt = -v/(5*ms) + xi*ms**-0.5 : 1", method="euler", threshold="v > 1", reset="v = 0",
                    name="irregular")
    G.run_at("v += rand() + 0.01*i", [0, 0.35, 1, 7.77, 11.9] * ms, order=1)
    G.run_on_clock("v *= 0.9", EventClock([1, 1.0000001, 3.3] * ms))
    M = StateMonitor(G, "v", record=True, clock=EventClock([0.02, 1, 5.1, 11.95] * ms))

    def halve(t: second) -> None:
        G.v[0] = G.v[0] / 2 + t / second

    return Network(G, M, SpikeMonitor(G), NetworkOperation(halve, clock=EventClock([0.3, 4.44] * ms), name="halve"))


def delays_of_many_kinds() -> Network:
    """Per-synapse delays to few targets that many synapses lead to, with weights or the same for all, some of them
    refractory."""
    H = NeuronGroup(6, "dv/dt = (1.5 - v)/(5*ms) : 1 (unless refractory)\nx : 1", threshold="v > 1", reset="v = 0",
                    refractory=1 * ms, name="H")
    many = SpikeGeneratorGroup(900, np.arange(0, 900, 3), np.arange(0, 900, 3) % 97 * 0.1 * ms, name="many")
    K = Synapses(many, H[2:4], "w : 1", on_pre="v_post += w", name="K")
    K.connect()
    K.w = "0.001*(i % 5) - 0.0005*j"
    K.delay = "0.7*ms + 0.03*ms*(i % 40)"
    J = Synapses(many, H[1:], on_pre="v_post -= 0.002; x_post += 0.5", name="J")
    J.connect(i=np.arange(2500) * 7 % 900, j=np.arange(2500) % 5)
    J.delay = "(i % 13 + j)*0.09*ms"
    return Network(H, many, K, J, SpikeMonitor(H, name="spikes"),
                   StateMonitor(H, ["v", "x"], record=True, name="trace"))


MODELS = [leaky_neurons, refractory_noisy_neurons, refractory_condition, multiplicative_noise, hodgkin_huxley_like,
          scattered_delays,
          one_delay, plastic_synapses, graded_synapses, order_matters, driven_from_outside, random_everywhere,
          linked_and_shared,
          called_from_python, awkward_names]


def one_for_all() -> Network:
    """A single neuron that many read in the same slot, before and after its own update."""
    one = NeuronGroup(1, "dq/dt = -q/(5*ms) : 1", method="exact", name="b")
    one.q = 1
    many = {name: NeuronGroup(3, "dv/dt = (q - v)/(4*ms) : 1\nq : 1 (linked)", method="euler", name=name)
            for name in ("a", "c")}
    for G in many.values():
        G.q = linked_var(one, "q")
    return Network(one, many, StateMonitor(many["a"], "v", record=True, name="first"),
                   StateMonitor(many["c"], "v", record=True, name="last"))


def steps_of_their_own() -> Network:
    """Adaptive steps within dt, different for each neuron and synapse; an input that changes within dt, (unless
    refractory)."""
    drive = TimedArray([0.5, 3.0, 1.5, 0.0], dt=0.13 * ms)
    G = NeuronGroup(4, """dv/dt = (drive(t)*2 + k - v*w)/ms : 1 (unless refractory)
                          dw/dt = (v**2 - w)*k*3/ms : 1
                          k : 1""", threshold="v > 1", reset="v = 0", refractory=0.3 * ms, method="rk45", name="G",
                    namespace={"drive": drive},
                    method_options={"save_step_count": True, "save_failed_steps": True, "use_last_timestep": False})
    G.k, G.w = [1, 2, 4, 30], 0.5
    S = Synapses(G, G, "ds/dt = -s**3/ms : 1 (clock-driven)", on_pre="s += 1", method="gsl_rk8pd", name="S",
                 method_options={"use_last_timestep": False, "relative_error": 1e-5})
    S.connect("i != j")
    return Network(G, S, SpikeMonitor(G, name="spikes"), StateMonitor(G, ["v", "w", "_step_count", "_failed_steps"],
                                                                      record=True, name="trace"),
                   StateMonitor(S, "s", record=True, name="synaptic"))


MODELS.append(delays_of_many_kinds)
MODELS.append(one_for_all)
MODELS.append(steps_of_their_own)
MODELS.append(irregular_times)
