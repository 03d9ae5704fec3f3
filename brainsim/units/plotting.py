"""Quantities in Matplotlib plots: axes in SI base units, labelled with the unit; two dimensions on one axis give a
warning.

Matplotlib is not imported for this: the converter is made known when (and if) ``matplotlib.units`` is loaded.
"""
from __future__ import annotations

import logging
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

import numpy as np

from brainsim.units import display
from brainsim.units.dimensions import DIMENSIONLESS, Dimension
from brainsim.units.plain import split
from brainsim.units.quantities import Quantity
from brainsim.units.unit import Unit
from brainsim.units.words import unit_text

logger = logging.getLogger("brainsim")
_WATCHED = "matplotlib.units"


def teach_matplotlib() -> None:
    """Let Matplotlib plot quantities, now if it is loaded, else as soon as it is."""
    loaded = sys.modules.get(_WATCHED)
    if loaded is not None:
        _register(loaded)
    elif not any(isinstance(finder, _Watch) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Watch())


class _Watch(MetaPathFinder):
    """Waits for one module to be imported, then steps aside."""

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != _WATCHED:
            return None
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            spec.loader = _ThenRegister(spec.loader)
        return spec


class _ThenRegister(Loader):
    """Loads as the loader it wraps, then registers the converter."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        _register(module)


def _register(matplotlib_units: Any) -> None:
    class Converter(matplotlib_units.ConversionInterface):
        """From quantities to numbers in base units."""

        @staticmethod
        def convert(value: Any, unit: Any, axis: Any) -> Any:
            return _number_on_axis(value, unit)

        @staticmethod
        def default_units(value: Any, axis: Any) -> Dimension | None:
            dim = split(value)[1]
            return dim if dim is not DIMENSIONLESS else None

        @staticmethod
        def axisinfo(unit: Any, axis: Any) -> Any:
            symbol = None if unit is None else display.best([], unit).symbol
            return matplotlib_units.AxisInfo(label=symbol)

    converter = Converter()
    matplotlib_units.registry[Quantity] = converter
    matplotlib_units.registry[Unit] = converter


def _number_on_axis(value: Any, unit: Dimension | None) -> Any:
    plain, dim = split(value)
    if unit is not None and dim is not unit and dim is not DIMENSIONLESS:
        logger.warning(
            "values in %s and in %s are drawn on one axis, in base units: divide by a unit to choose the scale",
            unit_text(unit), unit_text(dim))
    return plain if np.ndim(plain) else float(plain)
