"""All that a forecaster says from some origins: laws, variances, and what the naive would say.

Shapes: N origins, H horizons.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmfin.metrics.distribution import StudentT
from lstmfin.metrics.law import Law

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Outlook:
    """What a forecaster says from N origins.

    Attributes
    ----------
    law : Law (N, H)
        Of the log return from each origin to 1..H sessions later.
    members : tuple of Law (N, H)
        What each network says alone; the law is all of them in equal shares.
    variance : ndarray (N, H)
        Expected mean daily variance of the next 1..H sessions: what the networks say where the
        target is the volatility, else the variance of the law over the sessions.
    naive : StudentT (N, H)
        The law of one who knows the trailing volatility and nothing else.
    variances : tuple of ndarray (N, H)
        What each network alone expects of the variance.
    """

    law: Law
    members: tuple[Law, ...]
    variance: Floats
    naive: StudentT
    variances: tuple[Floats, ...] = ()
