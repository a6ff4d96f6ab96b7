"""By how much a network beats each baseline, with intervals, and the same on other symbols."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from lstmfin.advice import advised
from lstmfin.backtest.record import Record
from lstmfin.backtest.scores import REFERENCE
from lstmfin.backtest.skill import Skill
from lstmfin.errors import DataError
from lstmfin.plots.kind import PlotKind
from lstmfin.plots.style import LABEL_SIZE, Label, grid_of, label_right, named, panel
from lstmfin.plots.subject import Picture, Tested
from lstmfin.plots.text import literal
from lstmfin.plots.theme import Theme


@dataclass(frozen=True)
class SkillRow:
    """One comparison: share of the loss saved, and its interval of 95 %, as fractions."""

    name: str
    skill: float
    low: float
    high: float
    late: bool = False


@dataclass(frozen=True)
class SkillPicture(Picture):
    """What a picture of skill shows.

    Parameters
    ----------
    baselines : tuple of SkillRow
        Against each, at the next session and, ``late``, at the last horizon.
    others : tuple of SkillRow
        Other symbols of the workspace, against the last price at the next session.
    """

    baselines: tuple[SkillRow, ...]
    others: tuple[SkillRow, ...]
    horizon: int


def draw(picture: SkillPicture, theme: Theme) -> Figure:
    """Return one row a baseline, and one a symbol below."""
    names = list(dict.fromkeys(row.name for row in picture.baselines))
    early = [row for row in picture.baselines if not row.late]
    n_better, n_worse = sum(row.low > 0 for row in early), sum(row.high < 0 for row in early)
    n_others = len(picture.others)
    heights = [0.32 * len(names) + 0.2] + ([0.26 * n_others + 0.2] if n_others else [])
    figure = picture.framed(
        theme,
        f"better than {n_better} of {len(early)} baselines, worse than {n_worse}",
        ", out of sample: share of the CRPS saved, 95 % intervals, not corrected for their number",
        height=2.1 + sum(heights) + 0.35 * (n_others > 0),
    )
    grid = grid_of(figure, heights, top=1.02, bottom=0.85)
    grid.update(hspace=0.9 / len(heights) / np.mean(heights), left=0.18)
    top = panel(figure, theme, grid[0], ylabel="Baseline (name)")
    shown = [top]
    named(top, f"● the next session   ○ {picture.horizon} sessions ahead", theme)
    _rows(top, names, picture.baselines, theme)
    if n_others:
        below = panel(figure, theme, grid[1], ylabel="Symbol (name)", sharex=top)
        named(below, "Other symbols, against the last price, the next session", theme)
        _rows(below, [row.name for row in picture.others], picture.others, theme)
        shown.append(below)
    shown[-1].set_xlabel("Share of the other's CRPS saved (%)", size=LABEL_SIZE, color=theme.muted)
    return figure


def _rows(axes: Axes, names: Sequence[str], rows: Sequence[SkillRow], theme: Theme) -> None:
    """Draw an interval a row, from the top down; right of 0 is better."""
    place = {name: len(names) - 1 - k for k, name in enumerate(names)}
    labels = []
    both = any(row.late for row in rows)
    for row in rows:
        y = place[row.name] + (0.16 if both and not row.late else -0.16 if row.late else 0)
        colour = theme.model if row.low > 0 else theme.rival if row.high < 0 else theme.muted
        axes.plot([row.low, row.high], [y, y], color=colour, lw=1.8, solid_capstyle="round")
        fill = theme.background if row.late else colour
        axes.plot(row.skill, y, "o", ms=5.5, color=fill, mec=colour, mew=1.3)
        if not row.late:
            words = f"{100 * row.skill:+.1f} %  ({100 * row.low:+.1f} to {100 * row.high:+.1f})"
            labels.append(Label(place[row.name], words, colour))
    axes.axvline(0, color=theme.ink, lw=1.0)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x", color=theme.grid, lw=0.8)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_yticks(list(place.values()), [literal(name, 14) for name in place])
    axes.xaxis.set_major_locator(MaxNLocator(7))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:g}"))
    label_right(axes, labels)


def make(tested: Tested) -> SkillPicture:
    """Take the record of a backtest, and those of other symbols."""
    record = tested.record
    if not record.skills:
        raise DataError(
            f"the backtest of {record.symbol} is of a version that kept no intervals; make it "
            f"anew: {advised('backtest', record.symbol)}"
        )
    horizon = max(one.horizon for one in record.skills)
    first = {one.baseline: one.skill for one in record.skills if one.horizon == 1}
    ordered = sorted(record.skills, key=lambda one: first.get(one.baseline, np.inf))
    return SkillPicture(
        symbol=record.symbol,
        baselines=tuple(_row(one.baseline, one) for one in ordered),
        others=tuple(row for one in tested.others() for row in _against_the_last_price(one)),
        horizon=horizon,
        source=record.source,
        as_of=tested.as_of,
        model_label=tested.label,
        aside=tested.aside,
    )


def _row(name: str, one: Skill) -> SkillRow:
    return SkillRow(name, one.skill, one.low, one.high, late=one.horizon > 1)


def _against_the_last_price(record: Record) -> list[SkillRow]:
    return [
        _row(record.symbol, one)
        for one in record.skills
        if one.baseline == REFERENCE and one.horizon == 1
    ]


PLOT = PlotKind(SkillPicture, draw, make, Tested)
