"""A straight line through what the network sees."""

from typing import Any

from lstmfin.models.baselines._regression import WindowRegression

PENALTIES = tuple(10.0**k for k in range(7))
"""In units of a standardised input's variance; the last leaves next to nothing but the mean."""


class RidgeRegression(WindowRegression):
    """Ridge regression (Hoerl and Kennard 1970) on the window, its penalty chosen in time."""

    def candidates(self) -> list[Any]:
        """Return one regression a penalty."""
        from sklearn.linear_model import Ridge

        return [Ridge(alpha=penalty) for penalty in PENALTIES]


BASELINE = RidgeRegression
