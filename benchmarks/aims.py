"""What the table has to show: the aims, and how results become its lines."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from common import stored
from run_time import LARGE

STANDALONE = {"cuba": 1.2, "stdp": 1.5, "stdp_many": 1.5, "single": 2.0, "brunel_hakim": 2.0, "coba": 2.5,
              "coba_hh": 6.0, "conductance": 10.0}
RUNTIME = 6.0               # everywhere
BY_HAND = 1.25              # ours over the program by hand, at most
THREADS = 1.7               # two threads, 100 000 neurons
COLD = {"single LIF, first spike, cold": 2.0, "COBA-HH 4000, first spikes, cold": 2.5}      # seconds
STORED = 12 * 1.1           # bytes per synapse with a weight of its own
PROCEDURAL = 0.5            # the same, where nothing is kept for a synapse
MACHINE = 24.0              # GiB that 10^8 synapses have to fit into
NAMES = {"cuba": "CUBA", "coba": "COBA", "coba_hh": "COBA-HH",
         "stdp_many:N=1000,M=10": "STDP 1000 → 10", "stdp_many": "STDP 10 000 → 100", "brunel_hakim": "Brunel-Hakim",
         "conductance": "conductance per synapse", "single": "single HH, monitor, 10^5 steps", "stdp": "STDP 1000 → 1"}
SIZES = {"cuba": " 4000", "coba": " 4000", "coba_hh": " 4000"}
PEERS = {"brian2-standalone": "Brian 2 standalone", "brian2-runtime": "Brian 2 runtime", "brainpy": "BrainPy",
         "nest": "NEST", "by-hand": "C++ by hand"}


@dataclass(frozen=True)
class Line:
    """One line of the table. ``value`` is compared with ``aim``: at least it, or at most it; None where there is
    nothing to compare."""
    part: str
    what: str
    peer: str = ""
    ours: float | None = None
    theirs: float | None = None
    unit: str = "s"
    value: float | None = None
    aim: float | None = None
    at_most: bool = False
    note: str = ""

    @property
    def met(self) -> bool | None:
        if self.value is None or self.aim is None:
            return None
        return self.value <= self.aim if self.at_most else self.value >= self.aim

    def row(self) -> dict:
        aim = "" if self.aim is None else f"{'≤' if self.at_most else '≥'} {self.aim:.3g}"
        verdict = {True: "met", False: "MISSED", None: ""}[self.met]
        return {"what": self.what, "beside": self.peer, "ours": unit(self.ours, self.unit),
                "theirs": unit(self.theirs, self.unit),
                "measure": "" if self.value is None else f"{self.value:.3g}", "aim": aim, "verdict": verdict,
                "note": self.note}


def unit(value: float | None, name: str) -> str:
    return "" if value is None else f"{value:.3g} {name}"


def title(model: str) -> str:
    """'coba_hh:N=100000,p=0.0008' as people call it."""
    name, _, settings = model.partition(":")
    if model in NAMES and settings:
        return NAMES[model]
    return NAMES.get(name, name) + (" 100 000" if f":{settings}" == f":{LARGE}" else SIZES.get(name, ""))


def lines(folder: Path) -> Iterator[Line]:
    """The whole table from the files in a folder of results."""
    yield from loops(stored("run_time", folder)["rows"])
    for row in stored("threads", folder)["rows"]:
        yield Line("threads", title(row["model"]), f"{row['threads']} threads", row["brainsim-1 s"],
                   row[f"brainsim-{row['threads']} s"],
                   value=row["speed-up"], aim=THREADS if LARGE in row["model"] and row["threads"] == 2 else None)
    for row in stored("short_runs", folder)["rows"]:
        yield Line("calls", row["model"], PEERS.get(row["peer"] or "", ""), row["ours s"], row.get("peer s"),
                   value=row.get("peer / ours"),
                   aim=RUNTIME if row["peer"] == "brian2-runtime" else None)
    for row in stored("start_up", folder)["rows"]:
        aim = COLD.get(row["model"])
        yield Line("start", row["model"], PEERS.get(row["peer"] or "", ""), row["ours s"], row.get("peer s"),
                   value=row["ours s"] if aim else row.get("peer / ours"), aim=aim, at_most=True,
                   note="the aim is one of seconds" if aim else "")
    yield from creation(stored("synapse_creation", folder)["rows"])
    yield from hundred_million(stored("large", folder)["rows"])
    for row in stored("sweep", folder)["rows"]:
        if row["simulator"] == "brian2":
            ours = next(r for r in stored("sweep", folder)["rows"] if r["simulator"] == "brainsim" and r["jobs"] == 1)
            yield Line("sweep", "100 runs, another constant", PEERS["brian2-runtime"], ours["total s"], row["total s"],
                       value=row["total s"] / ours["total s"], aim=RUNTIME)


def loops(rows: list[dict]) -> Iterator[Line]:
    """Times of the simulation loop; a ratio is missing where the rates of spikes differ."""
    models, peers = [*NAMES, *(f"{m}:{LARGE}" for m in SIZES)], list(PEERS)
    ordered = sorted(rows, key=lambda r: (models.index(r["model"]) if r["model"] in models else 99,
                                          peers.index(r["peer"])))
    for row in ordered:
        hand, ratio = row["peer"] == "by-hand", row["peer / ours"]
        aim = {"brian2-standalone": STANDALONE.get(row["model"].partition(":")[0]), "brian2-runtime": RUNTIME,
               "by-hand": BY_HAND}.get(row["peer"])
        yield Line(f"loop of {row['simulated s']:g} s", title(row["model"]), PEERS[row["peer"]], row["ours s"],
                   row["peer s"],
                   value=1 / ratio if hand and ratio else ratio, aim=aim, at_most=hand, note=row["note"]
                   or ("ours / theirs" if hand else ""))


def creation(rows: list[dict]) -> Iterator[Line]:
    for row in rows:
        what = f"{row['synapses']:.0e} synapses, {row['rule']}".replace("e+0", "0^").replace("e+", "0^")
        both = [row[k] for k in ("brian2-numpy s", "brian2-cython s") if k in row]
        yield Line("creation", what, "Brian 2, the faster target" if both else "", row["brainsim s"],
                   min(both, default=None),
                   value=min(both) / row["brainsim s"] if both else None)
        if "nest s" in row:
            yield Line("creation", what, "NEST", row["brainsim s"], row["nest s"],
                       value=row["nest s"] / row["brainsim s"])
        procedural, lists = "procedural" in row["rule"], "any order" in row["rule"]
        yield Line("memory", what, "Brian 2" if both else "", row["brainsim bytes"], row.get("brian2-cython bytes"),
                   "bytes", value=row["brainsim bytes"],
                   aim=None if lists else PROCEDURAL if procedural else STORED, at_most=True,
                   note="per synapse, at the peak")


def hundred_million(rows: list[dict]) -> Iterator[Line]:
    for row in rows:
        what = f"{row['synapses']/1e6:.0f} million synapses, {row['storage']}"
        yield Line("large", what, "", row["bytes per synapse"], None, "bytes", value=row["bytes per synapse"],
                   aim=PROCEDURAL if row["storage"] == "procedural" else STORED, at_most=True,
                   note="per synapse, at the peak")
        yield Line("large", what, "the estimate", row["peak GB"], row["estimate GB"], "GB",
                   value=row["peak GB"] * 1e9 / 2**30, aim=MACHINE, at_most=True,
                   note=f"GiB; made in {row['connect s'] + row['weights s']:.1f} s")
