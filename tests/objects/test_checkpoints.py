"""Checkpoints in files: what comes back, on which target, what is refused, and that a killed process loses nothing."""
from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brainsim import (
    Clock,
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    ms,
    prefs,
    seed,
    start_scope,
)
from brainsim.errors import NotStored, WrongState


@pytest.fixture(autouse=True)
def on_numpy() -> None:
    prefs.codegen.target = "numpy"


def network(storage: str = "stored", n: int = 6, connected: bool = True) -> Network:
    """Poisson input, delays that differ, noise, records, clocks of its own; ``connected``: synapses are made."""
    start_scope()
    P = PoissonGroup(n, 600 * Hz, name="P")
    G = NeuronGroup(n, "dv/dt = -v/(5*ms) + 0.1*xi*ms**-0.5 : 1\nk : integer", threshold="v > 1", reset="v = 0",
                    refractory=0.5 * ms, method="euler", name="G")
    G.run_regularly("k += 1", dt=0.3 * ms, name="count")
    S = Synapses(P, G, "w : 1", on_pre="v_post += w", name="S", **({"delay": 1 * ms} if storage != "stored" else {}))
    if connected:
        S.connect(p=0.7, storage=storage)
        S.w = "0.3 + 0.2*rand() + 0.01*i"
        if storage == "stored":
            S.delay = "(0.2 + 0.3*i)*ms"
    return Network(P, G, S, SpikeMonitor(G, name="M"), StateMonitor(G, "v", record=[0, 2], dt=0.2 * ms, name="V"))


def values(net: Network) -> dict[str, Any]:
    S = net["S"]
    return {"v": net["G"].v[:], "k": net["G"].k[:], "w": np.asarray(S.w[:]), "i": S.i[:], "j": S.j[:],
            "delay": np.asarray(S.delay[:]), "spikes": net["M"].i[:], "times": net["M"].t_[:], "record": net["V"].v[:],
            "steps": net["V"].t_[:], "t": net.t_}


def same(a: dict[str, Any], b: dict[str, Any]) -> None:
    for name in a:
        np.testing.assert_allclose(b[name], a[name], rtol=1e-9, atol=1e-12, err_msg=name)


def continued(path: Path, write: str, read: str, storage: str = "stored") -> None:
    """A run of 3.3 ms stored on one target goes on for 4 ms on another as it would have gone on."""
    prefs.codegen.target = write
    seed(3)
    net = network(storage)
    net.run(3.3 * ms)
    net.store(filename=path)
    net.run(4 * ms)
    expected = values(net)
    del net
    prefs.codegen.target = read
    seed(8)
    other = network(storage, connected=False) if storage == "stored" else network(storage)
    other.restore(filename=path, restore_random_state=True)
    other.run(4 * ms)
    same(expected, values(other))
    assert len(expected["spikes"]) > 3


@pytest.mark.parametrize("storage", ["stored", "procedural"])
def test_another_network_goes_on_as_the_one_that_was_stored(tmp_path: Path, storage: str) -> None:
    continued(tmp_path / "kept", "numpy", "numpy", storage)


@pytest.mark.parametrize(("write", "read"), [("cython", "numpy"), ("cython", "jax"), ("jax", "cython")])
def test_a_file_is_the_same_on_every_target(tmp_path: Path, write: str, read: str) -> None:
    continued(tmp_path / "kept", write, read)


def test_states_kept_as_sums_come_back(tmp_path: Path) -> None:
    def made() -> Network:
        start_scope()
        seed(4)
        P = PoissonGroup(40, 200 * Hz, name="P")
        G = NeuronGroup(40, "dv/dt = (0.1*I - v)/(10*ms) : 1\nI : 1", method="euler", name="G")
        S = Synapses(P, G, "dg/dt = -g/tau : 1 (clock-driven)\nw : 1\nI_post = c*w*g : 1 (summed)", on_pre="g += 1",
                     method="exact", name="S", namespace={"tau": 5 * ms, "c": 2.0})
        S.connect()
        S.w = "1 + i + 0.1*j"
        S.delay = "((7*i + j) % 11)*0.1*ms"
        return Network(P, G, S)

    net = made()
    net.run(5 * ms)
    assert "sum" in str(net["S"].reduction)
    net.store(filename=tmp_path / "kept")
    net.run(5 * ms)
    expected = net["G"].v[:]
    del net
    net = made()
    net.restore(filename=tmp_path / "kept", restore_random_state=True)
    net.run(5 * ms)
    np.testing.assert_allclose(net["G"].v[:], expected, rtol=1e-9)
    assert expected.any()


def test_rates_and_what_is_active_come_back(tmp_path: Path) -> None:
    P = PoissonGroup(3, [1, 2, 3] * Hz, name="P")
    G = NeuronGroup(2, "v : 1", threshold="v > 1", name="G")
    net = Network(P, G, SpikeMonitor(G, name="M"))
    G.active = False
    net["M"].active = False
    net.store(filename=tmp_path / "kept")
    P.rates, G.active, net["M"].active = 5 * Hz, True, True
    net.restore(filename=tmp_path / "kept")
    assert (list(P.rates / Hz), G.active, G.thresholder["spike"].active, net["M"].active) == (
        [1, 2, 3], False, False, False)


def test_clocks_and_parts_come_back_whatever_else_is_alive(tmp_path: Path) -> None:
    def made() -> Network:
        start_scope()
        G = NeuronGroup(1, "n : 1", clock=Clock(0.5 * ms), name="G")
        G.run_regularly("n += 1")
        G.run_regularly("n += 0")
        return Network(G)

    net = made()
    net.run(2 * ms)
    net.store(filename=tmp_path / "kept")
    other = made()     # while the old one is alive: its clock has another name
    assert other["G"].clock.name != net["G"].clock.name
    other.restore(filename=tmp_path / "kept")
    other.run(1 * ms)
    assert (other["G"].n[0], other["G"].clock.step) == (6, 6)


def test_several_names_in_one_file_stay(tmp_path: Path) -> None:
    G = NeuronGroup(1, "x : 1", name="G")
    net = Network(G)
    for k, name in enumerate(("a", "a/b", "../c", "ä b")):
        G.x = k
        net.store(name, filename=tmp_path / "kept")
    G.x = 9
    net.store("a", filename=tmp_path / "kept")
    found = {}
    for name in ("a", "a/b", "../c", "ä b"):
        net.restore(name, filename=tmp_path / "kept")
        found[name] = G.x[0]
    assert found == {"a": 9, "a/b": 1, "../c": 2, "ä b": 3}
    assert os.listdir(tmp_path) == ["kept"]


def test_numpy_and_json_read_the_file(tmp_path: Path) -> None:
    G = NeuronGroup(2, "x : 1", name="G")
    G.x = [1, 2]
    Network(G).store(filename=tmp_path / "kept")
    with np.load(tmp_path / "kept", allow_pickle=False) as found:
        assert list(found["default/objects/G/arrays/G.x"]) == [1, 2]
        words = json.loads(found["checkpoint.json"])
    assert (words["format"], words["version"]) == ("brainsim checkpoint", 1)


# -- what is refused ---------------------------------------------------------------------------------------------------
def stored(path: Path, **change: object) -> Network:
    """A network whose file is there, with some words of the file changed."""
    net = Network(NeuronGroup(2, "x : 1", name="G"))
    net.store(filename=path)
    if change:
        with zipfile.ZipFile(path) as file:
            every = {name: file.read(name) for name in file.namelist()}
        every["checkpoint.json"] = json.dumps(json.loads(every["checkpoint.json"]) | change).encode()
        with zipfile.ZipFile(path, "w") as file:
            for name, content in every.items():
                file.writestr(name, content)
    return net


DAMAGED: dict[str, Callable[[Path], object]] = {
    "empty": lambda p: p.write_bytes(b""),
    "garbage": lambda p: p.write_bytes(bytes(range(100))),
    "list": lambda p: p.write_text("[1, 2]"),
    "cut": lambda p: p.write_bytes(p.read_bytes()[:-40]),
    "one byte": lambda p: p.write_bytes(p.read_bytes().replace(np.arange(2.0).tobytes(), np.ones(2).tobytes(), 1)),
    "another zip": lambda p: np.savez(p.open("wb"), a=np.zeros(1)),
    "other words": lambda p: stored(p, stored={"default": {"is": "os.system", "command": "true"}}),
    "half": lambda p: stored(p, stored={"default": {"map": {"t": 0}}}),
    "no words": lambda p: stored(p, stored=[]),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "kept"
    net = stored(path)
    net["G"].x = [0, 1]
    net.store(filename=path)
    DAMAGED[damage](path)
    net["G"].x = 7
    with pytest.raises(WrongState, match=f"'{path}' is no checkpoint of a network, or is damaged"):
        net.restore(filename=path)
    assert list(net["G"].x) == [7, 7]


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    net = Network(NeuronGroup(2, "x : 1", name="G"))
    with pytest.raises(FileNotFoundError, match="There is no file"):
        net.restore(filename=tmp_path / "none")
    with pytest.raises(OSError, match="cannot be read"):
        net.restore(filename=tmp_path)
    with pytest.raises(OSError, match="cannot be written|cannot be read"):
        net.store(filename=tmp_path)
    with pytest.raises(OSError, match="cannot be written"):
        net.store(filename=tmp_path / "no" / "such" / "place")


def test_another_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongState, match="another version of the format\n.*2, and this brainsim reads 1"):
        stored(tmp_path / "kept", version=2).restore(filename=tmp_path / "kept")


@pytest.mark.parametrize("other", [
    lambda: NeuronGroup(2, "y : 1\nz : 1", name="G"), lambda: NeuronGroup(2, "x : 1\ny : 1", name="G"),
    lambda: NeuronGroup(2, "x : volt\nz : 1", name="G"), lambda: NeuronGroup(3, "x : 1\nz : 1", name="G")])
def test_a_checkpoint_of_other_variables_changes_nothing(tmp_path: Path, other: Callable[[], NeuronGroup]) -> None:
    H = NeuronGroup(1, "h : 1", name="A")
    net = Network(H, NeuronGroup(2, "x : 1\nz : 1", name="G"))
    net.run(1 * ms)
    H.h = 5
    net.store(filename=tmp_path / "kept")
    twin = Network(NeuronGroup(1, "h : 1", name="A"), other())
    with pytest.raises(WrongState, match="than when it was stored"):
        twin.restore(filename=tmp_path / "kept")
    assert (twin["A"].h[0], twin.t_) == (0, 0)


def test_a_checkpoint_of_other_objects_changes_nothing(tmp_path: Path) -> None:
    net = Network(NeuronGroup(1, "x : 1", name="A"), NeuronGroup(1, "x : 1", name="B"))
    net["A"].x = 3
    net.store(filename=tmp_path / "kept")
    twin = Network(NeuronGroup(1, "x : 1", name="A"), NeuronGroup(1, "x : 1", name="C"))
    with pytest.raises(NotStored):
        twin.restore(filename=tmp_path / "kept")
    assert twin["A"].x[0] == 0


def test_synapses_of_neurons_that_there_are_not(tmp_path: Path) -> None:
    def made(n: int) -> Network:
        H = NeuronGroup(n, "x : 1", threshold="x > 1", name="H")
        S = Synapses(H, H, on_pre="x += 1", name="S")
        S.connect()
        return Network(S)

    net = made(4)
    net.store(filename=tmp_path / "kept")
    with pytest.raises(WrongState, match="S joins fewer neurons than when it was stored"):
        made(3).restore(filename=tmp_path / "kept")


# -- files of earlier versions -----------------------------------------------------------------------------------------
class Trap:
    """What a pickle runs when it is read."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("trap",)


def test_a_pickle_is_read_by_an_explicit_word_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    G = NeuronGroup(1, "x : 1", name="G")
    net = Network(G)
    G.x = 4
    found = net.snapshot()
    found["clocks"] = {G.clock.name: found["clocks"]["G"]}
    for o in found["objects"].values():
        o.pop("active"), o.pop("variables", None)
    Path("old").write_bytes(pickle.dumps({"default": found, "trap": Trap()}))
    G.x = 0
    for use in (net.restore, net.store):
        with pytest.raises(WrongState, match="is a pickle.*\n.*trusted_pickle=True"):
            use(filename="old")
    assert not Path("trap").exists() and G.x[0] == 0
    net.restore(filename="old", trusted_pickle=True)
    assert Path("trap").exists() and G.x[0] == 4


# -- killed ------------------------------------------------------------------------------------------------------------
SCRIPT = """
    import sys
    from brainsim import *
    prefs.codegen.target = 'numpy'
    G = NeuronGroup(200_000, 'x : 1', name='G')
    net = Network(G)
    net.store('first', filename=sys.argv[1])
    k = 0
    while True:
        k += 1
        G.x = k
        net.store('last', filename=sys.argv[1])
        print(k, flush=True)
"""


def test_a_process_killed_while_it_stores_leaves_a_whole_file(tmp_path: Path) -> None:
    path, script = tmp_path / "kept", tmp_path / "storing.py"
    script.write_text(textwrap.dedent(SCRIPT))
    for k in range(3):
        process = subprocess.Popen([sys.executable, script, path], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None and process.stdout.readline() == "1\n"
        time.sleep(0.1 + 0.037 * k)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        net = Network(NeuronGroup(200_000, "x : 1", name="G"))
        net.restore("first", filename=path)
        assert not net["G"].x[:].any()
        net.restore("last", filename=path)
        assert net["G"].x[0] >= 1 and (net["G"].x[:] == net["G"].x[0]).all()


def test_a_store_that_fails_leaves_the_earlier_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = stored(tmp_path / "kept")
    before = (tmp_path / "kept").read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device\n.*still there"):
        net.store(filename=tmp_path / "kept")
    assert (tmp_path / "kept").read_bytes() == before and os.listdir(tmp_path) == ["kept"]
