"""Scales as networks say them: by their logarithm, within bounds."""

import numpy as np

from lstmfin.engine.params import Array

LOG_SCALE_BOUND = 8.0
"""Scales stay within e^±8 of the target's unit: no network can make a range of zero or no end."""


def scale_of(log_scale: Array) -> Array:
    """Return the scale that an output stands for."""
    return np.asarray(np.exp(np.clip(log_scale, -LOG_SCALE_BOUND, LOG_SCALE_BOUND)))


def log_scale_of(scale: Array) -> Array:
    """Return the output that stands for a scale."""
    return np.asarray(np.clip(np.log(scale), -LOG_SCALE_BOUND, LOG_SCALE_BOUND))


def within(log_scale: Array) -> Array:
    """Return where an output is within the bounds, and so has a slope."""
    return np.asarray(np.abs(log_scale) < LOG_SCALE_BOUND)
