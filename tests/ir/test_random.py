"""Philox in every language against the published known answers, and the laws that are made from it."""
from __future__ import annotations

import ctypes
import subprocess

import numpy as np
import pytest

from brainsim.ir.random import draw, draw_many, philox, quarter_turn
from brainsim.targets.compiler import Compiler, find_compiler
from brainsim.targets.numpy_words import DrawAhead
from brainsim.targets.templates import read

#: Random123's kat_vectors for philox4x32-10: counter, key, words
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    ((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0),
     (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)),
]

PROBE = """
void words(uint64_t seed, uint32_t stream, int64_t step, uint32_t counter, uint32_t *out) {
    bs_philox(seed, stream, step, counter, out);
}
double uniform(uint64_t seed, uint32_t stream, int64_t step, uint32_t index) {
    return bs_uniform(seed, stream, step, index);
}
double normal(uint64_t seed, uint32_t stream, int64_t step, uint32_t index) {
    return bs_normal(seed, stream, step, index);
}
void uniforms(uint64_t seed, uint32_t stream, int64_t step, int64_t first, double *out) {
    bs_uniforms(seed, stream, step, first, out);
}
void normals(uint64_t seed, uint32_t stream, int64_t step, int64_t first, double *out) {
    bs_normals(seed, stream, step, first, out);
}
"""


@pytest.fixture(scope="module", params=["-march=native", ""], ids=["this processor", "any processor"])
def in_c(request, tmp_path_factory):
    compiler = find_compiler()
    if not isinstance(compiler, Compiler):
        pytest.skip("no C compiler")
    folder = tmp_path_factory.mktemp("probe")
    (folder / "probe.c").write_text(read("c/language.h") + PROBE)
    flags = [f for f in ("-O2", "-ffp-contract=off", request.param) if f]
    subprocess.run([*compiler.command, *flags, "-shared", "-fPIC", "probe.c", "-o", "probe.so", "-lm"], cwd=folder,
                   check=True)
    library = ctypes.CDLL(str(folder / "probe.so"))
    kinds = [ctypes.c_uint64, ctypes.c_uint32, ctypes.c_int64, ctypes.c_uint32]
    for name in ("uniform", "normal"):
        getattr(library, name).argtypes, getattr(library, name).restype = kinds, ctypes.c_double
    library.words.argtypes = [*kinds, ctypes.c_void_p]
    for name in ("uniforms", "normals"):
        getattr(library, name).argtypes = [*kinds[:3], ctypes.c_int64, ctypes.c_void_p]
    return library


@pytest.mark.feature("random generator")
@pytest.mark.parametrize("counter, key, words", KNOWN)
def test_philox_gives_the_published_words(counter, key, words):
    assert philox(counter, key) == words


@pytest.mark.parametrize("counter, key, words", KNOWN)
def test_philox_in_c_gives_the_published_words(in_c, counter, key, words):
    out = np.zeros(4, np.uint32)
    step = counter[0] | counter[1] << 32
    step = step - 2**64 if step >= 2**63 else step
    in_c.words(key[0] | key[1] << 32, counter[3], step, counter[2], out.ctypes.data)
    assert tuple(out) == words


@pytest.mark.parametrize("law", ["uniform", "normal"])
def test_all_languages_draw_the_same_numbers(in_c, law):
    seed, stream, step = 2**63 + 12345, 3, 2**33 + 7
    index = np.arange(192)
    many = draw_many(law, seed, stream, step, index)
    plain = np.array([draw(law, seed, stream, step, int(k)) for k in index])
    single = np.array([getattr(in_c, law)(seed, stream, step, int(k)) for k in index])
    together = np.zeros(192)
    for first in (0, 64, 128):
        getattr(in_c, law + "s")(seed, stream, step, first, together[first:].ctypes.data)
    # the logarithm is the platform's: its last digit may differ between libraries
    tolerance = dict(rtol=0, atol=0) if law == "uniform" else dict(rtol=4e-16, atol=0)
    for other in (plain, single, together):
        np.testing.assert_allclose(other, many, **tolerance)


def test_uniform_numbers_are_in_the_half_open_interval():
    u = draw_many("uniform", 1, 0, 0, np.arange(200_000))
    assert u.min() >= 0 and u.max() < 1
    assert abs(u.mean() - 0.5) < 4 * np.sqrt(1 / 12 / len(u))


def test_normal_numbers_have_the_moments_of_the_normal_law():
    z = draw_many("normal", 1, 0, 0, np.arange(200_000))
    n = len(z)
    assert abs(z.mean()) < 4 / np.sqrt(n)
    assert abs(z.var() - 1) < 4 * np.sqrt(2 / n)
    assert abs((z**4).mean() - 3) < 4 * np.sqrt(96 / n)


def test_partners_of_one_call_are_independent():
    z = draw_many("normal", 5, 0, np.int64(3), np.arange(64 * 3000)).reshape(-1, 2, 32)
    assert abs(np.mean(z[:, 0] * z[:, 1])) < 4 / np.sqrt(z[:, 0].size)


@pytest.mark.parametrize("change", [dict(seed=2), dict(stream=1), dict(step=1), dict(index=1)])
def test_every_part_of_the_key_counts(change):
    base = dict(seed=1, stream=0, step=0, index=0)
    assert draw("uniform", **base) != draw("uniform", **{**base, **change})


def test_a_quarter_turn_is_exact_to_the_last_digits():
    f = np.linspace(-0.5, 0.5, 1001)
    sine, cosine = quarter_turn(f)
    np.testing.assert_allclose(sine, np.sin(f * np.pi / 2), rtol=4e-16, atol=1e-17)
    np.testing.assert_allclose(cosine, np.cos(f * np.pi / 2), rtol=4e-16)


def test_numbers_made_ahead_are_those_of_their_steps():
    ahead, index = DrawAhead(), np.arange(5, 45)
    for law in ("uniform", "normal"):
        for seed, step in [(7, 0), (7, 1), (7, 49), (7, 60), (7, 2), (8, 2), (8, 2**40)]:
            expected = [draw(law, seed, 3, step, int(k)) for k in index]
            assert ahead(law, seed, 3, step, index).tolist() == pytest.approx(expected, rel=1e-15)
    assert len(ahead("normal", 1, 0, 0, np.arange(0))) == 0
