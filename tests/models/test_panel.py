"""One network for many series: what it is trained on, and whom it can forecast."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmfin.data.windows import joined, make_windows
from lstmfin.errors import DataError, ModelFileError
from lstmfin.models.artifact import to_files
from lstmfin.models.forecaster import PANEL, Forecaster
from lstmfin.models.forecasts import make_forecast
from lstmfin.models.samples import blocks
from lstmfin.models.shelf import CURRENT, has_panel, load_model, load_panel, save_model, save_panel
from lstmfin.workspace import Workspace

NAMES = ("A", "B", "C")


@pytest.fixture(scope="session")
def three(series):
    """Three series of other lengths and ends, one of them without a range."""
    whole = {
        "A": series(200, "GARCH"),
        "B": series(260, "RANDOM-WALK", end=2400),
        "C": series(150, "GARCH", closes_only=True, end=2300),
    }
    return [replace(prices, symbol=name) for name, prices in whole.items()]


@pytest.fixture(scope="session")
def config(small):
    return replace(small, panel=True)


@pytest.fixture(scope="session")
def panel(three, config, move):
    forecaster = Forecaster(config)
    forecaster.fit(three)
    move(forecaster, *three)
    return forecaster


@given(
    spans=st.lists(st.tuples(st.integers(0, 900), st.integers(1, 400)), min_size=1, max_size=5),
    horizon=st.integers(1, 30),
    share=st.floats(0.05, 0.5),
)
def test_no_training_reaches_the_validation_block(spans, horizon, share):
    """Of no series does a training target reach the date at which validation begins for all."""

    class Spans:
        sessions = np.concatenate([np.arange(a, a + n + horizon) for a, n in spans])
        ends = np.concatenate(
            [np.r_[np.arange(a + horizon, a + n + horizon), [2**60] * horizon] for a, n in spans]
        )
        known = np.flatnonzero(ends < 2**60)

    training, validation = blocks(Spans, validation=share)
    if len(validation):
        begin = Spans.sessions[validation].min()
        assert (Spans.ends[training] < begin).all()
        later = Spans.known[Spans.sessions[Spans.known] >= begin]
        np.testing.assert_array_equal(validation, later)
        lost = np.setdiff1d(Spans.known, np.r_[training, validation])
        assert len(lost) <= horizon * len(spans)
        assert abs(len(validation) - share * len(Spans.known)) < len(spans) + 0.5


def test_blocks_of_real_calendars(three, config):
    """The same, by the dates of three series; each of those that reach so far is in both."""
    parts = [make_windows(one, features=("log-return",), window=6, horizon=3) for one in three]
    windows = joined(parts)
    training, validation = blocks(windows, validation=config.validation)
    begin = windows.sessions[validation].min()
    assert windows.ends[training].max() < begin
    owner = np.repeat(np.arange(3), [len(part) for part in parts])
    assert set(owner[training]) == {0, 1, 2}
    assert 0 in owner[validation]


def test_a_panel_sees_what_all_carry(panel, three):
    """Features are those that every series carries, unless some are named."""
    assert panel.config.features == ("log-return", "volatility")
    assert panel.provenance.symbol == PANEL
    assert panel.provenance.symbols == NAMES
    assert panel.provenance.n_sessions == 200 + 260 + 150
    with pytest.raises(DataError, match="C cannot carry the feature 'range'"):
        Forecaster(replace(panel.config, features=("range",))).fit(three)


def test_variances_of_two_kinds_are_told_of(three, config):
    """By bars and by closes: the fit says so, of a panel of one kind nothing."""
    config = replace(config, target="volatility", epochs=1)
    forecaster = Forecaster(config)
    forecaster.fit(three)
    assert [one for one in forecaster.warnings if one.startswith("C have closes alone")]
    forecaster.fit(three[:2])
    assert not [one for one in forecaster.warnings if "closes alone" in one]


def test_the_order_of_symbols_does_not_matter(three, config):
    """The same bytes, in whichever order the series come."""
    files = []
    for series in (three, three[::-1]):
        forecaster = Forecaster(config)
        forecaster.fit(series)
        files.append(to_files(forecaster))
    assert files[0] == files[1]


def test_nothing_of_any_validation_block_is_learned(three, config, poison):
    """Noise in all series from the day validation begins: scaler, naive law, first epoch stay."""
    one, other = Forecaster(config), Forecaster(config)
    one.fit(three)
    features = one.config.features
    windows = joined([make_windows(each, features=features, window=6, horizon=3) for each in three])
    begin = windows.sessions[blocks(windows, validation=config.validation)[1]].min()
    bad = [
        poison(each, int(np.searchsorted(each.sessions, begin)) - 1, seed)
        for seed, each in enumerate(three)
    ]
    other.fit(bad)
    np.testing.assert_array_equal(other.scaler.mean, one.scaler.mean)
    np.testing.assert_array_equal(other.scaler.std, one.scaler.std)
    np.testing.assert_array_equal(other.naive, one.naive)
    assert other.history.train_loss[0] == one.history.train_loss[0]
    assert other.history.validation_loss[0] != one.history.validation_loss[0]


def test_who_it_forecasts_is_told_by_prices_alone(panel, three, series):
    """A symbol that was never seen is forecast as one with the same prices would be."""
    stranger = replace(three[0], symbol="NEW")
    seen, new = (make_forecast(panel, prices) for prices in (three[0], stranger))
    np.testing.assert_array_equal(seen.prices(), new.prices())
    assert seen.was_seen
    assert not new.was_seen
    other = make_forecast(panel, replace(series(120, "RANDOM-WALK"), symbol="NEW", source="csv"))
    assert (np.diff(other.prices()) > 0).all()
    with pytest.raises(DataError, match="from csv"):
        make_forecast(panel, replace(three[0], source="csv"))


def test_windows_of_a_panel_do_not_multiply_memory(series):
    """Twenty long series take what their matrices take, whatever the window."""
    parts = [make_windows(series(2000, "GARCH"), window=length, horizon=3) for length in (20, 300)]
    sizes = []
    for part in parts:
        windows = joined([part] * 20)
        arrays = (windows.matrix, windows.offset, windows.scale, windows.target)
        sizes.append(sum(one.nbytes for one in arrays) / len(windows))
        assert np.shares_memory(windows.view, windows.matrix)
    assert max(sizes) < 100  # bytes a window: four inputs twice as float32, three targets


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path / "home")


def test_saved_once_and_the_model_of_each(workspace, panel, trained):
    """A panel is one folder, and current for each of its symbols until one gets its own model."""
    assert not has_panel(workspace)
    with pytest.raises(ModelFileError, match=r"there is no panel .* lstmfin train --panel"):
        load_panel(workspace)
    name = save_panel(workspace, panel)
    assert has_panel(workspace)
    for symbol in NAMES:
        identity, loaded = load_model(workspace, symbol)
        assert identity == name
        assert to_files(loaded) == to_files(panel)
    assert load_panel(workspace)[0] == name
    assert len(list((workspace.root / "models").rglob("weights.npz"))) == 1
    own = replace(trained().provenance, symbol="A", symbols=("A",))
    forecaster = Forecaster(trained().config)
    kept = {"A": trained().kept["GARCH"]}
    forecaster.__dict__.update(vars(trained()) | {"provenance": own, "kept": kept})
    assert save_model(workspace, "A", forecaster) == load_model(workspace, "A")[0] != name
    assert load_model(workspace, "B")[0] == name


def test_symbols_outside_a_panel_are_told_of_it(workspace, panel):
    """A symbol without a model is told how the panel can forecast it, and never takes it unasked."""
    save_panel(workspace, panel)
    with pytest.raises(
        ModelFileError, match=r"no model of NEW .* lstmfin forecast NEW --model pan"
    ):
        load_model(workspace, "NEW")
    (workspace.models("NEW")).mkdir()
    (workspace.models("NEW") / CURRENT).write_text((workspace.models("A") / CURRENT).read_text())
    with pytest.raises(ModelFileError, match="is the model of another symbol"):
        load_model(workspace, "NEW")


@pytest.mark.parametrize("text", ["panel/", "panel/..", "panel/panel/abc", "../abc", "panel/../x"])
def test_what_current_says_is_no_path(workspace, panel, text):
    """Nothing but an identity, or one of a panel, is followed."""
    save_panel(workspace, panel)
    for folder, load in (
        (workspace.models("A"), lambda: load_model(workspace, "A")),
        (workspace.panel, lambda: load_panel(workspace)),
    ):
        (folder / CURRENT).write_text(text)
        with pytest.raises(ModelFileError, match="does not name a model"):
            load()
