"""Scores: the truth by the prices as stored, twice the same, and never the journal changed."""

import datetime as dt
import json
import shutil

import evening_source
import numpy as np
import pytest

from lstmfin.data.store import Store
from lstmfin.models.forecasts import LEVELS
from lstmfin.ops.journal import Entry, Journal
from lstmfin.ops.score import fill_in, quantile_crps, tracks

KEPT = {}


@pytest.fixture
def lived(house, tmp_path_factory):
    """A workspace after 12 evenings, over a dividend of S1; lived once, and copied."""
    if not KEPT:
        house.make("S1", "S2", more="retrain-age = 6")
        for _ in range(12):
            assert house("run").code == 0
            house.evening()
        KEPT["now"], KEPT["root"] = house.now, tmp_path_factory.mktemp("lived") / "w"
        shutil.copytree(house.root, KEPT["root"])
    else:
        shutil.copytree(KEPT["root"], house.root)
        house.now = KEPT["now"]
    return house


def test_the_truth_is_the_total_return(lived):
    """A holder's return, dividend and all, whatever was re-based since; by the path itself."""
    days, close, pays = evening_source.path("S1")
    rows = [row for row in lived.truths() if row[0] == "S1"]
    assert len(rows) > 25
    assert any(pays[(days > np.datetime64(row[1])) & (days <= np.datetime64(row[3]))].any() for row in rows)  # fmt: skip
    for _, origin, horizon, session, outcome, _ in rows:
        at = int(np.searchsorted(days, np.datetime64(origin)))
        assert days[at + horizon] == np.datetime64(session)
        held = 1.0
        for day in range(at + 1, at + horizon + 1):
            held *= close[day] / (close[day - 1] - pays[day])
        assert np.exp(outcome) == pytest.approx(held, rel=5e-5)


def test_scoring_twice_changes_nothing(lived):
    """Not a byte of the file."""
    assert lived("score").code == 0
    before = lived.database.read_bytes()
    first, second = lived("--format", "json", "score"), lived("--format", "json", "score")
    assert first.out == second.out
    assert lived.database.read_bytes() == before


def test_a_corrected_price_corrects_the_truth_and_not_the_journal(lived):
    """The source mends its last close: the truths that rest on it follow, the journal stays."""
    entries, truths = lived.entries(), lived.truths()
    with Store(lived.database) as store, Journal(lived.database) as journal:
        prices = store.prices("S1")
        for name in ("close", "adj_close"):
            prices.bars.iloc[-1, prices.bars.columns.get_loc(name)] *= 1.01
        store.update(prices, now=lived.now)
        n = fill_in(journal, store.prices("S1"), now=lived.now)
        assert fill_in(journal, store.prices("S1"), now=lived.now) == 0
    changed = [(a, b) for a, b in zip(truths, lived.truths(), strict=True) if a[4] != b[4]]
    assert n == len(changed) == 3
    assert all(b[4] - a[4] == pytest.approx(np.log(1.01)) for a, b in changed)
    assert lived.entries() == entries


def test_running_scores_are_those_of_the_rows(lived):
    """Skill, coverage and hits, computed anew from journal and truths."""
    (row,) = json.loads(lived("--format", "json", "score", "S2").out)["rows"]
    truths = {tuple(t[1:3]): t[4] for t in lived.truths() if t[0] == "S2"}
    own, naive, inside, hits = [], [], [], []
    for entry in lived.entries("S2"):
        truth = truths.get((entry.origin, entry.horizon))
        if truth is None:
            continue
        for scores, prefix in ((own, ""), (naive, "naive_")):
            total = 0.0
            for level in LEVELS:
                q = np.log(getattr(entry, f"{prefix}q{round(100 * level):02d}") / entry.last_close)
                total += 2 * (level * (truth - q) if truth >= q else (1 - level) * (q - truth))
            scores.append(total / len(LEVELS))
        price = entry.last_close * np.exp(truth)
        inside.append(entry.q05 <= price <= entry.q95)
        hits.append((entry.chance_of_rise > 0.5) == (truth > 0))
    assert row["scored"] == len(own) > 25
    assert row["quantile_crps"] == pytest.approx(np.mean(own))
    assert row["skill"] == pytest.approx(1 - np.mean(own) / np.mean(naive))
    assert row["coverage_90"] == pytest.approx(np.mean(inside))
    assert row["hit_rate"] == pytest.approx(np.mean(hits))


def test_the_first_forecast_of_an_origin_counts(tmp_path):
    """Who trains again after the fact and publishes again is judged by the first, whatever its name."""
    now = dt.datetime(2026, 3, 4, 23, 0, tzinfo=dt.UTC)
    with Journal(tmp_path / "lstmfin.db") as journal:
        for minutes, (model, median) in enumerate([("m", 100.5), ("a", 100.0), ("z", 101.0)]):
            entry = Entry(
                "S1", "2026-03-04", 1, model, "lstm", "2026-03-05", 100.0, 98, 99, median, 102, 103,
                97, 99, 100, 102, 103, 0.5, "hash", "versions",
            )  # fmt: skip
            moment = now + dt.timedelta(minutes=minutes)
            assert journal.publish([entry], timezone="UTC", now=moment) == 1
        journal.write_truths([("S1", "2026-03-04", 1, "2026-03-05", 0.01, "")])
        (track,) = tracks(journal, "S1")
        assert (track.n_published, len(track.outcome)) == (1, 1)
        assert 100 * np.exp(track.quantiles[0, 2]) == pytest.approx(100.5)
        (of_one,) = tracks(journal, "S1", model="z")
        assert 100 * np.exp(of_one.quantiles[0, 2]) == pytest.approx(101)


def test_alarm_ends_with_4(lived, monkeypatch):
    """With --alarm alone, and when something has left its band."""
    assert lived("score", "--alarm").code == 0
    monkeypatch.setattr("lstmfin.ops.alarm.YEAR", 1e-9)
    assert lived("score").code == 0
    ended = lived("score", "--alarm")
    assert ended.code == 4
    assert "has left its band" in ended.out


def test_nothing_published_yet(house):
    """A row for each symbol, with nothing in it."""
    house.make("S1")
    assert house("fetch", "S1", "--source", "evening").code == 0
    (row,) = json.loads(house("--format", "json", "score").out)["rows"]
    assert (row["published"], row["scored"], row["skill"]) == (0, 0, None)


def test_a_difference_of_scores_is_bounded_before_the_outcome():
    """What the bet on skill rests on: for any two laws and any outcome at most 1, either way."""
    rng = np.random.default_rng(0)
    own, naive = np.sort(rng.normal(size=(2, 500, len(LEVELS))), axis=-1)
    ends = np.maximum(LEVELS, 1 - np.asarray(LEVELS))
    most = 2 * (ends * np.abs(own - naive)).mean(axis=1)
    for outcome in (rng.normal(size=500), np.full(500, 9.0), np.full(500, -9.0)):
        difference = quantile_crps(own, outcome) - quantile_crps(naive, outcome)
        assert (np.abs(difference) <= most * (1 + 1e-12)).all()
