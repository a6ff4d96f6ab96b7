"""The verdict: no edge unless there is one."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lstmfin.backtest.search import Search
from lstmfin.backtest.strategy import Costs
from lstmfin.backtest.verdict import LEVEL, verdict, verdicts
from lstmfin.backtest.walkforward import Backtest
from lstmfin.data.prices import Prices, make_bars
from lstmfin.data.windows import cumulative_returns
from lstmfin.metrics.distribution import StudentT
from lstmfin.metrics.inference import diebold_mariano, pesaran_timmermann
from lstmfin.metrics.selection import holm
from lstmfin.registry import BASELINES

N_SESSIONS, N_SERIES = 500, 150


def _random_walk(rng, n=N_SESSIONS):
    return 0.01 * rng.standard_normal(n)


def _edges(result):
    return {finding.topic: finding.edge for finding in verdict(result)}


def test_random_walks_rarely_show_an_edge(handmade):
    """On random walks, guesses of direction and width show an edge no more often than the level."""
    counts = dict.fromkeys(("direction", "range", "money"), 0)
    for seed in range(N_SERIES):
        rng = np.random.default_rng(seed)
        truth = _random_walk(rng)
        scale = 0.01 * np.exp(0.1 * rng.standard_normal((N_SESSIONS, 1)))
        result = handmade(truth, 0.001 * rng.standard_normal(N_SESSIONS), scale=scale)
        for topic, edge in _edges(result).items():
            counts[topic] += edge
    bound = stats.binom.ppf(0.999, N_SERIES, LEVEL)
    assert max(counts.values()) <= bound, counts


def test_a_planted_direction_is_found(handmade):
    """Who knows a part of tomorrow's return, and nothing of its size, has no edge in range."""
    rng = np.random.default_rng(1)
    truth = _random_walk(rng)
    signal = 0.3 * truth + 0.003 * rng.standard_normal(N_SESSIONS)
    assert _edges(handmade(truth, signal)) == {"direction": True, "range": False, "money": True}


def test_a_planted_width_is_found_and_no_direction(handmade):
    """Who knows how far tomorrow's price moves and nothing of the way has an edge in range alone."""
    rng = np.random.default_rng(2)
    width = 0.01 * np.exp(0.8 * rng.standard_normal(N_SESSIONS))
    truth = width * rng.standard_normal(N_SESSIONS)
    result = handmade(truth, np.zeros(N_SESSIONS), scale=width[:, None])
    assert _edges(result) == {"direction": False, "range": True, "money": False}


def test_right_signs_of_wrong_size_are_direction_and_no_range(handmade):
    """Who knows every sign and nothing of sizes has an edge in direction, and none in range."""
    truth = _random_walk(np.random.default_rng(3))
    edges = _edges(handmade(truth, 0.1 * np.sign(truth)))
    assert edges["direction"]
    assert not edges["range"]


def test_a_guess_of_signs_is_no_direction(handmade):
    """A hit rate that luck explains is none, and neither is one that a rising market explains."""
    rng = np.random.default_rng(3)
    truth = _random_walk(rng) + 0.001
    assert not _edges(handmade(truth, 0.001 + 0.001 * rng.standard_normal(N_SESSIONS)))["direction"]


def test_a_bull_market_is_no_edge(handmade):
    """Being long in a rising market is neither direction nor money: it is buy-and-hold."""
    truth = _random_walk(np.random.default_rng(4)) + 0.002
    edges = _edges(handmade(truth, np.full(N_SESSIONS, 0.002)))
    assert not edges["direction"]
    assert not edges["money"]


def test_losing_less_than_the_market_is_no_edge_in_money(handmade):
    """Staying out of a crash beats buy-and-hold; a Sharpe ratio that is not above zero is none."""
    rng = np.random.default_rng(5)
    truth = _random_walk(rng) - 0.01
    positions = np.zeros(N_SESSIONS)
    positions[::50] = 1
    result = handmade(truth, np.zeros(N_SESSIONS), positions=positions)
    assert diebold_mariano(-result.net("lstm"), -result.held, horizon=1).p_better < 0.01
    assert not _edges(result)["money"]
    out = handmade(truth, np.zeros(N_SESSIONS), positions=np.zeros(N_SESSIONS))
    assert not _edges(out)["money"]


def test_one_lucky_day_is_no_edge_in_money(handmade):
    """Staying out on the worst day alone earns more than buy-and-hold, and shows nothing."""
    truth = _random_walk(np.random.default_rng(8)) + 0.001
    positions = np.ones(N_SESSIONS)
    positions[np.argmin(truth)] = 0
    result = handmade(truth, np.zeros(N_SESSIONS), positions=positions)
    assert result.net("lstm").mean() > result.held.mean() > 0
    assert not _edges(result)["money"]


def test_costs_can_take_the_edge(handmade):
    """What is earned before costs and lost to them is no edge in money."""
    rng = np.random.default_rng(6)
    truth = _random_walk(rng)
    signal = 0.3 * truth + 0.003 * rng.standard_normal(N_SESSIONS)
    assert not _edges(handmade(truth, signal, cost_bps=100.0))["money"]


def test_range_is_judged_against_the_best_baseline(handmade):
    """Beating one baseline is not enough when another is better."""
    rng = np.random.default_rng(7)
    truth = _random_walk(rng)
    result = handmade(truth, np.zeros(N_SESSIONS))
    result.laws["drift"] = result.laws["zero-return"].affine(factor=3.0)
    (line,) = [finding for finding in verdict(result) if finding.topic == "range"]
    assert not line.edge
    assert "the best baseline, zero-return" in line.text


def test_words_carry_the_numbers(handmade):
    """Each line says edge or none, the p-values, and what they are of."""
    truth = np.array([0.01, -0.02, 0.01, 0.005, -0.01, 0.02, 0.01, -0.01])
    location = np.array([0.01, -0.01, -0.01, 0.01, -0.01, 0.01, 0.01, 0.01]) / 10
    result = handmade(truth, location, cost_bps=2.5)
    direction, width, money = verdict(result)
    p = pesaran_timmermann(truth, location).p_value
    assert direction.text.startswith(
        "no edge shown: the sign was right in 75.0% of the 8 sessions with one"
    )
    assert f"Pesaran-Timmermann p = {p:.2f}" in direction.text
    assert "the 90 % range held 75.0% of the time" in width.text
    assert "after 2.5 bp a turn" in money.text
    for finding in (direction, width, money):
        assert finding.text.startswith("edge:" if finding.edge else "no edge shown:")


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_handful_of_sessions_shows_nothing(handmade, n):
    """With next to nothing to judge, no edge is shown, and no warning raised."""
    truth = np.full(n, 0.01)
    assert not any(_edges(handmade(truth, truth)).values())


def test_to_be_smoother_than_noise_is_no_edge():
    """Where volatility does not move, the law of all past returns is no edge: it is a baseline.

    Against a range that follows the recent past alone it would be called one nearly always.
    """
    found = [_smoother(seed) for seed in range(12)]
    assert sum(edge for edge, _ in found) <= stats.binom.ppf(0.999, 12, LEVEL)
    assert sum(against_noise for _, against_noise in found) >= 9


def _smoother(seed):
    """Return whether such a law is called an edge, and whether it would be against noise alone."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(0.01 * rng.standard_normal(2500)))
    prices = Prices("WALK", make_bars(pd.bdate_range("2010-01-01", periods=2500), close=close))
    origins, truth = np.arange(1000, 2490), cumulative_returns(prices, 2)
    laws = {}
    for name in ("drift", "historical", "zero-return"):
        model = BASELINES.get(name)(2)
        model.fit(prices.slice(1000))
        laws[name] = model.predict(prices, origins)
    own = laws["historical"].affine(
        factor=1 + 0.01 * (seed - 3.5) / 3.5
    )  # as near as a network may come
    losses = [law[:, 0].crps(truth[origins, 0]) for law in (own, laws["zero-return"])]
    result = Backtest(
        symbol="WALK",
        model="lstm",
        sessions=prices.sessions[origins],
        earned_on=prices.sessions[origins],
        realised=truth[origins],
        laws={"lstm": own, **laws},
        positions=dict.fromkeys(("lstm", "buy-and-hold"), np.ones(len(origins))),
        held=np.expm1(truth[origins, 0]),
        costs=Costs(5.0),
        folds=(),
    )
    return _edges(result)["range"], diebold_mariano(*losses, horizon=1).p_better < LEVEL


def test_silence_is_told(handmade):
    """A network that gave no direction and held nothing is told so, without a nan."""
    truth = _random_walk(np.random.default_rng(0))
    texts = [finding.text for finding in verdict(handmade(truth, np.zeros(N_SESSIONS)))]
    assert not any("nan" in text for text in texts)
    assert "gave no direction in any session" in texts[0]
    assert "no position held" in texts[2]
    half = np.where(np.arange(N_SESSIONS) < 200, 0.0, 0.001)
    (direction, *_) = verdict(handmade(truth, half))
    assert "of the 300 sessions with one" in direction.text


def test_one_lucky_symbol_among_many_is_none(handmade):
    """Judged together, the p-values of each topic are Holm's; one of 0.01 among twenty is no edge."""
    rng, results = np.random.default_rng(21), []
    for strength in (0.012, *[0.0] * 19):
        truth = _random_walk(rng)
        signal = strength * truth + 0.001 * rng.standard_normal(N_SESSIONS)
        results.append(handmade(truth, signal))
    alone = [verdict(one) for one in results]
    together = verdicts(results, [Search()] * 20)
    for topic in range(3):
        corrected = holm([lines[topic].p_value for lines in alone])
        np.testing.assert_allclose([lines[topic].p_value for lines in together], corrected)
    assert alone[0][0].edge
    assert alone[0][0].p_value > LEVEL / 20
    assert not together[0][0].edge
    assert "Corrected for 20 claims" in together[0][0].text
    assert "Corrected" not in alone[0][0].text


def test_a_search_is_counted(handmade):
    """What is an edge in money as the only trial is none as the best of many, and says so."""
    rng = np.random.default_rng(21)
    truth = _random_walk(rng)
    signal = 0.02 * truth + 0.0012 * rng.standard_normal(N_SESSIONS)
    result = handmade(truth, signal, cost_bps=0.0)
    once = verdict(result)[2]
    often = verdict(result, Search(n_trials=1000, n_backtests=1000, variance=1 / 500))[2]
    assert once.p_value < LEVEL < often.p_value
    assert (once.edge, often.edge) == (True, False)
    assert "over 1 trial)" in once.text
    assert "over 1,000 trials)" in often.text


def _at_horizon(rng, horizon, n, noise):
    """Return a handmade result over several sessions ahead, on a walk, with guesses of direction."""
    daily = noise(rng, n + horizon)
    level = np.concatenate([[0.0], np.cumsum(daily)])
    realised = np.column_stack([level[h : n + h] - level[:n] for h in range(1, horizon + 1)])
    guess = 0.001 * rng.standard_normal((n, horizon))
    wide = np.full((n, horizon), 0.01)
    laws = {
        "lstm": StudentT(guess, wide),
        "drift": StudentT(np.full((n, horizon), 1e-5), wide),
        "zero-return": StudentT(np.zeros((n, horizon)), wide),
    }
    return Backtest(
        symbol="WALK",
        model="lstm",
        sessions=np.datetime64("2020-01-01") + np.arange(n),
        earned_on=np.datetime64("2020-01-03") + np.arange(n),
        realised=realised,
        laws=laws,
        positions=dict.fromkeys(("lstm", "buy-and-hold"), np.ones(n)),
        held=np.expm1(realised[:, 0]),
        costs=Costs(5.0),
        folds=(),
    )


def _gauss(rng, n):
    return 0.01 * rng.standard_normal(n)


def _student(rng, n):
    return 0.007 * rng.standard_t(3, n)


def _garch(rng, n):
    shocks, variance, out = rng.standard_normal(n), 1e-4, np.empty(n)
    for t in range(n):
        out[t] = np.sqrt(variance) * shocks[t]
        variance = 2e-6 + 0.1 * out[t] ** 2 + 0.88 * variance
    return out


def test_silence_at_the_horizon_is_told():
    """Where none of the sessions ahead has a direction there is nothing to test, and no nan."""
    result = _at_horizon(np.random.default_rng(0), 5, 400, _gauss)
    wide = np.full((400, 5), 0.01)
    silent = replace(result, laws={**result.laws, "lstm": StudentT(np.zeros((400, 5)), wide)})
    texts = [finding.text for finding in verdict(silent)]
    assert "; 5 sessions ahead there is nothing to test." in texts[0]
    assert not any("nan" in text for text in texts)
    assert re.search(r"; 5 sessions ahead all of it p = \d\.\d\d\.", verdict(result)[0].text)


@pytest.mark.parametrize("noise", [_gauss, _student, _garch])
@pytest.mark.parametrize("horizon", [1, 5])
def test_size_of_the_direction(noise, horizon):
    """On walks of each kind, a guess is called an edge no more often than the level, at 1 and 5."""
    n_walks = 60
    found = sum(
        verdict(_at_horizon(np.random.default_rng(seed), horizon, 400, noise))[0].edge
        for seed in range(n_walks)
    )
    assert found <= stats.binom.ppf(0.999, n_walks, LEVEL)


def test_power_of_the_direction(handmade):
    """A signal with an information coefficient of 0.1 over 2,000 days is found in most cases."""
    n_series, found = 40, 0
    for seed in range(n_series):
        rng = np.random.default_rng(seed)
        signal = rng.standard_normal(2000)
        truth = 0.01 * (0.1 * signal + np.sqrt(1 - 0.01) * rng.standard_normal(2000))
        found += verdict(handmade(truth, 0.001 * signal))[0].edge
    assert found >= stats.binom.ppf(0.01, n_series, 0.8)
