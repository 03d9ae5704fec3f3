"""The plain C under every network: each header stands alone, and a program without Python runs kernels by their
table."""
from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from brainsim import Function, Network, NeuronGroup, SpikeMonitor, Synapses, ms, prefs
from brainsim.targets.compiler import Compiler, find_compiler
from brainsim.targets.cython_module import FIELDS, HEADERS
from brainsim.targets.templates import folder

compiler = find_compiler()
pytestmark = pytest.mark.skipif(not isinstance(compiler, Compiler), reason="no C compiler")

STRICT = ["-std=gnu11", "-Wall", "-Wextra", "-Werror"]

PROGRAM = """
#include <stdio.h>
#include <string.h>
#include "schedule.h"

/* Two clocks, the second at half the speed; a kernel that appends, one that counts, and one of Python's. */
static int64_t count[1], capacity[1] = {3}, slots[1] = {1}, step[2], end[2] = {6, 3}, sizes[1] = {2};
static int64_t *counts[1] = {count};
static double dt[2] = {1e-3, 2e-3}, *times[2], settled[1];
static uint8_t due[2];

static void append(BsTable *T, int64_t part, int64_t parts) { (void)part; (void)parts; T->queue_count[0][0] += 2; }
static int64_t two(const BsTable *T) { return T->sizes[0]; }
static void slow(BsTable *T, int64_t part, int64_t parts) {
    (void)part; (void)parts;
    printf("slow %d\\n", (int)T->step[0]);
}
static void settle(BsTable *T) { T->steady[0] += 1; }

static const BsKernel bs_kernels[] = {
    {.run = append, .clock = 0, .extent = two, .work = 10, .room = (const BsRoom[]){{0, 1}}, .rooms = 1},
    {.clock = 1},
    {.run = slow, .clock = 1},
};
static int tick(BsTable *T, BsTeam *team) {
    BS_BEGIN_STEPS
    BS_STEP(0)
    BS_STEP(1)
    BS_STEP(2)
    BS_END_STEPS
}
static const BsModel model = {bs_kernels, 3, tick, settle, NULL};

int main(void) {
    BsTable T = {.sizes = sizes, .queue_count = counts, .queue_capacity = capacity, .queue_slots = slots, .step = step,
                 .end = end, .dt = dt, .due = due, .clocks = 2, .cursor = -1, .threads = 1, .times = times,
                 .steady = settled};
    for (;;) {
        const int why = bs_advance(&model, &T, 2);
        if (why == BS_DONE) break;
        if (why == BS_BUDGET) printf("budget %d\\n", (int)T.step[0]);
        if (why == BS_HOST) printf("python %d\\n", (int)T.kernel);
        if (why == BS_ROOM) { printf("room %d\\n", (int)T.wanted); capacity[0] = 100; }
    }
    printf("%d events, settled %g times\\n", (int)count[0], settled[0]);
    return 0;
}
"""


@pytest.mark.parametrize("more", [[], ["-DBS_NO_THREADS"], ["-DBRAINSIM_FAST"]], ids=" ".join)
@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("before", ["", "#include <stdio.h>\n"], ids=["first", "after others"])
def test_a_header_stands_alone(before, header, more, tmp_path):
    (tmp_path / "alone.c").write_text(f'{before}#include "{header}"\n')
    check([*STRICT, *more, "-Wno-unused-function", "-fsyntax-only", f"-I{folder() / 'c'}", "alone.c"], tmp_path)


def test_a_program_without_python_advances_a_network(tmp_path):
    (tmp_path / "main.c").write_text(PROGRAM)
    check([*STRICT, "-Wno-unused-function", f"-I{folder() / 'c'}", "main.c", "-o", "main", "-lm", "-pthread"], tmp_path)
    done = subprocess.run([str(tmp_path / "main")], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == [
        "python 1", "slow 0", "room 4", "python 1", "slow 2", "budget 4", "python 1", "slow 4",
        "12 events, settled 6 times", ""]


def test_python_writes_the_fields_that_c_reads(tmp_path):
    lines = [f'_Static_assert(offsetof(BsTable, {field}) == {8 * n}, "{field}");' for n, field in enumerate(FIELDS)]
    (tmp_path / "fields.c").write_text("\n".join(['#include <stddef.h>', '#include "table.h"', *lines]) + "\n")
    check([*STRICT, "-fsyntax-only", f"-I{folder() / 'c'}", "fields.c"], tmp_path)


@pytest.mark.skipif(find_spec("ziglang") is None, reason="no compiler for other machines")
@pytest.mark.parametrize("machine", ["wasm32-wasi", "aarch64-linux-gnu", "x86_64-windows-gnu"])
def test_the_text_of_a_network_is_legal_on_other_machines(machine, fresh, tmp_path):
    prefs.codegen.target, prefs.codegen.math = "cython", "strict"
    G = NeuronGroup(2, "dv/dt = (2 - v)/(10*ms) + xi*ms**-0.5 : 1", threshold="v > 1", reset="v = 0", name="G")
    S = Synapses(G, G, "w : 1", on_pre="v_post += exp(w)", name="S")
    S.connect()
    net = Network(G, S, SpikeMonitor(G))
    net.run(0.1 * ms)
    (tmp_path / "network.c").write_text(net.explain("source"))
    (tmp_path / "brainsim").symlink_to(folder() / "c")
    more = ["-DBS_NO_THREADS"] if machine.startswith("wasm") else []
    done = subprocess.run([sys.executable, "-m", "ziglang", "cc", "-target", machine, *STRICT, *more,
                           "-Wno-unused-function", "-Wno-unused-parameter", "-Wno-unused-variable", "-c", "network.c",
                           "-o", "network.o"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", "settle tick model kernels join begin_tick fullest table team shared pace".split())
def test_a_function_of_the_users_in_c_may_have_any_name_of_a_scheduler(name, fresh):
    function = Function(None, arg_units=[1], return_unit=1)
    function.implementations.add_implementation("c", f"double {name}(double x) {{ return 7*x; }}")
    prefs.codegen.target = "cython"
    G = NeuronGroup(2, "x : 1", namespace={name: function}, name="G")
    G.x = 3
    G.run_regularly(f"x = {name}(x)")
    Network(G).run(0.1 * ms)
    assert list(G.x[:]) == [21, 21]


def check(arguments: list[str], where: Path) -> None:
    """Run the compiler; what it says is the test's message."""
    assert isinstance(compiler, Compiler)
    done = subprocess.run([*compiler.command, *arguments], cwd=where, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
