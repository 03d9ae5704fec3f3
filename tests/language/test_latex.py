"""Expressions, statements and equations as LaTeX."""
import pytest

from brainsim import Equations, Expression, Statements
from brainsim.errors import Source
from brainsim.language.expressions import parse_expression
from brainsim.language.latex import latex, name_latex
from brainsim.units.display import STAR_PREFIXES, STAR_ROOTS
from brainsim.units.names import unit

EXPRESSIONS = [
    ("(E_L - v)/tau_m", r"\frac{E_{L} - v}{\tau_{m}}"),
    ("-(a + b)*c", r"-\left(a + b\right)\,c"),
    ("a*(-b)", r"a\,\left(-b\right)"),
    ("a - (b - c)", r"a - \left(b - c\right)"),
    ("a**b**c", "a^{b^{c}}"),
    ("(a**b)**c", r"\left(a^{b}\right)^{c}"),
    ("-a**2", "-a^{2}"),
    ("x*2", r"x \cdot 2"),
    ("2*3e-5*x", r"2 \cdot 3 \cdot 10^{-5}\,x"),
    ("10*mV", r"10\,\mathrm{mV}"),
    ("not (a > b and c <= d) or e_1 != 1", r"\neg \left(a > b \wedge c \leq d\right) \vee e_{1} \neq 1"),
    ("exp(-abs(i - j)/N_post)", r"\exp\left(\frac{-\left|i - j\right|}{N_{\mathrm{post}}}\right)"),
    ("sqrt(2/dt)", r"\sqrt{\frac{2}{\Delta t}}"),
    ("floor(x) + a//b + a % b", r"\left\lfloor x \right\rfloor + \left\lfloor \frac{a}{b} \right\rfloor + a "
                                r"\,\mathrm{mod}\, b"),
    ("v < inf and True", r"v < \infty \wedge \mathrm{true}"),
    ("clip(w, 0, w_max)", r"\mathrm{clip}\left(w, 0, w_{\mathrm{max}}\right)"),
    ("my_f(x)", r"\mathrm{my\_f}\left(x\right)"),
]
NAMES = [("v", "v"), ("tau", r"\tau"), ("taum", r"\tau_{m}"), ("tau_pre", r"\tau_{\mathrm{pre}}"), ("v0", "v_{0}"),
         ("ge", r"\mathit{ge}"),
         ("g_Na_max", r"g_{\mathrm{Na},\mathrm{max}}"), ("mV", r"\mathrm{mV}"), ("um2", r"\mathrm{\mu m}^{2}"),
         ("Mohm", r"\mathrm{M\Omega}"),
         ("x_alpha", r"x_{\alpha}"), ("xi", r"\xi"), ("_private", r"\mathit{private}")]


@pytest.mark.feature("typeset equations")
@pytest.mark.parametrize("text, wanted", EXPRESSIONS)
def test_an_expression_keeps_its_structure(text, wanted):
    assert latex(parse_expression(Source(text))) == wanted


@pytest.mark.parametrize("text, _", EXPRESSIONS)
def test_the_latex_of_an_expression_can_be_typeset(text, _):
    mathtext = pytest.importorskip("matplotlib.mathtext")
    mathtext.MathTextParser("path").parse(f"${latex(parse_expression(Source(text)))}$")


@pytest.mark.parametrize("name, wanted", NAMES)
def test_names_are_letters_with_indices_and_units_upright(name, wanted):
    assert name_latex(name) == wanted


def test_a_unit_of_the_star_import_is_written_as_its_symbol():
    for name in (prefix + root for root in STAR_ROOTS for prefix in ("", *STAR_PREFIXES)):
        assert name_latex(name).replace(r"\Omega", "ohm") == unit(name).latexname, name


@pytest.mark.feature("typeset equations", "Expression and Statements")
def test_code_strings_are_typeset():
    assert Expression("a/b")._repr_latex_() == r"$\frac{a}{b}$"
    assert Statements("v = 0*mV; w += b")._repr_latex_() == (
        "$$\\begin{aligned}\nv &\\leftarrow 0\\,\\mathrm{mV} \\\\\nw &\\leftarrow w + b\n\\end{aligned}$$")


@pytest.mark.feature("typeset equations", "Equations")
def test_equations_are_typeset_with_units_and_flags():
    equations = Equations("dv/dt = -v/tau : volt (unless refractory)\nx = 2*v : volt\nn : integer (constant)\n"
                          "g : siemens/meter**2")
    assert equations._repr_latex_() == r"""$$\begin{aligned}
\frac{\mathrm{d}v}{\mathrm{d}t} &= \frac{-v}{\tau} &&\quad \mathrm{V}\ \text{(unless refractory)} \\
x &= 2\,v &&\quad \mathrm{V} \\
n &  &&\quad \mathrm{integer}\ \text{(constant)} \\
g &  &&\quad \frac{\mathrm{S}}{\mathrm{m}^{2}}
\end{aligned}$$"""
    assert equations["v"]._repr_latex_() == (r"$\frac{\mathrm{d}v}{\mathrm{d}t} = \frac{-v}{\tau} "
                                             r"\qquad \mathrm{V}\ \text{(unless refractory)}$")
    assert Equations("")._repr_latex_() == ""
