"""The evening job: fetch, score, retrain what is due, forecast; each symbol for itself.

Every step leaves the old state or the new one, and whatever was done is not done again: a run that
was killed is completed by the next. What several symbols have to write goes into one transaction,
as long as no more than a second of work hangs on it. The truth is filled in before training, so
that a model whose coverage or skill has left its band is trained anew on the same evening.
"""

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import TypeVar
from zoneinfo import ZoneInfo

import numpy as np

from lstmfin.config import Settings
from lstmfin.data.calendar import LOOK_BACK, future_sessions
from lstmfin.data.courier import Courier
from lstmfin.data.fetch import Received, receive
from lstmfin.data.prices import Prices
from lstmfin.data.reader import Reader
from lstmfin.data.store import Store
from lstmfin.data.symbols import parse_symbol
from lstmfin.errors import ExitCode, LstmfinError, ModelFileError, TryLaterError, WriteError
from lstmfin.models.forecaster import Forecaster
from lstmfin.models.forecasts import make_forecast
from lstmfin.models.shelf import is_of_panel, load_model
from lstmfin.ops.alarm import threshold_of
from lstmfin.ops.due import other_options, reason_to_train
from lstmfin.ops.journal import LONGEST_SETBACK, Entry, Journal, entries_of
from lstmfin.ops.line import DONE, FAILED, NOTHING_NEW, Line
from lstmfin.ops.review import is_unscored
from lstmfin.ops.score import Track, Truth, tracks, truths_of
from lstmfin.ops.training import train
from lstmfin.workspace import Workspace

log = logging.getLogger(__name__)

Pulse = Callable[[], None]
T = TypeVar("T")

LONGEST_WAIT = 1.0
"""Seconds that what was fetched or forecast may wait to be written with that of other symbols."""

MOST_SESSIONS = 5000
"""Sessions in one transaction: more than SQLite's memory takes would lock readers out meanwhile."""


def now_utc() -> dt.datetime:
    """Return the present."""
    return dt.datetime.now(dt.UTC)


@dataclass
class Evening:
    """One run over symbols.

    Parameters
    ----------
    workspace, settings : Workspace, Settings
    now : callable
        Returns the present, with a time zone.
    hold : callable
        Returns a context in which an interrupt waits until the function it yields is called.
    """

    workspace: Workspace
    settings: Settings
    now: Callable[[], dt.datetime] = now_utc
    hold: Callable[[], AbstractContextManager[Pulse]] = lambda: nullcontext(lambda: None)
    lines: dict[str, Line] = field(default_factory=dict)
    scores: list[Track] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ends = time.monotonic() + self.settings.run.max_runtime
        self._store = Store(self.workspace.database)
        self._reader = Reader(self._store)  # what it reads has been fetched by then
        self._journal = Journal(self.workspace.database)
        self._couriers: dict[str, Courier] = {}
        self._received: dict[str, Received] = {}
        self._forecasts: dict[str, list[Entry]] = {}
        self._waiting_since = 0.0
        self._models: dict[str, tuple[str, Forecaster]] = {}

    def run(self, symbols: Sequence[str]) -> None:
        """Do all that is due; what came of it stands in ``lines`` and ``scores``.

        Raises
        ------
        TryLaterError
            When the clock was set back.
        WriteError
            When the workspace cannot be written: what is left would fail likewise.
        """
        others = tuple(map(parse_symbol, self.settings.train.exog))
        modelled = tuple(symbol for symbol in symbols if symbol not in others)
        members = self._members(modelled)
        every = (*others, *symbols, *members)
        self.lines = {symbol: Line(symbol) for symbol in every}
        try:
            self._check_clock()
            for symbol in self.lines:
                with self._attempt(symbol, "fetch"):
                    self._fetch(symbol)
                self._write_what_waited(LONGEST_WAIT)
            self._write_what_waited()
            self._score_all()
            together = self.settings.train.panel
            for group in [modelled] if together else [(symbol,) for symbol in modelled]:
                self._train_what_is_due([*group, *self._partners(members)] if together else group)
                for symbol in group:
                    with self._attempt(symbol, "forecast"):
                        self._make_forecast(symbol)
                self._write_what_waited(LONGEST_WAIT)
            self._write_what_waited()
            if any(line.state != NOTHING_NEW for line in self.lines.values()):
                self.scores = [
                    track
                    for symbol in self._journal.symbols()
                    for track in tracks(self._journal, symbol)
                ]
                self.alarms = self._alarms()
        finally:
            self._store.close()
            self._journal.close()

    def _members(self, symbols: Sequence[str]) -> list[str]:
        """Return the other series of the panels that symbols are forecast or trained with."""
        found: dict[str, None] = {}
        for symbol in symbols:
            if is_of_panel(self.workspace, symbol):
                with suppress(ModelFileError):  # told where the model is wanted
                    forecaster = self._model(symbol)[1]
                    seen, data = forecaster.panel, forecaster.provenance
                    if self.settings.train.panel and data is not None:
                        seen = data.symbols
                    found |= dict.fromkeys(seen)
        return [one for one in found if one not in symbols]

    def _partners(self, members: Sequence[str]) -> list[str]:
        """Return those of a panel that are trained with it: watched, and without another model."""
        watched = tuple(map(parse_symbol, self.settings.symbols))
        return [
            one
            for one in members
            if (one in watched or not watched) and is_of_panel(self.workspace, one)
        ]

    def _alarms(self) -> list[str]:
        """Return which tests of which tracks have left their band, in words."""
        threshold = threshold_of(self.settings.score.false_alarms, len(self.scores))
        return [
            f"{alarm.test} of {track.kind} on {track.symbol}"
            for track in self.scores
            for alarm in track.alarms(threshold)
            if alarm.is_raised
        ]

    def _check_clock(self) -> None:
        now = self.now()
        self._journal.check_clock(now)
        fetched = [self._store.info(s).fetched_at for s in self._store.symbols() if s in self.lines]
        if fetched and now < max(fetched) - LONGEST_SETBACK:
            raise TryLaterError(
                f"the clock says {now:%Y-%m-%d %H:%M} UTC, and prices were fetched at "
                f"{max(fetched):%Y-%m-%d %H:%M}; set the clock right and try again"
            )

    @contextmanager
    def _attempt(self, symbol: str, step: str) -> Iterator[None]:
        """Do a step for a symbol; when it fails, the others go on without it."""
        line, began = self.lines[symbol], time.monotonic()
        try:
            yield
        except WriteError:
            raise
        except LstmfinError as error:
            line.fail(step, error, error.exit_code)
            log.warning("%s: %s failed: %s", symbol, step, error)
        except Exception as error:  # the others are still wanted, and the exit code tells it
            line.fail(step, error, ExitCode.BUG)
            log.exception("%s: %s failed by a bug", symbol, step)
        finally:
            took = line.seconds.get(step, 0.0) + time.monotonic() - began
            line.seconds[step] = round(took, 3)

    def _check_time(self) -> None:
        if time.monotonic() > self._ends:
            raise TryLaterError(
                f"the run is over after {self.settings.run.max_runtime:g} s (max-runtime); "
                "the next one goes on from here"
            )

    def _fetch(self, symbol: str) -> None:
        """Ask for new prices, unless there cannot be any yet."""
        config = self.settings.fetch
        source = config.source
        if symbol in self._store:
            info = self._store.info(symbol)
            source = info.source
            if source == "csv":
                log.info("%s is from a file, which is not read again", symbol)
                return
            if self._is_fresh(symbol, info.timezone):
                log.info("%s: no session has begun since the last one stored", symbol)
                return
        self._check_time()
        if source not in self._couriers:
            left = max(self._ends - time.monotonic(), 1.0)
            self._couriers[source] = Courier(
                patience=config.patience, max_runtime=min(config.max_runtime, left)
            )
        received = receive(
            self._store, source, symbol, config=config, cache=self.workspace.cache,
            now=self.now(), courier=self._couriers[source],
        )  # fmt: skip
        self._let_wait(self._received, symbol, received)

    def _let_wait(self, waiting: dict[str, T], symbol: str, what: T) -> None:
        if not self._received and not self._forecasts:
            self._waiting_since = time.monotonic()
        waiting[symbol] = what

    def _write_what_waited(self, longest: float = 0.0) -> None:
        """Write what was fetched and forecast in one transaction, if the first waited so long."""
        n_sessions = sum(len(one.prices) for one in self._received.values())
        if time.monotonic() - self._waiting_since < longest and n_sessions < MOST_SESSIONS:
            return
        received, self._received = self._received, {}
        if received:
            with self._store.together():
                for symbol, one in received.items():
                    with self._attempt(symbol, "fetch"):
                        self._update(symbol, one.prices)
        for symbol in received:
            line = self.lines[symbol]
            if line.new or line.changed:
                self._mark_done(symbol)
            log.info("%s: %d new and %d changed sessions", symbol, line.new, line.changed)
        forecast, self._forecasts = self._forecasts, {}
        if forecast:
            with self._journal.together():
                for symbol, entries in forecast.items():
                    with self._attempt(symbol, "forecast"):
                        self._publish(symbol, entries)
        for symbol in forecast:
            line = self.lines[symbol]
            if line.published:
                self._mark_done(symbol)
            log.info("%s: %d forecasts from %s published", symbol, line.published, line.origin)

    def _update(self, symbol: str, prices: Prices) -> None:
        done = self._store.update(prices, now=self.now(), replace=self.settings.fetch.replace)
        self.lines[symbol].new, self.lines[symbol].changed = done.n_new, done.n_changed

    def _publish(self, symbol: str, entries: list[Entry]) -> None:
        zone, now, line = self._reader.prices(symbol).timezone, self.now(), self.lines[symbol]
        line.published = self._journal.publish(entries, timezone=zone, now=now)
        line.late = len(entries) - len(self._journal.timely(entries, timezone=zone, now=now))

    def _is_fresh(self, symbol: str, timezone: str) -> bool:
        """Whether the next weekday has not begun, on the exchange's clock."""
        known = self._store.last_sessions(symbol, LOOK_BACK)
        today = self.now().astimezone(ZoneInfo(timezone or "UTC")).date()
        return len(known) > 0 and bool(future_sessions(known, 1)[0] > np.datetime64(today))

    def _score_all(self) -> None:
        """Fill in what came, of all symbols in one transaction."""
        found: dict[str, list[Truth]] = {}
        for symbol, line in self.lines.items():
            with self._attempt(symbol, "score"):
                known = self._store.last_sessions(symbol, 1)
                line.last = str(known[-1]) if len(known) else ""
                if line.new or line.changed or is_unscored(self._journal, symbol):
                    prices = self._reader.prices(symbol)
                    found[symbol] = truths_of(self._journal, prices, now=self.now())
        self._journal.write_truths([row for rows in found.values() for row in rows])
        for symbol, rows in found.items():
            self.lines[symbol].scored = len(rows)
            if rows:
                self._mark_done(symbol)

    def _is_forecast(self, symbol: str) -> bool:
        """Whether the last session was forecast from already, so that nothing is due."""
        line = self.lines[symbol]
        last = self._journal.last_origin(symbol)
        return not line.new and not line.changed and last is not None and last >= line.last != ""

    def _train_what_is_due(self, group: Sequence[str]) -> None:
        wanted, due = [], ""
        for symbol in group:
            if self.lines[symbol].step in {"fetch", "score"}:
                continue
            with self._attempt(symbol, "train"):
                reason = "" if self._is_forecast(symbol) else self._due(symbol)
                if reason and not self._is_trainable(symbol):
                    continue
                due = due or reason
                wanted.append(symbol)
        if due:
            wanted = [symbol for symbol in wanted if self._is_trainable(symbol)]
        if not due or not wanted:
            return
        self._write_what_waited()  # training takes its time
        first = self.lines[wanted[0]]
        with self._attempt(first.symbol, "train"):
            self._check_time()
            series = [self._reader.prices(symbol, self.settings.train.exog) for symbol in wanted]
            log.info("training %s: %s", ", ".join(wanted), due)
            self._tell_of_other_networks(wanted)
            train(
                self.workspace, self.settings.train, series, now=self.now(), hold=self.hold,
                pulse=self._check_time,
            )  # fmt: skip
            for symbol in wanted:
                self.lines[symbol].trained = due
                self._models.pop(symbol, None)
                self._mark_done(symbol)
        for symbol in wanted[1:] if first.step == "train" else ():
            self.lines[symbol].fail("train", RuntimeError(first.error), first.code)

    def _tell_of_other_networks(self, symbols: Sequence[str]) -> None:
        """Note where other networks than before are trained, or a panel of fewer series."""
        changed: dict[str, list[str]] = {}
        lost: dict[str, None] = {}
        for symbol in symbols:
            with suppress(LstmfinError):  # what cannot be read any more is replaced all the same
                forecaster, new = self._model(symbol)[1], self.settings.train
                prices, data = forecaster.read(symbol, self._reader), forecaster.provenance
                for text in other_options(forecaster.config, new, prices):
                    changed.setdefault(text, []).append(symbol)
                if new.panel and forecaster.config.panel and data is not None:
                    lost |= dict.fromkeys(one for one in data.symbols if one not in symbols)
        for text, those in changed.items():
            self.notes.append(f"{', '.join(those)}: trained anew as [train] says: {text}")
        if lost:
            self.notes.append(f"{', '.join(lost)}: not in the panel any more")
        for text in self.notes:
            log.warning("%s", text)

    def _is_trainable(self, symbol: str) -> bool:
        """Whether a symbol can be part of a panel; one that cannot must not stop the others."""
        config, is_able = self.settings.train, False
        with self._attempt(symbol, "train"):
            if config.panel:
                Forecaster(config).check(self._reader.prices(symbol, config.exog))
            is_able = True
        return is_able  # noqa: RET504 - an attempt that fails ends above

    def _due(self, symbol: str) -> str:
        """Return why a symbol's model is to be trained anew; empty when it is not."""
        try:
            identity, forecaster = self._model(symbol)
        except ModelFileError as error:
            log.info("%s", error)
            return "no model"
        return reason_to_train(
            forecaster, identity, self._reader.prices(symbol), self._journal,
            config=self.settings.run,
            threshold=threshold_of(self.settings.score.false_alarms, len(self.lines)),
        )  # fmt: skip

    def _make_forecast(self, symbol: str) -> None:
        line = self.lines[symbol]
        if line.step in {"fetch", "score"} or (self._is_forecast(symbol) and not line.trained):
            return
        self._check_time()
        line.model, forecaster = self._model(symbol)
        prices = forecaster.read(symbol, self._reader)
        forecast = make_forecast(
            forecaster, prices, horizon=_shorter(self.settings.forecast.horizon, forecaster)
        )
        if names := forecast.unknown.symbols:
            line.not_seen = names
            said = forecast.unknown.told(forecast.origin)
            log.warning("%s: %s: %s", symbol, said, ", ".join(names))
        line.origin = str(forecast.origin)
        entries = entries_of(forecast, prices, model=line.model, forecaster=forecaster)
        self._let_wait(self._forecasts, symbol, entries)

    def _mark_done(self, symbol: str) -> None:
        line = self.lines[symbol]
        line.state = FAILED if line.state == FAILED else DONE

    def _model(self, symbol: str) -> tuple[str, Forecaster]:
        if symbol not in self._models:
            self._models[symbol] = load_model(self.workspace, symbol)
        return self._models[symbol]


def _shorter(horizon: int | None, forecaster: Forecaster) -> int | None:
    """Return the horizon asked for, as far as the model goes."""
    return None if horizon is None else min(horizon, forecaster.horizon)
