"""How much of a forecast is the seed's: the members of an ensemble side by side."""

from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from lstmfin.errors import DataError
from lstmfin.models.again import as_asked, train_line
from lstmfin.models.forecasts import OUTER, make_forecast
from lstmfin.plots.kind import PlotKind
from lstmfin.plots.style import LABEL_SIZE, Label, grid_of, label_right, named, panel
from lstmfin.plots.subject import Picture, Trained
from lstmfin.plots.text import loss_label, price, price_label
from lstmfin.plots.theme import Theme


@dataclass(frozen=True)
class SeedsPicture(Picture):
    """What a picture of seeds shows: M members.

    Parameters
    ----------
    losses : tuple of array (E,)
        Validation loss of each member by epoch, from the naive law before the first on.
    best_epochs : array of int (M,)
    ranges : array (M, 3)
        The 5 %, 50 % and 95 % price of each member at the last session ahead.
    together : array (3,)
        The same of all of them in equal shares.
    """

    losses: tuple[NDArray[np.float64], ...]
    best_epochs: NDArray[np.int64]
    loss_name: str
    ranges: NDArray[np.float64]
    together: NDArray[np.float64]
    session: str
    currency: str


def draw(picture: SeedsPicture, theme: Theme) -> Figure:
    """Return the courses of training over what each member says."""
    medians = picture.ranges[:, 1]
    apart = np.ptp(medians) / picture.together[1]
    n = len(medians)
    below = 0.17 * (n + 1) + 0.25
    figure = picture.framed(
        theme,
        f"{n} seeds, medians {100 * apart:.2g} % apart",
        "; the same network and data, from other first weights",
        height=4.15 + below,
    )
    grid = grid_of(figure, [1.9, below], top=1.02, bottom=0.85)
    grid.update(hspace=0.75 / (0.5 * (1.9 + below)))
    _courses(
        panel(figure, theme, grid[0], ylabel=f"Loss, {picture.loss_name}"),
        picture,
        theme,
    )
    _ranges(panel(figure, theme, grid[1], ylabel="Seed (number)"), picture, theme)
    figure.align_ylabels()
    return figure


def _courses(axes: Axes, picture: SeedsPicture, theme: Theme) -> None:
    named(axes, "Loss on the validation block by epoch; a dot where the weights are from", theme)
    for losses, best in zip(picture.losses, picture.best_epochs.tolist(), strict=True):
        axes.plot(losses, color=theme.tint(theme.model, 0.6), lw=1.2)
        axes.plot(
            best, losses[best], "o", ms=5, color=theme.model, mec=theme.background, clip_on=False,
            zorder=5,
        )  # fmt: skip
    naive = float(picture.losses[0][0])
    axes.axhline(naive, color=theme.rival, lw=1.1, ls=(0, (4, 2)))
    finals = [float(losses[-1]) for losses in picture.losses]
    axes.set_xlim(0, max(len(losses) for losses in picture.losses) - 1 or 1)
    axes.margins(y=0.1)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:.5g}"))
    label_right(
        axes,
        [
            Label(naive, "naive forecast", theme.rival),
            Label(float(np.median(finals)), "the seeds", theme.model, "bold"),
        ],
    )


def _ranges(axes: Axes, picture: SeedsPicture, theme: Theme) -> None:
    named(axes, f"Median and 90 % range on {picture.session}, seed by seed", theme)
    n = len(picture.ranges)
    colours = [theme.tint(theme.model, 0.6)] * n + [theme.ink]
    for k, (low, median, high) in enumerate([*picture.ranges.tolist(), picture.together.tolist()]):
        y = n - k
        axes.plot([low, high], [y, y], color=colours[k], lw=2.2, solid_capstyle="round")
        axes.plot(median, y, "o", ms=5, color=colours[k], mec=theme.background)
    axes.set_ylim(-0.7, n + 0.7)
    step = -(-n // 10)
    axes.set_yticks([n - k for k in range(0, n, step)], [str(k + 1) for k in range(0, n, step)])
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x", color=theme.grid, lw=0.8)
    axes.set_xlabel(
        price_label(picture.currency, picture.symbol), size=LABEL_SIZE, color=theme.muted
    )
    width = picture.ranges[:, 2] - picture.ranges[:, 0]
    least, most = (price(float(one), picture.currency) for one in (width.min(), width.max()))
    words = f"{least} to {most} wide"
    label_right(
        axes, [Label(0, "all together", theme.ink, "bold"), Label((n + 1) / 2, words, theme.model)]
    )


def make(trained: Trained) -> SeedsPicture:
    """Forecast with each network of the model."""
    forecaster, symbol = trained.forecaster, trained.prices.symbol
    if len(forecaster.members) == 1:
        config, data = as_asked(forecaster.config, trained.prices), forecaster.provenance
        again = train_line(replace(config, members=5), data.symbols if data else (symbol,))
        raise DataError(
            f"the model of {symbol} is one network, of one seed; train several: {again}"
        )
    forecast = make_forecast(forecaster, trained.prices)
    close = forecast.last_close
    ranges = [
        [close * np.exp(float(law[-1].quantile(level))) for level in OUTER]
        for law in forecast.members
    ]
    return SeedsPicture(
        symbol=symbol,
        losses=tuple(np.array(one.history.validation_loss) for one in forecaster.members),
        best_epochs=np.array([one.history.best_epoch for one in forecaster.members]),
        loss_name=loss_label(str(forecaster.config.loss)),
        ranges=np.array(ranges),
        together=forecast.prices(OUTER)[-1],
        session=str(forecast.sessions[-1]),
        currency=forecast.currency,
        source=forecast.source,
        as_of=forecast.origin,
        model_label=trained.label,
        aside=trained.aside,
    )


PLOT = PlotKind(SeedsPicture, draw, make, Trained)
