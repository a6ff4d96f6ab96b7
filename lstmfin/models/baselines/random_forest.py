"""Averages of trees on what the network sees."""

from typing import Any

from lstmfin.models.baselines._regression import WindowRegression

N_TREES = 100
LEAST_LEAVES = (20, 100)
"""Windows in a leaf: small leaves learn noise here."""


class RandomForest(WindowRegression):
    """A random forest (Breiman 2001) on the window, its least leaf chosen in time."""

    def candidates(self) -> list[Any]:
        """Return one forest a size of leaf, of the same seed every time."""
        from sklearn.ensemble import RandomForestRegressor

        return [
            RandomForestRegressor(
                N_TREES, min_samples_leaf=leaf, max_features="sqrt", random_state=0, n_jobs=1
            )
            for leaf in LEAST_LEAVES
        ]


BASELINE = RandomForest
