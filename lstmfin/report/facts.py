"""What a workspace holds of one symbol: all that its page and its row in the index show.

Whatever was never computed is ``Missing``, with the command that computes it.
"""

import contextlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from lstmfin.advice import advised
from lstmfin.backtest.another import another_network
from lstmfin.backtest.record import Record, load_record
from lstmfin.config import section_to_table
from lstmfin.data.prices import Prices
from lstmfin.data.reader import Reader
from lstmfin.data.store import HeldBack, SeriesInfo
from lstmfin.errors import LstmfinError, ModelFileError, WriteError
from lstmfin.models.forecaster import Forecaster
from lstmfin.models.forecasts import Forecast, make_forecast
from lstmfin.models.shelf import load_model
from lstmfin.ops.journal import QUANTILES, Journal
from lstmfin.ops.score import Track, tracks
from lstmfin.plots.kinds.calibration import CalibrationPicture
from lstmfin.plots.kinds.gates import GatesPicture
from lstmfin.plots.subject import Tested
from lstmfin.plots.subject import Trained as Shown
from lstmfin.registry import PLOTS
from lstmfin.workspace import Workspace

T = TypeVar("T")
S = TypeVar("S")

SPARK = 60
"""Closes of the small curve in the index: a quarter of a year."""

MOST_PUBLISHED = 120
"""Published forecasts that are drawn, the latest."""


@dataclass(frozen=True)
class Missing:
    """What is not there, and the command that makes it; empty if none does."""

    text: str
    command: str = ""


@dataclass(frozen=True)
class Published:
    """A published forecast of the next session, the first of its origin; outcome as log return."""

    origin: str
    session: str
    kind: str
    last_close: float
    quantiles: tuple[float, ...]
    outcome: float | None


@dataclass(frozen=True)
class Trained:
    """A saved model, and what its manifest says beside."""

    identity: str
    forecaster: Forecaster
    versions: dict[str, str]
    weights: str


@dataclass(frozen=True, eq=False)
class Facts:
    """All that is shown of a symbol."""

    symbol: str
    info: SeriesInfo
    prices: Prices
    held_back: tuple[HeldBack, ...]
    model: Trained | Missing
    forecast: Forecast | Missing
    record: Record | Missing
    calibration: CalibrationPicture | Missing
    gates: GatesPicture | Missing
    published: list[Published]
    tracks: list[Track]
    alarms: tuple[str, ...]
    another: tuple[str, ...] = ()
    """In which options the backtest is of another network than the model; empty if in none."""

    def row(self) -> dict[str, Any]:
        """Return what the index shows and the next report compares with, as plain values."""
        close, adjusted = (self.prices.column(name) for name in ("close", "adj_close"))
        has_change = len(adjusted) > 1 and adjusted[-2] > 0  # a split is none
        return {
            "label": self.info.label,
            "currency": self.info.currency,
            "session": str(self.prices.sessions[-1]),
            "close": float(close[-1]),
            "change": float(adjusted[-1] / adjusted[-2] - 1) if has_change else None,
            "spark": [float(f"{one:.6g}") for one in adjusted[-SPARK:]],
            "revisions": self.info.n_revisions,
            "held_back": len(self.held_back),
            "alarms": list(self.alarms),
            **self._forecast_row(),
            **self._verdict_row(),
            **self._coverage_row(),
        }

    def _forecast_row(self) -> dict[str, Any]:
        if isinstance(self.forecast, Missing) or isinstance(self.model, Missing):
            return {"forecast": None, "model": None, "trained_to": None, "network": None}
        last, data = self.forecast.rows()[-1], self.model.forecaster.provenance
        kept = ("horizon", "session", "q05", "q25", "q50", "q75", "q95", "chance_of_rise")
        return {
            "forecast": {key: last[key] for key in kept},
            "model": self.model.identity,
            "trained_to": data.last if data else None,
            "network": section_to_table(self.model.forecaster.config),
        }

    def _verdict_row(self) -> dict[str, Any]:
        if isinstance(self.record, Missing):
            return {"verdict": None, "tested": None, "another": []}
        found = {one.topic: one.edge for one in self.record.findings}
        return {"verdict": found, "tested": self.record.digest, "another": list(self.another)}

    def _coverage_row(self) -> dict[str, Any]:
        """Return how often the 90 % range held: of what was published, else in the backtest."""
        held = [one.held(0.05, 0.95) for one in self.tracks]
        n = sum(map(len, held))
        if n:
            share = float(np.concatenate(held).mean())
            return {"coverage": {"share": share, "n": n, "by": "published"}, "scored": n}
        if isinstance(self.record, Missing) or self.record.scores[0].coverage_90 is None:
            return {"coverage": None, "scored": 0}
        own = {"share": self.record.scores[0].coverage_90, "n": len(self.record.sessions)}
        by = "backtest of another network" if self.another else "backtest"
        return {"coverage": {**own, "by": by}, "scored": 0}


def facts_of(
    workspace: Workspace, reader: Reader, journal: Journal, symbol: str, *, threshold: float
) -> Facts:
    """Return all that is known of a symbol.

    Parameters
    ----------
    threshold : float
        Of the alarms, over all symbols.

    Raises
    ------
    DataError
        When there are no prices of it.
    """
    store, stored = reader.store, reader.prices(symbol)
    prices = stored.finished() if len(stored.finished()) else stored  # the first is not over yet

    def tried(make: Callable[[], T]) -> T | Missing:
        try:
            return make()
        except WriteError:
            raise
        except LstmfinError as error:
            return _missing(workspace, error)

    def after(found: T | Missing, make: Callable[[T], S]) -> S | Missing:
        return found if isinstance(found, Missing) else tried(lambda: make(found))

    model = tried(lambda: _trained(workspace, symbol))
    shown = after(model, lambda one: Shown(one.forecaster, one.forecaster.read(symbol, reader)))
    record = tried(lambda: load_record(workspace, symbol))
    other: list[str] | Missing = []
    if isinstance(model, Trained) and isinstance(record, Record):
        tested, current = record, model.forecaster.config
        other = tried(lambda: another_network(tested, current, prices))
    found = tracks(journal, symbol)
    return Facts(
        symbol=symbol,
        info=store.info(symbol),
        prices=prices,
        held_back=tuple(one for one in store.held_back() if one.symbol == symbol),
        model=model,
        forecast=after(shown, lambda one: make_forecast(one.forecaster, one.prices)),
        record=record,
        calibration=after(record, lambda one: PLOTS.get("calibration").made(Tested(one))),
        gates=after(shown, PLOTS.get("gates").made),
        published=_published(journal, symbol),
        tracks=found,
        alarms=tuple(
            f"{alarm.test} of {track.kind}"
            for track in found
            for alarm in track.alarms(threshold)
            if alarm.is_raised
        ),
        another=(other.text,) if isinstance(other, Missing) else tuple(other),
    )


def _missing(workspace: Workspace, error: LstmfinError) -> Missing:
    """Return what an error says, its command apart, and no path of this machine."""
    text = str(error).replace(str(workspace.root), "the workspace")
    before, _, after = text.partition(": lstmfin ")
    command = re.match(r"('[^']*'|[^;,(])*", after)
    assert command is not None
    said = before[:1].upper() + before[1:]
    return Missing(said, f"lstmfin {command[0].strip()}" if after else "")


def _trained(workspace: Workspace, symbol: str) -> Trained:
    identity, forecaster = load_model(workspace, symbol)
    for home in (workspace.models(symbol), workspace.panel):
        with contextlib.suppress(FileNotFoundError):
            manifest = json.loads((home / identity / "manifest.json").read_bytes())
            return Trained(identity, forecaster, manifest["versions"], manifest["weights_sha256"])
    raise ModelFileError(
        f"the model of {symbol} was replaced while it was read; try again: "
        f"{advised('report', symbol)}"
    )


def _published(journal: Journal, symbol: str) -> list[Published]:
    """Return the last forecasts of a next session, oldest first."""
    rows = journal.read(
        f"SELECT j.origin, j.session, kind, last_close, {', '.join(QUANTILES)}, outcome"  # noqa: S608
        " FROM journal AS j LEFT JOIN truths USING (symbol, origin, horizon)"
        " WHERE j.symbol = ? AND j.horizon = 1"
        f" ORDER BY j.origin DESC, published_at DESC, model DESC LIMIT {2 * MOST_PUBLISHED}",
        symbol,
    )
    first = {row[0]: row for row in rows}  # of one origin the first that was published
    found = [
        Published(origin, session, kind, last_close, tuple(quantiles), outcome)
        for origin, session, kind, last_close, *quantiles, outcome in first.values()
    ]
    return found[:MOST_PUBLISHED][::-1]
