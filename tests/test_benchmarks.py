"""The table of benchmarks: what an aim compares, when a ratio is withheld, and that the README shows the stored
results."""
import json
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent.parent / "benchmarks"


@pytest.fixture(autouse=True)
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(str(HERE))
    yield
    for name in ("aims", "all", "common", "run_time"):
        sys.modules.pop(name, None)


def run(loop: float, spikes: int) -> dict:
    return {"loop": loop, "spikes": [spikes]}


def test_ratio_is_withheld_when_the_peer_did_something_else():
    from run_time import beside
    same = beside("cuba", "nest", [run(1.0, 20_000)] * 3, [run(3.0, 21_000)] * 3, "1")
    other = beside("cuba", "nest", [run(1.0, 20_000)] * 3, [run(3.0, 12_000)] * 3, "1")
    assert same["peer / ours"] == 3.0 and same["note"] == ""
    assert other["peer / ours"] is None and "12000 with the peer" in other["note"]


def test_few_spikes_may_differ_by_chance():
    from run_time import beside
    assert beside("single", "nest", [run(1.0, 10)], [run(1.0, 17)], "1")["rates agree"]
    assert not beside("single", "nest", [run(1.0, 1000)], [run(1.0, 1700)], "1")["rates agree"]


def test_aims_are_at_least_or_at_most(tmp_path):
    from aims import lines
    row = {"model": "coba_hh", "ours s": 1.0, "simulated s": 1.0, "note": ""}
    rows = [{**row, "peer": "brian2-standalone", "peer s": 5.0, "peer / ours": 5.0},
            {**row, "peer": "by-hand", "peer s": 0.9, "peer / ours": 0.9},
            {**row, "peer": "nest", "peer s": 9.0, "peer / ours": None}]
    (tmp_path / "run_time.json").write_text(json.dumps({"machine": {}, "rows": rows}), "utf-8")
    met = {line.peer: line.met for line in lines(tmp_path)}
    assert met == {"Brian 2 standalone": False, "C++ by hand": True, "NEST": None}


def test_a_peer_that_is_missing_is_skipped_with_a_line(capsys, monkeypatch):
    from argparse import Namespace

    from common import peers_of
    monkeypatch.delenv("NEST_PYTHON", raising=False)
    assert peers_of(Namespace(brian2="no such program", nest=None), ["brian2", "nest"]) == {}
    assert capsys.readouterr().out == ("skipped: brian2 (no such program is no Python that has it)\n"
                                       "skipped: nest (no --nest PYTHON, no NEST_PYTHON)\n")


def test_rows_measured_later_replace_those_of_the_same_name(tmp_path):
    from common import save, stored
    save("x", [{"model": "a", "s": 1}, {"model": "b", "s": 2}], {}, str(tmp_path / "x.json"), key=("model",))
    save("x", [{"model": "b", "s": 3}], {}, str(tmp_path / "x.json"), key=("model",))
    assert [(r["model"], r["s"]) for r in stored("x", tmp_path)["rows"]] == [("a", 1), ("b", 3)]


def test_readme_shows_the_stored_results(tmp_path):
    from aims import lines
    from common import RESULTS
    sys.modules.pop("all", None)
    import all as command
    copy = tmp_path / "README.rst"
    copy.write_text((HERE / "README.rst").read_text("utf-8"), "utf-8")
    command.write(list(lines(RESULTS)), RESULTS, copy)
    assert copy.read_text("utf-8") == (HERE / "README.rst").read_text(
        "utf-8"), "python benchmarks/all.py --report --readme"
