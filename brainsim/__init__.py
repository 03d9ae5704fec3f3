"""brainsim: write a neural model as equations, run it anywhere.

    from brainsim import *

    G = NeuronGroup(10, 'dv/dt = (2*mV - v)/(10*ms) : volt', threshold='v > 1*mV', reset='v = 0*mV')
    spikes = SpikeMonitor(G)
    run(100*ms)
"""
from brainsim.targets.wrapper import begin as _begin

_begin()   # a new installation builds the Cython half of its modules while everything else is imported and declared

from brainsim import log as _log
from brainsim import star as _star
from brainsim import units as _units
from brainsim.compat.names import NAMES as _BRIAN
from brainsim.compat.names import SEMI_PUBLIC as _SEMI
from brainsim.compat.paths import lay_paths as _lay_paths
from brainsim.errors import (
    BrainsimError,
    BrianObjectException,
    BuildError,
    DimensionMismatchError,
    EquationError,
    MagicError,
    UnsupportedEquationsException,
)
from brainsim.learning.late import NAMES as _LATE
from brainsim.learning.late import late as __getattr__
from brainsim.log import BrianLogger
from brainsim.model.equations import Equations
from brainsim.objects.groups.clock import Clock, EventClock, defaultclock
from brainsim.objects.groups.group import Group
from brainsim.objects.groups.named import BrianObject, start_scope
from brainsim.objects.groups.operations import NetworkOperation, network_operation
from brainsim.objects.groups.random_state import seed
from brainsim.objects.groups.variables import VariableView
from brainsim.objects.network.devices import all_devices, device, get_device, set_device
from brainsim.objects.network.magic import (
    MagicNetwork,
    collect,
    magic_network,
    restore,
    run,
    scheduling_summary,
    stop,
    store,
)
from brainsim.objects.network.network import Network
from brainsim.objects.neurons.links import linked_var
from brainsim.objects.neurons.neuron_group import NeuronGroup
from brainsim.objects.neurons.poisson_input import PoissonInput
from brainsim.objects.neurons.spike_sources import PoissonGroup, SpikeGeneratorGroup
from brainsim.objects.neurons.subgroup import Subgroup
from brainsim.objects.neurons.timed_array import TimedArray
from brainsim.objects.recorders.event_monitor import EventMonitor, SpikeMonitor
from brainsim.objects.recorders.rate_monitor import PopulationRateMonitor
from brainsim.objects.recorders.state_monitor import StateMonitor
from brainsim.objects.synapses.synapses import Synapses
from brainsim.options import prefs
from brainsim.preferences import PreferenceError

__version__ = "0.1.0"
_log.show_messages()
prefs.load_preferences()
if prefs["logging.file_log"] or prefs["logging.console_log_level"] != "INFO":
    BrianLogger.initialize()
prefs.follow("logging.file_log", BrianLogger.initialize)
prefs.follow("logging.console_log_level", _log.show_what_is_chosen)

OURS = """
BrainsimError BrianObjectException BuildError DimensionMismatchError EquationError MagicError
UnsupportedEquationsException Equations Clock EventClock defaultclock Group PoissonGroup PoissonInput
SpikeGeneratorGroup TimedArray linked_var BrianObject start_scope MagicNetwork Network collect magic_network restore
run scheduling_summary stop store NeuronGroup Subgroup NetworkOperation network_operation seed EventMonitor
PopulationRateMonitor SpikeMonitor StateMonitor Synapses VariableView PreferenceError prefs all_devices device
get_device set_device BrianLogger
""".split()

_beside = {**_star.NAMES, **{n: getattr(_units, n) for n in _units.__all__}, **_BRIAN}
globals().update({name: value for name, value in _beside.items() if name not in OURS})
__all__ = sorted({*OURS, *_beside})
_lay_paths(lambda name: _SEMI[name] if name in _SEMI else globals()[name],
           sorted({*OURS, *_units.__all__, *_BRIAN, *_star.functions.__all__}))


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATE})
