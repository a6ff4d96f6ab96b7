"""The file of a checkpoint: what it is bound to, and that training goes on from it bit by bit."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lstmfin.engine.checkpoint import State
from lstmfin.models.artifact import to_files
from lstmfin.models.checkpoint import CheckpointFile, checkpoints_of
from lstmfin.models.forecaster import Forecaster
from lstmfin.workspace import Workspace

STATE = State(
    {"weights": np.arange(6, dtype=np.float32), "order": np.arange(4)},
    {"step": 3, "rng": {"state": 2**127 + 1}, "rate": 0.1 + 0.2, "ended": False},
)


class Killed(BaseException):
    """Raised in the middle of training, as Ctrl-C is."""


def _fit(config, prices, checkpoint=None, *, stop=None):
    """Return the files of a forecaster, or None when it was killed at a step."""
    ticks = 0

    def tick():
        nonlocal ticks
        ticks += 1
        if ticks == stop:
            raise Killed

    forecaster = Forecaster(config)
    try:
        forecaster.fit(prices, tick=tick, checkpoint=checkpoint and checkpoint.__getitem__)
    except Killed:
        return None
    return to_files(forecaster)


@pytest.mark.parametrize(
    "options",
    [{}, {"optimiser": "sgd", "ema": 0.9, "schedule": "plateau"}, {"members": 3, "epochs": 2}],
)
def test_a_training_that_was_killed_ends_with_the_same_bytes(series, small, tmp_path, options):
    """Killed at three steps and taken up each time by another forecaster: the same model file."""
    config, prices = small.evolve(**{"epochs": 4, "patience": 4, "batch": 16} | options), series()
    for stops in ((1, 9, 2), (20, 1, 4)):
        for stop in (*stops, None):
            checkpoint = checkpoints_of(
                Workspace(tmp_path), Forecaster(config), prices, resume=True
            )
            files = _fit(config, prices, checkpoint, stop=stop)
            assert (files is None) == (stop is not None)
            assert checkpoint[0].path.is_file()
        assert files == _fit(config, prices)
        assert checkpoint.n_done > sum(stops)
        checkpoint.remove()
        assert not any(file.path.exists() for file in checkpoint)


def test_a_checkpoint_is_bound_to_all_that_the_run_depends_on(series, small, tmp_path):
    """Another price, symbol, option or stream is another run; the flag to resume is not."""
    prices, workspace = series(), Workspace(tmp_path)
    changed = replace(prices, bars=prices.bars.assign(volume=prices.bars["volume"] + 1))

    def key(config=small, prices=prices, names=()):
        forecaster = Forecaster(config, stream_names=names)
        return checkpoints_of(workspace, forecaster, prices, resume=True)[-1].key

    keys = [
        key(),
        key(small.evolve(seed=1)),
        key(small.evolve(ema=0.5)),
        key(prices=changed),
        key(prices=replace(prices, symbol="OTHER")),
        key(names=("fold 1",)),
        key(small.evolve(members=2)),
        key(small.evolve(panel=True)),
    ]
    assert len(set(keys)) == len(keys)
    assert key(small.evolve(resume=True)) == key()
    three = Forecaster(small.evolve(members=3))
    files = checkpoints_of(workspace, three, prices, resume=True)
    assert len({file.key for file in files}) == len({file.path for file in files}) == 3
    CheckpointFile(tmp_path / "c.npz", keys[0]).save(STATE)
    assert CheckpointFile(tmp_path / "c.npz", keys[0]).load() is not None
    for other in keys[1:]:
        file = CheckpointFile(tmp_path / "c.npz", other)
        assert (file.load(), file.n_done) == (None, 0)


def test_a_state_comes_back_as_it_was(tmp_path):
    """Arrays with their types, numbers with all their digits, and how far it had come."""
    CheckpointFile(tmp_path / "c.npz", "key").save(STATE)
    file = CheckpointFile(tmp_path / "c.npz", "key")
    state = file.load()
    assert state.values == STATE.values
    assert state.arrays.keys() == STATE.arrays.keys()
    for name, array in STATE.arrays.items():
        np.testing.assert_array_equal(state.arrays[name], array, strict=True)
    assert file.n_done == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.npz"]


def test_nothing_is_gone_on_from_unasked(tmp_path):
    """Without ``resume`` and without a file there is no state."""
    CheckpointFile(tmp_path / "c.npz", "key").save(STATE)
    assert CheckpointFile(tmp_path / "c.npz", "key", resume=False).load() is None
    assert CheckpointFile(tmp_path / "none.npz", "key").load() is None
    CheckpointFile(tmp_path / "none.npz", "key").remove()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(position=st.integers(0, 10_000), flip=st.integers(1, 255), cut=st.booleans())
def test_a_damaged_file_is_no_checkpoint(tmp_path, position, flip, cut):
    """Cut short or with a byte changed it is left alone, or it is the state; never another one."""
    file = CheckpointFile(tmp_path / "c.npz", "key")
    file.save(STATE)
    content = bytearray(file.path.read_bytes())
    position %= len(content)
    if cut:
        del content[position:]
    else:
        content[position] ^= flip
    file.path.write_bytes(content)
    state = file.load()
    assert state is None or (
        state.values == STATE.values
        and all((state.arrays[name] == array).all() for name, array in STATE.arrays.items())
    )
    assert state is None or not cut


def test_no_pickle_is_opened(tmp_path):
    """A file that holds an object is no checkpoint."""
    np.savez(tmp_path / "c.npz", values=np.array([{"key": "key"}], dtype=object))
    assert CheckpointFile(tmp_path / "c.npz", "key").load() is None


def test_an_archive_that_unpacks_to_more_than_it_is_long(tmp_path):
    """Was not written here, and is no checkpoint; nothing of it is unpacked."""
    file = CheckpointFile(tmp_path / "c.npz", "key")
    file.save(STATE)
    with np.load(file.path) as archive:
        np.savez_compressed(file.path.with_name("packed.npz"), **archive)
    assert file.load() is not None
    file.path.with_name("packed.npz").replace(file.path)
    assert file.load() is None
