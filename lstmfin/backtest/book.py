"""Books: what is held of many series at once, day by day.

Shapes: N sessions, in order, of all series together; S series. A session in which a series was
closed, or could not be forecast, is NaN in its column.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lstmfin.backtest.search import Search, search_of
from lstmfin.backtest.strategy import Costs, net_returns, views_of
from lstmfin.backtest.walkforward import Backtest, Floats
from lstmfin.config import BacktestConfig, TrainConfig, section_to_table
from lstmfin.data.ledger import Ledger
from lstmfin.errors import UsageError
from lstmfin.metrics.returns import sharpe

EQUAL_PARTS = "equal parts"

LEDGER_NAME = "BOOK"
"""What stands for a symbol in the ledger of trials."""

KINDS = ("top", "rank", "inverse-volatility")


@dataclass(frozen=True, eq=False)
class Book:
    """A book over a backtest of many series.

    Attributes
    ----------
    symbols : tuple of str (S,)
    sessions : ndarray of datetime64[D] (N,)
        Origins: what is held is held from the session after.
    weights : ndarray (N, S)
        Shares of equity; what is held short is negative.
    returns : ndarray (N, S)
        Of holding each series; 0 where it was closed or had left the book.
    costs : tuple of Costs (S,)
    warnings : tuple of str
        Series that stopped trading before the end.
    """

    symbols: tuple[str, ...]
    sessions: np.ndarray
    weights: Floats
    returns: Floats
    costs: tuple[Costs, ...]
    warnings: tuple[str, ...]

    def net(self) -> Floats:
        """Return what the book earned in each session after costs, as fractions (N,)."""
        columns = zip(self.weights.T, self.returns.T, self.costs, strict=True)
        return np.asarray(np.sum([net_returns(*column) for column in columns], axis=0))

    @property
    def turnover(self) -> float:
        """Mean of equity that is traded a session, as a fraction."""
        return float(np.abs(np.diff(self.weights, axis=0, prepend=0.0)).sum(axis=1).mean())

    @property
    def exposure(self) -> float:
        """Mean of equity that is held, long and short together, as a fraction."""
        return float(np.abs(self.weights).sum(axis=1).mean())

    @property
    def break_even_bps(self) -> float:
        """Cost of a turn at which nothing is earned, in basis points; NaN where none is made."""
        earned = float((self.weights * self.returns).sum(axis=1).mean())
        return earned / self.turnover * 1e4 if self.turnover else float("nan")


def weights_of(
    scores: Floats, volatility: Floats, *, kind: str, k: int = 3, long_only: bool = False
) -> Floats:
    """Return the weights (S,) of one session; those of series that cannot be traded are 0.

    Parameters
    ----------
    scores, volatility : ndarray (S,)
        Expected return as a share of its spread, and that spread; NaN where a series cannot be
        traded.
    kind : str
        ``"top"`` holds the k best long and the k worst short, in equal parts (T. Fischer and
        C. Krauss, 2018); ``"rank"`` weighs by rank, less the mean; ``"inverse-volatility"`` holds
        each series on the side of its score, in proportion to one over its spread.
    k : int, default 3
        Of fewer than 2 k series, half of them on each side.
    long_only : bool, default False
        The long side alone.

    Notes
    -----
    Long and short are half the equity each, or the long side all of it, so that *top* and *rank*
    are neutral to the dollar. Nothing is held where there is nothing to choose from.
    """
    known = np.flatnonzero(np.isfinite(scores) & np.isfinite(volatility))
    raw = np.zeros(len(scores))
    order = known[np.argsort(scores[known], kind="stable")]
    if kind == "top":
        n_side = min(k, len(order)) if long_only else min(k, len(order) // 2)
        raw[order[len(order) - n_side :]] = 1.0
        if not long_only:
            raw[order[:n_side]] = -1.0
    elif kind == "rank":
        raw[order] = np.arange(len(order)) - (len(order) - 1) / 2
    elif kind == "inverse-volatility":
        raw[known] = np.sign(scores[known]) / volatility[known]
    else:
        raise UsageError(f"there is no book '{kind}'; there are {', '.join(KINDS)}")
    if long_only:
        raw = np.maximum(raw, 0.0)
    gross = np.abs(raw).sum()
    return raw / gross if gross > 0 else raw


def sector_neutral_weights(
    scores: Floats, volatility: Floats, sectors: Sequence[str], *, kind: str, k: int = 3
) -> Floats:
    """Return weights (S,) that are as much long as short in each sector; see ``weights_of``.

    Each sector has a book of its own, with a share of equity by how many of its series can be
    traded. One in which all are on one side holds nothing: there is nothing to be neutral against.

    Parameters
    ----------
    sectors : sequence of str (S,)
    """
    known = np.isfinite(scores) & np.isfinite(volatility)
    raw = np.zeros(len(scores))
    for sector in sorted(set(sectors)):
        at = np.array([one == sector for one in sectors])
        own = weights_of(scores[at], volatility[at], kind=kind, k=k)
        long, short = np.maximum(own, 0.0), np.maximum(-own, 0.0)
        if long.any() and short.any():
            raw[at] = (long / long.sum() - short / short.sum()) * known[at].sum()
    gross = np.abs(raw).sum()
    return raw / gross if gross > 0 else raw


def make_book(
    results: list[Backtest],
    *,
    scores: list[Floats],
    spreads: list[Floats],
    kind: str,
    k: int = 3,
    long_only: bool = False,
    sectors: Sequence[str] = (),
) -> Book:
    """Return the book over backtests of many series.

    A series that is closed on a day others trade keeps its weight and earns nothing: it cannot be
    traded. One that has stopped for good leaves the book at its last price, with a warning.

    Parameters
    ----------
    results : list of Backtest
    scores, spreads : list of ndarray (N of each,)
        Expected return as a share of its spread, and that spread, for each origin.
    sectors : sequence of str, optional
        Of each series, for a book that is neutral in each of them.
    """
    sessions = np.unique(np.concatenate([one.sessions for one in results]))
    shape = (len(sessions), len(results))
    score, spread, returns = (np.full(shape, np.nan) for _ in range(3))
    costs, warnings = [], []
    alive = np.zeros(shape, bool)
    for column, one in enumerate(results):
        at = np.searchsorted(sessions, one.sessions)
        score[at, column], spread[at, column] = scores[column], spreads[column]
        returns[at, column] = one.held
        alive[at[0] : at[-1] + 1, column] = True
        costs.append(_spread_out(one.costs, at, shape[0]))
        if at[-1] < len(sessions) - 1:
            warnings.append(
                f"{one.symbol} stops trading on {one.earned_on[-1]} and leaves the book at its "
                "last price"
            )
    weights, before = np.zeros(shape), np.zeros(shape[1])
    for t in range(len(sessions)):
        closed = alive[t] & ~np.isfinite(returns[t])
        seen = np.where(closed, np.nan, score[t]), spread[t]
        if sectors:
            wanted = sector_neutral_weights(*seen, sectors, kind=kind, k=k)
        else:
            wanted = weights_of(*seen, kind=kind, k=k, long_only=long_only)
        room = max(1.0 - np.abs(before[closed]).sum(), 0.0)
        before = np.where(closed, before, room * wanted)
        weights[t] = before
    return Book(
        symbols=tuple(one.symbol for one in results),
        sessions=sessions,
        weights=weights,
        returns=np.nan_to_num(returns),
        costs=tuple(costs),
        warnings=tuple(warnings),
    )


def books_of(
    results: list[Backtest], config: BacktestConfig, sectors: Sequence[str] = ()
) -> dict[str, Book]:
    """Return the book of each model of backtests of many series, the network's first.

    The last one, ``"equal parts"``, holds every series that trades, and chooses nothing.
    """
    books = {}
    for name in results[0].laws:
        views = [views_of(one.laws[name], one.at_open, config) for one in results]
        scores, spreads = ([view[part] for view in views] for part in (0, 1))
        books[name] = make_book(
            results,
            scores=scores,
            spreads=spreads,
            kind=config.book,
            k=config.book_size,
            long_only=config.long_only,
            sectors=sectors,
        )
    equal = [np.ones(len(one.sessions)) for one in results]
    books[EQUAL_PARTS] = make_book(
        results, scores=equal, spreads=equal, kind="inverse-volatility", long_only=True
    )
    return books


def enter_book(
    ledger: Ledger,
    books: dict[str, Book],
    config: BacktestConfig,
    network: TrainConfig,
    data: str,
    *,
    now: dt.datetime,
    sectors: Sequence[str] = (),
) -> Search:
    """Write the network's book into the ledger, and return what has been tried of books by now."""
    own, equal = next(iter(books.values())), books[EQUAL_PARTS]
    excess = own.net() - equal.net()
    train = section_to_table(network) | {"symbols": list(own.symbols)}
    backtest = section_to_table(config) | ({"sectors": list(sectors)} if sectors else {})
    ratios = {"sharpe": sharpe(own.net()), "excess_sharpe": sharpe(excess)}
    ledger.append(
        "backtest",
        LEDGER_NAME,
        data=data,
        settings={"train": train, "backtest": backtest},
        result={key: value if np.isfinite(value) else None for key, value in ratios.items()},
        now=now,
        sessions=own.sessions,
        excess=excess,
    )
    return search_of(ledger.trials(LEDGER_NAME))


def _spread_out(costs: Costs, at: np.ndarray, n: int) -> Costs:
    """Return costs by session of the book in place of those by session of the series."""
    if np.ndim(costs.impact) == 0:
        return costs
    impact = np.full(n, float(np.max(costs.impact)))
    impact[at] = costs.impact
    return replace(costs, impact=impact)
