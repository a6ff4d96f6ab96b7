"""The ledger of trials: what is written comes back, and what was taken away shows."""

import datetime as dt
import sqlite3

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmfin.data.ledger import Ledger, key_of

NOW = dt.datetime(2024, 5, 1, 20, 30, tzinfo=dt.timezone(dt.timedelta(hours=2)))
DAYS = np.array(["2024-01-02", "2024-01-05", "2024-03-01"], "datetime64[D]")


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "w" / "lstmfin.db")


def _fill(ledger, n=5):
    for number in range(n):
        ledger.append(
            "backtest" if number % 2 else "train",
            "AAPL" if number < 3 else "MSFT",
            data=f"{number:064d}",
            settings={"train": {"hidden": number}},
            result={"sharpe": number / 3},
            now=NOW + dt.timedelta(days=number),
            sessions=DAYS if number % 2 else (),
            excess=np.array([0.1, -0.2, number / 7]) if number % 2 else (),
        )


def test_rows_come_back(ledger):
    """In order, number by number, with their returns to the last bit."""
    assert ledger.trials() == []
    assert ledger.symbols() == ()
    assert ledger.fault() is None
    assert not ledger.path.exists()
    _fill(ledger)
    rows = ledger.trials()
    assert [one.number for one in rows] == [1, 2, 3, 4, 5]
    assert rows[0].made_at == "2024-05-01T18:30:00+00:00"
    assert [one.settings["train"]["hidden"] for one in rows] == [0, 1, 2, 3, 4]
    assert rows[3].result == {"sharpe": 1.0}
    np.testing.assert_array_equal(rows[1].sessions, DAYS)
    np.testing.assert_array_equal(rows[1].excess, [0.1, -0.2, 1 / 7])
    assert rows[0].sessions.size == rows[0].excess.size == 0
    assert [one.number for one in ledger.trials("MSFT")] == [4, 5]
    assert ledger.symbols() == ("AAPL", "MSFT")
    assert len({one.settings_key for one in rows}) == 5
    assert rows[0].settings_key == key_of({"train": {"hidden": 0}})
    assert ledger.fault() is None


def test_the_same_again_is_no_new_row(ledger):
    """A rerun that finds the same on the same data is the same trial; anything else is another."""
    _fill(ledger)
    _fill(ledger)
    assert len(ledger.trials()) == 5
    ledger.append("train", "AAPL", data="0" * 64, settings={}, result={}, now=NOW)
    assert len(ledger.trials()) == 6


def _break(path, *statements):
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DELETE FROM trials WHERE number = 1", "row 1 was removed"),
        ("DELETE FROM trials WHERE number = 3", "row 3 was removed"),
        ("DELETE FROM trials WHERE number >= 4", "rows 4 to 5 were removed"),
        ("DELETE FROM trials", "rows 1 to 5 were removed"),
        ("UPDATE trials SET result = '{\"sharpe\":9}' WHERE number = 2", "row 2 was changed"),
        ("UPDATE trials SET symbol = 'MSFT' WHERE number = 2", "row 2 was changed"),
        ("UPDATE trials SET kind = 'train' WHERE number = 2", "row 2 was changed"),
        ("UPDATE trials SET made_at = made_at || ' ' WHERE number = 5", "row 5 was changed"),
        ("UPDATE trials SET series = x'00' WHERE number = 4", "row 4 was changed"),
        (
            "UPDATE trials SET data = settings, settings = data WHERE number = 4",
            "row 4 was changed",
        ),
        ("UPDATE trials SET previous = hash WHERE number = 4", "row 4 does not follow"),
        ("UPDATE trials SET hash = previous WHERE number = 4", "row 4 was changed"),
    ],
)
def test_what_was_done_to_it_shows(ledger, statement, words):
    """Whatever is removed or changed, the first row at fault is named."""
    _fill(ledger)
    _break(ledger.path, statement)
    assert ledger.fault().startswith(words)


def test_a_row_that_is_renumbered_shows(ledger):
    """Closing the gap behind a removed row breaks the chain."""
    _fill(ledger)
    _break(
        ledger.path,
        "DELETE FROM trials WHERE number = 3",
        "UPDATE trials SET number = number - 1 WHERE number > 3",
        "UPDATE sqlite_sequence SET seq = 4 WHERE name = 'trials'",
    )
    assert ledger.fault() == "row 3 does not follow the row before it"


def test_after_a_removal_it_goes_on_and_still_shows(ledger):
    """A row behind removed ones is written, and does not heal the chain."""
    _fill(ledger)
    _break(ledger.path, "DELETE FROM trials WHERE number = 5")
    ledger.append("train", "AAPL", data="9" * 64, settings={}, result={}, now=NOW)
    assert [one.number for one in ledger.trials()] == [1, 2, 3, 4, 6]
    assert ledger.fault() == "row 5 was removed"


@given(
    st.dictionaries(
        st.text(max_size=8), st.none() | st.integers() | st.text(max_size=8), max_size=4
    ),
    st.dictionaries(
        st.text(max_size=8), st.none() | st.integers() | st.text(max_size=8), max_size=4
    ),
)
def test_keys_are_those_of_the_settings(one, other):
    """Equal settings share a key whatever their order, and different ones do not."""
    assert key_of(one) == key_of(dict(reversed(one.items())))
    assert (key_of(one) == key_of(other)) == (one == other)
