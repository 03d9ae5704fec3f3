"""What a script looks at after a run is kept for it: its own text says so."""
from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

MODEL = """
from brainsim import *
P = PoissonGroup(60, 50*Hz)
G = NeuronGroup(60, 'dv/dt = (I - v)/(10*ms) : 1\\nI : 1', method='euler')
other = NeuronGroup(3, 'g : 1')
S = Synapses(P, G, '''dg/dt = -g/(5*ms) : 1 (clock-driven)
I_post = g : 1 (summed)''', on_pre='g += {jump}', method='exact')
S.connect()
{delay}
{before}
run(5*ms)
{after}
print(S.reduction.kind('g'))
"""


def kind(folder: Path, before: str = "", after: str = "", delay: str = "S.delay = 'rand()*ms'", jump: str = "1 + j",
         **files: str) -> str:
    """The class of the state in a script of its own."""
    script = folder / "script.py"
    script.write_text(MODEL.format(delay=delay, before=textwrap.dedent(before), after=textwrap.dedent(after),
                                   jump=jump), encoding="utf-8")
    for name, text in files.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[-2]


@pytest.mark.parametrize("after", ["S.g[:].sum()", "S.g_[3]", "getattr(S, 'g')[:]", "S.get_states()",
                                   "def late(s):\n    return s.g[0]\nlate(S)",
                                   "{'all': S}['all'].g[:]", "S.state('g')[:]"])
def test_a_script_that_reads_a_state_finds_its_values(tmp_path, after):
    assert kind(tmp_path, after=after) == "synapse"


def test_values_that_the_synapses_of_a_source_share_can_be_read_from_there(tmp_path):
    assert kind(tmp_path, delay="", jump="1", after="S.g[:]") == "pre"
    assert kind(tmp_path, jump="1", after="S.g[:]") == "pre (delayed)"


@pytest.mark.parametrize("text", ["", "other.g[:]", "S.g = 0", "x = 'dg/dt'"])
def test_a_script_that_does_not_read_it_gets_the_sum(tmp_path, text):
    assert kind(tmp_path, before=text) == "post (sum)"


def test_modules_beside_the_script_are_read_too(tmp_path):
    assert kind(tmp_path, before="import look", after="look.at(S)", look="def at(s):\n    return s.g[:]\n") == "synapse"
