"""Train networks: for each symbol its own, or for many symbols together."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from lstmfin.cli.curves import Curves
from lstmfin.cli.job import Job
from lstmfin.cli.options import section_options, symbols_argument
from lstmfin.config import ReplayConfig, TrainConfig, section_to_table

if TYPE_CHECKING:
    from lstmfin.data.prices import Prices
    from lstmfin.models.checkpoint import Checkpoints
    from lstmfin.models.forecaster import Forecaster


@click.command("train")
@symbols_argument
@section_options(TrainConfig)
@section_options(ReplayConfig)
@click.pass_obj
def train(job: Job, /, symbols: tuple[str, ...], **options: Any) -> None:
    """Train networks for each SYMBOL and save them as the model of that symbol.

    Without symbols: those of the command before, else all that the workspace holds, but for those
    of --exog. The last sessions are kept for early stopping, and the best weights on them are the
    ones saved. With --panel all symbols train one model, which is then the model of each.
    """
    from lstmfin.data.symbols import parse_symbol
    from lstmfin.engine.options import check_network
    from lstmfin.models.again import train_line

    as_of = options.pop("as_of")
    config = job.settings.train.evolve(**options)
    check_network(config)
    config = replace(config, exog=tuple(map(parse_symbol, config.exog)))
    job.trained = config
    chosen = job.choose(symbols, job.stored_symbols)
    if not symbols:
        chosen = tuple(one for one in chosen if one not in config.exog) or chosen
    rows: list[dict[str, Any]] = []
    if config.panel:
        _train_panel(job, config, chosen, rows, as_of=as_of)
    else:
        job.each(chosen, lambda symbol: _train_one(job, config, symbol, rows, as_of=as_of))
    if as_of is not None:
        again = train_line(config, chosen, job.settings.train)
        job.tell(
            f"what knows nothing after {as_of} is the model in use, until it is trained: {again}"
        )
    job.emit(_result(rows))


def _train_one(
    job: Job,
    config: TrainConfig,
    symbol: str,
    rows: list[dict[str, Any]],
    *,
    as_of: dt.date | None,
) -> None:
    from lstmfin.models.forecaster import Forecaster
    from lstmfin.models.shelf import save_model

    prices, forecaster = job.prices(symbol, config.exog, as_of=as_of), Forecaster(config)
    checkpoints = _train(job, forecaster, [prices], symbol)
    identity = save_model(job.workspace, symbol, forecaster)
    checkpoints.remove()
    job.keep(f"model of {symbol}")
    rows.append(_row(job, forecaster, identity))


def _train_panel(
    job: Job,
    config: TrainConfig,
    symbols: Sequence[str],
    rows: list[dict[str, Any]],
    *,
    as_of: dt.date | None,
) -> None:
    """Train one model on all symbols that can be trained on; the others fail one by one."""
    from lstmfin.models.forecaster import PANEL, Forecaster
    from lstmfin.models.shelf import save_panel

    forecaster, series = Forecaster(config), []

    def one(symbol: str) -> None:
        prices = job.prices(symbol, config.exog, as_of=as_of)
        forecaster.check(prices)
        series.append(prices)

    job.each(symbols, one)
    checkpoints = _train(job, forecaster, series, PANEL)
    identity = save_panel(job.workspace, forecaster)
    checkpoints.remove()
    job.keep(f"panel of {len(series)} symbols")
    rows.append(_row(job, forecaster, identity))


def _train(
    job: Job, forecaster: "Forecaster", series: Sequence["Prices"], label: str
) -> "Checkpoints":
    """Train with a bar; an interrupt waits for the end of a step, so that it can be kept."""
    from lstmfin.cli.interrupts import held_back
    from lstmfin.models.checkpoint import checkpoints_of

    resume = forecaster.config.resume
    checkpoints = checkpoints_of(job.workspace, forecaster, series, resume=resume)
    if resume:
        job.tell(_where_from(label, checkpoints))
    try:
        with job.progress(f"Training {label}") as move, held_back() as let_through:
            total = forecaster.n_steps(series)
            done = iter(range(checkpoints.n_done + 1, total + 1))

            def tick() -> None:
                move(next(done), total)
                let_through()

            forecaster.fit(series, tick=tick, checkpoint=Curves(checkpoints, move).of)
    except KeyboardInterrupt:
        if checkpoints.n_done:
            job.keep(f"checkpoint of {label} (the same line with --resume goes on from it)")
        raise
    return checkpoints


def _where_from(label: str, checkpoints: "Checkpoints") -> str:
    checkpoints.load()
    if checkpoints.n_done:
        return f"{label}: going on from step {checkpoints.n_done}"
    return f"{label}: there is no checkpoint of these options and prices; training from the start"


def _row(job: Job, forecaster: "Forecaster", identity: str) -> dict[str, Any]:
    """Return what is told of a trained model; a loss is the members' mean."""
    from lstmfin.data.ledger import Ledger

    config, data = forecaster.config, forecaster.provenance
    assert data is not None
    histories = [member.history for member in forecaster.members]
    losses = [history.validation_loss[history.best_epoch] for history in histories]
    naive, mean = histories[0].validation_loss[0], sum(losses) / len(losses)
    n_retreats = sum(history.n_retreats for history in histories)
    if n_retreats:
        job.tell(
            f"{data.symbol}: training left the finite numbers {n_retreats} times and went "
            "on at half the rate each time"
        )
    for warning in forecaster.warnings:
        job.tell(warning)
    Ledger(job.workspace.database).append(
        "train",
        data.symbol,
        data=data.digest,
        settings={"train": section_to_table(config)},
        result={"model": identity, "validation_loss": mean},
        now=dt.datetime.now(dt.UTC),
    )
    return {
        "symbol": data.symbol,
        "model": identity,
        "cell": config.cell,
        "hidden": config.hidden,
        "layers": config.layers,
        "window": config.window,
        "horizon": config.horizon,
        "target": config.target,
        "features": list(config.features),
        "exog": list(config.exog),
        "loss": config.loss,
        "members": config.members,
        "weights": forecaster.n_weights,
        "symbols": list(data.symbols),
        "first": data.first,
        "last": data.last,
        "sessions": data.n_sessions,
        "epochs": max(len(history.train_loss) for history in histories),
        "best_epoch": max(history.best_epoch for history in histories),
        "naive_loss": naive,
        "validation_loss": mean,
        "gain": naive - mean,
        "member_losses": losses,
        "warnings": forecaster.warnings,
    }


def _result(rows: list[dict[str, Any]]) -> Any:
    from lstmfin.cli.output import Column, Result, number

    columns = (
        Column("symbol", "symbol", right=False),
        Column("model", "model", right=False, spare=1),
        Column("target", "target", right=False, spare=4),
        Column("cell", "cell", right=False),
        Column("weights", "weights", "{:,}".format, spare=3),
        Column("last", "data to"),
        Column("epochs", "epochs", spare=2),
        Column("best_epoch", "best epoch"),
        Column("naive_loss", "naive loss", number(4)),
        Column("validation_loss", "validation loss", number(4)),
    )
    notes = [note for row in rows for note in _notes(row)]
    return Result("train", columns, rows, title="Trained", notes=notes)


def _notes(row: dict[str, Any]) -> list[str]:
    losses = row["member_losses"]
    if len(losses) > 1:
        yet = (
            f"{row['symbol']}: {len(losses)} networks, of which the best ended at "
            f"{min(losses):.4f} and the worst at {max(losses):.4f}; shown is their mean."
        )
        return [yet, _note(row)]
    return [_note(row)]


def _note(row: dict[str, Any]) -> str:
    if row["best_epoch"] == 0:
        return (
            f"{row['symbol']}: no epoch beat the naive law on the validation block; the model says "
            "what the trailing volatility says, and no more."
        )
    return (
        f"{row['symbol']}: on the validation block the {row['cell']} beats the naive law by "
        f"{row['gain']:.4f} ({row['loss']}); whether that holds out of sample is for `backtest`."
    )


COMMAND = train
