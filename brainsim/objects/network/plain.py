"""What `store` keeps, as JSON and arrays, and back: reading makes values of the few classes named here and runs nothing
else."""
from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np

from brainsim.errors import Unsupported, WrongValue
from brainsim.language.trees import Call, Name, Number, Op, names
from brainsim.model.symbols import Past, Symbol
from brainsim.objects.names.namespace import scalar_value
from brainsim.objects.synapses.pairs import StoredPairs
from brainsim.objects.synapses.procedural import Formula, Law, ProceduralPairs
from brainsim.objects.synapses.reduced.cells import Cells
from brainsim.objects.synapses.reduced.past import Delays
from brainsim.objects.synapses.reduced.replay import Picture
from brainsim.objects.synapses.reduced.way_back import Kept
from brainsim.objects.synapses.rows import Rows
from brainsim.reduction.rewrite import Substitute
from brainsim.reduction.sums import Factor
from brainsim.units.dimensions import Dimension, dimension

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Form:
    """A class in a file: its fields there, and the value that has these fields."""

    fields: Callable[[Any], dict[str, Any]]
    made: Callable[..., Any]


def _record(kind: type, *left: str) -> Form:
    """A record, by the fields that its constructor takes, without those ``left`` out."""
    kept = {f.name: attrgetter(f.name) for f in dataclasses.fields(kind) if f.init and f.name not in left}
    return Form(lambda value: {name: get(value) for name, get in kept.items()}, kind)


def _symbol(s: Symbol) -> dict[str, Any]:
    """A symbol; of who keeps its value only the number, for no object can be in a file."""
    return _record(Symbol, "scope", "holder").fields(s) | (
        {"holder": scalar_value(s.holder, s.dtype)} if s.kind == "param" and s.origin == "namespace" else {})


def _formula(f: Formula) -> dict[str, Any]:
    """A formula and what the names left in it mean."""
    return {"key": f.key, "tree": f.tree, "symbols": {n: s for n, s in f.symbols.items() if n in names(f.tree)}}


FORMS: Mapping[type, Form] = {
    StoredPairs: Form(lambda p: {"pre": p.index("pre"), "post": p.index("post"), "by_law": p.by_law}, StoredPairs),
    ProceduralPairs: _record(ProceduralPairs, "_counted"),
    Dimension: Form(lambda d: {"exponents": list(d.exponents)}, dimension),
    Symbol: Form(_symbol, Symbol),
    Formula: Form(_formula, Formula),
    **{kind: _record(kind, "span") for kind in (Number, Name, Op, Call)},
    **{kind: _record(kind) for kind in (Past, Law, Rows, Factor, Substitute, Delays, Cells, Kept, Picture)},
}
NAMED = {kind.__name__: form for kind, form in FORMS.items()}


def to_plain(value: Any, place: str, arrays: dict[str, np.ndarray]) -> Any:
    """The value as JSON can say it; its arrays go to ``arrays``, named by their ``place``."""
    match value:
        case None | bool() | int() | str():
            return value
        case np.generic():
            return to_plain(value.item(), place, arrays)
        case float():
            return value if math.isfinite(value) else {"float": str(value)}
        case bytes():
            return {"bytes": value.hex()}
        case np.ndarray():
            return _array(value, place, arrays)
        case list():
            return [to_plain(x, f"{place}/{k}", arrays) for k, x in enumerate(value)]
        case tuple():
            return {"tuple": to_plain(list(value), place, arrays)}
        case set() | frozenset():
            return {"set": to_plain(sorted(value), place, arrays)}
        case Mapping():
            return {"map": {k: to_plain(x, f"{place}/{k}", arrays) for k, x in value.items()}}
    form = FORMS.get(type(value))
    if form is None:
        raise Unsupported(f"'{place}' cannot be written to a file", found=f"a {type(value).__name__}",
                          help="store() without filename= keeps it in memory")
    fields = {k: to_plain(x, f"{place}/{k}", arrays) for k, x in form.fields(value).items()}
    return {"is": type(value).__name__, **fields}


def _array(value: np.ndarray, place: str, arrays: dict[str, np.ndarray]) -> dict[str, str]:
    if value.dtype.hasobject:
        raise Unsupported(f"'{place}' cannot be written to a file", found="an array of Python objects",
                          help="store() without filename= keeps it in memory")
    arrays[place] = value
    return {"array": place}


def from_plain(value: Any, arrays: Arrays) -> Any:
    """The inverse of `to_plain`; `WrongValue` for what it does not write."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case list():
            return [from_plain(x, arrays) for x in value]
        case {"is": kind, **fields} if kind in NAMED:
            return NAMED[kind].made(**{k: from_plain(x, arrays) for k, x in fields.items()})
        case {"map": dict(found)}:
            return {k: from_plain(x, arrays) for k, x in found.items()}
        case {"array": str(place)}:
            return arrays[place]
        case {"tuple": list(found)}:
            return tuple(from_plain(x, arrays) for x in found)
        case {"set": list(found)}:
            return frozenset(from_plain(x, arrays) for x in found)
        case {"float": str(text)}:
            return float(text)
        case {"bytes": str(text)}:
            return bytes.fromhex(text)
    raise WrongValue("There is no such value", found=str(value)[:80])
