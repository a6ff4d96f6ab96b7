"""The head in closed form: ridge regression on what the recurrent layers say.

Shapes: N windows, H hidden units, Y targets (horizons), P parameters of the law.
"""

from collections.abc import Callable

import numpy as np

from lstmfin.engine.network import Network
from lstmfin.engine.params import Array

PENALTIES = tuple(10.0**k for k in range(-4, 7))
"""Tried on the validation block, in units of the mean square of a reservoir state."""


def solve_head(
    network: Network, states: Array, targets: Array, *, validation_loss: Callable[[], float]
) -> float:
    """Set the weights of the location by ridge regression (Hoerl & Kennard 1970, eq. 2.1).

    The penalty is the one of ``PENALTIES`` with the least loss on the validation block; where none
    is better than the head as it was, it stays as it was.

    Parameters
    ----------
    states : ndarray (N, H)
        What the head reads, for each training window.
    targets : ndarray (N, Y)
        Their targets.
    validation_loss : callable
        The loss of the network as it is, on the validation block.

    Returns
    -------
    float
        The least validation loss.
    """
    n_targets = targets.shape[1]
    W, b = network.params["head.W"][:n_targets], network.params["head.b"][:n_targets]
    best_W, best_b, best = W.copy(), b.copy(), validation_loss()
    mean_state, mean_target = states.mean(axis=0), targets.mean(axis=0)
    centred = (states - mean_state).astype(np.float64)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    projected = vectors.T @ (centred.T @ (targets - mean_target) / len(centred))
    unit = max(float(values.mean()), np.finfo(np.float64).tiny)  # states may all be the same
    for penalty in PENALTIES:
        shrunk = projected / (np.maximum(values, 0) + penalty * unit)[:, None]
        W[...] = (vectors @ shrunk).T
        b[...] = mean_target - W @ mean_state
        loss = validation_loss()
        if loss < best:
            best_W, best_b, best = W.copy(), b.copy(), loss
    W[...], b[...] = best_W, best_b
    return best
