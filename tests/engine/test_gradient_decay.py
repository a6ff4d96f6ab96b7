"""How gradients vanish, stay and explode."""

from types import SimpleNamespace

import numpy as np
import pytest

from lstmfin.engine import gradient_decay
from lstmfin.engine.architecture import Architecture
from lstmfin.engine.cells.lstm import LSTM
from lstmfin.engine.cells.rnn import RNN
from lstmfin.engine.gradient_decay import gradient_norms, new_cell, trained_cell
from lstmfin.engine.network import Network
from lstmfin.engine.recurrent import Recurrent

LAGS = (1, 2, 5, 10, 50)


def layer_with(cell, rng, D=2, H=3, scale=0.6):
    layer = Recurrent(cell, D, H)
    return layer, layer.bind(SimpleNamespace(A=scale * rng.standard_normal(layer.shapes()["A"])))


def test_norms_are_those_of_the_jacobian(monkeypatch):
    """With many directions, the norm is that of the product of diag(1 - h²) U along the sequence."""
    monkeypatch.setattr(gradient_decay, "N_BEFORE", 4)
    layer, p = layer_with(RNN(), np.random.default_rng(0))
    n, lags = 4000, (1, 3)
    norms = gradient_norms(
        layer, p, lags=lags, inputs=0.5, rng=np.random.default_rng(1), n_sequences=n
    )
    layer.forward(p, 0.5 * np.random.default_rng(1).standard_normal((7, 2, n)))
    h = layer.states()["h"]
    for lag, norm in zip(lags, norms, strict=True):
        squares = []
        for b in range(n):
            J = np.eye(3)
            for t in range(7 - lag, 7):
                J = np.diag(1 - h[t, :, b] ** 2) @ p.U @ J
            squares.append(np.sum(J**2) / 3)
        assert norm == pytest.approx(np.sqrt(np.mean(squares)), rel=0.03)


@pytest.mark.parametrize("scale", [0.8, 1.0, 1.2])
def test_the_linear_regime_is_a_power(scale):
    """At rest tanh is linear, and an orthogonal U times s lets s ** lag of a gradient arrive."""
    decay = new_cell("rnn", hidden=8, seed=0, lags=LAGS, inputs=0, scale=scale)
    np.testing.assert_allclose(decay.norms, scale ** np.array(LAGS), rtol=1e-9)


def test_inputs_make_it_decay_faster():
    """Driven by inputs tanh bends, and less of a gradient arrives at any lag."""
    rest, driven = (
        new_cell("rnn", hidden=8, seed=0, lags=LAGS, inputs=size, scale=1.0).norms
        for size in (0, 1)
    )
    assert (driven < rest).all()
    assert (np.diff(driven) < 0).all()


def test_an_open_forget_gate_keeps_the_norm():
    """With a forget gate of 1, an input gate of 0 and U = 0 the norm is that of lag 1 for ever."""
    layer, p = layer_with(LSTM(), np.random.default_rng(0), scale=0.0)
    p.b[0:3], p.b[3:6] = -50, 50
    norms = gradient_norms(layer, p, lags=LAGS, inputs=1, rng=np.random.default_rng(1))
    np.testing.assert_allclose(norms, norms[0], rtol=1e-12)
    assert norms[0] > 0.5
    p.b[3:6] = 0
    halved = gradient_norms(layer, p, lags=(1, 2, 3), inputs=1, rng=np.random.default_rng(1))
    np.testing.assert_allclose(halved[1:] / halved[:-1], 0.5, rtol=1e-12)


def test_any_cell_can_be_measured():
    """A cell with a clock, and one that is not trained, have norms as well."""
    for cell in ("clockwork", "esn", "fgr"):
        norms = new_cell(cell, hidden=4, seed=0, lags=(1, 4), inputs=1).norms
        assert (norms > 0).all()
        assert np.isfinite(norms).all()


def test_a_trained_network_is_measured_with_its_weights():
    """The weights of the lowest layer decide, in double precision, and are left as they are."""
    network = Network(Architecture("rnn", 2, 4, 1, 1))
    network.initialise(np.random.default_rng(0), np.zeros(1))
    network.params["layer0.A"][:, :4] = 0.5 * np.eye(4)
    before = network.params.flat.copy()
    decay = trained_cell(network, seed=0, lags=(1, 3), inputs=0)
    np.testing.assert_allclose(decay.norms, [0.5, 0.125], rtol=1e-9)
    np.testing.assert_array_equal(network.params.flat, before)
