"""The page on NumPy says what NumPy does, of every function, and no number without unit comes in silence."""
import re
import types

import numpy as np
import pytest

from tests.units.numpy_page import CALLS, PAGE, Row, page, rows

ROWS = list(rows())
#: NumPy asks no quantity, here and in Brian 2, or the number was asked for
NEVER_ASKED = re.compile(
    r"np\.(array|asarray|asarray_chkfinite|ascontiguousarray|asfortranarray|full|arange|fromiter)\(|np\.random\.|"
    r"np\.ma\.|np\.lib\.stride_tricks\.as_strided|np\.piecewise\(x|V\.view\(np\.ndarray|(float|int|complex)\(V|"
    r"z = np.zeros\(3\); z\[")
#: these round in base units, as their names say
ROUNDING = re.compile(
    r"np\.(floor_divide|rint|floor|ceil|trunc|fix|round|around|spacing|ones_like)\(|V\.round|round\(|V//|.*//=")
#: what has no meaning for arrays of numbers, or takes no array
NOT_FOR_QUANTITIES = """
    busday_count busday_offset is_busday datetime_as_string packbits unpackbits array_repr array_str asmatrix bmat
    bartlett base_repr binary_repr blackman broadcast_shapes datetime_data diag_indices empty eye from_dlpack
    frombuffer fromfile frompyfunc fromregex fromstring genfromtxt get_include get_printoptions getbufsize geterr
    geterrcall hamming hanning identity indices info isdtype issubdtype kaiser load loadtxt mask_indices mintypecode
    nested_iters ones
    printoptions promote_types row_stack set_printoptions setbufsize seterr seterrcall show_config show_runtime test tri
    tril_indices triu_indices typename zeros empty_like""".split()


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.4.0", reason="older versions lack some functions")
def test_the_page_is_what_numpy_does():
    assert PAGE.read_text("utf-8") == page(ROWS), "write it anew: python -m tests.units.numpy_page"


@pytest.mark.parametrize("row", [row for row in ROWS if "not said" in row.here], ids=lambda row: row.call)
def test_numbers_in_base_units_come_in_silence_only_where_numpy_never_asks(row: Row):
    assert NEVER_ASKED.match(row.call)


@pytest.mark.parametrize("row", [row for row in ROWS if "of base units" in row.here], ids=lambda row: row.call)
def test_results_with_a_unit_change_with_the_system_of_units_as_the_unit_says(row: Row):
    assert ROUNDING.match(row.call)


@pytest.mark.parametrize("room", [np, np.linalg, np.fft], ids=lambda room: room.__name__)
def test_every_function_of_numpy_is_on_the_page(room: types.ModuleType):
    text = CALLS.read_text("utf-8")
    called = set(re.findall(re.escape(room.__name__.replace("numpy", "np")) + r"\.(\w+)", text))
    functions = {name for name in dir(room) if not name.startswith("_") and callable(getattr(room, name))
                 and not isinstance(getattr(room, name), type)}
    assert sorted(functions - called - set(NOT_FOR_QUANTITIES)) == []
