"""Forecast the range of the next sessions from a saved model."""

from typing import TYPE_CHECKING, Any

import click

from lstmfin.cli.job import Job
from lstmfin.cli.options import section_options, symbols_argument
from lstmfin.config import ForecastConfig, ReplayConfig

if TYPE_CHECKING:
    from lstmfin.data.prices import Prices
    from lstmfin.models.forecaster import Forecaster
    from lstmfin.models.forecasts import Forecast

MOST_ROWS = 12
SHOWN = (1, 2, 3, 4, 5, 10, 20, 40, 60, 120, 240, 480, 720)
"""Sessions ahead that the table shows of a forecast with more rows; JSON and CSV hold all."""

NOTES = [
    "Ranges, not promises: the median is close to the last price because little more is known.",
    (
        "Rise is the chance of one; a day is the expected volatility of a day up to then; naive is "
        "the range that trailing volatility alone would give. Holidays are not known."
    ),
]


@click.command("forecast")
@symbols_argument
@section_options(ForecastConfig)
@section_options(ReplayConfig)
@click.pass_obj
def forecast(job: Job, /, symbols: tuple[str, ...], **options: Any) -> None:
    """Forecast the prices of SYMBOL... over the next sessions, from the saved models.

    For each session ahead: the median, the range that should hold half and nine tenths of all
    outcomes, the chance of a rise, a day's expected volatility, and beside it the range that
    trailing volatility alone would give. With --model panel the last panel forecasts any symbol.

    Sessions that are not over yet are published: written into the journal, once and for good, and
    `score` holds them against what comes. A replay (--as-of) publishes nothing.
    """
    from lstmfin.cli.output import Column, Result, percent, price
    from lstmfin.models.forecasts import make_forecast
    from lstmfin.models.shelf import load_model, load_panel

    as_of = options.pop("as_of")
    config = job.settings.forecast.evolve(**options)
    chosen = job.choose(symbols, job.stored_symbols)
    columns = (
        Column("horizon", "ahead"),
        Column("session", "session", right=False),
        Column("q05", "5 %", price),
        Column("q25", "25 %", price, spare=1),
        Column("q50", "median", price),
        Column("q75", "75 %", price, spare=1),
        Column("q95", "95 %", price),
        Column("chance_of_rise", "rise", percent(0)),
        Column("daily_volatility", "a day", percent(2), spare=2),
        Column("naive_q05", "naive 5 %", price),
        Column("naive_q95", "naive 95 %", price),
    )

    made: list[tuple[Forecast, list[dict[str, Any]]]] = []

    def one(symbol: str) -> None:
        if config.model == "panel":
            identity, forecaster = load_panel(job.workspace)
        else:
            identity, forecaster = load_model(job.workspace, symbol)
        prices = job.prices(symbol, forecaster.config.exog, as_of=as_of)
        forecast = make_forecast(
            forecaster, prices, horizon=config.horizon, calibration=config.calibration
        )
        data = forecaster.provenance
        if as_of is not None and data and data.last > str(forecast.origin):
            job.tell(
                f"{symbol}: the model was trained on prices to {data.last} and knows what came "
                f"after this forecast; for a replay: lstmfin train {symbol} --as-of {as_of}"
            )
        rows = [{"symbol": symbol, "model": identity, **row} for row in forecast.rows()]
        made.append((forecast, rows))
        if forecast.stale_sessions:
            job.tell(
                f"{symbol}: the model has not seen the last {forecast.stale_sessions} sessions; "
                f"to train it anew: lstmfin train {symbol}"
            )
        if not forecast.was_seen:
            job.tell(f"{symbol}: forecast by a panel that was not trained on it")
        if as_of is None:
            _publish(job, forecast, prices, identity, forecaster)
        if job.style == "table":
            notes = [*NOTES, *_seeds(rows)]
            job.emit(Result("forecast", columns, _shown(rows), title=_title(forecast), notes=notes))

    job.each(chosen, one)
    if job.style != "table":
        job.emit(Result("forecast", columns, [row for _, rows in made for row in rows]))


def _publish(
    job: Job, forecast: "Forecast", prices: "Prices", identity: str, forecaster: "Forecaster"
) -> None:
    """Write what can still be called a forecast into the journal."""
    from lstmfin.ops.journal import Journal, entries_of

    entries = entries_of(forecast, prices, model=identity, forecaster=forecaster)
    with Journal(job.workspace.database) as journal:
        n_published = journal.publish(entries, timezone=prices.timezone, now=job.now())
    if n_published:
        job.keep(f"{n_published} published forecasts of {forecast.symbol}")


def _title(forecast: "Forecast") -> str:
    from lstmfin.cli.output import price

    money = f" {forecast.currency}" if forecast.currency else ""
    return (
        f"{forecast.symbol}  {price(forecast.last_close)}{money} at the close of {forecast.origin}"
    )


def _seeds(rows: list[dict[str, Any]]) -> list[str]:
    """Return a note on how far the networks of an ensemble differ, at the next session."""
    from lstmfin.cli.output import price

    first = rows[0]
    if first["members"] == 1:
        return []
    ends = (f"seeds_q{level}_{end}" for level in ("05", "50", "95") for end in ("low", "high"))
    a, b, c, d, e, f = (price(first[name]) for name in ends)
    text = (
        f"Of {first['members']} seeds, at the next session: 5 % from {a} to {b}, median from {c} "
        f"to {d}, 95 % from {e} to {f}; shown is their mixture."
    )
    return [text]


def _shown(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows that a table shows: all of a short forecast, some of a long one."""
    if len(rows) <= MOST_ROWS:
        return rows
    return [row for row in rows if row["horizon"] in {*SHOWN, len(rows)}]


COMMAND = forecast
