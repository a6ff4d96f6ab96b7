"""How a network learned: losses, learning rate and gradient norm by epoch."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from lstmfin.plots.kind import PlotKind
from lstmfin.plots.style import LABEL_SIZE, Label, grid_of, label_right, panel
from lstmfin.plots.subject import Picture, Trained
from lstmfin.plots.text import loss_label
from lstmfin.plots.theme import Theme

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
FEW_EPOCHS = 6
"""Epochs, the naive law before the first among them, whose points are marked."""


@dataclass(frozen=True)
class TrainingPicture(Picture):
    """What a training picture shows; arrays of shape (E,), one element an epoch.

    Parameters
    ----------
    best_epoch : int
        The epoch, as it is counted in ``epochs``, whose weights were kept.
    loss_name : str
        Of the loss that was minimised, with its unit: ``"student-t (nats)"``.
    reference_loss : float
        The naive forecast's loss on the validation block, NaN if there is none.
    gradient_norm : array
        Norm over all weights before clipping.
    """

    epochs: NDArray[np.int64]
    train_loss: NDArray[np.float64]
    validation_loss: NDArray[np.float64]
    learning_rate: NDArray[np.float64]
    gradient_norm: NDArray[np.float64]
    best_epoch: int
    loss_name: str
    reference_loss: float


def draw(picture: TrainingPicture, theme: Theme) -> Figure:
    """Return the learning curves."""
    best = float(picture.validation_loss[picture.epochs == picture.best_epoch][0])
    figure = picture.framed(
        theme,
        _in_words(picture),
        f"; weights kept from epoch {picture.best_epoch}{_against(best, picture.reference_loss)}",
        height=5.2,
    )
    grid = grid_of(figure, [2.6, 1.0], columns=2, bottom=0.8)
    grid.update(hspace=0.56, wspace=0.42)
    power = _power(picture.learning_rate)
    losses = panel(figure, theme, grid[0, :], ylabel=f"Loss, {picture.loss_name}")
    _losses(losses, picture, theme, best)
    rate = panel(figure, theme, grid[1, 0], ylabel=f"Step (×10{str(power).translate(RAISED)})")
    style = _style(picture)
    rate.plot(picture.epochs, picture.learning_rate / 10.0**power, color=theme.ink, lw=1.4, **style)
    rate.set_ylim(bottom=0)
    rate.yaxis.set_major_locator(MaxNLocator(3))
    rate.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:.3g}"))
    _name(rate, "Learning rate", theme)
    norm = panel(figure, theme, grid[1, 1], ylabel="Norm (L2)")
    norm.plot(picture.epochs, picture.gradient_norm, color=theme.ink, lw=1.4, **style)
    _log_scale(norm, picture.gradient_norm)
    _name(norm, "Gradient, before clipping", theme)
    for axes in (losses, rate, norm):
        axes.set_xlim(picture.epochs[0], max(picture.epochs[-1], picture.epochs[0] + 1))
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
        axes.axvline(picture.best_epoch, color=theme.muted, lw=0.8, ls=(0, (1, 3)))
        axes.set_xlabel("Epoch (passes over the data)", size=LABEL_SIZE, color=theme.muted)
    return figure


def _power(steps: NDArray[np.float64]) -> int:
    """Return the power of ten that the longest step is counted in."""
    longest = float(np.nanmax(steps, initial=0.0))
    return math.floor(math.log10(longest)) if longest > 0 else 0


def _style(picture: TrainingPicture) -> dict[str, Any]:
    """Return what shows curves of few points: a single one is no line."""
    few = len(picture.epochs) <= FEW_EPOCHS
    return {"marker": "o", "ms": 4, "clip_on": False} if few else {}


def _in_words(picture: TrainingPicture) -> str:
    if picture.best_epoch == picture.epochs[0] == 0:
        return "nothing learned that holds"
    return f"learned until epoch {picture.best_epoch}"


def _against(best: float, reference: float) -> str:
    if not math.isfinite(reference):
        return ""
    return (
        f", {abs(best - reference):.3g} {'below' if best < reference else 'above'} the naive loss"
    )


def _losses(axes: Axes, picture: TrainingPicture, theme: Theme, best: float) -> None:
    axes.plot(picture.epochs, picture.train_loss, color=theme.third, lw=1.6, **_style(picture))
    axes.plot(picture.epochs, picture.validation_loss, color=theme.model, lw=2.0)
    axes.plot(
        picture.best_epoch,
        best,
        "o",
        ms=6,
        color=theme.model,
        mec=theme.background,
        mew=1.4,
        clip_on=False,
        zorder=5,
    )
    if math.isfinite(picture.reference_loss):
        axes.axhline(picture.reference_loss, color=theme.rival, lw=1.1, ls=(0, (4, 2)))
    axes.margins(y=0.1)
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:.5g}"))
    label_right(
        axes,
        [
            Label(picture.train_loss[-1], "training", theme.third),
            Label(picture.validation_loss[-1], "validation", theme.model, "bold"),
            Label(picture.reference_loss, "naive forecast", theme.rival),
        ],
    )


def _log_scale(axes: Axes, values: NDArray[np.float64]) -> None:
    """Use a logarithmic axis where all values allow it."""
    if np.all(values > 0) and values.max() > 3 * values.min():
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=5))
        axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:.3g}"))


def _name(axes: Axes, text: str, theme: Theme) -> None:
    axes.set_title(text, loc="left", size=LABEL_SIZE, color=theme.muted, pad=4)


def make(trained: Trained) -> TrainingPicture:
    """Take the history of the model; epoch 0 is the naive law that training starts from."""
    forecaster = trained.forecaster
    history, data = forecaster.history, forecaster.provenance
    assert data is not None
    return TrainingPicture(
        symbol=trained.prices.symbol,
        epochs=np.arange(len(history.validation_loss)),
        train_loss=np.array([np.nan, *history.train_loss]),
        validation_loss=np.array(history.validation_loss),
        learning_rate=np.array([np.nan, *history.learning_rate]),
        gradient_norm=np.array([np.nan, *history.gradient_norm]),
        best_epoch=history.best_epoch,
        loss_name=loss_label(str(forecaster.config.loss)),
        reference_loss=history.validation_loss[0],
        source=data.source,
        as_of=np.datetime64(data.last),
        model_label=trained.label,
        aside=trained.aside,
    )


PLOT = PlotKind(TrainingPicture, draw, make, Trained)
