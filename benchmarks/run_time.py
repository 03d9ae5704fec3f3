"""Time of the simulation loop, side by side with Brian 2 (runtime mode and C++ standalone), BrainPy, NEST, and for two
models with a program written by hand in C++ (benchmarks/by_hand), which is the limit. One core each.

    python benchmarks/run_time.py [--brian2 PY] [--brainpy PY] [--nest PY] [--quick] [--only brian2-runtime nest]
    [models ...]

Ours and the peers take turns, and seconds are those of the processor. Each turn draws another network (the seed is its
number), the same turn for all. A row is one model beside one peer. A ratio is printed only when the mean numbers of
spikes agree: within 20 % (35 % where weights change) and three times the square root of the smaller number.
A single neuron with a monitor counts as a model (``single``: 10^5 steps).
"""
from __future__ import annotations

import argparse
import statistics

from common import by_hand, median, peer_options, peers_of, program_by_hand, python_for, save, table, work

LARGE = "N=100000,p=0.0008"
SECONDS = {"cuba": "1", "coba": "1", "coba_hh": "1", "stdp_many:N=1000,M=10": "10", "stdp_many": "1",
           "brunel_hakim": "1", "conductance": "1", "single": "10",
           f"cuba:{LARGE}": "0.5", f"coba:{LARGE}": "0.5", f"coba_hh:{LARGE}": "0.2"}
BY_HAND = {"cuba": (4000, 0.02), "coba_hh": (4000, 0.02)}
FLAVOURS = ("brian2-standalone", "brian2-runtime", "brainpy", "nest", "by-hand")
LEFT_OUT = {("brunel_hakim", "brainpy"): "a projection of BrainPy has one delay for all its synapses",
            ("conductance", "brainpy"): "a projection of BrainPy has one delay for all its synapses",
            (f"coba_hh:{LARGE}", "nest"): "some minutes a run"}
SHORTER = {("coba", "nest"): "0.3", ("coba_hh", "nest"): "0.2", ("conductance", "nest"): "0.3",
           (f"coba:{LARGE}", "nest"): "0.05",
           # beside slower peers; then ours is as short
           ("stdp_many", "brainpy"): "0.3", ("stdp_many:N=1000,M=10", "brainpy"): "3"}
WARM_UP = "0.01"
# s: where a process takes longer, or with 100 000 neurons, three turns are enough instead of five
LONG = 60.0
TOLERANCE = {"stdp_many": 0.35, "stdp": 0.35}     # where a change of the order within a step changes every weight


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*")
    peer_options(parser)
    parser.add_argument("--only", nargs="+", default=FLAVOURS, metavar="FLAVOUR", help=f"some of {', '.join(FLAVOURS)}")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--seconds", help="of simulated time, instead of each model's own")
    parser.add_argument("--quick", action="store_true", help="one turn of a tenth of the time; none of the models with "
                                                             "100 000 neurons")
    parser.add_argument("--json")
    a = parser.parse_args()
    peers = peers_of(a, sorted({f.partition("-")[0] for f in a.only} & {"brian2", "brainpy", "nest"}))
    rows = []
    for model in a.models or [m for m in SECONDS if not (a.quick and LARGE in m)]:
        for length, flavours in by_length(model, [f for f in FLAVOURS if f in a.only]).items():
            seconds = a.seconds or str(float(length) / (10 if a.quick else 1))
            runs = side_by_side(model, flavours, peers, seconds, 1 if a.quick else min(a.repeat, 3) if LARGE in model
                                else a.repeat)
            found = [beside(model, flavour, runs["brainsim"], theirs, seconds) for flavour, theirs in runs.items()
                     if flavour != "brainsim"]
            table(found or [alone(model, runs["brainsim"])], ["model", "peer", "simulated s", "ours s", "peer s",
                                                              "peer / ours", "note"])
            rows += found
    if rows:
        save("run_time", rows, peers, a.json, key=("model", "peer"))


def by_length(model: str, flavours: list[str]) -> dict[str, list[str]]:
    """Flavours that take turns with ours, by the seconds they simulate."""
    found: dict[str, list[str]] = {}
    for flavour in flavours:
        found.setdefault(SHORTER.get((model, flavour), SECONDS.get(model, "1")), []).append(flavour)
    return found


def side_by_side(model: str, flavours: list[str], peers: dict[str, str], seconds: str,
                 repeat: int) -> dict[str, list[dict]]:
    """What each worker answered, turn by turn; 'brainsim' first. A line for those that cannot take part."""
    runs: dict[str, list[dict]] = {"brainsim": []}
    for flavour in flavours:
        reason = LEFT_OUT.get((model, flavour))
        if reason:
            print(f"skipped: {model} with {flavour}: {reason}")
        elif flavour == "by-hand":
            runs |= {flavour: []} if model.partition(":")[0] in BY_HAND and by_hand(model.partition(":")[0]) else {}
        elif python_for(flavour, peers):
            runs[flavour] = []
    for flavour in list(runs):       # fills the caches of compiled code
        try:
            one(model, flavour, peers, WARM_UP, 1)
        except RuntimeError as error:
            if flavour == "brainsim":
                raise
            print(f"skipped: {model} with {flavour}: {error}")
            del runs[flavour]
    turn = 0
    while turn < repeat:
        turn += 1
        for flavour, found in runs.items():
            found.append(one(model, flavour, peers, seconds, turn))
        if turn == 1 and any(f["total"] > LONG for f in (found[0] for found in runs.values()) if "total" in f):
            repeat = min(repeat, 3)
    return runs


def one(model: str, flavour: str, peers: dict[str, str], seconds: str, seed: int) -> dict:
    """One process."""
    if flavour == "by-hand":
        name, n, p = size(model)
        return program_by_hand(by_hand(name) or "", n, p, seconds, seed)
    return work(python_for(flavour, peers) or "", model, flavour, seconds, seed)


def size(model: str) -> tuple[str, int, float]:
    """Name, number of neurons and probability for the hand-written program of a model."""
    name, _, settings = model.partition(":")
    given = dict(s.split("=") for s in settings.split(",") if s)
    return name, int(given.get("N", BY_HAND[name][0])), float(given.get("p", BY_HAND[name][1]))


def alone(model: str, ours: list[dict]) -> dict:
    return {"model": model, "ours s": median([r["loop"] for r in ours])}


def beside(model: str, peer: str, ours: list[dict], theirs: list[dict], seconds: str) -> dict:
    """The row: medians, their ratio if both did the same, and everything measured."""
    spikes = [statistics.fmean(r["spikes"][-1] for r in runs) for runs in (ours, theirs)]
    total = min(spikes) * len(ours)
    agree = abs(spikes[0] - spikes[1]) <= TOLERANCE.get(model.partition(":")[0],
                                                        0.2) * max(spikes) + 3 * total ** 0.5 / len(ours)
    row = {**alone(model, ours), "peer": peer, "peer s": median([r["loop"] for r in theirs]),
           "simulated s": float(seconds), "repeat": len(ours),
           "spikes": {"ours": [r["spikes"][-1] for r in ours], "peer": [r["spikes"][-1] for r in theirs]},
           "rates agree": agree,
           "all": {"ours": [r["loop"] for r in ours], "peer": [r["loop"] for r in theirs]}}
    note = "" if agree else f"rates differ: {spikes[0]:.0f} spikes, {spikes[1]:.0f} with the peer"
    return {**row, "peer / ours": row["peer s"] / row["ours s"] if agree else None, "note": note}


if __name__ == "__main__":
    main()
