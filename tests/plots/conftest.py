"""Pictures of made-up prices, one for each kind of plot."""

import datetime as dt

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from lstmfin.plots.kinds.equity import EquityPicture
from lstmfin.plots.kinds.forecast import ForecastPicture
from lstmfin.plots.kinds.gradients import LAGS_DRAWN, Curve, GradientsPicture
from lstmfin.plots.kinds.training import TrainingPicture
from lstmfin.plots.style import drawing

ABOUT = {"source": "made up", "as_of": dt.date(2024, 5, 3), "model_label": "LSTM 32, Student t"}


def garch_returns(n, seed=11, drift=0.0004):
    """Daily returns with volatility in clusters, as fractions."""
    rng = np.random.default_rng(seed)
    returns, variance = np.empty(n), 1.6e-4
    for t in range(n):
        returns[t] = np.sqrt(variance) * rng.standard_t(6) / np.sqrt(1.5)
        variance = 2e-6 + 0.09 * returns[t] ** 2 + 0.9 * variance
    return drift + returns


def forecast_picture(symbol="AAPL", horizon=10, currency="USD", start=150.0):
    sessions = np.busday_offset("2023-11-01", np.arange(132), roll="forward")
    closes = start * np.exp(np.cumsum(garch_returns(132)))
    future = np.busday_offset(sessions[-1], np.arange(1, horizon + 1))
    levels = np.array([0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95])
    z = np.array([-1.9, -1.38, -0.7, 0, 0.7, 1.38, 1.9])
    spread = 0.0125 * np.sqrt(np.arange(1, horizon + 1))
    median = closes[-1] * np.exp(0.0003 * np.arange(1, horizon + 1))
    return ForecastPicture(
        symbol, sessions, closes, future, levels, median[:, None] * np.exp(spread[:, None] * z),
        median, closes[-1] * np.exp(-1.645 * 1.25 * spread), closes[-1] * np.exp(1.645 * 1.25 * spread), currency, **ABOUT,
    )  # fmt: skip


def training_picture(symbol="AAPL", n=24):
    rng = np.random.default_rng(4)
    epochs = np.arange(1, n + 1)
    train = -2.93 - 0.12 * (1 - np.exp(-epochs / 5)) - 0.0015 * epochs
    validation = -2.95 - 0.07 * (1 - np.exp(-epochs / 3)) + 0.00012 * epochs**2
    validation += 0.003 * rng.standard_normal(n)
    rate = 0.003 * 0.5 * (1 + np.cos(np.pi * (epochs - 1) / n))
    norm = 2.5 * np.exp(-epochs / 7) + 0.2 + 0.05 * rng.random(n)
    best = int(epochs[np.argmin(validation)])
    return TrainingPicture(symbol, epochs, train, validation, rate, norm, best, "student-t (nats)", -2.99, **ABOUT)  # fmt: skip


def equity_picture(symbol="AAPL", n=1250, drift=0.0004):
    sessions = np.busday_offset("2019-07-01", np.arange(n), roll="forward")
    returns = garch_returns(n, drift=drift)
    signal = np.convolve(np.random.default_rng(8).standard_normal(n + 9), np.ones(10) / 3, "valid")
    position = np.clip(np.round(signal), -1, 1)
    cost = 0.0005 * np.abs(np.diff(position, prepend=0))
    gross = np.cumprod(1 + position * returns + 0.0003)
    net = np.cumprod(1 + position * returns + 0.0003 - cost)
    return EquityPicture(
        symbol, sessions, net, np.cumprod(1 + returns), gross, position, 5.0,
        sessions[::250], "no edge shown", **ABOUT,
    )  # fmt: skip


def gradients_picture(symbol="AAPL"):
    lags = np.array(LAGS_DRAWN)
    scales = [
        Curve(
            f"U × {scale}{', at rest' if rest else ''}",
            lags,
            (scale * size) ** lags,
            f"{scale}",
            dashed=rest,
        )
        for rest, size in ((True, 1.0), (False, 0.85))
        for scale in (0.8, 1.0, 1.2)
    ]
    cells = [Curve(f"cell{k}", lags, 0.1 * (1 - 0.02 * k) ** lags, f"cell{k}") for k in range(6)]
    return GradientsPicture(symbol, tuple(scales), tuple(cells))


PICTURES = {
    "forecast": forecast_picture,
    "training": training_picture,
    "equity": equity_picture,
    "gradients": gradients_picture,
}


@pytest.fixture
def make_picture():
    """Return a picture of a kind by its name; a new kind adds its own to PICTURES."""
    return lambda kind, **kwargs: PICTURES[kind](**kwargs)


@pytest.fixture
def text_boxes():
    """Return the boxes in pixels of those texts of a figure that are seen, arrows apart."""

    def boxes(figure, texts):
        renderer = FigureCanvasAgg(figure).get_renderer()
        with drawing():
            figure.draw(renderer)
            seen = [one for one in texts if one.get_visible() and one.get_text().strip()]
            return {one: Text.get_window_extent(one, renderer) for one in seen}

    return boxes
