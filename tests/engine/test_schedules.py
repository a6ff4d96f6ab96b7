"""The course of the learning rate."""

from dataclasses import fields

import numpy as np
import pytest

from lstmfin.config import TrainConfig
from lstmfin.engine.schedules import SCHEDULES, WARM_UP, Cosine, Plateau


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_stay_within_bounds(name):
    """Shares of the peak lie in [0, 1], reach 1, and never rise after the warm-up."""
    progress, schedule = np.linspace(0, 1, 2001), SCHEDULES[name]()
    shares = np.array([schedule.share(p) for p in progress])
    assert (shares >= 0).all()
    assert shares.max() == pytest.approx(1, abs=1e-6)
    assert (np.diff(shares[progress >= WARM_UP]) <= 0).all()
    assert (np.diff(shares[progress < WARM_UP]) >= 0).all()


@pytest.mark.parametrize("name", sorted(set(SCHEDULES) - {"plateau"}))
def test_only_the_plateau_looks_at_the_loss(name):
    """The others are functions of the progress alone."""
    schedule = SCHEDULES[name](patience=1)
    for _ in range(9):
        schedule.after_epoch(improved=False)
    assert schedule.share(0.3) == SCHEDULES[name](patience=1).share(0.3)


def test_cosine_table():
    """From 0 up to 1 in a twentieth of the run, ½ in the middle of the rest, 0 at the end."""
    table = {0: 0.0, 0.025: 0.5, 0.05: 1.0, 0.525: 0.5, 1: 0.0}
    for progress, share in table.items():
        assert Cosine().share(progress) == pytest.approx(share, abs=1e-12)


def test_plateau_table():
    """Half after two epochs in a row without improvement, a quarter after two more; none between."""
    schedule = Plateau(patience=2)
    shares = []
    for improved in (1, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0):
        schedule.after_epoch(improved=bool(improved))
        shares.append(schedule.share(0.5))
    assert shares == [1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.25, 0.125]


def test_every_schedule_can_be_chosen():
    """The choices of the configuration are the schedules there are."""
    spec = next(spec for spec in fields(TrainConfig) if spec.name == "schedule")
    assert set(spec.metadata["choices"]) == set(SCHEDULES)
