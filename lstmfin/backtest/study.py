"""A backtest for notebooks: a data frame in, data frames out."""

import datetime as dt
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Protocol

import pandas as pd

from lstmfin.backtest.record import Record, make_record
from lstmfin.backtest.result import Backtest
from lstmfin.backtest.search import enter
from lstmfin.backtest.verdict import verdicts
from lstmfin.backtest.walkforward import plan_backtest, run_backtests
from lstmfin.config import TrainConfig, load_settings, section_to_table
from lstmfin.config.keywords import spoken_in_python, with_keywords
from lstmfin.data.frame import as_read, series_of, to_html
from lstmfin.data.ledger import Ledger
from lstmfin.errors import LstmfinError, UsageError
from lstmfin.workers import Workers
from lstmfin.workspace import usual_workspace

OF_MANY_SYMBOLS = ("book", "book_size", "sectors", "benchmark")
"""Options that need other series than the one that is given."""

SHOWN = {
    "crps_skill": "{:+.1%}".format,
    "crps_skill_at_horizon": "{:+.1%}".format,
    "coverage_90": "{:.1%}".format,
    "hit_rate": "{:.1%}".format,
    "annual_return": "{:+.1%}".format,
    "sharpe": "{:.2f}".format,
    "max_drawdown": "{:.1%}".format,
    "turnover": "{:.2f}".format,
}
"""Scores that a notebook shows by itself; ``scores`` holds all."""


class Configured(Protocol):
    """What knows which network it is."""

    @property
    def config(self) -> TrainConfig:
        """Options of the network."""


@dataclass(frozen=True, eq=False, repr=False)
class BacktestResult:
    """What a backtest found.

    Attributes
    ----------
    record : Record
        Scores, verdict, folds and equity, as the command line keeps them.
    result : Backtest
        The laws that each model said, what came, and the positions, session by session.
    """

    record: Record
    result: Backtest

    @cached_property
    def scores(self) -> pd.DataFrame:
        """A row a model, the network first, buy-and-hold last; ``Scores`` tells the columns."""
        rows = [asdict(one) for one in self.record.scores]
        frame = pd.DataFrame(rows).set_index("model")
        return frame.drop(columns=["pit", "coverage_by_quarter"]).astype(float)

    @cached_property
    def verdict(self) -> pd.DataFrame:
        """Whether there is an edge in direction, range and money, with p-values and in words."""
        return pd.DataFrame([asdict(one) for one in self.record.findings]).set_index("topic")

    @cached_property
    def equity(self) -> pd.DataFrame:
        """Worth of 1 by session: strategy, before costs, buy-and-hold; and the position held."""
        record = self.record
        columns = {
            "strategy": record.equity,
            "before_costs": record.gross,
            "buy_and_hold": record.benchmark,
            "position": record.position,
        }
        return pd.DataFrame(columns, index=pd.DatetimeIndex(record.sessions, name="session"))

    def __repr__(self) -> str:
        table = as_read(self.scores, SHOWN).to_string()
        return "\n".join([self._title(), table, *self._findings()])

    def _repr_html_(self) -> str:
        return to_html(self._title(), as_read(self.scores, SHOWN), self._findings())

    def _title(self) -> str:
        record = self.record
        return (
            f"{record.symbol}: {len(record.sessions):,} sessions out of sample, "
            f"{record.folds[0]['test_first']} to {record.folds[-1]['test_last']}"
        )

    def _findings(self) -> list[str]:
        return [f"{one.topic}: {one.text}" for one in self.record.findings]


@spoken_in_python
def backtest(
    prices: pd.DataFrame, model: Configured | None = None, **options: Any
) -> BacktestResult:
    """Test a network walk-forward on one series beside the baselines, with costs, and judge it.

    It is what ``lstmfin backtest`` does, with the same bits: the network is trained anew in each
    fold, on sessions before the fold alone. It is entered into the ledger of the workspace, so that
    the verdict on money is discounted by all that was tried on the symbol.

    Parameters
    ----------
    prices : DataFrame
        Daily bars, as of ``lstmfin.fetch`` or your own; see ``from_frame``.
    model : Forecaster, optional
        Whose options are the network's; its weights are not used. The default network if not given.
    **options
        Those of ``lstmfin backtest`` by name: ``train=1000``, ``test=250``, ``cost_bps=5``...

    Raises
    ------
    UsageError
        When the folds leave no test block, or an option cannot be.
    DataError
        When the prices cannot carry what is asked of them.

    Examples
    --------
    >>> import lstmfin
    >>> prices = lstmfin.fetch("AAPL").loc["2021":]
    >>> model = lstmfin.Forecaster(hidden=4, window=10, horizon=2, epochs=1)
    >>> result = lstmfin.backtest(prices, model, train=300, test=150)
    >>> result.scores.index[0], result.verdict.index.tolist()
    ('lstm', ['direction', 'range', 'money'])
    """
    workspace = usual_workspace()
    settings = load_settings(workspace.config)
    config = with_keywords(settings.backtest, options, but=OF_MANY_SYMBOLS)
    network = settings.train if model is None else getattr(model, "config", None)
    if not isinstance(network, TrainConfig):
        raise UsageError(f"the model must be a Forecaster, and not a {type(model).__name__}")
    if network.panel:
        raise UsageError(
            "a panel is tested on all its symbols together, by the command line: "
            "lstmfin train --panel ... backtest"
        )
    workspace.prepare()
    series = series_of(prices, network.exog, workspace)
    plan = plan_backtest(series, network=network, config=config)
    (result,) = run_backtests([plan], workers=Workers())
    if isinstance(result, LstmfinError):
        raise result
    search = enter(Ledger(workspace.database), result, plan, now=dt.datetime.now(dt.UTC))
    tables = {"train": section_to_table(plan.network), "backtest": section_to_table(config)}
    record = make_record(
        result,
        source=plan.prices.source,
        digest=plan.prices.digest(),
        settings=tables,
        findings=verdicts([result], [search])[0],
    )
    return BacktestResult(record, result)
