"""The figures and tables of a symbol's page, in words."""

import datetime as dt
from typing import NamedTuple

from lstmfin.backtest.record import Record
from lstmfin.plots.text import price
from lstmfin.report.changes import Row
from lstmfin.report.facts import Facts, Missing, Trained
from lstmfin.report.index_rows import fresh_cell
from lstmfin.report.words import number, or_dash, percent, signed

Table = list[tuple[str, ...]]


class Tile(NamedTuple):
    """A figure at the top of a page."""

    name: str
    value: str
    more: str = ""
    style: str = ""


def tiles(facts: Facts, row: Row, *, today: dt.date) -> list[Tile]:
    """Return what a page says first."""
    fresh, held = fresh_cell(row["session"], today), row["coverage"]
    change = "" if row["change"] is None else f"{signed(2)(row['change'])} on {row['session']}"
    found = [Tile("Last price", price(row["close"], row["currency"]), change)]
    found += _forecast_tiles(facts)
    if row["verdict"] is not None:
        edges = ", ".join(topic for topic, edge in row["verdict"].items() if edge)
        by = "by a backtest of another network" if row["another"] else "by backtest"
        found.append(Tile("Verdict", f"edge: {edges}" if edges else "no edge shown", by))
    if held:
        more = f"of {held['n']:,}, {held['by']}"
        found.append(Tile("90 % range held", percent(1)(held["share"]), more))
    found.append(Tile("Prices to", fresh.text, fresh.more, fresh.style))
    if facts.alarms:
        found.append(Tile("Alarm", "left its band", ", ".join(facts.alarms), "alarm"))
    return found


def _forecast_tiles(facts: Facts) -> list[Tile]:
    if isinstance(facts.forecast, Missing):
        return []
    rows, currency = facts.forecast.rows(), facts.forecast.currency
    found = []
    for one in rows[:1] + rows[1:][-1:]:
        ends = " to ".join(price(one[q], currency) for q in ("q05", "q95"))
        ahead = "next session" if one["horizon"] == 1 else f"{one['horizon']} sessions"
        rise = f"chance of a rise {percent(0)(one['chance_of_rise'])}"
        found.append(Tile(f"90 % range, {ahead}", ends, f"by {one['session']}; {rise}"))
    if absent := facts.forecast.unknown.symbols:
        found.append(Tile("Not up to it, of the panel", f"{len(absent)} series", ", ".join(absent)))
    own, naive = (percent(2)(rows[0][k]) for k in ("daily_volatility", "naive_daily_volatility"))
    return [*found, Tile("A day’s volatility", own, f"{naive} by trailing volatility alone")]


def scores(record: Record) -> Table:
    """Return what each model of the backtest came to."""
    head = ("model", "CRPS skill", "at horizon", "90 % held", "sign right", "return a year",
            "Sharpe", "drawdown", "turnover")  # fmt: skip
    rows: Table = [
        (
            one.model,
            or_dash(one.crps_skill, signed(1)),
            or_dash(one.crps_skill_at_horizon, signed(1)),
            or_dash(one.coverage_90, percent(1)),
            or_dash(one.hit_rate, percent(1)),
            or_dash(one.annual_return, signed(1)),
            or_dash(one.sharpe, number(2)),
            or_dash(one.max_drawdown, percent(1)),
            or_dash(one.turnover, number(2)),
        )
        for one in record.scores
    ]
    return [head, *rows]


def skills(record: Record) -> Table:
    """Return by how much the network beats each baseline."""
    show = signed(1)
    rows = [
        (one.baseline, f"{one.horizon}", show(one.skill), f"{show(one.low)} to {show(one.high)}")
        for one in record.skills
    ]
    return [("baseline", "sessions ahead", "saved", "interval"), *rows] if rows else []


def tracks(facts: Facts) -> Table:
    """Return the running scores of what was published."""
    head = ("model", "published", "over", "skill at next session", "skill", "90 % held",
            "50 % held", "side right")  # fmt: skip
    rows = [one.row() for one in facts.tracks]
    body = [
        (
            row["kind"],
            f"{row['published']:,}",
            f"{row['scored']:,}",
            or_dash(row["skill_next"], signed(1)),
            or_dash(row["skill"], signed(1)),
            or_dash(row["coverage_90"], percent(1)),
            or_dash(row["coverage_50"], percent(1)),
            or_dash(row["hit_rate"], percent(1)),
        )
        for row in rows
    ]
    return [head, *body] if body else []


def data(facts: Facts) -> Table:
    """Return where the prices come from."""
    info, prices = facts.info, facts.prices
    return [
        ("Source", info.source),
        ("Name", info.label or "–"),
        ("Sessions", f"{info.n_sessions:,}, {info.first} to {info.last}"),
        ("Currency", info.currency or "none"),
        ("Exchange’s zone", info.timezone or "not known"),
        ("First fetched", f"{info.began:%Y-%m-%d %H:%M} UTC"),
        ("Last change", f"{info.fetched_at:%Y-%m-%d %H:%M} UTC"),
        ("Changed afterwards", f"{info.n_revisions:,} values"),
        ("SHA-256", prices.digest()),
    ]


def model(trained: Trained) -> Table:
    """Return what a model is, and what it was trained on."""
    forecaster = trained.forecaster
    config, data = forecaster.config, forecaster.provenance
    assert data is not None
    network = f"{config.cell}, {config.layers} × {config.hidden} units"
    network += f", {config.members} of them" if config.members > 1 else ""
    network += f", trained on {len(data.symbols)} symbols" if config.panel else ""
    return [
        ("Identity", trained.identity),
        ("Network", network),
        ("Asked for", f"{config.target} of {config.horizon} sessions, by {config.loss}"),
        ("Sees", f"{config.window} sessions of {', '.join((*config.features, *config.exog))}"),
        ("Trained on", f"{data.n_sessions:,} sessions, {data.first} to {data.last}"),
        ("Validated from", data.validated_from),
        ("Best epoch", ", ".join(str(one.history.best_epoch) for one in forecaster.members)),
        ("Seed", str(config.seed)),
        ("Made with", ", ".join(f"{name} {version}" for name, version in trained.versions.items())),
        ("Prices seen (SHA-256)", data.digest),
        ("Weights (SHA-256)", trained.weights),
    ]  # fmt: skip


def held_back(facts: Facts) -> Table:
    """Return what a gate keeps out of the series."""
    rows = [(one.session, one.gate, one.reason, one.first_seen[:10]) for one in facts.held_back]
    return [("session", "gate", "why", "since"), *rows] if rows else []
