"""Train a network for each symbol."""

import datetime as dt
from typing import TYPE_CHECKING, Any

import click

from lstmfin.cli.job import Job
from lstmfin.cli.options import section_options, symbols_argument
from lstmfin.config import TrainConfig, section_to_table

if TYPE_CHECKING:
    from lstmfin.data.prices import Prices
    from lstmfin.models.checkpoint import CheckpointFile
    from lstmfin.models.forecaster import Forecaster


@click.command("train")
@symbols_argument
@section_options(TrainConfig)
@click.pass_obj
def train(job: Job, /, symbols: tuple[str, ...], **options: Any) -> None:
    """Train a network for each SYMBOL and save it as the model of that symbol.

    Without symbols: those of the command before, else all that the workspace holds. The last
    sessions are kept for early stopping, and the best weights on them are the ones saved.
    """
    from lstmfin.cli.output import Column, Result, number
    from lstmfin.data.ledger import Ledger
    from lstmfin.models.checkpoint import checkpoint_of
    from lstmfin.models.forecaster import Forecaster
    from lstmfin.models.shelf import save_model

    config = job.settings.train.evolve(**options)
    job.trained = config
    chosen = job.choose(symbols, job.stored_symbols)
    ledger = Ledger(job.workspace.database)
    rows: list[dict[str, Any]] = []

    def one(symbol: str) -> None:
        prices = job.prices(symbol)
        forecaster = Forecaster(config)
        checkpoint = checkpoint_of(job.workspace, forecaster, prices, resume=config.resume)
        if config.resume:
            job.tell(_where_from(symbol, checkpoint))
        try:
            _train(job, forecaster, prices, checkpoint)
        except KeyboardInterrupt:
            if checkpoint.n_done:
                job.keep(f"checkpoint of {symbol} (the same line with --resume goes on from it)")
            raise
        identity = save_model(job.workspace, symbol, forecaster)
        checkpoint.remove()
        job.keep(f"model of {symbol}")
        history, data = forecaster.history, forecaster.provenance
        assert data is not None
        best = history.validation_loss[history.best_epoch]
        ledger.append(
            "train",
            symbol,
            data=data.digest,
            settings={"train": section_to_table(forecaster.config)},
            result={"model": identity, "validation_loss": best},
            now=dt.datetime.now(dt.UTC),
        )
        if history.n_retreats:
            job.tell(
                f"{symbol}: training left the finite numbers {history.n_retreats} times and went "
                "on at half the rate each time"
            )
        rows.append(
            {
                "symbol": symbol,
                "model": identity,
                "cell": config.cell,
                "hidden": config.hidden,
                "layers": config.layers,
                "window": config.window,
                "horizon": config.horizon,
                "features": list(forecaster.config.features),
                "loss": config.loss,
                "weights": forecaster.n_weights,
                "first": data.first,
                "last": data.last,
                "sessions": data.n_sessions,
                "epochs": len(history.train_loss),
                "best_epoch": history.best_epoch,
                "naive_loss": history.validation_loss[0],
                "validation_loss": best,
                "gain": history.validation_loss[0] - best,
            }
        )

    job.each(chosen, one)
    columns = (
        Column("symbol", "symbol", right=False),
        Column("model", "model", right=False),
        Column("cell", "cell", right=False),
        Column("weights", "weights", "{:,}".format, spare=2),
        Column("last", "data to"),
        Column("epochs", "epochs", spare=1),
        Column("best_epoch", "best epoch"),
        Column("naive_loss", "naive loss", number(4)),
        Column("validation_loss", "validation loss", number(4)),
    )
    job.emit(Result("train", columns, rows, title="Trained", notes=[_note(row) for row in rows]))


def _where_from(symbol: str, checkpoint: "CheckpointFile") -> str:
    checkpoint.load()
    if checkpoint.n_done:
        return f"{symbol}: going on from step {checkpoint.n_done}"
    return f"{symbol}: there is no checkpoint of these options and prices; training from the start"


def _train(
    job: Job, forecaster: "Forecaster", prices: "Prices", checkpoint: "CheckpointFile"
) -> None:
    """Train with a bar; an interrupt waits for the end of a step, so that it can be kept."""
    from lstmfin.cli.interrupts import held_back

    with job.progress(f"Training {prices.symbol}") as move, held_back() as let_through:
        total = forecaster.n_steps(prices)
        done = iter(range(checkpoint.n_done + 1, total + 1))

        def tick() -> None:
            move(next(done), total)
            let_through()

        forecaster.fit(prices, tick=tick, checkpoint=checkpoint)


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
