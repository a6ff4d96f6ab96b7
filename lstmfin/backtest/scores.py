"""What a backtest comes to, model by model: scores of the forecasts and of the money."""

from dataclasses import dataclass

import numpy as np

from lstmfin.backtest.walkforward import BUY_AND_HOLD, Backtest, Floats
from lstmfin.metrics import forecast as f
from lstmfin.metrics import returns as r
from lstmfin.metrics.sharpe import sharpe_bootstrap_interval, sharpe_interval

RANGE_LEVEL = 0.9
"""The range that is printed and checked: nine truths in ten should lie inside."""

BOOTSTRAP_SAMPLES = 500

REFERENCE = "zero-return"
"""The baseline that skill is measured against: the last price."""


@dataclass(frozen=True)
class Scores:
    """Scores of one model; None where a model makes no forecast, or a score is no number.

    Forecast scores are those of the next session's log return unless the name says otherwise; money
    is after costs, as fractions, annualised where the name says so.
    """

    model: str
    crps_skill: float | None
    crps_skill_at_horizon: float | None
    mae_bps: float | None
    coverage_90: float | None
    hit_rate: float | None
    total_return: float
    annual_return: float
    annual_volatility: float | None
    sharpe: float | None
    max_drawdown: float
    turnover: float
    longest_drawdown: float | None = None
    sharpe_low: float | None = None
    sharpe_high: float | None = None
    sharpe_low_bootstrap: float | None = None
    sharpe_high_bootstrap: float | None = None
    sortino: float | None = None
    calmar: float | None = None
    win_rate: float | None = None
    profit_factor: float | None = None
    tail_ratio: float | None = None
    alpha: float | None = None
    beta: float | None = None
    exposure: float | None = None
    break_even_bps: float | None = None


def score(result: Backtest, market: Floats | None = None) -> list[Scores]:
    """Return the scores of every model of a backtest, the network first, buy-and-hold last.

    Parameters
    ----------
    market : ndarray (N,), optional
        Returns of the benchmark of alpha and beta, NaN where it was closed; those of holding the
        series itself if not given.
    """
    market = result.held if market is None else market
    return [_score(result, name, market) for name in (*result.laws, BUY_AND_HOLD)]


def _score(result: Backtest, name: str, market: Floats) -> Scores:
    net = result.net(name)
    return Scores(
        model=name,
        **(_forecast_scores(result, name) if name in result.laws else _NO_FORECAST),
        total_return=r.total_return(net),
        annual_return=r.annualised_return(net),
        annual_volatility=_known(r.annualised_volatility(net)),
        sharpe=_known(r.sharpe(net)),
        max_drawdown=r.max_drawdown(net),
        turnover=r.turnover(result.positions[name]),
        **_more_money(result, name, market),
    )


def _more_money(result: Backtest, name: str, market: Floats) -> dict[str, float | None]:
    """Return what else is told of the money, and None for what is no number.

    Alpha and beta are of the sessions in which the benchmark has a return; exposure is the mean
    size of a position, and break-even the cost of a turn that would take all that was earned.
    """
    net, held = result.net(name), result.positions[name]
    known = np.isfinite(market)
    alpha, beta = r.alpha_beta(net[known], market[known])
    low, high = sharpe_interval(net)
    stream = np.random.default_rng(0)
    low_too, high_too = sharpe_bootstrap_interval(net, rng=stream, n_samples=BOOTSTRAP_SAMPLES)
    figures = {
        "longest_drawdown": r.longest_drawdown(net),
        "sharpe_low": low,
        "sharpe_high": high,
        "sharpe_low_bootstrap": low_too,
        "sharpe_high_bootstrap": high_too,
        "sortino": r.sortino(net),
        "calmar": r.calmar(net),
        "win_rate": r.win_rate(net),
        "profit_factor": r.profit_factor(net),
        "tail_ratio": r.tail_ratio(net),
        "alpha": alpha,
        "beta": beta,
        "exposure": float(np.mean(np.abs(held))),
        "break_even_bps": r.break_even_bps(held, result.held),
    }
    return {key: _known(value) for key, value in figures.items()}


_NO_FORECAST: dict[str, float | None] = dict.fromkeys(
    ("crps_skill", "crps_skill_at_horizon", "mae_bps", "coverage_90", "hit_rate")
)


def _forecast_scores(result: Backtest, name: str) -> dict[str, float | None]:
    tail = (1 - RANGE_LEVEL) / 2
    law, reference = result.laws[name], result.laws[REFERENCE]
    truth = result.realised[:, 0]
    last = np.isfinite(result.realised[:, -1])
    next_law = law[:, 0]
    return {
        "crps_skill": f.skill(f.crps(truth, next_law), f.crps(truth, reference[:, 0])),
        "crps_skill_at_horizon": f.skill(
            f.crps(result.realised[last, -1], law[last, -1]),
            f.crps(result.realised[last, -1], reference[last, -1]),
        )
        if last.any()
        else None,
        "mae_bps": 1e4 * f.mae(truth, law.location[:, 0]),
        "coverage_90": f.coverage(
            truth, lower=next_law.quantile(tail), upper=next_law.quantile(1 - tail)
        ),
        "hit_rate": _known(f.hit_rate(truth, law.location[:, 0])),
    }


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
