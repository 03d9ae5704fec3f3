"""What users see of one line of a model."""
from __future__ import annotations

import pickle

import pytest

from brainsim import Equations, volt

LINES = Equations("""
dv/dt = -v/tau + xi*tau**-0.5 + exp(w/volt)*volt/tau : volt (unless refractory)
w : volt
s = v**2 : volt**2
q : 1 (constant, shared)
b : boolean
n : integer
""")


@pytest.mark.parametrize("name, kind, var_type, unit, flags", [
    ("v", "differential equation", "float", "volt", ("unless refractory",)), ("w", "parameter", "float", "volt", ()),
    ("s", "subexpression", "float", "volt ** 2", ()), ("b", "parameter", "boolean", "Unit(1.0)", ()),
    ("n", "parameter", "integer", "Unit(1.0)", ()),
])
def test_a_line_tells_its_kind_type_unit_and_flags(name, kind, var_type, unit, flags):
    line = LINES[name]
    assert (line.varname, line.type, line.var_type, repr(line.unit), line.flags) == (name, kind, var_type, unit, flags)
    assert line.unit.dim is line.dim is LINES.dimensions[name]


def test_a_line_tells_the_names_and_the_noise_of_its_right_side():
    assert LINES["v"].identifiers == {"v", "tau", "xi", "exp", "w", "volt"}
    assert LINES["v"].stochastic_variables == {"xi"}
    assert LINES["w"].identifiers == set() == LINES["w"].stochastic_variables and LINES["w"].expr is None
    assert str(LINES["s"].expr) == "v**2" and LINES["w"].unit is volt


def test_a_line_is_shown_as_it_is_written_and_in_short():
    assert str(LINES["q"]) == "q : 1 (constant, shared)"
    assert repr(LINES["q"]) == "<parameter q (Unit: 1, flags: constant, shared)>"
    assert repr(LINES["s"]) == "<subexpression s: v**2 (Unit: volt**2)>"


def test_lines_are_equal_when_they_say_the_same():
    assert pickle.loads(pickle.dumps(LINES)) == LINES == Equations(str(LINES))
    assert hash(LINES) == hash(Equations(str(LINES)))
