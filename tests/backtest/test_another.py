"""Whether a backtest was of the current model's network."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from lstmfin.backtest.another import another_network
from lstmfin.config import TrainConfig, section_to_table
from lstmfin.data.prices import Prices, make_bars
from lstmfin.errors import DataError

TESTED = TrainConfig(hidden=8)
CLOSE = 100 + np.sin(np.arange(40.0))
PRICES = Prices("S", make_bars(np.busday_offset("2027-01-04", np.arange(40)), close=CLOSE))


def other(current, tested=TESTED):
    record = SimpleNamespace(symbol="S", settings={"train": section_to_table(tested)})
    return another_network(record, current, PRICES)


def test_the_same_network_is_none_other():
    """Neither the seed nor a loss or features left to the default make it another one."""
    settled = replace(TESTED, seed=7, loss="student-t", features=("log-return", "volatility"))
    assert other(TESTED) == other(settled) == []
    assert (
        other(replace(TESTED, panel=True, features=("range",)), replace(TESTED, panel=True)) == []
    )


def test_what_differs_is_named():
    """Also where one of the two left it to the default."""
    assert other(replace(TESTED, cell="gru", reset="before", hidden=4)) == [
        "cell lstm → gru", "hidden 8 → 4", "reset usual → before",
    ]  # fmt: skip
    assert other(replace(TESTED, loss="quantile")) == ["loss student-t → quantile"]
    assert other(replace(TESTED, features=("log-return",))) == [
        "features log-return,volatility → log-return"
    ]


def test_a_record_that_does_not_say():
    """It is an error that names the command."""
    with pytest.raises(DataError, match="lstmfin backtest S"):
        another_network(SimpleNamespace(symbol="S", settings={}), TESTED, PRICES)
