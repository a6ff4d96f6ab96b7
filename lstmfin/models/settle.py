"""What is fitted around a network's training: where it starts, and what its loss does not train.

Shapes: N windows, H horizons.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lstmfin.data.target import Quantity
from lstmfin.engine.loss import Law as Answer
from lstmfin.engine.loss import Loss
from lstmfin.engine.losses.student_t import LEAST_DOF
from lstmfin.engine.params import Array
from lstmfin.errors import DataError
from lstmfin.metrics.distribution import StudentT
from lstmfin.metrics.fit import MIN_DOF
from lstmfin.models.laws import Floats, Spread, fit_spread
from lstmfin.models.member import Member
from lstmfin.models.model import Indices
from lstmfin.models.samples import Samples
from lstmfin.models.shrinkage import LEAST_SPANS, shrinkage
from lstmfin.models.view import LEAST_WINDOWS

ERRORS_A_STEP = 10
"""Validation errors for each session of the horizon, to fit the width of a range to."""

MEDIANS_AT_ONCE = 4096
"""Windows of which all that is said is held at once."""

LEAST_SCALE = 1e-3
"""A predicted scale below this, in units of the target, is a range of no width."""


def spread_of(errors: NDArray[np.floating], *, symbol: str) -> Spread:
    """Return ``fit_spread`` of errors (N, H); its errors name the symbol."""
    try:
        return fit_spread(errors)
    except DataError as error:
        raise DataError(f"{symbol}: {error}") from error


def start_outputs(
    quantity: Quantity, loss: Loss, training: Samples, naive: Spread, *, symbol: str
) -> Array:
    """Return the outputs (P, H) of a network that says the same of all: what the targets were.

    Returns start from the naive law, chances from how often prices rose, and log variances from the
    mean of the variance or that of its logarithm, whichever the loss likes better.
    """
    if quantity is Quantity.RETURN:
        return loss.outputs_for(np.zeros_like(naive[0]), *naive)
    target = training.target - training.said(training.rows)
    if quantity is Quantity.CHANCE:
        rises = np.clip(target.mean(axis=0), 1e-3, 1 - 1e-3)
        return loss.outputs_for(StudentT(0.0, *naive).quantile(rises), *naive)
    centres = (target.mean(axis=0), np.log(np.exp(target).mean(axis=0)))
    starts = [loss.outputs_for(one, *spread_of(target - one, symbol=symbol)) for one in centres]
    return min(starts, key=lambda one: float(loss.value(one[..., None], target.T).mean()))


def with_linear(training: Samples, validation_rows: Indices) -> Samples:
    """Return training samples with a linear part, of the horizons that a block says something of.

    Beyond a tenth of the validation block's sessions there is none: windows that far ahead are many
    on paper, and a handful of observations.
    """
    H = training.windows.target.shape[1]
    n_sessions = len(np.unique(training.windows.sessions[validation_rows]))
    return training.with_linear(np.arange(1, H + 1) * LEAST_SPANS <= n_sessions)


def settle(
    member: Member,
    quantity: Quantity,
    loss: Loss,
    *,
    training: Samples,
    validation: Samples,
    returns: NDArray[np.floating],
    naive: Spread,
    symbol: str,
) -> list[str]:
    """Fit what the loss does not train, and return what ended at a bound, in words.

    Errors are those on the validation block; where they are few, those on the training block for a
    variance, and the naive spread for a location.

    Parameters
    ----------
    returns : ndarray (N, H)
        Of all windows, in σ √h.
    """
    answer = validation.answers(member.network, loss)
    enough = len(validation) >= max(LEAST_WINDOWS, ERRORS_A_STEP * answer.location.shape[1])
    if quantity is Quantity.LOG_VARIANCE:
        judged = validation if enough else training
        answer = answer if enough else training.answers(member.network, loss)
        is_mean = loss.targets == {"volatility"}  # a loss of variances says their mean itself
        off = np.exp(judged.target - answer.location).mean(axis=0)
        member.level = np.ones_like(off) if is_mean else off
        width = np.sqrt(np.exp(answer.location) * member.level)
        member.residual = spread_of(returns[judged.rows] / width, symbol=symbol)
    elif quantity is Quantity.RETURN and not answer.has_spread:
        errors = validation.target - answer.location
        member.residual = spread_of(errors, symbol=symbol) if enough else naive
    return [f"{symbol}: {text}" for text in _bounds_reached(member, answer)]


def believed(
    members: Sequence[Member],
    quantity: Quantity,
    loss: Loss,
    *,
    validation: Samples,
    returns: NDArray[np.floating],
    naive: Spread,
) -> Floats:
    """Return the share of the medians to keep, (H,), as far as the validation block shows it.

    Where the target is no return there is no median to shrink. Medians and returns are in units of
    volatility, so that no series and no time outweighs the others.

    Parameters
    ----------
    returns : ndarray (N, H)
        Of all windows, in σ √h.
    """
    H = returns.shape[1]
    if quantity is not Quantity.RETURN:
        return np.ones(H)
    rows = validation.rows
    sessions = validation.windows.sessions[rows]
    most = min(H, len(np.unique(sessions)) // LEAST_SPANS)  # beyond, a block says nothing
    if most == 0:
        return np.zeros(H)
    medians = np.zeros((len(rows), most))
    for first in range(0, len(rows), MEDIANS_AT_ONCE):
        at = slice(first, first + MEDIANS_AT_ONCE)
        part = replace(validation, rows=rows[at])
        for member in members:
            answer = part.answers(member.network, loss)
            law = member.law(quantity, answer, np.ones(len(part)), naive)[:, :most]
            medians[at] += law.median / np.sqrt(np.arange(1, most + 1)) / len(members)
    realised = returns[rows, :most].astype(np.float64)
    share = shrinkage(medians, realised, sessions=sessions)
    return np.asarray(np.r_[share, np.zeros(H - most)])


def _bounds_reached(member: Member, answer: Answer) -> list[str]:
    found = []
    if answer.dof is not None and np.mean(answer.dof < LEAST_DOF + 0.01) > 0.5:
        found.append(f"most predicted degrees of freedom are at their bound, {LEAST_DOF}")
    if answer.scale is not None and answer.scale.min() < LEAST_SCALE:
        found.append("a predicted range has next to no width")
    if member.residual is not None and (member.residual[1] <= MIN_DOF).any():
        found.append(
            f"the tails of the errors are at their bound, {MIN_DOF} degrees of freedom: a few "
            "sessions outweigh all others"
        )
    return found
