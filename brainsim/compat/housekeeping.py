"""Small public functions of Brian 2 about a session: caches, preferences, namespaces, summaries."""
from __future__ import annotations

import shutil
import sys
from typing import Any

from brainsim.errors import WrongValue
from brainsim.ir.functions import FUNCTIONS as NUMBERS
from brainsim.language.functions import CONSTANTS, FUNCTIONS, Fixed
from brainsim.objects.groups.clock import defaultclock
from brainsim.objects.groups.named import start_scope
from brainsim.objects.names.functions import Function, replace_builtin
from brainsim.objects.network.magic import magic_network
from brainsim.options import cache_directory, prefs
from brainsim.units import Quantity, get_dimensions
from brainsim.units.dimensions import DIMENSIONLESS, SECOND, dimension
from brainsim.units.names import all_names, unit


def restore_initial_state() -> None:
    """Preferences, ``defaultclock.dt`` and the scope as after the import."""
    prefs.reset_to_defaults()
    defaultclock.dt = Quantity(1e-4, SECOND)
    start_scope()


def check_cache(target: str) -> None:
    """Say how much room the cache of compiled networks takes."""
    folder = cache_directory()
    print(f"{folder}: {sum(p.stat().st_size for p in folder.rglob('*') if p.is_file()) / 1e6:.1f} MB")


def clear_cache(target: str) -> None:
    """Remove compiled networks from the disk; they are made again when they are needed."""
    if target not in ("cython", "numpy"):
        raise WrongValue(f"There is no cache for '{target}'", help="'cython'")
    shutil.rmtree(cache_directory() / "modules", ignore_errors=True)


def get_local_namespace(level: int) -> dict[str, object]:
    """Locals and globals ``level`` frames above the caller."""
    frame = sys._getframe(level + 1)
    return {**frame.f_globals, **frame.f_locals}


def schedule_propagation_offset(net: Any = None) -> Quantity:
    """Time between a spike and its effect without a delay: 0, or one step when ``synapses`` comes before
    ``thresholds``."""
    network = net or magic_network
    slots = network.schedule
    late = slots.index("synapses") < slots.index("thresholds")
    return defaultclock.dt if late else Quantity(0.0, SECOND)


def _builtin(name: str) -> Function:
    row = FUNCTIONS[name]
    dims = [dimension(d.exponents) if isinstance(d, Fixed) else None for d in row.dimensions.arguments]
    units = [d if d is not DIMENSIONLESS else 1 for d in dims]
    result = row.dimensions.result
    returned = dimension(result.exponents) if isinstance(result, Fixed) else (lambda *given: given[0])

    def call(*args: Any) -> Any:
        for number, (value, wanted) in enumerate(zip(args, dims)):
            if wanted is not None and get_dimensions(value) not in (wanted, DIMENSIONLESS):
                raise WrongValue(f"Argument {number + 1} of '{name}' has another unit", found=str(value))
        return NUMBERS[name](*args)

    call.__name__ = name
    return Function(call, arg_units=units, return_unit=1 if returned is DIMENSIONLESS else returned,
                    stateless=row.stateless)


class FunctionTable(dict[str, Function]):
    """The functions of equations by name; another one set here takes the place of the built-in one everywhere."""

    def __setitem__(self, name: str, function: Function) -> None:
        super().__setitem__(name, function)
        replace_builtin(name, None if function is _BUILTIN.get(name) else function)

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        replace_builtin(name, None)


_BUILTIN = {name: _builtin(name) for name in FUNCTIONS if name not in ("select", "binomial")}
DEFAULT_FUNCTIONS = FunctionTable(_BUILTIN)
DEFAULT_CONSTANTS = {**CONSTANTS, "-inf": -float("inf")}
timestep = DEFAULT_FUNCTIONS["timestep"]


class Units(dict[str, Any]):
    """Units by name, each made when it is asked for."""

    def __missing__(self, name: str) -> Any:
        self[name] = unit(name)
        return self[name]

    def __contains__(self, name: object) -> bool:
        return name in _UNIT_NAMES

    def __iter__(self) -> Any:
        return iter(_UNIT_NAMES)

    def __len__(self) -> int:
        return len(_UNIT_NAMES)

    def keys(self) -> Any:
        return _UNIT_NAMES.keys()

    def values(self) -> Any:
        return [self[n] for n in _UNIT_NAMES]

    def items(self) -> Any:
        return [(n, self[n]) for n in _UNIT_NAMES]


_UNIT_NAMES = dict.fromkeys(all_names())
DEFAULT_UNITS = Units()
