"""List all that was ever tried, and say what that does to the best of it."""

from typing import TYPE_CHECKING, Any

import click

from lstmfin.cli.job import Job
from lstmfin.cli.options import symbols_argument
from lstmfin.errors import DataError

if TYPE_CHECKING:
    from lstmfin.data.ledger import Trial


@click.command("trials")
@symbols_argument
@click.pass_obj
def trials(job: Job, /, symbols: tuple[str, ...]) -> None:
    """List every training and backtest of SYMBOL... that this workspace has seen.

    Rows are chained by hashes: one that was removed or changed is told of, with exit code 65. Below
    stands how much of the best backtest is left when the search is counted.
    """
    from lstmfin.cli.output import Column, Result, number
    from lstmfin.data.ledger import Ledger
    from lstmfin.data.symbols import near_symbol

    ledger = Ledger(job.workspace.database)
    chosen = job.choose(symbols, ledger.symbols)
    found = [one for one in ledger.trials() if one.symbol in chosen]
    if not found:
        of = f" of {', '.join(chosen)}" if chosen else ""
        near = near_symbol(chosen[0], ledger.symbols()) if chosen else ""
        begin = f"{near} Or make" if near else "; make"
        raise DataError(
            f"there are no trials{of} in {job.workspace.root} yet{begin} some: lstmfin fetch "
            "AAPL train backtest"
        )
    searches = [_search(symbol, found) for symbol in chosen]
    columns = (
        Column("number", "no.", "{:d}".format),
        Column("made_at", "made", lambda moment: moment[:16].replace("T", " "), spare=1),
        Column("kind", "kind", right=False),
        Column("symbol", "symbol", right=False),
        Column("cell", "cell", right=False),
        Column("settings", "settings", right=False),
        Column("data", "data", right=False, spare=2),
        Column("validation_loss", "validation loss", number(4), spare=3),
        Column("sharpe", "Sharpe", number(2)),
        Column("excess_sharpe", "above holding", number(2)),
    )
    fault = ledger.fault()
    notes = [one["text"] for one in searches]
    if fault is None:
        notes.append(f"The chain of hashes holds up to {ledger.trials()[-1].hash[:12]}.")
    more = {"searches": searches, "chain_holds": fault is None}
    job.emit(Result("trials", columns, [_row(one) for one in found], "Trials", notes, more))
    if fault is not None:
        raise DataError(
            f"the ledger in {job.workspace.database} does not hold: {fault}; what it says of the "
            "search is too little"
        )


def _row(trial: "Trial") -> dict[str, Any]:
    return {
        "number": trial.number,
        "made_at": trial.made_at,
        "kind": trial.kind,
        "symbol": trial.symbol,
        "cell": trial.settings["train"].get("cell"),
        "settings": trial.settings_key[:8],
        "data": trial.data[:8],
        "validation_loss": trial.result.get("validation_loss"),
        "sharpe": trial.result.get("sharpe"),
        "excess_sharpe": trial.result.get("excess_sharpe"),
    }


def _search(symbol: str, found: list["Trial"]) -> dict[str, Any]:
    """Return what the search on a symbol comes to, with a sentence."""
    import math
    from dataclasses import asdict

    from lstmfin.backtest.search import search_of
    from lstmfin.metrics.returns import sharpe

    own = [one for one in found if one.symbol == symbol]
    search = search_of(own)
    backtests = {one.settings_key: one for one in own if one.kind == "backtest"}
    known = [one for one in backtests.values() if math.isfinite(sharpe(one.excess))]
    best = max(known, key=lambda one: sharpe(one.excess), default=None)
    deflated = search.deflated(best.excess) if best else math.nan
    text = f"{symbol}: settings tried: {search.n_trials}, of them backtested: {search.n_backtests}"
    if best is not None:
        text += (
            f"; the best, {best.settings_key[:8]}, is truly better than holding with probability "
            f"{deflated:.0%} (deflated Sharpe ratio)"
        )
    if math.isfinite(search.overfitting):
        text += f"; probability of overfitting {search.overfitting:.0%}"
    return {
        "symbol": symbol,
        **asdict(search),
        "best": best.settings_key if best else None,
        "deflated_sharpe": deflated,
        "text": text + ".",
    }


COMMAND = trials
