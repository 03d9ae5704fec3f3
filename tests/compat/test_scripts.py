"""A script for Brian 2 runs unmodified, in a process of its own."""
from __future__ import annotations

import json
import subprocess
import sys

import pytest

import brainsim
from brainsim.__main__ import main

SCRIPT = """
import brian2
import brian2.numpy_ as np
from brian2 import *
from brian2.core.network import TextReport
from brian2.units.allunits import mvolt2
from brian2.units.constants import faraday_constant
from brian2.utils.logger import catch_logs
prefs.codegen.target = 'numpy'
G = NeuronGroup(2, 'dv/dt = -v/tau : 1', method=euler)
tau = 1*ms
G.v = 1
with catch_logs() as caught:
    run(0.1*ms)
print(__name__, brian2.__name__, sys.argv[1:], G.v[:], caught)
"""


def run(tmp_path, text, *words):
    script = tmp_path / "script.py"
    script.write_text("import sys\n" + text)
    return subprocess.run([sys.executable, "-m", "brainsim", "run", str(script), *words], capture_output=True,
                          text=True)


def test_an_unmodified_script_runs(tmp_path):
    done = run(tmp_path, SCRIPT, "a", "b")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "__main__ brainsim ['a', 'b'] [0.9 0.9] []"


def notebook(tmp_path, *cells):
    path = tmp_path / "course.ipynb"
    made = [{"cell_type": kind, "source": text.splitlines(keepends=True)} for kind, text in cells]
    path.write_text(json.dumps({"cells": made, "nbformat": 4, "metadata": {}}))
    return subprocess.run([sys.executable, "-m", "brainsim", "run", str(path)], capture_output=True, text=True)


def test_the_code_cells_of_a_notebook_run_in_order_without_magics(tmp_path):
    done = notebook(
        tmp_path, ("markdown", "# Not code"),
        ("code", "%matplotlib inline\nfrom brian2 import *\nimport pickle\nprefs.codegen.target = 'numpy'\n"
                 "if True:\n    !pip list\nrun?"),
        ("code", "%%time\nG = NeuronGroup(1, 'dv/dt = -v/tau : 1', method='euler')\ntau = 1*ms\nG.v = 1\n"
                 "run(0.1*ms)\nG.v"),
        ("code", "%%bash\nnot python"), ("code", "get_ipython().run_line_magic('matplotlib', 'inline')\ndef f(): pass\n"
                                                 "pickle.dumps(f)\nimport inspect\n"
                                                 "assert 'def f' in inspect.getsource(f)"),
        ("code", "display(G.v[0], '%s'\n        % __name__)"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "0.9 __main__"
    for left_out in ("%matplotlib inline is left out", "!pip list is left out", "run? is left out",
                     "%%time is left out", "and its cell with it"):
        assert left_out in done.stderr


def test_an_error_names_the_cell_and_its_line(tmp_path):
    done = notebook(tmp_path, ("code", "x = 1"), ("code", "%time\n1/0"))
    assert done.returncode == 1 and 'File "course.ipynb, cell 2", line 2' in done.stderr


def test_what_is_no_notebook_is_refused(tmp_path):
    (tmp_path / "a.ipynb").write_text("{}")
    done = subprocess.run([sys.executable, "-m", "brainsim", "run", str(tmp_path / "a.ipynb")], capture_output=True,
                          text=True)
    assert done.returncode == 1 and "'a.ipynb' is not a notebook that can be read" in done.stderr


def test_a_script_written_from_a_notebook_runs(tmp_path):
    done = run(tmp_path, "get_ipython().run_line_magic('matplotlib', 'inline')\nget_ipython().magic('time x')\n"
                         "get_ipython().system('ls')\ndisplay(3)")
    assert done.returncode == 0 and done.stdout == "3\n" and done.stderr.count("is left out") == 3


@pytest.mark.parametrize("package, name", [("brian2cuda", "cuda_standalone"), ("brian2genn", "genn")])
def test_packages_that_add_a_device_are_there(tmp_path, package, name):
    done = run(tmp_path, f"from brian2 import *\nimport {package}\nset_device('{name}', "
                         f"use_GPU=False)\nprint(type(get_device()).__name__)")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in ("CUDAStandaloneDevice", "GeNNDevice") and "this process" in done.stderr


def test_modules_come_along_with_the_star(tmp_path):
    done = run(tmp_path, "from brian2 import *\ncodegen.target = 'numpy'\nbegin = time.time()\n"
                         "print(core.__name__, time.time() >= begin, in1d([1, 5], [5]), trapz([1, 3]))")
    assert done.stdout.strip() == "brainsim.core True [False  True] 2.0", done.stderr


def test_a_path_that_is_not_there_is_an_import_error(tmp_path):
    done = run(tmp_path, "from brian2.hears import Sound")
    assert done.returncode == 1 and "brian2.hears" in done.stderr


def test_a_name_that_is_not_there_is_an_import_error(tmp_path):
    done = run(tmp_path, "from brian2.core.variables import ArrayVariable")
    assert done.returncode == 1 and "ArrayVariable" in done.stderr


@pytest.mark.parametrize("words", [[], ["walk", "x.py"], ["run"], ["run", "no_such_script.py"]])
def test_without_a_script_the_usage_is_shown(words, capsys):
    assert main(words) == 2
    assert "usage" in capsys.readouterr().err


def test_without_the_command_brian2_is_not_replaced():
    assert "brian2" not in sys.modules or sys.modules["brian2"].__name__ == "brian2"


def test_help_and_version_are_shown(capsys):
    for words in (["--help"], ["run", "--help"]):
        assert main(words) == 0
        shown = capsys.readouterr().out
        assert "run" in shown and "Brian 2 script" in shown and len(shown.splitlines()) > 4
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"brainsim {brainsim.__version__}\n"


@pytest.mark.parametrize("text", ["1/0", "from brian2 import *\nrun(-1*ms)"])
def test_the_traceback_of_a_script_begins_with_its_own_line(tmp_path, text):
    done = run(tmp_path, text)
    first = next(line for line in done.stderr.splitlines() if line.startswith("  File "))
    assert done.returncode == 1 and "script.py" in first and "runpy" not in done.stderr
    assert "__main__.py" not in done.stderr


def test_an_exit_status_of_a_script_is_that_of_the_command(tmp_path):
    assert run(tmp_path, "sys.exit(3)").returncode == 3
