"""Names and import paths of Brian 2 resolve to brainsim's own things."""
from __future__ import annotations

from importlib import import_module

import pytest

import brainsim
from brainsim.compat.paths import PATHS
from brainsim.errors import Unsupported

PUBLIC = """
NeuronGroup Subgroup Synapses PoissonGroup PoissonInput SpikeGeneratorGroup SpatialNeuron Group VariableOwner
CodeRunner SpikeSource linked_var Morphology Soma Cylinder Section StateMonitor SpikeMonitor EventMonitor
PopulationRateMonitor TimedArray BinomialFunction Network MagicNetwork magic_network NetworkOperation
network_operation run stop collect store restore start_scope profiling_summary scheduling_summary Clock defaultclock
Equations Expression Statements StateUpdateMethod ExplicitStateUpdater euler rk2 rk4 heun milstein exponential_euler
exact linear independent gsl_rk2 gsl_rk4 gsl_rkf45 gsl_rkck gsl_rk8pd Function implementation declare_types
DEFAULT_FUNCTIONS DEFAULT_CONSTANTS DEFAULT_UNITS get_local_namespace Quantity Unit DimensionMismatchError check_units
get_dimensions have_same_dimensions device get_device set_device all_devices seed prefs brian_prefs BrianPreference
PreferenceError NumpyCodeObject CythonCodeObject BrianObject BrianObjectException Nameable Trackable MagicError
BrianLogger get_logger std_silent logger ImportExport restore_initial_state test clear_cache check_cache
""".split()


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_is_in_the_star_import(name):
    assert name in brainsim.__all__ and hasattr(brainsim, name)


@pytest.mark.feature("numpy_ and only")
@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_importable(path):
    module = import_module(f"brainsim.{path}")
    for name in module.__all__:
        assert getattr(module, name) is not None


@pytest.mark.feature("numpy_ and only")
def test_one_thing_has_one_identity():
    from brainsim.core.network import Network
    from brainsim.only import NeuronGroup
    assert Network is brainsim.Network and NeuronGroup is brainsim.NeuronGroup


def test_what_is_absent_says_so_when_it_is_used():
    with pytest.raises(Unsupported, match="Soma"):
        brainsim.Soma(diameter=30*brainsim.um)


@pytest.mark.feature("default functions, constants, units")
def test_default_units_are_found_by_name():
    assert brainsim.DEFAULT_UNITS["mV"] is brainsim.mV and "nosuchunit" not in brainsim.DEFAULT_UNITS


def test_names_that_are_not_there_do_not_disturb_other_messages(fresh):
    space: dict = {}
    exec("from brainsim import *\nG = NeuronGroup(1, 'dv/dt = -v/taux : 1')\ntau = 10*ms\nnet = Network(G)", space)
    with pytest.raises(KeyError) as caught:
        exec("net.run(1*ms)", space)
    assert "Unknown name 'taux'" in str(caught.value) and "did you mean 'tau'" in str(caught.value)


def test_a_path_does_not_take_a_name_from_the_star_import():
    import_module("brainsim.random")
    assert callable(brainsim.random) and callable(brainsim.run)


def test_names_inside_brian_that_are_absent_say_so():
    with pytest.raises(AttributeError, match="add_refractoriness.*equations.refractory.*not needed"):
        import_module("brainsim.equations.refractory").add_refractoriness
    with pytest.raises(Unsupported, match="NumPy array"):
        import_module("brainsim.memory.dynamicarray").DynamicArray(3)
