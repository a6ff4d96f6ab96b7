"""Write what the workspace holds as pages to look at."""

from typing import Any

import click

from lstmfin.cli.job import Job
from lstmfin.cli.options import symbols_argument


@click.command("report")
@symbols_argument
@click.pass_obj
def report(job: Job, /, symbols: tuple[str, ...]) -> None:
    """Write pages of SYMBOL..., and the index of the watch-list; of all without one.

    Pages go to the workspace's reports, and open with a double click: no server, no other host. A
    page shows what was computed, and names the command for what was not. Naming symbols writes
    their pages anew and leaves those of others as they are; the index is of all.
    """
    from lstmfin.cli.output import Column, Result
    from lstmfin.data.store import Store
    from lstmfin.report.site import INDEX, write_site

    chosen = job.choose(symbols, job.stored_symbols)
    with Store(job.workspace.database) as store:
        job.each(chosen, lambda symbol: _check(store, symbol))
    with job.progress("Writing pages") as advance:
        written = write_site(
            job.workspace, job.symbols, watched=job.watched_symbols(), score=job.settings.score,
            now=job.now(), advance=advance,
        )  # fmt: skip
    index = job.workspace.reports / INDEX
    job.keep(str(index))
    rows: list[dict[str, Any]] = [
        {"symbol": one.symbol, "path": str(one.path), "missing": "; ".join(one.missing)}
        for one in written
        if one.symbol in job.symbols
    ]
    columns = (
        Column("symbol", "symbol", right=False),
        Column("path", "page", right=False),
        Column("missing", "not computed yet", right=False, spare=1),
    )
    job.emit(Result("report", columns, rows, title="Pages", notes=[f"Open {index.as_uri()}"]))


def _check(store: Any, symbol: str) -> None:
    store.info(symbol)


COMMAND = report
