"""Whether forecast ranges held what they said: over time, and over the whole law."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from lstmfin.backtest.scores import RANGE_LEVEL, REFERENCE
from lstmfin.plots.kind import PlotKind
from lstmfin.plots.style import LABEL_SIZE, Label, grid_of, label_right, named, panel, percent_axis
from lstmfin.plots.subject import Picture, Tested
from lstmfin.plots.theme import Theme

Z = 1.96
"""Normal quantile of the two-sided 95 % band of a share."""


@dataclass(frozen=True)
class CalibrationPicture(Picture):
    """What a picture of calibration shows; shares as fractions.

    Parameters
    ----------
    quarters : tuple of str
        Such as ``2020Q1``, Q of them.
    coverage, reference : array (Q,)
        Share of the outcomes in the range of ``level``, by the network and by the last price.
    n_sessions : array (Q,)
        Outcomes in each quarter.
    pit : array (K,)
        Share of the outcomes in each of K equal parts of their law.
    """

    quarters: tuple[str, ...]
    coverage: NDArray[np.float64]
    reference: NDArray[np.float64]
    n_sessions: NDArray[np.float64]
    level: float
    overall: float
    pit: NDArray[np.float64]


def draw(picture: CalibrationPicture, theme: Theme) -> Figure:
    """Return coverage by quarter, and the histogram of where outcomes fell."""
    figure = picture.framed(
        theme,
        f"the {100 * picture.level:g} % range held {100 * picture.overall:.1f} % of the next "
        "sessions",
        ", out of sample. Shaded: where 95 % of shares lie if the forecasts are right",
        height=5.6,
    )
    grid = grid_of(figure, [1.25, 1.0], top=1.02, bottom=0.85)
    grid.update(hspace=0.5)
    _over_time(panel(figure, theme, grid[0], ylabel="Inside (%)"), picture, theme)
    _histogram(panel(figure, theme, grid[1], ylabel="Outcomes (%)"), picture, theme)
    figure.align_ylabels()
    return figure


def _over_time(axes: Axes, picture: CalibrationPicture, theme: Theme) -> None:
    named(axes, f"Share of outcomes inside the {100 * picture.level:g} % range, by quarter", theme)
    at, level = np.arange(len(picture.quarters)), picture.level
    half = Z * np.sqrt(level * (1 - level) / np.maximum(picture.n_sessions, 1))
    low, high = level - half, np.minimum(level + half, 1)
    axes.fill_between(at, low, high, color=theme.tint(theme.muted, 0.18), lw=0, step="mid")
    axes.axhline(level, color=theme.muted, lw=1.0)
    axes.plot(at, picture.reference, color=theme.rival, lw=1.1, ls=(0, (4, 2)))
    axes.plot(at, picture.coverage, color=theme.model, lw=1.8, marker="o", ms=4)
    axes.set_xlim(-0.5, len(at) - 0.5)
    axes.set_ylim(top=min(1.02, axes.get_ylim()[1]))
    percent_axis(axes)
    step = -(-len(at) // 8)
    first = next((k for k in at if picture.quarters[k].endswith("Q1")), 0) % step
    axes.set_xticks(at[first::step], [f"{q[4:]}\n{q[:4]}" for q in picture.quarters[first::step]])
    label_right(
        axes,
        [
            Label(float(picture.coverage[-1]), "network", theme.model, "bold"),
            Label(float(picture.reference[-1]), "last price", theme.rival),
            Label(level, "as it should be", theme.muted),
        ],
    )


def _histogram(axes: Axes, picture: CalibrationPicture, theme: Theme) -> None:
    named(axes, "Low at both ends: ranges too wide. High at both ends: too narrow", theme)
    K = len(picture.pit)
    even, n = 1 / K, max(float(picture.n_sessions.sum()), 1)
    half = Z * np.sqrt(even * (1 - even) / n)
    edges = np.arange(K) / K
    axes.bar(
        edges, picture.pit, width=0.94 / K, align="edge", color=theme.tint(theme.model, 0.75), lw=0
    )
    axes.axhspan(even - half, even + half, color=theme.muted, alpha=0.25, lw=0)
    axes.axhline(even, color=theme.ink, lw=1.0)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.15 * max(float(picture.pit.max()), even + half))
    percent_axis(axes)
    axes.xaxis.set_major_locator(MaxNLocator(10))
    axes.set_xlabel(
        "Where the outcome fell in its forecast (0 the lowest, 1 the highest; PIT)",
        size=LABEL_SIZE,
        color=theme.muted,
    )
    label_right(axes, [Label(even, "if calibrated", theme.ink)])


def make(tested: Tested) -> CalibrationPicture:
    """Take the scores of a backtest."""
    record = tested.record
    own = record.scores[0]
    reference = next(one for one in record.scores if one.model == REFERENCE)
    by_quarter, theirs = own.coverage_by_quarter or {}, reference.coverage_by_quarter or {}
    months = np.array(record.sessions, "datetime64[M]").astype(int)
    counts = {
        f"{1970 + q // 4}Q{q % 4 + 1}": n for q, n in zip(*_counted(months // 3), strict=True)
    }
    return CalibrationPicture(
        symbol=record.symbol,
        quarters=tuple(by_quarter),
        coverage=np.array(list(by_quarter.values()), float),
        reference=np.array([theirs.get(one, np.nan) for one in by_quarter], float),
        n_sessions=np.array([counts.get(one, 1) for one in by_quarter], float),
        level=RANGE_LEVEL,
        overall=own.coverage_90 if own.coverage_90 is not None else float("nan"),
        pit=np.array(own.pit, float),
        source=record.source,
        as_of=tested.as_of,
        model_label=tested.label,
        aside=tested.aside,
    )


def _counted(values: NDArray[np.int64]) -> tuple[list[int], list[int]]:
    found, counts = np.unique(values, return_counts=True)
    return found.tolist(), counts.tolist()


PLOT = PlotKind(CalibrationPicture, draw, make, Tested)
