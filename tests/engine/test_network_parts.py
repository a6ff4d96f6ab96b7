"""Parts of the network: its sizes, masks, dropout, directions and learned first states."""

from dataclasses import replace

import numpy as np
import pytest
from toy_task import CONFIG, train

from lstmfin.engine.architecture import Architecture, weight_shapes
from lstmfin.engine.network import Network
from lstmfin.registry import CELLS, LOSSES

T, D, H, O, B = 4, 3, 4, 2, 3
DIRECTIONS = ("forward", "reverse", "bidirectional")


def _network(cell="lstm", *, layers=2, seed=0, dropout=0.0, dtype=np.float64, **place):
    network = Network(Architecture(cell, D, H, layers, O, **place), dropout=dropout, dtype=dtype)
    draw = 0.4 * np.random.default_rng(seed).standard_normal(network.params.flat.size)
    network.params.flat[:] = draw
    for name, mask in network.masks().items():
        network.params[name][...] *= mask
    return network


def _x(seed=1, steps=T, n=B):
    return np.random.default_rng(seed).standard_normal((steps, D, n))


@pytest.mark.parametrize("learned_start", [False, True])
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("cell", CELLS.names())
def test_shapes_are_told_before_there_is_a_network(cell, direction, learned_start):
    """Names, order and shapes are those of the weights; every owner is a layer or the head."""
    place = {"direction": direction, "learned_start": learned_start}
    network = _network(cell, layers=3, **place)
    shapes = weight_shapes(network.architecture)
    assert list(shapes.items()) == list(network.params.shapes.items())
    assert list(shapes) == list(network.gradients)
    sides = [""] * (direction != "reverse") + ["r"] * (direction != "forward")
    owners = {f"layer{number}{side}" for number in range(3) for side in sides}
    assert {name.partition(".")[0] for name in shapes} == owners | {"head"}
    kind = network.layers[0].cell
    for owner in owners:
        starts = {name for name in shapes if name.startswith(f"{owner}.start_")}
        expected = {f"{owner}.start_{s}" for s in kind.states} if learned_start else set()
        assert starts == expected
        assert all(shapes[name] == (H, 1) for name in starts)
        inputs = D if owner.startswith("layer0") else H * len(sides)
        fed_back = H * max(1, len(kind.fed_back))
        assert shapes[f"{owner}.A"] == (H * len(kind.gates), fed_back + inputs + 1)
    assert shapes["head.W"] == (O, H * len(sides))
    assert network.read_out(_x()).shape == (H * len(sides), B)


@pytest.mark.parametrize("learned_start", [False, True])
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("cell", CELLS.names())
def test_what_may_decay(cell, direction, learned_start):
    """Biases, first states and untrained weights never decay; all other weights may."""
    network = _network(cell, direction=direction, learned_start=learned_start)
    decayed = network.decayed()
    assert decayed.shape == network.params.flat.shape
    assert set(np.unique(decayed)) <= {0.0, 1.0}
    start = 0
    for name, array in network.params.items():
        part = decayed[start : start + array.size].reshape(array.shape)
        start += array.size
        if name == "head.b" or ".start_" in name:
            assert not part.any()
        elif name.endswith(".A"):
            assert not part[:, -1].any()
            assert (part[:, :-1] == float(network.is_trained)).all()
        else:
            assert part.all()
    assert network.is_trained == (cell != "esn")


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("cell", CELLS.names())
def test_masks_are_those_of_the_equations(cell, direction):
    """One mask for each layer of a cell that has one; initial weights and gradients keep to it."""
    network = _network(cell, direction=direction)
    masks = network.masks()
    layers = network.layers
    has_one = layers[0].cell.mask(H, D) is not None
    assert len(masks) == (len(layers) if has_one else 0)
    network.initialise(np.random.default_rng(0), np.zeros(O))
    network.params["head.W"][...] = 1
    network.forward(_x())
    network.backward(np.ones((O, B)))
    for name, mask in masks.items():
        assert mask.shape == network.params[name].shape
        assert (mask == 0).any()
        assert not network.params[name][mask == 0].any()
        assert not network.gradients[name][mask == 0].any()


@pytest.mark.parametrize("cell", CELLS.names())
def test_every_cell_reads_both_ways(cell):
    """A reverse stack on a window is the forward stack on the window turned round, states too."""
    place = {"learned_start": True}
    forward, reverse = _network(cell, **place), _network(cell, direction="reverse", **place)
    np.testing.assert_array_equal(forward.params.flat, reverse.params.flat)
    x, d = _x(), np.random.default_rng(2).standard_normal((O, B))
    np.testing.assert_allclose(reverse.forward(x[::-1]), forward.forward(x), rtol=1e-13)
    for network in (forward, reverse):
        network.backward(d)
    np.testing.assert_allclose(forward.gradients.flat, reverse.gradients.flat, rtol=1e-10)


@pytest.mark.parametrize("cell", ["lstm", "gru", "depth-gated", "fgr"])
def test_turning_the_window_exchanges_the_two_directions(cell):
    """A network that reads both ways, its sides exchanged, reads the window turned round."""
    one = _network(cell, direction="bidirectional")
    other = _network(cell, seed=9, direction="bidirectional")
    fed_back = one.layers[0].n_fed_back
    swap = np.r_[H : 2 * H, :H]
    for name, array in one.params.items():
        owner, _, own = name.partition(".")
        if owner == "head":
            other.params[name][...] = array[:, swap] if own == "W" else array
            continue
        mirrored = owner[:-1] if owner.endswith("r") else owner + "r"
        moved = array.copy()
        if own == "A" and not owner.startswith("layer0"):
            moved[:, fed_back:-1] = array[:, fed_back:-1][:, swap]
        other.params[f"{mirrored}.{own}"][...] = moved
    x = _x(steps=6)
    np.testing.assert_allclose(other.forward(x[::-1]), one.forward(x), rtol=1e-12)


@pytest.mark.parametrize("direction", ["forward", "reverse"])
@pytest.mark.parametrize("cell", CELLS.names())
def test_learned_starts_are_the_first_states(cell, direction):
    """Every sample starts from them: outputs are those of the layer given them as states."""
    network = _network(cell, layers=1, learned_start=True, direction=direction)
    (row,) = network.levels
    layer, p, owner = row[0].layer, row[0].p, row[0].name
    starts = {s: network.params[f"{owner}.start_{s}"] for s in layer.cell.states}
    x = _x()
    said = network.read_out(x).copy()
    initial = {s: np.repeat(start, B, axis=1) for s, start in starts.items()}
    h = layer.forward(p, x[:: -1 if direction == "reverse" else 1], initial)
    np.testing.assert_array_equal(said, h[-1])
    plain = _network(cell, layers=1, direction=direction)
    plain.params[f"{owner}.A"][...] = network.params[f"{owner}.A"]
    assert (plain.read_out(x) != said).any()
    network.initialise(np.random.default_rng(0), np.zeros(O))
    assert not any(start.any() for start in starts.values())


def test_learned_starts_are_learned():
    """Training moves them off zero, in every layer and direction, while the loss falls."""
    task = {"config": replace(CONFIG, epochs=4)}
    place = {"direction": "bidirectional", "learned_start": True}
    network = Network(Architecture("lstm", 2, 5, 2, 1, **place), dtype=np.float64)
    network.initialise(np.random.default_rng(0), np.zeros(1))
    history = train(network, LOSSES.get("mse"), **task)
    starts = [array for name, array in network.params.items() if ".start_" in name]
    assert len(starts) == 8
    assert all((start != 0).all() for start in starts)
    assert min(history.validation_loss) < history.validation_loss[0]


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("direction", ["forward", "bidirectional"])
def test_dropout_draws_one_mask_a_level_and_one_for_the_head(layers, direction):
    """Inputs, every level's outputs at every step, and what the head reads are dropped apart."""
    network = _network(layers=layers, dropout=0.5, direction=direction)
    width = H * len(network.architecture.flips)
    network.forward(_x(), np.random.default_rng(3))
    shapes = [(T, D, B)] + [(T, width, B)] * (layers - 1) + [(width, B)]
    assert [mask.shape for mask in network._masks] == shapes
    again = np.random.default_rng(3)
    for mask, shape in zip(network._masks, shapes, strict=True):
        np.testing.assert_array_equal(mask, (again.random(shape, np.float32) >= 0.5) * 2.0)
    network.forward(_x())
    assert network._masks == [None] * (layers + 1)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_dropout_is_as_frequent_and_as_independent_as_promised(rate):
    """The share dropped is the rate within five deviations, at each step and next to each other."""
    network, n = _network(layers=1, dropout=rate), 400
    ones = np.ones((30, D, n))
    dropped = network._dropped(ones, np.random.default_rng(5)) == 0
    bound = 5 * np.sqrt(rate * (1 - rate) / (D * n))
    np.testing.assert_allclose(dropped.mean(axis=(1, 2)), rate, atol=bound)
    both = (dropped[1:] & dropped[:-1]).mean()
    assert both == pytest.approx(rate**2, abs=5 * rate / np.sqrt(29 * D * n))
    kept = network._masks[-1][~dropped]
    np.testing.assert_allclose(kept, 1 / (1 - rate), rtol=1e-15)


def test_dropout_means_the_same_in_both_precisions():
    """The same generator drops the same entries, and each network keeps its own type."""
    masks = []
    for dtype in (np.float32, np.float64):
        network = _network(dropout=0.3, dtype=dtype)
        assert network.forward(_x().astype(dtype), np.random.default_rng(1)).dtype == dtype
        assert {mask.dtype for mask in network._masks} == {np.dtype(dtype)}
        masks.append([mask != 0 for mask in network._masks])
    for one, other in zip(*masks, strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_was_dropped_before_the_head_learns_nothing():
    """The head's gradient is that of what it read: zero for a unit dropped in every sample."""
    network = _network(dropout=0.5)
    top = network.read_out(_x(n=1), np.random.default_rng(2)).copy()
    d = np.array([[1.0], [-2.0]])
    network.backward(d)
    np.testing.assert_array_equal(network.gradients["head.W"], d @ top.T)
    assert (top == 0).any()
    assert (top != 0).any()
    np.testing.assert_array_equal(network.gradients["head.b"], d[:, 0])


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_network_reads_what_its_direction_reads_last(direction):
    """Forgetting all but the last step read, outputs depend on one end of the window or on both."""
    network = _network("rnn", layers=1, direction=direction)
    for one in network.levels[0]:
        one.p.U[...] = 0
    x = _x()
    said = network.read_out(x).copy()
    for t in range(T):
        moved = x.copy()
        moved[t] += 1
        heard = (network.read_out(moved) != said).any()
        read = {"forward": {T - 1}, "reverse": {0}, "bidirectional": {0, T - 1}}[direction]
        assert heard == (t in read)


def test_an_untrained_reservoir_gets_no_gradient():
    """Backward through a reservoir trains the head and leaves the rest at zero."""
    network = _network("esn")
    network.gradients.flat[:] = 7
    network.forward(_x())
    network.backward(np.ones((O, B)))
    for name, gradient in network.gradients.items():
        assert gradient.any() == name.startswith("head")
