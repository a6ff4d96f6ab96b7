"""What a network did with what it saw, against equations, finite differences and a linear case."""

from types import SimpleNamespace

import numpy as np
import pytest

from lstmfin.engine.architecture import Architecture
from lstmfin.engine.network import Network
from lstmfin.models.insight import (
    TOLERANCE,
    Reading,
    carried_into,
    integrated_gradients,
    kept_share,
    read_layer,
)
from lstmfin.registry import CELLS

ORIGINS = np.arange(60, 80)
T, D = 7, 3
OF_ALL = [(cell, options) for cell in CELLS.names() for options in CELLS.get(cell).variants]
every_cell = pytest.mark.parametrize(("cell", "options"), OF_ALL, ids=str)


def network(cell, options=(), **changes):
    """A network with weights large enough to bend, in double precision."""
    sizes = {"n_inputs": D, "n_hidden": 6, "n_layers": 2, "n_outputs": 4}
    built = Network(Architecture(cell, options=tuple(dict(options).items()), **sizes | changes), dtype=np.float64)  # fmt: skip
    rng = np.random.default_rng(3)
    built.initialise(rng, np.zeros(built.architecture.n_outputs))
    built.params.flat[:] += 0.4 * rng.standard_normal(built.params.flat.size)
    for name, mask in built.masks().items():
        built.params[name][...] *= mask
    return built


def slopes(built, x, output, step=1e-6):
    """The gradient of an output by the inputs (T, D), by central differences."""
    found = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        ends = np.repeat(x[:, :, None], 2, axis=2)
        ends[at] += step, -step
        above, below = built.forward(ends)[output]
        found[at] = (above - below) / (2 * step)
    return found


@every_cell
@pytest.mark.parametrize("direction", ["forward", "bidirectional"])
def test_the_gradient_of_the_inputs_is_that_of_finite_differences(cell, options, direction):
    """Through two layers, whichever the cell and the directions, reservoirs included."""
    built = network(cell, options, direction=direction)
    x = np.random.default_rng(1).standard_normal((T, D))
    outputs = built.forward(x[:, :, None])
    asked = np.zeros_like(outputs)
    asked[2] = 1
    dx = built.backward(asked, need_dx=True)
    np.testing.assert_allclose(dx[:, :, 0], slopes(built, x, 2), rtol=1e-5, atol=1e-8)
    built.forward(x[:, :, None])
    assert built.backward(asked) is None


@every_cell
def test_attributions_add_up(cell, options):
    """They are the forecast less the baseline's, to within the tolerance, from any baseline."""
    built, rng = network(cell, options), np.random.default_rng(2)
    x, other = rng.standard_normal((2, T, D))
    for baseline in (None, other):
        found = integrated_gradients(built, x, output=1, baseline=baseline)
        start = np.zeros_like(x) if baseline is None else baseline
        both = built.forward(np.stack([x, start], axis=-1))[1]
        np.testing.assert_allclose([found.forecast, found.baseline], both, rtol=1e-12)
        assert found.is_complete
        assert found.gap <= TOLERANCE * np.abs(found.values).sum()


def test_of_a_linear_network_they_are_weight_times_input():
    """A ReLU unit that is open all along the path is linear: W x of each step, exactly."""
    built = network("rnn", {"activation": "relu"}, n_hidden=1, n_layers=1, n_outputs=1)
    p = built.levels[0][0].p
    p.U[...], p.W[...], p.b[...] = 0.5, [[1.0, 2.0, -1.0]], 100.0
    built.params["head.W"][...], built.params["head.b"][...] = 3.0, 0.0
    x = np.random.default_rng(4).standard_normal((T, D))
    found = integrated_gradients(built, x, output=0)
    decay = 0.5 ** np.arange(T)[::-1, None]
    np.testing.assert_allclose(found.values, 3 * decay * [1.0, 2.0, -1.0] * x, rtol=1e-12)
    assert found.gap < 1e-11


def test_a_path_with_a_bend_needs_more_points():
    """Steep weights bend the output; points are added until the sum is right."""
    built = network("lstm")
    built.params.flat[:] *= 6
    found = integrated_gradients(built, 2 + np.zeros((T, D)), output=0)
    assert found.is_complete
    assert found.n_points > 18


@every_cell
def test_the_kept_share_is_that_of_the_equations(cell, options, series, trained):
    """State after less share times state before is what the step added: i g, or its part of n."""
    forecaster = trained(cell=cell, hidden=6, **options)
    built = forecaster.network
    samples = forecaster.seen(series(), ORIGINS)
    reading = read_layer(built, samples)
    after = built.levels[0][0].layer.states()
    every = reading.gates | reading.states
    if reading.kept is None:
        assert cell in {"rnn", "clockwork", "esn"}
        return
    name = "c" if "c" in after else "h"
    before = after[name][-2].T
    added = reading.states[name] - reading.kept * before
    if name == "c":
        expected = every.get("i", 1) * every["g"]
    else:
        candidate = every.get("n")
        if candidate is None:
            return
        expected = (1 - reading.kept) * candidate
    np.testing.assert_allclose(added, expected, atol=1e-5)


def test_a_reading_is_what_the_head_reads(trained, series):
    """Sessions, units and states are those of the forecasts of the same origins."""
    forecaster = trained(cell="peephole", layers=2)
    built = forecaster.network
    samples = forecaster.seen(series(), ORIGINS)
    top = read_layer(built, samples, level=1)
    x, _ = samples.batch(np.arange(len(ORIGINS)))
    np.testing.assert_allclose(built.read_out(x.transpose(1, 2, 0)).T, top.states["h"], rtol=1e-6)
    assert set(top.peepholes) == {"i", "f", "o"}
    weights, c = built.levels[1][0].p, built.levels[1][0].layer.states()["c"]
    for gate, seen in {"i": c[-2], "f": c[-2], "o": c[-1]}.items():
        expected = (getattr(weights, f"p_{gate}") * seen).T
        np.testing.assert_allclose(top.peepholes[gate], expected, rtol=1e-5, atol=1e-9)
    assert top.kept.shape == (len(ORIGINS), 4)


@pytest.mark.parametrize("stateful", [False, True])
def test_attributions_are_of_the_forecast(trained, series, stateful):
    """What is explained is what the network says of the window, states carried in included."""
    forecaster = trained(stateful=stateful)
    samples = forecaster.seen(series(), ORIGINS[-1:])
    carried = carried_into(forecaster.network, samples, np.arange(1))
    assert (carried is not None) == stateful
    (x,), _ = samples.batch(np.arange(1))
    found = integrated_gradients(forecaster.network, x, output=0, carried=carried)
    forecaster.share[:] = 1  # what is explained is what the networks say, whatever is believed
    law = forecaster.predict(series(), ORIGINS[-1:])
    said = law.location[0, 0] / samples.windows.volatility[samples.rows[0]]
    assert found.forecast == pytest.approx(said, rel=1e-4, abs=1e-6)
    assert found.is_complete


def test_half_lives_and_their_order():
    """A share of a half is a half-life of one step; all kept is for ever; nothing is not at all."""
    kept = np.array([[0.5, 1.0, 0.0, 0.9], [0.5, 1.0, 0.0, 0.9]])
    reading = Reading({}, {"h": kept}, {}, kept, None)
    np.testing.assert_allclose(reading.half_lives(), [1, np.inf, 0, np.log(0.5) / np.log(0.9)])
    assert reading.by_memory().tolist() == [1, 3, 0, 2]
    moving = Reading({}, {"h": kept * [[1], [-1]]}, {}, None, None)
    assert np.isnan(moving.half_lives()).all()
    assert moving.by_memory()[0] == 1
    clock = Reading({}, {"h": kept}, {}, None, np.array([1, 1, 4, 4]))
    assert clock.by_memory().tolist() == [2, 0, 3, 1]


def test_a_cell_of_another_kind_says_nothing_of_its_memory():
    """What is not known is not made up."""
    assert kept_share(SimpleNamespace(states=("s",)), {"q": np.ones((2, 3))}) is None
