"""The head in closed form."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from toy_task import CONFIG, make_task, train

from lstmfin.engine.architecture import Architecture
from lstmfin.engine.network import Network
from lstmfin.engine.readout import PENALTIES, solve_head
from lstmfin.registry import LOSSES

N, D, H, Y = 60, 2, 5, 2


def _problem(seed=0, n=N):
    rng = np.random.default_rng(seed)
    states = rng.standard_normal((n, H)) * np.geomspace(0.1, 3, H) + rng.standard_normal(H)
    targets = states @ rng.standard_normal((H, Y)) + 0.5 * rng.standard_normal((n, Y)) + 2
    return states, targets


def _network(n_outputs=Y):
    network = Network(Architecture("esn", D, H, 1, n_outputs), dtype=np.float64)
    network.initialise(np.random.default_rng(1), np.arange(n_outputs) + 0.5)
    network.params["head.W"][...] = 0.1
    return network


def _solve_at(network, k, states, targets):
    """Solve with a validation loss that is least at the k-th penalty."""
    calls = iter(range(-1, len(PENALTIES)))
    return solve_head(
        network, states, targets, validation_loss=lambda: -1.0 if next(calls) == k else 1.0
    )


@pytest.mark.parametrize("k", range(len(PENALTIES)))
def test_each_penalty_gives_its_ridge_regression(k):
    """Weights and bias are those of scikit-learn, and of the normal equations of the paper."""
    network, (states, targets) = _network(), _problem()
    assert _solve_at(network, k, states, targets) == -1.0
    centred = states - states.mean(axis=0)
    alpha = PENALTIES[k] * np.sum(centred**2) / H
    ridge = Ridge(alpha=alpha, solver="cholesky").fit(states, targets)
    W, b = network.params["head.W"], network.params["head.b"]
    np.testing.assert_allclose(W, ridge.coef_, rtol=1e-8, atol=1e-14)
    np.testing.assert_allclose(b, ridge.intercept_, rtol=1e-9)
    left, right = centred.T @ centred + alpha * np.eye(H), centred.T @ (targets - targets.mean(0))
    np.testing.assert_allclose(W.T, np.linalg.solve(left, right), rtol=1e-8, atol=1e-14)


@pytest.mark.parametrize("seed", range(5))
def test_the_penalty_is_chosen_on_the_validation_block(seed):
    """Of all heads tried, and the one there was, the one with the least loss is kept."""
    network, (states, targets) = _network(), _problem(seed, n=8)
    others, answers = _problem(seed, n=300)
    seen = []

    def validation_loss():
        W, b = network.params["head.W"], network.params["head.b"]
        loss = float(np.mean((others @ W.T + b - answers) ** 2))
        seen.append((loss, W.copy(), b.copy()))
        return loss

    best = solve_head(network, states, targets, validation_loss=validation_loss)
    assert len(seen) == 1 + len(PENALTIES)
    loss, W, b = min(seen, key=lambda one: one[0])
    assert best == loss == validation_loss()
    np.testing.assert_array_equal(network.params["head.W"], W)
    np.testing.assert_array_equal(network.params["head.b"], b)


@pytest.mark.parametrize("loss", [0.0, np.nan, np.inf])
def test_a_head_that_nothing_betters_is_kept(loss):
    """A tie is no gain, and neither is a loss that is no number: not a bit changes."""
    network, (states, targets) = _network(), _problem()
    before = network.params.flat.copy()
    calls = iter([0.0])
    assert solve_head(network, states, targets, validation_loss=lambda: next(calls, loss)) == 0.0
    np.testing.assert_array_equal(network.params.flat, before)


def test_only_the_location_is_solved_for():
    """Outputs after the locations, and the reservoir, stay as they were."""
    network, (states, targets) = _network(3 * Y), _problem()
    before = network.params.like()
    before.flat[:] = network.params.flat
    _solve_at(network, 0, states, targets)
    for name, array in network.params.items():
        rest = array[Y:] if name.startswith("head") else array
        kept = before[name][Y:] if name.startswith("head") else before[name]
        np.testing.assert_array_equal(rest, kept)
    assert (network.params["head.W"][:Y] != before["head.W"][:Y]).all()


def test_states_that_depend_on_one_another_are_no_obstacle():
    """Two equal columns share their weight, as the least norm has it."""
    network, (states, targets) = _network(), _problem()
    states[:, 1] = states[:, 0]
    _solve_at(network, 0, states, targets)
    W = network.params["head.W"]
    np.testing.assert_allclose(W[:, 0], W[:, 1], rtol=1e-6)
    assert np.isfinite(W).all()


@pytest.mark.parametrize("loss", LOSSES.names())
def test_a_reservoir_learns_a_linear_memory(loss):
    """What came in three steps ago is read out of an echo; the reservoir keeps every bit."""
    law = LOSSES.get(loss)
    network = Network(Architecture("esn", 2, 40, 1, law.n_parameters), dtype=np.float64)
    start = law.outputs_for(np.zeros(1), np.full(1, 0.3), np.full(1, 8.0))
    network.initialise(np.random.default_rng(0), start.ravel())
    reservoir = network.params["layer0.A"].copy()
    validation = make_task(200, 2)
    history = train(network, law, CONFIG, training=make_task(400, 1), validation=validation)
    np.testing.assert_array_equal(network.params["layer0.A"], reservoir)
    assert history.best_epoch == 1
    assert history.validation_loss[1] < history.validation_loss[0]
    x, y = validation.batch(np.arange(200))
    outputs = network.forward(x.transpose(1, 2, 0))
    assert np.mean((outputs[0] - y[:, 0]) ** 2) < 0.2 * np.mean(y**2)


def test_states_that_are_all_the_same_leave_a_bias():
    """Where every window reads the same, there is nothing to weigh, and the mean is still learned."""
    network = Network(Architecture("esn", 1, 4, 1, 2), dtype=np.float64)
    network.initialise(np.random.default_rng(0), np.zeros(2))
    targets = np.array([[1.0, -2.0]] * 10)
    with np.errstate(all="raise"):
        solve_head(
            network,
            np.full((10, 4), 0.3),
            targets,
            validation_loss=lambda: float(np.sum((network.params["head.b"] - targets[0]) ** 2)),
        )
    np.testing.assert_allclose(network.params["head.b"], targets[0], rtol=1e-12)
    assert not network.params["head.W"].any()
