"""The networks of the benchmarks in NEST, in its own terms; started by the other scripts with the Python that has NEST.

    nest_models.py MODEL[:N=...,p=...] FLAVOUR SECONDS [SEED]      a line of JSON: seconds of the loop, number of spikes

Sizes, probabilities, weights, thresholds and the time step of 0.1 ms are those of ``examples/`` and
``benchmarks/models``. What differs: a spike of NEST takes at least one step, where ours arrive in the step they are
sent; conductance models are integrated by an adaptive Runge-Kutta method (NEST has no other for them). One thread.
"""
import json
import os
import sys
import time
from math import exp, sqrt

if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import nest  # noqa: E402
import numpy as np  # noqa: E402

SEED = int(sys.argv[4]) if len(sys.argv) > 4 else 1
DT = 0.1                                                                               # ms, of everything here
SOON = {"synapse_model": "static_synapse", "delay": DT}
C, LEAK = 200.0, 10.0                                                                  # pF, nS: of all neurons here
HH = {"C_m": C, "g_L": LEAK, "g_Na": 20000.0, "g_K": 6000.0, "E_Na": 50.0, "E_K": -90.0, "V_T": -63.0, "t_ref": 3.0,
      "E_ex": 0.0, "E_in": -80.0, "tau_syn_ex": 5.0, "tau_syn_in": 10.0}
COBA = {"C_m": C, "g_L": LEAK, "E_L": -60.0, "V_th": -50.0, "V_reset": -60.0, "t_ref": 5.0, "E_ex": 0.0, "E_in": -80.0,
        "tau_syn_ex": 5.0, "tau_syn_in": 10.0}


def between(low: float, high: float, n: int) -> np.ndarray:
    return np.random.default_rng(SEED).uniform(low, high, n)


def pairs(p: float) -> dict:
    return {"rule": "pairwise_bernoulli", "p": p}


def recurrent(neurons, p: float, excitatory: dict, inhibitory: dict) -> None:
    """Four fifths excite, one fifth inhibits."""
    some = 4*len(neurons)//5
    nest.Connect(neurons[:some], neurons, pairs(p), {**SOON, **excitatory})
    nest.Connect(neurons[some:], neurons, pairs(p), {**SOON, **inhibitory})


def kick(neurons) -> None:
    """Twenty sources of random spikes, for 50 ms."""
    sources = nest.Create("parrot_neuron", 20)
    nest.Connect(nest.Create("poisson_generator", params={"rate": 100.0, "stop": 50.0}), sources, "all_to_all", SOON)
    nest.Connect(sources, neurons, pairs(0.1), {**SOON, "weight": 6.0})


def watched(neurons, *variables: str):
    """A multimeter for every step."""
    meter = nest.Create("multimeter", params={"record_from": list(variables), "interval": DT})
    nest.Connect(meter, neurons)
    return meter


def cuba(N: int = 4000, p: float = 0.02):
    resistance = 20.0/C                                                                # mV per pA
    neurons = nest.Create("iaf_psc_exp", N, {"C_m": C, "tau_m": 20.0, "E_L": -49.0, "V_th": -50.0, "V_reset": -60.0,
                                             "t_ref": 5.0,
                                             "tau_syn_ex": 5.0, "tau_syn_in": 10.0})
    neurons.V_m = between(-60, -50, N)
    recurrent(neurons, p, {"weight": 1.62/resistance}, {"weight": -9.0/resistance})
    return neurons


def coba(N: int = 4000, p: float = 0.02):
    neurons = nest.Create("iaf_cond_exp", N, COBA)
    neurons.V_m = between(-60, -50, N)
    recurrent(neurons, p, {"weight": 6.0}, {"weight": -67.0})
    kick(neurons)
    watched(neurons[:1], "V_m")
    return neurons


def coba_hh(N: int = 4000, p: float = 0.02):
    neurons = nest.Create("hh_cond_exp_traub", N, {**HH, "E_L": -60.0})
    neurons.V_m = -65.0 + 5.0*np.random.default_rng(SEED).standard_normal(N)
    recurrent(neurons, p, {"weight": 6.0}, {"weight": -67.0})
    kick(neurons)
    watched(neurons[[0, N//2, N - 1]], "V_m")
    return neurons


def stdp(N: int = 1000, M: int = 1, gmax: float = 0.015, change: float = 0.01, rate: float = 10.0, rest: float = -70.0,
         tau: float = 20.0):
    sources = nest.Create("parrot_neuron", N)
    nest.Connect(nest.Create("poisson_generator", params={"rate": rate}), sources, "all_to_all", SOON)
    neurons = nest.Create("iaf_cond_exp", M, {**COBA, "C_m": LEAK*tau, "E_L": rest, "V_m": rest, "V_th": -54.0,
                                              "t_ref": 0.0, "tau_minus": 20.0})
    top = gmax*LEAK
    nest.Connect(sources, neurons, "all_to_all", {
        "synapse_model": "stdp_synapse", "delay": DT, "weight": nest.random.uniform(0.0, top), "Wmax": top,
        "lambda": change,
        "alpha": 1.05, "mu_plus": 0.0, "mu_minus": 0.0, "tau_plus": 20.0})
    return neurons


def stdp_many(N: int = 10000, M: int = 100):
    return stdp(N, M, gmax=10/N, rate=15.0, rest=-74.0, tau=10.0)


def brunel_hakim(N: int = 5000, C: int = 1000, spread: float = 0.5):
    tau, capacity = 20.0, 1.0
    neurons = nest.Create("iaf_psc_delta", N, {"tau_m": tau, "C_m": capacity, "E_L": 0.0, "V_th": 20.0, "V_reset": 10.0,
                                               "t_ref": 2.0,
                                               "V_m": 10.0, "I_e": 25.0*capacity/tau})
    # the constant current of one step that moves a membrane as far as white noise of 1 mV does: sqrt(DT/tau) mV
    noise = nest.Create("noise_generator", params={"std": sqrt(DT/tau)/(1 - exp(-DT/tau))*capacity/tau, "dt": DT})
    nest.Connect(noise, neurons, "all_to_all", SOON)
    nest.Connect(neurons, neurons, pairs(C/N),
                 {"weight": -0.1, "delay": nest.random.uniform(2.0*(1 - spread), 2.0*(1 + spread))})
    return neurons


def conductance(N: int = 4000, p: float = 0.02):
    """Conductances add up to one per neuron: the reduction that NEST's model writes down and ours derives."""
    neurons = nest.Create("iaf_cond_exp", N, {**COBA, "E_L": -49.0})
    neurons.V_m = between(-60, -50, N)
    recurrent(neurons, p, {"weight": LEAK*nest.random.uniform(0.05, 0.1), "delay": nest.random.uniform(1.0, 3.0)},
              {"weight": -LEAK*nest.random.uniform(0.6, 0.7)})
    return neurons


def single():
    neuron = nest.Create("hh_cond_exp_traub", 1, {**HH, "E_L": -65.0, "V_m": -65.0, "I_e": 400.0})
    watched(neuron, "V_m", "Act_m")
    return neuron


def short_runs(calls: int = 1000):
    """Seconds of a thousand calls of one step each, a hundred neurons."""
    neurons = nest.Create("iaf_psc_delta", 100, {"tau_m": 10.0, "C_m": 10.0, "E_L": 2.0, "V_th": 1.0, "V_reset": 0.0,
                                                 "V_m": 0.0, "t_ref": 0.0})
    nest.Connect(neurons, neurons, pairs(0.1), {**SOON, "weight": 0.01})
    nest.Simulate(DT)
    began = time.perf_counter()
    for _ in range(calls):
        nest.Simulate(DT)
    return time.perf_counter() - began


MODELS = {f.__name__: f for f in (cuba, coba, coba_hh, stdp, stdp_many, brunel_hakim, conductance, single)}


def main() -> None:
    model, _, arguments = sys.argv[1].partition(":")
    settings = {k: float(v) if "." in v else int(v) for k, v in (a.split("=") for a in arguments.split(",") if a)}
    began = time.perf_counter()
    nest.set_verbosity("M_ERROR")
    nest.resolution, nest.local_num_threads, nest.rng_seed = DT, 1, SEED
    found: dict = {"example": sys.argv[1], "flavour": sys.argv[2], "version": nest.__version__}
    if model == "short_runs":
        print(json.dumps({**found, "loop": short_runs()}))
        return
    neurons = MODELS[model](**settings)
    spikes = nest.Create("spike_recorder")
    nest.Connect(neurons, spikes)
    nest.Prepare()
    built, start = time.perf_counter(), time.process_time()
    nest.Run(1000.0*float(sys.argv[3]))
    loop = time.process_time() - start      # seconds of the processor, as in worker.py
    nest.Cleanup()
    print(json.dumps({**found, "loop": loop, "built": built - began, "total": time.perf_counter() - began,
                      "spikes": [int(spikes.n_events)]}))


if __name__ == "__main__":
    main()
