"""How the inputs of a panel of closes were chosen: regressions alone, without a network.

    python benchmarks/beside.py    # the tables in docs/defaults.md, three minutes

The cuts of closes are those of ``shares.py``, the last of which ends in 2014. A move of a series is
taken for no larger than a cap, in units of its trailing volatility. Printed is the share of HAR's
QLIKE that is saved, as the mean over series and cuts, on how many of the series QLIKE is the lower,
and beside it that of a panel one of whose series has a split of twenty that nobody told of, in the
middle of the years that are judged; QLIKE is that of the others then. The second table is of the
inputs as they are used, where in the years that are judged fewer of the others are known, the third
where all are known so many sessions late.

GARCH needs `pip install 'lstmfin[stats]'`; without it its column is left out.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
from shares import CUTS, Regression, of_baseline
from volatility import RATIO, sample

from lstmfin.data import panel_variance
from lstmfin.data.panel import together
from lstmfin.data.panel_variance import log_panel_variance
from lstmfin.data.volatility import price_volatility

SEEN = (*RATIO, "panel-day", "panel-week", "panel-month")

CHOICES = {
    "alone": (RATIO, np.inf),
    "no cap": (SEEN, np.inf),
    **{f"cap {cap}": (SEEN, cap) for cap in (20, 15, 12, 10, 8, 6, 5, 4, 3)},
}
"""Inputs, and the largest move, in units of trailing volatility."""

USED = panel_variance.LARGEST_MOVE
SHARES = (1.0, 0.75, 0.5, 0.25, 0.1)
"""Of the others of a panel, known when a forecast is asked for; learned from are all."""
BEHIND = (0, 1, 3, 5, 9, 22)
"""Sessions that were not yet known of any of them then."""


def split(prices, learned_to: np.datetime64):
    """Return prices with a split of twenty, half-way from a date to their end."""
    bars = prices.bars.copy()
    at = (int(np.searchsorted(prices.sessions, learned_to)) + len(prices)) // 2
    for name in ("close", "adj_close"):
        bars.iloc[at:, bars.columns.get_loc(name)] /= 20
    return replace(prices, bars=bars)


def anew(series):
    """Return series that are seen together, of which nothing was computed yet."""
    return together([replace(one) for one in series])


def known(series, share: float):
    """Return series of which each is seen with a share of the others alone, drawn by chance."""
    rng, found = np.random.default_rng(0), []
    for one in series:
        others = [other for other in series if other is not one]
        n = max(1, round(share * len(others)))
        chosen = rng.permutation(len(others))[:n]
        found.append(replace(one, panel=tuple(others[at] for at in chosen)))
    return found


def behind(n_sessions: int):
    """Return the feature, had all of the others been known so many sessions before."""

    def known(prices, n: int):
        trailing = 2 * np.log(price_volatility(prices))
        mean = log_panel_variance(prices, n) - trailing
        late = np.r_[np.full(n_sessions, np.nan), mean][: len(mean)]
        return trailing + np.where(np.isnan(late), np.log(panel_variance.UNKNOWN), late)

    return known


def main() -> None:
    baselines = ["har-rv", *(["garch"] if find_spec("arch") else [])]
    found, by_cut, after_split = ({name: [] for name in CHOICES} for _ in range(3))
    of_share, of_late = {share: [] for share in SHARES}, {n: [] for n in BEHIND}
    for symbols, year, n_years in CUTS["closes"]:
        learned_to = np.datetime64(f"{year}-12-31")
        series = [sample(one).until(f"{year + n_years}-12-31") for one in symbols]
        faulty = [split(series[0], learned_to), *series[1:]]
        of = np.array(
            [[of_baseline(name, one, learned_to) for name in baselines] for one in series]
        )
        for name, (features, panel_variance.LARGEST_MOVE) in CHOICES.items():
            own = np.array(Regression(anew(series), learned_to, features).qlikes())
            found[name].append(1 - own[:, None] / of)
            by_cut[name].append(found[name][-1][:, 0].mean())
            own = np.array(Regression(anew(faulty), learned_to, features).qlikes())[1:]
            after_split[name].append((1 - own / of[1:, 0]).mean())
        panel_variance.LARGEST_MOVE = USED
        regression = Regression(anew(series), learned_to, SEEN)
        for share in SHARES:
            own = np.array(regression.qlikes(known(series, share)))
            of_share[share].append((1 - own / of[:, 0]).mean())
        for n in BEHIND:
            panel_variance.log_panel_variance = behind(n)
            of_late[n].append((1 - np.array(regression.qlikes(anew(series))) / of[:, 0]).mean())
        panel_variance.log_panel_variance = log_panel_variance
    print("| choice | QLIKE saved | lower than HAR | than GARCH | with a split of twenty |")
    print("|---|---|---|---|---|")
    for name, parts in found.items():
        every = np.concatenate(parts)
        lower = [f"{n} of {len(every)}" for n in (every > 0).sum(axis=0)]
        cells = [f"{np.mean(by_cut[name]):+.2%}", *lower, f"{np.mean(after_split[name]):+.2%}"]
        print(f"| {name} | {' | '.join(cells)} |")
    print("\n| of the others are known | QLIKE saved |")
    print("|---|---|")
    for share, parts in of_share.items():
        print(f"| {share:.0%} | {np.mean(parts):+.2%} |")
    print("\n| sessions that all others are behind | QLIKE saved |")
    print("|---|---|")
    for n, parts in of_late.items():
        print(f"| {n} | {np.mean(parts):+.2%} |")


if __name__ == "__main__":
    main()
