"""A run by itself: which weights it answers with, and which it keeps."""

from dataclasses import replace

import numpy as np
import pytest
from toy_task import CONFIG, make_network

from lstmfin.engine.run import Run


def _run(**changes):
    network = make_network(seed=1)
    config = replace(CONFIG, weight_decay=None, **changes)
    run = Run(network, config, np.random.default_rng(0), n_samples=64, n_steps=40)
    run.history.validation_loss.append(1.0)
    return run


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_weights_that_are_not_finite_are_never_kept(value):
    """Squashing may hide them from the loss; however small it is, they are not the best."""
    run = _run()
    first = run.best.copy()
    run.weights[3] = value
    run.close_epoch(0.1)
    assert run.history.best_epoch == 0
    np.testing.assert_array_equal(run.best, first)


def test_the_average_is_over_the_answers_of_the_optimiser():
    """Where an optimiser averages by itself, the moving average is over its averages."""
    run, answers = _run(optimiser="schedule-free", ema=0.5), []
    for k in range(3):
        run.gradient[:] = np.cos(np.arange(run.gradient.size) + k)
        run.take_step(1.0, 16)
        answers.append(run.optimiser.answer().copy())
    assert (answers[2] != run.weights).any()
    expected = (answers[0] + 2 * answers[1] + 4 * answers[2]) / 7
    trained = run.weights.copy()
    with run.answering():
        np.testing.assert_allclose(run.weights, expected, rtol=1e-12)
    np.testing.assert_array_equal(run.weights, trained)


def test_before_the_first_step_the_answer_is_what_there_is():
    """Neither an average of nothing nor zeros: the first weights."""
    for changes in ({}, {"ema": 0.9}, {"optimiser": "schedule-free"}):
        run = _run(**changes)
        first = run.weights.copy()
        with run.answering():
            np.testing.assert_array_equal(run.weights, first)
