"""Pictures of made-up prices, one for each kind of plot."""

import datetime as dt

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from lstmfin.plots.kinds._gate_words import Panel
from lstmfin.plots.kinds._problem import Course, ProblemPicture
from lstmfin.plots.kinds.calibration import CalibrationPicture
from lstmfin.plots.kinds.equity import EquityPicture
from lstmfin.plots.kinds.forecast import ForecastPicture
from lstmfin.plots.kinds.gates import GatesPicture
from lstmfin.plots.kinds.gradients import Curve, GradientsPicture
from lstmfin.plots.kinds.seeds import SeedsPicture
from lstmfin.plots.kinds.skill import SkillPicture, SkillRow
from lstmfin.plots.kinds.training import TrainingPicture
from lstmfin.plots.theme import drawing

ABOUT = {"source": "made up", "as_of": dt.date(2024, 5, 3), "model_label": "LSTM 32, Student t"}
MEASURED = {"source": "lstmfin bench adding, seed 0", "as_of": dt.date(2024, 5, 3)}


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
        sessions, closes, future, levels, median[:, None] * np.exp(spread[:, None] * z),
        median, closes[-1] * np.exp(-1.645 * 1.25 * spread), closes[-1] * np.exp(1.645 * 1.25 * spread), currency, symbol=symbol, **ABOUT,
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
    return TrainingPicture(epochs, train, validation, rate, norm, best, "student-t (nats)", -2.99, symbol=symbol, **ABOUT)  # fmt: skip


def equity_picture(symbol="AAPL", n=1250, drift=0.0004):
    sessions = np.busday_offset("2019-07-01", np.arange(n), roll="forward")
    returns = garch_returns(n, drift=drift)
    signal = np.convolve(np.random.default_rng(8).standard_normal(n + 9), np.ones(10) / 3, "valid")
    position = np.clip(np.round(signal), -1, 1)
    cost = 0.0005 * np.abs(np.diff(position, prepend=0))
    gross = np.cumprod(1 + position * returns + 0.0003)
    net = np.cumprod(1 + position * returns + 0.0003 - cost)
    return EquityPicture(
        sessions, net, np.cumprod(1 + returns), gross, position, 5.0,
        sessions[::250], "no edge shown", symbol=symbol, **ABOUT,
    )  # fmt: skip


def gradients_picture(symbol="AAPL"):
    lags = np.array([1, 2, 3, 5, *range(10, 101, 5)])
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
    return GradientsPicture(symbol, tuple(scales), tuple(cells), **MEASURED)


def gates_picture(symbol="AAPL", n=120, n_units=3, n_inputs=4, window=60, currency="USD"):
    rng = np.random.default_rng(5)
    sessions = np.busday_offset("2023-11-01", np.arange(n), roll="forward")
    walk = np.cumsum(0.1 * rng.standard_normal((6, n, n_units)), axis=1)
    names = (
        "Forget gate f",
        "Input gate i",
        "Candidate g",
        "Cell state c",
        "Output gate o",
        "Peephole to f",
    )
    panels = tuple(
        Panel(
            f"{name}: what it does",
            "share" if "gate" in name else "state",
            curve if k > 2 else 1 / (1 + np.exp(-curve)),
            is_share="gate" in name,
        )
        for k, (name, curve) in enumerate(zip(names, walk, strict=True))
    )
    return GatesPicture(
        sessions, 150 * np.exp(np.cumsum(garch_returns(n))), currency,
        tuple(f"unit {k}: half-life {9 - k}" for k in range(n_units)), panels,
        tuple(f"input-{k}" for k in range(n_inputs)), 0.01 * rng.standard_normal((window, n_inputs)),
        "What widened (blue) and narrowed (orange) the next session's range (log width)",
        "All add up to +0.012: log width of 0.100, with average inputs 0.088 (exact to 1e-09)",
        "a memory that halves in 9 sessions", "Half-life: log ½ / log of the mean share kept", symbol=symbol, **ABOUT,
    )  # fmt: skip


def calibration_picture(symbol="AAPL", n=28):
    rng = np.random.default_rng(6)
    quarters = tuple(f"{2017 + k // 4}Q{k % 4 + 1}" for k in range(n))
    held = rng.binomial(63, 0.9, (2, n)) / 63
    pit = rng.multinomial(63 * n, np.full(10, 0.1)) / (63 * n)
    return CalibrationPicture(quarters, held[0], held[1], np.full(n, 63.0), 0.9, held[0].mean(), pit, symbol=symbol, **ABOUT)  # fmt: skip


def skill_picture(symbol="AAPL", n_others=3, horizon=10):
    names = ("har-rv", "drift", "zero-return", "random-forest", "historical")
    rows = [
        SkillRow(name, at, at - 0.004 * (1 + late), at + 0.004 * (1 + late), late)
        for k, name in enumerate(names)
        for late in (False, True)[: 1 + (horizon > 1)]
        for at in [0.004 * (k - 1) * (1 - 2 * late)]
    ]
    others = tuple(
        SkillRow(f"OTHER-{k}", 0.002 * k, 0.002 * k - 0.003, 0.002 * k + 0.003)
        for k in range(n_others)
    )
    return SkillPicture(tuple(rows), others, horizon, symbol=symbol, **ABOUT)


def seeds_picture(symbol="AAPL", n=5):
    rng = np.random.default_rng(7)
    losses = tuple(1.48 + np.cumsum(0.004 * np.r_[0, rng.standard_normal(6 + k)]) for k in range(n))
    middle = 150 + rng.standard_normal(n)
    ranges = np.stack([middle - 12, middle, middle + 12 + rng.random(n)], axis=1)
    return SeedsPicture(
        losses, np.array([int(np.argmin(one)) for one in losses]), "student-t (nats)", ranges,
        ranges.mean(axis=0), "2024-05-17", "USD", symbol=symbol, **ABOUT,
    )  # fmt: skip


def problem_picture(symbol="The adding problem"):
    steps = 16.0 * np.arange(1, 2000)
    courses = [
        Course(
            f"cell{k}",
            steps[: 2000 - 300 * k],
            np.maximum(0.17 * np.exp(-steps[: 2000 - 300 * k] * k / 9000), 0.006),
            k > 1,
        )
        for k in range(6)
    ]
    return ProblemPicture(symbol, 100, 8, tuple(courses), 0.01, **MEASURED)


PICTURES = {
    "forecast": forecast_picture,
    "training": training_picture,
    "equity": equity_picture,
    "gradients": gradients_picture,
    "gates": gates_picture,
    "calibration": calibration_picture,
    "skill": skill_picture,
    "seeds": seeds_picture,
    "adding": problem_picture,
    "timing": problem_picture,
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
