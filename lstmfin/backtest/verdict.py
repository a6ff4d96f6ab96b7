"""The verdict, in words with the numbers that carry them: "no edge shown" unless one is.

Direction, range and money are judged apart: a network may well know how far tomorrow's price will
move and nothing of the way. An edge needs every test that is listed for it, at a level that counts
all symbols of the same verdict, and for money all that was ever tried on the symbol.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstmfin.backtest.scores import RANGE_LEVEL
from lstmfin.backtest.search import Search, excess_returns
from lstmfin.backtest.walkforward import BUY_AND_HOLD, Backtest, Floats
from lstmfin.metrics.forecast import coverage, skill
from lstmfin.metrics.inference import PesaranTimmermann, diebold_mariano, pesaran_timmermann
from lstmfin.metrics.returns import sharpe
from lstmfin.metrics.selection import holm

LEVEL = 0.05
"""An edge that isn't there is called one in at most this share of verdicts, topic by topic."""

NAIVE = "zero-return"
DRIFT = "drift"


@dataclass(frozen=True)
class Finding:
    """One line of the verdict.

    Attributes
    ----------
    p_value : float or None
        That all tests of the topic, in all symbols of the verdict, come out so well by luck.
    """

    topic: str
    edge: bool
    text: str
    p_value: float | None = None


@dataclass(frozen=True)
class Evidence:
    """What was found on a topic in one series, before it is known how many were looked at.

    Parameters
    ----------
    p_values : tuple of float
        Of the claims that the topic may make; each is the largest of the tests that it needs, so
        that it is no smaller than it should be.
    holds : bool
        Whether what else is needed is so.
    text : str
        The numbers.
    """

    topic: str
    p_values: tuple[float, ...]
    holds: bool
    text: str


def verdict(result: Backtest, search: Search | None = None) -> list[Finding]:
    """Return the findings on direction, range and money of the network of one backtest."""
    return verdicts([result], [search or Search()])[0]


def verdicts(results: Sequence[Backtest], searches: Sequence[Search]) -> list[list[Finding]]:
    """Return the findings on each of several backtests that are judged together.

    P-values of a topic are corrected for all claims that are made on it (Holm), so that one lucky
    symbol among many is no edge.
    """
    pairs = zip(results, searches, strict=True)
    table = [[_direction(one), _range(one), _money(one, search)] for one, search in pairs]
    by_topic = [_corrected(list(column)) for column in zip(*table, strict=True)]
    return [list(row) for row in zip(*by_topic, strict=True)]


def _corrected(column: list[Evidence]) -> list[Finding]:
    corrected = iter(holm([p for one in column for p in one.p_values]))
    n_claims = sum(len(one.p_values) for one in column)
    findings = []
    for one in column:
        known = [p for p in (float(next(corrected)) for _ in one.p_values) if np.isfinite(p)]
        p = min(known, default=None)
        edge = bool(one.holds and p is not None and p < LEVEL)
        among = f" Corrected for {n_claims} claims, p = {p:.2f}." if n_claims > 1 and p else ""
        text = f"{'edge' if edge else 'no edge shown'}: {one.text}.{among}"
        findings.append(Finding(one.topic, edge, text, p))
    return findings


def _direction(result: Backtest) -> Evidence:
    """Judge the sign, at the next session and at the horizon."""
    horizons = sorted({1, result.laws[result.model].shape[1]})
    claims = [direction_test(result, horizon) for horizon in horizons]
    signs, against = claims[0].signs, claims[0].against
    p_values = ", ".join(f"{name} p = {p:.2f}" for name, p in against.items())
    text = f"{_signs(signs)}; squared error against {p_values} (Diebold-Mariano)"
    if len(claims) > 1:
        p = claims[1].p_value
        found = f"all of it p = {p:.2f}" if np.isfinite(p) else "there is nothing to test"
        text += f"; {horizons[1]} sessions ahead {found}"
    return Evidence("direction", tuple(one.p_value for one in claims), holds=True, text=text)


@dataclass(frozen=True)
class DirectionTest:
    """Tests of the direction so many sessions ahead; it needs all of them."""

    signs: PesaranTimmermann
    against: dict[str, float]

    @property
    def p_value(self) -> float:
        """The largest of all, and NaN where one could not be made."""
        return float(np.max([self.signs.p_value, *self.against.values()]))


def direction_test(result: Backtest, horizon: int) -> DirectionTest:
    r"""Test the direction by Pesaran-Timmermann and, against the naive, by Diebold-Mariano.

    The loss is the squared error, adjusted for what a forecast that needs no fit saves by it:

    .. math:: d_t = (y_t - f_t)^2 - (b_t - f_t)^2 - (y_t - b_t)^2

    The median of the network is :math:`f`, that of the baseline :math:`b`. Unadjusted, the noise of
    a fitted forecast hides a direction that is there: T. E. Clark and K. D. West (2007), eq. 2.3.
    Signs are counted at every h-th origin, as returns over h sessions overlap between.
    """
    at = horizon - 1
    truth = result.realised[:, at]
    known = np.isfinite(truth)
    truth = truth[known]
    median = {name: law[:, at].median[known] for name, law in result.laws.items()}
    forecast = median[result.model]
    against = {}
    for label, name in (("no return", NAIVE), ("drift", DRIFT)):
        adjusted = (truth - forecast) ** 2 - (median[name] - forecast) ** 2
        test = diebold_mariano(adjusted, (truth - median[name]) ** 2, horizon=horizon)
        against[label] = test.p_better
    return DirectionTest(pesaran_timmermann(truth[::horizon], forecast[::horizon]), against)


def _signs(signs: PesaranTimmermann) -> str:
    if signs.n == 0:
        return "the network gave no direction in any session"
    return (
        f"the sign was right in {signs.hit_rate:.1%} of the {signs.n:,} sessions with one "
        f"(Pesaran-Timmermann p = {signs.p_value:.2f})"
    )


def _range(result: Backtest) -> Evidence:
    """Judge the law of the next session, by CRPS and QLIKE against the best baseline of each."""
    truth = result.realised[:, 0]
    laws = {name: law[:, 0] for name, law in result.laws.items()}
    p_crps, gain, best = _against_best(
        {n: law.crps(truth) for n, law in laws.items()}, result.model
    )
    p_qlike, _, _ = _against_best(
        {n: _qlike(law.std, truth) for n, law in laws.items()}, result.model
    )
    tail = (1 - RANGE_LEVEL) / 2
    own = laws[result.model]
    held = coverage(truth, lower=own.quantile(tail), upper=own.quantile(1 - tail))
    text = (
        f"CRPS {abs(gain):.1%} {'below' if gain > 0 else 'above'} the best baseline, {best} "
        f"(Diebold-Mariano p = {p_crps:.2f}, of the variance by QLIKE p = {p_qlike:.2f}); the 90 % "
        f"range held {held:.1%} of the time"
    )
    return Evidence("range", (float(np.max([p_crps, p_qlike])),), holds=True, text=text)


def _against_best(losses: dict[str, Floats], model: str) -> tuple[float, float, str]:
    """Return the p-value and the share saved against the baseline of least loss, and its name."""
    own = losses.pop(model)
    means = {name: float(loss.mean()) for name, loss in losses.items()}
    best = min(means, key=lambda name: means[name])
    p = diebold_mariano(own, losses[best], horizon=1).p_better
    return p, skill(float(own.mean()), means[best]), best


def _qlike(std: Floats, truth: Floats) -> Floats:
    """Return the quasi-likelihood loss of a standard deviation, up to what depends on truth alone.

    A. J. Patton (2011), "Volatility forecast comparison using imperfect volatility proxies".
    """
    with np.errstate(over="ignore"):
        return np.asarray(2 * np.log(std) + (truth / std) ** 2)


def _money(result: Backtest, search: Search) -> Evidence:
    """Judge what was earned after costs above buy-and-hold, as the best of all that was tried.

    The deflated ratio alone would take one lucky day for skill: what skews returns to the right
    narrows its error. So the plain mean has to be above zero, too; and where Hansen's test can be
    made, the best of all that was tried must be above holding by it.
    """
    own, held = sharpe(result.net(result.model)), sharpe(result.net(BUY_AND_HOLD))
    excess = excess_returns(result)
    probability = search.deflated(excess)
    mean = diebold_mariano(-excess, np.zeros_like(excess), horizon=1)
    trials = "1 trial" if search.n_trials == 1 else f"{search.n_trials:,} trials"
    text = (
        f"{_sharpe(own)} after {result.costs.turn_bps:g} bp a turn, {_sharpe(held)} for "
        f"buy-and-hold; truly above it with probability {_percent(probability)} (deflated Sharpe "
        f"ratio over {trials}), mean above it p = {mean.p_better:.2f}"
    )
    if np.isfinite(search.overfitting):
        text += f"; probability of overfitting {search.overfitting:.0%}"
    if np.isfinite(search.superior):
        text += f"; best of all that was tried p = {search.superior:.2f} (Hansen's SPA)"
    if search.confident:
        n_best, holding = search.confident
        text += (
            f", {n_best} of it may be the best, as buy-and-hold {'may' if holding else 'may not'} "
            "(model confidence set)"
        )
    better = bool(np.isfinite(own) and own > max(held, 0.0))
    p = float(np.max([1 - probability, mean.p_better]))
    if np.isfinite(search.superior):
        p = float(np.max([p, search.superior]))
    return Evidence("money", (p,), holds=better, text=text)


def _percent(probability: float) -> str:
    return f"{probability:.0%}" if np.isfinite(probability) else "unknown"


def _sharpe(ratio: float) -> str:
    return f"Sharpe {ratio:.2f}" if np.isfinite(ratio) else "no position held, Sharpe undefined"
