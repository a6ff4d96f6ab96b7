"""What every cell of the registry holds to; each check's docstring is the rule."""

import numpy as np
import pytest

from lstmfin.engine import gradcheck, products
from lstmfin.engine.buffers import Noise
from lstmfin.engine.params import Params
from lstmfin.engine.probe import B, D, H, T, variant_id, variants_of
from lstmfin.engine.probe import Probe as Case
from lstmfin.registry import CELLS

VARIANTS = [variant for name in CELLS.names() for variant in variants_of(name)]


def _assert_gradients(case):
    checks = gradcheck.check_gradients(
        case.scalar,
        case.arrays(),
        case.gradients(),
        rng=np.random.default_rng(1),
        masks={} if case.mask is None else {"own.A": case.mask},
    )
    assert {check.name for check in checks} == set(case.arrays())
    wrong = [check for check in checks if not check.error < 1e-6]
    assert not wrong, wrong


def check_gradients(name):
    """Gradients of inputs, every weight and random initial states agree with differences."""
    _assert_gradients(Case(name))


def check_gradients_of_one_step(name):
    """So they do for a single step."""
    _assert_gradients(Case(name, T=1))


def check_gradients_of_one_sample(name):
    """So they do for a batch of one."""
    _assert_gradients(Case(name, B=1))


def check_gradients_of_one_step_of_one_sample(name):
    """So they do for a single step of a single sample."""
    _assert_gradients(Case(name, T=1, B=1))


def check_gradients_of_many_columns(name):
    """So they do where steps and batch are too many for one product, in folds of any size."""
    for steps, batch in ((47, 2), (7, 150), (3, 600)):
        _assert_gradients(Case(name, T=steps, B=batch))


def check_gradients_where_products_are_cut(name):
    """So they do where products go by blocks of rows, or by none, whatever the machine."""
    for small, tile in ((0, 4), (300, 1), (700, 2)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(products, "SMALL_PRODUCT", small)
            patch.setattr(products, "TILE", tile)
            for steps, batch in ((47, 2), (9, 40)):
                _assert_gradients(Case(name, T=steps, B=batch))


def check_gradients_under_noise(name):
    """So they do where what is fed back is dropped in part, and where states stay in part."""
    for steps, batch in ((4, 2), (1, 1), (9, 5)):
        case = Case(name, T=steps, B=batch)
        case.disturb()
        _assert_gradients(case)


def check_a_state_that_stays_is_the_state_before(name):
    """With a share of 1 nothing moves; with a share of 0 and a mask of ones nothing is disturbed."""
    case = Case(name)
    plain, _ = case.forward()
    n = case.layer.n_fed_back
    case.noise = Noise(np.ones((n, B)), dict.fromkeys(case.layer.cell.states, 0.0))
    np.testing.assert_allclose(case.forward()[0], plain, rtol=1e-14)
    case.noise = Noise(None, dict.fromkeys(case.layer.cell.states, 1.0))
    h, last = case.forward()
    for s, state in last.items():
        np.testing.assert_array_equal(state, case.initial[s])
    np.testing.assert_array_equal(h, np.broadcast_to(h[0], h.shape))


def check_models_side_by_side(name):
    """Models that share their calls have the bits that each has alone, forward and back."""
    for dtype, steps, batch in ((np.float32, T, B), (np.float64, 1, 1), (np.float32, 47, 30)):
        alone = [Case(name, dtype=dtype, T=steps, B=batch, seed=seed) for seed in range(3)]
        expected = [(case.forward(), case.gradients()) for case in alone]
        together = Case(name, dtype=dtype, T=steps, B=batch)
        shapes = together.layer.shapes()
        weights = Params({f"own.{k}": s for k, s in shapes.items()}, dtype, lead=(3,))
        grads = weights.like()
        for flat, case in zip(weights.flat, alone, strict=True):
            flat[:] = case.weights.flat
        together.p = together.bound(weights)
        for attribute, axis in (("x", 1), ("dh", 1)):
            setattr(
                together,
                attribute,
                np.stack([getattr(c, attribute) for c in alone], axis=axis),
            )
        for attribute, axis in (("initial", 0), ("dlast", 0), ("below", 1)):
            parts = [getattr(case, attribute) for case in alone]
            joined = {s: np.stack([part[s] for part in parts], axis=axis) for s in parts[0]}
            setattr(together, attribute, joined)
        h, last = together.forward()
        first = together.layer.cell.states[0]
        d = together.layer.backward(
            together.p, together.bound(grads), {first: together.dh}, dlast=together.dlast
        )
        for m, ((h_alone, last_alone), g) in enumerate(expected):
            np.testing.assert_array_equal(h[:, m], h_alone)
            np.testing.assert_array_equal(d.x[:, m], g["x"])
            for s, state in last_alone.items():
                np.testing.assert_array_equal(last[s][m], state)
                np.testing.assert_array_equal(d.initial[s][m], g[f"initial {s}"])
            for s, below in d.below.items():
                np.testing.assert_array_equal(below[:, m], g[f"below {s}"])
            for key, gradient in grads.items():
                np.testing.assert_array_equal(gradient[m], g[key], err_msg=key)


def check_gates_are_told(name):
    """The gates of a pass are those that gave its states, one array a letter."""
    case = Case(name)
    case.forward()
    gates = case.layer.gates()
    assert set(gates) == set(case.layer.cell.gates)
    assert all(gate.shape == (T, H, B) for gate in gates.values())
    if set("ifog") <= gates.keys() and name == ("lstm", {}):
        c, c_prev = case.layer.states()["c"], case.initial["c"]
        for t in range(T):
            c_prev = gates["f"][t] * c_prev + gates["i"][t] * gates["g"][t]
            np.testing.assert_allclose(c[t], c_prev, rtol=1e-14)


def check_gradients_from_the_last_states_alone(name):
    """Gradients that arrive at the last states only, or at the outputs only, are carried back."""
    case = Case(name)
    case.dh[:] = 0
    _assert_gradients(case)
    for s in case.dlast:
        case = Case(name)
        case.dh[:] = 0
        for other in case.dlast.keys() - {s}:
            case.dlast[other][:] = 0
        _assert_gradients(case)


def check_absent_gradients_are_zeros(name):
    """No gradient given is a gradient of zero, and what is given is left as it was."""
    case = Case(name)
    given = case.dh.copy(), {s: d.copy() for s, d in case.dlast.items()}
    case.gradients()
    np.testing.assert_array_equal(case.dh, given[0])
    for s, kept in given[1].items():
        np.testing.assert_array_equal(case.dlast[s], kept)
    case.dh[:] = 0
    for d in case.dlast.values():
        d[:] = 0
    case.forward()
    absent = case.weights.like()
    case.layer.backward(case.p, case.bound(absent), {})
    assert not absent.flat.any()


def check_gradients_are_added(name):
    """Gradients of weights are added to what is there."""
    case = Case(name)
    once = case.gradients()
    grads = case.weights.like()
    dp = case.bound(grads)
    for _ in range(2):
        case.forward()
        dstates = {case.layer.cell.states[0]: case.dh}
        case.layer.backward(case.p, dp, dstates, dlast=case.dlast)
    for weight in grads:
        np.testing.assert_allclose(grads[weight], 2 * once[weight], rtol=1e-13)


def check_inputs_gradient_on_demand(name):
    """Without the gradient of the inputs, all others are the same."""
    with_dx, without = Case(name).gradients(), Case(name).gradients(need_dx=False)
    assert with_dx.keys() - without.keys() == {"x"}
    for key, value in without.items():
        np.testing.assert_allclose(value, with_dx[key], rtol=1e-12, atol=1e-14)


def check_a_sequence_is_its_steps(name):
    """A sequence equals its steps, chained through the states."""
    case = Case(name)
    whole, last = case.forward()
    states, single = case.initial, Case(name, T=1)
    single.weights.flat[:] = case.weights.flat
    for t in range(T):
        single.start = t
        single.below = {s: value[t : t + 1] for s, value in case.below.items()}
        h, states = single.forward(case.x[t : t + 1], states)
        np.testing.assert_allclose(h[0], whole[t], rtol=1e-13, atol=1e-15)
    for s, value in states.items():
        np.testing.assert_allclose(value, last[s], rtol=1e-13, atol=1e-15)
    np.testing.assert_array_equal(whole[-1], last[case.layer.cell.states[0]])


def check_no_initial_state_is_zero(name):
    """Without initial states the sequence starts from zeros, also on used buffers."""
    case = Case(name)
    case.forward()
    zeros = {s: np.zeros((H, B)) for s in case.initial}
    expected, _ = case.forward(initial=zeros)
    case.forward()
    again = case.layer.forward(case.p, case.x, below=case.below)
    np.testing.assert_array_equal(again, expected)


def check_dirty_buffers(name):
    """What ran through the buffers before, be it NaN, leaves no trace: the bits are the same."""
    case = Case(name)
    outputs, last = case.forward()
    fresh = case.gradients()
    with np.errstate(all="ignore"):
        x, dh = case.x.copy(), case.dh.copy()
        case.x[:], case.dh[:] = np.nan, np.nan
        case.gradients()
        assert np.isnan(case.forward()[0]).all()
        case.x[:], case.dh[:] = x, dh
    for label, used in vars(case.layer._used).items():
        if isinstance(used, np.ndarray) and "stacked" not in label:  # they hold ones
            used[:] = np.nan
    again, last_again = case.forward()
    np.testing.assert_array_equal(again, outputs)
    for s, value in last.items():
        np.testing.assert_array_equal(last_again[s], value)
    for key, value in case.gradients().items():
        np.testing.assert_array_equal(value, fresh[key], err_msg=key)


def check_other_shapes_in_between(name):
    """A pass of another length or batch in between changes nothing."""
    case = Case(name)
    expected = case.gradients()
    longer = np.ones((T + 2, D, B + 3))
    case.layer.forward(case.p, longer)
    for key, value in case.gradients().items():
        np.testing.assert_array_equal(value, expected[key])


def check_batch_independence(name):
    """A sample alone gives what it gives in a batch, forward and backward."""
    case = Case(name, B=5)
    outputs, last = case.forward()
    grads = case.gradients()
    total = np.zeros_like(case.weights.flat)
    for b in range(5):
        one, column = Case(name, B=1), slice(b, b + 1)
        one.weights.flat[:] = case.weights.flat
        one.x, one.dh = case.x[..., column], case.dh[..., column]
        one.initial = {s: value[:, column] for s, value in case.initial.items()}
        one.dlast = {s: value[:, column] for s, value in case.dlast.items()}
        one.below = {s: value[..., column] for s, value in case.below.items()}
        h, last_one = one.forward()
        np.testing.assert_allclose(h, outputs[..., column], rtol=1e-12, atol=1e-12)
        for s, value in last_one.items():
            np.testing.assert_allclose(value, last[s][:, column], rtol=1e-12, atol=1e-12)
        alone = one.gradients()
        np.testing.assert_allclose(alone["x"], grads["x"][..., column], rtol=1e-12, atol=1e-12)
        total += np.concatenate([alone[weight].ravel() for weight in case.weights])
    together = np.concatenate([grads[weight].ravel() for weight in case.weights])
    np.testing.assert_allclose(total, together, rtol=1e-12, atol=1e-12)


def check_float32_stays_float32(name):
    """Single precision in, single precision out, near what double precision says."""
    single, double = Case(name, dtype=np.float32), Case(name)
    for kind in (single.forward()[0], *single.forward()[1].values(), *single.gradients().values()):
        assert kind.dtype == np.float32
    np.testing.assert_allclose(single.forward()[0], double.forward()[0], rtol=0, atol=1e-5)


def check_saturated_gates(name):
    """Inputs of a thousand saturate the gates; outputs and gradients stay finite."""
    for dtype in (np.float32, np.float64):
        case = Case(name, dtype=dtype)
        case.x *= 1000
        assert np.isfinite(case.forward()[0]).all()
        assert all(np.isfinite(value).all() for value in case.gradients().values())


def check_wrong_shapes_are_refused(name):
    """Another number of inputs, no step and no sample are refused."""
    case = Case(name)
    for shape in ((T, D + 1, B), (T, D - 1, B), (0, D, B), (T, D, 0)):
        with pytest.raises(ValueError, match=f"D must be {D}"):
            case.layer.forward(case.p, np.zeros(shape))


def check_weights_that_the_equations_have_not_get_no_gradient(name):
    """Where the mask is 0 the gradient is 0, so that no optimiser moves what must stay 0."""
    case = Case(name)
    gradient = case.gradients()["own.A"]
    present = np.ones_like(gradient) if case.mask is None else case.mask
    assert not gradient[present == 0].any()
    assert gradient[present == 1].any()


def check_first_weights(name):
    """U starts orthogonal gate by gate, W within Glorot's bounds, biases as the cell says."""
    case = Case(name)
    cell = case.layer.cell
    case.layer.initialise(case.p, np.random.default_rng(3))
    mask = cell.mask(H, D)
    if mask is not None:
        assert not case.p.A[mask == 0].any()
    if not cell.trained:
        return
    for number, gate in enumerate(cell.gates):
        rows = slice(number * H, (number + 1) * H)
        for start in range(0, case.p.U.shape[1], H):
            block = slice(start, start + H)
            if mask is None or mask[rows, block].all():
                U = case.p.U[rows, block]
                np.testing.assert_allclose(U @ U.T, np.eye(H), atol=1e-12)
        np.testing.assert_array_equal(case.p.b[rows], cell.gate_bias.get(gate, 0.0))
    assert np.abs(case.p.W).max() <= np.sqrt(6 / (D + H))
    assert np.abs(case.p.W).max() > 0.7 * np.sqrt(6 / (D + H))
    assert set(cell.gate_bias) <= set(cell.gates)


CHECKS = [check for label, check in list(globals().items()) if label.startswith("check_")]


@pytest.mark.parametrize(
    ("name", "check"),
    [
        pytest.param(one, check, id=f"{variant_id(one)}:{check.__name__.removeprefix('check_')}")
        for one in VARIANTS
        for check in CHECKS
    ],
)
def test_cell(name, check):
    """Every cell passes every check."""
    check(name)


def test_the_registry_has_the_cells_we_promise():
    """The family starts with the simple network and the LSTM, and remembers from the start."""
    assert {"rnn", "lstm"} <= set(CELLS.names())
    assert CELLS.get("lstm").gate_bias == {"f": 1.0}
