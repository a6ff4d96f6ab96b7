"""What the commands of one line share: workspace, symbols, what was done and what failed."""

import datetime as dt
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from lstmfin.cli.advance import Advance
from lstmfin.config import Settings, TrainConfig, load_settings
from lstmfin.errors import ConfigError, DataError, ExitCode, LstmfinError, UsageError
from lstmfin.redaction import redact
from lstmfin.workspace import Workspace

if TYPE_CHECKING:
    from lstmfin.cli.output import Result
    from lstmfin.data.prices import Prices
    from lstmfin.data.reader import Reader
    from lstmfin.models.forecaster import Forecaster


def now_utc() -> dt.datetime:
    """Return the present."""
    return dt.datetime.now(dt.UTC)


@dataclass
class Job:
    """One line of commands.

    Attributes
    ----------
    symbols : tuple of str
        Those that the last command worked on; the next one takes them unless it names its own.
    trained : TrainConfig or None
        What the last ``train`` of this line was told, for a backtest of the same network.
    kept : list of str
        What has been written for good, for the message after Ctrl-C.
    log_format : str
        How log lines are written.
    now : callable
        Returns the present, with a time zone.
    workers : str
        Where tasks run.
    deadline : float or None
        Seconds that a task may take.
    exit_code : int
        0, 3 once a symbol has failed, or 75 when a source is to be asked again later.
    """

    style: str = "table"
    quiet: bool = False
    chosen: bool = False
    unread: bool = False
    log_format: str = "text"
    now: Callable[[], dt.datetime] = now_utc
    workers: str = "serial"
    deadline: float | None = None
    symbols: tuple[str, ...] = ()
    trained: TrainConfig | None = None
    kept: list[str] = field(default_factory=list)
    exit_code: int = ExitCode.OK
    _workspace: Workspace | None = None
    _results: list["Result"] = field(default_factory=list)
    _printed: bool = False

    def open(self, workspace: Workspace, *, chosen: bool) -> None:
        """Set the workspace; ``chosen`` tells that the user named it."""
        self._workspace = workspace
        self.chosen = chosen

    def keep(self, what: str) -> None:
        """Note that something has been written for good, for the message after Ctrl-C."""
        self.kept.append(what)

    @contextmanager
    def reading(self, *, as_of: dt.date | None = None) -> Iterator["Reader"]:
        """Return what reads the stored prices, as they stand or were known at the end of a day."""
        from lstmfin.data.reader import Reader
        from lstmfin.data.store import Store

        if as_of is not None and as_of > self.now().date() + dt.timedelta(days=1):
            raise UsageError(f"--as-of {as_of} has not come yet")
        with Store(self.workspace.database) as store:
            yield Reader(store, as_of=as_of)

    def prices(
        self, symbol: str, others: Sequence[str] = (), *, as_of: dt.date | None = None
    ) -> "Prices":
        """Return the stored prices of a symbol, and with them other series to look at."""
        with self.reading(as_of=as_of) as reader:
            return self.noted(reader.prices(symbol, others))

    def noted(self, prices: "Prices") -> "Prices":
        """Return prices, and tell what their notes say."""
        for note in prices.notes:
            self.tell(f"{prices.symbol}: {note}")
        return prices

    @property
    def workspace(self) -> Workspace:
        """The workspace of this line."""
        assert self._workspace is not None
        return self._workspace

    @cached_property
    def settings(self) -> Settings:
        """What ``lstmfin.toml`` says."""
        return load_settings(self.workspace.config)

    def log_folder(self) -> Path:
        """Return where a traceback is written, workspace or not."""
        return self._workspace.logs if self._workspace else Path(tempfile.gettempdir())

    def choose(
        self, named: Sequence[str], otherwise: Callable[[], Sequence[str]]
    ) -> tuple[str, ...]:
        """Return the symbols to work on: those named, else the last command's, else others."""
        from lstmfin.data.symbols import parse_symbol

        symbols = tuple(dict.fromkeys(parse_symbol(name) for name in named)) or self.symbols
        self.symbols = symbols or tuple(otherwise())
        return self.symbols

    def watched_symbols(self) -> tuple[str, ...]:
        """Return the watch-list of ``lstmfin.toml``."""
        from lstmfin.data.symbols import parse_symbol

        try:
            return tuple(parse_symbol(symbol) for symbol in self.settings.symbols)
        except UsageError as error:
            raise ConfigError(f"{self.workspace.config}: symbols: {error}") from error

    def stored_symbols(self) -> tuple[str, ...]:
        """Return what the workspace holds prices of."""
        from lstmfin.data.store import Store

        with Store(self.workspace.database) as store:
            symbols = tuple(store.symbols())
        if not symbols:
            raise DataError(
                f"there are no prices in {self.workspace.root} yet; fetch some: lstmfin fetch AAPL"
            )
        return symbols

    def model(self, symbol: str) -> "tuple[str, Forecaster]":
        """Return identity and forecaster of the symbol's model."""
        from lstmfin.models.shelf import has_model, load_model

        if not has_model(self.workspace, symbol):
            self.refuse_mistyped(symbol)
        return load_model(self.workspace, symbol)

    def refuse_mistyped(self, symbol: str) -> None:
        """Raise a DataError where there are no prices of a symbol, but of one that is near."""
        from lstmfin.data.store import Store
        from lstmfin.data.symbols import near_symbol

        with Store(self.workspace.database) as store:
            if symbol not in store and near_symbol(symbol, store.symbols()):
                store.info(symbol)

    def each(self, symbols: Sequence[str], work: Callable[[str], None]) -> None:
        """Do some work for each symbol; go on when one fails, and leave it out from then on.

        Raises
        ------
        LstmfinError
            The last one, when every symbol failed.
        """
        done: list[str] = []
        for number, symbol in enumerate(symbols):
            try:
                work(symbol)
            except LstmfinError as error:
                if number == len(symbols) - 1 and not done:
                    raise
                self.exit_code = ExitCode.PARTIAL
                self.tell(f"{symbol} failed: {error}", always=True)
            else:
                done.append(symbol)
        self.symbols = tuple(done)

    def emit(self, result: "Result") -> None:
        """Print a result; JSON waits for the end of the line, to be one document."""
        if self.style == "json":
            self._results.append(result)
        elif not self.unread:
            from lstmfin.cli.printing import print_result

            try:
                if self._printed and self.style == "csv":
                    sys.stdout.write("\n")
                print_result(result, self.style)
                sys.stdout.flush()
            except (BrokenPipeError, SystemExit):  # the table's library leaves so
                self.stop_printing()
            self._printed = True

    def print(self, text: str) -> None:
        """Print a text for people, in a table's place."""
        if not self.unread:
            sys.stdout.write(text + "\n")
            self._printed = True

    def stop_printing(self) -> None:
        """Go on without printing: whoever read the results has left, the work is still wanted."""
        self.unread = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def finish(self) -> None:
        """Print what waited for the end."""
        if self._results and not self.unread:
            from lstmfin.cli.printing import print_json

            print_json(self._results)
            self._results = []

    def abandon(self) -> None:
        """Print what was done before the line failed."""
        self.finish()

    def tell(self, message: str, *, always: bool = False) -> None:
        """Say something on stderr, unless it is to be quiet."""
        if always or not self.quiet:
            sys.stderr.write(f"lstmfin: {redact(message)}\n")
            sys.stderr.flush()

    @contextmanager
    def progress(self, description: str) -> Iterator[Advance]:
        """Show a bar with the time left, on a terminal that moves only; yield what moves it."""
        from lstmfin.cli.output import is_plain

        if self.quiet or is_plain(sys.stderr):
            yield Advance()
            return
        from lstmfin.cli.progress import moving_bar

        with moving_bar(description) as bar:
            yield bar
