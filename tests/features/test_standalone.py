"""Scripts that choose a standalone device run here as they stand; what only a written program can do is refused."""
import os
from collections.abc import Iterator

import numpy as np
import pytest
from brainsim.devices.cpp_standalone.device import CPPStandaloneDevice
from brainsim.devices.device import Device, RuntimeDevice, reinit_devices, reset_device

from brainsim import (
    Network,
    NeuronGroup,
    SpikeMonitor,
    all_devices,
    device,
    get_device,
    ms,
    prefs,
    run,
    seed,
    set_device,
)
from brainsim.compat.messages import catch_logs
from brainsim.errors import Unsupported


@pytest.fixture(autouse=True)
def runtime_afterwards(tmp_path, monkeypatch) -> Iterator[None]:
    """The device of the other tests, a folder of its own, and nothing told yet."""
    monkeypatch.chdir(tmp_path)
    for name in ("cpp_standalone", "cuda_standalone", "genn"):
        all_devices[name]._told = False
    yield
    reinit_devices()
    reset_device("runtime")


def noisy() -> tuple[NeuronGroup, SpikeMonitor]:
    seed(4)
    G = NeuronGroup(5, "dv/dt = (2 - v)/(5*ms) + xi*ms**-0.5 : 1", threshold="v > 1", reset="v = 0", method="euler")
    return G, SpikeMonitor(G)


@pytest.mark.feature("set_device", "standalone programs")
@pytest.mark.parametrize("name", ["cpp_standalone", "cuda_standalone", "genn"])
def test_a_standalone_device_gives_the_results_of_runtime_mode_and_says_so_once(name, target):
    G, M = noisy()
    Network(G, M).run(20 * ms)
    with catch_logs() as caught:
        set_device(name, directory="here")
        set_device(name, directory="here")
    assert [level for level, topic, _ in caught if topic.endswith("standalone_in_process")] == ["WARNING"]
    H, N = noisy()
    Network(H, N).run(20 * ms)
    assert N.num_spikes > 0 and np.array_equal(M.t, N.t) and np.array_equal(G.v, H.v)
    assert not os.listdir(".")


@pytest.mark.feature("standalone: several runs")
def test_several_runs_and_one_build(target):
    set_device("cpp_standalone", build_on_run=False)
    G = NeuronGroup(1, "dv/dt = 1/ms : 1", method="euler")
    net = Network(G)
    net.run(1 * ms)
    G.v = 10
    net.run(2 * ms)
    assert not device.has_been_run
    device.build(directory="output", compile=True, run=True, debug=False)
    assert device.has_been_run and np.allclose(G.v, 12) and device._last_run_time > 0
    assert device._last_run_completed_fraction == 1


@pytest.mark.feature("standalone: several runs")
def test_a_build_too_many_is_refused_as_in_brian():
    set_device("cpp_standalone")
    with pytest.raises(RuntimeError, match="build_on_run=False"):
        device.build()
    set_device("cpp_standalone", build_on_run=False)
    with pytest.raises(TypeError, match="did you mean 'directory'"):
        device.build(directori="x")
    device.build()
    with pytest.raises(RuntimeError, match="device.reinit"):
        device.build()
    with pytest.raises(TypeError, match="no option 'foo'"):
        set_device("cpp_standalone", foo=1)


@pytest.mark.feature("standalone: several simulations")
def test_several_simulations_in_one_script(target):
    found = []
    for k in range(3):
        device.reinit()
        device.activate() if k else set_device("cpp_standalone")
        G = NeuronGroup(1, "dv/dt = k/ms : 1", method="euler")
        run(1 * ms)
        found.append(float(G.v[0]))
        assert device.has_been_run
    assert np.allclose(found, [0, 1, 2])


@pytest.mark.feature("standalone: values before a run")
def test_values_are_known_before_a_run(target):
    set_device("cpp_standalone", build_on_run=False)
    G = NeuronGroup(3, "v : 1")
    G.v = "i**2"
    assert list(G.v) == [0, 1, 4]


@pytest.mark.feature("standalone: folders")
def test_the_folder_of_the_project_is_there_and_empty_after_the_run(tmp_path):
    set_device("cpp_standalone", directory="here")
    assert device.project_dir is None
    Network(NeuronGroup(1, "v : 1")).run(0 * ms)
    assert device.project_dir == str(tmp_path / "here") and os.path.isdir(device.results_dir)
    device.delete(code=False)
    assert not os.listdir(tmp_path)
    device.reinit()
    device.activate(directory=None)
    Network(NeuronGroup(1, "v : 1")).run(0 * ms)
    folder = device.project_dir
    assert os.path.isdir(folder)
    device.delete(force=True)
    assert not os.path.exists(folder)


@pytest.mark.feature("standalone: folders")
def test_a_folder_with_files_of_the_user_is_not_removed(tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "mine.txt").write_text("kept")
    set_device("cpp_standalone", directory="here")
    Network(NeuronGroup(1, "v : 1")).run(0 * ms)
    assert device.project_dir
    device.delete(force=True)
    assert (tmp_path / "here" / "mine.txt").read_text() == "kept"


@pytest.mark.parametrize("call, word", [
    (lambda: device.run(run_args={"G.v": 2}), "net.restore"), (lambda: device.apply_run_args(), "net.restore"),
    (lambda: device.run_args, "net.restore"),
    (lambda: device.build(run_args=["G.v=2"]), "net.restore"), (lambda: device.build(run=False), "leave out run=False"),
    (lambda: device.build(compile=False), "leave out compile=False"),
    (lambda: device.insert_code("main", "x();"), "network_operation"),
    (lambda: set_device("genn", compile=False), "leave out compile=False")])
def test_what_only_a_written_program_can_do_is_refused_with_a_remedy(call, word):
    set_device("cpp_standalone", build_on_run=False)
    with pytest.raises(Unsupported, match=word):
        call()


@pytest.mark.feature("set_device")
def test_scripts_may_ask_which_device_there_is():
    assert isinstance(get_device(), RuntimeDevice)
    set_device("cpp_standalone", build_on_run=False)
    assert get_device() is all_devices["cpp_standalone"] and isinstance(get_device(), Device)
    assert isinstance(get_device(), CPPStandaloneDevice)
    assert get_device().__class__.__name__ == "CPPStandaloneDevice" and not device.build_on_run
    set_device("genn")
    assert type(get_device()).__name__ == "GeNNDevice"


@pytest.mark.feature("threads")
def test_openmp_threads_are_threads_of_the_compiled_target(caplog):
    prefs.devices.cpp_standalone.openmp_threads = 3
    assert prefs.codegen.threads == 3 and "sets prefs.codegen.threads = 3" in caplog.text
    prefs.devices.cpp_standalone.openmp_threads = 0
    assert prefs.codegen.threads == 1
    prefs.codegen.threads = 2
    prefs.devices.cpp_standalone.openmp_threads = 0
    assert prefs.codegen.threads == 2
