"""The variance of a day, a week and a month, weighed by least squares."""

import numpy as np

from lstmfin.data.prices import Prices
from lstmfin.data.variance import lagged_log_variance, mean_variance_ahead, realised_variance
from lstmfin.models.baselines._scaled import Floats, VarianceBaseline
from lstmfin.models.model import Indices

DAYS = (1, 5, 22)


class HarRv(VarianceBaseline):
    r"""Heterogeneous autoregression of the log realised variance (Corsi 2009, eq. 8, in logs).

    .. math:: \log \bar V_{t+1..t+h} = c + \beta_d \ell_t^{(1)} + \beta_w \ell_t^{(5)}
              + \beta_m \ell_t^{(22)} + e

    by ordinary least squares for each h, directly. Where bars have a range, :math:`\ell^{(k)}` is
    the mean of the k last log variances; where a variance is but a squared return, whose log is
    mostly noise, it is the log of their mean. The forecast of the variance is the exponential times
    the mean of that of the errors (Duan 1983), within what was seen in training.
    """

    def learn(self, prices: Prices) -> None:
        """Learn c and β of each horizon."""
        variance = realised_variance(prices)
        inputs = self._inputs(prices)
        ahead = mean_variance_ahead(variance, self.horizon)
        self._beta = np.zeros((4, self.horizon))
        self._smear = np.ones(self.horizon)
        self._bounds = np.zeros((2, self.horizon))
        for h, column in enumerate(ahead.T):
            known = np.isfinite(inputs).all(axis=1) & np.isfinite(column)
            x, y = inputs[known], np.log(column[known])
            self._beta[:, h] = np.linalg.lstsq(x, y)[0]
            self._smear[h] = np.exp(y - x @ self._beta[:, h]).mean()
            self._bounds[:, h] = y.min(), y.max()

    def daily_variance(self, prices: Prices, origins: Indices) -> Floats:
        """Return the forecast of the mean daily variance of the next 1..H sessions, (N, H)."""
        log_variance = self._inputs(prices)[origins] @ self._beta + np.log(self._smear)
        return np.exp(np.clip(log_variance, *self._bounds))

    @staticmethod
    def _inputs(prices: Prices) -> Floats:
        """Return 1 and the log variance of a day, a week and a month, (n, 4)."""
        logs = [lagged_log_variance(prices, k) for k in DAYS]
        return np.column_stack([np.ones(len(prices)), *logs])


BASELINE = HarRv
