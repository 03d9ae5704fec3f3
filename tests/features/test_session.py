"""Networks, preferences and messages, as scripts use them."""
import gc
import logging
import sys
import types

import numpy as np
import pytest

import brainsim
from brainsim import (
    BrianLogger,
    Equations,
    Function,
    Network,
    NeuronGroup,
    SpikeMonitor,
    Synapses,
    check_cache,
    clear_cache,
    defaultclock,
    device,
    get_device,
    get_logger,
    ms,
    prefs,
    restore_initial_state,
    run,
    second,
    set_device,
    std_silent,
    volt,
)
from brainsim.compat.messages import catch_logs
from brainsim.preferences import PreferenceError
from brainsim.targets.contract import Missing
from brainsim.targets.cython_module import CythonTarget
from brainsim.units import fundamentalunits


@pytest.mark.feature("objects of a network")
def test_objects_of_a_network_are_found_by_name():
    G = NeuronGroup(1, "v : 1", threshold="v > 1", reset="v = 0", name="G")
    M = SpikeMonitor(G, name="M")
    net = Network(G, M)
    assert net["G"] is G and "M" in net and "other" not in net
    assert {"G", "M", "G_spike_thresholder"} <= {o.name for o in net} and len(net) == len(list(net))
    with pytest.raises(KeyError):
        net["other"]
    with pytest.raises(TypeError):
        net[0]
    del net["M"]
    assert "M" not in net
    with pytest.raises(KeyError):
        del net["M"]


@pytest.mark.feature("time of a network")
def test_a_network_has_a_time_that_cannot_be_set():
    net = Network(NeuronGroup(1, "v : 1"))
    assert net.t == 0 * ms
    net.run(1 * ms)
    assert net.t == 1 * ms and net.t_ == 0.001
    with pytest.raises(AttributeError):
        net.t = 0 * ms


@pytest.mark.feature("warning about unused objects")
def test_an_object_that_never_ran_is_told_when_it_goes(told_of_forgotten):
    def forgotten():
        NeuronGroup(1, "v : 1", name="lonely")

    with catch_logs() as caught:
        forgotten()
        gc.collect()
    assert any("lonely" in text and name.endswith("unused_brian_object") for _, name, text in caught)
    with catch_logs() as caught:
        G = NeuronGroup(1, "v : 1")
        Network(G).run(0 * ms)
        del G
        gc.collect()
    assert not caught


@pytest.mark.feature("preferences")
def test_preferences_are_checked_when_they_are_set():
    prefs.codegen.target = "numpy"
    assert prefs["codegen.target"] == "numpy" == prefs.codegen["target"]
    for wrong in ("no.such.name", "codegen.no"):
        with pytest.raises(PreferenceError):
            prefs[wrong] = 1
        with pytest.raises(PreferenceError):
            prefs[wrong]
    with pytest.raises(AttributeError):
        prefs.codegen.nothing
    with pytest.raises(PreferenceError):
        prefs.codegen.target = "fortran"
    prefs.reset_to_defaults()
    assert prefs.codegen.target == "auto" and "codegen.target" in str(prefs)


@pytest.mark.feature("preferences of Brian 2")
def test_preferences_without_a_counterpart_are_known_and_said_to_have_no_effect(caplog):
    prefs.codegen.cpp.extra_compile_args_gcc = ["-O2"]
    prefs.devices.cpp_standalone.run_cmd_unix = "./main -q"
    assert caplog.text.count("no effect") == 2


@pytest.mark.feature("set_device")
def test_runtime_is_the_device_and_unknown_ones_are_refused():
    set_device("runtime")
    assert get_device() is not None and repr(device) == repr(get_device())
    with pytest.raises(KeyError):
        set_device("toaster")


@pytest.mark.feature("cache of compiled code")
def test_the_cache_is_measured_and_emptied(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("BRAINSIM_CACHE_DIR", str(tmp_path))
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "n1.so").write_bytes(bytes(300_000))
    check_cache("cython")
    assert "0.3 MB" in capsys.readouterr().out
    clear_cache("cython")
    assert not list(tmp_path.rglob("*.so"))
    with pytest.raises(ValueError):
        clear_cache("fortran")


@pytest.mark.feature("restore_initial_state")
def test_everything_is_as_after_the_import():
    defaultclock.dt, prefs.codegen.target = 1 * ms, "numpy"
    G = NeuronGroup(1, "n : 1")
    G.run_regularly("n += 1")
    restore_initial_state()
    assert defaultclock.dt == 0.1 * ms and prefs.codegen.target == "auto"
    run(1 * ms)
    assert G.n[0] == 0


@pytest.mark.feature("implementations added later")
def test_an_implementation_takes_the_place_of_the_function(target):
    f = Function(lambda x: 2 * x, arg_units=[1], return_unit=1)
    f.implementations.add_implementation("numpy", lambda x: 3 * x)
    G = NeuronGroup(1, "x : 1")
    G.run_regularly("x = f(1)")
    Network(G).run(0.1 * ms, namespace={"f": f})
    assert f(1) == 2 and G.x[0] == 3


def messages_of(logger: str = "brainsim.script") -> list[str]:
    with catch_logs("DEBUG") as caught:
        log = get_logger(logger)
        log.debug("quiet")
        log.info("middle", "topic_of_the_test")
        log.warn("loud", once=True)
        log.warn("loud", once=True)
    return [text for _, _, text in caught]


@pytest.mark.feature("catch_logs", "std_silent and get_logger")
def test_messages_of_a_script_are_caught_with_level_name_and_text(capsys):
    with catch_logs() as caught:
        get_logger("mine").warn("look", "topic")
        get_logger("mine").info("not at this level")
    assert caught == [("WARNING", "brainsim.mine.topic", "look")]
    assert messages_of() == ["quiet", "middle", "loud"]
    with std_silent():
        print("hidden")
    with std_silent(alwaysprint=True):
        print("shown")
    assert capsys.readouterr().out == "shown\n"


@pytest.mark.feature("levels of messages")
@pytest.mark.parametrize("level, shown", [("debug", 4), ("info", 3), ("warn", 2), ("error", 1)])
def test_the_level_decides_what_is_shown(level, shown, caplog):
    logger = logging.getLogger("brainsim")
    before = logger.level
    try:
        getattr(BrianLogger, f"log_level_{level}")()
        for say in (logger.debug, logger.info, logger.warning, logger.error):
            say("something")
        assert len(caplog.records) == shown
    finally:
        logger.setLevel(before)


@pytest.mark.feature("suppressed messages")
def test_a_topic_can_be_silenced(caplog, monkeypatch):
    monkeypatch.setattr(sys.modules["brainsim.log"], "_SUPPRESSED", set())
    G = NeuronGroup(1, "v : 1")

    def said() -> int:
        caplog.clear()
        Synapses(G, G, "dw/dt = -w/second : 1")
        return caplog.text.count("(clock-driven)")

    assert said() == 1
    BrianLogger.suppress_name("clock_driven")
    assert said() == 0


@pytest.mark.feature("default functions, constants, units")
def test_the_tables_of_the_language_are_dictionaries():
    from brainsim import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS, DEFAULT_UNITS
    assert len(set(DEFAULT_FUNCTIONS) & set(
        "abs arccos arcsin arctan ceil clip cos cosh exp expm1 exprel floor int log log10 log1p poisson rand randn "
        "sign sin sinh "
        "sqrt tan tanh timestep".split())) == 26
    assert DEFAULT_CONSTANTS["pi"] == np.pi and DEFAULT_UNITS["second"] is second and DEFAULT_FUNCTIONS["exp"](0) == 1


@pytest.mark.feature("warning about unused objects")
@pytest.mark.parametrize("use", [
    lambda G: G.v[0], lambda G: G[:1].v[0], lambda G: G.get_states(), lambda G: Network(G).store(),
    lambda G: pytest.raises(KeyError, Network(G).run, 1 * ms),
])
def test_an_object_that_was_read_stored_or_tried_goes_in_silence(told_of_forgotten, use):
    with catch_logs() as caught:
        G = NeuronGroup(1, "dv/dt = -v/nosuch : 1")
        G.v = 3
        use(G)
        del G
        gc.collect()
    assert not caught


@pytest.mark.feature("test()")
def test_the_installation_checks_itself(fresh, capsys):
    assert brainsim.test() is True
    lines = capsys.readouterr().out.split("\n")
    assert [line.split()[0] for line in lines if line] == ["interpreter", "numpy", "cython"]
    assert len({line.split()[1] for line in lines if line}) == 1 and int(lines[0].split()[1]) > 5


@pytest.mark.feature("test()")
def test_the_check_fails_without_a_compiler_and_says_what_would_help(fresh, capsys, monkeypatch):
    monkeypatch.setattr(CythonTarget, "available", lambda self: Missing("There is no C compiler", "install one"))
    assert brainsim.test() is False
    assert "There is no C compiler" in capsys.readouterr().out and prefs.codegen.target == "numpy"


def test_switching_unit_checks_off_is_refused():
    assert fundamentalunits.unit_checking is True
    with pytest.raises(NotImplementedError, match="always checked"):
        fundamentalunits.unit_checking = False
    fundamentalunits.unit_checking = True


def test_variables_answer_what_scripts_ask_them():
    G = NeuronGroup(3, "v : volt\nw = 2*v : volt\nn : integer\nok : boolean\ns : 1 (shared)")
    v = G.variables["v"]
    v.set_value([1, 2, 3])
    assert list(G.v / volt) == [1, 2, 3] and np.array_equal(v.get_value(), [1, 2, 3])
    assert np.array_equal(v.get_value_with_unit(), [1, 2, 3] * volt)
    assert (v.size, v.get_len(), v.unit, v.scalar, v.array, v.dtype_str,
            v.is_integer) == (3, 3, volt, False, True, "float64", False)
    assert G.variables["n"].is_integer and G.variables["ok"].is_boolean and G.variables["s"].scalar
    assert G.variables["s"].size == 1
    assert not G.variables["w"].array
    for name in ("w", "t"):
        with pytest.raises(TypeError, match="stores no values"):
            G.variables[name].get_value()
    with pytest.raises(ValueError, match="has 3 values"):
        v.set_value([1, 2])
    with pytest.raises(ValueError, match="cannot be set"):
        G.variables["i"].set_value(0)


@pytest.mark.feature("typeset equations")
def test_equations_print_a_line_each_in_ipython():
    printed = []
    printer = types.SimpleNamespace(text=printed.append)
    Equations("dv/dt = -v/tau : 1\nw : volt")._repr_pretty_(printer, False)
    assert printed == [str(Equations("dv/dt = -v/tau : 1\nw : volt"))] and printed[0].count("\n") == 1
