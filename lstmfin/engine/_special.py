"""The two special functions that a likelihood needs, for arguments above zero.

Both step up to x ≥ 10 by their recurrences and take Stirling's series there (Abramowitz & Stegun
1964, 6.1.40 and 6.3.18): absolute error below 1e-13.
"""

import numpy as np

from lstmfin.engine.params import Array

STEPS = 10
"""From x + 10 on, five terms of the series reach the last digits of float64."""


def log_gamma(x: Array) -> Array:
    """Return log Γ(x) for x > 0, elementwise."""
    x = np.asarray(x, np.float64)
    product = np.ones_like(x)
    for k in range(STEPS):
        product *= x + k
    y = x + STEPS
    w = 1 / y**2
    series = (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w / 1188)))) / y
    return np.asarray(
        (y - 0.5) * np.log(y) - y + 0.5 * np.log(2 * np.pi) + series - np.log(product)
    )


def digamma(x: Array) -> Array:
    """Return the derivative of log Γ(x) for x > 0, elementwise."""
    x = np.asarray(x, np.float64)
    shift = np.zeros_like(x)
    for k in range(STEPS):
        shift += 1 / (x + k)
    y = x + STEPS
    w = 1 / y**2
    series = w * (1 / 12 - w * (1 / 120 - w * (1 / 252 - w * (1 / 240 - w / 132))))
    return np.asarray(np.log(y) - 0.5 / y - series - shift)
