"""The weights of PyTorch and of ONNX in our layers: who gives which row to which gate.

Shapes: T steps, B batch, D inputs, H hidden units, L layers.
"""

import numpy as np

from lstmfin.engine.architecture import Architecture
from lstmfin.engine.network import Network
from lstmfin.engine.params import Params
from lstmfin.engine.recurrent import Recurrent
from lstmfin.registry import CELLS

TORCH = {"rnn": ("h", "h"), "lstm": ("ifgo", "ifgo"), "gru": ("rzn", "rzm")}
"""Gates in the order of torch's rows: of ``weight_ih``, and of ``weight_hh``."""

ONNX = {"RNN": ("h", "h"), "LSTM": ("iofg", "iofg"), "GRU": ("zrn", "zrm")}
"""The same of W and of R; the GRU's candidate has one gate if its reset comes before."""


def layer_of(cell, n_inputs, n_hidden, *, dtype=np.float64, **options):
    """Return a layer, its weights (zeros), and a place for their gradients."""
    layer = Recurrent(CELLS.get(cell)(**options), n_inputs, n_hidden)
    params = Params({f"a.{key}": shape for key, shape in layer.shapes().items()}, dtype)
    gradients = params.like()
    return layer, layer.bind(params.owned_by("a")), layer.bind(gradients.owned_by("a"))


def rows_of(layer, gate):
    """Return the rows of a gate."""
    return slice(*(layer.n_hidden * (layer.cell.gates.index(gate) + k) for k in (0, 1)))


def put(layer, p, orders, W, U, b_inputs, b_states):
    """Set our weights from blocks of rows in another's order; gates that we have not are left out."""
    H = layer.n_hidden
    for order, into, weight, bias in zip(
        orders, (p.W, p.U), (W, U), (b_inputs, b_states), strict=True
    ):
        for number, gate in enumerate(order):
            if gate in layer.cell.gates:
                theirs = slice(number * H, (number + 1) * H)
                into[rows_of(layer, gate)] = weight[theirs]
                p.b[rows_of(layer, gate)] += bias[theirs]


def taken(layer, array, order):
    """Return our rows in another's order."""
    return np.concatenate([array[rows_of(layer, gate)] for gate in order])


def torch_differences(found, cell, **options):
    """Return the largest difference from torch's outputs, and from its gradients.

    ``found`` has torch's names: ``x dx y dy`` (T, B, ·), ``h0 dh0 hn dhn`` (L, B, H), ``c`` likewise,
    ``weight_ih_l0`` and so on with their gradients ``dweight_ih_l0``.
    """
    orders, depth, H = TORCH[cell], *found["h0"].shape[::2]
    layers, h, outputs, gradients = [], found["x"].transpose(0, 2, 1), {}, {}
    for k in range(depth):
        layer, p, dp = layer_of(cell, h.shape[1], H, **options)
        names = [f"{name}_l{k}" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        put(layer, p, orders, *(found[name] for name in names))
        h = layer.forward(p, h, {s: found[f"{s}0"][k].T for s in layer.cell.states})
        for s, last in layer.last_states().items():
            outputs[f"{s}n of layer {k}"] = last - found[f"{s}n"][k].T
        layers.append((layer, p, dp, names))
    outputs["y"] = h - found["y"].transpose(0, 2, 1)
    d = found["dy"].transpose(0, 2, 1)
    for k, (layer, p, dp, names) in reversed(list(enumerate(layers))):
        dlast = {s: found[f"d{s}n"][k].T for s in layer.cell.states}
        d, dinitial, *_ = layer.backward(p, dp, {"h": d}, dlast=dlast)
        for s, value in dinitial.items():
            gradients[f"d{s}0 of layer {k}"] = value - found[f"d{s}0"][k].T
        for name, array, order in zip(
            names, (dp.W, dp.U, dp.b, dp.b), (*orders, *orders), strict=True
        ):
            gradients[name] = taken(layer, array, order) - found[f"d{name}"]
    gradients["dx"] = d - found["dx"].transpose(0, 2, 1)
    return _largest(outputs), _largest(gradients)


def torch_network_differences(found, cell, *, depth, bidirectional, **options):
    """Return the largest difference from torch's outputs after each step, and from its gradients.

    ``found`` is what ``by_torch.network`` returns.
    """
    orders, D, H = TORCH[cell], found["x"].shape[2], found["weight_hh_l0"].shape[1]
    place = Architecture(
        cell, D, H, depth, found["y"].shape[2], tuple(options.items()),
        direction="bidirectional" if bidirectional else "forward",
    )  # fmt: skip
    network = Network(place, dtype=np.float64)
    for one in (one for level in network.levels for one in level):
        put(one.layer, one.p, orders, *(found[name] for name in _names(one)))
    network.params["head.W"][...] = found["head.weight"]
    network.params["head.b"][...] = found["head.bias"]
    y = network.forward(found["x"].transpose(0, 2, 1), every_step=True)
    network.backward(np.ascontiguousarray(found["dy"].transpose(0, 2, 1)))
    gradients = {
        "head.W": network.gradients["head.W"] - found["dhead.weight"],
        "head.b": network.gradients["head.b"] - found["dhead.bias"],
    }
    for one in (one for level in network.levels for one in level):
        arrays = (one.dp.W, one.dp.U, one.dp.b, one.dp.b)
        for name, array, order in zip(_names(one), arrays, (*orders, *orders), strict=True):
            gradients[name] = taken(one.layer, array, order) - found[f"d{name}"]
    return _largest({"y": y - found["y"].transpose(0, 2, 1)}), _largest(gradients)


def _names(one):
    """Return torch's names of the weights of a layer in its place."""
    number, reverse = one.name.removeprefix("layer").removesuffix("r"), one.name.endswith("r")
    suffix = f"_l{number}{'_reverse' * reverse}"
    return [f"{name}{suffix}" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]


def _largest(differences):
    return max(float(np.abs(value).max()) for value in differences.values())


def by_our_layers(op, attributes, inputs, *, dtype=np.float32):
    """Return the outputs Y, Y_h, Y_c of an ONNX node, by our layers; a reverse one reads backwards.

    ``inputs`` are named as in the operator's description: X (T, B, D), W, R, B, P, initial_h,
    initial_c. Of the attributes ``direction``, ``layout``, ``input_forget``, ``linear_before_reset``
    and ``activations`` are heeded.
    """
    inputs = dict(inputs)
    if batchwise := attributes.get("layout", 0):
        inputs["X"] = inputs["X"].swapaxes(0, 1)
    cell, options, orders = _ours(op, attributes, inputs)
    X, n_directions, H = inputs["X"], len(inputs["R"]), inputs["R"].shape[2]
    Y, last = [], {"h": [], "c": []}
    for k in range(n_directions):
        is_reverse = attributes.get("direction") == "reverse" or k == 1
        layer, p, _ = layer_of(cell, X.shape[2], H, dtype=dtype, **options)
        B = inputs.get("B", np.zeros((n_directions, 2 * len(orders[0]) * H)))[k]
        put(layer, p, orders, inputs["W"][k], inputs["R"][k], *np.split(B, 2))
        for gate, peephole in zip(
            "iof", np.split(inputs.get("P", np.zeros((2, 3 * H)))[k], 3), strict=True
        ):
            if gate in getattr(layer.cell, "peepholes", ""):
                getattr(p, f"p_{gate}")[:, 0] = peephole
        initial = {
            s: inputs[f"initial_{s}"][k].T
            if f"initial_{s}" in inputs
            else np.zeros((H, X.shape[1]))
            for s in layer.cell.states
        }
        x = X[::-1] if is_reverse else X
        h = layer.forward(p, x.transpose(0, 2, 1).astype(dtype), initial).transpose(0, 2, 1)
        Y.append(h[::-1] if is_reverse else h)
        for s, value in layer.last_states().items():
            last[s].append(value.T)
    outputs = {"Y": np.stack(Y, axis=1)}
    outputs |= {f"Y_{s}": np.stack(values) for s, values in last.items() if values}
    if batchwise:
        outputs = {name: np.moveaxis(value, -2, 0) for name, value in outputs.items()}
    return outputs


def _ours(op, attributes, inputs):
    """Return our cell for an ONNX node, its options, and the orders of rows."""
    orders, sees = ONNX[op], "P" in inputs
    if op == "LSTM" and attributes.get("input_forget", 0):
        return "coupled", {"peepholes": "io" if sees else ""}, orders
    if op == "LSTM":
        return "peephole" if sees else "lstm", {}, orders
    if op == "GRU" and not attributes.get("linear_before_reset", 0):
        return "gru", {"reset": "before"}, ("zrn", "zrn")
    if op == "GRU":
        return "gru", {"reset": "after"}, orders
    activations = attributes.get("activations", ["Tanh"])
    return "rnn", {"activation": activations[0].lower()}, orders
