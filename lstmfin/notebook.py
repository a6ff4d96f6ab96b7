"""What notebooks are given: data frames in, data frames and figures out.

The workspace is the one of a command line that names none (``LSTMFIN_HOME``, else the nearest
``lstmfin.toml`` upward, else the user's data folder), with its prices, options and ledger.
"""

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lstmfin.backtest.study import BacktestResult
from lstmfin.config import PlotConfig, TrainConfig, load_settings, section_to_table
from lstmfin.config.keywords import in_python, spoken_in_python, with_keywords
from lstmfin.data.fetch import fetch as fetch_prices
from lstmfin.data.frame import as_read, from_frame, series_of, to_frame, to_html
from lstmfin.data.ledger import Ledger
from lstmfin.data.panel import beside, refuse_namesakes
from lstmfin.data.prices import Prices
from lstmfin.data.store import Store
from lstmfin.data.symbols import parse_symbol
from lstmfin.errors import DataError, UsageError
from lstmfin.models import forecaster as models
from lstmfin.models import forecasts
from lstmfin.plots.subject import Tested, Trained
from lstmfin.registry import PLOTS
from lstmfin.workspace import usual_workspace

log = logging.getLogger(__name__)


@spoken_in_python
def fetch(symbol: str, **options: Any) -> pd.DataFrame:
    """Bring the prices of a symbol in the workspace up to date, and return them.

    Parameters
    ----------
    symbol : str
        Such as ``"AAPL"``, ``"^GSPC"`` or ``"EURUSD=X"``.
    **options
        Those of ``lstmfin fetch`` by name: ``source="yahoo"``, ``path="prices.csv"``,
        ``start="2015-01-01"``... The source is that of the stored series if not given, else of
        ``lstmfin.toml``, else the sample series that ship with the package.

    Returns
    -------
    DataFrame
        Finished daily bars by session: open, high, low, close, adj_close and volume, as far as
        there are any. Symbol, source and currency stand in ``attrs``.

    Raises
    ------
    UsageError
        When the symbol, the source or an option cannot be.
    SourceError, TryLaterError, DataError, WriteError
        As the source and the workspace say; stored prices stay as they were.

    Examples
    --------
    >>> import lstmfin
    >>> prices = lstmfin.fetch("AAPL")
    >>> prices.index[-1], prices.close.iloc[-1].round(2)
    (Timestamp('2023-09-21 00:00:00'), np.float64(173.93))
    """
    if not isinstance(symbol, str):
        raise UsageError(
            f"fetch takes one symbol as text, such as 'AAPL', and not a {type(symbol).__name__}; "
            "for many: [lstmfin.fetch(symbol) for symbol in symbols]"
        )
    workspace, symbol = usual_workspace(), parse_symbol(symbol)
    workspace.prepare()
    config = with_keywords(load_settings(workspace.config).fetch, options)
    with Store(workspace.database) as store:
        source = config.source
        if config.path is not None:
            source = str(options.get("source", "csv"))
        elif "source" not in options and symbol in store:
            source = store.info(symbol).source
        now = dt.datetime.now(dt.UTC)
        outcome = fetch_prices(store, source, symbol, config=config, cache=workspace.cache, now=now)
        prices = store.prices(symbol).between(config.start, config.end)
    for note in outcome.notes:
        log.warning("%s: %s", symbol, in_python(note))
    return to_frame(prices)


class Forecaster:
    """Recurrent networks that forecast the range of the next sessions.

    Parameters
    ----------
    **options
        Those of ``lstmfin train`` by name: ``cell="gru"``, ``horizon=5``, ``epochs=20``,
        ``members=3``, ``target="volatility"``...

    Attributes
    ----------
    config : TrainConfig
        All options.

    Raises
    ------
    UsageError
        When there is no such option, or its value cannot be.

    Examples
    --------
    >>> import lstmfin
    >>> model = lstmfin.Forecaster(hidden=4, window=10, horizon=2, epochs=1)
    >>> forecast = model.fit(lstmfin.fetch("AAPL").loc["2022":]).predict()
    >>> forecast.frame.index.strftime("%Y-%m-%d").tolist()
    ['2023-09-22', '2023-09-25']
    """

    @spoken_in_python
    def __init__(self, **options: Any) -> None:
        settings = load_settings(usual_workspace().config)
        self.config: TrainConfig = with_keywords(settings.train, options, but=("resume",))
        self._subject: Trained | None = None
        self._panel: list[Prices] = []

    @property
    def subject(self) -> Trained:
        """The trained networks, and the prices that they were last shown."""
        if self._subject is None:
            raise DataError("the forecaster has not learned from any prices yet; call fit(prices)")
        return self._subject

    @spoken_in_python
    def fit(self, prices: pd.DataFrame | Sequence[pd.DataFrame]) -> Self:
        """Train on one series, or one network on many; enter it into the ledger; return self.

        Raises
        ------
        UsageError
            When they are no frames.
        DataError
            When there are too few sessions, or prices that cannot carry what is asked of them.
        """
        frames: list[Any] = list(prices) if isinstance(prices, list | tuple) else [prices]
        if not frames:
            raise UsageError("there are no prices in the list that fit was given")
        workspace = usual_workspace()
        series = [series_of(one, self.config.exog, workspace) for one in frames]
        config = self.config.evolve(panel=True) if len(series) > 1 else self.config
        networks = models.Forecaster(config)
        networks.fit(series)
        data = networks.provenance
        assert data is not None
        workspace.prepare()
        Ledger(workspace.database).append(
            "train",
            data.symbol,
            data=data.digest,
            settings={"train": section_to_table(networks.config)},
            result={"validation_loss": self._loss(networks)},
            now=dt.datetime.now(dt.UTC),
        )
        for warning in networks.warnings:
            log.warning(in_python(warning))
        self._panel = series if networks.panel else []
        self._subject = Trained(networks, beside(series[0], self._panel))
        return self

    @spoken_in_python
    def predict(
        self,
        prices: pd.DataFrame | None = None,
        *,
        horizon: int | None = None,
        panel: Sequence[pd.DataFrame] | None = None,
    ) -> "Forecast":
        """Forecast the sessions after the last one of some prices.

        Parameters
        ----------
        prices : DataFrame, optional
            Those of ``fit`` if not given, the first of many.
        horizon : int, optional
            Sessions ahead; all that the networks were trained for if not given.
        panel : sequence of DataFrame, optional
            The series that networks which learned from many see beside these; as they were given to
            ``fit`` if not given, which is of no use for prices that go on.

        Raises
        ------
        UsageError
            When they are no frames, more sessions are asked for than the networks know, or the
            panel has series that they did not learn from.
        DataError
            When the prices do not fill a window, or less than a quarter of the panel is known.
        """
        subject, workspace = self.subject, usual_workspace()
        if isinstance(prices, int):  # notebooks are not checked
            raise UsageError(f"name the sessions ahead: predict(horizon={prices})")
        shown = subject.prices if prices is None else series_of(prices, self.config.exog, workspace)
        seen = self._panel if panel is None else self._shown_beside(shown, panel)
        subject = Trained(subject.forecaster, beside(shown, seen))
        unknown, last = subject.forecaster.unknown(subject.prices), shown.finished().sessions[-1]
        mend = "give them as they are now: predict(prices, panel=[...])"
        if unknown.symbols:
            names = ", ".join(unknown.missing if unknown.is_most else unknown.symbols)
            said = f"{shown.symbol}: {unknown.told(last)} ({names}); {mend}"
            if unknown.is_most:
                raise DataError(said)
            log.warning(said)
        made = forecasts.make_forecast(subject.forecaster, subject.prices, horizon=horizon)
        return Forecast(made, subject)

    def _shown_beside(self, prices: Prices, panel: Any) -> list[Prices]:
        """Return the series of a panel given anew: none but those that were learned from."""
        known = self.subject.forecaster.panel
        if not known:
            raise UsageError("panel is for networks that see one, and these do not")
        if not isinstance(panel, list | tuple):
            raise UsageError(
                f"panel must be a list of data frames, and not a {type(panel).__name__}"
            )
        series = [from_frame(one) for one in panel]
        refuse_namesakes(series)
        strange = [one.symbol for one in series if one.symbol not in (*known, prices.symbol)]
        if strange:
            raise UsageError(
                f"panel has {', '.join(strange)}, which the networks did not learn from; it takes "
                f"{', '.join(known)}"
            )
        return series

    @property
    def history(self) -> pd.DataFrame:
        """How the first network learned, a row an epoch; row 0 is the naive law it began with."""
        one = self.subject.forecaster.history
        columns = {
            "train_loss": [np.nan, *one.train_loss],
            "validation_loss": one.validation_loss,
            "learning_rate": [np.nan, *one.learning_rate],
            "gradient_norm": [np.nan, *one.gradient_norm],
        }
        return pd.DataFrame(columns).rename_axis("epoch")

    def __repr__(self) -> str:
        default = section_to_table(TrainConfig())
        own = {
            key.replace("-", "_"): value
            for key, value in section_to_table(self.config).items()
            if value != default.get(key)
        }
        return f"Forecaster({', '.join(f'{key}={value!r}' for key, value in own.items())})"

    def _repr_html_(self) -> str:
        if self._subject is None:
            return to_html(f"{self!r}, not trained yet", pd.DataFrame())
        return to_html(f"{self!r}, trained on {self._subject.prices.symbol}", self.history)

    @staticmethod
    def _loss(networks: models.Forecaster) -> float:
        histories = [member.history for member in networks.members]
        return float(np.mean([one.validation_loss[one.best_epoch] for one in histories]))


def _price(value: float) -> str:
    return f"{value:,.{2 if abs(value) >= 10 else 4}f}"


SHOWN: dict[str, Callable[[float], str]] = {
    **dict.fromkeys(("q05", "q25", "q50", "q75", "q95"), _price),
    "chance_of_rise": "{:.0%}".format,
    "daily_volatility": "{:.2%}".format,
}
"""Columns that a notebook shows by itself; ``frame`` holds all."""


@dataclass(frozen=True, eq=False, repr=False)
class Forecast:
    """The law of the prices of one symbol over the next sessions.

    Attributes
    ----------
    made : Forecast
        The forecast of ``lstmfin.models.forecasts``, with its laws.
    subject : Trained
        The networks and the prices that it is from.
    """

    made: forecasts.Forecast
    subject: Trained

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A row a session ahead: quantiles of its close, chance of a rise, expected volatility...

        Names are those of ``lstmfin forecast --format json``; ``naive_`` is what trailing
        volatility alone would say.
        """
        frame = pd.DataFrame(self.made.rows()).drop(columns=["origin", "not_seen"])
        frame["session"] = pd.DatetimeIndex(frame["session"])
        return frame.set_index("session")

    @spoken_in_python
    def quantiles(self, levels: Sequence[float]) -> pd.DataFrame:
        """Return quantiles of the close of each session ahead, a column a level."""
        values = self.made.prices(tuple(levels))
        return pd.DataFrame(values, index=self.frame.index, columns=list(levels))

    def __repr__(self) -> str:
        return f"{self._title()}\n{self._table().to_string()}"

    def _repr_html_(self) -> str:
        return to_html(self._title(), self._table())

    def _table(self) -> pd.DataFrame:
        days = pd.Index([str(day) for day in self.made.sessions], name="session")
        return as_read(self.frame.set_axis(days), SHOWN)

    def _title(self) -> str:
        made = self.made
        close = f"{made.last_close:,.2f} {made.currency}".strip()
        return f"{made.symbol}: {close} at the close of {made.origin}"


@spoken_in_python
def plot(
    result: Forecaster | Forecast | BacktestResult,
    kind: str | None = None,
    *,
    theme: str = "light",
    **options: Any,
) -> Figure:
    """Return a picture of a result, as ``lstmfin plot`` draws it.

    Parameters
    ----------
    result : Forecast, Forecaster or BacktestResult
    kind : str, optional
        ``"forecast"``, ``"gates"``, ``"seeds"`` or ``"training"`` of a forecast or a forecaster,
        ``"equity"``, ``"calibration"`` or ``"skill"`` of a backtest. The first one of a result if
        not given; ``"training"`` of a forecaster.
    theme : str
        ``"light"`` or ``"dark"``.
    **options
        Those of ``lstmfin plot gates`` by name: ``last=250``, ``units=[0, 3]``...

    Raises
    ------
    UsageError
        When there is no such picture of this result.

    Examples
    --------
    >>> import lstmfin
    >>> model = lstmfin.Forecaster(hidden=4, window=10, epochs=1)
    >>> figure = lstmfin.plot(model.fit(lstmfin.fetch("AAPL").loc["2022":]))
    >>> figure.get_size_inches()
    array([8. , 5.2])
    """
    if isinstance(result, BacktestResult):
        subject: Trained | Tested = Tested(result.record)
        usual = "equity"
    elif not isinstance(result, Forecaster | Forecast):
        raise UsageError(
            "plot draws a Forecaster, a Forecast or the result of a backtest, and not a "
            f"{type(result).__name__}"
        )
    else:
        subject = result.subject
        usual = "forecast" if isinstance(result, Forecast) else "training"
    chosen = PLOTS.get(kind or usual)
    if chosen.subject is not type(subject):
        able = [one for one in PLOTS.names() if PLOTS.get(one).subject is type(subject)]
        raise UsageError(
            f"there is no picture '{kind}' of a {type(result).__name__}; there are: "
            f"{', '.join(able)}"
        )
    asked = with_keywords(PlotConfig(), options, but=("out", "theme", "model"))
    figure: Figure = chosen.figure(chosen.made(subject, asked), theme=theme)
    return figure
