"""The short names: ``mV``, ``nA``, ``ms``, ``cm2`` ..."""
from brainsim.units.names import ABBREVIATIONS, unit

__all__ = list(ABBREVIATIONS)  # pyright: ignore[reportUnsupportedDunderAll] -- of a table
globals().update({name: unit(name) for name in ABBREVIATIONS})
