"""Books over many series, by hand and by their laws."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmfin.backtest.book import KINDS, make_book, sector_neutral_weights, weights_of
from lstmfin.backtest.strategy import Costs
from lstmfin.errors import UsageError

NAN = np.nan
SCORES = np.array([0.3, -0.1, NAN, 0.1, -0.4])
SPREADS = np.array([0.01, 0.02, 0.01, 0.04, 0.01])


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        ("top", {"k": 1}, [0.5, 0, 0, 0, -0.5]),
        ("top", {"k": 2}, [0.25, -0.25, 0, 0.25, -0.25]),
        ("top", {"k": 9}, [0.25, -0.25, 0, 0.25, -0.25]),  # half of four on each side
        ("top", {"k": 1, "long_only": True}, [1, 0, 0, 0, 0]),
        ("rank", {}, [1.5 / 4, -0.5 / 4, 0, 0.5 / 4, -1.5 / 4]),
        ("rank", {"long_only": True}, [0.75, 0, 0, 0.25, 0]),
        ("inverse-volatility", {}, [100 / 275, -50 / 275, 0, 25 / 275, -100 / 275]),
    ],
)
def test_weights_by_hand(kind, options, expected):
    """Four series that can be traded and one that cannot."""
    np.testing.assert_allclose(weights_of(SCORES, SPREADS, kind=kind, **options), expected)


scores_of_many = st.lists(st.floats(-1, 1) | st.just(NAN), min_size=1, max_size=12)


@given(scores_of_many, st.sampled_from(KINDS), st.integers(1, 5), st.booleans())
def test_laws_of_weights(scores, kind, k, long_only):
    """All equity or nothing, neutral where it is said, nothing of what cannot be traded."""
    scores = np.array(scores)
    spreads = np.linspace(0.01, 0.02, len(scores))
    weights = weights_of(scores, spreads, kind=kind, k=k, long_only=long_only)
    gross = np.abs(weights).sum()
    assert gross == pytest.approx(1) or gross == 0
    assert (weights[np.isnan(scores)] == 0).all()
    if long_only:
        assert (weights >= 0).all()
    elif kind != "inverse-volatility":
        assert weights.sum() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("top", [0.3, 0, 0, -0.3, 0.2, -0.2]),
        ("rank", [0.3, 0, 0, -0.3, 0.2, -0.2]),
        ("inverse-volatility", [1 / 2, -1 / 3, 0, -1 / 6, 0, 0]),
    ],
)
def test_neutral_weights_by_hand(kind, expected):
    """Each sector is a book of its own; in one that is all on one side nothing is held."""
    scores = np.array([0.3, -0.1, NAN, -0.2, 0.2, 0.1])
    spreads = np.array([0.01, 0.01, 0.01, 0.02, 0.01, 0.01])
    sectors = ["a", "a", "a", "a", "b", "b"]
    weights = sector_neutral_weights(scores, spreads, sectors, kind=kind, k=1)
    np.testing.assert_allclose(weights, expected, atol=1e-12)


@given(scores_of_many, st.sampled_from(KINDS), st.integers(1, 5), st.integers(1, 4))
def test_laws_of_neutral_weights(scores, kind, k, n_sectors):
    """Nothing is left of any sector, and so of all; all equity or nothing."""
    scores = np.array(scores)
    sectors = [str(number % n_sectors) for number in range(len(scores))]
    spreads = np.linspace(0.01, 0.02, len(scores))
    weights = sector_neutral_weights(scores, spreads, sectors, kind=kind, k=k)
    for sector in set(sectors):
        own = weights[[one == sector for one in sectors]]
        assert own.sum() == pytest.approx(0, abs=1e-12)
    assert np.abs(weights).sum() == pytest.approx(1) or not weights.any()
    assert (weights[np.isnan(scores)] == 0).all()


def test_no_such_book():
    """The sentence lists those that there are."""
    with pytest.raises(UsageError, match="there is no book 'best'; there are top, rank"):
        weights_of(SCORES, SPREADS, kind="best")


@pytest.fixture
def three(handmade):
    """Three series: one whole, one with a holiday, one that stops."""
    rng = np.random.default_rng(0)
    whole = [handmade(0.01 * rng.standard_normal(8), np.full(8, 0.001)) for _ in range(3)]
    days = whole[0].sessions
    kept = [np.arange(8), np.array([0, 1, 2, 4, 5, 6, 7]), np.arange(5)]
    return [
        replace(
            one,
            symbol=f"S{number}",
            sessions=days[at],
            earned_on=one.earned_on[at],
            held=one.held[at],
            costs=Costs(10.0),
        )
        for number, (one, at) in enumerate(zip(whole, kept, strict=True))
    ]


def test_holidays_and_the_end_of_a_series(three):
    """A closed series keeps its weight and earns nothing; one that stops leaves, with a warning."""
    scores = [
        np.full(len(one.sessions), level) for one, level in zip(three, (0, 1, 2), strict=True)
    ]
    scores[1][-3:] = -1.0
    spreads = [np.full(len(one.sessions), 0.01) for one in three]
    book = make_book(three, scores=scores, spreads=spreads, kind="inverse-volatility")
    assert book.weights.shape == (8, 3)
    assert book.weights[3, 1] == book.weights[2, 1]
    assert book.returns[3, 1] == 0
    assert (book.weights[4:, 1] != 0).all()
    assert (book.weights[5:, 2] == 0).all()
    assert (book.weights[:5, 2] != 0).any()
    assert book.warnings == (
        f"S2 stops trading on {three[2].earned_on[-1]} and leaves the book at its last price",
    )
    assert np.abs(book.weights).sum(axis=1).max() <= 1 + 1e-12
    assert book.exposure == pytest.approx(np.abs(book.weights).sum(axis=1).mean())


def test_what_a_book_earns(three):
    """Weights times returns, less 10 bp of all that is turned over: the exit is paid for, too."""
    scores = [np.linspace(-1, 1, len(one.sessions)) for one in three]
    spreads = [np.full(len(one.sessions), 0.01) for one in three]
    book = make_book(three, scores=scores, spreads=spreads, kind="top", k=1)
    turned = np.abs(np.diff(book.weights, axis=0, prepend=0.0)).sum(axis=1)
    gross = (book.weights * book.returns).sum(axis=1)
    np.testing.assert_allclose(book.net(), gross - 1e-3 * turned, atol=1e-15)
    assert book.turnover == pytest.approx(turned.mean())
    assert book.break_even_bps == pytest.approx(gross.mean() / turned.mean() * 1e4)


def test_slippage_keeps_to_its_days(three):
    """The impact of each session of a series stands at that session of the book."""
    impact = np.linspace(0.01, 0.02, 7)
    three[1] = replace(three[1], costs=Costs(0.0, impact=impact))
    scores = [np.zeros(len(one.sessions)) for one in three]
    spreads = [np.full(len(one.sessions), 0.01) for one in three]
    book = make_book(three, scores=scores, spreads=spreads, kind="top")
    np.testing.assert_array_equal(np.delete(book.costs[1].impact, 3), impact)
    assert book.costs[1].impact[3] == 0.02


def test_foresight_over_the_best_and_the_worst_earns(handmade):
    """Who knows tomorrow's returns of ten series earns with the three best and the three worst."""
    rng = np.random.default_rng(2)
    many = [handmade(0.01 * rng.standard_normal(200), np.zeros(200)) for _ in range(10)]
    many = [replace(one, symbol=f"S{number}") for number, one in enumerate(many)]
    spreads = [np.full(200, 0.01) for _ in many]
    knowing = make_book(many, scores=[one.held for one in many], spreads=spreads, kind="top")
    guess = [rng.standard_normal(200) for _ in many]
    guessing = make_book(many, scores=guess, spreads=spreads, kind="top")
    assert (knowing.net() > 0).mean() > 0.95
    assert abs(guessing.net().mean()) < 0.2 * knowing.net().mean()
    np.testing.assert_allclose(knowing.weights.sum(axis=1), 0, atol=1e-15)
