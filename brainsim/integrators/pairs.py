"""Embedded Runge–Kutta pairs: a step by one formula, its error by the difference to another, from the same stages."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction as F

Row = tuple[F, ...]


@dataclass(frozen=True)
class Pair:
    """Stage times and weights, the weights of the step, those of its error; ``order`` of the step and of the
    ``error``'s formula."""

    times: Row
    stages: tuple[Row, ...]
    weights: Row
    error: Row
    order: int
    error_order: int


def _row(text: str) -> Row:
    return tuple(F(part) for part in text.split())


def _pair(stages: Sequence[str], weights: str, other: str, order: int, error_order: int) -> Pair:
    """A pair from its rows; the time of a stage is the sum of its weights."""
    rows, new = tuple(_row(s) for s in stages), _row(weights)
    return Pair(tuple(sum(r, F(0)) for r in rows), rows, new, tuple(a - b for a, b in zip(new, _row(other))), order,
                error_order)


def _doubled() -> Pair:
    """The classical method in two half steps; a whole one from the same start gives the error (Richardson 1911)."""
    half, sixth = F(1, 2), F(1, 6)
    whole = [(), (half,), (F(0), half), (F(0), F(0), F(1))]

    def mixed(*weights: F) -> Row:
        return (weights[0], F(0), F(0), F(0), *weights[1:])   # stages 2 to 4 belong to the whole step

    middle = (sixth / 2, sixth, sixth, sixth / 2)
    first = [mixed(half / 2), mixed(F(0), half / 2), mixed(F(0), F(0), half)]
    second = [
        mixed(*middle),
        mixed(*middle, half / 2),
        mixed(*middle, F(0), half / 2),
        mixed(*middle, F(0), F(0), half)
    ]
    rows = (*whole, *first, *second)
    new = mixed(*middle, *middle)
    once = (sixth, 2 * sixth, 2 * sixth, sixth, *(F(0),) * 7)
    return Pair(tuple(sum(r, F(0)) for r in rows), tuple(rows), new, tuple((a - b) / 15 for a, b in zip(new, once)), 4,
                4)


PAIRS: Mapping[str, Pair] = {
    # Dormand & Prince 1980, RK5(4)7M
    "rk45":
    _pair([
        "", "1/5", "3/40 9/40", "44/45 -56/15 32/9", "19372/6561 -25360/2187 64448/6561 -212/729",
        "9017/3168 -355/33 46732/5247 49/176 -5103/18656", "35/384 0 500/1113 125/192 -2187/6784 11/84"
    ], "35/384 0 500/1113 125/192 -2187/6784 11/84 0", "5179/57600 0 7571/16695 393/640 -92097/339200 187/2100 1/40", 5,
          4),
    # Kutta 1901, with the midpoint method inside
    "gsl_rk2":
    _pair(["", "1/2", "-1 2"], "1/6 2/3 1/6", "0 1 0", 3, 2),
    "gsl_rk4":
    _doubled(),
    # Fehlberg 1969
    "gsl_rkf45":
    _pair([
        "", "1/4", "3/32 9/32", "1932/2197 -7200/2197 7296/2197", "439/216 -8 3680/513 -845/4104",
        "-8/27 2 -3544/2565 1859/4104 -11/40"
    ], "16/135 0 6656/12825 28561/56430 -9/50 2/55", "25/216 0 1408/2565 2197/4104 -1/5 0", 5, 4),
    # Cash & Karp 1990
    "gsl_rkck":
    _pair([
        "", "1/5", "3/40 9/40", "3/10 -9/10 6/5", "-11/54 5/2 -70/27 35/27",
        "1631/55296 175/512 575/13824 44275/110592 253/4096"
    ], "37/378 0 250/621 125/594 0 512/1771", "2825/27648 0 18575/48384 13525/55296 277/14336 1/4", 5, 4),
    # Prince & Dormand 1981, RK8(7)13M
    "gsl_rk8pd":
    _pair([
        "", "1/18", "1/48 1/16", "1/32 0 3/32", "5/16 0 -75/64 75/64", "3/80 0 0 3/16 3/20",
        "29443841/614563906 0 0 77736538/692538347 -28693883/1125000000 23124283/1800000000",
        "16016141/946692911 0 0 61564180/158732637 22789713/633445777 545815736/2771057229 -180193667/1043307555",
        "39632708/573591083 0 0 -433636366/683701615 -421739975/2616292301 100302831/723423059 790204164/839813087 "
        "800635310/3783071287",
        "246121993/1340847787 0 0 -37695042795/15268766246 -309121744/1061227803 -12992083/490766935 "
        "6005943493/2108947869 "
        "393006217/1396673457 123872331/1001029789",
        "-1028468189/846180014 0 0 8478235783/508512852 1311729495/1432422823 -10304129995/1701304382 "
        "-48777925059/3047939560 "
        "15336726248/1032824649 -45442868181/3398467696 3065993473/597172653",
        "185892177/718116043 0 0 -3185094517/667107341 -477755414/1098053517 -703635378/230739211 "
        "5731566787/1027545527 "
        "5232866602/850066563 -4093664535/808688257 3962137247/1805957418 65686358/487910083",
        "403863854/491063109 0 0 -5068492393/434740067 -411421997/543043805 652783627/914296604 11173962825/925320556 "
        "-13158990841/6184727034 3936647629/1978049680 -160528059/685178525 248638103/1413531060 0"
    ], "14005451/335480064 0 0 0 0 -59238493/1068277825 181606767/758867731 561292985/797845732 -1041891430/1371343529 "
          "760417239/1151165299 118820643/751138087 -528747749/2220607170 1/4",
          "13451932/455176623 0 0 0 0 -808719846/976000145 1757004468/5645159321 656045339/265891186 "
          "-3867574721/1518517206 "
          "465885868/322736535 53011238/667516719 2/45 0", 8, 7),
}
