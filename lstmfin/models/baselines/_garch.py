"""GARCH by maximum likelihood, filtered forward with fixed parameters.

Shapes: n sessions, N origins, H horizons.
"""

from typing import NamedTuple

import numpy as np
from scipy.signal import lfilter

from lstmfin.data.prices import Prices
from lstmfin.data.volatility import WARM_UP
from lstmfin.errors import UsageError
from lstmfin.models.baselines._scaled import Floats, VarianceBaseline
from lstmfin.models.model import Indices

LEAST_DOF = 2.05
MOST_PERSISTENT = 0.9999


class Parameters(NamedTuple):
    """μ in fractions, ω in squared fractions."""

    mu: float
    omega: float
    alpha: float
    gamma: float
    beta: float
    dof: float

    @property
    def persistence(self) -> float:
        """Share of a variance above its mean that is left a session later."""
        return self.alpha + self.gamma / 2 + self.beta


class Garch(VarianceBaseline):
    r"""GARCH(1,1) with Student t errors (Bollerslev 1986, eq. 2; Bollerslev 1987).

    .. math:: r_t = \mu + e_t, \quad
              \sigma_{t+1}^2 = \omega + (\alpha + \gamma [e_t < 0]) e_t^2 + \beta \sigma_t^2

    with :math:`\gamma = 0`, or free in ``gjr`` (Glosten, Jagannathan and Runkle 1993, eq. 4). The
    parameters are those of greatest likelihood over the training sessions, by the package ``arch``;
    forecasts filter forward with them. With the persistence
    :math:`p = \alpha + \gamma/2 + \beta` the variance k sessions ahead is
    :math:`\sigma_{t+k+1}^2 = \omega + p\, \sigma_{t+k}^2`.
    """

    asymmetric = False
    parameters: Parameters

    def learn(self, prices: Prices) -> None:
        """Learn the parameters; say so where the likelihood has its maximum at a bound."""
        returns = prices.log_returns()[1:]
        self.parameters, converged = fit_garch(returns, asymmetric=self.asymmetric)
        name, found = type(self).__name__, self.parameters
        if not converged:
            self.warn(f"{prices.symbol}: the optimiser of {name} did not come to its end")
        if found.dof <= LEAST_DOF:
            self.warn(f"{prices.symbol}: the tails of {name} are at their bound of {LEAST_DOF}")
        if found.persistence >= MOST_PERSISTENT:
            self.warn(f"{prices.symbol}: {name} finds a variance that never comes back to its mean")
        if found.omega <= 0 or found.alpha + found.gamma / 2 <= 0:
            self.warn(f"{prices.symbol}: {name} finds no change in the variance")

    def location(self, prices: Prices, origins: Indices) -> Floats:  # noqa: ARG002
        """Return h μ."""
        return np.asarray(self.parameters.mu * self._steps())

    def daily_variance(self, prices: Prices, origins: Indices) -> Floats:
        """Return the mean of the variances of the next 1..H sessions, (N, H)."""
        following = filtered_variance(prices.log_returns()[1:], self.parameters)
        following = np.concatenate([following[:1], following])  # as if nothing came before
        path = variance_path(following[origins], self.parameters, self.horizon)
        return np.asarray(np.cumsum(path, axis=1) / self._steps())


def first_variance(returns: Floats, mu: float) -> float:
    """Return what the recursion starts from: the mean square of the first 20 returns."""
    return float(np.mean((returns[:WARM_UP] - mu) ** 2))


def filtered_variance(returns: Floats, parameters: Parameters) -> Floats:
    """Return the variance of the session after each return, (n,), known at its close."""
    mu, omega, alpha, gamma, beta, _ = parameters
    e = returns - mu
    news = omega + (alpha + gamma * (e < 0)) * e**2
    start = first_variance(returns, mu)
    first = omega + (alpha + gamma / 2 + beta) * start
    return np.asarray(lfilter([1.0], [1.0, -beta], news, zi=[beta * first])[0])


def variance_path(following: Floats, parameters: Parameters, horizon: int) -> Floats:
    """Return the expected variance of each of the next H sessions, (N, H)."""
    path = np.empty((len(following), horizon))
    path[:, 0] = following
    for k in range(1, horizon):
        path[:, k] = parameters.omega + parameters.persistence * path[:, k - 1]
    return path


def fit_garch(returns: Floats, *, asymmetric: bool) -> tuple[Parameters, bool]:
    """Return the parameters of greatest likelihood, and whether the optimiser converged.

    Raises
    ------
    UsageError
        When the package arch is not installed.
    """
    try:
        from arch import arch_model
    except ImportError as error:
        raise UsageError(
            "the baselines garch and gjr need arch; install it with: pip install 'lstmfin[stats]'"
        ) from error
    unit = float(returns.std())  # the optimiser is at home near 1
    scaled = returns / unit
    model = arch_model(
        scaled, mean="Constant", vol="GARCH", p=1, o=int(asymmetric), q=1, dist="t", rescale=False
    )
    start = first_variance(scaled, float(scaled.mean()))
    with np.errstate(all="ignore"):
        result = model.fit(disp="off", show_warning=False, backcast=start)
    found = dict(result.params)
    parameters = Parameters(
        mu=found["mu"] * unit,
        omega=found["omega"] * unit**2,
        alpha=found["alpha[1]"],
        gamma=found.get("gamma[1]", 0.0),
        beta=found["beta[1]"],
        dof=found["nu"],
    )
    return parameters, result.convergence_flag == 0
