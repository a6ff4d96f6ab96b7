"""The spread over seeds: each member scored alone, none of them chosen."""

from dataclasses import asdict, replace

import numpy as np
import pytest

from lstmfin.backtest.record import load_record, make_record, save_record
from lstmfin.backtest.scores import score
from lstmfin.backtest.seeds import seeds_of
from lstmfin.backtest.walkforward import BUY_AND_HOLD
from lstmfin.config import TrainConfig
from lstmfin.metrics.distribution import StudentT
from lstmfin.metrics.mixture import Mixture
from lstmfin.workspace import Workspace

NETWORK = TrainConfig(hidden=2, window=5, horizon=2, epochs=1, batch=64, features=("log-return",))


def _law(location, scale=0.01):
    return StudentT(np.reshape(location, (-1, 1)), np.full((len(location), 1), scale))


@pytest.fixture
def three(handmade):
    """A result of three members: one that knows the truth, one against it, one without a view."""
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 0.01, 200)
    result = handmade(truth, truth)
    members = [_law(truth), _law(-truth), _law(np.zeros(200))]
    signs = np.stack([np.sign(law.location[:, 0]) for law in members], axis=1)
    return replace(
        result,
        laws=result.laws | {"lstm": Mixture(members)},
        seed_laws=tuple(members),
        seed_positions=signs,
        realised_variance=truth**2 + 1e-8,
        seed_variance=np.tile([1e-4, 4e-4, 1e-4], (200, 1)),
        variance={"drift": np.full(200, 2e-4)},
    )


def test_each_member_is_scored_as_if_alone(three):
    """A member's scores are those of a backtest of it alone."""
    seeds = seeds_of(three)
    assert seeds.n == 3
    for number, law in enumerate(three.laws["lstm"].members):
        alone = replace(
            three,
            laws=three.laws | {"lstm": law},
            positions=three.positions | {"lstm": three.seed_positions[:, number]},
            variance=three.variance | {"lstm": three.seed_variance[:, number]},
            seed_positions=None,
        )
        own = score(alone)[0]
        assert seeds.scores["crps_skill"][number] == pytest.approx(own.crps_skill, abs=1e-12)
        assert seeds.scores["qlike"][number] == pytest.approx(own.qlike, rel=1e-12)
        assert seeds.scores["sharpe"][number] == pytest.approx(own.sharpe or 0.0, rel=1e-12)
        assert seeds_of(alone) is None


def test_spread_and_shares(three):
    """Least, median and most are of all members; a share counts those that are strictly better."""
    seeds = seeds_of(three)
    for name, values in seeds.scores.items():
        assert list(seeds.spread[name].values()) == pytest.approx(sorted(values))
    assert seeds.scores["sharpe"][2] == 0.0
    assert seeds.beats["crps_skill"]["zero-return"] == pytest.approx(1 / 3)
    assert seeds.beats["qlike"] == {"drift": pytest.approx(2 / 3), "zero-return": 0.0} | {
        "zero-return": seeds.beats["qlike"]["zero-return"]
    }
    assert seeds.beats["sharpe"]["zero-return"] == pytest.approx(1 / 3)
    assert set(seeds.beats["sharpe"]) == {"drift", "zero-return", BUY_AND_HOLD}


def test_without_a_realised_variance_qlike_is_not_known(three):
    """It is told as nothing, not as 0 %."""
    seeds = seeds_of(replace(three, realised_variance=None))
    assert seeds.scores["qlike"] == [None] * 3
    assert set(seeds.beats["qlike"].values()) == {None}
    assert set(seeds.spread["qlike"].values()) == {None}


def test_a_backtest_of_many_members_tells_of_each(prices, run, tmp_path):
    """Members keep their laws, positions and variances over the folds, and come back from disk."""
    result = run(prices, network=replace(NETWORK, members=3))
    n = len(result.sessions)
    assert result.seed_positions.shape == result.seed_variance.shape == (n, 3)
    for number, law in enumerate(result.laws["lstm"].base.members):
        np.testing.assert_allclose(result.seed_variance[:, number], law[:, 0].std ** 2, rtol=1e-12)
    assert len({tuple(column) for column in result.seed_variance.T}) == 3
    record = make_record(result, source="", digest="", settings={})
    assert record.seeds.n == 3
    save_record(Workspace(tmp_path), record)
    assert asdict(load_record(Workspace(tmp_path), "GARCH")) == asdict(record)


def test_one_member_is_no_spread(result):
    """A single network has none, and says none."""
    assert seeds_of(result) is None
    assert make_record(result, source="", digest="", settings={}).seeds is None
