"""A panel of closes: each series is seen with the others, in training and afterwards."""

from dataclasses import replace

import numpy as np
import pytest

from lstmfin.data.panel import beside, together
from lstmfin.errors import DataError
from lstmfin.models.forecaster import Forecaster
from lstmfin.models.forecasts import make_forecast
from lstmfin.models.shelf import load_panel, save_panel
from lstmfin.workspace import Workspace

OF_PANEL = ["panel-day", "panel-week", "panel-month"]


@pytest.fixture(scope="module")
def three(series):
    ends = {"A": ("GARCH", None), "B": ("RANDOM-WALK", None), "C": ("GARCH", 2300)}
    return [
        replace(series(260, name, closes_only=True, end=end), symbol=symbol)
        for symbol, (name, end) in ends.items()
    ]


@pytest.fixture(scope="module")
def panel(three, small, move):
    forecaster = Forecaster(replace(small, panel=True, target="volatility", members=2))
    forecaster.fit(three)
    move(forecaster, *together(three))
    return forecaster


@pytest.fixture
def again(panel, tmp_path):
    """The panel as it is saved and loaded."""
    workspace = Workspace(tmp_path)
    save_panel(workspace, panel)
    return load_panel(workspace)[1]


def test_it_sees_the_others_unless_told_otherwise(panel, three, small):
    """The inputs of the rest are there by default, and its symbols are those to look at."""
    assert [one for one in panel.config.features if one.startswith("panel")] == OF_PANEL
    assert panel.panel == ("A", "B", "C")
    alone = Forecaster(replace(panel.config, features=("log-return",)))
    alone.fit(three)
    assert alone.panel == ()
    single = Forecaster(replace(small, target="volatility"))
    single.fit(three[0])
    assert single.panel == ()


def test_what_the_others_did_is_seen(panel, three):
    """A wild day of another is, and without time zones a day later; a series alone is refused."""
    own, other = three[0], three[1]
    factor = np.r_[np.ones(258), 1.3, 1.3]
    moved = other.bars.assign(**{k: other.bars[k] * factor for k in ("close", "adj_close")})
    calm, wild = (
        panel.seen(beside(own, [one]), np.array([259])).at_origin(np.array([-1]))[0]
        for one in (other, replace(other, bars=moved))
    )
    day = panel.config.features.index("panel-day")
    assert wild[day] > calm[day] + 1
    for forecast in (make_forecast, lambda *a: a[0].predict(a[1], np.array([200]))):
        with pytest.raises(DataError, match="A is to be seen with the panel that the network"):
            forecast(panel, own)


def test_fit_leaves_alone_what_comes_with_a_panel(three, panel):
    """Cut series are seen with the whole of the others, of which only what was known counts."""
    day = three[0].sessions[200]
    short, whole = (Forecaster(panel.config) for _ in range(2))
    short.fit([one.until(day) for one in three])
    whole.fit([one.until(day) for one in together(three)])
    np.testing.assert_array_equal(short.weights, whole.weights)
    np.testing.assert_array_equal(short.linear.weights, whole.linear.weights)


def test_a_saved_panel_says_the_same(panel, again, three):
    """Of each of its series, and of one that it never saw."""
    assert again.panel == panel.panel
    young = replace(three[0].between("2010-01-01", None), symbol="YOUNG")
    for one in (*together(three), beside(young, three)):
        made, found = (make_forecast(forecaster, one) for forecaster in (panel, again))
        assert made.rows() == found.rows()


def test_a_kept_calibration_is_that_of_a_replay(panel, again, three):
    """What was kept in training is gone on from with the panel as it was known at each session."""
    every = together(three)
    again.kept = {}
    for one in every:
        kept, replayed = (make_forecast(forecaster, one) for forecaster in (panel, again))
        np.testing.assert_allclose(kept.prices(), replayed.prices(), rtol=1e-12)


def test_what_is_not_known_of_the_panel_is_told(panel, three):
    """One without the last sessions is named; one that had ended in training is not asked for."""
    own, b, c = three
    for there in ([b, c], [b], [b, c.slice(100)]):
        assert make_forecast(panel, beside(own, there)).unknown == ((), (), 1)
    found = make_forecast(panel, beside(own, [b.slice(255), c]))
    assert found.unknown == ((), ("B",), 1)
    assert found.rows()[0]["not_seen"] == ["B"]
    for there in ([b.slice(200)], [c]):
        with pytest.raises(DataError, match=r"known of 1 of its panel's 1 other series in the 14"):
            make_forecast(panel, beside(own, there))
    assert len(panel.predict(beside(own, [b.slice(200)]), np.array([250])).median) == 1


def test_what_sees_no_panel_asks_for_none(three, small):
    """Whatever series stand beside it."""
    alone = Forecaster(replace(small, target="volatility"))
    alone.fit(three[0].slice(200))
    made = make_forecast(alone, beside(three[1], [three[2].slice(100)]))
    assert made.unknown == ((), (), 0)


def test_a_panel_of_one_sees_nobody(three, small):
    """It is told so before it is trained, where an input of the others was asked for."""
    network = replace(small, panel=True, target="volatility", features=("log-return", "panel-day"))
    for ask in (Forecaster(network).fit, Forecaster(network).n_steps):
        with pytest.raises(DataError) as caught:
            ask([three[0]])
        assert str(caught.value) == (
            "panel-day tell of the other series of a panel, and A has none beside it; name more "
            "symbols, or leave them out of --features"
        )


def test_two_of_one_name(three, small):
    with pytest.raises(DataError, match="2 series of the panel are called A"):
        Forecaster(replace(small, panel=True)).fit([three[0], three[0]])


def test_what_comes_with_a_panel_is_seen_with_that_one(three, panel):
    """Of one symbol of a panel alone, and of others that are not learned from."""
    own, b, c = three
    single = Forecaster(panel.config)
    single.fit([beside(own, [b])])
    assert single.provenance.symbols == ("A",)
    shown, together_with_it = (Forecaster(panel.config) for _ in range(2))
    shown.fit([beside(own, [c]), beside(b, [c])])
    together_with_it.fit([own, b])
    assert shown.provenance.symbols == together_with_it.provenance.symbols == ("A", "B")
    assert (shown.linear.weights != together_with_it.linear.weights).any()
