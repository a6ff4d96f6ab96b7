"""The drift: what was earned on average is expected to go on."""

import numpy as np

from lstmfin.models.baselines._scaled import ScaledBaseline


class Drift(ScaledBaseline):
    """The random walk with the mean log return of the training sessions as its drift."""

    def daily_location(self, returns: np.ndarray) -> float:
        """Return the mean log return."""
        return float(returns.mean())


BASELINE = Drift
