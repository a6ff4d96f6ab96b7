import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lstmfin.metrics import returns as m

NAN = np.nan
whole_bps = st.integers(-3000, 3000).map(lambda bps: bps / 10_000)
some_returns = arrays(np.float64, st.integers(2, 40), elements=whole_bps)


@pytest.mark.parametrize(
    ("metric", "returns", "expected"),
    [
        (m.total_return, [0.1, -0.5, 1.0], 0.1),
        (m.total_return, [0.1, NAN], NAN),
        (m.total_return, [], NAN),
        (m.total_return, [0.5, -1.5, 3.0], -1.0),
        (m.annualised_return, [0.01] * 252, 1.01**252 - 1),
        (m.annualised_return, [0.21] + [0.0] * 503, 0.1),
        (m.annualised_return, [-1.0, 0.5], -1.0),
        (m.annualised_return, [], NAN),
        (m.annualised_volatility, [0.01, -0.01], 0.01 * np.sqrt(2 * 252)),
        (m.annualised_volatility, [0.01], NAN),
        (m.sharpe, [0.02, 0.0], np.sqrt(252 / 2)),
        (m.sharpe, [0.1, 0.1, 0.1], NAN),
        (m.sharpe, [0.0, 0.0], NAN),
        (m.sharpe, [0.01, NAN], NAN),
        (m.sharpe, [0.01], NAN),
        (m.max_drawdown, [0.1, -0.5, 0.2], -0.5),
        (m.max_drawdown, [-0.2, 0.1], -0.2),
        (m.max_drawdown, [0.1, 0.2], 0.0),
        (m.max_drawdown, [0.1, -2.0, 0.5], -1.0),
        (m.max_drawdown, [0.1, NAN], NAN),
        (m.max_drawdown, [], NAN),
        (m.longest_drawdown, [0.1, -0.1, 0.05, 0.2, -0.01], 2.0),
        (m.longest_drawdown, [-0.1, 0.05, 0.01], 3.0),
        (m.longest_drawdown, [0.1, 0.1], 0.0),
        (m.longest_drawdown, [0.1, NAN, 0.1], NAN),
        (m.longest_drawdown, [], NAN),
        (m.turnover, [1, 1, -1, 0], 1.0),
        (m.turnover, [0, 0], 0.0),
        (m.turnover, [1, NAN], NAN),
        (m.turnover, [], NAN),
        (m.profit_factor, [0.1, -0.05, 0.1], 4.0),
        (m.profit_factor, [0.1], np.inf),
        (m.profit_factor, [-0.1], 0.0),
        (m.profit_factor, [0.0], NAN),
        (m.profit_factor, [], NAN),
        (m.profit_factor, [0.1, NAN], NAN),
    ],
)
def test_literal(metric, returns, expected):
    """What each metric says, for the plain case and for the degenerate ones."""
    np.testing.assert_allclose(metric(returns), expected, rtol=1e-12)


@pytest.mark.parametrize("library", ["empyrical", "quantstats"])
def test_agrees_with(golden, library):
    """300 fat-tailed returns, ten digits."""
    for name, expected in golden[library].items():
        ours = getattr(m, name)(golden["returns"])
        assert ours == pytest.approx(expected, rel=1e-10), name


def test_position_before_the_first_session_counts():
    """Getting in is traded too, unless one was in already."""
    assert m.turnover([1.0, 1.0]) == 0.5
    assert m.turnover([1.0, 1.0], before=1.0) == 0.0


def test_ruin_is_for_good():
    """No return brings back an equity of nothing."""
    np.testing.assert_allclose(m.equity_curve([0.5, -1.2, 9.0]), [1.5, 0, 0])


@given(some_returns)
def test_drawdown_laws(returns):
    """Between -1 and 0; a gain at the end digs no deeper; the curve comes from equity alone."""
    curve = m.drawdown_curve(returns)
    assert ((curve <= 0) & (curve > -1)).all()
    assert m.max_drawdown([*returns, 0.5]) == m.max_drawdown(returns)
    np.testing.assert_array_equal(curve, m.underwater(m.equity_curve(returns)))
    assert m.longest_drawdown(returns) <= len(returns)


@given(some_returns.filter(lambda r: np.std(r) > 1e-6), st.floats(0.1, 2))
def test_sharpe_does_not_depend_on_leverage(returns, leverage):
    """Twice the position is twice the volatility and the same ratio."""
    assert m.sharpe(leverage * returns) == pytest.approx(m.sharpe(returns), rel=1e-6, abs=1e-9)
    assert m.annualised_volatility(leverage * returns) == pytest.approx(
        leverage * m.annualised_volatility(returns)
    )


@given(some_returns)
def test_the_year_compounds_to_the_total(returns):
    """(1 + annual)^years is the end of the equity curve."""
    year = 1 + m.annualised_return(returns, per_year=12)
    assert year ** (len(returns) / 12) - 1 == pytest.approx(m.total_return(returns), abs=1e-9)


@pytest.mark.parametrize("name", ["sortino", "calmar", "tail_ratio"])
def test_more_figures_are_those_of_empyrical(golden_selection, name):
    """To 12 digits."""
    ours = getattr(m, name)(golden_selection["returns"])
    assert ours == pytest.approx(golden_selection["empyrical"][name], rel=1e-12)


def test_alpha_and_beta_are_the_least_squares_line(golden_selection):
    """Those of statsmodels' line, and empyrical's beta."""
    alpha, beta = m.alpha_beta(golden_selection["returns"], golden_selection["market"])
    line = golden_selection["ols"]
    assert alpha == pytest.approx(252 * line["alpha_per_session"], rel=1e-10)
    assert beta == pytest.approx(line["beta"], rel=1e-12)
    assert beta == pytest.approx(golden_selection["empyrical"]["beta"], rel=1e-12)


def test_win_rate_is_that_of_quantstats(golden_selection):
    """Sessions that neither gained nor lost are left out."""
    ours = m.win_rate(golden_selection["returns"])
    assert ours == pytest.approx(golden_selection["quantstats"]["win_rate"], rel=1e-14)
    assert m.win_rate([0.1, 0.0, -0.1, 0.2]) == pytest.approx(2 / 3)


@pytest.mark.parametrize("values", [[], [0.0, 0.0], [0.1, NAN]])
@pytest.mark.parametrize("name", ["sortino", "calmar", "win_rate", "tail_ratio"])
def test_more_figures_without_an_answer(name, values):
    """Nothing, nothing lost, or a missing return."""
    assert np.isnan(getattr(m, name)(values))


def test_a_benchmark_that_does_not_move_explains_nothing():
    """There is no line through one point."""
    assert np.isnan(m.alpha_beta([0.1, 0.2], [0.1, 0.1])).all()
    assert np.isnan(m.alpha_beta([], [])).all()


@pytest.mark.parametrize(
    ("position", "returns", "expected"),
    [
        ([1, 1, 1], [0.01, 0.0, 0.01], 200.0),  # bought once, for 2 %
        ([1, -1], [0.01, 0.02], -100 / 3),  # loses 1 % on turning over 3
        ([0.5, 0.0], [0.01, 0.5], 50.0),
        ([0, 0], [0.01, 0.02], NAN),
        ([], [], NAN),
    ],
)
def test_break_even(position, returns, expected):
    """What a turn may cost until nothing is left, by hand."""
    np.testing.assert_allclose(m.break_even_bps(position, returns), expected, rtol=1e-12)
