"""NumPy's functions keep units or refuse; none drops them."""
import inspect
import io

import numpy as np
import pytest

from brainsim.errors import DimensionMismatchError
from brainsim.units import Quantity, amp, ms, mV, ohm, second, volt
from brainsim.units.array_functions import RULES
from brainsim.units.ufuncs import RULES as UFUNC_RULES

V = np.array([3.0, 1.0, 2.0]) * mV
M = np.arange(4.0).reshape(2, 2) * mV


def is_volt(q, numbers):
    return q.dim is volt.dim and np.allclose(np.asarray(q), np.asarray(numbers) * 1e-3)


@pytest.mark.feature("NumPy functions on quantities")
@pytest.mark.parametrize(
    "made, numbers",
    [
        (np.concatenate([V, V]), [3, 1, 2, 3, 1, 2]), (np.stack([V, V]), [[3, 1, 2]] * 2),
        (np.hstack([V, 4 * mV]), [3, 1, 2, 4]),
        (np.vstack([V, V]), [[3, 1, 2]] * 2), (np.where([True, False, True], V, 0 * mV), [3, 0, 2]),
        (np.clip(V, 1.5 * mV, np.inf), [3, 1.5, 2]),
        (np.sort(V), [1, 2, 3]), (np.mean(V), 2), (V.mean(), 2), (np.median(V), 2), (V.sum(), 6),
        (np.sum(M, axis=0), [2, 4]), (V.max(), 3),
        (V.min(), 1), (np.ptp(V), 2), (V.std(), np.std([3, 1, 2])), (np.cumsum(V), [3, 4, 6]), (np.diff(V), [-2, 1]),
        (V.clip(0, 2 * mV), [2, 1, 2]),
        (np.interp(1.5 * ms, [1, 2] * ms, [1, 2] * mV), 1.5), (np.linspace(0 * mV, 2 * mV, 3), [0, 1, 2]),
        (np.percentile(V, 50), 2),
        (np.append(V, 4 * mV), [3, 1, 2, 4]), (np.insert(V, 0, 4 * mV), [4, 3, 1, 2]), (np.pad(V, 1), [0, 3, 1, 2, 0]),
        (np.roll(V, 1), [2, 3, 1]),
        (np.repeat(V, 2), [3, 3, 1, 1, 2, 2]), (np.tile(V, 2), [3, 1, 2] * 2), (V.T, [3, 1, 2]),
        (M.T, [[0, 2], [1, 3]]), (np.diagonal(M), [0, 3]),
        (np.trace(M), 3), (M.ravel(), [0, 1, 2, 3]), (np.unique(V), [1, 2, 3]), (np.abs(-V), [3, 1, 2]),
        (np.maximum(V, 2 * mV), [3, 2, 2]),
        (np.nan_to_num(V), [3, 1, 2]), (np.take(V, [0]), [3]), (V.take(0), 3), (np.linalg.norm([3, 4] * mV), 5),
        (np.full_like(M, 3 * mV), [[3, 3]] * 2),
        (np.zeros_like(V), [0, 0, 0]), (np.average(V, weights=[1, 0, 1]), 2.5),
        (np.select([V > 2 * mV], [V], 0), [3, 0, 0]), (np.add.accumulate(V), [3, 4, 6]),
        (np.maximum.reduce(V), 3), (np.split(V, 3)[0], [3]), (np.broadcast_to(1 * mV, 2), [1, 1]),
        (np.meshgrid(V, [1] * second)[0], [[3, 1, 2]]),
        (np.round([1000.4] * mV * 1000), [1e6]), (np.copysign(V, -1), [-3, -1, -2]), (np.nanmax(V), 3),
        (np.histogram(V, 2)[1], [1, 2, 3]),
        (np.atleast_1d(3 * mV), [3]), (np.squeeze(M[:1, :1]), 0), (np.array_split(V, 2)[1], [2]),
        (np.heaviside(0.0, V), [3, 1, 2]),
        (np.sum(V, initial=1 * mV), 7), (np.union1d(V, 5 * mV), [1, 2, 3, 5]), (np.trim_zeros([0, 1] * mV), [1]),
    ],
)  # fmt: skip
def test_keeps_the_unit(made, numbers):
    assert is_volt(made, numbers)


@pytest.mark.parametrize(
    "call",
    [
        lambda: np.concatenate([V, [1] * amp]), lambda: np.concatenate([V, [1, 2]]), lambda: np.stack([V, V / mV]),
        lambda: np.hstack([V, 1]),
        lambda: np.where(V > 0, V, 1), lambda: np.where(V > 0, V, 1 * amp), lambda: np.clip(V, 0, 1),
        lambda: V.clip(1 * amp, 2 * mV),
        lambda: np.interp(1, [1, 2] * ms, V[:2]), lambda: np.interp(1 * ms, [1, 2] * ms, V[:2], left=3),
        lambda: np.linspace(1, 2 * mV),
        lambda: np.append(V, 3), lambda: np.insert(V, 0, 3), lambda: np.pad(V, 1, constant_values=3),
        lambda: np.maximum(V, 2), lambda: np.digitize(V, [1] * amp), lambda: np.digitize([1, 2], V),
        lambda: np.searchsorted(V, 2), lambda: V.searchsorted(2 * amp), lambda: np.histogram(V, [1, 2] * amp),
        lambda: np.histogram([1, 2], V), lambda: np.histogram(V, 2, range=(0, 1) * amp),
        lambda: np.sum(V, initial=1), lambda: np.full_like(V, 3) + V, lambda: np.isclose(V, 1),
        lambda: np.isclose(V, V, atol=1), lambda: np.array_equal(V, [1, 2, 3]),
        lambda: np.sin(V), lambda: np.exp(V), lambda: np.log(V), lambda: np.arctan2(V, 1),
        lambda: np.arctan2(V, 1 * amp), lambda: np.add.at(V.copy(), 0, 1),
        lambda: np.copyto(V.copy(), 3), lambda: np.putmask(V.copy(), [True] * 3, 3), lambda: np.average(V, axis=1 * mV),
        lambda: np.select([V > 0], [V], 1), lambda: np.diff(V, prepend=1), lambda: np.union1d(V, [1]),
        lambda: np.isin(V, [1]),
        lambda: np.nan_to_num(V, nan=1.0), lambda: np.heaviside([0.0, 1.0, 0.0], V),
    ],
)  # fmt: skip
def test_refuses_other_dimensions(call):
    with pytest.raises(DimensionMismatchError):
        call()


@pytest.mark.feature("NumPy functions on quantities")
def test_products_multiply_units():
    for made in (V @ V, np.dot(V, V), V.dot(V), np.vdot(V, V), np.inner(V, V), np.einsum("i,i", V, V),
                 np.tensordot(V, V, 1)):
        assert made.dim is (mV**2).dim and np.isclose(float(made), 14e-6)
    assert np.outer(V, [1] * amp)[0, 0] == 3 * mV * amp
    assert np.prod(V) == V.prod() and np.isclose(float(V.prod()), 6e-9) and V.prod().dim is (mV**3).dim
    assert M.prod(axis=0).dim is (mV**2).dim and V.var().dim is (mV**2).dim
    assert np.trapezoid(V, dx=1 * ms).dim is (mV * ms).dim
    assert np.gradient(V, 1 * ms).dim is (mV / ms).dim
    assert np.linalg.solve(M + np.eye(2) * mV,
                           V[:2]).tolist() == pytest.approx(np.linalg.solve(np.asarray(M) * 1e3 + np.eye(2),
                                                                            [3, 1]).tolist())
    assert np.linalg.inv(M).dim is (1 / mV).dim and np.linalg.det(M).dim is (mV**2).dim
    assert np.sqrt(V * V)[0] == 3 * mV and np.cbrt(8 * volt**3) == 2 * volt and np.square(V)[0] == 9 * mV**2


def test_indices_and_truths_are_plain():
    assert V.argmax() == 0 and np.argsort(V).tolist() == [1, 2, 0] and V.argsort().tolist() == [1, 2, 0]
    assert np.nonzero(V)[0].tolist() == [0, 1, 2]
    assert type(V > 0) is np.ndarray and np.isfinite(V).all() and np.sign(-V).tolist() == [-1, -1, -1]
    assert V.any() and np.all(V) and V.nonzero()[0].tolist() == [0, 1, 2]
    assert np.searchsorted([1, 2] * mV, 1.5 * mV) == 1
    assert type(M.argmax(axis=0)) is np.ndarray and np.shape(M) == (2, 2) and np.count_nonzero(V) == 3
    assert np.histogram(V, 2)[0].tolist() == [1, 2]


def test_density_has_the_inverse_unit():
    density, edges = np.histogram(V, 2, density=True)
    assert density.dim is (1 / mV).dim and np.isclose(float(np.sum(density * np.diff(edges))), 1)


def test_closeness_of_small_currents_is_judged_relative():
    assert not np.allclose(1e-9 * amp, 2e-9 * amp)
    assert np.allclose(1e-9 * amp, 2e-9 * amp, atol=1e-8 * amp) and np.allclose(1 * mV, (1 + 1e-7) * mV)


def test_results_written_into_arrays():
    out = np.zeros(3) * mV
    np.add(V, V, out=out)
    assert is_volt(out, [6, 2, 4])
    assert np.sum(M, axis=0, out=np.zeros(2) * mV)[1] == 4 * mV
    with pytest.raises(DimensionMismatchError):
        np.add(V, V, out=np.zeros(3))
    plain = np.zeros(3)
    np.divide(V, mV, out=plain)
    assert plain.tolist() == pytest.approx([3, 1, 2])


def test_bins_in_two_dimensions_have_the_units_of_their_axes():
    x, y = [0.5, 1.5, 1.5] * ms, [1, 1, 3] * mV
    for more in (dict(bins=[[0, 1, 2] * ms, [0, 2, 4] * mV]), dict(bins=2, range=[[0, 2] * ms, [0, 4] * mV]),
                 dict(bins=[2, [0, 2, 4] * mV], range=[[0, 2] * ms, [0, 4] * mV])):
        counts, times, volts = np.histogram2d(x, y, **more)
        assert counts.tolist() == [[1, 0], [1, 1]] and volts[1] == 2 * mV and times[1] == 1 * ms
    with pytest.raises(DimensionMismatchError):
        np.histogram2d(x, y, bins=[[0, 1] * mV, [0, 2] * mV])


def test_changes_in_place():
    v = V.copy()
    np.add.at(v, [0, 0], 1 * mV)
    v.sort()
    assert is_volt(v, [1, 2, 5])
    np.copyto(v, 4 * mV)
    np.fill_diagonal(m := M.copy(), 9 * mV)
    assert is_volt(v, [4, 4, 4]) and m[1, 1] == 9 * mV


@pytest.mark.parametrize("call", [lambda: np.cumprod(V), lambda: V.cumprod(), lambda: np.multiply.accumulate(V),
                                  lambda: np.bitwise_and(V, V), lambda: np.i0(V), lambda: np.unwrap(V)])
def test_what_has_no_unit_is_refused(call):
    with pytest.raises(TypeError):
        call()


def test_an_unknown_function_says_what_to_do():
    with pytest.raises(TypeError) as caught:
        np.i0(V)
    assert str(caught.value) == "numpy.i0 does not know units\n  Help: divide by the unit first, e.g. i0(x/mV)"
    assert np.i0(0 * V / mV).tolist() == [1, 1, 1]
    assert np.fft.rfft(Quantity([3.0, 1.0, 2.0]))[0] == 6


SPIKES = [1, 12, 25] * ms
NEURONS = np.array([0, 4, 2])


@pytest.mark.parametrize(
    "call, numbers",
    [
        (lambda: np.polyfit([0, 1, 2] * ms, [1, 3, 5] * mV, 1), [2, 0.001]),
        (lambda: np.digitize(SPIKES, [0, 0.01, 0.02]), [1, 2, 3]),
        (lambda: np.searchsorted([0, 0.01, 0.02], SPIKES), [1, 2, 3]),
        (lambda: np.histogram(SPIKES, [0, 0.01, 0.02])[0], [1, 1]),
        (lambda: np.histogram(SPIKES, np.arange(3) / 100)[1], [0, 0.01, 0.02]),
        (lambda: np.histogram(SPIKES, 2, range=(0, 0.02))[0], [1, 1]),
        (lambda: np.concatenate([NEURONS, SPIKES]), [0, 4, 2, 0.001, 0.012, 0.025]),
        (lambda: np.append(SPIKES, NEURONS), [0.001, 0.012, 0.025, 0, 4, 2]),
        (lambda: np.hstack((NEURONS, SPIKES)), [0, 4, 2, 0.001, 0.012, 0.025]),
        (lambda: np.block([NEURONS, SPIKES]), [0, 4, 2, 0.001, 0.012, 0.025]),
        (lambda: np.vstack((NEURONS, SPIKES)), [[0, 4, 2], [0.001, 0.012, 0.025]]),
        (lambda: np.stack((NEURONS, SPIKES)), [[0, 4, 2], [0.001, 0.012, 0.025]]),
        (lambda: np.column_stack((NEURONS, SPIKES)), [[0, 0.001], [4, 0.012], [2, 0.025]]),
        (lambda: np.c_[NEURONS, SPIKES], [[0, 0.001], [4, 0.012], [2, 0.025]]),
        (lambda: np.dstack((NEURONS, SPIKES)), [[[0, 0.001], [4, 0.012], [2, 0.025]]]),
        (lambda: np.column_stack((SPIKES, V)), [[0.001, 0.003], [0.012, 0.001], [0.025, 0.002]]),
        (lambda: np.vstack((SPIKES, V / mV)), [[0.001, 0.012, 0.025], [3, 1, 2]]),
        (lambda: np.cov(V, [1, 2, 3] * amp), np.cov([0.003, 0.001, 0.002], [1, 2, 3])),
        (lambda: np.vander([2] * mV, 3), [[4e-6, 2e-3, 1]]),
    ],
)  # fmt: skip
def test_where_scripts_count_on_it_base_units_are_taken_and_that_is_said(call, numbers, caplog):
    result = call()
    assert type(result) is np.ndarray and np.allclose(result, numbers, rtol=1e-9, atol=1e-15)
    assert "base units" in caplog.text


def test_a_table_of_one_unit_keeps_it_and_nothing_is_said(caplog):
    for made in (np.column_stack((V, V)), np.vstack((V, V)), np.c_[V, V], np.block([V, V]), np.append([], V),
                 np.append(V, [])):
        assert made.dim is volt.dim
    assert np.column_stack((NEURONS, SPIKES / ms)).tolist() == [[0, 1], [4, 12], [2, 25]] and not caplog.text


@pytest.mark.parametrize("join", [np.concatenate, np.hstack, np.stack, np.vstack, np.column_stack,
                                  lambda parts: np.append(*parts), lambda parts: np.where([True, False], *parts),
                                  lambda parts: np.choose([0, 1], parts),
                                  lambda parts: np.select([[True, False], [True, True]], parts)])
def test_zeros_with_a_unit_join_plain_numbers_and_plain_zeros_join_a_unit(join, caplog):
    plain = np.array([1.0, 2.0])
    assert np.array_equal(join([np.zeros(2) * amp, plain]), join([np.zeros(2), plain]))
    assert join([np.zeros(2), [1, 2] * mV]).dim is volt.dim and join([np.zeros(2), [0, 0] * mV]).dim is volt.dim
    assert not caplog.text


@pytest.mark.parametrize("join", [np.concatenate, np.hstack, np.block, lambda parts: np.append(*parts),
                                  lambda parts: np.where([True, False], *parts),
                                  lambda parts: np.choose([0, 1], parts)])
def test_numbers_that_lack_a_unit_and_values_of_two_units_are_not_lined_up(join):
    for other in ([1.0, 2.0], np.array([1.0, 2.0]), [1, 2] * amp, [0, 0] * amp):
        with pytest.raises(DimensionMismatchError):
            join([[1, 2] * mV, other])


def test_a_transform_keeps_the_unit():
    for made in (np.fft.fft(V), np.fft.rfft(V), np.fft.fft2(M).ravel(), np.fft.rfftn(M).ravel()):
        assert made.dim is volt.dim and np.isclose(complex(made[0]), 0.006)
    assert is_volt(np.fft.hfft(V), np.fft.hfft([3, 1, 2]))
    assert np.allclose(np.asarray(np.fft.irfft(np.fft.rfft(V), 3)), np.asarray(V))
    assert is_volt(np.fft.ifft(np.fft.fft(V)).real, [3, 1, 2]) and is_volt(np.fft.fftshift(V), [2, 3, 1])
    assert np.isclose(float(np.abs(np.fft.rfft(V) / mV)[0]), 6) and np.fft.rfft(Quantity([3.0, 1.0, 2.0]))[0] == 6
    assert is_volt(np.bincount([0, 1, 0], weights=V), [5, 1])
    assert is_volt(np.linalg.eigvals(np.diag([6.0, 1]) * mV), [6, 1])
    assert np.bincount([0, 1]).tolist() == [1, 1]


def test_a_matrix_comes_apart_into_pure_and_measured_factors():
    q, r = np.linalg.qr(M)
    assert type(q) is np.ndarray and r.dim is volt.dim and np.allclose(np.asarray(q @ r), np.asarray(M))
    assert np.linalg.qr(M, mode="r").dim is volt.dim
    u, s, v = np.linalg.svd(M)
    assert s.dim is volt.dim and np.allclose(np.asarray(u * s @ v), np.asarray(M))
    assert np.linalg.svd(M, compute_uv=False).dim is volt.dim
    values, vectors = np.linalg.eigh(M + M.T)
    assert values.dim is volt.dim and type(vectors) is np.ndarray and np.linalg.eig(M).eigenvalues.dim is volt.dim
    solution, left, rank, singular = np.linalg.lstsq([[1, 0], [0, 2], [0, 0]] * ohm, [2, 4, 3] * volt)
    assert np.allclose(np.asarray(solution), [2, 2]) and solution.dim is amp.dim and left.dim is (volt**2).dim
    assert np.isclose(float(left[0]), 9) and rank == 2 and singular.dim is ohm.dim
    assert np.linalg.matrix_power(M, 2).dim is (volt**2).dim and np.linalg.matmul(M, M)[0, 0] == (M @ M)[0, 0]
    assert np.linalg.cond(M / mV) == pytest.approx(np.linalg.cond(M)) and np.linalg.matrix_rank(M) == 2


def test_functions_of_the_user_get_values_with_their_unit():
    assert is_volt(np.apply_along_axis(np.sum, 0, M), [2, 4])
    assert is_volt(np.apply_along_axis(np.sort, 1, -M), [[-1, 0], [-3, -2]])
    assert np.apply_along_axis(lambda v: v > 1.5 * mV, 0, V).tolist() == [True, False, True]
    assert np.apply_along_axis(lambda v: v @ v, 1, M).dim is (volt**2).dim
    assert is_volt(np.apply_along_axis(np.diff, 0, M), [[2, 2]])
    assert is_volt(np.apply_over_axes(np.sum, M, [0, 1]), [[6]])
    assert is_volt(np.piecewise(V, [V > 1.5 * mV], [lambda v: 2 * v, 0]), [6, 0, 4])
    assert np.piecewise(V, [V > 1.5 * mV], [lambda v: v / mV, 7]).tolist() == [3, 7, 2]
    with pytest.raises(DimensionMismatchError):
        np.piecewise(V, [V > 1.5 * mV], [lambda v: v, 1 * amp])


def test_order_and_memory_need_no_common_unit():
    assert np.lexsort(([1, 0, 1], V)).tolist() == [1, 2, 0] and np.lexsort((V, [0, 1, 0] * amp)).tolist() == [2, 0, 1]
    assert np.shares_memory(V, V[:1]) and not np.may_share_memory(V, V.copy())
    assert np.result_type(V, 1j) is np.dtype(complex)
    assert sorted(np.random.permutation(V).tolist()) == [0.001, 0.002, 0.003]
    assert np.allclose(np.corrcoef(V, -V), [[1, -1], [-1, 1]]) and np.allclose(np.corrcoef(V, V * ms), 1)
    assert np.roots([1, -3, 2] * mV).tolist() == pytest.approx([2, 1])
    assert is_volt(np.lib.stride_tricks.sliding_window_view(V, 2), [[3, 1], [1, 2]])
    assert is_volt(V.compress([1, 0, 1]), [3, 2]) and is_volt(np.unwrap([0, 9, 1] * mV, period=10 * mV), [0, -1, 1])
    assert np.angle([1, -1] * mV).tolist() == [0, np.pi]


def test_files_hold_numbers_in_base_units(caplog):
    file = io.BytesIO()
    np.savez(file, v=V, i=NEURONS)
    file.seek(0)
    assert np.load(file)["v"].tolist() == [0.003, 0.001, 0.002]
    assert "numpy.savez took values in base units" in caplog.text
    for save in (np.save, np.savez_compressed, np.savetxt):
        save(io.BytesIO(), V)
    text = io.StringIO()
    np.savetxt(text, np.column_stack((NEURONS, SPIKES)), fmt="%g")
    assert text.getvalue().split("\n")[1] == "4 0.012"


def test_every_ufunc_and_every_dispatched_function_has_a_rule_or_refuses():
    for name in dir(np):
        thing = getattr(np, name, None)
        if isinstance(thing, np.ufunc) and thing.nin <= 2 and name not in dir(
                UFUNC_RULES) and thing.__name__ not in UFUNC_RULES:
            with pytest.raises(TypeError):
                thing(*[V] * thing.nin)
        elif type(thing).__name__ == "_ArrayFunctionDispatcher" and thing not in RULES:
            needed = [p for p in inspect.signature(thing).parameters.values() if p.default is p.empty
                      and p.kind <= p.POSITIONAL_OR_KEYWORD]
            with pytest.raises(TypeError):
                thing(*[V] * max(1, len(needed)))
