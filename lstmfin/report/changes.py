"""What changed since the last report, and the file in which each report says what it said.

A row of the same content as the last one is no news: what was told then is told until there is
something newer.
"""

import datetime as dt
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lstmfin.config import differences
from lstmfin.plots.text import price
from lstmfin.report.words import percent
from lstmfin.workspace import write_atomically

log = logging.getLogger(__name__)

FORMAT = 2
FILE_NAME = "report.json"

Row = dict[str, Any]
"""What is told of a symbol, as plain values: ``Facts.row``."""

KEYS = set(
    "label currency session close change spark revisions held_back alarms forecast model "
    "trained_to network verdict tested another coverage scored".split()
)
"""Of a row; one with others is of another version."""

LEAST_WIDENING = 0.05
"""Share by which a range must have changed to be told of."""


@dataclass(frozen=True)
class Told:
    """What was told of a symbol: in the last report, and in the last one that said otherwise.

    Where each report said the same, ``before`` is that, and ``since`` when the first one did.
    """

    row: Row
    before: Row | None = None
    since: str = ""

    def __post_init__(self) -> None:
        if any(row.keys() != KEYS for row in (self.row, self.before or self.row)):
            raise ValueError("a row has other keys")

    def renewed(self, row: Row, written: str) -> "Told":
        """Return what is told now, after a report that was written at a moment."""
        if row == self.row and self.before:
            return self
        return Told(row, self.row, written)

    @property
    def is_the_same(self) -> bool:
        """Whether nothing at all is other than in the report before."""
        return self.before == self.row


@dataclass(frozen=True)
class Change:
    """One thing that changed; ``is_notable`` if it belongs on the first page."""

    text: str
    is_notable: bool = False


def load_told(path: Path) -> tuple[str, dict[str, Told]]:
    """Return when the last report was written and what it told; nothing where there is none."""
    try:
        table = json.loads(path.read_bytes())
        if table["format"] != FORMAT:
            return "", {}
        return str(table["written"]), {k: Told(**v) for k, v in table["symbols"].items()}
    except FileNotFoundError:
        return "", {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        log.warning("%s is damaged (%s); what changed since is not known", path, error)
        return "", {}


def save_told(path: Path, told: dict[str, Told], *, now: dt.datetime) -> None:
    """Keep what a report tells."""
    document = {
        "format": FORMAT,
        "written": now.astimezone(dt.UTC).isoformat(timespec="seconds"),
        "symbols": {symbol: vars(one) for symbol, one in told.items()},
    }
    write_atomically(path, json.dumps(document, allow_nan=False).encode())


def changes(told: Told) -> list[Change]:
    """Return what is other than before, in words; empty after a first report."""
    if told.before is None:
        return []
    return [change for rule in _RULES for change in rule(told.before, told.row)]


def _price(before: Row, now: Row) -> Iterator[Change]:
    if now["session"] != before["session"]:
        ends = [price(row["close"], row["currency"]) for row in (before, now)]
        yield Change(f"Close of {now['session']}: {ends[0]} → {ends[1]}.")


def _range(before: Row, now: Row) -> Iterator[Change]:
    old, new = before["forecast"], now["forecast"]
    if not new or not old or old["horizon"] != new["horizon"]:
        return
    width = [(f["q95"] - f["q05"]) / row["close"] for f, row in ((old, before), (new, now))]
    if width[0] > 0 and abs(width[1] / width[0] - 1) >= LEAST_WIDENING:
        word = "wider" if width[1] > width[0] else "narrower"
        yield Change(
            f"The 90 % range of {new['horizon']} sessions is {abs(width[1] / width[0] - 1):.0%} "
            f"{word}: {percent(1)(width[0])} → {percent(1)(width[1])} of the price."
        )
    chance = [round(100 * f["chance_of_rise"]) for f in (old, new)]
    if chance[0] != chance[1]:
        yield Change(f"Chance of a rise: {chance[0]} % → {chance[1]} %.")


def _model(before: Row, now: Row) -> Iterator[Change]:
    if now["model"] != before["model"] and now["model"]:
        old = f"before: to {before['trained_to']}" if before["model"] else "the first model"
        other = differences(before["network"], now["network"]) if before["network"] else []
        how = f": {'; '.join(other)}" if other else ""
        yield Change(f"Trained anew, on prices to {now['trained_to']} ({old}){how}.")
    if before["model"] and not now["model"]:
        yield Change("The model can no longer forecast.", is_notable=True)


def _verdict(before: Row, now: Row) -> Iterator[Change]:
    old, new = before["verdict"] or {}, now["verdict"] or {}
    if new and not old:
        yield Change("Backtested for the first time.")
    elif now["tested"] != before["tested"] and new:
        yield Change("Backtested anew, on other prices.")
    for topic in new:
        if new[topic] and not old.get(topic):
            yield Change(f"Verdict on {topic}: an edge is shown.", is_notable=True)
        elif old.get(topic) and not new[topic]:
            yield Change(f"Verdict on {topic}: the edge is no longer shown.", is_notable=True)


def _scores(before: Row, now: Row) -> Iterator[Change]:
    if now["scored"] > before["scored"]:
        held = [percent(1)(row["coverage"]["share"]) for row in (before, now) if row["scored"]]
        old = f" (before: {held[0]})" if len(held) > 1 else ""
        yield Change(
            f"{now['scored'] - before['scored']} more published forecasts are over; of all "
            f"{now['scored']:,} the 90 % range held {held[-1]}{old}."
        )


def _alarms(before: Row, now: Row) -> Iterator[Change]:
    for alarm in now["alarms"]:
        if alarm not in before["alarms"]:
            yield Change(f"Alarm: {alarm} has left its band.", is_notable=True)
    for alarm in before["alarms"]:
        if alarm not in now["alarms"]:
            yield Change(f"No longer an alarm: {alarm}.", is_notable=True)


def _data(before: Row, now: Row) -> Iterator[Change]:
    if (n := now["revisions"] - before["revisions"]) > 0:
        yield Change(f"The source changed {n:,} stored values.")
    if now["held_back"] > before["held_back"]:
        n = now["held_back"] - before["held_back"]
        yield Change(f"More prices are in quarantine: {n:,}.", is_notable=True)


_RULES = (_price, _range, _model, _verdict, _scores, _alarms, _data)
