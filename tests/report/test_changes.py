"""What changed since the last report, in words."""

import copy
import json

import pytest
from report_site import FIRST

from lstmfin.report.changes import Told, changes, load_told, save_told

FORECAST = {
    "horizon": 5, "session": "2027-03-12", "q05": 95.0, "q25": 98.0, "q50": 100.0, "q75": 102.0,
    "q95": 105.0, "chance_of_rise": 0.5,
}  # fmt: skip
ROW = {
    "label": "", "currency": "USD", "session": "2027-03-05", "close": 100.0, "change": 0.01,
    "spark": [99.0, 100.0], "revisions": 2, "held_back": 0, "alarms": [], "forecast": FORECAST,
    "model": "abc", "trained_to": "2027-02-26", "verdict": {"range": False, "money": False},
    "tested": "d1", "network": {"cell": "lstm", "target": "returns"}, "another": [],
    "coverage": {"share": 0.9, "n": 40, "by": "published"}, "scored": 40,
}  # fmt: skip


def changed(**new):
    row = copy.deepcopy(ROW)
    for key, value in new.items():
        row[key] = row[key] | value if isinstance(value, dict) and row[key] else value
    return changes(Told(row, ROW, "then"))


CASES = [
    ({}, []),
    (
        {"session": "2027-03-08", "close": 101.0},
        ["Close of 2027-03-08: $100.00 → $101.00."],
    ),
    (
        {"forecast": {"q05": 94.0, "q95": 106.0}},
        ["The 90 % range of 5 sessions is 20% wider: 10.0\N{NO-BREAK SPACE}% → 12.0\N{NO-BREAK SPACE}% of the price."],
    ),
    ({"forecast": {"q05": 95.1}}, []),
    ({"forecast": {"horizon": 3, "q05": 97.0}}, []),
    ({"forecast": {"chance_of_rise": 0.53}}, ["Chance of a rise: 50 % → 53 %."]),
    (
        {"model": "def", "trained_to": "2027-03-05"},
        ["Trained anew, on prices to 2027-03-05 (before: to 2027-02-26)."],
    ),
    (
        {"model": "def", "network": {"cell": "gru", "target": "volatility"}},
        ["Trained anew, on prices to 2027-02-26 (before: to 2027-02-26): cell lstm → gru; target returns → volatility."],
    ),
    ({"model": None, "forecast": None}, ["The model can no longer forecast."]),
    ({"tested": "d2"}, ["Backtested anew, on other prices."]),
    ({"verdict": {"range": True}}, ["Verdict on range: an edge is shown."]),
    (
        {"scored": 45, "coverage": {"share": 0.92, "n": 45}},
        ["5 more published forecasts are over; of all 45 the 90 % range held 92.0\N{NO-BREAK SPACE}% (before: 90.0\N{NO-BREAK SPACE}%)."],
    ),
    ({"alarms": ["skill of lstm"]}, ["Alarm: skill of lstm has left its band."]),
    ({"revisions": 5}, ["The source changed 3 stored values."]),
    ({"held_back": 2}, ["More prices are in quarantine: 2."]),
]  # fmt: skip


@pytest.mark.parametrize(("new", "words"), CASES, ids=lambda value: str(value)[:40])
def test_a_change_in_words(new, words):
    """Each thing that is other than before is one sentence, and what is the same is none."""
    assert [change.text for change in changed(**new)] == words


def test_what_was_not_there_before():
    """A first model, a first backtest and first scores are told as such."""
    before = ROW | {"model": None, "trained_to": None, "network": None, "forecast": None, "verdict": None,
                    "tested": None, "coverage": None, "scored": 0}  # fmt: skip
    texts = [change.text for change in changes(Told(ROW, before, "then"))]
    assert texts == [
        "Trained anew, on prices to 2027-02-26 (the first model).",
        "Backtested for the first time.",
        "40 more published forecasts are over; of all 40 the 90 % range held 90.0\N{NO-BREAK SPACE}%.",
    ]
    gone = [change.text for change in changes(Told(before | {"alarms": []}, ROW | {"alarms": ["x"]}, ""))]  # fmt: skip
    assert gone == ["The model can no longer forecast.", "No longer an alarm: x."]


def test_what_belongs_on_the_first_page():
    """Verdicts, alarms, quarantine and a lost model; not the news of every day."""
    notable = [new for new, _ in CASES if any(change.is_notable for change in changed(**new))]
    assert [next(iter(new)) for new in notable] == ["model", "verdict", "alarms", "held_back"]


def test_the_same_again_is_no_news(tmp_path):
    """What was told stays until something else is to be told, through a file and back."""
    first = Told(ROW).renewed(ROW, "first").renewed(ROW, "later")
    assert (first, first.is_the_same, changes(first)) == (Told(ROW, ROW, "first"), True, [])
    other = ROW | {"close": 101.0}
    told = Told(ROW).renewed(ROW, "first").renewed(other, "second").renewed(other, "third")
    assert told == Told(other, ROW, "second")
    save_told(tmp_path / "report.json", {"S": told}, now=FIRST)
    assert load_told(tmp_path / "report.json") == ("2027-03-01T23:00:00+00:00", {"S": told})


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 2}', "7", '{"format": 1}', "[" * 99_999]
)
def test_a_file_that_is_no_memory(tmp_path, text):
    """It reads as that of no report."""
    path = tmp_path / "report.json"
    assert load_told(path) == ("", {})
    path.write_text(text)
    assert load_told(path) == ("", {})
    path.write_text(json.dumps({"format": 2, "written": "", "symbols": {"S": {"row": {}}}}))
    assert load_told(path) == ("", {})
