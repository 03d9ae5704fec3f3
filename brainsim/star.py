"""What ``from brainsim import *`` gives beside our objects: NumPy's and pylab's names, the unit-aware ones in place of
theirs.

Matplotlib's names are small stand-ins that import it when they are first used. Python's own names keep their meaning;
``sum any all divmod`` serve Python's callers and NumPy's.
"""
from __future__ import annotations

import builtins
import datetime
import inspect
import logging
from importlib import import_module
from typing import Any

import numpy as np
import numpy.fft
import numpy.linalg
import numpy.random

from brainsim import numpy_
from brainsim.units import functions

#: where pylab's names live in Matplotlib
MATPLOTLIB = {
    "matplotlib.pyplot":
    ("acorr angle_spectrum annotate arrow autoscale autumn axes axhline axhspan axis axline axvline axvspan bar "
     "bar_label barbs barh bone box boxplot broken_barh cla clabel clf clim close cohere colorbar connect contour "
     "contourf cool copper csd delaxes disconnect draw draw_if_interactive ecdf errorbar eventplot figimage "
     "figlegend fignum_exists figtext figure fill fill_between fill_betweenx findobj flag gca gcf gci get get_cmap "
     "get_current_fig_manager get_figlabels get_fignums get_plot_commands getp ginput gray grid grouped_bar hexbin "
     "hist hist2d hlines hot hsv imread imsave imshow inferno ioff ion isinteractive jet legend locator_params "
     "loglog magma magnitude_spectrum margins matshow minorticks_off minorticks_on new_figure_manager nipy_spectral "
     "pause pcolor pcolormesh phase_spectrum pie pink plasma plot polar prism psd quiver quiverkey rc rc_context "
     "rcdefaults rgrids savefig sca scatter sci semilogx semilogy set_cmap set_loglevel setp show specgram spring "
     "spy stackplot stairs stem step streamplot subplot subplot2grid subplot_mosaic subplot_tool subplots "
     "subplots_adjust summer suptitle switch_backend table text thetagrids tick_params ticklabel_format tight_layout "
     "title tricontour tricontourf tripcolor triplot twinx twiny violinplot viridis vlines waitforbuttonpress winter "
     "xcorr xkcd xlabel xlim xscale xticks ylabel ylim yscale yticks Button Slider Widget"),
    "matplotlib":
    "get_backend interactive rcParams rcParamsDefault rcParamsOrig colormaps color_sequences",
    "matplotlib.artist":
    "Artist",
    "matplotlib.axes":
    "Axes Subplot",
    "matplotlib.backend_bases":
    "FigureCanvasBase FigureManagerBase MouseButton",
    "matplotlib.cbook":
    "flatten silent_list",
    "matplotlib.colors":
    "Colormap Normalize",
    "matplotlib.dates":
    ("DateFormatter DateLocator DayLocator HourLocator MinuteLocator MonthLocator RRuleLocator SecondLocator "
     "WeekdayLocator YearLocator date2num datestr2num drange num2date"),
    "matplotlib.figure":
    "Figure FigureBase figaspect",
    "matplotlib.gridspec":
    "GridSpec SubplotSpec",
    "matplotlib.lines":
    "AxLine Line2D",
    "matplotlib.mlab":
    "detrend detrend_linear detrend_mean detrend_none window_hanning window_none",
    "matplotlib.patches":
    "Arrow Circle Polygon Rectangle",
    "matplotlib.projections.polar":
    "PolarAxes",
    "matplotlib.scale":
    "get_scale_names",
    "matplotlib.text":
    "Annotation Text",
    "matplotlib.ticker":
    ("AutoLocator FixedFormatter FixedLocator FormatStrFormatter Formatter FuncFormatter IndexLocator LinearLocator "
     "Locator LogFormatter LogFormatterExponent LogFormatterMathtext LogLocator MaxNLocator MultipleLocator "
     "NullFormatter NullLocator ScalarFormatter TickHelper"),
    "cycler":
    "cycler",
}
MODULES = {
    "matplotlib": "matplotlib",
    "mpl": "matplotlib",
    "plt": "matplotlib.pyplot",
    "pyplot": "matplotlib.pyplot",
    "pylab": "matplotlib.pylab",
    "mlab": "matplotlib.mlab",
    "cbook": "matplotlib.cbook",
    "rcsetup": "matplotlib.rcsetup",
    "style": "matplotlib.style",
    "ma": "numpy.ma",
    "polynomial": "numpy.polynomial",
}  # fmt: skip
#: not from here: ours, Python's, or names too short to take from a script
_LEFT_OUT = {
    "seed", "test", "f", "x", "rate", "testing", "matlib", "core", "f2py", "ctypeslib", "char", "rec", "typing",
    "exceptions"
}


class Later:
    """Stands for a module, or for something in one, that is imported when it is first used."""

    def __init__(self, module: str, name: str = "") -> None:
        vars(self).update(_module=module, _name=name, __name__=name or module, __module__=module, __qualname__=name
                          or module)

    def _get(self) -> Any:
        """The thing itself."""
        module = import_module(self._module)
        return getattr(module, self._name) if self._name else module

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return self._get()(*args, **keywords)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in ("dim",
                                            "dimensions"):  # asked of anything, by people who look for something else
            raise AttributeError(name)
        return getattr(self._get(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._get(), name, value)

    def __dir__(self) -> list[str]:
        return dir(self._get())

    def __repr__(self) -> str:
        return f"<{self._module}{'.' if self._name else ''}{self._name}, imported when first used>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Later, (self._module, self._name)

    @property
    def __doc__(self) -> str | None:  # pyright: ignore[reportIncompatibleVariableOverride] -- read when asked for
        return self._get().__doc__

    @property
    def __signature__(self) -> Any:
        return inspect.signature(self._get())

    # classes: isinstance(fig, Figure), class Mine(Figure)
    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, self._get())

    def __subclasscheck__(self, cls: type) -> bool:
        return issubclass(cls, self._get())

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        return (self._get(),)

    # mappings: rcParams["font.size"] = 12
    def __getitem__(self, key: Any) -> Any:
        return self._get()[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        self._get()[key] = value

    def __delitem__(self, key: Any) -> None:
        del self._get()[key]

    def __contains__(self, key: Any) -> bool:
        return key in self._get()

    def __iter__(self) -> Any:
        return iter(self._get())

    def __len__(self) -> int:
        return len(self._get())


def _public(module: Any) -> dict[str, Any]:
    """A module's public names, without those of Python."""
    return {name: getattr(module, name) for name in module.__all__ if _is_free(name) and name not in MODULES}


def _is_free(name: str) -> bool:
    return not name.startswith("_") and not hasattr(builtins, name) and name not in _LEFT_OUT


NAMES: dict[str, Any] = {
    **{name: Later(module) for name, module in MODULES.items()},
    **{name: Later(module, name) for module, names in MATPLOTLIB.items() for name in names.split()},
    **_public(np),
    **_public(numpy.fft),
    **_public(numpy.random),
    **_public(numpy.linalg),
    **numpy_.OLDER,
    **{name: getattr(functions, name) for name in functions.__all__},
    "datetime": datetime,
    "logging": logging,
    "np": numpy_,
    "numpy": numpy_,
    "numpy_": numpy_,
}
globals().update(
    {name: value for name, value in NAMES.items() if name not in ("np", "numpy", "numpy_", "datetime", "logging")})
__all__ = list(NAMES)  # pyright: ignore[reportUnsupportedDunderAll] -- of a table
