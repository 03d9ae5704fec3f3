"""SymPy is imported only for equations that all need each other, and once: the answer is kept on disk."""
import os
import subprocess
import sys
from pathlib import Path

import pytest
from machine import tree

from brainsim.integrators.store import stored

HERE = Path(__file__).parent
SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from machine import system
from brainsim.integrators.choose import integrate
from brainsim.language.expressions import to_text
update = integrate(system(sys.argv[2]), "exact")
print("sympy" in sys.modules)
print("\\n".join(s.target + " = " + to_text(s.value) for s in update.statements))
"""
COMPARTMENTS = "dx/dt = (y - x - a*x)/tau\ndy/dt = (x - 2*y + z - a*y)/tau\ndz/dt = (y - z - a*z)/tau"


def solve(text, cache):
    environment = os.environ | {"BRAINSIM_CACHE_DIR": str(cache), "PYTHONPATH": str(HERE.parent.parent)}
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(HERE), text], env=environment, capture_output=True,
                          text=True, check=True)
    imported, _, statements = done.stdout.partition("\n")
    return imported == "True", statements


def test_the_second_process_does_not_import_sympy(tmp_path):
    first, statements = solve(COMPARTMENTS, tmp_path)
    second, again = solve(COMPARTMENTS, tmp_path)
    assert (first, second) == (True, False)
    assert statements == again


@pytest.mark.parametrize("text", [
    "dv/dt = (ge + gi - (v - El))/taum\ndge/dt = -ge/taue\ndgi/dt = -gi/taui",
    "dv/dt = (-v - w)/tau\ndw/dt = (a*v - w)/tauw",
])
def test_chains_and_pairs_never_import_sympy(text, tmp_path):
    assert not solve(text, tmp_path)[0]
    assert not list(tmp_path.glob("algebra*"))


def test_statements_do_not_depend_on_the_hash_seed(tmp_path):
    text = "dv/dt = (E*g - v*g + x*k)/tau/c\ndx/dt = (a*b - x*b*a)/c/tau"
    assert len({solve(text, tmp_path)[1] for _ in range(4)}) == 1


def test_an_answer_is_found_once(tmp_path):
    asked = []

    def answer():
        asked.append(1)
        return [(tree("a + 1/b"), tree("-0.1")), (tree("3"),)]

    assert stored("question", answer, tmp_path) == stored("question", answer,
                                                          tmp_path) == [(tree("a + 1/b"), tree("-0.1")), (tree("3"),)]
    assert len(asked) == 1
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("rubbish", ["", "{}", "[1]", '{"question": "question", "answer": [["+*"]]}', "\x00"])
def test_an_unreadable_file_is_replaced(rubbish, tmp_path):
    stored("question", lambda: [], tmp_path)
    file, = tmp_path.rglob("*.json")
    file.write_text(rubbish)
    assert stored("question", lambda: [(tree("x"),)], tmp_path) == [(tree("x"),)]
    assert stored("question", lambda: [], tmp_path) == [(tree("x"),)]


def test_a_folder_that_cannot_be_written_is_only_slower(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert stored("question", lambda: [(tree("x"),)], blocked) == [(tree("x"),)]
