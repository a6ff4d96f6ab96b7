"""Forecast the range of the next sessions from a saved model."""

from typing import TYPE_CHECKING, Any, NamedTuple

import click

from lstmfin.advice import advised
from lstmfin.cli.glyphs import range_bar, spark
from lstmfin.cli.job import Job
from lstmfin.cli.options import section_options, symbols_argument
from lstmfin.cli.output import Column, Picture, Result, percent, price
from lstmfin.config import ForecastConfig, ReplayConfig

if TYPE_CHECKING:
    from lstmfin.data.prices import Floats, Prices
    from lstmfin.data.reader import Reader
    from lstmfin.models.forecaster import Forecaster
    from lstmfin.models.forecasts import Forecast

MOST_ROWS = 12
SHOWN = (1, 2, 3, 4, 5, 10, 20, 40, 60, 120, 240, 480, 720)
"""Sessions ahead that the table shows of a forecast with more rows; JSON and CSV hold all."""

TRACED = 250
"""Sessions of the price that a terminal shows: about a year."""

QUANTILES = ("q05", "q25", "q50", "q75", "q95")

COLUMNS = (
    Column("horizon", "ahead"),
    Column("session", "session", right=False),
    Column("q05", "5 %", price),
    Column("q25", "25 %", price, spare=3),
    Column("q50", "median", price),
    Column("q75", "75 %", price, spare=3),
    Column("q95", "95 %", price),
    Column("chance_of_rise", "rise", percent(0)),
    Column("daily_volatility", "a day", percent(2), spare=4),
    Column("naive_q05", "naive 5 %", price, spare=2),
    Column("naive_q95", "naive 95 %", price, spare=2),
)

NOTE = "Ranges, not promises"
CLOSE = "the median is close to the last price because little more is known."
LEGEND = {
    "chance_of_rise": "Rise is the chance of one.",
    "daily_volatility": "A day is the expected volatility of a day up to then.",
    "naive_q05": "Naive is the range that trailing volatility alone would give.",
    "picture": "In the bar the thin line holds nine tenths of all outcomes, the thick one half of "
    "them, and the dot is the median.",
}


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
    as_of = options.pop("as_of")
    config = job.settings.forecast.evolve(**options)
    rows: list[dict[str, Any]] = []

    with job.reading(as_of=as_of) as reader:

        def one(symbol: str) -> None:
            made = _made(job, config, symbol, reader)
            rows.extend(made.rows)
            if job.style == "table":
                job.emit(_table(made))

        job.each(job.choose(symbols, job.stored_symbols), one)
    if job.style != "table":
        job.emit(Result("forecast", COLUMNS, rows))


class Made(NamedTuple):
    """A forecast, its rows, and the closes before it."""

    forecast: "Forecast"
    rows: list[dict[str, Any]]
    closes: "Floats"


def _made(job: Job, config: ForecastConfig, symbol: str, reader: "Reader") -> Made:
    """Make the forecast of one symbol, tell what is to be known of it, and publish it."""
    from lstmfin.models.forecasts import make_forecast
    from lstmfin.models.shelf import load_panel

    own = config.model == "own"
    identity, forecaster = job.model(symbol) if own else load_panel(job.workspace)
    prices = job.noted(forecaster.read(symbol, reader))
    forecast = make_forecast(
        forecaster, prices, horizon=config.horizon, calibration=config.calibration
    )
    rows = [{"symbol": symbol, "model": identity, **row} for row in forecast.rows()]
    _warn(job, forecast, prices, forecaster, reader)
    if reader.as_of is None:
        _publish(job, forecast, prices, identity, forecaster)
    return Made(forecast, rows, prices.column("close"))


def _mend(reader: "Reader", names: tuple[str, ...]) -> str:
    """Return who they are, and how they are brought up to date where that can be."""
    sources = {reader.store.info(one).source if one in reader.store else "" for one in names}
    if reader.as_of is not None or sources & {"", "csv"}:
        return f"these are {', '.join(names)}"
    return f"to bring them up to date: {advised('fetch', *names)}"


def _warn(
    job: Job, forecast: "Forecast", prices: "Prices", forecaster: "Forecaster", reader: "Reader"
) -> None:
    """Tell what the model had seen: too much for a replay, or not all that there is."""
    from lstmfin.models.again import as_asked, train_line

    symbol, data, as_of = forecast.symbol, forecaster.provenance, reader.as_of
    usual = job.settings.train
    config = as_asked(forecaster.config, prices, usual)
    again = train_line(config, data.symbols if data else (symbol,), usual)
    if as_of is not None:
        again += f" --as-of {as_of}"
    if as_of is not None and data and data.last > str(forecast.origin):
        job.tell(
            f"{symbol}: the model was trained on prices to {data.last} and knows what came "
            f"after this forecast; for a replay: {again}"
        )
    if n := forecast.stale_sessions:
        sessions = "session" if n == 1 else f"{n} sessions"
        job.tell(f"{symbol}: the model has not seen the last {sessions}; to train it anew: {again}")
    if names := forecast.unknown.symbols:
        said = forecast.unknown.told(forecast.origin)
        job.tell(f"{symbol}: {said}; {_mend(reader, names)}")
    if not forecast.was_seen:
        job.tell(f"{symbol}: forecast by a panel that was not trained on it")


def _publish(
    job: Job, forecast: "Forecast", prices: "Prices", identity: str, forecaster: "Forecaster"
) -> None:
    """Write what can still be called a forecast into the journal."""
    from lstmfin.ops.journal import Journal, entries_of

    entries = entries_of(forecast, prices, model=identity, forecaster=forecaster)
    with Journal(job.workspace.database) as journal:
        zone, now = prices.timezone, job.now()
        n_published = journal.publish(entries, timezone=zone, now=now)
        if not journal.timely(entries, timezone=zone, now=now):
            job.tell(f"{forecast.symbol}: not published: the sessions it forecasts are over")
    if n_published:
        job.keep(f"{n_published} published forecasts of {forecast.symbol}")


def _table(made: Made) -> Result:
    """Return what people see: some of the rows, their ranges as bars, and the price before."""
    forecast, rows = made.forecast, _some(made.rows)
    money = f" {forecast.currency}" if forecast.currency else ""
    close, origin = price(forecast.last_close), forecast.origin
    return Result(
        "forecast",
        COLUMNS,
        rows,
        title=f"{forecast.symbol}  {close}{money} at the close of {origin}",
        notes=[_note(forecast, rows), *_seeds(rows)],
        legend=LEGEND,
        picture=_ranges(rows),
        trace=lambda width: _trace(made.closes[-TRACED:].tolist(), width),
    )


def _note(forecast: "Forecast", rows: list[dict[str, Any]]) -> str:
    """Return what the ranges are, and why the medians are where they are if they hardly move."""
    last = forecast.last_close
    is_close = all(abs(row["q50"] / last - 1) <= row["daily_volatility"] / 2 for row in rows)
    unknown = "" if forecast.knows_holidays else " Holidays are not known."
    return (f"{NOTE}: {CLOSE}" if is_close else f"{NOTE}.") + unknown


def _ranges(rows: list[dict[str, Any]]) -> Picture:
    """Return the column of bars, all of one scale: nine tenths, half, and the median."""
    low, high = min(row["q05"] for row in rows), max(row["q95"] for row in rows)

    def scale(width: int) -> str:
        ends = price(low), price(high)
        room = width - sum(map(len, ends))
        return (" " * room).join(ends) if room > 0 else "range"

    def bar(row: dict[str, Any], width: int) -> str:
        return range_bar([row[name] for name in QUANTILES], low, high, width)

    return Picture(scale, bar, least=11)


def _trace(closes: list[float], width: int) -> str:
    """Return the last closes as a line, with what they lie between."""
    about = f"{len(closes)} sessions, {price(min(closes))} to {price(max(closes))}"
    return f"{spark(closes, min(width - len(about) - 2, 60))}  {about}"


def _seeds(rows: list[dict[str, Any]]) -> list[str]:
    """Return a note on how far the networks of an ensemble differ, at the next session."""
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


def _some(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows that a table shows: all of a short forecast, some of a long one."""
    if len(rows) <= MOST_ROWS:
        return rows
    return [row for row in rows if row["horizon"] in {*SHOWN, len(rows)}]


COMMAND = forecast
