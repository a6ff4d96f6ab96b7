"""What a backtest comes to, model by model: scores of the forecasts and of the money."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lstmfin.backtest.walkforward import BUY_AND_HOLD, Backtest, Floats
from lstmfin.metrics import forecast as f
from lstmfin.metrics import returns as r
from lstmfin.metrics.law import Law
from lstmfin.metrics.sharpe import sharpe_bootstrap_interval, sharpe_interval

RANGE_LEVEL = 0.9
"""The range that is printed and checked: nine truths in ten should lie inside."""

TAIL = (1 - RANGE_LEVEL) / 2

BOOTSTRAP_SAMPLES = 500

REFERENCE = "zero-return"
"""The baseline that skill is measured against: the last price."""


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Scores of one model; None where a model makes no forecast, or a score is no number.

    Forecast scores are those of the next session's log return unless the name says otherwise. A
    skill is the share of the reference's score that is saved, the reference being ``zero-return``:
    the last price, and a range by trailing volatility. Money is after costs, as fractions,
    annualised where the name says so.

    Attributes
    ----------
    crps_bps, pinball_05_bps, pinball_95_bps, interval_90_bps, mae_bps, rmse_bps : float
        In basis points; see ``lstmfin.metrics.forecast`` for what they are.
    log_score, log_score_gain : float
        In nats, and how much below that of the reference.
    mase_at_horizon : float
        Mean absolute error at the last horizon, in mean absolute moves of a session.
    qlike, qlike_skill : float
        Of the next session's variance, where it is known what was realised.
    coverage_by_quarter : dict of str to float
        Share of the truth in the range of 90 %, by quarter of the year.
    pit : list of float
        Share of the truth in each tenth of its law.
    """

    model: str
    crps_bps: float | None = None
    crps_skill: float | None = None
    crps_skill_at_horizon: float | None = None
    log_score: float | None = None
    log_score_gain: float | None = None
    pinball_05_bps: float | None = None
    pinball_95_bps: float | None = None
    interval_90_bps: float | None = None
    interval_90_skill: float | None = None
    mae_bps: float | None = None
    mae_skill: float | None = None
    rmse_bps: float | None = None
    rmse_skill: float | None = None
    mase_at_horizon: float | None = None
    qlike: float | None = None
    qlike_skill: float | None = None
    hit_rate: float | None = None
    coverage_90: float | None = None
    coverage_by_quarter: dict[str, float] | None = None
    pit: list[float] | None = None
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
    reference = _losses(result, REFERENCE)
    names = (*result.laws, BUY_AND_HOLD)
    return [_score(result, name, reference=reference, market=market) for name in names]


def _score(result: Backtest, name: str, *, reference: dict[str, float], market: Floats) -> Scores:
    net = result.net(name)
    return Scores(
        model=name,
        **(_forecast_scores(result, name, reference) if name in result.laws else {}),
        total_return=r.total_return(net),
        annual_return=r.annualised_return(net),
        annual_volatility=_known(r.annualised_volatility(net)),
        sharpe=_known(r.sharpe(net)),
        max_drawdown=r.max_drawdown(net),
        turnover=r.turnover(result.positions[name]),
        **_more_money(result, name, market),
    )


def _more_money(result: Backtest, name: str, market: Floats) -> dict[str, Any]:
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


def _forecast_scores(result: Backtest, name: str, reference: dict[str, float]) -> dict[str, Any]:
    own = _losses(result, name)
    skill = {key: _known(f.skill(own[key], reference[key])) for key in own}
    law, truth = result.laws[name][:, 0], result.realised[:, 0]
    bounds = _range(law)
    return {
        **{f"{key}_bps": _known(1e4 * own[key]) for key in _IN_BPS},
        **{f"{key}_skill": skill[key] for key in _WITH_SKILL},
        "crps_skill_at_horizon": skill["crps_at_horizon"],
        "log_score": _known(own["log_score"]),
        "log_score_gain": _known(reference["log_score"] - own["log_score"]),
        "mase_at_horizon": _known(own["mae_at_horizon"] / np.abs(truth).mean()),
        "qlike": _known(own["qlike"]),
        "hit_rate": _known(f.hit_rate(truth, law.median)),
        "coverage_90": _known(f.coverage(truth, **bounds)),
        "coverage_by_quarter": f.coverage_by_quarter(truth, **bounds, sessions=result.sessions),
        "pit": f.pit_histogram(truth, law).tolist(),
    }


_IN_BPS = ("crps", "pinball_05", "pinball_95", "interval_90", "mae", "rmse")
_WITH_SKILL = ("crps", "interval_90", "mae", "rmse", "qlike")


def _losses(result: Backtest, name: str) -> dict[str, float]:
    """Return every score that is the better the smaller."""
    laws, truth = result.laws[name], result.realised[:, 0]
    law, median, bounds = laws[:, 0], laws[:, 0].median, _range(laws[:, 0])
    last, known = laws[:, -1], np.isfinite(result.realised[:, -1])
    truth_at_horizon = result.realised[known, -1]
    variance = result.variance.get(name, law.std**2)
    return {
        "crps": f.crps(truth, law),
        "crps_at_horizon": f.crps(truth_at_horizon, last[known]),
        "log_score": f.log_score(truth, law),
        "pinball_05": f.pinball(truth, bounds["lower"], level=TAIL),
        "pinball_95": f.pinball(truth, bounds["upper"], level=1 - TAIL),
        "interval_90": f.interval_score(truth, **bounds, level=RANGE_LEVEL),
        "mae": f.mae(truth, median),
        "mae_at_horizon": f.mae(truth_at_horizon, last[known].median),
        "rmse": f.rmse(truth, median),
        "qlike": f.qlike(result.realised_variance, variance)
        if result.realised_variance is not None
        else np.nan,
    }


def _range(law: Law) -> dict[str, Floats]:
    return {"lower": law.quantile(TAIL), "upper": law.quantile(1 - TAIL)}


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None
