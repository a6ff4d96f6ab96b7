"""Total log return of the session."""

from lstmfin.data.feature import Feature, Scaling, always
from lstmfin.data.prices import Prices

FEATURE = Feature(
    help="log return of the session, dividends in it",
    scaling=Scaling.VOLATILITY,
    carried_by=always,
    compute=Prices.log_returns,
)
