"""The share of its linear part that a series has to itself: regressions alone, without a network.

    python benchmarks/shares.py    # the table in docs/defaults.md, half a minute

Each is fitted to sessions up to the end of a year and judged on the year or the years after it, set
right in the mean by its training errors. Nothing after 2014 is looked at, of six stocks with few
years nothing after 2018. Printed is the share of HAR's QLIKE that is saved, as the mean over series
and years, and how many of the series have the lower QLIKE.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from dataclasses import replace

import numpy as np
from volatility import BARS, CURRENCIES, INDICES, SYMBOLS, sample

from lstmfin.data.panel import together
from lstmfin.data.variance import realised_variance
from lstmfin.data.windows import joined, make_windows
from lstmfin.models import linear
from lstmfin.models.samples import Samples, Scaler
from lstmfin.registry import BASELINES

CUTS = {
    "bars": [(BARS, year, 1) for year in (2014, 2015, 2016, 2017)]
    + [(INDICES, year, 2) for year in (2002, 2004, 2006, 2008, 2010, 2012)],
    "closes": [(SYMBOLS, year, 3) for year in (1995, 1998, 2001, 2004, 2007, 2010)]
    + [(CURRENCIES, year, 3) for year in (2002, 2005, 2008, 2011)],
}
"""Series, the last year that is learned from, and how many years are judged."""

STEPS = linear.MOST_STEPS
CHOICES = {
    "one for all, least squares": (np.inf, 0),
    "n of n + 4000, least squares": (4000, 0),
    "one for all": (np.inf, STEPS),
    "n of n + 8000": (8000, STEPS),
    "n of n + 4000": (4000, STEPS),
    "n of n + 2000": (2000, STEPS),
    "n of n + 1000": (1000, STEPS),
    "its own alone": (0, STEPS),
}
"""Windows at which its own counts as much as that of all, and steps from least squares of logs to
the greatest likelihood."""


def saved(symbols: tuple[str, ...], year: int, n_years: int) -> list[list[float]]:
    """Return the share of HAR's QLIKE that each choice saves, a list for each series."""
    learned_to = np.datetime64(f"{year}-12-31")
    every = together([sample(symbol).until(f"{year + n_years}-12-31") for symbol in symbols])
    of_har = [of_baseline("har-rv", one, learned_to) for one in every]
    regression = Regression(every, learned_to)
    found = []
    for linear.OWN, linear.MOST_STEPS in CHOICES.values():
        found.append([1 - own / har for own, har in zip(regression.qlikes(), of_har, strict=True)])
    return np.transpose(found).tolist()


class Regression:
    """A linear part without a network, of series that are learned from up to a date."""

    def __init__(self, every, learned_to: np.datetime64, features: tuple[str, ...] = ()) -> None:
        self.every, self.learned_to, self.features = every, learned_to, features
        self.windows = self.windows_of(every)
        self.training = self.windows.known[self.windows.ends[self.windows.known] <= learned_to]
        x = self.windows.at_origin(self.training).astype(np.float64)
        self.samples = Samples(self.windows, Scaler(x.mean(axis=0), x.std(axis=0)), self.training)

    def windows_of(self, every):
        """Return the windows of all series as one."""
        parts = [
            make_windows(one, window=2, horizon=1, target="volatility", features=self.features)
            for one in every
        ]
        return joined(parts)

    def qlikes(self, asked=()) -> list[float]:
        """Return the QLIKE of each series after the date, perhaps as they are seen otherwise."""
        windows, sessions = self.windows, self.windows.sessions
        fitted = self.samples.with_linear(np.array([True]))
        right = np.log(np.exp(fitted.target - fitted.said(self.training)).mean())
        if asked:
            fitted = replace(fitted, windows=self.windows_of(asked))
        found = []
        for number, own in enumerate(self.every):
            judged = (windows.series == number) & (sessions >= self.learned_to - 7)
            rows = np.flatnonzero(judged)
            rows = rows[np.searchsorted(sessions[rows], self.learned_to, side="right") - 1 : -1]
            said = np.exp(fitted.said(rows)[:, 0] + right + fitted.level(rows))
            found.append(qlike(realised_variance(own)[windows.origins[rows] + 1], said))
        return found


def of_baseline(name: str, prices, learned_to: np.datetime64) -> float:
    """Return the QLIKE of a baseline after a date that it has learned to."""
    model = BASELINES.get(name)(1)
    model.fit(prices.until(learned_to))
    first = int(np.searchsorted(prices.sessions, learned_to, side="right")) - 1
    origins = np.arange(first, len(prices) - 1)
    said = model.predict_variance(prices, origins)[:, 0]
    return qlike(realised_variance(prices)[origins + 1], said)


def qlike(truth, forecast) -> float:
    """Return the mean QLIKE."""
    return float(np.mean(truth / forecast - np.log(truth / forecast) - 1))


def main() -> None:
    print("| choice | bars | lower than HAR | closes | lower than HAR |")
    print("|---|---|---|---|---|")
    cells = {name: [] for name in CHOICES}
    for cuts in CUTS.values():
        parts = [np.array(saved(*cut)) for cut in cuts]
        means, every = np.mean([one.mean(axis=0) for one in parts], axis=0), np.concatenate(parts)
        for at, name in enumerate(CHOICES):
            n = (every[:, at] > 0).sum()
            cells[name] += [f"{means[at]:+.2%}", f"{n} of {len(every)}"]
    for name, row in cells.items():
        print(f"| {name} | {' | '.join(row)} |")


if __name__ == "__main__":
    main()
