"""The log file of a script, in a process of its own: what is in it, and when it stays."""
from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from brainsim import BrianLogger, NeuronGroup, ms, prefs, run
from brainsim.preferences import PreferenceError


def logged(tmp_path: Path, text: str) -> tuple[subprocess.CompletedProcess[str], list[Path]]:
    """A script that runs with a temporary folder of its own; what it left there."""
    script, folder = tmp_path / "script.py", tmp_path / "temporary"
    folder.mkdir()
    script.write_text("from brainsim import *\n" + text)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True,
                          env={**os.environ, "TMPDIR": str(folder)})
    return done, sorted(p for p in folder.iterdir() if p.name.startswith(("brainsim_debug", "brainsim_script")))


@pytest.mark.feature("log file")
def test_without_the_preference_there_is_no_file(tmp_path):
    done, left = logged(tmp_path, "print(BrianLogger.tmp_log, prefs.logging.file_log)\n1/0")
    assert done.stdout == "None False\n" and not left and "log file" not in done.stderr


@pytest.mark.feature("log file")
def test_file_and_script_are_there_during_the_run_and_gone_after_it(tmp_path):
    done, left = logged(tmp_path, "prefs.logging.file_log = True\nget_logger('mine').debug('whispered', 'aside')\n"
                                  "BrianLogger.file_handler.flush()\n"
                                  "print(open(BrianLogger.tmp_log).read(), open(BrianLogger.tmp_script).read())")
    assert done.returncode == 0 and "DEBUG      brainsim.mine.aside: whispered" in done.stdout
    assert "from brainsim import *" in done.stdout
    assert "whispered" not in done.stderr and not left


@pytest.mark.feature("log file")
def test_a_script_that_fails_leaves_both_and_says_where(tmp_path):
    done, left = logged(tmp_path, "prefs.logging.file_log = True\n1/0")
    assert [p.suffix for p in left] == [".log", ".py"] and str(left[0]) in done.stderr and str(left[1]) in done.stderr
    assert "ZeroDivisionError" in left[0].read_text() and "ZeroDivisionError" in done.stderr


@pytest.mark.feature("log file")
def test_the_file_stays_where_that_is_wanted(tmp_path):
    done, left = logged(tmp_path, "prefs.logging.delete_log_on_exit = False\nprefs.logging.save_script = False\n"
                                  "prefs.logging.file_log_level = 'WARNING'\n"
                                  "prefs.logging.file_log = True\nprint(BrianLogger.tmp_script)\nlogger.warn('loud')\n"
                                  "logger.info('quiet')")
    assert done.stdout == "None\n" and len(left) == 1 and "loud" in left[0].read_text()
    assert "quiet" not in left[0].read_text()
    assert "quiet" in done.stderr


@pytest.mark.feature("log file", "levels of messages")
def test_levels_of_screen_and_file_are_apart(fresh, capsys):
    logger = logging.getLogger("brainsim")
    before = logger.level
    prefs.logging.file_log = True
    try:
        BrianLogger.log_level_error()
        G = NeuronGroup(1, "dv/dt = -v/(10*ms) : 1")
        run(0.1 * ms)
        assert G.v[0] == 0
        assert "method" in Path(BrianLogger.tmp_log).read_text() and "method" not in capsys.readouterr().err
        path = BrianLogger.tmp_log
        BrianLogger.log_level_info()
    finally:
        prefs.logging.file_log = False
    assert not os.path.exists(path) and BrianLogger.tmp_log is None and logger.level == before
    with pytest.raises(PreferenceError):
        prefs.logging.file_log_level = "LOUD"
