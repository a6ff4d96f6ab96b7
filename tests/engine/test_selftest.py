"""The proof that users run."""

import pytest

from lstmfin.engine import network
from lstmfin.engine.cells.lstm import LSTM
from lstmfin.engine.losses.mse import MeanSquared
from lstmfin.engine.selftest import OPTIONS, SIGNAL_PENALTY, everything, proofs_of
from lstmfin.registry import CELLS, LOSSES


def run(cells=(), losses=(), options=()):
    return [proof() for proof in proofs_of(cells, losses, options)]


def test_sound_gradients_pass():
    """Each variant of a cell, and a loss, is one finding, and right."""
    found = run(["gru", "lstm1997"], ["student-t"])
    assert [one.kind for one in found] == ["cell", "cell", "cell", "loss"]
    assert [one.name for one in found][:2] == ["gru", "gru(reset=before)"]
    assert all(one.ok and one.error < 1e-6 and one.n_checks >= 20 for one in found)


def test_everything_is_tested():
    """Without a choice, every variant of every cell and every loss is tested."""
    n_variants = sum(len(CELLS.get(name).variants) for name in CELLS.names())
    assert len(everything()) == n_variants + len(LOSSES.names()) + len(OPTIONS) + 1


@pytest.mark.parametrize("option", [*OPTIONS, SIGNAL_PENALTY])
def test_options_are_sound(option):
    """Every option of a network has the right gradients with every cell."""
    (found,) = run(options=[option])
    assert (found.kind, found.name) == ("option", option)
    assert found.ok
    assert found.n_checks >= 10


def test_a_wrong_mask_is_found(monkeypatch):
    """A mask that backward forgets is found."""
    monkeypatch.setattr(network, "_masked", lambda gradient, _mask: gradient)
    assert not run(options=["dropout"])[0].ok


@pytest.mark.parametrize("part", ["dz", "c"])
def test_a_wrong_sign_is_found(monkeypatch, part):
    """A step_backward with one sign turned, of a gate or of a state, fails."""
    right = LSTM.step_backward

    def wrong(self, p, t, d):
        right(self, p, t, d)
        if part == "dz":
            t.dz[2] *= -1
        else:
            d.c *= -1

    assert run(["lstm"])[0].ok
    monkeypatch.setattr(LSTM, "step_backward", wrong)
    assert not run(["lstm"])[0].ok


def test_a_wrong_loss_is_found(monkeypatch):
    """So does a loss whose gradient is twice what it should be, or not a number."""
    for factor in (2.0, float("nan")):
        monkeypatch.setattr(
            MeanSquared, "gradient", lambda _, outputs, target, k=factor: k * (outputs - target)
        )
        assert not run([], ["mse"])[0].ok
