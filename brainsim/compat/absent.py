"""Names of Brian 2 whose things are not there (yet): importing them is fine, using them says what would help."""
from __future__ import annotations

from typing import Any

from brainsim.errors import Unsupported


class NotThere:
    """Raises `Unsupported` when used."""

    def __init__(self, name: str, help: str):
        self.__name__, self._help = name, help

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        raise Unsupported(f"'{self.__name__}' is not there", help=self._help)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self()

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        raise Unsupported(f"'{self.__name__}' is not there", help=self._help)

    def __repr__(self) -> str:
        return f"<{self.__name__}, not there>"


_CELLS = "describe the cell by a few compartments in equations, coupled by (linked) variables or synapses"
ABSENT = {name: NotThere(name, _CELLS) for name in ("SpatialNeuron", "Morphology", "Soma", "Cylinder", "Section")}
ABSENT |= {name: NotThere(name, "use get_states and set_states") for name in ("ImportExport",)}
#: of modules that scripts seldom import
INNER = {
    name: NotThere(name, "use get_states and set_states with format='dict' or 'pandas'")
    for name in ("DictImportExport", "PandasImportExport")
}
INNER |= {name: NotThere(name, "use a NumPy array") for name in ("DynamicArray", "DynamicArray1D")}
