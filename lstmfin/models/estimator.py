"""The networks as a scikit-learn estimator: rows are windows, laid flat.

Shapes: N windows, T steps, D inputs, H columns of the target.
"""

from dataclasses import fields
from inspect import Parameter, Signature
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from lstmfin.config import TrainConfig
from lstmfin.data.target import unit_of_returns
from lstmfin.data.windows import Windows
from lstmfin.metrics.law import Law
from lstmfin.models.ensemble import Ensemble
from lstmfin.models.model import Indices
from lstmfin.models.outlook import Outlook
from lstmfin.models.samples import blocks

Floats = NDArray[np.float64]

LEAST_ROWS = 8
"""Fewer windows leave no law to fit."""

NOT_HERE = {
    "horizon", "target", "variance", "features", "exog", "panel", "calibration", "resume",
    "stateful", "loss_on",
}  # fmt: skip
"""Options that are of prices, or of windows that overlap."""

OPTIONS = {spec.name: spec.default for spec in fields(TrainConfig) if spec.name not in NOT_HERE} | {
    "window": None,
    "hidden": 16,
}
"""Options of the network by name, with their defaults: those of ``train`` but for the two."""


class NetworkRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """Recurrent networks that say the law of what follows a window.

    Rows must be in order of time: the last share of them is kept for early stopping. The target is
    taken to lie about zero, as returns do.

    Parameters
    ----------
    n_inputs : int, default 1
        D; a row holds T steps of so many inputs, step by step.
    gap : int, default 0
        Rows between the last one trained on and the first that training stops by. With a target
        that reaches h rows ahead, **a gap below h leaks**.
    window : int, optional
        Steps that are looked at, the last ones of a row; all if not given.
    **options
        Those of ``lstmfin train`` that concern the network, by their names in ``TrainConfig``.

    Attributes
    ----------
    ensemble_ : Ensemble
    n_features_in_ : int

    Raises
    ------
    UsageError
        When an option is out of bounds.

    Examples
    --------
    >>> X, y = np.random.default_rng(0).standard_normal((2, 60, 10))
    >>> NetworkRegressor(hidden=4, epochs=2).fit(X, y[:, 0]).predict(X).shape
    (60,)
    """

    def __init__(self, *, n_inputs: int = 1, gap: int = 0, **options: Any) -> None:
        self.n_inputs = n_inputs
        self.gap = gap
        unknown = sorted(options.keys() - OPTIONS.keys())
        if unknown:
            raise TypeError(f"unknown options {', '.join(unknown)}; there are {', '.join(OPTIONS)}")
        for name, default in OPTIONS.items():
            setattr(self, name, options.get(name, default))

    __init__.__signature__ = Signature(  # type: ignore[attr-defined]  # what scikit-learn reads
        [
            Parameter("self", Parameter.POSITIONAL_OR_KEYWORD),
            *(
                Parameter(name, Parameter.KEYWORD_ONLY, default=default)
                for name, default in {"n_inputs": 1, "gap": 0, **OPTIONS}.items()
            ),
        ]
    )

    def fit(self, X: Any, y: Any) -> Self:
        """Train on windows (N, T · D) and what followed them, (N,) or (N, H)."""
        X, y = validate_data(
            self,
            X,
            y,
            dtype=np.float64,
            multi_output=True,
            y_numeric=True,
            ensure_min_samples=LEAST_ROWS,
        )
        self._is_flat = np.ndim(y) == 1
        truth = np.asarray(y, np.float64).reshape(len(X), -1)
        config = self._config(truth.shape[1])
        windows = self._windows(X, truth)
        training, validation = blocks(windows, validation=config.validation)
        if not len(training) or not len(validation):
            raise ValueError(
                f"n_samples = {len(X)} leaves none to train on, or none to stop by, with a gap of "
                f"{self.gap} and a validation share of {config.validation}"
            )
        self.ensemble_ = Ensemble(config)
        self.ensemble_.learn(windows, windows.target, training, validation, label="windows")
        return self

    def predict(self, X: ArrayLike) -> Floats:
        """Return the medians, (N,) or (N, H)."""
        median = self.predict_law(X).median
        return median[:, 0] if self._is_flat else median

    def predict_law(self, X: ArrayLike) -> Law:
        """Return the laws (N, H) of what follows each window."""
        return self._outlook(X).law

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: None = None) -> float:
        """Return the share of the naive law's CRPS that is saved; 1 is the most there can be.

        The naive law is the one of the training targets about zero: that of a series of which
        nothing but its volatility is known.
        """
        del sample_weight
        outlook = self._outlook(X)
        truth = np.asarray(y, np.float64).reshape(outlook.law.shape)
        return 1 - float(np.mean(outlook.law.crps(truth)) / np.mean(outlook.naive.crps(truth)))

    def __sklearn_tags__(self) -> Any:
        """Tell that many targets are welcome, and that rows are no independent draws."""
        tags = super().__sklearn_tags__()
        tags.target_tags.single_output = True
        tags.target_tags.multi_output = True
        tags.regressor_tags.poor_score = True  # of a target that lies about zero alone
        return tags

    def _outlook(self, X: Any) -> Outlook:
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        windows = self._windows(X, np.zeros((len(X), self.ensemble_.horizon)))
        return self.ensemble_.outlook_of(windows, np.arange(len(X)))

    def _config(self, horizon: int) -> TrainConfig:
        known = {name: getattr(self, name) for name in OPTIONS if name != "window"}
        return TrainConfig(horizon=horizon, **known)

    def _windows(self, X: Any, truth: Floats) -> Windows:
        """Return rows as windows that share no step; a day stands for a row."""
        n_rows, n_columns = X.shape
        if n_columns % self.n_inputs:
            raise ValueError(
                f"rows of {n_columns} values are not whole steps of n_inputs={self.n_inputs}"
            )
        steps = X.reshape(n_rows, -1, self.n_inputs)
        steps = steps[:, -(self.window or steps.shape[1]) :]
        length, each = steps.shape[1], np.ones((n_rows, self.n_inputs), np.float32)
        rows: Indices = np.arange(n_rows)
        days = rows.astype("datetime64[D]")
        return Windows(
            features=tuple(f"input {number}" for number in range(self.n_inputs)),
            matrix=steps.reshape(-1, self.n_inputs).astype(np.float32),
            length=length,
            starts=rows * length,
            offset=0 * each,
            scale=each,
            origins=rows,
            sessions=days,
            ends=days + self.gap,
            target=(truth / unit_of_returns(each[:, 0], truth.shape[1])).astype(np.float32),
            volatility=np.ones(n_rows),
            symbols=("",),
            series=np.zeros_like(rows),
            log_variances=np.zeros(self.n_inputs, bool),
        )
