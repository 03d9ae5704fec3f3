"""Every public name of Brian 2 that is not one of brainsim's own: `NAMES` joins the star import, `SEMI_PUBLIC` is for
import paths."""
from __future__ import annotations

from typing import Any

from brainsim import errors, options, preferences, units
from brainsim.compat import absent, housekeeping, messages, methods, parsing, self_check, strings, testing
from brainsim.language import code_strings
from brainsim.objects.groups import group, named, variables
from brainsim.objects.groups.clock import BaseClock
from brainsim.objects.names import functions
from brainsim.objects.network import devices, magic, network, profile, standalone
from brainsim.objects.neurons import spike_sources as inputs
from brainsim.runtime import progress
from brainsim.units.dimensions import DIMENSIONLESS, Dimension


class Trackable:
    """In Brian 2 the base of objects that can be counted; nothing here depends on it."""


class CodeObject:
    """In Brian 2 a compiled piece; here whole networks are compiled, and these are only names of targets."""

    class_name = ""


class NumpyCodeObject(CodeObject):
    """The target 'numpy'."""

    class_name = "numpy"


class CythonCodeObject(CodeObject):
    """The target 'cython'."""

    class_name = "cython"


class CodeRunner(group.RunRegularly):
    """Statements that run on every element of a group: what `Group.run_regularly` makes, under Brian 2's name and
    arguments."""

    def __init__(self, owner: group.Group, template: str = "stateupdate", code: str = "", user_code: str | None = None,
                 dt: object = None, clock: BaseClock | None = None, when: str = "start", order: int = 0,
                 name: str = "coderunner*"):
        if template != "stateupdate":
            raise errors.Unsupported(f"There is no template '{template}'",
                                     help="'stateupdate': statements for every element")
        super().__init__(owner, code, dt=dt, clock=clock, when=when, order=order, name=name)


NAMES: dict[str, Any] = {
    **absent.ABSENT,
    **{
        n: getattr(methods, n) for n in ("StateUpdateMethod ExplicitStateUpdater euler exact linear exponential_euler "
                                         "heun independent milstein rk2 rk4 "
                                         "gsl_rk2 gsl_rk4 gsl_rkf45 gsl_rkck gsl_rk8pd").split()
    },
    **{n: getattr(functions, n) for n in ("Function", "implementation", "declare_types", "BinomialFunction")},
    **{
        n: getattr(housekeeping, n) for n in ("DEFAULT_CONSTANTS DEFAULT_FUNCTIONS DEFAULT_UNITS restore_initial_state "
                                              "check_cache "
                                              "clear_cache get_local_namespace").split()
    },
    "test": self_check.test,
    "Expression": code_strings.Expression,
    "Statements": code_strings.Statements,
    "get_logger": messages.get_logger,
    "std_silent": messages.std_silent,
    "logger": messages.get_logger(),
    "BrianPreference": preferences.Preference,
    "brian_prefs": options.prefs,
    "CodeRunner": CodeRunner,
    "VariableOwner": group.Group,
    "SpikeSource": inputs.SpikeSource,
    "Nameable": named.Named,
    "Trackable": Trackable,
    "NumpyCodeObject": NumpyCodeObject,
    "CythonCodeObject": CythonCodeObject,
    "profiling_summary": profile.profiling_summary,
}
SEMI_PUBLIC: dict[str, Any] = {
    "assert_allclose": testing.assert_allclose,
    "exc_isinstance": testing.exc_isinstance,
    "catch_logs": messages.catch_logs,
    "LOG_LEVELS": messages.LEVELS,
    "running_from_ipython": messages.running_from_ipython,
    "schedule_propagation_offset": housekeeping.schedule_propagation_offset,
    "timestep": housekeeping.timestep,
    "TextReport": progress.TextReport,
    "reset_device": devices.reset_device,
    "reinit_devices": devices.reinit_devices,
    "reinit_and_delete": devices.reinit_devices,
    "RuntimeDevice": devices.RuntimeDevice,
    "Device": devices.Device,
    "runtime_device": devices.runtime_device,
    "device_module": devices,
    "UnsupportedEquationsException": errors.UnsupportedEquationsException,
    "EquationError": errors.EquationError,
    "CodeObject": CodeObject,
    "CPPStandaloneDevice": standalone.CPPStandaloneDevice,
    "cpp_standalone_device": standalone.cpp_standalone_device,
    "CurrentDeviceProxy": devices.ActiveDevice,
    "active_device": devices.device,
    "previous_devices": devices.previous_devices,
    "extract_method_options": methods.extract_method_options,
    "BaseClock": BaseClock,
    "DIMENSIONLESS": DIMENSIONLESS,
    "Dimension": Dimension,
    "IntegrationError": errors.IntegrationError,
    "profiling_summary": profile.profiling_summary,
    "magic_network": magic.magic_network,
    "BrianGlobalPreferences": preferences.Preferences,
    "BrianGlobalPreferencesView": preferences.Choices,
    "DefaultValidator": preferences.SameKind,
    "Variable": variables.Variable,
    **absent.INNER,
    **{n: getattr(parsing, n) for n in ("str_to_sympy", "sympy_to_str", "check_dimensions", "check_units_statements")},
    **{
        n: getattr(strings, n) for n in ("indent deindent word_substitute replace get_identifiers strip_empty_lines "
                                         "stripped_deindented_lines "
                                         "strip_empty_leading_and_trailing_lines code_representation topsort "
                                         "calc_repeats").split(
)
    },
    "fail_for_dimension_mismatch": units.fail_for_dimension_mismatch,
    "Network": network.Network,
}
