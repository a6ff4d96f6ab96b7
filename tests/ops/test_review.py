"""What the doctor finds in a journal."""

import json
import sqlite3

import pytest

LATE = """
DROP TRIGGER journal_is_not_rewritten;
UPDATE journal SET published_at = '2026-04-01T00:00:00+00:00' WHERE horizon = 1;
CREATE TRIGGER journal_is_not_rewritten BEFORE UPDATE ON journal BEGIN SELECT 1; END;
"""

ILL = {
    "rewritten": (
        "bad", "was taken away", "DROP TRIGGER journal_is_not_rewritten",
    ),
    "back-dated": ("bad", "back-dated", LATE),
    "strays": ("bad", "of no published forecast", "UPDATE truths SET symbol = 'S9'"),
    "unscored": ("odd", "lstmfin score", "DELETE FROM truths"),
}  # fmt: skip


def found(house):
    return {
        row["check"]: row for row in json.loads(house("--format", "json", "doctor").out)["rows"]
    }


@pytest.fixture
def lived(house):
    """Three evenings of a workspace."""
    house.make("S2")
    for _ in range(3):
        assert house("run").code == 0
        house.evening()
    return house


def test_a_sound_one(lived):
    """Good in every line, forecasts whose session is to come included."""
    rows = found(lived)
    assert rows["journal"]["text"] == "sound; 9 forecasts published"
    assert rows["ledger"]["state"] == "good"


@pytest.mark.parametrize("name", ILL)
def test_what_is_ill(lived, name):
    """Each is told by name, and only that which is bad ends with 65."""
    state, words, script = ILL[name]
    with sqlite3.connect(lived.database) as connection:
        connection.executescript(script)
    connection.close()
    rows = json.loads(lived("--format", "json", "doctor").out)["rows"]
    told = [(row["state"], row["text"]) for row in rows if row["check"] == "journal"]
    assert any(one == state and words in text for one, text in told)
    assert lived("doctor").code == (65 if state == "bad" else 0)


def test_a_trial_that_is_gone(lived):
    """The chain of the ledger does not hold."""
    with sqlite3.connect(lived.database) as connection:
        connection.execute("DELETE FROM trials")
    connection.close()
    assert found(lived)["ledger"]["state"] == "bad"


def test_models_of_nothing(lived):
    """A model whose prices are gone is odd."""
    with sqlite3.connect(lived.database) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("DELETE FROM series")
    connection.close()
    row = found(lived)["orphans"]
    assert (row["state"], row["text"].split()[1]) == ("odd", "S2")
