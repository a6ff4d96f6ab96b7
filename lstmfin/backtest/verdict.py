"""The verdict, in words with the numbers that carry them: "no edge shown" unless one is.

Direction, range and money are judged apart: a network may well know how far tomorrow's price will
move and nothing of the way. An edge needs every test that is listed for it.
"""

from dataclasses import dataclass

import numpy as np

from lstmfin.backtest.scores import RANGE_LEVEL
from lstmfin.backtest.walkforward import BUY_AND_HOLD, Backtest
from lstmfin.metrics.forecast import coverage, skill
from lstmfin.metrics.inference import PesaranTimmermann, diebold_mariano, pesaran_timmermann
from lstmfin.metrics.returns import sharpe

LEVEL = 0.05
"""An edge that isn't there is called one in at most this share of cases, test by test."""


@dataclass(frozen=True)
class Finding:
    """One line of the verdict."""

    topic: str
    edge: bool
    text: str


def verdict(result: Backtest) -> list[Finding]:
    """Return the findings on direction, range and money of the network of a backtest."""
    return [_direction(result), _range(result), _money(result)]


def _direction(result: Backtest) -> Finding:
    """Judge the sign, by Pesaran-Timmermann and by Diebold-Mariano against no return at all."""
    truth, forecast = result.realised[:, 0], result.laws[result.model][:, 0].median
    signs = pesaran_timmermann(truth, forecast)
    squares = diebold_mariano((truth - forecast) ** 2, truth**2, horizon=1)
    edge = bool(signs.p_value < LEVEL and squares.p_better < LEVEL)
    return Finding(
        "direction",
        edge,
        f"{_edge_word(edge)}: {_signs(signs, len(truth))}; squared error against the last price "
        f"p = {squares.p_better:.2f} (Diebold-Mariano).",
    )


def _signs(signs: PesaranTimmermann, n: int) -> str:
    if signs.n == 0:
        return f"the network gave no direction in any of {n:,} sessions"
    silent = f", and {n - signs.n:,} others had none" if signs.n < n else ""
    return (
        f"the sign was right in {signs.hit_rate:.1%} of {signs.n:,} sessions{silent} "
        f"(Pesaran-Timmermann p = {signs.p_value:.2f})"
    )


def _range(result: Backtest) -> Finding:
    """Judge the whole law, by Diebold-Mariano on CRPS against the best baseline."""
    truth = result.realised[:, 0]
    losses = {name: law[:, 0].crps(truth) for name, law in result.laws.items()}
    own = losses.pop(result.model)
    best = min(losses, key=lambda name: float(losses[name].mean()))
    test = diebold_mariano(own, losses[best], horizon=1)
    edge = bool(test.p_better < LEVEL)
    law, tail = result.laws[result.model][:, 0], (1 - RANGE_LEVEL) / 2
    held = coverage(truth, lower=law.quantile(tail), upper=law.quantile(1 - tail))
    gain = skill(float(own.mean()), float(losses[best].mean()))
    return Finding(
        "range",
        edge,
        f"{_edge_word(edge)}: CRPS {abs(gain):.1%} {'below' if gain > 0 else 'above'} the best "
        f"baseline, {best} (Diebold-Mariano p = {test.p_better:.2f}); the 90 % range held "
        f"{held:.1%} of the time.",
    )


def _money(result: Backtest) -> Finding:
    """Judge what was earned after costs, by the mean return above buy-and-hold."""
    own, held = result.net(result.model), result.net(BUY_AND_HOLD)
    test = diebold_mariano(-own, -held, horizon=1)
    ratios = {"own": sharpe(own), "held": sharpe(held)}
    better = np.isfinite(ratios["own"]) and ratios["own"] > max(ratios["held"], 0.0)
    edge = bool(better and test.p_better < LEVEL)
    return Finding(
        "money",
        edge,
        f"{_edge_word(edge)}: {_sharpe(ratios['own'])} after {result.cost_bps:g} bp a turn, "
        f"{_sharpe(ratios['held'])} for buy-and-hold "
        f"(mean return above it p = {test.p_better:.2f}).",
    )


def _sharpe(ratio: float) -> str:
    return f"Sharpe {ratio:.2f}" if np.isfinite(ratio) else "no position held, Sharpe undefined"


def _edge_word(edge: bool) -> str:  # noqa: FBT001 - the word of one flag
    return "edge" if edge else "no edge shown"
