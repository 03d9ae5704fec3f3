"""The star layer: pylab's names without Matplotlib until it is used, Python's names untouched, quantities in plots."""
import builtins
import os
import pickle
import subprocess
import sys

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")
import matplotlib.pyplot

from brainsim import numpy_, star
from brainsim.units import amp, functions, ms, mV

NAMES = star.NAMES


def test_matplotlib_is_not_imported():
    code = ("import sys; from brainsim.star import *; import brainsim.star as s; s.NAMES['sin'](1); "
            "print([m for m in sys.modules if m.startswith('matplotlib')])")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          env={**os.environ,
                               "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}).stdout.strip() == "[]"


@pytest.mark.feature("pylab in the star import")
def test_python_keeps_its_names():
    assert [name for name in NAMES if hasattr(builtins, name)] == functions.LIKE_BUILTINS


def test_short_names_of_scripts_are_left_alone():
    assert not {"x", "f", "rate", "input", "dir", "seed", "test"} & set(NAMES)


def test_names_of_numpy_and_its_parts():
    assert NAMES["array"] is np.array and NAMES["randn"] is np.random.randn and NAMES["fft"] is np.fft.fft
    assert NAMES["inv"] is np.linalg.inv
    assert NAMES["pi"] == np.pi and NAMES["exp"] is functions.exp and NAMES["sum"] is functions.sum


def test_np_is_ours_over_theirs():
    np_ = NAMES["np"]
    assert np_ is NAMES["numpy"] is numpy_ and np_.exp is functions.exp and np_.array is np.array
    assert np_.random.rand is np.random.rand
    assert "array" in dir(np_) and "exprel" in numpy_.__all__
    with pytest.raises(AttributeError):
        np_.no_such_name


@pytest.mark.feature("pylab in the star import")
@pytest.mark.parametrize("name", [name for name, thing in NAMES.items() if isinstance(thing, star.Later)])
def test_every_stand_in_stands_for_something(name):
    assert NAMES[name]._get() is not None


def test_a_stand_in_looks_like_what_it_stands_for():
    plot = NAMES["plot"]
    assert repr(plot) == "<matplotlib.pyplot.plot, imported when first used>"
    assert plot.__doc__ == matplotlib.pyplot.plot.__doc__ and plot.__name__ == "plot"
    assert "scalex" in plot.__signature__.parameters
    assert pickle.loads(pickle.dumps(plot))._get() is matplotlib.pyplot.plot
    for missing in ("dim", "_arg_units", "__array__", "__wrapped__"):
        assert not hasattr(plot, missing)


def test_stand_ins_of_classes_settings_and_modules():
    figure = NAMES["figure"]()
    assert isinstance(figure, NAMES["Figure"]) and issubclass(type(figure), NAMES["Figure"])

    class Mine(NAMES["Figure"]):
        pass

    assert issubclass(Mine, matplotlib.figure.Figure)
    params = NAMES["rcParams"]
    old = params["font.size"]
    params["font.size"] = 13
    assert matplotlib.rcParams["font.size"] == 13 and "font.size" in params and len(list(params)) == len(params)
    params["font.size"] = old
    assert NAMES["plt"].gcf() is figure
    NAMES["close"]("all")


V, T = np.linspace(-70, -50, 5) * mV, np.arange(5) * ms


@pytest.fixture
def axes():
    figure, axes = matplotlib.pyplot.subplots()
    yield axes
    figure.canvas.draw()
    matplotlib.pyplot.close(figure)


@pytest.mark.feature("plots of quantities")
def test_quantities_are_plotted_in_base_units_with_their_unit_on_the_axis(axes):
    (line,) = NAMES["plot"](T, V)
    assert line.get_xdata(orig=False).tolist() == np.asarray(T).tolist() and line.get_ydata(orig=False)[0] == -0.07
    assert axes.get_xlabel() == "s" and axes.get_ylabel() == "V"
    NAMES["axhline"](-60 * mV)
    NAMES["xlim"](0 * ms, 2 * ms)
    assert axes.get_xlim() == (0, 0.002)


def test_numbers_are_plotted_without_unit(axes):
    NAMES["plot"](T / ms, V / mV)
    assert axes.get_xlabel() == "" and axes.get_ylim()[0] < -70


def test_two_dimensions_on_one_axis_are_drawn_with_a_warning(axes, caplog):
    axes.plot(T, V)
    axes.plot(T, [1] * 5 * amp)
    assert "values in volt and in amp are drawn on one axis" in caplog.text
    axes.clear()


@pytest.mark.parametrize(
    "draw",
    [
        lambda a: a.plot(V), lambda a: a.plot(V, T, "k."), lambda a: a.scatter(T, V, c=V),
        lambda a: a.errorbar(T, V, yerr=1 * mV), lambda a: a.hist(V),
        lambda a: a.hist(V, bins=[-70, -60, -50] * mV), lambda a: a.fill_between(T, V, V + 1 * mV),
        lambda a: a.step(T, V), lambda a: a.semilogy(T, -V),
        lambda a: a.imshow(np.outer(T, V)), lambda a: a.pcolormesh(T, V, np.outer(V, T)),
        lambda a: a.vlines(T, -70 * mV, V), lambda a: a.axvspan(1 * ms, 2 * ms),
        lambda a: (a.plot(T, V), a.text(1 * ms, -60 * mV, "a"), a.set_xticks([0, 1] * ms)),
        lambda a: a.eventplot([T, T]), lambda a: a.stem(T, V),
        lambda a: a.plot([1 * ms, 2 * ms], [1 * mV, 2 * mV]), lambda a: a.boxplot(V),
        lambda a: a.contourf(np.outer(T, V)), lambda a: a.hist2d(T, V),
        lambda a: a.plot(1 * ms, 1 * mV, "o"), lambda a: a.plot(T, np.vstack([V, V]).T),
    ],
)  # fmt: skip
def test_every_kind_of_plot_takes_quantities(axes, draw):
    draw(axes)
    assert axes.has_data()
