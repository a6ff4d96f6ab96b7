"""The estimator keeps the rules of scikit-learn, and is the network that ``train`` trains."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from lstmfin.backtest.splits import WalkForwardSplit
from lstmfin.config import TrainConfig
from lstmfin.errors import UsageError
from lstmfin.models.estimator import OPTIONS, NetworkRegressor
from lstmfin.models.forecaster import Forecaster
from lstmfin.models.view import training_blocks, windows_of

QUICK = NetworkRegressor(hidden=4, epochs=2)


@parametrize_with_checks([QUICK])
def test_rules_of_scikit_learn(estimator, check):
    """All of its checks for estimators, but for a good fit to a target that is not about zero."""
    check(estimator)


@pytest.fixture
def rows():
    """Return windows of two inputs, and a target that one of them tells of."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 12))
    return X, X[:, -2] + 0.3 * rng.standard_normal(300)


def test_it_learns(rows):
    """What the last step says is found, and most of the naive law's error saved."""
    X, y = rows
    network = NetworkRegressor(n_inputs=2, epochs=60, learning_rate=0.02, patience=20, dropout=0.0)
    network.fit(X[:250], y[:250])
    assert network.score(X[250:], y[250:]) > 0.4
    assert np.corrcoef(network.predict(X[250:]), y[250:])[0, 1] > 0.9
    inside = network.predict_law(X[250:])
    held = (inside.quantile(0.05)[:, 0] < y[250:]) & (y[250:] < inside.quantile(0.95)[:, 0])
    assert 0.7 < held.mean() <= 1


def test_it_is_the_network_of_a_forecaster(series, small):
    """The same windows give the same weights and laws as prices do, but for the names of streams."""
    prices = series(200)
    forecaster = Forecaster(small)
    forecaster.fit(prices)
    config = forecaster.config
    windows = windows_of(config, prices)
    known = windows.known
    X = windows.batch(known).reshape(len(known), -1)
    y = windows.target[known] * np.sqrt(np.arange(1, config.horizon + 1))
    names = {name: getattr(config, name) for name in OPTIONS}
    own = NetworkRegressor(n_inputs=len(windows.features), gap=config.horizon, **names)
    own.fit(X, y)
    train, validation = training_blocks(config, windows, [prices])
    again = Forecaster(config)
    again.learn(windows, windows.target, train, validation, label="windows")
    np.testing.assert_allclose(own.ensemble_.weights, again.weights, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(own.ensemble_.naive, forecaster.naive, rtol=1e-5)
    unit = windows.volatility[known, None]
    expected = again.outlook_of(windows, known).law
    law = own.predict_law(X)
    np.testing.assert_allclose(law.quantile(0.05) * unit, expected.quantile(0.05), rtol=1e-3)


def test_the_last_steps_are_looked_at(rows):
    """A shorter window sees no step before it."""
    X, y = rows
    network = NetworkRegressor(n_inputs=2, window=2, hidden=4, epochs=2).fit(X, y)
    other = np.concatenate([np.zeros_like(X[:, :-4]), X[:, -4:]], axis=1)
    np.testing.assert_array_equal(network.predict(X), network.predict(other))


def test_many_columns(rows):
    """A target of H columns is the law of H horizons."""
    X, y = rows
    network = clone(QUICK).fit(X, np.column_stack([y, 2 * y, -y]))
    assert network.predict(X).shape == network.predict_law(X).shape == (300, 3)


def test_walk_forward_scores(rows):
    """A search of scikit-learn takes it, on splits that never look back."""
    scores = cross_val_score(QUICK, *rows, cv=WalkForwardSplit(train=200, test=40, purge=1))
    assert scores.shape == (3,)
    assert np.isfinite(scores).all()


def test_options_are_those_of_train():
    """Each is an option of ``train`` with its default, but for what is of prices."""
    config, own = TrainConfig(), NetworkRegressor().get_params()
    same = {name for name in OPTIONS if own[name] == getattr(config, name)}
    assert OPTIONS.keys() - same == {"window", "hidden"}
    with pytest.raises(TypeError, match="unknown options hiden; there are cell"):
        NetworkRegressor(hiden=3)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"dropout": 1.5}, UsageError, "--dropout is 1.5"),
        ({"n_inputs": 5}, ValueError, "12 values are not whole steps of n_inputs=5"),
        ({"gap": 290}, ValueError, "leaves none to train on"),
    ],
)
def test_what_cannot_be_is_told(rows, options, error, words):
    """When it is fitted, as scikit-learn wants it."""
    with pytest.raises(error, match=words):
        NetworkRegressor(**options).fit(*rows)
