"""Scores of the published forecasts: what came, and how good they were beside the baseline.

The truth is the total log return from the origin to the h-th session after it, by the prices as
stored: splits and dividends are in it, and a history that was re-based since says the same. Against
the published last close it is the price that a holder would have had. The truth follows the stored
prices when a source corrects them; what was published never changes.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmfin.data.prices import Prices
from lstmfin.metrics.forecast import pinball_loss, skill
from lstmfin.models.forecasts import LEVELS
from lstmfin.ops.alarm import (
    BAND_50,
    BAND_90,
    BETS_50,
    BETS_90,
    TESTS,
    Alarm,
    coverage_sums,
    skill_sums,
)
from lstmfin.ops.journal import QUANTILES, Journal

Floats = NDArray[np.float64]

Truth = tuple[str, str, int, str, float, str]
"""Symbol, origin, horizon, session, outcome, time: a row of ``Journal.write_truths``."""

SAME = 1e-9
"""Outcomes that differ by less, as a re-based history makes them by rounding, are the same."""

_VALUES = ", ".join(["last_close", *QUANTILES, *(f"naive_{name}" for name in QUANTILES)])


def fill_in(journal: Journal, prices: Prices, *, now: dt.datetime) -> int:
    """Write the truth of each published forecast whose session is over; return how many are new.

    Doing it twice writes nothing the second time.
    """
    rows = truths_of(journal, prices, now=now)
    journal.write_truths(rows)
    return len(rows)


def truths_of(journal: Journal, prices: Prices, *, now: dt.datetime) -> list[Truth]:
    """Return the truths that the journal does not have yet, or has otherwise."""
    prices = prices.finished()
    rows = journal.read(
        "SELECT DISTINCT j.origin, j.horizon, t.session, t.outcome FROM journal AS j"
        " LEFT JOIN truths AS t USING (symbol, origin, horizon) WHERE j.symbol = ?",
        prices.symbol,
    )
    if not rows:
        return []
    sessions, close = prices.sessions, prices.column("adj_close")
    origins = np.array([row[0] for row in rows], dtype="datetime64[D]")
    at = np.searchsorted(sessions, origins)
    to = at + np.array([row[1] for row in rows])
    last = len(sessions) - 1
    is_known = (to <= last) & (sessions[np.minimum(at, last)] == origins)
    is_known &= (close[np.minimum(at, last)] > 0) & (close[np.minimum(to, last)] > 0)
    moment = now.astimezone(dt.UTC).isoformat(timespec="seconds")
    found: list[Truth] = []
    for number in np.flatnonzero(is_known):
        origin, horizon, session, outcome = rows[number]
        day = str(sessions[to[number]])
        truth = float(np.log(close[to[number]] / close[at[number]]))
        if session != day or abs(truth - outcome) > SAME:
            found.append((prices.symbol, origin, horizon, day, truth, moment))
    return found


@dataclass(frozen=True, eq=False)
class Track:
    """The scored forecasts of one symbol by one kind of model, n rows in order of time.

    Attributes
    ----------
    horizon : ndarray of int (n,)
    quantiles, naive : ndarray (n, Q)
        Published quantiles of the log return, at ``LEVELS``.
    chance : ndarray (n,)
        Published chance of a rise.
    outcome : ndarray (n,)
        Log return that came.
    """

    symbol: str
    kind: str
    n_published: int
    horizon: NDArray[np.int64]
    quantiles: Floats
    naive: Floats
    chance: Floats
    outcome: Floats

    def next_session(self) -> "Track":
        """Return the rows that are one session ahead: of these no two overlap."""
        rows = self.horizon == 1
        return Track(
            self.symbol,
            self.kind,
            self.n_published,
            *(
                values[rows]
                for values in (self.horizon, self.quantiles, self.naive, self.chance, self.outcome)
            ),
        )

    def row(self) -> dict[str, Any]:
        """Return the running scores as plain values; None before the first truth."""
        n, ahead = len(self.outcome), self.next_session()
        scores = quantile_crps(self.quantiles, self.outcome)
        moved = self.outcome != 0
        return {
            "symbol": self.symbol,
            "kind": self.kind,
            "published": self.n_published,
            "scored": n,
            "skill": self.skill(),
            "skill_next": ahead.skill(),
            "quantile_crps": float(scores.mean()) if n else None,
            "coverage_90": float(self.held(0.05, 0.95).mean()) if n else None,
            "coverage_50": float(self.held(0.25, 0.75).mean()) if n else None,
            "hit_rate": float(np.mean((self.chance > 0.5)[moved] == (self.outcome > 0)[moved]))
            if moved.any()
            else None,
        }

    def held(self, low: float, high: float) -> NDArray[np.bool_]:
        """Return whether the range between two levels held, (n,)."""
        lower, upper = (self.quantiles[:, LEVELS.index(level)] for level in (low, high))
        return np.asarray((lower <= self.outcome) & (self.outcome <= upper))

    def alarms(self, threshold: float) -> list[Alarm]:
        """Return what each test says now."""
        ahead = self.next_session()
        values = (
            coverage_sums(ahead.held(0.05, 0.95), band=BAND_90, bets=BETS_90),
            coverage_sums(ahead.held(0.25, 0.75), band=BAND_50, bets=BETS_50),
            skill_sums(ahead.differences()),
        )
        return [
            Alarm(test, float(sums[-1]) if len(sums) else 0.0, threshold)
            for test, sums in zip(TESTS, values, strict=True)
        ]

    def differences(self) -> Floats:
        """Return score less the baseline's, as a share of the most that it can be, (n,)."""
        ends = np.maximum(LEVELS, 1 - np.asarray(LEVELS))
        most = 2 * (ends * np.abs(self.quantiles - self.naive)).mean(axis=1)
        difference = quantile_crps(self.quantiles, self.outcome) - self._naive_scores()
        return difference / np.where(most > 0, most, np.inf)

    def _naive_scores(self) -> Floats:
        return quantile_crps(self.naive, self.outcome)

    def skill(self) -> float | None:
        """Return the share of the baseline's quantile score that is saved; None without truths."""
        if not len(self.outcome):
            return None
        own = quantile_crps(self.quantiles, self.outcome)
        return skill(own.mean(), self._naive_scores().mean())


def quantile_crps(quantiles: Floats, outcome: Floats) -> Floats:
    """Return the CRPS by its quantile form, from the published levels alone, (n,).

    Twice the mean pinball loss; the integral over all levels is the CRPS itself (Laio & Tamea 2007,
    "Verification tools for probabilistic forecasts", eq. 7). In units of the log return.
    """
    losses = [
        pinball_loss(outcome, quantiles[:, at], level=level) for at, level in enumerate(LEVELS)
    ]
    return np.asarray(2 * np.mean(losses, axis=0))


def tracks(journal: Journal, symbol: str, *, model: str | None = None) -> list[Track]:
    """Return the track of each kind of model on a symbol, or of one very model.

    Of several forecasts from one origin by one kind the first that was published counts: who trains
    again and again is not judged by the best.
    """
    only = "" if model is None else " AND j.model = ?"
    rows = journal.read(
        f"SELECT kind, j.origin, j.horizon, outcome, chance_of_rise, {_VALUES}"  # noqa: S608
        " FROM journal AS j LEFT JOIN truths USING (symbol, origin, horizon)"
        f" WHERE j.symbol = ?{only} ORDER BY kind, j.origin, j.horizon, published_at, model",
        *((symbol,) if model is None else (symbol, model)),
    )
    first = {row[:3]: row[3:] for row in reversed(rows)}  # later ones are written over
    kinds: dict[str, list[tuple[Any, ...]]] = {}
    for (kind, _, horizon), values in sorted(first.items()):
        kinds.setdefault(kind, []).append((horizon, *values))
    return [_track(symbol, kind, found) for kind, found in kinds.items()]


def empty_track(symbol: str) -> Track:
    """Return the track of a symbol of which nothing was published."""
    return _track(symbol, "", [])


def _track(symbol: str, kind: str, rows: list[tuple[Any, ...]]) -> Track:
    known = [row for row in rows if row[1] is not None]
    table = np.array(known, dtype=np.float64).reshape(len(known), 4 + 2 * len(LEVELS))
    quantiles, naive = np.split(np.log(table[:, 4:] / table[:, 3:4]), 2, axis=1)
    return Track(
        symbol, kind, len(rows), table[:, 0].astype(np.int64), quantiles, naive, table[:, 2],
        table[:, 1],
    )  # fmt: skip
