"""Pickles as Brian 2 writes them, here written by hand: text in protocol 0, bytes in protocol 2."""
import io
import pickle
import struct
import subprocess
import sys

import numpy as np
import pytest

from brainsim import Equations, amp, ms, mV, second, volt
from brainsim.compat import pickles
from brainsim.language.code_strings import Expression
from brainsim.model.single_equation import SingleEquation

VOLT = "cbrian2.units.fundamentalunits\nget_or_create_dimension\n((I2\nI1\nI-3\nI-1\nI0\nI0\nI0\nttR"
NONE = "cbrian2.units.fundamentalunits\nget_or_create_dimension\n((I0\nI0\nI0\nI0\nI0\nI0\nI0\nttR"
DTYPE = "cnumpy\ndtype\n(Vf8\nI00\nI01\ntR(I3\nV<\nNNNI-1\nI-1\nI0\ntb"


def array(*numbers: float, core: str = "_core", shape: str = "") -> str:
    """A NumPy array of doubles."""
    data = struct.pack(f"<{len(numbers)}d", *numbers).decode("latin1")
    text = "".join(c if " " < c < "\x7f" and c != "\\" else f"\\u{ord(c):04x}" for c in data)
    new = f"cnumpy.{core}.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntc_codecs\nencode\n(Vb\nVlatin1\ntRtR"
    return f"{new}(I1\n({shape}t{DTYPE}I00\nc_codecs\nencode\n(V{text}\nVlatin1\ntRtb"


def quantity(*numbers: float, dim: str = VOLT, core: str = "_core") -> str:
    shape = f"I{len(numbers)}\n" if len(numbers) != 1 else ""
    values = array(*numbers, core=core, shape=shape)
    return f"cbrian2.units.fundamentalunits\nquantity_with_dimensions\n({values}{dim}tR"


def object_of(path: str, state: dict[str, str]) -> str:
    """An object made without arguments, then its state, a piece of pickle for each name."""
    pairs = "".join(f"V{name}\n{value}s" for name, value in state.items())
    return f"ccopy_reg\n_reconstructor\n(c{path}\nc__builtin__\nobject\nNtR(d{pairs}b"


def expression(code: str) -> str:
    names = "c__builtin__\nset\n((lVv\natR"
    return object_of("brian2.equations.codestrings\nExpression", {"_code": f"V{code}\n", "identifiers": names})


def equation(kind: str, name: str, dim: str, code: str = "", flags: tuple[str, ...] = (), type: str = "float") -> str:
    return object_of("brian2.equations.equations\nSingleEquation", {
        "type": f"V{kind}\n", "varname": f"V{name}\n", "dim": dim, "var_type": f"V{type}\n",
        "expr": expression(code) if code else "N", "flags": "(l" + "".join(f"V{flag}\na" for flag in flags),
        "update_order": "I0\n"})


def read(text: str):
    return pickles.loads((text + ".").encode("ascii"))


@pytest.mark.parametrize("core", ["_core", "core"])
def test_quantities_and_units(core):
    one = read(quantity(0.003, core=core))
    assert one == 3 * mV and type(one) is type(3 * mV) and one.shape == ()
    assert read(quantity(0.001, 0.002, core=core)).tolist() == [1 * mV, 2 * mV]
    assert read(quantity(2.5, 3.5, dim=NONE)).tolist() == [2.5, 3.5] and read(VOLT) is volt.dim


def test_the_states_of_a_group():
    states = read(f"(dVv\n{quantity(0.001, 0.002)}sVN\nI2\nsVw\n{array(0.5, 0.25, shape=f'I2{chr(10)}')}s")
    assert states["v"].tolist() == [1 * mV, 2 * mV] and states["N"] == 2 and states["w"].tolist() == [0.5, 0.25]
    assert type(states["w"]) is np.ndarray


def test_equations_and_their_lines():
    rest = equation("differential equation", "v", VOLT, "-v/(10*ms)", ("unless refractory",))
    line = read(rest)
    assert type(line) is SingleEquation and line == Equations("dv/dt = -v/(10*ms) : volt (unless refractory)")["v"]
    parts = {"v": rest, "w": equation("parameter", "w", NONE, flags=("constant",)),
             "k": equation("parameter", "k", NONE, type="integer"), "x": equation("subexpression", "x", VOLT, "v*2")}
    listed = "".join(f"V{name}\n{value}s" for name, value in parts.items())
    found = read(object_of("brian2.equations.equations\nEquations",
                           {"_equations": f"(d{listed}", "_substituted_expressions": "N"}))
    assert type(found) is Equations and found == Equations("""
        dv/dt = -v/(10*ms) : volt (unless refractory)
        w : 1 (constant)
        k : integer
        x = v*2 : volt""")
    assert read(expression("v + 1")) == Expression("v + 1") and pickle.loads(pickle.dumps(found)) == found


def test_bytes_of_protocol_2():
    dim = b"cbrian2.units.fundamentalunits\nget_or_create_dimension\n(" + b"K\x00K\x00K\x01K\x00K\x00K\x00K\x00t\x85R"
    new = b"cnumpy._core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R"
    minus_one = b"J\xff\xff\xff\xff"
    dtype = b"cnumpy\ndtype\nX\x02\x00\x00\x00f8\x89\x88\x87R(K\x03X\x01\x00\x00\x00<NNN" + 2 * minus_one + b"K\x00tb"
    values = new + b"(K\x01K\x02\x85" + dtype + b"\x89C\x10" + struct.pack("<2d", 0.001, 2.0) + b"tb"
    data = b"\x80\x02cbrian2.units.fundamentalunits\nquantity_with_dimensions\n" + values + dim + b"\x86R."
    assert pickles.load(io.BytesIO(data)).tolist() == [1 * ms, 2 * second] and amp.dim is not second.dim


@pytest.mark.parametrize("text", ["cos\nsystem\n(Vecho\ntR", "c__builtin__\neval\n(V1\ntR", "cbrian2\nNetwork\n"])
def test_nothing_else_is_read(text):
    with pytest.raises(NotImplementedError, match="which is not read"):
        read(text)


def test_under_the_name_of_brian_python_reads_them_too(tmp_path):
    data = tmp_path / "states.pickle"
    data.write_bytes(f"(dVv\n{quantity(0.001)}sVe\n{equation('parameter', 'w', NONE)}s.".encode("ascii"))
    script = tmp_path / "script.py"
    script.write_text(f"""
import pickle
from brian2 import mV
with open({str(data)!r}, 'rb') as file:
    found = pickle.load(file)
assert found['v'] == 1*mV and found['e'].varname == 'w', found
print('read', pickle.loads(pickle.dumps([1, mV])))
""")
    done = subprocess.run([sys.executable, "-m", "brainsim", "run", str(script)], capture_output=True, text=True,
                          timeout=120)
    assert "read [1, mvolt]" in done.stdout, done.stderr
