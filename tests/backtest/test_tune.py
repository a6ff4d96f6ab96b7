"""The search: what is tried, what is kept of it, how it goes on, and what its best is worth."""

import numpy as np
import pytest

from lstmfin.backtest import tune as tuning
from lstmfin.backtest.search import search_of
from lstmfin.backtest.tune import SPACE, Tried, candidates, reading_of, tune
from lstmfin.config import TUNABLE, TrainConfig, TuneConfig, section_to_table
from lstmfin.data.ledger import Ledger
from lstmfin.errors import DataError, UsageError

NETWORK = TrainConfig(hidden=2, window=5, horizon=2, epochs=1, batch=64, features=("log-return",))
CONFIG = TuneConfig(trials=3, over=("hidden", "learning-rate"), train=60, test=40, kept=50)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "lstmfin.db")


@pytest.fixture
def search(prices, ledger):
    """Return a function that searches on the short series."""

    def searched(*, network=NETWORK, **changes):
        config = CONFIG.evolve(**changes)
        return tune(prices, network=network, config=config, ledger=ledger)

    return searched


def test_every_trial_is_kept(search, ledger, prices):
    """The settings as they are come first; each row holds its settings and its folds."""
    trials = search()
    assert trials[0].changes == {}
    assert all(trial.changes.keys() == {"hidden", "learning_rate"} for trial in trials[1:])
    rows = ledger.trials(prices.symbol)
    assert [row.kind for row in rows] == ["tune"] * 3
    for row, trial in zip(rows, trials, strict=True):
        assert row.result == {"skills": list(trial.skills), "skill": trial.skill}
        assert row.settings["train"] == section_to_table(NETWORK.evolve(**trial.changes))
        assert row.data == prices.slice(180).digest()
    assert len({trial.skills for trial in trials}) == 3
    assert search_of(rows).n_trials == 3, "a later verdict counts them"


def test_nothing_is_run_twice(search, ledger, prices, monkeypatch):
    """The same line again finds all its trials; a longer one runs what is new and no more."""
    first = search()
    monkeypatch.setattr(tuning._Search, "_material", None)  # cannot run anything
    again = search()
    assert [(one.changes, one.skills) for one in again] == [
        (one.changes, one.skills) for one in first
    ]
    assert all(one.was_kept for one in again)
    monkeypatch.undo()
    longer = search(trials=4)
    assert [one.was_kept for one in longer] == [True, True, True, False]
    assert [one.skills for one in longer[:3]] == [one.skills for one in first]
    assert len(ledger.trials(prices.symbol)) == 4


def test_a_search_that_was_killed_goes_on(search, ledger, prices, monkeypatch):
    """What ended before is in the ledger; going on ends with the same trials."""
    real = tuning._Search._enter

    def enter(self, trial):
        real(self, trial)
        if trial.changes:
            raise KeyboardInterrupt

    monkeypatch.setattr(tuning._Search, "_enter", enter)
    with pytest.raises(KeyboardInterrupt):
        search()
    assert len(ledger.trials(prices.symbol)) == 2
    monkeypatch.undo()
    went_on = search()
    assert [one.was_kept for one in went_on] == [True, True, False]
    other = Ledger(ledger.path.with_name("other.db"))
    whole = tune(prices, network=NETWORK, config=CONFIG, ledger=other)
    assert [one.skills for one in went_on] == [one.skills for one in whole]


def test_a_budget_of_minutes(search):
    """No trial is begun after its end, and the one under way is ended."""
    assert len(search(minutes=1e-9)) == 1
    assert len(search(minutes=1e-9)) == 2
    assert len(search(minutes=10)) == 3


def test_the_last_sessions_are_not_looked_at(prices, ledger, tmp_path):
    """Noise in their place changes no score; noise before it changes them all."""
    found = []
    for number, at in enumerate((None, 180, 150)):
        changed = prices.bars.copy()
        if at is not None:
            rng = np.random.default_rng(0)
            for name in ("open", "high", "low", "close", "adj_close"):
                changed.loc[changed.index[at:], name] *= 1.1
            changed.loc[changed.index[at:], "volume"] *= np.exp(rng.normal(size=230 - at))
        series = type(prices)(prices.symbol, changed, prices.actions)
        store = Ledger(tmp_path / f"{number}.db")
        found.append(tune(series, network=NETWORK, config=CONFIG.evolve(trials=1), ledger=store))
    clean, after, before = (trials[0].skills for trials in found)
    assert clean == after
    assert clean != before


def test_candidates_are_the_same_each_time():
    """They hang on the seed alone, and a longer list begins with a shorter one."""
    config = TuneConfig(trials=12)
    assert candidates(config, seed=1) == candidates(config, seed=1)
    assert candidates(config, seed=1) != candidates(config, seed=2)
    assert candidates(TuneConfig(trials=30), seed=1)[:12] == candidates(config, seed=1)
    every = candidates(TuneConfig(trials=400, over=TUNABLE), seed=0)
    for changes in every[1:]:
        NETWORK.evolve(**changes)
    assert {name.replace("-", "_") for name in TUNABLE} == SPACE.keys() == every[1].keys()


def test_a_space_that_is_small_is_tried_whole():
    """Two options of four values each are sixteen settings, however many trials are asked for."""
    found = candidates(TuneConfig(trials=50, over=("hidden", "window")), seed=0)
    assert len(found) == 17
    assert len({tuple(sorted(one.items())) for one in found}) == 17
    assert len(candidates(TuneConfig(trials=1), seed=0)) == 1


def test_the_lead_is_read_beside_that_of_luck():
    """The best of equal settings leads by what luck gives, and nothing is left of it."""
    rng = np.random.default_rng(0)
    left = []
    for _ in range(200):
        trials = [Tried({"hidden": n}, (skill,)) for n, skill in enumerate(rng.normal(size=20))]
        left.append(reading_of(trials).deflated)
    assert abs(np.mean(left)) < 0.1
    shown = reading_of([Tried({}, (0.0, 0.2)), Tried({"hidden": 8}, (0.2, 0.4))])
    assert shown.best.changes == {"hidden": 8}
    assert shown.best.skill == pytest.approx(0.3)
    assert shown.lead == pytest.approx(0.1)
    assert reading_of([Tried({}, (0.1,))]).deflated == 0


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"kept": 230}, DataError, "has 230 sessions, of which --kept 230"),
        ({"train": 175}, UsageError, "leave no test block"),
        ({"network": NETWORK.evolve(target="volatility", loss=None)}, UsageError, "returns"),
        ({"network": NETWORK.evolve(panel=True)}, UsageError, "no --panel"),
    ],
)
def test_what_cannot_be_is_told(search, options, error, words):
    """In a sentence that says what to do."""
    with pytest.raises(error, match=words):
        search(**options)
