"""The networks of the benchmarks in BrainPy, in its own terms; started by the other scripts with the Python that has
BrainPy and numba.

    brainpy_models.py MODEL[:N=...,p=...] FLAVOUR SECONDS [SEED]      a line of JSON: seconds of the loop, number of
    spikes

Sizes, probabilities, weights, thresholds and the time step of 0.1 ms are those of ``examples/`` and
``benchmarks/models``. What differs: connections are lists drawn here (every pair with probability p, as ours); numbers
have 32 bits, BrainPy's default, where ours have 64; a spike arrives a step later than ours; one delay serves all
synapses of a projection, so networks in which each synapse has its own are not here. The event-driven products are
those compiled by numba; without numba the script refuses. The loop is a compiled ``for_loop``, and it is timed on its
second run, when nothing is left to compile.
"""
import json
import os
import sys
import time

if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import brainevent  # noqa: E402
import numba  # noqa: E402, F401
import numpy as np  # noqa: E402

brainevent.config.set_backend("cpu", "numba")
import brainpy as bp  # noqa: E402
import brainpy.math as bm  # noqa: E402
import jax  # noqa: E402

SEED = int(sys.argv[4]) if len(sys.argv) > 4 else 1
DT = 0.1
RNG = np.random.default_rng(SEED)


def drawn(sources: int, targets: int, p: float):
    """Every pair with probability p, as rows of targets; as a connection of BrainPy."""
    counts = RNG.binomial(targets, p, sources)
    indices = np.concatenate([np.sort(RNG.choice(targets, k, replace=False)) for k in counts] or [np.zeros(0)])
    return bp.conn.CSRConn(indices.astype(np.int32), np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))(
        sources, targets)


def events(sources: int, targets: int, p: float, weight):
    return bp.dnn.EventCSRLinear(drawn(sources, targets, p), weight)


def uniform(low: float, high: float):
    return bp.init.Uniform(low, high)


class Recurrent(bp.DynSysGroup):
    """Four fifths excite, one fifth inhibits; twenty sources of random spikes for 50 ms when there is a kick."""

    def __init__(self, neurons, p, excitatory, inhibitory, outputs, kick=None):
        super().__init__()
        size = neurons.num
        self.some, self.neurons = 4*size//5, neurons
        self.exc = bp.dyn.HalfProjAlignPostMg(events(self.some, size, p, excitatory), bp.dyn.Expon.desc(size, tau=5.),
                                              outputs[0], neurons)
        self.inh = bp.dyn.HalfProjAlignPostMg(events(size - self.some, size, p, inhibitory),
                                              bp.dyn.Expon.desc(size, tau=10.), outputs[1], neurons)
        self.kick = None
        if kick:
            self.kick = bp.dyn.HalfProjAlignPostMg(events(20, size, 0.1, kick), bp.dyn.Expon.desc(size, tau=5.),
                                                   outputs[0], neurons)

    def update(self, current):
        spikes = self.neurons.spike.value
        self.exc(spikes[:self.some])
        self.inh(spikes[self.some:])
        if self.kick is not None:
            self.kick((bm.random.rand(20) < 0.01) & (bp.share["t"] < 50.))
        self.neurons(current)
        return self.neurons.spike.value


def leaky(size: int, **more):
    given = {"V_rest": -60., "V_th": -50., "V_reset": -60., "tau": 20., "tau_ref": 5.,
             "V_initializer": uniform(-60., -50.), **more}
    return bp.dyn.LifRef(size, **given)


def reversals():
    return bp.dyn.COBA.desc(E=0.), bp.dyn.COBA.desc(E=-80.)


def membrane(size: int, rest: float, start):
    """Hodgkin-Huxley neurons of Traub and Miles; conductances per membrane capacitance of 1 uF/cm2."""
    return bp.dyn.CondNeuGroupLTC(size, C=1., A=1e-3, V_th=-20., V_initializer=start,
                                  leak=bp.dyn.IL(size, g_max=0.05, E=rest),
                                  na=bp.dyn.INa_TM1991(size, g_max=100., E=50., V_sh=-63.),
                                  k=bp.dyn.IK_TM1991(size, g_max=30., E=-90., V_sh=-63.))


def cuba(N: int = 4000, p: float = 0.02):
    return Recurrent(leaky(N, V_rest=-49.), p, 1.62, -9., (bp.dyn.CUBA.desc(), bp.dyn.CUBA.desc())), 0.


def coba(N: int = 4000, p: float = 0.02):
    return Recurrent(leaky(N), p, 0.6, 6.7, reversals(), kick=0.6), 0.


def coba_hh(N: int = 4000, p: float = 0.02):
    per_area = 1/200                                          # nS and 20000 um2 as mS/cm2
    return Recurrent(membrane(N, -60., bp.init.Normal(-65., 5.)), p, 6*per_area, 67*per_area, reversals(),
                     kick=6*per_area), 0.


class Plastic(bp.DynSysGroup):
    """Random spikes through plastic synapses onto leaky neurons."""

    def __init__(self, N, M, gmax, change, rate, rest, tau):
        super().__init__()
        self.inputs = bp.dyn.PoissonGroup(N, freqs=rate)
        self.neurons = leaky(M, V_rest=rest, V_th=-54., V_reset=-60., tau=tau, tau_ref=0.,
                             V_initializer=bp.init.Constant(rest))
        self.plastic = bp.dyn.STDP_Song2000(
            pre=self.inputs, delay=None, comm=bp.dnn.AllToAll(N, M, uniform(0., gmax)),
            syn=bp.dyn.Expon.desc(M, tau=5.), out=bp.dyn.COBA.desc(E=0.), post=self.neurons, tau_s=20., tau_t=20.,
            A1=change*gmax,
            A2=1.05*change*gmax, W_min=0., W_max=gmax)

    def update(self, current):
        self.plastic()
        self.inputs()
        self.neurons(current)
        return self.neurons.spike.value


def stdp(N: int = 1000, M: int = 1):
    return Plastic(N, M, 0.015, 0.01, 10., -70., 20.), 0.


def stdp_many(N: int = 10000, M: int = 100):
    return Plastic(N, M, 10/N, 0.01, 15., -74., 10.), 0.


class Alone(bp.DynSysGroup):
    """One neuron; two of its variables are handed out at every step."""

    def __init__(self):
        super().__init__()
        self.neuron = membrane(1, -65., bp.init.Constant(-65.))

    def update(self, current):
        self.neuron(current)
        return self.neuron.spike.value, self.neuron.V.value, self.neuron.na.p.value


def single():
    return Alone(), 2.


MODELS = {f.__name__: f for f in (cuba, coba, coba_hh, stdp, stdp_many, single)}


def main() -> None:
    model, _, arguments = sys.argv[1].partition(":")
    settings = {k: float(v) if "." in v else int(v) for k, v in (a.split("=") for a in arguments.split(",") if a)}
    bm.set(dt=DT)
    bm.random.seed(SEED)
    started = time.perf_counter()
    net, current = MODELS[model](**settings)
    steps = np.arange(round(1000*float(sys.argv[3])/DT))
    run = bm.jit(lambda indices: bm.for_loop(lambda i: net.step_run(i, current), indices, progress_bar=False))
    loops, spikes = [], 0
    for _ in range(2):
        net.reset_state()
        began = time.process_time()             # seconds of the processor, as in worker.py
        found = jax.block_until_ready(run(steps))
        loops.append(time.process_time() - began)
        spikes = int(np.sum(np.asarray(found[0] if isinstance(found, tuple) else found)))
    print(json.dumps({"example": sys.argv[1], "flavour": sys.argv[2], "loop": loops[-1], "with compilation": loops[0],
                      "spikes": [spikes],
                      "total": time.perf_counter() - started,
                      "version": f"{bp.__version__}, jax {jax.__version__}, numba {numba.__version__}"}))


if __name__ == "__main__":
    main()
