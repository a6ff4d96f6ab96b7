"""The whole network: layers, dropout and head."""

import numpy as np
import pytest

from lstmfin.engine.architecture import Architecture
from lstmfin.engine.gradcheck import Check, check_gradients
from lstmfin.engine.network import Network
from lstmfin.registry import CELLS, LOSSES

T, D, H, HORIZONS, B = 4, 3, 4, 2, 3


def _network(cell="lstm", *, n_layers=2, outputs=HORIZONS, seed=0, place=None, **options):
    options = {"dtype": np.float64} | options
    network = Network(Architecture(cell, D, H, n_layers, outputs, **(place or {})), **options)
    network.params.flat[:] = 0.4 * np.random.default_rng(seed).standard_normal(
        network.params.flat.size
    )
    return network


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("n_layers", [1, 3])
@pytest.mark.parametrize("loss_name", LOSSES.names())
@pytest.mark.parametrize("cell", CELLS.names())
def test_gradients(cell, loss_name, n_layers, dropout):
    """Gradients of every weight agree with differences, for every cell and loss, dropout or not."""
    loss, rng = LOSSES.get(loss_name), np.random.default_rng(5)
    outputs = loss.n_parameters * HORIZONS
    network = _network(cell, n_layers=n_layers, outputs=outputs, dropout=dropout)
    start = loss.outputs_for(np.zeros(HORIZONS), np.full(HORIZONS, 0.5), np.full(HORIZONS, 5.0))
    network.params["head.b"][...] = start.ravel()  # near a normal law log Γ is all rounding
    x, target = rng.standard_normal((T, D, B)), rng.standard_normal((HORIZONS, B))

    def run():
        mask_rng = np.random.default_rng(11) if dropout else None  # the same masks every time
        return network.forward(x, mask_rng).reshape(loss.n_parameters, HORIZONS, B)

    d = loss.gradient(run(), target)
    network.backward(d.reshape(outputs, B))
    trained = {
        name: array
        for name, array in network.params.items()
        if network.is_trained or name.startswith("head")
    }
    checks = check_gradients(
        lambda: float(loss.value(run(), target).sum()),
        trained,
        {name: gradient.copy() for name, gradient in network.gradients.items()},
        rng=rng,
        n_directions=2,
        masks=network.masks(),
    )
    assert {check.name for check in checks} == set(trained)
    wrong = [check for check in checks if not check.error < 1e-6]
    assert not wrong, wrong


PLACES = {
    "reverse": {"direction": "reverse"},
    "bidirectional": {"direction": "bidirectional"},
    "learned start": {"learned_start": True},
    "both": {"direction": "bidirectional", "learned_start": True},
}


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("n_layers", [1, 3])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("cell", ["lstm", "gru", "depth-gated"])
def test_gradients_of_directions_and_starts(cell, place, n_layers, dropout):
    """So they do for layers that read in reverse or both ways, and for learned first states."""
    network = _network(cell, n_layers=n_layers, place=PLACES[place], dropout=dropout)
    rng = np.random.default_rng(3)
    x, d = rng.standard_normal((T, D, B)), rng.standard_normal((HORIZONS, B))

    def run():
        return float(np.sum(d * network.forward(x, np.random.default_rng(11))))

    run()
    network.backward(d)
    gradients = {name: gradient.copy() for name, gradient in network.gradients.items()}
    checks = check_gradients(run, network.params, gradients, rng=rng, masks=network.masks())
    assert {check.name for check in checks} == set(network.params)
    assert not [check for check in checks if not check.error < 1e-6]


def test_directions_are_windows_turned_round():
    """A reverse network on a window is a forward one on the window turned round."""
    x = np.random.default_rng(0).standard_normal((T, D, B))
    forward, reverse = _network(), _network(place={"direction": "reverse"})
    np.testing.assert_allclose(reverse.forward(x[::-1]), forward.forward(x), rtol=1e-13)
    both = _network(place={"direction": "bidirectional"}, n_layers=1)
    one = _network(n_layers=1)
    one.params["layer0.A"][...] = both.params["layer0.A"]
    one.params["head.W"][...] = both.params["head.W"][:, :H]
    one.params["head.b"][...] = both.params["head.b"]
    other = _network(n_layers=1)
    other.params["layer0.A"][...] = both.params["layer0r.A"]
    other.params["head.W"][...] = both.params["head.W"][:, H:]
    other.params["head.b"][...] = 0
    whole = one.forward(x) + other.forward(x[::-1])
    np.testing.assert_allclose(both.forward(x), whole, rtol=1e-12)


def test_gradients_are_set_not_added():
    """A second backward pass gives what the first gave."""
    network = _network()
    for _ in range(2):
        network.forward(np.ones((T, D, B)))
        network.backward(np.ones((HORIZONS, B)))
        first = network.gradients.flat.copy()
    network.forward(np.ones((T, D, B)))
    network.backward(np.ones((HORIZONS, B)))
    np.testing.assert_array_equal(network.gradients.flat, first)


def test_a_new_network_says_the_outputs_given():
    """Before training every window gets the same outputs, exactly those given."""
    network = _network(dtype=np.float32)
    network.initialise(np.random.default_rng(1), np.array([0.25, -1.5]))
    outputs = network.forward(np.random.default_rng(2).standard_normal((T, D, B)))
    np.testing.assert_array_equal(outputs, np.repeat([[0.25], [-1.5]], B, axis=1))
    assert outputs.dtype == np.float32
    assert network.params["layer1.A"].any()


def test_same_seed_same_weights():
    """First weights depend on the generator alone, and differ from layer to layer."""
    first, again, other = (_network(n_layers=3) for _ in range(3))
    for network, seed in ((first, 1), (again, 1), (other, 2)):
        network.initialise(np.random.default_rng(seed), np.zeros(HORIZONS))
    np.testing.assert_array_equal(first.params.flat, again.params.flat)
    assert (first.params["layer1.A"] != other.params["layer1.A"]).any()
    assert (first.params["layer1.A"] != first.params["layer2.A"]).any()


@pytest.mark.parametrize("cell", CELLS.names())
def test_biases_do_not_decay(cell):
    """The mask is 0 for each bias, of gates and head, and 1 for all other weights."""
    network = _network(cell)
    mask = network.params.like()
    mask.flat[:] = network.decayed()
    for name, part in mask.items():
        if name == "head.b":
            assert not part.any()
        elif name.endswith(".A"):
            assert not part[:, -1].any()
            assert (part[:, :-1] == network.is_trained).all()
        else:
            assert (part == 1).all()


def test_only_the_last_step_is_read():
    """The head reads the top layer's state after the last step."""
    network = _network()
    x = np.random.default_rng(0).standard_normal((T, D, B))
    network.forward(x)
    top = network.layers[-1].last_states()["h"]
    expected = network.params["head.W"] @ top + network.params["head.b"][:, None]
    np.testing.assert_allclose(network.forward(x), expected, rtol=1e-14)


def test_dropout_keeps_the_mean():
    """Inputs are dropped at the rate given, and the others scaled up, so that the mean stays."""
    network = _network(dropout=0.25)
    rng, ones = np.random.default_rng(3), np.ones((50, 40, 50))
    dropped = network._dropped(ones, rng)
    assert set(np.unique(dropped)) == {0.0, 1 / 0.75}
    assert (dropped == 0).mean() == pytest.approx(0.25, abs=0.01)
    assert dropped.mean() == pytest.approx(1, abs=0.01)


def test_no_dropout_in_prediction():
    """Without a generator nothing is dropped, and passes are the same; with one they differ."""
    network, plain = _network(dropout=0.5), _network(dropout=0.0)
    x = np.random.default_rng(4).standard_normal((T, D, B))
    np.testing.assert_array_equal(network.forward(x), plain.forward(x))
    rng = np.random.default_rng(6)
    assert (network.forward(x, rng) != network.forward(x, rng)).any()
    np.testing.assert_array_equal(plain.forward(x, rng), plain.forward(x))


def test_gradcheck_tells_right_from_wrong():
    """A gradient that is off by a thousandth is found out; differences are put back."""
    array = np.array([0.3, -0.7])
    kept, rng = array.copy(), np.random.default_rng(0)

    def function():
        return float(np.sum(array**3))

    right = check_gradients(function, {"a": array}, {"a": 3 * array**2}, rng=rng)
    wrong = check_gradients(function, {"a": array}, {"a": 3.003 * array**2}, rng=rng)
    assert len(right) == 3
    assert all(check.error < 1e-8 for check in right)
    assert all(check.error > 5e-4 for check in wrong)
    np.testing.assert_array_equal(array, kept)
    assert Check("a", 0.0, 1e-7).error == pytest.approx(1e-3)


@pytest.mark.parametrize("dtype", [np.float64, np.int64])
def test_inputs_of_another_type_are_cast_and_it_is_said_once(caplog, dtype):
    """Float64 or whole numbers into a float32 network: the same as float32, and one line of log."""
    network = Network(Architecture("lstm", D, 4, 1, 1))
    network.initialise(np.random.default_rng(0), np.zeros(1))
    x = np.random.default_rng(1).integers(-3, 3, (T, D, B))
    expected = network.forward(x.astype(np.float32)).copy()
    assert not caplog.messages
    for _ in range(3):
        said = network.forward(x.astype(dtype))
        assert said.dtype == np.float32
        np.testing.assert_array_equal(said, expected)
    name = np.dtype(dtype).name
    assert caplog.messages == [f"inputs are {name} and the network is float32: they are cast"]


def test_sizes_that_cannot_be_counted_are_refused():
    """Where products of sizes overflow, nothing is allocated."""
    network = Network(Architecture("lstm", 1, 4, 1, 1))
    vast = np.lib.stride_tricks.as_strided(np.zeros(1, np.float32), (2**30, 1, 2**30), (0, 0, 0))
    with pytest.raises(ValueError, match="more numbers than can be counted"):
        network.layers[0].forward(network.levels[0][0].p, vast)
