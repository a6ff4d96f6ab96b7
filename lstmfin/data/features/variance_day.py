"""Log variance of the session."""

from lstmfin.data.features._lagged import lagged_variance

FEATURE = lagged_variance(1)
