"""The import paths of Brian 2: one thin module per path, which hands on names that live elsewhere."""
from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

from brainsim.compat.pickles import teach_python

#: path → names; ``theirs=ours`` where one of ours has another name
PATHS = {
    "only":
    "*",
    "core":
    "",
    "core.base":
    "BrianObject BrianObjectException",
    "core.clocks":
    "Clock BaseClock EventClock defaultclock",
    "core.core_preferences":
    "",
    "core.functions":
    "Function implementation declare_types timestep DEFAULT_FUNCTIONS DEFAULT_CONSTANTS",
    "core.magic":
    "MagicNetwork MagicError magic_network run stop collect store restore start_scope",
    "core.names":
    "Nameable",
    "core.namespace":
    "get_local_namespace DEFAULT_FUNCTIONS DEFAULT_CONSTANTS DEFAULT_UNITS",
    "core.network":
    "Network TextReport profiling_summary scheduling_summary schedule_propagation_offset",
    "core.operations":
    "NetworkOperation network_operation",
    "core.preferences":
    ("prefs brian_prefs BrianPreference PreferenceError BrianGlobalPreferences BrianGlobalPreferencesView "
     "DefaultValidator"),
    "core.spikesource":
    "SpikeSource",
    "core.tracking":
    "Trackable",
    "core.variables":
    "Variable VariableView linked_var",
    "codegen":
    "NumpyCodeObject CythonCodeObject",
    "codegen.codeobject":
    "CodeObject",
    "codegen.runtime":
    "NumpyCodeObject CythonCodeObject",
    "codegen.runtime.cython_rt":
    "CythonCodeObject",
    "codegen.runtime.numpy_rt":
    "NumpyCodeObject",
    "codegen.runtime.GSLcython_rt":
    "IntegrationError",
    "devices":
    "device all_devices get_device set_device seed reset_device RuntimeDevice Device device_module",
    "devices.cpp_standalone":
    "cpp_standalone_device",
    "devices.cpp_standalone.device":
    "CPPStandaloneDevice cpp_standalone_device",
    "devices.device":
    ("device all_devices get_device set_device seed reset_device reinit_devices reinit_and_delete RuntimeDevice Device "
     "runtime_device "
     "CurrentDeviceProxy active_device previous_devices"),
    "equations":
    "Equations EquationError Expression Statements",
    "equations.codestrings":
    "Expression Statements",
    "equations.equations":
    "Equations EquationError",
    "equations.refractory":
    "",
    "equations.unitcheck":
    "check_dimensions check_units_statements",
    "groups":
    "Group VariableOwner CodeRunner NeuronGroup Subgroup",
    "groups.group":
    "Group VariableOwner CodeRunner",
    "groups.neurongroup":
    "NeuronGroup",
    "groups.subgroup":
    "Subgroup",
    "importexport":
    "ImportExport",
    "importexport.dictlike":
    "DictImportExport PandasImportExport",
    "importexport.importexport":
    "ImportExport",
    "input":
    "BinomialFunction PoissonGroup PoissonInput SpikeGeneratorGroup TimedArray",
    "input.binomial":
    "BinomialFunction",
    "input.poissongroup":
    "PoissonGroup",
    "input.poissoninput":
    "PoissonInput",
    "input.spikegeneratorgroup":
    "SpikeGeneratorGroup",
    "input.timedarray":
    "TimedArray",
    "memory":
    "",
    "memory.dynamicarray":
    "DynamicArray DynamicArray1D",
    "monitors":
    "SpikeMonitor EventMonitor StateMonitor PopulationRateMonitor",
    "monitors.ratemonitor":
    "PopulationRateMonitor",
    "monitors.spikemonitor":
    "SpikeMonitor EventMonitor",
    "monitors.statemonitor":
    "StateMonitor",
    "parsing":
    "",
    "parsing.sympytools":
    "str_to_sympy sympy_to_str",
    "random":
    "",
    "spatialneuron":
    "SpatialNeuron Morphology Soma Cylinder Section",
    "spatialneuron.morphology":
    "Morphology Soma Cylinder Section",
    "spatialneuron.spatialneuron":
    "SpatialNeuron",
    "stateupdaters":
    "StateUpdateMethod ExplicitStateUpdater euler exact linear exponential_euler heun independent milstein rk2 rk4 "
    "gsl_rk2 gsl_rk4 gsl_rkf45 gsl_rkck gsl_rk8pd",
    "stateupdaters.GSL":
    "gsl_rk2 gsl_rk4 gsl_rkf45 gsl_rkck gsl_rk8pd",
    "stateupdaters.base":
    "StateUpdateMethod UnsupportedEquationsException extract_method_options",
    "stateupdaters.exact":
    "exact linear independent",
    "stateupdaters.explicit":
    "ExplicitStateUpdater euler heun milstein rk2 rk4",
    "stateupdaters.exponential_euler":
    "exponential_euler",
    "synapses":
    "Synapses",
    "synapses.parse_synaptic_generator_syntax":
    "",
    "synapses.synapses":
    "Synapses",
    "tests":
    "run=test",
    "tests.utils":
    "assert_allclose exc_isinstance",
    "units.unitsafefunctions":
    ("arange linspace where dot diagonal ravel trace ones_like zeros_like ptp sin cos tan sinh cosh tanh arcsin "
     "arccos arctan arcsinh arccosh arctanh exp expm1 exprel log log10 log1p"),
    "utils":
    "",
    "utils.arrays":
    "calc_repeats",
    "utils.environment":
    "running_from_ipython",
    "utils.logger":
    "BrianLogger get_logger catch_logs std_silent LOG_LEVELS",
    "utils.stringtools":
    ("indent deindent word_substitute replace get_identifiers strip_empty_lines stripped_deindented_lines "
     "strip_empty_leading_and_trailing_lines code_representation"),
    "utils.topsort":
    "topsort",
}
#: modules that the star import of Brian 2 gives along with its names
ALONG = ("codegen core devices equations groups importexport monitors spatialneuron stateupdaters synapses units "
         "utils").split()
PYTHON = "functools importlib inspect signal sys threading time".split()
#: packages beside Brian 2 that add a device by being imported
STANDALONE = ("brian2cuda", "brian2genn")
#: modules of ours that lie at the same path as in Brian 2
SAME = ("numpy_", "units", "units.allunits", "units.constants", "units.fundamentalunits", "units.stdunits")


class Path(ModuleType):
    """A module at a path of Brian 2; an unknown name is an `ImportError` that says so."""

    __all__: list[str]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise AttributeError(
            f"brainsim has nothing called '{name}' at the path brian2{self.__name__.removeprefix('brainsim')}: "
            "what lies inside Brian 2 lies elsewhere here, or is not needed")


def _names(word: str) -> tuple[str, str]:
    """Their name and ours: ``theirs=ours``, or one word for both."""
    theirs, _, ours = word.partition("=")
    return theirs, ours or theirs


def lay_paths(find: Callable[[str], Any], public: list[str]) -> None:
    """Make every path importable; ``find`` gives the thing of a name, ``public`` are the names of the star import
    without NumPy's."""
    for path, words in PATHS.items():
        module = Path(f"brainsim.{path}", f"The names that Brian 2 scripts import from brian2.{path}.")
        chosen = {name: name for name in public} if words == "*" else dict(map(_names, words.split()))
        vars(module).update({theirs: find(ours) for theirs, ours in chosen.items()})
        module.__all__ = list(chosen)
        module.__path__ = []
        module.__package__ = module.__name__
        sys.modules[module.__name__] = module
        parent, _, last = module.__name__.rpartition(".")
        vars(sys.modules[parent]).setdefault(last, module)     # ``random`` stays what the star import gives


def stand_in() -> None:
    """In this process ``import brian2``, and its modules, give brainsim."""
    sys.modules["brian2"] = sys.modules["brainsim"]
    for path in (*PATHS, *SAME):
        sys.modules[f"brian2.{path}"] = import_module(f"brainsim.{path}")
    for package in STANDALONE:
        sys.modules[package] = Path(
            package,
            f"Scripts import {package} for the device that it adds to Brian 2; here it is there from the beginning.")
    teach_python()
    ours = sys.modules["brainsim"]
    vars(ours).update({name: import_module(name) for name in PYTHON})
    vars(ours).update(__all__=[*ours.__all__, *ALONG, *PYTHON])
